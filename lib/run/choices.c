#include "run/choices.h"

#include "env/env.h"
#include "learn/update.h"
#include "run/reuse.h"

/* A row of a table: its name, NULL after the last, and what it is. */
struct choice {
    const char *name, *help;
};

static struct choice task(int i)
{
    return bp_tasks[i] ? (struct choice){bp_tasks[i]->name, bp_tasks[i]->help} : (struct choice){NULL, NULL};
}

static struct choice algorithm(int i)
{
    return bp_algorithms[i] ? (struct choice){bp_algorithms[i]->name, bp_algorithms[i]->help} : (struct choice){NULL, NULL};
}

static struct choice kind(int i)
{
    return (struct choice){bp_net_kinds[i].name, bp_net_kinds[i].help};
}

static struct choice family(int i)
{
    return (struct choice){bp_families[i].name, bp_families[i].help};
}

static struct choice latent_prior(int i)
{
    return (struct choice){bp_latent_priors[i].name, bp_latent_priors[i].help};
}

static struct choice reuse(int i)
{
    return (struct choice){bp_reuses[i].name, bp_reuses[i].help};
}

static const struct {
    const char *title;
    struct choice (*row)(int i);
} tables[] = {
    {"tasks (--task)", task},
    {"algorithms", algorithm},
    {"kinds of networks (--policy, --prior, --critic, --high)", kind},
    {"distributions (--policy-head, --prior-head, --high-head, --prior-high-head)", family},
    {"priors of a latent (--prior-high), beside the kinds of networks", latent_prior},
    {"what a transfer makes of a checkpoint (bp-transfer --reuse)", reuse},
};

int bp_choices_list(FILE *out)
{
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        fprintf(out, "%s%s:\n", t ? "\n" : "", tables[t].title);
        for (int i = 0; tables[t].row(i).name; i++)
            fprintf(out, "  %-16s %s\n", tables[t].row(i).name, tables[t].row(i).help);
    }
    for (int a = 0; bp_algorithms[a]; a++) {
        fprintf(out, "\nmetrics of %s:\n", bp_algorithms[a]->name);
        for (int i = 0; i < bp_update_metrics(bp_algorithms[a]); i++)
            fprintf(out, "  %-20s %s\n", bp_algorithms[a]->metric[i].name, bp_algorithms[a]->metric[i].help);
    }
    return fflush(out) || ferror(out) ? bp_error_errno(BP_FAILURE, "cannot write the list") : 0;
}

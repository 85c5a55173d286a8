/* Everything as lines of text: a line a step of a trajectory stream, a line an element of any other file's tensors. */
#include "base/half.h"
#include "report/episodes.h"
#include "report/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD = 9, NAME = BP_GROUP_NAME + 12 };

struct dump {
    const struct bp_report_options *options;
    FILE *out;
    struct bp_table *table;             /* NULL until the first record determines the columns */
    bool of_steps;                      /* the table's rows are steps, not elements */
    struct bp_groups groups;            /* of the episodes, and the chosen ones; the columns follow from these */
    struct bp_groups seen;
    int action_size, latent_size;
    struct bp_table_column *columns;    /* owned */
    char (*names)[NAME];                /* owned */
};

/* ---- steps ---- */

static int add_names(struct dump *dump, int at, const char *thing, int count)
{
    for (int i = 0; i < count; i++)
        snprintf(dump->names[at++], NAME, "%s_%d", thing, i);
    return at;
}

/* What an episode has after the head; how many columns. */
static int name_columns(struct dump *dump)
{
    int at = add_names(dump, 0, "action", dump->action_size);

    if (dump->latent_size) {
        snprintf(dump->names[at++], NAME, "kl_prior_high");
        snprintf(dump->names[at++], NAME, "latent_drawn");
        at = add_names(dump, at, "latent", dump->latent_size);
    }
    for (int g = 0; g < dump->seen.count; g++)
        at = add_names(dump, at, dump->seen.group[g].name, dump->seen.group[g].size);
    return at;
}

static int start_steps(struct dump *dump, const struct bp_episode *episode)
{
    static const struct bp_table_column head[HEAD] = {
        { "file", 0 }, { "episode", 0 }, { "step", 0 }, { "reward", -1 }, { "event", 0 }, { "log_prob", -1 }, { "kl_prior", -1 },
        { "terminated", 0 }, { "truncated", 0 },
    };

    dump->of_steps = true;
    dump->groups = episode->groups;
    dump->action_size = episode->action.size;
    dump->latent_size = episode->latents.size;
    if (bp_groups_select(&episode->groups, dump->options->groups, &dump->seen))
        return -1;
    size_t room = HEAD + (size_t)dump->action_size + 2 + (size_t)dump->latent_size + (size_t)dump->seen.size;
    dump->columns = malloc(room * sizeof *dump->columns);
    dump->names = malloc(room * sizeof *dump->names);
    if (!dump->columns || !dump->names)
        return bp_error(BP_FAILURE, "not enough memory for %zu columns", room);
    memcpy(dump->columns, head, sizeof head);
    int count = name_columns(dump);
    for (int i = 0; i < count; i++)
        dump->columns[HEAD + i] = (struct bp_table_column){ dump->names[i], -1 };
    dump->table = bp_report_start(dump->options, dump->out, dump->columns, HEAD + count);
    return dump->table ? 0 : -1;
}

static void print_reals(struct bp_table *table, const float *values, int count)
{
    for (int i = 0; i < count; i++)
        bp_table_real(table, values[i]);
}

static void print_step(struct dump *dump, const char *file, const struct bp_episode *episode, int t)
{
    struct bp_table *table = dump->table;
    bool last = t == episode->length - 1;
    const float *row = episode->observations + (size_t)t * (size_t)episode->groups.size;

    bp_table_text(table, file);
    bp_table_count(table, episode->index);
    bp_table_count(table, t);
    bp_table_real(table, episode->rewards[t]);
    bp_table_count(table, episode->event[t]);
    bp_table_real(table, episode->log_prob[t]);
    bp_table_real(table, episode->kl_prior ? episode->kl_prior[t] : NAN);
    bp_table_count(table, last && episode->terminated);
    bp_table_count(table, last && episode->truncated);
    print_reals(table, episode->actions + (size_t)t * (size_t)episode->action.size, episode->action.size);
    if (dump->latent_size) {
        bp_table_real(table, episode->latents.kl ? episode->latents.kl[t] : NAN);
        bp_table_count(table, episode->latents.drawn[t]);
        print_reals(table, episode->latents.value + (size_t)t * (size_t)dump->latent_size, dump->latent_size);
    }
    for (int g = 0; g < dump->seen.count; g++)
        print_reals(table, row + dump->seen.group[g].offset, dump->seen.group[g].size);
}

static int dump_episode(struct dump *dump, const char *file, const struct bp_episode *episode)
{
    if (!dump->table && start_steps(dump, episode))
        return -1;
    if (!dump->of_steps || !bp_groups_equal(&dump->groups, &episode->groups) || dump->action_size != episode->action.size ||
        dump->latent_size != episode->latents.size)
        return bp_error(BP_USAGE, "%s: episode %lld has other columns than what came before it; dump them one by one",
                        bp_episodes_name(file), (long long)episode->index);
    for (int t = 0; t < episode->length; t++)
        print_step(dump, file, episode, t);
    return 0;
}

/* ---- tensors ---- */

static void print_element(struct bp_table *table, const struct bp_tensor *tensor, size_t i)
{
    const char *at = (const char *)tensor->data + i * bp_dtype_size(tensor->dtype);
    union { uint8_t u8; uint16_t f16; int32_t i32; int64_t i64; uint64_t u64; float f32; double f64; } value;
    char text[32];

    memcpy(&value, at, bp_dtype_size(tensor->dtype));
    switch (tensor->dtype) {
    case BP_U8: bp_table_count(table, value.u8); break;
    case BP_I32: bp_table_count(table, value.i32); break;
    case BP_I64: bp_table_count(table, value.i64); break;
    case BP_F16: bp_table_real(table, (double)bp_half_value(value.f16)); break;
    case BP_F32: bp_table_real(table, value.f32); break;
    case BP_F64: bp_table_real(table, value.f64); break;
    default:
        snprintf(text, sizeof text, "%llu", (unsigned long long)value.u64);
        bp_table_text(table, text);
    }
}

static int dump_tensors(struct dump *dump, const char *file, const struct bp_record *record)
{
    static const struct bp_table_column columns[] = {
        { "file", 0 }, { "tensor", 0 }, { "row", 0 }, { "column", 0 }, { "value", -1 },
    };

    if (!dump->table && !(dump->table = bp_report_start(dump->options, dump->out, columns, sizeof columns / sizeof *columns)))
        return -1;
    if (dump->of_steps)
        return bp_error(BP_USAGE, "%s: is no trajectory stream, but what came before it was; dump them one by one",
                        bp_episodes_name(file));
    for (size_t n = 0; n < record->count; n++) {
        const struct bp_tensor *tensor = &record->tensors[n];
        size_t count = bp_tensor_count(tensor);
        size_t width = tensor->rank > 1 && tensor->shape[0] ? count / (size_t)tensor->shape[0] : 1;
        for (size_t i = 0; i < count; i++) {
            bp_table_text(dump->table, file);
            bp_table_text(dump->table, tensor->name);
            bp_table_count(dump->table, (int64_t)(i / width));
            bp_table_count(dump->table, (int64_t)(i % width));
            print_element(dump->table, tensor, i);
        }
    }
    return 0;
}

/* ---- files ---- */

/* A record, which is used up. 0; -1 after reporting when it is damaged; -2 when it does not fit the table. */
static int dump_record(struct dump *dump, const char *file, struct bp_record *record, const char *where)
{
    const char *kind = bp_record_get(record, "kind");
    struct bp_episode episode;
    int status;

    if (!kind || strcmp(kind, "episode")) {
        status = dump_tensors(dump, file, record) ? -2 : 0;
    } else {
        status = bp_episode_from_record(record, where, &episode);
        if (!status) {
            status = dump_episode(dump, file, &episode) ? -2 : 0;
            bp_episode_free(&episode);
        }
    }
    bp_record_clear(record);
    return status;
}

/* 0; -1 after reporting when the file is damaged; -2 when the dump cannot go on at all. */
static int dump_file(struct dump *dump, const char *file)
{
    struct bp_pack_reader *reader = bp_pack_open(file);
    struct bp_record record;
    int64_t episodes = 0;
    int got = 0, status = 0;

    if (!reader)
        return -1;
    while (!status && (!dump->options->episodes || episodes++ < dump->options->episodes) &&
           (got = bp_pack_read(reader, &record)) == 1)
        status = dump_record(dump, file, &record, bp_pack_where(reader));
    bp_pack_close(reader);
    got = got < 0 ? -1 : 0;
    return status ? status : got;
}

int bp_dump_report(const struct bp_report_options *options, char *const *files, int count, FILE *out)
{
    struct dump dump = { .options = options, .out = out };
    int status = count ? 0 : dump_file(&dump, "-");

    for (int i = 0; i < count && status != -2; i++) {
        int result = dump_file(&dump, files[i]);
        status = result ? result : status;
    }
    if (bp_table_end(dump.table))
        status = -1;
    free(dump.columns);
    free(dump.names);
    return status ? -1 : 0;
}

#include "run/list.h"

#include "env/env.h"

int bp_list(FILE *out)
{
    char groups[1024];

    fprintf(out, "%-16s %-10s %7s %-10s %12s %6s  %s\n", "task", "body", "actions", "space", "control_step", "steps", "groups");
    for (int i = 0; bp_tasks[i]; i++)
        for (const char *const *body = bp_tasks[i]->bodies; *body; body++) {
            struct bp_env *env = bp_env_open(bp_tasks[i]->name, *body);
            if (!env)
                return -1;
            fprintf(out, "%-16s %-10s %7d %-10s %12g %6d  %s\n", bp_tasks[i]->name, *body, env->spec.action.size,
                    bp_space_kind_name(env->spec.action.kind), env->spec.control_step,
                    env->spec.time_limit, bp_groups_sizes(&env->spec.groups, groups, sizeof groups));
            bp_env_close(env);
        }
    return fflush(out) || ferror(out) ? bp_error_errno(BP_FAILURE, "cannot write the list") : 0;
}

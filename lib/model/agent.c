#include "model/agent.h"

#include <stdio.h>
#include <string.h>

const char *const bp_role_names[BP_ROLES] = {"policy", "prior", "critic", "critic2"};

static int head_by_name(const char *name, enum bp_head *head)
{
    for (int i = 0; i < BP_HEAD_COUNT; i++)
        if (!strcmp(bp_head_names[i], name)) {
            *head = (enum bp_head)i;
            return 0;
        }
    return bp_error(BP_USAGE, "there is no head '%s'", name);
}

int bp_agent_init(struct bp_agent *agent, const struct bp_groups *groups, int action_size,
                  const struct bp_net_choice choice[BP_ROLES])
{
    *agent = (struct bp_agent){.groups = *groups, .action_size = action_size};
    for (int role = 0; role < BP_ROLES; role++) {
        const struct bp_net_choice *c = &choice[role];
        struct bp_net_spec spec = {
            .action_size = role >= BP_CRITIC ? action_size : 0,
            .output_size = role >= BP_CRITIC ? 1 : 2 * action_size,
        };
        if (!c->kind || !strcmp(c->kind, "none"))
            continue;
        snprintf(spec.name, sizeof spec.name, "%s", bp_role_names[role]);
        snprintf(spec.kind, sizeof spec.kind, "%s", c->kind);
        if (bp_net_hidden(strcmp(c->kind, "linear") ? c->hidden : "", &spec) || bp_groups_select(groups, c->inputs, &spec.inputs) ||
            bp_net_encoders(c->encoders, &spec) || bp_net_init(&agent->net[role], &spec) || (c->head && head_by_name(c->head, &agent->head[role])))
            return -1;
        agent->has[role] = true;
    }
    return 0;
}

struct bp_gaussian bp_agent_gaussian(struct bp_tape *tape, const struct bp_agent *agent, enum bp_role role, struct bp_net_use use,
                                     struct bp_var *x, const struct bp_sequences *sequences)
{
    struct bp_var *features = bp_net_features(tape, use, x, sequences);

    return bp_gaussian_head(tape, bp_net_output(tape, use, features, NULL), agent->head[role]);
}

struct bp_var *bp_agent_inputs(struct bp_tape *tape, const struct bp_agent *agent, enum bp_role role, const float *observations,
                            int rows)
{
    const struct bp_groups *inputs = &agent->net[role].spec.inputs;
    float *seen;

    if (bp_groups_equal(inputs, &agent->groups))
        return bp_constant(tape, rows, inputs->size, observations);
    seen = bp_arena_floats(&tape->arena, (size_t)rows * (size_t)inputs->size);
    bp_groups_gather(inputs, observations, agent->groups.size, rows, seen);
    return bp_constant(tape, rows, inputs->size, seen);
}

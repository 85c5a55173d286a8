/* The agent that a config describes, for observation groups and actions of a task. */
#ifndef BP_TESTS_CONFIG_AGENT_H
#define BP_TESTS_CONFIG_AGENT_H

#include "run/config.h"

static int config_agent(const struct bp_config *config, const struct bp_groups *groups, struct bp_space actions, struct bp_agent *agent)
{
    struct bp_net_choice choice[BP_ROLES];
    struct bp_latent_choice latent = bp_config_networks(config, choice);

    return bp_agent_init(agent, groups, actions, choice, &latent);
}

#endif

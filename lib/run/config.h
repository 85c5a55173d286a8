/* The config, which decides a training run: one struct, filled by one table of options (bp-train(1), presets, checkpoints, database). */
#ifndef BP_RUN_CONFIG_H
#define BP_RUN_CONFIG_H

#include "base/option.h"
#include "learn/learner.h"

struct bp_config {
    const char *task, *body, *algorithm;
    struct bp_net_choice net[BP_ROLES];
    int64_t critics, policy_columns;
    int64_t latent_size, latent_period;
    bool low_sees_goal;
    double prior_correlation;
    int64_t transitions;            /* to be processed by the learner */
    int64_t seed;
    int64_t unroll, sequence_stride, burn_in, batch, shards;
    double discount, retrace_lambda, vtrace_rho, vtrace_c, reward_scale, task_reward, kl_cost, posterior_cost, termination_cost, entropy_cost;
    double learning_rate[BP_PARTS], learning_rate_hold, final_learning_rate;
    int64_t target_period;
    const char *value_policy, *precision, *recurrent_state, *replay_precision;
    int64_t actors, actor_steps, replay_episodes, warm_up;
    double rewarded_share;
    const char *evaluate;           /* "policy:nav-easy,prior:nav-hard" */
    int64_t evaluate_every, evaluate_episodes;
};

/* The rows, for parts of a program's options whose values are a struct bp_config: all but the prior's, and these. */
extern const struct bp_option bp_config_options[], bp_config_prior_options[];

/* Names of the priors of a latent, NULL after the last: choices of an option. */
const char *bp_config_latent_prior(int i);

/* Networks and hierarchy as configured; the prior may then be replaced by a borrowed one. */
struct bp_latent_choice bp_config_networks(const struct bp_config *config, struct bp_net_choice choice[BP_ROLES]);

/* Learner and replay as configured. */
struct bp_learner_config bp_config_learner(const struct bp_config *config);
struct bp_replay_spec bp_config_replay(const struct bp_config *config, const struct bp_agent *agent, int time_limit);

#endif

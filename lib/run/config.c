#include "run/config.h"

#include "env/env.h"
#include "learn/skills.h"
#include "learn/update.h"
#include "run/precision.h"

#include <stdio.h>
#include <string.h>

static const char *actor_kind(int i)
{
    return bp_net_kinds[i].name;
}

static const char *prior_kind(int i)
{
    static const char *const others[] = {"none", "shared", "branch"};
    return i < 3 ? others[i] : bp_net_kinds[i - 3].name;
}

const char *bp_config_latent_prior(int i)
{
    for (const struct bp_latent_prior *row = bp_latent_priors; row->name; row++, i--)
        if (i == 0)
            return row->name;
    return bp_net_kinds[i].name;
}

/* Of a policy's high level; none leaves the latent to the prior. */
static const char *high_kind(int i)
{
    const char *const others[] = {bp_latent_fixed, "none"};

    return i < 2 ? others[i] : bp_net_kinds[i - 2].name;
}

static const char *posterior_kind(int i)
{
    return i == 0 ? "none" : bp_net_kinds[i - 1].name;
}

static const char *head(int i)
{
    return bp_family_name(i);
}

/* The i-th that can be named. */
static const char *algorithm(int i)
{
    for (const struct bp_algorithm *const *row = bp_algorithms; *row; row++)
        if ((*row)->named && i-- == 0)
            return (*row)->name;
    return NULL;
}

static const char *value_policy(int i)
{
    static const char *const names[] = {"online", "target", NULL};
    return names[i];
}

static const char *recurrent_state(int i)
{
    static const char *const names[] = {"stored", "zero", NULL};
    return names[i];
}

static const char *replay_precision(int i)
{
    static const char *const names[] = {"float32", "float16", NULL};
    return names[i];
}

#define AT(member) offsetof(struct bp_config, member)
/* After the help a row may name the option that it needs. */
#define HELP(help, needs, ...) help, needs
#define ROW(scope, type, name, member, value, least, most, choices, metavar, ...) \
    {name, 0, type, scope, AT(member), value, least, most, choices, metavar, HELP(__VA_ARGS__, NULL, 0)}
#define CHOICE(name, member, value, choices, ...) ROW(BP_SCOPE_CONFIG, BP_CHOICE, name, member, value, 0, 0, choices, "NAME", __VA_ARGS__)
#define TEXT(name, member, value, metavar, ...) ROW(BP_SCOPE_CONFIG, BP_TEXT, name, member, value, 0, 0, NULL, metavar, __VA_ARGS__)
#define COUNT(name, member, value, least, most, ...) ROW(BP_SCOPE_CONFIG, BP_COUNT, name, member, value, least, most, NULL, "N", __VA_ARGS__)
#define REAL(name, member, value, least, most, ...) ROW(BP_SCOPE_CONFIG, BP_REAL, name, member, value, least, most, NULL, "X", __VA_ARGS__)
#define FLAG(name, member, ...) ROW(BP_SCOPE_CONFIG, BP_FLAG, name, member, NULL, 0, 0, NULL, NULL, __VA_ARGS__)
/* Of one run: a transfer has its own. */
#define RUN_CHOICE(name, member, value, choices, ...) ROW(BP_SCOPE_RUN, BP_CHOICE, name, member, value, 0, 0, choices, "NAME", __VA_ARGS__)
#define RUN_TEXT(name, member, value, metavar, ...) ROW(BP_SCOPE_RUN, BP_TEXT, name, member, value, 0, 0, NULL, metavar, __VA_ARGS__)
#define RUN_COUNT(name, member, value, least, most, ...) ROW(BP_SCOPE_RUN, BP_COUNT, name, member, value, least, most, NULL, "N", __VA_ARGS__)
#define RUN_REAL(name, member, value, least, most, ...) ROW(BP_SCOPE_RUN, BP_REAL, name, member, value, least, most, NULL, "X", __VA_ARGS__)

/* Defaults are those of the papers (BP E.1.1) where they give them; presets say what they change, and why. */
const struct bp_option bp_config_options[] = {
    RUN_CHOICE("task", task, "nav-easy", bp_task_name, "task to learn"),
    RUN_TEXT("body", body, NULL, "NAME", "body, or a file.xml of one's own; the task's first when not given"),
    RUN_COUNT("transitions", transitions, "60M", 1, 1e15, "transitions that the learner processes"),
    RUN_COUNT("seed", seed, "1", 0, 9e15, "seed of everything random"),
    CHOICE("algorithm", algorithm, "svg", algorithm, "what learns"),
    CHOICE("policy", net[BP_POLICY].kind, "mlp", actor_kind, "kind of the policy"),
    TEXT("policy-layers", net[BP_POLICY].hidden, "200,100", "N,N", "sizes of its hidden layers"),
    TEXT("policy-inputs", net[BP_POLICY].inputs, "*", "GROUPS", "observation groups that it sees; * is all"),
    TEXT("policy-encoders", net[BP_POLICY].encoders, NULL, "LIST", "groups seen through dense layers of their own: targets:50,boxes:100x20"),
    CHOICE("policy-head", net[BP_POLICY].head, "softplus", head, "distribution of the actions"),
    RUN_COUNT("policy-columns", policy_columns, "1", 1, 2, "2: its outputs are added to the prior's, the other column"),
    COUNT("latent-size", latent_size, "0", 0, 4096, "numbers of the latent that a hierarchical policy draws first; 0: flat"),
    COUNT("latent-period", latent_period, "1", 0, 10000, "steps for which a latent is held; 0: the whole episode", "latent-size"),
    CHOICE("high", net[BP_POLICY_HIGH].kind, "mlp", high_kind, "kind of the policy's high level, which draws the latent; fixed: N(0, I), none: the prior's alone does", "latent-size"),
    TEXT("high-layers", net[BP_POLICY_HIGH].hidden, "200", "N,N", "sizes of its hidden layers", "latent-size"),
    RUN_TEXT("high-inputs", net[BP_POLICY_HIGH].inputs, "*", "GROUPS", "observation groups that it sees", "latent-size"),
    RUN_TEXT("high-encoders", net[BP_POLICY_HIGH].encoders, NULL, "LIST", "groups seen through dense layers of their own", "latent-size"),
    CHOICE("high-head", net[BP_POLICY_HIGH].head, "softplus", head, "distribution of the latent", "latent-size"),
    FLAG("low-sees-goal", low_sees_goal, "let a low level see the groups goal and progress, which are the high level's to know", "latent-size"),
    CHOICE("posterior", net[BP_POSTERIOR].kind, "none", posterior_kind, "network that tells the policy's latent from what is observed; the prior then has none", "latent-size"),
    TEXT("posterior-layers", net[BP_POSTERIOR].hidden, "200,100", "N,N", "sizes of its hidden layers", "posterior"),
    TEXT("posterior-inputs", net[BP_POSTERIOR].inputs, "*", "GROUPS", "observation groups that it sees: in what latents are to differ", "posterior"),
    CHOICE("posterior-head", net[BP_POSTERIOR].head, "softplus", head, "distribution of the latent", "posterior"),
    CHOICE("termination", net[BP_TERMINATION].kind, "none", posterior_kind, "network that says how likely a choice ends before its next step: options", "posterior"),
    CHOICE("critic", net[BP_CRITIC].kind, "mlp", actor_kind, "kind of the critic"),
    TEXT("critic-layers", net[BP_CRITIC].hidden, "400,300", "N,N", "sizes of its hidden layers"),
    RUN_TEXT("critic-inputs", net[BP_CRITIC].inputs, "*", "GROUPS", "observation groups that it sees"),
    RUN_TEXT("critic-encoders", net[BP_CRITIC].encoders, NULL, "LIST", "groups seen through dense layers of their own: targets:50,boxes:100x20"),
    COUNT("critics", critics, "1", 1, BP_CRITICS, "critics, built alike; the lower value of two counts, against values that run away upwards", "algorithm=svg"),
    REAL("kl-cost", kl_cost, "1e-3", 0, 1e6, "alpha: reward paid for each nat of KL(policy || prior)"),
    REAL("posterior-cost", posterior_cost, "1e-3", 0, 1e6, "reward given at each step for each nat that the posterior can tell of the latent", "posterior"),
    REAL("termination-cost", termination_cost, "0", 0, 1e6, "reward paid when an option ends", "termination"),
    REAL("task-reward", task_reward, "1", 0, 1e6, "weight of the task's reward beside what the posterior gives; 0: skills without a task", "posterior"),
    REAL("entropy-cost", entropy_cost, "1e-4", 0, 1e6, "alpha_H: reward given for each nat of the policy's entropy"),
    REAL("discount", discount, "0.99", 0, 1, "gamma, for each control step"),
    REAL("retrace-lambda", retrace_lambda, "1", 0, 1, "lambda of Retrace", "algorithm=svg"),
    REAL("vtrace-rho", vtrace_rho, "1", 0, 1e6, "rho of V-trace: the most that a difference is weighed by", "algorithm=vtrace"),
    REAL("vtrace-c", vtrace_c, "1", 0, 1e6, "c of V-trace: the most that what follows is weighed by", "algorithm=vtrace"),
    REAL("reward-scale", reward_scale, "1", 1e-9, 1e9, "multiplies rewards and both costs inside the learner"),
    REAL("policy-learning-rate", learning_rate[BP_PART_POLICY], "1e-4", 0, 1, "Adam's learning rate for the policy"),
    REAL("critic-learning-rate", learning_rate[BP_PART_CRITIC], "1e-4", 0, 1, "Adam's learning rate for the critic"),
    REAL("posterior-learning-rate", learning_rate[BP_PART_POSTERIOR], "1e-4", 0, 1, "Adam's learning rate for the posterior", "posterior"),
    RUN_REAL("learning-rate-hold", learning_rate_hold, "0.85", 0, 0.999, "share of --transitions during which the learning rates stay"),
    RUN_REAL("final-learning-rate", final_learning_rate, "1", 0, 1, "share of the learning rates left at the end, reached along a line from there"),
    COUNT("target-period", target_period, "100", 1, 1e9, "updates between copies into the target networks", "algorithm=svg"),
    CHOICE("value-policy", value_policy, "online", value_policy, "parameters of the policy that values and traces are taken of", "algorithm=svg"),
    COUNT("unroll", unroll, "10", 1, 10000, "transitions of a sequence"),
    COUNT("sequence-stride", sequence_stride, "1", 1, 10000, "steps of an episode between places where a sequence may start; divides --unroll"),
    COUNT("burn-in", burn_in, "0", 0, 10000, "steps before each sequence that warm up recurrent networks, and count in no loss"),
    COUNT("batch", batch, "512", 1, 1e6, "sequences of an update"),
    COUNT("shards", shards, "4", 1, 1024, "equal parts of the batch, for threads to work on side by side"),
    RUN_CHOICE("precision", precision, "float32", bp_precision_name, "numbers that matrix products of the learner take; all else is float32"),
    CHOICE("recurrent-state", recurrent_state, "stored", recurrent_state, "what a replayed sequence starts with: LSTM states and the latent before"),
    COUNT("actors", actors, "32", 1, 65536, "environments that act"),
    COUNT("actor-steps", actor_steps, "5", 1, 10000, "control steps of each actor between updates"),
    COUNT("replay-episodes", replay_episodes, "2000", 2, 1e9, "episodes that the replay holds"),
    CHOICE("replay-precision", replay_precision, "float32", replay_precision, "numbers in which it keeps observations, rewards and recurrent states"),
    REAL("rewarded-share", rewarded_share, "0", 0, 0.5, "share of the sequences drawn from the last 100 steps before a reward, of episodes that are then kept longer"),
    COUNT("warm-up", warm_up, "10k", 1, 1e12, "control steps of all actors together before learning begins"),
    RUN_TEXT("evaluate", evaluate, "policy", "LIST", "what to play on the way and at the end: policy, prior, policy:TASK, prior:TASK"),
    RUN_COUNT("evaluate-every", evaluate_every, "5M", 1, 1e15, "transitions between evaluations; there is one at the end too"),
    COUNT("evaluate-episodes", evaluate_episodes, "100", 1, 1e6, "episodes of an evaluation"),
    {0},
};

/* Of the prior itself: bp-transfer takes one that is there, and has none of these. */
const struct bp_option bp_config_prior_options[] = {
    CHOICE("prior", net[BP_PRIOR].kind, "mlp", prior_kind, "kind of the prior"),
    TEXT("prior-layers", net[BP_PRIOR].hidden, "200,100", "N,N", "sizes of its hidden layers"),
    TEXT("prior-inputs", net[BP_PRIOR].inputs, "?proprio,?global,?targets,?touch", "GROUPS", "observation groups that it sees; ?NAME only where the task has it"),
    TEXT("prior-encoders", net[BP_PRIOR].encoders, NULL, "LIST", "groups seen through dense layers of their own: targets:50,boxes:100x20"),
    CHOICE("prior-head", net[BP_PRIOR].head, "softplus", head, "distribution of the actions"),
    CHOICE("prior-high", net[BP_PRIOR_HIGH].kind, "ar1", bp_config_latent_prior, "prior of the latent", "latent-size"),
    TEXT("prior-high-layers", net[BP_PRIOR_HIGH].hidden, "200", "N,N", "sizes of its hidden layers", "latent-size"),
    TEXT("prior-high-inputs", net[BP_PRIOR_HIGH].inputs, "?proprio,?global,?targets,?touch", "GROUPS", "observation groups that it sees; ?NAME only where the task has it", "latent-size"),
    CHOICE("prior-high-head", net[BP_PRIOR_HIGH].head, "softplus", head, "distribution of the latent", "latent-size"),
    REAL("prior-correlation", prior_correlation, "0.95", 0, 0.999999, "correlation of the latent with the one before under a prior ar1", "latent-size"),
    REAL("prior-learning-rate", learning_rate[BP_PART_PRIOR], "1e-4", 0, 1, "Adam's learning rate for the prior"),
    {0},
};

struct bp_latent_choice bp_config_networks(const struct bp_config *config, struct bp_net_choice choice[BP_ROLES])
{
    memcpy(choice, config->net, sizeof config->net);
    if (bp_update_algorithm(config->algorithm)->state_value) {
        choice[BP_VALUE] = choice[BP_CRITIC];
        choice[BP_CRITIC] = (struct bp_net_choice){0};
    } else {
        choice[BP_CRITIC_2] = config->critics == 2 ? choice[BP_CRITIC] : (struct bp_net_choice){0};
    }
    choice[BP_TERMINATION].hidden = config->net[BP_POLICY_HIGH].hidden;         /* it sees what the high level sees, through layers alike */
    choice[BP_TERMINATION].inputs = config->net[BP_POLICY_HIGH].inputs;
    choice[BP_TERMINATION].encoders = config->net[BP_POLICY_HIGH].encoders;
    return (struct bp_latent_choice){(int)config->latent_size, (int)config->latent_period, config->prior_correlation};
}

static bool with_posterior(const struct bp_config *config)
{
    const char *kind = config->net[BP_POSTERIOR].kind;

    return kind && strcmp(kind, "none");
}

struct bp_learner_config bp_config_learner(const struct bp_config *config)
{
    struct bp_learner_config learner = {
        .algorithm = with_posterior(config) ? &bp_skills : bp_update_algorithm(config->algorithm),
        .seed = (uint64_t)config->seed,
        .unroll = (int)config->unroll,
        .burn_in = (int)config->burn_in,
        .batch = (int)config->batch,
        .shards = (int)config->shards,
        .discount = config->discount,
        .retrace_lambda = config->retrace_lambda,
        .vtrace_rho = config->vtrace_rho,
        .vtrace_c = config->vtrace_c,
        .reward_scale = config->reward_scale,
        .kl_cost = config->kl_cost,
        .entropy_cost = config->entropy_cost,
        .task_reward = config->task_reward,
        .posterior_cost = config->posterior_cost,
        .termination_cost = config->termination_cost,
        .learning_rate_hold = config->learning_rate_hold,
        .final_learning_rate = config->final_learning_rate,
        .planned = config->transitions / (config->batch * config->unroll),
        .target_period = (int)config->target_period,
        .value_policy = strcmp(config->value_policy, "target") ? BP_VALUE_POLICY_ONLINE : BP_VALUE_POLICY_TARGET,
        .stored_state = !strcmp(config->recurrent_state, "stored"),
        .bf16 = bp_precision_bf16(config->precision),
    };

    memcpy(learner.learning_rate, config->learning_rate, sizeof config->learning_rate);
    return learner;
}

struct bp_replay_spec bp_config_replay(const struct bp_config *config, const struct bp_agent *agent, int time_limit)
{
    return (struct bp_replay_spec){
        .observation_size = agent->groups.size,
        .action_size = agent->action.size,
        .state_size = strcmp(config->recurrent_state, "stored") ? 0 : bp_agent_state_size(agent),
        .time_limit = time_limit,
        .episodes = (int)config->replay_episodes,
        .writers = (int)config->actors,
        .stride = (int)config->sequence_stride,
        .half = !strcmp(config->replay_precision, "float16"),
        .rewarded_share = config->rewarded_share,
        .latent_size = with_posterior(config) ? agent->latent.size : 0,
    };
}

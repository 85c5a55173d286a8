/* Updates of policies with latents beside a prior without: the bound, targets and losses once more by hand, gradients by differences. */
#include "learn/skills.h"

#include "../model/flat.h"
#include "nn/loss.h"
#include "differences.h"
#include "tiny.h"

#include <gsl/gsl_randist.h>

struct setting {
    const char *name, *high, *low, *prior, *critic, *critic_2, *posterior;
    int period;
    enum bp_value_policy value_policy;
    bool stored_state;
    bool choices;                   /* the latent is one of Z choices, and ends as a network of this kind says, or (NULL) by its period */
    const char *termination;
};

enum { Z = 3, MOST_ROWS = 64 };

static struct bp_agent agent_of(const struct setting *s)
{
    const struct bp_net_choice choice[BP_ROLES] = {
        [BP_POLICY] = {s->low, "4,3", "shared", "bounded", NULL},
        [BP_PRIOR] = {s->prior, "3,4", "shared", "softplus", NULL},
        [BP_CRITIC] = {s->critic, "4,3", "*", NULL, NULL},
        [BP_CRITIC_2] = {s->critic_2, "4,3", "*", NULL, NULL},
        [BP_POLICY_HIGH] = {s->high, "4", "*", s->choices ? "categorical" : "softplus", NULL},
        [BP_POSTERIOR] = {s->posterior, "4", "secret", s->choices ? "categorical" : "softplus", NULL},
        [BP_TERMINATION] = {s->termination, "4", "*", NULL, NULL},
    };
    const struct bp_latent_choice latent = {.size = Z, .period = s->period};
    struct bp_groups groups = {0};
    struct bp_agent agent;

    bp_groups_add(&groups, "shared", 3);
    bp_groups_add(&groups, "secret", 2);
    assert_int_equal(bp_agent_init(&agent, &groups, bp_continuous(TINY_A), choice, &latent), 0);
    return agent;
}

/* A latent: numbers, or the choice of the largest. */
static void draw(const struct setting *s, const float *numbers, float *latent)
{
    int best = 0;

    for (int j = 1; j < Z; j++)
        best = numbers[j] > numbers[best] ? j : best;
    for (int j = 0; j < Z; j++)
        latent[j] = s->choices ? (float)(j == best) : numbers[j];
}

/* Episodes of random numbers as tiny_replay has, with latents that are held for the period, or end at random. */
static struct bp_replay *replay_of(const struct setting *s, const struct bp_learner *learner)
{
    static const int lengths[TINY_EPISODES - 1] = {24, 10, 4, 14, 1, 7, 11};
    const struct bp_replay_spec spec = {TINY_O, TINY_A, learner->config.stored_state ? learner->state_size : 0, TINY_LIMIT, TINY_EPISODES, 1, 3,
                                        false, 0, Z};
    struct bp_replay *replay = bp_replay_new(&spec);
    int period = learner->agent.behaviour[BP_POLICY].level[0].period;
    float numbers[160], latent[Z], before[Z] = {0};
    uint64_t seed = 2000;

    assert_non_null(replay);
    assert_true(spec.state_size <= 140);
    for (int e = 0; e < TINY_EPISODES - 1; e++) {
        fill_normal(numbers, TINY_O, seed++);
        bp_replay_begin(replay, 0, numbers);
        for (int t = 0; t < lengths[e]; t++) {
            bool ended = t + 1 == lengths[e];
            fill_normal(numbers, 160, seed++);
            bool drawn = t == 0 || (s->termination ? numbers[60] > 0.5f : t % period == 0);
            if (drawn)
                draw(s, numbers + 50, latent);
            if (spec.state_size) {
                memcpy(numbers + 20 + spec.state_size - Z, before, sizeof before);
                bp_replay_state(replay, 0, numbers + 20);
            }
            memcpy(before, latent, sizeof before);
            bp_replay_latent(replay, 0, latent, drawn);
            bp_replay_step(replay, 0, numbers, -2 + numbers[3], 2 * numbers[4], numbers + 8, ended && e % 2, ended);
        }
    }
    return replay;
}

static struct bp_learner_config config_of(const struct setting *s)
{
    struct bp_learner_config config = tiny_config();

    config.algorithm = &bp_skills;
    config.learning_rate[BP_PART_POSTERIOR] = 1e-2;
    config.value_policy = s->value_policy;
    config.stored_state = s->stored_state;
    config.task_reward = 0.7;
    config.posterior_cost = 0.4;
    config.termination_cost = 0.6;
    return config;
}

/* Narrow actions stay within bounds, where the clip is smooth. */
static void narrow(struct bp_learner *learner)
{
    const struct bp_net *policy = &learner->agent.net[BP_POLICY];
    const struct bp_layer *out = &policy->layer[policy->layers - 1];

    for (int j = 0; j < TINY_A; j++) {
        learner->trained[BP_POLICY].online[out->b + (size_t)j] *= 0.1f;
        learner->trained[BP_POLICY].online[out->b + (size_t)(TINY_A + j)] = -4;
    }
    bp_learner_prepare(learner);
}

/* ---- gradients ---- */

/* What an update's losses are of. */
struct update {
    struct bp_learner *learner;
    const struct bp_replay *replay;
};

/* The loss of a network: as it is told, or of the posterior -log g over all that is drawn. */
static double loss_of(void *of, enum bp_part part)
{
    const struct update *update = of;
    const struct bp_learner_config *c = &update->learner->config;
    struct bp_update_stats stats = first_shard(update->learner, update->replay);

    switch (part) {
    case BP_PART_POLICY: return stats.sum[BP_SKILLS_POLICY_LOSS];
    case BP_PART_PRIOR: return stats.sum[BP_SKILLS_PRIOR_LOSS];
    case BP_PART_CRITIC: return stats.sum[BP_SKILLS_CRITIC_LOSS];
    default: return -stats.sum[BP_SKILLS_LOG_PROB] / ((double)c->unroll * (double)c->batch);
    }
}

static void check_network(const struct setting *s, struct bp_learner *learner, const struct bp_replay *replay, enum bp_role role)
{
    struct update update = {learner, replay};

    first_shard(learner, replay);
    check_gradient(s->name, learner, role, loss_of, &update);
}

static const struct setting settings[] = {
    {"an episode long, fixed", "fixed", "mlp", "mlp", "mlp", NULL, "mlp", 0, BP_VALUE_POLICY_ONLINE, true, false, NULL},
    {"held for three steps, learned", "mlp", "mlp", "mlp", "mlp", NULL, "mlp", 3, BP_VALUE_POLICY_ONLINE, true, false, NULL},
    {"drawn at every step, no prior", "mlp", "mlp", "none", "mlp", NULL, "linear", 1, BP_VALUE_POLICY_TARGET, false, false, NULL},
    {"recurrent", "lstm", "lstm", "lstm", "lstm", NULL, "lstm", 4, BP_VALUE_POLICY_ONLINE, true, false, NULL},
    {"two critics", "mlp", "mlp", "linear", "mlp", "mlp", "mlp", 5, BP_VALUE_POLICY_TARGET, true, false, NULL},
    {"a choice for the episode", "fixed", "mlp", "mlp", "mlp", NULL, "mlp", 0, BP_VALUE_POLICY_ONLINE, true, true, NULL},
    {"a choice for three steps", "mlp", "mlp", "mlp", "mlp", "mlp", "mlp", 3, BP_VALUE_POLICY_TARGET, false, true, NULL},
    {"options", "mlp", "mlp", "mlp", "mlp", NULL, "mlp", 4, BP_VALUE_POLICY_ONLINE, true, true, "mlp"},
    {"options of no network, no prior", "fixed", "mlp", "none", "mlp", NULL, "mlp", 4, BP_VALUE_POLICY_TARGET, false, true, "linear"},
    {"recurrent options", "lstm", "lstm", "lstm", "lstm", NULL, "lstm", 4, BP_VALUE_POLICY_ONLINE, true, true, "lstm"},
};

static void gradients(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        const struct setting *s = &settings[i];
        struct bp_agent agent = agent_of(s);
        struct bp_learner_config config = config_of(s);
        struct bp_learner learner;
        config.seed = 50 + i;
        assert_int_equal(bp_learner_init(&learner, &agent, &config), 0);
        tiny_parameters(&learner);
        narrow(&learner);
        struct bp_replay *replay = replay_of(s, &learner);
        for (int role = 0; role < BP_ROLES; role++)
            if (agent.has[role])
                check_network(s, &learner, replay, (enum bp_role)role);
        bp_replay_free(replay);
        bp_learner_free(&learner);
    }
}

/* ---- losses and targets, a row at a time ---- */


static struct bp_scene scene_of(struct bp_learner *learner, struct bp_tape *tape, struct bp_net_use *use, bool target)
{
    struct bp_shard *shard = &learner->shards[0];

    for (int role = 0; role < BP_ROLES; role++)
        if (learner->agent.has[role])
            use[role] = (struct bp_net_use){.net = &learner->agent.net[role], .params = target && learner->trained[role].target ? learner->trained[role].target : learner->trained[role].online};
    return (struct bp_scene){.tape = tape, .groups = &learner->agent.groups, .use = use, .observations = shard->batch.observations,
                             .steps = shard->batch.steps + 1, .batch = shard->batch.batch, .episode_step = shard->batch.episode_step,
                             .state = learner->config.stored_state ? shard->states : NULL};
}

/* min over the target critics of Q'(x, a, z), for all rows. */
static void values(const struct bp_scene *targets, const struct bp_learner *learner, struct bp_var *actions, struct bp_var *latents, double *q)
{
    for (int i = 0; i < targets->steps * targets->batch; i++)
        q[i] = INFINITY;
    for (int role = BP_CRITIC; role <= BP_CRITIC_2; role++) {
        struct bp_sequences sequences = {targets->steps, targets->batch, targets->episode_step, targets->state ? targets->state[role] : NULL, NULL};
        struct bp_var *late[] = {actions, latents};
        if (!learner->agent.has[role])
            continue;
        struct bp_var *x = bp_agent_inputs(targets->tape, &learner->agent, (enum bp_role)role, targets->observations, targets->steps * targets->batch);
        struct bp_var *features = bp_net_features(targets->tape, targets->use[role], x, &sequences);
        struct bp_var *value = bp_net_output(targets->tape, targets->use[role], features, late);
        for (int i = 0; i < value->rows; i++)
            q[i] = fmin(q[i], (double)value->value[i]);
    }
}

/* What the policy does in each row, however its latents are. */
struct done {
    double worth[MOST_ROWS], log_prob[MOST_ROWS], kl_high[MOST_ROWS], end[MOST_ROWS];
};

static bool draws_by_period(const struct setting *s, const struct bp_batch *b, int row)
{
    return s->period ? b->episode_step[row] % s->period == 0 : b->episode_step[row] == 0;
}

static double kl_of_row(const struct bp_scene *scene, const struct bp_scene *targets, const struct bp_agent *agent, struct bp_distribution pi, int row)
{
    const struct bp_level *prior = &agent->behaviour[BP_PRIOR].level[0];

    if (!agent->has[BP_PRIOR])
        return 0;
    return (double)pi.family->kl(scene->tape, pi, bp_level_given(targets, prior, NULL, NULL))->value[row];
}

/* Numbers: a fresh latent where one is drawn. */
static void done_by_numbers(const struct setting *s, struct bp_learner *learner, const struct bp_scene *scene, const struct bp_scene *targets, struct done *d)
{
    const struct bp_agent *agent = &learner->agent;
    const struct bp_level *high = &agent->behaviour[BP_POLICY].level[0], *low = &agent->behaviour[BP_POLICY].level[1];
    const struct bp_shard *shard = &learner->shards[0];
    const struct bp_batch *b = &shard->batch;
    struct bp_tape *tape = scene->tape;
    int rows = bp_scene_rows(scene);
    struct bp_distribution pi_high = bp_level_given(scene, high, NULL, NULL);
    struct bp_var *drawn = high->family->sample(tape, pi_high, shard->noise);
    float latents[MOST_ROWS * Z];
    double q[MOST_ROWS];

    for (int i = 0; i < rows; i++)
        memcpy(latents + i * Z, draws_by_period(s, b, i) ? drawn->value + i * Z : b->latents + i * Z, Z * sizeof(float));
    struct bp_var *fresh = bp_constant(tape, rows, Z, latents);
    struct bp_distribution pi = bp_level_given(scene, low, fresh, NULL);
    values(targets, learner, bp_clip_action(tape, low->family->sample(tape, pi, shard->noise + rows * Z)), fresh, q);
    struct bp_var *log_high = high->family->log_prob(tape, pi_high, bp_constant(tape, rows, Z, b->latents));
    for (int i = 0; i < rows; i++) {
        double kl_high = 0;
        for (int j = 0; j < Z; j++) {
            double mean = (double)pi_high.param[0]->value[i * Z + j], scale = (double)pi_high.param[1]->value[i * Z + j];
            kl_high += 0.5 * (mean * mean + scale * scale - 1) - log(scale);
        }
        d->worth[i] = q[i] - learner->config.reward_scale * learner->config.kl_cost * kl_of_row(scene, targets, agent, pi, i);
        d->kl_high[i] = draws_by_period(s, b, i) ? kl_high : 0;
        d->log_prob[i] = b->drawn[i] > 0 ? (double)log_high->value[i] : 0;
        d->end[i] = 0;
    }
}

/* The choice before a row; -1: none, or not known. */
static int choice_before(const struct bp_learner *learner, int row)
{
    const struct bp_shard *shard = &learner->shards[0];
    const struct bp_batch *b = &shard->batch;
    const float *from = row >= b->batch ? b->latents + (row - b->batch) * Z : learner->config.stored_state ? shard->latent + row * Z : NULL;

    if (b->episode_step[row] == 0)
        return -1;
    if (b->drawn[row] == 0)
        from = b->latents + row * Z;
    for (int k = 0; from && k < Z; k++)
        if (from[k] == 1)
            return k;
    return -1;
}

/* Choices: all of them, one at a time, weighed by (1 - e) [z = z before] + e pi(z). */
static void done_by_choices(const struct setting *s, struct bp_learner *learner, const struct bp_scene *scene, const struct bp_scene *targets, struct done *d)
{
    const struct bp_agent *agent = &learner->agent;
    const struct bp_level *high = &agent->behaviour[BP_POLICY].level[0], *low = &agent->behaviour[BP_POLICY].level[1];
    const struct bp_shard *shard = &learner->shards[0];
    const struct bp_batch *b = &shard->batch;
    struct bp_tape *tape = scene->tape;
    int rows = bp_scene_rows(scene);
    struct bp_distribution pi_high = bp_level_given(scene, high, NULL, NULL);
    float before[MOST_ROWS * Z] = {0};
    double q[MOST_ROWS];

    for (int i = 0; i < rows; i++) {
        if (choice_before(learner, i) >= 0)
            before[i * Z + choice_before(learner, i)] = 1;
        d->worth[i] = d->kl_high[i] = d->end[i] = 0;
    }
    struct bp_var *ends = s->termination ? bp_level_end(scene, high, bp_constant(tape, rows, Z, before)) : NULL;
    for (int k = 0; k < Z; k++) {
        float one[MOST_ROWS * Z] = {0};
        for (int i = 0; i < rows; i++)
            one[i * Z + k] = 1;
        struct bp_var *choice = bp_constant(tape, rows, Z, one);
        struct bp_distribution pi = bp_level_given(scene, low, choice, NULL);
        values(targets, learner, bp_clip_action(tape, low->family->sample(tape, pi, shard->noise + rows * (Z + (s->termination != NULL)))), choice, q);
        for (int i = 0; i < rows; i++) {
            int held = choice_before(learner, i);
            double anew = exp((double)pi_high.param[0]->value[i * Z + k]), end = held < 0 ? 1 : ends ? (double)ends->value[i] : draws_by_period(s, b, i);
            double p = (1 - end) * (held == k) + end * anew;
            d->worth[i] += p * (q[i] - learner->config.reward_scale * learner->config.kl_cost * kl_of_row(scene, targets, agent, pi, i));
            d->kl_high[i] += end * anew * log(anew * Z);
            d->end[i] = ends && held >= 0 ? end : 0;
            if (b->latents[i * Z + k] == 1)
                d->log_prob[i] = log(p);
        }
    }
}

/* Q^R by its definition: the sum over s of products of traces (BP eq. 11), and the loss of the critics. */
static void by_hand(const struct setting *s, struct bp_learner *learner, const struct bp_update_stats *stats)
{
    const struct bp_learner_config *c = &learner->config;
    const struct bp_agent *agent = &learner->agent;
    const struct bp_level *low = &agent->behaviour[BP_POLICY].level[1];
    const struct bp_batch *b = &learner->shards[0].batch;
    struct bp_net_use use[2][BP_ROLES];
    struct bp_tape tape;
    double q_acted[MOST_ROWS], value[MOST_ROWS], trace[MOST_ROWS], reward[MOST_ROWS], target[MOST_ROWS], info = 0, loss = 0, n = 0, policy = 0;
    int steps = b->steps, rows = (steps + 1) * b->batch, known = steps * b->batch;
    float actions[MOST_ROWS * TINY_A] = {0};
    struct done done;

    assert_true(rows <= MOST_ROWS);
    assert_int_equal(learner->microbatches, 1);
    assert_int_equal(bp_tape_init(&tape, 1 << 20, false), 0);
    for (int i = 0; i < (s->period ? s->period : 2000); i++)
        n += pow(c->discount, i);
    struct bp_scene online = scene_of(learner, &tape, use[0], false), targets = scene_of(learner, &tape, use[1], true), scene = online;
    if (s->value_policy == BP_VALUE_POLICY_TARGET)
        scene.use = targets.use;
    (s->choices ? done_by_choices : done_by_numbers)(s, learner, &scene, &targets, &done);

    struct bp_var *acted = bp_constant(&tape, rows, Z, b->latents);
    struct bp_distribution pi_acted = bp_level_given(&scene, low, acted, NULL), g = bp_level_given(&online, &agent->posterior, NULL, NULL);
    memcpy(actions, b->actions, (size_t)(known * TINY_A) * sizeof(float));
    struct bp_var *replayed = bp_clip_action(&tape, bp_constant(&tape, rows, TINY_A, actions));
    struct bp_var *log_pi = low->family->log_prob(&tape, pi_acted, bp_constant(&tape, rows, TINY_A, actions));
    values(&targets, learner, replayed, acted, q_acted);
    for (int i = 0; i < known; i++) {
        int next = i + b->batch;
        struct bp_distribution after = bp_distribution_slice_rows(&tape, g, next, 1);
        double log_g = (double)after.family->log_prob(&tape, after, bp_constant(&tape, 1, Z, b->latents + i * Z))->value[0], log_q = s->choices ? -log(Z) : 0;
        for (int j = 0; j < Z && !s->choices; j++)
            log_q -= 0.5 * (double)b->latents[i * Z + j] * (double)b->latents[i * Z + j] + 0.5 * log(2 * M_PI);
        reward[i] = c->reward_scale * (c->task_reward * (double)b->reward[i] + c->posterior_cost * (log_g - log_q));
        value[i] = done.worth[next] - c->reward_scale * (c->posterior_cost * n * done.kl_high[next] + c->termination_cost * done.end[next]);
        trace[i] = (double)b->mask[i] * c->retrace_lambda * fmin(1, exp((double)log_pi->value[i] + done.log_prob[i] - (double)b->log_prob[i]));
        info += (double)b->mask[i] * (log_g - log_q);
        policy -= (double)b->mask[i] * (done.worth[i] - c->reward_scale * (c->posterior_cost * n * done.kl_high[i] + c->termination_cost * done.end[i]));
    }
    for (int i = 0; i < known; i++) {
        double weight = 1;
        target[i] = q_acted[i];
        for (int at = i; at < known; at += b->batch) {
            double gamma = c->discount * (double)b->nonterminal[at];
            weight *= at > i ? c->discount * (double)b->nonterminal[at - b->batch] * trace[at] : 1;
            target[i] += weight * (reward[at] + gamma * value[at] - q_acted[at]);
        }
    }
    for (int role = BP_CRITIC; role <= BP_CRITIC_2; role++) {
        struct bp_learner alone = *learner;
        double q[MOST_ROWS];
        if (!agent->has[role])
            continue;
        alone.agent.has[BP_CRITIC] = role == BP_CRITIC;
        alone.agent.has[BP_CRITIC_2] = role == BP_CRITIC_2;
        values(&online, &alone, replayed, acted, q);
        for (int i = 0; i < known; i++)
            loss += (double)b->mask[i] * (q[i] - target[i]) * (q[i] - target[i]) / (c->unroll * c->batch);
    }
    assert_close(stats->sum[BP_SKILLS_INFORMATION], info, 1e-4 * (1 + fabs(info)));
    assert_close(stats->sum[BP_SKILLS_CRITIC_LOSS], loss, 2e-4 * loss);
    policy = policy / (c->unroll * c->batch) - c->reward_scale * c->entropy_cost * stats->sum[BP_SKILLS_ENTROPY] / (c->unroll * c->batch);
    if (s->value_policy == BP_VALUE_POLICY_ONLINE)
        assert_close(stats->sum[BP_SKILLS_POLICY_LOSS], policy, 1e-4 * (1 + fabs(policy)));
    bp_tape_free(&tape);
}

static void the_whole_update(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        for (uint64_t seed = 0; seed < 4; seed++) {
            const struct setting *s = &settings[i];
            struct bp_agent agent = agent_of(s);
            struct bp_learner_config config = config_of(s);
            struct bp_learner learner;
            config.seed = 90 + seed;
            assert_int_equal(bp_learner_init(&learner, &agent, &config), 0);
            tiny_parameters(&learner);
            struct bp_replay *replay = replay_of(s, &learner);
            struct bp_update_stats stats = first_shard(&learner, replay);
            by_hand(s, &learner, &stats);
            bp_replay_free(replay);
            bp_learner_free(&learner);
        }
}

/* ---- the bound ---- */

/*
 * A case to be integrated by hand: episodes of one step, z ~ N(0, 1), a = C z + S noise, and what is observed after it is a. Then pi(a) is
 * N(0, C^2 + S^2), and the true posterior N(C a / (C^2 + S^2), S^2 / (C^2 + S^2)).
 */
#define C 0.8
#define S 0.5
#define PRIOR_SCALE 1.3
enum { EPISODES = 20000 };

static double softplus_inverse(double scale)
{
    return log(expm1(scale - 0.01));
}

static struct bp_agent gaussian_agent(void)
{
    const struct bp_net_choice choice[BP_ROLES] = {
        [BP_POLICY] = {"linear", "", "after", "softplus", NULL},
        [BP_PRIOR] = {"linear", "", "after", "softplus", NULL},
        [BP_CRITIC] = {"linear", "", "after", NULL, NULL},
        [BP_POLICY_HIGH] = {"fixed", "", "", "softplus", NULL},
        [BP_POSTERIOR] = {"linear", "", "after", "softplus", NULL},
    };
    const struct bp_latent_choice latent = {.size = 1, .period = 0};
    struct bp_groups groups = {0};
    struct bp_agent agent;

    bp_groups_add(&groups, "after", 1);
    assert_int_equal(bp_agent_init(&agent, &groups, bp_continuous(1), choice, &latent), 0);
    return agent;
}

/* A linear network whose mean is `slope` times what it sees or is given, and whose scale is constant. */
static void set_net(struct bp_learner *learner, enum bp_role role, const char *input, double slope, double scale)
{
    struct bp_tensor tensors[BP_NET_TENSORS];
    float *const copies[] = {learner->trained[role].online, learner->trained[role].target};

    for (int k = 0; k < 2 && copies[k]; k++) {
        int count = bp_net_tensors(&learner->agent.net[role], copies[k], tensors);
        memset(copies[k], 0, learner->trained[role].n * sizeof(float));
        for (int i = 0; i < count; i++) {
            if (strstr(tensors[i].name, input))
                ((float *)tensors[i].data)[0] = (float)slope;
            if (strstr(tensors[i].name, "bias"))
                ((float *)tensors[i].data)[1] = (float)softplus_inverse(scale);
        }
    }
}

static void one_step_episodes(struct bp_replay *replay)
{
    gsl_rng *stream = bp_random_new();

    bp_random_seek(stream, 5, BP_FOR_ACTION, 0, 0);
    for (int e = 0; e < EPISODES; e++) {
        float z = (float)gsl_ran_gaussian(stream, 1), a = (float)(C * (double)z + gsl_ran_gaussian(stream, S)), zero = 0;
        bp_replay_begin(replay, 0, &zero);
        bp_replay_latent(replay, 0, &z, true);
        bp_replay_step(replay, 0, &a, 0, 0, &a, true, true);
    }
    gsl_rng_free(stream);
}

static double kl_of(double mean_squared, double scale, double other)
{
    return log(other / scale) + (scale * scale + mean_squared) / (2 * other * other) - 0.5;
}

static void the_bound(void **state)
{
    const double width = sqrt(C * C + S * S), truth = kl_of(0, width, PRIOR_SCALE);
    const struct bp_replay_spec spec = {1, 1, 0, 1, EPISODES + 2, 1, 1, false, 0, 1};
    struct bp_replay *replay = bp_replay_new(&spec);
    struct bp_agent agent = gaussian_agent();
    struct bp_learner_config config = tiny_config();
    struct bp_learner learner, small;
    struct bp_update_stats stats, all = {0};

    (void)state;
    config.algorithm = &bp_skills;
    config.unroll = 2;              /* a transition, and the row of what is observed after it */
    config.batch = EPISODES;
    config.shards = 1;
    config.stored_state = false;
    memset(config.learning_rate, 0, sizeof config.learning_rate);
    config.learning_rate[BP_PART_POSTERIOR] = 5e-2;
    assert_non_null(replay);
    one_step_episodes(replay);
    assert_int_equal(bp_learner_init(&learner, &agent, &config), 0);
    config.batch = 500;
    assert_int_equal(bp_learner_init(&small, &agent, &config), 0);
    set_net(&learner, BP_POLICY, "latent", C, S);
    set_net(&learner, BP_PRIOR, "none", 0, PRIOR_SCALE);

    /* With the true posterior the bound is the KL itself; with another g it is larger by KL(pi(z|a) || g). */
    const double slope = C / (width * width), scale = S / width;
    const struct { double slope, scale; } posteriors[] = {{slope, scale}, {0, 1}, {-0.3, 0.7}, {slope, 1.5}};
    for (size_t i = 0; i < sizeof posteriors / sizeof *posteriors; i++) {
        double off = (posteriors[i].slope - slope) * width, gap = kl_of(off * off, scale, posteriors[i].scale);
        set_net(&learner, BP_POSTERIOR, "weight", posteriors[i].slope, posteriors[i].scale);
        stats = first_shard(&learner, replay);
        double bound = (stats.sum[BP_SKILLS_KL_PRIOR] - stats.sum[BP_SKILLS_INFORMATION]) / stats.transitions;
        assert_close(bound, truth + gap, 0.02);
        assert_true(i == 0 || gap > 0.1);
    }

    /* And learning takes the gap away: g becomes the true posterior. */
    for (int update = 0; update < 150; update++) {
        bp_update_gradients(&small, replay, 0);
        for (int job = 0; job < bp_learner_jobs(&small); job++)
            bp_learner_apply(&small, job);
        bp_learner_finish(&small, &all);
    }
    memcpy(learner.trained[BP_POSTERIOR].online, small.trained[BP_POSTERIOR].online, small.trained[BP_POSTERIOR].n * sizeof(float));
    stats = first_shard(&learner, replay);
    assert_close((stats.sum[BP_SKILLS_KL_PRIOR] - stats.sum[BP_SKILLS_INFORMATION]) / stats.transitions, truth, 0.02);
    assert_close((double)learner.trained[BP_POSTERIOR].online[0], slope, 0.05);
    bp_replay_free(replay);
    bp_learner_free(&small);
    bp_learner_free(&learner);
}

/* ---- what depends on what ---- */

/* Without its cost the posterior only looks on: whatever it says, all others learn the same. */
static void without_its_cost_the_posterior_does_not_matter(void **state)
{
    static float before[BP_ROLES][1024];

    (void)state;
    for (int with_cost = 0; with_cost < 2; with_cost++) {
        const struct setting *s = &settings[0];
        struct bp_agent agent = agent_of(s);
        struct bp_learner_config config = config_of(s);
        struct bp_learner learner;
        config.posterior_cost = with_cost ? 0.4 : 0;
        assert_int_equal(bp_learner_init(&learner, &agent, &config), 0);
        tiny_parameters(&learner);
        struct bp_replay *replay = replay_of(s, &learner);
        first_shard(&learner, replay);
        for (int role = 0; role < BP_ROLES; role++)
            if (agent.has[role])
                memcpy(before[role], learner.shards[0].grad[role], learner.trained[role].n * sizeof(float));
        for (size_t i = 0; i < learner.trained[BP_POSTERIOR].n; i++)
            learner.trained[BP_POSTERIOR].online[i] *= -1.5f;
        first_shard(&learner, replay);
        for (int role = 0; role < BP_ROLES; role++)
            if (agent.has[role] && role != BP_POSTERIOR) {
                int differs = memcmp(before[role], learner.shards[0].grad[role], learner.trained[role].n * sizeof(float));
                assert_int_equal(differs != 0, with_cost && role == BP_CRITIC);     /* by way of the reward alone */
            }
        bp_replay_free(replay);
        bp_learner_free(&learner);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients),
        cmocka_unit_test(the_whole_update),
        cmocka_unit_test(the_bound),
        cmocka_unit_test(without_its_cost_the_posterior_does_not_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

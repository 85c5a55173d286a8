/*
 * The updates that torch_update.py runs in PyTorch: beside sgemm, in BF16, on threads, with a core taken; and small ones, as presets make
 * them, beside large ones. On one thread they are timed by the processor, which other work on the machine disturbs least.
 */
#include "bench.h"

#include "base/random.h"
#include "learn/svg.h"
#include "learn/update.h"
#include "nn/bf16.h"

#include <stdbool.h>

struct update_shape {
    const char *kind, *policy, *critic;
    int seen, rest, actions, unroll;
    int batch[4];               /* the first is what the others are compared with; 0 ends them */
    const char *low, *high;     /* of the same update by a hierarchical policy, of the smallest batch; NULL: there is none */
};

static const struct update_shape update_shapes[] = {
    {"mlp", "200,100", "400,300", 40, 20, 8, 10, {512, 64, 32}, "200,100", "200"},
    {"lstm", "64,64", "128,64", 20, 0, 2, 40, {512, 16}, NULL, NULL},
};

struct update {
    char name[32];
    bool bf16, levels;
    struct bp_learner learner;
    struct bp_replay *replay;
    struct bp_pool *pool;
};

/* Multiply-adds of a row going forward through layers first ... last-1; in the join layer those of the observations or of the action. */
static double forward_cost(const struct bp_net *net, bool features)
{
    double cost = 0;

    for (int i = 0; i < net->layers; i++) {
        const struct bp_layer *l = &net->layer[i];
        double gates = l->kind == BP_LAYER_LSTM ? 4 : 1;
        double own = gates * l->out * (l->in + (l->kind == BP_LAYER_LSTM ? l->out : 0));
        if (i < net->join)
            cost += features ? own : 0;
        else if (i == net->join)
            cost += features ? own : (double)net->late_size * l->out;
        else
            cost += features ? 0 : own;
    }
    return cost;
}

static double input_cost(const struct bp_net *net)
{
    return (double)net->layer[0].in * net->layer[0].out * (net->layer[0].kind == BP_LAYER_LSTM ? 4 : 1);
}

/* Target network; then forward, weights, inputs but the observation. */
static double level_cost(const struct bp_net *net, double longer)
{
    double f = forward_cost(net, true) + forward_cost(net, false);

    return longer * f + 3 * f - input_cost(net);
}

/* GFLOP of products in an update, as svg.c does them with value_policy = target: 2 for a multiply-add. */
static double update_gflop(const struct bp_learner *learner)
{
    const struct bp_agent *agent = &learner->agent;
    const struct bp_net *critic = &agent->net[BP_CRITIC];
    double k = learner->config.unroll, longer = (k + 1) / k, shorter = (k - 1) / k, cost = 0;

    for (int role = 0; role < BP_ROLES; role++)
        if (agent->has[role] && !bp_roles[role].value)
            cost += level_cost(&agent->net[role], longer);
    double x = forward_cost(critic, true), a = forward_cost(critic, false);
    double action = (double)agent->action.size * critic->layer[critic->join].out, latent = (double)agent->latent.size * critic->layer[critic->join].out;
    cost += longer * x + a + shorter * a + a + a - latent;                  /* target: features, three outputs, back to the action */
    cost += 3 * (x + a) - input_cost(critic) - action - latent;
    return 2e-9 * cost * k * learner->config.batch;
}

static void fill_replay(struct update *u, const struct update_shape *shape)
{
    int size = shape->seen + shape->rest;
    float observation[64], action[8];
    gsl_rng *stream = bp_random_new();

    for (int episode = 0; stream && episode < 64; episode++) {
        bp_random_normal(stream, observation, size);
        bp_replay_begin(u->replay, 0, observation);
        for (int t = 0; t < 200; t++) {
            bp_random_normal(stream, observation, size);
            bp_random_normal(stream, action, shape->actions);
            bp_replay_step(u->replay, 0, action, -1, 0.1f, observation, false, t == 199);
        }
    }
    gsl_rng_free(stream);
}

static void update_gradients(void *raw, int job)
{
    struct update *u = raw;

    bp_update_gradients(&u->learner, u->replay, job);
}

static void update_apply(void *raw, int job)
{
    struct update *u = raw;

    bp_learner_apply(&u->learner, job);
}

static double update_once(struct update *u)
{
    struct bp_update_stats stats = {0};

    if (bp_pool_run(u->pool, u->learner.config.shards, update_gradients, u) || bp_pool_run(u->pool, bp_learner_jobs(&u->learner), update_apply, u))
        exit(1);
    bp_learner_finish(&u->learner, &stats);
    return (double)(u->learner.config.batch * u->learner.config.unroll);
}

static double update_work(void *raw)
{
    return update_once(raw);
}

static double update_draw_work(void *raw)
{
    struct update *u = raw;

    for (int i = 0; i < u->learner.config.shards; i++)
        for (int microbatch = 0; microbatch < u->learner.microbatches; microbatch++)
            bp_replay_draw(u->replay, u->learner.shards[i].stream, &u->learner.shards[i].batch);
    return (double)(u->learner.config.batch * u->learner.config.unroll);
}

/* With levels, policy and prior have one low level, and a high level each that draws a latent of eight numbers. */
static void open_update(struct update *u, const struct update_shape *shape, int batch, bool bf16, bool levels)
{
    struct bp_learner_config config = {
        .algorithm = &bp_svg, .seed = 1, .unroll = shape->unroll, .batch = batch, .shards = 4, .discount = 0.99, .retrace_lambda = 0.95, .reward_scale = 1, .kl_cost = 0.1,
        .entropy_cost = 1e-3, .learning_rate = {1e-4, 1e-4, 1e-4}, .final_learning_rate = 1, .target_period = 100, .value_policy = BP_VALUE_POLICY_TARGET,
        .bf16 = bf16,
    };
    struct bp_net_choice choice[BP_ROLES] = {
        [BP_POLICY] = {shape->kind, levels ? shape->low : shape->policy, levels ? "seen" : "*", "softplus", NULL},
        [BP_PRIOR] = {levels ? "shared" : shape->kind, shape->policy, "seen", "softplus", NULL},
        [BP_CRITIC] = {shape->kind, shape->critic, "*", NULL, NULL},
        [BP_POLICY_HIGH] = {shape->kind, shape->high, "*", "softplus", NULL},
        [BP_PRIOR_HIGH] = {shape->kind, shape->high, "seen", "softplus", NULL},
    };
    const struct bp_latent_choice latent = {levels ? 8 : 0, 1, 0};
    struct bp_groups groups = {0};
    struct bp_agent agent;

    snprintf(u->name, sizeof u->name, "%s%s %d x %d", levels ? "two levels, " : "", shape->kind, batch, shape->unroll);
    u->bf16 = bf16;
    u->levels = levels;
    bp_groups_add(&groups, "seen", shape->seen);
    if (shape->rest)
        bp_groups_add(&groups, "rest", shape->rest);
    if (bp_agent_init(&agent, &groups, bp_continuous(shape->actions), choice, &latent) || bp_learner_init(&u->learner, &agent, &config))
        exit(1);
    struct bp_replay_spec spec = {.observation_size = groups.size, .action_size = shape->actions, .time_limit = 200, .episodes = 64, .writers = 1, .stride = 5};
    if (!(u->replay = bp_replay_new(&spec)))
        exit(1);
    fill_replay(u, shape);
}

static void close_update(struct update *u)
{
    bp_replay_free(u->replay);
    bp_learner_free(&u->learner);
}

static const char *precision(const struct update *u)
{
    return u->bf16 ? "bf16" : "float32";
}

/* Rates of one round each; a round has all that is compared take turns, so that all of it meets the same machine. */
struct rates {
    double one[ROUNDS], two[ROUNDS], taken[ROUNDS];
};

static double ratio(const double *above, const double *below)
{
    double ratios[ROUNDS];

    for (int round = 0; round < ROUNDS; round++)
        ratios[round] = above[round] / below[round];
    return median(ratios);
}

static double median_of(const double *values)
{
    double copy[ROUNDS];

    memcpy(copy, values, sizeof copy);
    return median(copy);
}

static void time_updates(struct update *u, struct rates *rates, int count, struct bp_pool *const pools[2], double *sgemm)
{
    for (int round = 0; round < ROUNDS; round++) {
        sgemm[round] = sgemm_once(pools[0]);
        for (int i = 0; i < count; i++) {
            u[i].pool = pools[0];
            if (round == 0)
                update_once(&u[i]);
            rates[i].one[round] = busy_rate_once(update_work, &u[i], 0.7);
            u[i].pool = pools[1];
            rates[i].two[round] = rate_once(update_work, &u[i], 0.7);
            int process = disturb_begin();
            rates[i].taken[round] = rate_once(update_work, &u[i], 0.7);
            disturb_end(process);
        }
    }
}

static void print_update(struct update *u, const struct rates *rates, const double *sgemm, struct bp_pool *const pools[2])
{
    double per_transition = update_gflop(&u->learner) / (u->learner.config.batch * u->learner.config.unroll), one = median_of(rates->one);
    double of_sgemm[ROUNDS];
    char text[64];

    for (int round = 0; round < ROUNDS; round++)
        of_sgemm[round] = per_transition * rates->one[round] / sgemm[round];
    print_of("update, 1 thread", u->name, precision(u), one, "transitions/s");
    print_of("update, 2 threads", u->name, precision(u), median_of(rates->two), "transitions/s");
    print_of("update, 1 thread", u->name, precision(u), per_transition * one, "GFLOP/s");
    print_of("update / sgemm", u->name, precision(u), median(of_sgemm), "");
    print_of("2 threads / 1 thread", u->name, precision(u), ratio(rates->two, rates->one), "");
    print_of("2 threads, a core taken / 1", u->name, precision(u), ratio(rates->taken, rates->one), "");
    u->pool = pools[0];
    print_of("replay sampling of an update", u->name, precision(u), 100 * one / rate(update_draw_work, u, 0.3), "%");
    snprintf(text, sizeof text, "%.31s, %s", u->name, precision(u));
    print_shares(text, update_work, u, 2, 1);
    u->pool = pools[1];
    snprintf(text, sizeof text, "%.31s, %s, 2 threads", u->name, precision(u));
    print_shares(text, update_work, u, 2, 2);
}

/* What levels cost beside the products that they ask for. */
static void print_levels(struct update *u, const struct rates *rates, struct update *flat, const struct rates *flat_rates)
{
    double work = update_gflop(&u->learner), flat_work = update_gflop(&flat->learner);

    print_of("update, work in products / flat", u->name, precision(u), work / flat_work, "");
    print_of("rate / flat, of equal products", u->name, precision(u), ratio(rates->one, flat_rates->one) * work / flat_work, "");
}

/* All updates of a shape: of every size, in float32 and in BF16 where there is such. */
static void bench_shape(const struct update_shape *shape)
{
    enum { MOST = 7 };
    struct bp_pool *pools[2] = {bp_pool_new(1), bp_pool_new(2)};
    int precisions = bp_bf16_missing() ? 1 : 2, count = 0;
    struct update u[MOST] = {0};
    struct rates rates[MOST];
    double sgemm[ROUNDS];

    if (!pools[0] || !pools[1])
        exit(1);
    for (int size = 0; shape->batch[size]; size++)
        for (int bf16 = 0; bf16 < precisions; bf16++)
            open_update(&u[count++], shape, shape->batch[size], bf16, false);
    if (shape->high) {
        open_update(&u[count], shape, u[count - 1].learner.config.batch, false, true);
        count++;
    }
    time_updates(u, rates, count, pools, sgemm);
    print("sgemm of 4096^3, 1 thread", u[0].name, median_of(sgemm), "GFLOP/s");
    print("update, work in products", u[0].name, update_gflop(&u[0].learner), "GFLOP");
    for (int i = 0; i < count; i++) {
        print_update(&u[i], &rates[i], sgemm, pools);
        if (u[i].bf16)
            print_of("bf16 / float32", u[i].name, "bf16", ratio(rates[i].one, rates[i - 1].one), "");
        if (u[i].levels)
            print_levels(&u[i], &rates[i], &u[i - precisions], &rates[i - precisions]);
        else if (i >= precisions)
            print_of("rate / that of the large update", u[i].name, precision(&u[i]), ratio(rates[i].one, rates[i % precisions].one), "");
    }
    for (int i = 0; i < count; i++)
        close_update(&u[i]);
    bp_pool_free(pools[0]);
    bp_pool_free(pools[1]);
}

/* The rates on one thread alone, for who compares them with others'. */
void bench_rates(void)
{
    struct bp_pool *pool = bp_pool_new(1);

    if (!pool)
        exit(1);
    for (size_t i = 0; i < sizeof update_shapes / sizeof *update_shapes; i++)
        for (int size = 0; update_shapes[i].batch[size]; size++)
            for (int bf16 = 0; bf16 < (bp_bf16_missing() ? 1 : 2); bf16++) {
                double rates[ROUNDS];
                struct update u = {.pool = pool};
                open_update(&u, &update_shapes[i], update_shapes[i].batch[size], bf16, false);
                update_once(&u);
                for (int round = 0; round < ROUNDS; round++)
                    rates[round] = busy_rate_once(update_work, &u, 0.3);
                print_of("update, 1 thread", u.name, precision(&u), median(rates), "transitions/s");
                close_update(&u);
            }
    bp_pool_free(pool);
}

void bench_updates(void)
{
    for (size_t i = 0; i < sizeof update_shapes / sizeof *update_shapes; i++)
        bench_shape(&update_shapes[i]);
}

/* The two updates that torch_update.py runs in PyTorch: beside sgemm, in BF16, on threads, with a core taken. */
#include "bench.h"

#include "base/random.h"
#include "learn/svg.h"
#include "nn/bf16.h"

struct update_shape {
    const char *name, *kind, *policy, *critic;
    int seen, rest, actions, unroll;
};

static const struct update_shape update_shapes[] = {
    {"mlp 512 x 10", "mlp", "200,100", "400,300", 40, 20, 8, 10},
    {"lstm 512 x 40", "lstm", "64,64", "128,64", 20, 0, 2, 40},
};

struct update {
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
            cost += features ? own : (double)net->spec.action_size * l->out;
        else
            cost += features ? 0 : own;
    }
    return cost;
}

/* GFLOP of products in an update, as svg.c does them with value_policy = target: 2 for a multiply-add. */
static double update_gflop(const struct bp_learner *learner)
{
    const struct bp_net *net = learner->agent.net;
    double k = learner->config.unroll, longer = (k + 1) / k, shorter = (k - 1) / k, cost = 0;

    for (int role = BP_POLICY; role <= BP_PRIOR; role++) {
        const struct bp_layer *first = &net[role].layer[0];
        double f = forward_cost(&net[role], true);
        cost += longer * f;                                                 /* target network */
        cost += 3 * f - first->in * first->out;                             /* forward, weights, inputs but the observation */
    }
    double x = forward_cost(&net[BP_CRITIC], true), a = forward_cost(&net[BP_CRITIC], false);
    const struct bp_layer *first = &net[BP_CRITIC].layer[0];
    double input = (double)first->in * first->out * (first->kind == BP_LAYER_LSTM ? 4 : 1);
    double action = (double)net[BP_CRITIC].spec.action_size * net[BP_CRITIC].layer[net[BP_CRITIC].join].out;
    cost += longer * x + a + shorter * a + a + a;                           /* target: features, three outputs, back to the action */
    cost += 3 * (x + a) - input - action;
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

    bp_svg_gradients(&u->learner, u->replay, job);
}

static void update_apply(void *raw, int job)
{
    struct update *u = raw;

    bp_learner_apply(&u->learner, job);
}

static double update_work(void *raw)
{
    struct update *u = raw;
    struct bp_update_stats stats = {0};

    if (bp_pool_run(u->pool, u->learner.config.shards, update_gradients, u) || bp_pool_run(u->pool, bp_learner_jobs(&u->learner), update_apply, u))
        exit(1);
    bp_learner_finish(&u->learner, &stats);
    return (double)(u->learner.config.batch * u->learner.config.unroll);
}

static double update_draw_work(void *raw)
{
    struct update *u = raw;

    for (int i = 0; i < u->learner.config.shards; i++)
        for (int microbatch = 0; microbatch < u->learner.microbatches; microbatch++)
            bp_replay_draw(u->replay, u->learner.shards[i].stream, &u->learner.shards[i].batch);
    return (double)(u->learner.config.batch * u->learner.config.unroll);
}

static void open_update(struct update *u, const struct update_shape *shape, bool bf16)
{
    struct bp_learner_config config = {
        .seed = 1, .unroll = shape->unroll, .batch = 512, .shards = 4, .discount = 0.99, .retrace_lambda = 0.95, .reward_scale = 1, .kl_cost = 0.1,
        .entropy_cost = 1e-3, .learning_rate = {1e-4, 1e-4, 1e-4}, .final_learning_rate = 1, .target_period = 100, .value_policy = BP_VALUE_POLICY_TARGET,
        .bf16 = bf16,
    };
    struct bp_net_choice choice[BP_ROLES] = {
        {shape->kind, shape->policy, "*", "softplus", NULL}, {shape->kind, shape->policy, "seen", "softplus", NULL},
        {shape->kind, shape->critic, "*", NULL, NULL}};
    struct bp_groups groups = {0};
    struct bp_agent agent;

    bp_groups_add(&groups, "seen", shape->seen);
    if (shape->rest)
        bp_groups_add(&groups, "rest", shape->rest);
    if (bp_agent_init(&agent, &groups, shape->actions, choice) || bp_learner_init(&u->learner, &agent, &config))
        exit(1);
    struct bp_replay_spec spec = {groups.size, shape->actions, 0, 200, 64, 1, 5, false};
    if (!(u->replay = bp_replay_new(&spec)))
        exit(1);
    fill_replay(u, shape);
}

static void close_update(struct update *u)
{
    bp_replay_free(u->replay);
    bp_learner_free(&u->learner);
}

/* The same update with products of BF16, in turns with that of float32, where there are such. */
static void bench_bf16(struct update *u, const struct update_shape *shape)
{
    double speed[ROUNDS], ratio[ROUNDS];
    struct update b;
    char text[64];

    if (bp_bf16_missing())
        return;
    open_update(&b, shape, true);
    b.pool = u->pool;
    update_work(&b);
    for (int round = 0; round < ROUNDS; round++) {
        speed[round] = rate_once(update_work, &b, 1);
        ratio[round] = speed[round] / rate_once(update_work, u, 1);
    }
    print("bf16 update, 1 thread", shape->name, median(speed), "transitions/s");
    print("bf16 / float32", shape->name, median(ratio), "");
    snprintf(text, sizeof text, "%s, bf16", shape->name);
    print_shares(text, update_work, &b, 3, 1);
    close_update(&b);
}

/* What is to be compared takes turns, so that all of it meets the same machine: rates of one round each, and their ratios' medians. */
static void bench_update(const struct update_shape *shape)
{
    enum { ONE, SGEMM, TWO, TAKEN, WAYS };
    struct bp_pool *pools[2] = {bp_pool_new(1), bp_pool_new(2)};
    double speed[WAYS][ROUNDS], of_sgemm[ROUNDS], scaling[ROUNDS], taken[ROUNDS];
    struct update u;

    if (!pools[0] || !pools[1])
        exit(1);
    open_update(&u, shape, false);
    double gflop = update_gflop(&u.learner) / (u.learner.config.batch * u.learner.config.unroll);
    u.pool = pools[0];
    update_work(&u);
    for (int round = 0; round < ROUNDS; round++) {
        u.pool = pools[0];
        speed[ONE][round] = rate_once(update_work, &u, 1);
        speed[SGEMM][round] = sgemm_once(pools[0]);
        u.pool = pools[1];
        speed[TWO][round] = rate_once(update_work, &u, 1);
        int process = disturb_begin();
        speed[TAKEN][round] = rate_once(update_work, &u, 1);
        disturb_end(process);
        of_sgemm[round] = gflop * speed[ONE][round] / speed[SGEMM][round];
        scaling[round] = speed[TWO][round] / speed[ONE][round];
        taken[round] = speed[TAKEN][round] / speed[ONE][round];
    }
    double one = median(speed[ONE]);
    print("update, 1 thread", shape->name, one, "transitions/s");
    print("update, 2 threads", shape->name, median(speed[TWO]), "transitions/s");
    print("update, work in products", shape->name, gflop * u.learner.config.batch * u.learner.config.unroll, "GFLOP");
    print("update, 1 thread", shape->name, gflop * one, "GFLOP/s");
    print("sgemm of 4096^3, 1 thread", shape->name, median(speed[SGEMM]), "GFLOP/s");
    print("update / sgemm", shape->name, median(of_sgemm), "");
    print("2 threads / 1 thread", shape->name, median(scaling), "");
    print("2 threads, a core taken / 1", shape->name, median(taken), "");
    print("replay sampling of an update", shape->name, 100 * one / rate(update_draw_work, &u, 0.5), "%");
    u.pool = pools[0];
    print_shares(shape->name, update_work, &u, 3, 1);
    bench_bf16(&u, shape);
    close_update(&u);
    bp_pool_free(pools[0]);
    bp_pool_free(pools[1]);
}

void bench_updates(void)
{
    for (size_t i = 0; i < sizeof update_shapes / sizeof *update_shapes; i++)
        bench_update(&update_shapes[i]);
}

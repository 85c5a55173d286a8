#include "learn/learner.h"

#include "nn/bf16.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    JOB_FLOATS = 8192,              /* of the parameters, for one job of apply, where a matrix can be cut there */
    MICROBATCH_FLOATS = 80 << 10,   /* outputs of all layers of all networks, each computed once: what fits the second cache beside the weights */
    MICROBATCH_ROWS = 330,          /* that more of do not pay, however small the networks */
    MICROBATCH_SEQUENCES = 16,      /* with fewer side by side an LSTM's products are too small */
};
#define TAPE_BYTES ((size_t)1 << 20) /* of a tape, to begin with */

static float *floats(size_t n)
{
    size_t bytes = ((n + 1) * sizeof(float) + 63) & ~(size_t)63;
    float *array = aligned_alloc(64, bytes);

    return array ? memset(array, 0, bytes) : NULL;
}

/* Of Adam, for a network; 0: it is frozen. */
static double rate(const struct bp_learner *learner, int role)
{
    return learner->config.frozen[role] ? 0 : learner->config.learning_rate[bp_roles[role].part];
}

static bool has_target(const struct bp_learner *learner, int role)
{
    return learner->config.algorithm->target[bp_roles[role].part];
}

static int init_trained(struct bp_learner *learner, int role)
{
    struct bp_trained *trained = &learner->trained[role];
    const struct bp_net *net = &learner->agent.net[role];
    gsl_rng *stream = bp_random_new();
    bool learns = rate(learner, role) > 0;

    trained->n = net->parameters;
    trained->online = floats(trained->n);
    trained->target = has_target(learner, role) ? floats(trained->n) : NULL;
    trained->m = learns ? floats(trained->n) : NULL;
    trained->v = learns ? floats(trained->n) : NULL;
    if (!stream || !trained->online || (has_target(learner, role) && !trained->target) || (learns && (!trained->m || !trained->v))) {
        if (stream)
            gsl_rng_free(stream);
        return bp_error(BP_FAILURE, "out of memory");
    }
    bp_random_seek(stream, learner->config.seed, BP_FOR_WEIGHTS, (uint64_t)role, 0);
    if (learner->agent.has[role])
        bp_agent_randomise(&learner->agent, (enum bp_role)role, trained->online, stream);
    gsl_rng_free(stream);
    return 0;
}

static int shard_sequences(const struct bp_learner *learner)
{
    return learner->config.batch / learner->config.shards;
}

/* Rows of a microbatch. It follows the networks, not the processor: microbatches are drawn and summed one by one, so their size decides the bytes of a run. */
static int microbatch_rows(const struct bp_learner *learner)
{
    int width = 0;

    for (int role = 0; role < BP_ROLES; role++)
        for (int i = 0; learner->agent.has[role] && i < learner->agent.net[role].layers; i++)
            width += learner->agent.net[role].layer[i].out;
    return width * MICROBATCH_ROWS < MICROBATCH_FLOATS ? MICROBATCH_ROWS : MICROBATCH_FLOATS / width;
}

/*
 * Microbatches that a shard's sequences are cut into: as few as the sizes above allow of equal ones, whose products are prepared once; but
 * where that takes more than twice as many as of unequal ones (a prime number of sequences: as many as sequences), these.
 */
static int count_microbatches(const struct bp_learner *learner)
{
    int sequences = shard_sequences(learner), most = microbatch_rows(learner) / (learner->config.burn_in + learner->config.unroll + 1);

    if (learner->state_size > learner->agent.latent.size && most < MICROBATCH_SEQUENCES)
        most = MICROBATCH_SEQUENCES;
    most = most > 1 ? most : 1;
    int fewest = (sequences + most - 1) / most, equal = fewest;
    while (sequences % equal)
        equal++;
    return equal <= 2 * fewest ? equal : fewest;
}

int bp_learner_microbatch(const struct bp_learner *learner, int i)
{
    int sequences = shard_sequences(learner);

    return sequences / learner->microbatches + (i < sequences % learner->microbatches);
}

/* What updates need of a role's networks. The policy's gradient passes through target networks too, to what joins late: actions and latents. */
static bool passes_back(const struct bp_learner *learner, int role, bool target)
{
    return learner->agent.net[role].late_size > 0 || (!target && rate(learner, role) > 0);
}

static int init_prepared(struct bp_learner *learner, int role)
{
    const struct bp_net *net = &learner->agent.net[role];
    struct bp_trained *trained = &learner->trained[role];
    bool bf16 = learner->config.bf16;

    if (bp_net_prepared_init(&trained->online_prepared, net, bf16, passes_back(learner, role, false)))
        return -1;
    return has_target(learner, role) ? bp_net_prepared_init(&trained->target_prepared, net, bf16, passes_back(learner, role, true)) : 0;
}

/* Cut all parameters that change into jobs; without an array yet, only count them. */
static int cut_jobs(const struct bp_learner *learner, struct bp_learner_job *job)
{
    int jobs = 0;

    for (int role = 0; role < BP_ROLES; role++)
        for (size_t from = 0, n = rate(learner, role) > 0 ? learner->trained[role].n : 0, cut; from < n; from = cut, jobs++) {
            cut = bp_net_cut(&learner->agent.net[role], from, JOB_FLOATS);
            if (job)
                job[jobs] = (struct bp_learner_job){(enum bp_role)role, from, cut - from};
        }
    return jobs;
}

static int init_jobs(struct bp_learner *learner)
{
    learner->jobs = cut_jobs(learner, NULL);
    learner->job = calloc((size_t)learner->jobs + 1, sizeof *learner->job);
    if (!learner->job)
        return bp_error(BP_FAILURE, "out of memory");
    cut_jobs(learner, learner->job);
    return 0;
}

static int init_shard(struct bp_learner *learner, struct bp_shard *shard)
{
    const struct bp_learner_config *c = &learner->config;
    const struct bp_agent *agent = &learner->agent;
    size_t batch = (size_t)bp_learner_microbatch(learner, 0), steps = (size_t)(c->burn_in + c->unroll), rows = steps * batch;
    struct bp_batch *b = &shard->batch;

    b->steps = (int)steps;
    b->burn_in = c->burn_in;
    b->batch = (int)batch;
    b->observations = floats((rows + batch) * (size_t)agent->groups.size);
    b->actions = floats(rows * (size_t)agent->action.size);
    b->log_prob = floats(rows);
    b->reward = floats(rows);
    b->nonterminal = floats(rows);
    b->mask = floats(rows);
    b->latents = floats((rows + batch) * (size_t)agent->latent.size);
    b->drawn = floats(rows + batch);
    b->episode_step = calloc(rows + batch, sizeof *b->episode_step);
    b->state = floats(batch * (size_t)learner->state_size);
    shard->noise = floats((rows + batch) * (size_t)bp_agent_noise(agent));
    shard->latent = floats(batch * (size_t)agent->latent.size);
    if (!b->observations || !b->actions || !b->log_prob || !b->reward || !b->nonterminal || !b->mask || !b->latents || !b->drawn || !b->episode_step || !b->state || !shard->noise || !shard->latent)
        return bp_error(BP_FAILURE, "out of memory");
    for (int role = 0; role < BP_ROLES; role++) {
        bool learns = learner->trained[role].m != NULL;
        shard->grad[role] = learns ? floats(learner->trained[role].n) : NULL;
        shard->states[role] = floats(batch * (size_t)agent->net[role].state_size);
        if ((learns && !shard->grad[role]) || !shard->states[role])
            return bp_error(BP_FAILURE, "out of memory");
    }
    shard->stream = bp_random_new();
    shard->tape.record = true;
    return shard->stream ? 0 : -1;
}

int bp_learner_init(struct bp_learner *learner, const struct bp_agent *agent, const struct bp_learner_config *config)
{
    *learner = (struct bp_learner){.agent = *agent, .config = *config, .state_size = bp_agent_state_size(agent)};
    if (config->batch % config->shards)
        return bp_error(BP_USAGE, "--batch %d cannot be cut into %d equal shards: --shards must divide it", config->batch, config->shards);
    if (config->bf16 && bp_bf16_missing())
        return bp_error(BP_USAGE, "--precision bf16 %s", bp_bf16_missing());
    learner->microbatches = count_microbatches(learner);
    for (int role = 0; role < BP_ROLES; role++)
        if (agent->has[role] && (init_trained(learner, role) || init_prepared(learner, role)))
            goto fail;
    learner->shards = calloc((size_t)config->shards, sizeof *learner->shards);
    learner->scratch = calloc((size_t)config->shards, sizeof *learner->scratch);
    if (!learner->shards || !learner->scratch) {
        bp_error(BP_FAILURE, "out of memory");
        goto fail;
    }
    for (int i = 0; i < config->shards; i++)
        if (init_shard(learner, &learner->shards[i]) || bp_arena_init(&learner->scratch[i].arena, TAPE_BYTES))
            goto fail;
    if (init_jobs(learner))
        goto fail;
    bp_learner_copy_targets(learner);
    return 0;
fail:
    bp_learner_free(learner);
    return -1;
}

static void free_shard(struct bp_shard *shard)
{
    struct bp_batch *b = &shard->batch;

    free(b->observations);
    free(b->actions);
    free(b->log_prob);
    free(b->reward);
    free(b->nonterminal);
    free(b->mask);
    free(b->latents);
    free(b->drawn);
    free(b->episode_step);
    free(b->state);
    free(shard->noise);
    free(shard->latent);
    for (int role = 0; role < BP_ROLES; role++) {
        free(shard->grad[role]);
        free(shard->states[role]);
    }
    if (shard->stream)
        gsl_rng_free(shard->stream);
}

void bp_learner_free(struct bp_learner *learner)
{
    for (int i = 0; learner->shards && i < learner->config.shards; i++)
        free_shard(&learner->shards[i]);
    for (int i = 0; learner->scratch && i < learner->config.shards; i++)
        bp_arena_free(&learner->scratch[i].arena);
    free(learner->shards);
    free(learner->scratch);
    free(learner->job);
    for (int role = 0; role < BP_ROLES; role++) {
        free(learner->trained[role].online);
        free(learner->trained[role].target);
        free(learner->trained[role].m);
        free(learner->trained[role].v);
        bp_net_prepared_free(&learner->trained[role].online_prepared);
        bp_net_prepared_free(&learner->trained[role].target_prepared);
    }
    *learner = (struct bp_learner){0};
}

size_t bp_learner_bytes(const struct bp_learner *learner)
{
    size_t bytes = 0;

    for (int role = 0; role < BP_ROLES; role++) {           /* online, target; m, v, a gradient of each shard; what is prepared */
        size_t targets = has_target(learner, role), arrays = 1 + targets + (rate(learner, role) > 0 ? 2 + (size_t)learner->config.shards : 0);
        if (!learner->agent.has[role])
            continue;
        bytes += learner->trained[role].n * arrays * sizeof(float);
        for (size_t target = 0; target <= targets; target++)
            bytes += bp_net_prepared_bytes(&learner->agent.net[role], learner->config.bf16, passes_back(learner, role, target));
    }
    return bytes;
}

void bp_learner_prepare(struct bp_learner *learner)
{
    for (int role = 0; role < BP_ROLES; role++) {
        const struct bp_trained *t = &learner->trained[role];
        if (!learner->agent.has[role])
            continue;
        bp_net_prepare(&learner->agent.net[role], t->online, &t->online_prepared);
        if (t->target)
            bp_net_prepare(&learner->agent.net[role], t->target, &t->target_prepared);
    }
}

void bp_learner_copy_targets(struct bp_learner *learner)
{
    for (int role = 0; role < BP_ROLES; role++)
        if (learner->trained[role].target)
            memcpy(learner->trained[role].target, learner->trained[role].online, learner->trained[role].n * sizeof(float));
    bp_learner_prepare(learner);
}

/* ---- first half of an update: what shards use ---- */

struct bp_net_use bp_shard_use(const struct bp_learner *learner, const struct bp_shard *shard, enum bp_role role, bool target)
{
    const struct bp_trained *t = &learner->trained[role];

    if (target)
        return (struct bp_net_use){&learner->agent.net[role], t->target, NULL, t->target_prepared};
    return (struct bp_net_use){&learner->agent.net[role], t->online, rate(learner, role) > 0 ? shard->grad[role] : NULL,
                               t->online_prepared};
}

void bp_shard_borrow(const struct bp_learner *learner, struct bp_shard *shard)
{
    if (!shard->borrowed || atomic_exchange(&shard->borrowed->lent, true)) {
        shard->borrowed = learner->scratch;
        while (atomic_exchange(&shard->borrowed->lent, true))
            shard->borrowed++;
    }
    shard->tape.arena = shard->borrowed->arena;
}

void bp_shard_end(struct bp_shard *shard)
{
    shard->borrowed->arena = shard->tape.arena;
    atomic_store(&shard->borrowed->lent, false);
}

void bp_shard_begin(const struct bp_learner *learner, struct bp_shard *shard)
{
    bp_shard_borrow(learner, shard);
    shard->stats = (struct bp_update_stats){0};
    for (int role = 0; role < BP_ROLES; role++) {
        if (shard->grad[role])
            memset(shard->grad[role], 0, learner->trained[role].n * sizeof *shard->grad[role]);
        shard->use[role] = bp_shard_use(learner, shard, (enum bp_role)role, false);
        shard->use_target[role] = bp_shard_use(learner, shard, (enum bp_role)role, true);
    }
}

/* ---- second half of an update ---- */

int bp_learner_jobs(const struct bp_learner *learner)
{
    return learner->jobs;
}

/* The share of the learning rates at this update. */
static double rate_share(const struct bp_learner *learner)
{
    const struct bp_learner_config *c = &learner->config;
    double done = learner->updates < c->planned ? (double)learner->updates / (double)c->planned : 1;

    return done <= c->learning_rate_hold ? 1 : 1 - (1 - c->final_learning_rate) * (done - c->learning_rate_hold) / (1 - c->learning_rate_hold);
}

/*
 * The shards' gradients of n parameters from `from` on, summed in the shards' order. They are only read: what one thread writes, the other's
 * processor has to fetch anew.
 */
static void sum_shards(const struct bp_learner *learner, enum bp_role role, size_t from, size_t n, float *restrict sum)
{
    memcpy(sum, learner->shards[0].grad[role] + from, n * sizeof *sum);
    for (int i = 1; i < learner->config.shards; i++) {
        const float *restrict part = learner->shards[i].grad[role] + from;
#pragma omp simd
        for (size_t j = 0; j < n; j++)
            sum[j] += part[j];
    }
}

/* Adam's step over n parameters from `from` on, a piece at a time that stays in the first cache. */
static void step_range(struct bp_learner *learner, enum bp_role role, size_t from, size_t n)
{
    enum { PIECE = 1024 };
    struct bp_trained *trained = &learner->trained[role];
    struct bp_adam adam = bp_adam_default;
    float sum[PIECE];

    adam.rate = rate(learner, role) * rate_share(learner);
    for (size_t end = from + n, count; from < end; from += count) {
        count = end - from < PIECE ? end - from : PIECE;
        sum_shards(learner, role, from, count, sum);
        bp_adam_step(&adam, learner->updates + 1, trained->online + from, sum, trained->m + from, trained->v + from, count);
    }
}

void bp_learner_apply(struct bp_learner *learner, int i)
{
    const struct bp_learner_job *job = &learner->job[i];
    const struct bp_net *net = &learner->agent.net[job->role];
    struct bp_trained *t = &learner->trained[job->role];

    step_range(learner, job->role, job->from, job->count);
    bp_net_prepare_range(net, t->online, &t->online_prepared, job->from, job->count);
    if (t->target && (learner->updates + 1) % learner->config.target_period == 0) {
        memcpy(t->target + job->from, t->online + job->from, job->count * sizeof *t->target);
        bp_net_prepare_range(net, t->target, &t->target_prepared, job->from, job->count);
    }
}

void bp_learner_finish(struct bp_learner *learner, struct bp_update_stats *stats)
{
    for (int i = 0; i < learner->config.shards; i++) {
        const struct bp_update_stats *part = &learner->shards[i].stats;
        stats->transitions += part->transitions;
        for (int j = 0; j < BP_METRICS; j++)
            stats->sum[j] += part->sum[j];
    }
    stats->updates++;
    learner->updates++;
}

int bp_learner_tensors(struct bp_learner *learner, struct bp_tensor *tensors)
{
    int count = 0;

    for (int role = 0; role < BP_ROLES; role++) {
        struct bp_trained *t = &learner->trained[role];
        struct { const char *name; float *data; } part[] = {{"online", t->online}, {"target", t->target}, {"m", t->m}, {"v", t->v}};
        for (int i = 0; t->n && i < 4; i++) {
            char name[BP_TENSOR_NAME];
            if (!part[i].data)
                continue;
            snprintf(name, sizeof name, "learner/%s/%s", bp_roles[role].name, part[i].name);
            tensors[count++] = bp_tensor_1d(name, BP_F32, (int64_t)t->n, part[i].data);
        }
    }
    tensors[count++] = bp_tensor_1d("learner/updates", BP_I64, 1, &learner->updates);
    return count;
}

/* Adam divides by the root of v. */
static bool can_learn(const struct bp_trained *trained)
{
    bool can = true;

    for (size_t i = 0; i < trained->n; i++)
        can &= isfinite(trained->online[i]) != 0;
    for (size_t i = 0; trained->target && i < trained->n; i++)
        can &= isfinite(trained->target[i]) != 0;
    for (size_t i = 0; trained->m && i < trained->n; i++)
        can &= isfinite(trained->m[i]) && isfinite(trained->v[i]) && trained->v[i] >= 0;
    return can;
}

int bp_learner_check(const struct bp_learner *learner, const char *where)
{
    if (learner->updates < 0)
        return bp_error(BP_DAMAGED, "%s: a count of updates below 0", where);
    for (int role = 0; role < BP_ROLES; role++)
        if (!can_learn(&learner->trained[role]))
            return bp_error(BP_DAMAGED, "%s: the %s has parameters or moments that make no sense", where, bp_roles[role].title);
    return 0;
}

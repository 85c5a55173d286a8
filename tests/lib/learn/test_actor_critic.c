/*
 * Updates of the actor-critic: gradients against differences of its losses, computed here from the equations, with what is to be held fixed held
 * fixed: V-trace's targets and weights (a sum in double), the prior in the policy's loss, the policy in the prior's.
 */
#include "learn/actor_critic.h"

#include "differences.h"
#include "tiny.h"

struct setting {
    const char *name, *prior, *prior_high;      /* prior_high NULL: flat */
    bool choices;                               /* actions are */
    int period;
    bool stored_state;
    bool frozen[BP_ROLES];
};

enum { Z = 3, MOST_PARAMETERS = 1024, TAPE = 1 << 20 };

static struct bp_agent agent_of(const struct setting *s)
{
    const char *head = s->choices ? "categorical" : "softplus";
    const struct bp_net_choice choice[BP_ROLES] = {
        [BP_POLICY] = {"mlp", "4,3", s->prior_high ? "shared" : "*", head, NULL},
        [BP_PRIOR] = {s->prior, "3,4", "shared", head, NULL},
        [BP_VALUE] = {"mlp", "4,3", "*", NULL, NULL},
        [BP_POLICY_HIGH] = {"mlp", "4", "*", "softplus", NULL},
        [BP_PRIOR_HIGH] = {s->prior_high, "4", "shared", "bounded", NULL},
    };
    const struct bp_latent_choice latent = {s->prior_high ? Z : 0, s->period, 0.9};
    struct bp_groups groups = {0};
    struct bp_agent agent;

    bp_groups_add(&groups, "shared", 3);
    bp_groups_add(&groups, "secret", 2);
    assert_int_equal(bp_agent_init(&agent, &groups, s->choices ? bp_discrete(TINY_A) : bp_continuous(TINY_A), choice, &latent), 0);
    return agent;
}

/* ---- the losses once more ---- */

struct again {
    const struct bp_learner *learner;
    struct bp_net_use use[BP_ROLES];
    struct bp_tape kept, tape;              /* of what is held fixed; of what moves */
    struct bp_path pi, pi0;                 /* held fixed; pi0 without levels: no prior */
    double v[256], weight[256];             /* V-trace's targets, rho times advantages */
    double traces;
};

static struct bp_scene scene_of(struct again *a, struct bp_tape *tape)
{
    const struct bp_shard *shard = &a->learner->shards[0];
    bool stored = a->learner->config.stored_state;

    return (struct bp_scene){.tape = tape, .groups = &a->learner->agent.groups, .use = a->use, .observations = shard->batch.observations,
                             .steps = shard->batch.steps + 1, .batch = shard->batch.batch, .episode_step = shard->batch.episode_step,
                             .latent = stored ? shard->latent : NULL};
}

static struct bp_path behave(struct again *a, struct bp_tape *tape)
{
    struct bp_scene scene = scene_of(a, tape);

    return bp_behave(&scene, &a->learner->agent.behaviour[BP_POLICY], a->learner->shards[0].noise);
}

static struct bp_path score(struct again *a, struct bp_tape *tape)
{
    struct bp_scene scene = scene_of(a, tape);

    return bp_score(&scene, &a->learner->agent.behaviour[BP_PRIOR], &a->pi);
}

static const float *values(struct again *a, struct bp_tape *tape)
{
    struct bp_scene scene = scene_of(a, tape);
    struct bp_var *late[] = {a->pi.levels > 1 ? a->pi.level[0].y : NULL};
    struct bp_var *x = bp_agent_inputs(tape, &a->learner->agent, BP_VALUE, scene.observations, scene.steps * scene.batch);
    struct bp_sequences sequences = {.steps = scene.steps, .batch = scene.batch, .episode_step = scene.episode_step};

    return bp_net_output(tape, a->use[BP_VALUE], bp_net_features(tape, a->use[BP_VALUE], x, &sequences), late)->value;
}

static struct bp_var *log_prob(struct again *a, struct bp_tape *tape, const struct bp_path *pi)
{
    const struct bp_batch *b = &a->learner->shards[0].batch;
    struct bp_distribution p = bp_distribution_slice_rows(tape, pi->level[pi->levels - 1].p, 0, b->steps * b->batch);

    return p.family->log_prob(tape, p, bp_constant(tape, b->steps * b->batch, TINY_A, b->actions));
}

/* KL of a row: level by level, the latent's only where it was drawn. */
static const float *kl_of(struct bp_tape *tape, const struct bp_path *p, const struct bp_path *q)
{
    return q->levels ? bp_path_kl(tape, p, q).sum->value : NULL;
}

/* V-trace by its sum, in double, of everything that was drawn (EH eq. 21 and 22). */
static void trace(struct again *a)
{
    const struct bp_learner_config *c = &a->learner->config;
    const struct bp_batch *b = &a->learner->shards[0].batch;
    const float *value = values(a, &a->kept), *kl = kl_of(&a->kept, &a->pi, &a->pi0), *log_p = log_prob(a, &a->kept, &a->pi)->value;
    double rho[256], trace_of[256], next_value[256], v[256];
    int rows = b->steps * b->batch;

    a->traces = 0;
    for (int i = 0; i < rows; i++) {
        double ratio = exp((double)log_p[i] - (double)b->log_prob[i]), mask = (double)b->mask[i];
        rho[i] = mask * fmin(ratio, c->vtrace_rho);
        trace_of[i] = mask * fmin(ratio, c->vtrace_c);
        next_value[i] = (double)value[i + b->batch] - (kl ? c->reward_scale * c->kl_cost * (double)kl[i + b->batch] : 0);
        a->traces += trace_of[i];
    }
    for (int i = 0; i < rows + b->batch; i++) {
        double weight = 1;
        v[i] = (double)value[i];
        for (int s = i; s < rows; s += b->batch) {
            double gamma = c->discount * (double)b->nonterminal[s];
            v[i] += weight * rho[s] * (c->reward_scale * (double)b->reward[s] + gamma * next_value[s] - (double)value[s]);
            weight *= gamma * trace_of[s];
        }
    }
    for (int i = 0; i < rows; i++) {
        double gamma = c->discount * (double)b->nonterminal[i], paid = (double)value[i + b->batch] - next_value[i];
        a->v[i] = v[i];
        a->weight[i] = rho[i] * (c->reward_scale * (double)b->reward[i] + gamma * (v[i + b->batch] - paid) - (double)value[i]);
    }
}

/* Of the parameters as they are now, what is held fixed. */
static void hold(struct again *a, const struct bp_learner *learner)
{
    *a = (struct again){.learner = learner};
    for (int role = 0; role < BP_ROLES; role++)
        if (learner->agent.has[role])
            a->use[role] = (struct bp_net_use){.net = &learner->agent.net[role], .params = learner->trained[role].online};
    assert_int_equal(bp_tape_init(&a->kept, TAPE, false), 0);
    assert_int_equal(bp_tape_init(&a->tape, TAPE, false), 0);
    a->pi = behave(a, &a->kept);
    if (learner->agent.behaviour[BP_PRIOR].levels)
        a->pi0 = score(a, &a->kept);
    trace(a);
}

static double mean_of(const struct again *a)
{
    return 1 / ((double)a->learner->config.unroll * (double)a->learner->config.batch);
}

/* A loss of the parameters as they are now; what it holds fixed is as it was. */
static double policy_loss(struct again *a)
{
    const struct bp_learner_config *c = &a->learner->config;
    const struct bp_batch *b = &a->learner->shards[0].batch;
    struct bp_path pi = behave(a, &a->tape);
    const struct bp_distribution *p = &pi.level[pi.levels - 1].p;
    const float *kl = kl_of(&a->tape, &pi, &a->pi0), *entropy = p->family->entropy(&a->tape, *p)->value, *log_p = log_prob(a, &a->tape, &pi)->value;
    double sum = 0;

    for (int i = 0; i < b->steps * b->batch; i++)
        sum += -a->weight[i] * (double)log_p[i] +
               (double)b->mask[i] * c->reward_scale * ((kl ? c->kl_cost * (double)kl[i] : 0) - c->entropy_cost * (double)entropy[i]);
    return sum * mean_of(a);
}

static double prior_loss(struct again *a)
{
    const struct bp_batch *b = &a->learner->shards[0].batch;
    struct bp_path pi0 = score(a, &a->tape);
    const float *kl = kl_of(&a->tape, &a->pi, &pi0);
    double sum = 0;

    for (int i = 0; i < b->steps * b->batch; i++)
        sum += (double)b->mask[i] * (double)kl[i];
    return sum * mean_of(a);
}

static double critic_loss(struct again *a)
{
    const struct bp_batch *b = &a->learner->shards[0].batch;
    const float *value = values(a, &a->tape);
    double sum = 0;

    for (int i = 0; i < b->steps * b->batch; i++)
        sum += (double)b->mask[i] * pow((double)value[i] - a->v[i], 2);
    return sum * mean_of(a);
}

static double (*const loss[BP_PARTS])(struct again *) = {
    [BP_PART_POLICY] = policy_loss, [BP_PART_PRIOR] = prior_loss, [BP_PART_CRITIC] = critic_loss,
};

/* ---- the tests ---- */

static void check_losses(struct again *a, const struct bp_update_stats *stats)
{
    static const int told[BP_PARTS] = {
        [BP_PART_POLICY] = BP_ACTOR_CRITIC_POLICY_LOSS, [BP_PART_PRIOR] = BP_ACTOR_CRITIC_PRIOR_LOSS, [BP_PART_CRITIC] = BP_ACTOR_CRITIC_CRITIC_LOSS,
    };

    for (int part = 0; part < BP_PARTS; part++)
        if (loss[part] && (part != BP_PART_PRIOR || a->pi0.levels))
            assert_close(stats->sum[told[part]], loss[part](a), 1e-5 * (1 + fabs(loss[part](a))));
    assert_close(stats->sum[BP_ACTOR_CRITIC_TRACE], a->traces, 1e-4 * a->traces);
}

static double loss_of(void *of, enum bp_part part)
{
    struct again *a = of;

    bp_tape_reset(&a->tape);
    return loss[part](a);
}

static struct bp_learner learner_of(const struct setting *s, uint64_t seed)
{
    struct bp_agent agent = agent_of(s);
    struct bp_learner_config config = tiny_config();
    struct bp_learner learner;

    config.algorithm = &bp_actor_critic;
    config.vtrace_rho = 1.3;
    config.vtrace_c = 0.8;
    config.seed = seed;
    config.stored_state = s->stored_state;
    memcpy(config.frozen, s->frozen, sizeof config.frozen);
    assert_int_equal(bp_learner_init(&learner, &agent, &config), 0);
    assert_int_equal(learner.microbatches, 1);
    tiny_parameters(&learner);
    return learner;
}

static void gradients(void **state)
{
    static const struct setting settings[] = {
        {"flat, without a prior", "none", NULL, true, 1, false, {false}},
        {"flat choices", "mlp", NULL, true, 1, false, {false}},
        {"flat numbers", "mlp", NULL, false, 1, false, {false}},
        {"isotropic", "mlp", "isotropic", true, 1, false, {false}},
        {"AR(1), held for three steps", "mlp", "ar1", true, 3, true, {false}},
        {"learned AR, shared low level", "shared", "learned-ar", true, 2, true, {false}},
        {"numbers under an MLP", "mlp", "mlp", false, 2, false, {false}},
        {"under frozen high levels", "shared", "learned-ar", true, 2, true, {[BP_POLICY_HIGH] = true, [BP_PRIOR_HIGH] = true}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        const struct setting *s = &settings[i];
        struct bp_learner learner = learner_of(s, 30 + i);
        struct bp_replay *replay = tiny_replay(&learner);
        struct bp_update_stats stats = first_shard(&learner, replay);
        struct again a;
        hold(&a, &learner);
        check_losses(&a, &stats);
        for (int role = 0; role < BP_ROLES; role++)
            if (learner.agent.has[role] && !s->frozen[role])
                check_gradient(s->name, &learner, (enum bp_role)role, loss_of, &a);
        bp_tape_free(&a.kept);
        bp_tape_free(&a.tape);
        bp_replay_free(replay);
        bp_learner_free(&learner);
    }
}

/*
 * Body transfer: between frozen high levels the KL of the step after is a reward, which moves values and the new low level; its own gradient
 * reaches nobody.
 */
static void a_frozen_kl_is_a_reward(void **state)
{
    const struct setting body = {"", "shared", "learned-ar", true, 2, true, {[BP_POLICY_HIGH] = true, [BP_PRIOR_HIGH] = true}};
    static float low[2][MOST_PARAMETERS];
    float values_of[2];

    (void)state;
    for (int paid = 0; paid < 2; paid++) {
        struct bp_learner learner = learner_of(&body, 7);
        struct bp_replay *replay = tiny_replay(&learner);
        const struct bp_net *value = &learner.agent.net[BP_VALUE];
        learner.config.kl_cost = paid ? 0.3 : 0;
        learner.config.learning_rate[BP_PART_PRIOR] = 0;
        struct bp_update_stats stats = first_shard(&learner, replay);
        assert_true(stats.sum[BP_ACTOR_CRITIC_KL_PRIOR] > 0 && stats.sum[BP_ACTOR_CRITIC_KL_PRIOR] == stats.sum[BP_ACTOR_CRITIC_KL_PRIOR_HIGH]);
        assert_null(learner.shards[0].grad[BP_POLICY_HIGH]);
        memcpy(low[paid], learner.shards[0].grad[BP_POLICY], learner.trained[BP_POLICY].n * sizeof(float));
        values_of[paid] = learner.shards[0].grad[BP_VALUE][value->layer[value->layers - 1].b];       /* of the mean of V - v */
        bp_replay_free(replay);
        bp_learner_free(&learner);
    }
    assert_true(values_of[1] > values_of[0] + 1e-3f);        /* lower targets */
    assert_memory_not_equal(low[0], low[1], 16 * sizeof(float));
}

/* An actor-critic has V in place of Q, and no target networks. */
static void what_it_is_made_of(void **state)
{
    const struct setting flat = {"", "mlp", NULL, true, 1, false, {false}};
    struct bp_learner learner = learner_of(&flat, 1);

    (void)state;
    assert_true(learner.agent.has[BP_VALUE] && !learner.agent.has[BP_CRITIC] && learner.agent.net[BP_VALUE].late_size == 0);
    for (int role = 0; role < BP_ROLES; role++)
        assert_null(learner.trained[role].target);
    bp_learner_free(&learner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients),
        cmocka_unit_test(a_frozen_kl_is_a_reward),
        cmocka_unit_test(what_it_is_made_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

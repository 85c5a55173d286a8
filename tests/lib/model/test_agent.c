#include "model/agent.h"

#include "../base/check.h"
#include "flat.h"
#include "../store/support.h"

static struct bp_groups observation(void)
{
    struct bp_groups all = {0};

    bp_groups_add(&all, "global", 4);
    bp_groups_add(&all, "targets", 8);
    bp_groups_add(&all, "goal", 3);
    return all;
}

enum { O = 15, A = 2, STEPS = 3, BATCH = 4, ROWS = STEPS * BATCH };

static struct bp_agent agent_of(struct bp_net_choice policy, struct bp_net_choice prior, struct bp_net_choice critic)
{
    const struct bp_net_choice choice[BP_ROLES] = {policy, prior, critic, critic};
    struct bp_groups groups = observation();
    struct bp_agent agent;

    assert_int_equal(bp_agent_init(&agent, &groups, bp_continuous(A), choice, NULL), 0);
    return agent;
}

/* ---- making agents ---- */

static void roles(void **state)
{
    struct bp_agent agent = agent_of((struct bp_net_choice){"mlp", "6", "*", "bounded", NULL}, (struct bp_net_choice){"lstm", "6,5", "targets", "softplus", NULL},
                                     (struct bp_net_choice){"lstm", "7", "*", NULL, NULL});

    (void)state;
    assert_true(agent.has[BP_POLICY] && agent.has[BP_PRIOR] && agent.has[BP_CRITIC]);
    for (int role = 0; role <= BP_CRITIC_2; role++)
        assert_string_equal(agent.net[role].spec.name, bp_roles[role].name);
    assert_false(agent.has[BP_POLICY_HIGH] || agent.has[BP_PRIOR_HIGH]);
    assert_int_equal(agent.net[BP_POLICY].spec.output_size, 2 * A);
    assert_int_equal(agent.net[BP_PRIOR].spec.output_size, 2 * A);
    assert_int_equal(agent.net[BP_CRITIC].spec.output_size, 1);
    assert_int_equal(agent.net[BP_CRITIC_2].parameters, agent.net[BP_CRITIC].parameters);
    assert_int_equal(agent.net[BP_POLICY].late_size, 0);
    assert_int_equal(agent.net[BP_CRITIC].late_size, A);
    assert_int_equal(agent.net[BP_PRIOR].spec.inputs.size, 8);
    assert_string_equal(bp_agent_family(&agent, BP_POLICY)->name, "bounded");
    assert_string_equal(bp_agent_family(&agent, BP_PRIOR)->name, "softplus");
    assert_null(bp_agent_family(&agent, BP_CRITIC));
    assert_true(agent.behaviour[BP_POLICY].levels == 1 && agent.behaviour[BP_PRIOR].levels == 1);
}

/* "none" or no kind leaves a network out: the baseline has no prior, a distilled checkpoint nothing else. */
static void networks_can_be_left_out(void **state)
{
    struct bp_net_choice nothing = {0}, none = {"none", "6", "*", "bounded", NULL};
    struct bp_agent agent = agent_of((struct bp_net_choice){"mlp", "6", "*", "bounded", NULL}, none, (struct bp_net_choice){"mlp", "6", "*", NULL, NULL});

    (void)state;
    assert_true(agent.has[BP_POLICY] && !agent.has[BP_PRIOR] && agent.has[BP_CRITIC]);
    assert_int_equal(agent.net[BP_PRIOR].parameters, 0);
    agent = agent_of(nothing, (struct bp_net_choice){"linear", "64,64", "goal", "bounded", NULL}, nothing);     /* linear has no use for layers */
    assert_true(!agent.has[BP_POLICY] && agent.has[BP_PRIOR] && !agent.has[BP_CRITIC]);
    assert_int_equal(agent.net[BP_PRIOR].parameters, 3 * 4 + 4);
}

static void refused(struct bp_net_choice policy, const char *part)
{
    const struct bp_net_choice choice[BP_ROLES] = {policy};
    struct bp_groups groups = observation();
    struct bp_agent agent;

    capture_begin();
    int status = bp_agent_init(&agent, &groups, bp_continuous(A), choice, NULL);
    const char *said = capture_take();
    capture_end();
    assert_int_equal(status, -1);
    assert_said(said, part);
}

static void bad_choices_are_refused(void **state)
{
    (void)state;
    refused((struct bp_net_choice){"mlp", "6", "*", "wide", NULL}, "'wide'");
    refused((struct bp_net_choice){"cnn", "6", "*", "bounded", NULL}, "'cnn'");
    refused((struct bp_net_choice){"mlp", "six", "*", "bounded", NULL}, "'six'");
    refused((struct bp_net_choice){"mlp", "6", "proprio", "bounded", NULL}, "'proprio'");
    refused((struct bp_net_choice){"mlp", "6", "?proprio", "bounded", NULL}, "no observation group");
    refused((struct bp_net_choice){"mlp", "", "*", "bounded", NULL}, "hidden layers");
}

/* A head is of one kind of space. */
static void heads_fit_their_space(void **state)
{
    const struct bp_net_choice choice[BP_ROLES] = {{"mlp", "6", "*", "bounded", NULL}};
    struct bp_groups groups = observation();
    struct bp_agent agent;

    (void)state;
    capture_begin();
    int status = bp_agent_init(&agent, &groups, bp_discrete(A), choice, NULL);
    const char *said = capture_take();
    capture_end();
    assert_int_equal(status, -1);
    assert_said(said, "the policy's head 'bounded' draws what is continuous, but here are 2 discrete choices; heads for these: categorical");
}

/* What a family's outputs start with is in the output layer's biases, and nothing else differs from what the network starts with. */
static void families_start(void **state)
{
    const struct bp_net_choice choice[BP_ROLES] = {{"mlp", "6", "*", "bounded", NULL}, {"mlp", "6", "*", "mixture", NULL}};
    struct bp_groups groups = observation();
    gsl_rng *stream = bp_random_new();
    static float plain[2048], started[2048];
    struct bp_agent agent;

    (void)state;
    assert_int_equal(bp_agent_init(&agent, &groups, bp_continuous(A), choice, NULL), 0);
    for (int role = BP_POLICY; role <= BP_PRIOR; role++) {
        const struct bp_net *net = &agent.net[role];
        int differ = 0, outputs = net->spec.output_size;
        assert_true(net->parameters < 2048);
        bp_random_seek(stream, 9, BP_FOR_TEST, 0, 0);
        bp_net_randomise(net, plain, stream);
        bp_random_seek(stream, 9, BP_FOR_TEST, 0, 0);
        bp_agent_randomise(&agent, (enum bp_role)role, started, stream);
        for (int i = 0; i < (int)net->parameters; i++)
            differ += plain[i] != started[i];
        assert_int_equal(differ, role == BP_PRIOR ? 8 * A : 0);
        assert_true(role == BP_POLICY || started[(int)net->parameters - outputs + 8] != 0);
    }
    gsl_rng_free(stream);
}

/* ---- seeing ---- */

static float rows[ROWS * O], params[4096];

static int draw(void **state)
{
    (void)state;
    fill_normal(rows, ROWS * O, 51);
    fill_normal(params, 4096, 52);
    return 0;
}

static struct bp_gaussian look(struct bp_tape *tape, const struct bp_agent *agent, const float *x)
{
    return flat_gaussian(tape, agent, BP_PRIOR, params, x, STEPS, BATCH);
}

/* Information asymmetry: what a network does not see changes no bit of what it says, and what it sees does. */
static void masks(void **state)
{
    static const char *const kinds[][2] = {{"mlp", "6,5"}, {"lstm", "6,5"}, {"linear", ""}};
    struct bp_net_choice nothing = {0};
    static float changed[ROWS * O];
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 20, false), 0);
    for (int i = 0; i < 3; i++) {
        struct bp_agent agent = agent_of(nothing, (struct bp_net_choice){kinds[i][0], kinds[i][1], "global,goal", "bounded", NULL}, nothing);
        bp_tape_reset(&tape);
        struct bp_gaussian before = look(&tape, &agent, rows);
        for (int group = 0; group < 3; group++) {
            const struct bp_group *g = &agent.groups.group[group];
            memcpy(changed, rows, sizeof changed);
            for (int row = 0; row < ROWS; row++)
                for (int j = 0; j < g->size; j++)
                    changed[row * O + g->offset + j] += 1;
            struct bp_gaussian after = look(&tape, &agent, changed);
            bool seen = group != 1;
            assert_int_equal(seen, memcmp(before.mean->value, after.mean->value, ROWS * A * sizeof(float)) != 0);
            assert_int_equal(seen, memcmp(before.scale->value, after.scale->value, ROWS * A * sizeof(float)) != 0);
        }
    }
    bp_tape_free(&tape);
}

static void seeing_gathers(void **state)
{
    struct bp_net_choice nothing = {0};
    struct bp_agent some = agent_of(nothing, (struct bp_net_choice){"linear", "", "global,goal", "bounded", NULL}, nothing);
    struct bp_agent all = agent_of(nothing, (struct bp_net_choice){"linear", "", "*", "bounded", NULL}, nothing);
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 20, true), 0);
    struct bp_var *x = bp_agent_inputs(&tape, &some, BP_PRIOR, rows, ROWS), *y = bp_agent_inputs(&tape, &all, BP_PRIOR, rows, ROWS);
    assert_true(x->rows == ROWS && x->cols == 7 && !x->grad);
    for (int row = 0; row < ROWS; row++)
        for (int j = 0; j < 7; j++)
            assert_true(x->value[row * 7 + j] == rows[row * O + (j < 4 ? j : 8 + j)]);
    assert_true(y->cols == O);
    assert_memory_equal(y->value, rows, sizeof rows);
    bp_tape_free(&tape);
}

/* Groups go by name: an agent that sees all, put before rows in which the same groups stand in another order, sees the same. */
static void another_order_of_groups(void **state)
{
    struct bp_net_choice nothing = {0};
    struct bp_agent agent = agent_of(nothing, (struct bp_net_choice){"mlp", "6,5", "*", "bounded", NULL}, nothing), other = agent;
    static float turned[ROWS * O];
    struct bp_tape tape;

    (void)state;
    other.groups = (struct bp_groups){0};
    for (int i = 2; i >= 0; i--)
        bp_groups_add(&other.groups, agent.groups.group[i].name, agent.groups.group[i].size);
    for (int i = 0; i < 3; i++) {
        struct bp_group *group = &other.net[BP_PRIOR].spec.inputs.group[i];
        group->offset = bp_groups_find(&other.groups, group->name)->offset;
        for (int row = 0; row < ROWS; row++)
            memcpy(turned + row * O + group->offset, rows + row * O + agent.groups.group[i].offset, (size_t)group->size * sizeof(float));
    }
    assert_int_equal(bp_tape_init(&tape, 1 << 20, false), 0);
    struct bp_gaussian a = look(&tape, &agent, rows), b = look(&tape, &other, turned);
    assert_memory_equal(a.mean->value, b.mean->value, ROWS * A * sizeof(float));
    bp_tape_free(&tape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles),
        cmocka_unit_test(networks_can_be_left_out),
        cmocka_unit_test(bad_choices_are_refused),
        cmocka_unit_test(heads_fit_their_space),
        cmocka_unit_test(families_start),
        cmocka_unit_test(masks),
        cmocka_unit_test(seeing_gathers),
        cmocka_unit_test(another_order_of_groups),
    };

    return cmocka_run_group_tests(tests, draw, NULL);
}

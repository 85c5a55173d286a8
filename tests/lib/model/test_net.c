#include "model/net.h"

#include "../nn/gradient_check.h"
#include "../store/support.h"
#include "naive_net.h"

/* ---- making networks ---- */

static struct bp_groups groups_of(const char *names)
{
    struct bp_groups all = {0}, seen;

    bp_groups_add(&all, "global", 4);
    bp_groups_add(&all, "targets", 8);
    bp_groups_add(&all, "goal", 3);
    assert_int_equal(bp_groups_select(&all, names, &seen), 0);
    return seen;
}

static struct bp_net_spec spec_of(const char *name, const char *kind, const char *hidden, const char *inputs, int action, int output)
{
    struct bp_net_spec spec = {.inputs = groups_of(inputs), .late = {{"action", action}}, .late_count = action > 0, .output_size = output};

    snprintf(spec.name, sizeof spec.name, "%s", name);
    snprintf(spec.kind, sizeof spec.kind, "%s", kind);
    assert_int_equal(bp_net_hidden(hidden, &spec), 0);
    return spec;
}

static struct bp_net encoded_net(const char *name, const char *kind, const char *hidden, const char *inputs, int action, int output,
                                 const char *encoders)
{
    struct bp_net_spec spec = spec_of(name, kind, hidden, inputs, action, output);
    struct bp_net net;

    assert_int_equal(bp_net_encoders(encoders, &spec), 0);
    assert_int_equal(bp_net_init(&net, &spec), 0);
    return net;
}

static struct bp_net net_of(const char *name, const char *kind, const char *hidden, const char *inputs, int action, int output)
{
    struct bp_net_spec spec = spec_of(name, kind, hidden, inputs, action, output);
    struct bp_net net;

    assert_int_equal(bp_net_init(&net, &spec), 0);
    return net;
}

static void randomise(const struct bp_net *net, float *params, uint64_t seed)
{
    gsl_rng *stream = bp_random_new();

    bp_random_seek(stream, seed, BP_FOR_TEST, 0, 0);
    bp_net_randomise(net, params, stream);
    gsl_rng_free(stream);
}

/* Networks of every kind and shape that a policy, a prior or a critic may have. */
static const struct { const char *kind, *hidden; int action, output; } shapes[] = {
    {"mlp", "5", 0, 4}, {"mlp", "6,5,3", 0, 4}, {"lstm", "5", 0, 4}, {"lstm", "6,5", 0, 4}, {"lstm", "7,6,5", 0, 2}, {"linear", "", 0, 4},
    {"mlp", "6,5", 2, 1}, {"lstm", "6", 2, 1}, {"lstm", "6,5", 2, 1}, {"lstm", "6,5,3", 2, 1}, {"linear", "", 2, 1},
};
enum { SHAPES = sizeof shapes / sizeof *shapes, PARAMS = 4096 };

static struct bp_net shape_net(size_t i)
{
    return net_of(shapes[i].action ? "critic" : "policy", shapes[i].kind, shapes[i].hidden, "*", shapes[i].action, shapes[i].output);
}

/* ---- layout ---- */

/* Parameters by hand: weights, biases, for an LSTM four of each and the recurrent ones, the action's weights where it joins. */
static void sizes_by_hand(void **state)
{
    struct bp_net net = net_of("policy", "mlp", "64,32", "*", 0, 4);

    (void)state;
    assert_int_equal(net.parameters, 15 * 64 + 64 + 64 * 32 + 32 + 32 * 4 + 4);
    assert_int_equal(net.state_size, 0);
    net = net_of("prior", "lstm", "64,32", "global,targets", 0, 4);
    assert_int_equal(net.parameters, 12 * 64 + 64 + 4 * (64 * 32 + 32 * 32 + 32) + 32 * 4 + 4);
    assert_int_equal(net.state_size, 2 * 32);
    net = net_of("prior", "linear", "", "goal", 0, 4);
    assert_int_equal(net.parameters, 3 * 4 + 4);
    net = net_of("critic", "mlp", "64,32", "*", 2, 1);
    assert_int_equal(net.parameters, (15 + 2) * 64 + 64 + 64 * 32 + 32 + 32 + 1);
    net = net_of("critic", "lstm", "64,32", "*", 2, 1);
    assert_int_equal(net.parameters, 4 * (15 * 64 + 64 * 64 + 64) + (64 + 2) * 32 + 32 + 32 + 1);
    assert_int_equal(net.state_size, 2 * 64);
}

static void tensor_is(const struct bp_tensor *tensor, const char *name, int rank, int rows, int cols)
{
    assert_string_equal(tensor->name, name);
    assert_int_equal(tensor->rank, rank);
    assert_int_equal(tensor->shape[0], rows);
    if (rank > 1)
        assert_int_equal(tensor->shape[1], cols);
    assert_int_equal(tensor->dtype, BP_F32);
}

/* The names are part of the checkpoint's format. */
static void tensors_have_names(void **state)
{
    static float params[PARAMS];
    struct bp_tensor t[BP_NET_TENSORS];
    struct bp_net net = net_of("prior", "lstm", "6,5", "targets", 0, 4);

    (void)state;
    assert_int_equal(bp_net_tensors(&net, params, t), 7);
    tensor_is(&t[0], "prior/0/weight", 2, 8, 6);
    tensor_is(&t[1], "prior/0/bias", 1, 6, 0);
    tensor_is(&t[2], "prior/1/weight", 2, 6, 20);
    tensor_is(&t[3], "prior/1/recurrent", 2, 5, 20);
    tensor_is(&t[4], "prior/1/bias", 1, 20, 0);
    tensor_is(&t[5], "prior/2/weight", 2, 5, 4);
    tensor_is(&t[6], "prior/2/bias", 1, 4, 0);
    net = net_of("critic", "lstm", "6,5", "*", 2, 1);
    assert_int_equal(bp_net_tensors(&net, params, t), 8);
    tensor_is(&t[1], "critic/0/recurrent", 2, 6, 24);
    tensor_is(&t[5], "critic/1/action", 2, 2, 5);
    net = net_of("critic", "mlp", "6,5", "*", 2, 1);
    assert_int_equal(bp_net_tensors(&net, params, t), 7);
    tensor_is(&t[2], "critic/0/action", 2, 2, 6);
}

/* Every parameter is in exactly one tensor: what is saved by name is all there is. */
static void tensors_tile_the_parameters(void **state)
{
    static float params[PARAMS];

    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        struct bp_net net = shape_net(i);
        struct bp_tensor tensors[BP_NET_TENSORS];
        int count = bp_net_tensors(&net, params, tensors);
        assert_true(net.parameters < PARAMS);
        memset(params, 0, sizeof params);
        for (int t = 0; t < count; t++)
            for (size_t j = 0; j < bp_tensor_count(&tensors[t]); j++)
                ((float *)tensors[t].data)[j]++;
        for (size_t j = 0; j < PARAMS; j++)
            assert_true(params[j] == (j < net.parameters));
    }
}

static void hidden_layers_as_text(void **state)
{
    static const char *const bad[] = {",64", "64;64", "0", "-3", "sixty", "64,,64", "1e3", "65537", "1,1,1,1,1,1,1,1,1", " "};
    struct bp_net_spec spec = {0};
    char text[32];

    (void)state;
    assert_int_equal(bp_net_hidden("200,100", &spec), 0);
    assert_true(spec.hidden_count == 2 && spec.hidden[0] == 200 && spec.hidden[1] == 100);
    assert_string_equal(bp_net_layers(&spec, text, sizeof text), "200,100");
    assert_string_equal(bp_net_layers(&spec, text, 6), "200,1");
    assert_int_equal(bp_net_hidden("", &spec), 0);
    assert_int_equal(spec.hidden_count, 0);
    assert_string_equal(bp_net_layers(&spec, text, sizeof text), "");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        capture_begin();
        int status = bp_net_hidden(bad[i], &spec);
        const char *said = capture_take();
        capture_end();
        if (!status)
            fail_msg("layers '%s' are accepted", bad[i]);
        assert_said(said, bad[i]);
    }
}

static void not_laid_out(const char *kind, const char *hidden, const char *inputs, int action, const char *part)
{
    struct bp_net_spec spec = spec_of("prior", kind, hidden, inputs, action, 4);
    struct bp_net net;

    capture_begin();
    int status = bp_net_init(&net, &spec);
    const char *said = capture_take();
    capture_end();
    assert_int_equal(status, -1);
    assert_said(said, part);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    not_laid_out("gru", "5", "*", 0, "'gru'");
    not_laid_out("mlp", "", "*", 0, "needs hidden layers");
    not_laid_out("lstm", "", "*", 0, "needs hidden layers");
    not_laid_out("linear", "5", "*", 0, "has no hidden layers");
    not_laid_out("mlp", "5", "", 0, "sees no observation group");
}

/* ---- fresh parameters ---- */

static double variance(const float *x, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i] / (double)n;
    return sum;
}

static void near(const struct bp_tensor *tensors, int count, const char *name, double want)
{
    const struct bp_tensor *tensor = bp_tensor_find(tensors, (size_t)count, name);
    double n;

    assert_non_null(tensor);
    n = (double)bp_tensor_count(tensor);
    assert_close(variance(tensor->data, (size_t)n), want, 5 * want * sqrt(2 / n));
}

/* Variance 1 / inputs, the action among them where it joins; output layers a hundredth of that; forget gates open. */
static void fresh_parameters(void **state)
{
    static float params[200000];
    struct bp_tensor t[BP_NET_TENSORS];
    struct bp_net net = net_of("critic", "lstm", "100,60", "*", 2, 30);
    int count = bp_net_tensors(&net, params, t);

    (void)state;
    assert_true(net.parameters < 200000);
    randomise(&net, params, 1);
    near(t, count, "critic/0/weight", 1.0 / 15);
    near(t, count, "critic/0/recurrent", 1.0 / 100);
    near(t, count, "critic/1/weight", 1.0 / 102);
    near(t, count, "critic/1/action", 1.0 / 102);
    near(t, count, "critic/2/weight", 0.01 / 60);
    const float *gates = bp_tensor_find(t, (size_t)count, "critic/0/bias")->data;
    for (int j = 0; j < 400; j++)
        assert_true(gates[j] == (j >= 100 && j < 200));
    assert_true(variance(bp_tensor_find(t, (size_t)count, "critic/1/bias")->data, 60) == 0);
    assert_true(variance(bp_tensor_find(t, (size_t)count, "critic/2/bias")->data, 30) == 0);
}

/* ---- what they compute ---- */

enum { STEPS = 3, BATCH = 4, SEEN = 15 };

static float observations[STEPS * BATCH * SEEN], actions[STEPS * BATCH * 2], states[BATCH * 64];

static int draw(void **state)
{
    (void)state;
    fill_normal(observations, STEPS * BATCH * SEEN, 41);
    fill_normal(actions, STEPS * BATCH * 2, 42);
    fill_normal(states, BATCH * 64, 43);
    return 0;
}

/* Bias and output layers large enough to see. */
static void draw_params(const struct bp_net *net, float *params, uint64_t seed)
{
    fill_normal(params, (int)net->parameters, seed);
    for (size_t i = 0; i < net->parameters; i++)
        params[i] *= 0.4f;
}

static struct bp_var *run(struct bp_tape *tape, const struct bp_net *net, const float *params, const float *x, const float *state,
                          float *state_out)
{
    struct bp_net_use use = {.net = net, .params = params};
    struct bp_var *in = bp_constant(tape, STEPS * BATCH, net->spec.inputs.size, x);
    struct bp_var *features = bp_net_features(tape, use, in, &(struct bp_sequences){STEPS, BATCH, NULL, state, state_out});
    struct bp_var *action = net->late_size ? bp_constant(tape, STEPS * BATCH, 2, actions) : NULL;

    return bp_net_output(tape, use, features, &action);
}

static void values(void **state)
{
    static float params[PARAMS], state_out[BATCH * 64];
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 20, false), 0);
    for (size_t i = 0; i < SHAPES; i++)
        for (int with_state = 0; with_state < 2; with_state++) {
            struct bp_net net = shape_net(i);
            struct naive_plan plan = naive_plan(&net, params);
            int size = net.state_size, output = net.spec.output_size;
            draw_params(&net, params, 44 + i);
            bp_tape_reset(&tape);
            struct bp_var *y = run(&tape, &net, params, observations, with_state ? states : NULL, state_out);
            assert_int_equal(y->rows, STEPS * BATCH);
            assert_int_equal(y->cols, output);
            for (int b = 0; b < BATCH; b++) {
                double kept[64] = {0}, want[8], x[SEEN], a[2];
                for (int j = 0; j < size && with_state; j++)
                    kept[j] = (double)states[b * size + j];
                for (int t = 0; t < STEPS; t++) {
                    int row = t * BATCH + b;
                    for (int j = 0; j < SEEN; j++)
                        x[j] = (double)observations[row * SEEN + j];
                    for (int j = 0; j < 2; j++)
                        a[j] = (double)actions[row * 2 + j];
                    naive_net(&plan, params, x, a, kept, want);
                    for (int j = 0; j < output; j++)
                        assert_close(y->value[row * output + j], want[j], 5e-6);
                }
                for (int j = 0; j < size; j++)
                    assert_close(state_out[b * size + j], kept[j], 5e-6);
            }
        }
    bp_tape_free(&tape);
}

/* The whole network as one operation, with its params as one weight. */
static struct bp_var *whole(struct bp_tape *tape, const struct operand *o, const void *context)
{
    const struct bp_net *net = context;
    struct bp_net_use use = {.net = net, .params = o[0].weight.value, .grad = o[0].weight.grad};
    struct bp_var *x = bp_constant(tape, STEPS * BATCH, SEEN, observations);
    struct bp_var *features = bp_net_features(tape, use, x, &(struct bp_sequences){STEPS, BATCH, NULL, net->state_size ? states : NULL, NULL});

    return bp_net_output(tape, use, features, &o[1].var);
}

static void gradients(void **state)
{
    static struct operand o[2];

    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        struct bp_net net = shape_net(i);
        o[0] = (struct operand){.name = "params", .kind = WEIGHT, .rows = 1, .cols = (int)net.parameters};
        o[1] = (struct operand){.name = "action", .rows = STEPS * BATCH, .cols = 2};
        assert_gradients(whole, &net, o, net.late_size ? 2 : 1, 1.0f / 512, 7e-3);
    }
}

/* ---- encoders ---- */

static const struct { const char *kind, *hidden; int action, output; const char *encoders; } encoded[] = {
    {"mlp", "6,5", 0, 4, "targets:7"}, {"lstm", "6,5", 0, 4, "goal:3x2,global:5"}, {"lstm", "5", 0, 4, "global:6,targets:5x4x3,goal:2"},
    {"mlp", "6,5", 2, 1, "global:5,goal:4"}, {"lstm", "6,5", 2, 1, "targets:4x3"},
};
enum { ENCODED = sizeof encoded / sizeof *encoded };

static struct bp_net encoded_shape(size_t i)
{
    return encoded_net(encoded[i].action ? "critic" : "policy", encoded[i].kind, encoded[i].hidden, "*", encoded[i].action, encoded[i].output,
                       encoded[i].encoders);
}

static void encoders_by_hand(void **state)
{
    static float params[PARAMS];
    struct bp_tensor t[BP_NET_TENSORS];
    struct bp_net net = encoded_net("policy", "lstm", "9,6", "*", 0, 4, "targets:20x10,goal:5");

    (void)state;
    assert_int_equal(net.parameters, (8 + 1) * 20 + (20 + 1) * 10 + (3 + 1) * 5 + (4 + 10 + 5 + 1) * 9 + 4 * (9 + 6 + 1) * 6 + (6 + 1) * 4);
    assert_int_equal(net.state_size, 2 * 6);
    assert_int_equal(bp_net_tensors(&net, params, t), 6 + 7);
    tensor_is(&t[0], "policy/encoder/targets/0/weight", 2, 8, 20);
    tensor_is(&t[1], "policy/encoder/targets/0/bias", 1, 20, 0);
    tensor_is(&t[2], "policy/encoder/targets/1/weight", 2, 20, 10);
    tensor_is(&t[4], "policy/encoder/goal/0/weight", 2, 3, 5);
    tensor_is(&t[6], "policy/0/weight", 2, 4 + 10 + 5, 9);
    tensor_is(&t[9], "policy/1/recurrent", 2, 6, 24);
    net = encoded_net("critic", "lstm", "6,5", "*", 2, 1, "global:3");
    assert_int_equal(bp_net_tensors(&net, params, t), 2 + 8);
    tensor_is(&t[7], "critic/1/action", 2, 2, 5);
    for (size_t i = 0; i < ENCODED; i++) {              /* every parameter in one tensor */
        net = encoded_shape(i);
        int count = bp_net_tensors(&net, params, t);
        memset(params, 0, sizeof params);
        for (int k = 0; k < count; k++)
            for (size_t j = 0; j < bp_tensor_count(&t[k]); j++)
                ((float *)t[k].data)[j]++;
        for (size_t j = 0; j < PARAMS; j++)
            assert_true(params[j] == (j < net.parameters));
    }
}

/* The text is put in the order of the groups; what is not seen may be named with a question mark. */
static void encoders_as_text(void **state)
{
    static const char *const bad[] = {"targets", "targets:", ":50", "targets:0", "targets:50x", "targets:x5", "targets:50,", "targets:50;goal:3",
                                      "targets:1x1x1x1x1", "targets:65537", "targets: 5", "targets:-5", ",", "targets:50 "};
    struct bp_net_spec spec = spec_of("prior", "mlp", "5", "global,targets", 0, 4);
    char text[64];

    (void)state;
    assert_int_equal(bp_net_encoders("targets:100x20,?goal:4,global:7", &spec), 0);
    assert_int_equal(spec.encoder_count, 2);
    assert_true(spec.encoder[1].hidden_count == 2 && spec.encoder[1].hidden[0] == 100 && spec.encoder[1].hidden[1] == 20);
    assert_string_equal(bp_net_encoders_text(&spec, text, sizeof text), "global:7,targets:100x20");
    assert_string_equal(bp_net_encoders_text(&spec, text, 6), "globa");
    assert_int_equal(bp_net_encoders("", &spec), 0);
    assert_string_equal(bp_net_encoders_text(&spec, text, sizeof text), "");
    assert_int_equal(bp_net_encoders(NULL, &spec), 0);
    assert_int_equal(spec.encoder_count, 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad + 2; i++) {
        bool extra = i >= sizeof bad / sizeof *bad, twice = i == sizeof bad / sizeof *bad;
        const char *given = !extra ? bad[i] : twice ? "targets:5,targets:5" : "global:3,goal:5";
        capture_begin();
        int status = bp_net_encoders(given, &spec);
        const char *said = capture_take();
        capture_end();
        if (!status)
            fail_msg("encoders '%s' are accepted", given);
        assert_said(said, !extra ? "like targets:50,boxes:100x20" : twice ? "one encoder for the group 'targets'" : "'goal', a group that it does not see");
    }
    spec = spec_of("prior", "linear", "", "*", 0, 4);
    assert_int_equal(bp_net_encoders("goal:4", &spec), 0);
    struct bp_net net;
    capture_begin();
    assert_int_equal(bp_net_init(&net, &spec), -1);
    const char *said = capture_take();
    capture_end();
    assert_said(said, "a prior of kind linear has no encoders");
}

/* A row of the torso's input, by the definition. */
static void naive_encode(const struct bp_net *net, float *params, const float *observation, double *out)
{
    struct bp_tensor t[BP_NET_TENSORS];
    size_t count = (size_t)bp_net_tensors(net, params, t);

    for (int g = 0; g < net->spec.inputs.count; g++) {
        const struct bp_group *group = &net->spec.inputs.group[g];
        double x[64], y[64];
        int n = group->size;
        for (int j = 0; j < n; j++)
            x[j] = (double)observation[group->offset + j];
        for (int layer = 0;; layer++) {
            char name[BP_TENSOR_NAME];
            snprintf(name, sizeof name, "%s/encoder/%s/%d/weight", net->spec.name, group->name, layer);
            const struct bp_tensor *w = bp_tensor_find(t, count, name);
            if (!w)
                break;
            snprintf(name, sizeof name, "%s/encoder/%s/%d/bias", net->spec.name, group->name, layer);
            const float *weight = w->data, *bias = bp_tensor_find(t, count, name)->data;
            for (int k = 0; k < w->shape[1]; k++) {
                y[k] = (double)bias[k];
                for (int j = 0; j < n; j++)
                    y[k] += x[j] * (double)weight[j * w->shape[1] + k];
                y[k] = y[k] > 0 ? y[k] : expm1(y[k]);
            }
            n = (int)w->shape[1];
            memcpy(x, y, sizeof x);
        }
        memcpy(out, x, (size_t)n * sizeof *x);
        out += n;
    }
}

static void values_of_encoded(void **state)
{
    static float params[PARAMS];
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 20, false), 0);
    for (size_t i = 0; i < ENCODED; i++) {
        struct bp_net net = encoded_shape(i);
        struct naive_plan plan = naive_plan(&net, params);
        draw_params(&net, params, 144 + i);
        bp_tape_reset(&tape);
        struct bp_var *y = run(&tape, &net, params, observations, states, NULL);
        for (int b = 0; b < BATCH; b++) {
            double kept[64] = {0}, want[8], x[64], a[2];
            for (int j = 0; j < net.state_size; j++)
                kept[j] = (double)states[b * net.state_size + j];
            for (int t = 0; t < STEPS; t++) {
                int row = t * BATCH + b;
                naive_encode(&net, params, observations + row * SEEN, x);
                for (int j = 0; j < 2; j++)
                    a[j] = (double)actions[row * 2 + j];
                naive_net(&plan, params, x, a, kept, want);
                for (int j = 0; j < net.spec.output_size; j++)
                    assert_close(y->value[row * net.spec.output_size + j], want[j], 5e-6);
            }
        }
    }
    bp_tape_free(&tape);
}

static void gradients_of_encoded(void **state)
{
    static struct operand o[2];

    (void)state;
    for (size_t i = 0; i < ENCODED; i++) {
        struct bp_net net = encoded_shape(i);
        o[0] = (struct operand){.name = "params", .kind = WEIGHT, .rows = 1, .cols = (int)net.parameters};
        o[1] = (struct operand){.name = "action", .rows = STEPS * BATCH, .cols = 2};
        assert_gradients(whole, &net, o, net.late_size ? 2 : 1, 1.0f / 512, 7e-3);
    }
}

/* Weights transposed beforehand give the gradients that they give otherwise. */
static void transposed_encoders(void **state)
{
    static float params[PARAMS], transposed[PARAMS], grad[2][PARAMS];
    const struct bp_net_prepared prepared = {.transposed = transposed};
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 20, true), 0);
    for (size_t i = 0; i < ENCODED; i++) {
        struct bp_net net = encoded_shape(i);
        draw_params(&net, params, 244 + i);
        memset(grad, 0, sizeof grad);
        bp_net_prepare(&net, params, &prepared);
        for (int with = 0; with < 2; with++) {
            struct bp_net_use use = {.net = &net, .params = params, .grad = grad[with], .prepared = with ? prepared : (struct bp_net_prepared){0}};
            bp_tape_reset(&tape);
            struct bp_var *x = bp_constant(&tape, STEPS * BATCH, SEEN, observations);
            struct bp_var *action = net.late_size ? bp_constant(&tape, STEPS * BATCH, 2, actions) : NULL;
            struct bp_var *y = bp_net_output(&tape, use, bp_net_features(&tape, use, x, &(struct bp_sequences){.steps = STEPS, .batch = BATCH}), &action);
            for (int j = 0; j < y->rows * y->cols; j++)
                bp_gradient(y)[j] = 0.1f * (float)(j % 7) - 0.2f;
            bp_tape_backward(&tape);
        }
        for (size_t j = 0; j < net.parameters; j++)
            assert_close(grad[1][j], grad[0][j], 1e-5);
        assert_true(fabsf(grad[0][0]) > 0);
    }
    bp_tape_free(&tape);
}

/* Several actions may stand on one set of features, as the learner's do. */
static void features_can_be_shared(void **state)
{
    static float params[PARAMS];
    struct bp_net net = net_of("critic", "lstm", "6,5", "*", 2, 1);
    struct bp_net_use use = {.net = &net, .params = params};
    float none[STEPS * BATCH * 2] = {0};
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 20, false), 0);
    draw_params(&net, params, 60);
    struct bp_var *alone = run(&tape, &net, params, observations, NULL, NULL);
    struct bp_var *x = bp_constant(&tape, STEPS * BATCH, SEEN, observations);
    struct bp_var *features = bp_net_features(&tape, use, x, &(struct bp_sequences){.steps = STEPS, .batch = BATCH});
    struct bp_var *other = bp_net_output(&tape, use, features, (struct bp_var *[]){bp_constant(&tape, STEPS * BATCH, 2, none)});
    struct bp_var *again = bp_net_output(&tape, use, features, (struct bp_var *[]){bp_constant(&tape, STEPS * BATCH, 2, actions)});
    assert_memory_equal(alone->value, again->value, STEPS * BATCH * sizeof(float));
    for (int i = 0; i < STEPS * BATCH; i++)
        assert_true(fabsf(other->value[i] - again->value[i]) > 1e-6f);
    bp_tape_free(&tape);
}

/* A critic may see nothing but the action. */
static void a_critic_of_the_action_alone(void **state)
{
    static float params[PARAMS];
    struct bp_tape tape;
    struct bp_net net = net_of("critic", "mlp", "6,5", "", 2, 1);
    struct naive_plan plan = naive_plan(&net, params);

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 20, false), 0);
    memset(bp_arena_take(&tape.arena, 1 << 16), 0xFF, 1 << 16);
    bp_tape_reset(&tape);
    draw_params(&net, params, 61);
    struct bp_var *y = run(&tape, &net, params, observations, NULL, NULL);
    for (int row = 0; row < STEPS * BATCH; row++) {
        double a[2] = {(double)actions[2 * row], (double)actions[2 * row + 1]}, none[1] = {0}, want;
        naive_net(&plan, params, none, a, NULL, &want);
        assert_close(y->value[row], want, 5e-6);
    }
    bp_tape_free(&tape);
}

/* ---- adopting ---- */

static void gather(const char *names, float *dst)
{
    struct bp_groups all = groups_of("*"), seen = groups_of(names);

    bp_groups_gather(&seen, observations, all.size, STEPS * BATCH, dst);
}

/* With new groups in any place, a network that starts from another one computes the same, whatever the new groups hold. */
static void new_groups_change_nothing(void **state)
{
    static const char *const sees[][2] = {{"targets", "global,targets,goal"}, {"global,goal", "global,targets,goal"},
                                          {"global,targets", "global,targets"}, {"goal", "targets,goal"}};
    static float params[PARAMS], adopted[PARAMS], small[STEPS * BATCH * SEEN], large[STEPS * BATCH * SEEN];
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 20, false), 0);
    for (size_t s = 0; s < sizeof sees / sizeof *sees; s++)
        for (size_t i = 0; i < SHAPES; i++) {
            struct bp_net from = net_of("prior", shapes[i].kind, shapes[i].hidden, sees[s][0], shapes[i].action, shapes[i].output);
            struct bp_net to = net_of("policy", shapes[i].kind, shapes[i].hidden, sees[s][1], shapes[i].action, shapes[i].output);
            bp_tape_reset(&tape);
            draw_params(&from, params, 70 + i);
            draw_params(&to, adopted, 90 + i);
            assert_int_equal(bp_net_init_from(&to, adopted, &from, params), 0);
            gather(sees[s][0], small);
            gather(sees[s][1], large);
            struct bp_var *a = run(&tape, &from, params, small, NULL, NULL), *b = run(&tape, &to, adopted, large, NULL, NULL);
            for (int j = 0; j < a->rows * a->cols; j++)
                assert_close(b->value[j], a->value[j], 2e-6);
        }
    bp_tape_free(&tape);
}

/* With encoders too, also with one for a new group. */
static void encoders_are_adopted(void **state)
{
    static const struct { const char *kind, *inputs, *encoders, *new_encoders; } pairs[] = {
        {"mlp", "targets", "targets:7x3", "targets:7x3"}, {"lstm", "global,goal", "goal:4", "targets:5x2,goal:4"},
        {"lstm", "targets,goal", "targets:6", "global:2,targets:6"}, {"mlp", "targets,goal", "", "global:3"}, {"mlp", "*", "goal:2", "goal:2"}};
    static float params[PARAMS], adopted[PARAMS], small[STEPS * BATCH * SEEN];
    struct bp_tape tape;

    (void)state;
    assert_int_equal(bp_tape_init(&tape, 1 << 20, false), 0);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct bp_net from = encoded_net("prior", pairs[i].kind, "6,5", pairs[i].inputs, 0, 4, pairs[i].encoders);
        struct bp_net to = encoded_net("policy", pairs[i].kind, "6,5", "*", 0, 4, pairs[i].new_encoders);
        bp_tape_reset(&tape);
        draw_params(&from, params, 170 + i);
        draw_params(&to, adopted, 190 + i);
        assert_int_equal(bp_net_init_from(&to, adopted, &from, params), 0);
        gather(pairs[i].inputs, small);
        struct bp_var *a = run(&tape, &from, params, small, NULL, NULL), *b = run(&tape, &to, adopted, observations, NULL, NULL);
        for (int j = 0; j < a->rows * a->cols; j++)
            assert_close(b->value[j], a->value[j], 2e-6);
    }
    bp_tape_free(&tape);
}

static void not_adopted(const struct bp_net *net, const struct bp_net *from, const char *part)
{
    static float params[PARAMS], from_params[PARAMS];

    capture_begin();
    int status = bp_net_init_from(net, params, from, from_params);
    const char *said = capture_take();
    capture_end();
    assert_int_equal(status, -1);
    assert_said(said, part);
}

static void what_differs_is_not_adopted(void **state)
{
    struct bp_net base = net_of("prior", "mlp", "6,5", "targets,goal", 0, 4), other;

    (void)state;
    other = net_of("policy", "mlp", "6,4", "*", 0, 4);
    not_adopted(&other, &base, "different kinds or sizes");
    other = net_of("policy", "mlp", "6,5,5", "*", 0, 4);
    not_adopted(&other, &base, "different kinds or sizes");
    other = net_of("policy", "lstm", "6,5", "*", 0, 4);
    not_adopted(&other, &base, "different kinds or sizes");
    other = net_of("policy", "mlp", "6,5", "*", 0, 6);
    not_adopted(&other, &base, "different kinds or sizes");
    other = net_of("policy", "mlp", "6,5", "global,targets", 0, 4);
    not_adopted(&other, &base, "'goal' of size 3");
    other = net_of("policy", "mlp", "6,5", "*", 0, 4);
    other.spec.inputs.group[1].size = 6;
    not_adopted(&other, &base, "'targets' of size 8");
    other = encoded_net("policy", "mlp", "6,5", "*", 0, 4, "targets:4");
    not_adopted(&other, &base, "whose encoder for 'targets' is another");
    base = encoded_net("prior", "mlp", "6,5", "targets,goal", 0, 4, "targets:5");
    not_adopted(&other, &base, "whose encoder for 'targets' is another");
    other = encoded_net("policy", "mlp", "6,5", "*", 0, 4, "targets:5x5");
    not_adopted(&other, &base, "whose encoder for 'targets' is another");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_by_hand),
        cmocka_unit_test(tensors_have_names),
        cmocka_unit_test(tensors_tile_the_parameters),
        cmocka_unit_test(hidden_layers_as_text),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(fresh_parameters),
        cmocka_unit_test(values),
        cmocka_unit_test(gradients),
        cmocka_unit_test(encoders_by_hand),
        cmocka_unit_test(encoders_as_text),
        cmocka_unit_test(values_of_encoded),
        cmocka_unit_test(gradients_of_encoded),
        cmocka_unit_test(transposed_encoders),
        cmocka_unit_test(features_can_be_shared),
        cmocka_unit_test(a_critic_of_the_action_alone),
        cmocka_unit_test(new_groups_change_nothing),
        cmocka_unit_test(encoders_are_adopted),
        cmocka_unit_test(what_differs_is_not_adopted),
    };

    return cmocka_run_group_tests(tests, draw, NULL);
}

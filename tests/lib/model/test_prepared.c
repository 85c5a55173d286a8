#include "model/prepared.h"

#include "model/net.h"
#include "nn/weight.h"

#include "../base/check.h"
#include "../nn/bf16_model.h"

#include <stdlib.h>

static struct bp_net net_of(const char *kind, const char *hidden, const char *encoders, int actions)
{
    struct bp_net_spec spec = {.late = {{"action", actions}}, .late_count = actions > 0, .output_size = actions ? 1 : 6};
    struct bp_net net;

    strcpy(spec.name, actions ? "critic" : "policy");
    strcpy(spec.kind, kind);
    bp_groups_add(&spec.inputs, "seen", 37);
    bp_groups_add(&spec.inputs, "rest", 5);
    assert_int_equal(bp_net_hidden(hidden, &spec), 0);
    assert_int_equal(bp_net_encoders(encoders, &spec), 0);
    assert_int_equal(bp_net_init(&net, &spec), 0);
    return net;
}

/* Networks of every kind, with matrices of a single row and column. */
static struct bp_net shape(int i)
{
    switch (i) {
    case 0: return net_of("mlp", "200,100", "", 0);
    case 1: return net_of("lstm", "33,64", "seen:70x1", 0);
    case 2: return net_of("lstm", "48,20", "", 3);
    case 3: return net_of("mlp", "41,1,9", "rest:7", 1);
    default: return net_of("linear", "", "", 0);
    }
}

enum { SHAPES = 5, MOST = 60000 };

static float params[MOST];

static void draw(const struct bp_net *net, int seed)
{
    assert_true(net->parameters <= MOST);
    fill_normal(params, (int)net->parameters, (uint64_t)seed);
}

/* Number (i, j) of a packed matrix of k rows. */
static uint16_t in_packed(const uint32_t *packed, int k, int i, int j)
{
    return (uint16_t)(packed[(size_t)(j / 16) * bp_bf16_block(k) + (size_t)(i / 2) * 16 + (size_t)(j % 16)] >> 16 * (i & 1));
}

/* Each weight has, of the forms that are wanted, those that its products take: number by number. */
static void check_weights(const struct bp_net *net, const struct bp_net_prepared *prepared, bool bf16, bool back)
{
    for (int m = 0; m < net->matrices; m++) {
        int in = net->matrix[m].in, out = net->matrix[m].out;
        bool packs = bf16 && bp_weight_packs(in, out), transposes = back && net->matrix[m].back;
        struct bp_weight w = bp_net_weight(net, params, NULL, prepared, net->matrix[m].at);
        assert_true(w.value == params + net->matrix[m].at && !w.grad);
        assert_int_equal(w.transposed != NULL, !bf16 && transposes);
        for (int i = 0; i < in; i++)
            for (int j = 0; j < out; j++) {
                float x = w.value[i * out + j];
                if (w.transposed)
                    assert_true(w.transposed[j * in + i] == x);
                if (packs)
                    assert_int_equal(in_packed(w.packed, in, i, j), bp_bf16_round(x));
                if (packs && transposes)
                    assert_int_equal(in_packed(w.transposed_packed, out, j, i), bp_bf16_round(x));
            }
    }
}

/* Whole, and range by range in another order. */
static void matrices(void **state)
{
    (void)state;
    for (int i = 0; i < SHAPES; i++)
        for (int which = 0; which < 4; which++) {
            bool bf16 = which & 1, back = which & 2;
            struct bp_net net = shape(i);
            struct bp_net_prepared prepared;
            size_t cut[64] = {0}, cuts = 0;
            draw(&net, i);
            assert_int_equal(bp_net_prepared_init(&prepared, &net, bf16, back), 0);
            bp_net_prepare(&net, params, &prepared);
            check_weights(&net, &prepared, bf16, back);
            draw(&net, 100 + i);
            while (cut[cuts] < net.parameters && cuts < 63) {
                cut[cuts + 1] = bp_net_cut(&net, cut[cuts], 3000);
                cuts++;
            }
            assert_int_equal(cut[cuts], net.parameters);
            while (cuts--)
                bp_net_prepare_range(&net, params, &prepared, cut[cuts], cut[cuts + 1] - cut[cuts]);
            check_weights(&net, &prepared, bf16, back);
            bp_net_prepared_free(&prepared);
        }
}

/* Ranges are as long as they may be; where not even one group of rows fits, they are that one group. */
static void cuts(void **state)
{
    struct bp_net net = shape(0);       /* 42-200-100-6 */

    (void)state;
    assert_int_equal(bp_net_cut(&net, 0, 1), 32 * 200);
    assert_int_equal(bp_net_cut(&net, 0, 32 * 200), 32 * 200);
    assert_int_equal(bp_net_cut(&net, 32 * 200, 8192), 42 * 200 + 200 + 32 * 100);
    assert_int_equal(bp_net_cut(&net, 0, 1000000), net.parameters);
    assert_int_equal(bp_net_cut(&net, net.parameters - 6, 1), net.parameters);
}

/* Bytes are told as they are asked for, and a packed matrix takes about half of its floats. */
static void bytes(void **state)
{
    struct bp_net net = shape(0);

    (void)state;
    assert_int_equal(bp_net_prepared_bytes(&net, false, false), 0);
    assert_int_equal(bp_net_prepared_bytes(&net, false, true), 4 * net.parameters);
    assert_int_equal(bp_net_prepared_bytes(&net, true, false), 4 * net.packed);
    assert_int_equal(bp_net_prepared_bytes(&net, true, true), 4 * (net.packed + net.packed_transposed));
    assert_int_equal(net.packed, 256 * (2 * 13 + 7 * 7 + 4 * 1));
    assert_int_equal(net.packed_transposed, 256 * (4 * 13 + 1 * 7));        /* the first layer's input wants no gradient */
}

static int begin(void **state)
{
    (void)state;
    print_message("BF16 by %s\n", model_or_native()->name);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matrices),
        cmocka_unit_test(cuts),
        cmocka_unit_test(bytes),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}

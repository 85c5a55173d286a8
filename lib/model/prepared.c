#include "model/prepared.h"

#include "model/net.h"
#include "nn/bf16.h"
#include "nn/matmul.h"
#include "nn/weight.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = BP_BF16_STEP };       /* of a matrix between two cuts */

/* ---- layout ---- */

static void list(struct bp_net *net, size_t at, int in, int out, bool back)
{
    struct bp_net_matrix *m = &net->matrix[net->matrices++];

    *m = (struct bp_net_matrix){at, in, out, back, net->packed, net->packed_transposed};
    if (!bp_weight_packs(in, out))
        return;
    net->packed += bp_bf16_pairs(in, out);
    net->packed_transposed += back ? bp_bf16_pairs(out, in) : 0;
}

void bp_net_list_matrices(struct bp_net *net)
{
    for (int i = 0; i < net->layers; i++) {
        const struct bp_layer *l = &net->layer[i];
        int width = l->out * (l->kind == BP_LAYER_LSTM ? 4 : 1);
        list(net, l->x, l->in, width, !l->observes);
        if (l->kind == BP_LAYER_LSTM)
            list(net, l->h, l->out, width, true);
        size_t at = l->a;
        for (int k = 0; i == net->join && k < net->spec.late_count; at += (size_t)net->spec.late[k++].size * (size_t)width)
            list(net, at, net->spec.late[k].size, width, true);
    }
}

static size_t end_of(const struct bp_net_matrix *m)
{
    return m->at + (size_t)m->in * (size_t)m->out;
}

/* The first cut after `at`: rows of matrices go together in groups, and what lies between matrices does. */
static size_t next_cut(const struct bp_net *net, size_t at)
{
    for (const struct bp_net_matrix *m = net->matrix; m < net->matrix + net->matrices; m++) {
        size_t group = ROWS * (size_t)m->out;
        if (at < m->at)
            return m->at;
        if (at < end_of(m)) {
            size_t next = m->at + ((at - m->at) / group + 1) * group;
            return next < end_of(m) ? next : end_of(m);
        }
    }
    return net->parameters;
}

size_t bp_net_cut(const struct bp_net *net, size_t from, size_t most)
{
    size_t cut = next_cut(net, from), next;

    while (cut < net->parameters && (next = next_cut(net, cut)) - from <= most)
        cut = next;
    return cut;
}

/* ---- memory ---- */

/* Numbers of 4 bytes in each array. */
static void sizes(const struct bp_net *net, bool bf16, bool back, size_t size[3])
{
    size[0] = !bf16 && back ? net->parameters : 0;
    size[1] = bf16 ? net->packed : 0;
    size[2] = bf16 && back ? net->packed_transposed : 0;
}

int bp_net_prepared_init(struct bp_net_prepared *prepared, const struct bp_net *net, bool bf16, bool back)
{
    size_t size[3];
    void *array[3] = {NULL, NULL, NULL};
    bool failed = false;

    sizes(net, bf16, back, size);
    for (int i = 0; i < 3; i++)
        if (size[i])
            failed |= !(array[i] = aligned_alloc(64, (size[i] * 4 + 63) & ~(size_t)63));
    *prepared = (struct bp_net_prepared){array[0], array[1], array[2]};
    return failed ? bp_error(BP_FAILURE, "out of memory") : 0;
}

void bp_net_prepared_free(struct bp_net_prepared *prepared)
{
    free(prepared->transposed);
    free(prepared->packed);
    free(prepared->packed_transposed);
    *prepared = (struct bp_net_prepared){0};
}

size_t bp_net_prepared_bytes(const struct bp_net *net, bool bf16, bool back)
{
    size_t size[3];

    sizes(net, bf16, back, size);
    return 4 * (size[0] + size[1] + size[2]);
}

/* ---- preparing ---- */

static void prepare_rows(const struct bp_net_matrix *m, const float *params, const struct bp_net_prepared *prepared, int first, int rows)
{
    size_t row = (size_t)first * (size_t)m->out;

    if (prepared->transposed && m->back)
        bp_transpose(rows, m->out, params + m->at + row, prepared->transposed + m->at + first, m->in);
    if (prepared->packed && bp_weight_packs(m->in, m->out))
        bp_bf16_pack_rows(m->in, m->out, first, rows, params + m->at, prepared->packed + m->packed,
                          prepared->packed_transposed && m->back ? prepared->packed_transposed + m->packed_transposed : NULL);
}

void bp_net_prepare_range(const struct bp_net *net, const float *params, const struct bp_net_prepared *prepared, size_t from, size_t count)
{
    for (const struct bp_net_matrix *m = net->matrix; m < net->matrix + net->matrices; m++) {
        size_t first = from > m->at ? from : m->at, end = from + count < end_of(m) ? from + count : end_of(m);
        if (first < end)
            prepare_rows(m, params, prepared, (int)((first - m->at) / (size_t)m->out), (int)((end - first) / (size_t)m->out));
    }
}

void bp_net_prepare(const struct bp_net *net, const float *params, const struct bp_net_prepared *prepared)
{
    bp_net_prepare_range(net, params, prepared, 0, net->parameters);
}

struct bp_weight bp_net_weight(const struct bp_net *net, const float *params, float *grad, const struct bp_net_prepared *prepared, size_t at)
{
    struct bp_weight weight = {.value = params + at, .grad = grad ? grad + at : NULL};

    for (const struct bp_net_matrix *m = net->matrix; m < net->matrix + net->matrices; m++)
        if (m->at == at && m->in) {
            weight.transposed = prepared->transposed && m->back ? prepared->transposed + at : NULL;
            weight.packed = prepared->packed ? prepared->packed + m->packed : NULL;
            weight.transposed_packed = prepared->packed_transposed ? prepared->packed_transposed + m->packed_transposed : NULL;
        }
    return weight;
}

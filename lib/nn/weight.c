#include "nn/weight.h"

#include "nn/bf16.h"
#include "nn/matmul.h"

/*
 * A single column is a sum a row, which waits for memory and not for multiplications, and whose packing would cost as much as the sum:
 * such products stay float32. One of them is a critic's last, whose numbers are returns and would lose the most.
 */
bool bp_weight_packs(int in, int out)
{
    return in > 1 && out > 1;
}

const float *bp_weight_transposed(struct bp_tape *tape, struct bp_matrix w)
{
    float *transposed;

    if (w.w.transposed)
        return w.w.transposed;
    if (w.in == 1 || w.out == 1)
        return w.w.value;
    transposed = bp_arena_floats(&tape->arena, (size_t)w.in * (size_t)w.out);
    bp_transpose(w.in, w.out, w.w.value, transposed);
    return transposed;
}

static uint32_t *pairs(struct bp_tape *tape, int rows, int cols)
{
    return bp_arena_take(&tape->arena, bp_bf16_pairs(rows, cols) * sizeof(uint32_t));
}

/* c (n x out) = or += a (n x in) B with B packed. 0, or -1 with nothing done. */
static int packed_product(struct bp_tape *tape, int n, int out, int in, const float *a, const uint32_t *b, float *c, int add)
{
    uint32_t *left;
    int status;

    if (!b || !bp_weight_packs(in, out))
        return -1;
    left = pairs(tape, n, in);
    bp_bf16_left(n, in, a, left);
    status = bp_bf16_matmul(n, out, in, left, b, c, add);
    bp_arena_give_back(&tape->arena, left);
    return status;
}

void bp_weight_forward(struct bp_tape *tape, struct bp_matrix w, int n, const float *x, float *y, int add)
{
    if (packed_product(tape, n, w.out, w.in, x, w.w.packed, y, add))
        bp_matmul(n, w.out, w.in, x, w.in, w.w.value, w.out, y, w.out, add);
}

void bp_weight_backward(struct bp_tape *tape, struct bp_matrix w, int n, const float *dy, float *dx, int add)
{
    if (packed_product(tape, n, w.in, w.out, dy, w.w.transposed_packed, dx, add))
        bp_matmul(n, w.in, w.out, dy, w.out, bp_weight_transposed(tape, w), w.in, dx, w.in, add);
}

/* dW += x' dy of BF16. 0, or -1 with nothing done. */
static int packed_gradient(struct bp_tape *tape, struct bp_matrix w, int n, const float *x, const float *dy)
{
    uint32_t *left, *right;
    int status;

    if (!w.w.packed || !bp_weight_packs(w.in, w.out))
        return -1;
    left = pairs(tape, w.in, n);
    right = pairs(tape, w.out, n);
    bp_bf16_left_transposed(w.in, n, x, left);
    bp_bf16_right(n, w.out, dy, right);
    status = bp_bf16_matmul(w.in, w.out, n, left, right, w.w.grad, 1);
    bp_arena_give_back(&tape->arena, left);
    return status;
}

void bp_weight_gradient(struct bp_tape *tape, struct bp_matrix w, int n, const float *x, const float *dy)
{
    if (w.w.grad && packed_gradient(tape, w, n, x, dy))
        bp_matmul_at(w.in, w.out, n, x, w.in, dy, w.out, w.w.grad, w.out, 1);
}

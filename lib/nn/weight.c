#include "nn/weight.h"

#include "nn/bf16.h"
#include "nn/matmul.h"

/*
 * A product with a single column is one sum for each row, limited by memory rather than by multiplications: such products stay float32. One
 * of them is a critic's last, whose numbers are returns and would lose the most precision.
 */
bool bp_weight_packs(int in, int out)
{
    return in > 1 && out > 1;
}

bool bp_weight_bf16(struct bp_matrix w)
{
    return w.w.packed && bp_weight_packs(w.in, w.out);
}

uint16_t *bp_rounded_new(struct bp_tape *tape, int rows, int cols)
{
    return bp_arena_take(&tape->arena, (size_t)rows * bp_bf16_stride(cols) * sizeof(uint16_t));
}

void bp_round_rows(const float *src, int rows, int cols, uint16_t *rounded, int first)
{
    bp_bf16_kernels()->round(rows, cols, src, (size_t)cols, rounded + (size_t)first * bp_bf16_stride(cols));
}

struct bp_factor bp_weight_factor(struct bp_tape *tape, struct bp_matrix w, struct bp_var *x)
{
    if (!bp_weight_bf16(w))
        return (struct bp_factor){x->value, NULL};
    if (!x->rounded) {
        x->rounded = bp_rounded_new(tape, x->rows, x->cols);
        bp_bf16_kernels()->round(x->rows, x->cols, x->value, (size_t)x->cols, x->rounded);
    }
    return (struct bp_factor){x->value, x->rounded};
}

struct bp_factor bp_factor_rows(struct bp_factor x, int cols, int first)
{
    return (struct bp_factor){x.value ? x.value + (size_t)first * (size_t)cols : NULL, x.rounded ? x.rounded + (size_t)first * bp_bf16_stride(cols) : NULL};
}

int bp_weight_rows(struct bp_matrix w)
{
    return bp_weight_bf16(w) ? bp_bf16_kernels()->rows : 12;        /* those of float32 take six rows at once, and others one by one */
}

const float *bp_weight_transposed(struct bp_tape *tape, struct bp_matrix w)
{
    float *transposed;

    if (w.w.transposed)
        return w.w.transposed;
    if (w.in == 1 || w.out == 1)
        return w.w.value;
    transposed = bp_arena_floats(&tape->arena, (size_t)w.in * (size_t)w.out);
    bp_transpose(w.in, w.out, w.w.value, transposed, w.in);
    return transposed;
}

void bp_weight_forward(struct bp_matrix w, int n, struct bp_factor x, float *y, int add)
{
    if (bp_weight_bf16(w))
        bp_bf16_kernels()->matmul(n, w.out, w.in, x.rounded, w.w.packed, y, add);
    else
        bp_matmul(n, w.out, w.in, x.value, w.in, w.w.value, w.out, y, w.out, add);
}

void bp_weight_backward(struct bp_tape *tape, struct bp_matrix w, int n, struct bp_factor dy, float *dx, int add)
{
    if (bp_weight_bf16(w))
        bp_bf16_kernels()->matmul(n, w.in, w.out, dy.rounded, w.w.transposed_packed, dx, add);
    else
        bp_matmul(n, w.in, w.out, dy.value, w.out, bp_weight_transposed(tape, w), w.in, dx, w.in, add);
}

void bp_weight_gradient(struct bp_tape *tape, struct bp_matrix w, int n, struct bp_factor x, struct bp_factor dy)
{
    if (!w.w.grad)
        return;
    if (bp_weight_bf16(w))
        bp_bf16_matmul_at(&tape->arena, w.in, w.out, n, x.rounded, dy.rounded, w.w.grad);
    else
        bp_matmul_at(w.in, w.out, n, x.value, w.in, dy.value, w.out, w.w.grad, w.out, 1);
}

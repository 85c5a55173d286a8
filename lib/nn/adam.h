/* Adam (Kingma and Ba 2015) over a range of parameters. */
#ifndef BP_NN_ADAM_H
#define BP_NN_ADAM_H

#include <stddef.h>
#include <stdint.h>

struct bp_adam {
    double rate, beta1, beta2, epsilon;
};
extern const struct bp_adam bp_adam_default;        /* rate 1e-4, 0.9, 0.999, 1e-8 */

/*
 * One step, number `step` (from 1), on elements 0 ... n-1: value -= rate * m^ / (sqrt(v^) + epsilon), with m, v (n each) the moments.
 * Elements are independent of each other, so that parameters may be cut anywhere.
 */
void bp_adam_step(const struct bp_adam *adam, int64_t step, float *value, const float *grad, float *m, float *v, size_t n);

#endif

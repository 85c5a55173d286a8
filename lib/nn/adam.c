#include "nn/adam.h"

#include <math.h>

const struct bp_adam bp_adam_default = {1e-4, 0.9, 0.999, 1e-8};

void bp_adam_step(const struct bp_adam *adam, int64_t step, float *restrict value, const float *restrict grad, float *restrict m,
                  float *restrict v, size_t n)
{
    float b1 = (float)adam->beta1, b2 = (float)adam->beta2, epsilon = (float)adam->epsilon;
    float rate = (float)(adam->rate / (1 - pow(adam->beta1, (double)step)));
    float correct = (float)(1 / (1 - pow(adam->beta2, (double)step)));

#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        float g = grad[i];
        m[i] = b1 * m[i] + (1.0f - b1) * g;
        v[i] = b2 * v[i] + (1.0f - b2) * g * g;
        value[i] -= rate * m[i] / (sqrtf(v[i] * correct) + epsilon);
    }
}

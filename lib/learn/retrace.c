#include "learn/retrace.h"

/* The sum above, gathered backwards: target_t = r_t + gamma_t (V_{t+1} + c_{t+1} (target_{t+1} - Q_{t+1})). */
void bp_retrace(int steps, int batch, const float *reward, const float *discount, const float *value, const float *q,
                const float *trace, float *target)
{
    for (int i = (steps - 1) * batch; i < steps * batch; i++)
        target[i] = reward[i] + discount[i] * value[i];
    for (int i = (steps - 1) * batch - 1; i >= 0; i--)
        target[i] = reward[i] + discount[i] * (value[i] + trace[i] * (target[i + batch] - q[i]));
}

#include "learn/vtrace.h"

/* The sum above, gathered backwards: v_t - V_t = delta_t + gamma_t c_t (v_{t+1} - V_{t+1}). */
void bp_vtrace(int steps, int batch, const float *reward, const float *discount, const float *value, const float *cost, const float *rho,
               const float *c, float *target, float *advantage)
{
    for (int i = steps * batch - 1; i >= 0; i--) {
        int next = i + batch;
        float paid = cost ? cost[next] : 0, v = next < steps * batch ? target[next] : value[next];
        float delta = rho[i] * (reward[i] + discount[i] * (value[next] - paid) - value[i]);
        target[i] = value[i] + delta + discount[i] * c[i] * (v - value[next]);
        advantage[i] = reward[i] + discount[i] * (v - paid) - value[i];
    }
}

/* V-trace (Espeholt et al. 2018): off-policy targets for a value of states, and advantages for a policy. */
#ifndef BP_LEARN_VTRACE_H
#define BP_LEARN_VTRACE_H

/*
 * v_t = V_t + sum_{s >= t} (prod_{i=t..s-1} gamma_i c_i) delta_s,  delta_s = rho_s (r_s + gamma_s (V_{s+1} - KL_{s+1}) - V_s)   (EH eq. 21)
 * A_t = r_t + gamma_t (v_{t+1} - KL_{t+1}) - V_t                                                                               (EH eq. 22)
 * for time-major arrays: reward, discount, rho, c, target (v) and advantage (A) of steps 0 ... K-1, `steps` x `batch`; value (V) and cost (KL,
 * with its price; NULL: none) of steps 0 ... K; v_K is V_K. discount is gamma, 0 at a true end; rho and c are min(rho^, pi/mu) and
 * min(c^, pi/mu), 0 where the sequence was padded, so that v is V there. target may not alias an input.
 */
void bp_vtrace(int steps, int batch, const float *reward, const float *discount, const float *value, const float *cost, const float *rho,
               const float *c, float *target, float *advantage);

#endif

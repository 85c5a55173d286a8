/* Retrace (Munos et al. 2016): off-policy targets for the critic. */
#ifndef BP_LEARN_RETRACE_H
#define BP_LEARN_RETRACE_H

/*
 * target_t = Q_t + sum_{s >= t} (prod_{i=t+1..s} gamma_{i-1} c_i) delta_s,  delta_s = r_s + gamma_s V_{s+1} - Q_s      (BP eq. 11)
 * for time-major arrays: reward, discount, target of steps 0 ... K-1, `steps` x `batch`; value of steps 1 ... K, as many; q and trace of
 * steps 1 ... K-1, since Q_0 cancels. discount is gamma, 0 at a true end; trace is c_t, lambda min(1, pi/mu), 0 where the sequence was
 * padded. No array may alias target.
 */
void bp_retrace(int steps, int batch, const float *reward, const float *discount, const float *value, const float *q,
                const float *trace, float *target);

#endif

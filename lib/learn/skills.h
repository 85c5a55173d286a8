/*
 * Skills: a policy with latents beside a prior without (EH eq. 16). SVG(0) with experience replay and Retrace, in which a posterior g(z|x')
 * that is learned rewards latents that can be told from what the policy does; learned from a struct bp_replay that keeps latents.
 *
 * The bound. With tau the trajectory, log pi(tau) = log pi(tau|z) + log pi(z) - log pi(z|tau), whatever z is. The last term is the true
 * posterior, which nobody knows; for any density g, E[log pi(z|tau)] >= E[log g(z|tau)], by KL(pi(z|tau) || g) >= 0. So
 *
 *     KL(pi(tau) || pi0(tau)) = E[log pi(tau|z) - log pi0(tau) + log pi(z) - log pi(z|tau)]
 *                            <= E[sum_t KL(pi(a|z, x_t) || pi0(a|x_t)) - sum_k (log g(z_k|tau) - log pi^H(z_k|x_k))],
 *
 * where z_k is drawn in the k-th of the steps that draw, at x_k. With -alpha in front and the task's rewards this is EH eq. 16; the second sum
 * is an intrinsic reward: what the posterior can tell of the latents, a lower bound of their mutual information with the trajectory.
 *
 * The posterior. g(z|tau) is the geometric mean of g(z|x') over the n steps during which z is in force, x' being what is observed after each
 * (with an LSTM: since the episode's start). A geometric mean of densities integrates to 1 at most, so that the bound holds. Each step then has
 * an n-th of its own, which is given as reward at once:
 *
 *     r'_t = rho r_t + alpha_g (log g(z_t|x_{t+1}) - log q(z_t)),     q = N(0, I),
 *
 * and alpha_g n KL(pi^H(z|x_k) || q) is paid where z is drawn; it is exactly 0 of a high level that is fixed, which is q. EH eq. 16 has rho = 1
 * and alpha_g = alpha / n. n counts steps as the discount does: sum_{i<p} gamma^i of a latent that is held for p. Adding log q to both only
 * moves the reward's zero: a posterior that knows nothing earns nothing, so that no episode is worth more for being short.
 *
 * Choices. The latent may be one of K choices, with q = 1/K. Then nothing has to be drawn: values and losses are expected over all choices, of
 * which each is as likely as p(z|x, z') (nn/choice.h). It is held for a period, or until it ends with a probability e(x, z') that a network says:
 * options, whose ends u are latents too. g may take the policy's own e for them, since x and z' are known when u is drawn; so they add nothing to
 * the bound, and the sum over k is over the draws that there were. The gradient of the expectation with regard to e is what the option in force is
 * worth less than a new one, the termination gradient of Bacon et al. (2017); an end costs alpha_e.
 *
 * What is in an update differs from SVG(0) (learn/svg.h) in that latents matter to the critic, by the reward above: so those that acted are
 * taken from the replay, and held; where one is drawn, values and the policy's loss take a fresh one from pi^H, through which its gradient
 * passes, also by way of Q. Traces compare densities of both, of the action and of a latent that was drawn.
 */
#ifndef BP_LEARN_SKILLS_H
#define BP_LEARN_SKILLS_H

#include "learn/algorithm.h"

/* Its metrics, in their order. */
enum {
    BP_SKILLS_CRITIC_LOSS,
    BP_SKILLS_POLICY_LOSS,
    BP_SKILLS_PRIOR_LOSS,
    BP_SKILLS_KL_PRIOR,
    BP_SKILLS_KL_PRIOR_HIGH,
    BP_SKILLS_LOG_PROB,
    BP_SKILLS_INFORMATION,
    BP_SKILLS_TERMINATION,
    BP_SKILLS_ENTROPY,
    BP_SKILLS_Q,
    BP_SKILLS_TRACE,
};

extern const struct bp_algorithm bp_skills;

#endif

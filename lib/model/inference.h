/*
 * Inference networks: a guess at the latents of a recorded trajectory, q(z | z before, trajectory) (EH appendix A). It knows what came
 * of a latent: a network that remembers reads the trajectory backwards, from the episode's end, and one that does not sees the present step.
 */
#ifndef BP_MODEL_INFERENCE_H
#define BP_MODEL_INFERENCE_H

#include "model/behaviour.h"

/*
 * Draw latents along the rows of a scene, whose observations hold what is known of the trajectory; noise: rows x the level's numbers. A path
 * of two levels, of which the second, the actions', is left empty. The latent is drawn where a period begins, and in the scene's first step;
 * nothing is known before that. Gradients flow back through the latents before.
 */
struct bp_path bp_infer(const struct bp_scene *scene, const struct bp_level *level, const float *noise);

#endif

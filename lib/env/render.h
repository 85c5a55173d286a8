/* Pictures of environments, drawn off-screen. To be used on one thread only. */
#ifndef BP_ENV_RENDER_H
#define BP_ENV_RENDER_H

#include "env/env.h"

enum bp_camera { BP_CAMERA_FOLLOW, BP_CAMERA_TOP, BP_CAMERA_COUNT };
const char *bp_camera_name(int i);          /* NULL after the last: choices of an option */
enum bp_camera bp_camera_find(const char *name);

struct bp_renderer;

/* For pictures of width x height of any environment. NULL after reporting. */
struct bp_renderer *bp_renderer_new(int width, int height, enum bp_camera camera) BP_WARN_UNUSED;
void bp_renderer_free(struct bp_renderer *renderer);

/* Before an environment that was drawn is closed: release what was kept of its model. */
void bp_renderer_forget(struct bp_renderer *renderer);

/*
 * Draw env as it is; observation is its last row, whose groups `goal` and `progress` name the target to be drawn opaque.
 * rgb: height x width x 3 bytes, the top row first. -1 after reporting.
 */
int bp_render(struct bp_renderer *renderer, const struct bp_env *env, const float *observation, unsigned char *rgb) BP_WARN_UNUSED;

#endif

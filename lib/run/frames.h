/* Episodes as moving pictures: raw frames for ffmpeg. */
#ifndef BP_RUN_FRAMES_H
#define BP_RUN_FRAMES_H

#include "env/render.h"
#include "store/trajectory.h"

struct bp_frames;

/* "320x240" -> 320, 240. -1 after reporting. */
int bp_frames_size(const char *text, int *width, int *height) BP_WARN_UNUSED;

/* Frames to a file, or stdout for "-" (refused when it is a terminal). NULL after reporting. */
struct bp_frames *bp_frames_open(const char *path, int width, int height, enum bp_camera camera) BP_WARN_UNUSED;

/*
 * The episode's T + 1 frames, each of height x width x 3 bytes (red, green, blue; the top row first). Where the simulator's states
 * were recorded, these are drawn. Otherwise the episode is simulated again from its seed and its actions; if that does not give the
 * recorded observations, since another version or processor recorded them, there is a warning.
 * body: in place of the recorded one, NULL for that. -1 after reporting.
 */
int bp_frames_episode(struct bp_frames *frames, const struct bp_episode *episode, const char *body) BP_WARN_UNUSED;

/* All is written: sync, rename. Frees in any case, as abort does. */
int bp_frames_commit(struct bp_frames *frames) BP_WARN_UNUSED;
void bp_frames_abort(struct bp_frames *frames);

#endif

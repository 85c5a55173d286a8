#include "run/frames.h"

#include "env/env.h"
#include "store/output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST = 8192 };

struct bp_frames {
    int width, height;
    struct bp_renderer *renderer;
    struct bp_output output;
    unsigned char *rgb;
    struct bp_env *env;             /* of the last episode; kept while the next is played in the same */
    float *observation;
    bool told, warned;
};

int bp_frames_size(const char *text, int *width, int *height)
{
    char more;

    if (sscanf(text, "%dx%d%c", width, height, &more) == 2 && *width >= 1 && *height >= 1 && *width <= LARGEST && *height <= LARGEST)
        return 0;
    return bp_error(BP_USAGE, "--frames wants a width and a height like 320x240, each from 1 to %d, not '%s'", LARGEST, text);
}

static void free_frames(struct bp_frames *frames)
{
    bp_renderer_free(frames->renderer);
    bp_env_close(frames->env);
    free(frames->observation);
    free(frames->rgb);
    free(frames);
}

struct bp_frames *bp_frames_open(const char *path, int width, int height, enum bp_camera camera)
{
    struct bp_frames *frames = calloc(1, sizeof *frames);

    if (!frames || !(frames->rgb = malloc((size_t)width * (size_t)height * 3))) {
        free(frames);
        bp_error(BP_FAILURE, "out of memory");
        return NULL;
    }
    frames->width = width;
    frames->height = height;
    if (!(frames->renderer = bp_renderer_new(width, height, camera)) || bp_output_open(&frames->output, path)) {
        free_frames(frames);
        return NULL;
    }
    return frames;
}

/* ---- simulating an episode again ---- */

static int open_env(struct bp_frames *frames, const char *task, const char *body)
{
    if (frames->env && !strcmp(frames->env->spec.task, task) && !strcmp(frames->env->spec.body, body))
        return 0;
    bp_renderer_forget(frames->renderer);
    bp_env_close(frames->env);
    free(frames->observation);
    frames->observation = NULL;
    if (!(frames->env = bp_env_open(task, body)))
        return -1;
    if (!(frames->observation = calloc((size_t)frames->env->spec.groups.size, sizeof(float))))
        return bp_error(BP_FAILURE, "out of memory");
    return 0;
}

/* Whether row t of the recording equals what was simulated now, group by group. */
static bool same_observation(const struct bp_frames *frames, const struct bp_episode *episode, int t)
{
    const float *recorded = episode->observations + (size_t)t * (size_t)episode->groups.size;

    for (int i = 0; i < episode->groups.count; i++) {
        const struct bp_group *theirs = &episode->groups.group[i], *ours = bp_groups_find(&frames->env->spec.groups, theirs->name);
        if (!ours || ours->size != theirs->size)
            return false;
        for (int j = 0; j < ours->size; j++)
            if (!(fabsf(recorded[theirs->offset + j] - frames->observation[ours->offset + j]) <= 1e-3f))
                return false;
    }
    return true;
}

static int write_frame(struct bp_frames *frames)
{
    return bp_render(frames->renderer, frames->env, frames->observation, frames->rgb) ||
           bp_output_write(&frames->output, frames->rgb, (size_t)frames->width * (size_t)frames->height * 3) ? -1 : 0;
}

/* From the seed and the actions. */
static int simulate(struct bp_frames *frames, const struct bp_episode *episode, int t)
{
    struct bp_step step;

    if (t == 0)
        bp_env_reset(frames->env, episode->seed, frames->observation);
    else
        bp_env_step(frames->env, episode->actions + (size_t)(t - 1) * (size_t)episode->action.size, frames->observation, &step);
    if (!frames->warned && !same_observation(frames, episode, t)) {
        bp_warn("episode %lld was recorded by another version or on another processor: from step %d on the frames show what is simulated here",
                (long long)episode->index, t);
        frames->warned = true;
    }
    return 0;
}

/* As recorded, without groups that this version does not have. */
static int restore(struct bp_frames *frames, const struct bp_episode *episode, int t)
{
    const float *recorded = episode->observations + (size_t)t * (size_t)episode->groups.size;
    const struct bp_groups *groups = &frames->env->spec.groups;

    if (bp_env_restore(frames->env, episode->states + (size_t)t * episode->state_size) < 0)
        return bp_error(BP_DAMAGED, "the state at step %d of episode %lld makes no sense", t, (long long)episode->index);
    for (int i = 0; i < groups->count; i++) {
        const struct bp_group *ours = &groups->group[i], *theirs = bp_groups_find(&episode->groups, ours->name);
        float *row = frames->observation + ours->offset;
        if (theirs && theirs->size == ours->size)
            memcpy(row, recorded + theirs->offset, (size_t)ours->size * sizeof *row);
        else
            memset(row, 0, (size_t)ours->size * sizeof *row);
    }
    return 0;
}

/* States can be used only by a build that lays them out in the same way. */
static bool can_restore(struct bp_frames *frames, const struct bp_episode *episode)
{
    if (episode->states && episode->state_size != frames->env->spec.state_size && !frames->warned) {
        bp_warn("episode %lld has states of another version or body (%zu bytes, not %zu): the frames show what is simulated here",
                (long long)episode->index, episode->state_size, frames->env->spec.state_size);
        frames->warned = true;
    }
    return episode->states && episode->state_size == frames->env->spec.state_size;
}

static void tell(struct bp_frames *frames)
{
    if (!frames->told)
        bp_log("frames for ffmpeg -f rawvideo -pix_fmt rgb24 -s %dx%d -r %g -i -", frames->width, frames->height,
               1 / frames->env->spec.control_step);
    frames->told = true;
}

int bp_frames_episode(struct bp_frames *frames, const struct bp_episode *episode, const char *body)
{
    char ours[64], theirs[64];
    bool restored;

    if (bp_episode_played(episode, "the recording") || open_env(frames, episode->task, body ? body : episode->body))
        return -1;
    if (!bp_space_equal(episode->action, frames->env->spec.action))
        return bp_error(BP_USAGE, "the recorded actions are %s, those of task '%s' with body '%s' %s", bp_space_text(episode->action, ours, sizeof ours),
                        episode->task, frames->env->spec.body, bp_space_text(frames->env->spec.action, theirs, sizeof theirs));
    tell(frames);
    restored = can_restore(frames, episode);
    for (int t = 0; t <= episode->length; t++) {
        if ((restored ? restore : simulate)(frames, episode, t) || write_frame(frames))
            return -1;
    }
    return 0;
}

int bp_frames_commit(struct bp_frames *frames)
{
    int status = bp_output_commit(&frames->output);

    free_frames(frames);
    return status;
}

void bp_frames_abort(struct bp_frames *frames)
{
    if (!frames)
        return;
    bp_output_abort(&frames->output);
    free_frames(frames);
}

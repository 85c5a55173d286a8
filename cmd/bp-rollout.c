/*
 * bp-rollout: play a policy, a prior or random actions, and write the trajectories.
 *
 *     bp-rollout --play prior --task nav-hard -n 100 easy.ckpt | bp-stats returns
 */
#include "base/option.h"
#include "run/checkpoint.h"
#include "run/frames.h"
#include "run/list.h"
#include "run/progress.h"
#include "run/rollout.h"
#include "run/signals.h"
#include "run/version.h"
#include "run/export_mjcf.h"
#include "store/trajectory.h"

#include <string.h>

struct values {
    const char *play, *latent, *task, *body, *output, *frames, *camera, *playback, *export_mjcf;
    int64_t episodes, seed, threads;
    bool deterministic, same_start, one_state, record_state, list, quiet;
};

#define AT(member) offsetof(struct values, member)

static const struct bp_option rows[] = {
    {"play", 0, BP_CHOICE, BP_SCOPE_COMMAND, AT(play), "policy", 0, 0, bp_play_name, "NAME", "what acts", NULL},
    {"task", 0, BP_CHOICE, BP_SCOPE_COMMAND, AT(task), NULL, 0, 0, bp_task_name, "NAME", "task to play; the checkpoint's when not given", NULL},
    {"body", 0, BP_TEXT, BP_SCOPE_COMMAND, AT(body), NULL, 0, 0, NULL, "NAME", "body, or a file.xml of one's own; the checkpoint's when not given", NULL},
    {"episodes", 'n', BP_COUNT, BP_SCOPE_COMMAND, AT(episodes), "100", 1, 1e9, NULL, "N", "episodes to play", NULL},
    {"seed", 0, BP_COUNT, BP_SCOPE_COMMAND, AT(seed), "1", 0, 9e15, NULL, "N", "seed of everything random", NULL},
    {"deterministic", 0, BP_FLAG, BP_SCOPE_COMMAND, AT(deterministic), NULL, 0, 0, NULL, NULL, "play the mean of each distribution instead of a sample", NULL},
    {"latent", 0, BP_CHOICE, BP_SCOPE_COMMAND, AT(latent), "sampled", 0, 0, bp_latent_mode_name, "NAME", "latents of a hierarchy: drawn as it draws them, or one an episode, held to its end", NULL},
    {"same-start", 0, BP_FLAG, BP_SCOPE_COMMAND, AT(same_start), NULL, 0, 0, NULL, NULL, "start every episode as the first one starts", NULL},
    {"one-state", 0, BP_FLAG, BP_SCOPE_COMMAND, AT(one_state), NULL, 0, 0, NULL, NULL, "in place of episodes one action each, in one state, with goals drawn anew", NULL},
    {"output", 'o', BP_TEXT, BP_SCOPE_COMMAND, AT(output), "-", 0, 0, NULL, "FILE", "trajectory stream to write; - is stdout", NULL},
    {"record-state", 0, BP_FLAG, BP_SCOPE_COMMAND, AT(record_state), NULL, 0, 0, NULL, NULL, "record the simulator's state at each step too, for --playback", NULL},
    {"frames", 0, BP_TEXT, BP_SCOPE_COMMAND, AT(frames), NULL, 0, 0, NULL, "WxH", "write raw RGB frames of that size for ffmpeg, in place of trajectories", NULL},
    {"camera", 0, BP_CHOICE, BP_SCOPE_COMMAND, AT(camera), "follow", 0, 0, bp_camera_name, "NAME", "where frames are taken from", "frames"},
    {"playback", 0, BP_TEXT, BP_SCOPE_COMMAND, AT(playback), NULL, 0, 0, NULL, "FILE", "take the episodes of a trajectory stream instead of playing; with --frames", "frames"},
    {"export-mjcf", 0, BP_TEXT, BP_SCOPE_COMMAND, AT(export_mjcf), NULL, 0, 0, NULL, "FILE", "write the start of the first episode as a model for MuJoCo's viewer, and stop", NULL},
    {"list", 0, BP_FLAG, BP_SCOPE_COMMAND, AT(list), NULL, 0, 0, NULL, NULL, "list tasks, their bodies and observation groups, and stop", NULL},
    {"threads", 't', BP_COUNT, BP_SCOPE_COMMAND, AT(threads), "2", 1, 1024, NULL, "N", "threads; the result does not depend on them", NULL},
    {"quiet", 'q', BP_FLAG, BP_SCOPE_COMMAND, AT(quiet), NULL, 0, 0, NULL, NULL, "no progress on stderr", NULL},
    {0},
};

static const struct bp_usage usage = {
    "[OPTION ...] [CHECKPOINT]",
    "Play the policy or prior of a checkpoint (stdin when not given), or random actions, and write a trajectory stream.",
    "bp-rollout --play prior --task nav-hard -n 100 easy.ckpt | bp-stats returns",
    BP_BARE_FILTER,
    bp_version,
};

/* Where episodes go: to a stream, or as frames. */
struct sink {
    struct bp_pack_writer *writer;
    struct bp_frames *frames;
    const char *hash;           /* of the checkpoint */
    struct bp_progress progress;
};

/* Off a terminal only what takes long is told of. */
static void show_progress(struct sink *sink, int64_t done)
{
    bool final = done == sink->progress.all;

    if (bp_progress_due(&sink->progress) || (final && bp_live_possible()))
        bp_progress_show(&sink->progress, done, final, NULL);
}

static int write_episode(void *context, const struct bp_episode *episode)
{
    struct sink *sink = context;
    struct bp_episode named = *episode;

    show_progress(sink, episode->index + 1);
    if (bp_signals_stop())
        return -1;
    if (sink->frames)
        return bp_frames_episode(sink->frames, episode, NULL);
    strcpy(named.checkpoint, sink->hash);
    return bp_episode_write(sink->writer, &named);
}

static int open_sink(const struct values *v, struct sink *sink)
{
    int width, height;

    if (!v->frames)
        return (sink->writer = bp_pack_create(v->output, 1)) ? 0 : -1;
    if (bp_frames_size(v->frames, &width, &height) || !(sink->frames = bp_frames_open(v->output, width, height, bp_camera_find(v->camera))))
        return -1;
    return 0;
}

static int close_sink(struct sink *sink, int status)
{
    if (status) {
        bp_pack_abort(sink->writer);
        bp_frames_abort(sink->frames);
        return status;
    }
    return sink->frames ? bp_frames_commit(sink->frames) : bp_pack_commit(sink->writer);
}

/* Frames of recorded episodes. */
static int play_back(const struct values *v, const struct bp_checkpoint *none)
{
    struct sink sink = {0};
    struct bp_pack_reader *reader;
    struct bp_episode episode;
    int status = -1;

    (void)none;
    if (!(reader = bp_pack_open(v->playback)))
        return -1;
    bp_signals_catch();
    if (!open_sink(v, &sink)) {
        for (int64_t i = 0; i < v->episodes && !bp_signals_stop() && (status = bp_episode_read(reader, &episode)) > 0; i++) {
            status = bp_frames_episode(sink.frames, &episode, v->body);
            bp_episode_free(&episode);
            if (status)
                break;
        }
        status = close_sink(&sink, bp_signals_stop() ? -1 : status);
    }
    bp_pack_close(reader);
    return status;
}

/* The checkpoint's own body, unless another is asked for. */
static const char *body_of(const struct values *v, const struct bp_checkpoint *checkpoint)
{
    if (v->body || !*checkpoint->body)
        return v->body;
    bp_body_copy_use(checkpoint->body, &checkpoint->body_copy);
    return checkpoint->body;
}

static int play(const struct values *v, const struct bp_checkpoint *checkpoint)
{
    struct bp_rollout_spec spec = {
        .task = v->task ? v->task : checkpoint->task,
        .body = body_of(v, checkpoint),
        .play = bp_play_find(v->play),
        .deterministic = v->deterministic,
        .episodes = v->episodes,
        .seed = (uint64_t)v->seed,
        .record_states = v->record_state,
        .fixed_latent = !strcmp(v->latent, "fixed"),
        .same_start = v->same_start,
        .one_state = v->one_state,
    };
    struct bp_params params = bp_checkpoint_params(checkpoint);
    struct bp_pool *pool = bp_pool_new((int)v->threads);
    struct bp_rollout *rollout = pool ? bp_rollout_new(&spec, &checkpoint->agent, pool) : NULL;
    struct sink sink = {.hash = checkpoint->hash};
    int status = -1;

    bp_progress_begin(&sink.progress, "episodes", 0, v->episodes);
    bp_signals_catch();
    if (rollout && !open_sink(v, &sink))
        status = close_sink(&sink, bp_rollout_run(rollout, &params, write_episode, &sink) ? -1 : 0);
    bp_rollout_free(rollout);
    bp_pool_free(pool);
    return status;
}

/* ---- what the command line asks for ---- */

static int list(const struct values *v, const struct bp_checkpoint *checkpoint)
{
    (void)v, (void)checkpoint;
    return bp_list(stdout);
}

static int export_mjcf(const struct values *v, const struct bp_checkpoint *checkpoint)
{
    return bp_export_mjcf(v->task ? v->task : checkpoint->task, body_of(v, checkpoint), (uint64_t)v->seed, v->export_mjcf);
}

/* What can be done: the first row whose option is given, NULL for what is done when none is. */
static const struct action {
    const char *option;
    int (*run)(const struct values *v, const struct bp_checkpoint *checkpoint);
    bool alone;                 /* it looks at no checkpoint */
    bool acts;                  /* something acts: of a random one no more need be known than the task */
} actions[] = {
    {"list", list, true, false},
    {"playback", play_back, true, false},
    {"export-mjcf", export_mjcf, false, false},
    {NULL, play, false, true},
};

/* Options of which the first makes no sense beside the second. */
static const struct { const char *option, *beside, *sentence; } conflicts[] = {
    {"frames", "export-mjcf", "--export-mjcf writes a model alone: --frames is one thing too many"},
    {"playback", "export-mjcf", "--export-mjcf writes a model alone: --playback is one thing too many"},
    {"record-state", "frames", "--record-state adds to trajectories: --frames writes none"},
    {"record-state", "playback", "--record-state adds to trajectories: --playback writes none"},
    {"record-state", "export-mjcf", "--record-state adds to trajectories: --export-mjcf writes none"},
    {"task", "playback", "--playback shows what was recorded: --task changes nothing of it"},
    {"deterministic", "playback", "--playback shows what was recorded: --deterministic changes nothing of it"},
    {"latent", "playback", "--playback shows what was recorded: --latent changes nothing of it"},
    {"same-start", "playback", "--playback shows what was recorded: --same-start changes nothing of it"},
    {"one-state", "playback", "--playback shows what was recorded: --one-state changes nothing of it"},
    {"same-start", "one-state", "--one-state takes the state from the first start already: --same-start would give one goal too"},
    {"frames", "one-state", "--one-state simulates nothing: there is nothing to take --frames of"},
    {"record-state", "one-state", "--one-state simulates nothing: there are no states to record"},
    {"play", "playback", "--playback shows what was recorded: --play changes nothing of it"},
};

static bool given(const struct bp_options *options, const char *name)
{
    const char *text = bp_options_explicit(options, name);

    return text && strcmp(text, "no");
}

static int check_conflicts(const struct bp_options *options)
{
    for (size_t i = 0; i < sizeof conflicts / sizeof *conflicts; i++)
        if (given(options, conflicts[i].option) && given(options, conflicts[i].beside))
            return bp_error(BP_USAGE, "%s", conflicts[i].sentence);
    return 0;
}

/* Load the checkpoint that the action looks at; it stays empty where the task is all that need be known. */
static int find_checkpoint(const struct action *action, const struct values *v, char **operands, int count, struct bp_checkpoint *checkpoint)
{
    bool random = !strcmp(v->play, "random");

    if (count > (action->alone ? 0 : 1))
        return action->alone ? bp_error(BP_USAGE, "--%s looks at no checkpoint: '%s' is one too many", action->option, operands[0])
                             : bp_error(BP_USAGE, "one checkpoint at a time; '%s' is one too many", operands[1]);
    if (action->alone || (count == 0 && v->task && (random || !action->acts)))
        return 0;
    if (count == 0 && random)
        return bp_error(BP_USAGE, "random play without a checkpoint needs --task");
    return bp_checkpoint_load(count ? operands[0] : "-", checkpoint);
}

static int work(const struct bp_options *options, struct values *v, char **operands, int count)
{
    struct bp_checkpoint checkpoint = {0};
    const struct action *action = actions;
    int status;

    while (action->option && !given(options, action->option))
        action++;
    if (v->playback && !bp_options_given(options, "episodes"))
        v->episodes = INT64_MAX;        /* all that there are */
    status = find_checkpoint(action, v, operands, count, &checkpoint) ? -1 : action->run(v, &checkpoint);
    bp_checkpoint_free(&checkpoint);
    return status;
}

int main(int argc, char **argv)
{
    struct values v = {0};
    const struct bp_option_part parts[] = {{"Options", rows, &v}, {NULL, NULL, NULL}};
    struct bp_options *options;
    int operand, status;

    bp_set_program(argv[0]);
    if (!(options = bp_options_new(parts)))
        return bp_exit_status();
    if (!(status = bp_options_parse(options, argc, argv, &usage, &operand))) {
        status = bp_options_resolve(options) || check_conflicts(options) || bp_options_check(options) ? -1 : 0;
        bp_set_quiet(v.quiet);
        if (!status)
            status = work(options, &v, argv + operand, argc - operand);
    }
    bp_options_free(options);
    if (status < 0 && bp_signals_stop())
        bp_warn("stopped before all episodes were played");
    return status >= 0 ? 0 : bp_signals_stop() ? 128 + bp_signals_stop() : bp_exit_status();
}

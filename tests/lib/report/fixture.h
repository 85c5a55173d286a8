/* Small streams for the tests of reports, and what a report makes of them. */
#ifndef BP_TESTS_REPORT_FIXTURE_H
#define BP_TESTS_REPORT_FIXTURE_H

#include "report/report.h"
#include "store/trajectory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../near.h"

/* One episode; arrays have `length` members, NULL: zeros (event: none; kl, high: not recorded). */
struct fixture_episode {
    const char *task, *play;
    int length;
    const float *reward;
    const int32_t *event;
    const float *kl;
    const float *high;          /* of kl, the share of a latent, whose two numbers are drawn at every second step */
    bool terminated;
};

/* Where the body is at row t, and its four targets, in the arena's coordinates. */
static inline float fixture_position(int t, int axis)
{
    return axis ? -0.05f * (float)t : 0.1f * (float)t;
}
static const float fixture_target[8] = { 0.3f, 0.3f, -0.3f, 0.3f, -0.3f, -0.3f, 0.3f, -0.3f };

static inline void fixture_observe(struct bp_episode *episode)
{
    for (int t = 0; t <= episode->length; t++) {
        float *row = episode->observations + t * episode->groups.size;
        for (int i = 0; i < 2; i++)
            row[1 + i] = 2 * fixture_position(t, i);
        for (int i = 0; i < 8; i++)
            row[5 + i] = 2 * (fixture_target[i] - fixture_position(t, i % 2));
    }
}

/* Whose the episodes are. */
static const char *fixture_body = "pointmass";

static inline void fixture_latents(struct bp_episode *episode, const float *high)
{
    assert_int_equal(bp_episode_alloc_latents(episode, 2), 0);
    for (int t = 0; t < episode->length; t++) {
        episode->latents.value[2 * t] = (float)(t / 2);
        episode->latents.value[2 * t + 1] = 0.5f;
        episode->latents.drawn[t] = t % 2 == 0;
        episode->latents.kl[t] = high[t];
    }
}

/* Write a stream of n episodes to the path. */
static inline void fixture_write(const char *path, const struct fixture_episode *specs, int n)
{
    struct bp_pack_writer *writer = bp_pack_create(path, 1);
    struct bp_groups groups = { 0 };

    bp_groups_add(&groups, "proprio", 1);
    bp_groups_add(&groups, "global", 4);
    bp_groups_add(&groups, "targets", 8);
    assert_non_null(writer);
    for (int e = 0; e < n; e++) {
        const struct fixture_episode *spec = &specs[e];
        struct bp_episode episode;
        assert_int_equal(bp_episode_alloc(&episode, &groups, bp_continuous(2), spec->length, spec->kl != NULL), 0);
        fixture_observe(&episode);
        if (spec->high)
            fixture_latents(&episode, spec->high);
        for (int t = 0; t < spec->length; t++) {
            episode.rewards[t] = spec->reward ? spec->reward[t] : 0;
            episode.event[t] = spec->event ? spec->event[t] : BP_NO_EVENT;
            episode.actions[2 * t] = (float)t;
            if (spec->kl)
                episode.kl_prior[t] = spec->kl[t];
        }
        episode.terminated = spec->terminated;
        episode.truncated = !spec->terminated;
        episode.index = e;
        episode.seed = 7;
        snprintf(episode.task, sizeof episode.task, "%s", spec->task);
        snprintf(episode.body, sizeof episode.body, "%s", fixture_body);
        snprintf(episode.play, sizeof episode.play, "%s", spec->play);
        assert_int_equal(bp_episode_write(writer, &episode), 0);
        bp_episode_free(&episode);
    }
    assert_int_equal(bp_pack_commit(writer), 0);
}

/* Cut bytes off the end of a file. */
static inline void fixture_cut(const char *path, long bytes)
{
    FILE *file = fopen(path, "rb");

    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    fclose(file);
    assert_true(size > bytes);
    assert_int_equal(truncate(path, size - bytes), 0);
}

/* What the report writes, malloc'ed; its status must be as given. */
static inline char *fixture_run(bp_report_function *report, const struct bp_report_options *options, int status,
                                char *const *files, int count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    assert_int_equal(report(options, files, count, out), status);
    fclose(out);
    return text;
}

/* The number in a row (0: the first below the names) of a TSV table under a name. */
static inline double fixture_number(const char *tsv, int row, const char *name)
{
    int column = 0;
    const char *at = tsv;

    for (size_t length; length = strcspn(at, "\t\n"), length != strlen(name) || strncmp(at, name, length); column++) {
        at += length;
        assert_true(*at == '\t');       /* there is a column of that name */
        at++;
    }
    at = tsv;
    for (int line = -1; line < row; line++) {
        at = strchr(at, '\n');
        assert_non_null(at);
        at++;
    }
    while (column--)
        at += strcspn(at, "\t\n") + 1;
    return strtod(at, NULL);
}

static inline int fixture_rows(const char *tsv)
{
    int lines = 0;

    for (; *tsv; tsv++)
        lines += *tsv == '\n';
    return lines - 1;
}

/* Group set-up and tear-down: a directory of our own, in which the test works. */
static inline int fixture_enter(void **state)
{
    static char path[] = "/tmp/bp-report-XXXXXX";

    *state = mkdtemp(path);
    return !*state || chdir(*state);
}

static inline int fixture_leave(void **state)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", (const char *)*state);
    return chdir("/") || system(command);
}

#endif

#include "env/env.h"

#include "base/near.h"
#include "env/body.h"
#include "env/combined.h"
#include "env/goto.h"
#include "env/grid.h"
#include "env/nav.h"
#include "env/push.h"
#include "env/toy2d.h"
#include "env/walk.h"

#include <stdio.h>
#include <string.h>

const struct bp_task *const bp_tasks[] = {
    &bp_nav_easy, &bp_nav_hard, &bp_goto, &bp_push_1b1t, &bp_push_1b1t_heavy, &bp_push_1b3t, &bp_push_2b2t, &bp_gather,
    &bp_goto_and_push, &bp_goto_or_push, &bp_gap, &bp_walk, &bp_follow, &bp_grid, &bp_toy2d, &bp_toy2d_new, NULL,
};

const char *bp_task_name(int i)
{
    return bp_tasks[i] ? bp_tasks[i]->name : NULL;
}

const struct bp_task *bp_task_find(const char *name)
{
    for (int i = 0; bp_tasks[i]; i++)
        if (!strcmp(bp_tasks[i]->name, name))
            return bp_tasks[i];
    return NULL;
}

/* One name more, after a comma. */
static void append(char *names, size_t size, const char *name)
{
    size_t length = strlen(names);

    snprintf(names + length, size - length, "%s%s", length ? ", " : "", name);
}

static int unknown_task(const char *name)
{
    char names[512] = "", hint[64];

    for (int i = 0; bp_tasks[i]; i++)
        append(names, sizeof names, bp_tasks[i]->name);
    return bp_error(BP_USAGE, "there is no task '%s'; the tasks are %s%s", name, names, bp_near_among(name, bp_task_name, hint, sizeof hint));
}

/* Whether body b of task t is one of an earlier task too. */
static bool named_before(int t, int b)
{
    for (int i = 0; i < t; i++)
        for (int j = 0; bp_tasks[i]->bodies[j]; j++)
            if (!strcmp(bp_tasks[i]->bodies[j], bp_tasks[t]->bodies[b]))
                return true;
    return false;
}

/* The i-th of all bodies, of the tasks one after the other: each where a task names it first. NULL after the last. */
static const char *body_name(int i)
{
    for (int t = 0; bp_tasks[t]; t++)
        for (int b = 0; bp_tasks[t]->bodies[b]; b++)
            if (!named_before(t, b) && i-- == 0)
                return bp_tasks[t]->bodies[b];
    return NULL;
}

static bool body_exists(const char *name)
{
    for (int i = 0; body_name(i); i++)
        if (!strcmp(body_name(i), name))
            return true;
    return false;
}

static int unknown_body(const struct bp_task *task, const char *name)
{
    char names[512] = "", hint[BP_BODY_NAME + 32];

    if (body_exists(name) || (bp_body_is_file(name) && !task->own_bodies)) {
        for (int b = 0; task->bodies[b]; b++)
            append(names, sizeof names, task->bodies[b]);
        return bp_error(BP_USAGE, "task '%s' does not take the body '%s'; it takes %s%s", task->name, name, names,
                        task->own_bodies ? " and files that end in .xml" : "");
    }
    for (int i = 0; body_name(i); i++)
        append(names, sizeof names, body_name(i));
    return bp_error(BP_USAGE, "there is no body '%s'; the bodies are %s, and files that end in .xml%s", name, names,
                    bp_near_among(name, body_name, hint, sizeof hint));
}

struct bp_env *bp_env_open(const char *name, const char *body)
{
    const struct bp_task *task = bp_task_find(name);
    int i = 0;

    if (!task) {
        unknown_task(name);
        return NULL;
    }
    if (body && task->own_bodies && bp_body_is_file(body))
        return task->open(task, body);
    while (body && task->bodies[i] && strcmp(task->bodies[i], body))
        i++;
    if (!task->bodies[i]) {
        unknown_body(task, body);
        return NULL;
    }
    return task->open(task, task->bodies[i]);
}

void bp_env_close(struct bp_env *env)
{
    if (env)
        env->close(env);
}

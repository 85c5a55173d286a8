#include "env/env.h"

#include "env/body.h"
#include "env/goto.h"
#include "env/nav.h"

#include <string.h>

const struct bp_task *const bp_tasks[] = {&bp_nav_easy, &bp_nav_hard, &bp_goto, NULL};

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

static int unknown_task(const char *name)
{
    char names[512] = "";

    for (int i = 0; bp_tasks[i]; i++) {
        strncat(names, i ? ", " : "", sizeof names - strlen(names) - 1);
        strncat(names, bp_tasks[i]->name, sizeof names - strlen(names) - 1);
    }
    return bp_error(BP_USAGE, "there is no task '%s'; the tasks are %s", name, names);
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
        bp_error(BP_USAGE, "task '%s' does not take the body '%s'", name, body);
        return NULL;
    }
    return task->open(task, task->bodies[i]);
}

void bp_env_close(struct bp_env *env)
{
    if (env)
        env->close(env);
}

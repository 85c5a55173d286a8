#include "env/physics.h"

#include "base/share.h"

#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* mju_error must not return: it jumps back to the thread's step in progress, or reports and gives up when there is none. */
static _Thread_local jmp_buf *on_error;
static _Thread_local char error_text[256];

static void handle_error(const char *message)
{
    snprintf(error_text, sizeof error_text, "%s", message);
    if (on_error)
        longjmp(*on_error, 1);
    bp_error(BP_FAILURE, "MuJoCo: %s", message);
    _exit(BP_FAILURE);
}

static void handle_warning(const char *message)
{
    (void)message;          /* counted in data->warning, which every step looks at */
}

__attribute__((constructor)) static void install_handlers(void)
{
    mju_user_error = handle_error;
    mju_user_warning = handle_warning;
}

int bp_physics_load(struct bp_physics *physics, const char *body, double control_step)
{
    char path[4096], name[64], reason[512] = "";

    *physics = (struct bp_physics){0};
    snprintf(name, sizeof name, "bodies/%s.xml", body);
    if (bp_share_path(name, path, sizeof path))
        return -1;
    physics->model = mj_loadXML(path, NULL, reason, sizeof reason);
    if (!physics->model)
        return bp_error(BP_FAILURE, "cannot load the body '%s': %s", path, reason);
    physics->data = mj_makeData(physics->model);
    if (!physics->data) {
        bp_physics_free(physics);
        return bp_error(BP_FAILURE, "out of memory");
    }
    physics->substeps = (int)lround(control_step / physics->model->opt.timestep);
    return 0;
}

void bp_physics_free(struct bp_physics *physics)
{
    if (physics->data)
        mj_deleteData(physics->data);
    if (physics->model)
        mj_deleteModel(physics->model);
    *physics = (struct bp_physics){0};
}

void bp_physics_reset(struct bp_physics *physics)
{
    mj_resetData(physics->model, physics->data);
}

static bool healthy(const mjData *data)
{
    return !data->warning[mjWARN_BADQPOS].number && !data->warning[mjWARN_BADQVEL].number && !data->warning[mjWARN_BADQACC].number &&
           !data->warning[mjWARN_BADCTRL].number;
}

bool bp_physics_step(struct bp_physics *physics)
{
    jmp_buf here;

    if (setjmp(here)) {
        on_error = NULL;
        bp_warn("MuJoCo: %s; the episode is ended as diverged", error_text);
        return false;
    }
    on_error = &here;
    for (int i = 0; i < physics->substeps; i++)
        mj_step(physics->model, physics->data);
    on_error = NULL;
    return healthy(physics->data);
}

/* ---- state ---- */

/* The arrays that integration reads, in a fixed order; qacc_warmstart among them, without which a resumed run drifts. */
static int state_parts(const struct bp_physics *physics, mjtNum **part, int *count)
{
    const mjModel *m = physics->model;
    mjData *d = physics->data;
    int n = 0;

#define PART(array, size) (part[n] = (array), count[n++] = (size))
    PART(&d->time, 1);
    PART(d->qpos, m->nq);
    PART(d->qvel, m->nv);
    PART(d->act, m->na);
    PART(d->ctrl, m->nu);
    PART(d->mocap_pos, 3 * m->nmocap);
    PART(d->mocap_quat, 4 * m->nmocap);
    PART(d->qfrc_applied, m->nv);
    PART(d->xfrc_applied, 6 * m->nbody);
    PART(d->qacc_warmstart, m->nv);
#undef PART
    return n;
}

enum { PARTS_MAX = 16 };

size_t bp_physics_state_size(const struct bp_physics *physics)
{
    mjtNum *part[PARTS_MAX];
    int count[PARTS_MAX], parts = state_parts(physics, part, count);
    size_t size = 0;

    for (int i = 0; i < parts; i++)
        size += (size_t)count[i] * sizeof(mjtNum);
    return size;
}

void bp_physics_save(const struct bp_physics *physics, void *state)
{
    mjtNum *part[PARTS_MAX];
    int count[PARTS_MAX], parts = state_parts(physics, part, count);
    char *to = state;

    for (int i = 0; i < parts; to += (size_t)count[i++] * sizeof(mjtNum))
        if (count[i])
            memcpy(to, part[i], (size_t)count[i] * sizeof(mjtNum));
}

void bp_physics_restore(struct bp_physics *physics, const void *state)
{
    mjtNum *part[PARTS_MAX];
    int count[PARTS_MAX], parts = state_parts(physics, part, count);
    const char *from = state;

    mj_resetData(physics->model, physics->data);
    for (int i = 0; i < parts; from += (size_t)count[i++] * sizeof(mjtNum))
        if (count[i])
            memcpy(part[i], from, (size_t)count[i] * sizeof(mjtNum));
}

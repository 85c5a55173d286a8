#include "env/physics.h"

#include "env/isolate.h"
#include "env/mj_memory.h"
#include "env/model_cache.h"
#include "env/provided.h"

#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const double default_control_step = 0.05;
static const char outer_name[] = "bp-world.xml";

/* mju_error must not return: it jumps back to the thread's step in progress, or reports and ends the process if there is none. */
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
    (void)message;          /* counted in data->warning, which every step checks */
}

__attribute__((constructor)) static void install_handlers(void)
{
    mju_user_error = handle_error;
    mju_user_warning = handle_warning;
}

static int add_file(mjVFS *files, const char *name, const char *text)
{
    if (mj_makeEmptyFileVFS(files, name, (int)strlen(text) + 1))
        return -1;
    strcpy(files->filedata[mj_findFileVFS(files, name)], text);
    return 0;
}

/* The file, or `outer` in its place from memory; the file too may come from there. */
static mjModel *compile(const char *path, const char *outer, char *reason, int size)
{
    mjVFS *files = outer ? malloc(sizeof *files) : NULL;
    mjModel *model = NULL;

    if (!outer)
        return mj_loadXML(path, NULL, reason, size);
    snprintf(reason, (size_t)size, "out of memory");
    if (!files)
        return NULL;
    mj_defaultVFS(files);
    const char *slash = strrchr(path, '/'), *provided = bp_body_provided(path);
    if (!add_file(files, outer_name, outer) && (!provided || !add_file(files, slash ? slash + 1 : path, provided))) {
        char beside[4096 + sizeof outer_name];
        snprintf(beside, sizeof beside, "%.*s%s", slash ? (int)(slash - path + 1) : 0, path, outer_name);
        model = mj_loadXML(beside, files, reason, size);
    }
    mj_deleteVFS(files);
    free(files);
    return model;
}

static void one_line(char *text)
{
    for (; *text; text++)
        if (*text == '\n')
            *text = text[1] ? ' ' : '\0';
}

/* The model, compiled or, where another environment has the same, copied. */
static mjModel *model_of(const char *path, const char *outer, bool trusted, struct bp_cached_model **kept, char *reason, int size)
{
    mjModel *model;
    char *key;

    if (asprintf(&key, "%s\n%s", path, outer ? outer : "") < 0) {
        snprintf(reason, (size_t)size, "out of memory");
        return NULL;
    }
    model = bp_model_cache_copy(key, kept);
    if (!model && (model = trusted ? compile(path, outer, reason, size) : bp_isolate(compile, path, outer, reason, size)))
        *kept = bp_model_cache_keep(key, model);
    free(key);
    return model;
}

static double control_step(const mjModel *model)
{
    int i = mj_name2id(model, mjOBJ_NUMERIC, "control_step");

    return i < 0 || model->numeric_size[i] < 1 ? default_control_step : model->numeric_data[model->numeric_adr[i]];
}

/* Timesteps with which a simulation advances: MuJoCo accepts any, even NaN. */
static int check_times(struct bp_physics *physics, const char *path)
{
    double step = physics->model->opt.timestep, control = control_step(physics->model);

    if (!(step >= 1e-5 && step <= 0.1))
        return bp_error(BP_USAGE, "the body '%s' has a timestep of %g s; it must be from 1e-5 to 0.1", path, step);
    if (!(control >= step && control <= 1 && control / step < 10000))
        return bp_error(BP_USAGE, "the body '%s' has a control_step of %g s; it must be from its timestep, %g, to 1", path, control, step);
    physics->substeps = (int)lround(control / step);
    return 0;
}

int bp_physics_load(struct bp_physics *physics, const char *path, const char *outer, bool trusted)
{
    char reason[512] = "";
    struct stat file;

    *physics = (struct bp_physics){0};
    bool provided = bp_body_provided(path);
    if (!provided && !stat(path, &file) && !S_ISREG(file.st_mode))
        return bp_error(BP_USAGE, "the body '%s' is not a file", path);
    if (!provided && access(path, R_OK))
        return bp_error_errno(BP_FAILURE, "cannot open the body '%s'", path);
    physics->model = model_of(path, outer, trusted, &physics->kept, reason, sizeof reason);
    if (!physics->model) {
        one_line(reason);
        return bp_error(trusted ? BP_FAILURE : BP_DAMAGED, "cannot load the body '%s': %s", path, reason);
    }
    if (check_times(physics, path)) {
        bp_physics_free(physics);
        return -1;
    }
    bp_mj_memory_fit(physics->model);
    physics->data = mj_makeData(physics->model);
    physics->raw = calloc((size_t)physics->model->nq + 1, sizeof(mjtNum));
    if (!physics->data || !physics->raw) {
        bp_physics_free(physics);
        return bp_error(BP_FAILURE, "out of memory");
    }
    bp_mj_memory_release(physics->data);
    return 0;
}

void bp_physics_free(struct bp_physics *physics)
{
    if (physics->data)
        mj_deleteData(physics->data);
    if (physics->model)
        mj_deleteModel(physics->model);
    free(physics->raw);
    bp_model_cache_release(physics->kept);
    *physics = (struct bp_physics){0};
}

/* MuJoCo writes what it compiled last, in this process, and only to files. */
char *bp_physics_mjcf(const struct bp_physics *physics, const char *path, const char *outer)
{
    int fd = memfd_create("bp-world", MFD_CLOEXEC);
    char reason[512] = "out of memory", name[32], *text = NULL;
    mjModel *again = fd < 0 ? NULL : compile(path, outer, reason, sizeof reason);
    struct stat file;

    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    if (again && mj_saveLastXML(name, physics->model, reason, sizeof reason) && !fstat(fd, &file) &&
        (text = calloc(1, (size_t)file.st_size + 1)) && pread(fd, text, (size_t)file.st_size, 0) != file.st_size) {
        free(text);
        text = NULL;
    }
    if (!text) {
        one_line(reason);
        bp_error(BP_FAILURE, "cannot write the body '%s' as one file: %s", path, reason);
    }
    if (again)
        mj_deleteModel(again);
    if (fd >= 0)
        close(fd);
    return text;
}

/*
 * Every warning counts: with contacts or constraints that found no room, or an inertia that cannot be inverted, the simulation is of
 * something else, even if its numbers stay finite. One warning does not concern the simulation: shapes that found no room in a picture.
 */
static bool healthy(const mjData *data)
{
    for (int i = 0; i < mjNWARNING; i++)
        if (i != mjWARN_VGEOMFULL && data->warning[i].number)
            return false;
    return true;
}

static void forward(struct bp_physics *physics)
{
    mju_copy(physics->raw, physics->data->qpos, physics->model->nq);
    mj_step1(physics->model, physics->data);
}

/*
 * Simulation steps are cut so that they end where the next begins: after a control step the positions of bodies, velocities and
 * contacts are known without a further mj_forward, which would cost 14 % (ant). Runge-Kutta cannot be cut.
 */
static void advance(struct bp_physics *physics)
{
    if (physics->model->opt.integrator == mjINT_RK4)
        mj_step(physics->model, physics->data);
    else
        mj_step2(physics->model, physics->data);
    forward(physics);
}

/* Errors inside jump back to here. */
static bool guarded(struct bp_physics *physics, void (*function)(struct bp_physics *), int times)
{
    jmp_buf here;

    if (setjmp(here)) {
        on_error = NULL;
        physics->broken = true;
        bp_warn("MuJoCo: %s; the episode is ended as diverged", error_text);
        return false;
    }
    on_error = &here;
    for (int i = 0; i < times; i++)
        function(physics);
    on_error = NULL;
    return !(physics->broken = !healthy(physics->data));
}

bool bp_physics_forward(struct bp_physics *physics)
{
    return guarded(physics, forward, 1);
}

double bp_physics_control_step(const struct bp_physics *physics)
{
    return physics->substeps * physics->model->opt.timestep;
}

bool bp_physics_step(struct bp_physics *physics)
{
    return guarded(physics, advance, physics->substeps);
}

/* ---- state ---- */

/*
 * The arrays that integration reads, in a fixed order; qacc_warmstart among them, without which a resumed run drifts. Positions are
 * those before MuJoCo made their quaternions unit length: it does so again when they are restored, and doing it twice differs from doing it
 * once in the last bit.
 */
static int state_parts(const struct bp_physics *physics, mjtNum **part, int *count)
{
    const mjModel *m = physics->model;
    mjData *d = physics->data;
    int n = 0;

#define PART(array, size) (part[n] = (array), count[n++] = (size))
    PART(&d->time, 1);
    PART(physics->raw, m->nq);
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

/*
 * mj_resetData clears megabytes, which takes 100 us. All other data follow from the state, so it is needed only after numbers went bad or an
 * error interrupted a step.
 */
static void clear(struct bp_physics *physics)
{
    mjtNum *part[PARTS_MAX];
    int count[PARTS_MAX], parts = state_parts(physics, part, count);

    if (physics->broken) {
        mj_resetData(physics->model, physics->data);
        physics->broken = false;
    }
    for (int i = 0; i < parts; i++)
        mju_zero(part[i], count[i]);
}

void bp_physics_reset(struct bp_physics *physics)
{
    const mjModel *m = physics->model;
    mjData *d = physics->data;

    clear(physics);
    mju_copy(d->qpos, m->qpos0, m->nq);
    for (int b = 0; b < m->nbody; b++)
        if (m->body_mocapid[b] >= 0) {
            mju_copy3(d->mocap_pos + 3 * m->body_mocapid[b], m->body_pos + 3 * b);
            mju_copy4(d->mocap_quat + 4 * m->body_mocapid[b], m->body_quat + 4 * b);
        }
}

int bp_physics_restore(struct bp_physics *physics, const void *state)
{
    mjtNum *part[PARTS_MAX];
    int count[PARTS_MAX], parts = state_parts(physics, part, count);
    const char *from = state;

    for (size_t at = 0; at < bp_physics_state_size(physics); at += sizeof(mjtNum)) {
        mjtNum x;
        memcpy(&x, from + at, sizeof x);
        if (!(fabs(x) <= mjMAXVAL))
            return -1;
    }
    clear(physics);
    for (int i = 0; i < parts; from += (size_t)count[i++] * sizeof(mjtNum))
        if (count[i])
            memcpy(part[i], from, (size_t)count[i] * sizeof(mjtNum));
    mju_copy(physics->data->qpos, physics->raw, physics->model->nq);
    return bp_physics_forward(physics) ? 0 : -1;
}

const char *bp_physics_version(void)
{
    return mj_versionString();
}

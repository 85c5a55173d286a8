#include "env/render.h"

#include "env/gl.h"
#include "env/world.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_GEOMS = 2000 };

static const char *const camera_names[] = {"follow", "top", NULL};

const char *bp_camera_name(int i)
{
    return camera_names[i];
}

enum bp_camera bp_camera_find(const char *name)
{
    return strcmp(name, camera_names[BP_CAMERA_TOP]) ? BP_CAMERA_FOLLOW : BP_CAMERA_TOP;
}

struct bp_renderer {
    int width, height;
    enum bp_camera camera;
    const mjModel *model;           /* that context and scene are made for; NULL: none yet */
    mjrContext context;
    mjvScene scene;
    unsigned char *upside_down;     /* height x width x 3, as OpenGL has it */
};

struct bp_renderer *bp_renderer_new(int width, int height, enum bp_camera camera)
{
    struct bp_renderer *renderer;

    if (bp_gl_start(width, height))
        return NULL;
    if (!(renderer = calloc(1, sizeof *renderer))) {
        bp_error(BP_FAILURE, "out of memory");
        return NULL;
    }
    renderer->width = width;
    renderer->height = height;
    renderer->camera = camera;
    mjv_defaultScene(&renderer->scene);
    mjr_defaultContext(&renderer->context);
    if (!(renderer->upside_down = malloc((size_t)width * (size_t)height * 3))) {
        bp_error(BP_FAILURE, "out of memory");
        bp_renderer_free(renderer);
        return NULL;
    }
    return renderer;
}

void bp_renderer_forget(struct bp_renderer *renderer)
{
    if (renderer->model) {
        mjr_freeContext(&renderer->context);
        mjv_freeScene(&renderer->scene);
    }
    renderer->model = NULL;
}

void bp_renderer_free(struct bp_renderer *renderer)
{
    if (!renderer)
        return;
    bp_renderer_forget(renderer);
    free(renderer->upside_down);
    free(renderer);
}

/* Shadows take most of the time of a small picture, and need not be finer than that. */
static int shadow_size(const struct bp_renderer *renderer)
{
    int edge = renderer->width > renderer->height ? renderer->width : renderer->height, size = 256;

    while (size < 2048 && size < 4 * edge)
        size *= 2;
    return size;
}

/* Textures and meshes of the model go to the graphics library once. */
static void know_model(struct bp_renderer *renderer, mjModel *model)
{
    if (renderer->model == model)
        return;
    bp_renderer_forget(renderer);
    model->vis.global.offwidth = renderer->width;
    model->vis.global.offheight = renderer->height;
    model->vis.quality.shadowsize = shadow_size(renderer);
    mjv_makeScene(model, &renderer->scene, MOST_GEOMS);
    mjr_makeContext(model, &renderer->context, mjFONTSCALE_50);
    mjr_setBuffer(mjFB_OFFSCREEN, &renderer->context);
    renderer->model = model;
}

/* ---- targets ---- */

/* The target that a one-hot group of as many numbers names, -1: none. */
static int named(const struct bp_env *env, const float *observation)
{
    static const char *const cues[] = {"goal", "progress"};

    for (int c = 0; c < 2; c++) {
        const struct bp_group *group = bp_groups_find(&env->spec.groups, cues[c]);
        for (int i = 0; group && group->size == env->world->spec->targets && i < group->size; i++)
            if (observation[group->offset + i] > 0.5f)
                return i;
    }
    return -1;
}

/* Flat on the floor; the named one is opaque. */
static void add_target(mjvScene *scene, const struct bp_world *world, int i, bool is_named)
{
    double half = world->spec->target_size / 2;
    mjtNum size[3] = {half, half, 0.02 * half}, at[3] = {world->state.target[i][0], world->state.target[i][1], 0.04 * half};
    const float *colour = bp_world_colours[i];
    float rgba[4] = {colour[0], colour[1], colour[2], is_named ? 1 : 0.35f};

    if (world->spec->target_round)
        size[1] = size[2];
    if (scene->ngeom < scene->maxgeom)
        mjv_initGeom(&scene->geoms[scene->ngeom++], world->spec->target_round ? mjGEOM_CYLINDER : mjGEOM_BOX, size, at, NULL, rgba);
}

/* ---- where from ---- */

/* Along a room's diagonal; so near that a body fills a fifth of the picture, or from so high that the arena fits. */
static mjvCamera look(const struct bp_renderer *renderer, const struct bp_world *world)
{
    double size = world->spec->size, field = world->physics.model->vis.global.fovy * M_PI / 180;
    const double *root = bp_world_root(world);
    mjvCamera camera;

    mjv_defaultCamera(&camera);
    camera.type = mjCAMERA_FREE;
    if (renderer->camera == BP_CAMERA_TOP) {
        double edge = size > 0 ? size : 8;
        camera.distance = 1.08 * edge / 2 / tan(field / 2);
        camera.azimuth = 90;
        camera.elevation = -90;
        if (size <= 0)
            mju_copy3(camera.lookat, root);
    } else {
        double near = 2.5 + 4 * world->body.radius;
        camera.distance = world->spec->bare ? 1.3 * size : near;
        camera.azimuth = 60;
        camera.elevation = -35;
        mju_copy3(camera.lookat, root);
    }
    return camera;
}

static int draw(struct bp_renderer *renderer, const struct bp_env *env, const float *observation, unsigned char *rgb)
{
    const struct bp_world *world = env->world;
    mjrRect all = {0, 0, renderer->width, renderer->height};
    size_t row = (size_t)renderer->width * 3;
    mjvOption options;

    know_model(renderer, world->physics.model);
    mjvCamera camera = look(renderer, world);
    mjv_defaultOption(&options);
    memset(options.sitegroup, 0, sizeof options.sitegroup);
    mjv_updateScene(world->physics.model, world->physics.data, &options, NULL, &camera, mjCAT_ALL, &renderer->scene);
    for (int i = 0, goal = named(env, observation); i < world->spec->targets; i++)
        add_target(&renderer->scene, world, i, i == goal);
    mjr_render(all, &renderer->scene, &renderer->context);
    mjr_readPixels(renderer->upside_down, NULL, all, &renderer->context);
    for (int y = 0; y < renderer->height; y++)
        memcpy(rgb + (size_t)y * row, renderer->upside_down + (size_t)(renderer->height - 1 - y) * row, row);
    return 0;
}

int bp_render(struct bp_renderer *renderer, const struct bp_env *env, const float *observation, unsigned char *rgb)
{
    return env->world ? draw(renderer, env, observation, rgb) : bp_error(BP_USAGE, "task '%s' cannot be drawn", env->spec.task);
}

#include "env/world.h"

#include "base/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const float bp_world_colours[BP_WORLD_TARGETS][3] = {{0.85f, 0.2f, 0.2f}, {0.15f, 0.6f, 0.25f}, {0.2f, 0.4f, 0.9f}, {0.9f, 0.65f, 0.1f}};

/* Room between a box and the walls at first, for a body to get behind it: the arena's edge by this. */
static const double box_room_part = 10;

/* The arena that a body's file can ask for, m. */
static const double arena_least = 1, arena_most = 100;

/* ---- loading ---- */

static void find_objects(struct bp_world *world)
{
    const mjModel *m = world->physics.model;
    int far = mj_name2id(m, mjOBJ_BODY, "world/far");

    for (int i = 0; i < world->spec->boxes; i++) {
        char name[32];
        snprintf(name, sizeof name, "world/box%d", i);
        world->box[i] = mj_name2id(m, mjOBJ_BODY, name);
        world->box_qpos[i] = m->jnt_qposadr[m->body_jntadr[world->box[i]]];
    }
    world->far = far < 0 ? -1 : m->body_mocapid[far];
}

/* A file's <compiler> and <default> affect more than its own body. */
static int check_boxes(const struct bp_world *world)
{
    const mjModel *m = world->physics.model;
    const mjtNum upright[4] = {1, 0, 0, 0};

    for (int i = 0; i < world->spec->boxes; i++) {
        int body = world->box[i], geom = m->body_geomadr[body];
        if (fabs(m->body_mass[body] - world->spec->box_mass) > 1e-6 || mju_norm3(m->geom_pos + 3 * geom) > 1e-6 ||
            mju_norm3(m->body_ipos + 3 * body) > 1e-6 || fabs(mju_dot(m->geom_quat + 4 * geom, upright, 4)) < 1 - 1e-6)
            return bp_error(BP_USAGE, "the body '%s' changes the world's boxes, as compiler settotalmass, coordinate=\"global\" and defaults that "
                            "place or turn geoms do: leave these out", world->name);
    }
    return 0;
}

/* Floors of a body's file would be in the way of ours. */
static void hide_own_floor(mjModel *m)
{
    for (int g = 0; g < m->ngeom; g++)
        if (m->geom_bodyid[g] == 0 && strncmp(m->names + m->name_geomadr[g], "world/", 6)) {
            m->geom_contype[g] = m->geom_conaffinity[g] = 0;
            m->geom_rgba[4 * g + 3] = 0;
        }
}

static int check_room(struct bp_world *world);

static int find_everything(struct bp_world *world)
{
    world->physics.model->opt.disableflags |= mjDSBL_SENSOR;     /* nothing reads those of the file */
    if (!world->spec->bare)
        hide_own_floor(world->physics.model);
    if (!bp_physics_forward(&world->physics))
        return bp_error(BP_USAGE, "the body '%s' has an initial pose that cannot be simulated", world->name);
    find_objects(world);
    if (check_boxes(world))
        return -1;
    return bp_body_find(&world->body, &world->physics, world->name);
}

/* From the body's file at `path`. 0, or -1 after reporting, with what there is to be freed. */
static int load(struct bp_world *world, const char *path)
{
    char *text = bp_scene_text(world->spec, path);
    int status = text ? bp_physics_load(&world->physics, path, text, !bp_body_is_file(world->name)) : -1;

    free(text);
    return status;
}

/*
 * Where the body's file asks for another arena, by <custom><numeric name="arena" data="METRES"/>, the world is loaded once more: with that
 * edge, and boxes and targets as much larger.
 */
static int widen(struct bp_world *world, const char *path)
{
    const mjModel *m = world->physics.model;
    int i = world->spec->for_body ? mj_name2id(m, mjOBJ_NUMERIC, "arena") : -1;

    if (i < 0 || m->numeric_size[i] < 1)
        return 0;
    double size = m->numeric_data[m->numeric_adr[i]], scale = size / world->spec->size;
    if (!(size >= arena_least && size <= arena_most))
        return bp_error(BP_USAGE, "the body '%s' asks for an arena of %g m; it must be from %g to %g", world->name, size, arena_least, arena_most);
    if (scale == 1)
        return 0;
    world->wide = *world->spec;
    world->wide.size = size;
    world->wide.box_edge *= scale;
    world->wide.target_size *= scale;
    world->spec = &world->wide;
    bp_physics_free(&world->physics);
    return load(world, path);
}

int bp_world_load(struct bp_world *world, const struct bp_world_spec *spec, const char *body)
{
    char path[4096];

    *world = (struct bp_world){.spec = spec};
    if (bp_body_path(body, path, sizeof path))
        return -1;
    strcpy(world->name, body);
    if (load(world, path) || widen(world, path) || find_everything(world) || check_room(world)) {
        bp_world_free(world);
        return -1;
    }
    return 0;
}

void bp_world_free(struct bp_world *world)
{
    bp_physics_free(&world->physics);
    *world = (struct bp_world){0};
}

/* ---- starting an episode ---- */

void bp_world_put_body(struct bp_world *world, double x, double y, double yaw)
{
    bp_body_place(&world->body, &world->physics, x, y, yaw);
}

void bp_world_put_box(struct bp_world *world, int box, double x, double y, double yaw)
{
    mjtNum *qpos = world->physics.data->qpos + world->box_qpos[box];

    qpos[0] = x;
    qpos[1] = y;
    qpos[2] = yaw;
}

void bp_world_set_gap(struct bp_world *world, double length)
{
    world->state.gap = length;
    world->physics.data->mocap_pos[3 * world->far] = bp_scene_gap_start + length + bp_scene_corridor_length / 2;
}

/* Things to be kept apart, as discs. */
struct disc {
    double at[2], radius;
};

/* A place for one more disc that is inside the walls by `room` and clear of the others; false: none was found. */
static bool find_place(struct disc *disc, int count, double half, double room, gsl_rng *stream)
{
    struct disc *next = &disc[count];
    double reach = half - next->radius - room;

    for (int attempt = 0; reach >= 0 && attempt < 200; attempt++) {
        bool clear = true;
        for (int k = 0; k < 2; k++)
            next->at[k] = reach * (2 * gsl_rng_uniform(stream) - 1);
        for (int i = 0; clear && i < count; i++)
            clear = hypot(next->at[0] - disc[i].at[0], next->at[1] - disc[i].at[1]) >= next->radius + disc[i].radius;
        if (clear)
            return true;
    }
    return false;
}

enum { DISCS = 1 + BP_WORLD_BOXES + BP_WORLD_TARGETS };

/* Places for all: the body first, then boxes and targets. False: after the first ones there was no room for the others. */
static bool find_places(const struct bp_world *world, struct disc *disc, gsl_rng *stream)
{
    const struct bp_world_spec *spec = world->spec;
    double half = spec->size / 2, round = spec->target_round ? 1 : M_SQRT2;
    int count = 0;

    disc[0] = (struct disc){.radius = world->body.radius};
    if (!spec->centred && spec->size > 0 && !find_place(disc, 0, half, 0, stream))
        return false;
    for (count = 1; count <= spec->boxes + spec->targets; count++) {
        bool box = count <= spec->boxes;
        disc[count].radius = box ? spec->box_edge / M_SQRT2 : round * spec->target_size / 2;
        if (!find_place(disc, count, half, box ? spec->size / box_room_part : 0, stream))
            return false;
    }
    return true;
}

/* Discs that do not fit are reported when the world is loaded, so that every reset ends. */
static int check_room(struct bp_world *world)
{
    const struct bp_world_spec *spec = world->spec;
    struct disc disc[DISCS];
    gsl_rng *stream = bp_random_new();
    int fits = 0;

    if (!stream)
        return -1;
    bp_random_seek(stream, 0, BP_FOR_RESET, 0, 0);
    for (int i = 0; i < 100; i++)
        fits += spec->bare || find_places(world, disc, stream);
    gsl_rng_free(stream);
    return fits > 5 ? 0 : bp_error(BP_USAGE, "the body '%s' is too large, %.2g m across: it and its targets and boxes find no room on %g x %g m%s",
                                   world->name, 2 * world->body.radius, spec->size, spec->size,
                                   spec->for_body ? "; its file can ask for more by <custom><numeric name=\"arena\" data=\"EDGE\"/></custom>" : "");
}

static double any_angle(gsl_rng *stream)
{
    return 2 * M_PI * gsl_rng_uniform(stream);
}

void bp_world_reset(struct bp_world *world, gsl_rng *stream)
{
    const struct bp_world_spec *spec = world->spec;
    struct disc disc[DISCS] = {{{0, 0}, 0}};

    bp_physics_reset(&world->physics);
    world->state = (struct bp_world_state){0};
    if (spec->bare)
        return;
    while (!find_places(world, disc, stream))
        ;
    bp_world_put_body(world, disc[0].at[0], disc[0].at[1], spec->corridor > 0 ? 0 : any_angle(stream));
    for (int i = 0; i < spec->boxes; i++)
        bp_world_put_box(world, i, disc[1 + i].at[0], disc[1 + i].at[1], any_angle(stream));
    for (int i = 0; i < spec->targets; i++)
        memcpy(world->state.target[i], disc[1 + spec->boxes + i].at, sizeof world->state.target[i]);
}

void bp_world_settle(struct bp_world *world)
{
    (void)bp_physics_forward(&world->physics);
    bp_body_mark(&world->body, &world->physics);
}

/* ---- in an episode ---- */

bool bp_world_step(struct bp_world *world, const float *action)
{
    if (bp_body_act(&world->physics, action))
        return true;
    bp_physics_reset(&world->physics);
    if (world->spec->corridor > 0)
        bp_world_set_gap(world, world->state.gap);
    bp_world_settle(world);
    return false;
}

const double *bp_world_root(const struct bp_world *world)
{
    return world->physics.data->xpos + 3 * world->body.root;
}

const double *bp_world_box(const struct bp_world *world, int box)
{
    return world->physics.data->xpos + 3 * world->box[box];
}

/* A free joint's velocity is along the world's axes, and slides are so by the conventions of bodies. */
void bp_world_velocity(const struct bp_world *world, double *velocity)
{
    const mjtNum *qvel = world->physics.data->qvel;

    velocity[0] = qvel[0];
    velocity[1] = qvel[1];
    velocity[2] = world->body.free ? qvel[2] : 0;
}

bool bp_world_within(const struct bp_world *world, const double *position, int target)
{
    double dx = position[0] - world->state.target[target][0], dy = position[1] - world->state.target[target][1];
    double half = world->spec->target_size / 2;

    return fabs(dx) <= half && fabs(dy) <= half && (!world->spec->target_round || hypot(dx, dy) <= half);
}

/* A contact within the margin of 0 means that they do. */
bool bp_world_boxes_touch(const struct bp_world *world)
{
    const mjModel *m = world->physics.model;
    const mjData *d = world->physics.data;

    for (int i = 0; i < d->ncon; i++) {
        int a = m->geom_bodyid[d->contact[i].geom1], b = m->geom_bodyid[d->contact[i].geom2];
        if ((a == world->box[0] && b == world->box[1]) || (a == world->box[1] && b == world->box[0]))
            return true;
    }
    return false;
}

static float heading(const mjtNum *axes)
{
    return (float)atan2(axes[3], axes[0]);
}

void bp_world_places(const struct bp_world *world, float *pose, float *target, float *box)
{
    const mjtNum *axes = world->physics.data->xmat;
    const double *root = bp_world_root(world);

    pose[0] = (float)root[0];
    pose[1] = (float)root[1];
    pose[2] = heading(axes + 9 * world->body.root);
    for (int i = 0; i < world->spec->targets; i++, target += 2) {
        target[0] = (float)world->state.target[i][0];
        target[1] = (float)world->state.target[i][1];
    }
    for (int i = 0; i < world->spec->boxes; i++, box += 3) {
        box[0] = (float)bp_world_box(world, i)[0];
        box[1] = (float)bp_world_box(world, i)[1];
        box[2] = heading(axes + 9 * world->box[i]);
    }
}

/* ---- what is seen ---- */

float *bp_world_see_targets(const struct bp_world *world, float *o)
{
    struct bp_frame frame = bp_body_frame(&world->body, world->physics.data);
    float seen[3];

    for (int i = 0; i < world->spec->targets; i++) {
        double point[3] = {world->state.target[i][0], world->state.target[i][1], 0};
        bp_frame_see(&frame, point, seen);
        *o++ = seen[0];
        *o++ = seen[1];
    }
    return o;
}

float *bp_world_see_boxes(const struct bp_world *world, float *o)
{
    struct bp_frame frame = bp_body_frame(&world->body, world->physics.data);

    for (int i = 0; i < world->spec->boxes; i++, o += 9) {
        const mjtNum *axes = world->physics.data->xmat + 9 * world->box[i];
        double x[3] = {axes[0], axes[3], axes[6]}, z[3] = {axes[2], axes[5], axes[8]};
        bp_frame_see(&frame, bp_world_box(world, i), o);
        bp_frame_turn(&frame, x, o + 3);
        bp_frame_turn(&frame, z, o + 6);
    }
    return o;
}

/* ---- the full state ---- */

size_t bp_world_state_size(const struct bp_world *world)
{
    return sizeof world->state + bp_physics_state_size(&world->physics);
}

void bp_world_save(const struct bp_world *world, void *state)
{
    memcpy(state, &world->state, sizeof world->state);
    bp_physics_save(&world->physics, (char *)state + sizeof world->state);
}

int bp_world_restore(struct bp_world *world, const void *state)
{
    const double *number = &world->state.target[0][0];

    memcpy(&world->state, state, sizeof world->state);
    for (size_t i = 0; i < sizeof world->state / sizeof *number; i++)
        if (!(fabs(number[i]) <= mjMAXVAL))
            return -1;
    return bp_physics_restore(&world->physics, (const char *)state + sizeof world->state);
}

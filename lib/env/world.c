#include "env/world.h"

#include "base/random.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const double bp_world_gap_start = 2, bp_world_box_edge = 0.5;

const float bp_world_colours[BP_WORLD_TARGETS][3] = {{0.85f, 0.2f, 0.2f}, {0.15f, 0.6f, 0.25f}, {0.2f, 0.4f, 0.9f}, {0.9f, 0.65f, 0.1f}};

/* Walls are of any height to what runs into them; this is how far one sees them. */
static const double wall_height = 0.5, corridor_back = 1.5, corridor_length = 40, pit_depth = 3;

/*
 * A box rides on air, half a centimetre above the floor, and comes to rest within a time constant of half a second, so that where it is
 * says nearly all about where it will be. A push by chance then sends one through a target in 1 of 10 episodes of push-1b1t.
 * With less drag it is a puck whose velocity nobody sees; with more, chance moves it too little.
 */
static const double box_clearance = 0.005, box_drag_time = 0.5;

/* Room between a box and the walls at first, for a ball to get behind it. */
static const double box_room = 0.3;

/* ---- the text of a world ---- */

struct text {
    char bytes[12288];
    size_t length;
};

static void write(struct text *text, const char *format, ...) BP_PRINTF(2, 3);
static void write(struct text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(text->bytes + text->length, sizeof text->bytes - text->length, format, arguments);
    va_end(arguments);
    text->length += length > 0 ? (size_t)length : 0;
    if (text->length >= sizeof text->bytes)
        text->length = sizeof text->bytes - 1;
}

/* The bare name of the file, as an attribute's value. */
static void write_name(struct text *text, const char *path)
{
    const char *slash = strrchr(path, '/');

    for (const char *c = slash ? slash + 1 : path; *c; c++)
        if (strchr("&<>\"'", *c))
            write(text, "&#%d;", *c);
        else
            write(text, "%c", *c);
}

/* Planes are the cheapest to test against, whichever side things come from. x and y: the wall's middle, and where it faces. */
static void write_wall(struct text *text, const char *name, double x, double y, int facing_x, int facing_y, double half)
{
    write(text, "<geom name=\"world/wall-%s\" class=\"world/still\" type=\"plane\" pos=\"%g %g %g\" xyaxes=\"%d %d 0 0 0 1\" "
          "size=\"%g %g 1\" rgba=\"0.55 0.6 0.7 1\"/>\n", name, x, y, wall_height / 2, -facing_y, facing_x, half, wall_height / 2);
}

static void write_arena(struct text *text, double size)
{
    double half = size / 2;

    write(text, "<geom name=\"world/floor\" class=\"world/still\" type=\"plane\" size=\"%g %g 1\" material=\"world/floor\"/>\n", half, half);
    if (size <= 0)
        return;
    write_wall(text, "east", half, 0, -1, 0, half);
    write_wall(text, "west", -half, 0, 1, 0, half);
    write_wall(text, "north", 0, half, 0, -1, half);
    write_wall(text, "south", 0, -half, 0, 1, half);
}

/* The floor is two blocks; the far one is moved with the length of the gap, so it is a mocap body: its place belongs to the state. */
static void write_corridor(struct text *text, double width)
{
    double near = (bp_world_gap_start + corridor_back) / 2, deep = pit_depth / 2;

    write(text, "<geom name=\"world/near\" class=\"world/still\" type=\"box\" pos=\"%g 0 %g\" size=\"%g %g %g\" material=\"world/floor\"/>\n",
          bp_world_gap_start - near, -deep, near, width / 2, deep);
    write(text, "<geom name=\"world/pit\" class=\"world/still\" type=\"plane\" pos=\"0 0 %g\" size=\"%g %g 1\" rgba=\"0.2 0.2 0.2 1\"/>\n",
          -pit_depth, corridor_length, width / 2);
    write_wall(text, "left", 0, width / 2, 0, -1, corridor_length);
    write_wall(text, "right", 0, -width / 2, 0, 1, corridor_length);
    write_wall(text, "back", -corridor_back, 0, 1, 0, width / 2);
    write(text, "<body name=\"world/far\" mocap=\"true\" pos=\"%g 0 %g\"><geom name=\"world/far\" class=\"world/still\" type=\"box\" "
          "size=\"%g %g %g\" material=\"world/floor\"/></body>\n",
          bp_world_gap_start + corridor_length / 2, -deep, corridor_length / 2, width / 2, deep);
}

static void write_joint(struct text *text, int box, const char *name, const char *kind, double at, double damping)
{
    write(text, "<joint name=\"world/box%d/%s\" class=\"world/still\" %s ref=\"%g\" damping=\"%g\"/>", box, name, kind, at, damping);
}

/*
 * Two slides and a hinge in place of a free joint: a box does not topple, nobody gets under it, and no contacts with the floor take two
 * thirds of a step's time. Coordinates are those of the world. Initial places do not matter, only that they differ.
 */
static void write_boxes(struct text *text, int boxes, double mass)
{
    double half = bp_world_box_edge / 2, drag = mass / box_drag_time, inertia = mass * bp_world_box_edge * bp_world_box_edge / 6;

    for (int i = 0; i < boxes; i++) {
        double x = 2 + 2.0 * i;
        write(text, "<body name=\"world/box%d\" pos=\"%g 0 %g\">", i, x, half + box_clearance);
        write_joint(text, i, "x", "type=\"slide\" axis=\"1 0 0\"", x, drag);
        write_joint(text, i, "y", "type=\"slide\" axis=\"0 1 0\"", 0, drag);
        write_joint(text, i, "yaw", "type=\"hinge\" axis=\"0 0 1\"", 0, inertia / box_drag_time);
        write(text, "<geom name=\"world/box%d\" class=\"world/still\" type=\"box\" size=\"%g %g %g\" mass=\"%g\" rgba=\"%s 1\"/></body>\n",
              i, half, half, half, mass, i ? "0.3 0.5 0.9" : "0.9 0.6 0.2");
    }
}

/*
 * The body comes first, so that its numbers are the first in qpos and qvel. What the world adds collides with whatever collides at
 * all, and says itself whatever a body's defaults could otherwise change. Friction is the larger one's of two, so that feet have their
 * own.
 */
static void write_world(struct text *text, const struct bp_world_spec *spec, const char *path)
{
    write(text, "<mujoco model=\"world\">\n<include file=\"");
    write_name(text, path);
    write(text, "\"/>\n");
    if (!spec->bare) {
        write(text,
              "<default><default class=\"world/still\"><geom contype=\"2147483647\" conaffinity=\"2147483647\" condim=\"3\" group=\"0\" "
              "priority=\"0\" friction=\"0.4 0.005 0.0001\" solmix=\"1\" solref=\"0.02 1\" solimp=\"0.9 0.95 0.001 0.5 2\" margin=\"0\" "
              "gap=\"0\" rgba=\"1 1 1 1\"/><joint limited=\"false\" stiffness=\"0\" springref=\"0\" frictionloss=\"0\" armature=\"0\" "
              "pos=\"0 0 0\" margin=\"0\" group=\"0\"/></default></default>\n"
              "<visual><headlight ambient=\"0.35 0.35 0.35\" diffuse=\"0.3 0.3 0.3\" specular=\"0 0 0\"/></visual>\n"
              "<asset><texture name=\"world/sky\" type=\"skybox\" builtin=\"gradient\" rgb1=\"0.85 0.9 0.95\" rgb2=\"0.6 0.7 0.8\" "
              "width=\"32\" height=\"32\"/><texture name=\"world/floor\" type=\"2d\" builtin=\"checker\" rgb1=\"0.75 0.77 0.8\" rgb2=\"0.65 0.68 0.72\" "
              "width=\"32\" height=\"32\"/><material name=\"world/floor\" texture=\"world/floor\" texuniform=\"true\" texrepeat=\"1 1\"/></asset>\n"
              "<worldbody>\n<light name=\"world/light\" directional=\"true\" pos=\"0 0 5\" dir=\"0.2 0.3 -1\" diffuse=\"0.4 0.4 0.4\" specular=\"0.1 0.1 0.1\"/>\n");
        if (spec->corridor > 0)
            write_corridor(text, spec->corridor);
        else
            write_arena(text, spec->size);
        write_boxes(text, spec->boxes, spec->box_mass);
        write(text, "</worldbody>\n");
    }
    write(text, "</mujoco>\n");
}

char *bp_world_text(const struct bp_world_spec *spec, const char *path)
{
    struct text *text = calloc(1, sizeof *text);
    char *copy = NULL;

    if (text) {
        write_world(text, spec, path);
        copy = strdup(text->bytes);
    }
    free(text);
    if (!copy)
        bp_error(BP_FAILURE, "out of memory");
    return copy;
}

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

/* Floors that a body's file brings for itself are in the way of ours. */
static void hide_own_floor(mjModel *m)
{
    for (int g = 0; g < m->ngeom; g++)
        if (m->geom_bodyid[g] == 0 && strncmp(m->names + m->name_geomadr[g], "world/", 6)) {
            m->geom_contype[g] = m->geom_conaffinity[g] = 0;
            m->geom_rgba[4 * g + 3] = 0;
        }
}

/*
 * Sensors of the file would run in vain. Sparse Jacobians have the same solution; where MuJoCo may choose, it takes them from 60 degrees
 * of freedom, though beside a box they pay for anything larger than the ball: they are 1.02 (ant), 1.08 (humanoid) and 1.09 times
 * (quadruped) as fast then, 0.96 times for the ball, and 0.92 to 0.97 times without a box.
 */
static void tune(mjModel *m, const struct bp_world_spec *spec)
{
    m->opt.disableflags |= mjDSBL_SENSOR;
    if (m->opt.jacobian == mjJAC_AUTO)
        m->opt.jacobian = spec->boxes && m->nv >= 20 ? mjJAC_SPARSE : mjJAC_DENSE;
}

static int check_room(struct bp_world *world);

static int find_everything(struct bp_world *world)
{
    tune(world->physics.model, world->spec);
    if (!world->spec->bare)
        hide_own_floor(world->physics.model);
    if (!bp_physics_forward(&world->physics))
        return bp_error(BP_USAGE, "the body '%s' has an initial pose that cannot be simulated", world->name);
    find_objects(world);
    return bp_body_find(&world->body, &world->physics, world->name);
}

int bp_world_load(struct bp_world *world, const struct bp_world_spec *spec, const char *body)
{
    char path[4096], *text;
    int status = -1;

    *world = (struct bp_world){.spec = spec};
    if (bp_body_path(body, path, sizeof path))
        return -1;
    strcpy(world->name, body);
    if (!(text = bp_world_text(spec, path)))
        return -1;
    if (!bp_physics_load(&world->physics, path, text, !bp_body_is_file(body)) && !find_everything(world))
        status = check_room(world);
    free(text);
    if (status)
        bp_world_free(world);
    return status;
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
    world->physics.data->mocap_pos[3 * world->far] = bp_world_gap_start + length + corridor_length / 2;
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

/* Places for all: the body first, then boxes and targets. False: with these first ones the others do not fit in. */
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
        disc[count].radius = box ? bp_world_box_edge / M_SQRT2 : round * spec->target_size / 2;
        if (!find_place(disc, count, half, box ? box_room : 0, stream))
            return false;
    }
    return true;
}

/* Discs whose places nobody finds are reported when the world is loaded, so that every reset ends. */
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
    return fits > 5 ? 0 : bp_error(BP_USAGE, "the body '%s' is too large, %.2g m across: it and its targets and boxes find no room on %g x %g m",
                                   world->name, 2 * world->body.radius, spec->size, spec->size);
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

float *bp_world_see_corners(const struct bp_world *world, float *o)
{
    struct bp_frame frame = bp_body_frame(&world->body, world->physics.data);
    double half = bp_world_box_edge / 2;

    for (int i = 0; i < world->spec->boxes; i++)
        for (int corner = 0; corner < 8; corner++, o += 3) {
            mjtNum local[3] = {corner & 4 ? half : -half, corner & 2 ? half : -half, corner & 1 ? half : -half}, point[3];
            mju_rotVecMat(point, local, world->physics.data->xmat + 9 * world->box[i]);
            mju_addTo3(point, bp_world_box(world, i));
            bp_frame_see(&frame, point, o);
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

void bp_world_restore(struct bp_world *world, const void *state)
{
    memcpy(&world->state, state, sizeof world->state);
    bp_physics_restore(&world->physics, (const char *)state + sizeof world->state);
}

#include "env/scene.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const double bp_scene_gap_start = 3, bp_scene_corridor_length = 40;

/* For collisions walls are infinitely high; this is their height in pictures. */
static const double wall_height = 0.5, corridor_back = 2, pit_depth = 3;

/*
 * A box floats half a centimetre above the floor, and comes to rest with a time constant of half a second, so that its place nearly
 * determines where it will be. Random actions then push it through a target in 7 of 100 episodes of push-1b1t. With less drag it would be a
 * puck whose velocity is not observed; with more, random actions would move it too little.
 */
static const double box_clearance = 0.005, box_drag_time = 0.5;

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
    double near = (bp_scene_gap_start + corridor_back) / 2, deep = pit_depth / 2;

    write(text, "<geom name=\"world/near\" class=\"world/still\" type=\"box\" pos=\"%g 0 %g\" size=\"%g %g %g\" material=\"world/floor\"/>\n",
          bp_scene_gap_start - near, -deep, near, width / 2, deep);
    write(text, "<geom name=\"world/pit\" class=\"world/still\" type=\"plane\" pos=\"0 0 %g\" size=\"%g %g 1\" rgba=\"0.2 0.2 0.2 1\"/>\n",
          -pit_depth, bp_scene_corridor_length, width / 2);
    write_wall(text, "left", 0, width / 2, 0, -1, bp_scene_corridor_length);
    write_wall(text, "right", 0, -width / 2, 0, 1, bp_scene_corridor_length);
    write_wall(text, "back", -corridor_back, 0, 1, 0, width / 2);
    write(text, "<body name=\"world/far\" mocap=\"true\" pos=\"%g 0 %g\"><geom name=\"world/far\" class=\"world/still\" type=\"box\" "
          "size=\"%g %g %g\" material=\"world/floor\"/></body>\n",
          bp_scene_gap_start + bp_scene_corridor_length / 2, -deep, bp_scene_corridor_length / 2, width / 2, deep);
}

static void write_joint(struct text *text, int box, const char *name, const char *kind, double at, double damping)
{
    write(text, "<joint name=\"world/box%d/%s\" class=\"world/still\" %s ref=\"%g\" damping=\"%g\"/>", box, name, kind, at, damping);
}

/*
 * Two slides and a hinge in place of a free joint: a box does not topple, nothing gets under it, and there are no contacts with the floor,
 * which would take two thirds of a step's time. Coordinates are those of the world. Initial places do not matter, only that they differ.
 */
static void write_boxes(struct text *text, int boxes, double edge, double mass)
{
    double half = edge / 2, drag = mass / box_drag_time, inertia = mass * edge * edge / 6;

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
 * The body comes first, so that its numbers are the first in qpos and qvel. What the world adds collides with everything that
 * collides at all, and states every attribute that a body's defaults could change. Friction between two geoms is the larger one's, so that
 * feet keep theirs.
 */
static void write_world(struct text *text, const struct bp_world_spec *spec, const char *path)
{
    write(text, "<mujoco model=\"world\">\n<include file=\"");
    write_name(text, path);
    write(text, "\"/>\n");
    if (!spec->bare) {
        write(text,
              "<default><default class=\"world/still\"><geom contype=\"2147483647\" conaffinity=\"2147483647\" condim=\"3\" group=\"0\" "
              "pos=\"0 0 0\" quat=\"1 0 0 0\" priority=\"0\" friction=\"0.4 0.005 0.0001\" solmix=\"1\" solref=\"0.02 1\" solimp=\"0.9 0.95 0.001 0.5 2\" margin=\"0\" "
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
        write_boxes(text, spec->boxes, spec->box_edge, spec->box_mass);
        write(text, "</worldbody>\n");
    }
    write(text, "</mujoco>\n");
}

char *bp_scene_text(const struct bp_world_spec *spec, const char *path)
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

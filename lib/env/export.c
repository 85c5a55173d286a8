#include "env/export.h"

#include "base/text.h"
#include "env/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As flat on the floor as the renderer draws them. A site touches nothing. */
static void write_targets(FILE *out, const struct bp_world *world)
{
    double half = world->spec->target_size / 2, height = 0.02 * half;

    for (int i = 0; i < world->spec->targets; i++) {
        const double *at = world->state.target[i];
        const float *colour = bp_world_colours[i];
        fprintf(out, "    <site name=\"world/target%d\" type=\"%s\" pos=\"%.17g %.17g %g\" size=\"%g %g %g\" group=\"0\" rgba=\"%g %g %g 0.6\"/>\n",
                i, world->spec->target_round ? "cylinder" : "box", at[0], at[1], 2 * height, half,
                world->spec->target_round ? height : half, height, colour[0], colour[1], colour[2]);
    }
}

static void write_numbers(FILE *out, const char *name, const mjtNum *numbers, int n)
{
    if (n > 0)
        fprintf(out, " %s=\"", name);
    for (int i = 0; i < n; i++)
        fprintf(out, "%s%.17g", i ? " " : "", numbers[i]);
    if (n > 0)
        fputc('"', out);
}

static void write_key(FILE *out, const struct bp_world *world)
{
    const mjModel *m = world->physics.model;
    const mjData *d = world->physics.data;

    fprintf(out, "  <keyframe>\n    <key name=\"world/start\"");
    write_numbers(out, "qpos", d->qpos, m->nq);
    write_numbers(out, "qvel", d->qvel, m->nv);
    write_numbers(out, "act", d->act, m->na);
    write_numbers(out, "ctrl", d->ctrl, m->nu);
    write_numbers(out, "mpos", d->mocap_pos, 3 * m->nmocap);
    write_numbers(out, "mquat", d->mocap_quat, 4 * m->nmocap);
    fprintf(out, "/>\n  </keyframe>\n");
}

static bool begins(const char *line, const char *with)
{
    return !strncmp(line, with, strlen(with));
}

/*
 * MuJoCo writes an element a line, those of the worldbody itself four blanks in. Of its geoms only the world's own collide (world.c),
 * unless the file brings its own world.
 */
static void add_state(FILE *out, char *text, const struct bp_world *world)
{
    bool in_world = false;

    for (char *line = text, *end; *line; line = end) {
        size_t length = strcspn(line, "\n");
        end = line + length + (line[length] == '\n');
        if (begins(line, "  </worldbody>"))
            write_targets(out, world);
        in_world = begins(line, "  <worldbody>") || (in_world && !begins(line, "  </worldbody>"));
        if (in_world && !world->spec->bare && begins(line, "    <geom ") && !begins(line, "    <geom name=\"world/"))
            continue;
        fwrite(line, 1, (size_t)(end - line), out);
        if (begins(line, "  </worldbody>"))
            write_key(out, world);
    }
}

char *bp_env_mjcf(const struct bp_env *env)
{
    const struct bp_world *world = env->world;
    char path[4096], *outer, *plain = NULL, *whole = NULL;
    struct bp_text text;

    if (!world) {
        bp_error(BP_USAGE, "task '%s' has no world to write", env->spec.task);
        return NULL;
    }
    if (bp_body_path(world->name, path, sizeof path) || !(outer = bp_scene_text(world->spec, path)))
        return NULL;
    if ((plain = bp_physics_mjcf(&world->physics, path, outer))) {
        if (bp_text_begin(&text))
            add_state(text.stream, plain, world);
        if (!(whole = bp_text_end(&text)))
            bp_error(BP_FAILURE, "out of memory");
    }
    free(plain);
    free(outer);
    return whole;
}

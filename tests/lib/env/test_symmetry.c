/*
 * The same world, turned about the vertical or mirrored, is seen and felt the same: for every task on every body. After random play a
 * twin takes the state over, turned or mirrored, both do one control step, the twin under the mirrored action, and each group is
 * compared by the rule of its row. What is not egocentric turns with the world.
 */
#include "env/task.h"

#include "../base/check.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 256, MOST_ACTIONS = 32, MOST_JOINTS = 64, PLAYED = 12, SEEDS = 6 };

/*
 * At any angle nothing collides, as walls do not turn with the world: joints, motors, gravity and inertia are left. Where things do,
 * MuJoCo's friction has four directions (pyramids), which at legs that meet are the world's: a quarter turn is with round cones.
 */
enum collisions { NONE, ROUND, AS_THEY_ARE };
struct view {
    double angle;
    bool mirrored;
    enum collisions collisions;
};
static const struct view views[] = {
    {1.1, false, NONE}, {-2.5, true, NONE}, {M_PI / 2, false, ROUND}, {M_PI / 2, true, ROUND}, {M_PI, false, AS_THEY_ARE}, {0, true, AS_THEY_ARE},
};
enum { VIEWS = sizeof views / sizeof *views };
static const double tolerance = 1e-6;           /* of numbers that are about 1: some bits of a float */

/* ---- what becomes of vectors ---- */

/* Along the world's axes: mirrored in y, then turned. */
static void turn(const struct view *view, double *x, double *y)
{
    double c = cos(view->angle), s = sin(view->angle), side = view->mirrored ? -*y : *y, ahead = *x;

    *x = c * ahead - s * side;
    *y = s * ahead + c * side;
}

/* An orientation; rotations mirror as what they turn about does not: those about y stay. */
static void turn_quaternion(const struct view *view, mjtNum *q)
{
    const mjtNum about[4] = {cos(view->angle / 2), 0, 0, sin(view->angle / 2)};
    mjtNum mirrored[4] = {q[0], view->mirrored ? -q[1] : q[1], q[2], view->mirrored ? -q[3] : q[3]};

    mju_mulQuat(q, about, mirrored);
}

/* A free joint's place and velocity; that of rotation is along its own axes. */
static void turn_free(const struct view *view, mjtNum *qpos, mjtNum *qvel)
{
    turn(view, &qpos[0], &qpos[1]);
    turn_quaternion(view, qpos + 3);
    turn(view, &qvel[0], &qvel[1]);
    if (view->mirrored) {
        qvel[3] *= -1;
        qvel[5] *= -1;
    }
}

/* ---- left and right of a body, by the names of its parts ---- */

struct twins {
    int joint[MOST_JOINTS], sign[MOST_JOINTS];          /* a joint's partner across the middle, itself when it is in it */
    int actuator[MOST_ACTIONS], actuator_sign[MOST_ACTIONS];
    int effector[BP_EFFECTORS_MAX];
};

static int partner(const mjModel *m, int type, int i)
{
    char name[64] = "", *at;

    snprintf(name, sizeof name, "%s", mj_id2name(m, type, i));
    if ((at = strstr(name, "left"))) {
        char rest[64];
        strcpy(rest, at + 4);
        strcpy(at, "right");
        strcat(name, rest);
    } else if ((at = strstr(name, "right"))) {
        memmove(at + 4, at + 5, strlen(at + 5) + 1);
        memcpy(at, "left", 4);
    }
    int other = mj_name2id(m, type, name);
    assert_true(other >= 0);
    return other;
}

/* A slide's axis mirrors in y, a hinge's in x and z: then the same number means the mirrored motion, else the opposite one. */
static int sign_of(const mjModel *m, int joint, int other)
{
    const mjtNum *a = m->jnt_axis + 3 * joint, *b = m->jnt_axis + 3 * other;
    double flip = m->jnt_type[joint] == mjJNT_SLIDE ? 1 : -1;
    double same = flip * (a[0] * b[0] - a[1] * b[1] + a[2] * b[2]);

    assert_close(fabs(same), 1, 1e-9);
    return same > 0 ? 1 : -1;
}

static void find_twins(const struct bp_world *w, struct twins *t)
{
    const mjModel *m = w->physics.model;

    assert_true(m->njnt <= MOST_JOINTS && m->nu <= MOST_ACTIONS);
    for (int j = 0; j < m->njnt; j++) {
        t->joint[j] = j;
        if (m->jnt_type[j] == mjJNT_FREE)
            continue;
        t->joint[j] = partner(m, mjOBJ_JOINT, j);
        t->sign[j] = sign_of(m, j, t->joint[j]);
    }
    for (int k = 0; k < m->nu; k++) {                   /* a force along a site's x axis is what the ball has */
        t->actuator[k] = partner(m, mjOBJ_ACTUATOR, k);
        t->actuator_sign[k] = m->actuator_trntype[k] == mjTRN_JOINT ? t->sign[m->actuator_trnid[2 * k]] : 1;
    }
    for (int e = 0; e < w->body.effectors; e++) {
        int other = partner(m, mjOBJ_SITE, w->body.effector[e]);
        for (t->effector[e] = 0; w->body.effector[t->effector[e]] != other;)
            t->effector[e]++;
    }
}

/* ---- a world, turned ---- */

/* Whoever turns has a hinge for it, or a free joint; a body with neither, the point mass, looks along x for ever. */
static bool turns(const struct bp_world *w)
{
    return w->body.free || w->body.turn >= 0;
}

/* Slides along x and y, and a hinge about z unless `hinge` is -1. */
static void turn_slides(const struct view *view, mjtNum *qpos, mjtNum *qvel, int hinge)
{
    turn(view, &qpos[0], &qpos[1]);
    turn(view, &qvel[0], &qvel[1]);
    if (hinge >= 0)
        qpos[hinge] += view->angle;             /* mirrored already, as all hinges */
}

static void turn_world(struct bp_world *w, const struct view *view, const struct twins *t)
{
    const mjModel *m = w->physics.model;
    mjtNum *qpos = w->physics.data->qpos, *qvel = w->physics.data->qvel, old_qpos[128], old_qvel[128];

    mju_copy(old_qpos, qpos, m->nq);
    mju_copy(old_qvel, qvel, m->nv);
    for (int j = 0; j < m->njnt; j++) {
        int p = m->jnt_qposadr[j], v = m->jnt_dofadr[j], other = t->joint[j];
        if (m->jnt_type[j] == mjJNT_FREE) {
            turn_free(view, qpos + p, qvel + v);
        } else if (view->mirrored && m->jnt_type[j] == mjJNT_HINGE) {
            qpos[m->jnt_qposadr[other]] = t->sign[j] * old_qpos[p];
            qvel[m->jnt_dofadr[other]] = t->sign[j] * old_qvel[v];
        }
    }
    if (!w->body.free)
        turn_slides(view, qpos, qvel, w->body.turn);
    for (int i = 0; i < w->spec->boxes; i++)
        turn_slides(view, qpos + w->box_qpos[i], qvel + m->body_dofadr[w->box[i]], 2);
    for (int i = 0; i < w->spec->targets; i++)
        turn(view, &w->state.target[i][0], &w->state.target[i][1]);
}

static void turn_action(const struct bp_world *w, const struct view *view, const struct twins *t, const float *action, float *o)
{
    for (int k = 0; k < w->physics.model->nu; k++)
        o[t->actuator[k]] = view->mirrored && turns(w) ? (float)t->actuator_sign[k] * action[k] : action[k];
    if (!turns(w)) {
        double x = (double)action[0], y = (double)action[1];
        turn(view, &x, &y);
        o[0] = (float)x;
        o[1] = (float)y;
    } else if (!view->mirrored) {
        memcpy(o, action, (size_t)w->physics.model->nu * sizeof *o);
    }
}

/* ---- what the twin should see: turned from what the first one sees ---- */

static void mirror_triples(const struct view *view, float *o, int n, const float sign[3])
{
    for (int i = 0; view->mirrored && i < n; i++)
        o[i] *= sign[i % 3];
}

static const float vector[3] = {1, -1, 1}, rotation[3] = {-1, 1, -1};

static void turn_proprio(const struct bp_world *w, const struct view *view, const struct twins *t, float *o)
{
    const mjModel *m = w->physics.model;
    float old[MOST], *at = o + 1;
    int size = bp_body_proprio_size(&w->body);

    if (!view->mirrored)
        return;
    memcpy(old, o, (size_t)size * sizeof *o);
    for (int e = 0; e < w->body.effectors; e++)
        for (int k = 0; k < 3; k++)
            at[3 * t->effector[e] + k] = vector[k] * old[1 + 3 * e + k];
    for (int j = 0; j < m->njnt; j++) {
        int offset = 1 + 3 * w->body.effectors - w->body.qpos, p = m->jnt_qposadr[j], v = m->jnt_dofadr[j] - w->body.qvel;
        if (p < w->body.qpos || p >= w->body.qpos + w->body.positions)
            continue;
        o[offset + m->jnt_qposadr[t->joint[j]]] = (float)t->sign[j] * old[offset + p];
        offset += w->body.qpos + w->body.positions;
        o[offset + m->jnt_dofadr[t->joint[j]] - w->body.qvel] = (float)t->sign[j] * old[offset + v];
    }
    at = o + size - 9;
    mirror_triples(view, at, 3, vector);
    mirror_triples(view, at + 3, 3, rotation);
    mirror_triples(view, at + 6, 3, vector);
}

/* Pairs along the world's axes. */
static void turn_pairs(const struct view *view, float *o, int n)
{
    for (int i = 0; i < n; i += 2) {
        double x = (double)o[i], y = (double)o[i + 1];
        turn(view, &x, &y);
        o[i] = (float)x;
        o[i + 1] = (float)y;
    }
}

static void turn_seen(const struct bp_env *env, const struct view *view, const struct twins *t, float *o)
{
    const struct bp_world *w = env->world;

    for (int i = 0; i < env->spec.groups.count; i++) {
        const struct bp_group *group = &env->spec.groups.group[i];
        float *at = o + group->offset;
        if (!strcmp(group->name, "proprio"))
            turn_proprio(w, view, t, at);
        else if (!strcmp(group->name, "boxes"))
            mirror_triples(view, at, group->size, vector);
        else if (!strcmp(group->name, "targets") && turns(w))
            for (int k = 1; k < group->size; k += 2)
                at[k] *= view->mirrored ? -1 : 1;
        else if (!strcmp(group->name, "targets") || !strcmp(group->name, "global"))
            turn_pairs(view, at, group->size);
        else if (!strcmp(group->name, "gap"))           /* after `global`, whose place is in 10 m; the corridor is along the world's x */
            at[0] = (float)bp_scene_gap_start - 10 * o[bp_groups_find(&env->spec.groups, "global")->offset];
        else if (!strcmp(group->name, "goal") && !strcmp(env->spec.task, "walk") && view->mirrored)
            memcpy(at + 2, (const float[2]){at[3], at[2]}, 2 * sizeof *at);
        else                                            /* what is asked for, and distances */
            assert_true(!strcmp(group->name, "goal") || !strcmp(group->name, "progress") || !strcmp(group->name, "touch"));
    }
}

/* ---- both, side by side ---- */

static struct bp_world *world_of(struct bp_env *env)
{
    return (struct bp_world *)env->world;
}

static void draw(gsl_rng *stream, float *action, int n)
{
    for (int k = 0; k < n; k++)
        action[k] = (float)(1.4 * gsl_rng_uniform(stream) - 0.7);       /* within the bounds when the point mass turns it */
}

/* Which target is asked for now; 0 where none is. */
static int wanted(const struct bp_env *env, const float *o)
{
    const struct bp_group *group = bp_groups_find(&env->spec.groups, "goal");
    int i = 0;

    if (!group && !(group = bp_groups_find(&env->spec.groups, "progress")))
        return 0;
    while (o[group->offset + i] == 0)
        i++;
    return i % env->world->spec->targets;
}

/* Some steps of random play; then, so that something is paid, the target under the body or under a box. */
static void play(struct bp_env *env, uint64_t seed, gsl_rng *stream)
{
    struct bp_world *w = world_of(env);
    float o[MOST], action[MOST_ACTIONS];
    struct bp_step step = {0};

    bp_random_seek(stream, seed, BP_FOR_TEST, 9, 0);
    bp_env_reset(env, seed, o);
    for (int t = 0; t < PLAYED; t++) {
        draw(stream, action, env->spec.action.size);
        bp_env_step(env, action, o, &step);
    }
    assert_false(step.terminated || step.truncated);
    if (w->spec->targets && seed % 3 < 2)
        memcpy(w->state.target[wanted(env, o)], seed % 3 && w->spec->boxes ? bp_world_box(w, 0) : bp_world_root(w), sizeof w->state.target[0]);
}

/* As if both had just begun from where they are. */
static void start(struct bp_env *env, const struct view *view)
{
    mjOption *option = &world_of(env)->physics.model->opt;

    option->disableflags = view->collisions == NONE ? option->disableflags | mjDSBL_CONTACT : option->disableflags & ~mjDSBL_CONTACT;
    option->cone = view->collisions == ROUND ? mjCONE_ELLIPTIC : mjCONE_PYRAMIDAL;
    bp_world_settle(world_of(env));
}

static void take_over(struct bp_env *twin, struct bp_env *env, const struct view *view, const struct twins *t, void *bytes)
{
    bp_env_save(env, bytes);
    assert_true(bp_env_restore(twin, bytes) >= 0);
    turn_world(world_of(twin), view, t);
    if (!strcmp(env->spec.task, "walk") && view->mirrored) {
        int32_t *goal = &((struct bp_world_env *)twin)->state.goal;
        *goal = *goal < 2 ? *goal : 5 - *goal;
    }
    start(env, view);
    start(twin, view);
}

static int paid;

static void compare(struct bp_env *env, struct bp_env *twin, const struct view *view, const struct twins *t, gsl_rng *stream)
{
    float o[MOST], seen[MOST], action[MOST_ACTIONS], turned[MOST_ACTIONS];
    struct bp_step a, b;

    draw(stream, action, env->spec.action.size);
    turn_action(env->world, view, t, action, turned);
    bp_env_step(env, action, o, &a);
    bp_env_step(twin, turned, seen, &b);
    turn_seen(env, view, t, o);
    for (int i = 0; i < env->spec.groups.count; i++) {
        const struct bp_group *group = &env->spec.groups.group[i];
        for (int k = group->offset; k < group->offset + group->size; k++)
            if (!(fabs((double)o[k] - (double)seen[k]) <= tolerance * fmax(1, fabs((double)o[k]))))
                fail_msg("%s, %s, turned by %g%s: %s[%d] is %.8g, not %.8g", env->spec.task, env->spec.body, view->angle,
                         view->mirrored ? ", mirrored" : "", group->name, k - group->offset, (double)seen[k], (double)o[k]);
    }
    bool corridor = world_of(env)->spec->corridor > 0;  /* it pays the velocity along the world's x */
    double want = corridor ? (double)o[bp_groups_find(&env->spec.groups, "global")->offset + 2] : (double)a.reward;
    assert_close(b.reward, want, tolerance);
    assert_int_equal(a.terminated, b.terminated);
    assert_int_equal(a.diverged || b.diverged, false);
    if (strcmp(env->spec.task, "walk"))
        assert_int_equal(a.event, b.event);
    paid += a.reward != 0;
}

static void each_view(struct bp_env *env, struct bp_env *twin)
{
    struct twins twins;
    gsl_rng *stream = bp_random_new();
    void *bytes = malloc(env->spec.state_size);

    find_twins(env->world, &twins);
    for (uint64_t seed = 0; seed < SEEDS; seed++)
        for (int v = 0; v < VIEWS; v++) {
            start(env, &(const struct view){.collisions = AS_THEY_ARE});
            play(env, seed, stream);
            take_over(twin, env, &views[v], &twins, bytes);
            compare(env, twin, &views[v], &twins, stream);
        }
    free(bytes);
    gsl_rng_free(stream);
}

static void turned_and_mirrored_worlds_look_the_same(void **state)
{
    int worlds = 0;

    (void)state;
    setenv("BP_SHARE", "share", 0);
    for (int i = 0; bp_tasks[i]; i++)
        for (int b = 0; bp_tasks[i]->bodies[b]; b++) {
            struct bp_env *env = bp_env_open(bp_tasks[i]->name, bp_tasks[i]->bodies[b]);
            struct bp_env *twin = bp_env_open(bp_tasks[i]->name, bp_tasks[i]->bodies[b]);
            assert_true(env && twin && env->spec.groups.size <= MOST && env->spec.action.size <= MOST_ACTIONS);
            paid = 0;
            if (env->world) {           /* else its states are no places in a world */
                each_view(env, twin);
                assert_true(paid > 0 || !strcmp(env->spec.task, "gather"));     /* that boxes touch is seldom, and seen from no side */
            }
            worlds += env->world != NULL;
            bp_env_close(env);
            bp_env_close(twin);
        }
    assert_in_range(worlds, 20, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turned_and_mirrored_worlds_look_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

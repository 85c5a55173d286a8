#include "env/body.h"

#include "base/share.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct bp_body_row bp_bodies[] = {
    {"pointmass", "forces along x and y (2 actuators)"},
    {"ball", "forward and backward, and turn (2)"},
    {"ant", "four legs of hip and ankle (8)"},
    {"quadruped", "four legs of hip, knee and ankle (12)"},
    {"humanoid", "two legs, two arms (21)"},
    {"humanoid23", "the same with a neck (23)"},
    {NULL, NULL},
};

bool bp_body_has_file(const char *name)
{
    int i = 0;

    while (bp_bodies[i].name && strcmp(bp_bodies[i].name, name))
        i++;
    return bp_bodies[i].name || bp_body_is_file(name);
}

bool bp_body_is_file(const char *name)
{
    size_t length = strlen(name);

    return length > 4 && !strcmp(name + length - 4, ".xml");
}

int bp_body_path(const char *name, char *path, size_t size)
{
    char file[64];

    if (bp_body_is_file(name))
        return strlen(name) < BP_BODY_NAME && (size_t)snprintf(path, size, "%s", name) < size
                   ? 0 : bp_error(BP_USAGE, "the path of the body is longer than %d characters: '%s'", BP_BODY_NAME - 1, name);
    snprintf(file, sizeof file, "bodies/%s.xml", name);
    return bp_share_path(file, path, size);
}

/* ---- the conventions ---- */

/* The one body in the worldbody that has joints; what the world adds comes after it and has names that begin with "world/". */
static int find_root(struct bp_body *body, const mjModel *m, const char *name)
{
    for (int b = 1; b < m->nbody; b++)
        if (m->body_parentid[b] == 0 && m->body_jntnum[b] > 0 && strncmp(m->names + m->name_bodyadr[b], "world/", 6)) {
            if (body->root)
                return bp_error(BP_USAGE, "the body '%s' has more than one root: '%s' and '%s' in its worldbody have joints", name,
                                m->names + m->name_bodyadr[body->root], m->names + m->name_bodyadr[b]);
            body->root = b;
        }
    if (!body->root && m->njnt)
        return bp_error(BP_USAGE, "the body '%s' is fixed to its place: no body in its worldbody has a free joint, and tasks put it anywhere",
                        name);
    return body->root ? 0 : bp_error(BP_USAGE, "the body '%s' has no root: no body in its worldbody has a joint", name);
}

static bool along(const mjtNum *axis, int which)
{
    return axis[which] > 1 - 1e-6;
}

/* The names of the root's joints, as "'rootx', 'rootz', 'rooty'". */
static const char *root_joints(const mjModel *m, int root, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (int i = 0; i < m->body_jntnum[root] && used < size; i++) {
        const char *joint = m->names + m->name_jntadr[m->body_jntadr[root] + i];
        used += (size_t)snprintf(text + used, size - used, "%s%s%s%s", i ? ", " : "", *joint ? "'" : "", *joint ? joint : "one without a name",
                                 *joint ? "'" : "");
    }
    return text;
}

/* As in the hopper, the walker and the cheetah of planar collections: a slide up, and no joint that leaves the plane. */
static bool planar(const mjModel *m, int root)
{
    bool up = false;

    for (int i = m->body_jntadr[root]; i < m->body_jntadr[root] + m->body_jntnum[root]; i++) {
        bool slide = m->jnt_type[i] == mjJNT_SLIDE;
        if (!slide && m->jnt_type[i] != mjJNT_HINGE)
            return false;
        up |= slide && fabs(m->jnt_axis[3 * i + 2]) > 0.99;
    }
    return up;
}

/* The refusal says what to change: a free joint suits every body that stands on its own. */
static int refuse_root(const mjModel *m, int root, const char *name)
{
    const char *body = m->names + m->name_bodyadr[root];
    char joints[512];

    root_joints(m, root, joints, sizeof joints);
    if (planar(m, root))
        return bp_error(BP_USAGE, "the body '%s' is planar: its root '%s' moves by %s only; write <freejoint/> in the place of these joints, "
                        "and tasks can put and turn it anywhere", name, body, joints);
    return bp_error(BP_USAGE, "the body '%s' cannot be put anywhere: its root '%s' moves by %s; it needs <freejoint/> in their place, or slides "
                    "along x and y first", name, body, joints);
}

/* The joints of the root that say where it is. */
static int find_root_joints(struct bp_body *body, const mjModel *m, const char *name)
{
    int first = m->body_jntadr[body->root], count = m->body_jntnum[body->root];

    body->turn = -1;
    body->free = m->jnt_type[first] == mjJNT_FREE;
    if (body->free) {
        body->qpos = 7;
        body->qvel = 6;
        return 0;
    }
    const mjtNum *turned = m->body_quat + 4 * body->root;
    if (count < 2 || m->jnt_type[first] != mjJNT_SLIDE || m->jnt_type[first + 1] != mjJNT_SLIDE || !along(m->jnt_axis + 3 * first, 0) ||
        !along(m->jnt_axis + 3 * (first + 1), 1) || !along(turned, 0))
        return refuse_root(m, body->root, name);
    if (count > 2 && m->jnt_type[first + 2] == mjJNT_HINGE && along(m->jnt_axis + 3 * (first + 2), 2))
        body->turn = m->jnt_qposadr[first + 2];
    body->qpos = body->qvel = 2 + (body->turn >= 0);
    return 0;
}

static bool below(const mjModel *m, int b, int root)
{
    while (b > root)
        b = m->body_parentid[b];
    return b == root;
}

static bool leaf(const mjModel *m, int b)
{
    for (int child = b + 1; child < m->nbody; child++)
        if (m->body_parentid[child] == b)
            return false;
    return true;
}

static int find_effectors(struct bp_body *body, const mjModel *m, const char *name)
{
    int count = 0;

    for (int s = 0; s < m->nsite; s++)
        if (below(m, m->site_bodyid[s], body->root) && !strncmp(m->names + m->name_siteadr[s], "effector", 8) && count++ < BP_EFFECTORS_MAX)
            body->effector[count - 1] = s;
    body->effector_sites = count > 0;
    for (int b = body->root + 1; b < m->nbody && !body->effector_sites; b++)
        if (below(m, b, body->root) && leaf(m, b) && count++ < BP_EFFECTORS_MAX)
            body->effector[count - 1] = b;
    body->effectors = count;
    return count <= BP_EFFECTORS_MAX ? 0 : bp_error(BP_USAGE, "the body '%s' has %d end effectors; %d are the most", name, count, BP_EFFECTORS_MAX);
}

/* After the root's own joints, those of the tree below it follow in one piece. */
static void count_joints(struct bp_body *body, const mjModel *m)
{
    int last = body->root;

    for (int b = body->root; b < m->nbody; b++)
        if (below(m, b, body->root) && m->body_jntnum[b])
            last = b;
    int joint = m->body_jntadr[last] + m->body_jntnum[last];
    body->positions = (joint < m->njnt ? m->jnt_qposadr[joint] : m->nq) - body->qpos;
    body->velocities = (joint < m->njnt ? m->jnt_dofadr[joint] : m->nv) - body->qvel;
}

static void measure(struct bp_body *body, const mjModel *m, const mjData *d)
{
    const mjtNum *at = d->xpos + 3 * body->root;

    mju_copy(body->origin, at, 2);
    body->height = at[2];
    body->radius = 0;
    for (int g = 0; g < m->ngeom; g++)
        if (below(m, m->geom_bodyid[g], body->root)) {
            const mjtNum *p = d->geom_xpos + 3 * g;
            body->radius = fmax(body->radius, hypot(p[0] - at[0], p[1] - at[1]) + m->geom_rbound[g]);
        }
}

/* All that is observed is finite: a file may say "nan" where the simulation does not look. */
static bool finite_at_rest(const struct bp_body *body, const struct bp_physics *physics)
{
    float o[BP_PROPRIO_MAX];
    bool finite = isfinite(body->radius) && isfinite(body->height);

    bp_body_proprio(body, physics, o);
    for (int i = 0; i < bp_body_proprio_size(body) && finite; i++)
        finite = isfinite(o[i]);
    return finite;
}

int bp_body_find(struct bp_body *body, const struct bp_physics *physics, const char *name)
{
    const mjModel *m = physics->model;

    *body = (struct bp_body){0};
    if (find_root(body, m, name) || find_root_joints(body, m, name) || find_effectors(body, m, name))
        return -1;
    if (m->nu < 1 || m->nu > BP_ACTUATORS_MAX)
        return bp_error(BP_USAGE, "the body '%s' has %d actuators; 1 to %d are taken", name, m->nu, BP_ACTUATORS_MAX);
    body->imu = mj_name2id(m, mjOBJ_SITE, "imu");
    if (body->imu >= 0 && !below(m, m->site_bodyid[body->imu], body->root))
        return bp_error(BP_USAGE, "the body '%s' has its site 'imu' on something else than itself", name);
    body->imu_body = body->imu < 0 ? body->root : m->site_bodyid[body->imu];
    count_joints(body, m);
    measure(body, m, physics->data);
    if (bp_body_proprio_size(body) > BP_PROPRIO_MAX)
        return bp_error(BP_USAGE, "the body '%s' is too large: its proprioception has %d numbers, %d are the most", name,
                        bp_body_proprio_size(body), BP_PROPRIO_MAX);
    bp_body_mark(body, physics);
    return finite_at_rest(body, physics) ? 0 : bp_error(BP_USAGE, "the body '%s' has a pose that is not of finite numbers", name);
}

/* ---- the egocentric frame ---- */

struct bp_frame bp_body_frame(const struct bp_body *body, const mjData *data)
{
    const mjtNum *at = data->xpos + 3 * body->root, *ahead = data->xmat + 9 * body->root;
    double length = sqrt(ahead[0] * ahead[0] + ahead[3] * ahead[3]);

    if (length < 1e-9)                              /* it looks straight up or down: any heading will do */
        return (struct bp_frame){{at[0], at[1], at[2]}, 1, 0};
    return (struct bp_frame){{at[0], at[1], at[2]}, ahead[0] / length, ahead[3] / length};
}

void bp_frame_turn(const struct bp_frame *frame, const double *vector, float *o)
{
    o[0] = (float)(frame->cosine * vector[0] + frame->sine * vector[1]);
    o[1] = (float)(frame->cosine * vector[1] - frame->sine * vector[0]);
    o[2] = (float)vector[2];
}

void bp_frame_see(const struct bp_frame *frame, const double *point, float *o)
{
    double from[3] = {point[0] - frame->at[0], point[1] - frame->at[1], point[2] - frame->at[2]};

    bp_frame_turn(frame, from, o);
}

/* ---- placing and moving ---- */

void bp_body_place(const struct bp_body *body, struct bp_physics *physics, double x, double y, double yaw)
{
    const mjtNum *initial = physics->model->qpos0, turn[4] = {cos(yaw / 2), 0, 0, sin(yaw / 2)};
    mjtNum *qpos = physics->data->qpos;

    mju_copy(qpos, initial, body->qpos + body->positions);
    mju_zero(physics->data->qvel, body->qvel + body->velocities);
    if (body->free)
        mju_mulQuat(qpos + 3, turn, initial + 3);
    else if (body->turn >= 0)
        qpos[body->turn] += yaw;
    qpos[0] += x - body->origin[0];
    qpos[1] += y - body->origin[1];
}

/*
 * The velocity of the inertial unit along the world's axes: rotation, then translation. It computes what mj_objectVelocity does, without
 * the steps that are not needed here: cvel is that at the centre of mass of the whole tree.
 */
static void velocity(const struct bp_body *body, const mjData *d, mjtNum v[6])
{
    const mjtNum *at = body->imu < 0 ? d->xpos + 3 * body->root : d->site_xpos + 3 * body->imu, *centre = d->subtree_com + 3 * body->root;
    const mjtNum *spatial = d->cvel + 6 * body->imu_body, from[3] = {at[0] - centre[0], at[1] - centre[1], at[2] - centre[2]};
    mjtNum turned[3];

    mju_copy(v, spatial, 6);
    mju_cross(turned, spatial, from);
    mju_addTo3(v + 3, turned);
}

void bp_body_mark(struct bp_body *body, const struct bp_physics *physics)
{
    mjtNum v[6];

    velocity(body, physics->data, v);
    mju_copy3(body->before, v + 3);
}

bool bp_body_act(struct bp_physics *physics, const float *action)
{
    const mjModel *m = physics->model;

    for (int k = 0; k < m->nu; k++) {
        double a = action[k] > 1 ? 1 : action[k] < -1 ? -1 : (double)action[k];
        const mjtNum *range = m->actuator_ctrlrange + 2 * k;
        physics->data->ctrl[k] = m->actuator_ctrllimited[k] ? (range[0] + range[1]) / 2 + (range[1] - range[0]) / 2 * a : a;
    }
    return bp_physics_step(physics);
}

/* ---- proprioception ---- */

int bp_body_proprio_size(const struct bp_body *body)
{
    return 1 + 3 * body->effectors + body->positions + body->velocities + 9;
}

static float *put(float *o, const mjtNum *from, int n, double scale)
{
    for (int i = 0; i < n; i++)
        *o++ = (float)(scale * from[i]);
    return o;
}

static const mjtNum *axes(const struct bp_body *body, const mjData *d)
{
    return body->imu < 0 ? d->xmat + 9 * body->root : d->site_xmat + 9 * body->imu;
}

/* The mean reading of an accelerometer over the control step: change of velocity less gravity, in its own axes. */
static float *accelerometer(const struct bp_body *body, const struct bp_physics *physics, const mjtNum *now, float *o)
{
    double step = physics->substeps * physics->model->opt.timestep;
    mjtNum felt[3], read[3];

    for (int k = 0; k < 3; k++)
        felt[k] = (now[k] - body->before[k]) / step - physics->model->opt.gravity[k];
    mju_rotVecMatT(read, felt, axes(body, physics->data));
    for (int k = 0; k < 3; k++)
        *o++ = (float)fmax(-10, fmin(10, 0.1 * read[k]));
    return o;
}

void bp_body_proprio(const struct bp_body *body, const struct bp_physics *physics, float *o)
{
    const mjData *d = physics->data;
    const mjtNum *at = d->xpos + 3 * body->root, *places = body->effector_sites ? d->site_xpos : d->xpos;
    struct bp_frame frame = bp_body_frame(body, d);
    mjtNum v[6], own[3];

    *o++ = (float)at[2];
    for (int i = 0; i < body->effectors; i++, o += 3)
        bp_frame_see(&frame, places + 3 * body->effector[i], o);
    o = put(o, d->qpos + body->qpos, body->positions, 1);
    o = put(o, d->qvel + body->qvel, body->velocities, 0.1);
    velocity(body, d, v);
    o = accelerometer(body, physics, v + 3, o);
    mju_rotVecMatT(own, v, axes(body, d));
    o = put(o, own, 3, 0.1);
    mju_rotVecMatT(own, v + 3, axes(body, d));
    put(o, own, 3, 1);
}

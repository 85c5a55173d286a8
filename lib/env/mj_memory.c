#include "env/mj_memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The most contacts of two shapes, by MuJoCo's tests for the pair; for other pairs, its general limit. */
static const struct { mjtGeom a, b; int contacts; } pairs[] = {
    {mjGEOM_PLANE, mjGEOM_SPHERE, 1},   {mjGEOM_PLANE, mjGEOM_CAPSULE, 2}, {mjGEOM_PLANE, mjGEOM_BOX, 4},
    {mjGEOM_SPHERE, mjGEOM_SPHERE, 1},  {mjGEOM_SPHERE, mjGEOM_CAPSULE, 1}, {mjGEOM_SPHERE, mjGEOM_BOX, 1},
    {mjGEOM_CAPSULE, mjGEOM_CAPSULE, 2},
};

static int most_contacts(int a, int b)
{
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if ((a == (int)pairs[i].a && b == (int)pairs[i].b) || (b == (int)pairs[i].a && a == (int)pairs[i].b))
            return pairs[i].contacts;
    return mjMAXCONPAIR;
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

/* Rows of a contact in the friction cone of either kind. */
static int rows(int dimensions)
{
    return dimensions > 1 ? 2 * (dimensions - 1) : 1;
}

/* Contacts of all geoms that may meet, judged by their collision bits, and their constraints. */
static void count_contacts(const mjModel *m, int64_t *contacts, int64_t *constraints)
{
    for (int a = 0; a < m->ngeom; a++)
        for (int b = 0; b < a; b++) {
            int most = most_contacts(m->geom_type[a], m->geom_type[b]);
            if (m->geom_bodyid[a] == m->geom_bodyid[b] ||
                !((m->geom_contype[a] & m->geom_conaffinity[b]) | (m->geom_contype[b] & m->geom_conaffinity[a])))
                continue;
            *contacts += most;
            *constraints += most * rows(larger(m->geom_condim[a], m->geom_condim[b]));
        }
    for (int i = 0; i < m->npair; i++) {
        *contacts += mjMAXCONPAIR;
        *constraints += mjMAXCONPAIR * rows(m->pair_dim[i]);
    }
}

void bp_mj_memory_fit(mjModel *model)
{
    /* Of an equality at most 6, of a limit both ends, of friction one for each degree of freedom and tendon. */
    int64_t contacts = 0, constraints = 6 * model->neq + 2 * (model->njnt + model->ntendon) + model->nv + model->ntendon;

    count_contacts(model, &contacts, &constraints);
    if (contacts < model->nconmax)
        model->nconmax = larger((int)contacts, 1);
    if (constraints < model->njmax)
        model->njmax = larger((int)constraints, 1);
}

static bool empty(const char *page, size_t size)
{
    return page[0] == 0 && !memcmp(page, page + 1, size - 1);
}

void bp_mj_memory_release(mjData *data)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *buffer = data->buffer, *at = buffer + (-(uintptr_t)buffer % page), *end = buffer + data->nbuffer;

    while (at + page <= end) {
        char *begin = at;
        while (at + page <= end && empty(at, page))
            at += page;
        if (at > begin)
            madvise(begin, (size_t)(at - begin), MADV_DONTNEED);    /* private memory of no file reads as zeros again */
        else
            at += page;
    }
}

/*
 * Scenes: the place and the objects round a body. A scene's MJCF is written in memory round an <include> of the body's file, and
 * compiled from there: any body goes with any scene, there is no file for each pair, and paths in the body's file keep their
 * meaning. What the scene adds has names that begin with "world/".
 */
#ifndef BP_ENV_SCENE_H
#define BP_ENV_SCENE_H

#include "base/error.h"

#include <stdbool.h>

/* Content of a world. Lengths in m. */
struct bp_world_spec {
    bool bare;                  /* the body's file alone: it brings what it stands on */
    double size;                /* edge of the square arena round the origin, with walls; 0: an open plane */
    bool for_body;              /* for bodies whose file does not ask for another edge (bp-body(5)); boxes and targets grow with it */
    double corridor;            /* > 0: in place of an arena, a corridor of this width along x, with a gap in its floor */
    bool centred;               /* the body starts in the centre; only its heading is at random */
    int boxes;
    double box_edge, box_mass;  /* m, kg */
    int targets;
    double target_size;         /* edge of their squares; or with target_round, diameter of their discs */
    bool target_round;
};

/* The corridor: its floor begins at x = -1.5, the gap at 2; beyond the gap it goes on for 40 m. What falls into the gap falls 3 m. */
extern const double bp_scene_gap_start, bp_scene_corridor_length;

/* The scene's MJCF round the body's file `path`, to be read as if it lay beside that. To be freed. NULL after reporting. */
char *bp_scene_text(const struct bp_world_spec *spec, const char *path) BP_WARN_UNUSED;

#endif

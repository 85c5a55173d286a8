/* The resume state: optimisers, target networks, replay, actors and their simulators, so that a stopped run ends in the same bytes. */
#ifndef BP_RUN_RESUME_H
#define BP_RUN_RESUME_H

#include "run/cycle.h"

/* Path of the resume state of a checkpoint: the checkpoint's path, followed by ".resume". -1 after reporting that it is too long. */
int bp_resume_path(const char *output, char *path, size_t size) BP_WARN_UNUSED;

/* Write the state. config: resolved, for bp_resume_config. 0, or -1 after reporting. */
int bp_resume_write(const char *path, struct bp_cycle *cycle, const json_t *config, const char *parent) BP_WARN_UNUSED;

/* The config in a resume state (new reference) and its parent's hash; NULL after reporting. */
json_t *bp_resume_config(const char *path, char parent[72]) BP_WARN_UNUSED;

/* Load the state into a run just built from the same config. 0, or -1 after reporting; the run must then not be used. */
int bp_resume_read(const char *path, struct bp_cycle *cycle) BP_WARN_UNUSED;

#endif

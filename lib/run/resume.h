/* The resume state: optimisers, target networks, replay, actors and their simulators, so that a stopped run ends in the same bytes. */
#ifndef BP_RUN_RESUME_H
#define BP_RUN_RESUME_H

#include "run/cycle.h"

/* What stands before the state. */
struct bp_resume_header {
    json_t *config;             /* resolved; owned when read, else borrowed */
    char parent[72];            /* hash of the checkpoint that the run started from, "" for none */
    char fingerprint[72];       /* which run this is (run/files.h) */
    char body_hash[72];         /* of the body's file */
    bool finished;              /* nothing is left to do, unless --transitions grows */
    int64_t transitions;        /* processed so far; set by reading */
};

/* Path of the resume state of a checkpoint: the checkpoint's path, followed by ".resume". -1 after reporting that it is too long. */
int bp_resume_path(const char *output, char *path, size_t size) BP_WARN_UNUSED;

/* Write the state. 0, or -1 after reporting; what stood there is then untouched. */
int bp_resume_write(const char *path, struct bp_cycle *cycle, const struct bp_resume_header *header) BP_WARN_UNUSED;

/* Read what stands before the state; header->config is a new reference. 0, or -1 after reporting. */
int bp_resume_header(const char *path, struct bp_resume_header *header) BP_WARN_UNUSED;

/*
 * Take the state up in a cycle just built from the same config. Nothing in the file is trusted: every cursor, length and counter is held against
 * the config. 0, or -1 after reporting; the cycle is then not to be used.
 */
int bp_resume_read(const char *path, struct bp_cycle *cycle) BP_WARN_UNUSED;

#endif

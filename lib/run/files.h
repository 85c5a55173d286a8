/*
 * The files of a run: its checkpoint, and FILE.resume beside it. The checkpoint is locked for as long as the run takes; what may be written over
 * what is decided before hours of work, not after them.
 */
#ifndef BP_RUN_FILES_H
#define BP_RUN_FILES_H

#include "run/resume.h"
#include "store/claim.h"

struct bp_run_files {
    const char *output;         /* the checkpoint, borrowed; "-": stdout */
    char resume[4096];          /* path of the resume state; "" where a run cannot go on: stdout, devices, FIFOs */
    char fingerprint[72];
    char hash[72];              /* of the checkpoint written last, "" before */
    struct bp_claim lock;
};

struct bp_run_files_spec {
    const char *output;
    bool resume, force;         /* go on from FILE.resume; overwrite a checkpoint */
    const char *fingerprint;    /* of the run */
};

/*
 * Which run it is: a hash of all that decides its result but how long it is, so that runs with the same fingerprint pass through the same
 * states, and the longer one is a continuation of the shorter. -1 after reporting that memory is out.
 */
int bp_run_fingerprint(const json_t *config, const char *parent, const char *body_hash, char fingerprint[72]) BP_WARN_UNUSED;

/*
 * Lock the output and look at what stands there. Refused: names that cannot be written, an output that another run holds; without `resume` the
 * state of a stopped run, and without `force` a checkpoint; with it a state or checkpoint of another run. Anything else that is going to be
 * overwritten is named. 0, or -1 after reporting; to be closed in either case.
 */
int bp_run_files_open(struct bp_run_files *files, const struct bp_run_files_spec *spec) BP_WARN_UNUSED;
void bp_run_files_close(struct bp_run_files *files);

/* Write the checkpoint; its fingerprint and hash are set. 0, or -1 after reporting; what stood there is then untouched. */
int bp_run_files_checkpoint(struct bp_run_files *files, struct bp_checkpoint *checkpoint) BP_WARN_UNUSED;

#endif

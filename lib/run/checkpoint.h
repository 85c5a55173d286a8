/* Checkpoints (bp-checkpoint(5)): an agent with its parameters and all that is needed to use it, in one record. */
#ifndef BP_RUN_CHECKPOINT_H
#define BP_RUN_CHECKPOINT_H

#include "base/share.h"
#include "model/agent.h"
#include "run/act.h"
#include "run/body_copy.h"

#include <jansson.h>

struct bp_checkpoint {
    struct bp_agent agent;
    float *params[BP_ROLES];        /* owned when loaded, else borrowed */
    char task[32], body[BP_BODY_NAME];  /* that it was made on */
    char program[32];
    char fingerprint[72];           /* which run wrote it (run/files.h), "" when it does not say */
    struct bp_body_copy body_copy;  /* of the body's file; the XML is owned when loaded, else borrowed */
    char reused[BP_ROLES][32];      /* what of its parent a network comes from, and how (bp_reuse_text), "": it was new; written, not loaded */
    char kernels[64];               /* that computed the products of training, as bp_precision_kernels says it; "": not told */
    json_t *config;                 /* resolved config; owned when loaded, else borrowed */
    char parent[72];                /* hash of the checkpoint that it came from, "" for none */
    int64_t transitions, updates;   /* processed by the learner */
    char hash[72];                  /* of the file; set by loading and writing */
};

/* Load from a path or "-". 0, or -1 after reporting, with nothing to free. */
int bp_checkpoint_load(const char *path, struct bp_checkpoint *checkpoint) BP_WARN_UNUSED;
void bp_checkpoint_free(struct bp_checkpoint *checkpoint);      /* of one that was loaded; a zeroed one is fine */

/* Write to a path or "-" and set checkpoint->hash. 0, or -1 after reporting. */
int bp_checkpoint_write(const char *path, struct bp_checkpoint *checkpoint) BP_WARN_UNUSED;

/* Its parameters, to act with. */
struct bp_params bp_checkpoint_params(const struct bp_checkpoint *checkpoint);

#endif

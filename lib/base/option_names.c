/*
 * The options of all five programs. One environment serves them all, so that a variable which another program reads is not unknown to
 * this one; a program links its own table alone. tests/cli/40-options.sh compares this list with what the programs say.
 */
#include "base/option_private.h"

const char *const bp_option_elsewhere[] = {
    "actor-steps", "actors", "baseline", "batch", "bin", "body", "bootstrap", "burn-in", "by", "camera", "checkpoint-every", "critic",
    "critic-encoders", "critic-layers", "critic-rate", "critic-see", "critics", "db", "deterministic", "discount", "encoders",
    "entropy-cost", "episodes", "evaluate", "evaluate-episodes", "evaluate-every", "final-rate", "fraction", "frames", "groups",
    "head", "held-out", "initialise", "json", "kl-cost", "last", "layers", "list", "list-presets", "max-memory", "metric", "output", "p",
    "patience", "play", "points", "policy", "policy-encoders", "policy-head", "policy-layers", "policy-rate", "policy-see",
    "precision", "preset", "print-config", "prior", "prior-encoders", "prior-head", "prior-layers", "prior-rate", "prior-see",
    "progress-every", "quiet", "rate", "rate-hold", "record-state", "recurrent-state", "replay", "replay-episodes",
    "replay-precision", "resume", "reward-scale", "see", "seed", "sequence-stride", "shards", "simulate", "smooth", "statistic", "steps",
    "target-period", "task", "threads", "threshold", "trace", "tsv", "unroll", "warm-up", "where", "x",
    /* not options: */
    "db-timeout-ms", "share", NULL,
};

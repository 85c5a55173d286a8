/*
 * The options of all five programs. They share one environment, so a variable that another program reads is not unknown to this one; but a
 * program links only its own table. tests/cli/40-options.sh compares this list with the programs' --help.
 */
#include "base/option_private.h"

const char *const bp_option_elsewhere[] = {
    "actor-steps", "actors", "algorithm", "baseline", "batch", "bin", "bins", "body", "burn-in", "by", "camera", "cells",
    "checkpoint-every", "critic", "critic-encoders", "critic-inputs", "critic-layers", "critic-learning-rate", "critics", "db",
    "deterministic", "discount", "encoders", "entropy-cost", "episodes", "evaluate", "evaluate-episodes", "evaluate-every",
    "export-mjcf", "final-learning-rate", "force", "fraction", "frames", "groups", "head", "held-out", "high", "high-encoders",
    "high-head", "high-inputs", "high-layers", "inference", "inference-inputs", "inference-layers", "initialise", "inputs", "json",
    "keep-resume", "kl-cost", "last", "latent", "latent-period", "latent-size", "latents", "layers", "learning-rate",
    "learning-rate-hold", "list", "list-presets", "low-sees-goal", "max-memory", "metric", "one-state", "output", "p", "patience",
    "place", "play", "playback", "points", "policy", "policy-columns", "policy-encoders", "policy-head", "policy-inputs",
    "policy-layers", "policy-learning-rate", "posterior", "posterior-cost", "posterior-head", "posterior-inputs",
    "posterior-layers", "posterior-learning-rate", "precision", "preset", "print-config", "prior", "prior-correlation",
    "prior-encoders", "prior-from", "prior-head", "prior-high", "prior-high-head", "prior-high-inputs", "prior-high-layers",
    "prior-inputs", "prior-layers", "prior-learning-rate", "progress-every", "quiet", "record-state", "recurrent-state",
    "replay-episodes", "replay-precision", "resume", "retrace-lambda", "reuse", "reward-scale", "rewarded-share", "same-start",
    "seed", "sequence-stride", "shards", "smooth", "statistic", "target-period", "task", "task-reward", "threads", "threshold",
    "transitions", "tsv", "unroll", "value-policy", "vtrace-c", "vtrace-rho", "warm-up", "where", "x",
    /* not options: */
    "db-timeout-ms", "share", NULL,
};

/* What the parts of the benchmark share. A part prints its rows; all rates are medians of several rounds. */
#ifndef BP_TESTS_BENCH_H
#define BP_TESTS_BENCH_H

#include "base/pool.h"
#include "run/config.h"
#include "run/clock.h"
#include "run/cycle.h"
#include "run/preset.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 7 };

/* A row: what was measured, under which setting. */
void print(const char *what, const char *setting, double value, const char *unit);
/* The same of what has products of a precision of its own: float32 or bf16. */
void print_of(const char *what, const char *setting, const char *precision, double value, const char *unit);

/* Of ROUNDS values, which it sorts. */
double median(double *values);

/* What `work` does in a second when it reports how much it did, over `seconds`; and the median of ROUNDS such. */
double rate_once(double (*work)(void *), void *context, double seconds);
double rate(double (*work)(void *), void *context, double seconds);
/* The same in a second of the processor's time, for work on one thread. */
double busy_rate_once(double (*work)(void *), void *context, double seconds);

/* GFLOP/s, by the processor's time, of sgemm on matrices of 4096 x 4096, on each of the pool's threads at once: one round. */
double sgemm_once(struct bp_pool *pool);

/*
 * Run `work` for some seconds, and print the shares of the time of its threads: what each part of the sources takes, what actors' inference
 * takes, whatever it is made of, and in which nothing runs.
 */
void print_shares(const char *setting, double (*work)(void *), void *context, double seconds, int threads);
double busy_seconds(void);      /* of the processors, for this process */

/* A preset as a run in memory. */
struct preset {
    struct bp_options *options;
    struct bp_config config;
    struct bp_cycle cycle;
    char setting[320];
};
void preset_open(struct preset *p, const char *preset, const char *body, int threads);      /* body NULL: the preset's */
void preset_close(struct preset *p);
double preset_cycle(void *preset);      /* learner and actors: transitions */
double preset_learn(void *preset);      /* gradients and Adam alone: transitions */
double preset_act(void *preset);        /* actors alone: control steps */
double preset_draw(void *preset);       /* drawing an update's sequences alone: transitions */

/* Actors beside bare physics, and where asked for beside physics with MuJoCo's default settings of the solver. */
void bare_print(struct preset *p, bool with_defaults);

/* Another process keeps a core busy between the two. */
int disturb_begin(void);
void disturb_end(int process);

void bench_products(void);
void bench_updates(void);
void bench_rates(void);
void bench_training(void);
void bench_storage(void);
void bench_environments(void);
void bench_bodies(void);

#endif

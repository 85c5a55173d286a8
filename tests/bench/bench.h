/* What the parts of the benchmark share. A part prints its rows; all rates are medians of several rounds. */
#ifndef BP_TESTS_BENCH_H
#define BP_TESTS_BENCH_H

#include "base/pool.h"
#include "run/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 7 };

/* A row: what was measured, under which setting. */
void print(const char *what, const char *setting, double value, const char *unit);

/* Of ROUNDS values, which it sorts. */
double median(double *values);

/* What `work` does in a second when it reports how much it did, over `seconds`; and the median of ROUNDS such. */
double rate_once(double (*work)(void *), void *context, double seconds);
double rate(double (*work)(void *), void *context, double seconds);

/* GFLOP/s of sgemm on matrices of 4096 x 4096, on each of the pool's threads at once: one round. */
double sgemm_once(struct bp_pool *pool);

/* Run `work` for some seconds, and print the share of its processor time that each part of the sources takes. */
void print_shares(const char *setting, double (*work)(void *), void *context, double seconds);

/* Another process keeps a core busy between the two. */
int disturb_begin(void);
void disturb_end(int process);

void bench_products(void);
void bench_updates(void);
void bench_training(void);
void bench_storage(void);
void bench_environments(void);

#endif

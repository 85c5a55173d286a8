/* Actors, with policy, observation and record, beside the simulation alone: a row of the table for each body, plain and beside a box. */
#include "bench.h"

static const struct { const char *preset, *body; } rows[] = {
    {"goto-ball", NULL},     {"goto-ant", NULL},       {"goto-quadruped", NULL}, {"walk-humanoid", NULL},
    {"push-1b1t-ball", NULL}, {"push-1b1t-ant", NULL}, {"push-1b1t-ant", "quadruped"},
};

static void bench_body(const char *preset, const char *body)
{
    struct preset p;

    preset_open(&p, preset, body, 1);
    snprintf(p.setting, sizeof p.setting, "%s, %s", preset, p.cycle.env.body);
    rate_once(preset_act, &p, 0.5);
    bare_print(&p, true);
    preset_close(&p);
}

void bench_bodies(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        bench_body(rows[i].preset, rows[i].body);
}

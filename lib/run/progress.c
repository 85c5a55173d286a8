#include "run/progress.h"

#include "base/error.h"
#include "run/clock.h"

#include <math.h>
#include <stdio.h>

void bp_progress_begin(struct bp_progress *progress, const char *things, int64_t from, int64_t all)
{
    *progress = (struct bp_progress){.began = bp_clock_seconds(), .things = things, .from = from, .all = all};
    progress->shown = progress->began;
}

bool bp_progress_due(const struct bp_progress *progress)
{
    return bp_clock_seconds() - progress->shown > (bp_live_possible() ? 0.5 : 30);
}

const char *bp_progress_clock(double seconds, char text[24])
{
    if (!isfinite(seconds) || seconds < 0 || seconds > 1e9)
        snprintf(text, 24, "?");
    else if (seconds < 3600)
        snprintf(text, 24, "%d:%02d", (int)seconds / 60, (int)seconds % 60);
    else
        snprintf(text, 24, "%d:%02d:%02d", (int)seconds / 3600, (int)seconds / 60 % 60, (int)seconds % 60);
    return text;
}

const char *bp_progress_count(double count, char text[24])
{
    if (!isfinite(count))
        snprintf(text, 24, "?");
    else if (count < 1e4)
        snprintf(text, 24, "%.0f", count);
    else if (count < 1e6)
        snprintf(text, 24, "%.0fk", count / 1e3);
    else
        snprintf(text, 24, "%.2fM", count / 1e6);
    return text;
}

void bp_progress_show(struct bp_progress *progress, int64_t done, bool final, const struct bp_progress_news *news)
{
    double now = bp_clock_seconds(), rate = (double)(done - progress->from) / (now - progress->began), all = (double)progress->all;
    const char *gap = bp_live_possible() ? "  " : ", ";
    char text[512], left[24], so_far[24], whole[24], speed[24];
    int used;

    progress->shown = now;
    used = snprintf(text, sizeof text, "%5.1f%%%s%s left%s%s of %s %s", fmin(100 * (double)done / all, 100), gap,
                    bp_progress_clock(fmax(all - (double)done, 0) / rate, left), gap, bp_progress_count((double)done, so_far),
                    bp_progress_count(all, whole), progress->things);
    for (; news && news->format && used < (int)sizeof text; news++)
        if (isfinite(news->value)) {
            used += snprintf(text + used, sizeof text - (size_t)used, "%s", gap);
            if (used < (int)sizeof text)
                used += snprintf(text + used, sizeof text - (size_t)used, news->format, news->value, news->detail);
        }
    if (used < (int)sizeof text)
        snprintf(text + used, sizeof text - (size_t)used, "%s%s %s/s", gap, bp_progress_count(rate, speed), progress->things);
    if (bp_live_possible())
        bp_live(final, "%s", text);
    else
        bp_log("%s", text);
}

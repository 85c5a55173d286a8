#include "stats/information.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_sort_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SHUFFLES = 100 };

/* Counts of pairs (kinds_a x kinds_b), of a and of b. */
struct counts {
    double *pair, *a, *b;
};

static void count(const struct bp_pairs *pairs, const int *b, const struct counts *counts)
{
    memset(counts->pair, 0, (size_t)pairs->kinds_a * (size_t)pairs->kinds_b * sizeof(double));
    for (size_t i = 0; i < pairs->n; i++)
        counts->pair[(size_t)pairs->a[i] * (size_t)pairs->kinds_b + (size_t)b[i]]++;
}

/* sum p(a, b) log (p(a, b) / (p(a) p(b))) */
static double counted(const struct bp_pairs *pairs, const struct counts *counts)
{
    double n = (double)pairs->n, sum = 0;

    for (int a = 0; a < pairs->kinds_a; a++)
        for (int b = 0; b < pairs->kinds_b; b++) {
            double both = counts->pair[(size_t)a * (size_t)pairs->kinds_b + (size_t)b];
            if (both > 0)
                sum += both / n * log(n * both / (counts->a[a] * counts->b[b]));
        }
    return sum;
}

static double chance(const struct bp_pairs *pairs, const struct counts *counts, int *shuffled, gsl_rng *stream)
{
    double sum = 0;

    memcpy(shuffled, pairs->b, pairs->n * sizeof *shuffled);
    for (int i = 0; i < SHUFFLES; i++) {
        gsl_ran_shuffle(stream, shuffled, pairs->n, sizeof *shuffled);
        count(pairs, shuffled, counts);
        sum += counted(pairs, counts);
    }
    return sum / SHUFFLES;
}

static double entropy(const double *counts, int kinds, double n)
{
    double sum = 0;

    for (int k = 0; k < kinds; k++)
        sum -= counts[k] > 0 ? counts[k] / n * log(counts[k] / n) : 0;
    return sum;
}

int bp_information_of(const struct bp_pairs *pairs, struct bp_information *information)
{
    size_t a = (size_t)pairs->kinds_a, b = (size_t)pairs->kinds_b;
    double *memory = calloc(a * b + a + b, sizeof *memory);
    int *shuffled = malloc((pairs->n + 1) * sizeof *shuffled);
    gsl_rng *stream = gsl_rng_alloc(gsl_rng_mt19937);
    struct counts counts = { memory, memory ? memory + a * b : NULL, memory ? memory + a * b + a : NULL };
    int status = memory && shuffled && stream ? 0 : -1;

    *information = (struct bp_information){ 0 };
    if (!status && pairs->n) {
        for (size_t i = 0; i < pairs->n; i++) {
            counts.a[pairs->a[i]]++;
            counts.b[pairs->b[i]]++;
        }
        count(pairs, pairs->b, &counts);
        information->counted = counted(pairs, &counts);
        information->chance = chance(pairs, &counts, shuffled, stream);
        information->estimate = information->counted - information->chance;
        information->entropy = entropy(counts.a, pairs->kinds_a, (double)pairs->n);
    }
    if (stream)
        gsl_rng_free(stream);
    free(shuffled);
    free(memory);
    return status;
}

int bp_information_bins(const double *numbers, size_t n, int bins, int *bin)
{
    double *sorted = malloc((n + 1) * sizeof *sorted);

    if (!sorted)
        return -1;
    memcpy(sorted, numbers, n * sizeof *sorted);
    gsl_sort(sorted, 1, n);
    for (size_t i = 0; i < n; i++) {
        bin[i] = 0;
        for (int k = 1; k < bins; k++)
            bin[i] += numbers[i] >= sorted[(size_t)k * n / (size_t)bins];
    }
    free(sorted);
    return 0;
}

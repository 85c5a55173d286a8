#include "stats/wasserstein.h"

#include <math.h>

double bp_wasserstein(const double *a, size_t n, const double *b, size_t m)
{
    double sum = 0, x = fmin(a[0], b[0]);
    size_t i = 0, j = 0;

    while (i < n && j < m) {
        double next = fmin(a[i], b[j]);
        sum += (next - x) * fabs((double)i / (double)n - (double)j / (double)m);
        x = next;
        while (i < n && a[i] == x)
            i++;
        while (j < m && b[j] == x)
            j++;
    }
    for (; i < n; x = a[i++])
        sum += (a[i] - x) * (1 - (double)i / (double)n);
    for (; j < m; x = b[j++])
        sum += (b[j] - x) * (1 - (double)j / (double)m);
    return sum;
}

#include "base/near.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 64 };

static char plain(char c)
{
    return c == '_' ? '-' : c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Optimal string alignment, row by row: row[i][j] edits turn the first i letters of a into the first j of b. */
int bp_near_distance(const char *a, const char *b)
{
    int n = (int)strlen(a), m = (int)strlen(b), row[MOST][MOST];

    if (n >= MOST || m >= MOST)
        return INT_MAX;
    for (int i = 0; i <= n; i++)
        for (int j = 0; j <= m; j++) {
            if (!i || !j) {
                row[i][j] = i + j;
                continue;
            }
            char x = plain(a[i - 1]), y = plain(b[j - 1]);
            row[i][j] = least(row[i - 1][j - 1] + (x != y), least(row[i - 1][j], row[i][j - 1]) + 1);
            if (i > 1 && j > 1 && x == plain(b[j - 2]) && y == plain(a[i - 2]))
                row[i][j] = least(row[i][j], row[i - 2][j - 2] + 1);
        }
    return row[n][m];
}

struct bp_near bp_near_begin(const char *word)
{
    return (struct bp_near){.word = word, .distance = INT_MAX};
}

void bp_near_offer(struct bp_near *near, const char *name)
{
    int distance = *near->word ? bp_near_distance(near->word, name) : INT_MAX, length = (int)strlen(name);

    if (distance < near->distance && distance < length && distance <= (length < 6 ? 1 : length / 3)) {
        near->best = name;
        near->distance = distance;
    }
}

const char *bp_near_text(const struct bp_near *near, const char *prefix, char *text, size_t size)
{
    text[0] = '\0';
    if (near->best)
        snprintf(text, size, "; did you mean '%s%s'?", prefix, near->best);
    return text;
}

const char *bp_near_among(const char *word, const char *(*names)(int i), char *text, size_t size)
{
    struct bp_near near = bp_near_begin(word);

    for (int i = 0; names(i); i++)
        bp_near_offer(&near, names(i));
    return bp_near_text(&near, "", text, size);
}

#include "store/lock.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ".NAME.lock" beside the file, or beside what a link of that name points to. To be freed; NULL when there is no memory. */
static char *lock_path(const char *path)
{
    char *real = realpath(path, NULL), *text = NULL;
    const char *of = real ? real : path, *slash = strrchr(of, '/');
    int directory = slash ? (int)(slash - of) + 1 : 0;

    if (asprintf(&text, "%.*s.%.249s.lock", directory, of, of + directory) < 0)
        text = NULL;
    free(real);
    return text;
}

/* One line that tells people who holds the lock. Nothing depends on it. */
static void sign(const struct bp_claim *lock)
{
    char host[HOST_NAME_MAX + 1] = "", when[32] = "", line[HOST_NAME_MAX + 128];
    time_t now = time(NULL);
    struct tm parts;

    gethostname(host, sizeof host - 1);
    if (gmtime_r(&now, &parts))
        strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S UTC", &parts);
    int length = snprintf(line, sizeof line, "%s, process %ld on %s, since %s\n", bp_program(), (long)getpid(), host, when);
    if (pwrite(lock->fd, line, (size_t)length, 0) != length)
        return;
}

/* What its holder wrote into it. */
static void read_holder(const char *path, char *line, int size)
{
    FILE *file = fopen(path, "re");

    if (!file || !fgets(line, size, file) || !strchr(line, '\n'))
        snprintf(line, (size_t)size, "another process");
    line[strcspn(line, "\n")] = '\0';
    if (file)
        fclose(file);
}

int bp_lock_take(struct bp_claim *lock, const char *path)
{
    char *name, holder[512];
    struct stat file;
    int status = -1;

    *lock = (struct bp_claim){.fd = -1, .slot = -1};
    if (!strcmp(path, "-") || (!stat(path, &file) && !S_ISREG(file.st_mode)))
        return 0;
    if (!(name = lock_path(path)))
        return bp_error(BP_FAILURE, "out of memory");
    if (!bp_claim_take(lock, name, 0666)) {
        sign(lock);
        status = 0;
    } else if (errno == EWOULDBLOCK) {
        read_holder(name, holder, sizeof holder);
        bp_error(BP_USAGE, "'%s' is being written by %s: give this run another --output", path, holder);
    } else {
        bp_error_errno(BP_FAILURE, "cannot write %s", path);
    }
    free(name);
    return status;
}

void bp_lock_release(struct bp_claim *lock)
{
    bp_claim_drop(lock);
}

#include "store/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Files that a signal handler unlinks before it ends the process. Fixed memory, since a handler may neither lock nor follow a pointer that
 * is being freed. With more files open than slots the last ones are not listed, and only an orderly end removes them.
 */
#define SLOTS 16
enum slot_state { SLOT_FREE, SLOT_FILLING, SLOT_LISTED };
static struct {
    atomic_int state;
    char path[PATH_MAX];
} slots[SLOTS];

static int list_temporary(const char *path)
{
    if (strlen(path) >= PATH_MAX)
        return -1;
    for (int slot = 0; slot < SLOTS; slot++) {
        int expected = SLOT_FREE;
        if (atomic_compare_exchange_strong(&slots[slot].state, &expected, SLOT_FILLING)) {
            strcpy(slots[slot].path, path);
            atomic_store(&slots[slot].state, SLOT_LISTED);
            return slot;
        }
    }
    return -1;
}

void bp_output_remove_temporaries(void)
{
    for (int slot = 0; slot < SLOTS; slot++)
        if (atomic_load(&slots[slot].state) == SLOT_LISTED)
            unlink(slots[slot].path);
}

static void discard(struct bp_output *output)
{
    if (output->slot >= 0)
        atomic_store(&slots[output->slot].state, SLOT_FREE);
    free(output->name);
    free(output->path);
    free(output->temporary);
    *output = (struct bp_output){.fd = -1, .slot = -1};
}

static int refuse_terminal(const struct bp_output *output)
{
    if (isatty(output->fd))
        return bp_error(BP_USAGE, "%s is a terminal, and the output is binary: redirect it, or name a file", output->name);
    return 0;
}

/* Directory part of a path with its slash ("" for none). */
static int directory_length(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? (int)(slash - path) + 1 : 0;
}

/* Like mkstemp(3), but with the mode 0666 less the umask. Returns a descriptor, or -1 with errno set. */
static int make_temporary(struct bp_output *output)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
    int directory = directory_length(output->path);

    for (int attempt = 0; attempt < 100; attempt++) {
        unsigned char noise[6];
        char suffix[7] = "";
        if (getrandom(noise, sizeof noise, 0) != sizeof noise)
            return -1;
        for (int i = 0; i < 6; i++)
            suffix[i] = letters[noise[i] % 32];
        free(output->temporary);
        if (asprintf(&output->temporary, "%.*s.%.200s.%s", directory, output->path, output->path + directory, suffix) < 0) {
            output->temporary = NULL;
            return -1;
        }
        int fd = open(output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

/* Signals are blocked between the creation of the temporary and its listing, or a handler would not remove it. */
static int open_temporary(struct bp_output *output)
{
    sigset_t all, before;

    if (!output->path[directory_length(output->path)]) {
        errno = output->path[0] ? EISDIR : ENOENT;
        return -1;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    output->fd = make_temporary(output);
    if (output->fd >= 0)
        output->slot = list_temporary(output->temporary);
    int saved = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return output->fd;
}

int bp_output_open(struct bp_output *output, const char *path)
{
    struct stat status;
    bool is_stdout = !strcmp(path, "-"), exists = !is_stdout && !stat(path, &status);

    *output = (struct bp_output){.fd = -1, .slot = -1, .name = strdup(is_stdout ? "standard output" : path)};
    if (!output->name)
        goto failed;
    if (is_stdout) {
        output->fd = STDOUT_FILENO;
    } else if (exists && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        goto failed;
    } else if (exists && !S_ISREG(status.st_mode)) {
        output->fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    } else {
        /* A file that may not be written is not replaced either; a symbolic link stays, and its target is replaced. */
        if (exists && access(path, W_OK))
            goto failed;
        output->path = exists ? realpath(path, NULL) : strdup(path);
        if (!output->path)
            goto failed;
        open_temporary(output);
    }
    if (output->fd < 0)
        goto failed;
    if (!output->path && refuse_terminal(output)) {
        bp_output_abort(output);
        return -1;
    }
    return 0;
failed:
    bp_error_errno(BP_FAILURE, "cannot write %s", path);
    discard(output);
    return -1;
}

int bp_output_write(struct bp_output *output, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size > 0) {
        ssize_t written = write(output->fd, at, size < (1u << 30) ? size : 1u << 30);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return bp_error_errno(BP_FAILURE, "cannot write %s", output->name);
        at += written;
        size -= (size_t)written;
    }
    return 0;
}

/* Sync the directory, so that the new name survives a crash of the machine. The file is complete already: errors are not reported. */
static void sync_directory(const char *path)
{
    char *directory = strndup(path, (size_t)directory_length(path));
    int fd = directory ? open(directory[0] ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(directory);
}

int bp_output_commit(struct bp_output *output)
{
    struct stat status;
    bool regular = !fstat(output->fd, &status) && S_ISREG(status.st_mode);
    int result = 0;

    if (regular && fsync(output->fd) && errno != EINVAL && errno != EROFS && errno != ENOTSUP)
        result = bp_error_errno(BP_FAILURE, "cannot write %s", output->name);
    if (output->fd != STDOUT_FILENO && close(output->fd) && !result)
        result = bp_error_errno(BP_FAILURE, "cannot write %s", output->name);
    if (output->path && !result && rename(output->temporary, output->path))
        result = bp_error_errno(BP_FAILURE, "cannot rename %s to %s", output->temporary, output->path);
    if (output->path && result)
        unlink(output->temporary);
    if (output->path && !result)
        sync_directory(output->path);
    discard(output);
    return result;
}

void bp_output_abort(struct bp_output *output)
{
    if (output->fd >= 0 && output->fd != STDOUT_FILENO)
        close(output->fd);
    if (output->temporary)
        unlink(output->temporary);
    discard(output);
}

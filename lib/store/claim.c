#include "store/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * What a handler unlinks before it ends the process. Fixed memory, since a handler may neither lock nor follow a pointer that
 * is being freed. With more claims than slots the last ones are not listed, and only an orderly end removes them.
 */
#define SLOTS 16
enum slot_state { SLOT_FREE, SLOT_FILLING, SLOT_LISTED };
static struct {
    atomic_int state;
    char path[PATH_MAX];
} slots[SLOTS];

static int list(const char *path)
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

void bp_claim_remove_all(void)
{
    for (int slot = 0; slot < SLOTS; slot++)
        if (atomic_load(&slots[slot].state) == SLOT_LISTED)
            unlink(slots[slot].path);
}

void bp_claim_forget(struct bp_claim *claim)
{
    if (claim->slot >= 0)
        atomic_store(&slots[claim->slot].state, SLOT_FREE);
    free(claim->path);
    *claim = (struct bp_claim){.fd = -1, .slot = -1};
}

void bp_claim_drop(struct bp_claim *claim)
{
    if (claim->path)
        unlink(claim->path);
    if (claim->fd >= 0)
        close(claim->fd);
    bp_claim_forget(claim);
}

/* False: another holds it. A file system without locks lets everybody have it. */
static bool lock(int fd)
{
    while (flock(fd, LOCK_EX | LOCK_NB)) {
        if (errno == EWOULDBLOCK)
            return false;
        if (errno != EINTR)
            return true;
    }
    return true;
}

/* What is open is what stands there. */
static bool stands(int fd, const char *path)
{
    struct stat open, there;

    return !fstat(fd, &open) && !lstat(path, &there) && open.st_dev == there.st_dev && open.st_ino == there.st_ino;
}

/* Remove what nobody has a claim on any more. 0 when it is gone, -1 with errno. */
static int remove_stale(const char *path)
{
    struct stat status;
    int fd, saved, result = -1;

    fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == EACCES)
        fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -1;
    if (fstat(fd, &status) || !S_ISREG(status.st_mode))
        errno = EEXIST;
    else if (!lock(fd))
        errno = EWOULDBLOCK;
    else
        result = stands(fd, path) ? unlink(path) : 0;
    saved = errno;
    close(fd);
    errno = saved;
    return result;
}

/* A file that was made here; between its birth and its lock another process may take it for stale and remove it. */
static int make(const char *path, mode_t mode)
{
    for (int attempt = 0; attempt < 100; attempt++) {
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd >= 0 && lock(fd) && stands(fd, path))
            return fd;
        if (fd >= 0)
            close(fd);
        else if (errno != EEXIST || remove_stale(path))
            return -1;
    }
    errno = EWOULDBLOCK;
    return -1;
}

/* No signal is handled between the birth of the file and its listing, or its handler would not remove it. */
int bp_claim_take(struct bp_claim *claim, const char *path, mode_t mode)
{
    sigset_t all, before;

    *claim = (struct bp_claim){.fd = -1, .path = strdup(path), .slot = -1};
    if (!claim->path)
        return -1;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    claim->fd = make(path, mode);
    if (claim->fd >= 0)
        claim->slot = list(path);
    int saved = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (claim->fd < 0)
        bp_claim_forget(claim);
    errno = saved;
    return claim->fd < 0 ? -1 : 0;
}

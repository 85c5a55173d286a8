#include "store/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void discard(struct bp_output *output)
{
    bp_claim_drop(&output->temporary);
    free(output->name);
    free(output->path);
    *output = (struct bp_output){.fd = -1, .temporary = {.fd = -1, .slot = -1}};
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

/* Standard error may end in the same file, as with `> FILE 2>&1`, where messages would stand amid the bytes. */
static int refuse_messages(const struct bp_output *output)
{
    struct stat out, err;

    if (output->fd == STDOUT_FILENO && !fstat(STDOUT_FILENO, &out) && !fstat(STDERR_FILENO, &err) && !S_ISCHR(out.st_mode) &&
        out.st_dev == err.st_dev && out.st_ino == err.st_ino)
        return bp_error(BP_USAGE, "standard output and standard error are one file, and the output is binary: name a file with --output, or "
                        "redirect one of them elsewhere");
    return 0;
}

/* The file that replaces another keeps its mode. */
static int open_temporary(struct bp_output *output, const struct stat *old)
{
    const char *name = output->path + directory_length(output->path);
    char *path;
    int status;

    if (!*name) {
        errno = output->path[0] ? EISDIR : ENOENT;
        return -1;
    }
    if (asprintf(&path, "%.*s.%.250s.tmp", directory_length(output->path), output->path, name) < 0)
        return -1;
    status = bp_claim_take(&output->temporary, path, old ? old->st_mode & 0777 : 0666);
    free(path);
    if (!status && old && fchmod(output->temporary.fd, old->st_mode & 07777))
        bp_warn("%s will not have the mode of the file that it replaces: %s", output->name, strerror(errno));
    /* A descriptor of its own, so that the claim outlasts the close, whose failure must be known before the file is renamed. */
    output->fd = status ? -1 : fcntl(output->temporary.fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return output->fd < 0 ? -1 : 0;
}

int bp_output_open(struct bp_output *output, const char *path)
{
    struct stat status;
    bool is_stdout = !strcmp(path, "-"), exists = !is_stdout && !stat(path, &status);

    *output = (struct bp_output){.fd = -1, .temporary = {.fd = -1, .slot = -1}, .name = strdup(is_stdout ? "standard output" : path)};
    if (!output->name || (!is_stdout && !exists && errno == ENAMETOOLONG))
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
        if (!output->path || open_temporary(output, exists ? &status : NULL))
            goto failed;
    }
    if (output->fd < 0)
        goto failed;
    if (!output->path && (refuse_terminal(output) || refuse_messages(output))) {
        bp_output_abort(output);
        return -1;
    }
    return 0;
failed:
    if (errno == EWOULDBLOCK)
        bp_error(BP_FAILURE, "cannot write %s: another process is writing it", path);
    else
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
    output->fd = -1;
    if (output->path && !result && rename(output->temporary.path, output->path))
        result = bp_error_errno(BP_FAILURE, "cannot rename %s to %s", output->temporary.path, output->path);
    if (output->path && !result) {
        sync_directory(output->path);
        close(output->temporary.fd);
        bp_claim_forget(&output->temporary);
    }
    discard(output);
    return result;
}

void bp_output_abort(struct bp_output *output)
{
    if (output->fd >= 0 && output->fd != STDOUT_FILENO)
        close(output->fd);
    discard(output);
}

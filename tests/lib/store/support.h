/* What the tests of the store share: a directory of their own, what was said on stderr, the exit status of a failure. */
#ifndef BP_TESTS_STORE_SUPPORT_H
#define BP_TESTS_STORE_SUPPORT_H

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

static char test_directory[64];

__attribute__((unused)) static int make_directory(void **state)
{
    (void)state;
    strcpy(test_directory, "/tmp/bp-test-store-XXXXXX");
    return mkdtemp(test_directory) ? chmod(test_directory, 0777) : -1;
}

__attribute__((unused)) static int remove_directory(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", test_directory);
    return system(command);
}

/* A path in the test's directory; the last 8 results stay. */
__attribute__((unused)) static char *in_directory(const char *name)
{
    static char paths[8][512];
    static int turn;
    char *path = paths[turn++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", test_directory, name);
    return path;
}

/* Names in the test's directory that contain `part`. */
__attribute__((unused)) static int count_files(const char *part)
{
    DIR *directory = opendir(test_directory);
    int count = 0;

    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory));)
        count += strstr(entry->d_name, part) != NULL && strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
    closedir(directory);
    return count;
}

__attribute__((unused)) static size_t read_file(const char *path, char *bytes, size_t size)
{
    FILE *file = fopen(path, "rb");

    assert_non_null(file);
    size_t got = fread(bytes, 1, size, file);
    assert_true(got < size);
    fclose(file);
    bytes[got] = '\0';
    return got;
}

__attribute__((unused)) static void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* ---- stderr ---- */

static int kept_stderr = -1, captured = -1;

__attribute__((unused)) static void capture_begin(void)
{
    char name[] = "/tmp/bp-test-stderr-XXXXXX";

    captured = mkstemp(name);
    assert_true(captured >= 0);
    unlink(name);
    fflush(stderr);
    kept_stderr = dup(STDERR_FILENO);
    dup2(captured, STDERR_FILENO);
}

/* What was said since the last call. */
__attribute__((unused)) static const char *capture_take(void)
{
    static char said[8192];
    ssize_t got;

    fflush(stderr);
    got = pread(captured, said, sizeof said - 1, 0);
    said[got > 0 ? got : 0] = '\0';
    assert_int_equal(ftruncate(captured, 0), 0);
    lseek(captured, 0, SEEK_SET);
    return said;
}

__attribute__((unused)) static void capture_end(void)
{
    fflush(stderr);
    dup2(kept_stderr, STDERR_FILENO);
    close(kept_stderr);
    close(captured);
}

/*
 * ---- a failure, in a process of its own ----
 *
 * The first error decides the exit status, also one that the parent had before the fork: tests that use this come first.
 */

/*
 * Run action in a child, as an ordinary user when `ordinary` (and we are root). Returns 0 when the action returned 0, else its
 * exit status; what it said goes to said (1024 bytes), which must be one line when it failed.
 */
__attribute__((unused)) static int run_action(int (*action)(void *), void *context, bool ordinary, char *said)
{
    int status;

    capture_begin();
    pid_t child = fork();
    if (child == 0) {
        if (ordinary && geteuid() == 0 && (setgid(NOBODY) || setuid(NOBODY)))
            _exit(99);
        _exit(action(context) ? bp_exit_status() : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    snprintf(said, 1024, "%.1023s", capture_take());
    capture_end();
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status)) {
        const char *newline = strchr(said, '\n');
        if (!newline || newline[1])
            fail_msg("not one line: %s", said);
    }
    return WEXITSTATUS(status);
}

#define assert_said(said, part)                                                                                              \
    do {                                                                                                                     \
        if (!strstr(said, part))                                                                                             \
            fail_msg("it says \"%s\", not \"%s\"", said, part);                                                              \
    } while (0)

#endif

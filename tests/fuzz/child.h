/* What is tried may crash or hang: a child process does it, in silence, for so many seconds at most. */
#ifndef BP_TESTS_FUZZ_CHILD_H
#define BP_TESTS_FUZZ_CHILD_H

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The exit status, which `work` returns, or minus the signal that ended it: SIGALRM when it took too long. */
static inline int in_child(int (*work)(const char *path), const char *path, unsigned seconds)
{
    int status, silent;
    pid_t child = fork();

    if (child == 0) {
        if ((silent = open("/dev/null", O_WRONLY)) >= 0)
            dup2(silent, STDERR_FILENO);
        alarm(seconds);
        _exit(work(path));
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return 99;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

#endif

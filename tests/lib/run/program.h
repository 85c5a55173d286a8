/* A program's main, run in a process of its own: its exit status, what it said, and what it wrote to standard output. */
#ifndef BP_TESTS_PROGRAM_H
#define BP_TESTS_PROGRAM_H

#include "../store/support.h"


typedef int program(int argc, char **argv);

struct outcome {
    int status;
    char said[4096], output[8192];
};

/* Words of the line are apart by blanks. */
__attribute__((unused)) static struct outcome run_program(program *main_of, const char *line)
{
    struct outcome outcome;
    char *copy = strdup(line), *rest = copy, *words[96];
    int count = 0, status;

    while ((words[count] = strsep(&rest, " ")))
        count += *words[count] != '\0';
    words[count] = NULL;
    setenv("BP_SHARE", "share", 0);
    fflush(NULL);                   /* or the child would say it again */
    pid_t child = fork();
    if (child == 0) {
        dup2(open(in_directory("said"), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
        dup2(open(in_directory("output"), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
        status = main_of(count, words);
        fflush(stdout);
        fflush(stderr);
        _exit(status);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    outcome.status = WEXITSTATUS(status);
    read_file(in_directory("said"), outcome.said, sizeof outcome.said);
    read_file(in_directory("output"), outcome.output, sizeof outcome.output);
    free(copy);
    return outcome;
}

#define assert_status(outcome, wanted)                                                                                       \
    do {                                                                                                                     \
        if ((outcome).status != (wanted))                                                                                    \
            fail_msg("exit status %d, not %d; it says: %s", (outcome).status, wanted, (outcome).said);                       \
    } while (0)

#endif

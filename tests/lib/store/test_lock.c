#include "store/lock.h"
#include "support.h"

#include <signal.h>

static int take(void *context)
{
    struct bp_claim lock;

    if (bp_lock_take(&lock, context))
        return -1;
    bp_lock_release(&lock);
    return 0;
}

/* Who holds it is said, as long as it is held; nothing is left behind. */
static void one_at_a_time(void **state)
{
    char said[1024], holder[64], *path = in_directory("run.ckpt"), *link = in_directory("link.ckpt");
    struct bp_claim lock;

    (void)state;
    bp_set_program("bin/bp-holder");
    assert_int_equal(bp_lock_take(&lock, path), 0);
    assert_int_equal(run_action(take, path, false, said), BP_USAGE);
    snprintf(holder, sizeof holder, "bp-holder, process %ld on ", (long)getpid());
    assert_said(said, holder);
    assert_said(said, "run.ckpt");
    assert_int_equal(run_action(take, in_directory("other.ckpt"), false, said), 0);
    bp_lock_release(&lock);
    assert_int_equal(count_files(""), 0);
    assert_int_equal(run_action(take, path, false, said), 0);
    /* One file by two names */
    write_file(path, "x", 1);
    assert_int_equal(symlink("run.ckpt", link), 0);
    assert_int_equal(bp_lock_take(&lock, link), 0);
    assert_int_equal(run_action(take, path, false, said), BP_USAGE);
    bp_lock_release(&lock);
    bp_lock_release(&lock);
    assert_int_equal(count_files(".lock"), 0);
}

/* A killed holder holds nothing. */
static void killed_holders(void **state)
{
    char said[1024], *path = in_directory("run.ckpt");
    struct bp_claim lock;
    int end;

    (void)state;
    for (int i = 0; i < 3; i++) {
        pid_t child = fork();
        if (child == 0) {
            if (!bp_lock_take(&lock, path))
                raise(SIGKILL);
            _exit(1);
        }
        assert_int_equal(waitpid(child, &end, 0), child);
        assert_true(WIFSIGNALED(end));
    }
    assert_int_equal(run_action(take, path, false, said), 0);
    assert_int_equal(count_files(""), 0);
}

/* Twelve that want it at once, again and again: never two have it. */
static void never_two(void **state)
{
    enum { PROCESSES = 12, ROUNDS = 40 };
    char *path = in_directory("run.ckpt"), *mark = in_directory("mark");
    struct bp_claim lock;
    int end, won = 0;

    (void)state;
    for (int i = 0; i < PROCESSES; i++)
        if (fork() == 0) {
            int taken = 0, silent = open("/dev/null", O_WRONLY);
            dup2(silent, STDERR_FILENO);
            for (int round = 0; round < ROUNDS; round++) {
                if (bp_lock_take(&lock, path))
                    continue;
                int fd = open(mark, O_WRONLY | O_CREAT | O_EXCL, 0600);
                if (fd < 0)
                    _exit(99);          /* somebody else has it too */
                usleep(100);
                unlink(mark);
                close(fd);
                bp_lock_release(&lock);
                taken++;
            }
            _exit(taken);
        }
    for (int i = 0; i < PROCESSES; i++) {
        assert_true(wait(&end) > 0);
        assert_true(WIFEXITED(end));
        assert_int_not_equal(WEXITSTATUS(end), 99);
        won += WEXITSTATUS(end);
    }
    assert_true(won > 0);
    assert_int_equal(count_files(""), 0);
}

static void what_cannot_be_locked(void **state)
{
    char said[1024], *pipe = in_directory("pipe");

    (void)state;
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(run_action(take, "-", false, said), 0);
    assert_int_equal(run_action(take, "/dev/null", false, said), 0);
    assert_int_equal(run_action(take, pipe, false, said), 0);
    assert_int_equal(run_action(take, in_directory("no/run.ckpt"), false, said), BP_FAILURE);
    assert_said(said, "run.ckpt: No such file or directory");
    assert_int_equal(symlink("elsewhere", in_directory(".run.ckpt.lock")), 0);     /* no lock follows a link to somebody's file */
    assert_int_equal(run_action(take, in_directory("run.ckpt"), false, said), BP_FAILURE);
    assert_int_equal(count_files("elsewhere"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_at_a_time, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(killed_holders, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(never_two, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(what_cannot_be_locked, make_directory, remove_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

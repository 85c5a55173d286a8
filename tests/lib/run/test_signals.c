#include "run/signals.h"

#include "store/pack.h"

#include "../store/support.h"

#include <signal.h>

/* Each test in a child, as what was asked for stays asked for. */

static int status_of(void (*work)(void))
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        work();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define expect(condition)                                                                                                    \
    do {                                                                                                                     \
        if (!(condition))                                                                                                    \
            _exit(99);                                                                                                       \
    } while (0)

static void one_signal(void)
{
    bp_signals_catch();
    expect(bp_signals_stop() == 0 && !bp_signals_checkpoint());
    raise(SIGTERM);
    expect(bp_signals_stop() == SIGTERM);
    expect(!bp_signals_checkpoint());
}

static void usr1_twice(void)
{
    bp_signals_catch();
    raise(SIGUSR1);
    raise(SIGUSR1);
    expect(bp_signals_stop() == 0);
    expect(bp_signals_checkpoint());
    expect(!bp_signals_checkpoint());       /* asked for once */
    raise(SIGUSR1);
    expect(bp_signals_checkpoint());
}

/* Each request is answered before the next is made; one that came between looking and clearing would never be. */
static void usr1_again_and_again(void)
{
    int answer[2];
    char byte = 0;

    bp_signals_catch();
    expect(!pipe(answer));
    if (fork() == 0) {
        pid_t us = getppid();
        close(answer[1]);               /* or this one would wait for itself when nobody else is left */
        for (int i = 0; i < 20000; i++) {
            kill(us, SIGUSR1);
            if (read(answer[0], &byte, 1) != 1)
                _exit(1);
        }
        _exit(0);
    }
    alarm(20);
    for (int answered = 0; answered < 20000; answered += byte) {
        byte = bp_signals_checkpoint();
        expect(!byte || write(answer[1], &byte, 1) == 1);
    }
}

/* SIGPIPE asks to stop, and goes on asking without ever ending the process; at the end it does. */
static void nobody_listens(void)
{
    bp_signals_catch();
    bp_signals_catch_pipe();
    raise(SIGPIPE);
    raise(SIGPIPE);
    raise(SIGPIPE);
    expect(bp_signals_stop() == SIGPIPE);
}

static void second_signal(void)
{
    struct bp_pack_writer *writer = bp_pack_create(in_directory("half.ckpt"), 1);

    expect(writer);
    bp_signals_catch();
    raise(SIGINT);
    raise(SIGTERM);
    expect(false);                          /* not reached */
}

static void signals_are_noted(void **state)
{
    (void)state;
    assert_int_equal(status_of(one_signal), 0);
    assert_int_equal(status_of(usr1_twice), 0);
    assert_int_equal(status_of(nobody_listens), 0);
    assert_int_equal(status_of(usr1_again_and_again), 0);
}

/* The second request to stop quits at once, and leaves no half-written file behind. */
static void the_second_quits(void **state)
{
    (void)state;
    assert_int_equal(status_of(second_signal), 128 + SIGTERM);
    assert_int_equal(count_files("half"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_are_noted),
        cmocka_unit_test(the_second_quits),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}

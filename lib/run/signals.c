#include "run/signals.h"

#include "store/claim.h"

#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t stop, checkpoint;

static void on_stop(int number)
{
    if (stop) {
        bp_claim_remove_all();
        _exit(128 + number);
    }
    stop = number;
}

static void on_checkpoint(int number)
{
    (void)number;
    checkpoint = 1;
}

void bp_signals_catch(void)
{
    struct sigaction action = {.sa_handler = on_stop, .sa_flags = SA_RESTART};

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    action.sa_handler = on_checkpoint;
    sigaction(SIGUSR1, &action, NULL);
}

int bp_signals_stop(void)
{
    return stop;
}

bool bp_signals_checkpoint(void)
{
    bool asked = checkpoint;

    checkpoint = 0;
    return asked;
}

#include "run/signals.h"

#include "store/claim.h"

#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

static volatile sig_atomic_t stop;
static atomic_bool checkpoint;      /* set by a handler, looked at and cleared in one */

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
    atomic_store(&checkpoint, true);
}

/* Nobody hears any more: it comes with everything that is said, and never hurries. */
static void on_pipe(int number)
{
    if (!stop)
        stop = number;
}

static void catch(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

/* With the default action, by which a shell sees what ended the process. */
static void on_quit(int number)
{
    bp_claim_remove_all();
    signal(number, SIG_DFL);
    raise(number);
}

void bp_signals_quit(void)
{
    catch(SIGINT, on_quit);
    catch(SIGTERM, on_quit);
    catch(SIGHUP, on_quit);
}

void bp_signals_catch(void)
{
    catch(SIGINT, on_stop);
    catch(SIGTERM, on_stop);
    catch(SIGHUP, on_stop);
    catch(SIGUSR1, on_checkpoint);
}

void bp_signals_catch_pipe(void)
{
    catch(SIGPIPE, on_pipe);
}

void bp_signals_end_pipe(void)
{
    catch(SIGPIPE, SIG_DFL);
}

int bp_signals_stop(void)
{
    return stop;
}

bool bp_signals_checkpoint(void)
{
    return atomic_exchange(&checkpoint, false);
}

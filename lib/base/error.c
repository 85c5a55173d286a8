#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <gsl/gsl_errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char *program = "bp";
static bool quiet;
static bool live_open;              /* a live line waits to be overwritten */
static enum bp_status first_status;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The next file that is opened would take the place of a closed standard stream, and receive its output: let that output fail instead. */
static void guard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return;
}

/* GSL aborts at any error by default. Callers that ask it for memory check the result; other errors are our own mistakes. */
static void handle_gsl(const char *reason, const char *file, int line, int code)
{
    if (code == GSL_ENOMEM)
        return;
    fprintf(stderr, "%s: GSL: %s:%d: %s\n", program, file, line, reason);
    abort();
}

void bp_set_program(const char *name)
{
    const char *slash = strrchr(name, '/');
    program = slash ? slash + 1 : name;
    guard_streams();
    gsl_set_error_handler(handle_gsl);
}

const char *bp_program(void)
{
    return program;
}

void bp_set_quiet(bool value)
{
    quiet = value;
}

/* A name may hold any bytes: those that would break the line or steer a terminal are shown as '?'. */
static void make_plain(char *sentence)
{
    for (; *sentence; sentence++)
        if ((unsigned char)*sentence < ' ' || *sentence == '\177')
            *sentence = '?';
}

/* One write for one line, so that lines of several processes do not mix. */
static void say(const char *kind, const char *suffix, const char *format, va_list arguments)
{
    char sentence[2048], line[2304];

    vsnprintf(sentence, sizeof sentence, format, arguments);
    make_plain(sentence);
    pthread_mutex_lock(&lock);
    snprintf(line, sizeof line, "%s%s: %s%s%s%s\n", live_open ? "\r\033[K" : "", program, kind, sentence,
             suffix ? ": " : "", suffix ? suffix : "");
    live_open = false;
    fputs(line, stderr);
    fflush(stderr);
    pthread_mutex_unlock(&lock);
}

static void record(enum bp_status status)
{
    pthread_mutex_lock(&lock);
    if (!first_status)
        first_status = status;
    pthread_mutex_unlock(&lock);
}

void bp_fail(enum bp_status status)
{
    record(status);
}

int bp_error(enum bp_status status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say("", NULL, format, arguments);
    va_end(arguments);
    record(status);
    return -1;
}

int bp_error_errno(enum bp_status status, const char *format, ...)
{
    const char *reason = strerror(errno);
    va_list arguments;

    va_start(arguments, format);
    say("", reason, format, arguments);
    va_end(arguments);
    record(status);
    return -1;
}

void bp_error_forgive(void)
{
    pthread_mutex_lock(&lock);
    first_status = 0;
    pthread_mutex_unlock(&lock);
}

void bp_warn(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say("warning: ", NULL, format, arguments);
    va_end(arguments);
}

void bp_log(const char *format, ...)
{
    va_list arguments;

    if (quiet)
        return;
    va_start(arguments, format);
    say("", NULL, format, arguments);
    va_end(arguments);
}

bool bp_live_possible(void)
{
    const char *term = getenv("TERM");

    return term && *term && strcmp(term, "dumb") && isatty(STDERR_FILENO);
}

/* The last column stays free: some terminals go to the next line once it is filled. */
static void fit_terminal(char *line)
{
    struct winsize window;
    size_t width = ioctl(STDERR_FILENO, TIOCGWINSZ, &window) || !window.ws_col ? 79 : (size_t)window.ws_col - 1;

    if (strlen(line) <= width)
        return;
    for (size_t at = width; at > 1; at--)
        if (line[at] == ' ' && line[at - 1] == ' ') {
            width = at - 1;
            break;
        }
    line[width] = '\0';
}

void bp_live(bool final, const char *format, ...)
{
    char line[512];
    va_list arguments;

    if (quiet || !bp_live_possible())
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    make_plain(line);
    fit_terminal(line);
    pthread_mutex_lock(&lock);
    fprintf(stderr, "\r%s\033[K%s", line, final ? "\n" : "");
    fflush(stderr);
    live_open = !final;
    pthread_mutex_unlock(&lock);
}

int bp_exit_status(void)
{
    return first_status ? (int)first_status : BP_FAILURE;
}

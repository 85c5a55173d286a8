#include "store/output.h"
#include "support.h"

#include <signal.h>
#include <sys/resource.h>

static const char old[] = "what stood here", new[] = "something new";

struct job {
    const char *path;
    bool commit;
};

/* Write `new` to a path and commit or give up. */
static int write_new(void *context)
{
    const struct job *job = context;
    struct bp_output output;

    if (bp_output_open(&output, job->path))
        return -1;
    if (bp_output_write(&output, new, sizeof new)) {
        bp_output_abort(&output);
        return -1;
    }
    if (job->commit)
        return bp_output_commit(&output);
    bp_output_abort(&output);
    return 0;
}

static void assert_file(const char *path, const char *text, size_t size)
{
    char bytes[256];

    assert_int_equal(read_file(path, bytes, sizeof bytes), size);
    assert_memory_equal(bytes, text, size);
}

static void test_replaces(void **state)
{
    struct job job = {.path = in_directory("file"), .commit = true};
    struct stat status;
    mode_t mask = umask(027);

    (void)state;
    assert_int_equal(write_new(&job), 0);
    assert_file(job.path, new, sizeof new);
    assert_int_equal(stat(job.path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
    umask(mask);
    write_file(job.path, old, sizeof old);
    assert_int_equal(write_new(&job), 0);
    assert_file(job.path, new, sizeof new);
    assert_int_equal(count_files(""), 1);
}

/* Who made a file private, or shared it with a group, meant its next content too. */
static void test_keeps_the_mode(void **state)
{
    static const mode_t modes[] = {0600, 0664, 02750, 0755};
    struct job job = {.path = in_directory("file"), .commit = true};
    struct stat status;

    (void)state;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        write_file(job.path, old, sizeof old);
        assert_int_equal(chmod(job.path, modes[i]), 0);
        assert_int_equal(write_new(&job), 0);
        assert_file(job.path, new, sizeof new);
        assert_int_equal(stat(job.path, &status), 0);
        assert_int_equal(status.st_mode & 07777, modes[i]);
    }
}

static int die_amid(void *context)
{
    struct bp_output output;

    if (bp_output_open(&output, context) || bp_output_write(&output, old, sizeof old))
        return -1;
    raise(SIGKILL);
    return 0;
}

/* A killed process leaves a temporary, always of one name, which the next that writes there takes over. */
static void test_killed(void **state)
{
    struct job job = {.path = in_directory("file"), .commit = true};
    int end;

    (void)state;
    for (int i = 0; i < 5; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(die_amid((void *)job.path) ? 1 : 0);
        assert_int_equal(waitpid(child, &end, 0), child);
        assert_true(WIFSIGNALED(end));
        assert_int_equal(count_files(""), 1);
    }
    assert_int_equal(write_new(&job), 0);
    assert_file(job.path, new, sizeof new);
    assert_int_equal(count_files(""), 1);
}

/* Two at once would tear each other's temporary; the second is refused, and the first does not notice. */
static void test_two_at_once(void **state)
{
    struct job job = {.path = in_directory("file"), .commit = true};
    struct bp_output first;
    char said[1024];

    (void)state;
    assert_int_equal(bp_output_open(&first, job.path), 0);
    assert_int_equal(run_action(write_new, &job, false, said), BP_FAILURE);
    assert_said(said, "another process is writing it");
    assert_int_equal(bp_output_write(&first, old, sizeof old), 0);
    assert_int_equal(bp_output_commit(&first), 0);
    assert_file(job.path, old, sizeof old);
    assert_int_equal(run_action(write_new, &job, false, said), 0);
    assert_int_equal(count_files(""), 1);
}

/* The last character that a name may have counts; one more is refused, before anything is written. */
static void test_long_names(void **state)
{
    char name[NAME_MAX + 2], said[1024];
    struct job job = {.commit = true};

    (void)state;
    memset(name, 'n', sizeof name);
    name[NAME_MAX] = '\0';
    job.path = in_directory(name);
    assert_int_equal(run_action(write_new, &job, false, said), 0);
    assert_file(job.path, new, sizeof new);
    name[NAME_MAX] = 'n';
    name[NAME_MAX + 1] = '\0';
    job.path = in_directory(name);
    assert_int_equal(run_action(write_new, &job, false, said), BP_FAILURE);
    assert_said(said, "File name too long");
    assert_int_equal(count_files(""), 1);
}

/* As a shell does for `> FILE 2>&1`, `&>/dev/null` and `> FILE 2> OTHER`. */
static int open_stdout(void *context)
{
    char **names = context;
    struct bp_output output;
    int said = dup(STDERR_FILENO), out = open(names[0], O_WRONLY | O_CREAT | O_APPEND, 0600), status;

    dup2(out, STDOUT_FILENO);
    dup2(names[1] ? open(names[1], O_WRONLY | O_CREAT, 0600) : out, STDERR_FILENO);
    status = bp_output_open(&output, "-");
    dup2(said, STDERR_FILENO);
    if (status)
        bp_warn("refused");
    return status;
}

static void test_no_bytes_amid_messages(void **state)
{
    char *both[2] = {in_directory("both"), NULL}, *null[2] = {"/dev/null", NULL}, *apart[2] = {in_directory("out"), in_directory("err")};
    char said[1024], text[512];

    (void)state;
    assert_int_equal(run_action(open_stdout, both, false, said), BP_USAGE);
    text[read_file(both[0], text, sizeof text)] = '\0';
    assert_said(text, "standard output and standard error are one file");
    assert_int_equal(run_action(open_stdout, null, false, said), 0);
    assert_int_equal(run_action(open_stdout, apart, false, said), 0);
}

/* Until commit the old file stands; after an abort it still does, and no temporary is left. */
static void test_abort(void **state)
{
    struct job job = {.path = in_directory("file"), .commit = false};
    struct bp_output output;

    (void)state;
    write_file(job.path, old, sizeof old);
    assert_int_equal(bp_output_open(&output, job.path), 0);
    assert_int_equal(bp_output_write(&output, new, sizeof new), 0);
    assert_file(job.path, old, sizeof old);
    assert_int_equal(count_files(".file."), 1);
    bp_output_abort(&output);
    assert_int_equal(write_new(&job), 0);
    assert_file(job.path, old, sizeof old);
    assert_int_equal(count_files(""), 1);
}

static void test_relative_path(void **state)
{
    struct job job = {.path = "relative", .commit = true};
    char before[PATH_MAX];

    (void)state;
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(test_directory), 0);
    assert_int_equal(write_new(&job), 0);
    assert_file("relative", new, sizeof new);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(count_files(""), 1);
}

/* A link stays a link; what it points to is replaced. */
static void test_symbolic_link(void **state)
{
    const char *target = in_directory("target"), *name = in_directory("link");
    struct job job = {.path = name, .commit = true};
    struct stat status;

    (void)state;
    write_file(target, old, sizeof old);
    assert_int_equal(symlink(target, name), 0);
    assert_int_equal(write_new(&job), 0);
    assert_int_equal(lstat(name, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_file(target, new, sizeof new);
}

static void test_fifo(void **state)
{
    struct job job = {.path = in_directory("fifo"), .commit = true};
    struct stat status;
    char bytes[64];
    int end;

    (void)state;
    assert_int_equal(mkfifo(job.path, 0600), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(write_new(&job) ? 1 : 0);
    int fd = open(job.path, O_RDONLY);
    assert_int_equal(read(fd, bytes, sizeof bytes), sizeof new);
    close(fd);
    assert_memory_equal(bytes, new, sizeof new);
    waitpid(child, &end, 0);
    assert_int_equal(end, 0);
    assert_int_equal(stat(job.path, &status), 0);
    assert_true(S_ISFIFO(status.st_mode));
}

static void test_devices(void **state)
{
    struct job full = {.path = "/dev/full", .commit = true}, null = {.path = "/dev/null", .commit = true};
    struct stat status;
    char said[1024];

    (void)state;
    assert_int_equal(run_action(write_new, &full, false, said), BP_FAILURE);
    assert_said(said, "cannot write /dev/full: No space left on device");
    assert_int_equal(run_action(write_new, &null, false, said), 0);
    assert_int_equal(stat("/dev/null", &status), 0);
    assert_true(S_ISCHR(status.st_mode));
}

static int write_beyond_limit(void *context)
{
    const struct rlimit limit = {4, 4};

    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    return write_new(context);
}

/* The disk refuses in the midst of the file: the old one stands, no temporary stays. */
static void test_no_room(void **state)
{
    struct job job = {.path = in_directory("file"), .commit = true};
    char said[1024];

    (void)state;
    write_file(job.path, old, sizeof old);
    /* What is said must still fit below the limit, so it goes to a pipe. */
    int pipes[2], end;
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(pipes[1], STDERR_FILENO);
        _exit(write_beyond_limit(&job) ? bp_exit_status() : 0);
    }
    close(pipes[1]);
    waitpid(child, &end, 0);
    ssize_t got = read(pipes[0], said, sizeof said - 1);
    said[got > 0 ? got : 0] = '\0';
    close(pipes[0]);
    assert_int_equal(WEXITSTATUS(end), BP_FAILURE);
    assert_said(said, "File too large");
    assert_file(job.path, old, sizeof old);
    assert_int_equal(count_files(""), 1);
}

static void test_refusals(void **state)
{
    struct job directory = {.path = test_directory, .commit = true}, absent = {.path = in_directory("no/file"), .commit = true},
               slash = {.path = in_directory("name/"), .commit = true}, empty = {.path = "", .commit = true};
    char said[1024];

    (void)state;
    assert_int_equal(run_action(write_new, &directory, false, said), BP_FAILURE);
    assert_said(said, "Is a directory");
    assert_int_equal(run_action(write_new, &absent, false, said), BP_FAILURE);
    assert_said(said, "No such file or directory");
    assert_int_equal(run_action(write_new, &slash, false, said), BP_FAILURE);
    assert_said(said, "Is a directory");
    assert_int_equal(run_action(write_new, &empty, false, said), BP_FAILURE);
    assert_said(said, "No such file or directory");
    assert_int_equal(count_files(""), 0);
}

static void test_permissions(void **state)
{
    const char *closed = in_directory("closed"), *file = in_directory("closed/file"), *guarded = in_directory("guarded");
    struct job in_closed = {.path = file, .commit = true}, over = {.path = guarded, .commit = true};
    char said[1024];

    (void)state;
    assert_int_equal(mkdir(closed, 0755), 0);
    write_file(guarded, old, sizeof old);
    assert_int_equal(chmod(closed, 0555) | chmod(guarded, 0444), 0);
    assert_int_equal(run_action(write_new, &in_closed, true, said), BP_FAILURE);
    assert_said(said, "Permission denied");
    assert_int_equal(run_action(write_new, &over, true, said), BP_FAILURE);
    assert_said(said, "Permission denied");
    assert_file(guarded, old, sizeof old);
    assert_int_equal(count_files(""), 2);
}

static int open_terminal(void *context)
{
    struct bp_output output;
    int master = posix_openpt(O_RDWR | O_NOCTTY), terminal;

    if (master < 0 || grantpt(master) || unlockpt(master) || (terminal = open(ptsname(master), O_RDWR | O_NOCTTY)) < 0)
        _exit(98);
    if (!context)
        return bp_output_open(&output, ptsname(master));
    dup2(terminal, STDOUT_FILENO);
    return bp_output_open(&output, "-");
}

static void test_terminal(void **state)
{
    char said[1024];

    assert_int_equal(run_action(open_terminal, state, false, said), BP_USAGE);
    assert_said(said, "standard output is a terminal");
    assert_int_equal(run_action(open_terminal, NULL, false, said), BP_USAGE);
    assert_said(said, "is a terminal");
}

/* What a handler does when a second signal ends the program at once. */
static void test_remove_temporaries(void **state)
{
    struct bp_output outputs[3];
    char name[16];

    (void)state;
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "file%d", i);
        assert_int_equal(bp_output_open(&outputs[i], in_directory(name)), 0);
    }
    assert_int_equal(count_files(".file"), 3);
    bp_output_abort(&outputs[1]);
    bp_claim_remove_all();
    assert_int_equal(count_files(""), 0);
    bp_output_abort(&outputs[0]);
    bp_output_abort(&outputs[2]);
}

/* Far more files open than slots: all work, and the orderly end removes all. */
static void test_many(void **state)
{
    static struct bp_output outputs[40];
    char name[16];

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 40; i++) {
            snprintf(name, sizeof name, "file%d", i);
            assert_int_equal(bp_output_open(&outputs[i], in_directory(name)), 0);
        }
        assert_int_equal(count_files(".file"), 40);
        for (int i = 0; i < 40; i++)
            bp_output_abort(&outputs[i]);
        assert_int_equal(count_files(""), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_replaces, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_two_at_once, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_long_names, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_no_bytes_amid_messages, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_keeps_the_mode, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_killed, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_abort, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_relative_path, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_symbolic_link, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_fifo, make_directory, remove_directory),
        cmocka_unit_test(test_devices),
        cmocka_unit_test_setup_teardown(test_no_room, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_refusals, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_permissions, make_directory, remove_directory),
        cmocka_unit_test(test_terminal),
        cmocka_unit_test_setup_teardown(test_remove_temporaries, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_many, make_directory, remove_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

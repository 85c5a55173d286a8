#include "store/rundb.h"
#include "support.h"

#include <math.h>
#include <signal.h>
#include <sqlite3.h>
#include <time.h>

/* ---- helpers ---- */

static struct bp_rundb *open_db(const char *path)
{
    struct bp_rundb *db = bp_rundb_open(path, true);

    assert_non_null(db);
    return db;
}

struct table {
    char text[4096];
    int rows;
};

static int append_row(void *context, int columns, const char *const *names, const char *const *values)
{
    struct table *table = context;
    size_t used = strlen(table->text);

    for (int i = 0; i < columns; i++) {
        assert_non_null(names[i]);
        used += (size_t)snprintf(table->text + used, sizeof table->text - used, "%s%s", i ? "|" : "", values[i] ? values[i] : "NULL");
    }
    snprintf(table->text + used, sizeof table->text - used, "\n");
    table->rows++;
    return 0;
}

/* The rows of a query, columns parted by '|'. */
static const char *query(struct bp_rundb *db, const char *sql)
{
    static struct table table;

    table = (struct table){0};
    assert_int_equal(bp_rundb_query(db, sql, NULL, 0, append_row, &table), 0);
    return table.text;
}

static int64_t start(struct bp_rundb *db, const char *output, uint64_t seed, const char *parent)
{
    struct bp_run_info info = {
        .kernels = "bf16 some",
        .program = "bp-train", .command = "bp-train --preset 'nav easy'", .config = "{\"preset\":\"p\",\"lr\":0.001}",
        .preset = "p", .task = "nav-easy", .body = "pointmass", .policy = "mlp", .prior = "lstm", .seed = seed,
        .output = output, .parent = parent, .fingerprint = "f1",
    };
    int64_t id = bp_rundb_start(db, &info);

    assert_true(id > 0);
    return id;
}

/* Of the run of that fingerprint. */
static int64_t resume(struct bp_rundb *db, const char *output, const char *fingerprint)
{
    struct bp_run_info info = {.program = "bp-train", .command = "bp-train --resume", .config = "{\"lr\":0.002}", .output = output,
                               .fingerprint = fingerprint};

    return bp_rundb_resume(db, &info);
}

static void add_progress(struct bp_rundb *db, int64_t run, int64_t transitions, double episode_return)
{
    const struct bp_run_metric metric[] = {{"episode_return", episode_return}, {"kl_prior", 0.5}, {"entropy", NAN}, {"warmth", (double)transitions / 4}};
    struct bp_run_progress row = {.transitions = transitions, .updates = transitions / 10, .seconds = 2, .metric = metric, .metrics = 4};

    assert_int_equal(bp_rundb_progress(db, run, &row), 0);
}

static void add_evaluation(struct bp_rundb *db, int64_t run, int64_t transitions, const char *task, double episode_return)
{
    struct bp_run_evaluation row = {.transitions = transitions, .task = task, .play = "prior", .episodes = 10,
                                    .episode_return = episode_return, .standard_error = 1, .sequence_kl = NAN};

    assert_int_equal(bp_rundb_evaluation(db, run, &row), 0);
}

/* ---- rows ---- */

static void test_run(void **state)
{
    struct bp_rundb *db = open_db(in_directory("bp.db"));
    struct bp_run_info bare = {.program = "bp-rollout", .seed = UINT64_MAX};
    char real[PATH_MAX], expected[PATH_MAX + 64];

    (void)state;
    int64_t run = start(db, in_directory("sub/../x.ckpt"), 7, "abc"), other = bp_rundb_start(db, &bare);
    assert_int_equal(other, run + 1);
    assert_string_equal(query(db, "SELECT program, command, json_extract(config, '$.lr'), preset, task, body, policy, prior, seed,"
                                  " parent, state, finished, checkpoint, version FROM run WHERE id = 1"),
                        "bp-train|bp-train --preset 'nav easy'|0.001|p|nav-easy|pointmass|mlp|lstm|7|abc|running|NULL|NULL|"
                        BP_VERSION "\n");
    assert_string_equal(query(db, "SELECT seed, config, output, parent, kernels FROM run WHERE id = 2"),
                        "18446744073709551615|NULL|NULL|NULL|NULL\n");
    assert_string_equal(query(db, "SELECT kernels FROM runs WHERE run = 1"), "bf16 some\n");
    assert_string_equal(query(db, "SELECT count(*) FROM run WHERE started GLOB '20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2]*Z'"
                                  " AND host <> '' AND process > 0 AND sqlite_version <> ''"), "2\n");
    assert_non_null(realpath(test_directory, real));
    snprintf(expected, sizeof expected, "%s/sub/../x.ckpt\n", real);
    assert_string_equal(query(db, "SELECT output FROM run WHERE id = 1"), expected);     /* no directory "sub": as given */
    assert_int_equal(bp_rundb_finish(db, run, "finished", "def"), 0);
    assert_string_equal(query(db, "SELECT state, checkpoint, finished >= started FROM run WHERE id = 1"), "finished|def|1\n");
    assert_string_equal(query(db, "SELECT run, hash, transitions FROM checkpoint"), "1|def|NULL\n");
    assert_int_equal(bp_rundb_finish(db, other, "stopped", NULL), 0);
    assert_string_equal(query(db, "SELECT state, checkpoint FROM run WHERE id = 2"), "stopped|NULL\n");
    bp_rundb_close(db);
    bp_rundb_close(NULL);
}

static void test_progress(void **state)
{
    struct bp_rundb *db = open_db(in_directory("bp.db"));
    int64_t run = start(db, "-", 1, NULL);

    (void)state;
    add_progress(db, run, 100, 1.5);
    add_progress(db, run, 200, NAN);
    add_progress(db, run, 200, 3);              /* replaces */
    add_progress(db, run, 300, INFINITY);
    assert_string_equal(query(db, "SELECT transitions, updates, episode_return, entropy, kl_prior FROM curves ORDER BY 1"),
                        "100|10|1.5|NULL|0.5\n200|20|3.0|NULL|0.5\n300|30|Inf|NULL|0.5\n");
    add_evaluation(db, run, 100, "nav-hard", 50);
    add_evaluation(db, run, 300, "nav-hard", 60);
    assert_int_equal(bp_rundb_rewind(db, run, 150, false), 0);
    assert_string_equal(query(db, "SELECT (SELECT count(*) FROM progress), (SELECT count(*) FROM metric), (SELECT count(*) FROM evaluation)"), "1|3|1\n");
    bp_rundb_close(db);
    db = bp_rundb_open(in_directory("bp.db"), false);
    assert_string_equal(query(db, "SELECT transitions FROM progress"), "100\n");
    bp_rundb_close(db);
}

/* A metric is rows of its name, whatever the name; of what was not measured there is none, nor of a row that was replaced. */
static void test_metrics(void **state)
{
    struct bp_rundb *db = open_db(in_directory("bp.db"));
    int64_t run = start(db, "-", 1, NULL), other = start(db, "-", 2, NULL);
    const struct bp_run_metric later = {"later", 7};
    struct bp_run_progress row = {.transitions = 200, .metric = &later, .metrics = 1};

    (void)state;
    add_progress(db, run, 100, 1.5);
    add_progress(db, run, 200, NAN);
    add_progress(db, other, 100, -2);
    assert_string_equal(query(db, "SELECT * FROM metric WHERE run = 1"), "1|100|episode_return|1.5\n1|100|kl_prior|0.5\n1|100|warmth|25.0\n"
                                                                         "1|200|kl_prior|0.5\n1|200|warmth|50.0\n");
    assert_int_equal(bp_rundb_progress(db, run, &row), 0);
    assert_string_equal(query(db, "SELECT transitions, name, value FROM metric WHERE run = 1 AND transitions = 200"), "200|later|7.0\n");
    assert_string_equal(query(db, "SELECT run, episode_return, kl_prior FROM progress"), "1|1.5|0.5\n1|NULL|NULL\n2|-2.0|0.5\n");
    assert_string_equal(query(db, "SELECT run, episode_return FROM runs ORDER BY run"), "1|1.5\n2|-2.0\n");
    assert_int_equal(bp_rundb_query(db, "DELETE FROM run WHERE id = 1", NULL, 0, append_row, NULL), 0);
    assert_string_equal(query(db, "SELECT run, count(*) FROM metric GROUP BY run"), "2|3\n");
    assert_string_equal(query(db, "SELECT run FROM point"), "2\n");
    bp_rundb_close(db);
}

/* A run is taken up again by what it is and where it writes to: the latest of both. The state of another run, put there by hand, is not it. */
static void test_resume(void **state)
{
    struct bp_rundb *db = open_db(in_directory("bp.db"));
    char before[PATH_MAX];

    (void)state;
    assert_int_equal(resume(db, in_directory("a.ckpt"), "f1"), 0);
    int64_t first = start(db, in_directory("a.ckpt"), 1, NULL), second = start(db, in_directory("a.ckpt"), 1, NULL),
            other = start(db, in_directory("b.ckpt"), 1, NULL), piped = start(db, "-", 1, NULL);
    assert_true(first < second && second < other && other < piped);
    assert_int_equal(bp_rundb_finish(db, second, "stopped", "hash"), 0);
    assert_int_equal(resume(db, in_directory("a.ckpt"), "f2"), 0);
    assert_int_equal(resume(db, in_directory("a.ckpt"), NULL), 0);
    assert_string_equal(query(db, "SELECT state FROM run WHERE id = 2"), "stopped\n");
    assert_int_equal(resume(db, in_directory("a.ckpt"), "f1"), second);
    assert_string_equal(query(db, "SELECT state, finished, command, config FROM run WHERE id = 2"), "running|NULL|bp-train --resume|{\"lr\":0.002}\n");
    assert_int_equal(resume(db, "-", "f1"), 0);
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(test_directory), 0);
    assert_int_equal(resume(db, "b.ckpt", "f1"), other);
    assert_int_equal(resume(db, "./b.ckpt", "f1"), other);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(bp_rundb_finish(db, second, "finished", "hash"), 0);
    assert_int_equal(resume(db, in_directory("a.ckpt"), "f1"), second);         /* to be made longer */
    bp_rundb_close(db);
}

/* A row that was written only because the run stopped there goes, one that was due stays. */
static void test_rewind(void **state)
{
    struct bp_rundb *db = open_db(in_directory("bp.db"));
    int64_t run = start(db, in_directory("a.ckpt"), 1, NULL);

    (void)state;
    for (int64_t at = 100; at <= 400; at += 100)
        add_progress(db, run, at, 1);
    add_evaluation(db, run, 300, "nav-hard", 1);
    assert_int_equal(bp_rundb_rewind(db, run, 300, false), 0);
    assert_string_equal(query(db, "SELECT group_concat(transitions) FROM progress"), "100,200,300\n");
    assert_int_equal(bp_rundb_rewind(db, run, 300, true), 0);
    assert_string_equal(query(db, "SELECT group_concat(transitions) FROM progress"), "100,200\n");
    assert_string_equal(query(db, "SELECT max(transitions) FROM metric"), "200\n");
    assert_string_equal(query(db, "SELECT transitions FROM evaluation"), "300\n");
    bp_rundb_close(db);
}

/* What a database of now becomes one of version 3 by, and one of version 3 one of version 2. */
static const char *const to_3[] = {
    "DROP VIEW runs", "DROP VIEW curves", "DROP VIEW evaluations", "DROP VIEW leaderboard", "DROP VIEW lineage", "DROP VIEW progress",
    "DROP TABLE point", "DROP TABLE metric",
    "CREATE TABLE progress (run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE, transitions INTEGER NOT NULL, updates INTEGER, env_steps INTEGER,"
    " episodes INTEGER, episode_return REAL, episode_length REAL, kl_prior REAL, kl_prior_high REAL, entropy REAL, critic_loss REAL, policy_loss REAL,"
    " prior_loss REAL, q_mean REAL, trace_weight REAL, seconds REAL, PRIMARY KEY (run, transitions)) WITHOUT ROWID",
    "INSERT INTO progress VALUES (1, 100, 10, 400, 3, 1.5, 20, 0.5, 0.25, -1, 2, 3, 4, 5, 0.75, 60), (1, 200, 20, 800, 0, NULL, NULL, 0.5, NULL, -1, 2, 3, 4, 5, 9e999, 70)",
    "CREATE VIEW runs AS SELECT run FROM progress", "CREATE VIEW curves AS SELECT kl_prior FROM progress",
    "CREATE VIEW evaluations AS SELECT 1", "CREATE VIEW leaderboard AS SELECT 1", "CREATE VIEW lineage AS SELECT 1", "PRAGMA user_version = 3", NULL,
}, *const to_2[] = {
    "ALTER TABLE run DROP COLUMN fingerprint", "ALTER TABLE run DROP COLUMN kernels", "ALTER TABLE progress DROP COLUMN kl_prior_high",
    "PRAGMA user_version = 2", NULL,
};

/* By SQLite alone: ours would bring it up to date again. */
static void alter(const char *path, const char *const *statements)
{
    sqlite3 *handle;

    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    for (int i = 0; statements[i]; i++)
        if (sqlite3_exec(handle, statements[i], NULL, NULL, NULL) != SQLITE_OK)
            fail_msg("%s: %s", statements[i], sqlite3_errmsg(handle));
    sqlite3_close(handle);
}

/* Tables and views as SQLite sees them, whatever their text. */
static void describe(struct bp_rundb *db, char *text, size_t size)
{
    snprintf(text, size, "%s", query(db, "SELECT m.type, m.name, group_concat(c.name || ' ' || c.type || ' ' || c.pk || ' ' || c.\"notnull\", ',')"
                                         " FROM (SELECT * FROM sqlite_master ORDER BY name) AS m, pragma_table_info(m.name) AS c"
                                         " WHERE m.name NOT LIKE 'sqlite%' AND m.name <> 'run' GROUP BY m.type, m.name ORDER BY m.name"));
}

/* Databases of versions 2 and 3 take new runs, keep their own, and are what a new one is. */
static void test_earlier_version(void **state)
{
    static const char rows[] = "100|10|400|3|1.5|20.0|0.5|%s|-1.0|2.0|3.0|4.0|5.0|0.75|60.0\n200|20|800|0|NULL|NULL|0.5|NULL|-1.0|2.0|3.0|4.0|5.0|Inf|70.0\n";
    static char fresh[4096], expected[512];
    struct bp_rundb *db = open_db(in_directory("fresh.db"));

    (void)state;
    describe(db, fresh, sizeof fresh);
    bp_rundb_close(db);
    for (int version = 2; version <= 3; version++) {
        char *path = in_directory(version == 2 ? "2.db" : "3.db");
        db = open_db(path);
        start(db, in_directory("a.ckpt"), 1, NULL);
        bp_rundb_close(db);
        alter(path, to_3);
        if (version == 2)
            alter(path, to_2);
        for (int i = 0; i < 2; i++) {
            static char now[4096];
            db = open_db(path);
            assert_int_equal(start(db, in_directory("b.ckpt"), 2, NULL), 2 + i);
            assert_string_equal(query(db, "SELECT run, seed, state FROM runs WHERE run < 3"), "1|1|running\n2|2|running\n");
            assert_string_equal(query(db, "SELECT fingerprint, kernels FROM run WHERE id < 3"), version == 2 ? "NULL|NULL\nf1|bf16 some\n" : "f1|bf16 some\nf1|bf16 some\n");
            assert_string_equal(query(db, "SELECT user_version FROM pragma_user_version"), "4\n");
            snprintf(expected, sizeof expected, rows, version == 2 ? "NULL" : "0.25");
            assert_string_equal(query(db, "SELECT transitions, updates, env_steps, episodes, episode_return, episode_length, kl_prior, kl_prior_high, entropy,"
                                          " critic_loss, policy_loss, prior_loss, q_mean, trace_weight, seconds FROM progress"), expected);
            assert_string_equal(query(db, "SELECT count(*) FROM metric"), version == 2 ? "16\n" : "17\n");
            describe(db, now, sizeof now);
            assert_string_equal(now, fresh);
            bp_rundb_close(db);
        }
    }
}

/* A newer program brings the database up to a version of its own while this one writes: that is said, not what SQLite makes of it. */
static void test_a_later_version_meanwhile(void **state)
{
    static const char *const to_99[] = {"ALTER TABLE point RENAME TO place", "ALTER TABLE run RENAME COLUMN state TO status", "PRAGMA user_version = 99", NULL};
    static const char *const gone[] = {"PRAGMA user_version = 4", NULL};
    struct bp_rundb *db = open_db(in_directory("bp.db"));
    int64_t run = start(db, "-", 1, NULL);
    struct bp_run_progress row = {.transitions = 100};

    (void)state;
    alter(in_directory("bp.db"), to_99);
    for (int i = 0; i < 2; i++) {
        capture_begin();
        int status = i ? bp_rundb_finish(db, run, "finished", NULL) : bp_rundb_progress(db, run, &row);
        const char *said = capture_take();
        capture_end();
        assert_int_equal(status, -1);
        assert_said(said, "bp.db has become one of version 99, as a newer program has opened it, and this program knows up to 4: only newer ones");
        assert_null(strstr(said, "no such"));
    }
    alter(in_directory("bp.db"), gone);         /* a statement that fails for another reason is told as it was */
    capture_begin();
    assert_int_equal(bp_rundb_progress(db, run, &row), -1);
    assert_said(capture_take(), "no such table");
    capture_end();
    bp_rundb_close(db);
}

/* ---- views ---- */

/* Views of an earlier program are renewed by one that writes, those of users stay, and a reader changes nothing. */
static void test_views_are_renewed(void **state)
{
    static const char *const older[] = {"DROP VIEW leaderboard", "CREATE VIEW leaderboard AS SELECT 1 AS one", "CREATE VIEW mine AS SELECT 2 AS two", NULL};
    static char fresh[4096], now[4096];
    char *path = in_directory("bp.db");
    struct bp_rundb *db = open_db(path);

    (void)state;
    describe(db, fresh, sizeof fresh);
    snprintf(now, sizeof now, "%s", query(db, "PRAGMA schema_version"));
    bp_rundb_close(db);
    db = open_db(path);
    assert_string_equal(query(db, "PRAGMA schema_version"), now);           /* today's are left alone */
    bp_rundb_close(db);
    alter(path, older);
    assert_non_null(db = bp_rundb_open(path, false));
    assert_string_equal(query(db, "SELECT one FROM leaderboard"), "1\n");
    bp_rundb_close(db);
    db = open_db(path);
    assert_string_equal(query(db, "SELECT count(*), count(reuse), count(program) FROM leaderboard"), "0|0|0\n");
    assert_string_equal(query(db, "SELECT two FROM mine"), "2\n");
    assert_string_equal(query(db, "DROP VIEW mine; SELECT 1"), "");
    describe(db, now, sizeof now);
    assert_string_equal(now, fresh);
    bp_rundb_close(db);
}

static void test_views(void **state)
{
    struct bp_rundb *db = open_db(in_directory("bp.db"));
    int64_t a = start(db, "-", 1, NULL), b = start(db, "-", 2, NULL), c = start(db, "-", 3, NULL);

    (void)state;
    add_progress(db, a, 100, 1);
    add_progress(db, a, 200, NAN);
    add_evaluation(db, a, 100, "nav-hard", 50);
    add_evaluation(db, a, 200, "nav-hard", 40);
    add_evaluation(db, b, 100, "nav-hard", 60);
    add_evaluation(db, b, 100, "nav-easy", 10);
    add_evaluation(db, c, 100, "nav-hard", NAN);
    assert_string_equal(query(db, "SELECT run, transitions, episode_return, evaluation_task, evaluation_return FROM runs"),
                        "1|200|1.0|nav-hard|40.0\n2|NULL|NULL|nav-easy|10.0\n3|NULL|NULL|nav-hard|NULL\n");
    assert_string_equal(query(db, "SELECT task, play, preset, run, transitions, runs, episode_return, lowest, highest, episodes, trained_on FROM leaderboard"),
                        "nav-easy|prior|p|2|100|1|10.0|10.0|10.0|10|nav-easy\nnav-hard|prior|p|2|200|2|50.0|40.0|60.0|20|nav-easy\n");
    assert_string_equal(query(db, "SELECT json_extract(config, '$.lr'), prior, count(*) FROM curves GROUP BY 1, 2"),
                        "0.001|lstm|2\n");
    assert_string_equal(query(db, "SELECT count(*) FROM evaluations WHERE trained_on = 'nav-easy'"), "5\n");
    bp_rundb_close(db);
}

/* The last evaluation counts, not the luckiest; runs are one line when they differ in the seed alone; numbers are rounded. */
static void test_leaderboard(void **state)
{
    static const struct { const char *config; double early, late; } runs[] = {
        {"{\"lr\":0.001,\"seed\":1}", 90, 20.04}, {"{\"lr\":0.001,\"seed\":2}", 10, 30.02}, {"{\"lr\":0.01,\"seed\":1}", 50, 22},
        {"{\"lr\":0.01,\"seed\":2}", 80, NAN},
    };
    struct bp_rundb *db = open_db(in_directory("bp.db"));

    (void)state;
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        struct bp_run_info info = {.program = "bp-train", .config = runs[i].config, .preset = "p", .task = "nav-easy", .policy = "mlp",
                                   .seed = 1 + i % 2};
        int64_t run = bp_rundb_start(db, &info);
        add_evaluation(db, run, 100, "nav-hard", runs[i].early);
        add_evaluation(db, run, 200, "nav-hard", runs[i].late);
    }
    assert_string_equal(query(db, "SELECT episode_return, lowest, highest, runs, run FROM leaderboard"), "51.0|22.0|80.0|2|4\n25.0|20.0|30.0|2|2\n");
    bp_rundb_close(db);
}

/* Ancestors through what was written last, on the way, and before a stop; unknown hashes; two runs that wrote the same. */
static void test_lineage(void **state)
{
    struct bp_rundb *db = open_db(in_directory("bp.db"));
    int64_t root = start(db, in_directory("root.ckpt"), 1, "elsewhere");

    (void)state;
    assert_int_equal(bp_rundb_checkpoint(db, root, 500, in_directory("root-500.ckpt"), "h500"), 0);
    assert_int_equal(bp_rundb_finish(db, root, "stopped", "h700"), 0);
    int64_t child = start(db, "-", 2, "h700"), twin = start(db, "-", 2, "h500");
    assert_int_equal(resume(db, in_directory("root.ckpt"), "f1"), root);
    assert_int_equal(bp_rundb_finish(db, root, "finished", "h1000"), 0);
    assert_int_equal(bp_rundb_finish(db, child, "finished", "same"), 0);
    assert_int_equal(bp_rundb_finish(db, twin, "finished", "same"), 0);
    int64_t last = start(db, "-", 3, "same"), own = start(db, "-", 3, "own");
    assert_int_equal(bp_rundb_finish(db, own, "finished", "own"), 0);
    assert_int_equal(last, 4);
    assert_string_equal(query(db, "SELECT run, generation, ancestor, checkpoint FROM lineage"),
                        "1|0|1|h1000\n1|1|NULL|elsewhere\n"
                        "2|0|2|same\n2|1|1|h700\n2|2|NULL|elsewhere\n"
                        "3|0|3|same\n3|1|1|h500\n3|2|NULL|elsewhere\n"
                        "4|0|4|NULL\n4|1|3|same\n4|2|1|h500\n4|3|NULL|elsewhere\n"
                        "5|0|5|own\n5|1|NULL|own\n");
    assert_int_equal(bp_rundb_rewind(db, root, 400, false), 0);
    assert_string_equal(query(db, "SELECT count(*) FROM checkpoint WHERE hash = 'h500'"), "0\n");
    bp_rundb_close(db);
}

/* ---- queries ---- */

static int stop_at_two(void *context, int columns, const char *const *names, const char *const *values)
{
    (void)columns;
    (void)names;
    assert_string_equal(values[0], *(int *)context ? "2" : "1");
    return ++*(int *)context == 2;
}

static int refuse(void *context, int columns, const char *const *names, const char *const *values)
{
    (void)context;
    (void)columns;
    (void)names;
    (void)values;
    return -1;
}

static void test_query(void **state)
{
    const char *const parameters[] = {"x'; DROP TABLE run; --", NULL};
    struct bp_rundb *db = open_db(in_directory("bp.db"));
    struct table table = {0};
    int rows = 0;

    (void)state;
    assert_int_equal(bp_rundb_query(db, "SELECT ?, ?", parameters, 2, append_row, &table), 0);
    assert_string_equal(table.text, "x'; DROP TABLE run; --|NULL\n");
    assert_int_equal(bp_rundb_query(db, "VALUES (1), (2), (3)", NULL, 0, stop_at_two, &rows), 0);
    assert_int_equal(rows, 2);
    assert_int_equal(bp_rundb_query(db, "VALUES (1), (2)", NULL, 0, refuse, NULL), -1);
    capture_begin();
    assert_int_equal(bp_rundb_query(db, "SELECT nonsense FROM run", NULL, 0, append_row, &table), -1);
    assert_said(capture_take(), "no such column: nonsense");
    capture_end();
    bp_rundb_close(db);
}

/* ---- many at once ---- */

#define WRITERS 8
#define ROWS 100

static void write_many(const char *path, int number)
{
    struct bp_rundb *db = open_db(path);
    int64_t run = start(db, "-", (uint64_t)number, NULL);

    for (int i = 0; i < ROWS; i++)
        add_progress(db, run, i, number);
    assert_int_equal(bp_rundb_finish(db, run, "finished", NULL), 0);
    bp_rundb_close(db);
}

/* All begin at once on a database that none of them finds there. No row is lost, none is mixed up. */
static void test_many_processes(void **state)
{
    char *path = in_directory("bp.db"), expected[256] = "";
    int end, gate[2];
    char byte;

    (void)state;
    assert_int_equal(pipe(gate), 0);
    fflush(stdout);
    for (int i = 0; i < WRITERS; i++)
        if (fork() == 0) {
            close(gate[1]);
            if (read(gate[0], &byte, 1) != 0)
                _exit(1);
            write_many(path, i);
            _exit(0);
        }
    close(gate[0]);
    close(gate[1]);
    for (int i = 0; i < WRITERS; i++) {
        assert_true(wait(&end) > 0);
        assert_int_equal(end, 0);
    }
    struct bp_rundb *db = open_db(path);
    for (int i = 0; i < WRITERS; i++)
        snprintf(expected + strlen(expected), sizeof expected - strlen(expected), "%d|%d|%d.0|%d.0\n", i, ROWS, i, i);
    assert_string_equal(query(db, "SELECT seed, count(*), min(episode_return), max(episode_return) FROM curves"
                                  " GROUP BY run ORDER BY seed"), expected);
    assert_string_equal(query(db, "SELECT count(*) FROM run WHERE state = 'finished'"), "8\n");
    assert_string_equal(query(db, "PRAGMA integrity_check"), "ok\n");
    assert_string_equal(query(db, "PRAGMA journal_mode"), "wal\n");
    bp_rundb_close(db);
}

/* ---- what may be wrong with it ---- */

static int open_writing(void *path)
{
    struct bp_rundb *db = bp_rundb_open(path, true);
    struct bp_run_info info = {.program = "bp-train"};
    int status = db && bp_rundb_start(db, &info) > 0 ? 0 : -1;

    bp_rundb_close(db);
    return status;
}

static int count_runs(void *context, int columns, const char *const *names, const char *const *values)
{
    (void)columns;
    (void)names;
    *(int *)context = atoi(values[0]);
    return 0;
}

/* Exit status 0 tells that the database was read and holds one run. */
static int open_reading(void *path)
{
    struct bp_rundb *db = bp_rundb_open(path, false);
    int runs = 0, status = db ? bp_rundb_query(db, "SELECT count(*) FROM runs", NULL, 0, count_runs, &runs) : -1;

    bp_rundb_close(db);
    if (!status)
        assert_int_equal(runs, 1);
    return status;
}

static void sql(const char *path, const char *statements)
{
    sqlite3 *handle;

    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, statements, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
}

static void test_foreign(void **state)
{
    char *text = in_directory("text"), *foreign = in_directory("foreign"), *newer = in_directory("newer"),
         *empty = in_directory("empty"), *absent = in_directory("absent"), said[1024], before[65536], after[65536];

    (void)state;
    write_file(text, "this is text, and no database, whatever its name may say\n", 57);
    assert_int_equal(run_action(open_writing, text, false, said), BP_DAMAGED);
    assert_said(said, "is not a database");
    assert_int_equal(run_action(open_reading, text, false, said), BP_DAMAGED);
    assert_said(said, "is not a database");
    sql(foreign, "CREATE TABLE bookmarks (url)");
    size_t size = read_file(foreign, before, sizeof before);
    assert_int_equal(run_action(open_writing, foreign, false, said), BP_FAILURE);
    assert_said(said, "holds something else than runs");
    assert_int_equal(run_action(open_reading, foreign, false, said), BP_FAILURE);
    assert_int_equal(read_file(foreign, after, sizeof after), size);
    assert_memory_equal(before, after, size);
    assert_int_equal(run_action(open_writing, newer, false, said), 0);
    sql(newer, "PRAGMA user_version = 99");
    assert_int_equal(run_action(open_writing, newer, false, said), BP_FAILURE);
    assert_said(said, "is of version 99, and this program knows up to 4");
    assert_int_equal(run_action(open_reading, newer, false, said), BP_FAILURE);
    write_file(empty, "", 0);
    assert_int_equal(run_action(open_reading, empty, false, said), BP_FAILURE);
    assert_said(said, "is empty");
    assert_int_equal(run_action(open_writing, empty, false, said), 0);
    assert_int_equal(run_action(open_reading, empty, false, said), 0);
    assert_int_equal(run_action(open_reading, absent, false, said), BP_FAILURE);
    assert_said(said, "No such file or directory");
    assert_int_equal(run_action(open_writing, in_directory("no/bp.db"), false, said), BP_FAILURE);
    assert_said(said, "No such file or directory");
    assert_int_equal(run_action(open_writing, test_directory, false, said), BP_FAILURE);
    assert_int_equal(run_action(open_writing, "/dev/null", false, said), BP_FAILURE);
    assert_said(said, "not a regular file");
    assert_int_equal(run_action(open_writing, "", false, said), BP_USAGE);
}

static void test_damaged(void **state)
{
    char *path = in_directory("bp.db"), said[1024];

    (void)state;
    assert_int_equal(run_action(open_writing, path, false, said), 0);
    FILE *file = fopen(path, "r+b");
    fseek(file, 100, SEEK_SET);
    for (int i = 0; i < 3000; i++)
        fputc(0xa5, file);
    fclose(file);
    assert_int_equal(run_action(open_reading, path, false, said), BP_FAILURE);
    assert_said(said, "is damaged");
    assert_int_equal(run_action(open_writing, path, false, said), BP_FAILURE);
    assert_said(said, "is damaged");
}

static void test_locked(void **state)
{
    char *path = in_directory("bp.db"), said[1024];
    struct timespec begin, end;
    sqlite3 *handle;

    (void)state;
    assert_int_equal(run_action(open_writing, path, false, said), 0);
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    setenv("BP_DB_TIMEOUT_MS", "200", 1);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    assert_int_equal(run_action(open_writing, path, false, said), BP_FAILURE);
    clock_gettime(CLOCK_MONOTONIC, &end);
    assert_said(said, "is locked by another process: waited 0.2 s");
    double waited = (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
    assert_true(waited > 0.15 && waited < 5);
    assert_int_equal(run_action(open_reading, path, false, said), 0);     /* readers need not wait */
    sqlite3_exec(handle, "ROLLBACK", NULL, NULL, NULL);
    assert_int_equal(run_action(open_writing, path, false, said), 0);
    sqlite3_close(handle);
    setenv("BP_DB_TIMEOUT_MS", "soon", 1);
    assert_int_equal(run_action(open_writing, path, false, said), BP_USAGE);
    assert_said(said, "BP_DB_TIMEOUT_MS is 'soon'");
    unsetenv("BP_DB_TIMEOUT_MS");
}

static void test_read_only(void **state)
{
    char *path = in_directory("closed/50%? #1.db"), *closed = in_directory("closed"), said[1024];

    (void)state;
    assert_int_equal(mkdir(closed, 0755), 0);
    assert_int_equal(run_action(open_writing, path, false, said), 0);
    assert_int_equal(chmod(path, 0444), 0);
    assert_int_equal(run_action(open_writing, path, true, said), BP_FAILURE);
    assert_said(said, "it is read-only");
    assert_int_equal(chmod(closed, 0555), 0);
    assert_int_equal(run_action(open_reading, path, true, said), 0);
    assert_int_equal(run_action(open_writing, in_directory("closed/new.db"), true, said), BP_FAILURE);
    assert_said(said, "Permission denied");
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(run_action(open_writing, path, true, said), BP_FAILURE);
    assert_int_equal(run_action(open_reading, path, true, said), 0);
    assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(run_action(open_reading, path, true, said), BP_FAILURE);
    assert_said(said, "Permission denied");
}

/* Rows of a run that is not there are refused. */
static void test_unknown_run(void **state)
{
    struct bp_rundb *db = open_db(in_directory("bp.db"));
    struct bp_run_progress row = {.transitions = 1};

    (void)state;
    capture_begin();
    assert_int_equal(bp_rundb_progress(db, 77, &row), -1);
    assert_said(capture_take(), "FOREIGN KEY constraint failed");
    assert_int_equal(bp_rundb_finish(db, 77, "finished", NULL), -1);
    assert_said(capture_take(), "has no run 77");
    capture_end();
    int64_t run = start(db, "-", 1, NULL);
    add_progress(db, run, 1, 1);
    assert_string_equal(query(db, "SELECT count(*) FROM progress"), "1\n");
    bp_rundb_close(db);
}

static void test_state_by_exit_status(void **state)
{
    (void)state;
    assert_string_equal(bp_rundb_state(0), "finished");
    assert_string_equal(bp_rundb_state(128 + SIGINT), "stopped");
    assert_string_equal(bp_rundb_state(BP_DIVERGED), "diverged");
    assert_string_equal(bp_rundb_state(BP_FAILURE), "failed");
    assert_string_equal(bp_rundb_state(BP_USAGE), "failed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* These ask for the exit status. */
        cmocka_unit_test_setup_teardown(test_foreign, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_damaged, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_locked, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_read_only, make_directory, remove_directory),
        /* These report errors in this process. */
        cmocka_unit_test(test_state_by_exit_status),
        cmocka_unit_test_setup_teardown(test_run, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_progress, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_metrics, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_rewind, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_earlier_version, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_resume, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_views, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_a_later_version_meanwhile, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_views_are_renewed, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_leaderboard, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_lineage, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_query, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_many_processes, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_unknown_run, make_directory, remove_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

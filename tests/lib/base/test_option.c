#include "base/option.h"

#include "../store/support.h"
#include "check.h"

#include <stdbool.h>

/* ---- a program of our own ---- */

struct values {
    bool flag, of_flag;
    int64_t count, seed, own, of_text;
    double real, of_kind;
    const char *text, *kind, *file, *of_real, *of_other;
};

static const char *kind_name(int i)
{
    static const char *const names[] = {"mlp", "lstm", NULL};
    return names[i];
}

#define AT(member) offsetof(struct values, member)

static const struct bp_option config_rows[] = {
    {"flag", 'f', BP_FLAG, BP_SCOPE_CONFIG, AT(flag), NULL, 0, 0, NULL, NULL, "a flag", NULL},
    {"count", 'c', BP_COUNT, BP_SCOPE_CONFIG, AT(count), "10k", 1, 1e15, NULL, "N", "a count", NULL},
    {"seed", 0, BP_COUNT, BP_SCOPE_CONFIG, AT(seed), "1", 0, 9.2e18, NULL, "N", "a large count", NULL},
    {"own", 0, BP_COUNT, BP_SCOPE_RUN, AT(own), "3", 0, 0, NULL, "N", "a count of one run", NULL},
    {"real-number", 'r', BP_REAL, BP_SCOPE_CONFIG, AT(real), "0.1", 0, 1, NULL, "X", "a number", NULL},
    {"text", 0, BP_TEXT, BP_SCOPE_CONFIG, AT(text), NULL, 0, 0, NULL, "TEXT", "a text", NULL},
    {"kind", 0, BP_CHOICE, BP_SCOPE_CONFIG, AT(kind), "mlp", 0, 0, kind_name, "NAME", "a choice", NULL},
    {"of-text", 0, BP_COUNT, BP_SCOPE_CONFIG, AT(of_text), NULL, 0, 0, NULL, "N", "needs a text", "text"},
    {"of-flag", 0, BP_FLAG, BP_SCOPE_CONFIG, AT(of_flag), NULL, 0, 0, NULL, NULL, "needs a flag", "flag"},
    {"of-real", 0, BP_TEXT, BP_SCOPE_CONFIG, AT(of_real), "x", 0, 0, NULL, "TEXT", "needs a number", "real-number"},
    {"of-other", 0, BP_TEXT, BP_SCOPE_CONFIG, AT(of_other), NULL, 0, 0, NULL, "TEXT", "needs another program's option", "absent"},
    {"of-kind", 0, BP_REAL, BP_SCOPE_CONFIG, AT(of_kind), "1", 0, 9, NULL, "X", "needs a choice", "kind=lstm"},
    {0},
};
static const struct bp_option command_rows[] = {
    {"file", 'o', BP_TEXT, BP_SCOPE_COMMAND, AT(file), "-", 0, 0, NULL, "FILE", "a file", NULL},
    {0},
};

static struct values values;
static const struct bp_option_part parts[] = {{"Config", config_rows, &values}, {"Command", command_rows, &values}, {NULL, NULL, NULL}};
static const struct bp_usage usage = {"[OPTION ...] FILE", "A summary.", "bp-test -f x", BP_BARE_RUNS, NULL};

static struct bp_options *options;
static char *words[16];
static int word_count, operands;

/* Parse a command line written as one text, its words apart by blanks. */
static int parse(const char *line)
{
    static char copy[512];
    char *rest = copy, *word;

    bp_options_free(options);
    values = (struct values){0};
    options = bp_options_new(parts);
    assert_non_null(options);
    snprintf(copy, sizeof copy, "bp-test%s%s", *line ? " " : "", line);
    for (word_count = 0; (word = strsep(&rest, " "));)
        words[word_count++] = word;
    words[word_count] = NULL;
    return bp_options_parse(options, word_count, words, &usage, &operands);
}

static void resolved(const char *line)
{
    assert_int_equal(parse(line), 0);
    assert_int_equal(bp_options_resolve(options), 0);
}

/* The line is refused, in one sentence with these parts. */
static void refused(const char *line, const char *part, const char *other_part)
{
    capture_begin();
    int status = parse(line) || bp_options_resolve(options) ? -1 : 0;
    const char *said = capture_take();
    capture_end();
    if (!status)
        fail_msg("'%s' is accepted", line);
    assert_said(said, part);
    assert_said(said, other_part);
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
}

static char *preset(const char *text)
{
    char *path = in_directory("preset");

    write_file(path, text, strlen(text));
    return path;
}

/* ---- values ---- */

static void defaults(void **state)
{
    (void)state;
    resolved("");
    assert_false(values.flag);
    assert_int_equal(values.count, 10000);
    assert_true(values.real == 0.1);
    assert_null(values.text);
    assert_string_equal(values.kind, "mlp");
    assert_string_equal(values.file, "-");
    assert_int_equal(operands, 1);
    assert_false(bp_options_given(options, "count"));
    assert_null(bp_options_explicit(options, "count"));
}

static void long_and_short_names(void **state)
{
    (void)state;
    resolved("-f -c 5 --real-number 0.25 --text=a=b --kind lstm -ox");
    assert_true(values.flag);
    assert_int_equal(values.count, 5);
    assert_true(values.real == 0.25);
    assert_string_equal(values.text, "a=b");
    assert_string_equal(values.kind, "lstm");
    assert_string_equal(values.file, "x");
    resolved("-fc7");
    assert_true(values.flag && values.count == 7);
    resolved("--count 3 --count 4");        /* the last one counts */
    assert_int_equal(values.count, 4);
}

static void suffixes_multiply(void **state)
{
    (void)state;
    resolved("--count 3k");
    assert_int_equal(values.count, 3000);
    resolved("--count 1.5M");
    assert_int_equal(values.count, 1500000);
    resolved("--count 2G");
    assert_int_equal(values.count, 2000000000);
    resolved("--count 1e3");
    assert_int_equal(values.count, 1000);
    refused("--count 3m", "--count", "'3m'");
    refused("--count 3kk", "--count", "'3kk'");
}

/* Seeds beyond 2^53, which a double would round. */
static void large_counts_are_exact(void **state)
{
    (void)state;
    resolved("--seed 9007199254740993");
    assert_true(values.seed == 9007199254740993);
    resolved("--seed 9000000000000000001");
    assert_true(values.seed == 9000000000000000001);
}

static void ranges_are_closed(void **state)
{
    (void)state;
    resolved("--real-number 0 --count 1");
    resolved("--real-number 1 --count 1000000G");
    refused("--real-number 1.0000001", "--real-number", "0 ... 1");
    refused("--real-number -1e-9", "--real-number", "0 ... 1");
    refused("--count 0", "--count", "'0'");
    refused("--count 1e16", "--count", "'1e16'");
}

static void what_is_no_number_is_refused(void **state)
{
    static const char *const bad[] = {"nan", "inf", "-inf", "one", "0.5x", "1e999", "k", "--", "0x", "1,5"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char line[64];
        snprintf(line, sizeof line, "--real-number=%s", bad[i]);
        refused(line, "--real-number", bad[i]);
    }
    refused("--real-number=", "--real-number", "''");
    refused("--count 1.5", "whole number", "'1.5'");
    refused("--count 0.0001k", "whole number", "'0.0001k'");
}

static void choices_and_flags(void **state)
{
    (void)state;
    refused("--kind gru", "mlp, lstm", "'gru'");
    refused("--kind LSTM", "mlp, lstm", "'LSTM'");
    refused("--kind=", "mlp, lstm", "''");
    setenv("BP_FLAG", "maybe", 1);
    refused("", "yes or no", "BP_FLAG");
    unsetenv("BP_FLAG");
}

/* ---- the command line ---- */

static void operands_may_stand_anywhere(void **state)
{
    (void)state;
    resolved("one --count 5 two -- --three");
    assert_int_equal(values.count, 5);
    assert_int_equal(word_count - operands, 3);
    assert_string_equal(words[operands], "one");
    assert_string_equal(words[operands + 1], "two");
    assert_string_equal(words[operands + 2], "--three");
    resolved("-");                          /* stdin, not an option */
    assert_int_equal(word_count - operands, 1);
}

static void unknown_words_are_refused(void **state)
{
    (void)state;
    refused("--colour blue", "'--colour'", "--help");
    refused("-x", "'-x'", "--help");
    refused("--count 5 -fx", "'-x'", "--help");
    refused("--count 5 -fc", "'-c'", "--help");
    refused("--count", "--count", "--help");
    refused("--flag=yes", "--flag", "--help");
    refused("--no-count", "--no-count", "--help");
}

static int unknown(void *context)
{
    (void)context;
    return parse("--colour");
}

static void wrong_usage_exits_2(void **state)
{
    char said[1024];

    (void)state;
    assert_int_equal(run_action(unknown, NULL, false, said), BP_USAGE);
}

static void flags_can_be_undone(void **state)
{
    (void)state;
    resolved("--flag");
    assert_true(values.flag);
    resolved("--flag --no-flag");
    assert_false(values.flag);
    assert_int_equal(parse("--no-flag"), 0);
    assert_int_equal(bp_options_preset(options, preset("flag = yes\n")), 0);
    assert_int_equal(bp_options_resolve(options), 0);
    assert_false(values.flag);
    assert_string_equal(bp_options_explicit(options, "flag"), "no");
}

/* What a line prints on stdout; it is answered and nothing else. */
static void answer(const char *line, char *text, size_t size)
{
    int kept = dup(STDOUT_FILENO), file = open(in_directory("stdout"), O_RDWR | O_CREAT | O_TRUNC, 0600);

    fflush(stdout);
    dup2(file, STDOUT_FILENO);
    int status = parse(line);
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    close(file);
    read_file(in_directory("stdout"), text, size);
    assert_int_equal(status, 1);
}

static void help_lists_every_option(void **state)
{
    char text[4096];

    (void)state;
    bp_set_program("bp-test");
    answer("--help --colour", text, sizeof text);
    for (const struct bp_option_part *part = parts; part->rows; part++)
        for (const struct bp_option *row = part->rows; row->name; row++) {
            assert_said(text, row->name);
            assert_said(text, row->help);
        }
    assert_said(text, "usage: bp-test [OPTION ...] FILE");
    assert_said(text, "mlp, lstm");
    assert_said(text, "[10k]");
    answer("-h", text, sizeof text);
    answer("--version", text, sizeof text);
    assert_string_equal(text, "bp-test " BP_VERSION "\n");
}

/* ---- layers ---- */

static void precedence(void **state)
{
    char *path = preset("count = 2   # of a preset\n\n# comment\n  real-number=0.5\ntext = with blanks inside\r\n");

    (void)state;
    setenv("BP_COUNT", "3", 1);
    assert_int_equal(parse("--count 4"), 0);
    assert_int_equal(bp_options_preset(options, path), 0);
    assert_int_equal(bp_options_resolve(options), 0);
    assert_int_equal(values.count, 4);
    assert_string_equal(bp_options_explicit(options, "count"), "4");

    assert_int_equal(parse(""), 0);
    assert_int_equal(bp_options_preset(options, path), 0);
    assert_int_equal(bp_options_resolve(options), 0);
    assert_int_equal(values.count, 3);
    assert_string_equal(bp_options_explicit(options, "count"), "3");
    unsetenv("BP_COUNT");

    assert_int_equal(parse(""), 0);
    assert_int_equal(bp_options_preset(options, path), 0);
    assert_int_equal(bp_options_resolve(options), 0);
    assert_int_equal(values.count, 2);
    assert_true(values.real == 0.5);
    assert_string_equal(values.text, "with blanks inside");
    assert_null(bp_options_explicit(options, "count"));
    assert_true(bp_options_given(options, "count"));
}

/* An environment variable is the option's name in capitals, dashes as underscores. */
static void environment(void **state)
{
    (void)state;
    setenv("BP_REAL_NUMBER", "0.75", 1);
    setenv("BP_FLAG", "yes", 1);
    resolved("");
    assert_true(values.real == 0.75 && values.flag);
    setenv("BP_REAL_NUMBER", "7", 1);
    refused("", "BP_REAL_NUMBER", "0 ... 1");
    unsetenv("BP_REAL_NUMBER");
    unsetenv("BP_FLAG");
}

static void preset_refused(const char *text, const char *part)
{
    char *path = preset(text);

    assert_int_equal(parse(""), 0);
    capture_begin();
    int status = bp_options_preset(options, path) || bp_options_resolve(options);
    const char *said = capture_take();
    capture_end();
    assert_int_not_equal(status, 0);
    assert_said(said, part);
}

static void bad_presets(void **state)
{
    (void)state;
    preset_refused("count = 5\ncolour = blue\n", "preset:2: there is no option 'colour'");
    preset_refused("count 5\n", "preset:1: expected 'name = value'");
    preset_refused("count =\n", "(preset preset)");
    preset_refused("= 5\n", "there is no option ''");
    assert_int_equal(parse(""), 0);
    capture_begin();
    int status = bp_options_preset(options, in_directory("no-such-preset"));
    const char *said = capture_take();
    capture_end();
    assert_int_equal(status, -1);
    assert_said(said, "no-such-preset");
}

/* A line is a line, however long. */
static void long_lines_in_presets(void **state)
{
    char text[6000] = "# ";

    (void)state;
    memset(text + 2, 'x', 4000);
    strcpy(text + 4002, "\ncount = 6\n");
    assert_int_equal(parse(""), 0);
    assert_int_equal(bp_options_preset(options, preset(text)), 0);
    assert_int_equal(bp_options_resolve(options), 0);
    assert_int_equal(values.count, 6);
}

/* Config goes through JSON, as in a checkpoint, to the same values; the command's own options stay out of it. */
static void json_round_trip(void **state)
{
    struct values before;
    char text[64], *dumped;
    json_t *config, *loaded;

    (void)state;
    resolved("--flag --count 12345 --seed 9007199254740993 --real-number 0.1234567890123456 --text=words --file out");
    before = values;
    snprintf(text, sizeof text, "%s", values.text);
    config = bp_options_json(options);
    assert_non_null(config);
    assert_null(json_object_get(config, "file"));
    dumped = json_dumps(config, JSON_REAL_PRECISION(17));
    loaded = json_loads(dumped, 0, NULL);
    json_object_set_new(loaded, "an-option-of-the-future", json_integer(1));
    json_object_set_new(loaded, "file", json_string("not taken"));

    assert_int_equal(parse("--kind lstm"), 0);
    assert_int_equal(bp_options_json_layer(options, loaded, "checkpoint"), 0);
    assert_int_equal(bp_options_resolve(options), 0);
    assert_true(values.flag && values.count == before.count && values.seed == before.seed && values.real == before.real);
    assert_string_equal(values.text, text);
    assert_string_equal(values.kind, "lstm");
    assert_string_equal(values.file, "-");
    free(dumped);
    json_decref(loaded);
    json_decref(config);
}

static void unset_texts_stay_unset_through_json(void **state)
{
    json_t *config;

    (void)state;
    resolved("");
    config = bp_options_json(options);
    assert_true(json_is_null(json_object_get(config, "text")));
    assert_int_equal(parse(""), 0);
    assert_int_equal(bp_options_json_layer(options, config, "checkpoint"), 0);
    assert_int_equal(bp_options_resolve(options), 0);
    assert_null(values.text);
    json_decref(config);
}

/* What is of one run stays its own, when another begins with its config. */
static void runs_hand_down_what_is_not_their_own(void **state)
{
    json_t *config;

    (void)state;
    resolved("--count 7 --own 8");
    config = bp_options_json(options);
    assert_int_equal(json_integer_value(json_object_get(config, "own")), 8);
    for (int inherits = 0; inherits < 2; inherits++) {
        assert_int_equal(parse(""), 0);
        assert_int_equal((inherits ? bp_options_json_inherit : bp_options_json_layer)(options, config, "checkpoint"), 0);
        assert_int_equal(bp_options_resolve(options), 0);
        assert_int_equal(values.count, 7);
        assert_int_equal(values.own, inherits ? 3 : 8);
    }
    json_decref(config);
    char *path = preset("own = 5\n");
    assert_int_equal(parse(""), 0);
    assert_int_equal(bp_options_preset(options, path), 0);
    assert_int_equal(bp_options_resolve(options), 0);
    assert_int_equal(values.own, 5);
}

/* What is printed is a preset for the same run, with the origin of each value as a comment. */
static void printed_config_is_a_preset(void **state)
{
    char text[4096], *path = in_directory("printed");
    FILE *file = fopen(path, "w");

    (void)state;
    setenv("BP_SEED", "77", 1);
    resolved("--flag --real-number 0.3 --text=");
    unsetenv("BP_SEED");
    bp_options_print(options, file);
    assert_int_equal(fclose(file), 0);
    read_file(path, text, sizeof text);
    assert_said(text, "# command line");
    assert_said(text, "# BP_SEED");
    assert_said(text, "# default");
    assert_null(strstr(text, "file"));

    assert_int_equal(parse(""), 0);
    assert_int_equal(bp_options_preset(options, path), 0);
    assert_int_equal(bp_options_resolve(options), 0);
    assert_true(values.flag && values.count == 10000 && values.seed == 77 && values.real == 0.3);
    assert_string_equal(values.text, "");
    assert_string_equal(values.kind, "mlp");
}

static void programs_set_values(void **state)
{
    (void)state;
    resolved("");
    assert_int_equal(bp_options_set(options, "count", "8k", "derived"), 0);
    assert_int_equal(values.count, 8000);
    capture_begin();
    int status = bp_options_set(options, "kind", "gru", "derived");
    const char *said = capture_take();
    capture_end();
    assert_int_equal(status, -1);
    assert_said(said, "(derived)");
}

/* ---- what options need ---- */

static int check(const char *line, const char *said_part)
{
    resolved(line);
    capture_begin();
    int status = bp_options_check(options);
    const char *said = capture_take();
    capture_end();
    if (status)
        assert_said(said, said_part);
    else
        assert_string_equal(said, "");
    return status;
}

static void what_changes_nothing_is_refused(void **state)
{
    static const char *const refused_lines[][2] = {
        {"--of-text 3", "--of-text 3 changes nothing without --text (command line)\n"},
        {"--of-text 3 --text=", "--of-text 3 changes nothing without --text (command line)\n"},
        {"--of-text 3 --text none", "--of-text 3 changes nothing without --text (command line)\n"},
        {"--of-flag", "--of-flag changes nothing without --flag (command line)\n"},
        {"--of-real y --real-number 0", "--of-real y changes nothing without --real-number (command line)\n"},
        {"--of-kind 3 --kind mlp", "--of-kind 3 changes nothing without --kind lstm (command line)\n"},
    };
    static const char *const taken[] = {"", "--of-text 3 --text a", "--of-flag --flag", "--no-of-flag", "--of-real y", "--of-other z", "--real-number 0", "--of-kind 3 --kind lstm"};

    (void)state;
    for (size_t i = 0; i < sizeof refused_lines / sizeof *refused_lines; i++)
        if (!check(refused_lines[i][0], refused_lines[i][1]))
            fail_msg("'%s' is accepted", refused_lines[i][0]);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        assert_int_equal(check(taken[i], ""), 0);
    setenv("BP_OF_TEXT", "5", 1);
    assert_int_equal(check("", "--of-text 5 changes nothing without --text (BP_OF_TEXT)\n"), -1);
    unsetenv("BP_OF_TEXT");
}

/* Presets say more than one run needs, and programs what follows from a checkpoint. */
static void only_what_the_user_gave_is_refused(void **state)
{
    char *path = preset("of-text = 3\n");

    (void)state;
    assert_int_equal(parse(""), 0);
    assert_int_equal(bp_options_preset(options, path), 0);
    assert_int_equal(bp_options_resolve(options), 0);
    assert_int_equal(bp_options_check(options), 0);
    assert_int_equal(bp_options_set(options, "of-text", "4", "checkpoint"), 0);
    assert_int_equal(bp_options_check(options), 0);
    assert_null(bp_options_explicit(options, "of-text"));
}

/* ---- the command line as text ---- */

/* A shell reads back the words that were given, whatever is in them. */
static void command_line_is_for_a_shell(void **state)
{
    char *argv[] = {"bp-test", "plain-1.5", "two words", "", "it's", "$HOME", "`id`;*", "a\nb", "'", "\\"};
    enum { WORDS = sizeof argv / sizeof *argv };
    char *line = bp_command_line(WORDS, argv), command[512], got[256], expected[256] = "";

    (void)state;
    assert_non_null(line);
    for (int i = 0; i < WORDS; i++) {
        strcat(expected, argv[i]);
        strcat(expected, "|");
    }
    snprintf(command, sizeof command, "set -- %s; printf '%%s|' \"$@\"", line);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    got[fread(got, 1, sizeof got - 1, pipe)] = '\0';
    assert_int_equal(pclose(pipe), 0);
    assert_string_equal(got, expected);
    assert_memory_equal(line, "bp-test plain-1.5 '", 19);
    free(line);
}

static int tear_down(void **state)
{
    bp_options_free(options);
    bp_options_free(NULL);
    return remove_directory(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_usage_exits_2),
        cmocka_unit_test(defaults),
        cmocka_unit_test(long_and_short_names),
        cmocka_unit_test(suffixes_multiply),
        cmocka_unit_test(large_counts_are_exact),
        cmocka_unit_test(ranges_are_closed),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(choices_and_flags),
        cmocka_unit_test(operands_may_stand_anywhere),
        cmocka_unit_test(unknown_words_are_refused),
        cmocka_unit_test(flags_can_be_undone),
        cmocka_unit_test(help_lists_every_option),
        cmocka_unit_test(precedence),
        cmocka_unit_test(environment),
        cmocka_unit_test(bad_presets),
        cmocka_unit_test(long_lines_in_presets),
        cmocka_unit_test(json_round_trip),
        cmocka_unit_test(unset_texts_stay_unset_through_json),
        cmocka_unit_test(runs_hand_down_what_is_not_their_own),
        cmocka_unit_test(printed_config_is_a_preset),
        cmocka_unit_test(programs_set_values),
        cmocka_unit_test(what_changes_nothing_is_refused),
        cmocka_unit_test(only_what_the_user_gave_is_refused),
        cmocka_unit_test(command_line_is_for_a_shell),
    };

    return cmocka_run_group_tests(tests, make_directory, tear_down);
}

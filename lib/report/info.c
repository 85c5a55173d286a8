/* Content of a file: a checkpoint's or resume state's fields, networks and tensors, a stream's episodes, a database's runs. */
#include "base/json.h"
#include "base/text.h"
#include "report/episodes.h"
#include "report/report.h"
#include "store/rundb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct info {
    const struct bp_report_options *options;
    FILE *out;
    struct bp_table *table;     /* NULL until there is something to say */
    bool failed;                /* memory was short; reported */
    const char *file;
};

static void row(struct info *info, const char *section, const char *name, const char *value)
{
    static const struct bp_table_column columns[] = { { "file", 0 }, { "section", 0 }, { "name", 0 }, { "value", 0 } };

    if (!info->table && !info->failed)
        info->table = bp_report_start(info->options, info->out, columns, sizeof columns / sizeof *columns);
    if (!info->table)
        info->failed = true;
    if (info->failed)
        return;
    bp_table_text(info->table, info->file);
    bp_table_text(info->table, section);
    bp_table_text(info->table, name);
    bp_table_text(info->table, value);
}

static void row_count(struct info *info, const char *section, const char *name, int64_t value)
{
    char text[32];

    snprintf(text, sizeof text, "%lld", (long long)value);
    row(info, section, name, text);
}

/* ---- checkpoints and other records ---- */

/* A JSON value as a reader would write it: texts bare, lists with commas. malloc'ed; NULL when memory is short. */
static char *plain(const json_t *value)
{
    struct bp_text text;

    if (json_is_string(value))
        return strdup(json_string_value(value));
    if (!json_array_size(value) || !json_is_string(json_array_get(value, 0)))
        return bp_json_text(value, 10);
    if (bp_text_begin(&text))
        for (size_t i = 0; i < json_array_size(value); i++)
            fprintf(text.stream, "%s%s", i ? "," : "", json_string_value(json_array_get(value, i)));
    return bp_text_end(&text);
}

static void fail(struct info *info)
{
    if (!info->failed)
        bp_error(BP_FAILURE, "out of memory");
    info->failed = true;
}

static void row_json(struct info *info, const char *section, const char *name, const json_t *value)
{
    char *text = json_is_null(value) ? NULL : plain(value);

    if (!text && !json_is_null(value))
        fail(info);
    row(info, section, name, text);
    free(text);
}

/* Elements of the float tensors that belong to a network (NETWORK/... or NETWORK....), which a foreign file need not tell. */
static int64_t parameters(const struct bp_record *record, const char *network)
{
    size_t length = strlen(network);
    int64_t count = 0;

    for (size_t i = 0; i < record->count; i++) {
        const struct bp_tensor *tensor = &record->tensors[i];
        if (!strncmp(tensor->name, network, length) && (tensor->name[length] == '/' || tensor->name[length] == '.') &&
            (tensor->dtype == BP_F32 || tensor->dtype == BP_F64))
            count += (int64_t)bp_tensor_count(tensor);
    }
    return count;
}

/* A field that holds a JSON object or list becomes a section of its own. */
static void print_parsed(struct info *info, const struct bp_record *record, const char *key, const json_t *value)
{
    const char *name;
    const json_t *item;
    size_t i;

    json_object_foreach((json_t *)value, name, item)
        row_json(info, key, name, item);
    json_array_foreach(value, i, item) {
        const json_t *size = json_object_get(item, "size");
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        name = json_string_value(json_object_get(item, "name"));
        row_json(info, key, name ? name : number, name && size ? size : item);
    }
    int64_t count = json_is_object(value) && !json_object_get(value, "parameters") ? parameters(record, key) : 0;
    if (count)
        row_count(info, key, "parameters", count);
}

static void print_tensors(struct info *info, const struct bp_record *record)
{
    static const char *const dtypes[BP_DTYPE_COUNT] = { "u8", "i32", "i64", "u64", "f16", "f32", "f64" };

    for (size_t i = 0; i < record->count; i++) {
        const struct bp_tensor *tensor = &record->tensors[i];
        char text[128];
        int at = snprintf(text, sizeof text, "%s", dtypes[tensor->dtype]);
        for (int axis = 0; axis < tensor->rank; axis++)
            at += snprintf(text + at, sizeof text - (size_t)at, "%c%lld", axis ? 'x' : ' ', (long long)tensor->shape[axis]);
        row(info, "tensor", tensor->name, text);
    }
}

/* Plain fields first, then the sections, then the tensors. */
static void print_record(struct info *info, const struct bp_record *record)
{
    const char *key, *kind = bp_record_get(record, "kind");
    json_t *value;

    for (int sections = 0; sections < 2; sections++)
        json_object_foreach(record->fields, key, value) {
            const char *text = json_string_value(value);
            json_t *parsed = NULL;
            if (bp_json_parse(text && strchr("{[", *text) ? text : NULL, &parsed))
                info->failed = true;
            if (parsed && sections)
                print_parsed(info, record, key, parsed);
            else if (!parsed && !sections)
                row(info, kind, key, text);
            json_decref(parsed);
        }
    print_tensors(info, record);
}

/* ---- trajectory streams ---- */

/* Episodes that share all of this are one row of a stream's account. */
struct play {
    char task[32], body[BP_BODY_NAME], play[16], checkpoint[72];
    struct bp_groups groups;
    struct bp_space action;
    bool deterministic, has_kl;
    int latent_size;
    size_t state_size;
    int64_t episodes, steps;
};

struct plays {
    struct play *plays;
    int count;
};

static int add_episode(struct plays *all, const struct bp_episode *episode)
{
    struct play *play = all->plays;

    while (play < all->plays + all->count &&
           (strcmp(play->task, episode->task) || strcmp(play->body, episode->body) || strcmp(play->play, episode->play) ||
            strcmp(play->checkpoint, episode->checkpoint) || !bp_groups_equal(&play->groups, &episode->groups) ||
            !bp_space_equal(play->action, episode->action) || play->deterministic != episode->deterministic ||
            play->has_kl != !!episode->kl_prior || play->latent_size != episode->latents.size || play->state_size != episode->state_size))
        play++;
    if (play == all->plays + all->count) {
        struct play *grown = realloc(all->plays, (size_t)(all->count + 1) * sizeof *grown);
        if (!grown)
            return bp_error(BP_FAILURE, "not enough memory for an account of %d kinds of episodes", all->count + 1);
        all->plays = grown;
        play = &grown[all->count++];
        *play = (struct play){ .groups = episode->groups, .action = episode->action,
                               .deterministic = episode->deterministic, .has_kl = episode->kl_prior,
                               .latent_size = episode->latents.size, .state_size = episode->state_size };
        memcpy(play->task, episode->task, sizeof play->task);
        memcpy(play->body, episode->body, sizeof play->body);
        memcpy(play->play, episode->play, sizeof play->play);
        memcpy(play->checkpoint, episode->checkpoint, sizeof play->checkpoint);
    }
    play->episodes++;
    play->steps += episode->length;
    return 0;
}

static void print_play(struct info *info, const struct play *play)
{
    row(info, "episodes", "task", play->task);
    row(info, "episodes", "body", play->body);
    row(info, "episodes", "play", play->play);
    row(info, "episodes", "deterministic", play->deterministic ? "yes" : "no");
    row(info, "episodes", "checkpoint", play->checkpoint);
    row_count(info, "episodes", "episodes", play->episodes);
    row_count(info, "episodes", "steps", play->steps);
    row_count(info, "episodes", "action", play->action.size);
    row(info, "episodes", "action_space", bp_space_kind_name(play->action.kind));
    row(info, "episodes", "kl_prior", play->has_kl ? "yes" : "no");
    row_count(info, "episodes", "latent", play->latent_size);
    row_count(info, "episodes", "state", (int64_t)play->state_size);
    for (int i = 0; i < play->groups.count; i++)
        row_count(info, "groups", play->groups.group[i].name, play->groups.group[i].size);
}

/* ---- packed streams ---- */

static int take_record(struct info *info, struct plays *plays, struct bp_record *record, const char *where)
{
    const char *kind = bp_record_get(record, "kind");
    struct bp_episode episode;
    int status = 0;

    if (!kind || strcmp(kind, "episode")) {
        print_record(info, record);
    } else {
        status = bp_episode_from_record(record, where, &episode);
        if (!status) {
            status = add_episode(plays, &episode);
            bp_episode_free(&episode);
        }
    }
    bp_record_clear(record);
    return status;
}

static int info_of_stream(struct info *info)
{
    struct bp_pack_reader *reader = bp_pack_open(info->file);
    struct plays plays = { NULL, 0 };
    struct bp_record record;
    char hash[72] = "";
    int got = 0, status = 0;
    int64_t records = 0;

    if (!reader)
        return -1;
    bp_pack_reader_hash(reader, hash);
    while (!status && (got = bp_pack_read(reader, &record)) == 1) {
        status = take_record(info, &plays, &record, bp_pack_where(reader));
        records++;
    }
    bp_pack_close(reader);
    for (int i = 0; i < plays.count; i++)
        print_play(info, &plays.plays[i]);
    free(plays.plays);
    if (records) {
        row_count(info, "stream", "records", records);
        row(info, "stream", "whole", status || got ? "no" : "yes");
        row(info, "stream", "hash", status || got ? "" : hash);
    }
    return status || got ? -1 : 0;
}

/* ---- run databases ---- */

static bool is_database(const char *file)
{
    static const char magic[16] = "SQLite format 3";
    char head[sizeof magic];
    FILE *stream = strcmp(file, "-") ? fopen(file, "rb") : NULL;
    size_t got = stream ? fread(head, 1, sizeof head, stream) : 0;

    if (stream)
        fclose(stream);
    return got == sizeof head && !memcmp(head, magic, sizeof magic);
}

/* A query's first column is a section, the second a name, the third a value. */
static int print_result(void *context, int columns, const char *const *names, const char *const *values)
{
    (void)columns;
    (void)names;
    row(context, values[0], values[1], values[2]);
    return 0;
}

static int info_of_database(struct info *info)
{
    static const char *const queries[] = {
        "SELECT 'database', 'runs', count(*) FROM run",
        "SELECT 'database', 'progress', count(*) FROM point",
        "SELECT 'database', 'evaluations', count(*) FROM evaluation",
        "SELECT 'state', state, count(*) FROM run GROUP BY state ORDER BY state",
        "SELECT 'program', program, count(*) FROM run GROUP BY program ORDER BY program",
        "SELECT 'run', id, coalesce(preset, program) || ' task ' || coalesce(task, '-') || ' body ' || coalesce(body, '-') || ' prior ' ||"
        " coalesce(prior, '-') || coalesce(' reuse ' || CASE WHEN parent IS NOT NULL THEN json_extract(config, '$.reuse') END, '') || ' seed ' || coalesce(seed, '-') || ' ' || state FROM run ORDER BY id",
    };
    struct bp_rundb *db = bp_rundb_open(info->file, false);
    int status = 0;

    if (!db)
        return -1;
    for (size_t i = 0; i < sizeof queries / sizeof *queries && !status; i++)
        status = bp_rundb_query(db, queries[i], NULL, 0, print_result, info);
    bp_rundb_close(db);
    return status;
}

int bp_info_report(const struct bp_report_options *options, char *const *files, int count, FILE *out)
{
    struct info info = { .options = options, .out = out, .file = "-" };
    int status = count ? 0 : info_of_stream(&info);

    for (int i = 0; i < count; i++) {
        info.file = files[i];
        if (is_database(files[i]) ? info_of_database(&info) : info_of_stream(&info))
            status = -1;
    }
    return bp_table_end(info.table) || info.failed ? -1 : status;
}

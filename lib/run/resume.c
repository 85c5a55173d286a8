#include "run/resume.h"

#include "base/json.h"
#include "store/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TENSORS = BP_LEARNER_TENSORS + BP_ACTORS_TENSORS + BP_REPLAY_TENSORS + 2,
    PIECE = 4 << 20,            /* bytes of a tensor in one record: bounds what writing and reading hold in memory */
    LEVEL = 0,                  /* stored: a running learner waits for it, and floats hardly shrink */
};

/* Everything that is saved, in place. */
static int all_tensors(struct bp_cycle *cycle, struct bp_tensor *tensors)
{
    int count = 0;

    tensors[count++] = bp_tensor_1d("training/transitions", BP_I64, 1, &cycle->transitions);
    tensors[count++] = bp_tensor_1d("training/env_steps", BP_I64, 1, &cycle->env_steps);
    count += bp_learner_tensors(&cycle->learner, tensors + count);
    count += bp_actors_tensors(cycle->actors, tensors + count);
    count += bp_replay_tensors(cycle->replay, tensors + count);
    return count;
}

int bp_resume_path(const char *output, char *path, size_t size)
{
    if ((size_t)snprintf(path, size, "%s.resume", output) >= size)
        return bp_error(BP_USAGE, "the output's path is too long");
    return 0;
}

static size_t row_bytes(const struct bp_tensor *tensor)
{
    return bp_tensor_bytes(tensor) / (size_t)tensor->shape[0];
}

/* Large tensors are written in pieces of whole rows, each in a record with the row at which it starts. */
static int write_tensor(struct bp_pack_writer *writer, const struct bp_tensor *tensor)
{
    int64_t rows = tensor->shape[0], most = (int64_t)(PIECE / row_bytes(tensor));

    for (int64_t row = 0; row < rows; row += most) {
        struct bp_tensor piece = *tensor;
        struct bp_record record;
        piece.shape[0] = rows - row < most ? rows - row : most;
        piece.data = (char *)tensor->data + (size_t)row * row_bytes(tensor);
        bp_record_init(&record, "resume-tensor");
        bp_record_format(&record, "row", "%lld", (long long)row);
        bp_record_tensor(&record, &piece);
        int status = bp_pack_write(writer, &record);
        bp_record_clear(&record);
        if (status)
            return -1;
    }
    return 0;
}

static int write_header(struct bp_pack_writer *writer, const json_t *config, const char *parent)
{
    char *text = bp_json_text(config, 17);
    struct bp_record record;
    int status;

    if (!text)
        return bp_error(BP_FAILURE, "out of memory");
    bp_record_init(&record, "resume");
    bp_record_text(&record, "version", BP_VERSION);
    bp_record_text(&record, "parent", parent);
    bp_record_text(&record, "config", text);
    status = bp_pack_write(writer, &record);
    bp_record_clear(&record);
    free(text);
    return status;
}

int bp_resume_write(const char *path, struct bp_cycle *cycle, const json_t *config, const char *parent)
{
    struct bp_pack_writer *writer = bp_pack_create(path, LEVEL);
    struct bp_tensor tensors[TENSORS];

    if (!writer)
        return -1;
    bp_actors_save(cycle->actors);
    int count = all_tensors(cycle, tensors), status = write_header(writer, config, parent);
    for (int i = 0; i < count && !status; i++)
        status = write_tensor(writer, &tensors[i]);
    if (status) {
        bp_pack_abort(writer);
        return -1;
    }
    return bp_pack_commit(writer);
}

/* ---- reading ---- */

static int read_header(struct bp_pack_reader *reader, struct bp_record *record)
{
    int got = bp_pack_read(reader, record);
    const char *kind = got == 1 ? bp_record_get(record, "kind") : NULL;

    if (got < 0)
        return -1;
    if (!kind || strcmp(kind, "resume") || !bp_record_get(record, "config") || !bp_record_get(record, "parent"))
        return bp_error(BP_DAMAGED, "%s is no resume state", bp_pack_name(reader));
    return 0;
}

json_t *bp_resume_config(const char *path, char parent[72])
{
    struct bp_pack_reader *reader = bp_pack_open(path);
    struct bp_record record = {0};
    json_t *config = NULL, *written;
    char told[512];

    if (!reader)
        return NULL;
    if (!read_header(reader, &record)) {
        snprintf(parent, 72, "%s", bp_record_get(&record, "parent"));
        if (bp_json_parse(bp_record_get(&record, "config"), &written))
            ;
        else if (!json_is_object(written))
            bp_error(BP_DAMAGED, "%s: the config makes no sense", path);
        else if ((config = bp_options_json_renamed(written, told, sizeof told)) && *told)
            bp_warn("%s has a config of version 0.1.0: %s", path, told);
        json_decref(written);
    }
    bp_record_clear(&record);
    bp_pack_close(reader);
    return config;
}

/* Copy a piece to its place; the rows that every tensor has received are counted. */
static int take_piece(const struct bp_record *record, struct bp_tensor *tensors, int64_t *received, int count, const char *where)
{
    const char *row_text = bp_record_get(record, "row");
    const struct bp_tensor *piece = record->count == 1 ? &record->tensors[0] : NULL;
    int64_t row = row_text ? strtoll(row_text, NULL, 10) : -1;

    for (int i = 0; piece && i < count; i++) {
        struct bp_tensor *to = &tensors[i];
        if (strcmp(to->name, piece->name))
            continue;
        if (to->dtype != piece->dtype || to->rank != piece->rank || piece->shape[0] < 1 || row != received[i] ||
            row + piece->shape[0] > to->shape[0] || row_bytes(to) != row_bytes(piece))
            break;
        memcpy((char *)to->data + (size_t)row * row_bytes(to), piece->data, bp_tensor_bytes(piece));
        received[i] += piece->shape[0];
        return 0;
    }
    return bp_error(BP_DAMAGED, "%s: the resume state does not fit this run", where);
}

int bp_resume_read(const char *path, struct bp_cycle *cycle)
{
    struct bp_pack_reader *reader = bp_pack_open(path);
    struct bp_tensor tensors[TENSORS];
    int64_t received[TENSORS] = {0};
    int count = all_tensors(cycle, tensors), status = -1, more;
    struct bp_record record = {0};

    if (!reader || read_header(reader, &record))
        goto done;
    for (;;) {
        bp_record_clear(&record);
        if ((more = bp_pack_read(reader, &record)) <= 0)
            break;
        if (take_piece(&record, tensors, received, count, bp_pack_name(reader)))
            goto done;
    }
    if (more)
        goto done;
    for (int i = 0; i < count; i++)
        if (received[i] != tensors[i].shape[0]) {
            bp_error(BP_DAMAGED, "%s: '%s' is missing", path, tensors[i].name);
            goto done;
        }
    bp_actors_restore(cycle->actors);
    bp_learner_prepare(&cycle->learner);
    status = 0;
done:
    bp_record_clear(&record);
    bp_pack_close(reader);
    return status;
}

#include "run/resume.h"

#include "base/json.h"
#include "store/pack.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OWN_TENSORS = 7,
    TENSORS = BP_LEARNER_TENSORS + BP_ACTORS_TENSORS + BP_REPLAY_TENSORS + OWN_TENSORS,
    PIECE = 4 << 20,            /* bytes of a tensor in one record: bounds what writing and reading hold in memory */
    LEVEL = 0,                  /* stored: a running learner waits for it, and floats hardly shrink */
};

/* Everything that is saved, in place. The sums are those that the next row of progress is made of. */
static int all_tensors(struct bp_cycle *cycle, struct bp_tensor *tensors)
{
    struct bp_actor_stats *actors = &cycle->actor_stats;
    int count = 0;

    tensors[count++] = bp_tensor_1d("run/transitions", BP_I64, 1, &cycle->transitions);
    tensors[count++] = bp_tensor_1d("run/env_steps", BP_I64, 1, &cycle->env_steps);
    tensors[count++] = bp_tensor_1d("run/seconds", BP_F64, 1, &cycle->seconds);
    tensors[count++] = bp_tensor_1d("run/evaluated_at", BP_I64, 1, &cycle->evaluated_at);
    tensors[count++] = bp_tensor_1d("sums/update", BP_F64, sizeof cycle->update_stats / sizeof(double), &cycle->update_stats);
    tensors[count++] = bp_tensor_1d("sums/actor_counts", BP_I64, offsetof(struct bp_actor_stats, episode_return) / sizeof(int64_t), &actors->steps);
    tensors[count++] = bp_tensor_1d("sums/actor_returns", BP_F64, 2, &actors->episode_return);
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

static int write_header(struct bp_pack_writer *writer, const struct bp_resume_header *header, int64_t transitions)
{
    char *text = bp_json_text(header->config, 17);
    struct bp_record record;
    int status;

    if (!text)
        return bp_error(BP_FAILURE, "out of memory");
    bp_record_init(&record, "resume");
    bp_record_text(&record, "version", BP_VERSION);
    bp_record_text(&record, "parent", header->parent);
    bp_record_text(&record, "fingerprint", header->fingerprint);
    bp_record_text(&record, "body_hash", header->body_hash);
    bp_record_text(&record, "state", header->finished ? "finished" : "stopped");
    bp_record_format(&record, "transitions", "%lld", (long long)transitions);
    bp_record_text(&record, "config", text);
    status = bp_pack_write(writer, &record);
    bp_record_clear(&record);
    free(text);
    return status;
}

int bp_resume_write(const char *path, struct bp_cycle *cycle, const struct bp_resume_header *header)
{
    struct bp_pack_writer *writer = bp_pack_create(path, LEVEL);
    struct bp_tensor tensors[TENSORS];

    if (!writer)
        return -1;
    bp_actors_save(cycle->actors);
    int count = all_tensors(cycle, tensors), status = write_header(writer, header, cycle->transitions);
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
    static const char *const fields[] = {"parent", "fingerprint", "body_hash", "state", "transitions", "config"};
    int got = bp_pack_read(reader, record);
    const char *kind = got == 1 ? bp_record_get(record, "kind") : NULL;

    if (got < 0)
        return -1;
    if (!kind || strcmp(kind, "resume"))
        return bp_error(BP_DAMAGED, "%s is no resume state", bp_pack_name(reader));
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (!bp_record_get(record, fields[i]))
            return bp_error(BP_DAMAGED, "%s is a resume state of another version: it does not tell its %s", bp_pack_name(reader), fields[i]);
    return 0;
}

int bp_resume_header(const char *path, struct bp_resume_header *header)
{
    struct bp_pack_reader *reader = bp_pack_open(path);
    struct bp_record record = {0};

    *header = (struct bp_resume_header){0};
    if (reader && !read_header(reader, &record)) {
        snprintf(header->parent, sizeof header->parent, "%s", bp_record_get(&record, "parent"));
        snprintf(header->fingerprint, sizeof header->fingerprint, "%s", bp_record_get(&record, "fingerprint"));
        snprintf(header->body_hash, sizeof header->body_hash, "%s", bp_record_get(&record, "body_hash"));
        header->finished = !strcmp(bp_record_get(&record, "state"), "finished");
        header->transitions = strtoll(bp_record_get(&record, "transitions"), NULL, 10);
        if (!bp_json_parse(bp_record_get(&record, "config"), &header->config) && !json_is_object(header->config)) {
            bp_error(BP_DAMAGED, "%s: the config makes no sense", path);
            json_decref(header->config);
            header->config = NULL;
        }
    }
    bp_record_clear(&record);
    bp_pack_close(reader);
    return header->config ? 0 : -1;
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

/* ---- what was read is not trusted ---- */

static bool sums_make_sense(const struct bp_cycle *cycle)
{
    const struct bp_update_stats *u = &cycle->update_stats;
    const struct bp_actor_stats *a = &cycle->actor_stats;

    return bp_update_finite(u) && u->transitions >= 0 && isfinite(u->transitions) && u->updates >= 0 && u->updates <= (double)cycle->learner.updates &&
           a->steps >= 0 && a->steps <= cycle->env_steps && a->episodes >= 0 && a->episodes <= cycle->env_steps && a->diverged >= 0 &&
           a->diverged <= a->episodes && isfinite(a->episode_return) && isfinite(a->episode_length) && cycle->seconds >= 0 &&
           isfinite(cycle->seconds) && cycle->evaluated_at >= 0 && cycle->evaluated_at <= cycle->transitions;
}

/* Every cycle brings steps, and every update transitions: all the same number each time. */
static bool counters_make_sense(const struct bp_cycle *cycle)
{
    const struct bp_config *config = cycle->config;
    int64_t steps = config->actors * config->actor_steps, transitions;

    return cycle->env_steps >= 0 && cycle->env_steps % steps == 0 && cycle->learner.updates >= 0 && cycle->learner.updates <= cycle->env_steps / steps &&
           !__builtin_mul_overflow(cycle->learner.updates, config->batch * config->unroll, &transitions) && cycle->transitions == transitions;
}

static int check_everything(struct bp_cycle *cycle, const char *where)
{
    if (!counters_make_sense(cycle))
        return bp_error(BP_DAMAGED, "%s: the counts of transitions, updates and steps do not belong together", where);
    if (!sums_make_sense(cycle))
        return bp_error(BP_DAMAGED, "%s: the sums for the next row of progress make no sense", where);
    if (bp_learner_check(&cycle->learner, where) || bp_replay_check(cycle->replay, where))
        return -1;
    return bp_actors_restore(cycle->actors, cycle->replay, where);
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
    if (!(status = check_everything(cycle, path)))
        bp_learner_prepare(&cycle->learner);
done:
    bp_record_clear(&record);
    bp_pack_close(reader);
    return status;
}

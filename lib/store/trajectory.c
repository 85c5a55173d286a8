#include "store/trajectory.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OBSERVATION "observation/"

int bp_episode_alloc(struct bp_episode *episode, const struct bp_groups *groups, struct bp_space action, int length, bool with_kl)
{
    size_t steps = (size_t)length, rows = steps + 1, columns = (size_t)groups->size + (size_t)action.size + 4, count;
    float *at;

    assert(length >= 1 && groups->count >= 1 && action.size >= 1);
    *episode = (struct bp_episode){.length = length, .groups = *groups, .action = action};
    if (__builtin_mul_overflow(rows, columns, &count) || !(episode->storage = calloc(count, sizeof *at)))
        return bp_error(BP_FAILURE, "out of memory");
    at = episode->storage;
    episode->observations = at;
    at += rows * (size_t)groups->size;
    episode->actions = at;
    at += steps * (size_t)action.size;
    episode->rewards = at;
    at += steps;
    episode->log_prob = at;
    at += steps;
    episode->event = (int32_t *)at;
    at += steps;
    episode->kl_prior = with_kl ? at : NULL;
    return 0;
}

int bp_episode_alloc_places(struct bp_episode *episode, const struct bp_places *scene)
{
    assert(episode->storage && !episode->places.pose);
    return bp_places_alloc(&episode->places, scene, episode->length);
}

int bp_episode_alloc_latents(struct bp_episode *episode, int size)
{
    assert(episode->storage && !episode->latents.size && size >= 1);
    return bp_latents_alloc(&episode->latents, size, episode->length, episode->kl_prior);
}

int bp_episode_alloc_states(struct bp_episode *episode, size_t size)
{
    assert(episode->storage && !episode->states && size >= 1);
    if (!(episode->states = calloc((size_t)episode->length + 1, size)))
        return bp_error(BP_FAILURE, "out of memory");
    episode->state_size = size;
    return 0;
}

void bp_episode_free(struct bp_episode *episode)
{
    free(episode->storage);
    free(episode->states);
    bp_places_free(&episode->places);
    bp_latents_free(&episode->latents);
    *episode = (struct bp_episode){0};
}

double bp_episode_return(const struct bp_episode *episode)
{
    double sum = 0;

    for (int t = 0; t < episode->length; t++)
        sum += episode->rewards[t];
    return sum;
}

int bp_episode_played(const struct bp_episode *episode, const char *where)
{
    if (!episode->one_state)
        return 0;
    return bp_error(BP_USAGE, "%s has actions in one state (bp-rollout --one-state), after which nothing was simulated; bp-stats actions, kl and dump read them", where);
}

/* ---- writing ---- */

static void describe(const struct bp_episode *episode, struct bp_record *record)
{
    char names[BP_GROUP_MAX * (BP_GROUP_NAME + 1)];

    bp_record_text(record, "task", episode->task);
    bp_record_text(record, "body", episode->body);
    bp_record_text(record, "play", episode->play);
    bp_record_text(record, "deterministic", episode->deterministic ? "true" : "false");
    if (episode->one_state)
        bp_record_text(record, "one_state", "true");
    bp_record_format(record, "seed", "%llu", (unsigned long long)episode->seed);
    bp_record_format(record, "index", "%lld", (long long)episode->index);
    bp_record_text(record, "checkpoint", episode->checkpoint);
    bp_record_text(record, "action_space", bp_space_kind_name(episode->action.kind));
    bp_record_text(record, "groups", bp_groups_text(&episode->groups, names, sizeof names));
}

static void add_flag(struct bp_record *record, const char *name, uint8_t *flags, int length, bool last)
{
    struct bp_tensor tensor = bp_tensor_1d(name, BP_U8, length, flags);

    memset(flags, 0, (size_t)length);
    flags[length - 1] = last;
    bp_record_tensor(record, &tensor);
}

/* Add the observations, a tensor for each group, cut out of the rows into `columns`; the flags go after them. */
static void add_tensors(const struct bp_episode *episode, struct bp_record *record, float *columns)
{
    int length = episode->length;
    uint8_t *flags = (uint8_t *)(columns + (size_t)(length + 1) * (size_t)episode->groups.size);
    struct bp_tensor tensors[] = {
        bp_tensor_2d("action", BP_F32, length, episode->action.size, episode->actions),
        bp_tensor_1d("reward", BP_F32, length, episode->rewards),
        bp_tensor_1d("log_prob", BP_F32, length, episode->log_prob),
        bp_tensor_1d("event", BP_I32, length, episode->event),
        bp_tensor_1d("kl_prior", BP_F32, length, episode->kl_prior),
        bp_tensor_2d("state", BP_U8, length + 1, (int64_t)episode->state_size, episode->states),
    };

    for (int i = 0; i < episode->groups.count; i++) {
        struct bp_groups one = {.count = 1, .size = episode->groups.group[i].size, .group = {episode->groups.group[i]}};
        struct bp_tensor tensor = bp_tensor_2d("", BP_F32, length + 1, one.size, columns);
        snprintf(tensor.name, sizeof tensor.name, OBSERVATION "%s", one.group[0].name);
        bp_groups_gather(&one, episode->observations, episode->groups.size, length + 1, columns);
        bp_record_tensor(record, &tensor);
        columns += (size_t)(length + 1) * (size_t)one.size;
    }
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++)
        if (tensors[i].data)
            bp_record_tensor(record, &tensors[i]);
    bp_latents_write(&episode->latents, length, record);
    bp_places_write(&episode->places, length, record);
    add_flag(record, "terminated", flags, length, episode->terminated);
    add_flag(record, "truncated", flags + length, length, episode->truncated || episode->diverged);
    add_flag(record, "diverged", flags + 2 * (size_t)length, length, episode->diverged);
}

int bp_episode_write(struct bp_pack_writer *writer, const struct bp_episode *episode)
{
    size_t rows = (size_t)episode->length + 1;
    float *columns = malloc(rows * (size_t)episode->groups.size * sizeof *columns + 3 * rows);
    struct bp_record record;
    int status;

    assert(episode->length >= 1 && episode->groups.count >= 1);
    if (!columns)
        return bp_error(BP_FAILURE, "out of memory");
    bp_record_init(&record, "episode");
    describe(episode, &record);
    add_tensors(episode, &record, columns);
    status = bp_pack_write(writer, &record);
    bp_record_clear(&record);
    free(columns);
    return status;
}

/* ---- reading ---- */

/* What is being read, and how messages name it. */
struct source {
    const struct bp_record *record;
    const char *where;
};

static const char *need_field(const struct source *source, const char *key)
{
    const char *text = bp_record_get(source->record, key);

    if (!text)
        bp_error(BP_DAMAGED, "%s is damaged: it has no field '%s'", source->where, key);
    return text;
}

static int read_text(const struct source *source, const char *key, char *text, size_t size)
{
    const char *value = need_field(source, key);

    if (!value)
        return -1;
    if (strlen(value) >= size)
        return bp_error(BP_DAMAGED, "%s is damaged: its field '%s' is longer than %zu bytes", source->where, key, size - 1);
    strcpy(text, value);
    return 0;
}

/* A decimal number and nothing else. */
static int read_number(const struct source *source, const char *key, uint64_t most, uint64_t *number)
{
    const char *value = need_field(source, key);
    char *end;

    if (!value)
        return -1;
    errno = 0;
    *number = strtoull(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end || errno || *number > most)
        return bp_error(BP_DAMAGED, "%s is damaged: its field '%s' is not a number in range", source->where, key);
    return 0;
}

static int check_kind(const struct source *source)
{
    const char *kind = bp_record_get(source->record, "kind");

    if (kind && !strcmp(kind, "episode"))
        return 0;
    return bp_error(BP_DAMAGED, "%s is %s, not an episode", source->where,
                    kind && !strcmp(kind, "checkpoint") ? "a checkpoint" : "a record of another kind");
}

static int read_fields(const struct source *source, struct bp_episode *episode)
{
    char deterministic[8];
    uint64_t index = 0;

    if (read_text(source, "task", episode->task, sizeof episode->task) ||
        read_text(source, "body", episode->body, sizeof episode->body) ||
        read_text(source, "play", episode->play, sizeof episode->play) ||
        read_text(source, "checkpoint", episode->checkpoint, sizeof episode->checkpoint) ||
        read_text(source, "deterministic", deterministic, sizeof deterministic) ||
        read_number(source, "seed", UINT64_MAX, &episode->seed) || read_number(source, "index", INT64_MAX, &index))
        return -1;
    if (strcmp(deterministic, "true") && strcmp(deterministic, "false"))
        return bp_error(BP_DAMAGED, "%s is damaged: its field 'deterministic' is neither true nor false", source->where);
    episode->deterministic = !strcmp(deterministic, "true");
    episode->one_state = bp_record_get(source->record, "one_state") && !strcmp(bp_record_get(source->record, "one_state"), "true");
    episode->index = (int64_t)index;
    return 0;
}

/* A float32 tensor of two axes: `rows` of them, and 1 to INT_MAX columns. */
static const struct bp_tensor *need_matrix(const struct source *source, const char *name, int64_t rows)
{
    const struct bp_tensor *tensor = bp_tensor_find(source->record->tensors, source->record->count, name);

    if (!tensor)
        bp_error(BP_DAMAGED, "%s is damaged: it has no tensor '%s'", source->where, name);
    else if (tensor->dtype != BP_F32 || tensor->rank != 2 || tensor->shape[0] != rows || tensor->shape[1] < 1 ||
             tensor->shape[1] > INT_MAX)
        bp_error(BP_DAMAGED, "%s is damaged: tensor '%s' is not float32 of %lld rows", source->where, name, (long long)rows);
    else
        return tensor;
    return NULL;
}

/* The tensor of a group that the list at `names` begins with; its name goes to `name`. Names are printed: no controls. */
static const struct bp_tensor *need_group(const struct source *source, const char *names, size_t length, int64_t rows,
                                          char name[BP_GROUP_NAME])
{
    char full[sizeof OBSERVATION + BP_GROUP_NAME];
    bool printable = length > 0 && length < BP_GROUP_NAME;

    for (size_t i = 0; i < length && printable; i++)
        printable = names[i] > ' ' && names[i] <= '~';
    if (!printable) {
        bp_error(BP_DAMAGED, "%s is damaged: a group's name is not 1 to %d printable characters", source->where,
                 BP_GROUP_NAME - 1);
        return NULL;
    }
    snprintf(name, BP_GROUP_NAME, "%.*s", (int)length, names);
    snprintf(full, sizeof full, OBSERVATION "%s", name);
    return need_matrix(source, full, rows);
}

static int read_groups(const struct source *source, int64_t rows, struct bp_groups *groups)
{
    const char *names = need_field(source, "groups");

    *groups = (struct bp_groups){0};
    if (!names)
        return -1;
    for (;; names++) {
        size_t length = strcspn(names, ",");
        char name[BP_GROUP_NAME];
        const struct bp_tensor *tensor = need_group(source, names, length, rows, name);
        if (!tensor)
            return -1;
        if (groups->count == BP_GROUP_MAX || bp_groups_find(groups, name) || tensor->shape[1] > INT_MAX - groups->size)
            return bp_error(BP_DAMAGED, "%s is damaged: it names a group twice, or more than %d", source->where,
                            BP_GROUP_MAX);
        bp_groups_add(groups, name, (int)tensor->shape[1]);
        names += length;
        if (!*names)
            return 0;
    }
}

/* A flag for each step, of which only the last may be set. */
static int read_flag(const struct source *source, const char *name, int length, bool *last)
{
    const struct bp_tensor *tensor = bp_record_need(source->record, name, BP_U8, (size_t)length, source->where);

    if (!tensor)
        return -1;
    for (int t = 0; t < length; t++) {
        uint8_t flag = ((const uint8_t *)tensor->data)[t];
        if (flag > (t == length - 1))
            return bp_error(BP_DAMAGED, "%s is damaged: '%s' is %d at step %d of %d", source->where, name, flag, t + 1, length);
        *last = flag;
    }
    return 0;
}

static int read_flags(const struct source *source, struct bp_episode *episode)
{
    if (read_flag(source, "terminated", episode->length, &episode->terminated) ||
        read_flag(source, "truncated", episode->length, &episode->truncated) ||
        read_flag(source, "diverged", episode->length, &episode->diverged))
        return -1;
    if (episode->diverged && !episode->truncated)
        return bp_error(BP_DAMAGED, "%s is damaged: it diverged, but was not truncated", source->where);
    return 0;
}

/* Copy a column of one value a step, which must be there. */
static int read_column(const struct source *source, const char *name, enum bp_dtype dtype, int length, void *column)
{
    const struct bp_tensor *tensor = bp_record_need(source->record, name, dtype, (size_t)length, source->where);

    if (!tensor)
        return -1;
    memcpy(column, tensor->data, bp_tensor_bytes(tensor));
    return 0;
}

/* The columns of all groups, each from its own tensor, into rows. All of them were found before. */
static void read_observations(const struct source *source, struct bp_episode *episode)
{
    for (int i = 0; i < episode->groups.count; i++) {
        const struct bp_group *group = &episode->groups.group[i];
        char name[sizeof OBSERVATION + BP_GROUP_NAME];
        snprintf(name, sizeof name, OBSERVATION "%s", group->name);
        const float *column = bp_tensor_find(source->record->tensors, source->record->count, name)->data;
        for (int t = 0; t <= episode->length; t++, column += group->size)
            memcpy(episode->observations + (size_t)t * (size_t)episode->groups.size + group->offset, column,
                   (size_t)group->size * sizeof *column);
    }
}

/* The simulator's states, where they were recorded. */
static int read_states(const struct source *source, struct bp_episode *episode)
{
    const struct bp_tensor *tensor = bp_tensor_find(source->record->tensors, source->record->count, "state");

    if (!tensor)
        return 0;
    if (tensor->dtype != BP_U8 || tensor->rank != 2 || tensor->shape[0] != episode->length + 1 || tensor->shape[1] < 1)
        return bp_error(BP_DAMAGED, "%s is damaged: tensor 'state' is not bytes of %d rows", source->where, episode->length + 1);
    if (bp_episode_alloc_states(episode, (size_t)tensor->shape[1]))
        return -1;
    memcpy(episode->states, tensor->data, bp_tensor_bytes(tensor));
    return 0;
}

/* The steps of an episode, which its rewards tell; -1 after reporting. */
static int read_length(const struct source *source)
{
    const struct bp_tensor *tensor = bp_tensor_find(source->record->tensors, source->record->count, "reward");

    if (!tensor || tensor->rank != 1 || tensor->shape[0] < 1 || tensor->shape[0] >= INT_MAX)
        return bp_error(BP_DAMAGED, "%s is damaged: it has no rewards", source->where);
    return (int)tensor->shape[0];
}

/* What actions are: kind, absent in earlier versions, and size, by the tensor that it returns; NULL after reporting. */
static const struct bp_tensor *need_actions(const struct source *source, int length, struct bp_space *space)
{
    const char *kind = bp_record_get(source->record, "action_space");
    const struct bp_tensor *action = need_matrix(source, "action", length);

    if (!action)
        return NULL;
    *space = (struct bp_space){kind ? bp_space_kind_find(kind) : BP_CONTINUOUS, (int)action->shape[1]};
    if (space->kind == BP_SPACE_KINDS)
        bp_error(BP_DAMAGED, "%s is damaged: its actions are '%s', which this version does not know", source->where, kind);
    else if (!bp_space_holds(*space, action->data, length))
        bp_error(BP_DAMAGED, "%s is damaged: an action is not one of %d choices, a 1 and zeros", source->where, space->size);
    else
        return action;
    return NULL;
}

int bp_episode_from_record(struct bp_record *record, const char *where, struct bp_episode *episode)
{
    struct source source = {.record = record, .where = where};
    const struct bp_tensor *action;
    struct bp_groups groups;
    struct bp_space space;
    bool has_kl = bp_tensor_find(record->tensors, record->count, "kl_prior") != NULL;
    int length;

    *episode = (struct bp_episode){0};
    if (check_kind(&source) || (length = read_length(&source)) < 0 || read_groups(&source, length + 1, &groups) ||
        !(action = need_actions(&source, length, &space)))
        return -1;
    if (bp_episode_alloc(episode, &groups, space, length, has_kl))
        return -1;
    if (read_fields(&source, episode) || read_flags(&source, episode) ||
        read_column(&source, "reward", BP_F32, length, episode->rewards) ||
        read_column(&source, "log_prob", BP_F32, length, episode->log_prob) ||
        read_column(&source, "event", BP_I32, length, episode->event) ||
        (has_kl && read_column(&source, "kl_prior", BP_F32, length, episode->kl_prior)) || read_states(&source, episode) ||
        bp_latents_read(record, where, length, &episode->latents) || bp_places_read(record, where, length, &episode->places)) {
        bp_episode_free(episode);
        return -1;
    }
    memcpy(episode->actions, action->data, bp_tensor_bytes(action));
    read_observations(&source, episode);
    bp_record_clear(record);
    return 0;
}

int bp_episode_read(struct bp_pack_reader *reader, struct bp_episode *episode)
{
    struct bp_record record;
    int status = bp_pack_read(reader, &record);

    *episode = (struct bp_episode){0};
    if (status > 0 && bp_episode_from_record(&record, bp_pack_where(reader), episode)) {
        bp_record_clear(&record);
        return -1;
    }
    return status;
}

#include "store/places.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int bp_places_alloc(struct bp_places *places, const struct bp_places *scene, int length)
{
    size_t rows = (size_t)length + 1, targets = 2 * (size_t)scene->targets, boxes = 3 * (size_t)scene->boxes;
    float *at = calloc(rows, (3 + targets + boxes) * sizeof *at);

    *places = *scene;
    places->pose = at;
    if (!at)
        return bp_error(BP_FAILURE, "out of memory");
    places->target = targets ? at + 3 * rows : NULL;
    places->box = boxes ? at + (3 + targets) * rows : NULL;
    return 0;
}

void bp_places_free(struct bp_places *places)
{
    free(places->pose);
    *places = (struct bp_places){0};
}

void bp_places_write(const struct bp_places *places, int length, struct bp_record *record)
{
    struct bp_tensor tensors[] = {
        bp_tensor_2d("pose", BP_F32, length + 1, 3, places->pose),
        bp_tensor_2d("target", BP_F32, length + 1, 2 * places->targets, places->target),
        bp_tensor_2d("box", BP_F32, length + 1, 3 * places->boxes, places->box),
    };

    if (!places->pose)
        return;
    bp_record_format(record, "edge", "%g", places->edge);
    if (places->corridor > 0) {
        bp_record_format(record, "corridor", "%g", places->corridor);
        bp_record_format(record, "gap", "%g,%g", places->gap[0], places->gap[1]);
    }
    if (places->targets) {
        bp_record_format(record, "target_size", "%g", places->target_size);
        bp_record_text(record, "target_shape", places->target_round ? "disc" : "square");
    }
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++)
        if (tensors[i].data)
            bp_record_tensor(record, &tensors[i]);
}

/* ---- reading ---- */

/* `count` finite numbers with commas between; 0 each where the field is absent. */
static int read_numbers(const struct bp_record *record, const char *where, const char *key, double *numbers, int count)
{
    const char *text = bp_record_get(record, key);
    char *end = (char *)text;

    for (int i = 0; text && i < count; i++, text = end + (*end == ',')) {
        errno = 0;
        numbers[i] = strtod(text, &end);
        if (end == text || errno == ERANGE || !isfinite(numbers[i]) || *end != (i < count - 1 ? ',' : '\0'))
            return bp_error(BP_DAMAGED, "%s is damaged: its field '%s' is not %d number%s", where, key, count, count == 1 ? "" : "s");
    }
    return 0;
}

static int read_scene(const struct bp_record *record, const char *where, struct bp_places *scene)
{
    const char *shape = bp_record_get(record, "target_shape");

    if (shape && strcmp(shape, "disc") && strcmp(shape, "square"))
        return bp_error(BP_DAMAGED, "%s is damaged: its field 'target_shape' is neither disc nor square", where);
    scene->target_round = shape && !strcmp(shape, "disc");
    return read_numbers(record, where, "edge", &scene->edge, 1) || read_numbers(record, where, "corridor", &scene->corridor, 1) ||
                   read_numbers(record, where, "gap", scene->gap, 2) || read_numbers(record, where, "target_size", &scene->target_size, 1)
               ? -1
               : 0;
}

/* A float32 tensor of `rows` rows of things of `width` numbers: how many things (0: absent), or -1 after reporting. */
static int things(const struct bp_record *record, const char *where, const char *name, int64_t rows, int width, const struct bp_tensor **tensor)
{
    *tensor = bp_tensor_find(record->tensors, record->count, name);
    if (!*tensor)
        return 0;
    if ((*tensor)->dtype != BP_F32 || (*tensor)->rank != 2 || (*tensor)->shape[0] != rows || (*tensor)->shape[1] < width ||
        (*tensor)->shape[1] > width * BP_PLACES_MOST || (*tensor)->shape[1] % width)
        return bp_error(BP_DAMAGED, "%s is damaged: tensor '%s' is not float32 of %lld rows of %d to %d times %d numbers", where, name,
                        (long long)rows, 1, BP_PLACES_MOST, width);
    return (int)((*tensor)->shape[1] / width);
}

int bp_places_read(const struct bp_record *record, const char *where, int length, struct bp_places *places)
{
    struct bp_places scene = {0};
    const struct bp_tensor *pose, *target, *box;
    int64_t rows = (int64_t)length + 1;
    int poses = things(record, where, "pose", rows, 3, &pose);

    *places = (struct bp_places){0};
    if (poses == 0)
        return 0;
    scene.targets = things(record, where, "target", rows, 2, &target);
    scene.boxes = things(record, where, "box", rows, 3, &box);
    if (poses < 0 || scene.targets < 0 || scene.boxes < 0)
        return -1;
    if (poses > 1)
        return bp_error(BP_DAMAGED, "%s is damaged: tensor 'pose' is of more than one body", where);
    if (read_scene(record, where, &scene) || bp_places_alloc(places, &scene, length))
        return -1;
    memcpy(places->pose, pose->data, bp_tensor_bytes(pose));
    if (target)
        memcpy(places->target, target->data, bp_tensor_bytes(target));
    if (box)
        memcpy(places->box, box->data, bp_tensor_bytes(box));
    return 0;
}

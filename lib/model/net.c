#include "model/net.h"

#include "nn/linear.h"
#include "nn/lstm.h"
#include "nn/product.h"

#include <assert.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- kinds ---- */

static int recurrent_none(int hidden_count, bool critic)
{
    (void)hidden_count, (void)critic;
    return -1;
}

static int recurrent_lstm(int hidden_count, bool critic)
{
    return critic ? 0 : hidden_count - 1;
}

const struct bp_net_kind bp_net_kinds[] = {
    {"mlp", "dense layers with ELU", recurrent_none},
    {"lstm", "dense layers, one of them an LSTM: the last (in critics the first)", recurrent_lstm},
    {"linear", "no hidden layer", recurrent_none},
    {NULL, NULL, NULL},
};

static const struct bp_net_kind *find_kind(const char *name)
{
    for (const struct bp_net_kind *kind = bp_net_kinds; kind->name; kind++)
        if (!strcmp(kind->name, name))
            return kind;
    bp_error(BP_USAGE, "there is no kind of network '%s'", name);
    return NULL;
}

int bp_net_hidden(const char *text, struct bp_net_spec *spec)
{
    spec->hidden_count = 0;
    for (const char *at = text; *at;) {
        char *end;
        long size = strtol(at, &end, 10);
        if (end == at || size < 1 || size > 65536 || (*end && *end != ','))
            return bp_error(BP_USAGE, "layer sizes are numbers like 64,64, not '%s'", text);
        if (spec->hidden_count == BP_LAYER_MAX)
            return bp_error(BP_USAGE, "at most %d layers, not '%s'", BP_LAYER_MAX, text);
        spec->hidden[spec->hidden_count++] = (int)size;
        at = end + (*end == ',');
    }
    return 0;
}

const char *bp_net_layers(const struct bp_net_spec *spec, char *text, int size)
{
    text[0] = '\0';
    for (int i = 0, used = 0; i < spec->hidden_count && used < size; i++)
        used += snprintf(text + used, (size_t)(size - used), "%s%d", i ? "," : "", spec->hidden[i]);
    return text;
}

/* ---- layout ---- */

static void add_layer(struct bp_net *net, enum bp_layer_kind kind, int in, int out, int action)
{
    struct bp_layer *layer = &net->layer[net->layers++];
    size_t width = (size_t)out * (kind == BP_LAYER_LSTM ? 4 : 1);

    *layer = (struct bp_layer){.kind = kind, .in = in, .out = out, .x = net->parameters, .state = net->state_size};
    layer->h = layer->x + (size_t)in * width;
    layer->b = layer->h + (kind == BP_LAYER_LSTM ? (size_t)out * width : 0);
    layer->a = layer->b + width;
    net->parameters = layer->a + (size_t)action * width;
    net->state_size += kind == BP_LAYER_LSTM ? 2 * out : 0;
}

int bp_net_init(struct bp_net *net, const struct bp_net_spec *spec)
{
    const struct bp_net_kind *kind = find_kind(spec->kind);
    int recurrent, in = spec->see.size;

    if (!kind)
        return -1;
    if (!in && !spec->action_size)
        return bp_error(BP_USAGE, "the %s sees no observation group", spec->name);
    bool wants_hidden = strcmp(spec->kind, "linear") != 0;
    if (wants_hidden != (spec->hidden_count > 0))
        return bp_error(BP_USAGE, "a %s of kind %s %s hidden layers", spec->name, spec->kind, wants_hidden ? "needs" : "has no");
    recurrent = kind->recurrent(spec->hidden_count, spec->action_size > 0);
    *net = (struct bp_net){.spec = *spec, .join = spec->action_size ? recurrent + 1 : spec->hidden_count};
    for (int i = 0; i < spec->hidden_count; i++) {
        add_layer(net, i == recurrent ? BP_LAYER_LSTM : BP_LAYER_DENSE, in, spec->hidden[i], i == net->join ? spec->action_size : 0);
        in = spec->hidden[i];
    }
    add_layer(net, BP_LAYER_DENSE, in, spec->output_size, spec->hidden_count == net->join ? spec->action_size : 0);
    return 0;
}

/* ---- parameters ---- */

static void normal(gsl_rng *stream, float *dst, size_t n, double scale)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = (float)gsl_ran_gaussian_ziggurat(stream, scale);
}

void bp_net_randomise(const struct bp_net *net, float *block, gsl_rng *stream)
{
    for (int i = 0; i < net->layers; i++) {
        const struct bp_layer *l = &net->layer[i];
        size_t next = i + 1 < net->layers ? net->layer[i + 1].x : net->parameters;
        int inputs = l->in + (i == net->join ? net->spec.action_size : 0);
        double scale = (i + 1 == net->layers ? 0.1 : 1.0) / sqrt(inputs);
        normal(stream, block + l->x, l->h - l->x, scale);
        normal(stream, block + l->h, l->b - l->h, 1 / sqrt(l->out));
        memset(block + l->b, 0, (l->a - l->b) * sizeof *block);
        if (l->kind == BP_LAYER_LSTM)
            for (int j = 0; j < l->out; j++)
                block[l->b + (size_t)(l->out + j)] = 1.0f;
        normal(stream, block + l->a, next - l->a, scale);
    }
}

int bp_net_tensors(const struct bp_net *net, float *block, struct bp_tensor *tensors)
{
    int count = 0;

    for (int i = 0; i < net->layers; i++) {
        const struct bp_layer *l = &net->layer[i];
        int width = l->out * (l->kind == BP_LAYER_LSTM ? 4 : 1);
        char name[BP_TENSOR_NAME];
        snprintf(name, sizeof name, "%s/%d/weight", net->spec.name, i);
        tensors[count++] = bp_tensor_2d(name, BP_F32, l->in, width, block + l->x);
        if (l->kind == BP_LAYER_LSTM) {
            snprintf(name, sizeof name, "%s/%d/recurrent", net->spec.name, i);
            tensors[count++] = bp_tensor_2d(name, BP_F32, l->out, width, block + l->h);
        }
        snprintf(name, sizeof name, "%s/%d/bias", net->spec.name, i);
        tensors[count++] = bp_tensor_1d(name, BP_F32, width, block + l->b);
        if (i == net->join && net->spec.action_size) {
            snprintf(name, sizeof name, "%s/%d/action", net->spec.name, i);
            tensors[count++] = bp_tensor_2d(name, BP_F32, net->spec.action_size, width, block + l->a);
        }
    }
    return count;
}

static bool same_shape(const struct bp_net *a, const struct bp_net *b)
{
    bool same = !strcmp(a->spec.kind, b->spec.kind) && a->layers == b->layers && a->join == b->join &&
                a->spec.action_size == b->spec.action_size;

    for (int i = 0; same && i < a->layers; i++)
        same = a->layer[i].kind == b->layer[i].kind && a->layer[i].out == b->layer[i].out;
    return same;
}

int bp_net_adopt(const struct bp_net *net, float *block, const struct bp_net *from, const float *from_block)
{
    size_t width = (size_t)net->layer[0].out * (net->layer[0].kind == BP_LAYER_LSTM ? 4 : 1);
    size_t row = 0, from_row = 0;

    if (!same_shape(net, from))
        return bp_error(BP_USAGE, "the %s cannot start from the %s: they are of different kinds or sizes", net->spec.name, from->spec.name);
    for (int i = 0; i < from->spec.see.count; i++) {
        const struct bp_group *theirs = &from->spec.see.group[i], *ours = bp_groups_find(&net->spec.see, theirs->name);
        if (!ours || ours->size != theirs->size)
            return bp_error(BP_USAGE, "the %s cannot start from the %s, which sees '%s' of size %d", net->spec.name, from->spec.name,
                            theirs->name, theirs->size);
    }
    memset(block + net->layer[0].x, 0, (size_t)net->layer[0].in * width * sizeof *block);
    for (int i = 0; i < net->spec.see.count; i++, row += (size_t)net->spec.see.group[i - 1].size) {
        const struct bp_group *group = &net->spec.see.group[i];
        from_row = 0;
        for (int j = 0; j < from->spec.see.count; j++, from_row += (size_t)from->spec.see.group[j - 1].size)
            if (!strcmp(from->spec.see.group[j].name, group->name))
                memcpy(block + net->layer[0].x + row * width, from_block + from->layer[0].x + from_row * width,
                       (size_t)group->size * width * sizeof *block);
    }
    memcpy(block + net->layer[0].h, from_block + from->layer[0].h, (net->parameters - net->layer[0].h) * sizeof *block);
    return 0;
}

/* ---- at work ---- */

void bp_net_transpose(const struct bp_net *net, const float *block, float *transposed)
{
    for (int i = 0; i < net->layers; i++) {
        const struct bp_layer *l = &net->layer[i];
        int width = l->out * (l->kind == BP_LAYER_LSTM ? 4 : 1);
        if (i > 0)
            bp_transpose(l->in, width, block + l->x, transposed + l->x);
        if (l->kind == BP_LAYER_LSTM)
            bp_transpose(l->out, width, block + l->h, transposed + l->h);
        if (i == net->join && net->spec.action_size)
            bp_transpose(net->spec.action_size, width, block + l->a, transposed + l->a);
    }
}

static struct bp_weight weight(struct bp_net_use use, size_t offset)
{
    return (struct bp_weight){use.block + offset, use.grad ? use.grad + offset : NULL, use.transposed ? use.transposed + offset : NULL};
}

static struct bp_var *dense(struct bp_tape *tape, struct bp_net_use use, int i, struct bp_var *x, enum bp_activation act)
{
    const struct bp_layer *l = &use.net->layer[i];

    return bp_linear(tape, x, weight(use, l->x), weight(use, l->b), NULL, l->out, act);
}

struct bp_var *bp_net_features(struct bp_tape *tape, struct bp_net_use use, struct bp_var *x, int steps, int batch,
                               const float *state, float *state_out)
{
    const struct bp_net *net = use.net;

    assert(x->cols == net->spec.see.size && x->rows == steps * batch);
    for (int i = 0; i < net->join; i++) {
        const struct bp_layer *l = &net->layer[i];
        if (l->kind == BP_LAYER_DENSE) {
            x = dense(tape, use, i, x, BP_ELU);
            continue;
        }
        struct bp_lstm_weights w = {weight(use, l->x), weight(use, l->h), weight(use, l->b)};
        x = bp_lstm(tape, x, w, steps, batch, l->out, state ? state + l->state : NULL, state_out ? state_out + l->state : NULL,
                    net->state_size);
    }
    return dense(tape, use, net->join, x, BP_IDENTITY);
}

struct bp_var *bp_net_output(struct bp_tape *tape, struct bp_net_use use, struct bp_var *features, struct bp_var *action)
{
    const struct bp_net *net = use.net;
    int i = net->join;
    enum bp_activation act = i + 1 < net->layers ? BP_ELU : BP_IDENTITY;
    struct bp_weight none = {0};
    struct bp_var *x = action ? bp_linear(tape, action, weight(use, net->layer[i].a), none, features, net->layer[i].out, act)
                              : bp_activate(tape, features, act);

    for (i++; i < net->layers; i++)
        x = dense(tape, use, i, x, i + 1 < net->layers ? BP_ELU : BP_IDENTITY);
    return x;
}

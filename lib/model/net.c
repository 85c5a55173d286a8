#include "model/net.h"

#include "nn/columns.h"
#include "nn/linear.h"
#include "nn/weight.h"

#include <assert.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- kinds ---- */

static int recurrent_none(int hidden_count, bool late)
{
    (void)hidden_count, (void)late;
    return -1;
}

static int recurrent_lstm(int hidden_count, bool late)
{
    return late ? 0 : hidden_count - 1;
}

const struct bp_net_kind bp_net_kinds[] = {
    {"mlp", "dense layers with ELU", recurrent_none},
    {"lstm", "dense layers, one of them an LSTM: the last, or the first where an action or latent joins", recurrent_lstm},
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

/* ---- layout ---- */

static struct bp_layer *add_layer(struct bp_net *net, enum bp_layer_kind kind, int in, int out, int late)
{
    struct bp_layer *layer = &net->layer[net->layers++];
    size_t width = (size_t)out * (kind == BP_LAYER_LSTM ? 4 : 1);

    *layer = (struct bp_layer){.kind = kind, .in = in, .out = out, .x = net->parameters, .state = net->state_size};
    snprintf(layer->name, sizeof layer->name, "%d", net->layers - 1 - net->torso);
    layer->h = layer->x + (size_t)in * width;
    layer->b = layer->h + (kind == BP_LAYER_LSTM ? (size_t)out * width : 0);
    layer->a = layer->b + width;
    net->parameters = layer->a + (size_t)late * width;
    net->state_size += kind == BP_LAYER_LSTM ? 2 * out : 0;
    return layer;
}

/* The encoder's layers; columns that come out. */
static int add_encoder(struct bp_net *net, const struct bp_encoder_spec *encoder, int in)
{
    for (int i = 0; i < encoder->hidden_count; i++) {
        struct bp_layer *layer = add_layer(net, BP_LAYER_DENSE, in, encoder->hidden[i], 0);
        snprintf(layer->name, sizeof layer->name, "encoder/%s/%d", encoder->group, i);
        layer->observes = i == 0;
        in = encoder->hidden[i];
    }
    return in;
}

/* How each group comes into the torso; columns of its input. */
static int add_inputs(struct bp_net *net, const struct bp_net_spec *spec)
{
    int columns = 0;

    for (int i = 0, e = 0; i < spec->inputs.count; i++) {
        const struct bp_group *group = &spec->inputs.group[i];
        net->input[i] = (struct bp_input){.first = net->layers, .out = group->size};
        if (e < spec->encoder_count && !strcmp(spec->encoder[e].group, group->name))
            net->input[i].out = add_encoder(net, &spec->encoder[e++], group->size);
        net->input[i].layers = net->layers - net->input[i].first;
        columns += net->input[i].out;
    }
    return columns;
}

int bp_net_init(struct bp_net *net, const struct bp_net_spec *spec)
{
    const struct bp_net_kind *kind = find_kind(spec->kind);
    int recurrent, in, late_size = 0;

    if (!kind)
        return -1;
    for (int i = 0; i < spec->late_count; i++)
        late_size += spec->late[i].size;
    if (!spec->inputs.size && !late_size)
        return bp_error(BP_USAGE, "the %s sees no observation group", bp_net_title(spec));
    bool wants_hidden = strcmp(spec->kind, "linear") != 0;
    if (wants_hidden != (spec->hidden_count > 0))
        return bp_error(BP_USAGE, "a %s of kind %s %s hidden layers", bp_net_title(spec), spec->kind, wants_hidden ? "needs" : "has no");
    if (!wants_hidden && spec->encoder_count)
        return bp_error(BP_USAGE, "a %s of kind %s has no encoders", bp_net_title(spec), spec->kind);
    recurrent = kind->recurrent(spec->hidden_count, late_size > 0);
    *net = (struct bp_net){.spec = *spec, .late_size = late_size};
    in = add_inputs(net, spec);
    net->torso = net->layers;
    net->join = net->torso + (late_size ? recurrent + 1 : spec->hidden_count);
    for (int i = 0; i < spec->hidden_count; i++) {
        enum bp_layer_kind of = i == recurrent ? BP_LAYER_LSTM : BP_LAYER_DENSE;
        add_layer(net, of, in, spec->hidden[i], net->layers == net->join ? late_size : 0);
        in = spec->hidden[i];
    }
    add_layer(net, BP_LAYER_DENSE, in, spec->output_size, net->layers == net->join ? late_size : 0);
    net->layer[net->torso].observes = !spec->encoder_count;
    bp_net_list_matrices(net);
    return 0;
}

/* ---- parameters ---- */

static int width_of(const struct bp_layer *layer)
{
    return layer->out * (layer->kind == BP_LAYER_LSTM ? 4 : 1);
}

/* Offset of the weights of late input k, and their rows. */
static size_t late_weight(const struct bp_net *net, int k, int *rows)
{
    const struct bp_layer *join = &net->layer[net->join];
    size_t at = join->a;

    for (int i = 0; i < k; i++)
        at += (size_t)net->spec.late[i].size * (size_t)width_of(join);
    *rows = net->spec.late[k].size;
    return at;
}

static void normal(gsl_rng *stream, float *dst, size_t n, double scale)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = (float)gsl_ran_gaussian_ziggurat(stream, scale);
}

/* Deviation of the weights of a layer's input of `size` numbers, its only one or one of those that join there. */
static double deviation(const struct bp_net *net, int layer, int size)
{
    int inputs = net->layer[layer].in, numbers = inputs, parts = inputs > 0;
    bool by_part = false;

    for (int k = 0; layer == net->join && k < net->spec.late_count; k++) {
        const struct bp_late *late = &net->spec.late[k];
        bool heard = late->start != BP_LATE_SILENT;
        numbers += heard ? late->size : 0;
        parts += heard;
        by_part |= late->start == BP_LATE_PART || late->start == BP_LATE_CHOICE;
    }
    return 1 / sqrt(by_part ? (double)parts * size : numbers);
}

/* Of the output layer. */
static double output_gain(const struct bp_net *net)
{
    for (int k = 0; k < net->spec.late_count; k++)
        if (net->spec.late[k].start == BP_LATE_CHOICE)
            return 1;
    return 0.1;
}

void bp_net_randomise(const struct bp_net *net, float *params, gsl_rng *stream)
{
    for (int i = 0; i < net->layers; i++) {
        const struct bp_layer *l = &net->layer[i];
        double gain = i + 1 == net->layers ? output_gain(net) : 1.0;
        normal(stream, params + l->x, l->h - l->x, gain * deviation(net, i, l->in));
        normal(stream, params + l->h, l->b - l->h, 1 / sqrt(l->out));
        memset(params + l->b, 0, (l->a - l->b) * sizeof *params);
        if (l->kind == BP_LAYER_LSTM)
            for (int j = 0; j < l->out; j++)
                params[l->b + (size_t)(l->out + j)] = 1.0f;
        for (int k = 0, size; i == net->join && k < net->spec.late_count; k++) {
            size_t at = late_weight(net, k, &size);
            double heard = net->spec.late[k].start == BP_LATE_SILENT ? 0 : gain;
            normal(stream, params + at, (size_t)size * (size_t)width_of(l), heard * deviation(net, i, size));
        }
    }
}

static void tensor_name(const struct bp_net *net, const struct bp_layer *l, const char *part, char name[BP_TENSOR_NAME])
{
    int length = snprintf(name, BP_TENSOR_NAME, "%s/%s/%s", net->spec.name, l->name, part);

    assert(length < BP_TENSOR_NAME);
}

static bool same_late(const struct bp_net_spec *a, const struct bp_net_spec *b)
{
    for (int k = 0; k < a->late_count && k < b->late_count; k++)
        if (a->late[k].size != b->late[k].size || strcmp(a->late[k].name, b->late[k].name))
            return false;
    return a->late_count == b->late_count;
}

int bp_net_tensors(const struct bp_net *net, float *params, struct bp_tensor *tensors)
{
    int count = 0;

    for (int i = 0; i < net->layers; i++) {
        const struct bp_layer *l = &net->layer[i];
        int width = width_of(l);
        char name[BP_TENSOR_NAME];
        tensor_name(net, l, "weight", name);
        tensors[count++] = bp_tensor_2d(name, BP_F32, l->in, width, params + l->x);
        if (l->kind == BP_LAYER_LSTM) {
            tensor_name(net, l, "recurrent", name);
            tensors[count++] = bp_tensor_2d(name, BP_F32, l->out, width, params + l->h);
        }
        tensor_name(net, l, "bias", name);
        tensors[count++] = bp_tensor_1d(name, BP_F32, width, params + l->b);
        for (int k = 0, size; i == net->join && k < net->spec.late_count; k++) {
            size_t at = late_weight(net, k, &size);
            tensor_name(net, l, net->spec.late[k].name, name);
            tensors[count++] = bp_tensor_2d(name, BP_F32, size, width, params + at);
        }
    }
    return count;
}

static bool same_layers(const struct bp_layer *a, const struct bp_layer *b, int count)
{
    for (int i = 0; i < count; i++)
        if (a[i].kind != b[i].kind || a[i].out != b[i].out)
            return false;
    return true;
}

static bool same_torso(const struct bp_net *a, const struct bp_net *b)
{
    int layers = a->layers - a->torso;

    return !strcmp(a->spec.kind, b->spec.kind) && layers == b->layers - b->torso && a->join - a->torso == b->join - b->torso &&
           same_late(&a->spec, &b->spec) && same_layers(a->layer + a->torso, b->layer + b->torso, layers);
}

/* The place among the groups seen, or -1. */
static int place_of(const struct bp_net *net, const char *group)
{
    const struct bp_group *found = bp_groups_find(&net->spec.inputs, group);

    return found ? (int)(found - net->spec.inputs.group) : -1;
}

/* Row of the torso's input at which a group begins. */
static size_t first_row(const struct bp_net *net, int place)
{
    size_t row = 0;

    for (int i = 0; i < place; i++)
        row += (size_t)net->input[i].out;
    return row;
}

/* Does `net` see every group that `from` sees, through the same encoder? */
static int check_groups(const struct bp_net *net, const struct bp_net *from)
{
    for (int j = 0; j < from->spec.inputs.count; j++) {
        const struct bp_group *theirs = &from->spec.inputs.group[j];
        const struct bp_input *a = &from->input[j], *b;
        int i = place_of(net, theirs->name);
        if (i < 0 || net->spec.inputs.group[i].size != theirs->size)
            return bp_error(BP_USAGE, "the %s cannot start from the %s, which sees '%s' of size %d", bp_net_title(&net->spec), bp_net_title(&from->spec),
                            theirs->name, theirs->size);
        b = &net->input[i];
        if (a->layers != b->layers || !same_layers(from->layer + a->first, net->layer + b->first, a->layers))
            return bp_error(BP_USAGE, "the %s cannot start from the %s, whose encoder for '%s' is another", bp_net_title(&net->spec), bp_net_title(&from->spec),
                            theirs->name);
    }
    return 0;
}

int bp_net_init_from(const struct bp_net *net, float *params, const struct bp_net *from, const float *from_params)
{
    const struct bp_layer *torso = &net->layer[net->torso], *from_torso = &from->layer[from->torso];
    size_t width = (size_t)torso->out * (torso->kind == BP_LAYER_LSTM ? 4 : 1);

    if (!same_torso(net, from))
        return bp_error(BP_USAGE, "the %s cannot start from the %s: they are of different kinds or sizes", bp_net_title(&net->spec), bp_net_title(&from->spec));
    if (check_groups(net, from))
        return -1;
    memset(params + torso->x, 0, (size_t)torso->in * width * sizeof *params);
    for (int j = 0; j < from->spec.inputs.count; j++) {
        int i = place_of(net, from->spec.inputs.group[j].name);
        memcpy(params + torso->x + first_row(net, i) * width, from_params + from_torso->x + first_row(from, j) * width,
               (size_t)net->input[i].out * width * sizeof *params);
        for (int k = 0; k < net->input[i].layers; k++) {
            const struct bp_layer *ours = &net->layer[net->input[i].first + k], *theirs = &from->layer[from->input[j].first + k];
            memcpy(params + ours->x, from_params + theirs->x, (ours->a - ours->x) * sizeof *params);
        }
    }
    memcpy(params + torso->h, from_params + from_torso->h, (net->parameters - torso->h) * sizeof *params);
    return 0;
}

/* ---- at work ---- */

static struct bp_weight weight(struct bp_net_use use, size_t offset)
{
    return bp_net_weight(use.net, use.params, use.grad, &use.prepared, offset);
}

static struct bp_lstm_weights lstm_weights(struct bp_net_use use, const struct bp_layer *l)
{
    return (struct bp_lstm_weights){weight(use, l->x), weight(use, l->h), weight(use, l->b)};
}

/* What layer `next` takes of its input. */
static enum bp_keep kept_for(struct bp_net_use use, int next)
{
    const struct bp_layer *l = &use.net->layer[next];
    bool bf16 = l->kind == BP_LAYER_LSTM ? bp_lstm_bf16(lstm_weights(use, l), l->in, l->out)
                                         : bp_weight_bf16((struct bp_matrix){weight(use, l->x), l->in, l->out});

    return bf16 ? BP_KEEP_ROUNDED : BP_KEEP_VALUE;
}

static struct bp_var *dense(struct bp_tape *tape, struct bp_net_use use, int i, struct bp_var *x, enum bp_activation act, enum bp_keep keep)
{
    const struct bp_layer *l = &use.net->layer[i];

    return bp_linear(tape, x, weight(use, l->x), weight(use, l->b), NULL, l->out, act, keep);
}

/* The torso's input: the groups side by side, each through its encoder where it has one. */
static struct bp_var *encode(struct bp_tape *tape, struct bp_net_use use, struct bp_var *x)
{
    const struct bp_net *net = use.net;
    struct bp_var *parts[BP_GROUP_MAX];

    if (!net->spec.encoder_count)
        return x;
    for (int i = 0, column = 0; i < net->spec.inputs.count; column += net->spec.inputs.group[i++].size) {
        const struct bp_input *input = &net->input[i];
        parts[i] = bp_slice_columns(tape, x, column, net->spec.inputs.group[i].size);
        for (int k = 0; k < input->layers; k++) {
            enum bp_keep keep = k + 1 < input->layers ? kept_for(use, input->first + k + 1) : BP_KEEP_VALUE;
            parts[i] = dense(tape, use, input->first + k, parts[i], BP_ELU, keep);
        }
    }
    return bp_concat(tape, parts, net->spec.inputs.count);
}

struct bp_var *bp_net_inputs(struct bp_tape *tape, const struct bp_net *net, const struct bp_groups *all, const float *observations, int rows)
{
    const struct bp_groups *inputs = &net->spec.inputs;
    float *seen;

    if (bp_groups_equal(inputs, all))
        return bp_constant(tape, rows, inputs->size, observations);
    seen = bp_arena_floats(&tape->arena, (size_t)rows * (size_t)inputs->size);
    bp_groups_gather(inputs, observations, all->size, rows, seen);
    return bp_constant(tape, rows, inputs->size, seen);
}

/* What layer i < join keeps: what the next layer takes, but numbers where another network is given them, whose products may be of float32. */
static enum bp_keep kept_by(struct bp_net_use use, int i)
{
    return i + 1 == use.net->join && use.net->torso_given ? BP_KEEP_VALUE : kept_for(use, i + 1);
}

struct bp_net_seen bp_net_see(struct bp_tape *tape, struct bp_net_use use, struct bp_var *x, const struct bp_sequences *sequences)
{
    const struct bp_net *net = use.net;

    assert(x->cols == net->spec.inputs.size && x->rows == sequences->steps * sequences->batch);
    x = encode(tape, use, x);
    for (int i = net->torso; i < net->join; i++) {
        const struct bp_layer *l = &net->layer[i];
        if (l->kind == BP_LAYER_DENSE) {
            x = dense(tape, use, i, x, BP_ELU, kept_by(use, i));
            continue;
        }
        struct bp_sequences own = *sequences;
        own.state = own.state ? own.state + l->state : NULL;
        own.state_out = own.state_out ? own.state_out + l->state : NULL;
        x = bp_lstm(tape, x, lstm_weights(use, l), &own, l->out, net->state_size);
    }
    return (struct bp_net_seen){x, dense(tape, use, net->join, x, BP_IDENTITY, BP_KEEP_VALUE)};
}

struct bp_var *bp_net_features(struct bp_tape *tape, struct bp_net_use use, struct bp_var *x, const struct bp_sequences *sequences)
{
    return bp_net_see(tape, use, x, sequences).features;
}

struct bp_var *bp_net_output(struct bp_tape *tape, struct bp_net_use use, struct bp_var *features, struct bp_var *const *late)
{
    const struct bp_net *net = use.net;
    int i = net->join;
    bool last = i + 1 == net->layers;
    enum bp_activation act = last ? BP_IDENTITY : BP_ELU;
    enum bp_keep keep = last ? BP_KEEP_VALUE : kept_for(use, i + 1);
    struct bp_weight none = {0};
    struct bp_var *x = net->spec.late_count ? features : bp_activate(tape, features, act);

    for (int k = 0, end = net->spec.late_count - 1, size; k <= end; k++) {
        size_t at = late_weight(net, k, &size);
        assert(late[k]->cols == size);
        x = bp_linear(tape, late[k], weight(use, at), none, x, net->layer[i].out, k == end ? act : BP_IDENTITY, k == end ? keep : BP_KEEP_VALUE);
    }
    for (i++; i < net->layers; i++) {
        last = i + 1 == net->layers;
        x = dense(tape, use, i, x, last ? BP_IDENTITY : BP_ELU, last ? BP_KEEP_VALUE : kept_for(use, i + 1));
    }
    return x;
}

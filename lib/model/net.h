/*
 * Networks: what they see, their layers, their parameters in one array. A policy, a prior and a critic differ in nothing but their
 * specification; kinds are rows of a table.
 */
#ifndef BP_MODEL_NET_H
#define BP_MODEL_NET_H

#include "base/group.h"
#include "base/tensor.h"
#include "model/prepared.h"
#include "nn/lstm.h"

#include <gsl/gsl_rng.h>
#include <stdbool.h>
#include <stdint.h>

#define BP_LAYER_MAX 8              /* hidden layers of the torso */
#define BP_ENCODER_LAYER_MAX 4      /* layers of an encoder */
#define BP_ENCODER_MAX 8            /* encoders of a network */
#define BP_LATE_MAX 3               /* late inputs of a network */

/* Dense layers with ELU through which a network sees one group, instead of the group itself. */
struct bp_encoder_spec {
    char group[BP_GROUP_NAME];
    int hidden[BP_ENCODER_LAYER_MAX];
    int hidden_count;           /* at least 1 */
};

/*
 * How the weights of a late input start. As numbers: each number that joins has an equal share of the variance. As a part: each input that
 * joins has one, however many its numbers; else a latent of a few numbers is lost beside an observation of many, and the low level learns to
 * do without it before the high level has found a use for it. As a choice: as a part, in a network whose output layer does not start small; what
 * all choices do alike nothing ever tells apart. Silent: at zero, for what may not matter; they grow when it does.
 */
enum bp_late_start { BP_LATE_NUMBERS, BP_LATE_PART, BP_LATE_CHOICE, BP_LATE_SILENT };

/* An input beside the observation, which joins after the recurrent layers: several of them can stand on one set of features. */
struct bp_late {
    char name[12];              /* action, latent, before, or the network whose torso it is: names its weights */
    int size;
    enum bp_late_start start;
};

/* How to build a network; all that a checkpoint needs to tell of one. */
struct bp_net_spec {
    char name[16];              /* policy, prior, critic: leads the names of its tensors */
    char kind[16];              /* mlp, lstm, linear: a row of bp_net_kinds */
    int hidden[BP_LAYER_MAX];   /* sizes of the hidden layers */
    int hidden_count;
    struct bp_groups inputs;    /* the groups of an observation row that it sees */
    struct bp_encoder_spec encoder[BP_ENCODER_MAX];     /* in the order of the groups */
    int encoder_count;
    struct bp_late late[BP_LATE_MAX];   /* what joins later than the observation: a critic's action, a low level's latent */
    int late_count;
    int output_size;
    const char *title;          /* what users know it as, for messages; NULL: its name. A constant text. */
};

/* Title or name. */
const char *bp_net_title(const struct bp_net_spec *spec);

enum bp_layer_kind { BP_LAYER_DENSE, BP_LAYER_LSTM };

struct bp_layer {
    char name[BP_GROUP_NAME + 24];  /* "0", "1", ...; "encoder/GROUP/0", ... */
    enum bp_layer_kind kind;
    bool observes;              /* its input is of the observation, and wants no gradient */
    int in, out;
    size_t x, h, b, a;          /* offsets of W_x, W_h (LSTM), b, and one after the other the W of late inputs in the parameters */
    int state;                  /* offset of its h, c in a state row */
};

/* How a group of the inputs enters the torso. */
struct bp_input {
    int first, layers;          /* layers of its encoder; none: as it is */
    int out;                    /* columns of the torso's input */
};

#define BP_NET_LAYERS (BP_ENCODER_MAX * BP_ENCODER_LAYER_MAX + BP_LAYER_MAX + 1)

/* Encoders first, then the torso, whose input is the groups side by side, encoded or not. */
struct bp_net {
    struct bp_net_spec spec;
    struct bp_layer layer[BP_NET_LAYERS];
    struct bp_input input[BP_GROUP_MAX];        /* for each seen group */
    int layers;
    int torso;                  /* its first layer */
    int join;                   /* layer at which the late inputs are added; the output layer in networks without */
    bool torso_given;           /* what enters layer `join` is a late input of another network too */
    int late_size;              /* columns of all late inputs */
    size_t parameters;          /* how many */
    int state_size;             /* floats in a state row: h and c of every recurrent layer */
    struct bp_net_matrix matrix[BP_NET_LAYERS + 1 + BP_LATE_MAX];   /* the matrices among the parameters: of layers, the second of an LSTM, of late inputs */
    int matrices;
    size_t packed, packed_transposed;                   /* pairs of their packed forms */
};

/* The kinds. Recurrent kinds say which hidden layer is the LSTM: the last, or the first where late inputs join after it (BP E.1.2). */
struct bp_net_kind {
    const char *name, *help;
    int (*recurrent)(int hidden_count, bool late);      /* index of the recurrent hidden layer, -1: none; late: there are late inputs */
};
extern const struct bp_net_kind bp_net_kinds[];         /* ends with a row whose name is NULL */

/* Sizes from text like "64,64"; "" has none. -1 after reporting. */
int bp_net_hidden(const char *text, struct bp_net_spec *spec) BP_WARN_UNUSED;

/* And back: "64,64" into text of `size` bytes (cut when too long); returns text. */
const char *bp_net_layers(const struct bp_net_spec *spec, char *text, int size);

/*
 * Encoders from text like "targets:50,boxes:100x20", for groups that the network sees (spec->inputs; "?boxes:50" only if it does); "" or
 * NULL has none. -1 after reporting.
 */
int bp_net_encoders(const char *text, struct bp_net_spec *spec) BP_WARN_UNUSED;
const char *bp_net_encoders_text(const struct bp_net_spec *spec, char *text, int size);

/* Lay the network out. -1 after reporting an unknown kind or layers that do not fit it. */
int bp_net_init(struct bp_net *net, const struct bp_net_spec *spec) BP_WARN_UNUSED;

/*
 * Fresh parameters: normal, variance 1 / inputs, where inputs join as parts 1 / (parts * inputs of the part); biases 0, forget gates 1; the
 * output layer times 0.1.
 */
void bp_net_randomise(const struct bp_net *net, float *params, gsl_rng *stream);

/*
 * Names and shapes over parameters: "policy/encoder/targets/0/weight", "policy/0/weight", "policy/1/recurrent", "critic/0/action", ...
 * Returns how many; at most BP_NET_TENSORS.
 */
#define BP_NET_TENSORS (3 * BP_NET_LAYERS + BP_LATE_MAX)
int bp_net_tensors(const struct bp_net *net, float *params, struct bp_tensor *tensors);

/*
 * Initialise a network from another of the same kind and sizes, whose groups may differ: encoders and input weights are copied by group
 * name, and input weights of groups that `from` does not see become zero, so that both compute the same. -1 after reporting what does
 * not fit.
 */
int bp_net_init_from(const struct bp_net *net, float *params, const struct bp_net *from, const float *from_params) BP_WARN_UNUSED;

/* A network at work: parameters, where gradients go (NULL: frozen), and what bp_net_prepare made of them (all NULL: nothing). */
struct bp_net_use {
    const struct bp_net *net;
    const float *params;
    float *grad;
    struct bp_net_prepared prepared;
};

/* What the network sees of full observation rows, whose groups are `all`, as a constant on the tape. */
struct bp_var *bp_net_inputs(struct bp_tape *tape, const struct bp_net *net, const struct bp_groups *all, const float *observations, int rows);

/* What a network makes of observations before late inputs join: what enters layer `join`, and the pre-activation of that layer. */
struct bp_net_seen {
    struct bp_var *torso, *features;
};

/*
 * First half, for the sequences' rows: from observations x (rows x inputs.size) up to what the late inputs join. Rows of state have
 * net->state_size floats.
 */
struct bp_net_seen bp_net_see(struct bp_tape *tape, struct bp_net_use use, struct bp_var *x, const struct bp_sequences *sequences);

/* The features alone. */
struct bp_var *bp_net_features(struct bp_tape *tape, struct bp_net_use use, struct bp_var *x, const struct bp_sequences *sequences);

/* Second half: from features, and the late inputs in their order (rows x size each), to the output (rows x output_size). */
struct bp_var *bp_net_output(struct bp_tape *tape, struct bp_net_use use, struct bp_var *features, struct bp_var *const *late);

#endif

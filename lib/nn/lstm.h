/* The LSTM layer (Hochreiter and Schmidhuber 1997, with forget gates) over whole sequences. */
#ifndef BP_NN_LSTM_H
#define BP_NN_LSTM_H

#include "nn/tape.h"

#include <stdbool.h>
#include <stdint.h>

/* Sequences side by side, time-major: row t*batch + b is step t of sequence b. */
struct bp_sequences {
    int steps, batch;               /* T, B */
    const int32_t *episode_step;    /* T*B: the row's step in its episode; where it is 0, recurrent state starts anew. NULL: nowhere */
    const float *state;             /* B rows of recurrent state with which the first step begins; NULL: zeros */
    float *state_out;               /* B rows, receive the state after the last step; NULL: not wanted; may be `state` */
};

struct bp_lstm_weights {
    struct bp_weight x;         /* in x 4H; columns: input gate, forget gate, cell, output gate */
    struct bp_weight h;         /* H x 4H */
    struct bp_weight b;         /* 4H */
};

/* Whether the layer's products are of BF16: all of them, or none. */
bool bp_lstm_bf16(struct bp_lstm_weights w, int in, int hidden);

/*
 * h (T*B x H) from x (T*B x in).  [i f g o] = x W_x + h_{t-1} W_h + b;  c = s(f) c_{t-1} + s(i) tanh(g);  h = s(o) tanh(c). A state row has
 * `stride` floats, h then c at its start; no gradient flows into the first. Where an episode begins, h_{t-1} and c_{t-1} are zeros.
 */
struct bp_var *bp_lstm(struct bp_tape *tape, struct bp_var *x, struct bp_lstm_weights w, const struct bp_sequences *sequences, int hidden,
                       int stride);

#endif

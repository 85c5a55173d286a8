/* The LSTM layer (Hochreiter and Schmidhuber 1997, with forget gates) over whole sequences. */
#ifndef BP_NN_LSTM_H
#define BP_NN_LSTM_H

#include "nn/tape.h"

struct bp_lstm_weights {
    struct bp_weight x;         /* in x 4H; columns: input gate, forget gate, cell, output gate */
    struct bp_weight h;         /* H x 4H */
    struct bp_weight b;         /* 4H */
};

/*
 * h (T*B x H) from x (T*B x in), time-major: row t*B + b.  [i f g o] = x W_x + h_{t-1} W_h + b;  c = s(f) c_{t-1} + s(i) tanh(g);
 * h = s(o) tanh(c). state (B x stride floats, h then c at its start; NULL: zeros) is where the sequences begin, and no gradient
 * flows into it. state_out of the same layout (NULL: not wanted; may be state) receives the state behind the last step.
 */
struct bp_var *bp_lstm(struct bp_tape *tape, struct bp_var *x, struct bp_lstm_weights w, int steps, int batch, int hidden,
                       const float *state, float *state_out, int stride);

#endif

/*
 * A network computed once more in double, a row at a time, from its tensors' names and shapes alone, as a reader of a checkpoint would.
 */
#ifndef BP_TESTS_NAIVE_NET_H
#define BP_TESTS_NAIVE_NET_H

#include "model/net.h"

#include "../base/check.h"
#include "../nn/naive.h"

#include <stdio.h>
#include <string.h>

static const float *tensor_of(const struct bp_tensor *tensors, int count, const char *net, int layer, const char *part, int64_t *rows)
{
    char name[BP_TENSOR_NAME];

    snprintf(name, sizeof name, "%s/%d/%s", net, layer, part);
    const struct bp_tensor *found = bp_tensor_find(tensors, (size_t)count, name);
    if (found && rows)
        *rows = found->shape[0];
    return found ? found->data : NULL;
}

/*
 * One row through the network: observation (see.size), action (action_size or NULL), state (state_size: h, c of each recurrent layer;
 * moved on) to output (output_size).
 */
__attribute__((unused)) static void naive_net(const struct bp_net *net, const float *block, const double *observation, const double *action,
                                              double *state, double *output)
{
    struct bp_tensor tensors[BP_NET_TENSORS];
    int count = bp_net_tensors(net, (float *)block, tensors), layers = 0;
    const char *name = net->spec.name;
    double x[NAIVE_WIDTH], y[NAIVE_WIDTH], joined[NAIVE_WIDTH];

    while (tensor_of(tensors, count, name, layers, "weight", NULL))
        layers++;
    memcpy(x, observation, (size_t)net->spec.see.size * sizeof *x);
    for (int i = 0; i < layers; i++) {
        int64_t in = 0, n = 0;
        const float *w = tensor_of(tensors, count, name, i, "weight", &in), *wa = tensor_of(tensors, count, name, i, "action", NULL);
        const float *wh = tensor_of(tensors, count, name, i, "recurrent", &n), *b = tensor_of(tensors, count, name, i, "bias", &n);
        int width = (int)n;
        if (wh) {
            width /= 4;
            naive_lstm_step(x, (int)in, w, wh, b, width, state, state + width);
            memcpy(y, state, (size_t)width * sizeof *y);
            state += 2 * width;
        } else {
            if (wa)
                naive_dense(action, net->spec.action_size, wa, NULL, NULL, width, joined);
            naive_dense(x, (int)in, w, b, wa ? joined : NULL, width, y);
            for (int j = 0; j < width && i + 1 < layers; j++)
                y[j] = naive_elu(y[j]);
        }
        memcpy(x, y, sizeof x);
    }
    memcpy(output, y, (size_t)net->spec.output_size * sizeof *output);
}

#endif

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

/* Where a network's tensors are in its params, by layer; -1: the layer has none of that name. */
struct naive_plan {
    int layers, output, action;
    struct { ptrdiff_t weight, recurrent, bias, action; int in, out; } layer[BP_LAYER_MAX + 1];
};

static ptrdiff_t offset_of(const struct bp_tensor *tensors, int count, const float *params, const char *net, int layer, const char *part,
                           int *rows)
{
    char name[BP_TENSOR_NAME];

    snprintf(name, sizeof name, "%.15s/%d/%.15s", net, layer, part);
    const struct bp_tensor *found = bp_tensor_find(tensors, (size_t)count, name);
    if (found)
        *rows = (int)found->shape[0];
    return found ? (const float *)found->data - params : -1;
}

static struct naive_plan naive_plan(const struct bp_net *net, const float *params)
{
    struct naive_plan plan = {.output = net->spec.output_size, .action = net->late_size};
    struct bp_tensor tensors[BP_NET_TENSORS];
    int count = bp_net_tensors(net, (float *)params, tensors), rows;

    for (int i = 0; i <= BP_LAYER_MAX; i++) {
        plan.layer[i].weight = offset_of(tensors, count, params, net->spec.name, i, "weight", &plan.layer[i].in);
        plan.layer[i].recurrent = offset_of(tensors, count, params, net->spec.name, i, "recurrent", &rows);
        plan.layer[i].bias = offset_of(tensors, count, params, net->spec.name, i, "bias", &plan.layer[i].out);
        plan.layer[i].action = offset_of(tensors, count, params, net->spec.name, i, "action", &rows);
        if (plan.layer[i].weight >= 0)
            plan.layers = i + 1;
    }
    return plan;
}

/*
 * One row through the network: observation (inputs.size), action (action_size or NULL), state (state_size: h, c of each recurrent layer;
 * moved on) to output (output_size).
 */
__attribute__((unused)) static void naive_net(const struct naive_plan *plan, const float *params, const double *observation,
                                              const double *action, double *state, double *output)
{
    double x[NAIVE_WIDTH], y[NAIVE_WIDTH], joined[NAIVE_WIDTH];

    memcpy(x, observation, (size_t)plan->layer[0].in * sizeof *x);
    for (int i = 0; i < plan->layers; i++) {
        const float *w = params + plan->layer[i].weight, *b = params + plan->layer[i].bias;
        int in = plan->layer[i].in, n = plan->layer[i].out;
        bool joins = plan->layer[i].action >= 0;
        if (plan->layer[i].recurrent >= 0) {
            n /= 4;
            naive_lstm_step(x, in, w, params + plan->layer[i].recurrent, b, n, state, state + n);
            memcpy(y, state, (size_t)n * sizeof *y);
            state += 2 * n;
        } else {
            if (joins)
                naive_dense(action, plan->action, params + plan->layer[i].action, NULL, NULL, n, joined);
            naive_dense(x, in, w, b, joins ? joined : NULL, n, y);
            for (int j = 0; j < n && i + 1 < plan->layers; j++)
                y[j] = naive_elu(y[j]);
        }
        memcpy(x, y, (size_t)n * sizeof *x);
    }
    memcpy(output, y, (size_t)plan->output * sizeof *output);
}

#endif

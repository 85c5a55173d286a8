/*
 * A network's weights prepared once for many products: transposed for those of float32, packed for those of BF16 (nn/bf16.h). What is
 * prepared belongs to the parameters at that time; code that changes parameters prepares them again, in the same pass where possible.
 */
#ifndef BP_MODEL_PREPARED_H
#define BP_MODEL_PREPARED_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bp_net;
struct bp_weight;

/* The matrices of a network in the order of its parameters. */
struct bp_net_matrix {
    size_t at;                          /* offset in the parameters, and in `transposed` */
    int in, out;
    bool back;                          /* gradients may pass through it, to its input */
    size_t packed, packed_transposed;   /* offsets of those forms */
};

/* Arrays that are not wanted are NULL. All zeros: nothing is prepared, and products are of float32. */
struct bp_net_prepared {
    float *transposed;                  /* of the matrices through which gradients may pass: as many floats as parameters */
    uint32_t *packed;                   /* of those that can be packed (bp_weight_packs) */
    uint32_t *packed_transposed;        /* of those for which both are true */
};

/* Memory for what products of float32 or BF16 need; `back`: gradients pass through the network to its inputs. 0, or -1 after reporting. */
int bp_net_prepared_init(struct bp_net_prepared *prepared, const struct bp_net *net, bool bf16, bool back) BP_WARN_UNUSED;
void bp_net_prepared_free(struct bp_net_prepared *prepared);

/* The bytes that it takes. */
size_t bp_net_prepared_bytes(const struct bp_net *net, bool bf16, bool back);

/* Prepare all matrices. */
void bp_net_prepare(const struct bp_net *net, const float *params, const struct bp_net_prepared *prepared);

/* The same for `count` parameters from `from` on, a range between two cuts. Ranges may be prepared at the same time. */
void bp_net_prepare_range(const struct bp_net *net, const float *params, const struct bp_net_prepared *prepared, size_t from, size_t count);

/*
 * Where parameters can be cut into ranges: the last cut that is at most `most` parameters after `from`, itself a cut, or the next one
 * where there is none. 0 and net->parameters are cuts.
 */
size_t bp_net_cut(const struct bp_net *net, size_t from, size_t most);

/* The weight at an offset of the parameters, with what is prepared of it. */
struct bp_weight bp_net_weight(const struct bp_net *net, const float *params, float *grad, const struct bp_net_prepared *prepared, size_t at);

/* Lay out what is prepared, for bp_net_init. */
void bp_net_list_matrices(struct bp_net *net);

#endif

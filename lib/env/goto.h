/* Go to target (BP appendix D.1, EH appendix E.2): on 8 x 8 m, to the one of three targets that `goal` names. */
#ifndef BP_ENV_GOTO_H
#define BP_ENV_GOTO_H

#include "env/env.h"

extern const struct bp_task bp_goto;

#endif

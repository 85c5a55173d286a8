/* Presets: configs to start from, in share/presets or files of the user. */
#ifndef BP_RUN_PRESET_H
#define BP_RUN_PRESET_H

#include "base/error.h"

#include <stddef.h>
#include <stdio.h>

/* Path of a preset: a file when `preset` names one or has a '/', else share/presets/NAME; -1 after reporting which there are. */
int bp_preset_path(const char *preset, char *path, size_t size) BP_WARN_UNUSED;

/* A line for each preset in share/presets: its name, and the first sentence of its comment. 0, or -1 after reporting. */
int bp_preset_list(FILE *out) BP_WARN_UNUSED;

#endif

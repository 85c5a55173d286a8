/* Where the files of share/ are: bodies, presets, plots. */
#ifndef BP_BASE_SHARE_H
#define BP_BASE_SHARE_H

#include "base/error.h"

#include <stddef.h>

/* Bytes for the name of a body: of a file in share/bodies, or the path of a user's file. */
#define BP_BODY_NAME 256

/*
 * Path of share file `name` ("bodies/ant.xml"): under $BP_SHARE, beside the running program (../share/bp, ../share), or under the
 * installation's prefix. 0 with the path of a file that can be read, or -1 after reporting.
 */
int bp_share_path(const char *name, char *path, size_t size) BP_WARN_UNUSED;

#endif

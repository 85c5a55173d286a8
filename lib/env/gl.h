/*
 * An OpenGL context without a display: EGL on Mesa's software driver, else OSMesa, whichever the machine has. Both are loaded on
 * demand, so that programs start and run without them.
 */
#ifndef BP_ENV_GL_H
#define BP_ENV_GL_H

#include "base/error.h"

/* Make a context current on the calling thread, once for the process. 0, or -1 after reporting what could be installed. */
int bp_gl_start(int width, int height) BP_WARN_UNUSED;

#endif

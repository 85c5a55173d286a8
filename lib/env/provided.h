/* A body's file from memory: what a checkpoint carries plays in any directory. */
#ifndef BP_ENV_PROVIDED_H
#define BP_ENV_PROVIDED_H

/*
 * From now on the body's file `path` is this text (both borrowed for the life of the process), whether the file is there or not; what it includes
 * is looked for beside `path`. One file at a time; before environments are opened.
 */
void bp_body_provide(const char *path, const char *text);

/* The text for a path, or NULL. */
const char *bp_body_provided(const char *path);

#endif

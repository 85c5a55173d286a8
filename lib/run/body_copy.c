#include "run/body_copy.h"

#include "env/body.h"
#include "env/provided.h"
#include "store/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 16 << 20 };       /* bytes; bodies take some kilobytes */

/* The whole file with an end mark, to be freed; NULL when it cannot be read, or is too large. */
static char *read_all(const char *path, size_t *size)
{
    FILE *file = fopen(path, "re");
    char *bytes = file ? malloc(MOST + 1) : NULL;

    if (bytes) {
        *size = fread(bytes, 1, MOST + 1, file);
        if (ferror(file) || *size > MOST) {
            free(bytes);
            bytes = NULL;
        } else {
            bytes[*size] = '\0';
        }
    }
    if (file)
        fclose(file);
    return bytes;
}

int bp_body_copy_read(const char *body, struct bp_body_copy *copy)
{
    char path[4096], *bytes;

    *copy = (struct bp_body_copy){0};
    if (!bp_body_has_file(body))
        return 0;
    if (bp_body_path(body, path, sizeof path))
        return -1;
    if (!(bytes = read_all(path, &copy->size)))
        return bp_error(BP_FAILURE, "cannot read the body '%s', or it has more than %d bytes", path, MOST);
    bp_hash_bytes(bytes, copy->size, copy->hash);
    if (bp_body_is_file(body))
        copy->xml = bytes;
    else
        free(bytes);
    return 0;
}

/* A shipped body is as it is now, whatever it was when the checkpoint was made. */
static void tell_shipped(const char *body, const char *hash)
{
    struct bp_body_copy now;

    if (!*hash || bp_body_copy_read(body, &now))
        return;
    if (strcmp(now.hash, hash))
        bp_warn("the file of the body '%s' has changed since the checkpoint was made, which may have learned on another shape", body);
    bp_body_copy_free(&now);
}

void bp_body_copy_use(const char *body, const struct bp_body_copy *copy)
{
    char hash[72], *now;
    size_t size;

    if (!copy->xml) {
        tell_shipped(body, copy->hash);
        return;
    }
    if ((now = read_all(body, &size))) {
        bp_hash_bytes(now, size, hash);
        if (strcmp(hash, copy->hash))
            bp_warn("'%s' has changed since the checkpoint was made, whose own copy is played: --body %s takes the file", body, body);
    }
    free(now);
    bp_body_provide(body, copy->xml);
}

void bp_body_copy_free(struct bp_body_copy *copy)
{
    free(copy->xml);
    *copy = (struct bp_body_copy){0};
}

#include "run/files.h"

#include "base/json.h"
#include "store/hash.h"
#include "store/lock.h"
#include "store/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A line for each of the names and values that count. -1 when memory is short. */
static int write_decisive(FILE *stream, const json_t *config)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)config, name, value) {
        char *text = bp_json_text(value, 17);
        if (!text)
            return -1;
        if (strcmp(name, "transitions"))
            fprintf(stream, "%s=%s\n", name, text);
        free(text);
    }
    return 0;
}

int bp_run_fingerprint(const json_t *config, const char *parent, const char *body_hash, char fingerprint[72])
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    int status = -1;

    if (stream) {
        fprintf(stream, "program=%s\nparent=%s\nbody_hash=%s\n", bp_program(), parent, body_hash);
        status = write_decisive(stream, config);
        if (ferror(stream))
            status = -1;
        if (fclose(stream))
            status = -1;
    }
    if (!status)
        bp_hash_bytes(text, size, fingerprint);
    free(text);
    return status ? bp_error(BP_FAILURE, "out of memory") : 0;
}

/* ---- what stands there already ---- */

/* Of a run that goes on: the checkpoint must be its own, since it is going to be overwritten. */
static int check_own(const struct bp_run_files *files, const struct bp_run_files_spec *spec)
{
    struct bp_checkpoint checkpoint;
    int status;

    if (spec->force || !bp_pack_is_one(spec->output))
        return 0;
    if (bp_checkpoint_load(spec->output, &checkpoint))
        return -1;
    status = strcmp(checkpoint.fingerprint, spec->fingerprint);
    bp_checkpoint_free(&checkpoint);
    return status ? bp_error(BP_USAGE, "'%s' is the checkpoint of another run than '%s', which would overwrite it: --force lets it", spec->output,
                             files->resume) : 0;
}

/* Hours may be in a stopped run's state: who means to throw them away says so. */
static int check_state(const struct bp_run_files *files, const struct bp_run_files_spec *spec)
{
    struct bp_resume_header header;

    if (access(files->resume, F_OK))
        return 0;
    if (!bp_resume_header(files->resume, &header)) {
        json_decref(header.config);
        if (header.finished && spec->force)
            return 0;
        if (header.finished)
            return bp_error(BP_USAGE, "'%s' is the state of a finished run: --resume with more --transitions continues it, --force begins anew",
                            files->resume);
    }
    return bp_error(BP_USAGE, "'%s' is the state of a stopped run: --resume goes on from it; to begin anew, remove it", files->resume);
}

static int check_existing(const struct bp_run_files *files, const struct bp_run_files_spec *spec)
{
    struct stat file;
    bool exists = !stat(spec->output, &file) && file.st_size > 0;

    if (spec->resume)
        return check_own(files, spec);
    if (check_state(files, spec))
        return -1;
    if (exists && !spec->force && bp_pack_is_one(spec->output))
        return bp_error(BP_USAGE, "'%s' is there already, a checkpoint or recordings: --force overwrites it", spec->output);
    if (exists)
        bp_log("'%s', which is there already, will be overwritten", spec->output);
    return 0;
}

/* ---- the files ---- */

static bool can_go_on(const char *output)
{
    struct stat file;

    return strcmp(output, "-") && (stat(output, &file) || S_ISREG(file.st_mode));
}

int bp_run_files_open(struct bp_run_files *files, const struct bp_run_files_spec *spec)
{
    *files = (struct bp_run_files){.output = spec->output, .lock = {.fd = -1, .slot = -1}};
    strcpy(files->fingerprint, spec->fingerprint);
    if (can_go_on(spec->output) && bp_resume_path(spec->output, files->resume, sizeof files->resume))
        return -1;
    if (bp_lock_take(&files->lock, spec->output) || (*files->resume && check_existing(files, spec)) || bp_pack_check(spec->output))
        return -1;
    return *files->resume ? bp_pack_check(files->resume) : 0;
}

void bp_run_files_close(struct bp_run_files *files)
{
    bp_lock_release(&files->lock);
}

int bp_run_files_checkpoint(struct bp_run_files *files, struct bp_checkpoint *checkpoint)
{
    strcpy(checkpoint->fingerprint, files->fingerprint);
    if (bp_checkpoint_write(files->output, checkpoint))
        return -1;
    strcpy(files->hash, checkpoint->hash);
    return 0;
}

#include "run/export_mjcf.h"

#include "base/random.h"
#include "env/export.h"
#include "store/output.h"

#include <stdlib.h>
#include <string.h>

static int write_file(const char *path, const char *text)
{
    struct bp_output output;

    if (bp_output_open(&output, path))
        return -1;
    if (!bp_output_write(&output, text, strlen(text)))
        return bp_output_commit(&output);
    bp_output_abort(&output);
    return -1;
}

int bp_export_mjcf(const char *task, const char *body, uint64_t seed, const char *path)
{
    struct bp_env *env = bp_env_open(task, body);
    float *observation = env ? calloc((size_t)env->spec.groups.size, sizeof(float)) : NULL;
    char *text = NULL;
    int status = -1;

    if (env && !observation)
        bp_error(BP_FAILURE, "out of memory");
    if (observation) {
        bp_env_reset(env, bp_random_seed(seed, BP_FOR_ROLLOUT, 0, 0), observation);
        text = bp_env_mjcf(env);
    }
    if (text)
        status = write_file(path, text);
    free(text);
    free(observation);
    bp_env_close(env);
    return status;
}

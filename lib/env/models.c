#include "env/models.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct bp_model_kept {
    struct bp_model_kept *next;
    char *key;
    mjModel *model;
    int users;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct bp_model_kept *all;

mjModel *bp_models_copy(const char *key, struct bp_model_kept **kept)
{
    mjModel *copy = NULL;

    pthread_mutex_lock(&lock);
    for (*kept = all; *kept && strcmp((*kept)->key, key);)
        *kept = (*kept)->next;
    if (*kept && (copy = mj_copyModel(NULL, (*kept)->model)))
        (*kept)->users++;
    else
        *kept = NULL;
    pthread_mutex_unlock(&lock);
    return copy;
}

static void forget(struct bp_model_kept *kept)
{
    if (kept->model)
        mj_deleteModel(kept->model);
    free(kept->key);
    free(kept);
}

struct bp_model_kept *bp_models_keep(const char *key, const mjModel *model)
{
    struct bp_model_kept *kept = calloc(1, sizeof *kept);

    if (!kept)
        return NULL;
    *kept = (struct bp_model_kept){.key = strdup(key), .model = mj_copyModel(NULL, model), .users = 1};
    if (!kept->key || !kept->model) {
        forget(kept);
        return NULL;
    }
    pthread_mutex_lock(&lock);
    kept->next = all;
    all = kept;
    pthread_mutex_unlock(&lock);
    return kept;
}

void bp_models_release(struct bp_model_kept *kept)
{
    struct bp_model_kept **at = &all;

    if (!kept)
        return;
    pthread_mutex_lock(&lock);
    if (--kept->users == 0) {
        while (*at != kept)
            at = &(*at)->next;
        *at = kept->next;
        forget(kept);
    }
    pthread_mutex_unlock(&lock);
}

#include "env/model_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct bp_cached_model {
    struct bp_cached_model *next;
    char *key;
    mjModel *model;
    int users;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct bp_cached_model *all;

mjModel *bp_model_cache_copy(const char *key, struct bp_cached_model **kept)
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

static void forget(struct bp_cached_model *kept)
{
    if (kept->model)
        mj_deleteModel(kept->model);
    free(kept->key);
    free(kept);
}

struct bp_cached_model *bp_model_cache_keep(const char *key, const mjModel *model)
{
    struct bp_cached_model *kept = calloc(1, sizeof *kept);

    if (!kept)
        return NULL;
    *kept = (struct bp_cached_model){.key = strdup(key), .model = mj_copyModel(NULL, model), .users = 1};
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

void bp_model_cache_release(struct bp_cached_model *kept)
{
    struct bp_cached_model **at = &all;

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

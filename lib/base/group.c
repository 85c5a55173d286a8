#include "base/group.h"

#include "base/near.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void bp_groups_add(struct bp_groups *groups, const char *name, int size)
{
    struct bp_group *group = &groups->group[groups->count];

    assert(groups->count < BP_GROUP_MAX && strlen(name) < BP_GROUP_NAME && size > 0);
    snprintf(group->name, sizeof group->name, "%s", name);
    group->size = size;
    group->offset = groups->size;
    groups->size += size;
    groups->count++;
}

const struct bp_group *bp_groups_find(const struct bp_groups *groups, const char *name)
{
    for (int i = 0; i < groups->count; i++)
        if (!strcmp(groups->group[i].name, name))
            return &groups->group[i];
    return NULL;
}

static int unknown(const struct bp_groups *all, const char *name)
{
    struct bp_near near = bp_near_begin(name);
    char has[256], hint[64];

    for (int i = 0; i < all->count; i++)
        bp_near_offer(&near, all->group[i].name);
    return bp_error(BP_USAGE, "there is no observation group '%s' here; the groups are %s%s", name, bp_groups_text(all, has, sizeof has),
                    bp_near_text(&near, "", hint, sizeof hint));
}

int bp_groups_select(const struct bp_groups *all, const char *names, struct bp_groups *seen)
{
    bool chosen[BP_GROUP_MAX] = {false};

    *seen = (struct bp_groups){0};
    if (!strcmp(names, "*")) {
        *seen = *all;
        return 0;
    }
    for (const char *at = names; *at;) {
        size_t length = strcspn(at, ",");
        bool optional = *at == '?';
        char name[BP_GROUP_NAME];
        snprintf(name, sizeof name, "%.*s", (int)length - optional, at + optional);
        const struct bp_group *group = bp_groups_find(all, name);
        if (group)
            chosen[group - all->group] = true;
        else if (!optional)
            return unknown(all, name);
        at += length + (at[length] == ',');
    }
    for (int i = 0; i < all->count; i++)
        if (chosen[i]) {
            seen->group[seen->count++] = all->group[i];
            seen->size += all->group[i].size;
        }
    return 0;
}

bool bp_groups_equal(const struct bp_groups *a, const struct bp_groups *b)
{
    if (a->count != b->count)
        return false;
    for (int i = 0; i < a->count; i++)
        if (strcmp(a->group[i].name, b->group[i].name) || a->group[i].size != b->group[i].size)
            return false;
    return true;
}

char *bp_groups_text(const struct bp_groups *groups, char *text, int size)
{
    int used = 0;

    text[0] = '\0';
    for (int i = 0; i < groups->count && used < size; i++)
        used += snprintf(text + used, (size_t)(size - used), "%s%s", i ? "," : "", groups->group[i].name);
    return text;
}

char *bp_groups_sizes(const struct bp_groups *groups, char *text, int size)
{
    int used = 0;

    text[0] = '\0';
    for (int i = 0; i < groups->count && used < size; i++)
        used += snprintf(text + used, (size_t)(size - used), "%s%s:%d", i ? "," : "", groups->group[i].name, groups->group[i].size);
    return text;
}

void bp_groups_gather(const struct bp_groups *seen, const float *src, int stride, int rows, float *dst)
{
    for (int row = 0; row < rows; row++, src += stride)
        for (int i = 0; i < seen->count; i++) {
            memcpy(dst, src + seen->group[i].offset, (size_t)seen->group[i].size * sizeof *dst);
            dst += seen->group[i].size;
        }
}

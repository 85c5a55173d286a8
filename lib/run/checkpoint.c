#include "run/checkpoint.h"

#include "base/json.h"
#include "store/hash.h"
#include "store/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char body_xml[] = "body/xml";

enum { LEVEL = 6 };             /* of compression: checkpoints are small and kept for long */

/* ---- writing ---- */

/* A JSON value (NULL: memory was short) as text into the field; takes over the value. */
static void json_field(struct bp_record *record, const char *key, json_t *value)
{
    char *text = value ? bp_json_text(value, 17) : NULL;

    if (text)
        bp_record_text(record, key, text);
    else
        record->incomplete = true;
    free(text);
    json_decref(value);
}

/* If memory is short for a part, these return NULL for the whole. */
static json_t *whole(json_t *value, int status)
{
    if (!status)
        return value;
    json_decref(value);
    return NULL;
}

static json_t *groups_json(const struct bp_groups *groups)
{
    json_t *array = json_array();
    int status = 0;

    for (int i = 0; i < groups->count; i++)
        status |= json_array_append_new(array, json_pack("{s:s, s:i}", "name", groups->group[i].name, "size", groups->group[i].size));
    return whole(array, status);
}

static json_t *names_json(const struct bp_groups *groups)
{
    json_t *array = json_array();
    int status = 0;

    for (int i = 0; i < groups->count; i++)
        status |= json_array_append_new(array, json_string(groups->group[i].name));
    return whole(array, status);
}

static json_t *layers_json(const struct bp_net_spec *spec)
{
    json_t *array = json_array();
    int status = 0;

    for (int i = 0; i < spec->hidden_count; i++)
        status |= json_array_append_new(array, json_integer(spec->hidden[i]));
    return whole(array, status);
}

/* Networks as bits: their names. */
static json_t *nets_json(unsigned nets)
{
    json_t *array = json_array();
    int status = 0;

    BP_EACH_NET(net, nets)
        status |= json_array_append_new(array, json_string(bp_roles[net].name));
    return whole(array, status);
}

static json_t *net_json(const struct bp_checkpoint *checkpoint, enum bp_role role)
{
    const struct bp_agent *agent = &checkpoint->agent;
    const struct bp_net *net = &agent->net[role];
    const struct bp_level *level = bp_agent_level(agent, role);
    json_t *object = json_object();
    char encoders[512];
    int status = json_object_set_new(object, "kind", json_string(net->spec.kind));

    status |= json_object_set_new(object, "layers", layers_json(&net->spec));
    status |= json_object_set_new(object, "inputs", names_json(&net->spec.inputs));
    status |= json_object_set_new(object, "head", json_string(level ? level->family->name : "value"));
    status |= json_object_set_new(object, "parameters", json_integer((json_int_t)net->parameters));
    if (net->spec.encoder_count)
        status |= json_object_set_new(object, "encoders", json_string(bp_net_encoders_text(&net->spec, encoders, sizeof encoders)));
    if (level && level->adds)
        status |= json_object_set_new(object, "adds", nets_json(level->adds));
    if (level && level->on)
        status |= json_object_set_new(object, "on", nets_json(level->on));
    if (*checkpoint->reused[role])
        status |= json_object_set_new(object, "reused", json_string(checkpoint->reused[role]));
    return whole(object, status);
}

static json_t *latent_json(const struct bp_agent *agent)
{
    const struct bp_behaviour *prior = &agent->behaviour[BP_PRIOR];
    const struct bp_latent_prior *row = agent->latent_prior;
    const struct bp_behaviour *policy = &agent->behaviour[BP_POLICY], *any = policy->levels > 1 ? policy : prior;
    int period = any->level[0].period;
    json_t *object = json_object();
    int status = json_object_set_new(object, "size", json_integer(agent->latent.size));

    status |= json_object_set_new(object, "space", json_string(bp_space_kind_name(agent->latent.kind)));
    status |= json_object_set_new(object, "period", json_integer(period == BP_WHOLE_EPISODE ? 0 : period));
    status |= json_object_set_new(object, "correlation", json_real(prior->level[0].correlation));
    status |= json_object_set_new(object, "shared", json_boolean(prior->levels > 1 && prior->level[1].net == BP_POLICY));
    if (row)
        status |= json_object_set_new(object, "prior", json_string(row->name));
    if (policy->levels > 1 && policy->level[0].net == BP_NO_NET)
        status |= json_object_set_new(object, "high", json_string(bp_latent_fixed));
    return whole(object, status);
}

int bp_checkpoint_write(const char *path, struct bp_checkpoint *checkpoint)
{
    struct bp_pack_writer *writer = bp_pack_create(path, LEVEL);
    const struct bp_agent *agent = &checkpoint->agent;
    const struct bp_body_copy *body = &checkpoint->body_copy;
    struct bp_tensor xml = bp_tensor_1d(body_xml, BP_U8, (int64_t)body->size, body->xml);
    struct bp_record record;
    int status;

    if (!writer)
        return -1;
    bp_record_init(&record, "checkpoint");
    bp_record_text(&record, "version", BP_VERSION);
    bp_record_text(&record, "program", checkpoint->program);
    bp_record_text(&record, "task", checkpoint->task);
    bp_record_text(&record, "body", checkpoint->body);
    bp_record_text(&record, "body_hash", body->hash);
    bp_record_text(&record, "parent", checkpoint->parent);
    bp_record_text(&record, "fingerprint", checkpoint->fingerprint);
    if (*checkpoint->kernels)
        bp_record_text(&record, "kernels", checkpoint->kernels);
    bp_record_format(&record, "transitions", "%lld", (long long)checkpoint->transitions);
    bp_record_format(&record, "updates", "%lld", (long long)checkpoint->updates);
    bp_record_text(&record, "action_space", bp_space_kind_name(agent->action.kind));
    bp_record_format(&record, "action_size", "%d", agent->action.size);
    json_field(&record, "groups", groups_json(&agent->groups));
    if (agent->latent.size)
        json_field(&record, "latent", latent_json(agent));
    for (int role = 0; role < BP_ROLES; role++) {
        struct bp_tensor tensors[BP_NET_TENSORS];
        if (!agent->has[role])
            continue;
        json_field(&record, bp_roles[role].name, net_json(checkpoint, (enum bp_role)role));
        int count = bp_net_tensors(&agent->net[role], checkpoint->params[role], tensors);
        for (int i = 0; i < count; i++)
            bp_record_tensor(&record, &tensors[i]);
    }
    if (body->xml)
        bp_record_tensor(&record, &xml);
    json_field(&record, "config", json_incref(checkpoint->config));
    bp_pack_writer_hash(writer, checkpoint->hash);
    status = bp_pack_write(writer, &record);
    bp_record_clear(&record);
    if (status) {
        bp_pack_abort(writer);
        return -1;
    }
    return bp_pack_commit(writer);
}

/* ---- loading ---- */

static int damaged(const char *where, const char *what)
{
    return bp_error(BP_DAMAGED, "%s: the checkpoint's %s is missing or makes no sense", where, what);
}

static int copy_field(const struct bp_record *record, const char *key, char *dst, size_t size, const char *where)
{
    const char *text = bp_record_get(record, key);

    if (!text || strlen(text) >= size)
        return damaged(where, key);
    strcpy(dst, text);
    return 0;
}

static int number_field(const struct bp_record *record, const char *key, int64_t *value, const char *where)
{
    const char *text = bp_record_get(record, key);
    char *end;

    if (!text)
        return damaged(where, key);
    *value = strtoll(text, &end, 10);
    return end == text || *end || *value < 0 ? damaged(where, key) : 0;
}

/* What actions are: kind, absent in earlier versions, and size. */
static int load_actions(const struct bp_record *record, struct bp_space *action, const char *where)
{
    const char *kind = bp_record_get(record, "action_space");
    int64_t size = 0;

    *action = (struct bp_space){kind ? bp_space_kind_find(kind) : BP_CONTINUOUS, 0};
    if (action->kind == BP_SPACE_KINDS)
        return bp_error(BP_DAMAGED, "%s: its actions are '%s', which this version does not know", where, kind);
    if (number_field(record, "action_size", &size, where))
        return -1;
    if (size < 1 || size > 4096)
        return damaged(where, "action_size");
    action->size = (int)size;
    return 0;
}

static int load_groups(const struct bp_record *record, struct bp_groups *groups, const char *where)
{
    json_t *array, *item;
    size_t i;

    *groups = (struct bp_groups){0};
    if (bp_json_parse(bp_record_get(record, "groups"), &array))
        return -1;
    int status = json_is_array(array) && json_array_size(array) <= BP_GROUP_MAX ? 0 : -1;
    json_array_foreach(array, i, item) {
        const char *name = json_string_value(json_object_get(item, "name"));
        json_int_t size = json_integer_value(json_object_get(item, "size"));
        if (status || !name || strlen(name) >= BP_GROUP_NAME || size < 1 || size > 1 << 20) {
            status = -1;
            break;
        }
        bp_groups_add(groups, name, (int)size);
    }
    json_decref(array);
    return status ? damaged(where, "list of groups") : 0;
}

/* The texts that bp_agent_init takes, from the JSON of one network. */
struct net_texts {
    char kind[16], hidden[128], inputs[512], head[16], encoders[512];
};

static int join(const json_t *array, char *text, size_t size)
{
    size_t i, used = 0;
    json_t *item;

    text[0] = '\0';
    if (!json_is_array(array))
        return -1;
    json_array_foreach(array, i, item) {
        if (json_is_integer(item))
            used += (size_t)snprintf(text + used, size - used, "%s%lld", i ? "," : "", (long long)json_integer_value(item));
        else if (json_is_string(item))
            used += (size_t)snprintf(text + used, size - used, "%s%s", i ? "," : "", json_string_value(item));
        else
            return -1;
        if (used >= size)
            return -1;
    }
    return 0;
}

/* Whether a list of networks is there; `fine` turns false when it is any other than the one there can be. */
static bool refers(const json_t *list, enum bp_role role, bool *fine)
{
    const char *name = json_string_value(json_array_get(list, 0));

    if (list && (json_array_size(list) != 1 || !name || strcmp(name, bp_roles[role].name)))
        *fine = false;
    return list != NULL;
}

/* How policy and prior refer to each other's networks: two columns, a branch. */
static int load_references(const struct bp_record *record, struct bp_net_choice choice[BP_ROLES], bool *two_columns, const char *where)
{
    json_t *policy = NULL, *prior = NULL;
    bool fine = true;

    if (bp_json_parse(bp_record_get(record, bp_roles[BP_POLICY].name), &policy) || bp_json_parse(bp_record_get(record, bp_roles[BP_PRIOR].name), &prior)) {
        json_decref(policy);
        return -1;
    }
    *two_columns = refers(json_object_get(policy, "adds"), BP_PRIOR, &fine);
    if (refers(json_object_get(prior, "on"), BP_POLICY, &fine))
        choice[BP_PRIOR].kind = "branch";
    json_decref(policy);
    json_decref(prior);
    return fine ? 0 : damaged(where, "list of networks that another refers to");
}

static int load_net(const struct bp_record *record, enum bp_role role, struct net_texts *texts, struct bp_net_choice *choice, const char *where)
{
    const char *text = bp_record_get(record, bp_roles[role].name);
    json_t *object;
    int status = 0;

    *choice = (struct bp_net_choice){0};
    if (!text)
        return 0;
    if (bp_json_parse(text, &object))
        return -1;
    const char *kind = json_string_value(json_object_get(object, "kind")), *head = json_string_value(json_object_get(object, "head"));
    const json_t *encoders = json_object_get(object, "encoders");      /* absent where there are none */
    const json_t *inputs = json_object_get(object, "inputs");
    if (!inputs)
        inputs = json_object_get(object, "see");        /* as version 0.1.0 wrote it, and the head's name */
    if (head && !strcmp(head, "capped"))
        head = "bounded";
    if (!kind || !head || strlen(kind) >= sizeof texts->kind || strlen(head) >= sizeof texts->head ||
        (encoders && (!json_is_string(encoders) || json_string_length(encoders) >= sizeof texts->encoders)) ||
        join(json_object_get(object, "layers"), texts->hidden, sizeof texts->hidden) ||
        join(inputs, texts->inputs, sizeof texts->inputs))
        status = damaged(where, bp_roles[role].name);
    if (!status) {
        strcpy(texts->kind, kind);
        strcpy(texts->head, head);
        strcpy(texts->encoders, encoders ? json_string_value(encoders) : "");
        *choice = (struct bp_net_choice){texts->kind, texts->hidden, texts->inputs, bp_roles[role].value ? NULL : texts->head, texts->encoders};
    }
    json_decref(object);
    return status;
}

/* The hierarchy, absent where there is none: its latent, and what of the prior is no network of its own. */
static int load_latent(const struct bp_record *record, struct bp_latent_choice *latent, struct bp_net_choice choice[BP_ROLES], const char *where)
{
    const char *text = bp_record_get(record, "latent");
    json_t *object = NULL;

    *latent = (struct bp_latent_choice){0};
    if (!text)
        return 0;
    if (bp_json_parse(text, &object))
        return -1;
    json_int_t size = json_integer_value(json_object_get(object, "size")), period = json_integer_value(json_object_get(object, "period"));
    const char *prior = json_string_value(json_object_get(object, "prior"));
    const struct bp_latent_prior *row = bp_latent_priors;

    while (prior && row->name && strcmp(row->name, prior))
        row++;
    const char *space = json_string_value(json_object_get(object, "space"));        /* absent in earlier versions */
    bool fine = (!space || bp_space_kind_find(space) != BP_SPACE_KINDS) && size >= 1 && size <= 4096 && json_is_integer(json_object_get(object, "period")) && period >= 0 && period <= 1 << 20 && (!prior || row->name);
    *latent = (struct bp_latent_choice){(int)size, (int)period, json_number_value(json_object_get(object, "correlation"))};
    if (fine && prior)
        choice[BP_PRIOR_HIGH].kind = row->name;
    if (json_object_get(object, "high"))            /* there is one that is no network */
        choice[BP_POLICY_HIGH] = (struct bp_net_choice){.kind = bp_latent_fixed, .head = space && bp_space_kind_find(space) == BP_DISCRETE ? "categorical" : "softplus"};
    if (json_is_true(json_object_get(object, "shared")))
        choice[BP_PRIOR].kind = "shared";
    json_decref(object);
    return fine && latent->correlation >= 0 && latent->correlation < 1 ? 0 : damaged(where, "latent");
}

static int load_parameters(const struct bp_record *record, struct bp_checkpoint *checkpoint, enum bp_role role, const char *where)
{
    const struct bp_net *net = &checkpoint->agent.net[role];
    struct bp_tensor tensors[BP_NET_TENSORS];
    size_t held = 0;
    int count;

    for (size_t i = 0; i < record->count; i++)
        held += bp_tensor_count(&record->tensors[i]);
    if (net->parameters > held)         /* before allocating what the file merely claims */
        return damaged(where, bp_roles[role].name);
    checkpoint->params[role] = aligned_alloc(64, (net->parameters * sizeof(float) + 63) & ~(size_t)63);
    if (!checkpoint->params[role])
        return bp_error(BP_FAILURE, "out of memory");
    count = bp_net_tensors(net, checkpoint->params[role], tensors);
    for (int i = 0; i < count; i++) {
        const struct bp_tensor *found = bp_record_need(record, tensors[i].name, BP_F32, bp_tensor_count(&tensors[i]), where);
        if (!found)
            return -1;
        memcpy(tensors[i].data, found->data, bp_tensor_bytes(found));
        if (!bp_numbers_finite(BP_F32, tensors[i].data, bp_tensor_count(found)))
            return bp_error(BP_DAMAGED, "%s: '%s' holds what is not a finite number", where, tensors[i].name);
    }
    return 0;
}

/* Checkpoints of version 0.1.0 say nothing of the body's file, nor of their run. */
static int load_body(const struct bp_record *record, struct bp_body_copy *body, const char *where)
{
    const struct bp_tensor *xml = bp_tensor_find(record->tensors, record->count, body_xml);
    char hash[72];

    if (bp_record_get(record, "body_hash") && copy_field(record, "body_hash", body->hash, sizeof body->hash, where))
        return -1;
    if (!xml)
        return 0;
    body->size = bp_tensor_bytes(xml);
    bp_hash_bytes(xml->data, body->size, hash);
    if (xml->dtype != BP_U8 || strcmp(hash, body->hash))
        return damaged(where, body_xml);
    if (!(body->xml = malloc(body->size + 1)))
        return bp_error(BP_FAILURE, "out of memory");
    memcpy(body->xml, xml->data, body->size);
    body->xml[body->size] = '\0';
    return 0;
}

static int load_record(const struct bp_record *record, struct bp_checkpoint *checkpoint, const char *where)
{
    const char *kind = bp_record_get(record, "kind");
    struct net_texts texts[BP_ROLES];
    struct bp_net_choice choice[BP_ROLES];
    struct bp_latent_choice latent;
    struct bp_groups groups;
    struct bp_space action;
    bool two_columns;

    if (!kind || strcmp(kind, "checkpoint"))
        return bp_error(BP_DAMAGED, "%s is not a checkpoint but a stream of kind '%s'", where, kind ? kind : "?");
    if (copy_field(record, "task", checkpoint->task, sizeof checkpoint->task, where) ||
        copy_field(record, "body", checkpoint->body, sizeof checkpoint->body, where) ||
        copy_field(record, "program", checkpoint->program, sizeof checkpoint->program, where) ||
        copy_field(record, "parent", checkpoint->parent, sizeof checkpoint->parent, where) ||
        (bp_record_get(record, "fingerprint") && copy_field(record, "fingerprint", checkpoint->fingerprint, sizeof checkpoint->fingerprint, where)) ||
        (bp_record_get(record, "kernels") && copy_field(record, "kernels", checkpoint->kernels, sizeof checkpoint->kernels, where)) ||
        load_body(record, &checkpoint->body_copy, where) || number_field(record, "transitions", &checkpoint->transitions, where) || number_field(record, "updates", &checkpoint->updates, where) ||
        load_actions(record, &action, where) || load_groups(record, &groups, where))
        return -1;
    if (bp_json_parse(bp_record_get(record, "config"), &checkpoint->config))
        return -1;
    if (!checkpoint->config)
        return damaged(where, "config");
    for (int role = 0; role < BP_ROLES; role++)
        if (load_net(record, (enum bp_role)role, &texts[role], &choice[role], where))
            return -1;
    if (load_latent(record, &latent, choice, where) || load_references(record, choice, &two_columns, where) ||
        bp_agent_init(&checkpoint->agent, &groups, action, choice, &latent) || (two_columns && bp_agent_add_column(&checkpoint->agent)))
        return damaged(where, "networks");
    for (int role = 0; role < BP_ROLES; role++)
        if (checkpoint->agent.has[role] && load_parameters(record, checkpoint, (enum bp_role)role, where))
            return -1;
    return 0;
}

int bp_checkpoint_load(const char *path, struct bp_checkpoint *checkpoint)
{
    struct bp_pack_reader *reader = bp_pack_open(path);
    struct bp_record record = {0}, more = {0};
    int status = -1, end;

    *checkpoint = (struct bp_checkpoint){0};
    if (!reader)
        return -1;
    bp_pack_reader_hash(reader, checkpoint->hash);
    if ((end = bp_pack_read(reader, &record)) == 0)
        bp_error(BP_DAMAGED, "%s holds no checkpoint", bp_pack_name(reader));
    if (end != 1)
        goto done;
    if (load_record(&record, checkpoint, bp_pack_name(reader)))
        goto done;
    if ((end = bp_pack_read(reader, &more)) > 0)
        bp_error(BP_DAMAGED, "%s holds more than one checkpoint", bp_pack_name(reader));
    status = end ? -1 : 0;
done:
    if (status)
        bp_checkpoint_free(checkpoint);
    bp_record_clear(&record);
    bp_record_clear(&more);
    bp_pack_close(reader);
    return status;
}

void bp_checkpoint_free(struct bp_checkpoint *checkpoint)
{
    for (int role = 0; role < BP_ROLES; role++)
        free(checkpoint->params[role]);
    json_decref(checkpoint->config);
    bp_body_copy_free(&checkpoint->body_copy);
    *checkpoint = (struct bp_checkpoint){0};
}

struct bp_params bp_checkpoint_params(const struct bp_checkpoint *checkpoint)
{
    struct bp_params params;

    for (int role = 0; role < BP_ROLES; role++)
        params.of[role] = checkpoint->params[role];
    return params;
}

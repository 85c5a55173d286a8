/* Layers and encoders of a network to and from text, for options and checkpoints. */
#include "model/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *bp_net_title(const struct bp_net_spec *spec)
{
    return spec->title ? spec->title : spec->name;
}

int bp_net_hidden(const char *text, struct bp_net_spec *spec)
{
    spec->hidden_count = 0;
    for (const char *at = text; *at;) {
        char *end;
        long size = strtol(at, &end, 10);
        if (end == at || size < 1 || size > 65536 || (*end && *end != ','))
            return bp_error(BP_USAGE, "layer sizes are numbers like 64,64, not '%s'", text);
        if (spec->hidden_count == BP_LAYER_MAX)
            return bp_error(BP_USAGE, "at most %d layers, not '%s'", BP_LAYER_MAX, text);
        spec->hidden[spec->hidden_count++] = (int)size;
        at = end + (*end == ',');
    }
    return 0;
}

const char *bp_net_layers(const struct bp_net_spec *spec, char *text, int size)
{
    text[0] = '\0';
    for (int i = 0, used = 0; i < spec->hidden_count && used < size; i++)
        used += snprintf(text + used, (size_t)(size - used), "%s%d", i ? "," : "", spec->hidden[i]);
    return text;
}

static int bad_encoders(const char *text)
{
    return bp_error(BP_USAGE, "encoders are groups and sizes like targets:50,boxes:100x20, not '%s'", text);
}

/* "100x20" up to a comma or the end; where it ends, or NULL. */
static const char *encoder_sizes(const char *at, struct bp_encoder_spec *encoder)
{
    for (;; at++) {
        char *end;
        long size = strtol(at, &end, 10);
        if (*at < '0' || *at > '9' || size < 1 || size > 65536 || encoder->hidden_count == BP_ENCODER_LAYER_MAX)
            return NULL;
        encoder->hidden[encoder->hidden_count++] = (int)size;
        at = end;
        if (*at != 'x')
            return *at && *at != ',' ? NULL : at;
    }
}

/* To its place among the others, in the order of the groups. */
static int put_encoder(struct bp_net_spec *spec, const struct bp_encoder_spec *encoder, const char *text)
{
    int at = spec->encoder_count;

    if (at == BP_ENCODER_MAX)
        return bp_error(BP_USAGE, "at most %d encoders, not '%s'", BP_ENCODER_MAX, text);
    for (int i = 0; i < at; i++)
        if (!strcmp(spec->encoder[i].group, encoder->group))
            return bp_error(BP_USAGE, "one encoder for the group '%s', not two: '%s'", encoder->group, text);
    for (; at > 0 && bp_groups_find(&spec->inputs, spec->encoder[at - 1].group) > bp_groups_find(&spec->inputs, encoder->group); at--)
        spec->encoder[at] = spec->encoder[at - 1];
    spec->encoder[at] = *encoder;
    spec->encoder_count++;
    return 0;
}

int bp_net_encoders(const char *text, struct bp_net_spec *spec)
{
    spec->encoder_count = 0;
    for (const char *at = text; at && *at; at += *at == ',') {
        struct bp_encoder_spec encoder = {0};
        bool optional = *at == '?';
        at += optional;
        size_t length = strcspn(at, ":,");
        if (!length || length >= BP_GROUP_NAME || at[length] != ':')
            return bad_encoders(text);
        memcpy(encoder.group, at, length);
        if (!(at = encoder_sizes(at + length + 1, &encoder)) || (*at == ',' && !at[1]))
            return bad_encoders(text);
        bool seen = bp_groups_find(&spec->inputs, encoder.group) != NULL;
        if (!seen && !optional)
            return bp_error(BP_USAGE, "the %s has an encoder for '%s', a group that it does not see", bp_net_title(spec), encoder.group);
        if (seen && put_encoder(spec, &encoder, text))
            return -1;
    }
    return 0;
}

const char *bp_net_encoders_text(const struct bp_net_spec *spec, char *text, int size)
{
    text[0] = '\0';
    for (int i = 0, used = 0; i < spec->encoder_count && used < size; i++) {
        const struct bp_encoder_spec *encoder = &spec->encoder[i];
        used += snprintf(text + used, (size_t)(size - used), "%s%s:%d", i ? "," : "", encoder->group, encoder->hidden[0]);
        for (int j = 1; j < encoder->hidden_count && used < size; j++)
            used += snprintf(text + used, (size_t)(size - used), "x%d", encoder->hidden[j]);
    }
    return text;
}

#include "run/preset.h"

#include "base/near.h"
#include "base/share.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* The names in share/presets, sorted; their number, or -1 after reporting. The names and the array are the caller's to free. */
static int scan(char *directory, size_t size, struct dirent ***names)
{
    int count;

    if (bp_share_path("presets", directory, size))
        return -1;
    count = scandir(directory, names, is_visible, alphasort);
    return count < 0 ? bp_error_errno(BP_FAILURE, "cannot read the directory '%s'", directory) : count;
}

static void free_names(struct dirent **names, int count)
{
    for (int i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

static int unknown(const char *preset)
{
    struct bp_near near = bp_near_begin(preset);
    char directory[PATH_MAX], text[1024] = "", hint[320];
    struct dirent **names;
    size_t used = 0;
    int count = scan(directory, sizeof directory, &names);

    if (count < 0)
        return -1;
    for (int i = 0; i < count; i++) {
        bp_near_offer(&near, names[i]->d_name);
        if (used < sizeof text)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? ", " : "", names[i]->d_name);
    }
    bp_error(BP_USAGE, "there is no preset '%s'%s%s the presets are %s", preset, bp_near_text(&near, "", hint, sizeof hint),
             near.best ? "" : ";", text);
    free_names(names, count);
    return -1;
}

int bp_preset_path(const char *preset, char *path, size_t size)
{
    char name[NAME_MAX + 16], directory[PATH_MAX];
    struct stat file;
    int length;

    if (strchr(preset, '/') || (!stat(preset, &file) && S_ISREG(file.st_mode))) {
        snprintf(path, size, "%s", preset);
        return 0;
    }
    if (bp_share_path("presets", directory, sizeof directory))
        return -1;
    length = snprintf(name, sizeof name, "presets/%s", preset);
    if (!*preset || length >= (int)sizeof name || snprintf(path, size, "%s/%s", directory, preset) >= (int)size || access(path, R_OK))
        return unknown(preset);
    return 0;
}

/* The blank after a sentence: what follows is no number, as after "eq.". NULL: there is none. */
static char *sentence_end(char *text)
{
    char *end = strstr(text, ". ");

    while (end && isdigit((unsigned char)end[2]))
        end = strstr(end + 1, ". ");
    return end ? end + 1 : NULL;
}

/* The first sentence of the comment that a preset begins with. */
static void first_sentence(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "r");
    char line[512], *end;
    size_t used = 0;

    text[0] = '\0';
    while (file && fgets(line, sizeof line, file) && line[0] == '#' && used < size) {
        line[strcspn(line, "\n")] = '\0';
        used += (size_t)snprintf(text + used, size - used, "%s%s", used ? " " : "", line + 1 + strspn(line + 1, " "));
        if ((end = sentence_end(text)))
            *end = '\0';
        if (end || text[strlen(text) - 1] == '.')
            break;
    }
    if (file)
        fclose(file);
}

int bp_preset_list(FILE *out)
{
    char directory[PATH_MAX], path[PATH_MAX + NAME_MAX + 2], text[512];
    struct dirent **names;
    int count = scan(directory, sizeof directory, &names);

    if (count < 0)
        return -1;
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]->d_name);
        first_sentence(path, text, sizeof text);
        fprintf(out, "%-20s %s\n", names[i]->d_name, text);
    }
    free_names(names, count);
    return fflush(out) || ferror(out) ? bp_error_errno(BP_FAILURE, "cannot write the list") : 0;
}

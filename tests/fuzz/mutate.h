/* MJCF files that are nearly right: a shipped body with some changes, a function of the seed. */
#ifndef BP_TESTS_FUZZ_MUTATE_H
#define BP_TESTS_FUZZ_MUTATE_H

#include "base/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MUTANT_MAX = 1 << 16 };

static const char *const mutant_bodies[] = {"ball", "ant", "quadruped", "humanoid", "pointmass"};
static const char *const mutant_numbers[] = {
    "0", "-1", "1e30", "-1e30", "1e-30", "nan", "inf", "99999999999", "2147483647", "-2147483648", "4294967296", "1e308", "0.5", "", "a", "1 2 3 4",
};
static const char *const mutant_words[] = {
    "mesh", "plane", "hfield", "box", "ellipsoid", "cylinder", "free", "ball", "slide", "hinge", "true", "false", "RK4", "implicit", "PGS", "elliptic",
    "torso", "root", "imu", "world", "main", "degree", "radian", "auto", "cross", "checker", "2d", "cube",
};
static const char *const mutant_elements[] = {
    "<joint type=\"ball\"/>", "<freejoint/>", "<body><geom size=\"0.1\"/></body>", "<body mocap=\"true\"/>", "<geom type=\"plane\" size=\"1 1 1\"/>",
    "<geom type=\"mesh\" mesh=\"m\"/>", "<site name=\"imu\"/>", "<size njmax=\"2147483647\"/>", "<size nconmax=\"-1\" nstack=\"99999999999\"/>",
    "<option integrator=\"RK4\"/>", "<option timestep=\"nan\"/>", "<option solver=\"PGS\" iterations=\"1000000000\"/>",
    "<asset><texture name=\"t\" type=\"2d\" builtin=\"flat\" mark=\"cross\" width=\"99999999999\" height=\"10\"/></asset>",
    "<asset><texture name=\"t\" type=\"2d\" builtin=\"checker\" width=\"100000\" height=\"100000\"/></asset>",
    "<asset><hfield name=\"h\" nrow=\"100000\" ncol=\"100000\" size=\"1 1 1 1\"/></asset>",
    "<asset><mesh name=\"m\" vertex=\"0 0 0 1 0 0 0 1 0 0 0 nan\"/></asset>", "<include file=\"ant.xml\"/>", "<include file=\"/dev/zero\"/>",
    "<keyframe><key qpos=\"1 2 3\"/></keyframe>", "<equality><weld body1=\"torso\"/></equality>", "<tendon><spatial><site site=\"imu\"/></spatial></tendon>",
    "<sensor><accelerometer site=\"imu\"/></sensor>", "<custom><numeric name=\"control_step\" data=\"1e300\"/></custom>",
    "<custom><numeric name=\"control_step\" size=\"100000000\"/></custom>", "<contact><pair geom1=\"torso\" geom2=\"torso\"/></contact>",
    "<composite prefix=\"c\" type=\"grid\" count=\"100 100 100\" spacing=\"0.1\"><geom size=\"0.01\"/></composite>", "<default><geom size=\"nan\"/></default>",
    "<compiler angle=\"radian\"/>", "<actuator><motor joint=\"root\" gear=\"1e300\"/></actuator>", "<inertial pos=\"0 0 0\" mass=\"-1\" diaginertia=\"1 1 1\"/>",
};

#define MUTANT_ONE(stream, list) (list[gsl_rng_uniform_int(stream, sizeof list / sizeof *list)])

/* Put `text` in the place of `cut` bytes at `at`. */
static void mutant_replace(char *file, size_t at, size_t cut, const char *text, size_t length)
{
    size_t size = strlen(file);

    if (at > size || at + cut > size || size - cut + length >= MUTANT_MAX)
        return;
    memmove(file + at + length, file + at + cut, size - at - cut + 1);
    memcpy(file + at, text, length);
}

/* Somewhere after a random place where one of `marks` stands; the end when there is none. */
static size_t mutant_find(gsl_rng *stream, const char *file, const char *marks)
{
    size_t from = gsl_rng_uniform_int(stream, strlen(file) + 1);

    return from + strcspn(file + from, marks);
}

static void mutant_change(gsl_rng *stream, char *file)
{
    size_t size = strlen(file), at, length;
    char piece[512];

    if (size < 8)
        return;
    switch (gsl_rng_uniform_int(stream, 10)) {
    case 0:                                             /* a byte */
        file[gsl_rng_uniform_int(stream, size)] = (char)(1 + gsl_rng_uniform_int(stream, 255));
        break;
    case 1: case 2: case 3:                             /* a number */
        at = mutant_find(stream, file, "0123456789");
        length = strspn(file + at, "0123456789.-+e");
        strcpy(piece, MUTANT_ONE(stream, mutant_numbers));
        mutant_replace(file, at, length, piece, strlen(piece));
        break;
    case 4: case 5:                                     /* a value */
        at = mutant_find(stream, file, "\"");
        if (file[at] && file[at + 1]) {
            const char *word = MUTANT_ONE(stream, mutant_words);
            mutant_replace(file, at + 1, strcspn(file + at + 1, "\""), word, strlen(word));
        }
        break;
    case 6: case 7:                                     /* an element more */
        at = mutant_find(stream, file, ">");
        if (file[at]) {
            const char *element = MUTANT_ONE(stream, mutant_elements);
            mutant_replace(file, at + 1, 0, element, strlen(element));
        }
        break;
    case 8:                                             /* a piece twice, elsewhere */
        at = gsl_rng_uniform_int(stream, size);
        length = 1 + gsl_rng_uniform_int(stream, sizeof piece - 1);
        if (at + length <= size) {
            memcpy(piece, file + at, length);
            mutant_replace(file, gsl_rng_uniform_int(stream, size), 0, piece, length);
        }
        break;
    default:                                            /* a line less */
        at = mutant_find(stream, file, "\n");
        if (file[at])
            mutant_replace(file, at, 1 + strcspn(file + at + 1, "\n"), "", 0);
    }
}

/* Write the mutant of that seed into `file` (MUTANT_MAX bytes), from the bodies in `folder`. -1: there are none. */
__attribute__((unused)) static int mutant(const char *folder, uint64_t seed, char *file)
{
    gsl_rng *stream = bp_random_new();
    char path[512];

    if (!stream)
        return -1;
    bp_random_seek(stream, seed, BP_FOR_TEST, 0, 0);
    snprintf(path, sizeof path, "%s/%s.xml", folder, MUTANT_ONE(stream, mutant_bodies));
    FILE *source = fopen(path, "r");
    if (source) {
        file[fread(file, 1, MUTANT_MAX / 2, source)] = '\0';
        fclose(source);
        for (unsigned long changes = 1 + gsl_rng_uniform_int(stream, 4); changes > 0; changes--)
            mutant_change(stream, file);
    }
    gsl_rng_free(stream);
    return source ? 0 : -1;
}

#endif

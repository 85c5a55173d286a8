/* The hash of a whole stream in a file. */
#ifndef BP_TESTS_PACK_HASH_H
#define BP_TESTS_PACK_HASH_H

#include "store/pack.h"

static int pack_hash(const char *path, char hash[72])
{
    struct bp_pack_reader *reader = bp_pack_open(path);
    struct bp_record record;
    int status;

    if (!reader)
        return -1;
    bp_pack_reader_hash(reader, hash);
    while ((status = bp_pack_read(reader, &record)) > 0)
        bp_record_clear(&record);
    bp_pack_close(reader);
    return status;
}

#endif

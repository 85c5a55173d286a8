/*
 * The packed stream (bp-checkpoint(5)): gzip members, each one safetensors record when inflated, closed by an end record.
 * Each member has a fixed header whose extra field gives the member's length. The end record gives the number of records before
 * it and a rolling CRC-32 over their inflated bytes; streams may be joined with cat, so records may follow an end record.
 */
#ifndef BP_STORE_PACK_H
#define BP_STORE_PACK_H

#include "base/error.h"
#include "base/tensor.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* One record: text fields (safetensors' "__metadata__", a JSON object whose values are strings) and named tensors. */
struct bp_record {
    json_t *fields;                     /* owned */
    struct bp_tensor *tensors;          /* owned array; the data of a record that was read is owned by storage, else borrowed */
    size_t count;
    void *storage;                      /* owned; NULL in a record under construction */
    bool incomplete;                    /* memory ran out under construction: bp_pack_write reports it */
};

/* Start an empty record whose field "kind" says what it is ("checkpoint", "episode", ...; "end" is the writer's own). */
void bp_record_init(struct bp_record *record, const char *kind);
/* Free what the record owns; a zeroed or cleared record is fine. */
void bp_record_clear(struct bp_record *record);
/* Set a text field. Bytes that are not UTF-8 (a file's name in a command line may hold any) become '?'. */
void bp_record_text(struct bp_record *record, const char *key, const char *text);
void bp_record_format(struct bp_record *record, const char *key, const char *format, ...) BP_PRINTF(3, 4);
/*
 * Add a tensor, whose data must stay until the record is written. A record keeps its tensors by descending size of their
 * elements, else in the order of adding: so they stand in the file, each aligned, and so they are read.
 */
void bp_record_tensor(struct bp_record *record, const struct bp_tensor *tensor);
/* Value of a text field, or NULL. */
const char *bp_record_get(const struct bp_record *record, const char *key);
/* The named tensor with that dtype and count of elements; NULL after reporting that `where` is damaged. */
const struct bp_tensor *bp_record_need(const struct bp_record *record, const char *name, enum bp_dtype dtype, size_t count,
                                      const char *where);

struct bp_pack_writer;
struct bp_pack_reader;

/*
 * Write to a path (temporary name beside it, synced and renamed by commit) or to stdout for "-", which is refused when it is a
 * terminal. level is 0 (stored) to 9. NULL after reporting.
 */
struct bp_pack_writer *bp_pack_create(const char *path, int level) BP_WARN_UNUSED;
/* Would bp_pack_create do? To find out before hours of work, not after. Devices and FIFOs are not touched. 0, or -1 after reporting. */
int bp_pack_check(const char *path) BP_WARN_UNUSED;
int bp_pack_write(struct bp_pack_writer *writer, const struct bp_record *record) BP_WARN_UNUSED;
/* Write the end record, flush, sync, rename; frees the writer whatever happens. A failure leaves what stood at path untouched. */
int bp_pack_commit(struct bp_pack_writer *writer) BP_WARN_UNUSED;
/* Give up: remove the temporary file, free. NULL is fine. */
void bp_pack_abort(struct bp_pack_writer *writer);
/* Before the first record: ask for the stream's hash (see bp_pack_hash), which commit puts to `hash` (borrowed). */
void bp_pack_writer_hash(struct bp_pack_writer *writer, char hash[72]);
/* Unlink the temporary files of all open writers. Safe in a signal's handler, right before _exit. */
void bp_pack_remove_temporaries(void);

/* Read from a path or from stdin for "-". NULL after reporting. An empty stream is damaged. */
struct bp_pack_reader *bp_pack_open(const char *path) BP_WARN_UNUSED;
/* 1: the next record, owned by the caller, in *record; 0: the stream ended properly; -1: reported, *record empty. */
int bp_pack_read(struct bp_pack_reader *reader, struct bp_record *record) BP_WARN_UNUSED;
void bp_pack_close(struct bp_pack_reader *reader);
/* How messages name the stream: its path, or "standard input". */
const char *bp_pack_name(const struct bp_pack_reader *reader);
/* How messages name the record that was read last: "easy.traj (record 4)"; changes with the next read. */
const char *bp_pack_where(const struct bp_pack_reader *reader);
/* Before the first read: ask for the stream's hash, which bp_pack_read puts to `hash` (borrowed) when it returns 0. */
void bp_pack_reader_hash(struct bp_pack_reader *reader, char hash[72]);

/*
 * The identity of a stream: SHA-256, in 64 hexadecimal digits, of all its inflated bytes, end record included. It is the same
 * for any level of compression, and `zcat FILE | sha256sum` prints it. Reads and checks the whole stream; 0, or -1 after reporting.
 */
int bp_pack_hash(const char *path, char hash[72]) BP_WARN_UNUSED;

/* Versions of the two libraries that deflate and inflate. */
const char *bp_pack_zlib_version(void);
const char *bp_pack_libdeflate_version(void);

#endif

/*
 * The packed stream (bp-checkpoint(5)): gzip members, each one safetensors record when inflated, closed by an end record.
 * Each member has a fixed header whose extra field gives the member's length. The end record gives the number of records before
 * it and a rolling CRC-32 over their inflated bytes; streams may be joined with cat, so records may follow an end record.
 */
#ifndef BP_STORE_PACK_H
#define BP_STORE_PACK_H

#include "store/record.h"

#include <stdint.h>

struct bp_pack_writer;
struct bp_pack_reader;

/* Whether a file begins as a packed stream does; nothing is reported. */
bool bp_pack_is_one(const char *path);

/*
 * Write to a path (temporary name beside it, synced and renamed by commit) or to stdout for "-", which is refused when it is a
 * terminal. level is 0 (stored) to 9. NULL after reporting.
 */
struct bp_pack_writer *bp_pack_create(const char *path, int level) BP_WARN_UNUSED;
/* Check that bp_pack_create would succeed, before hours of work. Devices and FIFOs are not touched. 0, or -1 after reporting. */
int bp_pack_check(const char *path) BP_WARN_UNUSED;
int bp_pack_write(struct bp_pack_writer *writer, const struct bp_record *record) BP_WARN_UNUSED;
/* Write the end record, flush, sync, rename; frees the writer whatever happens. A failure leaves the file at path untouched. */
int bp_pack_commit(struct bp_pack_writer *writer) BP_WARN_UNUSED;
/* Give up: remove the temporary file, free. NULL is fine. */
void bp_pack_abort(struct bp_pack_writer *writer);
/*
 * The identity of a stream, its hash: SHA-256, in 64 hexadecimal digits, of all its inflated bytes, end record included. It is the same for
 * any level of compression, and `zcat FILE | sha256sum` prints it. Before the first record: ask for it; commit writes it to `hash` (borrowed).
 */
void bp_pack_writer_hash(struct bp_pack_writer *writer, char hash[72]);

/* Read from a path or from stdin for "-". NULL after reporting. An empty stream is damaged. */
struct bp_pack_reader *bp_pack_open(const char *path) BP_WARN_UNUSED;
/* 1: the next record, owned by the caller, in *record; 0: the stream ended properly; -1: reported, *record empty. */
int bp_pack_read(struct bp_pack_reader *reader, struct bp_record *record) BP_WARN_UNUSED;
void bp_pack_close(struct bp_pack_reader *reader);
/* How messages name the stream: its path, or "standard input". */
const char *bp_pack_name(const struct bp_pack_reader *reader);
/* How messages name the record that was read last: "easy.traj (record 4)"; changes with the next read. */
const char *bp_pack_where(const struct bp_pack_reader *reader);
/* Before the first read: ask for the stream's hash, which bp_pack_read writes to `hash` (borrowed) when it returns 0. */
void bp_pack_reader_hash(struct bp_pack_reader *reader, char hash[72]);

/* Versions of the two libraries that deflate and inflate. */
const char *bp_pack_zlib_version(void);
const char *bp_pack_libdeflate_version(void);

#endif

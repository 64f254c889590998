/*
 * foreign_batch - records on their way into the store, several at a time.
 *
 * Each becomes one with what is there already: the earlier first time, the
 * later last one, the higher count.  What has waited or passed for too long is
 * not there.
 * Threads: confined.
 */
#ifndef MM_CTL_FOREIGN_BATCH_H
#define MM_CTL_FOREIGN_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/store.h"

struct foreign_batch;
struct mm_err;

#define FOREIGN_WAIT_MS 60000 /* for the disk: nobody's mail waits for it */

/* NULL: out of memory. */
struct foreign_batch *foreign_batch_new(
    struct mm_store *store, int64_t now, int64_t max_age, int64_t waiting_age);
void foreign_batch_free(struct foreign_batch *batch); /* NULL is fine */
/* A client's record, or a triplet's, which has a note if it waits.  key and
 * note are copied.  -1: *err. */
int foreign_batch_add(struct foreign_batch *batch, const char *key,
    const struct mm_record *record, bool client,
    const struct mm_store_note *note, struct mm_err *err);
/* What was added is in the store then. */
int foreign_batch_flush(struct foreign_batch *batch, struct mm_err *err);
/* How many records the store was given. */
uint64_t foreign_batch_written(const struct foreign_batch *batch);

/* Pure: what becomes of was when record comes. */
struct mm_record foreign_merge(const struct mm_record *was,
    const struct mm_record *record, bool client, int64_t now, int64_t max_age,
    int64_t waiting_age);

/* A record instead of whatever is there. */
int foreign_batch_mark(struct mm_store *store, const char *key,
    struct mm_record record, struct mm_err *err);

#endif

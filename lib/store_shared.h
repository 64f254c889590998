/*
 * store_shared - a store that tells other hosts what it learns, and asks what
 * they know before it makes a mail wait; by way of a Redis.
 *
 * The local store decides.  Only where that comes to a wait, see asks() of
 * struct mm_store_sharing, Redis is asked, for deadline_ms at the most; what
 * it knows is joined to the local records before the change() is run, and
 * stays in them.  What a change() writes is written to Redis behind its back:
 * by one thread, from a queue.  What is queued while Redis is gone is written
 * when it is back; of a long time the oldest is dropped, and is shared again
 * when it is next written here, or asked for and not found.
 *
 * After a few questions in a row that got no answer in time, or when the
 * connection is lost, nothing is asked any more until the thread, by itself,
 * has had an answer as fast as a mail would need it.  So a Redis that is gone
 * never makes a mail wait or refuses it: it only takes longer until the hosts
 * agree.
 *
 * In Redis a record is one key, with a time to live, of which the text is a
 * digest: PREFIX and 32 hexadecimal digits.  Only single keys are named in a
 * command.
 * Threads: shared.
 */
#ifndef MM_STORE_SHARED_H
#define MM_STORE_SHARED_H

#include "lib/redis.h"
#include "lib/store.h"

#define MM_SHARED_PREFIX_MAX 64 /* bytes */
#define MM_SHARED_PAUSE_MS 1000 /* what pause_ms is but in tests */

struct mm_shared_config {
	struct mm_redis_config redis;
	int64_t deadline_ms;
	int64_t pause_ms; /* until it is tried again, at first */
	const char *prefix;
	const char *secret; /* of the digests; "": none */
	/* Each time, by any thread: Redis works, or else why not.  May be
	 * NULL. */
	void (*news)(void *ctx, bool works, const char *why);
	void *ctx;
};

/*
 * Takes over local, also when it fails: NULL: *err.  config and what it points
 * to are borrowed for the life of the store.  That Redis is not there is no
 * failure.
 */
struct mm_store *mm_store_shared_new(struct mm_store *local,
    const struct mm_shared_config *config, const struct mm_clock *clock,
    struct mm_err *err);

struct mm_shared_stats {
	uint64_t works;	   /* 1: it may be asked */
	uint64_t asked;	   /* of which: */
	uint64_t found;	   /* others knew something */
	uint64_t missed;   /* they did not */
	uint64_t timeouts; /* no answer within the deadline */
	uint64_t errors;   /* the connection was lost */
	uint64_t garbage;  /* values that were no records */
	uint64_t skipped;  /* waits that were not asked about meanwhile */
	uint64_t queued;   /* records on their way, now */
	uint64_t written, dropped;
};
/* False: it is no such store. */
bool mm_store_shared_stats(
    const struct mm_store *store, struct mm_shared_stats *ret);

#endif

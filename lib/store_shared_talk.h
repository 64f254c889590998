/*
 * store_shared_talk - the insides of the line, for its own two files.
 *
 * store_shared_line.c  its thread, the breaker, who asks and who tells
 * store_shared_talk.c  what is said to Redis, and how its answers are read
 *
 * Threads: confined to the line's thread, but for what the lock guards.
 */
#ifndef MM_STORE_SHARED_TALK_H
#define MM_STORE_SHARED_TALK_H

#include <pthread.h>
#include <stdatomic.h>

#include "lib/store_shared_line.h"

#define MM_SHARED_QUEUE 10000 /* records on their way */

enum mm_shared_answer {
	MM_SHARED_UNANSWERED = 0,
	MM_SHARED_ANSWERED,
	MM_SHARED_BROKEN,
};

/* The thread owns it while it is queued or being answered; the last of asker
 * and thread frees it. */
struct mm_shared_ask {
	struct mm_shared_ask *next;
	struct mm_shared_question question; /* the thread's, until answered */
	pthread_cond_t answered;
	enum mm_shared_answer how;
	unsigned refs;
};

/* What the thread does next. */
enum mm_shared_turn {
	MM_SHARED_REST,
	MM_SHARED_OPEN,
	MM_SHARED_PROBE,
	MM_SHARED_TALK,
};

struct mm_shared_line {
	const struct mm_shared_config *config;
	const struct mm_clock *clock;
	pthread_t thread;
	atomic_bool works; /* the breaker: it may be asked */

	pthread_mutex_t lock; /* a leaf; guards these and all asks but theirs */
	pthread_cond_t work;
	struct mm_shared_ask *first, **end;
	struct mm_shared_news *queue; /* a ring */
	size_t head, queued;
	size_t taken;  /* of the oldest: they are being written */
	unsigned late; /* in a row */
	bool stop;
	int64_t last; /* monotonic: stopping, the queue has so long */
	int64_t due;  /* monotonic: when it is tried again */
	int64_t pause;
	int64_t since; /* monotonic: it works */

	struct mm_redis *redis; /* the thread's own; NULL: not connected */

	atomic_uint_fast64_t asked, found, missed, timeouts, errors, written,
	    dropped, garbage, skipped;
};

/* Is it there?  -1: *err; the connection is of no use. */
int mm_shared_ping(struct mm_shared_line *line, struct mm_err *err);
/* All these questions, and some of what is queued, which stays there when
 * that fails.  -1: *err; the connection is of no use. */
int mm_shared_batch(struct mm_shared_line *line, struct mm_shared_ask *asks,
    struct mm_err *err);

#endif

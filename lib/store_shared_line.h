/*
 * store_shared_line - the one connection to Redis and the thread that has it:
 * questions with a deadline, records in a queue, and the breaker.
 *
 * Threads: shared; one lock, a leaf.
 */
#ifndef MM_STORE_SHARED_LINE_H
#define MM_STORE_SHARED_LINE_H

#include "lib/store_shared.h"
#include "lib/store_shared_record.h"

struct mm_shared_line;

/* NULL: *err. */
struct mm_shared_line *mm_shared_line_new(const struct mm_shared_config *config,
    const struct mm_clock *clock, struct mm_err *err);
/* What is queued is written first, if that takes no second.  NULL is fine. */
void mm_shared_line_free(struct mm_shared_line *line);

/* What is told of a record. */
struct mm_shared_news {
	uint8_t name[MM_SHARED_NAME];
	struct mm_shared_rule rule;
	struct mm_record record; /* zeros: it is to be removed */
	int64_t now;
};
/* Never waits. */
void mm_shared_line_tell(
    struct mm_shared_line *line, const struct mm_shared_news *news);

/* What is asked, and what came of it. */
struct mm_shared_question {
	size_t n;
	uint8_t name[MM_STORE_KEYS][MM_SHARED_NAME];
	enum mm_store_share share[MM_STORE_KEYS];
	int64_t now;
	struct mm_record record[MM_STORE_KEYS]; /* zeros: nothing is known */
};
/* Is it worth asking? */
bool mm_shared_line_works(const struct mm_shared_line *line);
/* Counts one who would have asked. */
void mm_shared_line_skip(struct mm_shared_line *line);
/* True: the question has its answer. */
bool mm_shared_line_ask(
    struct mm_shared_line *line, struct mm_shared_question *question);

void mm_shared_line_stats(
    struct mm_shared_line *line, struct mm_shared_stats *ret);

#endif

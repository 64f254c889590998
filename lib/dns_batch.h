/*
 * dns_batch - a batch as the resolver sees it; for the files of dns alone.
 *
 * Between begin and finish an item is the resolver's: whatever thread has it
 * may use the fields below "answer".  The batch outlives its items.
 * Threads: shared; begin and finish lock the batch.
 */
#ifndef MM_DNS_BATCH_H
#define MM_DNS_BATCH_H

#include "lib/dns.h"

struct mm_breaker;

struct mm_batch_item {
	struct mm_batch *batch;
	struct mm_dns_question question;    /* its strings are in text */
	uint64_t hash;			    /* of name and type */
	const struct mm_dns_answer *answer; /* NULL: under way */

	struct mm_batch_item *link;
	struct mm_breaker *breaker; /* its zone's, or NULL */
	int64_t asked_us;
	char text[];
};

/* Notes a question as under way.  NULL: it is under way already or waits to
 * be drained, the batch is closed, or no memory. */
struct mm_batch_item *mm_batch_begin(
    struct mm_batch *batch, const struct mm_dns_question *question);
/*
 * Completes an item, which is gone afterwards; takes over the reference.
 * Returns the question that follows from the answer, begun; or NULL.
 */
struct mm_batch_item *mm_batch_finish(
    struct mm_batch_item *item, const struct mm_dns_answer *answer);
/* Nobody waits for this any more. */
bool mm_batch_closed(struct mm_batch *batch);

#endif

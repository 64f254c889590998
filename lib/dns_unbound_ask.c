/* dns_unbound_ask - see dns_unbound.h: what a session's own thread does. */
#include "lib/dns_unbound.h"

#include <errno.h>
#include <unistd.h>

#include "lib/clock.h"

#define AT_A_TIME 16

void
mm_unbound_count(struct mm_unbound *u, enum mm_unbound_count what)
{
	atomic_fetch_add_explicit(&u->counts[what], 1, memory_order_relaxed);
}

void
mm_unbound_add_counts(struct mm_unbound *u, const unsigned counts[MM_COUNTS])
{
	for (size_t i = 0; i < MM_COUNTS; i++) {
		if (counts[i] > 0)
			atomic_fetch_add_explicit(
			    &u->counts[i], counts[i], memory_order_relaxed);
	}
}

void
mm_unbound_wake(struct mm_unbound *u)
{
	uint64_t one = 1;

	while (write(u->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		continue;
}

void
mm_unbound_push(struct mm_unbound *u, struct mm_items *items)
{
	bool was_empty;

	if (items->head == NULL)
		return;
	pthread_mutex_lock(&u->lock);
	was_empty = u->queue.head == NULL;
	*u->queue.tail = items->head;
	u->queue.tail = items->tail;
	pthread_mutex_unlock(&u->lock);
	if (was_empty)
		mm_unbound_wake(u);
}

/*
 * Names that strangers choose may belong to servers that never answer.  They
 * must not crowd out the lists, which have breakers.
 */
static size_t
limit_for(struct mm_unbound *u, const struct mm_dns_question *q)
{
	size_t max = atomic_load(&u->in_flight_max);

	return q->zone != NULL ? max : max - max / 4;
}

/* A reference, or NULL: it has to be asked. */
static const struct mm_dns_answer *
at_once(struct mm_unbound *u, struct mm_batch_item *item, int64_t now,
    unsigned counts[MM_COUNTS])
{
	const struct mm_dns_question *q = &item->question;
	const struct mm_dns_answer *answer;

	counts[MM_COUNT_ASKED]++;
	answer = mm_dns_cache_get(u->cache, item->hash, q->name, q->type, now);
	if (answer != NULL) {
		counts[MM_COUNT_CACHED]++;
		return answer;
	}
	if (q->zone != NULL)
		item->breaker = mm_breakers_find(u->breakers, q->zone);
	if (item->breaker != NULL && mm_breaker_open(item->breaker)) {
		counts[MM_COUNT_SKIPPED]++;
		return mm_dns_answer_retry(MM_DNS_OPEN);
	}
	if (atomic_fetch_add(&u->in_flight, 1) >= limit_for(u, q)) {
		atomic_fetch_sub(&u->in_flight, 1);
		counts[MM_COUNT_REFUSED]++;
		return mm_dns_answer_retry(MM_DNS_FULL);
	}
	return NULL;
}

void
mm_unbound_settle(struct mm_unbound *u, struct mm_batch_item *item,
    int64_t now_us, struct mm_items *later, unsigned counts[MM_COUNTS])
{
	while (item != NULL) {
		const struct mm_dns_answer *answer =
		    at_once(u, item, now_us, counts);

		if (answer == NULL) {
			item->asked_us = now_us;
			*later->tail = item;
			later->tail = &item->link;
			return;
		}
		item = mm_batch_finish(item, answer);
	}
}

void
mm_unbound_ask(struct mm_dns *dns, struct mm_batch *batch,
    const struct mm_dns_question *questions, size_t n)
{
	struct mm_unbound *u = mm_unbound_of(dns);
	struct mm_items later = {NULL, &later.head};
	int64_t now = mm_clock_mono(u->clock);
	unsigned counts[MM_COUNTS] = {0};

	while (n > 0) {
		size_t some = n < AT_A_TIME ? n : AT_A_TIME;
		struct mm_batch_item *items[AT_A_TIME];

		/* all on their way from memory before the first is read */
		for (size_t i = 0; i < some; i++) {
			items[i] = mm_batch_begin(batch, &questions[i]);
			if (items[i] != NULL)
				mm_dns_cache_expect(u->cache, items[i]->hash);
		}
		for (size_t i = 0; i < some; i++)
			mm_unbound_settle(u, items[i], now, &later, counts);
		questions += some;
		n -= some;
	}
	mm_unbound_add_counts(u, counts);
	mm_unbound_push(u, &later);
}

/*
 * dns_breaker - see dns_breaker.h.
 *
 * Session threads find a breaker without a lock: the chains only ever grow at
 * their heads, and what is in them never moves.
 */
#include "lib/dns_breaker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHAINS 64
#define FAILURES 5
#define PAUSE_GROWTH 10 /* the longest pause in units of the first one */

struct mm_breaker {
	struct mm_breaker *chained; /* immutable */
	atomic_bool open;
	/* the resolver's */
	unsigned failures, timeouts, bogus; /* in a row */
	int64_t pause_us, probe_us;
	struct mm_breaker *next_open;
	struct mm_breakers *all;
	char zone[];
};
struct mm_breakers {
	int64_t pause_us;
	pthread_mutex_t growing; /* a leaf; held to put a new one in */
	_Atomic(struct mm_breaker *) chains[CHAINS];
	struct mm_breaker *open; /* the resolver's */
};

struct mm_breakers *
mm_breakers_new(int64_t pause_us)
{
	struct mm_breakers *all = calloc(1, sizeof(*all));

	if (all == NULL)
		return NULL;
	all->pause_us = pause_us;
	pthread_mutex_init(&all->growing, NULL);
	for (size_t i = 0; i < CHAINS; i++)
		atomic_init(&all->chains[i], NULL);
	return all;
}

void
mm_breakers_free(struct mm_breakers *all)
{
	if (all == NULL)
		return;
	for (size_t i = 0; i < CHAINS; i++) {
		struct mm_breaker *b = atomic_load(&all->chains[i]), *next;

		for (; b != NULL; b = next) {
			next = b->chained;
			free(b);
		}
	}
	pthread_mutex_destroy(&all->growing);
	free(all);
}

static struct mm_breaker *
find(_Atomic(struct mm_breaker *) *chain, const char *zone)
{
	struct mm_breaker *b;

	b = atomic_load_explicit(chain, memory_order_acquire);
	while (b != NULL && strcmp(b->zone, zone) != 0)
		b = b->chained;
	return b;
}

static struct mm_breaker *
add(struct mm_breakers *all, _Atomic(struct mm_breaker *) *chain,
    const char *zone)
{
	size_t size = strlen(zone) + 1;
	struct mm_breaker *b = calloc(1, sizeof(*b) + size);

	if (b == NULL)
		return NULL;
	b->all = all;
	b->chained = atomic_load(chain);
	atomic_init(&b->open, false);
	memcpy(b->zone, zone, size);
	atomic_store_explicit(chain, b, memory_order_release);
	return b;
}

struct mm_breaker *
mm_breakers_find(struct mm_breakers *all, const char *zone)
{
	_Atomic(struct mm_breaker *) *chain =
	    &all->chains[mm_dns_hash(zone, MM_DNS_A) % CHAINS];
	struct mm_breaker *b = find(chain, zone);

	if (b != NULL)
		return b;
	pthread_mutex_lock(&all->growing);
	if ((b = find(chain, zone)) == NULL)
		b = add(all, chain, zone);
	pthread_mutex_unlock(&all->growing);
	return b;
}

bool
mm_breaker_open(const struct mm_breaker *breaker)
{
	struct mm_breaker *b = (struct mm_breaker *)breaker; /* C11 atomics */

	return atomic_load_explicit(&b->open, memory_order_relaxed);
}

const char *
mm_breaker_zone(const struct mm_breaker *breaker)
{
	return breaker->zone;
}

/* What they all were, if they were the same. */
static const char *
failures_of(const struct mm_breaker *b)
{
	if (b->timeouts == b->failures)
		return "5 time-outs in a row";
	if (b->bogus == b->failures)
		return "5 answers in a row without a valid DNSSEC signature, "
		       "as behind a forwarder that takes it off";
	return "5 failures in a row";
}

bool
mm_breaker_failed(struct mm_breaker *b, enum mm_dns_cause cause, int64_t now_us,
    const char **why)
{
	b->failures++;
	if (cause == MM_DNS_TIMEOUT)
		b->timeouts++;
	if (cause == MM_DNS_BOGUS)
		b->bogus++;
	if (b->failures < FAILURES || mm_breaker_open(b))
		return false;
	*why = failures_of(b);
	b->pause_us = b->all->pause_us;
	b->probe_us = now_us + b->pause_us;
	b->next_open = b->all->open;
	b->all->open = b;
	atomic_store_explicit(&b->open, true, memory_order_relaxed);
	return true;
}

bool
mm_breaker_worked(struct mm_breaker *b)
{
	struct mm_breaker **at = &b->all->open;

	b->failures = b->timeouts = b->bogus = 0;
	if (!mm_breaker_open(b))
		return false;
	while (*at != b)
		at = &(*at)->next_open;
	*at = b->next_open;
	atomic_store_explicit(&b->open, false, memory_order_relaxed);
	return true;
}

int64_t
mm_breakers_due(const struct mm_breakers *all)
{
	int64_t due = INT64_MAX;

	for (const struct mm_breaker *b = all->open; b != NULL;
	     b = b->next_open) {
		if (b->probe_us < due)
			due = b->probe_us;
	}
	return due;
}

struct mm_breaker *
mm_breakers_probe(
    struct mm_breakers *all, int64_t now_us, char name[MM_DNS_NAME_MAX])
{
	unsigned host = (unsigned)(now_us / 1000);
	struct mm_breaker *b = all->open;

	while (b != NULL && b->probe_us > now_us)
		b = b->next_open;
	if (b == NULL)
		return NULL;
	b->pause_us *= 2;
	if (b->pause_us > PAUSE_GROWTH * all->pause_us)
		b->pause_us = PAUSE_GROWTH * all->pause_us;
	b->probe_us = now_us + b->pause_us;
	/* within 127.0.0.0/8, where RFC 5782 5 has a list's test entries */
	snprintf(name, MM_DNS_NAME_MAX, "2.%u.%u.127.%s", host & 0xff,
	    host >> 8 & 0xff, b->zone);
	return b;
}

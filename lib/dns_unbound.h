/*
 * dns_unbound - libunbound behind dns.h, as its own files share it.
 *
 * Four files: dns_unbound.c is the resolver's life, dns_unbound_ask.c what a
 * session's thread does, dns_unbound_thread.c what the resolver's own does
 * with questions and answers, and dns_unbound_ctx.c turns a configuration
 * into a context of the library.
 * Threads: shared, as each part of the struct says.
 */
#ifndef MM_DNS_UNBOUND_H
#define MM_DNS_UNBOUND_H

#include <pthread.h>
#include <stdatomic.h>

#include "lib/dns_breaker.h"
#include "lib/dns_cache.h"
#include "lib/dns_flight.h"

struct event;
struct event_base;
struct ub_ctx;

enum mm_unbound_count {
	MM_COUNT_ASKED,
	MM_COUNT_CACHED,
	MM_COUNT_JOINED,
	MM_COUNT_SENT,
	MM_COUNT_SKIPPED,
	MM_COUNT_REFUSED,
	MM_COUNT_BOGUS,
	MM_COUNT_SERVFAIL,
	MM_COUNT_TIMEOUTS,
	MM_COUNTS,
};

/* Items linked by "link", in order. */
struct mm_items {
	struct mm_batch_item *head, **tail;
};

struct mm_unbound {
	struct mm_dns dns;

	/* immutable, or shared objects of their own */
	const struct mm_clock *clock;
	struct mm_dns_watch watch;
	struct mm_dns_cache *cache;
	struct mm_breakers *breakers;
	int wake_fd;
	pthread_t thread;

	atomic_uint_fast64_t counts[MM_COUNTS];
	/* questions that wait, and given-up ones that the library has still */
	atomic_size_t in_flight;
	atomic_size_t in_flight_max;
	atomic_bool doubted; /* asked whether it lives, and not woken since */

	pthread_mutex_t lock; /* a leaf; guards the next five */
	pthread_cond_t obeyed;
	struct mm_items queue;
	struct mm_unbound_order *order; /* the caller's, until obeyed */
	bool leave;

	/* the thread's */
	struct event_base *base;
	struct event *wake, *timer;
	int64_t timer_us;   /* when it fires; INT64_MAX: it does not */
	struct ub_ctx *ctx; /* touched by no one else */
	bool deaf;	    /* a context is being deleted: not its answers */
	char *servers;	    /* what ctx was made from */
	int64_t deadline_us;
	struct mm_flight flight;
};

struct mm_unbound_order {
	const struct mm_dns_config *config;
	struct mm_err *err;
	int rc;
	bool done;
};

static inline struct mm_unbound *
mm_unbound_of(struct mm_dns *dns)
{
	return (struct mm_unbound *)dns; /* its first member */
}

/* Any thread's. */

void mm_unbound_ask(struct mm_dns *dns, struct mm_batch *batch,
    const struct mm_dns_question *questions, size_t n);
/*
 * Answers what can be answered at once, what follows from that included;
 * what has to be asked is put into later.
 */
void mm_unbound_settle(struct mm_unbound *u, struct mm_batch_item *item,
    int64_t now_us, struct mm_items *later, unsigned counts[MM_COUNTS]);
void mm_unbound_count(struct mm_unbound *u, enum mm_unbound_count what);
void mm_unbound_add_counts(
    struct mm_unbound *u, const unsigned counts[MM_COUNTS]);
/* Hands items to the thread. */
void mm_unbound_push(struct mm_unbound *u, struct mm_items *items);
/* Makes the thread look at its queue and its orders. */
void mm_unbound_wake(struct mm_unbound *u);

/* The thread's. */

/* Asks, joins or completes what an item is about. */
void mm_unbound_launch(struct mm_unbound *u, struct mm_batch_item *item);
/* Does what is due, and sets the timer for what comes next. */
void mm_unbound_tick(struct mm_unbound *u);
/* Follows an order; -1 with *err: nothing has changed. */
int mm_unbound_obey(struct mm_unbound *u, const struct mm_dns_config *config,
    struct mm_err *err);
/* Ends everything that is out. */
void mm_unbound_drop(struct mm_unbound *u);

/* A context that has read all of its configuration.  NULL: *err. */
struct ub_ctx *mm_unbound_ctx_new(const struct mm_dns_config *config,
    struct event_base *base, struct mm_err *err);
/* What contexts are made from, as text; equal texts make equal contexts.  The
 * caller frees it.  NULL: out of memory. */
char *mm_unbound_ctx_text(const struct mm_dns_config *config);

#endif

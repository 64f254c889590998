/* dns_unbound - see dns.h and dns_unbound.h. */
#include "lib/dns_unbound.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unbound.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/err.h"

#define PER_WAKE 64 /* more at a time gain nothing and cost memory */
#define BREAKER_MS 30000

/* Up to max items off the queue.  True: there are more. */
static bool
take(struct mm_unbound *u, size_t max, struct mm_items *items)
{
	struct mm_batch_item **at;
	bool more;

	pthread_mutex_lock(&u->lock);
	items->head = u->queue.head;
	for (at = &items->head; *at != NULL && max > 0; max--)
		at = &(*at)->link;
	u->queue.head = *at;
	more = *at != NULL;
	if (!more)
		u->queue.tail = &u->queue.head;
	*at = NULL;
	pthread_mutex_unlock(&u->lock);
	return more;
}

/* True: it is time to leave. */
static bool
heed(struct mm_unbound *u)
{
	struct mm_unbound_order *order;
	bool leave;

	pthread_mutex_lock(&u->lock);
	order = u->order;
	leave = u->leave;
	pthread_mutex_unlock(&u->lock);
	if (order == NULL)
		return leave;

	order->rc = mm_unbound_obey(u, order->config, order->err);
	pthread_mutex_lock(&u->lock);
	order->done = true;
	u->order = NULL;
	pthread_cond_broadcast(&u->obeyed);
	pthread_mutex_unlock(&u->lock);
	return leave;
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct mm_unbound *u = arg;
	struct mm_batch_item *item, *next;
	struct mm_items items;
	uint64_t n;

	(void)what;
	/* first read, then look: what comes after this wakes us again */
	if (read(fd, &n, sizeof(n)) < 0)
		return;
	atomic_store(&u->doubted, false);
	if (heed(u)) {
		event_base_loopbreak(u->base);
		return;
	}
	if (take(u, PER_WAKE, &items))
		mm_unbound_wake(u);
	for (item = items.head; item != NULL; item = next) {
		next = item->link;
		mm_unbound_launch(u, item);
	}
	mm_unbound_tick(u);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct mm_unbound *u = arg;

	(void)fd;
	(void)what;
	u->timer_us = INT64_MAX;
	mm_unbound_tick(u);
}

/* Whatever is asked still, and whatever follows from that, ends now. */
static void
end_queue(struct mm_unbound *u)
{
	const struct mm_dns_answer *answer = mm_dns_answer_retry(MM_DNS_LOCAL);
	struct mm_batch_item *item, *next;
	struct mm_items items;

	for (;;) {
		take(u, SIZE_MAX, &items);
		if (items.head == NULL)
			return;
		for (item = items.head; item != NULL; item = next) {
			next = item->link;
			while (item != NULL)
				item = mm_batch_finish(item, answer);
		}
	}
}

static void *
run(void *arg)
{
	struct mm_unbound *u = arg;

	event_base_dispatch(u->base);
	mm_unbound_drop(u);
	end_queue(u);
	return NULL;
}

static int
unbound_reconfigure(
    struct mm_dns *dns, const struct mm_dns_config *config, struct mm_err *err)
{
	struct mm_unbound *u = mm_unbound_of(dns);
	struct mm_unbound_order order = {.config = config, .err = err};

	pthread_mutex_lock(&u->lock);
	while (u->order != NULL)
		pthread_cond_wait(&u->obeyed, &u->lock);
	u->order = &order;
	mm_unbound_wake(u);
	while (!order.done)
		pthread_cond_wait(&u->obeyed, &u->lock);
	pthread_mutex_unlock(&u->lock);
	return order.rc;
}

static void
unbound_stats(struct mm_dns *dns, struct mm_dns_stats *ret)
{
	struct mm_unbound *u = mm_unbound_of(dns);
	uint64_t counts[MM_COUNTS];

	for (size_t i = 0; i < MM_COUNTS; i++)
		counts[i] =
		    atomic_load_explicit(&u->counts[i], memory_order_relaxed);
	*ret = (struct mm_dns_stats){
	    .asked = counts[MM_COUNT_ASKED],
	    .cached = counts[MM_COUNT_CACHED],
	    .joined = counts[MM_COUNT_JOINED],
	    .sent = counts[MM_COUNT_SENT],
	    .skipped = counts[MM_COUNT_SKIPPED],
	    .refused = counts[MM_COUNT_REFUSED],
	    .bogus = counts[MM_COUNT_BOGUS],
	    .servfail = counts[MM_COUNT_SERVFAIL],
	    .timeouts = counts[MM_COUNT_TIMEOUTS],
	    .in_flight = atomic_load(&u->in_flight),
	    .entries = mm_dns_cache_count(u->cache),
	};
}

static bool
unbound_lives(struct mm_dns *dns)
{
	struct mm_unbound *u = mm_unbound_of(dns);
	bool doubted = atomic_exchange(&u->doubted, true);

	mm_unbound_wake(u);
	return !doubted;
}

/* What of it there is: the thread does not run. */
static void
free_parts(struct mm_unbound *u)
{
	if (u->timer != NULL)
		event_free(u->timer);
	if (u->wake != NULL)
		event_free(u->wake);
	if (u->base != NULL)
		event_base_free(u->base);
	if (u->wake_fd >= 0)
		close(u->wake_fd);
	mm_dns_cache_free(u->cache);
	mm_breakers_free(u->breakers);
	free(u->servers);
	pthread_cond_destroy(&u->obeyed);
	pthread_mutex_destroy(&u->lock);
	free(u);
}

static void
unbound_free(struct mm_dns *dns)
{
	struct mm_unbound *u = mm_unbound_of(dns);

	pthread_mutex_lock(&u->lock);
	u->leave = true;
	pthread_mutex_unlock(&u->lock);
	mm_unbound_wake(u);
	pthread_join(u->thread, NULL);
	free_parts(u);
}

/* Signals are for other threads. */
static int
start_thread(struct mm_unbound *u, struct mm_err *err)
{
	sigset_t all, was;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &was);
	rc = pthread_create(&u->thread, NULL, run, u);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	if (rc != 0)
		return mm_err_set(
		    err, "cannot start a thread: %s", strerror(rc));
	pthread_setname_np(u->thread, "mm-resolver");
	return 0;
}

/* All parts but the context and the thread. */
static int
make_parts(struct mm_unbound *u, const struct mm_dns_config *config,
    struct mm_err *err)
{
	int64_t pause_ms =
	    config->breaker_ms > 0 ? config->breaker_ms : BREAKER_MS;

	u->cache = mm_dns_cache_new(config->cache_entries);
	u->breakers = mm_breakers_new(pause_ms * 1000);
	u->servers = mm_unbound_ctx_text(config);
	if (u->cache == NULL || u->breakers == NULL || u->servers == NULL)
		return mm_err_set(err, "out of memory");
	u->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (u->wake_fd < 0)
		return mm_err_set(err, "eventfd: %s", strerror(errno));
	if ((u->base = event_base_new()) == NULL)
		return mm_err_set(err, "libevent: cannot create a loop");
	u->wake =
	    event_new(u->base, u->wake_fd, EV_READ | EV_PERSIST, on_wake, u);
	u->timer = evtimer_new(u->base, on_timer, u);
	if (u->wake == NULL || u->timer == NULL ||
	    event_add(u->wake, NULL) != 0)
		return mm_err_set(err, "libevent: cannot add events");
	return 0;
}

static const struct mm_dns_ops unbound_ops = {
    .ask = mm_unbound_ask,
    .reconfigure = unbound_reconfigure,
    .stats = unbound_stats,
    .lives = unbound_lives,
    .free = unbound_free,
};

struct mm_dns *
mm_dns_unbound_new(const struct mm_dns_config *config,
    const struct mm_clock *clock, const struct mm_dns_watch *watch,
    struct mm_err *err)
{
	struct mm_unbound *u = calloc(1, sizeof(*u));

	if (u == NULL) {
		mm_err_set(err, "out of memory");
		return NULL;
	}
	u->dns.ops = &unbound_ops;
	u->clock = clock;
	if (watch != NULL)
		u->watch = *watch;
	u->wake_fd = -1;
	u->queue.tail = &u->queue.head;
	u->timer_us = INT64_MAX;
	u->deadline_us = config->deadline_ms * 1000;
	atomic_init(&u->in_flight_max, config->in_flight);
	pthread_mutex_init(&u->lock, NULL);
	pthread_cond_init(&u->obeyed, NULL);
	mm_flight_init(&u->flight);

	if (make_parts(u, config, err) != 0 ||
	    (u->ctx = mm_unbound_ctx_new(config, u->base, err)) == NULL)
		goto fail;
	if (start_thread(u, err) != 0) {
		ub_ctx_delete(u->ctx);
		goto fail;
	}
	return &u->dns;

fail:
	free_parts(u);
	return NULL;
}

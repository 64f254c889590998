/* policyd_pool - connections that are kept open; see policyd.h. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/policyd_socket.h"

/* More than this many callbacks rarely ask at once. */
#define IDLE_MAX 100
/* An endpoint that fails and works in turn fails, until it has worked for so
 * long. */
#define CALM_US (10 * INT64_C(1000000))

struct connection {
	int fd;
	unsigned requests;
	int64_t opened_us, used_us;
	int64_t max_idle_us, max_ttl_us; /* of who used it last */
	char *endpoint;
};

struct failing {
	char *endpoint;
	int64_t since_us; /* the last failure */
};

struct mm_policyd_pool {
	const struct mm_clock *clock;
	pthread_mutex_t lock; /* covers all below; a leaf */
	struct connection *idle[IDLE_MAX];
	size_t nidle; /* in the order of their last use */
	struct failing *failing;
	size_t nfailing;
};

struct mm_policyd_pool *
mm_policyd_pool_new(const struct mm_clock *clock)
{
	struct mm_policyd_pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	pool->clock = clock;
	pthread_mutex_init(&pool->lock, NULL);
	return pool;
}

static void
hang_up(struct connection *c)
{
	if (c == NULL)
		return;
	close(c->fd);
	free(c->endpoint);
	free(c);
}

void
mm_policyd_pool_free(struct mm_policyd_pool *pool)
{
	if (pool == NULL)
		return;
	for (size_t i = 0; i < pool->nidle; i++)
		hang_up(pool->idle[i]);
	for (size_t i = 0; i < pool->nfailing; i++)
		free(pool->failing[i].endpoint);
	free(pool->failing);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

static bool
expired(const struct connection *c, int64_t now)
{
	return now - c->used_us >= c->max_idle_us ||
	       now - c->opened_us >= c->max_ttl_us;
}

/* Takes the i-th one out; call locked. */
static struct connection *
take_out(struct mm_policyd_pool *pool, size_t i)
{
	struct connection *c = pool->idle[i];

	pool->nidle--;
	memmove(&pool->idle[i], &pool->idle[i + 1],
	    (pool->nidle - i) * sizeof(struct connection *));
	return c;
}

void
mm_policyd_pool_tend(struct mm_policyd_pool *pool)
{
	int64_t now = mm_clock_mono(pool->clock);

	pthread_mutex_lock(&pool->lock);
	for (size_t i = pool->nidle; i-- > 0;) {
		if (expired(pool->idle[i], now) ||
		    mm_stream_stale(pool->idle[i]->fd))
			hang_up(take_out(pool, i));
	}
	pthread_mutex_unlock(&pool->lock);
}

size_t
mm_policyd_pool_idle(struct mm_policyd_pool *pool)
{
	size_t n;

	pthread_mutex_lock(&pool->lock);
	n = pool->nidle;
	pthread_mutex_unlock(&pool->lock);
	return n;
}

/* The one used last that is still good; NULL: there is none. */
static struct connection *
reuse(struct mm_policyd_pool *pool, const struct mm_policyd *service)
{
	int64_t now = mm_clock_mono(pool->clock);
	struct connection *found = NULL;

	pthread_mutex_lock(&pool->lock);
	for (size_t i = pool->nidle; i-- > 0 && found == NULL;) {
		struct connection *c = pool->idle[i];

		if (strcmp(c->endpoint, service->endpoint) != 0)
			continue;
		found = take_out(pool, i);
		if (expired(c, now) || mm_stream_stale(c->fd)) {
			hang_up(found);
			found = NULL;
		}
	}
	pthread_mutex_unlock(&pool->lock);
	return found;
}

static struct connection *
open_new(struct mm_policyd_pool *pool, const struct mm_policyd *service,
    const struct mm_wait *wait, struct mm_err *err)
{
	const struct mm_peer peer = {
	    service->path, service->host, service->port};
	struct connection *c = calloc(1, sizeof(*c));

	if (c == NULL || (c->endpoint = strdup(service->endpoint)) == NULL) {
		free(c);
		mm_err_set(err, "out of memory");
		return NULL;
	}
	c->fd = mm_stream_connect(&peer, wait, err);
	if (c->fd < 0) {
		free(c->endpoint);
		free(c);
		return NULL;
	}
	c->opened_us = mm_clock_mono(pool->clock);
	return c;
}

/* For the next request, unless this was its last one. */
static void
keep(struct mm_policyd_pool *pool, const struct mm_policyd *service,
    struct connection *c)
{
	unsigned limit = service->params.request_limit;
	struct connection *oldest = NULL;

	c->used_us = mm_clock_mono(pool->clock);
	c->max_idle_us = service->params.max_idle * 1000;
	c->max_ttl_us = service->params.max_ttl * 1000;
	if (++c->requests >= limit && limit > 0) {
		hang_up(c);
		return;
	}
	pthread_mutex_lock(&pool->lock);
	if (pool->nidle == IDLE_MAX)
		oldest = take_out(pool, 0);
	pool->idle[pool->nidle++] = c;
	pthread_mutex_unlock(&pool->lock);
	hang_up(oldest);
}

static enum mm_policyd_talk
talk(struct mm_policyd_pool *pool, const struct mm_policyd *service,
    struct connection *c, const char *request, const struct mm_wait *wait,
    char **action, struct mm_err *err)
{
	enum mm_policyd_talk how =
	    mm_policyd_talk(c->fd, request, wait, action, err);

	if (how == MM_POLICYD_DONE)
		keep(pool, service, c);
	else
		hang_up(c);
	return how;
}

/*
 * One try.  A connection that was kept open and turns out to be closed is no
 * failure: the server may have gone its way just then.  Another one is used,
 * at last a new one.
 */
static char *
try(struct mm_policyd_pool *pool, const struct mm_policyd *service,
    const char *request, int64_t until_us, struct mm_err *err)
{
	int64_t mine =
	    mm_clock_mono(pool->clock) + service->params.timeout * 1000;
	const struct mm_wait wait = {
	    pool->clock, mine < until_us ? mine : until_us};
	enum mm_policyd_talk how = MM_POLICYD_CLOSED;
	char *action = NULL;
	struct connection *c;

	while (how == MM_POLICYD_CLOSED && (c = reuse(pool, service)) != NULL)
		how = talk(pool, service, c, request, &wait, &action, err);
	if (how == MM_POLICYD_CLOSED &&
	    (c = open_new(pool, service, &wait, err)) != NULL)
		talk(pool, service, c, request, &wait, &action, err);
	return action;
}

/* The endpoint's row, or where it would be; call locked. */
static size_t
find_failing(const struct mm_policyd_pool *pool, const char *endpoint)
{
	size_t i = 0;

	while (i < pool->nfailing &&
	       strcmp(pool->failing[i].endpoint, endpoint) != 0)
		i++;
	return i;
}

static bool
begins_to_fail(struct mm_policyd_pool *pool, const char *endpoint)
{
	struct failing *more =
	    reallocarray(pool->failing, pool->nfailing + 1, sizeof(*more));
	char *copy = more != NULL ? strdup(endpoint) : NULL;

	if (more != NULL)
		pool->failing = more;
	if (copy == NULL)
		return false;
	more[pool->nfailing++].endpoint = copy;
	return true;
}

/* Known to fail: no mail waits for a second try.  Each would block one more
 * callback of libmilter's, and the first try tells when it is back. */
static unsigned
tries(struct mm_policyd_pool *pool, const struct mm_policyd *service)
{
	bool failing;

	pthread_mutex_lock(&pool->lock);
	failing = find_failing(pool, service->endpoint) < pool->nfailing;
	pthread_mutex_unlock(&pool->lock);
	return failing ? 1 : service->params.try_limit;
}

char *
mm_policyd_ask(struct mm_policyd_pool *pool, const struct mm_policyd *service,
    const char *request, int64_t until_us, struct mm_err *err)
{
	int64_t delay = service->params.retry_delay * 1000;
	const struct timespec pause = {delay / 1000000, delay % 1000000 * 1000};
	unsigned limit = tries(pool, service);

	for (unsigned n = 1;; n++) {
		char *action = try(pool, service, request, until_us, err);

		if (action != NULL)
			return action;
		/* nothing would come of a try that has no time */
		if (n >= limit ||
		    mm_clock_mono(pool->clock) + delay >= until_us)
			break;
		nanosleep(&pause, NULL);
	}
	mm_err_in(err, "%s", service->endpoint);
	return NULL;
}

bool
mm_policyd_news(
    struct mm_policyd_pool *pool, const struct mm_policyd *service, bool fails)
{
	int64_t now = mm_clock_mono(pool->clock);
	bool news = false;
	size_t i;

	pthread_mutex_lock(&pool->lock);
	i = find_failing(pool, service->endpoint);
	if (fails) {
		if (i == pool->nfailing)
			news = begins_to_fail(pool, service->endpoint);
		if (i < pool->nfailing)
			pool->failing[i].since_us = now;
	} else if (i < pool->nfailing &&
		   now - pool->failing[i].since_us >= CALM_US) {
		free(pool->failing[i].endpoint);
		pool->failing[i] = pool->failing[--pool->nfailing];
		news = true;
	}
	pthread_mutex_unlock(&pool->lock);
	return news;
}

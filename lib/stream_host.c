/*
 * stream_host - the addresses of a host, not waited for beyond a point in
 * time.
 *
 * getaddrinfo(3) knows no such point: a name that is no address is looked up
 * by a thread of its own, which is left behind if it takes too long.
 */
#include "lib/stream.h"

#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/err.h"

struct search {
	char *host, *port;
	pthread_mutex_t lock; /* covers those below; a leaf */
	pthread_cond_t ended;
	bool over, left; /* nobody asks, nobody waits: the second one frees */
	int rc;
	struct addrinfo *found;
};

static void
search_free(struct search *s)
{
	if (s->found != NULL)
		freeaddrinfo(s->found);
	pthread_cond_destroy(&s->ended);
	pthread_mutex_destroy(&s->lock);
	free(s->host);
	free(s->port);
	free(s);
}

/* NULL: out of memory. */
static struct search *
search_new(const struct mm_peer *peer)
{
	struct search *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	pthread_mutex_init(&s->lock, NULL);
	mm_clock_cond_init(&s->ended);
	s->host = strdup(peer->host);
	s->port = strdup(peer->port);
	if (s->host != NULL && s->port != NULL)
		return s;
	search_free(s);
	return NULL;
}

static void *
look_up(void *arg)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct search *s = arg;
	struct addrinfo *found = NULL;
	int rc = getaddrinfo(s->host, s->port, &hints, &found);
	bool left;

	pthread_mutex_lock(&s->lock);
	s->rc = rc;
	s->found = rc == 0 ? found : NULL;
	s->over = true;
	left = s->left;
	pthread_cond_signal(&s->ended);
	pthread_mutex_unlock(&s->lock);
	if (left)
		search_free(s);
	return NULL;
}

/* 0, or an errno. */
static int
begin(struct search *s)
{
	pthread_attr_t attr;
	pthread_t thread;
	int rc;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	rc = pthread_create(&thread, &attr, look_up, s);
	pthread_attr_destroy(&attr);
	return rc;
}

/* False: it goes on without us. */
static bool
wait_for(struct search *s, const struct mm_wait *wait)
{
	int64_t left = wait->until_us - mm_clock_mono(wait->clock);
	struct timespec until;
	bool over;

	if (left < 0)
		left = 0;
	clock_gettime(CLOCK_MONOTONIC, &until);
	left += until.tv_nsec / 1000;
	until.tv_sec += left / 1000000;
	until.tv_nsec = left % 1000000 * 1000;
	pthread_mutex_lock(&s->lock);
	while (!s->over &&
	       pthread_cond_timedwait(&s->ended, &s->lock, &until) == 0)
		;
	over = s->over;
	s->left = !over;
	pthread_mutex_unlock(&s->lock);
	return over;
}

static int
find_name(const struct mm_peer *peer, const struct mm_wait *wait,
    struct addrinfo **ret, struct mm_err *err)
{
	struct search *s = search_new(peer);
	int rc;

	if (s == NULL)
		return mm_err_set(err, "out of memory");
	if ((rc = begin(s)) != 0) {
		search_free(s);
		return mm_err_set(err, "%s: %s", peer->host, strerror(rc));
	}
	if (!wait_for(s, wait))
		return mm_err_set(err, "%s: no address in time", peer->host);
	rc = s->rc;
	if (rc == 0) {
		*ret = s->found;
		s->found = NULL;
	}
	search_free(s);
	return rc == 0
		   ? 0
		   : mm_err_set(err, "%s: %s", peer->host, gai_strerror(rc));
}

int
mm_stream_host(const struct mm_peer *peer, const struct mm_wait *wait,
    struct addrinfo **ret, struct mm_err *err)
{
	const struct addrinfo hints = {
	    .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
	int rc = getaddrinfo(peer->host, peer->port, &hints, ret);

	if (rc == EAI_NONAME)
		return find_name(peer, wait, ret, err);
	return rc == 0
		   ? 0
		   : mm_err_set(err, "%s: %s", peer->host, gai_strerror(rc));
}

/* fakeredis - see fakeredis.h. */
#include "tests/unit/fakeredis.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS 64
#define WORDS 16
#define INPUT 65536
#define LOOK_MS 2

struct connection {
	struct fakeredis *fake;
	int fd;
	pthread_t thread;
	char in[INPUT];
	size_t len;
};

struct fakeredis {
	fakeredis_answer *answer;
	void *ctx;
	char port[8];
	int listener; /* the acceptor's, while it runs */
	atomic_bool stop, frozen;
	bool runs;
	pthread_t acceptor;
	pthread_mutex_t lock; /* around answer() */
	struct connection *connection[CONNECTIONS];
	size_t n;
};

/* "NUMBER CR LF" after a mark; NULL: it is not there yet. */
static char *
number(char *at, char *end, char mark, size_t *ret)
{
	char *eol = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;

	if (eol == NULL)
		return NULL;
	assert(*at == mark);
	*ret = strtoul(at + 1, NULL, 10);
	return eol + 1;
}

/* The first whole command, cut into words; its length, or 0. */
static size_t
command(struct connection *c, size_t *argc, char *argv[WORDS])
{
	char *at = c->in, *end = c->in + c->len;

	if ((at = number(at, end, '*', argc)) == NULL)
		return 0;
	assert(*argc <= WORDS);
	for (size_t i = 0; i < *argc; i++) {
		size_t len;

		if ((at = number(at, end, '$', &len)) == NULL ||
		    (size_t)(end - at) < len + 2)
			return 0;
		argv[i] = at;
		at += len + 2;
	}
	for (size_t i = 0; i < *argc; i++)
		*strchr(argv[i], '\r') = '\0';
	return (size_t)(at - c->in);
}

static bool
send_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
reply(struct connection *c, size_t argc, char *argv[WORDS])
{
	struct fakeredis *fake = c->fake;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	bool stays;

	assert(out != NULL);
	pthread_mutex_lock(&fake->lock);
	stays = fake->answer(fake->ctx, argc, argv, out);
	pthread_mutex_unlock(&fake->lock);
	fclose(out);
	stays = send_all(c->fd, text, len) && stays;
	free(text);
	return stays;
}

static bool
readable(const struct fakeredis *fake, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, LOOK_MS) > 0 && !atomic_load(&fake->frozen);
}

static void *
serve(void *arg)
{
	struct connection *c = arg;
	char *argv[WORDS];
	size_t argc, used;
	ssize_t n;

	while (!atomic_load(&c->fake->stop)) {
		if (!readable(c->fake, c->fd)) {
			/* what is frozen looks ready all the time */
			poll(NULL, 0, LOOK_MS);
			continue;
		}
		n = recv(c->fd, c->in + c->len, INPUT - c->len, 0);
		if (n <= 0)
			break;
		c->len += (size_t)n;
		while ((used = command(c, &argc, argv)) > 0) {
			if (!reply(c, argc, argv))
				goto out;
			c->len -= used;
			memmove(c->in, c->in + used, c->len);
		}
	}
out:
	shutdown(c->fd, SHUT_RDWR);
	return NULL;
}

static void *
accept_all(void *arg)
{
	struct fakeredis *fake = arg;
	const int on = 1;

	while (!atomic_load(&fake->stop)) {
		struct connection *c;
		int fd;

		if (!readable(fake, fake->listener)) {
			poll(NULL, 0, LOOK_MS);
			continue;
		}
		fd = accept(fake->listener, NULL, NULL);
		c = calloc(1, sizeof(*c));
		assert(fd >= 0 && c != NULL && fake->n < CONNECTIONS);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		c->fake = fake;
		c->fd = fd;
		fake->connection[fake->n++] = c;
		assert(pthread_create(&c->thread, NULL, serve, c) == 0);
	}
	return NULL;
}

void
fakeredis_come_back(struct fakeredis *fake)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t len = sizeof(in);
	const int on = 1;
	int rc;

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = htons((uint16_t)strtoul(fake->port, NULL, 10));
	fake->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fake->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	rc = bind(fake->listener, (struct sockaddr *)&in, sizeof(in));
	assert(rc == 0);
	rc = listen(fake->listener, CONNECTIONS);
	assert(rc == 0);
	if (*fake->port == '\0') { /* it keeps the one that it got at first */
		getsockname(fake->listener, (struct sockaddr *)&in, &len);
		snprintf(
		    fake->port, sizeof(fake->port), "%u", ntohs(in.sin_port));
	}
	atomic_store(&fake->stop, false);
	rc = pthread_create(&fake->acceptor, NULL, accept_all, fake);
	assert(rc == 0);
	fake->runs = true;
}

void
fakeredis_go(struct fakeredis *fake)
{
	atomic_store(&fake->stop, true);
	pthread_join(fake->acceptor, NULL);
	for (size_t i = 0; i < fake->n; i++) {
		pthread_join(fake->connection[i]->thread, NULL);
		close(fake->connection[i]->fd);
		free(fake->connection[i]);
	}
	fake->n = 0;
	close(fake->listener);
	fake->runs = false;
}

struct fakeredis *
fakeredis_start(fakeredis_answer *answer, void *ctx)
{
	struct fakeredis *fake = calloc(1, sizeof(*fake));

	assert(fake != NULL);
	fake->answer = answer;
	fake->ctx = ctx;
	pthread_mutex_init(&fake->lock, NULL);
	fakeredis_come_back(fake);
	return fake;
}

void
fakeredis_stop(struct fakeredis *fake)
{
	if (fake->runs)
		fakeredis_go(fake);
	pthread_mutex_destroy(&fake->lock);
	free(fake);
}

const char *
fakeredis_port(const struct fakeredis *fake)
{
	return fake->port;
}

void
fakeredis_freeze(struct fakeredis *fake, bool frozen)
{
	atomic_store(&fake->frozen, frozen);
}

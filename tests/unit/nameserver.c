/* nameserver - see nameserver.h. */
#include "tests/unit/nameserver.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/dns_wire.h"

struct asked {
	STAILQ_ENTRY(asked) link;
	unsigned type;
	char name[MM_DNS_NAME_MAX];
};
struct reply {
	STAILQ_ENTRY(reply) link;
	int64_t due;
	struct sockaddr_in to;
	struct packet packet;
};
struct nameserver {
	bool (*answer)(const char *name, unsigned type, struct packet *ret);
	int fd, stop_fd;
	char address[64];
	pthread_t thread;
	pthread_mutex_t lock; /* guards the next three */
	int delay;
	bool silent;
	STAILQ_HEAD(, asked) asked;
	STAILQ_HEAD(, reply) replies; /* the thread's */
};

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Notes a question.  After how many ms to answer; -1: never. */
static int
note(struct nameserver *ns, const char *name, unsigned type)
{
	struct asked *a = calloc(1, sizeof(*a));
	int delay;

	if (a == NULL)
		abort();
	a->type = type;
	snprintf(a->name, sizeof(a->name), "%s", name);
	pthread_mutex_lock(&ns->lock);
	STAILQ_INSERT_TAIL(&ns->asked, a, link);
	delay = ns->silent ? -1 : ns->delay;
	pthread_mutex_unlock(&ns->lock);
	return delay;
}

static void
on_question(struct nameserver *ns, const uint8_t *data, size_t len,
    const struct sockaddr_in *from)
{
	struct mm_dns_packet p = {.data = data, .len = len};
	char name[MM_DNS_NAME_MAX] = "";
	struct reply *reply;
	unsigned type;
	size_t at = 12;
	int delay;

	if (len < 12 || !mm_dns_wire_read(&p, &at, &p.question) ||
	    !mm_dns_wire_text(&p.question, name) || len - at < 4)
		abort();
	type = mm_get16(data + at);
	delay = note(ns, name, type);
	if ((reply = calloc(1, sizeof(*reply))) == NULL)
		abort();
	if (delay < 0 || !ns->answer(name, type, &reply->packet)) {
		free(reply);
		return;
	}
	memcpy(reply->packet.data, data, 2);
	reply->to = *from;
	reply->due = now_ms() + delay;
	STAILQ_INSERT_TAIL(&ns->replies, reply, link);
}

/* Sends what is due.  The time until the next, as poll(2) wants it. */
static int
send_due(struct nameserver *ns)
{
	struct reply *reply;

	while ((reply = STAILQ_FIRST(&ns->replies)) != NULL) {
		int64_t left = reply->due - now_ms();

		if (left > 0)
			return (int)left;
		sendto(ns->fd, reply->packet.data, reply->packet.len, 0,
		    (struct sockaddr *)&reply->to, sizeof(reply->to));
		STAILQ_REMOVE_HEAD(&ns->replies, link);
		free(reply);
	}
	return -1;
}

static void *
run(void *arg)
{
	struct nameserver *ns = arg;
	struct pollfd fds[] = {
	    {.fd = ns->fd, .events = POLLIN},
	    {.fd = ns->stop_fd, .events = POLLIN},
	};
	struct sockaddr_in from;
	socklen_t fromlen;
	uint8_t data[2048];
	ssize_t len;

	while (poll(fds, 2, send_due(ns)) >= 0 && fds[1].revents == 0) {
		if (fds[0].revents == 0)
			continue;
		fromlen = sizeof(from);
		len = recvfrom(ns->fd, data, sizeof(data), 0,
		    (struct sockaddr *)&from, &fromlen);
		if (len >= 0)
			on_question(ns, data, (size_t)len, &from);
	}
	return NULL;
}

struct nameserver *
nameserver_start(const char *address, unsigned port,
    bool (*answer)(const char *name, unsigned type, struct packet *ret))
{
	struct nameserver *ns = calloc(1, sizeof(*ns));
	struct sockaddr_in sin = {
	    .sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	socklen_t len = sizeof(sin);

	if (ns == NULL || inet_pton(AF_INET, address, &sin.sin_addr) != 1)
		abort();
	ns->answer = answer;
	STAILQ_INIT(&ns->asked);
	STAILQ_INIT(&ns->replies);
	pthread_mutex_init(&ns->lock, NULL);
	ns->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ns->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (ns->fd < 0 || ns->stop_fd < 0 ||
	    bind(ns->fd, (struct sockaddr *)&sin, sizeof(sin)) != 0 ||
	    getsockname(ns->fd, (struct sockaddr *)&sin, &len) != 0 ||
	    pthread_create(&ns->thread, NULL, run, ns) != 0) {
		close(ns->fd);
		close(ns->stop_fd);
		free(ns);
		return NULL;
	}
	snprintf(ns->address, sizeof(ns->address), "%s@%u", address,
	    ntohs(sin.sin_port));
	return ns;
}

void
nameserver_stop(struct nameserver *ns)
{
	struct asked *asked;
	struct reply *reply;

	if (eventfd_write(ns->stop_fd, 1) != 0)
		abort();
	pthread_join(ns->thread, NULL);
	close(ns->fd);
	close(ns->stop_fd);
	while ((asked = STAILQ_FIRST(&ns->asked)) != NULL) {
		STAILQ_REMOVE_HEAD(&ns->asked, link);
		free(asked);
	}
	while ((reply = STAILQ_FIRST(&ns->replies)) != NULL) {
		STAILQ_REMOVE_HEAD(&ns->replies, link);
		free(reply);
	}
	pthread_mutex_destroy(&ns->lock);
	free(ns);
}

const char *
nameserver_address(const struct nameserver *ns)
{
	return ns->address;
}

void
nameserver_delay(struct nameserver *ns, int ms)
{
	pthread_mutex_lock(&ns->lock);
	ns->delay = ms;
	pthread_mutex_unlock(&ns->lock);
}

void
nameserver_silence(struct nameserver *ns, bool silent)
{
	pthread_mutex_lock(&ns->lock);
	ns->silent = silent;
	pthread_mutex_unlock(&ns->lock);
}

unsigned
nameserver_asked(struct nameserver *ns, const char *name, unsigned type)
{
	const struct asked *a;
	unsigned n = 0;

	pthread_mutex_lock(&ns->lock);
	STAILQ_FOREACH(a, &ns->asked, link)
	n += type == 0 || (a->type == type && strcmp(a->name, name) == 0);
	pthread_mutex_unlock(&ns->lock);
	return n;
}

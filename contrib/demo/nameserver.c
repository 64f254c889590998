/* nameserver - see nameserver.h. */
#include "contrib/demo/nameserver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/dns.h"
#include "tests/world.h"

#define HEADER 12
#define TTL 300

struct nameserver {
	const struct world *world;
	int fd;
	uint16_t port;
	pthread_t thread;
};

struct packet {
	uint8_t data[1232];
	size_t len;
};

static void
put(struct packet *p, const void *data, size_t len)
{
	if (len <= sizeof(p->data) - p->len) {
		memcpy(p->data + p->len, data, len);
		p->len += len;
	}
}

static void
put16(struct packet *p, unsigned n)
{
	put(p, (uint8_t[]){(uint8_t)(n >> 8), (uint8_t)n}, 2);
}

static void
put_name(struct packet *p, const char *name)
{
	while (*name != '\0' && strcmp(name, ".") != 0) {
		size_t len = strcspn(name, ".");

		put(p, (uint8_t[]){(uint8_t)len}, 1);
		put(p, name, len);
		name += len + (name[len] == '.');
	}
	put(p, "", 1);
}

/* Owner, type, class, TTL; room for the length, which end_record fills. */
static size_t
begin_record(struct packet *p, unsigned owner, unsigned type)
{
	put16(p, 0xc000 | owner);
	put16(p, type);
	put16(p, 1);
	put16(p, 0);
	put16(p, TTL);
	put16(p, 0);
	return p->len;
}

static void
end_record(struct packet *p, size_t at)
{
	p->data[at - 2] = (uint8_t)((p->len - at) >> 8);
	p->data[at - 1] = (uint8_t)(p->len - at);
}

static void
put_record(struct packet *p, enum mm_dns_type type, const struct mm_dns_rr *rr)
{
	size_t at = begin_record(p, HEADER, type), len = strlen(rr->text);

	switch (type) {
	case MM_DNS_A:
		put(p, rr->address, 4);
		break;
	case MM_DNS_AAAA:
		put(p, rr->address, 16);
		break;
	case MM_DNS_TXT:
		put(p, (uint8_t[]){(uint8_t)len}, 1);
		put(p, rr->text, len);
		break;
	case MM_DNS_MX:
		put16(p, rr->preference);
		/* fall through */
	default:
		put_name(p, rr->text);
	}
	end_record(p, at);
}

/* So that "nothing" may be kept: the root's SOA (RFC 2308 3). */
static void
put_soa(struct packet *p, unsigned root)
{
	size_t at = begin_record(p, root, 6);

	put_name(p, "ns.example");
	put_name(p, "hostmaster.example");
	for (int i = 0; i < 5; i++) {
		put16(p, 0);
		put16(p, TTL);
	}
	end_record(p, at);
}

/* The question's name, and where it ends; 0: not a question. */
static size_t
read_name(const struct packet *p, char name[MM_DNS_NAME_MAX])
{
	size_t at = HEADER, n = 0;

	while (at < p->len && p->data[at] != 0) {
		size_t len = p->data[at++];

		if (len > 63 || at + len > p->len ||
		    n + len + 2 > MM_DNS_NAME_MAX)
			return 0;
		memcpy(name + n, p->data + at, len);
		n += len;
		at += len;
		name[n++] = '.';
	}
	if (n == 0) /* the root */
		name[n++] = '.';
	else
		n--; /* the last dot */
	name[n] = '\0';
	return at + 5 <= p->len ? at + 1 : 0;
}

/* Turns the question into its answer.  False: there is none. */
static bool
reply(const struct nameserver *ns, struct packet *p)
{
	char name[MM_DNS_NAME_MAX];
	const struct mm_dns_answer *a;
	enum mm_dns_type type;
	size_t end;

	if (p->len < HEADER || (end = read_name(p, name)) == 0)
		return false;
	type = (enum mm_dns_type)(p->data[end] << 8 | p->data[end + 1]);
	a = world_answer(ns->world, name, type);
	p->len = end + 4;
	p->data[2] = 0x84 | (p->data[2] & 1); /* a reply, with authority */
	p->data[3] = a->status == MM_DNS_RETRY ? 2 : 0; /* SERVFAIL */
	memset(p->data + 6, 0, 6);
	p->data[7] = (uint8_t)a->n;
	for (size_t i = 0; i < a->n; i++)
		put_record(p, type, &a->rr[i]);
	if (a->n == 0) {
		p->data[9] = 1;
		put_soa(p, (unsigned)end - 1);
	}
	mm_dns_answer_unref(a);
	return true;
}

static void *
serve(void *arg)
{
	struct nameserver *ns = arg;

	for (;;) {
		struct sockaddr_in from;
		socklen_t size = sizeof(from);
		struct packet p;
		ssize_t got = recvfrom(ns->fd, p.data, sizeof(p.data), 0,
		    (struct sockaddr *)&from, &size);

		if (got <= 0) /* shut down */
			return NULL;
		p.len = (size_t)got;
		if (reply(ns, &p))
			sendto(ns->fd, p.data, p.len, 0,
			    (struct sockaddr *)&from, size);
	}
}

struct nameserver *
nameserver_start(const struct world *world)
{
	struct sockaddr_in in = {
	    .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct nameserver *ns = calloc(1, sizeof(*ns));
	socklen_t size = sizeof(in);

	if (ns == NULL)
		return NULL;
	ns->world = world;
	ns->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (ns->fd < 0 || bind(ns->fd, (struct sockaddr *)&in, size) != 0 ||
	    getsockname(ns->fd, (struct sockaddr *)&in, &size) != 0)
		goto fail;
	ns->port = ntohs(in.sin_port);
	if ((errno = pthread_create(&ns->thread, NULL, serve, ns)) != 0)
		goto fail;
	return ns;

fail:
	if (ns->fd >= 0)
		close(ns->fd);
	free(ns);
	return NULL;
}

uint16_t
nameserver_port(const struct nameserver *ns)
{
	return ns->port;
}

void
nameserver_stop(struct nameserver *ns)
{
	if (ns == NULL)
		return;
	shutdown(ns->fd, SHUT_RDWR);
	pthread_join(ns->thread, NULL);
	close(ns->fd);
	free(ns);
}

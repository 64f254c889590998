/*
 * slowdns - a fixed delay in front of a DNS server, and a list of who asked
 * what when.
 *
 *     slowdns [-d MS] -o LOG -u ADDR@PORT ADDR@PORT...
 *
 * Passes UDP questions on to the server of -u; each answer leaves MS after
 * its question came.  LOG gets a line "TIME LISTENER NAME TYPE" for each, with
 * monotonic microseconds and the place of the listener on the command line,
 * so that a question can be told from another client's by where it was sent.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LISTENERS 8
#define PACKET_MAX 4096
#define SLOTS 65536 /* one for every id: questions under way */

struct slot {
	struct sockaddr_in from;
	uint16_t id; /* the client's own, as in the packet */
	int socket;
	int64_t due;
	struct slot *later; /* in the queue of answers */
	uint8_t *answer;
	size_t len;
};

struct proxy {
	struct pollfd fds[LISTENERS + 1]; /* the last: to the server */
	nfds_t n;			  /* listeners */
	int64_t delay;
	FILE *log;
	struct slot *slots;
	uint16_t next;
	struct slot *first, **last; /* answers that wait, in order of arrival */
};

static void
fail(const char *what)
{
	fprintf(stderr, "slowdns: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* RFC 1035 4.1.2: the question as "NAME TYPE"; false: there is none. */
static bool
read_question(const uint8_t *packet, size_t len, char *buf, size_t size)
{
	size_t at = 12, n = 0;

	while (at < len && packet[at] != 0) {
		size_t label = packet[at++];

		if (label > 63 || label > len - at || n + label + 2 > size)
			return false;
		while (label-- > 0) {
			int c = packet[at++];

			buf[n++] = isgraph(c) ? (char)tolower(c) : '?';
		}
		buf[n++] = '.';
	}
	if (n == 0)
		buf[n++] = '.';
	if (at + 5 > len)
		return false;
	return snprintf(buf + n, size - n, " %u",
		   packet[at + 1] << 8 | packet[at + 2]) < (int)(size - n);
}

static void
take_question(struct proxy *p, nfds_t listener)
{
	struct slot *s = &p->slots[p->next];
	socklen_t socklen = sizeof(s->from);
	int64_t now = now_us();
	uint8_t packet[PACKET_MAX];
	char question[300];
	ssize_t len;

	if (s->answer != NULL)
		return; /* all are under way: it waits in the socket */
	len = recvfrom(p->fds[listener].fd, packet, sizeof(packet),
	    MSG_DONTWAIT, (struct sockaddr *)&s->from, &socklen);
	if (len < 12 ||
	    !read_question(packet, (size_t)len, question, sizeof(question)))
		return;
	fprintf(
	    p->log, "%" PRId64 " %u %s\n", now, (unsigned)listener, question);
	s->socket = p->fds[listener].fd;
	s->due = now + p->delay;
	memcpy(&s->id, packet, 2);
	packet[0] = (uint8_t)(p->next >> 8), packet[1] = (uint8_t)p->next;
	p->next++;
	send(p->fds[p->n].fd, packet, (size_t)len, MSG_DONTWAIT);
}

static void
take_answer(struct proxy *p)
{
	uint8_t packet[PACKET_MAX];
	ssize_t len = recv(p->fds[p->n].fd, packet, PACKET_MAX, MSG_DONTWAIT);
	struct slot *s;

	if (len < 12)
		return;
	s = &p->slots[packet[0] << 8 | packet[1]];
	if (s->socket == 0 || s->answer != NULL)
		return;
	if ((s->answer = malloc((size_t)len)) == NULL)
		fail("answer");
	memcpy(packet, &s->id, 2);
	memcpy(s->answer, packet, (size_t)len);
	s->len = (size_t)len;
	s->later = NULL;
	*p->last = s;
	p->last = &s->later;
}

static void
send_due(struct proxy *p)
{
	int64_t now = now_us();

	while (p->first != NULL && p->first->due <= now) {
		struct slot *s = p->first;

		if ((p->first = s->later) == NULL)
			p->last = &p->first;
		sendto(s->socket, s->answer, s->len, MSG_DONTWAIT,
		    (const struct sockaddr *)&s->from, sizeof(s->from));
		free(s->answer);
		s->answer = NULL;
		s->socket = 0;
	}
}

static void
serve(struct proxy *p)
{
	for (;;) {
		int64_t left = p->first ? p->first->due - now_us() : 1000000;
		struct timespec ts = {0};

		if (left > 0) {
			ts.tv_sec = left / 1000000;
			ts.tv_nsec = left % 1000000 * 1000;
		}
		if (ppoll(p->fds, p->n + 1, &ts, NULL) > 0) {
			for (nfds_t i = 0; i < p->n; i++)
				if (p->fds[i].revents)
					take_question(p, i);
			if (p->fds[p->n].revents)
				take_answer(p);
		}
		send_due(p);
		fflush(p->log);
	}
}

/* "ADDR@PORT", bound or connected. */
static int
open_socket(const char *text, bool server)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	char addr[INET_ADDRSTRLEN];
	const char *at = strchr(text, '@');
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int size = 4 << 20;

	errno = EINVAL;
	if (at == NULL || (size_t)(at - text) >= sizeof(addr))
		fail(text);
	snprintf(addr, sizeof(addr), "%.*s", (int)(at - text), text);
	if (inet_pton(AF_INET, addr, &sin.sin_addr) != 1)
		fail(text);
	sin.sin_port = htons((uint16_t)strtoul(at + 1, NULL, 10));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if ((server ? bind : connect)(
		fd, (const struct sockaddr *)&sin, sizeof(sin)) != 0)
		fail(text);
	return fd;
}

int
main(int argc, char **argv)
{
	struct proxy p = {.delay = 0};
	const char *upstream = NULL;
	int c;

	while ((c = getopt(argc, argv, "d:o:u:")) != -1) {
		if (c == 'd')
			p.delay = 1000 * strtoll(optarg, NULL, 10);
		else if (c == 'o')
			p.log = fopen(optarg, "we");
		else if (c == 'u')
			upstream = optarg;
	}
	if (p.log == NULL || upstream == NULL || optind >= argc ||
	    argc - optind > LISTENERS) {
		fprintf(stderr, "usage: slowdns [-d MS] -o LOG -u ADDR@PORT "
				"ADDR@PORT...\n");
		return 2;
	}
	while (optind < argc)
		p.fds[p.n++] = (struct pollfd){
		    open_socket(argv[optind++], true), POLLIN, 0};
	p.fds[p.n] = (struct pollfd){open_socket(upstream, false), POLLIN, 0};
	p.last = &p.first;
	if ((p.slots = calloc(SLOTS, sizeof(*p.slots))) == NULL)
		fail("slots");
	serve(&p);
}

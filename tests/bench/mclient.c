/*
 * mclient - an MTA's sessions with a milter, many at a time, measured.
 *
 * Every session is a connection of its own: negotiate, CONNECT, HELO, MAIL,
 * RCPT, QUIT, the next stage when the last is answered (closed loop).  It
 * prints one line of name=value: rates, and times in microseconds.
 */
#include "tests/bench/mclient.h"
#include "tests/bench/mproto.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libmilter/mfdef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct session {
	int fd; /* -1: none */
	enum mproto_stage stage;
	int64_t began, asked, due;
	struct session *later; /* in the queue of pauses */
	struct mproto proto;
	struct mproto_envelope envelope;
	char name[64], client[INET_ADDRSTRLEN], sender[256], recipient[256];
};

struct run {
	const struct options *opt;
	int epoll;
	uint64_t started, finished, goal; /* sessions of this phase */
	int64_t deadline;		  /* 0: by goal */
	bool hold;			  /* leave them open */
	uint64_t number;
	unsigned waiting;	       /* sessions without a connection */
	struct session *first, **last; /* paused, soonest first */
	struct times session, rcpt;
	uint64_t proceed, accept, tempfail, reject;
};

static int64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void
fail(const char *what)
{
	fprintf(stderr, "mclient: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* "user%@example.org": the number goes where the sign is. */
static void
fill(char *buf, size_t size, const char *pattern, uint64_t number)
{
	const char *sign = strchr(pattern, '%');

	if (sign == NULL)
		snprintf(buf, size, "%s", pattern);
	else
		snprintf(buf, size, "%.*s%" PRIu64 "%s", (int)(sign - pattern),
		    pattern, number, sign + 1);
}

static void
write_envelope(struct session *s, const struct options *o, uint64_t number)
{
	uint64_t who = o->naddresses != 0 ? number % o->naddresses : number;
	uint64_t what = o->nnumbers != 0 ? number % o->nnumbers : number;
	struct in_addr addr = {htonl(o->address + (uint32_t)who)};

	inet_ntop(AF_INET, &addr, s->client, sizeof(s->client));
	fill(s->name, sizeof(s->name), "client%.example.com", who);
	fill(s->sender, sizeof(s->sender), o->sender, what);
	fill(s->recipient, sizeof(s->recipient), o->recipient, what);
	s->envelope = (struct mproto_envelope){
	    .client_name = s->name,
	    .client_address = s->client,
	    .helo = s->name,
	    .sender = s->sender,
	    .recipient = s->recipient,
	};
}

/* A full backlog is waited for, like a socket that is not there yet. */
static bool
try_connect(struct run *r, struct session *s)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = s};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1)
		fail("socket");
	if (connect(fd, (const struct sockaddr *)&r->opt->socket,
		sizeof(r->opt->socket)) != 0) {
		if (errno != EAGAIN)
			fail(r->opt->socket.sun_path);
		close(fd);
		return false;
	}
	if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &ev) != 0)
		fail("epoll_ctl");
	s->fd = fd;
	return true;
}

static void
send_out(struct session *s)
{
	ssize_t n = send(s->fd, s->proto.out, s->proto.outlen, MSG_NOSIGNAL);

	if (n != (ssize_t)s->proto.outlen)
		fail("the milter does not take an event");
	s->proto.outlen = 0;
}

/* The client takes its time before HELO, MAIL and RCPT.  True: it does. */
static bool
linger(struct run *r, struct session *s)
{
	if (r->opt->pause == 0 || s->stage <= MPROTO_CONNECT)
		return false;
	s->due = now_us() + r->opt->pause;
	s->later = NULL;
	*r->last = s;
	r->last = &s->later;
	return true;
}

/* From s->stage on, until a reply is owed or the client takes its time. */
static void
advance(struct run *r, struct session *s)
{
	for (;;) {
		bool owed = mproto_put(&s->proto, s->stage, &s->envelope);

		if (s->stage == MPROTO_RCPT)
			s->asked = now_us();
		if (owed || r->opt->flush)
			send_out(s);
		if (owed)
			return;
		if (s->stage == MPROTO_RCPT) {
			errno = EPROTO;
			fail("RCPT is not answered");
		}
		s->stage++;
		if (linger(r, s))
			return;
	}
}

/* The next session of this slot, as far as the phase wants one. */
static void
start(struct run *r, struct session *s)
{
	s->fd = -1;
	if (r->deadline != 0 ? now_us() >= r->deadline : r->started >= r->goal)
		return;
	r->started++;
	mproto_reset(&s->proto);
	write_envelope(s, r->opt, r->number++);
	s->stage = MPROTO_NEGOTIATE;
	s->began = now_us();
	if (try_connect(r, s))
		advance(r, s);
	else
		r->waiting++;
}

static void
finish(struct run *r, struct session *s, char code)
{
	int64_t now = now_us();

	times_add(&r->session, now - s->began);
	times_add(&r->rcpt, now - s->asked);
	switch (code) {
	case SMFIR_CONTINUE:
		r->proceed++;
		break;
	case SMFIR_ACCEPT:
		r->accept++;
		break;
	case SMFIR_TEMPFAIL:
	case '4':
		r->tempfail++;
		break;
	default:
		r->reject++;
		break;
	}
	r->finished++;
	if (r->hold) {
		epoll_ctl(r->epoll, EPOLL_CTL_DEL, s->fd, NULL);
	} else {
		mproto_put_quit(&s->proto);
		send_out(s);
		close(s->fd);
	}
	start(r, s);
}

static void
on_readable(struct run *r, struct session *s)
{
	struct mproto *p = &s->proto;
	ssize_t n = recv(s->fd, p->in + p->inlen, sizeof(p->in) - p->inlen, 0);
	char code;
	int got;

	if (n <= 0) {
		if (n == 0)
			errno = ECONNRESET;
		fail("the milter hung up");
	}
	p->inlen += (size_t)n;
	while (s->fd != -1 && (got = mproto_get(p, &code)) != 0) {
		if (got < 0) {
			errno = EPROTO;
			fail("the milter's reply");
		}
		if (code == SMFIR_PROGRESS)
			continue;
		if (s->stage == MPROTO_RCPT ||
		    (s->stage != MPROTO_NEGOTIATE && code != SMFIR_CONTINUE)) {
			finish(r, s, code);
			return;
		}
		s->stage++;
		if (!linger(r, s))
			advance(r, s);
	}
}

/* Those whose pause is over, and those that found the backlog full. */
static void
resume(struct run *r, struct session *all)
{
	int64_t now = now_us();

	while (r->first != NULL && r->first->due <= now) {
		struct session *s = r->first;

		if ((r->first = s->later) == NULL)
			r->last = &r->first;
		advance(r, s);
	}
	for (unsigned i = 0; r->waiting != 0 && i < r->opt->active; i++) {
		struct session *s = &all[i];

		if (s->fd != -1 || s->stage != MPROTO_NEGOTIATE || !s->began)
			continue;
		if (!try_connect(r, s))
			break;
		r->waiting--;
		advance(r, s);
	}
}

/* How long epoll may sleep, in ms; pauses are kept to the millisecond. */
static int
patience(const struct run *r)
{
	int64_t left;

	if (r->waiting != 0)
		return 1;
	if (r->first == NULL)
		return 30000;
	left = r->first->due - now_us();
	return left <= 0 ? 0 : (int)((left + 999) / 1000);
}

/* Sessions until the goal or the time is reached and all are through. */
static void
phase(struct run *r, uint64_t goal, double seconds, bool hold)
{
	struct session *all = calloc(r->opt->active, sizeof(*all));
	struct epoll_event ev[64];

	if (all == NULL)
		fail("sessions");
	r->started = r->finished = 0;
	r->goal = goal;
	r->hold = hold;
	r->deadline = seconds > 0 ? now_us() + (int64_t)(seconds * 1000000) : 0;
	for (unsigned i = 0; i < r->opt->active; i++)
		start(r, &all[i]);
	while (r->finished < r->started) {
		int n = epoll_wait(r->epoll, ev, 64, patience(r));

		if (n == 0 && patience(r) == 30000) {
			errno = ETIMEDOUT;
			fail("the milter's reply");
		}
		for (int i = 0; i < n; i++)
			on_readable(r, ev[i].data.ptr);
		resume(r, all);
	}
	free(all);
}

/* Processor time of this client so far. */
static double
cpu_us(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return 1e6 * (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

/* Measuring begins anew: what the warm-up saw is forgotten. */
static void
forget(struct run *r)
{
	r->session.n = r->rcpt.n = 0;
	r->proceed = r->accept = r->tempfail = r->reject = 0;
}

static void
measure(struct run *r)
{
	const struct options *o = r->opt;
	int64_t begin, end;
	double cpu;

	phase(r, o->warm, 0, false);
	forget(r);
	phase(r, o->idle, 0, true);
	if (o->idle != 0)
		printf("idle=%u\n", o->idle);
	if (o->sessions == 0 && o->seconds <= 0) {
		char c;

		fflush(stdout);
		while (read(STDIN_FILENO, &c, 1) > 0)
			;
		return;
	}
	forget(r);
	begin = now_us();
	cpu = cpu_us();
	phase(r, o->sessions, o->seconds, false);
	end = now_us();
	cpu = cpu_us() - cpu;
	printf("sessions=%" PRIu64 " seconds=%.3f rate=%.0f", r->finished,
	    (double)(end - begin) / 1e6,
	    (double)r->finished * 1e6 / (double)(end - begin));
	times_print(&r->session, "session");
	times_print(&r->rcpt, "rcpt");
	printf(" continue=%" PRIu64 " accept=%" PRIu64 " tempfail=%" PRIu64
	       " reject=%" PRIu64 " ended=%" PRId64 " cpu=%.1f\n",
	    r->proceed, r->accept, r->tempfail, r->reject, end,
	    cpu / (double)(r->finished != 0 ? r->finished : 1));
}

/* Until somebody listens, or the time is over. */
static void
await_socket(const struct options *o)
{
	int64_t until = now_us() + (int64_t)(o->wait * 1000000);
	int rc;

	do {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		rc = connect(
		    fd, (const struct sockaddr *)&o->socket, sizeof(o->socket));
		close(fd);
		if (rc != 0)
			usleep(500);
	} while (rc != 0 && now_us() < until);
	if (rc != 0)
		fail(o->socket.sun_path);
}

int
main(int argc, char **argv)
{
	struct options opt;
	struct run run = {.opt = &opt};
	struct rlimit files;

	options_read(&opt, argc, argv);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (opt.wait > 0)
		await_socket(&opt);
	run.number = opt.base;
	run.last = &run.first;
	if ((run.epoll = epoll_create1(EPOLL_CLOEXEC)) == -1)
		fail("epoll");
	measure(&run);
	free(run.session.us);
	free(run.rcpt.us);
	close(run.epoll);
	return 0;
}

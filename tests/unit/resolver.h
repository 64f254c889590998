/*
 * resolver - a resolver to be tested, the server that it forwards to, and
 * sessions that ask it.
 *
 * Names that begin with "2." have an A and a TXT record; those below
 * fail.example.org get a SERVFAIL; all else does not exist.
 * Threads: confined; what is heard, atomics.
 */
#ifndef MM_TEST_RESOLVER_H
#define MM_TEST_RESOLVER_H

#include <stdatomic.h>

#include "lib/dns.h"
#include "tests/unit/nameserver.h"

#define ZONE "bl.example.org"
#define DEAD "dead.example.org"

/* What the watch has heard. */
struct heard {
	atomic_uint answered, timeouts, opened, closed, ended;
};

struct resolver {
	struct nameserver *ns;
	const char *forward[1];
	struct mm_dns_config config; /* to be changed before the start */
	struct heard heard;
	struct mm_dns *dns;
};

struct session {
	struct mm_batch *batch;
	struct mm_answers *answers;
};

/* A server and a configuration; then the resolver. */
void resolver_begin(struct resolver *w);
void resolver_start(struct resolver *w);
void resolver_end(struct resolver *w);
/* What the server answers, for further ones. */
bool resolver_answer(const char *name, unsigned type, struct packet *p);
/* The servers of DEAD say nothing. */
void resolver_dead(bool is);
struct mm_dns_stats resolver_stats(struct mm_dns *dns);
/* Asks for an A record in a session of its own.  cause may be NULL. */
enum mm_dns_status resolver_status(struct mm_dns *dns, const char *name,
    const char *zone, enum mm_dns_cause *cause);

void session_begin(struct session *s);
void session_end(struct session *s);
/* For an A record. */
void session_ask(
    struct mm_dns *dns, struct session *s, const char *name, const char *zone);
/* Waits, drains, looks, as a session does. */
const struct mm_dns_answer *session_await(struct session *s, const char *name);
const struct mm_dns_answer *session_await_type(
    struct session *s, const char *name, enum mm_dns_type type);

#endif

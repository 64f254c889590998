/*
 * policyd - a policy service: where it is and how it is asked, by Postfix's
 * policy delegation protocol (SMTPD_POLICY_README).
 *
 * A service is parsed once and is part of the policy snapshot.  Connections
 * are kept open in a pool, which is the whole process's and outlives
 * snapshots; they belong to an endpoint.  What a request says, and what
 * becomes of an action, is restrict's.
 * Threads: services are immutable; the pool is shared, with one leaf lock.
 */
#ifndef MM_POLICYD_H
#define MM_POLICYD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mm_clock;
struct mm_err;

/* What may be said for all services, and for each one; times in ms. */
struct mm_policyd_params {
	int64_t timeout, max_idle, max_ttl, retry_delay;
	unsigned request_limit; /* of one connection; 0: none */
	unsigned try_limit;
	const char *default_action, *policy_context;
};

struct mm_policyd {
	char *text;	/* as written: what it is known by */
	char *endpoint; /* "inet:127.0.0.1:10023", for people */
	char *path;	/* of a unix: socket; NULL: host and port */
	char *host, *port;
	struct mm_policyd_params params; /* its strings are its own */
};

/*
 * "unix:path", "inet:host:port", or "{ one of these, name=value ... }".  The
 * caller frees it.  NULL: *err.
 */
struct mm_policyd *mm_policyd_parse(const char *text,
    const struct mm_policyd_params *standard, struct mm_err *err);
void mm_policyd_free(struct mm_policyd *service); /* NULL is fine */

/* All services of a policy, each once.  Starts as zero. */
struct mm_policyds {
	struct mm_policyd **service;
	size_t n;
};
/* NULL: none is written so. */
const struct mm_policyd *mm_policyds_find(
    const struct mm_policyds *all, const char *text);
/* The one that is there, or a new one.  NULL: *err. */
const struct mm_policyd *mm_policyds_add(struct mm_policyds *all,
    const char *text, const struct mm_policyd_params *standard,
    struct mm_err *err);
void mm_policyds_clear(struct mm_policyds *all);

/*
 * Reads a reply as far as it has come: "name=value" lines up to an empty one,
 * of which the first "action" counts; other lines are passed over.  action is
 * in data, not terminated.
 */
enum mm_policyd_read {
	MM_POLICYD_MORE, /* it goes on */
	MM_POLICYD_WHOLE,
	MM_POLICYD_BAD, /* it is no reply, or has no action */
};
struct mm_policyd_reply {
	const char *action;
	size_t len;
	size_t used; /* bytes of data */
};
#define MM_POLICYD_REPLY_MAX 16384 /* bytes in all */
enum mm_policyd_read mm_policyd_read(
    const char *data, size_t len, struct mm_policyd_reply *ret);

/* Connections that are kept open, and which endpoints fail. */
struct mm_policyd_pool;

struct mm_policyd_pool *mm_policyd_pool_new(const struct mm_clock *clock);
void mm_policyd_pool_free(struct mm_policyd_pool *pool); /* NULL is fine */
/* Now and then: closes what has been idle, or open, too long. */
void mm_policyd_pool_tend(struct mm_policyd_pool *pool);
/* How many connections are kept. */
size_t mm_policyd_pool_idle(struct mm_policyd_pool *pool);

/*
 * Asks, blocking, not beyond until_us (monotonic): the action, which is the
 * caller's; NULL: *err says why there is none.
 */
char *mm_policyd_ask(struct mm_policyd_pool *pool,
    const struct mm_policyd *service, const char *request, int64_t until_us,
    struct mm_err *err);
/* Tells what came of an ask.  True: that is news of its endpoint, which
 * begins to fail or has ended to. */
bool mm_policyd_news(
    struct mm_policyd_pool *pool, const struct mm_policyd *service, bool fails);

#endif

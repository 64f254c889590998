/*
 * service - what all sessions share: the policy in force, the resolver, the
 * store, the lists, the counters, the log, and the limits.
 *
 * Threads: shared.  The policy is swapped under a leaf lock, the rest are
 * atomics or lock for themselves.
 */
#ifndef MM_MILTER_SERVICE_H
#define MM_MILTER_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "lib/greylist_foreign.h"
#include "lib/metrics.h"
#include "lib/session.h"
#include "lib/verdict.h"

struct logger;
struct mm_clock;
struct mm_delays;
struct mm_histogram;
struct mm_complaints;
struct mm_dns;
struct mm_err;
struct mm_lists;
struct mm_policy;
struct mm_policyd_pool;
struct mm_settings;
struct mm_store;
struct mm_verdicts;
struct service;

/* Things that go wrong and right again, each said once per change. */
enum trouble {
	TROUBLE_STORE,	  /* the greylist's store fails */
	TROUBLE_SHARED,	  /* other hosts cannot be asked */
	TROUBLE_SESSIONS, /* more sessions than the limit */
	TROUBLE_WAITERS,  /* more callbacks would wait than the limit */
	TROUBLE_CHANGES,  /* a message could not be changed as a table says */
	TROUBLE_MEMORY,	  /* a session could not be judged for lack of it */
	TROUBLE_TABLES,	  /* a remote table does not answer */
	NTROUBLES,
};

/*
 * policy is the first one in force, and its settings are those that stand
 * until a restart; it, logger and metrics are borrowed and outlive the
 * service.  descriptors: how many there are for sessions.  NULL: *err.
 */
struct service *service_new(struct mm_policy *policy, struct logger *logger,
    struct mm_metrics *metrics, size_t descriptors, struct mm_err *err);
/*
 * No more work is begun; waits until what is in flight has ended, at most so
 * long, then closes store and resolver.  What could not end in time keeps
 * them open: the process is about to end anyway.
 */
void service_stop(struct service *service, int wait_ms);
/* Only where no callback can come any more.  NULL is fine. */
void service_free(struct service *service);

/* The policy in force; the caller unrefs it. */
struct mm_policy *service_policy(struct service *service);
/*
 * Puts a policy in force for sessions that begin from now on; takes the
 * reference.  -1: *err; the resolver refuses its settings, and everything
 * stays as it was.
 */
int service_reload(
    struct service *service, struct mm_policy *policy, struct mm_err *err);
/* Now and then: opens a store that could not be opened at the time, closes
 * connections that nobody uses. */
void service_tend(struct service *service);

/* Is everybody at work on whom verdicts depend?  For one caller, who asks now
 * and then: whether they have moved since the last time. */
bool service_lives(struct service *service);

/* Around each callback.  False: the service stops, nothing is to be done. */
bool service_enter(struct service *service);
void service_leave(struct service *service);
/* Around a session.  admit: may it be judged?  Each is dismissed. */
bool service_admit(struct service *service);
void service_dismiss(struct service *service);
/* So near the end of the descriptors that a connection is better closed. */
bool service_full(struct service *service);
/* Around a verdict that may have to wait.  False: too many wait already. */
bool service_may_wait(
    struct service *service, const struct mm_settings *settings);
void service_waited(struct service *service);

/* Says when a trouble begins and when it has ended. */
void service_trouble(
    struct service *service, enum trouble which, bool is, const char *why);
bool service_troubled(const struct service *service, enum trouble which);
/* What such a trouble is and what it means for mail, as a line. */
void service_trouble_say(enum trouble which, FILE *out);

const struct mm_clock *service_clock(struct service *service);
struct mm_dns *service_dns(struct service *service);
struct mm_lists *service_lists(struct service *service);
struct mm_policyd_pool *service_policyds(struct service *service);
struct mm_store *service_store(struct service *service); /* NULL: none now */
/* What is in it of other programs' state. */
struct mm_foreign_imports service_imports(struct service *service);
struct mm_delays *service_delays(struct service *service);
struct logger *service_logger(struct service *service);
time_t service_started(const struct service *service);
time_t service_loaded(struct service *service); /* its policy */
void service_count(struct service *service, enum mm_metric which, int64_t by);
int64_t service_counted(struct service *service, enum mm_metric which);
/* What a restriction has decided, or warned of. */
void service_count_verdict(struct service *service, const char *reason,
    enum mm_stage stage, enum mm_verdict verdict);
const struct mm_verdicts *service_verdicts(const struct service *service);
/* Greylisted mail has passed after so many seconds. */
void service_count_wait(struct service *service, int64_t seconds);
void service_waits(struct service *service, struct mm_histogram *ret);
/* Short, and unlike any other session's. */
void service_session_id(struct service *service, char id[24]);

#endif

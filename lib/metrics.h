/*
 * metrics - counters of the whole process.
 *
 * One fixed table; names as they are printed.  Per-list numbers are in lists.
 * Threads: shared, atomics; the delays have a leaf lock.
 */
#ifndef MM_METRICS_H
#define MM_METRICS_H

#include <stddef.h>
#include <stdint.h>

enum mm_metric {
	MM_SESSIONS,	     /* opened */
	MM_SESSIONS_OPEN,    /* now */
	MM_SESSIONS_REFUSED, /* above the limit, let pass unjudged */
	MM_TRANSACTIONS,
	MM_ACCEPTS,
	MM_REJECTS,
	MM_DEFERS,
	MM_GREYLISTS,
	MM_DISCARDS,
	MM_QUARANTINES,
	MM_WARNINGS,
	MM_GREYLIST_NEW,   /* seen for the first time */
	MM_GREYLIST_EARLY, /* came back too soon */
	MM_GREYLIST_FLOODS,
	MM_GREYLIST_PASSED,
	MM_GREYLIST_FOLLOWED, /* came back in time */
	MM_GREYLIST_KNOWN,
	MM_GREYLIST_ALLOWED,  /* automatically, by client */
	MM_GREYLIST_RELEASES, /* by hand, as the next two */
	MM_GREYLIST_EXPECTS,
	MM_GREYLIST_GRANTS,
	MM_GREYLIST_EXEMPT, /* never asked */
	MM_STORE_ERRORS,    /* mail passed because the store did not answer */
	MM_DEADLINES,	    /* a RCPT waited to its deadline */
	MM_WAITERS,	    /* callbacks waiting now */
	MM_WAITERS_REFUSED, /* too many waited already */
	MM_POLICY_QUERIES,  /* policy services asked */
	MM_POLICY_FAILURES, /* and their default actions taken */
	MM_LOG_DROPPED,	    /* records */
	MM_RELOADS,
	MM_RELOADS_FAILED,
	MM_CHANGES_FAILED, /* of messages: the MTA does not let us */
	MM_OUT_OF_MEMORY,  /* walks cut short: the mail passed */
	MM_CLOCK_STEPS,	   /* the clock was set, by more than some seconds */
	MM_NMETRICS,
};

struct mm_histogram;
struct mm_metrics;

struct mm_metrics *mm_metrics_new(void);
void mm_metrics_free(struct mm_metrics *metrics);
void mm_metric_add(
    struct mm_metrics *metrics, enum mm_metric which, int64_t by);
int64_t mm_metric_get(const struct mm_metrics *metrics, enum mm_metric which);
const char *mm_metric_name(enum mm_metric which);
/* Mail has passed that the greylist had kept waiting so long. */
void mm_metrics_waited(struct mm_metrics *metrics, int64_t seconds);
void mm_metrics_waits(struct mm_metrics *metrics, struct mm_histogram *ret);

#endif

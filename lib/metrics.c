/* metrics - see metrics.h. */
#include "lib/metrics.h"

#include "lib/histogram.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Each counter on a cache line of its own: every callback counts. */
struct mm_metrics {
	struct {
		_Alignas(64) _Atomic int64_t n;
	} counter[MM_NMETRICS];
	pthread_mutex_t lock;
	struct mm_histogram waits;
};

static const char *const names[MM_NMETRICS] = {
    [MM_SESSIONS] = "sessions",
    [MM_SESSIONS_OPEN] = "sessions_open",
    [MM_SESSIONS_REFUSED] = "sessions_refused",
    [MM_TRANSACTIONS] = "transactions",
    [MM_ACCEPTS] = "accepts",
    [MM_REJECTS] = "rejects",
    [MM_DEFERS] = "defers",
    [MM_GREYLISTS] = "greylists",
    [MM_DISCARDS] = "discards",
    [MM_QUARANTINES] = "quarantines",
    [MM_WARNINGS] = "warnings",
    [MM_GREYLIST_NEW] = "greylist_new",
    [MM_GREYLIST_EARLY] = "greylist_early",
    [MM_GREYLIST_FLOODS] = "greylist_floods",
    [MM_GREYLIST_PASSED] = "greylist_passed",
    [MM_GREYLIST_FOLLOWED] = "greylist_followed",
    [MM_GREYLIST_KNOWN] = "greylist_known",
    [MM_GREYLIST_ALLOWED] = "greylist_allowed",
    [MM_GREYLIST_RELEASES] = "greylist_released",
    [MM_GREYLIST_EXPECTS] = "greylist_expected",
    [MM_GREYLIST_GRANTS] = "greylist_granted",
    [MM_GREYLIST_EXEMPT] = "greylist_exempt",
    [MM_STORE_ERRORS] = "store_errors",
    [MM_DEADLINES] = "deadlines",
    [MM_WAITERS] = "waiters",
    [MM_WAITERS_REFUSED] = "waiters_refused",
    [MM_POLICY_QUERIES] = "policy_queries",
    [MM_POLICY_FAILURES] = "policy_failures",
    [MM_LOG_DROPPED] = "log_dropped",
    [MM_RELOADS] = "reloads",
    [MM_RELOADS_FAILED] = "reloads_failed",
    [MM_CHANGES_FAILED] = "changes_failed",
    [MM_OUT_OF_MEMORY] = "out_of_memory",
    [MM_CLOCK_STEPS] = "clock_steps",
};

struct mm_metrics *
mm_metrics_new(void)
{
	struct mm_metrics *metrics =
	    aligned_alloc(64, sizeof(struct mm_metrics));

	if (metrics == NULL)
		return NULL;
	for (size_t i = 0; i < MM_NMETRICS; i++)
		atomic_init(&metrics->counter[i].n, 0);
	metrics->waits = (struct mm_histogram){.bounds = &mm_histogram_waits};
	if (pthread_mutex_init(&metrics->lock, NULL) != 0) {
		free(metrics);
		return NULL;
	}
	return metrics;
}

void
mm_metrics_free(struct mm_metrics *metrics)
{
	if (metrics != NULL)
		pthread_mutex_destroy(&metrics->lock);
	free(metrics);
}

void
mm_metric_add(struct mm_metrics *metrics, enum mm_metric which, int64_t by)
{
	atomic_fetch_add_explicit(
	    &metrics->counter[which].n, by, memory_order_relaxed);
}

int64_t
mm_metric_get(const struct mm_metrics *metrics, enum mm_metric which)
{
	return atomic_load_explicit(
	    &metrics->counter[which].n, memory_order_relaxed);
}

const char *
mm_metric_name(enum mm_metric which)
{
	return names[which];
}

void
mm_metrics_waited(struct mm_metrics *metrics, int64_t seconds)
{
	pthread_mutex_lock(&metrics->lock);
	mm_histogram_add(&metrics->waits, seconds * 1000000);
	pthread_mutex_unlock(&metrics->lock);
}

void
mm_metrics_waits(struct mm_metrics *metrics, struct mm_histogram *ret)
{
	pthread_mutex_lock(&metrics->lock);
	*ret = metrics->waits;
	pthread_mutex_unlock(&metrics->lock);
}

/* metrics: counters from any thread, each with a name of its own. */
#include "lib/histogram.h"
#include "lib/metrics.h"
#include "tests/test.h"

#include <pthread.h>
#include <string.h>

static void *
count(void *arg)
{
	for (int i = 0; i < 10000; i++) {
		mm_metric_add(arg, MM_SESSIONS, 1);
		mm_metric_add(arg, MM_WAITERS, i % 2 == 0 ? 1 : -1);
	}
	return NULL;
}

static void
test_threads_lose_no_count(void **state)
{
	struct mm_metrics *metrics = mm_metrics_new();
	pthread_t threads[4];

	(void)state;
	assert_non_null(metrics);
	for (size_t i = 0; i < MM_COUNT(threads); i++)
		assert_int_equal(
		    0, pthread_create(&threads[i], NULL, count, metrics));
	for (size_t i = 0; i < MM_COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(40000, mm_metric_get(metrics, MM_SESSIONS));
	assert_int_equal(0, mm_metric_get(metrics, MM_WAITERS));
	assert_int_equal(0, mm_metric_get(metrics, MM_REJECTS));
	mm_metrics_free(metrics);
}

static void
test_names_are_there_and_differ(void **state)
{
	(void)state;
	for (enum mm_metric a = 0; a < MM_NMETRICS; a++) {
		assert_non_null(mm_metric_name(a));
		for (enum mm_metric b = 0; b < a; b++)
			assert_string_not_equal(
			    mm_metric_name(a), mm_metric_name(b));
	}
}

static void
test_waits_are_spread(void **state)
{
	struct mm_metrics *metrics = mm_metrics_new();
	struct mm_histogram waits;

	(void)state;
	assert_non_null(metrics);
	mm_metrics_waited(metrics, 60);
	mm_metrics_waited(metrics, 61);
	mm_metrics_waited(metrics, 1000000);
	mm_metrics_waits(metrics, &waits);
	assert_int_equal(60000000, waits.bounds->us[0]);
	assert_int_equal(1, waits.count[0]);
	assert_int_equal(1, waits.count[1]);
	assert_int_equal(1, waits.count[waits.bounds->n]);
	assert_int_equal(1000121, waits.sum_us / 1000000);
	mm_metrics_free(metrics);
	mm_metrics_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_threads_lose_no_count),
	    cmocka_unit_test(test_names_are_there_and_differ),
	    cmocka_unit_test(test_waits_are_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* dns: breakers open, are probed ever more rarely, and close. */
#include "lib/dns_breaker.h"
#include "tests/test.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define PAUSE INT64_C(30000000)
#define ZONE "bl.example.org"

/* Fails so often.  Did the last one open it? */
static bool
failures(struct mm_breaker *b, int times, enum mm_dns_cause cause, int64_t now,
    const char **why)
{
	bool changed = false;

	while (times-- > 0) {
		assert_false(changed);
		changed = mm_breaker_failed(b, cause, now, why);
	}
	return changed;
}

static void
test_opens_at_the_fifth_failure_in_a_row(void **state)
{
	struct mm_breakers *all = mm_breakers_new(PAUSE);
	struct mm_breaker *b = mm_breakers_find(all, ZONE);
	const char *why = NULL;

	(void)state;
	assert_false(failures(b, 4, MM_DNS_TIMEOUT, 0, &why));
	assert_false(mm_breaker_worked(b));
	assert_false(failures(b, 4, MM_DNS_TIMEOUT, 0, &why));
	assert_false(mm_breaker_open(b));
	assert_true(failures(b, 1, MM_DNS_TIMEOUT, 0, &why));
	assert_true(mm_breaker_open(b));
	assert_string_equal("5 time-outs in a row", why);
	assert_false(failures(b, 1, MM_DNS_TIMEOUT, 0, &why)); /* it is open */

	assert_true(mm_breaker_worked(b));
	assert_false(mm_breaker_open(b));
	assert_false(mm_breaker_worked(b));
	assert_false(failures(b, 4, MM_DNS_TIMEOUT, 0, &why));
	assert_true(failures(b, 1, MM_DNS_SERVFAIL, 0, &why));
	assert_string_equal("5 failures in a row", why);

	/* a forwarder that takes signatures off makes all lists look dead */
	assert_true(mm_breaker_worked(b));
	assert_true(failures(b, 5, MM_DNS_BOGUS, 0, &why));
	assert_string_equal("5 answers in a row without a valid DNSSEC "
			    "signature, as behind a forwarder that takes it "
			    "off",
	    why);
	assert_true(mm_breaker_worked(b));
	assert_false(failures(b, 4, MM_DNS_BOGUS, 0, &why));
	assert_true(failures(b, 1, MM_DNS_TIMEOUT, 0, &why));
	assert_string_equal("5 failures in a row", why);
	mm_breakers_free(all);
	mm_breakers_free(NULL);
}

static void
test_probes_come_at_growing_intervals(void **state)
{
	static const int64_t pauses[] = {30, 60, 120, 240, 300, 300};
	struct mm_breakers *all = mm_breakers_new(PAUSE);
	struct mm_breaker *b = mm_breakers_find(all, ZONE);
	char name[MM_DNS_NAME_MAX], before[MM_DNS_NAME_MAX] = "";
	const char *why;
	int64_t now = 12345;

	(void)state;
	assert_true(mm_breakers_due(all) == INT64_MAX);
	assert_null(mm_breakers_probe(all, now, name));
	failures(b, 5, MM_DNS_TIMEOUT, now, &why);
	for (size_t i = 0; i < MM_COUNT(pauses); i++) {
		now += pauses[i] * 1000000;
		assert_true(mm_breakers_due(all) == now);
		assert_null(mm_breakers_probe(all, now - 1, name));
		assert_ptr_equal(b, mm_breakers_probe(all, now, name));
		assert_null(mm_breakers_probe(all, now, name));
		/* below the zone, and never the same */
		assert_string_equal(
		    ".127." ZONE, name + strlen(name) - strlen(".127." ZONE));
		assert_string_not_equal(before, name);
		memcpy(before, name, sizeof(before));
	}
	mm_breaker_worked(b);
	assert_true(mm_breakers_due(all) == INT64_MAX);
	/* the next time it starts from the beginning */
	failures(b, 5, MM_DNS_TIMEOUT, now, &why);
	assert_true(mm_breakers_due(all) == now + PAUSE);
	mm_breakers_free(all);
}

static void
test_each_zone_has_its_own(void **state)
{
	struct mm_breakers *all = mm_breakers_new(PAUSE);
	struct mm_breaker *breakers[200];
	char name[MM_DNS_NAME_MAX], zone[32];
	const char *why;

	(void)state;
	for (size_t i = 0; i < MM_COUNT(breakers); i++) {
		snprintf(zone, sizeof(zone), "bl%zu.example.org", i);
		breakers[i] = mm_breakers_find(all, zone);
		assert_string_equal(zone, mm_breaker_zone(breakers[i]));
		if (i % 50 == 0)
			failures(
			    breakers[i], 5, MM_DNS_TIMEOUT, (int64_t)i, &why);
	}
	assert_true(mm_breakers_due(all) == PAUSE);
	for (size_t i = 0; i < MM_COUNT(breakers); i++) {
		snprintf(zone, sizeof(zone), "bl%zu.example.org", i);
		assert_ptr_equal(breakers[i], mm_breakers_find(all, zone));
		assert_int_equal(i % 50 == 0, mm_breaker_open(breakers[i]));
	}
	/* closing one in the middle leaves the others */
	assert_true(mm_breaker_worked(breakers[50]));
	for (int left = 3; left > 0; left--)
		assert_non_null(mm_breakers_probe(all, PAUSE + 200, name));
	assert_null(mm_breakers_probe(all, PAUSE + 200, name));
	mm_breakers_free(all);
}

static void *
find_many(void *arg)
{
	char zone[32];

	for (int i = 0; i < 1000; i++) {
		snprintf(zone, sizeof(zone), "bl%d.example.org", i);
		if (mm_breaker_open(mm_breakers_find(arg, zone)))
			return NULL;
	}
	return arg;
}

static void
test_threads_find_the_same(void **state)
{
	struct mm_breakers *all = mm_breakers_new(PAUSE);
	pthread_t threads[4];
	void *done;

	(void)state;
	for (size_t i = 0; i < MM_COUNT(threads); i++)
		assert_int_equal(
		    0, pthread_create(&threads[i], NULL, find_many, all));
	for (size_t i = 0; i < MM_COUNT(threads); i++) {
		pthread_join(threads[i], &done);
		assert_ptr_equal(all, done);
	}
	mm_breakers_free(all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_opens_at_the_fifth_failure_in_a_row),
	    cmocka_unit_test(test_probes_come_at_growing_intervals),
	    cmocka_unit_test(test_each_zone_has_its_own),
	    cmocka_unit_test(test_threads_find_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* lists: numbers per list, and one event per change of state. */
#include "lib/lists.h"
#include "tests/heap.h"
#include "tests/test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* An answer with one record; NULL: not found. */
static bool
answered(struct mm_lists *lists, const char *zone, const char *address,
    struct mm_list_event *event)
{
	struct mm_dns_rr rr = {0};
	struct mm_dns_answer answer = {.status = MM_DNS_NOTFOUND};

	if (address != NULL) {
		assert_int_equal(1, inet_pton(AF_INET, address, rr.address));
		answer = (struct mm_dns_answer){
		    .status = MM_DNS_OK, .n = 1, .rr = &rr};
	}
	return mm_lists_answered(lists, zone, &answer, 100, event);
}

static bool
failed(struct mm_lists *lists, const char *zone, enum mm_dns_cause cause,
    struct mm_list_event *event)
{
	struct mm_dns_answer answer = {.status = MM_DNS_RETRY, .cause = cause};

	return mm_lists_answered(lists, zone, &answer, 1000, event);
}

static struct mm_list_stat
stat_of(struct mm_lists *lists, size_t i)
{
	struct mm_list_stat stat;

	assert_true(mm_lists_stat(lists, i, &stat));
	return stat;
}

static void
test_counts(void **state)
{
	struct mm_lists *lists = mm_lists_new();
	struct mm_list_event event;
	struct mm_list_stat stat;

	(void)state;
	assert_non_null(lists);
	assert_true(mm_lists_add(lists, "bl.example=127.0.0.[2..4]", "bl"));
	assert_true(mm_lists_add(lists, "other.example", "other.example"));
	answered(lists, "BL.example", "127.0.0.2", &event);
	answered(lists, "bl.example", "127.0.0.3", &event);
	answered(lists, "bl.example", "127.0.0.5", &event);
	answered(lists, "bl.example", NULL, &event);
	answered(lists, "bl.example", "127.255.255.254", &event);
	answered(lists, "bl.example", "127.0.0.1", &event);
	failed(lists, "bl.example", MM_DNS_TIMEOUT, &event);
	failed(lists, "bl.example", MM_DNS_SERVFAIL, &event);
	failed(lists, "bl.example", MM_DNS_BOGUS, &event);
	assert_false(answered(lists, "unknown.example", "127.0.0.1", &event));

	stat = stat_of(lists, 0);
	assert_string_equal("bl", stat.label);
	assert_int_equal(9, stat.asked);
	assert_int_equal(2, stat.listed);
	assert_int_equal(2, stat.unlisted);
	assert_int_equal(1, stat.error_codes);
	assert_int_equal(1, stat.odd_codes);
	assert_int_equal(1, stat.timeouts);
	assert_int_equal(2, stat.failures);
	assert_int_equal(3600, stat.took_us);
	assert_int_equal(3600, stat.took.sum_us);
	assert_int_equal(9, stat.took.count[0]); /* none above 1 ms */
	assert_int_equal(0, stat_of(lists, 1).asked);
	assert_false(mm_lists_stat(lists, 2, &stat));
	mm_lists_free(lists);
	mm_lists_free(NULL);
}

static void
test_one_event_per_change(void **state)
{
	struct mm_lists *lists = mm_lists_new();
	struct mm_list_event e;

	(void)state;
	assert_true(mm_lists_add(lists, "zen.example", "zen"));
	assert_false(answered(lists, "zen.example", "127.0.0.2", &e));
	assert_int_equal(MM_LIST_FINE, stat_of(lists, 0).state);

	assert_true(answered(lists, "zen.example", "127.255.255.254", &e));
	assert_true(e.begins);
	assert_int_equal(MM_LIST_ERRORS, e.state);
	assert_string_equal("zen", e.label);
	assert_string_equal("127.255.255.254", e.detail);
	assert_int_equal(MM_LIST_ERRORS, stat_of(lists, 0).state);

	/* it goes on, of whatever kind, and four good answers do not end it */
	assert_false(answered(lists, "zen.example", "127.255.255.254", &e));
	assert_false(answered(lists, "zen.example", "192.0.2.1", &e));
	for (int i = 0; i < 4; i++)
		assert_false(answered(lists, "zen.example", NULL, &e));
	assert_false(answered(lists, "zen.example", "127.255.255.252", &e));
	for (int i = 0; i < 4; i++) {
		assert_false(answered(lists, "zen.example", NULL, &e));
		/* no answer is neither good nor bad */
		assert_false(failed(lists, "zen.example", MM_DNS_TIMEOUT, &e));
	}
	assert_true(answered(lists, "zen.example", "127.0.0.2", &e));
	assert_false(e.begins);
	assert_int_equal(MM_LIST_ERRORS, e.state);
	assert_string_equal("5 regular answers in a row", e.detail);
	assert_int_equal(MM_LIST_FINE, stat_of(lists, 0).state);
	assert_false(answered(lists, "zen.example", NULL, &e));

	assert_true(answered(lists, "zen.example", "192.0.2.80", &e));
	assert_int_equal(MM_LIST_PARKED, e.state);
	assert_string_equal("192.0.2.80", e.detail);
	mm_lists_free(lists);
}

static void
test_breaker(void **state)
{
	struct mm_lists *lists = mm_lists_new();
	struct mm_list_event e;
	char why[300];

	(void)state;
	assert_true(mm_lists_add(lists, "bl.example", "bl"));
	assert_false(mm_lists_breaker(lists, "bl.example", NULL, &e));
	assert_true(
	    mm_lists_breaker(lists, "Bl.Example", "5 time-outs in a row", &e));
	assert_true(e.begins);
	assert_int_equal(MM_LIST_DEAD, e.state);
	assert_string_equal("5 time-outs in a row", e.detail);
	assert_false(mm_lists_breaker(lists, "bl.example", "again", &e));
	assert_int_equal(MM_LIST_DEAD, stat_of(lists, 0).state);

	/* dead covers what the last answers were, which goes on below it */
	assert_true(answered(lists, "bl.example", "127.0.0.1", &e));
	assert_int_equal(MM_LIST_DEAD, stat_of(lists, 0).state);
	assert_true(mm_lists_breaker(lists, "bl.example", NULL, &e));
	assert_false(e.begins);
	assert_int_equal(MM_LIST_DEAD, e.state);
	assert_int_equal(MM_LIST_PARKED, stat_of(lists, 0).state);

	memset(why, 'x', sizeof(why) - 1);
	why[sizeof(why) - 1] = '\0';
	assert_true(mm_lists_breaker(lists, "bl.example", why, &e));
	assert_int_equal(sizeof(e.detail) - 1, strlen(e.detail));
	assert_false(mm_lists_breaker(lists, "unknown.example", why, &e));
	mm_lists_free(lists);
}

static void
test_a_code_that_any_filter_names_is_no_anomaly(void **state)
{
	struct mm_lists *lists = mm_lists_new();
	struct mm_list_event e;

	(void)state;
	assert_true(
	    mm_lists_add(lists, "hostkarma.example=127.0.0.2", "hostkarma"));
	assert_true(answered(lists, "hostkarma.example", "127.0.0.1", &e));
	for (int i = 0; i < 5; i++)
		answered(lists, "hostkarma.example", NULL, &e);
	assert_true(mm_lists_add(
	    lists, "HostKarma.example=127.0.0.[1;5]", "hostkarma"));
	assert_false(answered(lists, "hostkarma.example", "127.0.0.1", &e));
	assert_int_equal(1, stat_of(lists, 0).listed);
	assert_true(answered(lists, "hostkarma.example", "127.0.0.255", &e));
	mm_lists_free(lists);
}

static void
test_known_lists_keep_their_numbers(void **state)
{
	struct mm_lists *lists = mm_lists_new();
	struct mm_list_event e;
	struct mm_list_stat before;

	(void)state;
	assert_true(mm_lists_add(lists, "k.bl.example", "bl"));
	answered(lists, "k.bl.example", "127.0.0.2", &e);
	before = stat_of(lists, 0);
	/* a reload, with another label */
	for (int i = 0; i < 3; i++) {
		assert_true(mm_lists_add(lists, "K.bl.example", "blue"));
		assert_true(
		    mm_lists_add(lists, "k.bl.example=127.0.0.2", "blue"));
	}
	assert_int_equal(1, stat_of(lists, 0).asked);
	assert_string_equal("blue", stat_of(lists, 0).label);
	assert_string_equal("bl", before.label); /* still there */
	assert_false(mm_lists_stat(lists, 1, &before));
	assert_false(mm_lists_add(lists, "not a domain", "x"));
	mm_lists_free(lists);
}

#define ROUNDS 5000

static void *
hammer(void *arg)
{
	struct mm_lists *lists = arg;
	struct mm_list_event event;
	struct mm_list_stat stat;
	size_t events = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct mm_dns_answer answer = {.status = MM_DNS_NOTFOUND};

		events +=
		    mm_lists_answered(lists, "bl.example", &answer, 1, &event);
		events += mm_lists_breaker(
		    lists, "bl.example", i % 2 == 0 ? "why" : NULL, &event);
		mm_lists_stat(lists, 0, &stat);
		if (i % 100 == 0)
			mm_lists_add(lists, "bl.example", "bl");
	}
	return (void *)(uintptr_t)events;
}

static void
test_threads_share_it(void **state)
{
	struct mm_lists *lists = mm_lists_new();
	pthread_t threads[4];
	size_t events = 0;

	(void)state;
	assert_true(mm_lists_add(lists, "bl.example", "bl"));
	for (size_t i = 0; i < MM_COUNT(threads); i++)
		assert_int_equal(
		    0, pthread_create(&threads[i], NULL, hammer, lists));
	for (size_t i = 0; i < MM_COUNT(threads); i++) {
		void *n;

		assert_int_equal(0, pthread_join(threads[i], &n));
		events += (uintptr_t)n;
	}
	assert_int_equal(MM_COUNT(threads) * ROUNDS, stat_of(lists, 0).asked);
	/* each opening has its closing, but perhaps the last one */
	assert_int_equal(stat_of(lists, 0).state == MM_LIST_DEAD, events % 2);
	mm_lists_free(lists);
}

static void
test_words(void **state)
{
	(void)state;
	assert_string_equal("fine", mm_list_state_word(MM_LIST_FINE));
	assert_string_equal("dead", mm_list_state_word(MM_LIST_DEAD));
	assert_string_equal("errors", mm_list_state_word(MM_LIST_ERRORS));
	assert_string_equal("parked", mm_list_state_word(MM_LIST_PARKED));
}

/* What could not be added is not there, or not counted right: no worse. */
static void
test_memory_runs_out(void **state)
{
	unsigned n = 0;

	(void)state;
	do {
		struct mm_list_event e;
		struct mm_list_stat stat;
		struct mm_lists *lists;
		bool ok;

		heap_fail(++n);
		lists = mm_lists_new();
		if (lists == NULL)
			continue;
		ok = mm_lists_add(lists, "bl.example=127.0.0.1", "bl");
		ok &= mm_lists_add(lists, "bl.example", "blue");
		assert_int_equal(heap_failed(), !ok);
		answered(lists, "bl.example", "127.0.0.1", &e);
		for (size_t i = 0; mm_lists_stat(lists, i, &stat); i++)
			assert_int_equal(1, stat.asked);
		mm_lists_free(lists);
	} while (heap_failed());
	assert_true(n > 8);
	heap_fail(0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_counts),
	    cmocka_unit_test(test_one_event_per_change),
	    cmocka_unit_test(test_breaker),
	    cmocka_unit_test(test_a_code_that_any_filter_names_is_no_anomaly),
	    cmocka_unit_test(test_known_lists_keep_their_numbers),
	    cmocka_unit_test(test_threads_share_it),
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

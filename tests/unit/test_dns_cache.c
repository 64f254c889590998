/* dns: the answer cache holds what it should for as long as it should. */
#include "lib/dns_cache.h"
#include "tests/test.h"

#include <pthread.h>
#include <stdio.h>

#define SECOND INT64_C(1000000)

static const struct mm_dns_answer *
get(struct mm_dns_cache *cache, const char *name, int64_t now)
{
	return mm_dns_cache_get(
	    cache, mm_dns_hash(name, MM_DNS_A), name, MM_DNS_A, now);
}

static bool
has(struct mm_dns_cache *cache, const char *name, int64_t now)
{
	const struct mm_dns_answer *answer = get(cache, name, now);

	mm_dns_answer_unref(answer);
	return answer != NULL;
}

/* Takes over the reference. */
static void
put(struct mm_dns_cache *cache, const char *name,
    const struct mm_dns_answer *answer, int64_t now)
{
	mm_dns_cache_put(
	    cache, mm_dns_hash(name, MM_DNS_A), name, MM_DNS_A, answer, now);
	mm_dns_answer_unref(answer);
}

static const struct mm_dns_answer *
answer_of(enum mm_dns_status status, uint32_t ttl)
{
	return mm_dns_answer_new(status, ttl, NULL, 0);
}

static void
test_kept_for_the_ttl_within_bounds(void **state)
{
	static const struct {
		enum mm_dns_status status;
		uint32_t ttl;
		int64_t want;
	} cases[] = {
	    {MM_DNS_OK, 60, 60},
	    {MM_DNS_OK, 0, 1},
	    {MM_DNS_OK, 1000000, 3600},
	    {MM_DNS_NOTFOUND, 60, 60},
	    {MM_DNS_NOTFOUND, 0, 1},
	    {MM_DNS_NOTFOUND, 86400, 900},
	    {MM_DNS_NULLMX, 86400, 900},
	    {MM_DNS_INVAL, 60, 60},
	    {MM_DNS_FAIL, 60, 5},
	    {MM_DNS_RETRY, 0, 5},
	};
	struct mm_dns_cache *cache = mm_dns_cache_new(100);

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		int64_t now = 1000 * SECOND + 1;

		put(cache, "a", answer_of(cases[i].status, cases[i].ttl), now);
		assert_true(has(cache, "a", now));
		now += cases[i].want * SECOND;
		assert_true(has(cache, "a", now - 1));
		assert_false(has(cache, "a", now));
	}
	assert_int_equal(1, mm_dns_cache_count(cache));
	mm_dns_cache_free(cache);
	mm_dns_cache_free(NULL);
}

static void
test_name_and_type_tell_entries_apart(void **state)
{
	const struct mm_dns_answer *a = answer_of(MM_DNS_OK, 60), *got;
	struct mm_dns_cache *cache = mm_dns_cache_new(100);

	(void)state;
	/* even where the hash does not */
	mm_dns_cache_put(cache, 7, "a", MM_DNS_A, a, 0);
	assert_null(mm_dns_cache_get(cache, 7, "b", MM_DNS_A, 1));
	assert_null(mm_dns_cache_get(cache, 7, "a", MM_DNS_TXT, 1));
	assert_null(mm_dns_cache_get(cache, 8, "a", MM_DNS_A, 1));
	got = mm_dns_cache_get(cache, 7, "a", MM_DNS_A, 1);
	assert_ptr_equal(a, got);
	mm_dns_answer_unref(got);
	mm_dns_answer_unref(a);
	mm_dns_cache_free(cache);
}

static void
test_later_answer_replaces(void **state)
{
	struct mm_dns_cache *cache = mm_dns_cache_new(100);
	const struct mm_dns_answer *got;

	(void)state;
	put(cache, "a", mm_dns_answer_retry(MM_DNS_TIMEOUT), 0);
	put(cache, "a", answer_of(MM_DNS_NOTFOUND, 60), 0);
	got = get(cache, "a", 1);
	assert_int_equal(MM_DNS_NOTFOUND, got->status);
	mm_dns_answer_unref(got);
	assert_int_equal(1, mm_dns_cache_count(cache));
	mm_dns_cache_free(cache);
}

static void
test_full_set_loses_what_ends_first(void **state)
{
	static const char *const names[] = {
	    "a", "b", "c", "d", "e", "f", "g", "h", "i"};
	struct mm_dns_cache *cache = mm_dns_cache_new(1);
	const struct mm_dns_answer *got;

	(void)state;
	for (size_t i = 0; i < MM_COUNT(names); i++) {
		/* the fourth has the shortest life */
		const struct mm_dns_answer *answer =
		    answer_of(MM_DNS_OK, i == 3 ? 5 : 60);

		mm_dns_cache_put(cache, 16, names[i], MM_DNS_A, answer, 0);
		mm_dns_answer_unref(answer);
	}
	assert_int_equal(8, mm_dns_cache_count(cache));
	for (size_t i = 0; i < MM_COUNT(names); i++) {
		got = mm_dns_cache_get(cache, 16, names[i], MM_DNS_A, 1);
		assert_int_equal(i != 3, got != NULL);
		mm_dns_answer_unref(got);
	}
	mm_dns_cache_free(cache);
}

static void
test_bounded_and_flushed(void **state)
{
	struct mm_dns_cache *cache = mm_dns_cache_new(1000);
	char name[32];

	(void)state;
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "%d.example.org", i);
		put(cache, name, answer_of(MM_DNS_OK, 60), 0);
	}
	assert_true(mm_dns_cache_count(cache) <= 1024);
	assert_true(mm_dns_cache_count(cache) > 900); /* well spread */
	assert_true(has(cache, "9999.example.org", 1));
	mm_dns_cache_flush(cache);
	assert_int_equal(0, mm_dns_cache_count(cache));
	assert_false(has(cache, "9999.example.org", 1));
	put(cache, "a", answer_of(MM_DNS_OK, 60), 0);
	assert_true(has(cache, "a", 1));
	mm_dns_cache_free(cache);
}

static void
test_no_cache_at_all(void **state)
{
	struct mm_dns_cache *cache = mm_dns_cache_new(0);

	(void)state;
	put(cache, "a", answer_of(MM_DNS_OK, 60), 0);
	assert_false(has(cache, "a", 1));
	mm_dns_cache_flush(cache);
	mm_dns_cache_free(cache);
}

static void *
read_and_write(void *arg)
{
	struct mm_dns_cache *cache = arg;
	char name[32];

	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "%d.example.org", i % 97);
		if (!has(cache, name, 1))
			put(cache, name, answer_of(MM_DNS_OK, 60), 0);
		if (i % 500 == 499)
			mm_dns_cache_flush(cache);
	}
	return NULL;
}

static void
test_threads_share_it(void **state)
{
	struct mm_dns_cache *cache = mm_dns_cache_new(64);
	pthread_t threads[4];

	(void)state;
	for (size_t i = 0; i < MM_COUNT(threads); i++)
		assert_int_equal(0,
		    pthread_create(&threads[i], NULL, read_and_write, cache));
	for (size_t i = 0; i < MM_COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	mm_dns_cache_flush(cache);
	assert_int_equal(0, mm_dns_cache_count(cache));
	mm_dns_cache_free(cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_kept_for_the_ttl_within_bounds),
	    cmocka_unit_test(test_name_and_type_tell_entries_apart),
	    cmocka_unit_test(test_later_answer_replaces),
	    cmocka_unit_test(test_full_set_loses_what_ends_first),
	    cmocka_unit_test(test_bounded_and_flushed),
	    cmocka_unit_test(test_no_cache_at_all),
	    cmocka_unit_test(test_threads_share_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

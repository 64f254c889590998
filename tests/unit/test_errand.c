/* errand: the set of replies keeps what it has, and tells errands apart. */
#include "lib/errand.h"
#include "tests/heap.h"
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

#define MANY 1000

static void
test_tells_errands_apart(void **state)
{
	static const int table[2];
	static const struct mm_errand errands[] = {
	    {.kind = MM_ERRAND_LOOKUP, .what = &table[0], .key = "a"},
	    {.kind = MM_ERRAND_LOOKUP, .what = &table[1], .key = "a"},
	    {.kind = MM_ERRAND_LOOKUP, .what = &table[0], .key = ""},
	    {.kind = MM_ERRAND_POLICY, .what = &table[0], .key = "a"},
	    {.kind = MM_ERRAND_POLICY, .what = &table[0], .key = "a", .nth = 1},
	    {.kind = MM_ERRAND_SLEEP, .key = "a", .nth = 1},
	};
	struct mm_errands *set = mm_errands_new();

	(void)state;
	assert_non_null(set);
	for (size_t i = 0; i < MM_COUNT(errands); i++) {
		assert_null(mm_errands_get(set, &errands[i]));
		assert_true(mm_errands_take(
		    set, &errands[i], (enum mm_errand_status)(i % 5), NULL));
	}
	for (size_t i = 0; i < MM_COUNT(errands); i++) {
		const struct mm_errand_reply *reply =
		    mm_errands_get(set, &errands[i]);

		assert_non_null(reply);
		assert_int_equal(i % 5, reply->status);
		assert_string_equal("", reply->text);
	}
	mm_errands_clear(set);
	assert_null(mm_errands_get(set, &errands[0]));
	mm_errands_free(set);
	assert_null(mm_errands_get(NULL, &errands[0]));
}

static void
test_keeps_many_and_the_first_of_each(void **state)
{
	struct mm_errands *set = mm_errands_new();
	char key[16];
	struct mm_errand errand = {.kind = MM_ERRAND_LOOKUP, .key = key};

	(void)state;
	assert_non_null(set);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < MANY; i++) {
			snprintf(key, sizeof(key), "%d", i);
			assert_true(
			    mm_errands_take(set, &errand, MM_ERRAND_FOUND,
				strdup(round == 0 ? key : "another")));
		}
	for (int i = 0; i < MANY; i++) {
		snprintf(key, sizeof(key), "%d", i);
		assert_string_equal(key, mm_errands_get(set, &errand)->text);
	}
	mm_errands_free(set);
}

/* Whatever cannot be had: nothing is kept by halves, nothing leaks. */
static void
test_without_memory(void **state)
{
	struct mm_errands *set = mm_errands_new();
	char key[16];
	struct mm_errand errand = {.kind = MM_ERRAND_LOOKUP, .key = key};

	(void)state;
	assert_non_null(set);
	for (int i = 0; i < 40; i++) {
		for (unsigned n = 1;; n++) {
			char *text = strdup("text");
			bool taken;

			snprintf(key, sizeof(key), "%d", i);
			heap_fail(n);
			taken = mm_errands_take(
			    set, &errand, MM_ERRAND_FOUND, text);
			heap_fail(0);
			assert_int_equal(
			    taken, mm_errands_get(set, &errand) != NULL);
			if (taken)
				break;
		}
	}
	mm_errands_free(set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_tells_errands_apart),
	    cmocka_unit_test(test_keeps_many_and_the_first_of_each),
	    cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

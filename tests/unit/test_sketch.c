/* sketch: estimates stay as near as the header says. */
#include "lib/sketch.h"

#include "lib/str.h"
#include "tests/test.h"

#include <stdio.h>

static void
test_few_are_counted_to_the_digit(void **state)
{
	struct mm_distinct distinct = {0};
	char text[32];

	(void)state;
	assert_int_equal(0, mm_distinct_count(&distinct));
	for (int i = 0; i < 30; i++) {
		snprintf(text, sizeof(text), "192.0.2.%d", i % 10);
		mm_distinct_add(&distinct, mm_str_hash(text));
	}
	assert_int_equal(10, mm_distinct_count(&distinct));
}

static void
test_many_are_counted_nearly(void **state)
{
	struct mm_distinct distinct = {0};
	char text[32];
	int n = 0;

	(void)state;
	for (int limit = 1000; limit <= 1000000; limit *= 10) {
		uint64_t count;

		for (; n < limit; n++) {
			snprintf(text, sizeof(text), "user%d@example.org", n);
			mm_distinct_add(&distinct, mm_str_hash(text));
		}
		count = mm_distinct_count(&distinct);
		assert_in_range(count, (uint64_t)limit * 97 / 100,
		    (uint64_t)limit * 103 / 100);
	}
}

static void
test_quantiles(void **state)
{
	static struct mm_spread spread;

	(void)state;
	assert_int_equal(0, mm_spread_quantile(&spread, 0.5));
	for (uint64_t i = 1; i <= 10000; i++)
		mm_spread_add(&spread, i);
	assert_int_equal(1, mm_spread_quantile(&spread, 0));
	assert_in_range(mm_spread_quantile(&spread, 0.5), 4850, 5150);
	assert_in_range(mm_spread_quantile(&spread, 0.9), 8730, 9270);
	assert_int_equal(50, mm_spread_quantile(&spread, 0.005));
	assert_int_equal(1, spread.least);
	assert_int_equal(10000, spread.most);
	assert_int_equal(29, mm_spread_below(&spread, 30));
	assert_int_equal(0, mm_spread_below(&spread, 0));
	assert_int_equal(10000, mm_spread_below(&spread, 1000000));
}

static void
test_any_value_has_a_class(void **state)
{
	static struct mm_spread spread;

	(void)state;
	for (int bit = 0; bit < 64; bit++) {
		mm_spread_add(&spread, UINT64_C(1) << bit);
		mm_spread_add(&spread, (UINT64_C(1) << bit) - 1);
	}
	mm_spread_add(&spread, UINT64_MAX);
	assert_int_equal(129, spread.n);
	assert_true(mm_spread_quantile(&spread, 1) <= UINT64_MAX);
	assert_int_equal(0, mm_spread_quantile(&spread, 0));
	for (double part = 0; part < 1; part += 0.01)
		assert_true(mm_spread_quantile(&spread, part) <=
			    mm_spread_quantile(&spread, part + 0.01));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_few_are_counted_to_the_digit),
	    cmocka_unit_test(test_many_are_counted_nearly),
	    cmocka_unit_test(test_quantiles),
	    cmocka_unit_test(test_any_value_has_a_class),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

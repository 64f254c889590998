/* name: tables are searched both ways. */
#include "lib/name.h"
#include "tests/test.h"

static void
test_both_ways(void **state)
{
	static const struct mm_name table[] = {
	    {3, "three"},
	    {1, "one"},
	    {1, "uno"},
	};

	(void)state;
	assert_int_equal(3, mm_name_code(table, MM_COUNT(table), "THREE", -1));
	assert_int_equal(1, mm_name_code(table, MM_COUNT(table), "uno", -1));
	assert_int_equal(-1, mm_name_code(table, MM_COUNT(table), "two", -1));
	assert_int_equal(-1, mm_name_code(table, 0, "one", -1));
	assert_string_equal("one", mm_name_word(table, MM_COUNT(table), 1));
	assert_null(mm_name_word(table, MM_COUNT(table), 2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

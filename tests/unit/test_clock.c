/* clock: the system's, and one that a test sets. */
#include "lib/clock.h"
#include "tests/test.h"

struct set_clock {
	struct mm_clock clock; /* first: the functions get its address */
	int64_t wall, mono;
};

static int64_t
set_wall(const struct mm_clock *clock)
{
	return ((const struct set_clock *)clock)->wall;
}

static int64_t
set_mono(const struct mm_clock *clock)
{
	return ((const struct set_clock *)clock)->mono;
}

static void
test_a_set_clock(void **state)
{
	struct set_clock set = {{set_wall, set_mono}, 1700000000, 42};

	(void)state;
	assert_int_equal(1700000000, mm_clock_wall(&set.clock));
	assert_int_equal(42, mm_clock_mono(&set.clock));
}

static void
test_the_system_clock(void **state)
{
	int64_t before = mm_clock_mono(&mm_clock_system);

	(void)state;
	assert_true(mm_clock_wall(&mm_clock_system) > 1600000000);
	assert_true(mm_clock_mono(&mm_clock_system) >= before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_set_clock),
	    cmocka_unit_test(test_the_system_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

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

static int64_t
pass(struct mm_clock_watch *watch, struct set_clock *set, int64_t seconds,
    int64_t step)
{
	set->mono += seconds * 1000000;
	set->wall += seconds + step;
	return mm_clock_stepped(watch, &set->clock);
}

static void
test_a_step_is_told_once_each_way(void **state)
{
	struct set_clock set = {{set_wall, set_mono}, 1700000000, 42};
	struct mm_clock_watch watch = {0};

	(void)state;
	assert_int_equal(0, pass(&watch, &set, 10, 0));
	assert_int_equal(0, pass(&watch, &set, 100000, 1));
	assert_int_equal(0, pass(&watch, &set, 10, -1));
	assert_int_equal(3600, pass(&watch, &set, 10, 3600));
	assert_int_equal(0, pass(&watch, &set, 10, 0));
	assert_int_equal(-3600, pass(&watch, &set, 0, -3600));
	assert_int_equal(0, pass(&watch, &set, 10, 0));
	/* what goes wrong slowly is told when it is much */
	for (int i = 0; i < 9; i++)
		assert_int_equal(0, pass(&watch, &set, 10, 1));
	assert_int_equal(10, pass(&watch, &set, 10, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_set_clock),
	    cmocka_unit_test(test_the_system_clock),
	    cmocka_unit_test(test_a_step_is_told_once_each_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* delays: what each setting would have cost, and that nothing is lost. */
#include "lib/delays.h"
#include "lib/err.h"
#include "lib/store.h"
#include "tests/test.h"

static struct mm_delays_row
row_of(const struct mm_delays *delays, int64_t delay)
{
	struct mm_delays_row row;
	size_t i = 0;

	do
		assert_true(mm_delays_row(delays, i++, &row));
	while (row.delay != delay);
	return row;
}

static void
assert_row(const struct mm_delays *delays, const struct mm_delays_row *want)
{
	struct mm_delays_row got = row_of(delays, want->delay);

	assert_int_equal(want->back, got.back);
	assert_int_equal(want->median, got.median);
	assert_int_equal(want->most, got.most);
	assert_int_equal(want->longest, got.longest);
	assert_int_equal(want->unknown, got.unknown);
	assert_int_equal(want->away, got.away);
}

static void
test_settings_lie_between(void **state)
{
	static const struct {
		int64_t before, after;
		bool want;
	} cases[] = {{0, 0, false}, {0, 29, false}, {0, 30, true},
	    {30, 30, false}, {30, 59, false}, {30, 60, true}, {31, 59, false},
	    {0, 100000, true}, {14400, 100000, false}, {90, 80, false}};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++)
		assert_int_equal(cases[i].want,
		    mm_delays_between(cases[i].before, cases[i].after));
}

/* A mail that comes after 35 s and after 400 s, with a delay of 170 s. */
static void
test_one_mail(void **state)
{
	struct mm_delays *delays = mm_delays_new();

	(void)state;
	mm_delays_began(delays);
	assert_row(delays, &(struct mm_delays_row){.delay = 30, .away = 1});
	mm_delays_came(delays, 0, 35, false);
	mm_delays_came(delays, 35, 50, false); /* that tells nothing new */
	assert_row(delays, &(struct mm_delays_row){.delay = 60, .away = 1});
	mm_delays_came(delays, 35, 400, true);
	assert_row(delays, &(struct mm_delays_row){30, 1, 35, 35, 35, 0, 0});
	assert_row(delays, &(struct mm_delays_row){60, 1, 400, 400, 400, 0, 0});
	assert_row(
	    delays, &(struct mm_delays_row){300, 1, 400, 400, 400, 0, 0});
	/* it was let in: when it would have come next, nobody knows */
	assert_row(delays, &(struct mm_delays_row){420, 0, 0, 0, 0, 1, 0});
	mm_delays_free(delays);
}

static void
test_median_and_most(void **state)
{
	struct mm_delays *delays = mm_delays_new();
	struct mm_delays_row row;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		mm_delays_began(delays);
		if (i < 60)
			mm_delays_came(delays, 0, 200, true);
		else if (i < 96)
			mm_delays_came(delays, 0, 1000, true);
		else if (i < 98)
			mm_delays_came(delays, 0, 5000, true);
	}
	assert_int_equal(100, mm_delays_begun(delays));
	assert_row(
	    delays, &(struct mm_delays_row){170, 98, 240, 1080, 5000, 0, 2});
	assert_row(
	    delays, &(struct mm_delays_row){300, 38, 1080, 5000, 5000, 60, 2});
	assert_row(delays, &(struct mm_delays_row){7200, 0, 0, 0, 0, 98, 2});
	while (mm_delays_row(delays, n, &row))
		n++;
	assert_true(n > 10);
	mm_delays_free(delays);
}

/* What is saved twice counts once; what came before it was loaded, too. */
static void
test_a_restart_loses_nothing(void **state)
{
	struct mm_store *store = mm_store_memory_new();
	struct mm_delays *delays = mm_delays_new();
	struct mm_store_stats stats, again;
	struct mm_err err;

	(void)state;
	assert_int_equal(0, mm_delays_load(delays, store, &err));
	for (int i = 0; i < 7; i++)
		mm_delays_began(delays);
	mm_delays_came(delays, 0, 400, true);
	assert_int_equal(0, mm_delays_save(delays, store, 1000, &err));
	mm_store_stats(store, &stats);
	assert_int_equal(0, mm_delays_save(delays, store, 2000, &err));
	mm_store_stats(store, &again);
	assert_int_equal(stats.updates, again.updates);
	mm_delays_came(delays, 0, 300, true);
	assert_int_equal(0, mm_delays_save(delays, store, 3000, &err));
	mm_delays_free(delays);

	delays = mm_delays_new();
	mm_delays_began(delays);
	assert_int_equal(0, mm_delays_load(delays, store, &err));
	assert_int_equal(8, mm_delays_begun(delays));
	assert_row(
	    delays, &(struct mm_delays_row){300, 2, 300, 400, 400, 0, 6});
	assert_row(delays, &(struct mm_delays_row){1200, 0, 0, 0, 0, 2, 6});
	assert_int_equal(0, mm_delays_save(delays, store, 4000, &err));
	mm_delays_free(delays);
	mm_store_free(store);
}

/* Records that nobody writes for long are purged: what is counted stays. */
static void
test_what_does_not_change_does_not_grow_old(void **state)
{
	struct mm_store *store = mm_store_memory_new();
	struct mm_delays *delays = mm_delays_new();
	struct mm_record record;
	struct mm_err err;

	(void)state;
	mm_delays_began(delays);
	assert_int_equal(0, mm_delays_save(delays, store, 1000, &err));
	for (int run = 0; run < 2; run++) {
		const int64_t now = 1000 + 100000 * (run + 1);

		assert_int_equal(0, mm_delays_save(delays, store, now, &err));
		assert_int_equal(
		    0, mm_store_peek(store, "delays begun", &record, &err));
		assert_int_equal(1, record.count);
		assert_int_equal(1000, record.first);
		assert_int_equal(now, record.last);
		/* nor over a restart */
		mm_delays_free(delays);
		delays = mm_delays_new();
		assert_int_equal(0, mm_delays_load(delays, store, &err));
	}
	mm_delays_free(delays);
	mm_store_free(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_settings_lie_between),
	    cmocka_unit_test(test_one_mail),
	    cmocka_unit_test(test_median_and_most),
	    cmocka_unit_test(test_a_restart_loses_nothing),
	    cmocka_unit_test(test_what_does_not_change_does_not_grow_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

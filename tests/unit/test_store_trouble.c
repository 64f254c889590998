/* store_sqlite: disks that are full, files that are broken or locked. */
#include "tests/test.h"
#include "tests/unit/diskstore.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* The file has been as long as it may become. */
static void
limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &limit));
	limit.rlim_cur = bytes == 0 ? limit.rlim_max : bytes;
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &limit));
}

static enum mm_store_status
try_set(struct mm_store *store, const char *key, struct mm_err *err)
{
	return set_within(
	    store, key, (struct request){{NOW, NOW, 0}, true}, WAIT_MS, err);
}

static void
test_a_full_disk_fails_until_there_is_room(void **state)
{
	struct mm_store *store = open_store();
	enum mm_store_status status = MM_STORE_DONE;
	struct mm_err err = {""};
	char key[32];
	int n = 0;

	(void)state;
	set(store, "first", NOW, NOW, true);
	limit_files(1 << 20);
	for (; n < 1000 && status == MM_STORE_DONE; n++) {
		snprintf(key, sizeof(key), "key %d", n);
		status = try_set(store, key, &err);
	}
	assert_int_equal(MM_STORE_FAILED, status);
	assert_non_null(strstr(err.text, "/greylist.sqlite: "));
	/* what failed is not there, what was answered is */
	assert_false(is_there(store, key));
	assert_true(is_there(store, "first"));
	assert_true(stats(store).failures > 0);

	limit_files(0);
	for (int i = 0; i < 100 && try_set(store, key, &err) != MM_STORE_DONE;
	     i++)
		sleep_ms(50);
	assert_true(is_there(store, key));
	for (int i = 0; i < n; i++) {
		snprintf(key, sizeof(key), "key %d", i);
		assert_true(is_there(store, key));
	}
	mm_store_free(store);
}

static void
test_a_disk_that_failed_is_left_alone_for_a_second(void **state)
{
	struct mm_store *store = open_store();
	struct mm_err err, again;
	int64_t start;

	(void)state;
	limit_files(4096);
	start = mm_clock_mono(&mm_clock_system);
	assert_int_equal(MM_STORE_FAILED, try_set(store, "a", &err));
	limit_files(0);
	while (try_set(store, "a", &again) == MM_STORE_FAILED) {
		assert_string_equal(err.text, again.text);
		sleep_ms(20);
	}
	assert_true(mm_clock_mono(&mm_clock_system) - start >= 1000000);
	assert_true(is_there(store, "a"));
	mm_store_free(store);
}

/* Whoever had the old one open lets go of it. */
static void
test_a_replaced_file_is_the_one_that_is_read(void **state)
{
	struct mm_store *store = open_store();
	struct mm_err err;

	(void)state;
	set(store, "old", NOW, NOW, false);
	assert_true(is_there(store, "old"));
	limit_files(4096);
	assert_int_equal(MM_STORE_FAILED, try_set(store, "new", &err));
	limit_files(0);
	unlink(file("greylist.sqlite"));
	unlink(file("greylist.sqlite-wal"));
	unlink(file("greylist.sqlite-shm"));
	for (int i = 0; i < 100 && try_set(store, "new", &err) != MM_STORE_DONE;
	     i++)
		sleep_ms(50);
	assert_true(is_there(store, "new"));
	assert_false(is_there(store, "old"));
	mm_store_free(store);
}

static void
test_another_writer_is_not_waited_for_long(void **state)
{
	struct mm_store *store = open_store();
	sqlite3 *db = connect_to();
	struct mm_err err;
	int64_t start = mm_clock_mono(&mm_clock_system);

	(void)state;
	run(db, "BEGIN IMMEDIATE");
	assert_int_equal(MM_STORE_FAILED, try_set(store, "a", &err));
	assert_non_null(strstr(err.text, "database is locked"));
	assert_in_range(
	    mm_clock_mono(&mm_clock_system) - start, 100000, 10000000);
	run(db, "ROLLBACK");
	assert_int_equal(MM_STORE_DONE, try_set(store, "a", &err));
	sqlite3_close(db);
	mm_store_free(store);
}

static void
test_who_waits_no_longer_is_told_and_served(void **state)
{
	struct mm_store *store = open_store();
	sqlite3 *db = connect_to();
	struct mm_err err;

	(void)state;
	run(db, "BEGIN IMMEDIATE");
	assert_int_equal(
	    MM_STORE_LATE, set_within(store, "a",
			       (struct request){{1, 1, 1}, false}, 20, &err));
	assert_non_null(strstr(err.text, "no commit in time"));
	assert_int_equal(1, stats(store).late);
	run(db, "ROLLBACK");
	for (int i = 0; i < 100 && !is_there(store, "a"); i++)
		sleep_ms(20);
	assert_true(is_there(store, "a"));
	sqlite3_close(db);
	mm_store_free(store);
}

static void
test_the_queue_is_bounded(void **state)
{
	struct mm_store *store = open_store();
	enum mm_store_status status = MM_STORE_LATE;
	sqlite3 *db = connect_to();
	struct mm_err err = {""};

	(void)state;
	run(db, "BEGIN IMMEDIATE");
	for (int i = 0; i < 100000 && strstr(err.text, "already") == NULL; i++)
		status = set_within(
		    store, "a", (struct request){{1, 1, 1}, false}, 0, &err);
	assert_int_equal(MM_STORE_FAILED, status);
	assert_non_null(strstr(err.text, "10000 updates are waiting already"));
	run(db, "ROLLBACK");
	sqlite3_close(db);
	mm_store_free(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_a_full_disk_fails_until_there_is_room),
	    TEST(test_a_disk_that_failed_is_left_alone_for_a_second),
	    TEST(test_a_replaced_file_is_the_one_that_is_read),
	    TEST(test_another_writer_is_not_waited_for_long),
	    TEST(test_who_waits_no_longer_is_told_and_served),
	    TEST(test_the_queue_is_bounded),
	};

	signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* store_sqlite: what a store on disk promises beyond test_store.c. */
#include "lib/store_sqlite.h"
#include "tests/test.h"
#include "tests/unit/diskstore.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

static void
test_records_outlive_the_process(void **state)
{
	struct mm_store *store = open_store();

	(void)state;
	set(store, "a", NOW, NOW, true);
	set(store, "b", NOW, NOW, false);
	mm_store_free(store);

	store = open_store();
	assert_true(is_there(store, "a"));
	assert_true(is_there(store, "b"));
	assert_false(is_there(store, "c"));
	assert_int_equal(2, stats(store).records);
	assert_int_equal(1, stats(store).waiting);
	assert_true(stats(store).bytes > 0);
	mm_store_free(store);
}

static void
test_strangers_cannot_read_who_writes_to_whom(void **state)
{
	static const char *const names[] = {
	    "greylist.sqlite", "greylist.sqlite-wal", "greylist.sqlite-shm"};
	mode_t was = umask(0);
	struct mm_store *store = open_store();
	struct stat st;

	(void)state;
	umask(was);
	for (size_t i = 0; i < MM_COUNT(names); i++) {
		assert_int_equal(0, stat(file(names[i]), &st));
		assert_int_equal(0640, st.st_mode & 0777);
	}
	mm_store_free(store);
}

/* As it would be if version 1 had gone out with a smaller table. */
static const char *const steps[] = {
    "CREATE TABLE t (a); INSERT INTO t VALUES (1);",
    "ALTER TABLE t ADD COLUMN b; UPDATE t SET b = a + 1;",
    "UPDATE t SET b = b * 10;",
};

static void
test_an_older_schema_is_brought_up_to_date(void **state)
{
	sqlite3 *db = connect_to();
	struct mm_err err;

	(void)state;
	assert_int_equal(0, mm_sqlite_migrate(db, steps, 1, &err));
	assert_int_equal(1, ask(db, "PRAGMA user_version"));
	run(db, "INSERT INTO t VALUES (5)");
	assert_int_equal(0, mm_sqlite_migrate(db, steps, 3, &err));
	assert_int_equal(3, ask(db, "PRAGMA user_version"));
	assert_int_equal(80, ask(db, "SELECT sum(b) FROM t"));
	/* nothing is done twice */
	assert_int_equal(0, mm_sqlite_migrate(db, steps, 3, &err));
	assert_int_equal(80, ask(db, "SELECT sum(b) FROM t"));
	sqlite3_close(db);
}

static void
test_a_migration_that_fails_leaves_what_was(void **state)
{
	const char *const broken[] = {
	    steps[0], "UPDATE t SET a = 2; UPDATE nowhere SET a = 2;"};
	sqlite3 *db = connect_to();
	struct mm_err err;

	(void)state;
	assert_int_equal(-1, mm_sqlite_migrate(db, broken, 2, &err));
	assert_string_equal(
	    "going to schema version 2: no such table: nowhere", err.text);
	assert_int_equal(1, ask(db, "PRAGMA user_version"));
	assert_int_equal(1, ask(db, "SELECT a FROM t"));
	assert_int_equal(1, sqlite3_get_autocommit(db));
	sqlite3_close(db);
}

static void
assert_refused(struct mm_store_config config, const char *why)
{
	struct mm_err err = {""};

	assert_null(try_open(config, &err));
	if (strstr(err.text, why) == NULL ||
	    strstr(err.text, "/greylist.sqlite: ") == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err.text, why);
}

static void
test_a_newer_schema_is_refused(void **state)
{
	struct mm_store_config readers = {.read_only = true};

	(void)state;
	mm_store_free(open_store());
	run_once("PRAGMA user_version = 99");
	assert_refused((struct mm_store_config){0},
	    "schema version 99 is from a newer mailmum: this one knows 1");
	assert_refused(readers, "schema version 99");
	run_once("PRAGMA user_version = 0");
	assert_refused(readers, "is from an older mailmum");
}

static void
test_a_stranger_s_database_is_left_alone(void **state)
{
	sqlite3 *db;

	(void)state;
	run_once("CREATE TABLE theirs (a)");
	assert_refused(
	    (struct mm_store_config){0}, "not a database of mailmum");
	db = connect_to();
	assert_int_equal(1,
	    ask(db, "SELECT journal_mode = 'delete' FROM pragma_journal_mode"));
	assert_int_equal(0, ask(db, "PRAGMA user_version"));
	sqlite3_close(db);
}

static void
test_what_is_no_database_is_refused(void **state)
{
	struct mm_store_config readers = {.read_only = true};
	char garbage[8192];

	(void)state;
	memset(garbage, 'x', sizeof(garbage));
	write_file("greylist.sqlite", garbage, sizeof(garbage), 0);
	assert_refused(readers, "file is not a database");
}

static void
test_no_directory_no_store(void **state)
{
	struct mm_store_config config = {.directory = "/nonexistent/mailmum"};
	struct mm_err err;

	(void)state;
	assert_null(mm_store_sqlite_new(&config, &now.clock, &err));
	assert_string_equal("/nonexistent/mailmum/greylist.sqlite: "
			    "No such file or directory",
	    err.text);
}

/* What a child without rights hears; it writes it into a pipe. */
static void
open_as_nobody(struct mm_store_config config, char *said, size_t size)
{
	int fds[2], status;
	ssize_t len;
	pid_t pid;

	assert_int_equal(0, pipe(fds));
	if ((pid = fork()) == 0) {
		struct mm_err err = {"opened"};
		struct mm_record record = {0};
		struct mm_store *store;

		if (geteuid() == 0 &&
		    (setgid(NOBODY) == -1 || setuid(NOBODY) == -1))
			_exit(1);
		store = try_open(config, &err);
		if (store != NULL &&
		    mm_store_peek(store, "a", &record, &err) == 0 &&
		    record.first == NOW)
			strncat(err.text, ", a is there", 20);
		len = write(fds[1], err.text, strlen(err.text));
		_exit(len > 0 ? 0 : 1);
	}
	close(fds[1]);
	len = read(fds[0], said, size - 1);
	close(fds[0]);
	assert_true(len > 0);
	said[len] = '\0';
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(0, status);
}

static void
test_a_directory_that_cannot_be_written(void **state)
{
	char said[MM_ERR_MAX];

	(void)state;
	assert_int_equal(0, chmod(directory, 0555));
	open_as_nobody((struct mm_store_config){0}, said, sizeof(said));
	assert_non_null(strstr(said, "/greylist.sqlite: Permission denied"));
}

/* explain, run by anybody in the right group. */
static void
test_a_reader_needs_no_right_to_write(void **state)
{
	struct mm_store_config readers = {.read_only = true};
	struct mm_store *store = open_store();
	char said[MM_ERR_MAX];

	(void)state;
	set(store, "a", NOW, NOW, false);
	mm_store_free(store);
	assert_int_equal(0, chmod(directory, 0555));
	assert_int_equal(0, chmod(file("greylist.sqlite"), 0444));
	assert_int_equal(0, chmod(file("greylist.sqlite-wal"), 0444));
	assert_int_equal(0, chmod(file("greylist.sqlite-shm"), 0444));
	open_as_nobody(readers, said, sizeof(said));
	assert_string_equal("opened, a is there", said);
}

static void
test_a_reader_reads_beside_the_daemon(void **state)
{
	struct mm_store_config readers = {.read_only = true};
	struct mm_store *store, *reader;
	struct mm_err err;

	(void)state;
	assert_refused(readers, "there is no database yet");
	store = open_store();
	set(store, "a", NOW, NOW, true);
	reader = try_open(readers, &err);
	assert_non_null(reader);
	assert_true(is_there(reader, "a"));
	set(store, "b", NOW, NOW, false);
	assert_true(is_there(reader, "b"));
	assert_int_equal(
	    MM_STORE_FAILED, set_within(reader, "c",
				 (struct request){{1, 1, 1}, false}, 0, &err));
	assert_non_null(strstr(err.text, "is open for reading only"));
	mm_store_free(reader);
	mm_store_free(store);
}

static void
test_closing_commits_what_is_queued(void **state)
{
	struct mm_store *store = open_store();
	struct mm_err err;
	char key[32];

	(void)state;
	for (int i = 0; i < 1500; i++) {
		snprintf(key, sizeof(key), "key %d", i);
		assert_int_not_equal(MM_STORE_FAILED,
		    set_within(store, key,
			(struct request){{NOW, NOW, 0}, true}, 0, &err));
	}
	mm_store_free(store);
	store = open_store();
	assert_int_equal(1500, stats(store).records);
	assert_int_equal(1500, stats(store).waiting);
	assert_true(is_there(store, "key 1499"));
	mm_store_free(store);
}

/* More than two chunks of a purge, all of it old but a few. */
static void
fill_with_old(struct mm_store *store)
{
	struct mm_err err;
	char key[32];

	for (int i = 0; i < 1200; i++) {
		struct request request = {{NOW, NOW, i % 2}, i % 2 == 0};

		snprintf(key, sizeof(key), "old %d", i);
		set_within(store, key, request, 0, &err);
	}
	set(store, "waits on", NOW + 950, NOW + 950, true);
	set(store, "was refreshed", NOW, NOW + 5000, false);
	set(store, "from the future", NOW + 99999, NOW + 99999, false);
}

static void
test_purge_forgets_what_is_old_and_nothing_else(void **state)
{
	struct mm_store_config ages = {.max_age = 3000, .waiting_age = 100};
	const struct request listed = {{NOW, NOW + 2000, 1}, true};
	struct mm_store *store = try_open(ages, &(struct mm_err){""});

	(void)state;
	assert_non_null(store);
	fill_with_old(store);
	set_within(store, "is listed", listed, 0, &(struct mm_err){""});
	mm_store_free(store);

	/* Just in time: nobody is too old. */
	now.wall = NOW + 100;
	store = try_open(ages, &(struct mm_err){""});
	assert_non_null(store);
	sleep_ms(200);
	assert_int_equal(1204, stats(store).records);
	mm_store_free(store);

	now.wall = NOW + 1000; /* those that wait are */
	store = try_open(ages, &(struct mm_err){""});
	assert_non_null(store);
	for (int i = 0; i < 200 && stats(store).records > 604; i++)
		sleep_ms(20);
	assert_int_equal(604, stats(store).records);
	assert_int_equal(2, stats(store).waiting);
	assert_int_equal(600, stats(store).purged);
	assert_false(is_there(store, "old 0"));
	assert_true(is_there(store, "old 1"));
	mm_store_free(store);

	now.wall = NOW + 3010; /* all are, but for three */
	store = open_store();
	sleep_ms(100); /* the first walk is over, and kept all */
	assert_int_equal(604, stats(store).records);
	mm_store_keep(store, ages.max_age, ages.waiting_age);
	for (int i = 0; i < 200 && stats(store).records > 3; i++)
		sleep_ms(20);
	assert_int_equal(3, stats(store).records);
	assert_int_equal(1, stats(store).waiting);
	assert_true(is_there(store, "is listed"));
	assert_true(is_there(store, "was refreshed"));
	assert_true(is_there(store, "from the future"));
	mm_store_free(store);
}

/* A year ahead by mistake, before the daemon starts and while it runs. */
static void
test_a_clock_that_is_wrong_purges_nothing(void **state)
{
	const struct timespec written[] = {{.tv_sec = NOW}, {.tv_sec = NOW}};
	struct mm_store_config ages = {.max_age = 3000, .waiting_age = 100};
	struct mm_store *store = try_open(ages, &(struct mm_err){""});

	(void)state;
	assert_non_null(store);
	set(store, "waits", NOW, NOW, true);
	set(store, "known", NOW, NOW, false);
	mm_store_free(store);
	assert_int_equal(
	    0, utimensat(AT_FDCWD, file("greylist.sqlite"), written, 0));
	assert_int_equal(
	    0, utimensat(AT_FDCWD, file("greylist.sqlite-wal"), written, 0));

	now.wall = NOW + 31536000;
	store = try_open(ages, &(struct mm_err){""});
	assert_non_null(store);
	sleep_ms(200);
	now.wall = NOW - 31536000;
	mm_store_keep(store, 2000, 100); /* it walks again */
	sleep_ms(100);
	now.wall = NOW + 31536000;
	mm_store_keep(store, 3000, 100);
	sleep_ms(100);
	assert_int_equal(0, stats(store).purged);
	assert_true(is_there(store, "waits"));
	assert_true(is_there(store, "known"));
	mm_store_free(store);
}

/* Updates go on, and none of theirs is lost, while thousands are purged. */
static void
test_purge_does_not_disturb(void **state)
{
	struct mm_store_config ages = {.max_age = 3000, .waiting_age = 100};
	struct mm_store *store = open_store();
	char key[32];
	int n = 0;

	(void)state;
	fill_with_old(store);
	mm_store_free(store);
	now.wall = NOW + 200000;
	store = try_open(ages, &(struct mm_err){""});
	assert_non_null(store);
	for (; n < 20000 && stats(store).purged < 1203; n++) {
		snprintf(key, sizeof(key), "new %d", n);
		set(store, key, now.wall, now.wall, n % 2);
	}
	assert_int_equal(1203, stats(store).purged);
	assert_int_equal(n, stats(store).records);
	for (int i = 0; i < n; i++) {
		snprintf(key, sizeof(key), "new %d", i);
		assert_true(is_there(store, key));
	}
	assert_int_equal(0, stats(store).failures);
	mm_store_free(store);
}

/* Beside the updates: the file itself grows, not only its log. */
static void
test_the_log_is_copied(void **state)
{
	struct mm_store *store = open_store();
	struct stat st = {0};
	char key[32];

	(void)state;
	for (int i = 0; i < 3000; i++) {
		snprintf(key, sizeof(key), "key %d", i);
		set(store, key, NOW, NOW, true);
	}
	for (int i = 0; i < 200 && st.st_size < 20 * 4096; i++) {
		sleep_ms(50);
		assert_int_equal(0, stat(file("greylist.sqlite"), &st));
	}
	assert_true(st.st_size >= 20 * 4096);
	mm_store_free(store);
}

/* The line of /proc/self/task/TID/NAME that begins with what. */
static bool
read_task(const char *tid, const char *name, const char *what, char line[100])
{
	char path[64];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%s/%s", tid, name);
	if ((f = fopen(path, "r")) == NULL)
		return false;
	while (!found && fgets(line, 100, f) != NULL)
		found = strncmp(line, what, strlen(what)) == 0;
	fclose(f);
	return found;
}

/* How many threads of the store there are by now; all block HUP and TERM. */
static int
count_threads(void)
{
	const struct dirent *task;
	char line[100];
	int found = 0;
	DIR *tasks = opendir("/proc/self/task");

	assert_non_null(tasks);
	while ((task = readdir(tasks)) != NULL) {
		if (!read_task(task->d_name, "comm", "mm-", line))
			continue;
		assert_true(strcmp(line, "mm-keeper\n") == 0 ||
			    strcmp(line, "mm-mender\n") == 0 ||
			    strcmp(line, "mm-checkpoint\n") == 0);
		assert_true(read_task(task->d_name, "status", "SigBlk:", line));
		assert_int_equal(0x4001, strtoull(line + 7, NULL, 16) & 0x4001);
		found++;
	}
	closedir(tasks);
	return found;
}

static void
test_threads_have_names_and_take_no_signals(void **state)
{
	struct mm_store *store = open_store();

	(void)state;
	/* each names itself when it begins; the test's own limit ends this */
	while (count_threads() < 3)
		sleep_ms(10);
	assert_int_equal(3, count_threads());
	mm_store_free(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_records_outlive_the_process),
	    TEST(test_strangers_cannot_read_who_writes_to_whom),
	    TEST(test_an_older_schema_is_brought_up_to_date),
	    TEST(test_a_migration_that_fails_leaves_what_was),
	    TEST(test_a_newer_schema_is_refused),
	    TEST(test_a_stranger_s_database_is_left_alone),
	    TEST(test_what_is_no_database_is_refused),
	    TEST(test_no_directory_no_store),
	    TEST(test_a_directory_that_cannot_be_written),
	    TEST(test_a_reader_needs_no_right_to_write),
	    TEST(test_a_reader_reads_beside_the_daemon),
	    TEST(test_closing_commits_what_is_queued),
	    TEST(test_purge_forgets_what_is_old_and_nothing_else),
	    TEST(test_a_clock_that_is_wrong_purges_nothing),
	    TEST(test_purge_does_not_disturb),
	    TEST(test_the_log_is_copied),
	    TEST(test_threads_have_names_and_take_no_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

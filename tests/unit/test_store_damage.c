/* store_sqlite: a damaged file is set aside, and what is left is kept. */
#include "lib/store_sqlite.h"
#include "tests/test.h"
#include "tests/unit/diskstore.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ASIDE "greylist.sqlite.damaged-20231114-221320" /* at NOW */
#define RECORDS 3000
#define PAGE 2048
#define PATIENCE 600 /* times 50 ms */

/* What the store told, from its own threads. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct heard {
	int damaged, rebuilt;
	char why[256], aside[256];
	uint64_t records;
	bool whole;
} heard;

static void
on_damaged(void *ctx, const char *why, const char *aside)
{
	(void)ctx;
	pthread_mutex_lock(&lock);
	heard.damaged++;
	snprintf(heard.why, sizeof(heard.why), "%s", why);
	snprintf(heard.aside, sizeof(heard.aside), "%s", aside);
	pthread_mutex_unlock(&lock);
}

static void
on_rebuilt(void *ctx, const char *aside, uint64_t records, bool whole)
{
	(void)ctx;
	pthread_mutex_lock(&lock);
	heard.rebuilt++;
	snprintf(heard.aside, sizeof(heard.aside), "%s", aside);
	heard.records = records;
	heard.whole = whole;
	pthread_mutex_unlock(&lock);
}

static struct heard
hear(void)
{
	struct heard copy;

	pthread_mutex_lock(&lock);
	copy = heard;
	pthread_mutex_unlock(&lock);
	return copy;
}

static struct heard
await_rebuilt(void)
{
	for (int i = 0; i < PATIENCE && hear().rebuilt == 0; i++)
		sleep_ms(50);
	assert_int_equal(1, hear().rebuilt);
	return hear();
}

static struct mm_store *
open_watched(void)
{
	struct mm_store_config config = {
	    .watch = {.damaged = on_damaged, .rebuilt = on_rebuilt}};
	struct mm_err err = {""};
	struct mm_store *store;

	heard = (struct heard){0};
	store = try_open(config, &err);
	assert_string_equal("", err.text);
	assert_non_null(store);
	return store;
}

static const char *
name(int i)
{
	static char key[32];

	snprintf(key, sizeof(key), "key %d", i);
	return key;
}

/* Every third one waits. */
static void
fill(void)
{
	struct mm_store *store = open_store();

	for (int i = 0; i < RECORDS; i++)
		set(store, name(i), NOW - i, NOW, i % 3 == 0);
	mm_store_free(store);
	run_once("PRAGMA wal_checkpoint(TRUNCATE)");
}

/* Overwrites one page of so many, but not the schema, the secret and the
 * roots of the tables.  How many. */
static int
damage(int of)
{
	char garbage[PAGE];
	struct stat st;
	int n = 0;

	memset(garbage, 0xff, sizeof(garbage));
	assert_int_equal(0, stat(file("greylist.sqlite"), &st));
	assert_true(st.st_size > 40 * PAGE);
	for (off_t page = 4 + of - 1; page < st.st_size / PAGE; page += of, n++)
		write_file("greylist.sqlite", garbage, PAGE, page * PAGE);
	return n;
}

static int
count_files(const char *beginning)
{
	const struct dirent *entry;
	DIR *dir = opendir(directory);
	int n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		n += strncmp(entry->d_name, beginning, strlen(beginning)) == 0;
	closedir(dir);
	return n;
}

static bool
count_note(
    void *ctx, const struct mm_store_note *note, const struct mm_record *record)
{
	int *n = ctx;

	++*n;
	assert_string_equal("192.0.2.1", note->client);
	assert_string_equal(name((int)(NOW - record->first)), note->sender);
	return true;
}

/* How many are there; each has to be as it was. */
static int
assert_true_records(struct mm_store *store, bool all_texts)
{
	int n = 0, waiting = 0, listed = 0;
	struct mm_record record;
	struct mm_err err;

	for (int i = 0; i < RECORDS; i++) {
		assert_int_equal(
		    0, mm_store_peek(store, name(i), &record, &err));
		if (record.first == 0)
			continue;
		assert_int_equal(NOW - i, record.first);
		assert_int_equal(NOW, record.last);
		assert_int_equal(i % 3 != 0, record.count);
		n++;
		waiting += i % 3 == 0;
	}
	assert_int_equal(waiting, stats(store).waiting);
	if (all_texts) {
		assert_int_equal(
		    0, mm_store_waiting(store, count_note, &listed, &err));
		assert_int_equal(waiting, listed);
	}
	return n;
}

static enum mm_store_status
try_set(struct mm_store *store, const char *key, struct mm_err *err)
{
	return set_within(
	    store, key, (struct request){{NOW, NOW, 0}, true}, WAIT_MS, err);
}

static void
test_what_is_sound_is_checked_and_stays(void **state)
{
	struct mm_store *store;

	(void)state;
	fill();
	store = open_watched();
	for (int i = 0; i < PATIENCE && stats(store).checks == 0; i++)
		sleep_ms(50);
	assert_int_equal(1, stats(store).checks);
	assert_int_equal(0, hear().damaged);
	assert_int_equal(RECORDS, assert_true_records(store, true));
	mm_store_free(store);
	assert_int_equal(0, count_files("greylist.sqlite.damaged"));
}

static void
test_what_is_no_database_is_set_aside(void **state)
{
	struct mm_store *store;
	char garbage[8192];
	struct stat st;

	(void)state;
	memset(garbage, 'x', sizeof(garbage));
	write_file("greylist.sqlite", garbage, sizeof(garbage), 0);
	store = open_watched();
	assert_int_equal(1, hear().damaged);
	assert_non_null(strstr(hear().why, "file is not a database"));
	assert_string_equal(file(ASIDE), hear().aside);
	/* there is nothing to read, not even what the keys are hashed with */
	assert_int_equal(1, hear().rebuilt);
	assert_int_equal(0, hear().records);
	assert_false(hear().whole);
	set(store, "a", NOW, NOW, true);
	assert_int_equal(1, stats(store).damaged);
	mm_store_free(store);

	assert_int_equal(0, stat(file(ASIDE), &st));
	assert_int_equal(sizeof(garbage), st.st_size);
	assert_int_equal(0, stat(file("greylist.sqlite"), &st));
	assert_int_equal(0640, st.st_mode & 0777);
	store = open_watched();
	assert_true(is_there(store, "a"));
	assert_int_equal(0, hear().damaged);
	mm_store_free(store);
}

/* Nobody asks: it is found by reading through it. */
static void
test_what_can_be_read_is_carried_over(void **state)
{
	struct mm_store *store;
	struct heard end;
	int n;

	(void)state;
	fill();
	assert_true(damage(7) > 3);
	store = open_watched();
	end = await_rebuilt();
	assert_int_equal(1, end.damaged);
	assert_non_null(strstr(end.why, "malformed"));
	assert_string_equal(ASIDE, strrchr(end.aside, '/') == NULL
				       ? end.aside
				       : strrchr(end.aside, '/') + 1);
	assert_false(end.whole);
	n = assert_true_records(store, false);
	assert_in_range(n, RECORDS / 2, RECORDS - 1);
	assert_int_equal(n, end.records);
	assert_int_equal(n, stats(store).records);
	assert_int_equal(n, stats(store).carried);
	set(store, "new", NOW, NOW, false);
	mm_store_free(store);

	store = open_watched();
	assert_int_equal(n, assert_true_records(store, false));
	assert_true(is_there(store, "new"));
	mm_store_free(store);
	assert_int_equal(0, access(file(ASIDE), F_OK));
}

static void
test_whoever_meets_damage_has_it_set_aside(void **state)
{
	enum mm_store_status status;
	struct mm_record record;
	struct mm_store *store;
	struct mm_err err;

	(void)state;
	for (int reads = 0; reads < 2; reads++) {
		fill();
		assert_true(damage(1) > 3); /* all of them */
		status = MM_STORE_UNKNOWN;
		store = open_watched();
		if (reads)
			mm_store_peek(store, "key 1", &record, &err);
		else
			try_set(store, "key 1", &err);
		await_rebuilt();
		for (int i = 0; i < PATIENCE && status != MM_STORE_DONE; i++)
			status = try_set(store, "new", &err);
		assert_true(is_there(store, "new"));
		assert_int_equal(1, stats(store).damaged);
		mm_store_free(store);
		for (const char *part = "-shm\0-wal\0\0"; *part != '\0';
		     part += strlen(part) + 1) {
			char path[64];

			snprintf(path, sizeof(path), "greylist.sqlite%s", part);
			unlink(file(path));
		}
		unlink(file("greylist.sqlite"));
	}
	/* neither took the other's name */
	assert_int_equal(0, access(file(ASIDE), F_OK));
	assert_int_equal(0, access(file(ASIDE "-2"), F_OK));
}

/* All records are there; so mail that is known must not be put off. */
static void
test_meanwhile_updates_fail(void **state)
{
	enum mm_store_status status = MM_STORE_FAILED;
	struct mm_store *store;
	struct mm_err err;

	(void)state;
	fill();
	run_once("DROP TABLE waiting");
	store = open_watched();
	assert_int_equal(1, hear().damaged);
	assert_non_null(strstr(hear().why, "no such table"));
	while (status == MM_STORE_FAILED && hear().rebuilt == 0) {
		status = try_set(store, "new", &err);
		if (status == MM_STORE_FAILED)
			assert_non_null(
			    strstr(err.text, "sqlite: is being rebuilt"));
	}
	assert_int_equal(RECORDS, await_rebuilt().records);
	assert_int_equal(MM_STORE_DONE, try_set(store, "newer", &err));
	/* the texts were lost, the waiting goes on */
	assert_int_equal(
	    RECORDS / 3 + 1 + (status == MM_STORE_DONE), stats(store).waiting);
	mm_store_free(store);
}

/* It was stopped, or killed, in the middle. */
static void
test_a_rebuild_goes_on_after_a_restart(void **state)
{
	struct mm_store *store;
	struct heard end;
	sqlite3 *db;
	char sql[400];

	(void)state;
	fill();
	snprintf(sql, sizeof(sql), "%s", file(ASIDE));
	assert_int_equal(0, rename(file("greylist.sqlite"), sql));
	unlink(file("greylist.sqlite-wal"));
	unlink(file("greylist.sqlite-shm"));
	store = open_store();
	mm_store_free(store);
	db = connect_to();
	snprintf(sql, sizeof(sql), "ATTACH '%s' AS old", file(ASIDE));
	run(db, sql);
	run(db, "UPDATE meta SET secret = (SELECT secret FROM old.meta)");
	run(db, "CREATE TABLE carry (file TEXT NOT NULL, next INTEGER)");
	run(db, "INSERT INTO carry VALUES ('" ASIDE "', 0)");
	sqlite3_close(db);

	store = open_watched();
	end = await_rebuilt();
	assert_int_equal(0, end.damaged);
	/* those with keys below had been taken over before */
	assert_in_range(end.records, RECORDS / 3, RECORDS * 2 / 3);
	assert_int_equal(end.records, assert_true_records(store, true));
	mm_store_free(store);
	db = connect_to();
	assert_int_equal(0,
	    ask(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'carry'"));
	sqlite3_close(db);
}

/* The new one has learned something meanwhile. */
static void
test_what_is_known_better_stays(void **state)
{
	struct mm_store *store;
	struct request known = {{NOW, NOW + 5, 7}, false};
	struct mm_record record;
	struct mm_err err;
	char sql[400];
	sqlite3 *db;

	(void)state;
	fill();
	snprintf(sql, sizeof(sql), "%s", file(ASIDE));
	assert_int_equal(0, rename(file("greylist.sqlite"), sql));
	unlink(file("greylist.sqlite-wal"));
	unlink(file("greylist.sqlite-shm"));
	mm_store_free(open_store());
	db = connect_to();
	snprintf(sql, sizeof(sql), "ATTACH '%s' AS old", file(ASIDE));
	run(db, sql);
	run(db, "UPDATE meta SET secret = (SELECT secret FROM old.meta)");
	store = open_store();
	assert_int_equal(
	    MM_STORE_DONE, set_within(store, name(1), known, WAIT_MS, &err));
	set(store, name(2), NOW + 9, NOW + 9, true);
	set(store, name(3), NOW + 9, NOW + 9, true);
	mm_store_free(store);
	run(db, "CREATE TABLE carry (file TEXT NOT NULL, next INTEGER)");
	run(db, "INSERT INTO carry VALUES ('" ASIDE "', -1 << 63)");
	sqlite3_close(db);

	store = open_watched();
	await_rebuilt();
	assert_int_equal(0, mm_store_peek(store, name(1), &record, &err));
	assert_int_equal(7, record.count);
	assert_int_equal(0, mm_store_peek(store, name(2), &record, &err));
	assert_int_equal(1, record.count);
	assert_int_equal(0, mm_store_peek(store, name(3), &record, &err));
	assert_int_equal(NOW - 3, record.first);
	assert_int_equal(RECORDS, stats(store).records);
	assert_int_equal(RECORDS / 3, stats(store).waiting);
	mm_store_free(store);
}

/* A disk that damages one after the other is not filled with them. */
static void
test_not_twice_in_an_hour(void **state)
{
	struct mm_record record;
	struct mm_store *store;
	struct mm_err err;

	(void)state;
	fill();
	assert_true(damage(7) > 3);
	store = open_watched();
	await_rebuilt();
	run_once("PRAGMA wal_checkpoint(TRUNCATE)");
	assert_true(damage(1) > 3);
	run_once("UPDATE meta SET records = 1"); /* nothing cached is of use */
	for (int i = 0; i < 20; i++) {
		mm_store_peek(store, name(i), &record, &err);
		sleep_ms(10);
	}
	assert_int_equal(MM_STORE_FAILED, try_set(store, name(1), &err));
	assert_non_null(strstr(err.text, "malformed"));
	mm_store_free(store);
	assert_int_equal(1, hear().damaged);
	assert_int_equal(0, access(file(ASIDE), F_OK));
	assert_int_equal(-1, access(file(ASIDE "-2"), F_OK));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_what_is_sound_is_checked_and_stays),
	    TEST(test_what_is_no_database_is_set_aside),
	    TEST(test_what_can_be_read_is_carried_over),
	    TEST(test_whoever_meets_damage_has_it_set_aside),
	    TEST(test_meanwhile_updates_fail),
	    TEST(test_a_rebuild_goes_on_after_a_restart),
	    TEST(test_what_is_known_better_stays),
	    TEST(test_not_twice_in_an_hour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

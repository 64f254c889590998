/* diskstore - see diskstore.h. */
#include "tests/unit/diskstore.h"
#include "tests/test.h"
#include "tests/tmpdir.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

char *directory;

static int64_t
set_wall(const struct mm_clock *clock)
{
	return ((const struct set_clock *)clock)->wall;
}

static int64_t
true_mono(const struct mm_clock *clock)
{
	(void)clock;
	return mm_clock_mono(&mm_clock_system);
}

struct set_clock now = {{set_wall, true_mono}, NOW};

int
set_up(void **state)
{
	(void)state;
	now.wall = NOW;
	return (directory = tmpdir_new()) == NULL ? -1 : 0;
}

int
tear_down(void **state)
{
	(void)state;
	tmpdir_free(directory);
	return 0;
}

struct mm_store *
try_open(struct mm_store_config config, struct mm_err *err)
{
	config.directory = directory;
	return mm_store_sqlite_new(&config, &now.clock, err);
}

struct mm_store *
open_store(void)
{
	struct mm_err err = {""};
	struct mm_store *store = try_open((struct mm_store_config){0}, &err);

	assert_string_equal("", err.text);
	assert_non_null(store);
	return store;
}

const char *
file(const char *name)
{
	static char path[200];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static enum mm_store_change
change(const struct mm_store_update *update,
    struct mm_record record[MM_STORE_KEYS], bool *noted)
{
	const struct request *request = update->arg;

	record[0] = request->set;
	*noted = request->noted;
	return MM_STORE_WRITE;
}

enum mm_store_status
set_within(struct mm_store *store, const char *key, struct request request,
    int64_t wait_ms, struct mm_err *err)
{
	struct mm_store_update update = {.n = 1,
	    .key = {key},
	    .note = {"192.0.2.1", key, "b@example.net"},
	    .change = change};
	enum mm_store_status status;

	/* On the heap, and gone at once, so that a late touch is noticed. */
	update.arg = malloc(sizeof(request));
	memcpy(update.arg, &request, sizeof(request));
	status = mm_store_update(store, &update, sizeof(request), wait_ms, err);
	free(update.arg);
	return status;
}

void
set(struct mm_store *store, const char *key, int64_t first, int64_t last,
    bool noted)
{
	struct request request = {{first, last, !noted}, noted};
	struct mm_err err;

	assert_int_equal(
	    MM_STORE_DONE, set_within(store, key, request, WAIT_MS, &err));
}

bool
is_there(struct mm_store *store, const char *key)
{
	struct mm_record record;
	struct mm_err err;

	assert_int_equal(0, mm_store_peek(store, key, &record, &err));
	return record.first != 0;
}

struct mm_store_stats
stats(struct mm_store *store)
{
	struct mm_store_stats stats;

	mm_store_stats(store, &stats);
	return stats;
}

void
sleep_ms(long ms)
{
	struct timespec ts = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&ts, NULL);
}

sqlite3 *
connect_to(void)
{
	sqlite3 *db;

	assert_int_equal(SQLITE_OK, sqlite3_open(file("greylist.sqlite"), &db));
	return db;
}

void
run(sqlite3 *db, const char *sql)
{
	assert_int_equal(SQLITE_OK, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

void
run_once(const char *sql)
{
	sqlite3 *db = connect_to();

	run(db, sql);
	sqlite3_close(db);
}

int
ask(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt;
	int answer;

	assert_int_equal(
	    SQLITE_OK, sqlite3_prepare_v2(db, sql, -1, &stmt, NULL));
	assert_int_equal(SQLITE_ROW, sqlite3_step(stmt));
	answer = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	return answer;
}

void
write_file(const char *name, const char *text, size_t len, off_t at)
{
	int fd = open(file(name), O_WRONLY | O_CREAT, 0600);

	assert_true(fd != -1);
	assert_int_equal(len, pwrite(fd, text, len, at));
	close(fd);
}

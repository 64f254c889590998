/*
 * store_sqlite: what was answered survives kill -9.
 *
 *	test_store_kill [KILLS]
 *
 * A child greylists in many threads and tells each answer that it got; it is
 * killed at a random moment; then everything that it told must be there, and
 * whoever was put off passes when his time has come, counted from the first
 * time.
 */
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/greylist.h"
#include "lib/store.h"
#include "lib/store_sqlite.h"
#include "tests/test.h"
#include "tests/tmpdir.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NTHREADS 8
#define TOLD_MAX 200000 /* answers in one life of the child */
#define KEPT_MAX 20000	/* of all lives, looked at again at the end */
#define NOW 1700000000

static const struct mm_greylist_rules rules = {.delay = 170,
    .retry_window = 172800,
    .triplet_max_age = 3110400,
    .max_age = 3110400,
    .waiting_limit = 100000000};

static long kills = 20;

/* An answer: this key had been counted up to there; or, of every second
 * thread, this mail was put off then for the first time. */
struct told {
	int life, thread;
	int64_t n;
	int64_t count, first;
};

struct job {
	struct mm_store *store;
	int life, thread, fd;
};

static enum mm_store_change
count_up(const struct mm_store_update *update,
    struct mm_record record[MM_STORE_KEYS], bool *noted)
{
	int64_t *count = update->arg;

	record[0].first = 1;
	record[0].last = 1;
	*count = ++record[1].count;
	*noted = true;
	return MM_STORE_WRITE;
}

static void
name_keys(char key[64], char counter[64], const struct told *told)
{
	snprintf(key, 64, "life %d thread %d key %lld", told->life,
	    told->thread, (long long)told->n);
	snprintf(counter, 64, "thread %d", told->thread);
}

/* A new record with a note, and one that is counted up, in one update. */
static bool
count(struct mm_store *store, struct told *told)
{
	char key[64], counter[64];
	struct mm_store_update update = {.n = 2,
	    .key = {key, counter},
	    .note = {"192.0.2.1", key, counter},
	    .change = count_up,
	    .arg = &told->count};
	struct mm_err err;

	name_keys(key, counter, told);
	return mm_store_update(store, &update, sizeof(told->count), 20000,
		   &err) == MM_STORE_DONE;
}

static struct mm_greylist_answer
attempt(struct mm_store *store, const struct told *told, int64_t now)
{
	struct mm_greylist_request request = {.rules = rules,
	    .role = {MM_GREYLIST_TRIPLET, MM_GREYLIST_CLIENT,
		MM_GREYLIST_SOURCE},
	    .now = now};
	char key[64], client[64];
	struct mm_store_update update = {.n = 3,
	    .at_first = 2,
	    .key = {key, client, "source"},
	    .note = {"192.0.2.1", key, client},
	    .change = mm_greylist_change,
	    .arg = &request};
	struct mm_err err;

	name_keys(key, client, told);
	if (mm_store_update(store, &update, sizeof(request), 20000, &err) !=
	    MM_STORE_DONE)
		return (struct mm_greylist_answer){0};
	return request.answer;
}

/* New mail, and that of a while ago, which is known by now. */
static bool
put_off(struct mm_store *store, struct told *told)
{
	struct told before = *told;
	bool is;

	told->first = NOW + told->n;
	is = attempt(store, told, told->first).state == MM_GREYLIST_FIRST;
	if (told->n % 3 == 0 && told->n > 0) {
		before.n = told->n / 3;
		before.first = NOW + before.n;
		attempt(store, &before, before.first + 7200 + told->n);
	}
	return is;
}

static void *
answer_and_tell(void *arg)
{
	struct job *job = arg;
	struct told told = {.life = job->life, .thread = job->thread};

	for (;; told.n++) {
		bool answered = job->thread % 2 == 0
				    ? count(job->store, &told)
				    : put_off(job->store, &told);

		if (answered &&
		    write(job->fd, &told, sizeof(told)) != sizeof(told))
			return NULL;
	}
}

static struct mm_store *
open_store(const char *directory)
{
	struct mm_store_config config = {.directory = directory};
	struct mm_err err;

	return mm_store_sqlite_new(&config, &mm_clock_system, &err);
}

static void
live(const char *directory, int life, int fd)
{
	struct mm_store *store = open_store(directory);
	struct job jobs[NTHREADS];
	pthread_t thread;

	for (int i = 0; store != NULL && i < NTHREADS; i++) {
		jobs[i] = (struct job){store, life, i, fd};
		if (pthread_create(&thread, NULL, answer_and_tell, &jobs[i]))
			break;
	}
	for (;;)
		pause();
}

/* Reads what is told until the time has come, or for 0 until the end. */
static size_t
hear(int fd, int64_t until, struct told *told, size_t size)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	size_t max = TOLD_MAX * sizeof(*told);
	ssize_t len = 1;
	int64_t left;

	while (len > 0 && size < max) {
		left = until - mm_clock_mono(&mm_clock_system);
		if (until != 0 &&
		    (left <= 0 || poll(&wait, 1, (int)(left / 1000)) == 0))
			break;
		len = read(fd, (char *)told + size, max - size);
		size += len > 0 ? (size_t)len : 0;
	}
	return size;
}

/* Kills the child after us microseconds.  How many answers it told. */
static size_t
live_and_die(
    const char *directory, int life, long us, struct told told[TOLD_MAX])
{
	int64_t start = mm_clock_mono(&mm_clock_system);
	int fds[2], status;
	size_t size;
	pid_t pid;

	assert_int_equal(0, pipe(fds));
	if ((pid = fork()) == 0) {
		close(fds[0]);
		live(directory, life, fds[1]);
	}
	assert_true(pid > 0);
	close(fds[1]);
	size = hear(fds[0], start + us, told, 0);
	kill(pid, SIGKILL);
	size = hear(fds[0], 0, told, size);
	close(fds[0]);
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFSIGNALED(status));
	return size / sizeof(*told);
}

static void
assert_counted(struct mm_store *store, const struct told *told)
{
	char key[64], counter[64];
	struct mm_record record;
	struct mm_err err;

	name_keys(key, counter, told);
	assert_int_equal(0, mm_store_peek(store, key, &record, &err));
	assert_int_equal(1, record.first);
	assert_int_equal(0, mm_store_peek(store, counter, &record, &err));
	assert_true(record.count >= told->count);
}

/* It waits since the first time, or has passed since. */
static void
assert_first_time(struct mm_store *store, const struct told *told)
{
	char key[64], client[64];
	struct mm_record record;
	struct mm_err err;

	name_keys(key, client, told);
	assert_int_equal(0, mm_store_peek(store, key, &record, &err));
	assert_int_equal(told->first, record.first);
}

/* Now it comes back: some of them do so a second too soon. */
static void
assert_passes_in_time(
    struct mm_store *store, const struct told *told, const struct mm_record *is)
{
	struct mm_greylist_answer answer;

	if (is->count > 0)
		return;
	answer = attempt(store, told, told->first + rules.delay - 1);
	assert_int_equal(MM_GREYLIST_SOON, answer.state);
	assert_int_equal(1, answer.wait);
	answer = attempt(store, told, told->first + rules.delay);
	assert_int_equal(MM_GREYLIST_PASS, answer.state);
	assert_int_equal(rules.delay, answer.delay);
}

static void
assert_nothing_forgotten(
    const char *directory, const struct told *told, size_t n, bool come_back)
{
	struct mm_store *store = open_store(directory);
	char key[64], client[64];
	struct mm_store_stats stats;
	struct mm_record record;
	struct mm_err err;

	assert_non_null(store);
	mm_store_stats(store, &stats);
	assert_int_equal(0, stats.damaged);
	for (size_t i = 0; i < n; i++) {
		if (told[i].thread % 2 == 0) {
			assert_counted(store, &told[i]);
			continue;
		}
		assert_first_time(store, &told[i]);
		if (!come_back || i % 50 != 1)
			continue;
		name_keys(key, client, &told[i]);
		assert_int_equal(0, mm_store_peek(store, key, &record, &err));
		assert_passes_in_time(store, &told[i], &record);
	}
	mm_store_free(store);
}

/* Some of each life, evenly. */
static size_t
keep(
    struct told kept[KEPT_MAX], size_t nkept, const struct told *told, size_t n)
{
	size_t some = KEPT_MAX / (size_t)kills;

	for (size_t i = 0; i < some && i < n && nkept < KEPT_MAX; i++)
		kept[nkept++] = told[i * n / (some < n ? some : n)];
	return nkept;
}

static void
assert_sound(const char *directory)
{
	sqlite3_stmt *stmt;
	char path[200];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/greylist.sqlite", directory);
	assert_int_equal(SQLITE_OK, sqlite3_open(path, &db));
	assert_int_equal(SQLITE_OK,
	    sqlite3_prepare_v2(db,
		"SELECT (SELECT * FROM pragma_integrity_check) = 'ok' AND"
		" NOT EXISTS (SELECT * FROM waiting w LEFT JOIN record r"
		" ON r.k = w.k WHERE r.note IS NOT w.note)",
		-1, &stmt, NULL));
	assert_int_equal(SQLITE_ROW, sqlite3_step(stmt));
	assert_int_equal(1, sqlite3_column_int(stmt, 0));
	sqlite3_finalize(stmt);
	sqlite3_close(db);
}

/* No life took what it found for damaged. */
static void
assert_nothing_set_aside(const char *directory)
{
	const struct dirent *entry;
	DIR *dir = opendir(directory);

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		assert_null(strstr(entry->d_name, "damaged"));
	closedir(dir);
}

static void
test_what_was_answered_survives_a_kill(void **state)
{
	struct told *told = calloc(TOLD_MAX, sizeof(*told));
	struct told *kept = calloc(KEPT_MAX, sizeof(*kept));
	char *directory = tmpdir_new();
	size_t n, all = 0, nkept = 0;

	(void)state;
	assert_non_null(told);
	assert_non_null(kept);
	assert_non_null(directory);
	srandom((unsigned)time(NULL));
	for (int life = 0; life < kills; life++) {
		/* Some live to see the log being copied, some never start. */
		long us = random() % (life % 5 == 4 ? 1200000 : 80000);

		n = live_and_die(directory, life, us, told);
		assert_nothing_forgotten(directory, told, n, true);
		nkept = keep(kept, nkept, told, n);
		all += n;
	}
	assert_nothing_forgotten(directory, kept, nkept, false);
	assert_true(all > 0);
	assert_sound(directory);
	assert_nothing_set_aside(directory);
	print_message("%ld kills, %zu answers, none forgotten\n", kills, all);
	tmpdir_free(directory);
	free(kept);
	free(told);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_was_answered_survives_a_kill),
	};

	if (argc > 1)
		kills = strtol(argv[1], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* store: what every backend promises. */
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/store.h"
#include "tests/test.h"
#include "tests/tmpdir.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 20000 /* only a broken store is that slow */
#define NTHREADS 8
#define NEACH 50 /* updates by each thread */

/* What a change of these tests does, and what it saw. */
struct request {
	struct mm_record seen[MM_STORE_KEYS];
	struct mm_record set[MM_STORE_KEYS];
	bool add; /* to the count, in place of set */
	bool noted, quiet;
};

static enum mm_store_change
change(const struct mm_store_update *update,
    struct mm_record record[MM_STORE_KEYS], bool *noted)
{
	struct request *request = update->arg;

	memcpy(request->seen, record, sizeof(request->seen));
	for (size_t i = 0; i < update->n; i++) {
		if (request->add)
			record[i].count++;
		else
			record[i] = request->set[i];
	}
	*noted = request->noted;
	return request->quiet ? MM_STORE_KEEP : MM_STORE_WRITE;
}

static enum mm_store_status
try(struct mm_store *store, const char *key, const char *other,
    struct mm_store_note note, struct request *request)
{
	struct mm_store_update update = {.n = other == NULL ? 1 : 2,
	    .key = {key, other},
	    .note = note,
	    .change = change,
	    .arg = request};
	struct mm_err err;

	return mm_store_update(store, &update, sizeof(*request), WAIT_MS, &err);
}

static void
ask_two(struct mm_store *store, const char *key, const char *other,
    struct mm_store_note note, struct request *request)
{
	assert_int_equal(MM_STORE_DONE, try(store, key, other, note, request));
}

static void
ask(struct mm_store *store, const char *key, struct request *request)
{
	ask_two(store, key, NULL, (struct mm_store_note){0}, request);
}

static void
assert_record(
    int64_t first, int64_t last, int64_t count, const struct mm_record *record)
{
	assert_int_equal(first, record->first);
	assert_int_equal(last, record->last);
	assert_int_equal(count, record->count);
}

static struct mm_record
peek(struct mm_store *store, const char *key)
{
	struct mm_record record = {-1, -1, -1};
	struct mm_err err;

	assert_int_equal(0, mm_store_peek(store, key, &record, &err));
	return record;
}

static void
test_what_was_written_is_there(void **state)
{
	struct mm_store *store = *state;
	struct request first = {.set = {{10, 11, 0}, {20, 21, 5}}}, again = {0};
	struct mm_record record;

	record = peek(store, "a");
	assert_record(0, 0, 0, &record);
	ask_two(store, "a", "b", (struct mm_store_note){0}, &first);
	assert_record(0, 0, 0, &first.seen[0]);

	record = peek(store, "a");
	assert_record(10, 11, 0, &record);
	again.quiet = true;
	ask_two(store, "b", "a", (struct mm_store_note){0}, &again);
	assert_record(20, 21, 5, &again.seen[0]);
	assert_record(10, 11, 0, &again.seen[1]);
}

static void
test_a_quiet_change_writes_nothing(void **state)
{
	struct mm_store *store = *state;
	struct request request = {
	    .set = {{1, 2, 3}}, .noted = true, .quiet = true};
	struct mm_store_stats stats;
	struct mm_record record;

	ask(store, "a", &request);
	record = peek(store, "a");
	assert_record(0, 0, 0, &record);
	mm_store_stats(store, &stats);
	assert_int_equal(1, stats.updates);
	assert_int_equal(1, stats.looks);
	assert_int_equal(0, stats.commits);
	assert_int_equal(0, stats.records);
	assert_int_equal(0, stats.waiting);
}

/* Whoever asks can tell whether the disk has been heard of. */
static void
test_a_look_says_that_it_was_one(void **state)
{
	struct request request = {.set = {{1, 2, 3}}, .quiet = true};
	struct mm_store_update update = {
	    .n = 1, .key = {"a"}, .change = change, .arg = &request};
	struct mm_err err;

	assert_int_equal(MM_STORE_DONE,
	    mm_store_update(*state, &update, sizeof(request), WAIT_MS, &err));
	assert_true(update.looked);
	request.quiet = false;
	assert_int_equal(MM_STORE_DONE,
	    mm_store_update(*state, &update, sizeof(request), WAIT_MS, &err));
	assert_false(update.looked);
}

/* A store that takes its time to read, and notes how much is left to write. */
struct slow {
	struct mm_store store;
	int64_t wait_ms;
};

static int
read_slowly(struct mm_store *store, const char *const *keys, size_t n,
    int64_t wait_ms, struct mm_record *ret, struct mm_err *err)
{
	(void)store;
	(void)keys;
	(void)wait_ms;
	(void)err;
	nanosleep(&(struct timespec){.tv_nsec = 20 * 1000000}, NULL);
	memset(ret, 0, n * sizeof(*ret));
	return 0;
}

static enum mm_store_status
note_wait(struct mm_store *store, struct mm_store_update *update,
    size_t argsize, int64_t wait_ms, struct mm_err *err)
{
	(void)update;
	(void)argsize;
	(void)err;
	((struct slow *)store)->wait_ms = wait_ms;
	return MM_STORE_DONE;
}

static void
test_what_reading_took_is_not_waited_again(void **state)
{
	static const struct mm_store_ops ops = {
	    .update = note_wait, .read = read_slowly};
	struct slow slow = {.store = {.ops = &ops}};
	struct request request = {.set = {{1, 2, 3}}};

	(void)state;
	ask(&slow.store, "a", &request);
	assert_in_range(slow.wait_ms, 0, WAIT_MS - 20);
}

/* Sees all or what is read at first; wants more of what it does not know. */
struct lazy {
	size_t want, runs, nread;
	int64_t seen[MM_STORE_KEYS];
	bool write;
};

static enum mm_store_change
read_on(const struct mm_store_update *update,
    struct mm_record record[MM_STORE_KEYS], bool *noted)
{
	struct lazy *lazy = update->arg;

	(void)noted;
	if (update->nread < lazy->want && update->nread < update->n)
		return MM_STORE_MORE;
	lazy->runs++;
	lazy->nread = update->nread;
	for (size_t i = 0; i < MM_STORE_KEYS; i++)
		lazy->seen[i] = record[i].count;
	record[update->nread - 1].count++;
	return lazy->write ? MM_STORE_WRITE : MM_STORE_KEEP;
}

static struct lazy
ask_lazily(struct mm_store *store, size_t at_first, size_t want, bool write)
{
	struct lazy lazy = {.want = want, .write = write};
	struct mm_store_update update = {.n = 3,
	    .at_first = at_first,
	    .key = {"a", "b", "c"},
	    .change = read_on,
	    .arg = &lazy};
	struct mm_err err;

	assert_int_equal(MM_STORE_DONE,
	    mm_store_update(store, &update, sizeof(lazy), WAIT_MS, &err));
	assert_int_equal(1, lazy.runs); /* on one copy of it */
	return lazy;
}

static enum mm_store_change
count_later(const struct mm_store_update *update,
    struct mm_record record[MM_STORE_KEYS], bool *noted)
{
	int64_t *seen = update->arg;

	(void)noted;
	*seen = record[0].count;
	record[0].count += 2;
	return MM_STORE_LATER;
}

/* Each is answered from what is there, and none is done twice. */
static void
test_what_may_be_written_later_is_written(void **state)
{
	struct mm_store *store = *state;
	int64_t seen = -1, all = 0;
	struct mm_store_update update = {
	    .n = 1, .key = {"a"}, .change = count_later, .arg = &seen};
	struct mm_err err;

	for (int i = 0; i < 50; i++) {
		assert_int_equal(MM_STORE_DONE,
		    mm_store_update(store, &update, sizeof(seen), 0, &err));
		assert_in_range(seen, all, 2 * i);
		assert_int_equal(0, seen % 2);
		all = seen;
	}
	for (int i = 0; i < 1000 && peek(store, "a").count < 100; i++)
		usleep(10000);
	assert_int_equal(100, peek(store, "a").count);
}

static void
test_what_nobody_wants_is_not_read(void **state)
{
	struct mm_store *store = *state;
	struct request set = {.set = {{1, 1, 10}, {1, 1, 20}}};
	struct mm_record record;
	struct lazy lazy;

	ask_two(store, "a", "b", (struct mm_store_note){0}, &set);
	set.set[0].count = 30;
	ask(store, "c", &set);
	for (int write = 0; write < 2; write++) {
		lazy = ask_lazily(store, 2, 0, write);
		assert_int_equal(2, lazy.nread);
		assert_int_equal(10, lazy.seen[0]);
		assert_int_equal(20, lazy.seen[1]);
		assert_int_equal(0, lazy.seen[2]);
		lazy = ask_lazily(store, 1, 2, write);
		assert_int_equal(3, lazy.nread);
		assert_int_equal(20 + write, lazy.seen[1]);
		assert_int_equal(30, lazy.seen[2]);
		lazy = ask_lazily(store, 0, 0, false);
		assert_int_equal(3, lazy.nread);
	}
	record = peek(store, "b");
	assert_int_equal(21, record.count);
	record = peek(store, "c");
	assert_int_equal(31, record.count);
}

static void
test_several_are_read_at_once(void **state)
{
	struct mm_store *store = *state;
	struct request set = {.set = {{1, 2, 3}, {4, 5, 6}}};
	const char *const keys[] = {"b", "none", "a", "b"};
	struct mm_record record[MM_COUNT(keys) + 1];
	struct mm_err err;

	ask_two(store, "a", "b", (struct mm_store_note){0}, &set);
	memset(record, 0xff, sizeof(record));
	assert_int_equal(0,
	    mm_store_read(store, keys, MM_COUNT(keys), WAIT_MS, record, &err));
	assert_record(4, 5, 6, &record[0]);
	assert_record(0, 0, 0, &record[1]);
	assert_record(1, 2, 3, &record[2]);
	assert_record(4, 5, 6, &record[3]);
	assert_record(-1, -1, -1, &record[4]);
}

/* A record that was only looked at. */
static void
test_one_that_stays_keeps_its_note(void **state)
{
	struct mm_store *store = *state;
	struct request set = {.set = {{1, 1, 0}}, .noted = true};
	struct request beside = {.set = {{2, 2, 0}, {1, 1, 0}}, .noted = true};
	struct request changed = {.set = {{2, 2, 0}, {1, 3, 1}}, .noted = true};
	struct mm_store_stats stats;
	struct mm_record record;

	ask(store, "a", &set);
	ask_two(store, "b", "a", (struct mm_store_note){0}, &beside);
	mm_store_stats(store, &stats);
	assert_int_equal(2, stats.records);
	assert_int_equal(2, stats.waiting);
	ask_two(store, "b", "a", (struct mm_store_note){0}, &changed);
	record = peek(store, "a");
	assert_record(1, 3, 1, &record);
}

static void
test_all_zero_is_removed(void **state)
{
	struct mm_store *store = *state;
	struct request set = {.set = {{1, 1, 1}}, .noted = true}, zero = {0};
	struct mm_store_stats stats;
	struct mm_record record;

	ask(store, "a", &set);
	mm_store_stats(store, &stats);
	assert_int_equal(1, stats.records);
	assert_int_equal(1, stats.waiting);
	ask(store, "a", &zero);
	record = peek(store, "a");
	assert_record(0, 0, 0, &record);
	mm_store_stats(store, &stats);
	assert_int_equal(0, stats.records);
	assert_int_equal(0, stats.waiting);
}

static void
test_keys_are_any_text(void **state)
{
	struct mm_store *store = *state;
	char *longest = calloc(1, 70000);
	const char *keys[] = {
	    "", " ", "a", "a ", "A", "\xff\xfe", "';--", "a\nb", longest};

	assert_non_null(longest);
	memset(longest, 'x', 69999);
	for (size_t i = 0; i < MM_COUNT(keys); i++) {
		struct request request = {.set = {{(int64_t)i + 1, 2, 3}}};

		ask(store, keys[i], &request);
		assert_record(0, 0, 0, &request.seen[0]);
	}
	for (size_t i = 0; i < MM_COUNT(keys); i++) {
		struct mm_record record = peek(store, keys[i]);

		assert_record((int64_t)i + 1, 2, 3, &record);
	}
	free(longest);
}

struct listing {
	struct mm_store *store;
	size_t n, enough;
	char client[MM_STORE_NOTE_MAX + 2];
	char sender[MM_STORE_NOTE_MAX + 2];
	char recipient[MM_STORE_NOTE_MAX + 2];
	struct mm_record record;
};

static bool
list_one(
    void *ctx, const struct mm_store_note *note, const struct mm_record *record)
{
	struct listing *listing = ctx;

	assert_true(strlen(note->client) <= MM_STORE_NOTE_MAX);
	assert_true(strlen(note->sender) <= MM_STORE_NOTE_MAX);
	assert_true(strlen(note->recipient) <= MM_STORE_NOTE_MAX);
	strncpy(listing->client, note->client, MM_STORE_NOTE_MAX + 1);
	strncpy(listing->sender, note->sender, MM_STORE_NOTE_MAX + 1);
	strncpy(listing->recipient, note->recipient, MM_STORE_NOTE_MAX + 1);
	listing->record = *record;
	peek(listing->store, "a"); /* no lock is held meanwhile */
	return ++listing->n != listing->enough;
}

static struct listing
list(struct mm_store *store, size_t enough)
{
	struct listing listing = {.store = store, .enough = enough};
	struct mm_err err;

	assert_int_equal(0, mm_store_waiting(store, list_one, &listing, &err));
	return listing;
}

static void
test_a_note_stays_while_waiting(void **state)
{
	struct mm_store *store = *state;
	struct request wait = {.set = {{5, 5, 0}}, .noted = true};
	struct request pass = {.set = {{5, 9, 1}}};
	struct mm_store_note hostile = {
	    "192.0.2.1", "\xc3\x28'; DROP\n", "b@example.org"};
	struct mm_store_note later = {"192.0.2.2", "later", "later"};
	struct listing listing = list(store, 0);

	assert_int_equal(0, listing.n);
	ask_two(store, "a", NULL, hostile, &wait);
	wait.set[0].last = 6;
	ask_two(store, "a", NULL, later, &wait);
	listing = list(store, 0);
	assert_int_equal(1, listing.n);
	assert_string_equal("192.0.2.1", listing.client);
	assert_string_equal("\xc3\x28'; DROP\n", listing.sender);
	assert_string_equal("b@example.org", listing.recipient);
	assert_record(5, 6, 0, &listing.record);

	ask(store, "a", &pass);
	listing = list(store, 0);
	assert_int_equal(0, listing.n);
}

static void
test_long_notes_are_cut(void **state)
{
	struct mm_store *store = *state;
	struct request wait = {.set = {{5, 5, 0}}, .noted = true};
	char text[4 * MM_STORE_NOTE_MAX];
	struct listing listing;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ask_two(
	    store, "a", NULL, (struct mm_store_note){text, NULL, text}, &wait);
	listing = list(store, 0);
	assert_int_equal(1, listing.n);
	assert_int_equal(MM_STORE_NOTE_MAX, strlen(listing.client));
	assert_int_equal(0, strlen(listing.sender));
	assert_int_equal(MM_STORE_NOTE_MAX, strlen(listing.recipient));
}

/* More than a backend would read at once. */
static void
test_a_long_listing_is_whole_or_ends_when_told(void **state)
{
	struct mm_store *store = *state;
	struct request wait = {.set = {{5, 5, 0}}, .noted = true};
	struct listing listing;
	char key[16];

	for (int i = 0; i < 700; i++) {
		snprintf(key, sizeof(key), "%d", i);
		ask(store, key, &wait);
	}
	listing = list(store, 0);
	assert_int_equal(700, listing.n);
	listing = list(store, 3);
	assert_int_equal(3, listing.n);
}

struct job {
	struct mm_store *store;
	int number;
	bool shared;
	int failed; /* cmocka must not hear of it in another thread */
};

static void *
count_up(void *arg)
{
	struct job *job = arg;
	char key[32] = "shared";

	for (int i = 0; i < NEACH; i++) {
		struct request request = {.add = true};

		if (!job->shared)
			snprintf(key, sizeof(key), "%d of %d", i, job->number);
		job->failed +=
		    try(job->store, key, NULL, (struct mm_store_note){0},
			&request) != MM_STORE_DONE;
	}
	return NULL;
}

static void
count_in_threads(struct mm_store *store, bool shared)
{
	pthread_t threads[NTHREADS];
	struct job jobs[NTHREADS];

	for (int i = 0; i < NTHREADS; i++) {
		jobs[i] = (struct job){store, i, shared, 0};
		assert_int_equal(
		    0, pthread_create(&threads[i], NULL, count_up, &jobs[i]));
	}
	for (int i = 0; i < NTHREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(0, jobs[i].failed);
	}
}

static void
test_threads_lose_no_update(void **state)
{
	struct mm_store *store = *state;
	struct mm_store_stats stats;
	struct mm_record record;

	count_in_threads(store, true);
	record = peek(store, "shared");
	assert_int_equal(NTHREADS * NEACH, record.count);

	count_in_threads(store, false);
	record = peek(store, "0 of 0");
	assert_int_equal(1, record.count);
	mm_store_stats(store, &stats);
	assert_int_equal(1 + NTHREADS * NEACH, stats.records);
	assert_int_equal(2 * NTHREADS * NEACH, stats.updates);
	assert_int_equal(0, stats.failures);
}

static int
set_up_memory(void **state)
{
	*state = mm_store_memory_new();
	return *state == NULL ? -1 : 0;
}

static int
tear_down_memory(void **state)
{
	mm_store_free(*state);
	return 0;
}

static char *directory;

static int
set_up_sqlite(void **state)
{
	struct mm_store_config config;
	struct mm_err err;

	if ((directory = tmpdir_new()) == NULL)
		return -1;
	config = (struct mm_store_config){.directory = directory};
	*state = mm_store_sqlite_new(&config, &mm_clock_system, &err);
	return *state == NULL ? -1 : 0;
}

static int
tear_down_sqlite(void **state)
{
	mm_store_free(*state);
	tmpdir_free(directory);
	return 0;
}

static int
run(const char *backend, CMFixtureFunction up, CMFixtureFunction down)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_what_was_written_is_there, up, down),
	    cmocka_unit_test_setup_teardown(
		test_a_quiet_change_writes_nothing, up, down),
	    cmocka_unit_test_setup_teardown(
		test_a_look_says_that_it_was_one, up, down),
	    cmocka_unit_test(test_what_reading_took_is_not_waited_again),
	    cmocka_unit_test_setup_teardown(
		test_one_that_stays_keeps_its_note, up, down),
	    cmocka_unit_test_setup_teardown(
		test_what_may_be_written_later_is_written, up, down),
	    cmocka_unit_test_setup_teardown(
		test_what_nobody_wants_is_not_read, up, down),
	    cmocka_unit_test_setup_teardown(
		test_several_are_read_at_once, up, down),
	    cmocka_unit_test_setup_teardown(test_all_zero_is_removed, up, down),
	    cmocka_unit_test_setup_teardown(test_keys_are_any_text, up, down),
	    cmocka_unit_test_setup_teardown(
		test_a_note_stays_while_waiting, up, down),
	    cmocka_unit_test_setup_teardown(test_long_notes_are_cut, up, down),
	    cmocka_unit_test_setup_teardown(
		test_a_long_listing_is_whole_or_ends_when_told, up, down),
	    cmocka_unit_test_setup_teardown(
		test_threads_lose_no_update, up, down),
	};

	return cmocka_run_group_tests_name(backend, tests, NULL, NULL);
}

int
main(void)
{
	return run("memory", set_up_memory, tear_down_memory) +
	       run("sqlite", set_up_sqlite, tear_down_sqlite);
}

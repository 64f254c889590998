/* store: without memory an update fails whole, and says so. */
#include "tests/heap.h"
#include "tests/test.h"
#include "tests/unit/diskstore.h"

#include <string.h>

static enum mm_store_change
add(const struct mm_store_update *update,
    struct mm_record record[MM_STORE_KEYS], bool *noted)
{
	(void)update;
	record[0].count++;
	record[1].count++;
	*noted = true;
	return MM_STORE_WRITE;
}

static enum mm_store_status
add_both(struct mm_store *store, struct mm_err *err)
{
	char arg = 0;
	struct mm_store_update update = {.n = 2,
	    .key = {"a", "b"},
	    .note = {"192.0.2.1", "a@example.org", "b@example.net"},
	    .change = add,
	    .arg = &arg};

	return mm_store_update(store, &update, sizeof(arg), WAIT_MS, err);
}

static int64_t
count(struct mm_store *store, const char *key)
{
	struct mm_record record;
	struct mm_err err;

	assert_int_equal(0, mm_store_peek(store, key, &record, &err));
	return record.count;
}

static bool
see_one(
    void *ctx, const struct mm_store_note *note, const struct mm_record *record)
{
	int *n = ctx;

	(void)record;
	assert_string_equal("a@example.org", note->sender);
	++*n;
	return true;
}

static void
lists_or_says_why(struct mm_store *store)
{
	struct mm_err err;
	int n = 0, rc;

	heap_fail(1);
	rc = mm_store_waiting(store, see_one, &n, &err);
	heap_fail(0);
	assert_int_equal(-1, rc);
	assert_string_equal("out of memory", err.text);
	assert_int_equal(0, n);
	assert_int_equal(0, mm_store_waiting(store, see_one, &n, &err));
	assert_int_equal(1, n);
}

static void
updates_whole_or_not_at_all(struct mm_store *store)
{
	enum mm_store_status status;
	struct mm_err err;
	unsigned n = 0;
	bool failed;

	do {
		heap_fail(++n);
		status = add_both(store, &err);
		failed = heap_failed();
		heap_fail(0);
		assert_int_equal(
		    failed ? MM_STORE_FAILED : MM_STORE_DONE, status);
		if (failed)
			assert_string_equal("out of memory", err.text);
		assert_int_equal(!failed, count(store, "a"));
		assert_int_equal(!failed, count(store, "b"));
	} while (failed);
	assert_true(n > 1);
	assert_int_equal(1, stats(store).waiting);
}

static void
test_in_memory(void **state)
{
	struct mm_store *store;
	unsigned n = 0;

	(void)state;
	do {
		heap_fail(++n);
		store = mm_store_memory_new();
		assert_int_equal(heap_failed(), store == NULL);
	} while (store == NULL);
	heap_fail(0);
	assert_true(n > 2);
	updates_whole_or_not_at_all(store);
	lists_or_says_why(store);
	mm_store_free(store);
}

static void
test_on_disk(void **state)
{
	struct mm_store *store;
	struct mm_err err;

	(void)state;
	heap_fail(1);
	store = try_open((struct mm_store_config){0}, &err);
	heap_fail(0);
	assert_null(store);
	assert_string_equal("out of memory", err.text);
	store = open_store();
	updates_whole_or_not_at_all(store);
	lists_or_says_why(store);
	mm_store_free(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_in_memory),
	    TEST(test_on_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

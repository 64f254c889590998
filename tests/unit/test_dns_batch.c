/* dns: the frozen set of answers, and the batch that fills it. */
#include "lib/clock.h"
#include "lib/dns_batch.h"
#include "tests/heap.h"
#include "tests/test.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static struct mm_dns_question
question(const char *name, enum mm_dns_type type)
{
	return (struct mm_dns_question){.name = name, .type = type};
}

static const struct mm_dns_answer *
found(const char *text)
{
	struct mm_dns_rr rr = {.text = text};

	return mm_dns_answer_new(MM_DNS_OK, 60, &rr, 1);
}

static int64_t
soon(int64_t ms)
{
	return mm_clock_mono(&mm_clock_system) + ms * 1000;
}

static void
test_hash_tells_names_and_types_apart(void **state)
{
	static const char *const names[] = {"", "a", "b", "example.org",
	    "example.net", "12345678", "1234567", "123456789"};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(names); i++) {
		uint64_t hash = mm_dns_hash(names[i], MM_DNS_A);

		assert_true(hash == mm_dns_hash(names[i], MM_DNS_A));
		assert_false(hash == mm_dns_hash(names[i], MM_DNS_TXT));
		for (size_t j = 0; j < i; j++)
			assert_false(hash == mm_dns_hash(names[j], MM_DNS_A));
	}
}

static void
test_first_answer_stands(void **state)
{
	const struct mm_dns_answer *a = found("a"), *b = found("b");
	struct mm_answers *set = mm_answers_new();

	(void)state;
	assert_null(mm_answers_get(set, "example.org", MM_DNS_A));
	assert_true(mm_answers_add(set, "example.org", MM_DNS_A, a));
	assert_false(mm_answers_add(set, "example.org", MM_DNS_A, b));
	assert_true(mm_answers_add(set, "example.org", MM_DNS_MX, b));
	mm_dns_answer_unref(a);
	mm_dns_answer_unref(b);
	assert_ptr_equal(a, mm_answers_get(set, "example.org", MM_DNS_A));
	assert_ptr_equal(b, mm_answers_get(set, "example.org", MM_DNS_MX));
	assert_null(mm_answers_get(set, "example.or", MM_DNS_A));
	mm_answers_clear(set);
	assert_null(mm_answers_get(set, "example.org", MM_DNS_A));
	mm_answers_free(set);
	mm_answers_free(NULL);
}

static void
test_set_grows(void **state)
{
	const struct mm_dns_answer *a = mm_dns_answer_retry(MM_DNS_MISSED);
	struct mm_answers *set = mm_answers_new();
	char name[32];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 1000; i++) {
			snprintf(name, sizeof(name), "%d.example.org", i);
			assert_true(mm_answers_add(set, name, MM_DNS_A, a));
		}
		for (int i = 0; i < 1000; i++) {
			snprintf(name, sizeof(name), "%d.example.org", i);
			assert_ptr_equal(
			    a, mm_answers_get(set, name, MM_DNS_A));
			assert_null(mm_answers_get(set, name, MM_DNS_TXT));
		}
		mm_answers_clear(set);
	}
	mm_answers_free(set);
}

static void
test_question_is_under_way_until_drained(void **state)
{
	struct mm_dns_question q = question("example.org", MM_DNS_A);
	struct mm_answers *set = mm_answers_new();
	struct mm_batch *batch = mm_batch_new();
	struct mm_batch_item *item = mm_batch_begin(batch, &q);

	(void)state;
	assert_non_null(item);
	assert_true(mm_batch_asked(batch, "example.org", MM_DNS_A));
	assert_false(mm_batch_asked(batch, "example.org", MM_DNS_MX));
	assert_null(mm_batch_begin(batch, &q));
	assert_int_equal(0, mm_batch_drain(batch, set));

	assert_null(mm_batch_finish(item, found("a")));
	assert_false(mm_batch_asked(batch, "example.org", MM_DNS_A));
	assert_null(mm_batch_begin(batch, &q)); /* not drained */
	assert_int_equal(1, mm_batch_drain(batch, set));
	assert_int_equal(0, mm_batch_drain(batch, set));
	assert_non_null(mm_answers_get(set, "example.org", MM_DNS_A));

	/* the next transaction asks anew */
	mm_answers_clear(set);
	item = mm_batch_begin(batch, &q);
	assert_non_null(item);
	mm_batch_finish(item, found("a"));
	mm_batch_close(batch);
	mm_answers_free(set);
}

static void
test_missed_stays_missed(void **state)
{
	struct mm_dns_question q = question("example.org", MM_DNS_A);
	struct mm_answers *set = mm_answers_new();
	struct mm_batch *batch = mm_batch_new();
	struct mm_batch_item *item = mm_batch_begin(batch, &q);
	const struct mm_dns_answer *missed = mm_dns_answer_retry(MM_DNS_MISSED);

	(void)state;
	mm_answers_add(set, q.name, q.type, missed);
	mm_batch_finish(item, found("late"));
	assert_int_equal(1, mm_batch_drain(batch, set));
	assert_ptr_equal(missed, mm_answers_get(set, q.name, q.type));
	mm_batch_close(batch);
	mm_answers_free(set);
}

static bool
then_text(const struct mm_dns_question *asked,
    const struct mm_dns_answer *answer, struct mm_dns_question *then)
{
	if (answer->status != MM_DNS_OK || asked->type != MM_DNS_A)
		return false;
	++*(unsigned *)asked->arg;
	*then = *asked;
	then->type = MM_DNS_TXT;
	return true;
}

static void
test_next_question_begins_with_the_answer(void **state)
{
	unsigned called = 0;
	char name[] = "2.2.0.192.bl.example.org", zone[] = "bl.example.org";
	struct mm_dns_question q = {name, MM_DNS_A, zone, then_text, &called};
	struct mm_batch *batch = mm_batch_new();
	struct mm_batch_item *item = mm_batch_begin(batch, &q), *then;

	(void)state;
	name[0] = zone[0] = 'x'; /* the caller's are the caller's */
	then = mm_batch_finish(item, found("a"));
	assert_non_null(then);
	assert_int_equal(1, called);
	assert_string_equal("2.2.0.192.bl.example.org", then->question.name);
	assert_string_equal("bl.example.org", then->question.zone);
	assert_int_equal(MM_DNS_TXT, then->question.type);
	assert_true(
	    mm_batch_asked(batch, "2.2.0.192.bl.example.org", MM_DNS_TXT));
	assert_null(mm_batch_finish(then, found("text")));
	mm_batch_close(batch);
}

static void
test_next_is_not_called_once_closed(void **state)
{
	unsigned called = 0;
	struct mm_dns_question q = {
	    "a.example.org", MM_DNS_A, NULL, then_text, &called};
	struct mm_batch *batch = mm_batch_new();
	struct mm_batch_item *item = mm_batch_begin(batch, &q);
	struct mm_batch_item *other;

	(void)state;
	q.name = "b.example.org";
	other = mm_batch_begin(batch, &q);
	mm_batch_close(batch);
	assert_true(mm_batch_closed(item->batch));
	assert_null(mm_batch_finish(item, found("a")));
	assert_null(mm_batch_finish(other, found("a")));
	assert_int_equal(0, called);
}

static void
test_wait_ends_with_the_answer_or_the_time(void **state)
{
	struct mm_dns_question q = question("example.org", MM_DNS_A);
	struct mm_batch *batch = mm_batch_new();
	struct mm_batch_item *item;

	(void)state;
	/* not under way */
	assert_false(mm_batch_wait(
	    batch, q.name, q.type, &mm_clock_system, soon(10000)));
	item = mm_batch_begin(batch, &q);
	assert_false(
	    mm_batch_wait(batch, q.name, q.type, &mm_clock_system, soon(-1)));
	assert_false(
	    mm_batch_wait(batch, q.name, q.type, &mm_clock_system, soon(5)));
	mm_batch_finish(item, found("a"));
	assert_true(
	    mm_batch_wait(batch, q.name, q.type, &mm_clock_system, soon(-1)));
	mm_batch_close(batch);
}

/* One session, as far as memory lets it. */
static void
ask_once(void)
{
	unsigned called = 0;
	struct mm_dns_question q = {
	    "2.bl.example.org", MM_DNS_A, "bl.example.org", then_text, &called};
	struct mm_answers *set = mm_answers_new();
	struct mm_batch *batch = mm_batch_new();
	struct mm_batch_item *item = NULL;

	if (set != NULL && batch != NULL)
		item = mm_batch_begin(batch, &q);
	while (item != NULL)
		item = mm_batch_finish(item, found("a"));
	if (set != NULL && batch != NULL) {
		mm_batch_drain(batch, set);
		assert_false(mm_batch_asked(batch, q.name, MM_DNS_A));
		assert_false(mm_batch_asked(batch, q.name, MM_DNS_TXT));
	}
	if (!heap_failed())
		assert_non_null(mm_answers_get(set, q.name, MM_DNS_TXT));
	mm_batch_close(batch);
	mm_answers_free(set);
}

static void
test_without_memory_nothing_is_left_under_way(void **state)
{
	unsigned n = 0;

	(void)state;
	do {
		heap_fail(++n);
		ask_once();
	} while (heap_failed());
	heap_fail(0);
	assert_true(n > 5);
}

#define ITEMS 64

/* Another thread finishes what this one waits for, chains included. */
static void *
finish_all(void *arg)
{
	struct mm_batch_item **items = arg;

	for (size_t i = 0; i < ITEMS; i++) {
		struct mm_batch_item *item = items[i];

		while (item != NULL)
			item = mm_batch_finish(item, found("a"));
	}
	return NULL;
}

static void
begin_all(struct mm_batch *batch, struct mm_batch_item **items,
    char names[ITEMS][32], unsigned *called)
{
	for (size_t i = 0; i < ITEMS; i++) {
		struct mm_dns_question q = {
		    names[i], MM_DNS_A, NULL, then_text, called};

		snprintf(names[i], 32, "%zu.example.org", i);
		items[i] = mm_batch_begin(batch, &q);
		assert_non_null(items[i]);
	}
}

/* As a session does it: wait, drain, look. */
static void
await(struct mm_batch *batch, struct mm_answers *set, const char *name,
    enum mm_dns_type type)
{
	while (mm_answers_get(set, name, type) == NULL) {
		assert_true(mm_batch_wait(
		    batch, name, type, &mm_clock_system, soon(20000)));
		mm_batch_drain(batch, set);
	}
}

static void
test_threads_finish_and_one_waits(void **state)
{
	struct mm_batch_item *items[ITEMS];
	char names[ITEMS][32];

	(void)state;
	for (int round = 0; round < 20; round++) {
		struct mm_answers *set = mm_answers_new();
		struct mm_batch *batch = mm_batch_new();
		unsigned called = 0;
		pthread_t thread;

		begin_all(batch, items, names, &called);
		assert_int_equal(
		    0, pthread_create(&thread, NULL, finish_all, items));
		for (size_t i = 0; i < ITEMS; i++) {
			await(batch, set, names[i], MM_DNS_A);
			await(batch, set, names[i], MM_DNS_TXT);
		}
		pthread_join(thread, NULL);
		assert_int_equal(ITEMS, called);
		assert_int_equal(0, mm_batch_drain(batch, set));
		mm_batch_close(batch);
		mm_answers_free(set);
	}
}

static void
test_closed_while_another_thread_finishes(void **state)
{
	struct mm_batch_item *items[ITEMS];
	char names[ITEMS][32];

	(void)state;
	for (int round = 0; round < 20; round++) {
		struct mm_batch *batch = mm_batch_new();
		unsigned called = 0;
		pthread_t thread;

		begin_all(batch, items, names, &called);
		assert_int_equal(
		    0, pthread_create(&thread, NULL, finish_all, items));
		mm_batch_close(batch);
		called = 0; /* TSan sees a next() after close */
		pthread_join(thread, NULL);
		assert_int_equal(0, called);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_hash_tells_names_and_types_apart),
	    cmocka_unit_test(test_first_answer_stands),
	    cmocka_unit_test(test_set_grows),
	    cmocka_unit_test(test_question_is_under_way_until_drained),
	    cmocka_unit_test(test_missed_stays_missed),
	    cmocka_unit_test(test_next_question_begins_with_the_answer),
	    cmocka_unit_test(test_next_is_not_called_once_closed),
	    cmocka_unit_test(test_wait_ends_with_the_answer_or_the_time),
	    cmocka_unit_test(test_without_memory_nothing_is_left_under_way),
	    cmocka_unit_test(test_threads_finish_and_one_waits),
	    cmocka_unit_test(test_closed_while_another_thread_finishes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* arena: bounded, zeroed, aligned, and as new after a clear. */
#include "lib/arena.h"
#include "tests/heap.h"
#include "tests/test.h"

#include <string.h>

static void
test_zeroed_and_aligned(void **state)
{
	struct mm_arena *arena = mm_arena_new(1 << 20);

	(void)state;
	assert_non_null(arena);
	for (int round = 0; round < 2; round++) {
		for (size_t size = 0; size < 600; size++) {
			unsigned char *p = mm_arena_alloc(arena, size);

			assert_non_null(p);
			assert_int_equal(
			    0, (uintptr_t)p % _Alignof(max_align_t));
			for (size_t i = 0; i < size; i++)
				assert_int_equal(0, p[i]);
			memset(p, 0xff, size);
		}
		mm_arena_clear(arena);
	}
	mm_arena_free(arena);
	mm_arena_free(NULL);
}

static void
test_texts(void **state)
{
	struct mm_arena *arena = mm_arena_new(1 << 16);
	char longest[5000];

	(void)state;
	assert_string_equal("abc", mm_arena_dup(arena, "abc"));
	assert_string_equal("ab", mm_arena_dupn(arena, "abc", 2));
	assert_string_equal("", mm_arena_dup(arena, ""));
	assert_string_equal("7 days", mm_arena_printf(arena, "%d days", 7));
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_string_equal(longest, mm_arena_printf(arena, "%s", longest));
	mm_arena_free(arena);
}

static void
test_the_limit_holds_until_a_clear(void **state)
{
	struct mm_arena *arena = mm_arena_new(10000);
	size_t n = 0;

	(void)state;
	while (mm_arena_alloc(arena, 100) != NULL)
		n++;
	assert_true(n > 60 && n <= 100);
	assert_true(mm_arena_failed(arena));
	/* nothing more, however small: the caller may test once */
	assert_null(mm_arena_alloc(arena, 1));
	assert_null(mm_arena_dup(arena, ""));
	assert_null(mm_arena_printf(arena, "x"));
	mm_arena_clear(arena);
	assert_false(mm_arena_failed(arena));
	assert_non_null(mm_arena_alloc(arena, 7000));
	assert_null(mm_arena_alloc(arena, 7000));
	mm_arena_free(arena);
}

static void
test_small_limits_and_huge_sizes(void **state)
{
	struct mm_arena *arena = mm_arena_new(64);

	(void)state;
	assert_non_null(mm_arena_alloc(arena, 64));
	assert_false(mm_arena_failed(arena));
	assert_null(mm_arena_alloc(arena, 1));
	mm_arena_clear(arena);
	assert_null(mm_arena_alloc(arena, SIZE_MAX));
	mm_arena_clear(arena);
	assert_null(mm_arena_alloc(arena, SIZE_MAX - 64));
	mm_arena_free(arena);
}

static void
test_the_first_block_is_kept(void **state)
{
	struct mm_arena *arena = mm_arena_new(1 << 16);
	void *first = mm_arena_alloc(arena, 16);

	(void)state;
	assert_non_null(mm_arena_alloc(arena, 20000));
	mm_arena_clear(arena);
	assert_ptr_equal(first, mm_arena_alloc(arena, 16));
	mm_arena_free(arena);
}

static void
append(void *what)
{
	char **text = what;

	*(*text)++ = 'x';
}

static void
test_what_is_deferred_goes_once(void **state)
{
	struct mm_arena *arena = mm_arena_new(1024);
	char text[8] = "", *end = text;

	(void)state;
	assert_true(mm_arena_defer(arena, append, &end));
	assert_true(mm_arena_defer(arena, append, &end));
	assert_true(mm_arena_defer(arena, append, NULL));
	assert_ptr_equal(text, end);
	mm_arena_clear(arena);
	assert_ptr_equal(text + 2, end);
	mm_arena_clear(arena);
	assert_ptr_equal(text + 2, end);
	assert_null(mm_arena_alloc(arena, 4096));
	/* no room to remember it: it goes at once */
	assert_false(mm_arena_defer(arena, append, &end));
	assert_ptr_equal(text + 3, end);
	mm_arena_clear(arena);
	assert_true(mm_arena_defer(arena, append, &end));
	mm_arena_free(arena);
	assert_ptr_equal(text + 4, end);
}

static void
test_memory_runs_out(void **state)
{
	struct mm_arena *arena;

	(void)state;
	for (unsigned n = 1; n <= 2; n++) {
		heap_fail(n);
		assert_null(mm_arena_new(1 << 16));
	}
	heap_fail(0);
	arena = mm_arena_new(1 << 16);
	heap_fail(1);
	assert_null(mm_arena_alloc(arena, 8000));
	assert_true(heap_failed());
	assert_true(mm_arena_failed(arena));
	mm_arena_clear(arena);
	assert_non_null(mm_arena_alloc(arena, 8000));
	mm_arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_zeroed_and_aligned),
	    cmocka_unit_test(test_texts),
	    cmocka_unit_test(test_the_limit_holds_until_a_clear),
	    cmocka_unit_test(test_small_limits_and_huge_sizes),
	    cmocka_unit_test(test_the_first_block_is_kept),
	    cmocka_unit_test(test_what_is_deferred_goes_once),
	    cmocka_unit_test(test_memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

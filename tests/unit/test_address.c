/* address: the internal form, and what strict envelopes demand. */
#include "lib/address.h"
#include "lib/arena.h"
#include "tests/test.h"

#include <string.h>

static const struct {
	const char *raw, *internal;
	bool strict;
} cases[] = {
    {"<a@example.org>", "a@example.org", true},
    {"<A@Example.ORG.>", "A@Example.ORG.", true},
    {"<>", "", true},
    {"<postmaster>", "postmaster", true},
    {"a@example.org", "a@example.org", false},
    {"<\"foo bar\"@example.org>", "foo bar@example.org", true},
    {"<\"a\\\"b\\\\c\"@example.org>", "a\"b\\c@example.org", true},
    {"<\"a>(b\"@example.org>", "a>(b@example.org", true},
    {"<\"a@example.net\"@example.org>", "a@example.net@example.org", true},
    {"<@one.example,@two.example:a@example.org>", "a@example.org", true},
    {"<@[IPv6:2001:db8::1]:a@example.org>", "a@example.org", true},
    {"<@example.org>", "@example.org", true},
    {"<a@[192.0.2.1]>", "a@[192.0.2.1]", true},
    {"<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]", true},
    {"<a(his (own) comment)@example.org>", "a@example.org", false},
    {"(x)<a@example.org>", "a@example.org", false},
    {"Some Body <a@example.org>", "a@example.org", false},
    {"\"<b@example.net>\" <a@example.org>", "a@example.org", false},
    {"<a@example.org> (x)", "a@example.org", false},
    {"<a@example.org><b@example.org>", "a@example.org", false},
    {"< a . b @ example.org >", "a.b@example.org", true},
    {"<a b@example.org>", "a b@example.org", true},
    {"<a\\@b@example.org>", "a@b@example.org", true},
    {"<a@example.org", "a@example.org", false},
    {"<\"a@example.org>", "a@example.org>", false},
    {"<a@[192.0.2.1>", "a@[192.0.2.1]", false},
    {"a@[192.0.2.1", "a@[192.0.2.1]", false},
    {"<(a@example.org>", "", false},
    {"<a\\", "a\\", false},
    {"<\"a\\", "a\\", false},
    {"", "", false},
};

static void
test_internal_form(void **state)
{
	struct mm_arena *arena = mm_arena_new(1 << 16);

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++)
		assert_string_equal(cases[i].internal,
		    mm_address_internal(arena, cases[i].raw));
	mm_arena_free(arena);
}

static void
test_strict(void **state)
{
	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++)
		assert_int_equal(
		    cases[i].strict, mm_address_strict(cases[i].raw));
}

static void
test_a_full_arena_gives_null(void **state)
{
	struct mm_arena *arena = mm_arena_new(16);

	(void)state;
	assert_null(mm_address_internal(arena, "<a@mail.example.org>"));
	mm_arena_free(arena);
}

static void
test_domain_is_behind_the_last_at(void **state)
{
	(void)state;
	assert_string_equal("example.org", mm_address_domain("a@example.org"));
	assert_string_equal("b", mm_address_domain("a@example.org@b"));
	assert_string_equal("", mm_address_domain("a@"));
	assert_null(mm_address_domain("postmaster"));
	assert_null(mm_address_domain(""));
}

/* As quote_822_local() of Postfix writes it. */
static void
test_external_form(void **state)
{
	static const struct {
		const char *address, *want;
	} forms[] = {
	    {"a@b", "a@b"},
	    {"a.b+c@d", "a.b+c@d"},
	    {"a", "a"},
	    {"a b@c", "\"a b\"@c"},
	    {"a b@", "\"a b\"@"},
	    {"a@b@c", "\"a@b\"@c"},
	    {"a\"b\\@c", "\"a\\\"b\\\\\"@c"},
	    {".a@b", "\".a\"@b"},
	    {"a.@b", "\"a.\"@b"},
	    {"a..b@c", "\"a..b\"@c"},
	    {"@b", "\"\"@b"},
	    {"a(b@c", "\"a(b\"@c"},
	    {"caf\xc3\xa9@c", "caf\xc3\xa9@c"},
	};
	struct mm_arena *arena = mm_arena_new(65536);

	(void)state;
	for (size_t i = 0; i < MM_COUNT(forms); i++) {
		const char *got = mm_address_external(arena, forms[i].address);

		assert_non_null(got);
		assert_string_equal(forms[i].want, got);
		if (strcmp(forms[i].want, forms[i].address) == 0)
			assert_ptr_equal(forms[i].address, got);
	}
	mm_arena_free(arena);
	arena = mm_arena_new(1);
	assert_null(mm_address_external(arena, "a b@c"));
	mm_arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_internal_form),
	    cmocka_unit_test(test_strict),
	    cmocka_unit_test(test_a_full_arena_gives_null),
	    cmocka_unit_test(test_domain_is_behind_the_last_at),
	    cmocka_unit_test(test_external_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

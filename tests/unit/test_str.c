/* str: text stays bounded, numbers and times are whole or refused. */
#include "lib/str.h"
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

static void
test_buf_cuts_and_says_so(void **state)
{
	struct mm_buf buf;
	char mem[8];

	(void)state;
	mm_buf_init(&buf, mem, sizeof(mem));
	assert_string_equal("", mem);
	mm_buf_add(&buf, "abc");
	mm_buf_addf(&buf, "%d", 12);
	mm_buf_addc(&buf, '!');
	assert_string_equal("abc12!", mem);
	assert_int_equal(6, buf.len);
	assert_false(buf.cut);
	mm_buf_addn(&buf, "xyz", 1);
	assert_false(buf.cut);
	mm_buf_addc(&buf, '?');
	assert_true(buf.cut);
	assert_string_equal("abc12!x", mem);
}

static void
test_buf_addf_cuts(void **state)
{
	struct mm_buf buf;
	char mem[4];

	(void)state;
	mm_buf_init(&buf, mem, sizeof(mem));
	mm_buf_addf(&buf, "%s", "abc");
	assert_false(buf.cut);
	mm_buf_addf(&buf, "%s", "d");
	assert_true(buf.cut);
	assert_int_equal(3, buf.len);
	mm_buf_init(&buf, mem, sizeof(mem));
	mm_buf_addf(&buf, "%s", "abcdef");
	assert_true(buf.cut);
	assert_string_equal("abc", mem);
}

static void
test_to_uint(void **state)
{
	static const struct {
		const char *text;
		unsigned long low, high, want;
		bool ok;
	} cases[] = {
	    {"0", 0, 0, 0, true},
	    {"007", 0, 9, 7, true},
	    {"32", 0, 32, 32, true},
	    {"33", 0, 32, 0, false},
	    {"1", 2, 32, 0, false},
	    {"18446744073709551615", 0, (unsigned long)-1, (unsigned long)-1,
		true},
	    {"18446744073709551616", 0, (unsigned long)-1, 0, false},
	    {"9", 0, 5, 0, false},
	    {"", 0, 9, 0, false},
	    {"-1", 0, 9, 0, false},
	    {"+1", 0, 9, 0, false},
	    {" 1", 0, 9, 0, false},
	    {"1 ", 0, 9, 0, false},
	    {"0x1", 0, 9, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		unsigned long n = 4711;
		bool ok = mm_str_to_uint(
		    cases[i].text, cases[i].low, cases[i].high, &n);

		assert_int_equal(cases[i].ok, ok);
		assert_int_equal(ok ? cases[i].want : 4711, n);
	}
}

static void
test_to_ms(void **state)
{
	static const struct {
		const char *text;
		int64_t want; /* -1: refused */
	} cases[] = {
	    {"170s", 170000},
	    {"2", 2000},
	    {"250ms", 250},
	    {"3m", 180000},
	    {"1H", 3600000},
	    {"2d", 172800000},
	    {"1w", 604800000},
	    {"2147483647w", (int64_t)2147483647 * 604800000},
	    {"2147483648w", -1},
	    {"0", 0},
	    {"", -1},
	    {"s", -1},
	    {"2 s", -1},
	    {"1.5s", -1},
	    {"-1s", -1},
	    {"2y", -1},
	    {"2ss", -1},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		int64_t ms = -1;
		bool ok = mm_str_to_ms(cases[i].text, &ms);

		assert_int_equal(cases[i].want >= 0, ok);
		assert_true(cases[i].want == ms);
	}
}

static void
test_case_is_ascii_only(void **state)
{
	char text[] = "ABCxyz[]\xc3\x84";

	(void)state;
	mm_str_fold(text);
	assert_string_equal("abcxyz[]\xc3\x84", text);
	assert_true(mm_str_same("Permit", "pERMIT"));
	assert_false(mm_str_same("permit", "permits"));
	assert_false(mm_str_same("permits", "permit"));
	assert_false(mm_str_same("[", "{"));
	assert_true(mm_str_begins("IPv6:::1", "ipv6:"));
	assert_false(mm_str_begins("IPv", "ipv6:"));
	assert_true(mm_str_begins("x", ""));
}

/* Whatever stands beside it, and wherever. */
static void
test_every_byte_is_folded_by_itself(void **state)
{
	(void)state;
	for (int c = 1; c < 256; c++) {
		int want = c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;

		for (size_t at = 0; at < 19; at++) {
			char text[20] = "Z@[\xff\x7f`{AZ@[\xff\x7f`{AZ@[";
			char folded[20] = "z@[\xff\x7f`{az@[\xff\x7f`{az@[";

			text[at] = (char)c;
			folded[at] = (char)want;
			mm_str_fold(text);
			assert_memory_equal(folded, text, sizeof(text));
		}
	}
}

static void
test_printable(void **state)
{
	char text[] = "a\r\n\x7f\x01\xff ~";

	(void)state;
	mm_str_printable(text, '?');
	assert_string_equal("a????? ~", text);
}

static void
test_unfold(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
	    {"", ""},
	    {"a  b\tc\r", "a  b\tc\r"},
	    {"a\nb", "a b"},
	    {"a, \r\n\t\n  b  c", "a, b  c"},
	    {"\n a\n", " a "},
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		snprintf(text, sizeof(text), "%s", cases[i].text);
		mm_str_unfold(text);
		assert_string_equal(cases[i].want, text);
	}
}

static void
test_distance(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned want;
	} cases[] = {
	    {"", "", 0},
	    {"", "abc", 3},
	    {"abc", "", 3},
	    {"permit", "PERMIT", 0},
	    {"premit", "permit", 1},
	    {"permt", "permit", 1},
	    {"kitten", "sitting", 3},
	    {"reject_rbl", "reject_rbl_client", 7},
	    {"ca", "abc", 3},
	    {"abcd", "badc", 2},
	};
	char a[200], b[200];

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		unsigned want = cases[i].want;

		for (unsigned limit = 0; limit < 10; limit++)
			assert_int_equal(want < limit ? want : limit,
			    mm_str_distance(cases[i].a, cases[i].b, limit));
	}
	memset(a, 'a', sizeof(a) - 1);
	memset(b, 'b', sizeof(b) - 1);
	a[sizeof(a) - 1] = b[sizeof(b) - 1] = '\0';
	assert_int_equal(64, mm_str_distance(a, b, 1000));
}

static void
test_utf8(void **state)
{
	static const char *const good[] = {"", "abc", "\x7f", "\xc2\x80",
	    "\xdf\xbf!", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
	    "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
	static const char *const bad[] = {"\x80", "a\xc2", "\xc2 ", "\xc1\xbf",
	    "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
	    "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff"};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(good); i++)
		assert_true(mm_str_is_utf8(good[i]));
	for (size_t i = 0; i < MM_COUNT(bad); i++)
		assert_false(mm_str_is_utf8(bad[i]));
}

static void
test_hash(void **state)
{
	(void)state;
	/* the published values of 64-bit FNV-1a */
	assert_true(mm_str_hash("") == UINT64_C(0xcbf29ce484222325));
	assert_true(mm_str_hash("a") == UINT64_C(0xaf63dc4c8601ec8c));
	assert_true(mm_str_hash("foobar") == UINT64_C(0x85944171f73967e8));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_buf_cuts_and_says_so),
	    cmocka_unit_test(test_buf_addf_cuts),
	    cmocka_unit_test(test_to_uint),
	    cmocka_unit_test(test_to_ms),
	    cmocka_unit_test(test_case_is_ascii_only),
	    cmocka_unit_test(test_every_byte_is_folded_by_itself),
	    cmocka_unit_test(test_printable),
	    cmocka_unit_test(test_unfold),
	    cmocka_unit_test(test_distance),
	    cmocka_unit_test(test_hash),
	    cmocka_unit_test(test_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

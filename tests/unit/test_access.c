/* access: actions are taken apart, what we cannot do is refused at load. */
#include "lib/access.h"

#include <string.h>

#include "lib/err.h"
#include "tests/test.h"

static void
test_takes_actions_apart(void **state)
{
	static const struct {
		const char *value;
		enum mm_access_verb verb;
		int code;
		const char *dsn, *text;
	} cases[] = {
	    {"OK", MM_ACCESS_OK, 0, "", ""},
	    {"ok whatever follows", MM_ACCESS_OK, 0, "", ""},
	    {"Relay", MM_ACCESS_OK, 0, "", ""},
	    {"1", MM_ACCESS_OK, 0, "", ""},
	    {"550", MM_ACCESS_OK, 0, "", ""},
	    {"1700000000", MM_ACCESS_OK, 0, "", ""},
	    {"DUNNO and text", MM_ACCESS_DUNNO, 0, "", ""},
	    {"dunno", MM_ACCESS_DUNNO, 0, "", ""},
	    {"REJECT", MM_ACCESS_REJECT, 0, "", ""},
	    {"reject  go away", MM_ACCESS_REJECT, 0, "", "go away"},
	    {"REJECT 5.7.2", MM_ACCESS_REJECT, 0, "5.7.2", ""},
	    {"REJECT 5.7.2 go away", MM_ACCESS_REJECT, 0, "5.7.2", "go away"},
	    {"REJECT 4.999.123\tgo", MM_ACCESS_REJECT, 0, "4.999.123", "go"},
	    {"REJECT 3.7.2 go", MM_ACCESS_REJECT, 0, "", "3.7.2 go"},
	    {"REJECT 5.7 go", MM_ACCESS_REJECT, 0, "", "5.7 go"},
	    {"REJECT 5.7.1234 go", MM_ACCESS_REJECT, 0, "", "5.7.1234 go"},
	    {"REJECT 5.7.1, go", MM_ACCESS_REJECT, 0, "", "5.7.1, go"},
	    {"REJECT 5.7.1.1 go", MM_ACCESS_REJECT, 0, "", "5.7.1.1 go"},
	    {"REJECT 5..1 go", MM_ACCESS_REJECT, 0, "", "5..1 go"},
	    {"DEFER 4.2.1 later", MM_ACCESS_DEFER, 0, "4.2.1", "later"},
	    {"defer", MM_ACCESS_DEFER, 0, "", ""},
	    {"550 no", MM_ACCESS_CODE, 550, "", "no"},
	    {"550 5.7.1", MM_ACCESS_CODE, 550, "5.7.1", ""},
	    {"450 4.7.0 not now", MM_ACCESS_CODE, 450, "4.7.0", "not now"},
	    {"599 4.7.0 x", MM_ACCESS_CODE, 599, "4.7.0", "x"},
	    {"400 5.7 x", MM_ACCESS_CODE, 400, "", "5.7 x"},
	    {"DEFER_IF_PERMIT 4.1.1 x", MM_ACCESS_DEFER_IF_PERMIT, 0, "4.1.1",
		"x"},
	    {"defer_if_reject x", MM_ACCESS_DEFER_IF_REJECT, 0, "", "x"},
	    {"WARN 5.7.1 x", MM_ACCESS_WARN, 0, "", "5.7.1 x"},
	    {"warn", MM_ACCESS_WARN, 0, "", ""},
	    {"INFO   this one", MM_ACCESS_INFO, 0, "", "this one"},
	    {"DISCARD", MM_ACCESS_DISCARD, 0, "", ""},
	    {"hold please", MM_ACCESS_HOLD, 0, "", "please"},
	    {"PREPEND X-Seen: yes", MM_ACCESS_PREPEND, 0, "", "X-Seen: yes"},
	    {"REDIRECT a@example.org", MM_ACCESS_REDIRECT, 0, "",
		"a@example.org"},
	    {"Bcc a@example.org", MM_ACCESS_BCC, 0, "", "a@example.org"},
	    {"HANGUP", MM_ACCESS_HANGUP, 0, "", ""},
	    {" REJECT x", MM_ACCESS_REJECT, 0, "", "x"},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_access access;
		struct mm_err err = {""};

		print_message("%s\n", cases[i].value);
		assert_int_equal(
		    0, mm_access_parse(cases[i].value, &access, &err));
		assert_int_equal(cases[i].verb, access.verb);
		assert_int_equal(cases[i].code, access.code);
		assert_string_equal(cases[i].dsn, access.dsn);
		assert_string_equal(cases[i].text, access.text);
		assert_string_equal("", err.text);
	}
}

static void
test_takes_the_rest_for_restrictions(void **state)
{
	static const char *const values[] = {
	    "permit", "permit_mynetworks, reject", "local_class", "REJECT,"};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(values); i++) {
		struct mm_access access;
		struct mm_err err;

		assert_int_equal(0, mm_access_parse(values[i], &access, &err));
		assert_int_equal(MM_ACCESS_LIST, access.verb);
		assert_string_equal(values[i], access.text);
	}
}

static void
test_guesses_what_was_meant(void **state)
{
	static const struct {
		const char *value, *want;
	} cases[] = {
	    {"REJCET", "unknown action \"REJCET\": did you mean \"REJECT\"?"},
	    {"defer_if_permitt x", "unknown action \"defer_if_permitt\": did "
				   "you mean \"DEFER_IF_PERMIT\"?"},
	    {"KO", "unknown action \"KO\": did you mean \"OK\"?"},
	    {"local_class, reject",
		"unknown action \"local_class\": it must be OK, REJECT, "
		"DEFER, DUNNO, a code with text, another one of access(5), or "
		"restrictions and classes"},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_err err = {""};

		assert_int_equal(-1, mm_access_unknown(cases[i].value, &err));
		assert_string_equal(cases[i].want, err.text);
	}
}

static void
test_refuses(void **state)
{
	static const struct {
		const char *value, *want;
	} cases[] = {
	    {"", "an empty result"},
	    {"  ", "an empty result"},
	    {"FILTER smtp:[192.0.2.1]",
		"FILTER: no milter can: PREPEND a header of your own, and "
		"let header_checks in main.cf FILTER by it"},
	    {"check_client_access hash:/a",
		"\"check_client_access hash:/a\": no table can stand in the "
		"result of a table: name a class of "
		"smtpd_restriction_classes that has it"},
	    {"250 ok", "\"250\" is not a reply code for a refusal: it must be "
		       "4NN or 5NN"},
	    {"650 x", "\"650\" is not a reply code for a refusal: it must be "
		      "4NN or 5NN"},
	    {"5500 x", "\"5500\" is not a reply code for a refusal: it must "
		       "be 4NN or 5NN"},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_access access = {.code = 42};
		struct mm_err err = {""};

		assert_int_equal(
		    -1, mm_access_parse(cases[i].value, &access, &err));
		assert_string_equal(cases[i].want, err.text);
		assert_int_equal(42, access.code); /* untouched */
	}
}

static void
test_looks_at_headers_and_addresses(void **state)
{
	static const struct {
		const char *value, *want; /* "": it is one */
	} cases[] = {
	    {"HOLD", ""},
	    {"REJECT no header", ""},
	    {"PREPEND X-Note: text", ""},
	    {"PREPEND X-Note:text", ""},
	    {"PREPEND X-Note : text", ""},
	    {"PREPEND X-Note:", ""},
	    {"PREPEND X-Note", "\"X-Note\" is not a header, as in "
			       "\"PREPEND X-Note: text\""},
	    {"PREPEND", "\"\" is not a header, as in \"PREPEND X-Note: "
			"text\""},
	    {"PREPEND : text", "\": text\" is not a header, as in "
			       "\"PREPEND X-Note: text\""},
	    {"PREPEND X Note: text", "\"X Note: text\" is not a header, as "
				     "in \"PREPEND X-Note: text\""},
	    {"PREPEND X-N\xc3\xb6te: text",
		"\"X-N\xc3\xb6te: text\" is not a header, as in "
		"\"PREPEND X-Note: text\""},
	    {"REDIRECT a@example.org", ""},
	    {"BCC a@example.org", ""},
	    {"REDIRECT", "\"\" is not an address user@domain"},
	    {"BCC nobody", "\"nobody\" is not an address user@domain"},
	    {"BCC a@example.org b@example.org",
		"\"a@example.org b@example.org\" is not an address "
		"user@domain"},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_access access;
		struct mm_err err = {""};
		int rc;

		print_message("%s\n", cases[i].value);
		assert_int_equal(
		    0, mm_access_parse(cases[i].value, &access, &err));
		rc = mm_access_check(&access, &err);
		assert_string_equal(cases[i].want, err.text);
		assert_int_equal(*cases[i].want == '\0' ? 0 : -1, rc);
	}
}

static void
test_a_header_has_an_end(void **state)
{
	char value[sizeof("PREPEND ") + MM_ACCESS_HEADER_MAX + 1];
	struct mm_access access;
	struct mm_err err = {""};
	size_t end = sizeof(value) - 1;

	(void)state;
	memset(value, 'x', end);
	memcpy(value, "PREPEND X:", 10);
	value[end] = '\0';
	assert_int_equal(0, mm_access_parse(value, &access, &err));
	assert_int_equal(-1, mm_access_check(&access, &err));
	assert_string_equal("a header of more than 998 bytes", err.text);
	value[end - 1] = '\0';
	assert_int_equal(0, mm_access_check(&access, &err));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_takes_actions_apart),
	    cmocka_unit_test(test_takes_the_rest_for_restrictions),
	    cmocka_unit_test(test_guesses_what_was_meant),
	    cmocka_unit_test(test_refuses),
	    cmocka_unit_test(test_looks_at_headers_and_addresses),
	    cmocka_unit_test(test_a_header_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

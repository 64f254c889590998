/* hostname: the same names are valid as in Postfix. */
#include "lib/hostname.h"
#include "tests/test.h"

#include <string.h>

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void
test_valid_and_fqdn(void **state)
{
	static const struct {
		const char *name;
		bool valid, fqdn;
	} cases[] = {
	    {"mail.example.org", true, true},
	    {"localhost", true, false},
	    {"a_b.example", true, true},
	    {"_dmarc.example.org", true, true},
	    {"1.2.3.4a", true, true},
	    {"4711a", true, false},
	    {"xn--bcher-kva.example", true, true},
	    {L63 ".example", true, true},
	    {L63 "." L63 "." L63 "." L63, true, true},
	    {L63 "." L63 "." L63 "." L63 ".a", false, false},
	    {L63 "a.example", false, false},
	    {"", false, false},
	    {".", false, false},
	    {"example.org.", false, false},
	    {".example.org", false, false},
	    {"a..b", false, false},
	    {"-a.example", false, false},
	    {"a-.example", false, false},
	    {"192.0.2.1", false, false},
	    {"4711", false, false},
	    {"a b.example", false, false},
	    {"[192.0.2.1]", false, false},
	    {"2001:db8::1", false, false},
	    {"b\xc3\xbc"
	     "cher.example",
		false, false},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		assert_int_equal(
		    cases[i].valid, mm_hostname_valid(cases[i].name));
		assert_int_equal(
		    cases[i].fqdn, mm_hostname_fqdn(cases[i].name));
	}
}

static void
test_is_address(void **state)
{
	static const struct {
		const char *name;
		bool want;
	} cases[] = {
	    {"192.0.2.1", true},
	    {"192.000.002.01", true},
	    {"0.0.0.0", true},
	    {"255.255.255.255", true},
	    {"2001:db8::1", true},
	    {"::ffff:192.0.2.1", true},
	    {"::", true},
	    {"0.0.0.1", false},
	    {"0.1.2.3", false},
	    {"192.0.2.256", false},
	    {"192.0.2", false},
	    {"192.0.2.1.5", false},
	    {"192.0.2.1.", false},
	    {"192..2.1", false},
	    {"192.0.2.99999999999999999999", false},
	    {"", false},
	    {"[192.0.2.1]", false},
	    {"IPv6:2001:db8::1", false},
	    {"2001:db8::g", false},
	    {"example.org", false},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++)
		assert_int_equal(
		    cases[i].want, mm_hostname_is_address(cases[i].name));
}

static void
test_numeric_end(void **state)
{
	(void)state;
	assert_true(mm_hostname_numeric_end("foo.123"));
	assert_true(mm_hostname_numeric_end("192.0.2.1"));
	assert_true(mm_hostname_numeric_end("7"));
	assert_false(mm_hostname_numeric_end("foo.1a"));
	assert_false(mm_hostname_numeric_end("1.foo"));
	assert_false(mm_hostname_numeric_end("foo."));
	assert_false(mm_hostname_numeric_end(""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_valid_and_fqdn),
	    cmocka_unit_test(test_is_address),
	    cmocka_unit_test(test_numeric_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

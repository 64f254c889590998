/* settings_dns: what dns_forward and dns_stub say, and what they may not. */
#include "lib/err.h"
#include "lib/settings.h"
#include "lib/settings_dns.h"
#include "tests/test.h"

static struct mm_settings
settings(const char *forward, const char *stub)
{
	return (struct mm_settings){
	    .dns_forward = forward,
	    .dns_stub = stub,
	    .dns_trust_anchor_file = "none",
	    .dns_deadline = 2000,
	    .dns_cache_entries = 1000,
	    .dns_in_flight = 100,
	};
}

static void
test_reads_all_words(void **state)
{
	struct mm_settings s = settings("192.0.2.1, 2001:db8::1@5353",
	    ".=127.0.0.1@5300\n bl.example.org=192.0.2.7");
	struct mm_settings_dns dns;
	struct mm_err err;

	(void)state;
	assert_int_equal(0, mm_settings_dns_read(&s, &dns, &err));
	assert_int_equal(2, dns.config.nforward);
	assert_string_equal("192.0.2.1", dns.config.forward[0]);
	assert_string_equal("2001:db8::1@5353", dns.config.forward[1]);
	assert_int_equal(2, dns.config.nstub);
	assert_string_equal(".", dns.config.stub[0].zone);
	assert_string_equal("127.0.0.1@5300", dns.config.stub[0].address);
	assert_string_equal("bl.example.org", dns.config.stub[1].zone);
	assert_string_equal("192.0.2.7", dns.config.stub[1].address);
	assert_int_equal(2000, dns.config.deadline_ms);
	assert_int_equal(1000, dns.config.cache_entries);
	assert_int_equal(100, dns.config.in_flight);
	mm_settings_dns_clear(&dns);
}

static void
test_nothing_is_full_recursion(void **state)
{
	struct mm_settings s = settings("", "");
	struct mm_settings_dns dns;
	struct mm_err err;

	(void)state;
	assert_int_equal(0, mm_settings_dns_read(&s, &dns, &err));
	assert_int_equal(0, dns.config.nforward);
	assert_int_equal(0, dns.config.nstub);
	mm_settings_dns_clear(&dns);
}

static void
test_none_is_no_anchor(void **state)
{
	static const struct {
		const char *value, *want;
	} cases[] = {
	    {"none", NULL},
	    {"", NULL},
	    {"/etc/root.key", "/etc/root.key"},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_settings s = settings("", "");
		struct mm_settings_dns dns;
		struct mm_err err;

		s.dns_trust_anchor_file = cases[i].value;
		assert_int_equal(0, mm_settings_dns_read(&s, &dns, &err));
		assert_ptr_equal(cases[i].want != NULL ? cases[i].value : NULL,
		    dns.config.trust_anchor_file);
		mm_settings_dns_clear(&dns);
	}
}

static void
test_says_what_is_wrong(void **state)
{
	static const struct {
		const char *forward, *stub, *want;
	} cases[] = {
	    {"ns.example.org", "",
		"dns_forward: \"ns.example.org\" is not an IP address, with "
		"or without @port"},
	    {"192.0.2.1 192.0.2.2@", "",
		"dns_forward: \"192.0.2.2@\": the port is not a number from "
		"1 to 65535"},
	    {"192.0.2.2@65536", "",
		"dns_forward: \"192.0.2.2@65536\": the port is not a number "
		"from 1 to 65535"},
	    {"192.0.2.1111111111111111111111111111111111111111111111", "",
		"dns_forward: "
		"\"192.0.2.1111111111111111111111111111111111111111111111\" is "
		"not an address"},
	    {"", "bl.example.org",
		"dns_stub: \"bl.example.org\" is not of the form "
		"zone=address"},
	    {"", "-.org=192.0.2.1", "dns_stub: \"-.org\" is not a zone"},
	    {"", "=192.0.2.1", "dns_stub: \"\" is not a zone"},
	    {"", "bl.example.org=",
		"dns_stub: \"\" is not an IP address, "
		"with or without @port"},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_settings s =
		    settings(cases[i].forward, cases[i].stub);
		struct mm_settings_dns dns;
		struct mm_err err;

		assert_int_equal(-1, mm_settings_dns_read(&s, &dns, &err));
		assert_string_equal(cases[i].want, err.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reads_all_words),
	    cmocka_unit_test(test_nothing_is_full_recursion),
	    cmocka_unit_test(test_none_is_no_anchor),
	    cmocka_unit_test(test_says_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

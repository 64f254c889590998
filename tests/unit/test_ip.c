/* ip: addresses read and printed, prefixes checked with advice. */
#include "lib/err.h"
#include "lib/ip.h"
#include "tests/test.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static void
test_addresses_and_back(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: refused */
	} cases[] = {
	    {"192.0.2.1", "192.0.2.1"},
	    {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
	    {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
	    {"::ffff:192.0.2.1", "192.0.2.1"},
	    {"::ffff:c000:201", "192.0.2.1"},
	    {"::", "::"},
	    {"0.0.0.0", "0.0.0.0"},
	    {"", NULL},
	    {"192.0.2", NULL},
	    {"192.0.2.256", NULL},
	    {"192.0.2.01", NULL},
	    {" 192.0.2.1", NULL},
	    {"[2001:db8::1]", NULL},
	    {"fe80::1%lo", NULL},
	    {"2001:db8::1::2", NULL},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		char text[MM_IP_TEXT_MAX];
		struct mm_ip ip;
		bool ok = mm_ip_parse(cases[i].text, &ip);

		assert_int_equal(cases[i].want != NULL, ok);
		if (ok)
			assert_string_equal(
			    cases[i].want, mm_ip_format(&ip, text));
	}
}

static void
test_no_address_prints_nothing(void **state)
{
	struct mm_ip none = {.family = MM_IP_NONE};
	char text[MM_IP_TEXT_MAX], reversed[MM_IP_REVERSED_MAX];

	(void)state;
	assert_string_equal("", mm_ip_format(&none, text));
	assert_string_equal("", mm_ip_reverse(&none, reversed));
}

static void
test_from_sockaddr(void **state)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	char text[MM_IP_TEXT_MAX];
	struct mm_ip ip;

	(void)state;
	inet_pton(AF_INET, "192.0.2.7", &in.sin_addr);
	assert_true(mm_ip_from_sockaddr((struct sockaddr *)&in, &ip));
	assert_string_equal("192.0.2.7", mm_ip_format(&ip, text));
	inet_pton(AF_INET6, "2001:db8::7", &in6.sin6_addr);
	assert_true(mm_ip_from_sockaddr((struct sockaddr *)&in6, &ip));
	assert_string_equal("2001:db8::7", mm_ip_format(&ip, text));
	inet_pton(AF_INET6, "::ffff:192.0.2.7", &in6.sin6_addr);
	assert_true(mm_ip_from_sockaddr((struct sockaddr *)&in6, &ip));
	assert_string_equal("192.0.2.7", mm_ip_format(&ip, text));
	assert_false(mm_ip_from_sockaddr((struct sockaddr *)&un, &ip));
}

static void
test_reverse(void **state)
{
	char text[MM_IP_REVERSED_MAX];
	struct mm_ip ip;

	(void)state;
	assert_true(mm_ip_parse("192.0.2.99", &ip));
	assert_string_equal("99.2.0.192", mm_ip_reverse(&ip, text));
	assert_true(mm_ip_parse("2001:db8:1:2:3:4:567:89ab", &ip));
	assert_string_equal("b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0."
			    "2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2",
	    mm_ip_reverse(&ip, text));
	assert_int_equal(MM_IP_REVERSED_MAX - 1, strlen(text));
}

static void
test_mask_and_equal(void **state)
{
	char text[MM_IP_TEXT_MAX];
	struct mm_ip ip, other;

	(void)state;
	assert_true(mm_ip_parse("192.0.2.255", &ip));
	other = ip;
	mm_ip_mask(&ip, 32);
	assert_true(mm_ip_equal(&ip, &other));
	mm_ip_mask(&ip, 25);
	assert_string_equal("192.0.2.128", mm_ip_format(&ip, text));
	assert_false(mm_ip_equal(&ip, &other));
	mm_ip_mask(&ip, 0);
	assert_string_equal("0.0.0.0", mm_ip_format(&ip, text));
	assert_true(mm_ip_parse("::", &other));
	assert_false(mm_ip_equal(&ip, &other));
	assert_true(mm_ip_parse("2001:db8:ffff:ffff::1", &ip));
	mm_ip_mask(&ip, 33);
	assert_string_equal("2001:db8:8000::", mm_ip_format(&ip, text));
}

static void
test_prefixes(void **state)
{
	static const struct {
		const char *prefix, *in, *out;
	} cases[] = {
	    {"192.0.2.1", "192.0.2.1", "192.0.2.2"},
	    {"192.0.2.0/24", "192.0.2.255", "192.0.3.0"},
	    {"0.0.0.0/0", "203.0.113.9", "2001:db8::1"},
	    {"::/0", "2001:db8::1", "192.0.2.1"},
	    {"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"},
	    {"[2001:db8::1]", "2001:db8::1", "2001:db8::2"},
	    {"[2001:db8::]/127", "2001:db8::1", "2001:db8::2"},
	    {"[2001:db8::/127]", "2001:db8::1", "2001:db8::2"},
	    {"::ffff:192.0.2.0/120", "192.0.2.9", "192.0.3.9"},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_prefix prefix;
		struct mm_err err;
		struct mm_ip ip;

		assert_int_equal(
		    0, mm_prefix_parse(cases[i].prefix, &prefix, &err));
		assert_true(mm_ip_parse(cases[i].in, &ip));
		assert_true(mm_prefix_has(&prefix, &ip));
		assert_true(mm_ip_parse(cases[i].out, &ip));
		assert_false(mm_prefix_has(&prefix, &ip));
	}
}

static void
test_bad_prefixes_come_with_advice(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
	    {"192.0.2.1/24", "host bits are set: did you mean 192.0.2.0/24?"},
	    {"[2001:db8::1]/32",
		"host bits are set: did you mean 2001:db8::/32?"},
	    {"192.0.2.0/33",
		"prefix length \"33\" must be a number from 0 to 32"},
	    {"192.0.2.0/", "prefix length \"\" must be a number from 0 to 32"},
	    {"2001:db8::/129",
		"prefix length \"129\" must be a number from 0 to 128"},
	    {"192.0.2.0/255.255.255.0",
		"a netmask is not understood: write /24 for /255.255.255.0"},
	    {"192.0.2.0/255.0.255.0",
		"prefix length \"255.0.255.0\" must be a number from 0 to 32"},
	    {"::ffff:192.0.2.0/24",
		"prefix length \"24\" of an IPv4-mapped address must be a "
		"number from 96 to 128"},
	    {"192.0.2/24",
		"\"192.0.2\" is not an IP address: an IPv4 network looks like "
		"192.0.2.0/24"},
	    {"2001:db8/32",
		"\"2001:db8\" is not an IP address: an IPv6 network looks "
		"like 2001:db8::/32"},
	    {"[192.0.2.0]/24",
		"brackets are for IPv6: write 192.0.2.0 without them"},
	    {"[2001:db8::", "\"[\" and \"]\" must both be there, or none"},
	    {"2001:db8::]", "\"[\" and \"]\" must both be there, or none"},
	    {"[2001:db8::]32",
		"only \"/\" and a prefix length may follow \"]\""},
	    {"[2001:db8::/32]/32",
		"only \"/\" and a prefix length may follow \"]\""},
	    {"", "an address or network is missing"},
	    {"\x1b"
	     "x",
		"\"?x\" is not an IP address: an IPv4 network looks like "
		"192.0.2.0/24"},
	    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\" is too "
		"long for an address or network"},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_prefix prefix = {.len = 77};
		struct mm_err err;

		assert_int_equal(
		    -1, mm_prefix_parse(cases[i].text, &prefix, &err));
		assert_string_equal(cases[i].want, err.text);
		assert_int_equal(77, prefix.len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_addresses_and_back),
	    cmocka_unit_test(test_no_address_prints_nothing),
	    cmocka_unit_test(test_from_sockaddr),
	    cmocka_unit_test(test_reverse),
	    cmocka_unit_test(test_mask_and_equal),
	    cmocka_unit_test(test_prefixes),
	    cmocka_unit_test(test_bad_prefixes_come_with_advice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

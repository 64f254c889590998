/* shape: names that machines make, and names that somebody thought up. */
#include "lib/ip.h"
#include "lib/shape.h"
#include "tests/test.h"

#define OCTETS "the octets of its address are in its name"
#define THREE "three octets of its address are in its name"
#define DIGITS "the digits of its address are in its name"
#define HEX "its address is in its name, in hex"
#define NUMBER "its address is in its name, as one number"
#define NIBBLES "the nibbles of its address are in its name"
#define WRITTEN "its address is in its name"
#define DIALUP "its name has a word for addresses that change hands"
#define ACCESS "its name has a word for an access line"
#define NUMBERED "its name is a common word and octets of its address"
#define COUNTED "its name is a number"

struct name {
	const char *host, *address, *why;
};

static void
check(const struct name *names, size_t n)
{
	for (; n > 0; n--, names++) {
		struct mm_ip ip;
		const char *why;

		assert_true(mm_ip_parse(names->address, &ip));
		why = mm_shape_generic(names->host, &ip);
		if (names->why == NULL && why != NULL)
			fail_msg("%s: %s", names->host, why);
		if (names->why != NULL && why == NULL)
			fail_msg("%s: nothing found", names->host);
		if (names->why != NULL)
			assert_string_equal(names->why, why);
	}
}

static void
test_an_address_in_other_words(void **state)
{
	static const struct name names[] = {
	    {"192-0-2-45", "192.0.2.45", OCTETS},
	    {"45-2-0-192", "192.0.2.45", OCTETS},
	    {"192.0.2.45", "192.0.2.45", OCTETS},
	    {"45.2.0.192.city", "192.0.2.45", OCTETS},
	    {"host-192-0-2-45", "192.0.2.45", OCTETS},
	    {"h192x0x2x45.region", "192.0.2.45", OCTETS},
	    {"ip-192_0_2_45.eu", "192.0.2.45", OCTETS},
	    {"p45.net2.sub0.area192", "192.0.2.45", OCTETS},
	    {"adsl-192-0-2-45.city", "192.0.2.45", OCTETS},
	    {"192-000-002-045.static", "192.0.2.45", OCTETS},
	    {"045-002-000-192.city", "192.0.2.45", OCTETS},
	    {"Static-45-2-0-192.CITY", "192.0.2.45", OCTETS},
	    {"ec2-198-51-100-7.zone", "198.51.100.7", OCTETS},
	    {"7.100.51.198.in-addr", "198.51.100.7", OCTETS},
	    {"mail.192-0-2-45", "192.0.2.45", OCTETS},
	    {"c-0-2-45.city", "192.0.2.45", THREE},
	    {"45-2-0.city", "192.0.2.45", THREE},
	    {"gw.100-51-198.city", "198.51.100.7", THREE},
	    {"h192000002045", "192.0.2.45", DIGITS},
	    {"x045002000192.city", "192.0.2.45", DIGITS},
	    {"n203011399.city", "203.0.113.99", DIGITS},
	    {"o198511007x", "198.51.100.7", DIGITS},
	    {"pc000022d.dip0", "192.0.2.45", HEX},
	    {"p2d0200c0", "192.0.2.45", HEX},
	    {"c0-00-02-2d.city", "192.0.2.45", HEX},
	    {"C6336407.city", "198.51.100.7", HEX},
	    {"n3221226029", "192.0.2.45", NUMBER},
	};

	(void)state;
	check(names, MM_COUNT(names));
}

static void
test_an_ipv6_address_in_other_words(void **state)
{
	static const struct name names[] = {
	    {"2001-db8-1-2-3-4-5-6", "2001:db8:1:2:3:4:5:6", WRITTEN},
	    {"v6-2001-db8-77--25", "2001:db8:77::25", WRITTEN},
	    {"2001-0db8-0001-0002-0003-0004-0005-0006.city",
		"2001:db8:1:2:3:4:5:6", NIBBLES},
	    {"20010db8000100020003000400050006", "2001:db8:1:2:3:4:5:6",
		NIBBLES},
	    {"0a1b2cfffe3d4e5f.city", "2001:db8::a1b:2cff:fe3d:4e5f", NIBBLES},
	    {"6.0.0.0.5.0.0.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2",
		"2001:db8:1:2:3:4:5:6", NIBBLES},
	    {"dyn-3f", "2001:db8::3f", DIALUP},
	    {"mx1", "2001:db8::1", NULL},
	    {"mail-ej1-x62f", "2001:db8:4864:20::62f", NULL},
	    {"out6", "2001:db8::", NULL},
	};

	(void)state;
	check(names, MM_COUNT(names));
}

static void
test_words_for_lines_and_pools(void **state)
{
	static const struct name names[] = {
	    {"dyn12.city", "192.0.2.45", DIALUP},
	    {"city-dynamic-7", "192.0.2.45", DIALUP},
	    {"dhcp007.hall", "192.0.2.45", DIALUP},
	    {"ppp-7.dialup", "192.0.2.45", DIALUP},
	    {"dialin7", "192.0.2.45", DIALUP},
	    {"x.pool", "192.0.2.45", DIALUP},
	    {"POOL-7.city", "192.0.2.45", DIALUP},
	    {"dip7.t", "192.0.2.45", DIALUP},
	    {"unassigned", "192.0.2.45", DIALUP},
	    {"a7.adsl", "192.0.2.45", ACCESS},
	    {"cable-7.city", "192.0.2.45", ACCESS},
	    {"dsl7.city", "192.0.2.45", ACCESS},
	    {"xdsl.city", "192.0.2.45", ACCESS},
	    {"7.ftth", "192.0.2.45", ACCESS},
	    {"cpe-7.city.res", "192.0.2.45", ACCESS},
	    {"nat7", "192.0.2.45", ACCESS},
	    {"broadband.city", "192.0.2.45", ACCESS},
	    {"static-2-45", "192.0.2.45", NUMBERED},
	    {"45-2.static", "192.0.2.45", NUMBERED},
	    {"host45.net2", "192.0.2.45", NUMBERED},
	    {"cust-192-0.city", "192.0.2.45", NUMBERED},
	    {"45", "192.0.2.45", COUNTED},
	    {"100-7", "192.0.2.45", COUNTED},
	    {"4711.city", "192.0.2.45", COUNTED},
	};

	(void)state;
	check(names, MM_COUNT(names));
}

/* Whoever numbers mail servers is no dial-up pool. */
static void
test_names_that_somebody_thought_up(void **state)
{
	static const struct name names[] = {
	    {"", "192.0.2.45", NULL},
	    {"mx", "192.0.2.45", NULL},
	    {"mx1.out", "192.0.2.1", NULL},
	    {"mail45", "192.0.2.45", NULL},
	    {"mail-2.45", "192.0.2.45", NULL},
	    {"a2-45.smtp-out", "192.0.2.45", NULL},
	    {"m2-45", "192.0.2.45", NULL},
	    {"mail-ej1-f45.fra", "192.0.2.45", NULL},
	    {"mail-am6eur05on2041.outbound.protection", "192.0.2.41", NULL},
	    {"static", "192.0.2.45", NULL},
	    {"host", "192.0.2.45", NULL},
	    {"customer-mail", "192.0.2.45", NULL},
	    {"dynamo", "192.0.2.45", NULL},  /* whole words only */
	    {"carpool", "192.0.2.45", NULL}, /* likewise */
	    {"whirlpool", "192.0.2.45", NULL},
	    {"natasha", "192.0.2.45", NULL},
	    {"signature.adslab", "192.0.2.45", NULL},
	    {"relay-1-1-1", "1.1.1.9", THREE}, /* a chance that is taken */
	    {"relay1111", "1.1.1.1", NULL},    /* too short to tell */
	    {"static-99-98", "192.0.2.45", NULL},
	    {"vps2", "192.0.2.45", NULL},
	    {"2nd.mx", "192.0.2.45", NULL},
	};

	(void)state;
	check(names, MM_COUNT(names));
}

/* A name may be longer than any host name: what does not fit is not read. */
static void
test_long_names_are_survived(void **state)
{
	struct mm_ip ip;
	char host[2000];

	(void)state;
	assert_true(mm_ip_parse("192.0.2.45", &ip));
	for (size_t i = 0; i + 1 < sizeof(host); i++)
		host[i] = i % 2 == 0 ? '9' : 'a';
	host[sizeof(host) - 1] = '\0';
	assert_null(mm_shape_generic(host, &ip));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_address_in_other_words),
	    cmocka_unit_test(test_an_ipv6_address_in_other_words),
	    cmocka_unit_test(test_words_for_lines_and_pools),
	    cmocka_unit_test(test_names_that_somebody_thought_up),
	    cmocka_unit_test(test_long_names_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

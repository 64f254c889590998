/* spf: what a domain names as its own, from records as strangers write them. */
#include "lib/spf.h"

#include <stdio.h>
#include <string.h>

#include "lib/dns.h"
#include "lib/ip.h"
#include "lib/spf_term.h"
#include "tests/test.h"
#include "tests/world.h"

/* A fake DNS, and what it was asked. */
struct zone {
	struct world *world;
	const struct mm_dns_answer *kept[256];
	size_t asked;
	bool late; /* only the first answer is there */
};

static const struct mm_dns_answer *
answer(void *ctx, const struct mm_dns_question *question)
{
	struct zone *zone = ctx;

	assert_true(zone->asked < MM_COUNT(zone->kept));
	zone->kept[zone->asked] =
	    world_answer(zone->world, question->name, question->type);
	zone->asked++;
	return zone->late && zone->asked > 1 ? NULL
					     : zone->kept[zone->asked - 1];
}

struct record {
	const char *name, *data;
};

static struct mm_spf
check(const struct record *records, size_t n, const char *address,
    struct zone *zone)
{
	const struct mm_spf_asker asker = {answer, zone};
	struct mm_spf spf;
	struct mm_ip ip;

	zone->world = world_new();
	zone->asked = 0;
	for (size_t i = 0; i < n; i++)
		assert_true(
		    world_add(zone->world, records[i].name, records[i].data));
	assert_true(mm_ip_parse(address, &ip));
	mm_spf_check(&asker, "example.org", &ip, &spf);
	for (size_t i = 0; i < zone->asked; i++)
		mm_dns_answer_unref(zone->kept[i]);
	world_free(zone->world);
	return spf;
}

struct row {
	const char *record, *address;
	enum mm_spf_result want;
	const char *why; /* NULL: not looked at */
};

/* What the records of the rows refer to. */
static const struct record others[] = {
    {"example.org", "A 192.0.2.10"},
    {"example.org", "AAAA 2001:db8::10"},
    {"example.org", "MX 10 mx1.example.net"},
    {"example.org", "MX 20 mx2.example.net"},
    {"mx1.example.net", "A 198.51.100.1"},
    {"mx2.example.net", "A 198.51.100.2"},
    {"mx2.example.net", "AAAA 2001:db8:2::2"},
    {"host.example.net", "A 203.0.113.77"},
    {"null.example.net", "MX 0 ."},
    {"dead.example.net", "fail"},
    {"mxdead.example.net", "MX 10 dead.example.net"},
    {"part.example.net",
	"TXT v=spf1 ip4:203.0.113.0/28 -ip4:203.0.113.16 ?all"},
    {"deep.example.net", "TXT v=spf1 include:part.example.net -all"},
    {"other.example.net", "TXT some-site-verification=1"},
    {"all.example.net", "TXT v=spf1 +all"},
    {"wrong.example.net", "TXT v=spf1 ip4:300.0.0.1"},
    {"twice.example.net", "TXT v=spf1 -all"},
    {"twice.example.net", "TXT v=spf1 ip4:192.0.2.0/24"},
    {"loop.example.net", "TXT v=spf1 include:loop.example.net"},
    {"ring.example.net", "TXT v=spf1 redirect=example.org"},
    {"wide.example.net", "TXT v=spf1 ip4:0.0.0.0/0 ip6:::/0 -all"},
};

static void
check_rows(const struct row *rows, size_t n)
{
	struct record records[MM_COUNT(others) + 1];
	char txt[512];

	for (; n > 0; n--, rows++) {
		struct zone zone = {0};
		struct mm_spf spf;

		memcpy(records, others, sizeof(others));
		snprintf(txt, sizeof(txt), "TXT v=spf1 %s", rows->record);
		records[MM_COUNT(others)] = (struct record){"example.org", txt};
		spf = check(records, MM_COUNT(records), rows->address, &zone);
		if (spf.result != rows->want)
			fail_msg("%s, %s: %s: %s", rows->record, rows->address,
			    mm_spf_word(spf.result), spf.why);
		if (rows->why != NULL)
			assert_string_equal(rows->why, spf.why);
	}
}

#define CHECK(rows) check_rows(rows, MM_COUNT(rows))

static void
test_networks_are_its_own(void **state)
{
	static const struct row rows[] = {
	    {"ip4:192.0.2.0/24 -all", "192.0.2.7", MM_SPF_PERMITS,
		"ip4:192.0.2.0/24"},
	    {"ip4:192.0.2.99/24 -all", "192.0.2.7", MM_SPF_PERMITS, NULL},
	    {"ip4:192.0.2.7", "192.0.2.7", MM_SPF_PERMITS, NULL},
	    {"IP4:192.0.2.7 ~all", "192.0.2.8", MM_SPF_FORBIDS, "~all"},
	    {"ip4:192.0.2.7", "192.0.2.8", MM_SPF_NEUTRAL, NULL},
	    {"ip6:2001:db8::/32 -all", "2001:db8:77::1", MM_SPF_PERMITS,
		"ip6:2001:db8::/32"},
	    {"ip6:2001:db8::1", "2001:db8::2", MM_SPF_NEUTRAL, NULL},
	    {"ip4:192.0.2.0/24", "2001:db8::1", MM_SPF_NEUTRAL, NULL},
	    {"-ip4:192.0.2.7 ip4:192.0.2.0/24", "192.0.2.7", MM_SPF_FORBIDS,
		"-ip4:192.0.2.7"},
	    {"-ip4:192.0.2.7 ip4:192.0.2.0/24", "192.0.2.8", MM_SPF_PERMITS,
		NULL},
	    {"a -all", "192.0.2.10", MM_SPF_PERMITS, "a"},
	    {"a -all", "2001:db8::10", MM_SPF_PERMITS, "a"},
	    {"a/24 -all", "192.0.2.200", MM_SPF_PERMITS, "a/24"},
	    {"a//48 -all", "2001:db8:0:9::1", MM_SPF_PERMITS, "a//48"},
	    {"a/24//48 -all", "2001:db8:0:9::1", MM_SPF_PERMITS, NULL},
	    {"a:host.example.net -all", "203.0.113.77", MM_SPF_PERMITS, NULL},
	    {"a:Host.Example.NET./28 -all", "203.0.113.66", MM_SPF_PERMITS,
		NULL},
	    {"mx -all", "198.51.100.2", MM_SPF_PERMITS, "mx"},
	    {"mx -all", "2001:db8:2::2", MM_SPF_PERMITS, "mx"},
	    {"mx -all", "198.51.100.3", MM_SPF_FORBIDS, "-all"},
	    {"mx:example.org/24 -all", "198.51.100.3", MM_SPF_PERMITS, NULL},
	    {"moo=whatever ip4:192.0.2.7 exp=why.example.org", "192.0.2.7",
		MM_SPF_PERMITS, NULL},
	    {" ip4:192.0.2.7   -all ", "192.0.2.7", MM_SPF_PERMITS, NULL},
	};

	(void)state;
	CHECK(rows);
}

static void
test_other_records_are_part_of_it(void **state)
{
	static const struct row rows[] = {
	    {"include:part.example.net -all", "203.0.113.1", MM_SPF_PERMITS,
		"include:part.example.net ip4:203.0.113.0/28"},
	    {"include:deep.example.net -all", "203.0.113.1", MM_SPF_PERMITS,
		"include:deep.example.net include:part.example.net "
		"ip4:203.0.113.0/28"},
	    /* what it forbids is no match, and the next one is tried */
	    {"include:part.example.net ip4:203.0.113.16 -all", "203.0.113.16",
		MM_SPF_PERMITS, "ip4:203.0.113.16"},
	    {"include:part.example.net -all", "203.0.113.99", MM_SPF_FORBIDS,
		"-all"},
	    {"-include:part.example.net ip4:203.0.113.0/24", "203.0.113.1",
		MM_SPF_FORBIDS, NULL},
	    {"?include:part.example.net ip4:203.0.113.0/24", "203.0.113.99",
		MM_SPF_PERMITS, "ip4:203.0.113.0/24"},
	    {"redirect=part.example.net", "203.0.113.1", MM_SPF_PERMITS,
		"redirect=part.example.net ip4:203.0.113.0/28"},
	    {"redirect=part.example.net", "203.0.113.16", MM_SPF_FORBIDS, NULL},
	    {"redirect=part.example.net ip4:192.0.2.1", "192.0.2.1",
		MM_SPF_PERMITS, "ip4:192.0.2.1"},
	    /* "all" is the end */
	    {"redirect=part.example.net ~all", "203.0.113.1", MM_SPF_FORBIDS,
		NULL},
	    {"-all ip4:192.0.2.1", "192.0.2.1", MM_SPF_FORBIDS, NULL},
	};

	(void)state;
	CHECK(rows);
}

static void
test_what_names_no_network_groups_nobody(void **state)
{
	static const struct row rows[] = {
	    {"+all", "192.0.2.1", MM_SPF_NEUTRAL, NULL},
	    {"all", "2001:db8::1", MM_SPF_NEUTRAL, NULL},
	    {"include:all.example.net", "192.0.2.1", MM_SPF_NEUTRAL, NULL},
	    {"redirect=all.example.net", "192.0.2.1", MM_SPF_NEUTRAL, NULL},
	    {"exists:host.example.net", "192.0.2.1", MM_SPF_NEUTRAL, NULL},
	    {"exists:%{i}._spf.example.net -all", "192.0.2.1", MM_SPF_FORBIDS,
		NULL},
	    {"ptr", "192.0.2.1", MM_SPF_NEUTRAL, NULL},
	    {"ptr:example.org -all", "192.0.2.1", MM_SPF_FORBIDS, NULL},
	    {"a:%{d} -all", "192.0.2.10", MM_SPF_FORBIDS, NULL},
	    {"mx:%{d}/24 -all", "198.51.100.1", MM_SPF_FORBIDS, NULL},
	    {"include:%{ir}.%{v}.%{d}.spf.example.net -all", "192.0.2.1",
		MM_SPF_FORBIDS, NULL},
	    {"redirect=%{d2}.example.net", "192.0.2.1", MM_SPF_NEUTRAL, NULL},
	    /* permitted either way, and by a network */
	    {"exists:%{i}.example.net ptr a:%{d} ip4:192.0.2.1 +all",
		"192.0.2.1", MM_SPF_PERMITS, "ip4:192.0.2.1"},
	    /* nobody knows what these would say */
	    {"-exists:%{i}.bl.example.net ip4:192.0.2.1", "192.0.2.1",
		MM_SPF_UNSURE, "-exists:%{i}.bl.example.net"},
	    {"?ptr ip4:192.0.2.1", "192.0.2.1", MM_SPF_UNSURE, NULL},
	    {"~include:all.example.net ip4:192.0.2.1", "192.0.2.1",
		MM_SPF_UNSURE, NULL},
	};

	(void)state;
	CHECK(rows);
}

static void
test_the_internet_is_no_sender(void **state)
{
	static const struct row rows[] = {
	    {"ip4:0.0.0.0/0", "192.0.2.1", MM_SPF_NEUTRAL, NULL},
	    {"ip4:0.0.0.0/1 ip4:128.0.0.0/1", "192.0.2.1", MM_SPF_NEUTRAL,
		NULL},
	    {"ip6:::/0 ip6:2001::/16", "2001:db8::1", MM_SPF_NEUTRAL, NULL},
	    {"a/0//0 mx/8//8", "192.0.2.1", MM_SPF_NEUTRAL, NULL},
	    {"include:wide.example.net", "192.0.2.1", MM_SPF_NEUTRAL, NULL},
	    {"ip4:192.0.0.0/13", "192.0.2.1", MM_SPF_NEUTRAL, NULL},
	    {"ip4:192.0.0.0/14", "192.0.2.1", MM_SPF_PERMITS, NULL},
	    {"ip6:2001:db8::/31", "2001:db8::1", MM_SPF_NEUTRAL, NULL},
	    {"ip6:2001:db8::/32", "2001:db8::1", MM_SPF_PERMITS, NULL},
	    {"-ip4:0.0.0.0/0 ip4:192.0.2.1", "192.0.2.1", MM_SPF_UNSURE, NULL},
	    {"ip4:0.0.0.0/0 ip4:192.0.2.1", "192.0.2.1", MM_SPF_PERMITS, NULL},
	};
	char record[600] = "";
	struct row last = {record, "192.0.2.1", MM_SPF_PERMITS, NULL};

	(void)state;
	CHECK(rows);
	/* sixteen of the widest, and one more */
	for (int i = 0; i < 15; i++)
		snprintf(
		    record + strlen(record), 40, "ip4:%d.0.0.0/14 ", 20 + i);
	snprintf(record + strlen(record), 40, "ip4:192.0.0.0/14 -all");
	check_rows(&last, 1);
	memmove(record + 15, record, strlen(record) + 1);
	memcpy(record, "ip4:9.0.0.0/32 ", 15);
	last.want = MM_SPF_INVALID;
	last.why = "more addresses than any sender has";
	check_rows(&last, 1);
}

static void
test_mistakes_and_limits(void **state)
{
	static const char *const wrong[] = {"ip4:192.0.2", "ip4",
	    "ip4:", "ip4:192.0.2.1/33", "ip4:192.0.2.1/", "ip4:192.0.2.1/x",
	    "ip4:2001:db8::1", "ip6:192.0.2.1", "ip6:2001:db8::/129",
	    "ip6:::ffff:192.0.2.1", "ip6", "a:", "a/", "a/33", "a//129",
	    "a/24/48", "a:nodot", "a:192.0.2.1", "a:-x-.example.org", "a:!.b.c",
	    "include", "include:", "include:a.b/24", "exists", "ptr:", "all:x",
	    "all/8", "ipv4:192.0.2.1", "unknown", "+", "+-all", "-redirect=a.b",
	    "redirect=", "redirect=a.b redirect=a.b", "exp=a.b exp=a.b",
	    "a:%{d", "a:%x.example.org", "a:%", "=x", "ip4:192.0.2.1,"};
	static const struct row rows[] = {
	    {"include:loop.example.net", "192.0.2.1", MM_SPF_INVALID,
		"more than ten lookups"},
	    {"redirect=ring.example.net", "192.0.2.1", MM_SPF_INVALID,
		"more than ten lookups"},
	    {"a a a a a a a a a a ip4:192.0.2.1", "192.0.2.1", MM_SPF_PERMITS,
		NULL},
	    {"a a a a a a a a a a a ip4:192.0.2.1", "192.0.2.1", MM_SPF_INVALID,
		"more than ten lookups"},
	    {"ptr ptr ptr ptr ptr exists:a.b exists:a.b exists:a.b a a mx "
	     "ip4:192.0.2.1",
		"192.0.2.1", MM_SPF_INVALID, "more than ten lookups"},
	    /* void lookups */
	    {"a:x.example.net mx:x.example.net ip4:192.0.2.1", "192.0.2.1",
		MM_SPF_PERMITS, NULL},
	    {"a:x.example.net mx:x.example.net a:y.example.net ip4:192.0.2.1",
		"192.0.2.1", MM_SPF_INVALID,
		"more than two names lead nowhere"},
	    {"mx:null.example.net mx:null.example.net a:x.example.net "
	     "ip4:192.0.2.1",
		"192.0.2.1", MM_SPF_INVALID, NULL},
	    /* records that have to be there and good */
	    {"include:none.example.net ip4:192.0.2.1", "192.0.2.1",
		MM_SPF_INVALID,
		"no record where one has to be: none.example.net"},
	    {"include:other.example.net", "192.0.2.1", MM_SPF_INVALID, NULL},
	    {"include:wrong.example.net ip4:192.0.2.1", "192.0.2.1",
		MM_SPF_INVALID, "a record with a mistake: ip4:300.0.0.1"},
	    {"include:twice.example.net ip4:192.0.2.1", "192.0.2.1",
		MM_SPF_INVALID, "more than one record: twice.example.net"},
	    {"redirect=none.example.net", "192.0.2.1", MM_SPF_INVALID, NULL},
	    /* could not find out */
	    {"include:dead.example.net ip4:192.0.2.1", "192.0.2.1",
		MM_SPF_UNKNOWN, "could not find out about dead.example.net"},
	    {"a:dead.example.net ip4:192.0.2.1", "192.0.2.1", MM_SPF_UNKNOWN,
		NULL},
	    {"mx:dead.example.net ip4:192.0.2.1", "192.0.2.1", MM_SPF_UNKNOWN,
		NULL},
	    {"mx:mxdead.example.net ip4:192.0.2.1", "192.0.2.1", MM_SPF_UNKNOWN,
		NULL},
	    {"ip4:192.0.2.1 a:dead.example.net", "192.0.2.1", MM_SPF_PERMITS,
		NULL},
	};

	(void)state;
	CHECK(rows);
	for (size_t i = 0; i < MM_COUNT(wrong); i++) {
		char record[128];
		struct row row = {record, "192.0.2.1", MM_SPF_INVALID, NULL};

		/* behind what would permit it: the whole record is bad */
		snprintf(record, sizeof(record), "ip4:192.0.2.1 %s", wrong[i]);
		check_rows(&row, 1);
	}
}

static void
test_no_record_or_too_many(void **state)
{
	static const struct record none[] = {{"example.org", "A 192.0.2.1"}},
				   dead[] = {{"example.org", "TXT fail"}},
				   two[] = {{"example.org", "TXT v=spf1 a"},
				       {"example.org", "TXT V=SPF1"}};
	struct zone zone = {0};

	(void)state;
	assert_int_equal(
	    MM_SPF_NONE, check(none, 1, "192.0.2.1", &zone).result);
	assert_int_equal(
	    MM_SPF_UNKNOWN, check(dead, 1, "192.0.2.1", &zone).result);
	assert_int_equal(
	    MM_SPF_INVALID, check(two, 2, "192.0.2.1", &zone).result);
}

/* Mail servers of strangers are asked for, but not without end. */
static void
test_mail_servers_are_bounded(void **state)
{
	struct record records[64];
	char names[32][32], hosts[32][64];
	struct zone zone = {0};
	struct mm_spf spf;
	size_t n = 0;

	(void)state;
	records[n++] = (struct record){"example.org",
	    "TXT v=spf1 mx:a.example.net mx:b.example.net mx:c.example.net"};
	for (int i = 0; i < 25; i++) {
		snprintf(names[i], sizeof(names[i]), "%c.example.net",
		    "abc"[i / 10]);
		snprintf(
		    hosts[i], sizeof(hosts[i]), "MX 10 h%d.example.net", i);
		records[n++] = (struct record){names[i], hosts[i]};
	}
	spf = check(records, n, "192.0.2.1", &zone);
	assert_int_equal(MM_SPF_INVALID, spf.result);
	assert_string_equal("too many mail servers", spf.why);
	assert_true(zone.asked <= 24);
	/* eleven of one name */
	records[n++] = (struct record){"a.example.net", "MX 10 x.example.net"};
	spf = check(records, n, "192.0.2.1", &zone);
	assert_int_equal(MM_SPF_INVALID, spf.result);
	assert_int_equal(2, zone.asked);
}

/* Behind what is not known yet the other questions are asked, and nothing is
 * decided. */
static void
test_questions_go_out_together(void **state)
{
	struct record records[MM_COUNT(others) + 1];
	struct zone zone = {.late = true};
	struct mm_spf spf;

	(void)state;
	memcpy(records, others, sizeof(others));
	records[MM_COUNT(others)] = (struct record){"example.org",
	    "TXT v=spf1 a mx/24 include:part.example.net ip4:192.0.2.1 "
	    "a:host.example.net -all"};
	spf = check(records, MM_COUNT(records), "192.0.2.1", &zone);
	assert_int_equal(MM_SPF_PENDING, spf.result);
	/* the record, a, mx, include; what matches is the end */
	assert_int_equal(4, zone.asked);
	spf = check(records, MM_COUNT(records), "192.0.2.2", &zone);
	assert_int_equal(MM_SPF_PENDING, spf.result);
	assert_int_equal(5, zone.asked);
	zone.late = false;
	spf = check(records, MM_COUNT(records), "192.0.2.1", &zone);
	assert_int_equal(MM_SPF_PERMITS, spf.result);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_networks_are_its_own),
	    cmocka_unit_test(test_other_records_are_part_of_it),
	    cmocka_unit_test(test_what_names_no_network_groups_nobody),
	    cmocka_unit_test(test_the_internet_is_no_sender),
	    cmocka_unit_test(test_mistakes_and_limits),
	    cmocka_unit_test(test_no_record_or_too_many),
	    cmocka_unit_test(test_mail_servers_are_bounded),
	    cmocka_unit_test(test_questions_go_out_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

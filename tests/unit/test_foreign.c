/* foreign: other programs' state, read and taken into a store. */
#include "ctl/foreign_batch.h"
#include "ctl/foreign_take.h"
#include "lib/arena.h"
#include "lib/greylist_key.h"
#include "lib/settings.h"
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define T INT64_C(1800000000) /* now */
#define DAY INT64_C(86400)

static const struct mm_settings usual = {
    .greylist_delay = 170000,
    .greylist_retry_window = 2 * DAY * 1000,
    .greylist_max_age = 36 * DAY * 1000,
    .greylist_ipv4_prefix = 24,
    .greylist_ipv6_prefix = 64,
    .greylist_auto_allow_count = 5,
};

/* What becomes of a source's records, a line for each. */
static char *
read_all(const struct foreign_program *program, const char *text)
{
	struct foreign_reader *reader = calloc(1, sizeof(*reader));
	FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r"), *out;
	struct foreign_entry e;
	enum foreign_got got;
	char *result, ip[MM_IP_TEXT_MAX];
	struct mm_err err;
	size_t len;

	out = open_memstream(&result, &len);
	assert_true(reader != NULL && in != NULL && out != NULL);
	foreign_open(reader, in, "x", program);
	while ((got = foreign_next(reader, &e, &err)) != FOREIGN_END) {
		if (got == FOREIGN_ENTRY)
			fprintf(out, "%d %s/%u %s|%s|%s|%s|%s %lld %lld %lld\n",
			    e.kind, mm_ip_format(&e.ip, ip), e.prefix,
			    e.user != NULL ? e.user : "-",
			    e.domain != NULL ? e.domain : "-", e.sender,
			    e.recipient, e.rest != NULL ? e.rest : "-",
			    (long long)e.first, (long long)e.last,
			    (long long)e.count);
		else if (got == FOREIGN_HASHED)
			fputs("hashed\n", out);
		else if (got == FOREIGN_TARPIT)
			fputs("tarpit\n", out);
		else
			fprintf(out, "%s\n", err.text);
		if (got == FOREIGN_BROKEN)
			break;
	}
	fclose(out);
	fclose(in);
	free(reader);
	return result;
}

static void
check(const struct foreign_program *program, const char *text, const char *want)
{
	char *got = read_all(program, text);

	assert_string_equal(want, got);
	free(got);
}

#define HEADER "VERSION=3\nformat=print\ntype=btree\nHEADER=END\n"

static void
test_postgrey(void **state)
{
	(void)state;
	check(&foreign_postgrey,
	    HEADER " 192.0.2.0/a-#@list.example/b@example.com\n"
		   " 1799999000,1799999300\n"
		   " 192.0.2.0//a/b@example.com\n 1799999000,1799999299\n"
		   " 2001:db8:1:2:0:0:0:0/a/b@c/d/e@f\n 5,9,192.0.2.7\n"
		   " 192.0.2.0/postmaster/b@c\n 5,9\n"
		   " 192.0.2.0/\\e4\\\\x@y/b@c\n 5,9\nDATA=END\n" HEADER
		   " 2001:DB8:FFFF:0:0:0:0:77\n 6,1799999000\n"
		   "DATA=END\n",
	    "0 192.0.2.0/32 -|-|a-#@list.example|b@example.com|"
	    "a-#@list.example/b@example.com 1799999000 1799999300 1\n"
	    "0 192.0.2.0/32 -|-||a/b@example.com|/a/b@example.com "
	    "1799999000 1799999299 0\n"
	    "0 2001:db8:1:2::/128 -|-|a/b@c|d/e@f|a/b@c/d/e@f 5 9 0\n"
	    "0 192.0.2.0/32 -|-|postmaster|b@c|postmaster/b@c 5 9 0\n"
	    "0 192.0.2.0/32 -|-|\344\\x@y|b@c|\344\\x@y/b@c 5 9 0\n"
	    "4 2001:db8:ffff::77/128 -|-|||- 1799999000 1799999000 6\n");
	check(&foreign_postgrey,
	    "VERSION=3\nformat=bytevalue\ntype=btree\nHEADER=END\n"
	    " 3139322e302e322e302f2f6240632e64\n 352c39\nDATA=END\n",
	    "0 192.0.2.0/32 -|-||b@c.d|/b@c.d 5 9 0\n");
	check(&foreign_postgrey, HEADER "DATA=END\n", "");
	check(&foreign_postgrey, "", "");
}

static void
test_postgrey_that_is_not_understood(void **state)
{
	(void)state;
	check(&foreign_postgrey,
	    HEADER " da39a3ee5e6b4b0d3255bfef95601890afd80709\n 1,2\n"
		   " x/a@b/c@d\n 1,2\n"
		   " 192.0.2.0/ab\n 1,2\n"
		   " 192.0.2.0/a@b/c@d\n one,2\n"
		   " 192.0.2.0/a@b/c@d\n 1\n"
		   " 192.0.2.0/\\zz\n 1,2\n"
		   " 192.0.2.0/\\00\n 1,2\n"
		   " 192.0.2.0/\\\n 1,2\n"
		   " 192.0.2.7\n 0,2\n"
		   " 192.0.2.7\n 1799999000,1799999000\n"
		   " 192.0.2.0//c@d\n 1,2\nDATA=END\n",
	    "hashed\n"
	    "x: record 2: \"x\" is no address\n"
	    "x: record 3: \"ab\" has no recipient\n"
	    "x: record 4: \"one\" is not two numbers\n"
	    "x: record 5: \"1\" is not two numbers\n"
	    "x: record 6: it is not written as db_dump writes it\n"
	    "x: record 7: there is a NUL byte in it\n"
	    "x: record 8: it is not written as db_dump writes it\n"
	    "x: record 9: a client that has passed 0 times\n"
	    "x: record 10: a client that has passed 1799999000 times\n"
	    "0 192.0.2.0/32 -|-||c@d|/c@d 1 2 0\n");
}

static void
test_a_dump_that_is_broken(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
	    {"hello\n", "x:1: this is no output of db_dump\n"},
	    {"VERSION=3\n", "x:1: the dump has no records\n"},
	    {"VERSION=3\ntype=queue\nHEADER=END\n",
		"x:2: its records have no keys\n"},
	    {HEADER, "x:4: the dump has no end: it was cut\n"},
	    {HEADER " 192.0.2.7\n",
		"x: record 1: the dump has no end: it was cut\n"},
	    {HEADER " 192.0.2.7\nDATA=END\n",
		"x: record 1: the dump has no end: it was cut\n"},
	    {HEADER "what\n", "x:5: neither a record nor DATA=END\n"},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++)
		check(&foreign_postgrey, cases[i].text, cases[i].want);
}

static void
test_sqlgrey(void **state)
{
	(void)state;
	check(&foreign_sqlgrey,
	    "connect\tnews-12\tlist.example\t192.0.2\tb@example.com\t5\t0\n"
	    "connect\t-undef-\t-undef-\t192.0.2.7\tb@example.com\t5\t0\n"
	    "connect\tpostmaster\t-undef-\t192.0.2.7\tb@example.com\t5\t0\n"
	    "connect\ta\\tb\\\\\te\t2001:0db8:0001:0002\tb@c\t5\t0\n"
	    "from_awl\tnews-#\tlist.example\t2001:db8::7\t\t5\t9\n"
	    "domain_awl\t\tlist.example\t192.0.2\t\t5\t9",
	    "1 192.0.2.0/24 news-12|list.example|news-12@list.example|"
	    "b@example.com|- 5 5 0\n"
	    "1 192.0.2.7/32 -undef-|-undef-||b@example.com|- 5 5 0\n"
	    "1 192.0.2.7/32 postmaster|-undef-|postmaster|b@example.com|- "
	    "5 5 0\n"
	    "1 2001:db8:1:2::/64 a\tb\\|e|a\tb\\@e|b@c|- 5 5 0\n"
	    "2 2001:db8::7/128 news-#|list.example|news-#@list.example||- "
	    "5 9 1\n"
	    "3 192.0.2.0/24 |list.example|@list.example||- 5 9 1\n");
	check(&foreign_sqlgrey,
	    "connect\ta\tb\n"
	    "connect\ta\tb\t192.0.2.7\tc\t5\t0\t\n"
	    "connect\ta\\q\tb\t192.0.2.7\tc\t5\t0\n"
	    "connects\ta\tb\t192.0.2.7\tc\t5\t0\n"
	    "connect\ta\tb\t192.0.2.7\tc\t2026-01-01 00:00:00\t0\n"
	    "connect\ta\tb\t192.0\tc\t5\t0\n"
	    "connect\ta\tb\t2001:db8\tc\t5\t0\n\n",
	    "x:1: this is not seven columns with tabs between\n"
	    "x:2: this is not seven columns with tabs between\n"
	    "x:3: this is not seven columns with tabs between\n"
	    "x:4: \"connects\" is no table of it\n"
	    "x:5: \"2026-01-01 00:00:00\" or \"0\" is no time in seconds\n"
	    "x:6: \"192.0\" is no address\n"
	    "x:7: \"2001:db8\" is no address\n"
	    "x:8: this is not seven columns with tabs between\n");
}

static void
test_milter_greylist(void **state)
{
	(void)state;
	check(&foreign_milter,
	    "#\n# milter-greylist databases, dumped by ...\n\n"
	    "192.0.2.7\t<Joe#1@example.org>\t<b@c.d>\t1800000000 # date\n"
	    "192.0.2.7 <> b@c.d 1800000000\n"
	    "2001:db8::7\ta@b\tc@d\t1800000000 AUTO # date\n"
	    "2001:db8::7\ta@b\tc@d\t1800000000 auto\r\n"
	    "192.0.2.9\ta@b\tc@d\t1800000000\t60 TARPIT # date\n",
	    "1 192.0.2.7/32 -|-|Joe#1@example.org|b@c.d|- 1799998200 "
	    "1799998200 0\n"
	    "1 192.0.2.7/32 -|-||b@c.d|- 1799998200 1799998200 0\n"
	    "1 2001:db8::7/128 -|-|a@b|c@d|- 1799913600 1799913600 1\n"
	    "1 2001:db8::7/128 -|-|a@b|c@d|- 1799913600 1799913600 1\n"
	    "tarpit\n");
#define BAD                                                                    \
	": neither \"ADDRESS SENDER RECIPIENT TIME\", nor that with AUTO or "  \
	"TARPIT\n"
	check(&foreign_milter,
	    "192.0.2.7 a@b c@d\n192.0.2.7 a@b c@d x\nx a@b c@d 5\n"
	    "192.0.2.7 ab c@d 5\n192.0.2.7 a@b c@d 5 MANUAL\n"
	    "192.0.2.7 a@b c@d 5 6 7\n192.0.2.7 a@b c@d 5 6 TARPIT 8\n",
	    "x:1" BAD "x:2" BAD "x:3" BAD "x:4" BAD "x:5" BAD "x:6" BAD
	    "x:7" BAD);
}

/* Nothing of it is lost without a word. */
static void
test_long_lines_and_nul(void **state)
{
	char *text = calloc(1, FOREIGN_LINE_MAX + 200), *got;

	(void)state;
	memset(text, 'x', FOREIGN_LINE_MAX + 100);
	snprintf(text + FOREIGN_LINE_MAX + 100, 100, "%s",
	    "\n192.0.2.7 a@b c@d 5000\n");
	got = read_all(&foreign_milter, text);
	assert_string_equal("x:1: longer than 8192 bytes\n"
			    "1 192.0.2.7/32 -|-|a@b|c@d|- 3200 3200 0\n",
	    got);
	free(got);
	free(text);
}

/* A source taken into a store. */
static void
take_all(struct foreign_take *take, const struct foreign_program *program,
    const char *text, struct mm_store *store)
{
	FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	struct mm_err err;

	if (take->settings == NULL)
		take->settings = &usual;
	take->now = T;
	assert_int_equal(0, foreign_survey(take, in, "x", program, &err));
	assert_int_equal(0, foreign_store(take, in, "x", program, store, &err));
	fclose(in);
}

static struct mm_record
record_of(struct mm_store *store, const char *key)
{
	struct mm_record record;
	struct mm_err err;

	assert_int_equal(0, mm_store_peek(store, key, &record, &err));
	return record;
}

static void
assert_record(struct mm_store *store, const char *key, int64_t first,
    int64_t last, int64_t count)
{
	struct mm_record record = record_of(store, key);

	assert_int_equal(first, record.first);
	assert_int_equal(last, record.last);
	assert_int_equal(count, record.count);
}

static void
test_each_comes_to_its_place(void **state)
{
	struct foreign_take take = {.delay = -1};
	struct mm_store *store = mm_store_memory_new();

	(void)state;
	take_all(&take, &foreign_postgrey,
	    HEADER " 192.0.2.0/a-#@b/c@d\n 1799999000,1799999300\n"
		   " 192.0.2.0//c@d\n 1799999900,1799999950\nDATA=END\n" HEADER
		   " 192.0.2.7\n 6,1799999000\nDATA=END\n",
	    store);
	assert_record(store, "imported postgrey", 24, T, 64);
	assert_record(
	    store, "postgrey 192.0.2.0/24/a-#@b/c@d", T - 1000, T - 700, 1);
	assert_record(store, "postgrey 192.0.2.0/24//c@d", T - 100, T - 50, 0);
	assert_record(store, "client 192.0.2.7/32", T - 1000, T - 1000, 6);
	assert_int_equal(1, take.counts.known);
	assert_int_equal(1, take.counts.waiting);
	assert_int_equal(1, take.counts.clients);
	assert_int_equal(1, take.counts.allowed);
	take_all(&take, &foreign_sqlgrey,
	    "connect\tA\tb\t192.0.2\tc@d\t1799999900\t0\n"
	    "from_awl\ta-#\tb\t192.0.2.7\t\t1799990000\t1799999900\n"
	    "domain_awl\t\tb\t2001:db8:1:2:3:4:5:6\t\t5\t1799999900\n",
	    store);
	assert_record(store, "imported sqlgrey", 24, T, 64);
	assert_record(
	    store, "triplet 192.0.2.0/24 3 a@b c@d", T - 100, T - 100, 0);
	assert_record(
	    store, "sqlgrey-from 192.0.2.0/24 3 a-# b", T - 10000, T - 100, 1);
	assert_record(
	    store, "sqlgrey-domain 2001:db8:1:2::/64 b", 5, T - 100, 1);
	take_all(&take, &foreign_milter,
	    "192.0.2.9 <E@b> <c@d> 1800000100\n"
	    "192.0.2.9 <f@b> <c@d> 1800050000 AUTO\n",
	    store);
	assert_record(
	    store, "triplet 192.0.2.0/24 3 e@b c@d", T - 1700, T - 1700, 0);
	assert_record(store, "triplet 192.0.2.0/24 3 f@b c@d", T + 50000 - DAY,
	    T + 50000 - DAY, 1);
	mm_store_free(store);
}

/* It is said of each, and each is of no use. */
static void
test_what_is_left_out(void **state)
{
	struct mm_settings narrow = usual;
	struct foreign_take take = {.delay = -1, .settings = &narrow};
	struct mm_store *store = mm_store_memory_new();
	struct mm_store_stats stats;

	(void)state;
	narrow.greylist_ipv4_prefix = 32;
	take_all(&take, &foreign_postgrey,
	    HEADER " 192.0.2.0/a@b/c@d\n 1700000000,1700000300\n"
		   " 192.0.2.0/e@b/c@d\n 1799800000,1799800200\n"
		   " 192.0.2.7\n 7,1700000000\n"
		   " da39a3ee5e6b4b0d3255bfef95601890afd80709\n 1,2\n"
		   " nonsense\n 1,2\nDATA=END\n",
	    store);
	assert_int_equal(5, take.counts.records);
	assert_int_equal(2, take.counts.expired);
	assert_int_equal(1, take.counts.gave_up);
	assert_int_equal(1, take.counts.hashed);
	assert_int_equal(1, take.counts.unknown);
	assert_int_equal(1, take.ncomplaints);
	take_all(&take, &foreign_sqlgrey,
	    "connect\ta\tb\t192.0.2\tc@d\t1799999900\t0\n", store);
	assert_int_equal(1, take.counts.wide);
	mm_store_stats(store, &stats);
	assert_int_equal(2, stats.records); /* the marks */
	mm_store_free(store);
}

/* Its own setting for the delay, for the wait that it means. */
static void
test_other_delays(void **state)
{
	struct mm_settings slow = usual;
	struct foreign_take take = {.delay = 60, .settings = &slow};
	struct mm_store *store = mm_store_memory_new();

	(void)state;
	take_all(&take, &foreign_postgrey,
	    HEADER " 192.0.2.0/a@b/c@d\n 1799999000,1799999060\nDATA=END\n",
	    store);
	assert_int_equal(1, take.counts.known);
	/* here it has to wait for longer, but not on top of that */
	slow.greylist_delay = 3600000;
	take_all(
	    &take, &foreign_milter, "192.0.2.9 a@b c@d 1800000000\n", store);
	assert_record(
	    store, "triplet 192.0.2.0/24 3 a@b c@d", T - 3600, T - 60, 0);
	mm_store_free(store);
}

/* Networks with zeros at their end, enough of them to be no chance. */
static void
test_prefixes_are_found_out(void **state)
{
	char text[4096];
	struct foreign_take take = {.delay = -1};
	struct mm_store *store = mm_store_memory_new();

	(void)state;
	snprintf(text, sizeof(text), "%s", HEADER);
	for (int i = 16; i < 20; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    " 10.%d.0.0/a@b/c@d\n 1799999000,1799999900\n", i);
	snprintf(
	    text + strlen(text), sizeof(text) - strlen(text), "DATA=END\n");
	take_all(&take, &foreign_postgrey, text, store);
	assert_int_equal(16, take.prefix.ipv4);
	assert_record(
	    store, "postgrey 10.19.0.0/16/a@b/c@d", T - 1000, T - 100, 1);
	/* what comes from elsewhere is found by the same prefix */
	take_all(&take, &foreign_postgrey,
	    HEADER " 192.0.2.0/a@b/c@d\n 1799999000,1799999900\nDATA=END\n",
	    store);
	assert_int_equal(16, take.prefix.ipv4);
	assert_int_equal(64, take.prefix.ipv6);
	assert_record(
	    store, "postgrey 192.0.0.0/16/a@b/c@d", T - 1000, T - 100, 1);
	mm_store_free(store);
	/* three are not enough, and whole addresses are cut */
	store = mm_store_memory_new();
	take_all(&take, &foreign_postgrey,
	    HEADER " 10.16.0.0/a@b/c@d\n 1799999000,1799999900\n"
		   " 10.17.0.0/a@b/c@d\n 1799999000,1799999900\n"
		   " 10.17.0.0/e@b/c@d\n 1799999000,1799999900\n"
		   " 10.18.0.0/a@b/c@d\n 1799999000,1799999900\nDATA=END\n",
	    store);
	assert_int_equal(24, take.prefix.ipv4);
	take_all(&take, &foreign_postgrey,
	    HEADER " 10.16.1.7/a@b/c@d\n 1799999000,1799999900\nDATA=END\n",
	    store);
	assert_record(
	    store, "postgrey 10.16.1.0/24/a@b/c@d", T - 1000, T - 100, 1);
	mm_store_free(store);
}

static void
test_merging(void **state)
{
	static const struct {
		struct mm_record was, comes, both;
		bool client;
	} cases[] = {
	    /* nothing is there, or nothing of use */
	    {{0, 0, 0}, {T - 9, T - 9, 0}, {T - 9, T - 9, 0}, false},
	    {{T - 3 * DAY, T, 0}, {T - 9, T - 9, 0}, {T - 9, T - 9, 0}, false},
	    {{5, 5, 7}, {T - 9, T - 9, 0}, {T - 9, T - 9, 0}, false},
	    {{5, 5, 7}, {T - 9, T - 9, 1}, {T - 9, T - 9, 1}, true},
	    /* both wait, or one has passed */
	    {{T - 5, T - 2, 0}, {T - 9, T - 3, 0}, {T - 9, T - 2, 0}, false},
	    {{T - 9, T - 3, 0}, {T - 5, T - 2, 0}, {T - 9, T - 2, 0}, false},
	    {{T - 5, T - 2, 0}, {T - 9, T - 3, 1}, {T - 9, T - 2, 1}, false},
	    {{T - 9, T - 3, 4}, {T - 20, T - 2, 0}, {T - 9, T - 3, 4}, false},
	    {{T - 9, T - 3, 4}, {T - 20, T - 2, 1}, {T - 20, T - 2, 4}, false},
	    {{T - 9, T - 1, 4}, {T - 5, T - 2, 6}, {T - 9, T - 1, 6}, false},
	    /* clients: when it last counted */
	    {{T - 9, T - 1, 4}, {T - 5, T - 2, 6}, {T - 5, T - 1, 6}, true},
	    {{T - 3, T - 1, 4}, {T - 5, T - 5, 2}, {T - 3, T - 1, 4}, true},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_record both = foreign_merge(&cases[i].was,
		    &cases[i].comes, cases[i].client, T, 36 * DAY, 2 * DAY);

		assert_memory_equal(&cases[i].both, &both, sizeof(both));
		both = foreign_merge(&both, &cases[i].comes, cases[i].client, T,
		    36 * DAY, 2 * DAY);
		assert_memory_equal(&cases[i].both, &both, sizeof(both));
	}
}

/* A second import, an older one, and one of several with the same key. */
static void
test_importing_again_changes_nothing(void **state)
{
	static const char newer[] =
	    HEADER " 192.0.2.0/a@b/c@d\n 1799990000,1799999900\n"
		   " 192.0.2.1/a@b/c@d\n 1799980000,1799980300\n"
		   " 192.0.2.0/e@b/c@d\n 1799999000,1799999900\n"
		   "DATA=END\n" HEADER " 192.0.2.7\n 6,1799999000\n"
		   " 192.0.2.8\n 3,1799999900\nDATA=END\n";
	static const char older[] =
	    HEADER " 192.0.2.0/e@b/c@d\n 1799998000,1799998000\n"
		   " 192.0.2.8\n 2,1799999800\nDATA=END\n";
	struct foreign_take take = {.delay = -1};
	struct mm_store *store = mm_store_memory_new();
	struct mm_store_stats before, after;

	(void)state;
	take_all(&take, &foreign_postgrey, newer, store);
	mm_store_stats(store, &before);
	assert_int_equal(0, before.waiting);
	take_all(&take, &foreign_postgrey, newer, store);
	take_all(&take, &foreign_postgrey, older, store);
	mm_store_stats(store, &after);
	assert_int_equal(before.records, after.records);
	assert_int_equal(before.commits, after.commits);
	assert_record(
	    store, "postgrey 192.0.2.0/24/a@b/c@d", T - 20000, T - 100, 1);
	assert_record(
	    store, "postgrey 192.0.2.0/24/e@b/c@d", T - 1000, T - 100, 1);
	assert_record(store, "client 192.0.2.7/32", T - 1000, T - 1000, 6);
	assert_record(store, "client 192.0.2.8/32", T - 100, T - 100, 3);
	mm_store_free(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_postgrey),
	    cmocka_unit_test(test_postgrey_that_is_not_understood),
	    cmocka_unit_test(test_a_dump_that_is_broken),
	    cmocka_unit_test(test_sqlgrey),
	    cmocka_unit_test(test_milter_greylist),
	    cmocka_unit_test(test_long_lines_and_nul),
	    cmocka_unit_test(test_each_comes_to_its_place),
	    cmocka_unit_test(test_what_is_left_out),
	    cmocka_unit_test(test_other_delays),
	    cmocka_unit_test(test_prefixes_are_found_out),
	    cmocka_unit_test(test_merging),
	    cmocka_unit_test(test_importing_again_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

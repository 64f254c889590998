/* dnsxl: names to ask, answers to read, keys that nobody sees. */
#include "lib/dnsxl.h"
#include "lib/err.h"
#include "tests/heap.h"
#include "tests/test.h"

#include <arpa/inet.h>
#include <string.h>

static struct mm_dnsxl *
parse(const char *text, const char *labels)
{
	struct mm_err err = {""};
	struct mm_dnsxl *list = mm_dnsxl_parse(text, labels, &err);

	assert_string_equal("", err.text);
	assert_non_null(list);
	return list;
}

static void
test_shows_labels_not_keys(void **state)
{
	static const struct {
		const char *text, *labels, *zone, *label, *shown;
	} cases[] = {
	    {"bl.Example.org", NULL, "bl.example.org", "bl.Example.org",
		"bl.Example.org"},
	    {"bl.example.org=127.0.0.2", "", "bl.example.org", "bl.example.org",
		"bl.example.org=127.0.0.2"},
	    {"bl.example.org=127.0.[ 0 ].[1; 2]", NULL, "bl.example.org",
		"bl.example.org", "bl.example.org=127.0.[0].[1;2]"},
	    {"0key1.zen.dq.spamhaus.net=127.0.0.[2..11]", NULL,
		"0key1.zen.dq.spamhaus.net", "zen.dq.spamhaus.net",
		"zen.dq.spamhaus.net=127.0.0.[2..11]"},
	    {"0KEY1.dbl.DQ.spamhaus.net", NULL, "0key1.dbl.dq.spamhaus.net",
		"dbl.DQ.spamhaus.net", "dbl.DQ.spamhaus.net"},
	    {"_email.0key1.hbl.dq.spamhaus.net", NULL,
		"_email.0key1.hbl.dq.spamhaus.net", "hbl.dq.spamhaus.net",
		"hbl.dq.spamhaus.net"},
	    {"zen.dq.spamhaus.net", NULL, "zen.dq.spamhaus.net",
		"zen.dq.spamhaus.net", "zen.dq.spamhaus.net"},
	    {"0key1.combined.mail.abusix.zone", NULL,
		"0key1.combined.mail.abusix.zone", "combined.mail.abusix.zone",
		"combined.mail.abusix.zone"},
	    {"0key1.black.mail.abusix.zone", NULL,
		"0key1.black.mail.abusix.zone", "black.mail.abusix.zone",
		"black.mail.abusix.zone"},
	    {"0key1.r.mail-abuse.com", NULL, "0key1.r.mail-abuse.com",
		"r.mail-abuse.com", "r.mail-abuse.com"},
	    {"k.bl.example.org=127.0.0.2",
		"other.example.org=x, k.BL.example.org=bl", "k.bl.example.org",
		"bl", "bl=127.0.0.2"},
	    {"0key1.zen.dq.spamhaus.net", "0key1.zen.dq.spamhaus.net=zen",
		"0key1.zen.dq.spamhaus.net", "zen", "zen"},
	    {"bl.example.org", "bl.example=x bl.example.org.uk=y broken =z",
		"bl.example.org", "bl.example.org", "bl.example.org"},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_dnsxl *list = parse(cases[i].text, cases[i].labels);

		assert_string_equal(cases[i].zone, mm_dnsxl_zone(list));
		assert_string_equal(cases[i].label, mm_dnsxl_label(list));
		assert_string_equal(cases[i].shown, mm_dnsxl_shown(list));
		mm_dnsxl_free(list);
	}
}

static void
test_text_is_as_typed(void **state)
{
	struct mm_dnsxl *list =
	    parse("KEY.zen.dq.spamhaus.net=127.0.0.[ 2 .. 4 ]", "x=y");

	(void)state;
	assert_string_equal(
	    "KEY.zen.dq.spamhaus.net=127.0.0.[2..4]", mm_dnsxl_text(list));
	mm_dnsxl_free(list);
	mm_dnsxl_free(NULL);
}

static void
test_refuses(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
	    {"=127.0.0.2", "no domain before \"=127.0.0.2\""},
	    {"", "no domain before \"\""},
	    {"bl.example.org=",
		"no filter behind \"bl.example.org=\": write an address as "
		"in 127.0.0.2, or leave the \"=\" out"},
	    {"bl.example.org=127.0.0",
		"127.0.0: four fields are needed, as in 127.0.0.2"},
	    {"bl.example.org.", "\"bl.example.org.\": a list's domain is "
				"written without a dot at its end"},
	    {"bl..example.org", "\"bl..example.org\" is not a domain, as in "
				"zen.example.org"},
	    {"192.0.2.1", "\"192.0.2.1\" is not a domain, as in "
			  "zen.example.org"},
	    {"https://bl.example.org/",
		"\"https://bl.example.org/\" is not a domain, as in "
		"zen.example.org"},
	    {"KEY.zen.dq.spamhaus.net.",
		"\"zen.dq.spamhaus.net.\": a list's domain is written "
		"without a dot at its end"},
	    {"KEY!.zen.dq.spamhaus.net",
		"\"zen.dq.spamhaus.net\" is not a domain, as in "
		"zen.example.org"},
	    {"KEY.zen.dq.spamhaus.net=",
		"no filter behind \"zen.dq.spamhaus.net=\": write an "
		"address as in 127.0.0.2, or leave the \"=\" out"},
	    {"bl.example.org*2", "\"bl.example.org*2\" is not a domain, as "
				 "in zen.example.org"},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_err err;

		assert_null(mm_dnsxl_parse(cases[i].text, NULL, &err));
		assert_string_equal(cases[i].want, err.text);
	}
}

static void
test_check_labels(void **state)
{
	struct mm_err err = {""};

	(void)state;
	assert_int_equal(0, mm_dnsxl_check_labels("", &err));
	assert_int_equal(
	    0, mm_dnsxl_check_labels(" a.example=b,\n c.example=d ", &err));
	assert_string_equal("", err.text);
	assert_int_equal(
	    -1, mm_dnsxl_check_labels("a.example=b c.example", &err));
	assert_string_equal("word 2 is not zone=label, as in "
			    "key.list.example=list.example",
	    err.text);
	assert_int_equal(-1, mm_dnsxl_check_labels("=b", &err));
	assert_int_equal(-1, mm_dnsxl_check_labels("a=", &err));
}

static void
test_names_to_ask(void **state)
{
	static const struct {
		const char *domain, *want; /* NULL: not asked */
	} cases[] = {
	    {"spam.example", "spam.example.rhs.example"},
	    {"Spam.EXAMPLE", "spam.example.rhs.example"},
	    {"a@spam.example", "spam.example.rhs.example"},
	    {"a@b@spam.example", "spam.example.rhs.example"},
	    {"bareuser", "bareuser.rhs.example"},
	    {"under_score.example", "under_score.example.rhs.example"},
	    {"localhost", "localhost.rhs.example"},
	    {"", NULL},
	    {"a@", NULL},
	    {"a@[192.0.2.1]", NULL},
	    {"[192.0.2.1]", NULL},
	    {"192.0.2.1", NULL},
	    {"foo.123", NULL},
	    {"a@spam.example.", NULL},
	    {"spam.example.", NULL},
	    {".spam.example", NULL},
	    {"spam..example", NULL},
	    {"a b", NULL},
	    {"a?b.example", NULL},
	    {"2001:db8::1", NULL},
	    {"-spam.example", NULL},
	    {"sp\xc3\xa4m.example", NULL},
	};
	struct mm_dnsxl *list = parse("RHS.example=127.0.1.2", NULL);
	char name[MM_DNS_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		int rc = mm_dnsxl_qname_domain(list, cases[i].domain, name);

		print_message("%s\n", cases[i].domain);
		assert_int_equal(cases[i].want != NULL ? 0 : -1, rc);
		if (cases[i].want != NULL)
			assert_string_equal(cases[i].want, name);
	}
	assert_int_equal(0, mm_dnsxl_qname_ip(list, "99.2.0.192", name));
	assert_string_equal("99.2.0.192.rhs.example", name);
	assert_int_equal(-1, mm_dnsxl_qname_ip(list, "", name));
	mm_dnsxl_free(list);
}

/* RFC 1035 2.3.4: 255 bytes on the wire are 253 of text. */
static void
test_too_long_a_name_is_not_asked(void **state)
{
	struct mm_dnsxl *list = parse("rhs.example", NULL);
	char name[MM_DNS_NAME_MAX], domain[300];

	(void)state;
	memset(domain, 'a', sizeof(domain));
	for (size_t i = 50; i < sizeof(domain); i += 50)
		domain[i] = '.';
	domain[241] = '\0'; /* + ".rhs.example" = 253 */
	assert_int_equal(0, mm_dnsxl_qname_domain(list, domain, name));
	assert_int_equal(253, strlen(name));
	domain[241] = 'b';
	domain[242] = '\0';
	assert_int_equal(-1, mm_dnsxl_qname_domain(list, domain, name));
	mm_dnsxl_free(list);
}

static void
test_show_name(void **state)
{
	struct mm_dnsxl *list = parse("0key1.zen.dq.spamhaus.net", NULL);
	char shown[MM_DNS_NAME_MAX];
	static const struct {
		const char *name, *want;
	} cases[] = {
	    {"2.0.0.127.0key1.zen.dq.spamhaus.net",
		"2.0.0.127.zen.dq.spamhaus.net"},
	    {"2.0.0.127.0KEY1.ZEN.dq.spamhaus.net",
		"2.0.0.127.zen.dq.spamhaus.net"},
	    {"0key1.zen.dq.spamhaus.net", "zen.dq.spamhaus.net"},
	    {"x0key1.zen.dq.spamhaus.net", "x0key1.zen.dq.spamhaus.net"},
	    {"example.org", "example.org"},
	    {"", ""},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++)
		assert_string_equal(cases[i].want,
		    mm_dnsxl_show_name(list, cases[i].name, shown));
	mm_dnsxl_free(list);
}

/* "127.0.0.2 127.0.0.4" as an answer, read by the list. */
static enum mm_listing
read_text(const struct mm_dnsxl *list, const char *text, char code[16])
{
	struct mm_dns_rr rr[8] = {{0}};
	struct mm_dns_answer answer = {.status = MM_DNS_OK, .rr = rr};
	char copy[128], *rest = copy, *one;

	assert_true(strlen(text) < sizeof(copy));
	memcpy(copy, text, strlen(text) + 1);
	while ((one = strsep(&rest, " ")) != NULL) {
		assert_true(answer.n < MM_COUNT(rr));
		assert_int_equal(
		    1, inet_pton(AF_INET, one, rr[answer.n++].address));
	}
	return mm_dnsxl_read(list, &answer, code);
}

static void
test_reads_answers(void **state)
{
	static const struct {
		const char *list, *records;
		enum mm_listing want;
		const char *code;
	} cases[] = {
	    /* no filter: any code of a list */
	    {"bl.example", "127.0.0.2", MM_LISTED, "127.0.0.2"},
	    {"bl.example", "127.1.2.3", MM_LISTED, "127.1.2.3"},
	    {"bl.example", "127.0.0.0", MM_LISTED, "127.0.0.0"},
	    /* none of these are listings */
	    {"bl.example", "127.255.255.254", MM_LIST_ERROR_CODE,
		"127.255.255.254"},
	    {"bl.example", "127.255.255.0", MM_LIST_ERROR_CODE,
		"127.255.255.0"},
	    {"bl.example", "127.255.254.1", MM_LISTED, "127.255.254.1"},
	    {"bl.example", "127.0.0.255", MM_LIST_ERROR_CODE, "127.0.0.255"},
	    {"bl.example", "127.0.1.255", MM_LIST_ERROR_CODE, "127.0.1.255"},
	    {"bl.example", "127.0.2.255", MM_LISTED, "127.0.2.255"},
	    {"bl.example", "127.0.0.1", MM_LIST_ODD_CODE, "127.0.0.1"},
	    {"bl.example", "192.0.2.80", MM_LIST_ODD_CODE, "192.0.2.80"},
	    {"bl.example", "0.0.0.0", MM_LIST_ODD_CODE, "0.0.0.0"},
	    /* a filter */
	    {"bl.example=127.0.0.2", "127.0.0.2", MM_LISTED, "127.0.0.2"},
	    {"bl.example=127.0.0.2", "127.0.0.3", MM_UNLISTED, "127.0.0.3"},
	    {"bl.example=127.0.0.[2..11]", "127.0.0.4", MM_LISTED, "127.0.0.4"},
	    {"bl.example=127.0.0.2", "127.255.255.252", MM_LIST_ERROR_CODE,
		"127.255.255.252"},
	    /* a filter that covers them by a range does not name them */
	    {"bl.example=127.0.0.[0..255]", "127.0.0.1", MM_LIST_ODD_CODE,
		"127.0.0.1"},
	    {"bl.example=127.0.[0..1].[2..255]", "127.0.1.255",
		MM_LIST_ERROR_CODE, "127.0.1.255"},
	    {"bl.example=[0..255].0.0.[1;2]", "10.0.0.2", MM_LIST_ODD_CODE,
		"10.0.0.2"},
	    /* one that writes them out does */
	    {"hk.example=127.0.0.[1;5]", "127.0.0.1", MM_LISTED, "127.0.0.1"},
	    {"iadb.example=127.0.1.255", "127.0.1.255", MM_LISTED,
		"127.0.1.255"},
	    {"bl.example=127.255.255.[254]", "127.255.255.254", MM_LISTED,
		"127.255.255.254"},
	    {"bl.example=192.0.2.80", "192.0.2.80", MM_LISTED, "192.0.2.80"},
	    /* several records: a listing wins, then an error code */
	    {"bl.example", "127.255.255.254 127.0.0.2", MM_LISTED, "127.0.0.2"},
	    {"bl.example=127.0.0.4", "127.0.0.2 127.0.0.4", MM_LISTED,
		"127.0.0.4"},
	    {"bl.example=127.0.0.4", "127.0.0.2 127.0.0.3", MM_UNLISTED,
		"127.0.0.2"},
	    {"bl.example=127.0.0.4", "127.0.0.2 127.0.0.1", MM_LIST_ODD_CODE,
		"127.0.0.1"},
	    {"bl.example", "127.0.0.1 127.0.0.255", MM_LIST_ERROR_CODE,
		"127.0.0.255"},
	    {"bl.example", "127.0.0.2 127.0.0.3", MM_LISTED, "127.0.0.2"},
	    /* category 10 of DNSWL is no allowance, 127.0.10.3 a refusal */
	    {"list.dnswl.org", "127.0.5.1", MM_LISTED, "127.0.5.1"},
	    {"List.DNSWL.org", "127.0.10.0", MM_UNLISTED, "127.0.10.0"},
	    {"list.dnswl.org", "127.0.10.3", MM_LIST_ERROR_CODE, "127.0.10.3"},
	    {"list.dnswl.org=127.0.[0..255].[2..3]", "127.0.10.2", MM_UNLISTED,
		"127.0.10.2"},
	    {"list.dnswl.org=127.0.[0..255].[2..3]", "127.0.10.3",
		MM_LIST_ERROR_CODE, "127.0.10.3"},
	    {"list.dnswl.org=127.0.[0..255].[2..3]", "127.0.9.2", MM_LISTED,
		"127.0.9.2"},
	    {"list.dnswl.org=127.0.10.[2;3]", "127.0.10.3", MM_LISTED,
		"127.0.10.3"},
	    {"list.dnswl.org", "127.0.0.255", MM_LIST_ERROR_CODE,
		"127.0.0.255"},
	    {"other.example", "127.0.10.3", MM_LISTED, "127.0.10.3"},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_dnsxl *list = parse(cases[i].list, NULL);
		char code[16] = "?";

		print_message("%s: %s\n", cases[i].list, cases[i].records);
		assert_int_equal(
		    cases[i].want, read_text(list, cases[i].records, code));
		assert_string_equal(cases[i].code, code);
		mm_dnsxl_free(list);
	}
}

static void
test_what_is_no_answer_is_unknown(void **state)
{
	static const struct {
		enum mm_dns_status status;
		enum mm_listing want;
	} cases[] = {
	    {MM_DNS_NOTHING_YET, MM_LISTING_UNKNOWN},
	    {MM_DNS_NOTFOUND, MM_UNLISTED}, {MM_DNS_FAIL, MM_LISTING_UNKNOWN},
	    {MM_DNS_INVAL, MM_LISTING_UNKNOWN},
	    {MM_DNS_RETRY, MM_LISTING_UNKNOWN},
	    {MM_DNS_OK, MM_UNLISTED}, /* no record at all */
	};
	struct mm_dnsxl *list = parse("bl.example", NULL);

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_dns_answer answer = {.status = cases[i].status};
		char code[16] = "?";

		assert_int_equal(
		    cases[i].want, mm_dnsxl_read(list, &answer, code));
		assert_string_equal("", code);
		assert_int_equal(
		    cases[i].want, mm_dnsxl_read(list, &answer, NULL));
	}
	mm_dnsxl_free(list);
}

static void
test_memory_runs_out(void **state)
{
	unsigned n = 0;

	(void)state;
	do {
		struct mm_err err = {""};
		struct mm_dnsxl *list;

		heap_fail(++n);
		list = mm_dnsxl_parse(
		    "bl.example=127.0.0.2", "bl.example=x", &err);
		assert_int_equal(heap_failed(), list == NULL);
		if (list == NULL)
			assert_string_equal("out of memory", err.text);
		mm_dnsxl_free(list);
	} while (heap_failed());
	assert_true(n > 4);
	heap_fail(0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_shows_labels_not_keys),
	    cmocka_unit_test(test_text_is_as_typed),
	    cmocka_unit_test(test_refuses),
	    cmocka_unit_test(test_check_labels),
	    cmocka_unit_test(test_names_to_ask),
	    cmocka_unit_test(test_too_long_a_name_is_not_asked),
	    cmocka_unit_test(test_show_name),
	    cmocka_unit_test(test_reads_answers),
	    cmocka_unit_test(test_what_is_no_answer_is_unknown),
	    cmocka_unit_test(test_memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

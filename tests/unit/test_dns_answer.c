/* dns: packets are read as Postfix reads them; answers are counted. */
#include "lib/dns.h"
#include "tests/test.h"
#include "tests/unit/packet.h"

#include <string.h>

static struct packet p;

static const struct mm_dns_answer *
parse(enum mm_dns_type type)
{
	return mm_dns_answer_parse(p.data, p.len, type, false);
}

static void
expect(enum mm_dns_type type, enum mm_dns_status status, size_t n, uint32_t ttl)
{
	const struct mm_dns_answer *a = parse(type);

	assert_string_equal(
	    mm_dns_status_word(status), mm_dns_status_word(a->status));
	assert_int_equal(n, a->n);
	assert_int_equal(ttl, a->ttl);
	mm_dns_answer_unref(a);
}

static void
test_addresses_in_the_packets_order(void **state)
{
	static const uint8_t two[4] = {127, 0, 0, 2}, ten[4] = {127, 0, 0, 10};
	const struct mm_dns_answer *a;

	(void)state;
	packet_begin(&p, 0, "2.2.0.192.bl.example.org", MM_DNS_A);
	packet_a(&p, "@", 300, "127.0.0.10");
	packet_a(&p, "2.2.0.192.BL.example.ORG", 60, "127.0.0.2");
	packet_a(&p, "other.example.org", 1, "192.0.2.1");
	a = mm_dns_answer_parse(p.data, p.len, MM_DNS_A, true);
	assert_int_equal(MM_DNS_OK, a->status);
	assert_int_equal(MM_DNS_ANSWERED, a->cause);
	assert_true(a->secure);
	assert_int_equal(60, a->ttl);
	assert_int_equal(2, a->n);
	assert_memory_equal(ten, a->rr[0].address, 4);
	assert_memory_equal(two, a->rr[1].address, 4);
	assert_null(a->rr[0].text);
	mm_dns_answer_unref(a);
}

static void
test_ipv6_address(void **state)
{
	static const uint8_t address[16] = {0x20, 1, 0x0d, 0xb8, [15] = 1};
	const struct mm_dns_answer *a;

	(void)state;
	packet_begin(&p, 0, "host.example.org", MM_DNS_AAAA);
	packet_answer(&p, "@", MM_DNS_AAAA, 5, address, sizeof(address));
	a = parse(MM_DNS_AAAA);
	assert_int_equal(1, a->n);
	assert_memory_equal(address, a->rr[0].address, 16);
	mm_dns_answer_unref(a);
}

static void
test_rcodes(void **state)
{
	static const struct {
		unsigned rcode;
		enum mm_dns_status status;
		enum mm_dns_cause cause;
	} cases[] = {
	    {0, MM_DNS_NOTFOUND, MM_DNS_ANSWERED},
	    {1, MM_DNS_FAIL, MM_DNS_ANSWERED},	   /* FORMERR */
	    {2, MM_DNS_RETRY, MM_DNS_SERVFAIL},	   /* SERVFAIL */
	    {3, MM_DNS_NOTFOUND, MM_DNS_ANSWERED}, /* NXDOMAIN */
	    {4, MM_DNS_RETRY, MM_DNS_SERVFAIL},	   /* NOTIMP */
	    {5, MM_DNS_RETRY, MM_DNS_SERVFAIL},	   /* REFUSED */
	    {6, MM_DNS_FAIL, MM_DNS_ANSWERED},	   /* YXDOMAIN */
	    {15, MM_DNS_FAIL, MM_DNS_ANSWERED},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		const struct mm_dns_answer *a;

		packet_begin(&p, cases[i].rcode, "example.org", MM_DNS_A);
		a = parse(MM_DNS_A);
		assert_int_equal(cases[i].status, a->status);
		assert_int_equal(cases[i].cause, a->cause);
		assert_int_equal(0, a->n);
		mm_dns_answer_unref(a);
	}
}

static void
test_no_is_kept_as_long_as_the_soa_says(void **state)
{
	static const struct {
		unsigned rcode;
		uint32_t ttl, minimum, want;
	} cases[] = {
	    {3, 900, 60, 60}, {3, 30, 60, 30}, {0, 900, 60, 60},
	    {0, 0x80000000, 60, 0}, /* RFC 2181 8 */
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		packet_begin(&p, cases[i].rcode, "a.bl.example.org", MM_DNS_A);
		packet_soa(
		    &p, "bl.example.org", cases[i].ttl, cases[i].minimum);
		expect(MM_DNS_A, MM_DNS_NOTFOUND, 0, cases[i].want);
	}
	packet_begin(&p, 3, "a.bl.example.org", MM_DNS_A);
	expect(MM_DNS_A, MM_DNS_NOTFOUND, 0, 0);
}

static void
test_alias_is_followed_and_its_ttl_counts(void **state)
{
	(void)state;
	packet_begin(&p, 0, "www.example.org", MM_DNS_A);
	packet_a(&p, "c.example.net", 500, "192.0.2.7"); /* in any order */
	packet_host(&p, "@", PACKET_CNAME, 400, "B.example.net");
	packet_host(&p, "b.example.net", PACKET_CNAME, 30, "c.Example.net");
	expect(MM_DNS_A, MM_DNS_OK, 1, 30);

	packet_begin(&p, 3, "www.example.org", MM_DNS_A);
	packet_host(&p, "@", PACKET_CNAME, 20, "gone.example.net");
	packet_soa(&p, "example.net", 900, 600);
	expect(MM_DNS_A, MM_DNS_NOTFOUND, 0, 20);

	packet_begin(&p, 0, "www.example.org", MM_DNS_A);
	packet_host(&p, "@", PACKET_CNAME, 900, "b.example.net");
	packet_soa(&p, "example.net", 900, 50);
	expect(MM_DNS_A, MM_DNS_NOTFOUND, 0, 50);
}

/* n aliases and then an address. */
static void
chain(unsigned n)
{
	char from[] = "a.example.org", to[] = "a.example.org";

	packet_begin(&p, 0, from, MM_DNS_A);
	for (unsigned i = 0; i < n; i++) {
		from[0] = (char)('a' + i);
		to[0] = (char)('b' + i);
		packet_host(&p, from, PACKET_CNAME, 60, to);
	}
	packet_a(&p, n > 0 ? to : from, 60, "192.0.2.1");
}

static void
test_ten_aliases_and_no_more(void **state)
{
	(void)state;
	chain(0);
	expect(MM_DNS_A, MM_DNS_OK, 1, 60);
	chain(10);
	expect(MM_DNS_A, MM_DNS_OK, 1, 60);
	chain(11);
	expect(MM_DNS_A, MM_DNS_NOTFOUND, 0, 0);

	packet_begin(&p, 0, "a.example.org", MM_DNS_A);
	packet_host(&p, "@", PACKET_CNAME, 60, "a.example.org");
	expect(MM_DNS_A, MM_DNS_NOTFOUND, 0, 0);
}

static void
test_mail_exchangers(void **state)
{
	const struct mm_dns_answer *a;

	(void)state;
	packet_begin(&p, 0, "example.org", MM_DNS_MX);
	packet_mx(&p, "@", 60, 20, "-bad-.example.org");
	packet_mx(&p, "@", 60, 10, "MX.example.org");
	packet_mx(&p, "@", 60, 30, "192.0.2.1");
	a = parse(MM_DNS_MX);
	assert_int_equal(MM_DNS_OK, a->status);
	assert_int_equal(2, a->n);
	assert_int_equal(10, a->rr[0].preference);
	assert_string_equal("mx.example.org", a->rr[0].text);
	assert_string_equal("192.0.2.1", a->rr[1].text);
	mm_dns_answer_unref(a);

	packet_begin(&p, 0, "example.org", MM_DNS_MX);
	packet_mx(&p, "@", 77, 0, "");
	expect(MM_DNS_MX, MM_DNS_NULLMX, 0, 77);
}

static void
test_host_names_that_are_none(void **state)
{
	static const char *const hosts[] = {"-a.example.org", "", "a b.example",
	    "a\\b.example", "\001.example", "a!.example"};
	static const uint8_t dotted[] = {3, 'a', '.', 'b', 0};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(hosts); i++) {
		packet_begin(&p, 0, "example.org", MM_DNS_NS);
		packet_host(&p, "@", MM_DNS_NS, 60, hosts[i]);
		expect(MM_DNS_NS, MM_DNS_INVAL, 0, 60);
	}
	packet_begin(&p, 0, "1.2.0.192.in-addr.arpa", MM_DNS_PTR);
	packet_answer(&p, "@", MM_DNS_PTR, 60, dotted, sizeof(dotted));
	expect(MM_DNS_PTR, MM_DNS_INVAL, 0, 60);
	packet_host(&p, "@", MM_DNS_PTR, 60, "host_1.example.org");
	expect(MM_DNS_PTR, MM_DNS_OK, 1, 60);
}

static void
test_text_is_the_first_string_made_printable(void **state)
{
	static const uint8_t two[] = {5, 'a', '\n', 0xe4, 0x7f, 'b', 1, 'c'};
	const struct mm_dns_answer *a;

	(void)state;
	packet_begin(&p, 0, "example.org", MM_DNS_TXT);
	packet_answer(&p, "@", MM_DNS_TXT, 60, two, sizeof(two));
	packet_txt(&p, "@", 60, "");
	packet_txt(&p, "@", 60, "see http://example.org/?ip=192.0.2.1");
	a = parse(MM_DNS_TXT);
	assert_int_equal(3, a->n);
	assert_string_equal("a   b", a->rr[0].text);
	assert_string_equal("", a->rr[1].text);
	assert_string_equal(
	    "see http://example.org/?ip=192.0.2.1", a->rr[2].text);
	mm_dns_answer_unref(a);
}

static void
test_text_is_bounded(void **state)
{
	const struct mm_dns_answer *a;
	char text[201];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[200] = '\0';
	packet_begin(&p, 0, "example.org", MM_DNS_TXT);
	for (int i = 0; i < 5; i++)
		packet_txt(&p, "@", 60, text);
	a = parse(MM_DNS_TXT);
	assert_int_equal(3, a->n);
	assert_int_equal(200, strlen(a->rr[1].text));
	assert_int_equal(MM_DNS_TEXT_MAX - 400, strlen(a->rr[2].text));
	mm_dns_answer_unref(a);
}

/* A TXT record of that text, in strings of 255 bytes. */
static void
add_long_txt(const char *text)
{
	uint8_t data[8192];
	size_t len = strlen(text), used = 0;

	do {
		size_t part = len < 255 ? len : 255;

		data[used++] = (uint8_t)part;
		memcpy(data + used, text, part);
		used += part;
		text += part;
		len -= part;
	} while (len > 0);
	packet_answer(&p, "@", MM_DNS_TXT, 60, data, used);
}

static void
test_spf_is_one_record_whole(void **state)
{
	static const uint8_t two[] = {
	    7, 'v', '=', 'S', 'P', 'F', '1', ' ', 0, 3, 'a', '\n', 0xe4};
	static char text[MM_DNS_SPF_MAX + 2];
	const struct mm_dns_answer *a;

	(void)state;
	packet_begin(&p, 0, "example.org", MM_DNS_TXT);
	for (int i = 0; i < 70; i++)
		packet_txt(&p, "@", 60, "some-site-verification=0123");
	packet_txt(&p, "@", 60, "v=spf10 +all");
	packet_txt(&p, "@", 60, "v=spf");
	packet_txt(&p, "@", 60, "");
	expect(MM_DNS_SPF, MM_DNS_NOTFOUND, 0, 60);
	packet_answer(&p, "@", MM_DNS_TXT, 50, two, sizeof(two));
	a = parse(MM_DNS_SPF);
	assert_int_equal(MM_DNS_OK, a->status);
	assert_int_equal(1, a->n);
	assert_string_equal("v=SPF1 a!!", a->rr[0].text);
	mm_dns_answer_unref(a);
	/* how many more there are does not matter */
	for (int i = 0; i < 5; i++)
		packet_txt(&p, "@", 60, "v=spf1");
	expect(MM_DNS_SPF, MM_DNS_OK, 2, 50);

	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "v=spf1 ", 7);
	packet_begin(&p, 0, "example.org", MM_DNS_TXT);
	add_long_txt(text);
	expect(MM_DNS_SPF, MM_DNS_INVAL, 0, 60);
	text[MM_DNS_SPF_MAX] = '\0';
	packet_begin(&p, 0, "example.org", MM_DNS_TXT);
	add_long_txt(text);
	a = parse(MM_DNS_SPF);
	assert_int_equal(MM_DNS_OK, a->status);
	assert_string_equal(text, a->rr[0].text);
	mm_dns_answer_unref(a);
}

static void
test_records_are_bounded(void **state)
{
	(void)state;
	packet_begin(&p, 0, "example.org", MM_DNS_A);
	for (int i = 0; i < 200; i++)
		packet_a(&p, "@", 60, "192.0.2.1");
	expect(MM_DNS_A, MM_DNS_OK, MM_DNS_RRS_MAX, 60);
}

static void
test_malformed_data_is_not_found_out(void **state)
{
	static const uint8_t data[] = {255, 'a', 'b'};
	static const enum mm_dns_type types[] = {MM_DNS_A, MM_DNS_AAAA,
	    MM_DNS_NS, MM_DNS_PTR, MM_DNS_MX, MM_DNS_TXT, MM_DNS_SPF};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(types); i++) {
		unsigned wire = MM_DNS_ON_THE_WIRE(types[i]);

		for (size_t len = 0; len <= sizeof(data); len++) {
			packet_begin(&p, 0, "example.org", wire);
			packet_answer(&p, "@", wire, 60, data, len);
			expect(types[i], MM_DNS_RETRY, 0, 0);
		}
	}
	/* one good record makes an answer */
	packet_begin(&p, 0, "example.org", MM_DNS_A);
	packet_answer(&p, "@", MM_DNS_A, 60, data, 3);
	packet_a(&p, "@", 50, "192.0.2.1");
	expect(MM_DNS_A, MM_DNS_OK, 1, 50);
}

static void
test_packets_cut_short(void **state)
{
	size_t whole;

	(void)state;
	packet_begin(&p, 0, "example.org", MM_DNS_MX);
	packet_mx(&p, "@", 60, 10, "mx.example.org");
	packet_soa(&p, "example.org", 60, 60);
	whole = p.len;
	for (p.len = 0; p.len < whole; p.len++)
		expect(MM_DNS_MX, MM_DNS_RETRY, 0, 0);
	expect(MM_DNS_MX, MM_DNS_OK, 1, 60);
	p.data[5] = 2; /* two questions */
	expect(MM_DNS_MX, MM_DNS_RETRY, 0, 0);
}

static void
test_compression_ends(void **state)
{
	(void)state;
	/* a pointer to itself */
	packet_begin(&p, 0, "example.org", MM_DNS_A);
	p.data[12] = 0xc0;
	p.data[13] = 12;
	expect(MM_DNS_A, MM_DNS_RETRY, 0, 0);
	/* a label and then back to it: no name is that long */
	packet_begin(&p, 0, "a", MM_DNS_A);
	p.data[14] = 0xc0;
	p.data[15] = 12;
	expect(MM_DNS_A, MM_DNS_RETRY, 0, 0);
	/* beyond the end */
	packet_begin(&p, 0, "a", MM_DNS_A);
	p.data[12] = 0xff;
	expect(MM_DNS_A, MM_DNS_RETRY, 0, 0);
	/* label types that do not exist */
	packet_begin(&p, 0, "a", MM_DNS_A);
	p.data[12] = 0x41;
	expect(MM_DNS_A, MM_DNS_RETRY, 0, 0);
}

static void
test_other_classes_are_not_answers(void **state)
{
	(void)state;
	packet_begin(&p, 0, "example.org", MM_DNS_A);
	packet_a(&p, "@", 60, "192.0.2.1");
	p.data[p.len - 11] = 3; /* CH */
	expect(MM_DNS_A, MM_DNS_NOTFOUND, 0, 0);
}

static void
test_answers_own_what_they_hold(void **state)
{
	char text[] = "mx.example.org";
	struct mm_dns_rr rr = {.preference = 10, .text = text};
	const struct mm_dns_answer *a =
	    mm_dns_answer_new(MM_DNS_OK, 60, &rr, 1);

	(void)state;
	text[0] = 'X';
	assert_ptr_equal(a, mm_dns_answer_ref(a));
	mm_dns_answer_unref(a);
	assert_string_equal("mx.example.org", a->rr[0].text);
	mm_dns_answer_unref(a);
	mm_dns_answer_unref(NULL);
}

static void
test_constant_answers_are_not_counted(void **state)
{
	(void)state;
	for (int cause = MM_DNS_SERVFAIL; cause <= MM_DNS_LOCAL; cause++) {
		const struct mm_dns_answer *a =
		    mm_dns_answer_retry((enum mm_dns_cause)cause);

		assert_int_equal(MM_DNS_RETRY, a->status);
		assert_int_equal(cause, a->cause);
		for (int i = 0; i < 3; i++)
			mm_dns_answer_unref(a);
		assert_ptr_equal(a, mm_dns_answer_ref(a));
		assert_non_null(mm_dns_cause_word(a->cause));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_addresses_in_the_packets_order),
	    cmocka_unit_test(test_ipv6_address),
	    cmocka_unit_test(test_rcodes),
	    cmocka_unit_test(test_no_is_kept_as_long_as_the_soa_says),
	    cmocka_unit_test(test_alias_is_followed_and_its_ttl_counts),
	    cmocka_unit_test(test_ten_aliases_and_no_more),
	    cmocka_unit_test(test_mail_exchangers),
	    cmocka_unit_test(test_host_names_that_are_none),
	    cmocka_unit_test(test_text_is_the_first_string_made_printable),
	    cmocka_unit_test(test_text_is_bounded),
	    cmocka_unit_test(test_spf_is_one_record_whole),
	    cmocka_unit_test(test_records_are_bounded),
	    cmocka_unit_test(test_malformed_data_is_not_found_out),
	    cmocka_unit_test(test_packets_cut_short),
	    cmocka_unit_test(test_compression_ends),
	    cmocka_unit_test(test_other_classes_are_not_answers),
	    cmocka_unit_test(test_answers_own_what_they_hold),
	    cmocka_unit_test(test_constant_answers_are_not_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* matchlist: domains and clients, first fit decides; files and tables. */
#include "lib/arena.h"
#include "lib/conf.h"
#include "lib/ip.h"
#include "lib/matchlist.h"
#include "lib/str.h"
#include "tests/heap.h"
#include "tests/test.h"
#include "tests/tmpdir.h"

#include <stdio.h>
#include <string.h>

static struct mm_matchlist *
read_list(const char *text, enum mm_matchlist_kind kind, bool parents,
    struct mm_complaints *all)
{
	struct mm_text_mark mark = {0, 7};
	char *copy = strdup(text);
	struct mm_text lines = {
	    .data = copy, .nmarks = 1, .marks = &mark, .file = "mailmum.conf"};
	struct mm_matchlist_how how = {kind, parents, "mylist"};
	struct mm_matchlist *list =
	    copy != NULL ? mm_matchlist_read(&lines, &how, all) : NULL;

	free(copy);
	return list;
}

static char
letter(enum mm_match match)
{
	return match == MM_MATCHES	  ? 'y'
	       : match == MM_MATCH_NOT	  ? 'n'
	       : match == MM_MATCH_FAILED ? 'f'
					  : '?';
}

/* Is domain in the list that text makes, without complaints? */
static char
has_domain(const char *text, enum mm_matchlist_kind kind, bool parents,
    const char *domain)
{
	struct mm_complaints all = {0};
	struct mm_matchlist *list = read_list(text, kind, parents, &all);
	struct mm_arena *arena = mm_arena_new(65536);
	char got;

	assert_non_null(list);
	assert_non_null(arena);
	assert_int_equal(0, all.errors);
	got = letter(mm_matchlist_domain(list, domain, arena));
	mm_complaints_clear(&all);
	mm_matchlist_free(list);
	mm_arena_free(arena);
	return got;
}

static char
has_client(const char *text, bool parents, const char *name, const char *ip)
{
	struct mm_complaints all = {0};
	struct mm_matchlist *list =
	    read_list(text, MM_MATCH_CLIENT, parents, &all);
	struct mm_arena *arena = mm_arena_new(65536);
	struct mm_ip address = {0};
	char got;

	assert_non_null(list);
	assert_non_null(arena);
	assert_int_equal(0, all.errors);
	assert_true(mm_ip_parse(ip, &address) || *ip == '\0');
	got = letter(mm_matchlist_client(list, name, &address, ip, arena));
	mm_complaints_clear(&all);
	mm_matchlist_free(list);
	mm_arena_free(arena);
	return got;
}

static void
test_domains(void **state)
{
	static const struct {
		const char *text, *domain;
		/* whole; domains with parents; without */
		const char *want;
	} cases[] = {
	    {"", "example.org", "nnn"},
	    {"example.org", "example.org", "yyy"},
	    {"Example.ORG", "eXample.org", "yyy"},
	    {"example.org", "a.example.org", "nyn"},
	    {"example.org", "notexample.org", "nnn"},
	    {"example.org", "org", "nnn"},
	    {".example.org", "a.b.example.org", "nny"},
	    {".example.org", "example.org", "nnn"},
	    {"example.com, example.org\n\texample.net", "example.net", "yyy"},
	    {"!a.example.org example.org", "a.example.org", "nnn"},
	    {"!a.example.org example.org", "b.example.org", "nyn"},
	    {"example.org !a.example.org", "a.example.org", "nyn"},
	    {"!!example.org", "example.org", "yyy"},
	    {"!example.org", "example.com", "nnn"},
	    {"[192.0.2.1]", "[192.0.2.1]", "yyy"},
	    {"inline:{example.org=x}", "EXAMPLE.org", "yyy"},
	    {"inline:{example.org=REJECT}", "a.b.example.org", "nyn"},
	    {"inline:{.example.org=x}", "a.b.example.org", "nny"},
	    {"inline:{.example.org=x}", "example.org", "nnn"},
	    {"inline:{org=x}", "example.org", "nyn"},
	    {"!inline:{example.org=x} example.org", "example.org", "nnn"},
	    {"pcre:{{/^example/ x}}", "example.org", "yyy"},
	    {"pcre:{{/^example/ x}}", "a.example.org", "nnn"},
	    {"static:x", "example.org", "yyy"},
	};
	static const struct {
		enum mm_matchlist_kind kind;
		bool parents;
	} ways[] = {
	    {MM_MATCH_WHOLE, true},
	    {MM_MATCH_DOMAIN, true},
	    {MM_MATCH_DOMAIN, false},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		char got[4] = "";

		print_message("%s: %s\n", cases[i].text, cases[i].domain);
		for (size_t w = 0; w < MM_COUNT(ways); w++)
			got[w] = has_domain(cases[i].text, ways[w].kind,
			    ways[w].parents, cases[i].domain);
		assert_string_equal(cases[i].want, got);
	}
}

static void
test_clients(void **state)
{
	static const struct {
		const char *text, *name, *ip, *want; /* parents, without */
	} cases[] = {
	    {"192.0.2.1", "unknown", "192.0.2.1", "yy"},
	    {"192.0.2.1", "unknown", "192.0.2.10", "nn"},
	    {"192.0.2.0/24", "unknown", "192.0.2.10", "yy"},
	    {"0.0.0.0/0", "unknown", "2001:db8::1", "nn"},
	    {"[2001:db8::1]", "unknown", "2001:db8::1", "yy"},
	    {"[2001:DB8:0::1]", "unknown", "2001:db8::1", "yy"},
	    {"[2001:db8::]/32", "unknown", "2001:db8::1", "yy"},
	    {"2001:db8::/32", "unknown", "2001:db8::1", "yy"},
	    {"[::]/0", "unknown", "192.0.2.1", "nn"},
	    {"!192.0.2.1 192.0.2.0/24", "unknown", "192.0.2.1", "nn"},
	    {"!192.0.2.1 192.0.2.0/24", "unknown", "192.0.2.2", "yy"},
	    {"192.0.2.0/24 !192.0.2.1", "unknown", "192.0.2.1", "yy"},
	    {"mx.example.org", "MX.example.org", "192.0.2.1", "yy"},
	    {"example.org", "mx.example.org", "192.0.2.1", "yn"},
	    {".example.org", "mx.example.org", "192.0.2.1", "ny"},
	    {"!mx.example.org 192.0.2.1", "mx.example.org", "192.0.2.1", "nn"},
	    {"192.0.2.1 !mx.example.org", "mx.example.org", "192.0.2.1", "yy"},
	    {"localhost", "unknown", "192.0.2.1", "nn"},
	    {"unknown", "unknown", "192.0.2.1", "yy"},
	    {"inline:{192.0.2.1=x}", "unknown", "192.0.2.1", "yy"},
	    {"inline:{192.0.2=x}", "unknown", "192.0.2.1", "nn"},
	    {"inline:{example.org=x}", "a.example.org", "192.0.2.1", "yn"},
	    {"inline:{.example.org=x}", "a.example.org", "192.0.2.1", "ny"},
	    {"cidr:{{192.0.2.0/24 x}}", "a.example.org", "192.0.2.1", "yy"},
	    {"cidr:{{!192.0.2.0/24 x}}", "a.example.org", "192.0.2.1", "nn"},
	    {"!cidr:{{192.0.2.0/24 x}} 192.0.0.0/16", "unknown", "192.0.2.1",
		"nn"},
	    {"pcre:{{/^192/ x}}", "unknown", "192.0.2.1", "yy"},
	    {"example.org 192.0.2.1", "unknown", "", "nn"},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		char got[3] = "";

		print_message(
		    "%s: %s %s\n", cases[i].text, cases[i].name, cases[i].ip);
		for (int w = 0; w < 2; w++)
			got[w] = has_client(
			    cases[i].text, w == 0, cases[i].name, cases[i].ip);
		assert_string_equal(cases[i].want, got);
	}
}

/* All that is said about text, as lines "file:line: text". */
static const char *
complaints(const char *text, enum mm_matchlist_kind kind, bool parents)
{
	static char said[4096];
	struct mm_complaints all = {0};
	struct mm_matchlist *list = read_list(text, kind, parents, &all);
	struct mm_buf buf;

	assert_non_null(list);
	mm_buf_init(&buf, said, sizeof(said));
	for (size_t i = 0; i < all.n; i++)
		mm_buf_addf(&buf, "%s%s:%u: %s", i > 0 ? "\n" : "",
		    all.list[i].file, all.list[i].line, all.list[i].text);
	assert_false(buf.cut);
	mm_complaints_clear(&all);
	mm_matchlist_free(list);
	return said;
}

static void
test_complaints(void **state)
{
	static const struct {
		enum mm_matchlist_kind kind;
		const char *text, *want;
	} cases[] = {
	    {MM_MATCH_CLIENT, "192.0.2.1/24",
		"mailmum.conf:7: mylist: host bits are set: did you mean "
		"192.0.2.0/24?"},
	    {MM_MATCH_CLIENT, "192.0.2",
		"mailmum.conf:7: mylist: \"192.0.2\" is not an IP address: an "
		"IPv4 network looks like 192.0.2.0/24"},
	    {MM_MATCH_CLIENT, "!",
		"mailmum.conf:7: mylist: nothing behind \"!\""},
	    {MM_MATCH_CLIENT, "192.0.2.1 # all of them",
		"mailmum.conf:7: mylist: a comment cannot stand behind an "
		"entry: the rest is left out"},
	    {MM_MATCH_CLIENT, "/nowhere/file",
		"mailmum.conf:7: mylist: /nowhere/file: No such file or "
		"directory"},
	    {MM_MATCH_CLIENT, "/tmp",
		"mailmum.conf:7: mylist: /tmp: not a regular file"},
	    {MM_MATCH_CLIENT, "hush:/etc/networks",
		"mailmum.conf:7: mylist: unknown type of table \"hush\": did "
		"you mean \"hash\"?"},
	    {MM_MATCH_CLIENT, ".example.org",
		"mailmum.conf:7: mylist: \".example.org\" never matches: "
		"\"example.org\" has what is below it, by "
		"parent_domain_matches_subdomains"},
	    {MM_MATCH_WHOLE, ".example.org",
		"mailmum.conf:7: mylist: \".example.org\" never matches: only "
		"whole domains do here, each has to be named"},
	    {MM_MATCH_DOMAIN, "joe@example.org",
		"mailmum.conf:7: mylist: \"joe@example.org\" is not a domain"},
	    {MM_MATCH_DOMAIN, "b\xc3\xbc.example", ""},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++)
		assert_string_equal(cases[i].want,
		    complaints(cases[i].text, cases[i].kind, true));
}

/* Writes dir/name; the path in static memory. */
static const char *
put_file(const char *dir, const char *name, const char *text)
{
	static char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(0, fclose(f));
	return path;
}

static void
test_files(void **state)
{
	char *dir = tmpdir_new();
	char text[256], want[512];

	(void)state;
	assert_non_null(dir);
	snprintf(text, sizeof(text), "%s",
	    put_file(dir, "a",
		"# a comment\n"
		"192.0.2.1, !192.0.2.2\n"
		"  192.0.2.3\n"
		"\n"
		"192.0.2.4"));
	assert_int_equal('y', has_client(text, true, "x", "192.0.2.1"));
	assert_int_equal('n', has_client(text, true, "x", "192.0.2.2"));
	assert_int_equal('y', has_client(text, true, "x", "192.0.2.3"));
	assert_int_equal('y', has_client(text, true, "x", "192.0.2.4"));

	/* "!" turns the file's entries, and turns them back */
	snprintf(text, sizeof(text), "!%s/a 192.0.2.0/24", dir);
	assert_int_equal('n', has_client(text, true, "x", "192.0.2.1"));
	assert_int_equal('y', has_client(text, true, "x", "192.0.2.2"));
	assert_int_equal('n', has_client(text, true, "x", "192.0.2.3"));
	assert_int_equal('y', has_client(text, true, "x", "192.0.2.5"));

	/* complaints have the file's own lines */
	put_file(dir, "b", "192.0.2.1\n\n192.0.2.1/8\n");
	snprintf(text, sizeof(text), "%s/b", dir);
	snprintf(want, sizeof(want),
	    "%s/b:3: mylist: host bits are set: did you mean 192.0.0.0/8?",
	    dir);
	assert_string_equal(want, complaints(text, MM_MATCH_CLIENT, true));

	/* one that names itself */
	snprintf(text, sizeof(text), "%s/c\n", dir);
	put_file(dir, "c", text);
	text[strlen(text) - 1] = '\0';
	snprintf(want, sizeof(want),
	    "%s/c:1: mylist: too many files that name files", dir);
	assert_string_equal(want, complaints(text, MM_MATCH_CLIENT, true));
	tmpdir_free(dir);
}

static void
test_parents(void **state)
{
	(void)state;
	assert_true(mm_matchlist_parents("a, mynetworks", "mynetworks"));
	assert_true(mm_matchlist_parents("MyNetworks", "mynetworks"));
	assert_false(mm_matchlist_parents("mynetworks2 x", "mynetworks"));
	assert_false(mm_matchlist_parents("mynet", "mynetworks"));
	assert_false(mm_matchlist_parents("", "mynetworks"));
}

/* Whichever allocation fails, nothing is lost, and it is said. */
static void
test_without_memory(void **state)
{
	char *dir = tmpdir_new();
	char text[256];
	unsigned n = 0;

	(void)state;
	assert_non_null(dir);
	snprintf(text, sizeof(text), "%s inline:{a=b} c.example !192.0.2.1",
	    put_file(dir, "a", "192.0.2.7\n"));
	for (;;) {
		struct mm_complaints all = {0};
		struct mm_matchlist *list;
		bool failed;

		heap_fail(++n);
		list = read_list(text, MM_MATCH_CLIENT, true, &all);
		failed = heap_failed();
		heap_fail(0);
		if (failed && list != NULL)
			assert_true(all.errors > 0 || all.failed ||
				    mm_matchlist_size(list) == 4);
		mm_complaints_clear(&all);
		if (!failed)
			assert_int_equal(4, mm_matchlist_size(list));
		mm_matchlist_free(list);
		if (!failed)
			break;
	}
	assert_true(n > 8);
	tmpdir_free(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_domains),
	    cmocka_unit_test(test_clients),
	    cmocka_unit_test(test_complaints),
	    cmocka_unit_test(test_files),
	    cmocka_unit_test(test_parents),
	    cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

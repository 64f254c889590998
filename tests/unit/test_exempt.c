/* exempt: whom an exception fits, what files may say, and what is counted. */
#include "lib/arena.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/exempt.h"
#include "lib/session.h"
#include "lib/settings.h"
#include "tests/heap.h"
#include "tests/test.h"
#include "tests/tmpdir.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static struct mm_exempt *
parse(const char *form, const char *text)
{
	struct mm_complaints all = {0};
	struct mm_exempt *exempt = mm_exempt_parse(form, text, "file", &all);

	assert_non_null(exempt);
	assert_int_equal(0, all.n);
	mm_complaints_clear(&all);
	return exempt;
}

/* Who sends to whom; name NULL: unknown. */
struct mail {
	const char *address, *name, *sender, *recipient;
	enum mm_name_status status;
};

static const struct mm_exempt_why *
find(const struct mm_exempt *exempt, const struct mail *mail,
    struct mm_arena *arena)
{
	struct mm_session s = {.name_status = mail->status,
	    .client_name = mm_arena_dup(
		arena, mail->name != NULL ? mail->name : "unknown"),
	    .sender = mail->sender,
	    .recipient = mail->recipient};

	if (mail->name == NULL)
		s.name_status = MM_NAME_PERM;
	if (mail->address != NULL) {
		assert_true(mm_ip_parse(mail->address, &s.client));
		s.known[MM_FACT_CLIENT] = MM_KNOWN;
	}
	if (mail->sender != NULL)
		s.known[MM_FACT_SENDER] = MM_KNOWN;
	if (mail->recipient != NULL)
		s.known[MM_FACT_RECIPIENT] = MM_KNOWN;
	return mm_exempt_find(exempt, &s, arena);
}

/* The line of the exception that fits; 0: none. */
static unsigned
line_for(const struct mm_exempt *exempt, struct mail mail)
{
	struct mm_arena *arena = mm_arena_new(1 << 20);
	const struct mm_exempt_why *why;
	unsigned line;

	assert_non_null(arena);
	why = find(exempt, &mail, arena);
	line = why != NULL ? why->line : 0;
	if (why != NULL) {
		assert_string_equal("greylist_exceptions", why->setting);
		assert_string_equal("file", why->file);
		assert_ptr_equal(why->entry->pattern, why->pattern);
	}
	mm_arena_free(arena);
	return line;
}

#define CLIENT(a, n) line_for(x, (struct mail){.address = (a), .name = (n)})
#define SENDER(s) line_for(x, (struct mail){.sender = (s)})
#define RECIPIENT(r) line_for(x, (struct mail){.recipient = (r)})

static void
test_clients(void **state)
{
	struct mm_exempt *x = parse("", "# ours\n"
					"client Example.ORG\n"
					"  reason  pool\n"
					"client 192.0.2.0/24\n"
					"client 2001:db8::/32\n"
					"client 198.51.\n"
					"client /^mx\\d+\\.a/b\\.example$/\n"
					"\n"
					"client 192.0.2.64/26\n");

	(void)state;
	assert_int_equal(2, CLIENT("203.0.113.1", "example.org"));
	assert_int_equal(2, CLIENT("203.0.113.1", "mail.EXAMPLE.org"));
	assert_int_equal(0, CLIENT("203.0.113.1", "badexample.org"));
	assert_int_equal(0, CLIENT("203.0.113.1", "example.org.net"));
	assert_int_equal(0, CLIENT("203.0.113.1", "org"));
	assert_int_equal(0, CLIENT("203.0.113.1", NULL));
	assert_int_equal(4, CLIENT("192.0.2.9", NULL));
	assert_int_equal(9, CLIENT("192.0.2.65", NULL)); /* the narrowest */
	assert_int_equal(0, CLIENT("192.0.3.1", NULL));
	assert_int_equal(5, CLIENT("2001:db8:1::1", NULL));
	assert_int_equal(0, CLIENT("2001:db9::1", NULL));
	assert_int_equal(6, CLIENT("198.51.7.1", NULL));
	assert_int_equal(0, CLIENT("198.52.7.1", NULL));
	assert_int_equal(7, CLIENT("203.0.113.1", "MX12.a/b.example"));
	assert_int_equal(0, CLIENT("203.0.113.1", "mx.a/b.example"));
	mm_exempt_free(x);
}

/* Anybody can write any name into his reverse DNS. */
static void
test_names_count_when_verified(void **state)
{
	static const enum mm_name_status states[] = {
	    MM_NAME_PERM, MM_NAME_FORGED, MM_NAME_TEMP};
	struct mm_exempt *x = parse("", "client example.org\nclient /x/\n");

	(void)state;
	assert_int_equal(1, CLIENT("203.0.113.1", "mx.example.org"));
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct mail mail = {.address = "203.0.113.1",
		    .name = "mx.example.org",
		    .status = states[i]};

		assert_int_equal(0, line_for(x, mail));
	}
	mm_exempt_free(x);
}

static void
test_addresses(void **state)
{
	struct mm_exempt *x = parse("", "sender bounce@shop.example\n"
					"sender billing.example\n"
					"sender <>\n"
					"sender /^prvs=.*@b\\.example$/\n"
					"recipient abuse@\n"
					"recipient Carol@example.com\n"
					"recipient free.example\n");

	(void)state;
	assert_int_equal(1, SENDER("Bounce@Shop.example"));
	assert_int_equal(1, SENDER("bounce+123@shop.example"));
	assert_int_equal(0, SENDER("bounce@sub.shop.example"));
	assert_int_equal(0, SENDER("ounce@shop.example"));
	assert_int_equal(2, SENDER("x@billing.example"));
	assert_int_equal(2, SENDER("x@mx.billing.example"));
	assert_int_equal(3, SENDER(""));
	assert_int_equal(4, SENDER("prvs=1@b.example"));
	assert_int_equal(0, SENDER("carol@example.com"));
	assert_int_equal(0, SENDER("nobody"));
	assert_int_equal(5, RECIPIENT("abuse@anything.example"));
	assert_int_equal(5, RECIPIENT("abuse+x@anything.example"));
	assert_int_equal(6, RECIPIENT("carol@EXAMPLE.com"));
	assert_int_equal(6, RECIPIENT("carol+lists@example.com"));
	assert_int_equal(0, RECIPIENT("bob@example.com"));
	assert_int_equal(7, RECIPIENT("bob@a.free.example"));
	assert_int_equal(0, RECIPIENT("bounce@shop.example"));
	mm_exempt_free(x);
}

static void
test_attributes(void **state)
{
	struct mm_exempt *x = parse("", "client a.example\n"
					"\tsource  https://x.example/1\n"
					"    # a comment between\n"
					"    reason  tries again  but once\n"
					"\n"
					"    date 2026-11-28 \n"
					"sender b.example");
	const struct mm_exempt_entry *a = mm_exempt_entry(x, 0);
	const struct mm_exempt_entry *b = mm_exempt_entry(x, 1);

	(void)state;
	assert_string_equal("client", mm_exempt_kind_word(a->kind));
	assert_string_equal("https://x.example/1", a->source);
	assert_string_equal("tries again  but once", a->reason);
	assert_string_equal("2026-11-28", a->date);
	assert_string_equal("b.example", b->pattern);
	assert_null(b->reason);
	assert_null(mm_exempt_entry(x, 2));
	mm_exempt_free(x);
}

/* All that postgrey(8) understands, as it does. */
static void
test_postgrey(void **state)
{
	struct mm_exempt *x = parse("postgrey_clients:",
	    "# postgrey\n"
	    "\n"
	    "  southwest.example   # unique sender, no retry\n"
	    "/^ms-smtp.*\\.rr\\.example$/\n"
	    "192.0.2.7\n"
	    "195.235.39\n"
	    "10.20\n"
	    "192.168.5.\n"
	    "203.0.113.77/28\n"
	    "2001:db8:1::5/48\n");

	(void)state;
	assert_int_equal(3, CLIENT("1.2.3.4", "mx.southwest.example"));
	assert_int_equal(4, CLIENT("1.2.3.4", "MS-smtp7.rr.example"));
	assert_int_equal(5, CLIENT("192.0.2.7", NULL));
	assert_int_equal(0, CLIENT("192.0.2.8", NULL));
	assert_int_equal(6, CLIENT("195.235.39.200", NULL));
	assert_int_equal(7, CLIENT("10.20.30.40", NULL));
	assert_int_equal(8, CLIENT("192.168.5.1", NULL));
	assert_int_equal(9, CLIENT("203.0.113.65", NULL));
	assert_int_equal(0, CLIENT("203.0.113.81", NULL));
	assert_int_equal(10, CLIENT("2001:db8:1:2::1", NULL));
	mm_exempt_free(x);

	x = parse("postgrey_recipients:",
	    "postmaster@\nabuse@   # theirs\nb@example.com\nopen.example\n"
	    "/^test-.*@example\\.net$/\n");
	assert_int_equal(1, RECIPIENT("postmaster@x.example"));
	assert_int_equal(2, RECIPIENT("abuse+1@x.example"));
	assert_int_equal(3, RECIPIENT("b+c@example.com"));
	assert_int_equal(4, RECIPIENT("b@sub.open.example"));
	assert_int_equal(5, RECIPIENT("test-1@example.net"));
	assert_int_equal(0, RECIPIENT("b@example.net"));
	mm_exempt_free(x);
}

static void
test_faults(void **state)
{
	static const struct {
		const char *form, *text, *want;
	} cases[] = {
	    {"", "client\n", "file:1: client: which one?"},
	    {"", "\nhost a.example\n",
		"file:2: \"host\": an exception begins with client, sender "
		"or recipient"},
	    {"", "  reason none\n",
		"file:1: an exception begins at the start of its line"},
	    {"", "client a.example\n why not\n",
		"file:2: \"why\": what an exception may have is reason, "
		"source and date"},
	    {"", "client a.example\n date yesterday\n",
		"file:2: date: \"yesterday\" is not like 2026-12-31"},
	    {"", "client a.example\n reason\n", "file:2: reason: nothing?"},
	    {"", "client a.example\n reason a\n reason b\n",
		"file:3: reason: has been said already"},
	    {"", "client a.example b.example\n",
		"file:1: \"a.example b.example\": more than one word: an "
		"exception each has its own line"},
	    {"", "client .a.example\n",
		"file:1: \".a.example\": without the dot it has what is "
		"below it"},
	    {"", "client *.a.example\n",
		"file:1: \"*.a.example\" is neither a host name nor an "
		"address"},
	    {"", "client 192.0.2.1/24\n",
		"file:1: host bits are set: did you mean 192.0.2.0/24?"},
	    {"", "client 192.0.2.256\n",
		"file:1: \"192.0.2.256\" is not an IP address: an IPv4 "
		"network looks like 192.0.2.0/24"},
	    {"", "client /a(/\n",
		"file:1: /a(/: missing closing parenthesis, "
		"at the end of the pattern"},
	    {"", "client /a\\/\n",
		"file:1: \"/a\\/\": a pattern stands between two slashes"},
	    {"", "client //\n",
		"file:1: \"//\": a pattern stands between two slashes"},
	    {"", "sender @a.example\n",
		"file:1: \"@a.example\" is neither an address nor a domain"},
	    {"", "recipient <>\n",
		"file:1: \"<>\" is neither an address nor a domain"},
	    {"postgrey_clients:", "a.example\nnot a name\n",
		"file:2: \"not a name\": more than one word: an exception "
		"each has its own line"},
	    {"postgrey_clients:", "192.0.2.0/33\n",
		"file:1: prefix length \"33\" must be a number from 0 to 32"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mm_complaints all = {0};
		struct mm_exempt *x =
		    mm_exempt_parse(cases[i].form, cases[i].text, "file", &all);
		char said[MM_COMPLAINT_MAX];

		assert_non_null(x);
		assert_int_equal(1, all.n);
		assert_int_equal(1, all.errors);
		mm_complaint_format(&all.list[0], said);
		assert_string_equal(cases[i].want, said);
		mm_exempt_free(x);
		mm_complaints_clear(&all);
	}
}

static void
test_twice(void **state)
{
	struct mm_complaints all = {0};
	struct mm_exempt *x = mm_exempt_parse("",
	    "client a.example\nsender a.example\nclient A.example\n", "file",
	    &all);

	(void)state;
	assert_non_null(x);
	assert_int_equal(1, all.n);
	assert_int_equal(MM_NOTICE, all.list[0].severity);
	assert_int_equal(3, all.list[0].line);
	assert_string_equal(
	    "\"a.example\" stands in line 1 already", all.list[0].text);
	mm_complaints_clear(&all);
	mm_exempt_free(x);
}

/* A new file takes over what the old one has counted. */
static void
test_counts_are_inherited(void **state)
{
	struct mm_exempt *old =
	    parse("", "client a.example\nclient /b/\nclient 192.0.2.0/24\n");
	struct mm_exempt *new =
	    parse("", "client c.example\nclient 192.0.2.0/24\nclient /b/\n"
		      "sender a.example\n");
	int64_t last;

	(void)state;
	assert_int_equal(0, mm_exempt_used(mm_exempt_entry(old, 0), &last));
	mm_exempt_count(mm_exempt_entry(old, 0), 1);
	mm_exempt_count(mm_exempt_entry(old, 1), 2);
	mm_exempt_count(mm_exempt_entry(old, 2), 3);
	mm_exempt_inherit(new, old);
	/* a session that began under the old one */
	mm_exempt_count(mm_exempt_entry(old, 1), 4);
	mm_exempt_free(old);
	assert_int_equal(0, mm_exempt_used(mm_exempt_entry(new, 0), &last));
	assert_int_equal(0, last);
	assert_int_equal(1, mm_exempt_used(mm_exempt_entry(new, 1), &last));
	assert_int_equal(3, last);
	assert_int_equal(2, mm_exempt_used(mm_exempt_entry(new, 2), &last));
	assert_int_equal(4, last);
	assert_int_equal(0, mm_exempt_used(mm_exempt_entry(new, 3), &last));
	mm_exempt_free(new);
}

/* The settings, read; complaints go to all. */
static struct mm_exempt *
from_settings(const char *text, struct mm_conf **conf,
    struct mm_settings **settings, struct mm_complaints *all)
{
	struct mm_err err;

	*conf = mm_conf_parse(text, "mailmum.conf", all, &err);
	assert_non_null(*conf);
	*settings = mm_settings_read(*conf, all);
	assert_non_null(*settings);
	return mm_exempt_read(*settings, all);
}

/* "SETTING PATTERN FILE:LINE" for a recipient, or "". */
static void
assert_opts(const char *text, const char *recipient, const char *want)
{
	struct mail mail = {.recipient = recipient};
	struct mm_complaints all = {0};
	struct mm_settings *settings;
	struct mm_conf *conf;
	struct mm_exempt *x = from_settings(text, &conf, &settings, &all);
	struct mm_arena *arena = mm_arena_new(65536);
	const struct mm_exempt_why *why;
	char got[256] = "";

	assert_non_null(x);
	assert_non_null(arena);
	assert_int_equal(0, all.n);
	if ((why = find(x, &mail, arena)) != NULL)
		snprintf(got, sizeof(got), "%s %s %s:%u", why->setting,
		    why->pattern != NULL ? why->pattern : "-",
		    why->file != NULL ? why->file : "-", why->line);
	assert_string_equal(want, got);
	mm_arena_free(arena);
	mm_exempt_free(x);
	mm_settings_free(settings);
	mm_conf_free(conf);
}

static void
test_opting(void **state)
{
#define OUT "greylist_optout = !carol@b.example, b.example,\n  dave@c.example"
#define IN "greylist_optin = d.example inline:{e@f.example=x}\n"

	(void)state;
	assert_opts(OUT "\n", "a@b.example",
	    "greylist_optout b.example mailmum.conf:1");
	assert_opts(OUT "\n", "a@mx.b.example",
	    "greylist_optout b.example mailmum.conf:1");
	assert_opts(OUT "\n", "Carol+x@b.example", "");
	assert_opts(OUT "\n", "dave@c.example",
	    "greylist_optout dave@c.example mailmum.conf:2");
	assert_opts(OUT "\n", "erin@c.example", "");

	assert_opts(IN, "x@d.example", "");
	assert_opts(IN, "E@f.example", "");
	assert_opts(IN, "e+x@f.example", "");
	assert_opts(IN, "g@f.example", "greylist_optin - -:0");
	assert_opts(IN "greylist_optout = boss@d.example\n", "boss@d.example",
	    "greylist_optout boss@d.example mailmum.conf:2");
	assert_opts(IN "greylist_optout = boss@d.example\n", "x@d.example", "");
	/* what cannot be found out does not delay mail */
	assert_opts("greylist_optout = fail:x\n", "x@d.example",
	    "greylist_optout fail:x mailmum.conf:1");
	assert_opts("greylist_optin = fail:x\n", "x@d.example",
	    "greylist_optin fail:x mailmum.conf:1");
}

/* A file in dir. */
static void
put_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_not_equal(EOF, fputs(text, f));
	assert_int_equal(0, fclose(f));
}

static void
count_file(void *ctx, const char *path, const struct mm_file_state *state)
{
	unsigned *n = ctx;

	assert_non_null(strstr(path, "mailmum."));
	assert_int_not_equal(0, state->inode);
	(*n)++;
}

static void
test_files(void **state)
{
	char *dir = tmpdir_new();
	struct mm_complaints all = {0};
	struct mm_settings *settings;
	struct mm_conf *conf;
	struct mm_exempt *x;
	char text[1024];
	unsigned n = 0;

	(void)state;
	assert_non_null(dir);
	snprintf(text, sizeof(text),
	    "greylist_exceptions = %s/own, postgrey_clients:%s/clients,\n"
	    "  %s/none, quux, postgrey_recipients:%s/recipients\n",
	    dir, dir, dir, dir);
	put_file(dir, "own", "client a.example\n");
	put_file(dir, "clients", "b.example\nc d\n");
	put_file(dir, "recipients", "abuse@\n");
	x = from_settings(text, &conf, &settings, &all);
	assert_non_null(x);
	assert_string_equal("a.example", mm_exempt_entry(x, 0)->pattern);
	assert_string_equal("b.example", mm_exempt_entry(x, 1)->pattern);
	assert_string_equal("abuse@", mm_exempt_entry(x, 2)->pattern);
	assert_null(mm_exempt_entry(x, 3));
	assert_int_equal(3, all.errors);
	mm_exempt_files(x, count_file, &n);
	assert_int_equal(3, n);
	mm_complaints_clear(&all);
	tmpdir_free(dir);
	mm_exempt_free(x);
	mm_settings_free(settings);
	mm_conf_free(conf);
}

/* The file that is installed: right, and complete. */
static void
test_shipped_file(void **state)
{
	struct mm_complaints all = {0};
	struct mm_settings *settings;
	struct mm_conf *conf;
	struct mm_exempt *x = from_settings(
	    "greylist_exceptions = " SHIPPED "\n", &conf, &settings, &all);
	const struct mm_exempt_entry *e;
	size_t n = 0;

	(void)state;
	assert_non_null(x);
	assert_int_equal(0, all.n);
	for (; (e = mm_exempt_entry(x, n)) != NULL; n++) {
		assert_non_null(e->reason);
		assert_non_null(e->source);
		assert_non_null(e->date);
	}
	assert_in_range(n, 10, 1000);
	mm_exempt_free(x);
	mm_settings_free(settings);
	mm_conf_free(conf);
}

/* Whatever allocation fails: no leak, no crash, NULL or all of it. */
static void
test_out_of_memory(void **state)
{
	static const char text[] = "client a.example\nclient /b/\n"
				   "client 192.0.2.0/24\n reason x\n";

	(void)state;
	for (unsigned n = 1;; n++) {
		struct mm_complaints all = {0};
		struct mm_exempt *x;
		bool failed;

		heap_fail(n);
		x = mm_exempt_parse("", text, "file", &all);
		failed = heap_failed();
		heap_fail(0);
		if (x != NULL && all.errors == 0 && !all.failed)
			assert_non_null(mm_exempt_entry(x, 2));
		mm_exempt_free(x);
		mm_complaints_clear(&all);
		if (failed)
			continue;
		assert_in_range(n, 8, 1000);
		break;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_clients),
	    cmocka_unit_test(test_names_count_when_verified),
	    cmocka_unit_test(test_addresses),
	    cmocka_unit_test(test_attributes),
	    cmocka_unit_test(test_postgrey),
	    cmocka_unit_test(test_faults),
	    cmocka_unit_test(test_twice),
	    cmocka_unit_test(test_counts_are_inherited),
	    cmocka_unit_test(test_opting),
	    cmocka_unit_test(test_files),
	    cmocka_unit_test(test_shipped_file),
	    cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

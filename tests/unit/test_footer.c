/* footer, macros: what stands behind a reply, in Postfix's words. */
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/footer.h"
#include "lib/session.h"
#include "lib/settings.h"
#include "lib/str.h"
#include "tests/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

struct fixture {
	struct mm_session session;
	struct mm_settings settings;
	struct mm_arena *arena;
	struct mm_macros macros;
};

static int
set_up(void **state)
{
	static struct fixture f;
	struct sockaddr_in in = {.sin_family = AF_INET};
	const struct mm_session_client told = {
	    .address = (struct sockaddr *)&in,
	    .client_name = "h.example.org",
	    .client_ptr = "p.example.org",
	    .client_resolve = "OK",
	    .client_port = "4711",
	    .server_name = "mx.example.net",
	};
	const struct mm_session_tls tls = {"TLSv1.3", "AES", "256", "me", "ca"};

	memset(&f, 0, sizeof(f));
	in.sin_addr.s_addr = htonl(0xc0000201);
	f.settings.myhostname = "own.example.net";
	f.arena = mm_arena_new(1 << 20);
	f.macros =
	    (struct mm_macros){&f.settings, &f.session, 1800000000, f.arena};
	mm_session_init(&f.session);
	assert_true(mm_session_connect(&f.session, &told));
	assert_true(mm_session_tls(&f.session, &tls));
	assert_true(mm_session_helo(&f.session, "h\\n.example.org"));
	assert_true(mm_session_auth(&f.session, "PLAIN", "joe", "jo"));
	assert_true(
	    mm_session_mail(&f.session, f.arena, "<a.b@example.org>", NULL));
	assert_true(mm_session_rcpt(
	    &f.session, f.arena, "<c@example.net>", NULL, NULL));
	*state = &f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	mm_session_clear(&f->session);
	mm_arena_free(f->arena);
	return 0;
}

static void
test_names(void **state)
{
	static const struct {
		const char *name, *want;
	} cases[] = {
	    {"client", "h.example.org[192.0.2.1]"},
	    {"client_address", "192.0.2.1"},
	    {"client_name", "h.example.org"},
	    {"client_port", "4711"},
	    {"reverse_client_name", "p.example.org"},
	    {"helo_name", "h?n.example.org"},
	    {"sender", "a.b@example.org"},
	    {"sender_name", "a.b"},
	    {"sender_domain", "example.org"},
	    {"recipient", "c@example.net"},
	    {"recipient_name", "c"},
	    {"recipient_domain", "example.net"},
	    {"sasl_method", ""},
	    {"sasl_username", ""},
	    {"sasl_sender", ""},
	    {"server_name", "mx.example.net"},
	    {"ccert_subject", ""},
	    {"ccert_issuer", ""},
	    {"ccert_fingerprint", ""},
	    {"ccert_pubkey_fingerprint", ""},
	    {"encryption_protocol", ""},
	    {"encryption_cipher", ""},
	    {"encryption_keysize", ""},
	};
	const struct fixture *f = *state;

	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		print_message("%s\n", cases[i].name);
		assert_string_equal(
		    cases[i].want, mm_macro_value(&f->macros, cases[i].name));
	}
	assert_int_equal(15, strlen(mm_macro_value(&f->macros, "localtime")));
	assert_null(mm_macro_value(&f->macros, "rbl_code"));
	assert_null(mm_macro_value(&f->macros, "Client"));
}

static void
test_lines(void **state)
{
	static const struct {
		const char *text, *want; /* lines, with "|" between them */
	} cases[] = {
	    {"", "no"},
	    {"call us", "no|call us"},
	    {"\\c; call us", "no; call us"},
	    {"\\c", "no"},
	    {"one\\ntwo", "no|one|two"},
	    {"\\n", "no||"},
	    {"one\\n\\ntwo\\n", "no|one||two|"},
	    {"\\c one\\n two\\c", "no one| two\\c"},
	    {"$client_address at $server_name\\n$helo_name",
		"no|192.0.2.1 at mx.example.net|h?n.example.org"},
	    {"[$recipient] [$recipient_domain] [$sender]",
		"no|[] [] [a.b@example.org]"},
	    {"${helo_name?{given}:{none}} $$", "no|given $"},
	};
	const struct mm_reply reply = {554, "5.7.1", "no"};
	const struct fixture *f = *state;

	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_footer footer;
		char got[256];
		struct mm_buf buf;
		struct mm_err err;

		print_message("%s\n", cases[i].text);
		assert_int_equal(0, mm_footer_check(cases[i].text, &err));
		mm_buf_init(&buf, got, sizeof(got));
		mm_footer_add(&f->macros, cases[i].text, &reply, &footer);
		for (size_t j = 0; j < footer.n; j++) {
			mm_buf_add(&buf, j > 0 ? "|" : "");
			mm_buf_add(&buf, footer.lines[j]);
		}
		assert_string_equal(cases[i].want, got);
	}
}

static void
test_has_an_end(void **state)
{
	const struct fixture *f = *state;
	struct mm_reply reply = {554, "5.7.1", NULL};
	char text[2000], many[2 * (MM_FOOTER_LINES + 1) + 1] = "";
	struct mm_footer footer;
	struct mm_err err;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	reply.text = text;
	mm_footer_add(&f->macros, "\\c.", &reply, &footer);
	assert_int_equal(1, footer.n);
	assert_int_equal(MM_REPLY_MAX, 10 + strlen(footer.lines[0]));
	mm_footer_add(&f->macros, text, &reply, &footer);
	assert_int_equal(2, footer.n);
	assert_int_equal(MM_REPLY_MAX, 10 + strlen(footer.lines[1]));

	for (int i = 0; i < MM_FOOTER_LINES - 1; i++)
		memcpy(many + 2 * i, "\\n", 3);
	assert_int_equal(0, mm_footer_check(many, &err));
	mm_footer_add(&f->macros, many, &reply, &footer);
	assert_int_equal(MM_FOOTER_LINES + 1, footer.n);
	memcpy(many + strlen(many), "\\n", 3);
	assert_int_equal(-1, mm_footer_check(many, &err));
	assert_string_equal("more than 30 lines", err.text);
	mm_footer_add(&f->macros, many, &reply, &footer); /* stays in bounds */
	assert_int_equal(MM_FOOTER_LINES + 1, footer.n);
}

static void
test_mistakes(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
	    {"call $nobody", "nothing has the name \"nobody\""},
	    {"\\cone\\n$rbl_code", "nothing has the name \"rbl_code\""},
	    {"${helo_name?a\\nb}", "no bracket ends \"{helo_name?a\""},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_err err = {""};

		assert_int_equal(-1, mm_footer_check(cases[i].text, &err));
		assert_string_equal(cases[i].want, err.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_lines, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_has_an_end, set_up, tear_down),
	    cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* session: facts enter once, whatever MTA tells them. */
#include "lib/arena.h"
#include "lib/session.h"
#include "tests/test.h"

#include <netinet/in.h>
#include <string.h>

/* Postfix's states (and Sendmail's brackets) become the four of ours. */
static void
test_name_states(void **state)
{
	static const struct {
		const char *name, *ptr, *resolve;
		const char *client, *reverse;
		enum mm_name_status name_status, reverse_status;
	} cases[] = {
	    {"h.example", "h.example", "OK", "h.example", "h.example",
		MM_NAME_OK, MM_NAME_OK},
	    {"unknown", "p.example", "FORGED", "unknown", "p.example",
		MM_NAME_FORGED, MM_NAME_OK},
	    {"unknown", "p.example", "TEMP", "unknown", "p.example",
		MM_NAME_TEMP, MM_NAME_OK},
	    {"unknown", "unknown", "TEMP", "unknown", "unknown", MM_NAME_TEMP,
		MM_NAME_TEMP},
	    {"unknown", "unknown", "FAIL", "unknown", "unknown", MM_NAME_PERM,
		MM_NAME_PERM},
	    {"[192.0.2.1]", "[192.0.2.1]", "FAIL", "unknown", "unknown",
		MM_NAME_PERM, MM_NAME_PERM},
	    {"[IPv6:2001:db8::1]", "p.example", "FORGED", "unknown",
		"p.example", MM_NAME_FORGED, MM_NAME_OK},
	    {"h.example", NULL, NULL, "h.example", "h.example", MM_NAME_OK,
		MM_NAME_OK},
	    {NULL, NULL, NULL, "unknown", "unknown", MM_NAME_PERM,
		MM_NAME_PERM},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_session s;
		struct mm_session_client told = {
		    .client_name = cases[i].name,
		    .client_ptr = cases[i].ptr,
		    .client_resolve = cases[i].resolve,
		};

		mm_session_init(&s);
		assert_true(mm_session_connect(&s, &told));
		assert_string_equal(cases[i].client, s.client_name);
		assert_string_equal(cases[i].reverse, s.reverse_name);
		assert_int_equal(cases[i].name_status, s.name_status);
		assert_int_equal(cases[i].reverse_status, s.reverse_status);
		assert_int_equal(MM_ABSENT, s.known[MM_FACT_CLIENT]);
		mm_session_clear(&s);
	}
}

/* A client that has gone leaves no address behind. */
static void
test_address(void **state)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	struct mm_session_client told = {
	    .address = (struct sockaddr *)&sin,
	    .hostname = "h.example",
	};
	struct mm_session s;

	(void)state;
	sin.sin_addr.s_addr = htonl(0xc6336407);
	mm_session_init(&s);
	assert_true(mm_session_connect(&s, &told));
	assert_int_equal(MM_KNOWN, s.known[MM_FACT_CLIENT]);
	assert_string_equal("198.51.100.7", s.client_address);
	assert_string_equal("7.100.51.198", s.client_reversed);
	assert_string_equal("h.example", s.client_name);
	mm_session_clear(&s);
}

static void
test_helo_is_neutered(void **state)
{
	static const struct {
		const char *raw, *want;
	} cases[] = {
	    {"mail.example.org", "mail.example.org"},
	    {"a b", "a?b"},
	    {"<x>(y)\"z\";@\\`", "?x??y??z?????"},
	    {"bell\a\r\nQUIT", "bell???QUIT"},
	    {"[192.0.2.1]", "[192.0.2.1]"},
	    {"\xc3\xa4", "??"},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_session s;

		mm_session_init(&s);
		assert_true(mm_session_helo(&s, cases[i].raw));
		assert_string_equal(cases[i].want, s.helo);
		mm_session_clear(&s);
	}
}

/* HELO and AUTH are absent once MAIL has come without them; a new
 * transaction may bring them. */
static void
test_stages(void **state)
{
	struct mm_arena *arena = mm_arena_new(65536);
	struct mm_session s;

	(void)state;
	assert_non_null(arena);
	mm_session_init(&s);
	assert_int_equal(MM_NOT_YET, s.known[MM_FACT_HELO]);
	assert_true(mm_session_mail(&s, arena, "<a@example.org>", NULL));
	assert_int_equal(MM_ABSENT, s.known[MM_FACT_HELO]);
	assert_int_equal(MM_ABSENT, s.known[MM_FACT_AUTH]);
	assert_int_equal(MM_NOT_YET, s.known[MM_FACT_RECIPIENT]);
	assert_true(mm_session_rcpt(&s, arena, "<PostMaster>", NULL, NULL));
	assert_true(s.postmaster);
	assert_true(mm_session_rcpt(
	    &s, arena, "<postmaster@example.net>", NULL, "4bQ"));
	assert_false(s.postmaster);
	assert_string_equal("4bQ", s.queue_id);

	mm_session_end_mail(&s);
	assert_int_equal(MM_NOT_YET, s.known[MM_FACT_HELO]);
	assert_int_equal(MM_NOT_YET, s.known[MM_FACT_AUTH]);
	assert_int_equal(MM_NOT_YET, s.known[MM_FACT_SENDER]);
	assert_true(mm_session_auth(&s, "PLAIN", "joe", NULL));
	assert_true(mm_session_mail(&s, arena, "<>", ""));
	assert_int_equal(MM_KNOWN, s.known[MM_FACT_AUTH]);
	assert_string_equal("", s.sender);
	mm_session_clear(&s);
	mm_arena_free(arena);
}

/* Encryption is known when it is there; plaintext only at MAIL, and only for
 * that transaction.  What was said in plaintext is forgotten. */
static void
test_tls(void **state)
{
	static const struct mm_session_tls told = {
	    .version = "TLSv1.3", .subject = "client.example.org"};
	static const struct mm_session_tls none = {.version = NULL};
	struct mm_arena *arena = mm_arena_new(65536);
	struct mm_session s;

	(void)state;
	assert_non_null(arena);
	mm_session_init(&s);
	assert_true(mm_session_tls(&s, &none));
	assert_true(mm_session_helo(&s, "plain.example.org"));
	assert_int_equal(MM_NOT_YET, s.known[MM_FACT_TLS]);
	assert_true(mm_session_mail(&s, arena, "<>", NULL));
	assert_int_equal(MM_KNOWN, s.known[MM_FACT_TLS]);
	assert_string_equal("", s.tls_version);
	mm_session_end_mail(&s);
	assert_int_equal(MM_NOT_YET, s.known[MM_FACT_TLS]);

	assert_true(mm_session_tls(&s, &told));
	assert_int_equal(MM_KNOWN, s.known[MM_FACT_TLS]);
	assert_int_equal(MM_NOT_YET, s.known[MM_FACT_HELO]);
	assert_null(s.helo);
	assert_string_equal("client.example.org", s.cert_subject);
	assert_string_equal("", s.cert_issuer);
	assert_true(mm_session_helo(&s, "tls.example.org"));
	assert_true(mm_session_tls(&s, &told));
	assert_int_equal(MM_KNOWN, s.known[MM_FACT_HELO]);
	mm_session_end_mail(&s);
	assert_int_equal(MM_KNOWN, s.known[MM_FACT_TLS]);
	mm_session_clear(&s);
	mm_arena_free(arena);
}

/* Recipients are counted within their transaction. */
static void
test_accepted(void **state)
{
	struct mm_arena *arena = mm_arena_new(65536);
	struct mm_session s;

	(void)state;
	assert_non_null(arena);
	mm_session_init(&s);
	for (int i = 0; i < 2; i++) {
		assert_true(mm_session_mail(&s, arena, "<>", NULL));
		assert_int_equal(0, s.accepted);
		mm_session_accept(&s);
		assert_int_equal(1, s.accepted);
		mm_session_end_mail(&s);
	}
	mm_session_clear(&s);
	mm_arena_free(arena);
}

/* Tables look up the MTA's own form, texts show what was sent. */
static void
test_keys(void **state)
{
	struct mm_arena *arena = mm_arena_new(65536);
	struct mm_session s;

	(void)state;
	assert_non_null(arena);
	mm_session_init(&s);
	assert_true(mm_session_mail(&s, arena, "<Bare>", "bare@example.org"));
	assert_string_equal("Bare", s.sender);
	assert_string_equal("bare@example.org", s.sender_key);
	assert_true(mm_session_rcpt(
	    &s, arena, "<@relay.example:U@example.net>", NULL, NULL));
	assert_string_equal("U@example.net", s.recipient);
	assert_string_equal("U@example.net", s.recipient_key);
	mm_session_clear(&s);
	mm_arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_name_states),
	    cmocka_unit_test(test_address),
	    cmocka_unit_test(test_helo_is_neutered),
	    cmocka_unit_test(test_stages),
	    cmocka_unit_test(test_tls),
	    cmocka_unit_test(test_accepted),
	    cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

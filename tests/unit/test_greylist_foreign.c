/* greylist_foreign: what postgrey and sqlgrey call a mail. */
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/greylist_foreign.h"
#include "lib/store.h"
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

/* What the programs themselves make of these; postgrey 1.37. */
static void
test_postgrey_senders(void **state)
{
	static const struct {
		const char *sender, *want;
	} cases[] = {
	    {"", ""},
	    {"postmaster", "postmaster"},
	    {"12345", "12345"},
	    {"a@example.org", "a@example.org"},
	    {"John@Example.org", "John@Example.org"}, /* folded with the key */
	    {"a+b+c@example.org", "a@example.org"},
	    {"bounce-123-x@example.org", "bounce-#-x@example.org"},
	    {"bounce_123@example.org", "bounce_123@example.org"},
	    {"7@7.example.org", "#@7.example.org"},
	    {"1.22.a3@b@c", "#.#.a3@b@c"},
	    {"\344"
	     "12@example.org",
		"\344#@example.org"},
	    {"prvs=0123456789=joe@example.org", "joe@example.org"},
	    {"prvs=joe=0123456789@example.org", "joe@example.org"},
	    {"prvs=0123456789=abcdefghij@example.org",
		"abcdefghij@example.org"},
	    {"prvs=a=b@example.org", "b@example.org"},
	    {"prvs=a@example.org", "prvs=a@example.org"},
	    {"prvs=a=b=c@example.org", "prvs=a=b=c@example.org"},
	    {"prvs=a=b==@example.org", "b@example.org"},
	    {"prvs==b@example.org", "b@example.org"},
	    {"prvs==@example.org", "prvs==@example.org"},
	    {"PRVS=a=b@example.org", "PRVS=a=b@example.org"},
	    {"prvs=0123456789=joe+12@example.org", "joe@example.org"},
	    {"@example.org", "@example.org"},
	    {"@", "@"},
	};
	struct mm_arena *arena = mm_arena_new(1 << 16);

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++)
		assert_string_equal(cases[i].want,
		    mm_foreign_postgrey_sender(arena, cases[i].sender));
	mm_arena_free(arena);
}

/* sqlgrey 1.8.0. */
static void
test_sqlgrey_users(void **state)
{
	static const struct {
		const char *user, *recipient, *want;
	} cases[] = {
	    {"a", "b@example.com", "a"},
	    {"", "b@example.com", ""},
	    {"a+b", "b@example.com", "a"},
	    /* forwarders */
	    {"srs0=ab12=xy=example.org=joe", "b@example.com",
		"srs0=#=#=example.org=joe"},
	    {"srs0=ab12=xy=example.org=", "c@example.com",
		"srs0=#=xy=example.org="},
	    {"srs0+ab12=xy=example.org=joe", "c@example.com", "srs0"},
	    {"srs1=q=fwd.example==ab=xy=example.org=joe", "c@example.com",
		"srs1=#=fwd.example==#=#=example.org=joe"},
	    {"srs1=q=fwd.example=ab=xy=example.org=joe", "c@example.com",
		"srs1=#=fwd.example=#=#=example.org=joe"},
	    {"srs1=", "c@example.com", "srs1="},
	    /* the recipient in it */
	    {"list-joe=example.com", "joe@example.com", "list-RCPT"},
	    {"joe=example.com-list", "joe@example.com", "RCPT-list"},
	    {"list-example.com=joe", "joe@example.com", "list-RCPT"},
	    {"list-example-com?joe", "joe@example.com", "list-RCPT"},
	    {"list-joe.smith", "joe.smith@example.com", "list-RCPT"},
	    {"list-joe--smith", "joe.smith@example.com", "list-RCPT"},
	    {"listjoe", "joe@example.com", "listjoe"},
	    {"list-joe-joe", "joe@example.com", "list-RCPT-joe"},
	    {"list-joel", "joe@example.com", "list-RCPTl"},
	    {"joe", "joe@example.com", "joe"},
	    {"x-joe", "joe", "x-RCPT"},
	    {"a--b-c", "a.-b@example.com", "RCPT-#"},
	    /* returned mail */
	    {"bounce-news.2024_x", "b@example.com", "bounce-#"},
	    {"turbo-x", "b@example.com", "turbo-#"},
	    {"notice-return-9", "b@example.com", "notice-return-#"},
	    {"bounces-9x", "b@example.com", "bounces-9x"},
	    {"bounce-a=b", "q@example.com", "bounce-#=#"},
	    /* noise */
	    {"news-12ab-x", "q@example.com", "news-#-x"},
	    {"news-12ab", "q@example.com", "news-#"},
	    {"news-12abx", "q@example.com", "news-12abx"},
	    {"12ab-news", "q@example.com", "#-news"},
	    {"12ab-new", "q@example.com", "12ab-new"},
	    {"12ab", "q@example.com", "12ab"},
	    {"f-news", "q@example.com", "f-news"},
	    {".f-news", "q@example.com", ".#-news"},
	    {"a/dead/beef", "q@example.com", "a/#/#"},
	};
	struct mm_arena *arena = mm_arena_new(1 << 16);

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++)
		assert_string_equal(
		    cases[i].want, mm_foreign_sqlgrey_user(arena, cases[i].user,
				       cases[i].recipient));
	mm_arena_free(arena);
}

/* A sender and a recipient that fit each other in very many ways. */
static void
test_a_search_ends(void **state)
{
	struct mm_arena *arena = mm_arena_new(1 << 16);
	char user[64 + 1], recipient[40 + 1];

	(void)state;
	memset(user, '.', sizeof(user) - 1);
	user[sizeof(user) - 1] = '\0';
	memset(recipient, '.', sizeof(recipient) - 1);
	memcpy(recipient + sizeof(recipient) - 3, "x@", 3);
	assert_non_null(mm_foreign_sqlgrey_user(arena, user, recipient));
	memset(recipient, '.', 3);
	recipient[0] = 'y';
	assert_non_null(mm_foreign_sqlgrey_user(arena, user, recipient));
	mm_arena_free(arena);
}

static struct mm_ip
ip_of(const char *text)
{
	struct mm_ip ip;

	assert_true(mm_ip_parse(text, &ip));
	return ip;
}

static void
check_keys(const struct mm_foreign_imports *imports, const char *client,
    const char *sender, const char *recipient, size_t n,
    const char *const want[])
{
	const struct mm_foreign_mail mail = {
	    .client = ip_of(client), .sender = sender, .recipient = recipient};
	struct mm_arena *arena = mm_arena_new(1 << 16);
	const char *key[MM_FOREIGN_KEYS];

	assert_int_equal(n, mm_foreign_keys(imports, &mail, arena, key));
	for (size_t i = 0; i < n; i++)
		assert_string_equal(want[i], key[i]);
	mm_arena_free(arena);
}

static void
test_keys_of_a_mail(void **state)
{
	static const struct mm_foreign_imports
	    none = {0},
	    postgrey = {.of[MM_FOREIGN_POSTGREY] = {24, 64}},
	    both = {.of = {{20, 48}, {32, 128}}};
	struct mm_foreign_mail nobody = {.sender = "", .recipient = ""};
	const char *key[MM_FOREIGN_KEYS];

	(void)state;
	check_keys(
	    &none, "192.0.2.7", "a@example.org", "b@example.net", 0, NULL);
	check_keys(&postgrey, "192.0.2.7", "News-12@Example.org",
	    "B@Example.net", 1,
	    (const char *[]){
		"postgrey 192.0.2.0/24/news-#@example.org/b@example.net"});
	check_keys(&postgrey, "192.0.2.7", "", "a/b@example.net", 1,
	    (const char *[]){"postgrey 192.0.2.0/24//a/b@example.net"});
	check_keys(&both, "2001:db8:1:2::7", "News-12@Example.org",
	    "B@Example.net", 3,
	    (const char *[]){
		"postgrey 2001:db8:1::/48/news-#@example.org/b@example.net",
		"sqlgrey-from 2001:db8:1:2::7/128 6 news-# example.org",
		"sqlgrey-domain 2001:db8:1:2::7/128 example.org"});
	check_keys(&both, "192.0.31.7", "", "b@example.net", 3,
	    (const char *[]){"postgrey 192.0.16.0/20//b@example.net",
		"sqlgrey-from 192.0.31.7/32 7 -undef- -undef-",
		"sqlgrey-domain 192.0.31.7/32 -undef-"});
	check_keys(&both, "192.0.31.7", "Joe", "b@example.net", 3,
	    (const char *[]){"postgrey 192.0.16.0/20/joe/b@example.net",
		"sqlgrey-from 192.0.31.7/32 3 joe -undef-",
		"sqlgrey-domain 192.0.31.7/32 -undef-"});
	assert_int_equal(0, mm_foreign_keys(&both, &nobody, NULL, key));
}

/* What is longer than their columns was cut there. */
static void
test_long_addresses(void **state)
{
	static const struct mm_foreign_imports both = {
	    .of = {{24, 64}, {24, 64}}};
	char sender[1200], recipient[1200], want[3][1200];

	(void)state;
	memset(sender, 'x', sizeof(sender));
	memcpy(sender + 700, "@", 1);
	sender[sizeof(sender) - 1] = '\0';
	memset(recipient, 'y', sizeof(recipient));
	recipient[sizeof(recipient) - 1] = '\0';
	snprintf(want[0], sizeof(want[0]),
	    "postgrey 192.0.2.0/24/%.512s/%.512s", sender, recipient);
	snprintf(want[1], sizeof(want[1]),
	    "sqlgrey-from 192.0.2.0/24 64 %.64s %.255s", sender, sender + 701);
	snprintf(want[2], sizeof(want[2]), "sqlgrey-domain 192.0.2.0/24 %.255s",
	    sender + 701);
	check_keys(&both, "192.0.2.7", sender, recipient, 3,
	    (const char *[]){want[0], want[1], want[2]});
}

/* A mark that is no such thing is none. */
static void
test_marks(void **state)
{
	static const struct mm_record bad[] = {
	    {0}, {33, 1, 64}, {24, 1, 129}, {-1, 1, 64}, {24, 1, 0}};
	struct mm_record mark =
	    mm_foreign_mark((struct mm_foreign_prefix){20, 56}, 1000);

	(void)state;
	assert_int_equal(1000, mark.last);
	assert_int_equal(20, mm_foreign_mark_read(&mark).ipv4);
	assert_int_equal(56, mm_foreign_mark_read(&mark).ipv6);
	for (size_t i = 0; i < MM_COUNT(bad); i++)
		assert_int_equal(0, mm_foreign_mark_read(&bad[i]).ipv4);
}

static enum mm_store_change
put_mark(const struct mm_store_update *update,
    struct mm_record record[MM_STORE_KEYS], bool *noted)
{
	(void)update;
	*noted = false;
	record[0] = mm_foreign_mark((struct mm_foreign_prefix){22, 60}, 1000);
	return MM_STORE_WRITE;
}

static void
test_a_store_says_what_was_imported(void **state)
{
	struct mm_store *store = mm_store_memory_new();
	struct mm_store_update update = {.n = 1,
	    .key = {mm_foreign_mark_key(MM_FOREIGN_SQLGREY)},
	    .change = put_mark,
	    .arg = &update};
	struct mm_foreign_imports imports;
	struct mm_err err;

	(void)state;
	assert_int_equal(
	    0, mm_foreign_imports_read(store, 1000, &imports, &err));
	assert_int_equal(0, imports.of[MM_FOREIGN_SQLGREY].ipv4);
	assert_int_equal(
	    MM_STORE_DONE, mm_store_update(store, &update, 0, 1000, &err));
	assert_int_equal(
	    0, mm_foreign_imports_read(store, 1000, &imports, &err));
	assert_int_equal(0, imports.of[MM_FOREIGN_POSTGREY].ipv4);
	assert_int_equal(22, imports.of[MM_FOREIGN_SQLGREY].ipv4);
	assert_int_equal(60, imports.of[MM_FOREIGN_SQLGREY].ipv6);
	mm_store_free(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_postgrey_senders),
	    cmocka_unit_test(test_sqlgrey_users),
	    cmocka_unit_test(test_a_search_ends),
	    cmocka_unit_test(test_keys_of_a_mail),
	    cmocka_unit_test(test_long_addresses),
	    cmocka_unit_test(test_marks),
	    cmocka_unit_test(test_a_store_says_what_was_imported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* greylist_sender: what of a sender stays the same. */
#include "lib/arena.h"
#include "lib/greylist_sender.h"
#include "tests/test.h"

#include <string.h>

struct sender {
	const char *as_sent, *kept;
};

static void
check(const struct sender *senders, size_t n)
{
	struct mm_arena *arena = mm_arena_new(1 << 16);

	for (; n > 0; n--, senders++) {
		const char *kept = mm_greylist_sender(arena, senders->as_sent);

		assert_non_null(kept);
		assert_string_equal(senders->kept, kept);
	}
	mm_arena_free(arena);
}

static void
test_plain_senders_stay(void **state)
{
	static const struct sender senders[] = {
	    {"", ""},
	    {"a@example.org", "a@example.org"},
	    {"John.Smith@Example.ORG", "john.smith@example.org"},
	    {"postmaster", "postmaster"},
	    {"j-smith_2@example.org", "j-smith_2@example.org"},
	    {"room42@example.org", "room42@example.org"},
	    {"deadbeef@example.org", "deadbeef@example.org"}, /* a word */
	    {"a=b@example.org", "a=b@example.org"},
	    {"x@y@example.org", "x@y@example.org"},
	    {"@example.org", "@example.org"},
	    {"@", "@"},
	};

	(void)state;
	check(senders, MM_COUNT(senders));
}

static void
test_batv(void **state)
{
	static const struct sender senders[] = {
	    {"prvs=123456789a=user@example.org", "user@example.org"},
	    {"prvs=0987abcdef=User.Name@example.org", "user.name@example.org"},
	    {"prvs=user=123456789a@example.org", "user@example.org"},
	    {"btv1==0123abcd==user@example.org", "user@example.org"},
	    {"msprvs1=17829Lg8Z7S8=bounces@example.org", "bounces@example.org"},
	    {"prvs=user@example.org", "prvs=user@example.org"},
	    {"prvs=some=body@example.org", "prvs=some=body@example.org"},
	    {"prvs=@example.org", "prvs=@example.org"},
	    {"prvs==x@example.org", "prvs==x@example.org"},
	    {"prvs=123456789a=@example.org", "prvs=#=@example.org"},
	    {"btv1==x@example.org", "btv1==x@example.org"},
	};

	(void)state;
	check(senders, MM_COUNT(senders));
}

static void
test_srs(void **state)
{
	static const struct sender senders[] = {
	    {"SRS0=xY3z=7B=example.org=user@forward.example",
		"user@example.org"},
	    {"SRS0+xY3z=7B=Example.org=User@forward.example",
		"user@example.org"},
	    {"srs0-xY3z=7B=example.org=a=b@forward.example", "a=b@example.org"},
	    {"SRS1=Qq1z=first.example==xY3z=7B=example.org=user@second.example",
		"user@example.org"},
	    {"SRS1=Qq1z=first.example=+xY3z=7B=example.org=user@second.example",
		"user@example.org"},
	    /* a signer behind a forwarder */
	    {"SRS0=xY3z=7B=example.org=prvs=123456789a=user@forward.example",
		"user@example.org"},
	    /* none of it after all */
	    {"srs0=hash@example.org", "srs0=hash@example.org"},
	    {"srs0=a=b=c@example.org", "srs0=a=b=c@example.org"},
	    {"srs0=a=b=example.org=@example.org",
		"srs0=a=b=example.org=@example.org"},
	    {"srs1=a=b=c=d=e=f@example.org", "srs1=a=b=c=d=e=f@example.org"},
	    {"srs0user@example.org", "srs0user@example.org"},
	};

	(void)state;
	check(senders, MM_COUNT(senders));
}

static void
test_verp_and_extensions(void **state)
{
	static const struct sender senders[] = {
	    {"list-bounces+user=example.net@lists.example",
		"list#@lists.example"},
	    {"bounce-user=example.net@lists.example", "bounce#@lists.example"},
	    {"bounce-John-Doe=example.net@lists.example",
		"bounce#@lists.example"},
	    {"news-4711-user=example.net@lists.example", "news#@lists.example"},
	    {"user=example.net@lists.example",
		"user=example.net@lists.example"},
	    {"user+tag@example.org", "user@example.org"},
	    {"user+a+b@example.org", "user@example.org"},
	    {"+tag@example.org", "+tag@example.org"},
	    {"bounces+12345-ab12-user=example.net@em.example",
		"bounces#@em.example"},
	};

	(void)state;
	check(senders, MM_COUNT(senders));
}

static void
test_numbers_and_noise(void **state)
{
	static const struct sender senders[] = {
	    {"bounce-12345-67@lists.example", "bounce-#-67@lists.example"},
	    {"bounce-123-x@lists.example", "bounce-#-x@lists.example"},
	    {"bounce123456@lists.example", "bounce#@lists.example"},
	    {"b.20261128.x@lists.example", "b.#.x@lists.example"},
	    {"0100018c5d1e2f3a-4b5c6d7e-0000@mailer.example",
		"#-#-#@mailer.example"},
	    {"m-1a2b3c4d5e@mailer.example", "m-#@mailer.example"},
	    {"x7k2m9q4z8w1v5t3@mailer.example", "#@mailer.example"},
	    {"12345678@mailer.example", "#@mailer.example"},
	    {"user@host12345.mailer.example", "user@host12345.mailer.example"},
	};

	(void)state;
	check(senders, MM_COUNT(senders));
}

/* The next mail of one list, signer or forwarder is not a stranger's. */
static void
test_one_sender_is_one(void **state)
{
	static const char *const pairs[][2] = {
	    {"bounce-100234-user=example.net@lists.example",
		"bounce-100235-user=example.net@lists.example"},
	    {"prvs=1234567890=user@example.org",
		"prvs=2234567890=user@example.org"},
	    {"SRS0=aaaa=7B=example.org=user@forward.example",
		"SRS0=bbbb=7C=example.org=user@forward.example"},
	    {"0100018c5d1e2f3a-000000@mailer.example",
		"0100018c5d1e2f3b-000000@mailer.example"},
	};
	static const char *const others[][2] = {
	    {"user@example.org", "user@example.net"},
	    {"user@example.org", "other@example.org"},
	    {"SRS0=aaaa=7B=example.org=user@forward.example",
		"SRS0=aaaa=7B=example.net=user@forward.example"},
	};
	struct mm_arena *arena = mm_arena_new(1 << 16);

	(void)state;
	for (size_t i = 0; i < MM_COUNT(pairs); i++)
		assert_string_equal(mm_greylist_sender(arena, pairs[i][0]),
		    mm_greylist_sender(arena, pairs[i][1]));
	for (size_t i = 0; i < MM_COUNT(others); i++)
		assert_string_not_equal(mm_greylist_sender(arena, others[i][0]),
		    mm_greylist_sender(arena, others[i][1]));
	mm_arena_free(arena);
}

static void
test_a_full_arena_gives_none(void **state)
{
	struct mm_arena *arena = mm_arena_new(64);
	char sender[200];

	(void)state;
	memset(sender, 'x', sizeof(sender) - 1);
	sender[sizeof(sender) - 1] = '\0';
	assert_null(mm_greylist_sender(arena, sender));
	mm_arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_plain_senders_stay),
	    cmocka_unit_test(test_batv),
	    cmocka_unit_test(test_srs),
	    cmocka_unit_test(test_verp_and_extensions),
	    cmocka_unit_test(test_numbers_and_noise),
	    cmocka_unit_test(test_one_sender_is_one),
	    cmocka_unit_test(test_a_full_arena_gives_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

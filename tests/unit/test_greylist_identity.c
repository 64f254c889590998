/* greylist_identity, greylist_key: who comes back, and what that is called. */
#include "lib/arena.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/greylist_key.h"
#include "lib/settings.h"
#include "tests/heap.h"
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

static struct mm_greylist_scheme *
scheme_of(const char *text, struct mm_complaints *all)
{
	struct mm_err err;
	struct mm_conf *conf = mm_conf_parse(text, "mailmum.conf", all, &err);
	struct mm_settings *settings;
	struct mm_greylist_scheme *scheme;

	assert_non_null(conf);
	settings = mm_settings_read(conf, all);
	assert_non_null(settings);
	scheme = mm_greylist_scheme_read(settings, conf, all);
	mm_settings_free(settings);
	mm_conf_free(conf);
	return scheme;
}

static struct mm_greylist_scheme *
good_scheme(const char *text)
{
	struct mm_complaints all = {0};
	struct mm_greylist_scheme *scheme = scheme_of(text, &all);

	assert_non_null(scheme);
	assert_int_equal(0, all.errors);
	mm_complaints_clear(&all);
	return scheme;
}

static struct mm_greylist_who
who(const char *address, const char *name)
{
	struct mm_greylist_who who = {.address = address, .name = name};

	assert_true(mm_ip_parse(address, &who.ip));
	return who;
}

struct client {
	const char *address, *name; /* NULL: none leads back */
	const char *want;
};

static void
check(const char *config, const struct client *clients, size_t n)
{
	struct mm_greylist_scheme *scheme = good_scheme(config);
	struct mm_arena *arena = mm_arena_new(1 << 16);

	for (; n > 0; n--, clients++) {
		struct mm_greylist_who client =
		    who(clients->address, clients->name);
		struct mm_identity id;

		assert_true(mm_greylist_identify(scheme, &client, arena, &id));
		assert_string_equal(clients->want, id.text);
	}
	mm_arena_free(arena);
	mm_greylist_scheme_free(scheme);
}

static void
test_an_organisation_is_one(void **state)
{
	static const struct client clients[] = {
	    {"192.0.2.1", "mx1.out.sender.example", "name:sender.example"},
	    {"198.51.100.7", "mx2.out.sender.example", "name:sender.example"},
	    {"2001:db8::1", "MX6.Out.Sender.Example", "name:sender.example"},
	    {"203.0.113.9", "sender.example.", "name:sender.example"},
	    {"192.0.2.1", "mail-a.smtp.example.co.uk", "name:example.co.uk"},
	    /* what says nothing of who sends */
	    {"192.0.2.1", NULL, "192.0.2.0/24"},
	    {"192.0.2.1", "", "192.0.2.0/24"},
	    {"192.0.2.1", "host", "192.0.2.0/24"},
	    {"192.0.2.1", "co.uk", "192.0.2.0/24"},
	    {"192.0.2.1", ".", "192.0.2.0/24"},
	    {"192.0.2.1", "192-0-2-1.sender.example", "192.0.2.0/24"},
	    {"192.0.2.1", "dyn7.sender.example", "192.0.2.0/24"},
	    {"2001:db8::1", "pool.sender.example", "2001:db8::/64"},
	    /* only what stands before the domain has a shape */
	    {"192.0.2.1", "mx.dsl.example", "name:dsl.example"},
	};

	(void)state;
	check("", clients, MM_COUNT(clients));
}

static void
test_groups_are_one(void **state)
{
	static const struct client clients[] = {
	    {"192.0.2.1", NULL, "group:big"},
	    {"2001:db8:5::1", NULL, "group:big"},
	    {"203.0.113.1", "x.big.example", "group:big"},
	    {"203.0.113.1", "X.BIG.example", "group:big"},
	    {"203.0.113.1", "big.example", "group:big"},
	    {"203.0.113.1", "notbig.example", "name:notbig.example"},
	    {"203.0.113.1", NULL, "203.0.113.0/24"},
	    {"192.0.2.77", "x.big.example", "name:big.example"}, /* not it */
	    {"198.51.100.1", "mx.other.example", "group:other"},
	    {"192.0.2.1", "dsl-1.other.example", "group:big"}, /* the first */
	};

	(void)state;
	check("greylist_groups = big={!192.0.2.77 192.0.2.0/24,\n"
	      "    [2001:db8:5::]/48 big.example}\n"
	      "    other={198.51.100.0/24 inline:{other.example=x}}\n",
	    clients, MM_COUNT(clients));
}

static void
test_generic_names(void **state)
{
	static const struct {
		const char *address, *name, *want;
	} cases[] = {
	    {"192.0.2.1", "dsl-192-0-2-1.sender.example",
		"the octets of its address are in its name"},
	    {"192.0.2.1", "dyn7.example.co.uk",
		"its name has a word for addresses that change hands"},
	    {"192.0.2.1", "mx.dsl.example", NULL},
	    {"192.0.2.1", "co.uk", NULL},
	    {"192.0.2.1", "", NULL},
	    {"192.0.2.1", NULL, NULL},
	};
	struct mm_greylist_scheme *scheme =
	    good_scheme("greylist_identity = network\n");
	struct mm_arena *arena = mm_arena_new(1 << 16);

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_greylist_who client =
		    who(cases[i].address, cases[i].name);
		const char *got = mm_greylist_generic(scheme, &client, arena);

		if (cases[i].want == NULL)
			assert_null(got);
		else
			assert_string_equal(cases[i].want, got);
	}
	mm_arena_free(arena);
	mm_greylist_scheme_free(scheme);
}

/* An SPF record speaks for whoever is not known before. */
static void
test_a_domain_that_names_the_network(void **state)
{
	static const struct {
		const char *config, *name, *domain, *want;
		bool needed;
	} cases[] = {
	    {"", NULL, "example.org", "spf:example.org", true},
	    {"", NULL, "bounce.News.Example.org.", "spf:example.org", true},
	    {"", NULL, "mail.example.co.uk", "spf:example.co.uk", true},
	    {"", NULL, "co.uk", "192.0.2.0/24", true},
	    {"", NULL, NULL, "192.0.2.0/24", true},
	    {"", "dyn7.sender.example", "example.org", "spf:example.org", true},
	    {"", "mx.sender.example", "example.org", "name:sender.example",
		false},
	    {"greylist_identity = group, name, network\n", NULL, "example.org",
		"192.0.2.0/24", false},
	    {"greylist_identity = network, spf\n", NULL, "example.org",
		"192.0.2.0/24", false},
	    {"greylist_identity = spf\n", NULL, NULL, "192.0.2.1/32", true},
	    {"greylist_groups = a={192.0.2.1}\n", NULL, "example.org",
		"group:a", false},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_greylist_scheme *scheme =
		    good_scheme(cases[i].config);
		struct mm_arena *arena = mm_arena_new(1 << 16);
		struct mm_greylist_who client = who("192.0.2.1", cases[i].name);
		struct mm_identity id;

		assert_int_equal(cases[i].needed,
		    mm_greylist_needs_spf(scheme, &client, arena));
		client.spf_domain = cases[i].domain;
		client.spf_why = "ip4:192.0.2.0/24";
		assert_true(mm_greylist_identify(scheme, &client, arena, &id));
		assert_string_equal(cases[i].want, id.text);
		if (id.rung == MM_RUNG_SPF) /* a domain has many senders */
			assert_string_equal("192.0.2.0/24", id.source);
		if (id.rung == MM_RUNG_SPF)
			assert_string_equal("ip4:192.0.2.0/24", id.why);
		else
			assert_null(id.why);
		mm_arena_free(arena);
		mm_greylist_scheme_free(scheme);
	}
}

static void
test_each_step_can_be_off(void **state)
{
	static const struct client by_network[] = {
	    {"192.0.2.1", "mx.sender.example", "192.0.2.0/25"},
	    {"2001:db8:0:1::1", "mx.sender.example", "2001:db8::/48"},
	};
	static const struct client by_name[] = {
	    {"192.0.2.1", "mx.big.example", "name:big.example"},
	    {"192.0.2.1", NULL, "192.0.2.1/32"},
	    {"2001:db8::1", NULL, "2001:db8::1/128"},
	};
	static const struct client by_group[] = {
	    {"192.0.2.1", NULL, "group:big"},
	    {"192.0.3.1", "mx.sender.example", "192.0.3.1/32"},
	};
	static const struct client name_first[] = {
	    {"192.0.2.1", "mx.big.example", "name:big.example"},
	    {"192.0.2.1", NULL, "group:big"},
	};
	static const struct client by_nothing[] = {
	    {"192.0.2.1", "mx.big.example", "192.0.2.1/32"},
	};
#define BIG "greylist_groups = big={192.0.2.0/24}\n"

	(void)state;
	check("greylist_identity = network\ngreylist_ipv4_prefix = 25\n"
	      "greylist_ipv6_prefix = 48\n",
	    by_network, MM_COUNT(by_network));
	check(BIG "greylist_identity = name\n", by_name, MM_COUNT(by_name));
	check(BIG "greylist_identity = group\n", by_group, MM_COUNT(by_group));
	check(BIG "greylist_identity = name, group, network\n", name_first,
	    MM_COUNT(name_first));
	check(BIG "greylist_identity =\n", by_nothing, MM_COUNT(by_nothing));
}

static void
test_mistakes_are_found(void **state)
{
	static const struct {
		const char *config, *want;
	} cases[] = {
	    {"greylist_identity = name, nmae\n",
		"1: greylist_identity: \"nmae\" is none of: group, name, spf, "
		"network"},
	    {"greylist_identity = name, network, name\n",
		"1: greylist_identity: \"name\" stands there twice"},
	    {"greylist_key =\n",
		"1: greylist_key: empty: all mail would be one, and pass when "
		"it is repeated"},
	    {"greylist_key = client, from\n",
		"1: greylist_key: \"from\" is none of: client, sender, "
		"recipient"},
	    {"greylist_groups = a={192.0.2.0/24}\n   192.0.2.0/24\n",
		"2: greylist_groups: \"192.0.2.0/24\" is not NAME={NETWORKS "
		"AND DOMAINS}"},
	    {"greylist_groups = a={192.0.2.0/24\n",
		"1: greylist_groups: \"a={192.0.2.0/24\" is not NAME={NETWORKS "
		"AND DOMAINS}"},
	    {"greylist_groups = a={192.0.2.1} b={192.0.2.2}\n"
	     "  a={192.0.2.3}\n",
		"2: greylist_groups: \"a={192.0.2.3}\" has the name of a group "
		"before it"},
	    {"greylist_groups =\n  a={\n  192.0.2.1\n  192.0.2.1/24}\n",
		"4: greylist_groups: host bits are set: did "
		"you mean 192.0.2.0/24?"},
	    {"public_suffix_list = /nonexistent\n",
		"1: public_suffix_list: /nonexistent: No such file or "
		"directory"},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_complaints all = {0};
		struct mm_greylist_scheme *scheme =
		    scheme_of(cases[i].config, &all);
		char got[512] = "nothing";

		assert_non_null(scheme);
		for (size_t j = 0; j < all.n; j++) {
			if (all.list[j].severity == MM_ERROR)
				snprintf(got, sizeof(got), "%u: %s",
				    all.list[j].line, all.list[j].text);
		}
		assert_string_equal(cases[i].want, got);
		mm_greylist_scheme_free(scheme);
		mm_complaints_clear(&all);
	}
}

/* One mail, and its keys from a role on as "ROLE key" lines. */
static void
write_keys_from(enum mm_greylist_role from, enum mm_greylist_role to,
    const char *config, const struct mm_greylist_mail *mail, char text[2048])
{
	struct mm_greylist_scheme *scheme = good_scheme(config);
	struct mm_arena *arena = mm_arena_new(1 << 16);
	struct mm_greylist_keys keys;

	assert_true(mm_greylist_keys(scheme, mail, arena, &keys));
	text[0] = '\0';
	for (size_t i = 0; i < keys.n; i++)
		if (keys.role[i] >= from && keys.role[i] <= to)
			snprintf(text + strlen(text), 2048 - strlen(text),
			    "%d %s\n", (int)(keys.role[i] - from), keys.key[i]);
	mm_arena_free(arena);
	mm_greylist_scheme_free(scheme);
}

/* Without those of what is done by hand. */
static void
write_keys(
    const char *config, const struct mm_greylist_mail *mail, char text[2048])
{
	write_keys_from(0, MM_GREYLIST_SOURCE, config, mail, text);
}

static void
test_windows_of_a_mail(void **state)
{
	static const struct {
		const char *recipient, *want;
	} cases[] = {
	    {"B+x+y@Example.net", "0 expect b+x+y@example.net\n"
				  "1 expect b@example.net\n"},
	    {"+b@example.net", "0 expect +b@example.net\n"},
	    {"b", "0 expect b\n"},
	    {"b+x", "0 expect b+x\n1 expect b\n"},
	    {"a\"+@b\"+c@d+e", "0 expect a\"+@b\"+c@d+e\n"
			       "1 expect a\"@d+e\n"},
	};
	struct mm_greylist_mail mail = {
	    .client = who("2001:db8:1:2::7", "mx.sender.example"),
	    .sender = "a@example.org",
	    .recipient = "b@example.net"};
	char got[2048];

	(void)state;
	write_keys_from(
	    MM_GREYLIST_RELEASE, MM_GREYLIST_GRANT_ADDRESS, "", &mail, got);
	assert_string_equal("0 release triplet name:sender.example 13 "
			    "a@example.org b@example.net\n"
			    "1 release triplet 2001:db8:1:2::/64 13 "
			    "a@example.org b@example.net\n"
			    "2 expect b@example.net\n"
			    "4 allow name:sender.example\n"
			    "5 allow 2001:db8:1:2::/64\n"
			    "6 allow 2001:db8:1:2::7/128\n",
	    got);
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		mail.recipient = cases[i].recipient;
		write_keys_from(MM_GREYLIST_EXPECT, MM_GREYLIST_EXPECT_PLAIN,
		    "", &mail, got);
		assert_string_equal(cases[i].want, got);
	}
}

/* What a waiting mail's note says of its client, read again. */
static void
test_a_note_says_whose_keys_they_are(void **state)
{
	struct mm_arena *arena = mm_arena_new(1 << 16);
	struct mm_greylist_who client = who("192.0.2.7", "mx.sender.example");
	struct mm_greylist_who got;
	char text[MM_STORE_NOTE_MAX + 1], longest[256];

	(void)state;
	client.spf_domain = "sender.example";
	snprintf(text, sizeof(text), "%s",
	    mm_greylist_note(arena, &client, MM_RUNG_SPF));
	assert_string_equal(
	    "192.0.2.7 spf:sender.example mx.sender.example", text);
	assert_true(mm_greylist_note_read(text, &got));
	assert_string_equal("192.0.2.7", got.address);
	assert_string_equal("mx.sender.example", got.name);
	assert_string_equal("sender.example", got.spf_domain);
	assert_true(mm_ip_equal(&client.ip, &got.ip));

	/* another step knew it */
	snprintf(text, sizeof(text), "%s",
	    mm_greylist_note(arena, &client, MM_RUNG_NAME));
	assert_true(mm_greylist_note_read(text, &got));
	assert_null(got.spf_domain);
	assert_string_equal("mx.sender.example", got.name);

	/* half a name would be another one */
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	client.name = client.spf_domain = longest;
	snprintf(text, sizeof(text), "%s",
	    mm_greylist_note(arena, &client, MM_RUNG_SPF));
	assert_true(mm_greylist_note_read(text, &got));
	assert_null(got.name);
	assert_string_equal(longest, got.spf_domain);

	text[0] = '\0';
	assert_false(mm_greylist_note_read(text, &got));
	snprintf(text, sizeof(text), "nobody at all");
	assert_false(mm_greylist_note_read(text, &got));
	mm_arena_free(arena);
}

static void
test_keys_of_a_mail(void **state)
{
	struct mm_greylist_mail mail = {.client = who("192.0.2.7", NULL),
	    .sender = "A@Example.org",
	    .recipient = "B@Example.net"};
	char got[2048];

	(void)state;
	/* its network's mail is the same mail, but its passes are its own */
	write_keys("", &mail, got);
	assert_string_equal(
	    "0 triplet 192.0.2.0/24 13 a@example.org b@example.net\n"
	    "1 client 192.0.2.7/32\n"
	    "5 source 192.0.2.0/24\n",
	    got);
	/* one that has a name: what was known of its network is looked at */
	mail.client = who("192.0.2.7", "mx.sender.example");
	write_keys("", &mail, got);
	assert_string_equal(
	    "0 triplet name:sender.example 13 a@example.org b@example.net\n"
	    "1 client name:sender.example\n"
	    "2 triplet 192.0.2.0/24 13 a@example.org b@example.net\n"
	    "4 client 192.0.2.7/32\n"
	    "5 source name:sender.example\n",
	    got);
	/* a sender that is new each time */
	mail.client = who("2001:db8:1:2::7", NULL);
	mail.sender = "prvs=123456789a=a@example.org";
	write_keys("", &mail, got);
	assert_string_equal(
	    "0 triplet 2001:db8:1:2::/64 13 a@example.org b@example.net\n"
	    "1 client 2001:db8:1:2::/64\n"
	    "3 triplet 2001:db8:1:2::/64 29 prvs=123456789a=a@example.org "
	    "b@example.net\n"
	    "5 source 2001:db8:1::/48\n",
	    got);
	/* and of a client that has a name as well */
	mail.client = who("2001:db8:1:2::7", "mx.sender.example");
	write_keys("", &mail, got);
	assert_string_equal(
	    "0 triplet name:sender.example 13 a@example.org b@example.net\n"
	    "1 client name:sender.example\n"
	    "2 triplet 2001:db8:1:2::/64 13 a@example.org b@example.net\n"
	    "3 triplet 2001:db8:1:2::/64 29 prvs=123456789a=a@example.org "
	    "b@example.net\n"
	    "4 client 2001:db8:1:2::/64\n"
	    "5 source name:sender.example\n",
	    got);
	mail.client = who("2001:db8:1:2::7", NULL);
	/* parts that are not wanted */
	mail.sender = "";
	write_keys("greylist_key = client, recipient\n", &mail, got);
	assert_non_null(
	    strstr(got, "0 triplet 2001:db8:1:2::/64 * * b@example.net\n"));
	write_keys("greylist_key = recipient, sender\n", &mail, got);
	assert_non_null(strstr(got, "0 triplet * 0  b@example.net\n"));
	write_keys("greylist_key = client\n", &mail, got);
	assert_non_null(strstr(got, "0 triplet 2001:db8:1:2::/64 * * *\n"));
}

/* Fifteen addresses of one pool are one; whoever has no name, or a machine's,
 * in the same networks is not it. */
static void
test_nobody_passes_on_the_keys_of_a_pool(void **state)
{
	struct mm_greylist_mail mail = {
	    .sender = "a@sender.example", .recipient = "b@example.net"};
	char pool[2048], other[2048], address[64], name[64];

	(void)state;
	for (int i = 0; i < 15; i++) {
		snprintf(address, sizeof(address),
		    i % 2 == 0 ? "192.0.%d.7" : "2001:db8:%d::7", i);
		snprintf(name, sizeof(name), "out-%d.pool-a.sender.example", i);
		mail.client = who(address, "mx.sender.example");
		write_keys("", &mail, i == 0 ? pool : other);
		*strchr(i == 0 ? pool : other, '\n') = '\0';
		if (i > 0)
			assert_string_equal(pool, other);
		mail.client = who(address, NULL);
		write_keys("", &mail, other);
		assert_null(strstr(other, "name:"));
		snprintf(name, sizeof(name), "dyn-%d.sender.example", i);
		mail.client = who(address, name);
		write_keys("", &mail, other);
		assert_null(strstr(other, "name:"));
	}
}

static void
test_texts_in_keys_forge_nothing(void **state)
{
	static const char *const mails[][3] = {
	    {"192.0.2.0/24", "a b", "c"},
	    {"192.0.2.0/24", "a", "b c"},
	    {"192.0.2.0/24", "a", "1 b c"},
	    {"192.0.2.0/24", "a 1 b", "c"},
	    {"192.0.2.0/24", "", "1 x y"},
	    {"192.0.2.0/24", "1 x", "y"},
	    {"192.0.2.0/24", "", "b"},
	    {"192.0.2.0/24", "b", ""},
	    {"192.0.3.0/24", "a", "b c"},
	    {"name:example.org", "a", "b c"},
	};
	struct mm_arena *arena = mm_arena_new(1 << 16);

	(void)state;
	for (size_t i = 0; i < MM_COUNT(mails); i++) {
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(
			    mm_greylist_triplet_key(
				arena, mails[i][0], mails[i][1], mails[i][2]),
			    mm_greylist_triplet_key(
				arena, mails[j][0], mails[j][1], mails[j][2]));
	}
	mm_arena_free(arena);
}

static void
test_a_full_arena_gives_no_keys(void **state)
{
	struct mm_greylist_scheme *scheme =
	    good_scheme("greylist_groups = big={big.example}\n");
	struct mm_greylist_mail mail = {
	    .client = who("192.0.2.7", "mx.sender.example"),
	    .sender = "prvs=123456789a=a@example.org",
	    .recipient = "b@example.net"};
	struct mm_greylist_keys keys;
	size_t room = 1;

	(void)state;
	for (;; room++) {
		struct mm_arena *arena = mm_arena_new(room);
		bool done = arena != NULL &&
			    mm_greylist_keys(scheme, &mail, arena, &keys);

		if (done) /* else it says so, and does not guess */
			assert_string_equal(
			    "name:sender.example", keys.identity.text);
		mm_arena_free(arena);
		if (done)
			break;
	}
	assert_true(room > 100);
	mm_greylist_scheme_free(scheme);
}

/* Whatever allocation fails: a scheme, or none, and nothing is lost. */
static void
test_little_memory_to_read_it(void **state)
{
	static const char text[] =
	    "greylist_groups = a={192.0.2.0/24, x.example} "
	    "b={198.51.100.0/24}\n";
	bool failed = true;

	(void)state;
	for (unsigned n = 1; failed; n++) {
		struct mm_complaints all = {0};
		struct mm_err err;
		struct mm_conf *conf =
		    mm_conf_parse(text, "mailmum.conf", &all, &err);
		struct mm_settings *settings = mm_settings_read(conf, &all);
		struct mm_greylist_scheme *scheme;

		assert_non_null(settings);
		heap_fail(n);
		scheme = mm_greylist_scheme_read(settings, conf, &all);
		failed = heap_failed();
		heap_fail(0);
		assert_true(failed || scheme != NULL);
		mm_greylist_scheme_free(scheme);
		mm_settings_free(settings);
		mm_conf_free(conf);
		mm_complaints_clear(&all);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_organisation_is_one),
	    cmocka_unit_test(test_groups_are_one),
	    cmocka_unit_test(test_generic_names),
	    cmocka_unit_test(test_a_domain_that_names_the_network),
	    cmocka_unit_test(test_each_step_can_be_off),
	    cmocka_unit_test(test_mistakes_are_found),
	    cmocka_unit_test(test_keys_of_a_mail),
	    cmocka_unit_test(test_windows_of_a_mail),
	    cmocka_unit_test(test_a_note_says_whose_keys_they_are),
	    cmocka_unit_test(test_nobody_passes_on_the_keys_of_a_pool),
	    cmocka_unit_test(test_texts_in_keys_forge_nothing),
	    cmocka_unit_test(test_a_full_arena_gives_no_keys),
	    cmocka_unit_test(test_little_memory_to_read_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* site: what the settings name as ours, and where mail would go. */
#include "lib/arena.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/ip.h"
#include "lib/settings.h"
#include "lib/site.h"
#include "tests/heap.h"
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

static struct mm_site *
site_of(const char *text, struct mm_complaints *all)
{
	struct mm_err err;
	struct mm_conf *conf = mm_conf_parse(text, "mailmum.conf", all, &err);
	struct mm_settings *settings;
	struct mm_site *site;

	assert_non_null(conf);
	settings = mm_settings_read(conf, all);
	assert_non_null(settings);
	site = mm_site_read(settings, conf, all);
	mm_settings_free(settings);
	mm_conf_free(conf);
	return site;
}

static struct mm_site *
good_site(const char *text)
{
	struct mm_complaints all = {0};
	struct mm_site *site = site_of(text, &all);

	assert_non_null(site);
	assert_int_equal(0, all.errors);
	mm_complaints_clear(&all);
	return site;
}

static const char *class_word(enum mm_domain_class class)
{
	static const char *const words[] = {
	    [MM_CLASS_UNKNOWN] = "unknown",
	    [MM_CLASS_LOCAL] = "local",
	    [MM_CLASS_ALIAS] = "alias",
	    [MM_CLASS_MAILBOX] = "mailbox",
	    [MM_CLASS_RELAY] = "relay",
	    [MM_CLASS_OTHER] = "other",
	    [MM_CLASS_FAILED] = "failed",
	};

	return words[class];
}

/* "class address", and "routed" behind it. */
static void
assert_goes(const struct mm_site *site, const char *address, const char *want)
{
	struct mm_arena *arena = mm_arena_new(65536);
	struct mm_destination to;
	char got[256];

	assert_non_null(arena);
	to = mm_site_resolve(site, address, arena);
	snprintf(got, sizeof(got), "%s %s%s", class_word(to.class), to.address,
	    to.routed ? " routed" : "");
	assert_string_equal(want, got);
	mm_arena_free(arena);
}

static void
test_classes(void **state)
{
	struct mm_site *site =
	    good_site("myhostname = mx.example.com\n"
		      "mydestination = $myhostname, localhost.$mydomain\n"
		      "virtual_alias_domains = alias.example\n"
		      "virtual_mailbox_domains = box.example alias.example\n"
		      "relay_domains = relay.example box.example fail:x\n");

	(void)state;
	assert_true(mm_site_has_domains(site));
	assert_goes(site, "b@MX.example.com", "local b@MX.example.com");
	assert_goes(
	    site, "b@localhost.example.com.", "local b@localhost.example.com");
	assert_goes(site, "b", "local b@mx.example.com");
	assert_goes(site, "", "local MAILER-DAEMON@mx.example.com");
	assert_goes(site, "b@alias.example", "alias b@alias.example");
	assert_goes(site, "b@box.example", "mailbox b@box.example");
	assert_goes(site, "b@sub.relay.example", "relay b@sub.relay.example");
	assert_goes(
	    site, "b%c@relay.example", "relay b%c@relay.example routed");
	assert_goes(
	    site, "b%relay.example@mx.example.com", "relay b@relay.example");
	/* no domain at all, so that no table is asked */
	assert_goes(site, "b@a..b", "other b@a..b");
	assert_goes(site, "b@192.0.2.1", "other b@192.0.2.1");
	/* behind the list that names it stands one that fails */
	assert_goes(site, "b@other.example", "failed b@other.example");
	mm_site_free(site);
}

static void
test_no_domains(void **state)
{
	struct mm_site *site = good_site("mynetworks = 192.0.2.0/24\n");

	(void)state;
	assert_false(mm_site_has_domains(site));
	assert_goes(site, "b%c@example.org", "unknown b%c@example.org");
	mm_site_free(site);
}

/* As many hops of our own as go into a line, in little memory. */
static void
test_many_hops(void **state)
{
	struct mm_site *site = good_site("mydestination = a\n");
	struct mm_arena *arena = mm_arena_new(16384);
	struct mm_destination to;
	char address[2048];

	(void)state;
	assert_non_null(arena);
	memset(address, 0, sizeof(address));
	for (size_t i = 0; i + 2 < sizeof(address); i += 2)
		memcpy(address + i, "a!", 2);
	to = mm_site_resolve(site, address, arena);
	assert_int_equal(MM_CLASS_LOCAL, to.class);
	assert_string_equal("MAILER-DAEMON@a", to.address);
	for (size_t i = 0; i + 2 < sizeof(address); i += 2)
		memcpy(address + i, "%a", 2);
	to = mm_site_resolve(site, address, arena);
	assert_string_equal("MAILER-DAEMON@a", to.address);
	assert_false(mm_arena_failed(arena));
	mm_arena_free(arena);
	mm_site_free(site);
}

static bool
has_address(const struct mm_site *site, const char *text)
{
	struct mm_ip ip;

	assert_true(mm_ip_parse(text, &ip));
	return mm_site_has_address(site, &ip);
}

static void
test_addresses(void **state)
{
	struct mm_site *site = good_site(
	    "inet_interfaces = 192.0.2.1, [2001:db8::1], ::ffff:192.0.2.3\n"
	    "proxy_interfaces = 192.0.2.2 192.0.2.1\n");

	(void)state;
	assert_true(has_address(site, "192.0.2.1"));
	assert_true(has_address(site, "192.0.2.2"));
	assert_true(has_address(site, "192.0.2.3"));
	assert_true(has_address(site, "2001:db8:0::1"));
	assert_false(has_address(site, "127.0.0.1"));
	mm_site_free(site);

	site = good_site("inet_interfaces = loopback-only\n");
	assert_true(has_address(site, "127.0.0.1"));
	assert_false(has_address(site, "192.0.2.1"));
	mm_site_free(site);

	site = good_site("# all is the default\n");
	assert_true(has_address(site, "127.0.0.1"));
	mm_site_free(site);
}

static void
test_without_memory(void **state)
{
	static const char text[] = "mydestination = a, inline:{b=c}\n"
				   "relay_domains = d\n"
				   "inet_interfaces = 192.0.2.1\n";
	struct mm_complaints all = {0};
	struct mm_err err;
	struct mm_conf *conf = mm_conf_parse(text, "f", &all, &err);
	struct mm_settings *settings;
	bool failed = true;
	unsigned n = 0;

	(void)state;
	assert_non_null(conf);
	settings = mm_settings_read(conf, &all);
	assert_non_null(settings);
	assert_int_equal(0, all.errors);
	while (failed) {
		struct mm_site *site;

		heap_fail(++n);
		site = mm_site_read(settings, conf, &all);
		failed = heap_failed();
		heap_fail(0);
		/* said, or nothing came of it */
		if (failed && site != NULL)
			assert_true(all.errors > 0 || all.failed);
		if (!failed)
			assert_true(mm_site_has_domains(site));
		mm_site_free(site);
		mm_complaints_clear(&all);
		all = (struct mm_complaints){0};
	}
	assert_true(n > 10);
	mm_settings_free(settings);
	mm_conf_free(conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_classes),
	    cmocka_unit_test(test_no_domains),
	    cmocka_unit_test(test_many_hops),
	    cmocka_unit_test(test_addresses),
	    cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

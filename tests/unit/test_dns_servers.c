/* dns_unbound: whom it asks, what it believes, and how that changes. */
#include "lib/clock.h"
#include "lib/dns.h"
#include "lib/err.h"
#include "tests/test.h"
#include "tests/unit/resolver.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct load {
	struct mm_dns *dns;
	unsigned thread;
	bool failed;
};

/* Sessions, one after the other, whose every question must end well. */
static void *
run_sessions(void *arg)
{
	struct load *load = arg;
	char name[64];

	for (unsigned i = 0; i < 100; i++) {
		struct session s;

		session_begin(&s);
		for (unsigned j = 0; j < 4; j++) {
			snprintf(name, sizeof(name), "%u.%u.%u." ZONE, j, i,
			    load->thread);
			session_ask(load->dns, &s, name, ZONE);
		}
		for (unsigned j = 0; j < 4; j++) {
			snprintf(name, sizeof(name), "%u.%u.%u." ZONE, j, i,
			    load->thread);
			if (session_await(&s, name)->status == MM_DNS_RETRY)
				load->failed = true;
		}
		session_end(&s);
	}
	return NULL;
}

static void
test_reconfigured_under_load(void **state)
{
	struct load loads[4] = {{NULL, 0, false}};
	pthread_t threads[4];
	struct nameserver *other;
	struct mm_err err;
	struct resolver w;

	(void)state;
	resolver_begin(&w);
	other = nameserver_start("127.0.0.1", 0, resolver_answer);
	nameserver_delay(w.ns, 2);
	nameserver_delay(other, 2);
	resolver_start(&w);
	for (unsigned i = 0; i < 4; i++) {
		loads[i] = (struct load){w.dns, i, false};
		assert_int_equal(0,
		    pthread_create(&threads[i], NULL, run_sessions, &loads[i]));
	}
	for (int i = 0; i < 6; i++) {
		w.forward[0] = nameserver_address(i % 2 == 0 ? other : w.ns);
		assert_int_equal(0, mm_dns_reconfigure(w.dns, &w.config, &err));
		usleep(20000);
	}
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_false(loads[i].failed);
	}
	assert_int_equal(0, resolver_stats(w.dns).in_flight);
	assert_true(nameserver_asked(other, "", 0) > 0);
	resolver_end(&w);
	nameserver_stop(other);
}

static void
test_other_servers_are_asked_anew(void **state)
{
	struct nameserver *other;
	struct session s;
	struct mm_err err;
	struct resolver w;

	(void)state;
	resolver_begin(&w);
	other = nameserver_start("127.0.0.1", 0, resolver_answer);
	resolver_start(&w);
	resolver_status(w.dns, "2." ZONE, ZONE, NULL);
	nameserver_silence(w.ns, true);
	session_begin(&s);
	session_ask(w.dns, &s, "3." ZONE, ZONE); /* nobody answers this one */

	/* the same servers: what is known stays known */
	w.config.in_flight = 500;
	assert_int_equal(0, mm_dns_reconfigure(w.dns, &w.config, &err));
	assert_int_equal(
	    MM_DNS_OK, resolver_status(w.dns, "2." ZONE, ZONE, NULL));
	assert_int_equal(0, nameserver_asked(other, "", 0));

	w.forward[0] = nameserver_address(other);
	assert_int_equal(0, mm_dns_reconfigure(w.dns, &w.config, &err));
	assert_int_equal(MM_DNS_NOTFOUND, session_await(&s, "3." ZONE)->status);
	assert_int_equal(
	    MM_DNS_OK, resolver_status(w.dns, "2." ZONE, ZONE, NULL));
	assert_int_equal(1, nameserver_asked(other, "2." ZONE, MM_DNS_A));
	assert_int_equal(1, nameserver_asked(other, "3." ZONE, MM_DNS_A));
	session_end(&s);
	resolver_end(&w);
	nameserver_stop(other);
}

/* A file with this text; the caller removes it. */
static void
write_file(char path[], const char *text)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(strlen(text), write(fd, text, strlen(text)));
	close(fd);
}

static void
test_refused_configuration_leaves_the_old_one(void **state)
{
	char path[] = "/tmp/test_dns_unbound.XXXXXX";
	struct mm_err err = {""};
	struct resolver w;

	(void)state;
	resolver_begin(&w);
	resolver_start(&w);
	w.config.trust_anchor_file = "/nonexistent/root.key";
	assert_int_equal(-1, mm_dns_reconfigure(w.dns, &w.config, &err));
	assert_string_equal(
	    "/nonexistent/root.key: No such file or directory", err.text);
	write_file(path, ". IN DS nonsense\n");
	w.config.trust_anchor_file = path;
	assert_int_equal(-1, mm_dns_reconfigure(w.dns, &w.config, &err));
	assert_non_null(strstr(err.text, path));
	assert_null(
	    mm_dns_unbound_new(&w.config, &mm_clock_system, NULL, &err));
	unlink(path);
	assert_int_equal(
	    MM_DNS_OK, resolver_status(w.dns, "2." ZONE, ZONE, NULL));
	resolver_end(&w);
}

static void
test_bogus_is_not_found_out(void **state)
{
	/* the server signs nothing, so nothing can fit this key */
	static const char anchor[] =
	    "example.org. IN DS 12345 13 2 000102030405060708090a0b0c0d0e0f"
	    "101112131415161718191a1b1c1d1e1f\n";
	char path[] = "/tmp/test_dns_unbound.XXXXXX";
	enum mm_dns_cause cause;
	struct mm_dns_stub stub;
	struct mm_err err;
	struct resolver w;

	(void)state;
	resolver_begin(&w);
	write_file(path, anchor);
	w.config.trust_anchor_file = path;
	resolver_start(&w);
	assert_int_equal(
	    MM_DNS_RETRY, resolver_status(w.dns, "2." ZONE, NULL, &cause));
	assert_int_equal(MM_DNS_BOGUS, cause);
	assert_int_equal(1, resolver_stats(w.dns).bogus);
	assert_int_equal(
	    MM_DNS_OK, resolver_status(w.dns, "2.bl.example.net", NULL, NULL));

	/* a stub is the operator's own: not validated */
	stub = (struct mm_dns_stub){ZONE, nameserver_address(w.ns)};
	w.config.stub = &stub;
	w.config.nstub = 1;
	assert_int_equal(0, mm_dns_reconfigure(w.dns, &w.config, &err));
	assert_int_equal(
	    MM_DNS_OK, resolver_status(w.dns, "2." ZONE, NULL, NULL));
	unlink(path);
	resolver_end(&w);
}

static void
test_private_root_serves_every_name(void **state)
{
	static const char *const names[] = {"2.example.org", "2.test",
	    "2.localhost", "2.2.0.192.in-addr.arpa", "2.0.0.127.in-addr.arpa",
	    "2.0.0.10.in-addr.arpa", "2.invalid", "2.home.arpa"};
	struct mm_dns_stub stub;
	struct resolver w;

	(void)state;
	resolver_begin(&w);
	stub = (struct mm_dns_stub){".", nameserver_address(w.ns)};
	w.config.nforward = 0;
	w.config.stub = &stub;
	w.config.nstub = 1;
	/* the packaged anchor, there or not, does not fit a private root */
	w.config.trust_anchor_file = "/usr/share/dns/root.key";
	resolver_start(&w);
	for (size_t i = 0; i < MM_COUNT(names); i++)
		assert_int_equal(
		    MM_DNS_OK, resolver_status(w.dns, names[i], NULL, NULL));
	resolver_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reconfigured_under_load),
	    cmocka_unit_test(test_other_servers_are_asked_anew),
	    cmocka_unit_test(test_refused_configuration_leaves_the_old_one),
	    cmocka_unit_test(test_bogus_is_not_found_out),
	    cmocka_unit_test(test_private_root_serves_every_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

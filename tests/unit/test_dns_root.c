/*
 * dns_unbound: a private root on a port of its own delegates, and what it
 * delegates to is found on port 53.  That port is had in a network namespace;
 * where none can be made the test is skipped.
 */
#include "lib/clock.h"
#include "lib/dns.h"
#include "lib/err.h"
#include "tests/test.h"
#include "tests/unit/nameserver.h"

#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static bool alone; /* this process has a loopback of its own */

static int
enter_namespace(void **state)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd;

	(void)state;
	if (unshare(CLONE_NEWNET) != 0 &&
	    unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		return 0;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	alone = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &lo) == 0;
	close(fd);
	return 0;
}

/* The root knows itself and who has "example", nothing else. */
static bool
root(const char *name, unsigned type, struct packet *p)
{
	static const uint8_t glue[] = {127, 0, 0, 53};
	size_t len = strlen(name), tail = strlen("example");
	uint8_t host[64];

	if (len >= tail && strcmp(name + len - tail, "example") == 0) {
		packet_begin(p, 0, name, type);
		p->data[2] &= (uint8_t)~4; /* no authority over it */
		packet_authority(p, "example", MM_DNS_NS, 3600, host,
		    packet_name(host, "ns.example"));
		packet_additional(
		    p, "ns.example", MM_DNS_A, 3600, glue, sizeof(glue));
		return true;
	}
	packet_begin(p, *name == '\0' ? 0 : 3, name, type);
	if (*name == '\0' && type == MM_DNS_NS)
		packet_host(p, "@", type, 3600, "ns.root");
	else
		packet_soa(p, "", 3600, 60);
	return true;
}

static bool
child(const char *name, unsigned type, struct packet *p)
{
	if (strcmp(name, "2.bl.example") != 0 || type != MM_DNS_A) {
		packet_begin(p, 3, name, type);
		packet_soa(p, "example", 3600, 60);
		return true;
	}
	packet_begin(p, 0, name, type);
	packet_a(p, "@", 60, "127.0.0.2");
	return true;
}

static enum mm_dns_status
status_of(struct mm_dns *dns, const char *name)
{
	struct mm_dns_question q = {.name = name, .type = MM_DNS_A};
	struct mm_answers *answers = mm_answers_new();
	struct mm_batch *batch = mm_batch_new();
	enum mm_dns_status status;

	mm_dns_ask(dns, batch, &q, 1);
	assert_true(mm_batch_wait(batch, name, MM_DNS_A, &mm_clock_system,
	    mm_clock_mono(&mm_clock_system) + 20000000));
	mm_batch_drain(batch, answers);
	status = mm_answers_get(answers, name, MM_DNS_A)->status;
	mm_batch_close(batch);
	mm_answers_free(answers);
	return status;
}

static void
test_private_root_delegates(void **state)
{
	struct mm_dns_stub stub = {".", "127.0.0.1@5300"};
	struct mm_dns_config config = {
	    .stub = &stub,
	    .nstub = 1,
	    .deadline_ms = 2000,
	    .cache_entries = 100,
	    .in_flight = 100,
	};
	struct nameserver *above, *below;
	struct mm_err err;
	struct mm_dns *dns;

	(void)state;
	if (!alone)
		skip();
	above = nameserver_start("127.0.0.1", 5300, root);
	below = nameserver_start("127.0.0.53", 53, child);
	assert_non_null(above);
	assert_non_null(below);
	dns = mm_dns_unbound_new(&config, &mm_clock_system, NULL, &err);
	assert_non_null(dns);

	/* the very first question too, for which the root is primed */
	assert_int_equal(MM_DNS_OK, status_of(dns, "2.bl.example"));
	assert_int_equal(MM_DNS_NOTFOUND, status_of(dns, "3.bl.example"));
	assert_int_equal(MM_DNS_NOTFOUND, status_of(dns, "2.bl.test"));
	assert_int_equal(1, nameserver_asked(below, "3.bl.example", MM_DNS_A));
	/* the delegation is known now */
	assert_int_equal(0, nameserver_asked(above, "3.bl.example", MM_DNS_A));
	mm_dns_free(dns);
	nameserver_stop(above);
	nameserver_stop(below);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_private_root_delegates),
	};

	return cmocka_run_group_tests(tests, enter_namespace, NULL);
}

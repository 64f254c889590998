/* policyd: services as written, replies as they come, connections kept. */
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/policyd.h"
#include "tests/test.h"
#include "tests/tmpdir.h"

#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LONG_US (20 * INT64_C(1000000))

static const struct mm_policyd_params standard = {
    .timeout = 100000,
    .max_idle = 300000,
    .max_ttl = 1000000,
    .retry_delay = 1,
    .request_limit = 0,
    .try_limit = 2,
    .default_action = "451 4.3.5 Server configuration problem",
    .policy_context = "",
};

static struct mm_policyd *
parse(const char *text)
{
	struct mm_err err = {""};
	struct mm_policyd *service = mm_policyd_parse(text, &standard, &err);

	assert_string_equal("", err.text);
	assert_non_null(service);
	return service;
}

static void
test_services_as_written(void **state)
{
	struct mm_policyd *s = parse("inet:127.0.0.1:10023");

	(void)state;
	assert_string_equal("127.0.0.1", s->host);
	assert_string_equal("10023", s->port);
	assert_null(s->path);
	assert_int_equal(100000, s->params.timeout);
	mm_policyd_free(s);

	s = parse("inet:[2001:db8::1]:smtp");
	assert_string_equal("2001:db8::1", s->host);
	assert_string_equal("smtp", s->port);
	mm_policyd_free(s);

	s = parse("unix:/run/policy");
	assert_string_equal("/run/policy", s->path);
	mm_policyd_free(s);

	s = parse("unix:private/policy");
	assert_string_equal("/var/spool/postfix/private/policy", s->path);
	mm_policyd_free(s);

	s = parse("{ inet:host:1, timeout=2s,max_idle=3, max_ttl=4m\n"
		  "  retry_delay=5s, request_limit=6 try_limit=7\n"
		  "  { default_action = DUNNO as it were }\n"
		  "  {policy_context=x = y} }");
	assert_string_equal("inet:host:1", s->endpoint);
	assert_int_equal(2000, s->params.timeout);
	assert_int_equal(3000, s->params.max_idle);
	assert_int_equal(240000, s->params.max_ttl);
	assert_int_equal(5000, s->params.retry_delay);
	assert_int_equal(6, s->params.request_limit);
	assert_int_equal(7, s->params.try_limit);
	assert_string_equal("DUNNO as it were", s->params.default_action);
	assert_string_equal("x = y", s->params.policy_context);
	mm_policyd_free(s);
}

static void
test_mistakes_are_named(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
	    {"127.0.0.1:10023",
		"\"127.0.0.1:10023\" is not a policy service: unix:PATH or "
		"inet:HOST:PORT"},
	    {"inet:10023", "\"10023\" is not HOST:PORT, as in 127.0.0.1:10023"},
	    {"inet::1", "\":1\" is not HOST:PORT, as in 127.0.0.1:10023"},
	    {"inet:a:", "\"a:\" is not HOST:PORT, as in 127.0.0.1:10023"},
	    {"unix:", "no path behind \"unix:\""},
	    {"{ inet:a:1", "\"{\" without \"}\" at the end"},
	    {"{ }", "no policy service in \"{ }\""},
	    {"{ inet:a:1, timeout }",
		"\"timeout\" is not NAME=VALUE, or { NAME = VALUE }"},
	    {"{ inet:a:1, patience=1 }", "unknown attribute \"patience\""},
	    {"{ inet:a:1, timeout=0 }",
		"timeout: \"0\" is not a time of at least 1s"},
	    {"{ inet:a:1, try_limit=0 }",
		"try_limit: \"0\" is not a number from 1"},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_err err = {""};

		assert_null(mm_policyd_parse(cases[i].text, &standard, &err));
		assert_string_equal(cases[i].want, err.text);
	}
}

static void
test_each_service_is_there_once(void **state)
{
	struct mm_policyds all = {0};
	const struct mm_policyd *one, *two;
	struct mm_err err;

	(void)state;
	one = mm_policyds_add(&all, "inet:a:1", &standard, &err);
	two =
	    mm_policyds_add(&all, "{ inet:a:1, timeout=1s }", &standard, &err);
	assert_non_null(one);
	assert_non_null(two);
	assert_ptr_not_equal(one, two);
	assert_ptr_equal(
	    one, mm_policyds_add(&all, "inet:a:1", &standard, &err));
	assert_ptr_equal(one, mm_policyds_find(&all, "inet:a:1"));
	assert_null(mm_policyds_find(&all, "inet:b:1"));
	assert_null(mm_policyds_add(&all, "x", &standard, &err));
	assert_int_equal(2, all.n);
	mm_policyds_clear(&all);
}

/* Cut anywhere, a reply reads the same. */
static void
check_reply(
    const char *data, size_t len, enum mm_policyd_read want, const char *action)
{
	struct mm_policyd_reply reply = {"none", 4, 0};
	enum mm_policyd_read got = MM_POLICYD_MORE;
	size_t cut = 0, step = len > 4096 ? 64 : 1; /* 64 divides them */

	for (; cut <= len && got == MM_POLICYD_MORE; cut += step)
		got = mm_policyd_read(data, cut, &reply);
	assert_int_equal(want, got);
	if (got == MM_POLICYD_WHOLE) {
		assert_int_equal(reply.used, cut - step);
		assert_int_equal(strlen(action), reply.len);
		assert_memory_equal(action, reply.action, reply.len);
	} else {
		assert_int_equal(4, reply.len);
	}
	if (got != MM_POLICYD_BAD)
		assert_int_equal(want, mm_policyd_read(data, len, &reply));
}

static void
test_replies_as_postfix_reads_them(void **state)
{
	static const struct {
		const char *data;
		enum mm_policyd_read want;
		const char *action;
	} cases[] = {
	    {"action=DUNNO\n\n", MM_POLICYD_WHOLE, "DUNNO"},
	    {"action=\n\n", MM_POLICYD_WHOLE, ""},
	    {"action==x=y \n\n", MM_POLICYD_WHOLE, "=x=y "},
	    {"hello=there\naction=OK\naction=REJECT\n\n", MM_POLICYD_WHOLE,
		"OK"},
	    {"action=OK\n\naction=REJECT\n\n", MM_POLICYD_WHOLE, "OK"},
	    {"action=OK\n", MM_POLICYD_MORE, NULL},
	    {"action=OK", MM_POLICYD_MORE, NULL},
	    {"", MM_POLICYD_MORE, NULL},
	    {"\n", MM_POLICYD_BAD, NULL},
	    {"Action=OK\n\n", MM_POLICYD_BAD, NULL},
	    {"actions=OK\n\n", MM_POLICYD_BAD, NULL},
	    {"action\n\n", MM_POLICYD_BAD, NULL},
	    {"action=OK\r\n\r\n", MM_POLICYD_BAD, NULL},
	    {"220 smtp.example.org ESMTP\n", MM_POLICYD_MORE, NULL},
	    {"220 hello\naction=OK\n\n", MM_POLICYD_WHOLE, "OK"},
	    {"x=y\n\n", MM_POLICYD_BAD, NULL},
	};
	static char big[MM_POLICYD_REPLY_MAX + 16];

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++)
		check_reply(cases[i].data, strlen(cases[i].data), cases[i].want,
		    cases[i].action);
	check_reply("action=O\0K\n\n", 12, MM_POLICYD_BAD, NULL);

	/* it ends some time, as one line or as many */
	memset(big, 'x', sizeof(big));
	memcpy(big, "action=", 7);
	check_reply(big, MM_POLICYD_REPLY_MAX, MM_POLICYD_BAD, NULL);
	for (size_t i = 0; i + 2 < sizeof(big); i += 2)
		memcpy(big + i, "=\n", 2);
	check_reply(big, MM_POLICYD_REPLY_MAX, MM_POLICYD_BAD, NULL);
}

/*
 * A policy server: what it does at each request is a letter of its script.
 * a: answers.  c: answers, and closes.  e: closes.  h: closes in the middle.
 * g: garbage.  m: says more than it is asked.  s: says nothing.
 */
#define CONNECTIONS_MAX 16
struct server {
	char *dir, path[100], spec[256];
	const char *script;
	int listener, stop[2];
	pthread_t thread;
	atomic_uint connections, requests, ended;
	char request[256]; /* the last one */
};

static const char *
said(char what)
{
	switch (what) {
	case 'a':
	case 'c':
		return "action=DUNNO fine\n\n";
	case 'h':
		return "action=DUN";
	case 'g':
		return "421 go away\n\n";
	case 'm':
		return "action=DUNNO fine\n\naction=REJECT\n\n";
	default:
		return "";
	}
}

/* False: the connection has ended. */
static bool
serve_one(struct server *server, int fd)
{
	ssize_t n = recv(fd, server->request, sizeof(server->request) - 1, 0);
	unsigned at;
	char what;

	if (n <= 0)
		return false;
	server->request[n] = '\0';
	at = atomic_fetch_add(&server->requests, 1);
	what = at < strlen(server->script) ? server->script[at] : 'a';
	(void)!send(fd, said(what), strlen(said(what)), MSG_NOSIGNAL);
	return strchr("ceh", what) == NULL;
}

static void *
serve(void *arg)
{
	struct server *server = arg;
	struct pollfd p[CONNECTIONS_MAX + 2] = {
	    {.fd = server->stop[0], .events = POLLIN},
	    {.fd = server->listener, .events = POLLIN},
	};
	nfds_t n = 2;

	while (poll(p, n, -1) >= 0 && p[0].revents == 0) {
		for (nfds_t i = n; i-- > 2;) {
			if (p[i].revents == 0 || serve_one(server, p[i].fd))
				continue;
			close(p[i].fd);
			p[i] = p[--n];
			server->ended++;
		}
		if (p[1].revents != 0 && n < MM_COUNT(p)) {
			p[n].fd = accept(server->listener, NULL, NULL);
			p[n].revents = 0;
			p[n++].events = POLLIN;
			server->connections++;
		}
	}
	while (n > 2)
		close(p[--n].fd);
	return NULL;
}

/* more: attributes of the service. */
static struct mm_policyd *
start(struct server *server, const char *script, const char *more)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	*server = (struct server){.script = script};
	server->dir = tmpdir_new();
	assert_non_null(server->dir);
	snprintf(server->path, sizeof(server->path), "%s/s", server->dir);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", server->path);
	server->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(
	    0, bind(server->listener, (struct sockaddr *)&un, sizeof(un)));
	assert_int_equal(0, listen(server->listener, 16));
	assert_int_equal(0, pipe(server->stop));
	assert_int_equal(
	    0, pthread_create(&server->thread, NULL, serve, server));
	snprintf(server->spec, sizeof(server->spec), "{ unix:%s, %s }",
	    server->path, more);
	return parse(server->spec);
}

static void
stop(struct server *server)
{
	close(server->stop[1]);
	pthread_join(server->thread, NULL);
	close(server->stop[0]);
	close(server->listener);
	tmpdir_free(server->dir);
}

/* The action; NULL: why has to be in the complaint. */
static void
ask(struct mm_policyd_pool *pool, const struct mm_policyd *service,
    const char *action, const char *why)
{
	struct mm_err err = {""};
	int64_t until = mm_clock_mono(&mm_clock_system) + LONG_US;
	char *got = mm_policyd_ask(pool, service, "request=x\n\n", until, &err);

	if (action != NULL) {
		assert_string_equal("", got == NULL ? err.text : "");
		assert_string_equal(action, got);
	} else {
		assert_null(got);
		if (strstr(err.text, why) == NULL)
			assert_string_equal(why, err.text);
	}
	free(got);
}

static void
test_connections_are_kept(void **state)
{
	struct mm_policyd_pool *pool = mm_policyd_pool_new(&mm_clock_system);
	struct server server;
	struct mm_policyd *service = start(&server, "", "timeout=20s");

	(void)state;
	for (int i = 0; i < 3; i++)
		ask(pool, service, "DUNNO fine", NULL);
	assert_string_equal("request=x\n\n", server.request);
	assert_int_equal(1, server.connections);
	assert_int_equal(3, server.requests);
	assert_int_equal(1, mm_policyd_pool_idle(pool));
	mm_policyd_pool_tend(pool); /* it is still good */
	assert_int_equal(1, mm_policyd_pool_idle(pool));
	mm_policyd_free(service);
	mm_policyd_pool_free(pool);
	stop(&server);
}

static void
test_what_was_closed_meanwhile_is_no_failure(void **state)
{
	struct mm_policyd_pool *pool = mm_policyd_pool_new(&mm_clock_system);
	struct server server;
	struct mm_policyd *service = start(&server, "ccaea", "try_limit=1");

	(void)state;
	/* closed behind an answer, which may be seen or not */
	for (int i = 0; i < 3; i++)
		ask(pool, service, "DUNNO fine", NULL);
	/* closed at the request on a kept connection: a new one at once */
	ask(pool, service, "DUNNO fine", NULL);
	assert_int_equal(5, server.requests);
	assert_int_equal(4, server.connections);
	mm_policyd_free(service);
	mm_policyd_pool_free(pool);
	stop(&server);
}

static void
test_tries_again(void **state)
{
	static const struct {
		const char *script, *why;
	} cases[] = {
	    {"ee", "without a reply"},
	    {"eh", "in the middle of a reply"},
	    {"gg", "has no action"},
	    {"ga", NULL},
	    {"ha", NULL},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_policyd_pool *pool =
		    mm_policyd_pool_new(&mm_clock_system);
		struct server server;
		struct mm_policyd *service =
		    start(&server, cases[i].script, "try_limit=2");

		ask(pool, service, cases[i].why == NULL ? "DUNNO fine" : NULL,
		    cases[i].why);
		assert_int_equal(2, server.requests);
		mm_policyd_free(service);
		mm_policyd_pool_free(pool);
		stop(&server);
	}
}

/* What nobody asked for would be the answer to the next request. */
static void
test_one_try_where_it_is_known_to_fail(void **state)
{
	struct mm_policyd_pool *pool = mm_policyd_pool_new(&mm_clock_system);
	struct server server;
	struct mm_policyd *service = start(&server, "eeea", "try_limit=2");

	(void)state;
	ask(pool, service, NULL, "without a reply");
	assert_int_equal(2, server.requests);
	assert_true(mm_policyd_news(pool, service, true));
	ask(pool, service, NULL, "without a reply");
	assert_int_equal(3, server.requests);
	ask(pool, service, "DUNNO fine", NULL);
	mm_policyd_free(service);
	mm_policyd_pool_free(pool);
	stop(&server);
}

static void
test_more_than_a_reply_ends_the_connection(void **state)
{
	struct mm_policyd_pool *pool = mm_policyd_pool_new(&mm_clock_system);
	struct server server;
	struct mm_policyd *service = start(&server, "m", "try_limit=1");

	(void)state;
	ask(pool, service, "DUNNO fine", NULL);
	assert_int_equal(0, mm_policyd_pool_idle(pool));
	ask(pool, service, "DUNNO fine", NULL);
	assert_int_equal(2, server.connections);
	mm_policyd_free(service);
	mm_policyd_pool_free(pool);
	stop(&server);
}

static void
test_a_silent_service_is_not_waited_for(void **state)
{
	struct mm_policyd_pool *pool = mm_policyd_pool_new(&mm_clock_system);
	struct server server;
	struct mm_policyd *service = start(&server, "ss", "try_limit=9");
	struct mm_err err = {""};

	(void)state;
	/* until the wait ends, whatever the service's own limits are */
	assert_null(mm_policyd_ask(pool, service, "x=y\n\n",
	    mm_clock_mono(&mm_clock_system) + 20000, &err));
	assert_non_null(strstr(err.text, "no answer in time"));
	mm_policyd_free(service);
	mm_policyd_pool_free(pool);
	stop(&server);
}

/* The system's, but for a name that nobody has an address of, until close_up
 * is closed. */
static int close_up[2];

int
getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
    struct addrinfo **ret)
{
	int (*real)(const char *, const char *, const struct addrinfo *,
	    struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
	char byte;

	if (strcmp(host, "slow.example") != 0)
		return real(host, port, hints, ret);
	if ((hints->ai_flags & AI_NUMERICHOST) == 0)
		while (read(close_up[0], &byte, 1) < 0)
			;
	return EAI_NONAME;
}

static void
test_a_slow_name_is_not_waited_for(void **state)
{
	struct mm_policyd_pool *pool = mm_policyd_pool_new(&mm_clock_system);
	struct mm_policyd *service = parse("inet:slow.example:1");
	struct mm_err err = {""};

	(void)state;
	assert_int_equal(0, pipe(close_up));
	assert_null(mm_policyd_ask(pool, service, "a=b\n\n",
	    mm_clock_mono(&mm_clock_system) + 50000, &err));
	assert_string_equal(
	    "inet:slow.example:1: slow.example: no address in time", err.text);
	/* nothing of these is looked at any more */
	mm_policyd_free(service);
	mm_policyd_pool_free(pool);
	close(close_up[1]);

	service = parse("{ inet:slow.example:1, try_limit=1 }");
	pool = mm_policyd_pool_new(&mm_clock_system);
	assert_null(mm_policyd_ask(pool, service, "a=b\n\n",
	    mm_clock_mono(&mm_clock_system) + LONG_US, &err));
	assert_non_null(strstr(err.text, "slow.example: Name or service"));
	mm_policyd_free(service);
	mm_policyd_pool_free(pool);
}

static void
test_nobody_listens(void **state)
{
	struct mm_policyd_pool *pool = mm_policyd_pool_new(&mm_clock_system);
	struct server server;
	struct mm_policyd *service = start(&server, "", "try_limit=2");

	(void)state;
	stop(&server);
	ask(pool, service, NULL, "No such file or directory");
	mm_policyd_free(service);
	service = parse("{ inet:127.0.0.1:1, try_limit=1 }");
	ask(pool, service, NULL, "inet:127.0.0.1:1: connect: ");
	mm_policyd_free(service);
	mm_policyd_pool_free(pool);
}

static void
test_requests_of_a_connection_are_counted(void **state)
{
	struct mm_policyd_pool *pool = mm_policyd_pool_new(&mm_clock_system);
	struct server server;
	struct mm_policyd *service = start(&server, "", "request_limit=2");

	(void)state;
	for (int i = 0; i < 4; i++)
		ask(pool, service, "DUNNO fine", NULL);
	assert_int_equal(2, server.connections);
	assert_int_equal(0, mm_policyd_pool_idle(pool));
	mm_policyd_free(service);
	mm_policyd_pool_free(pool);
	stop(&server);
}

/* Time that passes when it is told to. */
struct hand {
	struct mm_clock clock;
	int64_t us;
};

static int64_t
hand_mono(const struct mm_clock *clock)
{
	return ((const struct hand *)clock)->us;
}

static void
test_old_connections_are_closed(void **state)
{
	struct hand hand = {{NULL, hand_mono}, 0};
	struct mm_policyd_pool *pool = mm_policyd_pool_new(&hand.clock);
	struct server server;
	struct mm_policyd *service =
	    start(&server, "", "max_idle=10s, max_ttl=15s");

	(void)state;
	for (int i = 0; i < 2; i++) { /* at 0 and 9 s: kept */
		struct mm_err err;

		hand.us = i * 9 * INT64_C(1000000);
		free(mm_policyd_ask(
		    pool, service, "x=y\n\n", hand.us + LONG_US, &err));
	}
	assert_int_equal(1, server.connections);
	hand.us = 16 * INT64_C(1000000); /* too old, used 7 s ago */
	mm_policyd_pool_tend(pool);
	assert_int_equal(0, mm_policyd_pool_idle(pool));
	for (int i = 0; i < 2; i++) { /* idle too long */
		struct mm_err err;

		free(mm_policyd_ask(
		    pool, service, "x=y\n\n", hand.us + LONG_US, &err));
		hand.us += 10 * INT64_C(1000000);
	}
	assert_int_equal(3, server.connections);
	mm_policyd_free(service);
	mm_policyd_pool_free(pool);
	stop(&server);
}

static void
test_news_is_told_once(void **state)
{
	struct hand hand = {{NULL, hand_mono}, 0};
	struct mm_policyd_pool *pool = mm_policyd_pool_new(&hand.clock);
	struct mm_policyd *one = parse("inet:a:1"), *two = parse("inet:a:2");

	(void)state;
	assert_false(mm_policyd_news(pool, one, false));
	assert_true(mm_policyd_news(pool, one, true));
	assert_false(mm_policyd_news(pool, one, true));
	assert_true(mm_policyd_news(pool, two, true));
	/* now and then it works: that is no end of it */
	assert_false(mm_policyd_news(pool, one, false));
	hand.us += 11 * INT64_C(1000000);
	assert_true(mm_policyd_news(pool, one, false));
	assert_false(mm_policyd_news(pool, one, false));
	assert_false(mm_policyd_news(pool, two, true));
	assert_true(mm_policyd_news(pool, one, true));
	mm_policyd_free(one);
	mm_policyd_free(two);
	mm_policyd_pool_free(pool);
}

#define ASKERS 8
#define ASKED 40

struct asker {
	struct mm_policyd_pool *pool;
	const struct mm_policyd *service;
};

static void *
ask_often(void *arg)
{
	const struct asker *asker = arg;

	for (int i = 0; i < ASKED; i++)
		ask(asker->pool, asker->service, "DUNNO fine", NULL);
	return NULL;
}

static void
test_many_ask_at_once(void **state)
{
	struct mm_policyd_pool *pool = mm_policyd_pool_new(&mm_clock_system);
	struct server server;
	struct mm_policyd *service = start(&server, "acacacac", "timeout=20s");
	struct asker asker = {pool, service};
	pthread_t thread[ASKERS];

	(void)state;
	for (int i = 0; i < ASKERS; i++)
		assert_int_equal(
		    0, pthread_create(&thread[i], NULL, ask_often, &asker));
	for (int i = 0; i < ASKERS; i++)
		pthread_join(thread[i], NULL);
	assert_true(server.requests >= ASKERS * ASKED);
	assert_true(mm_policyd_pool_idle(pool) <= ASKERS);
	mm_policyd_free(service);
	mm_policyd_pool_free(pool);
	stop(&server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_services_as_written),
	    cmocka_unit_test(test_mistakes_are_named),
	    cmocka_unit_test(test_each_service_is_there_once),
	    cmocka_unit_test(test_replies_as_postfix_reads_them),
	    cmocka_unit_test(test_connections_are_kept),
	    cmocka_unit_test(test_what_was_closed_meanwhile_is_no_failure),
	    cmocka_unit_test(test_tries_again),
	    cmocka_unit_test(test_one_try_where_it_is_known_to_fail),
	    cmocka_unit_test(test_more_than_a_reply_ends_the_connection),
	    cmocka_unit_test(test_a_silent_service_is_not_waited_for),
	    cmocka_unit_test(test_a_slow_name_is_not_waited_for),
	    cmocka_unit_test(test_nobody_listens),
	    cmocka_unit_test(test_requests_of_a_connection_are_counted),
	    cmocka_unit_test(test_old_connections_are_closed),
	    cmocka_unit_test(test_news_is_told_once),
	    cmocka_unit_test(test_many_ask_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* settings_daemon: sockets and logs as written; mistakes found at load. */
#include "lib/err.h"
#include "lib/settings_daemon.h"
#include "tests/test.h"

#include <string.h>

static void
test_sockets(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: fine */
	} cases[] = {
	    {"unix:/run/mailmum.sock", NULL},
	    {"local:/run/mailmum.sock", NULL},
	    {"/run/mailmum.sock", NULL},
	    {"inet:8890@127.0.0.1", NULL},
	    {"inet:8890", NULL},
	    {"inet6:8890@[::1]", NULL},
	    {"fd:3", NULL},
	    {"unix:run/mailmum.sock",
		"\"run/mailmum.sock\" is not a path that begins with \"/\""},
	    {"inet:127.0.0.1:8890", "\"127.0.0.1:8890\": here the port comes "
				    "first: inet:PORT@HOST"},
	    {"inet:0@127.0.0.1", "\"0@127.0.0.1\": the port is not a number "
				 "from 1 to 65535"},
	    {"inet:smtp@127.0.0.1",
		"\"smtp@127.0.0.1\": the port is not a number from 1 to "
		"65535"},
	    {"inet:123456789@127.0.0.1",
		"\"123456789@127.0.0.1\": the port is not a number from 1 to "
		"65535"},
	    {"inet:8890@", "\"8890@\": no host behind \"@\""},
	    {"fd:x", "\"x\" is not the number of a descriptor"},
	    {"", "\"\" is not unix:/PATH, inet:PORT@HOST, inet6:PORT@HOST or "
		 "fd:N"},
	    {"http:80", "\"http:80\" is not unix:/PATH, inet:PORT@HOST, "
			"inet6:PORT@HOST or fd:N"},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_err err;

		if (cases[i].want == NULL) {
			assert_int_equal(
			    0, mm_socket_check(cases[i].text, &err));
			continue;
		}
		assert_int_equal(-1, mm_socket_check(cases[i].text, &err));
		assert_string_equal(cases[i].want, err.text);
	}
}

static void
test_a_long_path_is_refused(void **state)
{
	char text[256] = "unix:/";
	struct mm_err err;

	(void)state;
	memset(text + 6, 'x', 200);
	assert_int_equal(-1, mm_socket_check(text, &err));
	assert_int_equal(-1, mm_control_socket_check(text, &err));
	text[5 + 107] = '\0';
	assert_int_equal(0, mm_socket_check(text, &err));
	assert_int_equal(0, mm_control_socket_check(text, &err));
}

static void
test_the_control_socket_is_a_path(void **state)
{
	struct mm_err err;

	(void)state;
	assert_int_equal(
	    0, mm_control_socket_check("unix:/run/mailmum/c", &err));
	assert_int_equal(-1, mm_control_socket_check("inet:80@[::1]", &err));
	assert_string_equal("\"inet:80@[::1]\" is not unix:/PATH", err.text);
}

static void
test_places_to_log_to(void **state)
{
	static const char *const fine[] = {
	    "", "journal", "syslog", "stderr", "json:/var/log/mailmum.json"};
	static const char *const wrong[] = {
	    "journald", "json:", "json:x", "/var/log/x", "syslog "};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(fine); i++) {
		struct mm_err err;

		assert_int_equal(0, mm_log_to_check(fine[i], &err));
	}
	for (size_t i = 0; i < MM_COUNT(wrong); i++) {
		struct mm_err err;

		assert_int_equal(-1, mm_log_to_check(wrong[i], &err));
	}
}

static void
test_numbers_are_for_this_machine(void **state)
{
	static const struct {
		const char *text, *want;
	} wrong[] = {
	    {"unix:/run/x", "\"unix:/run/x\" is not inet:PORT@ADDRESS or "
			    "inet6:PORT@ADDRESS"},
	    {"inet:9187", "\"inet:9187\" is not inet:PORT@ADDRESS or "
			  "inet6:PORT@ADDRESS"},
	    {"inet:0@127.0.0.1",
		"\"0@127.0.0.1\": the port is not a number from 1 to 65535"},
	    {"inet:9187@mx.example", "\"mx.example\" is not an IPv4 address"},
	    {"inet:9187@::1", "\"::1\" is not an IPv4 address"},
	    {"inet6:9187@[::1", "\"[::1\" is not an IPv6 address"},
	    {"inet6:9187@[]", "\"[]\" is not an IPv6 address"},
	    {"inet:9187@", "\"9187@\": no host behind \"@\""},
	};
	static const char *const open[] = {"inet:9187@0.0.0.0",
	    "inet:9187@192.0.2.1", "inet6:9187@::", "inet6:9187@2001:db8::1"};
	static const char *const fine[] = {"", "inet:9187@127.0.0.1",
	    "inet:9187@127.1.2.3", "inet:9187@localhost", "inet6:9187@::1",
	    "inet6:9187@[::1]", "inet6:9187@localhost"};
	struct mm_err err;

	(void)state;
	for (size_t i = 0; i < MM_COUNT(wrong); i++) {
		assert_int_equal(
		    -1, mm_metrics_listen_check(wrong[i].text, true, &err));
		assert_string_equal(wrong[i].want, err.text);
	}
	for (size_t i = 0; i < MM_COUNT(open); i++) {
		assert_int_equal(
		    -1, mm_metrics_listen_check(open[i], false, &err));
		assert_non_null(strstr(err.text, "metrics_listen_public"));
		assert_int_equal(
		    0, mm_metrics_listen_check(open[i], true, &err));
	}
	for (size_t i = 0; i < MM_COUNT(fine); i++)
		assert_int_equal(
		    0, mm_metrics_listen_check(fine[i], false, &err));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sockets),
	    cmocka_unit_test(test_a_long_path_is_refused),
	    cmocka_unit_test(test_the_control_socket_is_a_path),
	    cmocka_unit_test(test_places_to_log_to),
	    cmocka_unit_test(test_numbers_are_for_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

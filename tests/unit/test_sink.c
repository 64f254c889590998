/* sink: each outlet writes whole lines, and says when nobody takes them. */
#include "lib/sink.h"

#include "lib/decision.h"
#include "lib/err.h"
#include "lib/event.h"
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const struct mm_decision hostile = {
    .action = MM_GREYLISTED,
    .reason = "greylist",
    .stage = "RCPT",
    .client_address = "192.0.2.1",
    .helo = "x\naction=accept \xc3\xa9\xff",
    .sender = "\"a\\b\"@example.org",
    .recipient = "b@example.net",
    .delay = -1,
    .wait_us = 31415,
    .session = "4f1c2a9b",
};
static const char hostile_line[] =
    "action=greylist reason=greylist stage=RCPT client_address=192.0.2.1 "
    "helo=\"x\\x0Aaction=accept \\xC3\\xA9\\xFF\" "
    "sender=\"\\\"a\\\\b\\\"@example.org\" recipient=b@example.net "
    "wait=0.031 session=4f1c2a9b";

static char directory[] = "/tmp/mm_sink_XXXXXX";
static bool own_mounts; /* /run and /dev are ours to fill */

static int
say(struct mm_sink *sink, enum mm_event event, const char *text,
    struct mm_err *err)
{
	const struct mm_notice notice = {.event = event,
	    .list = event == MM_EVENT_LIST_DEAD ? "bl.example.org" : NULL,
	    .text = text};

	return mm_sink_notice(sink, &notice, err);
}

/* A mount namespace with an empty /run and /dev, where that is allowed. */
static int
set_up(void **state)
{
	(void)state;
	own_mounts = (unshare(CLONE_NEWNS) == 0 ||
			 unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) &&
		     mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		     mount("none", "/run", "tmpfs", 0, NULL) == 0 &&
		     mount("none", "/dev", "tmpfs", 0, NULL) == 0;
	return mkdtemp(directory) != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	return rmdir(directory);
}

static void
test_open_refuses(void **state)
{
	static const struct {
		const char *log_to, *want;
	} cases[] = {
	    {"", "\"\" is not a place to log to: journal, syslog, stderr or "
		 "json:FILE"},
	    {"jsno:/tmp/x",
		"\"jsno:/tmp/x\" is not a place to log to: journal, syslog, "
		"stderr or json:FILE"},
	    {"json:",
		"\"json:\" is not a place to log to: journal, syslog, stderr "
		"or json:FILE"},
	    {"stderr:x",
		"\"stderr:x\" is not a place to log to: journal, syslog, "
		"stderr or json:FILE"},
	    {"json:/nonexistent/log",
		"/nonexistent/log: No such file or directory"},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_err err;

		assert_null(mm_sink_open(cases[i].log_to, &err));
		assert_string_equal(cases[i].want, err.text);
	}
}

static void
read_all(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
}

static void
test_stderr_writes_lines(void **state)
{
	char text[4096], want[4096];
	int ends[2], saved = dup(STDERR_FILENO);
	struct mm_sink *sink;
	struct mm_err err;

	(void)state;
	assert_int_equal(0, pipe(ends));
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	sink = mm_sink_open("stderr", &err);
	assert_non_null(sink);
	assert_int_equal(0, mm_sink_decision(sink, &hostile, &err));
	assert_int_equal(
	    0, say(sink, MM_EVENT_READY, "one\ntwo \x1b[31m\xc3\xa9", &err));
	mm_sink_reopen(sink);
	mm_sink_free(sink);
	dup2(saved, STDERR_FILENO);
	close(saved);
	read_all(ends[0], text, sizeof(text));
	close(ends[0]);
	snprintf(want, sizeof(want), "%s\none?two ?[31m??\n", hostile_line);
	assert_string_equal(want, text);
}

static void
read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);

	assert_int_not_equal(-1, fd);
	read_all(fd, text, size);
	close(fd);
}

/* Behind {"time":"2026-08-01T12:00:00.123Z" */
static const char *
behind_time(const char *line)
{
	static const char form[] = "{\"time\":\"dddd-dd-ddTdd:dd:dd.dddZ\"";

	for (size_t i = 0; form[i] != '\0'; i++) {
		if (form[i] == 'd')
			assert_in_range(line[i], '0', '9');
		else
			assert_int_equal(form[i], line[i]);
	}
	return line + strlen(form);
}

static void
test_json_writes_objects_and_reopens(void **state)
{
	char path[64], old[64], log_to[80], text[4096];
	struct mm_sink *sink;
	struct mm_err err;
	char *second;

	(void)state;
	snprintf(path, sizeof(path), "%s/log", directory);
	snprintf(old, sizeof(old), "%s/log.1", directory);
	snprintf(log_to, sizeof(log_to), "json:%s", path);
	sink = mm_sink_open(log_to, &err);
	assert_non_null(sink);
	assert_int_equal(0, mm_sink_decision(sink, &hostile, &err));
	assert_int_equal(0, say(sink, MM_EVENT_LIST_DEAD, "a \"b\"", &err));
	assert_int_equal(0, rename(path, old));
	mm_sink_reopen(sink);
	assert_int_equal(0, say(sink, MM_EVENT_NOTICE, "new", &err));
	mm_sink_free(sink);

	read_file(old, text, sizeof(text));
	second = strchr(text, '\n') + 1;
	second[-1] = '\0';
	assert_string_equal(",\"action\":\"greylist\",\"reason\":\"greylist\","
			    "\"stage\":\"RCPT\","
			    "\"client_address\":\"192.0.2.1\","
			    "\"helo\":\"x\\u000aaction=accept \xc3\xa9"
			    "\xef\xbf\xbd\","
			    "\"sender\":\"\\\"a\\\\b\\\"@example.org\","
			    "\"recipient\":\"b@example.net\","
			    "\"wait\":0.031,\"session\":\"4f1c2a9b\"}",
	    behind_time(text));
	assert_string_equal(
	    ",\"priority\":\"warning\",\"event\":\"list-dead\",\"list\":\"bl."
	    "example.org\",\"message\":\"a \\\"b\\\"\"}\n",
	    behind_time(second));
	read_file(path, text, sizeof(text));
	assert_string_equal(",\"priority\":\"notice\",\"event\":\"notice\","
			    "\"message\":\"new\"}\n",
	    behind_time(text));
	unlink(path);
	unlink(old);
}

/* A full disk tears one line, not the one after it. */
static void
test_json_a_torn_line_stays_alone(void **state)
{
	static const char want[] = ",\"priority\":\"notice\",\"event\":"
				   "\"notice\",\"message\":\"whole\"}\n{";
	char path[64], log_to[80], text[4096];
	struct rlimit was, tight;
	struct mm_sink *sink;
	struct mm_err err;

	(void)state;
	snprintf(path, sizeof(path), "%s/log", directory);
	snprintf(log_to, sizeof(log_to), "json:%s", path);
	sink = mm_sink_open(log_to, &err);
	assert_non_null(sink);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &was));
	tight = was;
	tight.rlim_cur = 40;
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &tight));
	assert_int_equal(-1, say(sink, MM_EVENT_NOTICE, "torn", &err));
	assert_int_equal(-1, say(sink, MM_EVENT_NOTICE, "refused", &err));
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &was));
	assert_int_equal(0, say(sink, MM_EVENT_NOTICE, "whole", &err));
	assert_int_equal(0, say(sink, MM_EVENT_NOTICE, "again", &err));
	mm_sink_free(sink);

	read_file(path, text, sizeof(text));
	assert_int_equal('\n', text[40]);
	assert_memory_equal(want, behind_time(text + 41), sizeof(want) - 1);
	unlink(path);
}

/* A datagram socket that plays a log daemon. */
static int
play_daemon(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = 5};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	assert_int_not_equal(-1, fd);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	assert_int_equal(0, bind(fd, (struct sockaddr *)&at, sizeof(at)));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void
receive(int fd, char *text, size_t size)
{
	ssize_t n = recv(fd, text, size - 1, 0);

	assert_true(n > 0);
	text[n] = '\0';
}

static void
test_syslog_is_told_apart_from_silence(void **state)
{
	char text[4096];
	struct mm_sink *sink;
	struct mm_err err;
	int fd;

	(void)state;
	if (!own_mounts)
		skip();
	assert_null(mm_sink_open("syslog", &err));
	assert_string_equal("no syslog listens on /dev/log: No such file or "
			    "directory",
	    err.text);

	fd = play_daemon("/dev/log");
	sink = mm_sink_open("syslog", &err);
	assert_non_null(sink);
	assert_int_equal(0, mm_sink_decision(sink, &hostile, &err));
	receive(fd, text, sizeof(text));
	assert_memory_equal("<22>", text, 4); /* mail.info */
	assert_non_null(strstr(text, "mailmum["));
	assert_non_null(strstr(text, hostile_line));
	assert_int_equal(0, say(sink, MM_EVENT_STORE, "a\n<0>b", &err));
	receive(fd, text, sizeof(text));
	assert_memory_equal("<19>", text, 4); /* mail.err */
	assert_non_null(strstr(text, "a?<0>b"));
	close(fd);
	unlink("/dev/log");
	assert_int_equal(-1, mm_sink_decision(sink, &hostile, &err));
	mm_sink_free(sink);
}

/* What libsystemd writes: KEY=value lines, or KEY, a length and the bytes. */
static void
test_journal_is_told_apart_from_silence(void **state)
{
	struct mm_sink *sink;
	struct mm_err err;
	char text[8192], id[64];
	int fd;

	(void)state;
	if (!own_mounts)
		skip();
	sink = mm_sink_open("journal", &err);
	assert_null(sink);
	if (strstr(err.text, "built without") != NULL)
		skip();
	assert_string_equal("no journal listens on "
			    "/run/systemd/journal/socket: "
			    "No such file or directory",
	    err.text);

	mkdir("/run/systemd", 0755);
	mkdir("/run/systemd/journal", 0755);
	fd = play_daemon("/run/systemd/journal/socket");
	sink = mm_sink_open("journal", &err);
	assert_non_null(sink);
	assert_int_equal(0, mm_sink_decision(sink, &hostile, &err));
	receive(fd, text, sizeof(text));
	assert_non_null(strstr(text, hostile_line));
	assert_non_null(strstr(text, "SYSLOG_IDENTIFIER=mailmum\n"));
	assert_non_null(strstr(text, "PRIORITY=6\n"));
	snprintf(
	    id, sizeof(id), "MESSAGE_ID=%s\n", mm_event_id(MM_EVENT_GREYLIST));
	assert_non_null(strstr(text, id));
	assert_non_null(strstr(text, "\nMAILMUM_ACTION=greylist\n"));
	assert_non_null(strstr(text, "\nMAILMUM_CLIENT_ADDRESS=192.0.2.1\n"));
	assert_non_null(strstr(text, "\nMAILMUM_HELO\n"));
	assert_null(strstr(text, "\nMAILMUM_LIST"));
	assert_null(strstr(text, "CODE_FILE"));
	assert_int_equal(0, say(sink, MM_EVENT_LIST_DEAD, "a\nb", &err));
	receive(fd, text, sizeof(text));
	assert_non_null(strstr(text, "MESSAGE=a?b\n"));
	assert_non_null(strstr(text, "PRIORITY=4\n"));
	assert_non_null(strstr(text, "MAILMUM_LIST=bl.example.org\n"));
	assert_int_equal(0, say(sink, MM_EVENT_NOTICE, "no more", &err));
	receive(fd, text, sizeof(text));
	assert_null(strstr(text, "MESSAGE_ID"));
	assert_null(strstr(text, "MAILMUM_LIST"));
	close(fd);
	assert_int_equal(-1, mm_sink_decision(sink, &hostile, &err));
	mm_sink_free(sink);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_open_refuses),
	    cmocka_unit_test(test_stderr_writes_lines),
	    cmocka_unit_test(test_json_writes_objects_and_reopens),
	    cmocka_unit_test(test_json_a_torn_line_stays_alone),
	    cmocka_unit_test(test_syslog_is_told_apart_from_silence),
	    cmocka_unit_test(test_journal_is_told_apart_from_silence),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

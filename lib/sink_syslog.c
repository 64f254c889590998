/*
 * sink_syslog - syslog(3), facility mail.
 *
 * The C library says nothing when no one listens on /dev/log; so that is
 * tried here, before each record: a connect() costs a microsecond.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/decision.h"
#include "lib/err.h"
#include "lib/event.h"
#include "lib/sink.h"
#include "lib/str.h"

static int
listens(int type)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0), rc;

	if (fd == -1)
		return -1;
	rc = connect(fd, (const struct sockaddr *)&to, sizeof(to));
	close(fd);
	return rc;
}

static int
probe(struct mm_err *err)
{
	if (listens(SOCK_DGRAM) == 0 ||
	    (errno == EPROTOTYPE && listens(SOCK_STREAM) == 0))
		return 0;
	return mm_err_set(
	    err, "no syslog listens on /dev/log: %s", strerror(errno));
}

static int
put(int priority, const char *text, struct mm_err *err)
{
	char line[MM_LINE_MAX];
	struct mm_buf buf;

	if (probe(err) != 0)
		return -1;
	mm_buf_init(&buf, line, sizeof(line));
	mm_buf_add(&buf, text);
	mm_str_printable(line, '?');
	syslog(priority, "%s", line);
	return 0;
}

static int
syslog_decision(struct mm_sink *sink, const struct mm_decision *decision,
    struct mm_err *err)
{
	char line[MM_LINE_MAX];

	mm_decision_line(decision, line, sizeof(line));
	(void)sink;
	return put(mm_event_priority(mm_event_of(decision->action)), line, err);
}

static int
syslog_notice(
    struct mm_sink *sink, const struct mm_notice *notice, struct mm_err *err)
{
	(void)sink;
	return put(mm_event_priority(notice->event), notice->text, err);
}

static void
syslog_reopen(struct mm_sink *sink)
{
	(void)sink;
}

static void
syslog_free(struct mm_sink *sink)
{
	closelog();
	free(sink);
}

static const struct mm_sink_ops syslog_ops = {
    .decision = syslog_decision,
    .notice = syslog_notice,
    .reopen = syslog_reopen,
    .free = syslog_free,
};

struct mm_sink *
mm_sink_syslog_open(const char *arg, struct mm_err *err)
{
	struct mm_sink *sink;

	(void)arg;
	if (probe(err) != 0)
		return NULL;
	if ((sink = malloc(sizeof(*sink))) == NULL) {
		mm_err_set(err, "out of memory");
		return NULL;
	}
	sink->ops = &syslog_ops;
	openlog("mailmum", LOG_PID, LOG_MAIL);
	return sink;
}

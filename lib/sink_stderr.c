/*
 * sink_stderr - one line to the standard error, for -f and for tests.
 *
 * One write(2) each, so that lines of other writers do not come between.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/decision.h"
#include "lib/err.h"
#include "lib/event.h"
#include "lib/sink.h"
#include "lib/str.h"

static int
put(const char *text, struct mm_err *err)
{
	char line[MM_LINE_MAX + 1];
	struct mm_buf buf;

	/* whatever the text, it is one line and cannot steer a terminal */
	mm_buf_init(&buf, line, sizeof(line) - 1);
	mm_buf_add(&buf, text);
	mm_str_printable(line, '?');
	line[buf.len++] = '\n';
	for (size_t at = 0; at < buf.len;) {
		ssize_t n = write(STDERR_FILENO, line + at, buf.len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return mm_err_set(err, "stderr: %s", strerror(errno));
		at += (size_t)n;
	}
	return 0;
}

static int
stderr_decision(struct mm_sink *sink, const struct mm_decision *decision,
    struct mm_err *err)
{
	char line[MM_LINE_MAX];

	(void)sink;
	mm_decision_line(decision, line, sizeof(line));
	return put(line, err);
}

static int
stderr_notice(
    struct mm_sink *sink, const struct mm_notice *notice, struct mm_err *err)
{
	(void)sink;
	return put(notice->text, err);
}

static void
stderr_reopen(struct mm_sink *sink)
{
	(void)sink;
}

static void
stderr_free(struct mm_sink *sink)
{
	free(sink);
}

static const struct mm_sink_ops stderr_ops = {
    .decision = stderr_decision,
    .notice = stderr_notice,
    .reopen = stderr_reopen,
    .free = stderr_free,
};

struct mm_sink *
mm_sink_stderr_open(const char *arg, struct mm_err *err)
{
	struct mm_sink *sink = malloc(sizeof(*sink));

	(void)arg;
	if (sink == NULL) {
		mm_err_set(err, "out of memory");
		return NULL;
	}
	sink->ops = &stderr_ops;
	return sink;
}

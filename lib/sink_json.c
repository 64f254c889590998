/*
 * sink_json - one JSON object a line, appended to a file (RFC 8259).
 *
 * A decision's members are the record's fields, those without a value left
 * out, after "time"; the daemon's own lines have "time", "priority", "event",
 * where it is about a DNS list also "list", and "message".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "lib/decision.h"
#include "lib/err.h"
#include "lib/event.h"
#include "lib/json.h"
#include "lib/sink.h"

struct json {
	struct mm_sink sink; /* first: it is what callers hold */
	int fd;
	bool torn;     /* the last write left a piece of a line */
	FILE *memory;  /* one line is built here, */
	char *line;    /* stands here */
	size_t length; /* and is so long */
	char path[];
};

/* "time":"2026-08-01T12:00:00.123Z" (RFC 3339) */
static void
begin(struct json *json, struct mm_json *out)
{
	char text[32], whole[48];
	struct timespec now;
	struct tm tm;

	rewind(json->memory);
	mm_json_init(out, json->memory);
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(whole, sizeof(whole), "%s.%03dZ", text,
	    (int)(now.tv_nsec / 1000000));
	mm_json_object(out, NULL);
	mm_json_string(out, "time", whole);
}

static int
end(struct json *json, struct mm_json *out, struct mm_err *err)
{
	char newline[] = "\n";
	struct iovec iov[2];
	ssize_t n;

	mm_json_end(out);
	if (mm_json_finish(out) != 0)
		return mm_err_set(err, "%s", strerror(out->error));
	iov[0] = (struct iovec){newline, json->torn ? 1 : 0};
	iov[1] = (struct iovec){json->line, json->length};
	do {
		n = writev(json->fd, iov, 2);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return mm_err_set(err, "%s: %s", json->path, strerror(errno));
	json->torn = (size_t)n < iov[0].iov_len + iov[1].iov_len;
	if (json->torn)
		return mm_err_set(err, "%s: no room", json->path);
	return 0;
}

static int
json_decision(struct mm_sink *sink, const struct mm_decision *decision,
    struct mm_err *err)
{
	struct json *json = (struct json *)sink;
	struct mm_json out;

	begin(json, &out);
	for (enum mm_field f = 0; f < MM_NFIELDS; f++) {
		char scratch[32];
		const char *value = mm_decision_value(decision, f, scratch);

		if (value[0] == '\0')
			continue;
		if (mm_field_numeric(f))
			mm_json_number(&out, mm_field_name(f), value);
		else
			mm_json_string(&out, mm_field_name(f), value);
	}
	return end(json, &out, err);
}

static int
json_notice(
    struct mm_sink *sink, const struct mm_notice *notice, struct mm_err *err)
{
	static const char *const words[] = {"emerg", "alert", "crit", "err",
	    "warning", "notice", "info", "debug"};
	struct json *json = (struct json *)sink;
	struct mm_json out;

	begin(json, &out);
	mm_json_string(
	    &out, "priority", words[mm_event_priority(notice->event)]);
	mm_json_string(&out, "event", mm_event_word(notice->event));
	if (notice->list != NULL)
		mm_json_string(&out, "list", notice->list);
	mm_json_string(&out, "message", notice->text);
	return end(json, &out, err);
}

static int
open_file(const char *path)
{
	return open(
	    path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
}

/* If it cannot be opened, the old file goes on. */
static void
json_reopen(struct mm_sink *sink)
{
	struct json *json = (struct json *)sink;
	int fd = open_file(json->path);

	if (fd == -1)
		return;
	close(json->fd);
	json->fd = fd;
	json->torn = false;
}

static void
json_free(struct mm_sink *sink)
{
	struct json *json = (struct json *)sink;

	if (json->memory != NULL)
		fclose(json->memory);
	free(json->line);
	if (json->fd != -1)
		close(json->fd);
	free(json);
}

static const struct mm_sink_ops json_ops = {
    .decision = json_decision,
    .notice = json_notice,
    .reopen = json_reopen,
    .free = json_free,
};

struct mm_sink *
mm_sink_json_open(const char *arg, struct mm_err *err)
{
	struct json *json = calloc(1, sizeof(*json) + strlen(arg) + 1);

	if (json == NULL) {
		mm_err_set(err, "out of memory");
		return NULL;
	}
	json->sink.ops = &json_ops;
	memcpy(json->path, arg, strlen(arg) + 1);
	json->fd = open_file(arg);
	if (json->fd != -1)
		json->memory = open_memstream(&json->line, &json->length);
	if (json->memory == NULL) {
		mm_err_set(err, "%s: %s", arg, strerror(errno));
		json_free(&json->sink);
		return NULL;
	}
	return &json->sink;
}

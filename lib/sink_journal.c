/*
 * sink_journal - the journal's own protocol, a field for each of ours.
 *
 * Built only where libsystemd is; sink_nojournal stands in elsewhere.
 * sd_journal_sendv() says "done" also when nobody listens on the journal's
 * socket, so that is tried before each record: a connect() costs about a
 * microsecond, the record itself thirty.
 */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "lib/decision.h"
#include "lib/err.h"
#include "lib/event.h"
#include "lib/sink.h"
#include "lib/str.h"

/* "MAILMUM_", the longest name and "=" before the value */
#define FIELD_MAX (MM_FIELD_VALUE_MAX + 32)

struct journal {
	struct mm_sink sink; /* first: it is what callers hold */
	int probe;	     /* a datagram socket, only ever connected */
};

static int
probe(const struct journal *journal, struct mm_err *err)
{
	struct sockaddr_un to = {
	    .sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket"};

	if (connect(journal->probe, (const struct sockaddr *)&to, sizeof(to)) ==
	    0)
		return 0;
	return mm_err_set(
	    err, "no journal listens on %s: %s", to.sun_path, strerror(errno));
}

static int
send_fields(const struct iovec *iov, int n, struct mm_err *err)
{
	int rc = sd_journal_sendv(iov, n);

	if (rc < 0)
		return mm_err_set(err, "journal: %s", strerror(-rc));
	return 0;
}

/* MAILMUM_CLIENT_NAME=value; the journal takes any bytes in a value. */
static void
set_field(struct iovec *iov, char mem[FIELD_MAX], enum mm_field field,
    const char *value)
{
	size_t len = (size_t)snprintf(mem, FIELD_MAX, "MAILMUM_%s=%.*s",
	    mm_field_name(field), MM_FIELD_VALUE_MAX, value);

	for (char *s = mem; *s != '='; s++)
		*s = (char)toupper((unsigned char)*s);
	*iov = (struct iovec){mem, len};
}

/* What every entry has beside its message. */
#define NCOMMON 3
struct common {
	char identifier[32], priority[16], id[48];
};

static int
set_common(struct iovec *iov, struct common *mem, enum mm_event event)
{
	snprintf(mem->identifier, sizeof(mem->identifier),
	    "SYSLOG_IDENTIFIER=mailmum");
	snprintf(mem->priority, sizeof(mem->priority), "PRIORITY=%d",
	    mm_event_priority(event));
	snprintf(mem->id, sizeof(mem->id), "MESSAGE_ID=%s", mm_event_id(event));
	iov[0] = (struct iovec){mem->identifier, strlen(mem->identifier)};
	iov[1] = (struct iovec){mem->priority, strlen(mem->priority)};
	iov[2] = (struct iovec){mem->id, strlen(mem->id)};
	return *mm_event_id(event) != '\0' ? 3 : 2;
}

static int
journal_decision(struct mm_sink *sink, const struct mm_decision *decision,
    struct mm_err *err)
{
	char line[MM_LINE_MAX] = "MESSAGE=";
	char mem[MM_NFIELDS][FIELD_MAX];
	struct iovec iov[1 + NCOMMON + MM_NFIELDS];
	struct common common;
	int n;

	if (probe((const struct journal *)sink, err) != 0)
		return -1;
	mm_decision_line(decision, line + strlen(line), sizeof(line) - 8);
	iov[0] = (struct iovec){line, strlen(line)};
	n = 1 + set_common(&iov[1], &common, mm_event_of(decision->action));
	for (enum mm_field f = 0; f < MM_NFIELDS; f++) {
		char scratch[32];
		const char *value = mm_decision_value(decision, f, scratch);

		if (value[0] != '\0')
			set_field(&iov[n++], mem[f], f, value);
	}
	return send_fields(iov, n, err);
}

static int
journal_notice(
    struct mm_sink *sink, const struct mm_notice *notice, struct mm_err *err)
{
	char line[MM_LINE_MAX], mem[FIELD_MAX];
	struct iovec iov[1 + NCOMMON + 1];
	struct common common;
	int n;

	if (probe((const struct journal *)sink, err) != 0)
		return -1;
	snprintf(line, sizeof(line), "MESSAGE=%s", notice->text);
	mm_str_printable(line, '?');
	iov[0] = (struct iovec){line, strlen(line)};
	n = 1 + set_common(&iov[1], &common, notice->event);
	if (notice->list != NULL)
		set_field(&iov[n++], mem, MM_FIELD_LIST, notice->list);
	return send_fields(iov, n, err);
}

static void
journal_reopen(struct mm_sink *sink)
{
	(void)sink;
}

static void
journal_free(struct mm_sink *sink)
{
	close(((struct journal *)sink)->probe);
	free(sink);
}

static const struct mm_sink_ops journal_ops = {
    .decision = journal_decision,
    .notice = journal_notice,
    .reopen = journal_reopen,
    .free = journal_free,
};

struct mm_sink *
mm_sink_journal_open(const char *arg, struct mm_err *err)
{
	struct journal *journal = malloc(sizeof(*journal));

	(void)arg;
	if (journal == NULL) {
		mm_err_set(err, "out of memory");
		return NULL;
	}
	journal->sink.ops = &journal_ops;
	journal->probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (journal->probe == -1) {
		mm_err_set(err, "journal: %s", strerror(errno));
		free(journal);
		return NULL;
	}
	if (probe(journal, err) != 0) {
		journal_free(&journal->sink);
		return NULL;
	}
	return &journal->sink;
}

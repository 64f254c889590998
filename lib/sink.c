/* sink - see sink.h. */
#include "lib/sink.h"

#include <stdbool.h>
#include <string.h>

#include "lib/err.h"

/* clang-format off */
static const struct {
	const char *word;
	bool takes_arg;
	struct mm_sink *(*open)(const char *arg, struct mm_err *err);
} backends[] = {
	{ "journal", false, mm_sink_journal_open },
	{ "syslog",  false, mm_sink_syslog_open },
	{ "stderr",  false, mm_sink_stderr_open },
	{ "json",    true,  mm_sink_json_open },
};
/* clang-format on */

struct mm_sink *
mm_sink_open(const char *log_to, struct mm_err *err)
{
	size_t len = strcspn(log_to, ":");
	const char *arg = log_to[len] == ':' ? log_to + len + 1 : "";

	for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
		if (strlen(backends[i].word) != len ||
		    strncmp(backends[i].word, log_to, len) != 0 ||
		    backends[i].takes_arg != (arg[0] != '\0'))
			continue;
		return backends[i].open(arg, err);
	}
	mm_err_set(err,
	    "\"%s\" is not a place to log to: journal, syslog, stderr or "
	    "json:FILE",
	    log_to);
	return NULL;
}

int
mm_sink_decision(struct mm_sink *sink, const struct mm_decision *decision,
    struct mm_err *err)
{
	return sink->ops->decision(sink, decision, err);
}

int
mm_sink_notice(
    struct mm_sink *sink, const struct mm_notice *notice, struct mm_err *err)
{
	return sink->ops->notice(sink, notice, err);
}

void
mm_sink_reopen(struct mm_sink *sink)
{
	sink->ops->reopen(sink);
}

void
mm_sink_free(struct mm_sink *sink)
{
	if (sink != NULL)
		sink->ops->free(sink);
}

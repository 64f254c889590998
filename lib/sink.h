/*
 * sink - where decisions and the daemon's own lines go.
 *
 * Backends: sink_stderr, sink_syslog, sink_journal, sink_json.
 * Threads: confined to the logger once open.
 */
#ifndef MM_SINK_H
#define MM_SINK_H

struct mm_decision;
struct mm_err;
struct mm_notice;

struct mm_sink;
struct mm_sink_ops {
	/* 0, or -1 with *err: it was not written. */
	int (*decision)(struct mm_sink *sink,
	    const struct mm_decision *decision, struct mm_err *err);
	int (*notice)(struct mm_sink *sink, const struct mm_notice *notice,
	    struct mm_err *err);
	void (*reopen)(struct mm_sink *sink); /* after log rotation */
	void (*free)(struct mm_sink *sink);
};
struct mm_sink {
	const struct mm_sink_ops *ops;
};

/*
 * log_to: "journal", "syslog", "stderr", "json:FILE".  NULL: *err, among
 * others because no journal listens, which its library would not tell.
 */
struct mm_sink *mm_sink_open(const char *log_to, struct mm_err *err);
/* The backends, each named by a row in sink.c; arg is what stands behind the
 * colon of log_to, "" without one. */
struct mm_sink *mm_sink_journal_open(const char *arg, struct mm_err *err);
struct mm_sink *mm_sink_syslog_open(const char *arg, struct mm_err *err);
struct mm_sink *mm_sink_stderr_open(const char *arg, struct mm_err *err);
struct mm_sink *mm_sink_json_open(const char *arg, struct mm_err *err);

int mm_sink_decision(struct mm_sink *sink, const struct mm_decision *decision,
    struct mm_err *err);
int mm_sink_notice(
    struct mm_sink *sink, const struct mm_notice *notice, struct mm_err *err);
void mm_sink_reopen(struct mm_sink *sink);
void mm_sink_free(struct mm_sink *sink); /* NULL is fine */

#endif

/*
 * logger - the one thread that writes records and the daemon's own lines.
 *
 * A bounded queue stands before it, so that a slow journal never holds up
 * mail.  What had to be dropped, by a full queue or a sink that refuses, is
 * counted, and said as soon as something can be written again.
 * Threads: shared.
 */
#ifndef MM_MILTER_LOGGER_H
#define MM_MILTER_LOGGER_H

#include <stdbool.h>

struct logger;
struct mm_decision;
struct mm_err;
struct mm_metrics;

/*
 * metrics outlives it.  If log_to cannot be opened now, *err says why and
 * *fine is false: standby ("stderr") takes its place, or, if that is NULL, it
 * is tried again every second.  NULL: no memory, no thread; *err.
 */
struct logger *logger_new(const char *log_to, const char *standby,
    struct mm_metrics *metrics, bool *fine, struct mm_err *err);
/* Writes what is queued, for a bounded time, and ends the thread.  NULL is
 * fine. */
void logger_free(struct logger *logger);

/* priority: LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO of syslog(3). */
void logger_say(struct logger *logger, int priority, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void logger_decision(struct logger *logger, const struct mm_decision *decision);
/* Files are opened anew, after log rotation. */
void logger_reopen(struct logger *logger);

#endif

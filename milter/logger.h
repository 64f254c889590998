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

#include "lib/event.h"

struct logger;
struct mm_decision;
struct mm_err;
struct mm_metrics;

/*
 * metrics outlives it.  If log_to cannot be opened now, *err says why and
 * *fine is false: the first of standbys that can be opened takes its place,
 * and without one it is tried again every second.  standbys: two, or NULL
 * for less.  NULL: no memory, no thread; *err.
 */
struct logger *logger_new(const char *log_to, const char *const standbys[2],
    struct mm_metrics *metrics, bool *fine, struct mm_err *err);
/* Writes what is queued, for a bounded time, and ends the thread.  NULL is
 * fine. */
void logger_free(struct logger *logger);

void logger_say(struct logger *logger, enum mm_event event, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));
/* About a DNS list, by its label. */
void logger_say_list(struct logger *logger, enum mm_event event,
    const char *list, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void logger_decision(struct logger *logger, const struct mm_decision *decision);
/* Files are opened anew, after log rotation. */
void logger_reopen(struct logger *logger);

#endif

/* logger - see logger.h. */
#include "milter/logger.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/decision.h"
#include "lib/err.h"
#include "lib/metrics.h"
#include "lib/sink.h"

#define QUEUE_MAX 8192 /* entries; some ten MiB if all are as long as can be */
#define SAY_MAX 2048
#define LINGER_MS 5
#define DRAIN_SECONDS 2 /* a stop waits no longer for a slow sink */

/* One of the two is set. */
struct entry {
	struct mm_decision *decision;
	char *text;
	char *list; /* with text, or NULL */
	enum mm_event event;
};

struct logger {
	struct mm_metrics *metrics;
	char *log_to;
	pthread_t thread;

	pthread_mutex_t lock; /* covers what follows */
	pthread_cond_t filled;
	pthread_cond_t ended;
	struct entry queue[QUEUE_MAX]; /* a ring */
	size_t first, n;
	uint64_t dropped; /* by a full queue, not said yet */
	bool asleep, reopen, stop, done;

	/* the thread's own */
	struct mm_sink *sink; /* NULL: cannot be opened at present */
	bool standing_in;     /* the sink is not log_to's */
	time_t tried;
	uint64_t refused; /* by the sink, not said yet */
	struct mm_err why;
};

static void
entry_clear(struct entry *entry)
{
	free(entry->decision);
	free(entry->text);
	free(entry->list);
}

/* A sink that was not there is looked for once a second. */
static bool
have_sink(struct logger *logger)
{
	time_t now = time(NULL);

	if (logger->sink == NULL && now != logger->tried) {
		logger->tried = now;
		logger->sink = mm_sink_open(logger->log_to, &logger->why);
	}
	return logger->sink != NULL;
}

static int
put(struct logger *logger, const struct entry *entry)
{
	const struct mm_notice notice = {
	    .event = entry->event, .list = entry->list, .text = entry->text};

	if (!have_sink(logger))
		return -1;
	if (entry->decision != NULL)
		return mm_sink_decision(
		    logger->sink, entry->decision, &logger->why);
	return mm_sink_notice(logger->sink, &notice, &logger->why);
}

static int
say_lost(struct logger *logger, uint64_t n, const char *why)
{
	char text[MM_ERR_MAX + 64];
	const struct mm_notice notice = {
	    .event = MM_EVENT_LOG_LOST, .text = text};

	snprintf(text, sizeof(text), "%llu log records were lost: %s",
	    (unsigned long long)n, why);
	return mm_sink_notice(logger->sink, &notice, &logger->why);
}

/* dropped: by the queue since the last call. */
static void
write_entry(struct logger *logger, const struct entry *entry, uint64_t *dropped)
{
	struct mm_err why = logger->why;

	if (put(logger, entry) != 0) {
		logger->refused++;
		mm_metric_add(logger->metrics, MM_LOG_DROPPED, 1);
		return;
	}
	if (logger->refused > 0 &&
	    say_lost(logger, logger->refused, why.text) == 0)
		logger->refused = 0;
	if (*dropped > 0 && say_lost(logger, *dropped,
				"they came faster than they could be "
				"written") == 0)
		*dropped = 0;
}

/* Woken by one record, it lets some more come: under load the callbacks then
 * find it awake, and need no system call to tell it. */
static void
sleep_until_filled(struct logger *logger)
{
	const struct timespec linger = {.tv_nsec = LINGER_MS * 1000000};
	bool slept = false;

	while (logger->n == 0 && !logger->stop && !logger->reopen) {
		logger->asleep = slept = true;
		pthread_cond_wait(&logger->filled, &logger->lock);
		logger->asleep = false;
	}
	if (!slept || logger->stop)
		return;
	pthread_mutex_unlock(&logger->lock);
	nanosleep(&linger, NULL);
	pthread_mutex_lock(&logger->lock);
}

static void
reopen_sink(struct logger *logger)
{
	struct mm_sink *sink;

	if (!logger->standing_in) {
		if (logger->sink != NULL)
			mm_sink_reopen(logger->sink);
		return;
	}
	if ((sink = mm_sink_open(logger->log_to, &logger->why)) == NULL)
		return;
	mm_sink_free(logger->sink);
	logger->sink = sink;
	logger->standing_in = false;
}

/* Takes the oldest entry; false: the queue is empty and will stay so. */
static bool
take(struct logger *logger, struct entry *ret, uint64_t *dropped)
{
	bool reopen, got;

	pthread_mutex_lock(&logger->lock);
	sleep_until_filled(logger);
	reopen = logger->reopen;
	logger->reopen = false;
	got = logger->n > 0;
	if (got) {
		*ret = logger->queue[logger->first];
		logger->first = (logger->first + 1) % QUEUE_MAX;
		logger->n--;
	} else {
		*ret = (struct entry){0};
	}
	*dropped += logger->dropped;
	logger->dropped = 0;
	got = got || !logger->stop;
	pthread_mutex_unlock(&logger->lock);

	if (reopen)
		reopen_sink(logger);
	return got;
}

static void *
run(void *arg)
{
	struct logger *logger = arg;
	uint64_t dropped = 0;
	struct entry entry;

	while (take(logger, &entry, &dropped)) {
		if (entry.decision != NULL || entry.text != NULL)
			write_entry(logger, &entry, &dropped);
		entry_clear(&entry);
	}
	pthread_mutex_lock(&logger->lock);
	logger->done = true;
	pthread_cond_signal(&logger->ended);
	pthread_mutex_unlock(&logger->lock);
	return NULL;
}

static int
open_sink(struct logger *logger, const char *log_to,
    const char *const standbys[2], bool *fine, struct mm_err *err)
{
	struct mm_err ignored;

	if ((logger->log_to = strdup(log_to)) == NULL)
		return mm_err_set(err, "out of memory");
	logger->sink = mm_sink_open(log_to, err);
	*fine = logger->sink != NULL;
	logger->tried = time(NULL);
	for (int i = 0; i < 2; i++)
		if (logger->sink == NULL && standbys[i] != NULL)
			logger->sink = mm_sink_open(standbys[i], &ignored);
	logger->standing_in = !*fine && logger->sink != NULL;
	return 0;
}

struct logger *
logger_new(const char *log_to, const char *const standbys[2],
    struct mm_metrics *metrics, bool *fine, struct mm_err *err)
{
	struct logger *logger = calloc(1, sizeof(*logger));
	int rc;

	if (logger == NULL) {
		mm_err_set(err, "out of memory");
		return NULL;
	}
	logger->metrics = metrics;
	pthread_mutex_init(&logger->lock, NULL);
	pthread_cond_init(&logger->filled, NULL);
	pthread_cond_init(&logger->ended, NULL);
	if (open_sink(logger, log_to, standbys, fine, err) != 0)
		goto fail;
	if ((rc = pthread_create(&logger->thread, NULL, run, logger)) != 0) {
		mm_err_set(err, "cannot start the logger: %s", strerror(rc));
		goto fail;
	}
	return logger;

fail:
	mm_sink_free(logger->sink);
	free(logger->log_to);
	free(logger);
	return NULL;
}

/* entry's memory is taken over, or freed if the queue is full. */
static void
enqueue(struct logger *logger, struct entry *entry)
{
	bool full, wake = false;

	pthread_mutex_lock(&logger->lock);
	full = logger->n == QUEUE_MAX || logger->stop;
	if (full) {
		logger->dropped++;
	} else {
		logger->queue[(logger->first + logger->n) % QUEUE_MAX] = *entry;
		logger->n++;
		wake = logger->asleep;
	}
	if (wake)
		pthread_cond_signal(&logger->filled);
	pthread_mutex_unlock(&logger->lock);
	if (full) {
		mm_metric_add(logger->metrics, MM_LOG_DROPPED, 1);
		entry_clear(entry);
	}
}

static void
say(struct logger *logger, enum mm_event event, const char *list,
    const char *fmt, va_list ap)
{
	struct entry entry = {.event = event};
	char line[SAY_MAX];

	vsnprintf(line, sizeof(line), fmt, ap);
	entry.text = strdup(line);
	entry.list = list != NULL ? strdup(list) : NULL;
	if (entry.text == NULL || (list != NULL && entry.list == NULL)) {
		mm_metric_add(logger->metrics, MM_LOG_DROPPED, 1);
		entry_clear(&entry);
		return;
	}
	enqueue(logger, &entry);
}

void
logger_say(struct logger *logger, enum mm_event event, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(logger, event, NULL, fmt, ap);
	va_end(ap);
}

void
logger_say_list(struct logger *logger, enum mm_event event, const char *list,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(logger, event, list, fmt, ap);
	va_end(ap);
}

void
logger_decision(struct logger *logger, const struct mm_decision *decision)
{
	struct entry entry = {.decision = mm_decision_copy(decision)};

	if (entry.decision == NULL) {
		mm_metric_add(logger->metrics, MM_LOG_DROPPED, 1);
		return;
	}
	enqueue(logger, &entry);
}

void
logger_reopen(struct logger *logger)
{
	pthread_mutex_lock(&logger->lock);
	logger->reopen = true;
	pthread_cond_signal(&logger->filled);
	pthread_mutex_unlock(&logger->lock);
}

void
logger_free(struct logger *logger)
{
	struct timespec until;
	bool done;

	if (logger == NULL)
		return;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += DRAIN_SECONDS;
	pthread_mutex_lock(&logger->lock);
	logger->stop = true;
	pthread_cond_signal(&logger->filled);
	while (!logger->done && pthread_cond_timedwait(&logger->ended,
				    &logger->lock, &until) != ETIMEDOUT)
		;
	done = logger->done;
	pthread_mutex_unlock(&logger->lock);
	if (!done)
		return; /* stuck in its sink: the process ends around it */
	pthread_join(logger->thread, NULL);
	mm_sink_free(logger->sink);
	free(logger->log_to);
	free(logger);
}

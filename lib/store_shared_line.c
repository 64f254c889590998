/* store_shared_line - see store_shared_line.h, and store_shared_talk.h. */
#include "lib/store_shared_talk.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/err.h"

#define OPEN_US (INT64_C(1000) * 1000) /* for one server to be opened */
#define PAUSES 8 /* times longer is a pause at most than it is at first */
#define CALM_US (10 * INT64_C(1000) * 1000) /* what has worked so long, works */
#define IDLE_US (5 * INT64_C(1000) * 1000)  /* then it is asked how it is */
#define LAST_US (INT64_C(1000) * 1000)	    /* for the queue, at the end */
#define LATE_MAX 3 /* questions in a row that got no answer in time */

static int64_t
mono(const struct mm_shared_line *line)
{
	return mm_clock_mono(line->clock);
}

static void
tell_service(const struct mm_shared_line *line, const struct mm_err *why)
{
	if (line->config->news != NULL)
		line->config->news(line->config->ctx, why == NULL,
		    why == NULL ? NULL : why->text);
}

/* Waits for line->work until at (monotonic, us); call locked. */
static void
wait_until(struct mm_shared_line *line, int64_t at)
{
	struct timespec until = {
	    .tv_sec = at / 1000000, .tv_nsec = at % 1000000 * 1000};

	pthread_cond_timedwait(&line->work, &line->lock, &until);
}

static void
ask_unref(struct mm_shared_ask *ask)
{
	if (--ask->refs > 0)
		return;
	pthread_cond_destroy(&ask->answered);
	free(ask);
}

/* Call locked. */
static void
answer(struct mm_shared_ask *ask, enum mm_shared_answer how)
{
	ask->how = how;
	pthread_cond_signal(&ask->answered);
	ask_unref(ask);
}

/* Not before a while, which is longer each time, unless it had worked for
 * long; call locked. */
static void
postpone(struct mm_shared_line *line)
{
	int64_t now = mono(line), least = line->config->pause_ms * 1000;

	if (line->due > now)
		return;
	if (atomic_load(&line->works) && now - line->since > CALM_US)
		line->pause = least;
	line->due = now + line->pause;
	line->pause *= 2;
	if (line->pause > PAUSES * least)
		line->pause = PAUSES * least;
}

/* No question any more, until the thread knows better; call locked.  True:
 * that is new. */
static bool
give_up(struct mm_shared_line *line)
{
	struct mm_shared_ask *ask;

	postpone(line);
	while ((ask = line->first) != NULL) {
		line->first = ask->next;
		answer(ask, MM_SHARED_BROKEN);
	}
	line->end = &line->first;
	line->late = 0;
	return atomic_exchange(&line->works, false);
}

static void
broken(struct mm_shared_line *line, const struct mm_err *why)
{
	mm_redis_close(line->redis);
	line->redis = NULL;
	pthread_mutex_lock(&line->lock);
	give_up(line);
	pthread_mutex_unlock(&line->lock);
	tell_service(line, why);
}

static bool
stops(struct mm_shared_line *line)
{
	bool stop;

	pthread_mutex_lock(&line->lock);
	stop = line->stop;
	pthread_mutex_unlock(&line->lock);
	return stop;
}

/* By the first peer that leads to a server. */
static int
open_any(struct mm_shared_line *line, struct mm_err *err)
{
	const struct mm_redis_config *config = &line->config->redis;

	for (size_t i = 0; i < config->npeers && !stops(line); i++) {
		const struct mm_wait wait = {line->clock, mono(line) + OPEN_US};

		line->redis =
		    mm_redis_open(config, &config->peer[i], &wait, err);
		if (line->redis != NULL)
			return 0;
	}
	return -1;
}

/*
 * The connection is fine.  It may be asked only if it would have answered in
 * time.
 */
static void
probe(struct mm_shared_line *line)
{
	int64_t took = mono(line);
	struct mm_err err;
	bool fast;

	if (mm_shared_ping(line, &err) != 0) {
		broken(line, &err);
		return;
	}
	took = mono(line) - took;
	fast = took <= line->config->deadline_ms * 1000;
	pthread_mutex_lock(&line->lock);
	if (!fast)
		postpone(line);
	else if (!atomic_exchange(&line->works, true))
		line->since = mono(line);
	pthread_mutex_unlock(&line->lock);
	if (fast)
		tell_service(line, NULL);
}

/* What there is to do next; call locked. */
static enum mm_shared_turn
look(struct mm_shared_line *line, int64_t *until)
{
	int64_t now = mono(line);

	*until = now + IDLE_US;
	if (line->redis == NULL || !atomic_load(&line->works)) {
		*until = line->due;
		if (now >= line->due)
			return line->redis == NULL ? MM_SHARED_OPEN
						   : MM_SHARED_PROBE;
	}
	if (line->redis != NULL && (line->first != NULL || line->queued > 0))
		return MM_SHARED_TALK;
	return MM_SHARED_REST;
}

/* Waits for something to do.  False: it is over. */
static bool
next_turn(struct mm_shared_line *line, enum mm_shared_turn *turn)
{
	bool goes_on, idle;
	int64_t until;

	pthread_mutex_lock(&line->lock);
	*turn = look(line, &until);
	if (*turn == MM_SHARED_REST && !line->stop) {
		wait_until(line, until);
		idle = mono(line) >= until;
		*turn = look(line, &until);
		/* nothing for so long: is it still there? */
		if (*turn == MM_SHARED_REST && idle && line->redis != NULL)
			*turn = MM_SHARED_PROBE;
	}
	goes_on =
	    !line->stop || (*turn == MM_SHARED_TALK && mono(line) < line->last);
	pthread_mutex_unlock(&line->lock);
	return goes_on;
}

static void
talk(struct mm_shared_line *line)
{
	struct mm_shared_ask *asks, *ask;
	struct mm_err err;
	int rc;

	pthread_mutex_lock(&line->lock);
	asks = line->first;
	line->first = NULL;
	line->end = &line->first;
	pthread_mutex_unlock(&line->lock);

	rc = mm_shared_batch(line, asks, &err);

	pthread_mutex_lock(&line->lock);
	while ((ask = asks) != NULL) {
		asks = ask->next;
		answer(ask, rc == 0 ? MM_SHARED_ANSWERED : MM_SHARED_BROKEN);
	}
	pthread_mutex_unlock(&line->lock);
	if (rc != 0)
		broken(line, &err);
	else if (atomic_load(&line->works))
		tell_service(line, NULL);
}

static void *
run(void *arg)
{
	struct mm_shared_line *line = arg;
	enum mm_shared_turn turn;
	struct mm_err err;

	while (next_turn(line, &turn)) {
		switch (turn) {
		case MM_SHARED_OPEN:
			if (open_any(line, &err) != 0) {
				broken(line, &err);
				break;
			}
			/* fallthrough */
		case MM_SHARED_PROBE:
			probe(line);
			break;
		case MM_SHARED_TALK:
			talk(line);
			break;
		case MM_SHARED_REST:
			break;
		}
	}
	return NULL;
}

/* The thread takes no signal: they are the supervisor's, and OpenSSL would
 * raise SIGPIPE in it. */
static int
start(struct mm_shared_line *line)
{
	sigset_t all, were;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &were);
	rc = pthread_create(&line->thread, NULL, run, line);
	pthread_sigmask(SIG_SETMASK, &were, NULL);
	return rc;
}

struct mm_shared_line *
mm_shared_line_new(const struct mm_shared_config *config,
    const struct mm_clock *clock, struct mm_err *err)
{
	struct mm_shared_line *line = calloc(1, sizeof(*line));

	if (line == NULL || (line->queue = calloc(MM_SHARED_QUEUE,
				 sizeof(*line->queue))) == NULL) {
		free(line);
		mm_err_set(err, "out of memory");
		return NULL;
	}
	line->config = config;
	line->clock = clock;
	line->pause = config->pause_ms * 1000;
	line->end = &line->first;
	pthread_mutex_init(&line->lock, NULL);
	mm_clock_cond_init(&line->work);
	if (start(line) == 0)
		return line;
	mm_err_set(err, "no thread can be made");
	pthread_cond_destroy(&line->work);
	pthread_mutex_destroy(&line->lock);
	free(line->queue);
	free(line);
	return NULL;
}

void
mm_shared_line_free(struct mm_shared_line *line)
{
	if (line == NULL)
		return;
	pthread_mutex_lock(&line->lock);
	line->stop = true;
	line->last = mono(line) + LAST_US;
	pthread_cond_signal(&line->work);
	pthread_mutex_unlock(&line->lock);
	pthread_join(line->thread, NULL);
	mm_redis_close(line->redis);
	pthread_cond_destroy(&line->work);
	pthread_mutex_destroy(&line->lock);
	free(line->queue);
	free(line);
}

void
mm_shared_line_tell(
    struct mm_shared_line *line, const struct mm_shared_news *news)
{
	pthread_mutex_lock(&line->lock);
	if (line->queued == MM_SHARED_QUEUE) { /* the oldest goes */
		line->head = (line->head + 1) % MM_SHARED_QUEUE;
		line->queued--;
		line->taken -= line->taken > 0;
		atomic_fetch_add(&line->dropped, 1);
	}
	line->queue[(line->head + line->queued++) % MM_SHARED_QUEUE] = *news;
	/* else it has time until the thread tries Redis again */
	if (atomic_load(&line->works))
		pthread_cond_signal(&line->work);
	pthread_mutex_unlock(&line->lock);
}

bool
mm_shared_line_works(const struct mm_shared_line *line)
{
	return atomic_load(&line->works);
}

void
mm_shared_line_skip(struct mm_shared_line *line)
{
	atomic_fetch_add(&line->skipped, 1);
}

/* Whoever waited in vain tells the next ones. */
static void
count_late(struct mm_shared_line *line)
{
	struct mm_err why;
	bool news;

	pthread_mutex_lock(&line->lock);
	news = ++line->late >= LATE_MAX && give_up(line);
	pthread_mutex_unlock(&line->lock);
	if (!news)
		return;
	mm_err_set(&why, "no answer within %d ms, several times in a row",
	    (int)line->config->deadline_ms);
	tell_service(line, &why);
}

/* Waits for the answer, at most until then.  Call locked. */
static enum mm_shared_answer
wait_for(struct mm_shared_line *line, struct mm_shared_ask *ask, int64_t at)
{
	struct timespec until = {
	    .tv_sec = at / 1000000, .tv_nsec = at % 1000000 * 1000};

	while (ask->how == MM_SHARED_UNANSWERED &&
	       pthread_cond_timedwait(&ask->answered, &line->lock, &until) == 0)
		;
	return ask->how;
}

static struct mm_shared_ask *
ask_new(const struct mm_shared_question *question)
{
	struct mm_shared_ask *ask = calloc(1, sizeof(*ask));

	if (ask == NULL)
		return NULL;
	ask->question = *question;
	ask->refs = 2; /* who asks, and who answers */
	mm_clock_cond_init(&ask->answered);
	return ask;
}

static bool
knows_something(const struct mm_shared_question *question)
{
	bool any = false;

	for (size_t i = 0; i < question->n; i++)
		any |= question->record[i].first != 0 ||
		       question->record[i].last != 0;
	return any;
}

static bool
count_answer(struct mm_shared_line *line, enum mm_shared_answer how,
    const struct mm_shared_question *question)
{
	switch (how) {
	case MM_SHARED_ANSWERED:
		atomic_fetch_add(
		    knows_something(question) ? &line->found : &line->missed,
		    1);
		return true;
	case MM_SHARED_BROKEN:
		atomic_fetch_add(&line->errors, 1);
		break;
	case MM_SHARED_UNANSWERED:
		atomic_fetch_add(&line->timeouts, 1);
		count_late(line);
		break;
	}
	return false;
}

bool
mm_shared_line_ask(
    struct mm_shared_line *line, struct mm_shared_question *question)
{
	/* a tenth less: whoever waits is woken a little late */
	int64_t until = mono(line) + line->config->deadline_ms * 900;
	struct mm_shared_ask *ask = ask_new(question);
	enum mm_shared_answer how = MM_SHARED_BROKEN;

	atomic_fetch_add(&line->asked, 1);
	if (ask == NULL)
		return count_answer(line, how, question);
	pthread_mutex_lock(&line->lock);
	if (atomic_load(&line->works)) {
		*line->end = ask;
		line->end = &ask->next;
		pthread_cond_signal(&line->work);
		how = wait_for(line, ask, until);
	} else
		ask->refs--;
	if (how == MM_SHARED_ANSWERED) {
		*question = ask->question;
		line->late = 0;
	}
	ask_unref(ask);
	pthread_mutex_unlock(&line->lock);
	return count_answer(line, how, question);
}

void
mm_shared_line_stats(struct mm_shared_line *line, struct mm_shared_stats *ret)
{
	*ret = (struct mm_shared_stats){
	    .works = atomic_load(&line->works),
	    .asked = atomic_load(&line->asked),
	    .found = atomic_load(&line->found),
	    .missed = atomic_load(&line->missed),
	    .timeouts = atomic_load(&line->timeouts),
	    .errors = atomic_load(&line->errors),
	    .garbage = atomic_load(&line->garbage),
	    .skipped = atomic_load(&line->skipped),
	    .written = atomic_load(&line->written),
	    .dropped = atomic_load(&line->dropped),
	};
	pthread_mutex_lock(&line->lock);
	ret->queued = line->queued;
	pthread_mutex_unlock(&line->lock);
}

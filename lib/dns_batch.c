/* dns_batch - see dns.h and dns_batch.h. */
#include "lib/dns_batch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/dns_answer.h"

/*
 * Few questions are under way at a time, no more than a policy has in store
 * for one session, so a plain array is searched from end to end.
 */
struct entry {
	uint64_t hash;
	struct mm_batch_item *item;
};
struct mm_batch {
	pthread_mutex_t lock; /* a leaf: only pure next() is called under it */
	pthread_cond_t finished;
	size_t refs; /* the session, and each item under way */
	bool closed;
	const struct mm_batch_item *awaited;
	struct entry *entries; /* not kept up once closed */
	size_t n, size;
};

struct mm_batch *
mm_batch_new(void)
{
	struct mm_batch *batch = calloc(1, sizeof(*batch));

	if (batch == NULL)
		return NULL;
	/* does not fail with glibc */
	pthread_mutex_init(&batch->lock, NULL);
	mm_clock_cond_init(&batch->finished);
	batch->refs = 1;
	return batch;
}

static void
free_batch(struct mm_batch *batch)
{
	pthread_cond_destroy(&batch->finished);
	pthread_mutex_destroy(&batch->lock);
	free(batch->entries);
	free(batch);
}

static void
free_item(struct mm_batch_item *item)
{
	mm_dns_answer_unref(item->answer);
	free(item);
}

void
mm_batch_close(struct mm_batch *batch)
{
	bool last;

	if (batch == NULL)
		return;
	pthread_mutex_lock(&batch->lock);
	batch->closed = true;
	for (size_t i = 0; i < batch->n; i++) {
		if (batch->entries[i].item->answer != NULL)
			free_item(batch->entries[i].item);
	}
	batch->n = 0;
	last = --batch->refs == 0;
	pthread_mutex_unlock(&batch->lock);
	if (last)
		free_batch(batch);
}

bool
mm_batch_closed(struct mm_batch *batch)
{
	bool closed;

	pthread_mutex_lock(&batch->lock);
	closed = batch->closed;
	pthread_mutex_unlock(&batch->lock);
	return closed;
}

static struct mm_batch_item *
find(const struct mm_batch *batch, uint64_t hash, const char *name,
    enum mm_dns_type type)
{
	for (size_t i = 0; i < batch->n; i++) {
		struct mm_batch_item *item = batch->entries[i].item;

		if (batch->entries[i].hash == hash &&
		    item->question.type == type &&
		    strcmp(item->question.name, name) == 0)
			return item;
	}
	return NULL;
}

/* A copy with strings of its own: the policy may be gone before it ends. */
static struct mm_batch_item *
new_item(struct mm_batch *batch, const struct mm_dns_question *question,
    uint64_t hash)
{
	size_t name = strlen(question->name) + 1;
	size_t zone = question->zone != NULL ? strlen(question->zone) + 1 : 0;
	struct mm_batch_item *item;

	if ((item = malloc(sizeof(*item) + name + zone)) == NULL)
		return NULL;
	item->batch = batch;
	item->question = *question;
	item->question.name = memcpy(item->text, question->name, name);
	if (zone > 0)
		item->question.zone =
		    memcpy(item->text + name, question->zone, zone);
	item->hash = hash;
	item->answer = NULL;
	item->link = NULL;
	item->breaker = NULL;
	item->asked_us = 0;
	return item;
}

/* With the lock held. */
static struct mm_batch_item *
begin(struct mm_batch *batch, const struct mm_dns_question *question,
    uint64_t hash)
{
	struct mm_batch_item *item;

	if (batch->closed ||
	    find(batch, hash, question->name, question->type) != NULL)
		return NULL;
	if (batch->n == batch->size) {
		size_t size = batch->size > 0 ? 2 * batch->size : 32;
		struct entry *more =
		    reallocarray(batch->entries, size, sizeof(*more));

		if (more == NULL)
			return NULL;
		batch->entries = more;
		batch->size = size;
	}
	if ((item = new_item(batch, question, hash)) == NULL)
		return NULL;
	batch->entries[batch->n++] = (struct entry){hash, item};
	batch->refs++;
	return item;
}

struct mm_batch_item *
mm_batch_begin(struct mm_batch *batch, const struct mm_dns_question *question)
{
	uint64_t hash = mm_dns_hash(question->name, question->type);
	struct mm_batch_item *item;

	pthread_mutex_lock(&batch->lock);
	item = begin(batch, question, hash);
	pthread_mutex_unlock(&batch->lock);
	return item;
}

/* With the lock held. */
static struct mm_batch_item *
begin_next(struct mm_batch *batch, const struct mm_batch_item *item)
{
	const struct mm_dns_question *asked = &item->question;
	struct mm_dns_question then = {0};

	if (asked->next == NULL || !asked->next(asked, item->answer, &then))
		return NULL;
	return begin(batch, &then, mm_dns_hash(then.name, then.type));
}

struct mm_batch_item *
mm_batch_finish(struct mm_batch_item *item, const struct mm_dns_answer *answer)
{
	struct mm_batch *batch = item->batch;
	struct mm_batch_item *then = NULL;
	bool last;

	pthread_mutex_lock(&batch->lock);
	item->answer = answer;
	if (batch->closed) {
		free_item(item);
	} else {
		then = begin_next(batch, item);
		if (batch->awaited == item)
			pthread_cond_signal(&batch->finished);
	}
	last = --batch->refs == 0;
	pthread_mutex_unlock(&batch->lock);
	if (last)
		free_batch(batch);
	return then;
}

size_t
mm_batch_drain(struct mm_batch *batch, struct mm_answers *set)
{
	size_t kept = 0, drained;

	pthread_mutex_lock(&batch->lock);
	for (size_t i = 0; i < batch->n; i++) {
		struct mm_batch_item *item = batch->entries[i].item;

		if (item->answer == NULL) {
			batch->entries[kept++] = batch->entries[i];
			continue;
		}
		/* a miss noted there stands; without memory it is missed */
		if (!mm_answers_take(set, item->hash, item->question.name,
			item->question.type, item->answer, item))
			free_item(item);
	}
	drained = batch->n - kept;
	batch->n = kept;
	pthread_mutex_unlock(&batch->lock);
	return drained;
}

bool
mm_batch_asked(
    const struct mm_batch *batch, const char *name, enum mm_dns_type type)
{
	struct mm_batch *b = (struct mm_batch *)batch; /* only to lock it */
	uint64_t hash = mm_dns_hash(name, type);
	const struct mm_batch_item *item;
	bool asked;

	pthread_mutex_lock(&b->lock);
	item = find(b, hash, name, type);
	asked = item != NULL && item->answer == NULL;
	pthread_mutex_unlock(&b->lock);
	return asked;
}

/* until, told by clock, as a time of CLOCK_MONOTONIC. */
static struct timespec
real_time(const struct mm_clock *clock, int64_t until_us)
{
	int64_t left = until_us - mm_clock_mono(clock);
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	if (left < 0)
		left = 0;
	ts.tv_sec += left / 1000000;
	ts.tv_nsec += left % 1000000 * 1000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_sec++;
		ts.tv_nsec -= 1000000000;
	}
	return ts;
}

bool
mm_batch_wait(struct mm_batch *batch, const char *name, enum mm_dns_type type,
    const struct mm_clock *clock, int64_t until_us)
{
	struct timespec until = real_time(clock, until_us);
	uint64_t hash = mm_dns_hash(name, type);
	const struct mm_batch_item *item;
	bool finished;

	pthread_mutex_lock(&batch->lock);
	item = find(batch, hash, name, type);
	batch->awaited = item;
	while (item != NULL && item->answer == NULL) {
		if (pthread_cond_timedwait(
			&batch->finished, &batch->lock, &until) != 0)
			break;
	}
	batch->awaited = NULL;
	finished = item != NULL && item->answer != NULL;
	pthread_mutex_unlock(&batch->lock);
	return finished;
}

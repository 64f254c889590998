/* store_sqlite_queue - updates on their way; see store_sqlite.h. */
#include "lib/clock.h"
#include "lib/store_sqlite.h"

#include <stdlib.h>
#include <string.h>

#define BATCH_MAX 512	/* updates in one transaction */
#define QUEUE_MAX 10000 /* more would only be late */

struct timespec
mm_sqlite_timespec(int64_t us)
{
	return (struct timespec){
	    .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
}

void
mm_sqlite_wait(struct mm_sqlite_store *store, pthread_cond_t *cond, int64_t at)
{
	struct timespec until = mm_sqlite_timespec(at);

	pthread_cond_timedwait(cond, &store->lock, &until);
}

/* Appends text at *at. */
static const char *
copy_text(char **at, const char *text, size_t len)
{
	char *copy = *at;

	memcpy(copy, text, len);
	copy[len] = '\0';
	*at += len + 1;
	return copy;
}

static size_t
note_len(const char *text)
{
	return text == NULL ? 0 : strnlen(text, MM_STORE_NOTE_MAX);
}

static const char *
copy_note(char **at, const char *text)
{
	return copy_text(at, text == NULL ? "" : text, note_len(text));
}

static struct mm_sqlite_request *
request_new(const struct mm_store_update *update, size_t argsize)
{
	const struct mm_store_note *note = &update->note;
	size_t size = argsize + note_len(note->client) +
		      note_len(note->sender) + note_len(note->recipient) + 3;
	struct mm_sqlite_request *request;
	char *at;

	for (size_t i = 0; i < update->n; i++)
		size += strlen(update->key[i]) + 1;
	if ((request = malloc(sizeof(*request) + size)) == NULL)
		return NULL;

	request->next = NULL;
	request->argsize = argsize;
	request->status = MM_STORE_UNKNOWN;
	request->left = false;
	pthread_mutex_init(&request->lock, NULL);
	mm_clock_cond_init(&request->answered);

	request->update = (struct mm_store_update){.n = update->n,
	    .at_first = update->at_first,
	    .change = update->change,
	    .arg = memcpy(request->data, update->arg, argsize)};
	at = request->data + argsize;
	for (size_t i = 0; i < update->n; i++)
		request->update.key[i] =
		    copy_text(&at, update->key[i], strlen(update->key[i]));
	request->update.note.client = copy_note(&at, note->client);
	request->update.note.sender = copy_note(&at, note->sender);
	request->update.note.recipient = copy_note(&at, note->recipient);
	return request;
}

static void
request_free(struct mm_sqlite_request *request)
{
	pthread_cond_destroy(&request->answered);
	pthread_mutex_destroy(&request->lock);
	free(request);
}

static bool
enqueue(struct mm_sqlite_store *s, struct mm_sqlite_request *request)
{
	bool room;

	pthread_mutex_lock(&s->lock);
	if ((room = s->queued < QUEUE_MAX)) {
		*s->end = request;
		s->end = &request->next;
		if (s->queued++ == 0)
			pthread_cond_signal(&s->work);
	}
	pthread_mutex_unlock(&s->lock);
	return room;
}

void
mm_sqlite_leave(struct mm_sqlite_store *s, const struct mm_store_update *update,
    size_t argsize)
{
	struct mm_sqlite_request *request = request_new(update, argsize);

	if (request == NULL)
		return;
	request->left = true;
	if (!enqueue(s, request))
		request_free(request);
}

enum mm_store_status
mm_sqlite_ask(struct mm_sqlite_store *s, const struct mm_store_update *update,
    size_t argsize, int64_t wait_ms, struct mm_err *err)
{
	struct timespec until =
	    mm_sqlite_timespec(mm_sqlite_now() + wait_ms * 1000);
	struct mm_sqlite_request *request = request_new(update, argsize);
	enum mm_store_status status;
	int rc = 0;

	if (request == NULL) {
		mm_err_set(err, "out of memory");
		return MM_STORE_FAILED;
	}
	if (!enqueue(s, request)) {
		request_free(request);
		mm_err_set(err, "%s: %d updates are waiting already", s->path,
		    QUEUE_MAX);
		return MM_STORE_FAILED;
	}

	pthread_mutex_lock(&request->lock);
	while (request->status == MM_STORE_UNKNOWN && rc == 0)
		rc = pthread_cond_timedwait(
		    &request->answered, &request->lock, &until);
	if ((status = request->status) == MM_STORE_UNKNOWN) {
		request->left = true; /* the keeper frees it */
		pthread_mutex_unlock(&request->lock);
		atomic_fetch_add(&s->late, 1);
		mm_err_set(err, "%s: no commit in time", s->path);
		return MM_STORE_LATE;
	}
	pthread_mutex_unlock(&request->lock);

	if (status == MM_STORE_DONE)
		memcpy(update->arg, request->update.arg, argsize);
	else
		*err = request->err;
	request_free(request);
	return status;
}

void
mm_sqlite_answer(struct mm_sqlite_request *request, enum mm_store_status status,
    const struct mm_err *err)
{
	bool left;

	pthread_mutex_lock(&request->lock);
	left = request->left;
	request->status = status;
	if (status == MM_STORE_FAILED)
		request->err = *err;
	pthread_cond_signal(&request->answered);
	pthread_mutex_unlock(&request->lock);
	if (left)
		request_free(request);
}

bool
mm_sqlite_take(struct mm_sqlite_store *s, struct mm_sqlite_request **batch)
{
	struct mm_sqlite_request **last = &s->first;
	size_t n = 0;
	bool more;

	pthread_mutex_lock(&s->lock);
	if (s->first == NULL && !s->stop && !s->called)
		mm_sqlite_wait(s, &s->work, s->purge_due);
	s->called = false;
	for (; *last != NULL && n < BATCH_MAX; n++)
		last = &(*last)->next;
	*batch = s->first;
	s->first = *last;
	*last = NULL;
	if ((s->queued -= n) == 0)
		s->end = &s->first;
	more = n > 0 || !s->stop;
	pthread_mutex_unlock(&s->lock);
	return more;
}

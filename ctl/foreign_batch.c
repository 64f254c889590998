/* foreign_batch - see foreign_batch.h. */
#include "ctl/foreign_batch.h"

#include <stdlib.h>
#include <string.h>

#include "lib/err.h"

/* What the change in the store's own thread has to know. */
struct request {
	struct mm_record record[MM_STORE_KEYS];
	bool client[MM_STORE_KEYS];
	int64_t now, max_age, waiting_age;
};
_Static_assert(sizeof(struct request) <= MM_STORE_ARG_MAX, "it is copied");

struct foreign_batch {
	struct mm_store *store;
	struct request request;
	size_t n;
	char *key[MM_STORE_KEYS];
	uint64_t written;
};

static int64_t
smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Is there something that still counts? */
static bool
counts(const struct mm_record *record, bool client, int64_t now,
    int64_t max_age, int64_t waiting_age)
{
	if (record->count > 0 || client)
		return record->count > 0 && now - record->last <= max_age;
	return (record->first != 0 || record->last != 0) &&
	       now - record->first <= waiting_age;
}

struct mm_record
foreign_merge(const struct mm_record *was, const struct mm_record *record,
    bool client, int64_t now, int64_t max_age, int64_t waiting_age)
{
	struct mm_record both = *record;

	if (!counts(was, client, now, max_age, waiting_age))
		return both;
	if (was->count > 0 && record->count == 0)
		return *was;
	/* a client's first is its last counted pass */
	both.first = client ? larger(was->first, record->first)
			    : smaller(was->first, record->first);
	both.last = larger(was->last, record->last);
	both.count = larger(was->count, record->count);
	return both;
}

static enum mm_store_change
change(const struct mm_store_update *update,
    struct mm_record record[MM_STORE_KEYS], bool *noted)
{
	const struct request *request = update->arg;
	enum mm_store_change what = MM_STORE_KEEP;

	for (size_t i = 0; i < update->n; i++) {
		struct mm_record both = foreign_merge(&record[i],
		    &request->record[i], request->client[i], request->now,
		    request->max_age, request->waiting_age);

		if (memcmp(&both, &record[i], sizeof(both)) != 0)
			what = MM_STORE_WRITE;
		record[i] = both;
	}
	*noted = record[0].count == 0;
	return what;
}

struct foreign_batch *
foreign_batch_new(
    struct mm_store *store, int64_t now, int64_t max_age, int64_t waiting_age)
{
	struct foreign_batch *batch = calloc(1, sizeof(*batch));

	if (batch == NULL)
		return NULL;
	batch->store = store;
	batch->request.now = now;
	batch->request.max_age = max_age;
	batch->request.waiting_age = waiting_age;
	return batch;
}

static void
clear(struct foreign_batch *batch)
{
	for (size_t i = 0; i < batch->n; i++)
		free(batch->key[i]);
	batch->n = 0;
}

void
foreign_batch_free(struct foreign_batch *batch)
{
	if (batch == NULL)
		return;
	clear(batch);
	free(batch);
}

static int
flush(struct foreign_batch *batch, const struct mm_store_note *note,
    struct mm_err *err)
{
	struct mm_store_update update = {.n = batch->n,
	    .note = *note,
	    .change = change,
	    .arg = &batch->request};

	if (batch->n == 0)
		return 0;
	memcpy(update.key, batch->key, sizeof(batch->key));
	if (mm_store_update(batch->store, &update, sizeof(batch->request),
		FOREIGN_WAIT_MS, err) != MM_STORE_DONE)
		return -1;
	batch->written += batch->n;
	clear(batch);
	return 0;
}

int
foreign_batch_flush(struct foreign_batch *batch, struct mm_err *err)
{
	return flush(batch, &(struct mm_store_note){NULL, NULL, NULL}, err);
}

/* Room for one, which none of the others has the key of; and which is alone,
 * if it waits: only the first one has a note. */
static int
make_room(struct foreign_batch *batch, const char *key, bool alone,
    struct mm_err *err)
{
	bool full = alone || batch->n == MM_STORE_KEYS;

	for (size_t i = 0; i < batch->n && !full; i++)
		full = strcmp(batch->key[i], key) == 0;
	return full ? foreign_batch_flush(batch, err) : 0;
}

int
foreign_batch_add(struct foreign_batch *batch, const char *key,
    const struct mm_record *record, bool client,
    const struct mm_store_note *note, struct mm_err *err)
{
	bool waits = record->count == 0;

	if (make_room(batch, key, waits, err) != 0)
		return -1;
	if ((batch->key[batch->n] = strdup(key)) == NULL)
		return mm_err_set(err, "out of memory");
	batch->request.record[batch->n] = *record;
	batch->request.client[batch->n] = client;
	batch->n++;
	return waits ? flush(batch, note, err) : 0;
}

uint64_t
foreign_batch_written(const struct foreign_batch *batch)
{
	return batch->written;
}

static enum mm_store_change
set_mark(const struct mm_store_update *update,
    struct mm_record record[MM_STORE_KEYS], bool *noted)
{
	const struct mm_record *wanted = update->arg;

	*noted = false;
	if (memcmp(&record[0], wanted, sizeof(*wanted)) == 0)
		return MM_STORE_KEEP;
	record[0] = *wanted;
	return MM_STORE_WRITE;
}

int
foreign_batch_mark(struct mm_store *store, const char *key,
    struct mm_record record, struct mm_err *err)
{
	struct mm_store_update update = {
	    .n = 1, .key = {key}, .change = set_mark, .arg = &record};

	return mm_store_update(store, &update, sizeof(record), FOREIGN_WAIT_MS,
		   err) == MM_STORE_DONE
		   ? 0
		   : -1;
}

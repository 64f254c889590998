/* store - see store.h: looks first, else each call goes to the backend. */
#include "lib/store.h"

#include <assert.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/err.h"

bool
mm_record_seen(const struct mm_record *record)
{
	return record->first != 0 || record->last != 0 || record->count != 0;
}

int
mm_store_run(struct mm_store_update *update, mm_store_fetch *fetch, void *ctx,
    struct mm_record record[MM_STORE_KEYS], bool *noted,
    enum mm_store_change *ret)
{
	size_t want = update->at_first == 0 ? update->n : update->at_first;
	int rc;

	assert(want <= update->n && update->n <= MM_STORE_KEYS);
	memset(record, 0, MM_STORE_KEYS * sizeof(*record));
	update->nread = 0;
	do {
		rc = fetch(ctx, update->nread, want, record);
		if (rc != 0)
			return rc;
		update->nread = want;
		want = update->n;
		*noted = false;
		*ret = update->change(update, record, noted);
	} while (*ret == MM_STORE_MORE && update->nread < want);
	assert(*ret != MM_STORE_MORE);
	return 0;
}

struct look {
	struct mm_store *store;
	const struct mm_store_update *update;
	int64_t until; /* monotonic */
};

static int64_t
left_ms(int64_t until)
{
	int64_t left = until - mm_clock_mono(&mm_clock_system);

	return left > 0 ? left / 1000 : 0;
}

static int
fetch_by_reading(void *ctx, size_t from, size_t to, struct mm_record *record)
{
	const struct look *look = ctx;
	struct mm_err err; /* who writes has the same trouble, and tells */

	return mm_store_read(look->store, look->update->key + from, to - from,
	    left_ms(look->until), record + from, &err);
}

/* KEEP, LATER: arg has the answer.  MORE: there was nothing to see. */
static enum mm_store_change
look_first(struct look *look, size_t argsize)
{
	const struct mm_store_ops *ops = look->store->ops;
	_Alignas(max_align_t) char arg[MM_STORE_ARG_MAX];
	struct mm_record record[MM_STORE_KEYS];
	struct mm_store_update update = *look->update;
	enum mm_store_change change;
	bool noted;

	assert(argsize <= sizeof(arg));
	update.arg = memcpy(arg, look->update->arg, argsize);
	if (mm_store_run(
		&update, fetch_by_reading, look, record, &noted, &change) != 0)
		return MM_STORE_MORE;
	if (change == MM_STORE_LATER && ops->later == NULL)
		return MM_STORE_WRITE;
	if (change == MM_STORE_LATER) /* as it came, it is done again */
		ops->later(look->store, look->update, argsize);
	if (change != MM_STORE_WRITE)
		memcpy(look->update->arg, arg, argsize);
	return change;
}

enum mm_store_status
mm_store_update(struct mm_store *store, struct mm_store_update *update,
    size_t argsize, int64_t wait_ms, struct mm_err *err)
{
	struct look look = {.store = store,
	    .update = update,
	    .until = mm_clock_mono(&mm_clock_system) + wait_ms * 1000};

	update->looked = false;
	switch (look_first(&look, argsize)) {
	case MM_STORE_KEEP:
		if (store->ops->settled != NULL &&
		    !store->ops->settled(store, update))
			break;
		atomic_fetch_add(&store->looks, 1);
		/* fallthrough */
	case MM_STORE_LATER:
		update->looked = true;
		return MM_STORE_DONE;
	case MM_STORE_MORE:
	case MM_STORE_WRITE:
		break;
	}
	return store->ops->update(
	    store, update, argsize, left_ms(look.until), err);
}

int
mm_store_read(struct mm_store *store, const char *const *keys, size_t n,
    int64_t wait_ms, struct mm_record *ret, struct mm_err *err)
{
	assert(n <= MM_STORE_KEYS);
	return store->ops->read(store, keys, n, wait_ms, ret, err);
}

int
mm_store_peek(struct mm_store *store, const char *key, struct mm_record *ret,
    struct mm_err *err)
{
	return mm_store_read(store, &key, 1, INT32_MAX, ret, err);
}

int
mm_store_waiting(
    struct mm_store *store, mm_store_each *each, void *ctx, struct mm_err *err)
{
	return store->ops->waiting(store, each, ctx, err);
}

void
mm_store_keep(struct mm_store *store, int64_t max_age, int64_t waiting_age)
{
	store->ops->keep(store, max_age, waiting_age);
}

void
mm_store_stats(struct mm_store *store, struct mm_store_stats *ret)
{
	uint64_t looks = atomic_load(&store->looks);

	store->ops->stats(store, ret);
	ret->looks = looks;
	ret->updates += looks;
}

void
mm_store_free(struct mm_store *store)
{
	if (store != NULL)
		store->ops->free(store);
}

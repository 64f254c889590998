/* store - see store.h: each call goes to the backend. */
#include "lib/store.h"

enum mm_store_status
mm_store_update(struct mm_store *store, struct mm_store_update *update,
    size_t argsize, int64_t wait_ms, struct mm_err *err)
{
	return store->ops->update(store, update, argsize, wait_ms, err);
}

int
mm_store_peek(struct mm_store *store, const char *key, struct mm_record *ret,
    struct mm_err *err)
{
	return store->ops->peek(store, key, ret, err);
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
	store->ops->stats(store, ret);
}

void
mm_store_free(struct mm_store *store)
{
	if (store != NULL)
		store->ops->free(store);
}

/* store_sqlite_pool - connections that only read; see store_sqlite.h. */
#include "lib/clock.h"
#include "lib/store_sqlite.h"

void
mm_sqlite_pool_init(struct mm_sqlite_pool *pool)
{
	pthread_mutex_init(&pool->lock, NULL);
	mm_clock_cond_init(&pool->given_back);
	for (size_t i = 0; i < MM_SQLITE_READERS; i++) {
		pool->reader[i].next = pool->free;
		pool->free = &pool->reader[i];
	}
}

/* Nobody has borrowed any. */
void
mm_sqlite_pool_close(struct mm_sqlite_pool *pool)
{
	for (size_t i = 0; i < MM_SQLITE_READERS; i++)
		mm_sqlite_close(&pool->reader[i].db);
}

void
mm_sqlite_pool_clear(struct mm_sqlite_pool *pool)
{
	mm_sqlite_pool_close(pool);
	pthread_cond_destroy(&pool->given_back);
	pthread_mutex_destroy(&pool->lock);
}

static struct mm_sqlite_reader *
take(struct mm_sqlite_pool *pool, int64_t wait_ms)
{
	struct timespec until = mm_sqlite_timespec(
	    mm_clock_mono(&mm_clock_system) + wait_ms * 1000);
	struct mm_sqlite_reader *reader;
	int rc = 0;

	pthread_mutex_lock(&pool->lock);
	while (pool->free == NULL && rc == 0)
		rc = pthread_cond_timedwait(
		    &pool->given_back, &pool->lock, &until);
	if ((reader = pool->free) != NULL)
		pool->free = reader->next;
	pthread_mutex_unlock(&pool->lock);
	return reader;
}

static void
give_back(struct mm_sqlite_pool *pool, struct mm_sqlite_reader *reader)
{
	pthread_mutex_lock(&pool->lock);
	reader->next = pool->free;
	pool->free = reader;
	pthread_cond_signal(&pool->given_back);
	pthread_mutex_unlock(&pool->lock);
}

static int
ready(struct mm_sqlite_store *s, struct mm_sqlite_reader *reader,
    struct mm_err *err)
{
	unsigned generation = atomic_load(&s->generation);

	if (reader->generation != generation)
		mm_sqlite_close(&reader->db);
	reader->generation = generation;
	if (reader->db.db != NULL)
		return 0;
	if (mm_sqlite_open(&reader->db, s->path, MM_SQLITE_READER, err) == 0)
		return 0;
	if (reader->db.damaged)
		mm_sqlite_suspect(s, generation, err);
	return -1;
}

struct mm_sqlite_reader *
mm_sqlite_borrow(struct mm_sqlite_store *s, int64_t wait_ms, struct mm_err *err)
{
	struct mm_sqlite_reader *reader = take(&s->pool, wait_ms);

	if (reader == NULL) {
		mm_err_set(err, "%s: no reader within %lld ms", s->path,
		    (long long)wait_ms);
		return NULL;
	}
	if (ready(s, reader, err) == 0)
		return reader;
	give_back(&s->pool, reader);
	return NULL;
}

int
mm_sqlite_give_back(struct mm_sqlite_store *s, struct mm_sqlite_reader *reader,
    int rc, struct mm_err *err)
{
	if (rc != SQLITE_OK) { /* it may be mended by the next time */
		mm_sqlite_complain(reader->db.db, err);
		mm_err_in(err, "%s", s->path);
		mm_sqlite_close(&reader->db);
		if (mm_sqlite_is_damage(rc))
			mm_sqlite_suspect(s, reader->generation, err);
	}
	give_back(&s->pool, reader);
	return rc == SQLITE_OK ? 0 : -1;
}

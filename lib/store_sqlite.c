/* store_sqlite - the store in an SQLite database; see store_sqlite.h. */
#include "lib/store_sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PAGE 100      /* notes that are read at once */
#define WAIT_MS 10000 /* for somebody to read them */

static enum mm_store_status
sqlite_update(struct mm_store *store, struct mm_store_update *update,
    size_t argsize, int64_t wait_ms, struct mm_err *err)
{
	struct mm_sqlite_store *s = (struct mm_sqlite_store *)store;

	if (s->read_only) {
		mm_err_set(err, "%s is open for reading only", s->path);
		return MM_STORE_FAILED;
	}
	return mm_sqlite_ask(s, update, argsize, wait_ms, err);
}

static void
sqlite_later(struct mm_store *store, const struct mm_store_update *update,
    size_t argsize)
{
	struct mm_sqlite_store *s = (struct mm_sqlite_store *)store;

	if (!s->read_only)
		mm_sqlite_leave(s, update, argsize);
}

static int
sqlite_read(struct mm_store *store, const char *const *keys, size_t n,
    int64_t wait_ms, struct mm_record *ret, struct mm_err *err)
{
	struct mm_sqlite_store *s = (struct mm_sqlite_store *)store;
	struct mm_sqlite_reader *reader = mm_sqlite_borrow(s, wait_ms, err);

	if (reader == NULL)
		return -1;
	return mm_sqlite_give_back(
	    s, reader, mm_sqlite_read(&reader->db, keys, n, ret), err);
}

struct waiting {
	struct mm_sqlite_texts texts;
	struct mm_record record;
};

/*
 * The notes after *after, which moves on.  How many; -1: *err.  Pages, since
 * a reader that stays would keep the log from being started over.
 */
static int
read_page(struct mm_sqlite_store *s, int64_t *after, struct waiting page[PAGE],
    struct mm_err *err)
{
	struct mm_sqlite_reader *reader = mm_sqlite_borrow(s, WAIT_MS, err);
	sqlite3_stmt *list;
	int n = 0;

	if (reader == NULL)
		return -1;
	list = reader->db.stmt[MM_SQLITE_LIST];
	sqlite3_bind_int64(list, 1, *after);
	sqlite3_bind_int(list, 2, PAGE);
	for (; n < PAGE && sqlite3_step(list) == SQLITE_ROW; n++) {
		*after = sqlite3_column_int64(list, 0);
		mm_sqlite_text(list, 1, page[n].texts.client);
		mm_sqlite_text(list, 2, page[n].texts.sender);
		mm_sqlite_text(list, 3, page[n].texts.recipient);
		page[n].record.first = sqlite3_column_int64(list, 4);
		page[n].record.last = sqlite3_column_int64(list, 5);
		page[n].record.count = sqlite3_column_int64(list, 6);
	}
	if (mm_sqlite_give_back(s, reader, sqlite3_reset(list), err) == -1)
		return -1;
	return n;
}

static int
sqlite_waiting(
    struct mm_store *store, mm_store_each *each, void *ctx, struct mm_err *err)
{
	struct mm_sqlite_store *s = (struct mm_sqlite_store *)store;
	struct waiting *page = calloc(PAGE, sizeof(*page));
	int64_t after = 0;
	bool more = true;
	int n = PAGE;

	if (page == NULL)
		return mm_err_set(err, "out of memory");
	while (more && n == PAGE) {
		n = read_page(s, &after, page, err);
		for (int i = 0; i < n && more; i++)
			more = each(ctx,
			    &(struct mm_store_note){page[i].texts.client,
				page[i].texts.sender, page[i].texts.recipient},
			    &page[i].record);
	}
	free(page);
	return n == -1 ? -1 : 0;
}

static void
sqlite_keep(struct mm_store *store, int64_t max_age, int64_t waiting_age)
{
	struct mm_sqlite_store *s = (struct mm_sqlite_store *)store;

	if (atomic_load(&s->max_age) == max_age &&
	    atomic_load(&s->waiting_age) == waiting_age)
		return;
	atomic_store(&s->max_age, max_age);
	atomic_store(&s->waiting_age, waiting_age);
	pthread_mutex_lock(&s->lock);
	atomic_store(&s->walk_anew, true);
	s->called = true;
	pthread_cond_signal(&s->work);
	pthread_mutex_unlock(&s->lock);
}

static uint64_t
file_size(const char *path, const char *suffix)
{
	char name[4096];
	struct stat st;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void
sqlite_stats(struct mm_store *store, struct mm_store_stats *ret)
{
	struct mm_sqlite_store *s = (struct mm_sqlite_store *)store;

	*ret = (struct mm_store_stats){
	    .updates = atomic_load(&s->updates),
	    .commits = atomic_load(&s->commits),
	    .failures = atomic_load(&s->failures),
	    .late = atomic_load(&s->late),
	    .purged = atomic_load(&s->purged),
	    .checks = atomic_load(&s->checks),
	    .damaged = atomic_load(&s->asides),
	    .carried = atomic_load(&s->carried),
	    .records = (uint64_t)atomic_load(&s->records),
	    .waiting = (uint64_t)atomic_load(&s->waiting),
	    .bytes = file_size(s->path, "") + file_size(s->path, "-wal"),
	};
}

static void
store_free(struct mm_sqlite_store *s)
{
	mm_sqlite_pool_clear(&s->pool);
	pthread_mutex_destroy(&s->lock);
	free(s->adopt);
	free(s->aside);
	free(s->batch);
	free(s->path);
	free(s);
}

static void
sqlite_free(struct mm_store *store)
{
	struct mm_sqlite_store *s = (struct mm_sqlite_store *)store;

	/* The last to close copies the log, and a reader cannot. */
	mm_sqlite_pool_close(&s->pool);
	if (!s->read_only)
		mm_sqlite_keeper_stop(s);
	store_free(s);
}

static const struct mm_store_ops sqlite_ops = {
    .update = sqlite_update,
    .later = sqlite_later,
    .read = sqlite_read,
    .waiting = sqlite_waiting,
    .keep = sqlite_keep,
    .stats = sqlite_stats,
    .free = sqlite_free,
};

/* The first reader has to be opened; it knows how many records there are. */
static int
open_reader(struct mm_sqlite_store *s, struct mm_err *err)
{
	struct mm_sqlite_reader *reader = mm_sqlite_borrow(s, 0, err);

	if (reader == NULL)
		return -1;
	s->records = reader->db.records;
	s->waiting = reader->db.waiting;
	return mm_sqlite_give_back(s, reader, SQLITE_OK, err);
}

/* SQLite counts the bytes it has, under one lock for all connections.  Where
 * it is in use already that is too late, and no harm. */
static void
spare_statistics(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

struct mm_store *
mm_store_sqlite_new(const struct mm_store_config *config,
    const struct mm_clock *clock, struct mm_err *err)
{
	struct mm_sqlite_store *s = calloc(1, sizeof(*s));
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int rc;

	pthread_once(&once, spare_statistics);
	if (s == NULL ||
	    asprintf(&s->path, "%s/greylist.sqlite", config->directory) == -1) {
		free(s);
		mm_err_set(err, "out of memory");
		return NULL;
	}
	s->store.ops = &sqlite_ops;
	s->clock = clock;
	s->max_age = config->max_age;
	s->waiting_age = config->waiting_age;
	s->read_only = config->read_only;
	s->watch = config->watch;
	pthread_mutex_init(&s->lock, NULL);
	mm_sqlite_pool_init(&s->pool);

	rc =
	    s->read_only ? open_reader(s, err) : mm_sqlite_keeper_start(s, err);
	if (rc == 0)
		return &s->store;
	store_free(s);
	return NULL;
}

/* store_sqlite_tend - purge and checkpoints; see store_sqlite.h. */
#include "lib/clock.h"
#include "lib/store_sqlite.h"

#include <limits.h>

/*
 * The purge walks through all keys, a few at a time: without an index on
 * time that is the cheapest way to find what is old.
 */
#define PURGE_KEYS 500		  /* looked at in one chunk */
#define PURGE_US 2000		  /* none reads or deletes for longer */
#define PURGE_PAUSE_US 10000	  /* between two chunks */
#define PURGE_EVERY_US 3600000000 /* between two walks */

#define CHECKPOINT_EVERY_US 1000000
#define LOG_PAGES_MIN 1024  /* 2 MB: shorter, and it is left alone */
#define LOG_PAGES_MAX 16384 /* 32 MB: longer, and it is started over */
#define REST_PAGES 512	    /* 1 MB: what the keeper may copy itself */
#define PASSES_MAX 8

struct old {
	int64_t k, note;
};

static bool
is_old(const struct mm_sqlite_store *s, int64_t now, int64_t note,
    const struct mm_record *record)
{
	bool waits = note != 0 && record->count == 0;
	int64_t since = waits ? record->first : record->last;
	int64_t age = atomic_load(waits ? &s->waiting_age : &s->max_age);

	return age > 0 && since < now - age;
}

/*
 * A clock that has been set forward by mistake must not have everything
 * purged: what was learned would be lost when it is set right.  So time goes
 * on from when the file was last written, no faster than it really does; after
 * a long rest a walk finds less to purge than it might, which is no harm.
 */
static int64_t
purge_time(const struct mm_sqlite_store *s)
{
	int64_t now = mm_clock_wall(s->clock);
	int64_t passed = (mm_sqlite_now() - s->opened) / 1000000;

	return now < s->written + passed ? now : s->written + passed;
}

/* Finds the old ones among the next keys, and where to go on. */
static int
scan(struct mm_sqlite_store *s, struct old old[PURGE_KEYS], size_t *n,
    bool *more)
{
	sqlite3_stmt *stmt = s->writer.stmt[MM_SQLITE_SCAN];
	int64_t now = purge_time(s), until = mm_sqlite_now() + PURGE_US;
	int64_t k = s->purge_next, note;
	struct mm_record record;
	bool in_time = true;
	int rows = 0;

	*n = 0;
	sqlite3_bind_int64(stmt, 1, k);
	sqlite3_bind_int(stmt, 2, PURGE_KEYS);
	for (; in_time && sqlite3_step(stmt) == SQLITE_ROW; rows++) {
		k = sqlite3_column_int64(stmt, 0);
		note = sqlite3_column_int64(stmt, 1);
		record.first = sqlite3_column_int64(stmt, 2);
		record.last = sqlite3_column_int64(stmt, 3);
		record.count = sqlite3_column_int64(stmt, 4);
		if (is_old(s, now, note, &record))
			old[(*n)++] = (struct old){k, note};
		in_time = mm_sqlite_now() < until;
	}
	*more = (rows == PURGE_KEYS || !in_time) && k < INT64_MAX;
	s->purge_next = *more ? k + 1 : INT64_MIN;
	return sqlite3_reset(stmt);
}

/* Deletes until the time is up; the walk goes on where that was. */
static int
forget(struct mm_sqlite_store *s, const struct old *old, size_t n)
{
	int64_t until = mm_sqlite_now() + PURGE_US;
	int rc = mm_sqlite_begin(&s->writer);
	size_t i = 0;

	for (; i < n && rc == SQLITE_OK && (i == 0 || mm_sqlite_now() < until);
	     i++)
		rc = mm_sqlite_remove(&s->writer, old[i].k, old[i].note);
	if (rc == SQLITE_OK)
		rc = mm_sqlite_commit(&s->writer);
	if (rc != SQLITE_OK)
		return rc;
	if (i < n)
		s->purge_next = old[i].k;
	atomic_fetch_add(&s->purged, i);
	mm_sqlite_tell_counts(s);
	return SQLITE_OK;
}

/* One chunk of the walk. */
static void
purge(struct mm_sqlite_store *s)
{
	struct old old[PURGE_KEYS];
	struct mm_err err;
	bool more = true;
	size_t n;
	int rc = scan(s, old, &n, &more);

	if (rc == SQLITE_OK && n > 0) {
		rc = forget(s, old, n);
		more = more || s->purge_next != INT64_MIN;
	}
	if (rc != SQLITE_OK) /* whoever asks next hears of it */
		mm_sqlite_keeper_broken(s, rc, &err);
	s->purge_due =
	    mm_sqlite_now() + (more ? PURGE_PAUSE_US : PURGE_EVERY_US);
}

/*
 * A log that is copied whole is started over by the next write; until then
 * it grows.  The checkpointer never gets ahead of a busy keeper: the keeper
 * itself copies what little is left.
 */
static void
finish_checkpoint(struct mm_sqlite_store *s)
{
	sqlite3_wal_checkpoint_v2(
	    s->writer.db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

void
mm_sqlite_tend(struct mm_sqlite_store *s)
{
	if (atomic_exchange(&s->walk_anew, false)) {
		s->purge_next = INT64_MIN;
		s->purge_due = 0;
	}
	mm_sqlite_mend(s);
	if (s->writer.db == NULL) { /* the walk begins when it is back */
		s->purge_due = mm_sqlite_now() + PURGE_EVERY_US;
		return;
	}
	if (atomic_exchange(&s->finish, false))
		finish_checkpoint(s);
	if (mm_sqlite_now() >= s->purge_due)
		purge(s);
}

/* False: the store is being closed. */
static bool
wait_tick(struct mm_sqlite_store *s)
{
	int64_t at = mm_sqlite_now() + CHECKPOINT_EVERY_US;
	bool stop;

	pthread_mutex_lock(&s->lock);
	while (!(stop = s->stop) && mm_sqlite_now() < at)
		mm_sqlite_wait(s, &s->tick, at);
	pthread_mutex_unlock(&s->lock);
	return !stop;
}

static int
flush(sqlite3 *db)
{
	sqlite3_file *file = NULL;

	sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
	return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

/*
 * Copies what it can without making anybody wait.  Each pass ends where the
 * log ended when it began; the keeper, who copies the rest of a long one,
 * shall find little to copy and little to flush.
 */
static int
checkpoint(struct mm_sqlite_store *s, sqlite3 *db)
{
	int done = 0, rest = INT_MAX, rc;

	for (int i = 0; i < PASSES_MAX && rest > REST_PAGES; i++) {
		rc = sqlite3_wal_checkpoint_v2(
		    db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, &done);
		if (rc == SQLITE_OK && done > LOG_PAGES_MAX)
			rc = flush(db);
		if (rc != SQLITE_OK)
			return rc;
		rest = atomic_load(&s->log_pages) - done;
	}
	if (done > LOG_PAGES_MAX && rest > 0)
		atomic_store(&s->finish, true);
	return SQLITE_OK;
}

/* What fails here fails for the keeper too, who tells. */
void *
mm_sqlite_checkpointer(void *arg)
{
	struct mm_sqlite_store *s = arg;
	struct mm_sqlite db = {0};
	unsigned generation = 0;
	struct mm_err err;

	pthread_setname_np(pthread_self(), "mm-checkpoint");
	while (wait_tick(s)) {
		if (atomic_load(&s->log_pages) < LOG_PAGES_MIN)
			continue;
		if (generation != atomic_load(&s->generation))
			mm_sqlite_close(&db);
		generation = atomic_load(&s->generation);
		if (db.db == NULL && mm_sqlite_open(&db, s->path,
					 MM_SQLITE_CHECKPOINTER, &err) == -1)
			continue;
		if (checkpoint(s, db.db) != SQLITE_OK)
			mm_sqlite_close(&db);
	}
	mm_sqlite_close(&db);
	return NULL;
}

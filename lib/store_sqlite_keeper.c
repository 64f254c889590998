/* store_sqlite_keeper - the one writer; see store_sqlite.h. */
#include "lib/clock.h"
#include "lib/store_sqlite.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define RETRY_US 1000000 /* a broken database is left alone for so long */

int
mm_sqlite_keeper_broken(struct mm_sqlite_store *s, int rc, struct mm_err *err)
{
	mm_sqlite_complain(s->writer.db, err);
	mm_err_in(err, "%s", s->path);
	mm_sqlite_rollback(&s->writer);
	if (rc == SQLITE_BUSY) /* nothing is broken, only locked */
		return -1;
	mm_sqlite_close(&s->writer);
	s->damaged = mm_sqlite_is_damage(rc) && mm_sqlite_may_set_aside(s);
	s->retry_at = mm_sqlite_now() + RETRY_US;
	s->why = *err;
	return -1;
}

/* After each commit SQLite tells how long the log is. */
static int
note_log(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct mm_sqlite_store *s = arg;

	(void)db;
	(void)name;
	atomic_store(&s->log_pages, pages);
	return SQLITE_OK;
}

/* Now, if there is no file yet. */
static int64_t
last_written(const struct mm_sqlite_store *s)
{
	static const char *const parts[] = {"", "-wal"};
	int64_t last = 0;
	char name[4096];
	struct stat st;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", s->path, parts[i]);
		if (stat(name, &st) == 0 && st.st_mtime > last)
			last = st.st_mtime;
	}
	return last != 0 ? last : mm_clock_wall(s->clock);
}

static int
open_writer(struct mm_sqlite_store *s, struct mm_err *err)
{
	int64_t was_written = last_written(s);

	if (s->damaged && mm_sqlite_set_aside(s, err) == -1)
		return -1;
	s->damaged = false;
	if (mm_sqlite_open(&s->writer, s->path, MM_SQLITE_WRITER, err) == -1) {
		s->damaged = s->writer.damaged && mm_sqlite_may_set_aside(s);
		return -1;
	}
	if (mm_sqlite_resume(s, err) == -1) {
		mm_sqlite_close(&s->writer);
		return -1;
	}
	sqlite3_wal_hook(s->writer.db, note_log, s);
	mm_sqlite_tell_counts(s);
	s->written = was_written;
	s->opened = mm_sqlite_now();
	s->purge_next = INT64_MIN;
	s->purge_due = s->opened;
	/* It may be another file by now. */
	pthread_mutex_lock(&s->lock);
	atomic_fetch_add(&s->generation, 1);
	pthread_cond_broadcast(&s->mend);
	pthread_mutex_unlock(&s->lock);
	return 0;
}

int
mm_sqlite_keeper_ready(struct mm_sqlite_store *s, struct mm_err *err)
{
	if (s->writer.db != NULL)
		return 0;
	if (mm_sqlite_now() < s->retry_at && !s->damaged) {
		*err = s->why;
		return -1;
	}
	if (open_writer(s, &s->why) == 0)
		return 0;
	/* found to be damaged, it is opened again: another one */
	if (s->damaged && open_writer(s, &s->why) == 0)
		return 0;
	s->retry_at = mm_sqlite_now() + RETRY_US;
	*err = s->why;
	return -1;
}

/* An update at work. */
struct change {
	struct mm_sqlite *db;
	const struct mm_store_update *update;
	struct mm_sqlite_row was[MM_STORE_KEYS];
};

static int
fetch(void *ctx, size_t from, size_t to, struct mm_record *record)
{
	struct change *c = ctx;
	int rc = SQLITE_OK;

	for (size_t i = from; i < to && rc == SQLITE_OK; i++) {
		rc = mm_sqlite_get(c->db, c->update->key[i], &c->was[i]);
		record[i] = c->was[i].record;
	}
	return rc;
}

static int
apply(struct mm_sqlite *db, struct mm_store_update *update)
{
	struct change c = {.db = db, .update = update};
	struct mm_record record[MM_STORE_KEYS];
	enum mm_store_change what;
	bool noted;
	int rc = mm_store_run(update, fetch, &c, record, &noted, &what);

	if (rc != SQLITE_OK || what == MM_STORE_KEEP)
		return rc;
	for (size_t i = 0; i < update->nread; i++) {
		if (i > 0 && memcmp(&record[i], &c.was[i].record,
				 sizeof(record[i])) == 0)
			continue;
		if ((rc = mm_sqlite_put(db, &c.was[i], &record[i],
			 i == 0 && noted ? &update->note : NULL)) != SQLITE_OK)
			return rc;
	}
	return SQLITE_OK;
}

/* All of it or nothing. */
static int
commit(struct mm_sqlite_store *s, struct mm_sqlite_request *batch,
    struct mm_err *err)
{
	int rc = mm_sqlite_begin(&s->writer);

	for (; batch != NULL && rc == SQLITE_OK; batch = batch->next)
		rc = apply(&s->writer, &batch->update);
	if (rc == SQLITE_OK)
		rc = mm_sqlite_commit(&s->writer);
	if (rc != SQLITE_OK)
		return mm_sqlite_keeper_broken(s, rc, err);
	if (s->writer.wrote)
		atomic_fetch_add(&s->commits, 1);
	mm_sqlite_tell_counts(s);
	return 0;
}

/* For stats. */
void
mm_sqlite_tell_counts(struct mm_sqlite_store *s)
{
	atomic_store(&s->records, s->writer.records);
	atomic_store(&s->waiting, s->writer.waiting);
}

/* Mail that is known must not wait because that was not carried over yet. */
static int
rebuilt(struct mm_sqlite_store *s, struct mm_err *err)
{
	if (s->rebuild_until == 0 || mm_sqlite_now() >= s->rebuild_until)
		return 0;
	return mm_err_set(err, "%s: is being rebuilt", s->path);
}

static void
serve(struct mm_sqlite_store *s, struct mm_sqlite_request *batch)
{
	enum mm_store_status status = MM_STORE_DONE;
	struct mm_sqlite_request *next;
	struct mm_err err;
	uint64_t n = 0;

	if (mm_sqlite_keeper_ready(s, &err) == -1 || rebuilt(s, &err) == -1 ||
	    commit(s, batch, &err) == -1)
		status = MM_STORE_FAILED;
	for (next = batch; next != NULL; next = next->next)
		n++;
	atomic_fetch_add(&s->updates, n);
	if (status == MM_STORE_FAILED)
		atomic_fetch_add(&s->failures, n);
	for (; batch != NULL; batch = next) {
		next = batch->next;
		mm_sqlite_answer(batch, status, &err);
	}
}

static void *
keeper(void *arg)
{
	struct mm_sqlite_store *s = arg;
	struct mm_sqlite_request *batch;

	pthread_setname_np(pthread_self(), "mm-keeper");
	while (mm_sqlite_take(s, &batch)) {
		if (batch != NULL)
			serve(s, batch);
		mm_sqlite_tend(s);
	}
	return NULL;
}

/* Signals are for other threads. */
static int
start(pthread_t *thread, void *(*run)(void *), void *arg, struct mm_err *err)
{
	sigset_t all, were;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &were);
	rc = pthread_create(thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &were, NULL);
	return rc == 0 ? 0 : mm_err_set(err, "no thread: %s", strerror(rc));
}

static void
stop(struct mm_sqlite_store *s)
{
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->work);
	pthread_cond_signal(&s->tick);
	pthread_cond_broadcast(&s->mend);
	pthread_mutex_unlock(&s->lock);
}

static void
end(struct mm_sqlite_store *s)
{
	pthread_cond_destroy(&s->mend);
	pthread_cond_destroy(&s->tick);
	pthread_cond_destroy(&s->work);
	mm_sqlite_close(&s->writer);
}

int
mm_sqlite_keeper_start(struct mm_sqlite_store *s, struct mm_err *err)
{
	mm_clock_cond_init(&s->work);
	mm_clock_cond_init(&s->tick);
	mm_clock_cond_init(&s->mend);
	s->end = &s->first;
	if (mm_sqlite_keeper_ready(s, err) == -1)
		goto fail;
	if (start(&s->keeper, keeper, s, err) == -1)
		goto fail;
	if (start(&s->checkpointer, mm_sqlite_checkpointer, s, err) == -1)
		goto stop_keeper;
	if (start(&s->mender, mm_sqlite_mender, s, err) == 0)
		return 0;

	stop(s);
	pthread_join(s->checkpointer, NULL);
stop_keeper:
	stop(s);
	pthread_join(s->keeper, NULL);
fail:
	end(s);
	return -1;
}

void
mm_sqlite_keeper_stop(struct mm_sqlite_store *s)
{
	stop(s);
	pthread_join(s->checkpointer, NULL);
	pthread_join(s->mender, NULL);
	pthread_join(s->keeper, NULL);
	end(s);
}

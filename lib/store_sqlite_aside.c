/* store_sqlite_aside - a damaged database is replaced; see store_sqlite.h. */
#include "lib/clock.h"
#include "lib/store_sqlite.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A disk that damages one after the other shall not be filled with them. */
#define ASIDE_EVERY_US 3600000000
/* Longer, and it goes on beside the updates. */
#define REBUILD_MAX_US 600000000

void
mm_sqlite_suspect(
    struct mm_sqlite_store *s, unsigned generation, const struct mm_err *why)
{
	if (s->read_only)
		return;
	pthread_mutex_lock(&s->lock);
	s->suspect = generation;
	s->suspicion = *why;
	s->called = true;
	pthread_cond_signal(&s->work);
	pthread_mutex_unlock(&s->lock);
}

/* The last part of path. */
static const char *
base(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* "PATH.damaged-20260131-235959", and a number where that is taken. */
static char *
name_aside(const struct mm_sqlite_store *s)
{
	time_t now = (time_t)mm_clock_wall(s->clock);
	struct tm tm = {.tm_mday = 1};
	char stamp[32], *name;

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	if (asprintf(&name, "%s.damaged-%s", s->path, stamp) == -1)
		return NULL;
	for (int i = 2; access(name, F_OK) == 0; i++) {
		free(name);
		if (asprintf(&name, "%s.damaged-%s-%d", s->path, stamp, i) ==
		    -1)
			return NULL;
	}
	return name;
}

/* The file first: one without its log is a file, a log alone is nothing. */
static int
move(const char *path, const char *aside, struct mm_err *err)
{
	static const char *const parts[] = {"", "-wal", "-shm"};
	char from[4096], to[4096];

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(from, sizeof(from), "%s%s", path, parts[i]);
		snprintf(to, sizeof(to), "%s%s", aside, parts[i]);
		if (rename(from, to) == -1 && (i == 0 || errno != ENOENT))
			return mm_err_set(err, "%s: cannot be set aside: %s",
			    from, strerror(errno));
	}
	return 0;
}

static int
run(struct mm_sqlite *db, const char *fmt, ...)
{
	char *sql;
	va_list ap;
	int rc;

	va_start(ap, fmt);
	sql = sqlite3_vmprintf(fmt, ap);
	va_end(ap);
	if (sql == NULL)
		return SQLITE_NOMEM;
	rc = sqlite3_exec(db->db, sql, NULL, NULL, NULL);
	sqlite3_free(sql);
	return rc;
}

/* Without it the records that are left are of no use. */
static bool
find_secret(struct mm_sqlite_store *s, const char *aside)
{
	struct mm_sqlite old = {0};
	sqlite3_stmt *stmt = NULL;

	if (s->has_secret)
		return true;
	if (sqlite3_open_v2(aside, &old.db, SQLITE_OPEN_READONLY, NULL) ==
		SQLITE_OK &&
	    sqlite3_prepare_v2(old.db, "SELECT secret FROM meta", -1, &stmt,
		NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW &&
	    sqlite3_column_bytes(stmt, 0) == MM_STORE_SECRET) {
		memcpy(
		    s->secret, sqlite3_column_blob(stmt, 0), MM_STORE_SECRET);
		s->has_secret = true;
	}
	sqlite3_finalize(stmt);
	sqlite3_close(old.db);
	return s->has_secret;
}

/* The new one goes by the old one's secret, and knows what to take over. */
static int
adopt(struct mm_sqlite_store *s, const char *aside, struct mm_err *err)
{
	struct mm_sqlite *db = &s->writer;
	char hex[2 * MM_STORE_SECRET + 1];
	int rc = mm_sqlite_begin(db);

	for (size_t i = 0; i < MM_STORE_SECRET; i++)
		snprintf(hex + 2 * i, 3, "%02x", s->secret[i]);
	if (rc == SQLITE_OK)
		rc = run(db,
		    "UPDATE meta SET secret = x'%s';"
		    "CREATE TABLE carry (file TEXT NOT NULL,"
		    " next INTEGER NOT NULL);"
		    "INSERT INTO carry VALUES (%Q, %lld);",
		    hex, base(aside), (long long)INT64_MIN);
	if (rc == SQLITE_OK)
		rc = mm_sqlite_commit(db);
	if (rc != SQLITE_OK)
		return mm_sqlite_complain(db->db, err);
	memcpy(db->secret, s->secret, MM_STORE_SECRET);
	return 0;
}

static void
tell_rebuilt(struct mm_sqlite_store *s, const char *aside, bool whole)
{
	if (s->watch.rebuilt != NULL)
		s->watch.rebuilt(
		    s->watch.ctx, aside, atomic_load(&s->carried), whole);
}

bool
mm_sqlite_may_set_aside(const struct mm_sqlite_store *s)
{
	return mm_sqlite_now() >= s->aside_due;
}

int
mm_sqlite_set_aside(struct mm_sqlite_store *s, struct mm_err *err)
{
	const struct mm_err why = s->why; /* which err may be */
	char *aside = name_aside(s);

	if (aside == NULL)
		return mm_err_set(err, "out of memory");
	if (move(s->path, aside, err) == -1) {
		free(aside);
		return -1;
	}
	s->aside_due = mm_sqlite_now() + ASIDE_EVERY_US;
	atomic_store(&s->carried, 0);
	atomic_fetch_add(&s->asides, 1);
	if (s->watch.damaged != NULL)
		s->watch.damaged(s->watch.ctx, why.text, aside);
	free(s->adopt);
	s->adopt = aside;
	return 0;
}

/* The mender's work begins. */
static void
begin_carry(struct mm_sqlite_store *s, char *aside, int64_t from)
{
	s->rebuild_until = mm_sqlite_now() + REBUILD_MAX_US;
	pthread_mutex_lock(&s->lock);
	free(s->aside);
	s->aside = aside;
	s->carry_from = from;
	s->carry_turn++;
	s->handed_over = false;
	pthread_cond_broadcast(&s->mend);
	pthread_mutex_unlock(&s->lock);
}

/* There is no such table but while it is needed. */
static void
find_carry(struct mm_sqlite_store *s)
{
	sqlite3_stmt *stmt = NULL;
	char *aside = NULL;

	if (sqlite3_prepare_v2(s->writer.db, "SELECT file, next FROM carry", -1,
		&stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW) {
		aside = strdup((const char *)sqlite3_column_text(stmt, 0));
		if (aside != NULL)
			begin_carry(s, aside, sqlite3_column_int64(stmt, 1));
	}
	sqlite3_finalize(stmt);
}

int
mm_sqlite_resume(struct mm_sqlite_store *s, struct mm_err *err)
{
	s->rebuild_until = 0;
	if (s->adopt != NULL && !find_secret(s, s->adopt))
		tell_rebuilt(s, s->adopt, false);
	else if (s->adopt != NULL && adopt(s, s->adopt, err) == -1)
		return -1;
	free(s->adopt);
	s->adopt = NULL;
	memcpy(s->secret, s->writer.secret, MM_STORE_SECRET);
	s->has_secret = true;
	find_carry(s);
	return 0;
}

/* Of two the one that was seen more often, then the one seen first. */
static bool
is_better(const struct mm_record *record, const struct mm_record *than)
{
	if (record->count != than->count)
		return record->count > than->count;
	return than->first == 0 || record->first < than->first;
}

static int
take_over(struct mm_sqlite_store *s, const struct mm_sqlite_carry *batch)
{
	struct mm_sqlite *db = &s->writer;
	int rc = mm_sqlite_begin(db);

	for (size_t i = 0; i < batch->n && rc == SQLITE_OK; i++) {
		const struct mm_sqlite_row *row = &batch->row[i];
		const struct mm_sqlite_texts *texts = &batch->texts[i];
		struct mm_store_note note = {
		    texts->client, texts->sender, texts->recipient};
		struct mm_sqlite_row was;

		rc = mm_sqlite_get_row(db, row->k, &was);
		if (rc == SQLITE_OK && is_better(&row->record, &was.record))
			rc = mm_sqlite_put(db, &was, &row->record,
			    row->note != 0 ? &note : NULL);
	}
	if (rc == SQLITE_OK)
		rc = batch->last ? run(db, "DROP TABLE carry")
				 : run(db, "UPDATE carry SET next = %lld",
				       (long long)batch->next);
	return rc == SQLITE_OK ? mm_sqlite_commit(db) : rc;
}

/* What the mender has read; it may go on then. */
static void
carry(struct mm_sqlite_store *s)
{
	const struct mm_sqlite_carry *batch = s->batch;
	bool last = batch->last;
	struct mm_err err;
	char *aside = NULL;
	int rc = take_over(s, batch);

	if (rc != SQLITE_OK)
		mm_sqlite_keeper_broken(s, rc, &err);
	if (s->writer.db != NULL && rc != SQLITE_OK) { /* locked: once more */
		pthread_mutex_lock(&s->lock);
		s->called = true;
		pthread_mutex_unlock(&s->lock);
		return;
	}
	/* what failed begins again once the database is back */
	if (rc == SQLITE_OK)
		atomic_fetch_add(&s->carried, batch->n);
	if (rc == SQLITE_OK && last) {
		s->rebuild_until = 0;
		mm_sqlite_tell_counts(s);
		tell_rebuilt(s, s->aside, batch->whole);
	}
	pthread_mutex_lock(&s->lock);
	s->handed_over = false;
	if (rc != SQLITE_OK || last) {
		aside = s->aside;
		s->aside = NULL;
	}
	pthread_cond_broadcast(&s->mend);
	pthread_mutex_unlock(&s->lock);
	free(aside);
}

/* Somebody found the database that is open now damaged. */
static bool
is_suspect(struct mm_sqlite_store *s)
{
	bool is;

	pthread_mutex_lock(&s->lock);
	is = s->suspect != 0 && s->suspect == atomic_load(&s->generation) &&
	     s->writer.db != NULL;
	if (is)
		s->why = s->suspicion;
	s->suspect = 0;
	pthread_mutex_unlock(&s->lock);
	return is;
}

static bool
is_handed_over(struct mm_sqlite_store *s)
{
	bool is;

	pthread_mutex_lock(&s->lock);
	is = s->handed_over;
	pthread_mutex_unlock(&s->lock);
	return is;
}

void
mm_sqlite_mend(struct mm_sqlite_store *s)
{
	struct mm_err err;

	if (is_suspect(s) && mm_sqlite_may_set_aside(s)) {
		mm_sqlite_close(&s->writer);
		s->damaged = true;
	}
	if (s->damaged)
		mm_sqlite_keeper_ready(s, &err); /* whoever asks hears of it */
	if (s->writer.db != NULL && is_handed_over(s))
		carry(s);
}

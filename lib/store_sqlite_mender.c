/* store_sqlite_mender - finds damage, reads what is left; store_sqlite.h. */
#include "lib/clock.h"
#include "lib/store_sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define NICE 10
#define PAUSE_US 2000 /* between two batches; or, checking, */
#define REST 4	      /* so many times as long as the last one took */
#define NO_MEMORY_US 1000000
#define SKIP_ROWS 16 /* a page has more, but not many times more */

/* False: the store is being closed. */
static bool
rest(struct mm_sqlite_store *s, int64_t us)
{
	int64_t until = mm_sqlite_now() + us;
	bool stop;

	pthread_mutex_lock(&s->lock);
	while (!(stop = s->stop) && mm_sqlite_now() < until)
		mm_sqlite_wait(s, &s->mend, until);
	pthread_mutex_unlock(&s->lock);
	return !stop;
}

/* The next rows from k on; some may have been read when it fails. */
static int
read_rows(struct mm_sqlite *db, int64_t k,
    struct mm_sqlite_row row[MM_SQLITE_CARRY], size_t *n)
{
	sqlite3_stmt *stmt = db->stmt[MM_SQLITE_SCAN];
	int rc;

	*n = 0;
	sqlite3_bind_int64(stmt, 1, k);
	sqlite3_bind_int(stmt, 2, MM_SQLITE_CARRY);
	while (*n < MM_SQLITE_CARRY && sqlite3_step(stmt) == SQLITE_ROW) {
		struct mm_sqlite_row *r = &row[*n];

		r->k = sqlite3_column_int64(stmt, 0);
		r->note = sqlite3_column_int64(stmt, 1);
		r->record.first = sqlite3_column_int64(stmt, 2);
		r->record.last = sqlite3_column_int64(stmt, 3);
		r->record.count = sqlite3_column_int64(stmt, 4);
		if (r->k < k) { /* not the order that it should have */
			sqlite3_reset(stmt);
			return SQLITE_CORRUPT;
		}
		k = r->k;
		++*n;
	}
	rc = sqlite3_reset(stmt);
	return rc;
}

/* Checking. */

/* One step; *more: there is something behind it. */
static int
check_rows(struct mm_sqlite *db, int64_t *next, bool *more)
{
	struct mm_sqlite_row row[MM_SQLITE_CARRY];
	size_t n;
	int rc = read_rows(db, *next, row, &n);

	*more = n == MM_SQLITE_CARRY && row[n - 1].k < INT64_MAX;
	if (*more)
		*next = row[n - 1].k + 1;
	return rc;
}

static int
check_notes(struct mm_sqlite *db, int64_t *next, bool *more)
{
	sqlite3_stmt *list = db->stmt[MM_SQLITE_LIST];
	size_t n = 0;

	sqlite3_bind_int64(list, 1, *next);
	sqlite3_bind_int(list, 2, MM_SQLITE_CARRY);
	for (; sqlite3_step(list) == SQLITE_ROW; n++)
		*next = sqlite3_column_int64(list, 0);
	*more = n == MM_SQLITE_CARRY;
	return sqlite3_reset(list);
}

/* False: it ended before the end, for whatever reason. */
static bool
check_all(struct mm_sqlite_store *s, struct mm_sqlite *db, unsigned generation,
    int (*step)(struct mm_sqlite *db, int64_t *next, bool *more))
{
	int64_t next = step == check_rows ? INT64_MIN : 0, start;
	struct mm_err err;
	bool more = true;
	int rc;

	while (more) {
		start = mm_sqlite_now();
		rc = step(db, &next, &more);
		if (mm_sqlite_is_damage(rc)) {
			mm_err_set(&err, "%s: %s", s->path, sqlite3_errstr(rc));
			mm_sqlite_suspect(s, generation, &err);
		}
		if (rc != SQLITE_OK ||
		    !rest(s, PAUSE_US + REST * (mm_sqlite_now() - start)) ||
		    generation != atomic_load(&s->generation))
			return false;
	}
	return true;
}

/* Reads everything once, beside all others and slower than they. */
static void
check(struct mm_sqlite_store *s, unsigned generation)
{
	struct mm_sqlite db;
	struct mm_err err;

	if (mm_sqlite_open(&db, s->path, MM_SQLITE_SALVAGER, &err) == -1)
		return; /* somebody else has this trouble, too */
	if (check_all(s, &db, generation, check_rows) &&
	    check_all(s, &db, generation, check_notes))
		atomic_fetch_add(&s->checks, 1);
	mm_sqlite_close(&db);
}

/* Carrying over. */

struct salvage {
	struct mm_sqlite db;
	int64_t next;
	bool whole;
	uint64_t gap, skip; /* the least that is left out, and the next time */
};

/* Past what cannot be read.  False: past the end. */
static bool
jump(struct salvage *v)
{
	uint64_t left = (uint64_t)INT64_MAX - (uint64_t)v->next;

	v->whole = false;
	if (v->skip >= left)
		return false;
	v->next = (int64_t)((uint64_t)v->next + v->skip);
	v->skip *= 2;
	return true;
}

/* Without its texts it waits all the same. */
static void
read_texts(struct mm_sqlite *db, const struct mm_sqlite_row *row,
    struct mm_sqlite_texts *ret)
{
	sqlite3_stmt *stmt = db->stmt[MM_SQLITE_NOTE];

	memset(ret, 0, sizeof(*ret));
	if (row->note == 0)
		return;
	sqlite3_bind_int64(stmt, 1, row->note);
	sqlite3_bind_int64(stmt, 2, row->k);
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		mm_sqlite_text(stmt, 0, ret->client);
		mm_sqlite_text(stmt, 1, ret->sender);
		mm_sqlite_text(stmt, 2, ret->recipient);
	}
	sqlite3_reset(stmt);
}

static void
read_batch(struct salvage *v, struct mm_sqlite_carry *batch)
{
	bool more = true;
	int rc;

	batch->n = 0;
	while (batch->n == 0 && more) {
		rc = read_rows(&v->db, v->next, batch->row, &batch->n);
		if (batch->n > 0) {
			v->next = batch->row[batch->n - 1].k;
			v->skip = v->gap;
			more = v->next++ < INT64_MAX;
		}
		if (rc == SQLITE_BUSY)
			break;
		if (rc != SQLITE_OK)
			more = more && jump(v);
		else if (batch->n < MM_SQLITE_CARRY)
			more = false;
	}
	for (size_t i = 0; i < batch->n; i++)
		read_texts(&v->db, &batch->row[i], &batch->texts[i]);
	batch->last = !more;
	batch->next = v->next;
	batch->whole = v->whole;
}

/* Keys are spread evenly: how many records there are says how far apart. */
static uint64_t
find_gap(sqlite3 *db)
{
	sqlite3_stmt *stmt = NULL;
	int64_t records = 0;

	if (sqlite3_prepare_v2(
		db, "SELECT records FROM meta", -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		records = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return UINT64_MAX / (records < 1024 ? 1024 : (uint64_t)records) *
	       SKIP_ROWS;
}

/* Until the keeper has it.  False: there is no more to do. */
static bool
hand_over(struct mm_sqlite_store *s, unsigned turn)
{
	bool go_on;

	pthread_mutex_lock(&s->lock);
	if (s->aside != NULL && s->carry_turn == turn) {
		s->handed_over = true;
		s->called = true;
		pthread_cond_signal(&s->work);
	}
	while (s->handed_over && !s->stop)
		pthread_cond_wait(&s->mend, &s->lock);
	go_on = s->aside != NULL && s->carry_turn == turn && !s->stop;
	pthread_mutex_unlock(&s->lock);
	return go_on;
}

/* path: what was set aside. */
static void
carry_over(
    struct mm_sqlite_store *s, const char *path, int64_t from, unsigned turn)
{
	struct salvage v = {.next = from, .whole = from == INT64_MIN};
	struct mm_err err;

	if (mm_sqlite_open(&v.db, path, MM_SQLITE_SALVAGER, &err) == -1) {
		s->batch->n = 0;
		s->batch->last = true;
		s->batch->whole = false;
		hand_over(s, turn);
		return;
	}
	v.gap = v.skip = find_gap(v.db.db);
	do
		read_batch(&v, s->batch);
	while (hand_over(s, turn) && rest(s, PAUSE_US));
	mm_sqlite_close(&v.db);
}

/* What there is to do. */
struct job {
	char *aside; /* to be carried over, from where; NULL: check */
	int64_t from;
	unsigned turn, generation;
};

/* False: the end. */
static bool
wait_for_job(struct mm_sqlite_store *s, unsigned checked, struct job *job)
{
	bool stop;

	pthread_mutex_lock(&s->lock);
	while (!(stop = s->stop) && s->aside == NULL &&
	       atomic_load(&s->generation) == checked)
		pthread_cond_wait(&s->mend, &s->lock);
	*job = (struct job){.from = s->carry_from,
	    .turn = s->carry_turn,
	    .generation = atomic_load(&s->generation)};
	if (!stop && s->aside != NULL &&
	    asprintf(&job->aside, "%.*s%s",
		(int)(strrchr(s->path, '/') + 1 - s->path), s->path,
		s->aside) == -1)
		job->aside = NULL;
	pthread_mutex_unlock(&s->lock);
	return !stop;
}

void *
mm_sqlite_mender(void *arg)
{
	struct mm_sqlite_store *s = arg;
	unsigned checked = 0;
	struct job job;

	pthread_setname_np(pthread_self(), "mm-mender");
	setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	while (wait_for_job(s, checked, &job)) {
		if (job.aside == NULL) { /* or there was no memory for it */
			check(s, job.generation);
			checked = job.generation;
		} else if (s->batch == NULL &&
			   (s->batch = malloc(sizeof(*s->batch))) == NULL) {
			rest(s, NO_MEMORY_US);
		} else {
			carry_over(s, job.aside, job.from, job.turn);
		}
		free(job.aside);
	}
	return NULL;
}

/*
 * store_sqlite - the insides of the SQLite store, for its own files only.
 *
 * store_sqlite.c	 the face: what struct mm_store_ops asks for
 * store_sqlite_schema.c its tables, and the way to them from older ones
 * store_sqlite_db.c	 one connection: opens, reads, writes
 * store_sqlite_pool.c	 connections that only read, lent to whoever asks
 * store_sqlite_queue.c	 updates on their way to the keeper and back
 * store_sqlite_keeper.c the one writer: group commit, recovery
 * store_sqlite_tend.c	 what is done beside: purge, checkpoints
 * store_sqlite_aside.c	 the keeper's part where a database is damaged
 * store_sqlite_mender.c the mender: finds damage, reads what is left
 * store_sqlite_alone.c	 whether another process has it open
 *
 * Three threads.  The keeper owns the writing connection.  The checkpointer
 * copies the log into the database each second on a connection of its own,
 * so that the keeper seldom has to.  The mender reads through a database that
 * has been opened, in small steps, whether it is sound; and through one that
 * was set aside, for the keeper to take over what is left.  Callers read for
 * themselves, each on one of a few connections more.
 */
#ifndef MM_STORE_SQLITE_H
#define MM_STORE_SQLITE_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/store.h"
#include "lib/store_hash.h"

/* What a connection is for. */
enum mm_sqlite_role {
	MM_SQLITE_READER = 1,
	MM_SQLITE_WRITER = 2,
	MM_SQLITE_CHECKPOINTER = 4,
	MM_SQLITE_SALVAGER = 8, /* of what may be damaged: trusts nothing */
};

/* The statements, see the table in store_sqlite_db.c. */
enum mm_sqlite_stmt {
	MM_SQLITE_GET,
	MM_SQLITE_SCAN,
	MM_SQLITE_LIST,
	MM_SQLITE_LOOK,
	MM_SQLITE_BEGIN,
	MM_SQLITE_COMMIT,
	MM_SQLITE_PUT,
	MM_SQLITE_REMOVE,
	MM_SQLITE_PUT_NOTE,
	MM_SQLITE_REMOVE_NOTE,
	MM_SQLITE_COUNT,
	MM_SQLITE_NOTE,
	MM_SQLITE_NSTMTS,
};

/* One connection.  Threads: confined.  All zero: closed. */
struct mm_sqlite {
	sqlite3 *db; /* NULL: closed */
	sqlite3_stmt *stmt[MM_SQLITE_NSTMTS];
	uint8_t secret[MM_STORE_SECRET];
	int64_t records, waiting; /* rows, as of the last commit */
	/* what the open transaction adds to them */
	int64_t more_records, more_waiting;
	bool wrote;	   /* in the open transaction */
	int64_t count_due; /* monotonic; 0: nothing was written so far */
	bool damaged;	   /* not open: it is ours, and cannot be read */
};

/* One record as it is stored.  first, last, count all zero: not there. */
struct mm_sqlite_row {
	int64_t k;
	int64_t note; /* row of its note; 0: none */
	struct mm_record record;
};

/*
 * One update on its way.  The queue owns it; whoever of caller and keeper is
 * the last to look at it frees it.
 */
struct mm_sqlite_request {
	struct mm_sqlite_request *next;
	struct mm_store_update update;
	size_t argsize;

	pthread_mutex_t lock; /* a leaf; guards all that follows */
	pthread_cond_t answered;
	enum mm_store_status status; /* UNKNOWN: not yet */
	bool left;		     /* the caller did not wait */
	struct mm_err err;

	/* arg, then the texts of update */
	_Alignas(max_align_t) char data[];
};

/* The texts of a note. */
struct mm_sqlite_texts {
	char client[MM_STORE_NOTE_MAX + 1];
	char sender[MM_STORE_NOTE_MAX + 1];
	char recipient[MM_STORE_NOTE_MAX + 1];
};

/* Some of what a database that was set aside still has. */
#define MM_SQLITE_CARRY 256
struct mm_sqlite_carry {
	bool last;    /* there is no more */
	bool whole;   /* nothing before was unreadable */
	int64_t next; /* where the next batch begins */
	size_t n;
	struct mm_sqlite_row row[MM_SQLITE_CARRY];
	struct mm_sqlite_texts texts[MM_SQLITE_CARRY]; /* of those with notes */
};

#define MM_SQLITE_READERS 32 /* opened as they are needed */

/* A connection that is lent. */
struct mm_sqlite_reader {
	struct mm_sqlite_reader *next; /* that is free */
	struct mm_sqlite db;
	unsigned generation;
};

/*
 * Whoever reads takes one of them and gives it back at once: a disk that does
 * not answer holds no more callers than there are readers.
 */
struct mm_sqlite_pool {
	pthread_mutex_t lock; /* a leaf; guards what is free */
	pthread_cond_t given_back;
	struct mm_sqlite_reader *free; /* the one used last comes first */
	struct mm_sqlite_reader reader[MM_SQLITE_READERS];
};

struct mm_sqlite_store {
	struct mm_store store;
	char *path;
	const struct mm_clock *clock;
	bool read_only;
	atomic_int_fast64_t max_age, waiting_age; /* see mm_store_keep() */

	struct mm_store_watch watch;

	/* A leaf lock; guards the queue and what follows. */
	pthread_mutex_t lock;
	pthread_cond_t work; /* for the keeper: there is something to do */
	pthread_cond_t tick; /* for the checkpointer: stop changed */
	pthread_cond_t mend; /* for the mender */
	struct mm_sqlite_request *first, **end;
	size_t queued;
	bool stop;
	bool called; /* the keeper, for something else than the queue */
	/* The database that somebody found damaged; 0: none. */
	unsigned suspect;
	struct mm_err suspicion;
	/* What is being carried over. */
	char *aside; /* a name in the directory; NULL: nothing */
	int64_t carry_from;
	unsigned carry_turn; /* it began anew so often */
	/* The mender's; while it is handed over, the keeper's. */
	struct mm_sqlite_carry *batch;
	bool handed_over;

	pthread_t keeper, checkpointer, mender;

	/* The keeper's own. */
	struct mm_sqlite writer;
	int64_t retry_at;  /* monotonic; a broken database is left alone */
	struct mm_err why; /* it is broken */
	bool damaged;	   /* it is, not only broken */
	uint8_t secret[MM_STORE_SECRET]; /* of the keys, once opened */
	bool has_secret;
	int64_t aside_due;	 /* monotonic; not before that again */
	char *adopt;		 /* was set aside; the next one takes it over */
	int64_t rebuild_until;	 /* monotonic; 0: nothing is being rebuilt */
	int64_t opened, written; /* monotonic; wall: the file, before that */
	int64_t purge_due;	 /* monotonic; the next chunk */
	int64_t purge_next;	 /* key where it begins */

	struct mm_sqlite_pool pool;

	/* Other connections older than this are of no use: reopen. */
	atomic_uint generation;
	/* The purge has other ages to go by. */
	atomic_bool walk_anew;
	/* The log is long and nearly copied: the keeper copies the rest. */
	atomic_bool finish;
	atomic_uint_fast64_t updates, commits, failures, late, purged;
	atomic_uint_fast64_t checks, asides, carried;
	atomic_int_fast64_t records, waiting;
	atomic_int log_pages; /* after the last commit */
};

/* store_sqlite_schema.c */

/* Is it ours, and of a version that we know?  An empty one may become it. */
int mm_sqlite_schema_check(sqlite3 *db, struct mm_err *err);
/* Brings it to our version; with writes false only tells. */
int mm_sqlite_schema_set_up(sqlite3 *db, bool writes, struct mm_err *err);
/* Somebody else's, as far as can be seen. */
bool mm_sqlite_schema_foreign(sqlite3 *db);
/* Takes it through steps[version..n-1], each in a transaction. */
int mm_sqlite_migrate(
    sqlite3 *db, const char *const *steps, int n, struct mm_err *err);

/* store_sqlite_db.c; those that return int without err return SQLite's. */

/* What SQLite calls a damaged file. */
bool mm_sqlite_is_damage(int rc);
/* db is closed before and, when this fails, after. */
int mm_sqlite_open(struct mm_sqlite *db, const char *path,
    enum mm_sqlite_role role, struct mm_err *err);
void mm_sqlite_close(struct mm_sqlite *db);
/* -1, with SQLite's last complaint in *err. */
int mm_sqlite_complain(sqlite3 *db, struct mm_err *err);
int mm_sqlite_begin(struct mm_sqlite *db);
int mm_sqlite_commit(struct mm_sqlite *db);
void mm_sqlite_rollback(struct mm_sqlite *db);
int mm_sqlite_get(
    struct mm_sqlite *db, const char *key, struct mm_sqlite_row *ret);
int mm_sqlite_get_row(
    struct mm_sqlite *db, int64_t k, struct mm_sqlite_row *ret);
/* Several keys at one moment; ret is untouched when it fails. */
int mm_sqlite_read(struct mm_sqlite *db, const char *const *keys, size_t n,
    struct mm_record *ret);
/* was becomes record; note NULL: it has none. */
int mm_sqlite_put(struct mm_sqlite *db, const struct mm_sqlite_row *was,
    const struct mm_record *record, const struct mm_store_note *note);
int mm_sqlite_remove(struct mm_sqlite *db, int64_t k, int64_t note);
/* A column of a row, cut to what a note may have. */
void mm_sqlite_text(
    sqlite3_stmt *row, int column, char ret[MM_STORE_NOTE_MAX + 1]);

/* What the store's threads wait by: monotonic, us. */
static inline int64_t
mm_sqlite_now(void)
{
	return mm_clock_mono(&mm_clock_system);
}

/* store_sqlite_queue.c */

/* Nobody waits for it; it is lost where there is no room for it. */
void mm_sqlite_leave(struct mm_sqlite_store *store,
    const struct mm_store_update *update, size_t argsize);
enum mm_store_status mm_sqlite_ask(struct mm_sqlite_store *store,
    const struct mm_store_update *update, size_t argsize, int64_t wait_ms,
    struct mm_err *err);
/*
 * The keeper's: waits until there is something to do.  *batch: a list, or
 * NULL when only the time for the next purge has come.  False: the end.
 */
bool mm_sqlite_take(
    struct mm_sqlite_store *store, struct mm_sqlite_request **batch);
/* Wakes the caller.  The request is gone then. */
void mm_sqlite_answer(struct mm_sqlite_request *request,
    enum mm_store_status status, const struct mm_err *err);
/* us of the monotonic clock, for waits. */
struct timespec mm_sqlite_timespec(int64_t us);
/* Waits for cond, with store->lock held, until at (monotonic, us). */
void mm_sqlite_wait(
    struct mm_sqlite_store *store, pthread_cond_t *cond, int64_t at);

/* store_sqlite_pool.c */

void mm_sqlite_pool_init(struct mm_sqlite_pool *pool);
void mm_sqlite_pool_close(struct mm_sqlite_pool *pool);
void mm_sqlite_pool_clear(struct mm_sqlite_pool *pool);
/* A connection to the file that the keeper has.  NULL: *err; it cannot be
 * opened, or nobody has given one back for wait_ms. */
struct mm_sqlite_reader *mm_sqlite_borrow(
    struct mm_sqlite_store *store, int64_t wait_ms, struct mm_err *err);
/* rc: what SQLite said.  -1: *err, if that is an error. */
int mm_sqlite_give_back(struct mm_sqlite_store *store,
    struct mm_sqlite_reader *reader, int rc, struct mm_err *err);

/* store_sqlite_keeper.c */

/* Opens the writing connection and starts all threads. */
int mm_sqlite_keeper_start(struct mm_sqlite_store *store, struct mm_err *err);
/* Answers all that is queued before. */
void mm_sqlite_keeper_stop(struct mm_sqlite_store *store);
/* The keeper's: after what SQLite calls rc, tries again later. */
int mm_sqlite_keeper_broken(
    struct mm_sqlite_store *store, int rc, struct mm_err *err);
/* The keeper's: the database is open, perhaps again. */
int mm_sqlite_keeper_ready(struct mm_sqlite_store *store, struct mm_err *err);
/* The keeper's: how many rows there are, for stats. */
void mm_sqlite_tell_counts(struct mm_sqlite_store *store);

/* store_sqlite_aside.c */

/* Anybody's: that database is damaged, the keeper shall see to it. */
void mm_sqlite_suspect(struct mm_sqlite_store *store, unsigned generation,
    const struct mm_err *why);
/* The keeper's: not again so soon. */
bool mm_sqlite_may_set_aside(const struct mm_sqlite_store *store);
/* The keeper's, with its connection closed because of store->why: the file
 * gets another name. */
int mm_sqlite_set_aside(struct mm_sqlite_store *store, struct mm_err *err);
/* The keeper's, with its connection just opened: begins to take over what was
 * set aside, now or before the store was closed. */
int mm_sqlite_resume(struct mm_sqlite_store *store, struct mm_err *err);
/* The keeper's: looks at what others suspect, takes over what was read. */
void mm_sqlite_mend(struct mm_sqlite_store *store);

/* store_sqlite_mender.c: the mender's thread. */
void *mm_sqlite_mender(void *store);

/* store_sqlite_tend.c */

/* The keeper's, between two batches: milliseconds at the most. */
void mm_sqlite_tend(struct mm_sqlite_store *store);
/* The checkpointer's thread. */
void *mm_sqlite_checkpointer(void *store);

#endif

/*
 * store - records that outlive the process: who was seen, since when.
 *
 * Knows keys and three numbers per record, not what they mean: the change
 * itself is the caller's pure function, run by the store between read and
 * write.  An update looks first: most of them have nothing to write, and those
 * wait for no write of others and for no lock.  Else it returns when its own
 * commit is done.  Backends: store_sqlite (one writer thread, group commit,
 * readers beside it), store_memory (for tests and demonstrations: it purges
 * nothing and dies with the process), store_shared (one of these, and what
 * other hosts know).
 * Threads: shared.
 */
#ifndef MM_STORE_H
#define MM_STORE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mm_clock;
struct mm_err;

#define MM_STORE_KEYS 16      /* records of one update, at most */
#define MM_STORE_ARG_MAX 1024 /* bytes of an update's arg, at most */
#define MM_STORE_NOTE_MAX 320 /* bytes of each text of a note; more is cut */

/* All zero: never seen. */
struct mm_record {
	int64_t first; /* seconds, 1970 */
	int64_t last;
	int64_t count;
};
bool mm_record_seen(const struct mm_record *record);

/* Text for people beside a record that is waiting: kept readable. */
struct mm_store_note {
	const char *client, *sender, *recipient; /* NULL is "" */
};

/* What change() says. */
enum mm_store_change {
	MM_STORE_KEEP = 0, /* nothing is to be written */
	MM_STORE_WRITE,
	MM_STORE_LATER, /* as WRITE; but no harm is done if it is lost, so that
			   the answer need not wait for it */
	MM_STORE_MORE,	/* the records that were not read matter: call again */
};

struct mm_store_update;

/* What other hosts may know of a record, see store_shared.h. */
enum mm_store_share {
	MM_STORE_SHARE_NOTHING = 0, /* it is this host's own affair */
	MM_STORE_SHARE_WAIT,	    /* the earlier first counts */
	MM_STORE_SHARE_COUNT,	    /* the later one */
	MM_STORE_SHARE_WINDOW, /* until last, which may be yet to come; the one
				  with the later first counts */
};
struct mm_store_sharing {
	enum mm_store_share share[MM_STORE_KEYS];
	/* seconds from last that a record is worth anything (a window: none);
	 * from first, if it is one that waits and its count is 0 */
	int64_t age[MM_STORE_KEYS], waiting_age;
	int64_t now;
	/* Pure: change() has answered; would it matter what others know? */
	bool (*asks)(const struct mm_store_update *update);
	bool forgets; /* what is removed here is removed there */
};

struct mm_store_update {
	size_t n;			/* keys in use, all different */
	size_t at_first;		/* so many are read at first; 0: all */
	size_t nread;			/* for change(): so many are by now */
	const char *key[MM_STORE_KEYS]; /* any text; hashed with a secret */
	struct mm_store_note note;	/* for key[0] */
	/*
	 * Pure: runs in any thread, and more than once; sees only arg, n and
	 * nread of update.  Changes the first nread of record[] in place (the
	 * others are zero); one that becomes all zero is removed, one behind
	 * key[0] that stays as it was keeps its own note.
	 * *noted: key[0] has or gets a note, because it is waiting (its count
	 * is 0) or is to be listed; else it has none.
	 * MORE, while nread < n: has changed nothing, arg neither.
	 */
	enum mm_store_change (*change)(const struct mm_store_update *update,
	    struct mm_record record[MM_STORE_KEYS], bool *noted);
	void *arg; /* change()'s own: in and out, see mm_store_update() */
	const struct mm_store_sharing *sharing; /* NULL: nothing is shared */
	bool looked; /* out, of what is DONE: a look was enough, so that
			nothing is known of how writing goes */
};

/* How asking the store ended. */
enum mm_store_status {
	MM_STORE_UNKNOWN = 0,
	MM_STORE_DONE,	 /* committed, or nothing had to be written */
	MM_STORE_FAILED, /* *err: disk, database */
	MM_STORE_LATE,	 /* *err: not committed within the wait; it may
			    still happen */
};

struct mm_store_stats {
	uint64_t updates; /* all of them */
	uint64_t looks;	  /* those that had nothing to write */
	uint64_t commits, failures, late, purged;
	uint64_t checks;  /* of all that is on disk, each to the end */
	uint64_t damaged; /* databases set aside */
	uint64_t carried; /* records taken over from them */
	uint64_t records; /* in the store, about */
	uint64_t waiting; /* with a note, about */
	uint64_t bytes;	  /* on disk */
};

/* One record with a note, for listings; it is waiting if its count is 0. */
typedef bool mm_store_each(void *ctx, const struct mm_store_note *note,
    const struct mm_record *record); /* false: enough */

struct mm_store;

/* A backend; later: as update, but waits for nothing and may fail; NULL: there
 * everybody waits.  Each other function as its namesake below, but for update, which need
 * not look first, and stats, which does not know of looks. */
struct mm_store_ops {
	enum mm_store_status (*update)(struct mm_store *store,
	    struct mm_store_update *update, size_t argsize, int64_t wait_ms,
	    struct mm_err *err);
	/* NULL: always.  A look said KEEP; is that the answer? */
	bool (*settled)(
	    struct mm_store *store, const struct mm_store_update *update);
	void (*later)(struct mm_store *store,
	    const struct mm_store_update *update, size_t argsize);
	int (*read)(struct mm_store *store, const char *const *keys, size_t n,
	    int64_t wait_ms, struct mm_record *ret, struct mm_err *err);
	int (*waiting)(struct mm_store *store, mm_store_each *each, void *ctx,
	    struct mm_err *err);
	void (*keep)(
	    struct mm_store *store, int64_t max_age, int64_t waiting_age);
	void (*stats)(struct mm_store *store, struct mm_store_stats *ret);
	void (*free)(struct mm_store *store);
};
struct mm_store {
	const struct mm_store_ops *ops;
	atomic_uint_fast64_t looks;
};

/*
 * What becomes of a damaged database, told by the store's own threads; NULL:
 * nobody listens.  It is set aside under another name and a new one begun in
 * its place.  What can be read of it is then carried over; until that is done,
 * or has taken long, updates that have something to write fail.
 */
struct mm_store_watch {
	void (*damaged)(void *ctx, const char *why, const char *aside);
	/* whole: nothing of it was unreadable */
	void (*rebuilt)(
	    void *ctx, const char *aside, uint64_t records, bool whole);
	void *ctx;
};

struct mm_store_config {
	const char *directory; /* the database is DIRECTORY/greylist.sqlite */
	bool read_only;	       /* read and waiting only: no thread, no lock */
	int64_t max_age, waiting_age; /* see mm_store_keep() */
	struct mm_store_watch watch;
};

/* NULL: *err.  clock outlives the store. */
struct mm_store *mm_store_sqlite_new(const struct mm_store_config *config,
    const struct mm_clock *clock, struct mm_err *err);
struct mm_store *mm_store_memory_new(void); /* NULL: out of memory */
/* For who is about to open it and wants no other process to use it, at this
 * moment.  0, also where there is no database yet; -1: *err. */
int mm_store_sqlite_alone(const char *directory, struct mm_err *err);

/*
 * Blocks for wait_ms at the most, unless the disk itself does while it is
 * read.  argsize bytes of update->arg are copied in and, when DONE, copied
 * back out: an update that is late never touches the caller's memory.
 */
enum mm_store_status mm_store_update(struct mm_store *store,
    struct mm_store_update *update, size_t argsize, int64_t wait_ms,
    struct mm_err *err);
/*
 * What n keys, MM_STORE_KEYS at the most, had at one and the same moment; a
 * record of zeros is not there.  Waits for no write.  -1: *err, ret untouched;
 * there was nobody to read for wait_ms, or it failed.
 */
int mm_store_read(struct mm_store *store, const char *const *keys, size_t n,
    int64_t wait_ms, struct mm_record *ret, struct mm_err *err);
/* One key, without a limit to the wait. */
int mm_store_peek(struct mm_store *store, const char *key,
    struct mm_record *ret, struct mm_err *err);
/* Holds no lock while each() runs.  -1: *err. */
int mm_store_waiting(
    struct mm_store *store, mm_store_each *each, void *ctx, struct mm_err *err);
/*
 * From now on records with last older than max_age seconds are purged, those
 * still waiting (with a note, and a count of 0) by their first time.  0: never.
 * May be called again.
 */
void mm_store_keep(
    struct mm_store *store, int64_t max_age, int64_t waiting_age);
void mm_store_stats(struct mm_store *store, struct mm_store_stats *ret);
/* Commits what is queued, then closes; nobody may be inside an update. */
void mm_store_free(struct mm_store *store); /* NULL is fine */

/*
 * For backends: reads and runs change() until it says KEEP or WRITE.  fetch
 * reads update->key[from..to-1] into record[]; what it returns but 0 ends the
 * run and is returned.  Else 0; with WRITE the first nread of record[] are
 * what change() left there.
 */
typedef int mm_store_fetch(
    void *ctx, size_t from, size_t to, struct mm_record *record);
int mm_store_run(struct mm_store_update *update, mm_store_fetch *fetch,
    void *ctx, struct mm_record record[MM_STORE_KEYS], bool *noted,
    enum mm_store_change *ret);

#endif

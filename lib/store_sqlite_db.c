/* store_sqlite_db - one connection to the database; see store_sqlite.h. */
#include "lib/clock.h"
#include "lib/store_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BUSY_MS 250 /* for a lock of another process */
/* Rows are counted on disk that often: a kill costs what came since. */
#define COUNT_EVERY_US 1000000

/* clang-format off */
static const struct {
	int roles;
	const char *sql;
} statements[MM_SQLITE_NSTMTS] = {
	[MM_SQLITE_GET] = { MM_SQLITE_READER | MM_SQLITE_WRITER,
	    "SELECT first, last, count, note FROM record WHERE k = ?1" },
	[MM_SQLITE_LIST] = { MM_SQLITE_READER | MM_SQLITE_SALVAGER,
	    "SELECT w.note, w.client, w.sender, w.recipient,"
	    " r.first, r.last, r.count"
	    " FROM waiting w JOIN record r ON r.k = w.k"
	    " WHERE w.note > ?1 ORDER BY w.note LIMIT ?2" },
	[MM_SQLITE_LOOK] = { MM_SQLITE_READER, "BEGIN" },
	[MM_SQLITE_BEGIN] = { MM_SQLITE_WRITER, "BEGIN IMMEDIATE" },
	[MM_SQLITE_COMMIT] = { MM_SQLITE_READER | MM_SQLITE_WRITER, "COMMIT" },
	[MM_SQLITE_PUT] = { MM_SQLITE_WRITER,
	    "INSERT INTO record VALUES (?1, ?2, ?3, ?4, ?5)"
	    " ON CONFLICT (k) DO UPDATE SET first = ?2, last = ?3,"
	    " count = ?4, note = ?5" },
	[MM_SQLITE_REMOVE] = { MM_SQLITE_WRITER,
	    "DELETE FROM record WHERE k = ?1" },
	[MM_SQLITE_PUT_NOTE] = { MM_SQLITE_WRITER,
	    "INSERT INTO waiting (k, client, sender, recipient)"
	    " VALUES (?1, ?2, ?3, ?4)" },
	[MM_SQLITE_REMOVE_NOTE] = { MM_SQLITE_WRITER,
	    "DELETE FROM waiting WHERE note = ?1" },
	[MM_SQLITE_COUNT] = { MM_SQLITE_WRITER,
	    "UPDATE meta SET records = ?1, waiting = ?2" },
	[MM_SQLITE_SCAN] = { MM_SQLITE_WRITER | MM_SQLITE_SALVAGER,
	    "SELECT k, note, first, last, count FROM record"
	    " WHERE k >= ?1 ORDER BY k LIMIT ?2" },
	[MM_SQLITE_NOTE] = { MM_SQLITE_SALVAGER,
	    "SELECT client, sender, recipient FROM waiting"
	    " WHERE note = ?1 AND k = ?2" },
};
/* clang-format on */

/*
 * Keys are random, so that an update is a page or two in the log: small pages
 * keep that short, and with it the time to read it after a kill.  Checkpoints
 * are made in store_sqlite_tend.c.
 */
static const char writer_pragmas[] = "PRAGMA page_size = 2048;"
				     "PRAGMA journal_mode = WAL;"
				     "PRAGMA synchronous = NORMAL;"
				     "PRAGMA secure_delete = OFF;"
				     "PRAGMA wal_autocheckpoint = 0;"
				     "PRAGMA journal_size_limit = 134217728;"
				     "PRAGMA cache_size = -16384;";

bool
mm_sqlite_is_damage(int rc)
{
	return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB;
}

int
mm_sqlite_complain(sqlite3 *db, struct mm_err *err)
{
	int why = sqlite3_system_errno(db);

	if (why != 0 && sqlite3_errcode(db) != SQLITE_BUSY)
		return mm_err_set(
		    err, "%s (%s)", sqlite3_errmsg(db), strerror(why));
	return mm_err_set(err, "%s", sqlite3_errmsg(db));
}

static int
read_meta(struct mm_sqlite *db, struct mm_err *err)
{
	static const char sql[] = "SELECT secret, records, waiting FROM meta";
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db->db, sql, -1, &stmt, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW &&
	    sqlite3_column_bytes(stmt, 0) == MM_STORE_SECRET) {
		memcpy(
		    db->secret, sqlite3_column_blob(stmt, 0), MM_STORE_SECRET);
		db->records = sqlite3_column_int64(stmt, 1);
		db->waiting = sqlite3_column_int64(stmt, 2);
		rc = 0;
	} else if (rc == SQLITE_ROW || rc == SQLITE_DONE) {
		rc = mm_err_set(err, "the keys' secret is gone");
	} else {
		rc = mm_sqlite_complain(db->db, err);
	}
	sqlite3_finalize(stmt);
	return rc;
}

/*
 * Makes the file, unless it is there: SQLite would let everybody read who
 * writes to whom.  Log and index get their mode from it.  One that is there
 * must not be opened: closing it would drop SQLite's locks.
 */
static int
make(const char *path, struct mm_err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

	if (fd == -1)
		return errno == EEXIST ? 0
				       : mm_err_set(err, "%s", strerror(errno));
	close(fd);
	return 0;
}

/*
 * The log stays when the last connection closes: who may only read could not
 * make one, and one that was replaced under us must not be removed.
 */
static int
set_up_log(struct mm_sqlite *db, const char *pragmas, struct mm_err *err)
{
	int yes = 1;

	sqlite3_file_control(db->db, "main", SQLITE_FCNTL_PERSIST_WAL, &yes);
	if (sqlite3_exec(db->db, pragmas, NULL, NULL, NULL) != SQLITE_OK)
		return mm_sqlite_complain(db->db, err);
	return 0;
}

/* Until one cannot be: what stands first may do without the others. */
static int
prepare(struct mm_sqlite *db, enum mm_sqlite_role role, struct mm_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < MM_SQLITE_NSTMTS && rc == 0; i++) {
		if ((statements[i].roles & role) != 0 &&
		    sqlite3_prepare_v3(db->db, statements[i].sql, -1,
			SQLITE_PREPARE_PERSISTENT, &db->stmt[i],
			NULL) != SQLITE_OK)
			rc = mm_sqlite_complain(db->db, err);
	}
	return rc;
}

/* Notes may be gone, records must be there. */
static int
set_up_salvage(struct mm_sqlite *db, struct mm_err *err)
{
	if (set_up_log(db, "PRAGMA cell_size_check = ON", err) == -1)
		return -1;
	if (prepare(db, MM_SQLITE_SALVAGER, err) == -1 &&
	    db->stmt[MM_SQLITE_SCAN] == NULL)
		return -1;
	return 0;
}

/* There are many of them, and each write empties what they have cached. */
static int
set_up_reader(struct mm_sqlite *db, struct mm_err *err)
{
	if (sqlite3_exec(db->db, "PRAGMA cache_size = -512", NULL, NULL,
		NULL) != SQLITE_OK)
		return mm_sqlite_complain(db->db, err);
	return 0;
}

static int
set_up(struct mm_sqlite *db, enum mm_sqlite_role role, struct mm_err *err)
{
	bool writes = role == MM_SQLITE_WRITER;

	sqlite3_busy_timeout(db->db, BUSY_MS);
	if (role == MM_SQLITE_CHECKPOINTER) /* has to have read something */
		return set_up_log(db,
		    "PRAGMA synchronous = NORMAL; PRAGMA user_version;", err);
	if (role == MM_SQLITE_SALVAGER)
		return set_up_salvage(db, err);
	if (mm_sqlite_schema_check(db->db, err) == -1 ||
	    (role == MM_SQLITE_READER && set_up_reader(db, err) == -1) ||
	    (writes && set_up_log(db, writer_pragmas, err) == -1) ||
	    mm_sqlite_schema_set_up(db->db, writes, err) == -1)
		return -1;
	/* From here on it has to be as we have made it. */
	if (read_meta(db, err) == 0 && prepare(db, role, err) == 0)
		return 0;
	db->damaged = (sqlite3_errcode(db->db) & 0xff) == SQLITE_ERROR ||
		      sqlite3_errcode(db->db) == SQLITE_OK;
	return -1;
}

/* For statements without rows: SQLITE_OK, or what went wrong. */
static int
step(struct mm_sqlite *db, enum mm_sqlite_stmt which)
{
	int rc;

	sqlite3_step(db->stmt[which]);
	rc = sqlite3_reset(db->stmt[which]);
	if (which != MM_SQLITE_LOOK && which != MM_SQLITE_BEGIN &&
	    which != MM_SQLITE_COMMIT)
		db->wrote = true;
	return rc;
}

static int
step_on(struct mm_sqlite *db, enum mm_sqlite_stmt which, int64_t row)
{
	sqlite3_bind_int64(db->stmt[which], 1, row);
	return step(db, which);
}

/* A count that a kill left too low must not go below zero. */
static int64_t
sum(int64_t rows, int64_t more)
{
	return rows + more < 0 ? 0 : rows + more;
}

/* Writes down how many rows there are. */
static int
count(struct mm_sqlite *db, int64_t now)
{
	sqlite3_stmt *stmt = db->stmt[MM_SQLITE_COUNT];

	db->count_due = now + COUNT_EVERY_US;
	sqlite3_bind_int64(stmt, 1, sum(db->records, db->more_records));
	sqlite3_bind_int64(stmt, 2, sum(db->waiting, db->more_waiting));
	return step(db, MM_SQLITE_COUNT);
}

void
mm_sqlite_close(struct mm_sqlite *db)
{
	if (db->count_due != 0) /* a writer that wrote */
		count(db, 0);
	for (size_t i = 0; i < MM_SQLITE_NSTMTS; i++)
		sqlite3_finalize(db->stmt[i]);
	sqlite3_close(db->db);
	*db = (struct mm_sqlite){0};
}

int
mm_sqlite_open(struct mm_sqlite *db, const char *path, enum mm_sqlite_role role,
    struct mm_err *err)
{
	int flags = role & (MM_SQLITE_READER | MM_SQLITE_SALVAGER)
			? SQLITE_OPEN_READONLY
			: SQLITE_OPEN_READWRITE;
	bool damaged;

	*db = (struct mm_sqlite){0};
	if (role == MM_SQLITE_WRITER && make(path, err) == -1)
		return mm_err_in(err, "%s", path);
	if (role == MM_SQLITE_READER && access(path, R_OK) == -1)
		return mm_err_set(err, "%s: %s", path,
		    errno == ENOENT ? "there is no database yet"
				    : strerror(errno));
	if (sqlite3_open_v2(path, &db->db, flags | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK)
		mm_sqlite_complain(db->db, err);
	else if (set_up(db, role, err) == 0)
		return 0;
	damaged =
	    (db->damaged || mm_sqlite_is_damage(sqlite3_errcode(db->db))) &&
	    !mm_sqlite_schema_foreign(db->db);
	mm_sqlite_close(db);
	db->damaged = damaged;
	return mm_err_in(err, "%s", path);
}

int
mm_sqlite_begin(struct mm_sqlite *db)
{
	db->wrote = false;
	return step(db, MM_SQLITE_BEGIN);
}

int
mm_sqlite_commit(struct mm_sqlite *db)
{
	int64_t now = mm_clock_mono(&mm_clock_system);
	int rc;

	if (db->wrote && now >= db->count_due &&
	    (rc = count(db, now)) != SQLITE_OK)
		return rc;
	if ((rc = step(db, MM_SQLITE_COMMIT)) != SQLITE_OK)
		return rc;
	db->records = sum(db->records, db->more_records);
	db->waiting = sum(db->waiting, db->more_waiting);
	db->more_records = 0;
	db->more_waiting = 0;
	return SQLITE_OK;
}

/* Some failures have rolled back already. */
void
mm_sqlite_rollback(struct mm_sqlite *db)
{
	db->more_records = 0;
	db->more_waiting = 0;
	if (!sqlite3_get_autocommit(db->db))
		sqlite3_exec(db->db, "ROLLBACK", NULL, NULL, NULL);
}

int
mm_sqlite_get(struct mm_sqlite *db, const char *key, struct mm_sqlite_row *ret)
{
	uint64_t hash = mm_store_hash(db->secret, key, strlen(key));

	return mm_sqlite_get_row(db, (int64_t)hash, ret);
}

int
mm_sqlite_get_row(struct mm_sqlite *db, int64_t k, struct mm_sqlite_row *ret)
{
	sqlite3_stmt *get = db->stmt[MM_SQLITE_GET];

	*ret = (struct mm_sqlite_row){.k = k};
	sqlite3_bind_int64(get, 1, k);
	if (sqlite3_step(get) == SQLITE_ROW) {
		ret->record.first = sqlite3_column_int64(get, 0);
		ret->record.last = sqlite3_column_int64(get, 1);
		ret->record.count = sqlite3_column_int64(get, 2);
		ret->note = sqlite3_column_int64(get, 3);
	}
	return sqlite3_reset(get);
}

int
mm_sqlite_read(struct mm_sqlite *db, const char *const *keys, size_t n,
    struct mm_record *ret)
{
	struct mm_sqlite_row row[MM_STORE_KEYS];
	int rc = step(db, MM_SQLITE_LOOK), ended;

	if (rc != SQLITE_OK)
		return rc;
	for (size_t i = 0; i < n && rc == SQLITE_OK; i++)
		rc = mm_sqlite_get(db, keys[i], &row[i]);
	ended = step(db, MM_SQLITE_COMMIT);
	if (rc == SQLITE_OK && (rc = ended) == SQLITE_OK) {
		for (size_t i = 0; i < n; i++)
			ret[i] = row[i].record;
	}
	return rc;
}

void
mm_sqlite_text(sqlite3_stmt *row, int column, char ret[MM_STORE_NOTE_MAX + 1])
{
	const unsigned char *text = sqlite3_column_text(row, column);

	snprintf(ret, MM_STORE_NOTE_MAX + 1, "%s",
	    text == NULL ? "" : (const char *)text);
}

static void
bind_text(sqlite3_stmt *stmt, int at, const char *text)
{
	size_t len = text == NULL ? 0 : strnlen(text, MM_STORE_NOTE_MAX);

	sqlite3_bind_text(
	    stmt, at, len == 0 ? "" : text, (int)len, SQLITE_STATIC);
}

static int
put_note(struct mm_sqlite *db, int64_t k, const struct mm_store_note *note,
    int64_t *ret)
{
	sqlite3_stmt *put = db->stmt[MM_SQLITE_PUT_NOTE];
	int rc;

	sqlite3_bind_int64(put, 1, k);
	bind_text(put, 2, note->client);
	bind_text(put, 3, note->sender);
	bind_text(put, 4, note->recipient);
	if ((rc = step(db, MM_SQLITE_PUT_NOTE)) != SQLITE_OK)
		return rc;
	*ret = sqlite3_last_insert_rowid(db->db);
	db->more_waiting++;
	return SQLITE_OK;
}

static int
remove_note(struct mm_sqlite *db, int64_t note)
{
	if (note == 0)
		return SQLITE_OK;
	db->more_waiting--;
	return step_on(db, MM_SQLITE_REMOVE_NOTE, note);
}

int
mm_sqlite_remove(struct mm_sqlite *db, int64_t k, int64_t note)
{
	int rc = remove_note(db, note);

	if (rc != SQLITE_OK)
		return rc;
	db->more_records--;
	return step_on(db, MM_SQLITE_REMOVE, k);
}

int
mm_sqlite_put(struct mm_sqlite *db, const struct mm_sqlite_row *was,
    const struct mm_record *record, const struct mm_store_note *note)
{
	sqlite3_stmt *put = db->stmt[MM_SQLITE_PUT];
	int64_t row = was->note;
	int rc = SQLITE_OK;

	if (!mm_record_seen(record))
		return mm_record_seen(&was->record)
			   ? mm_sqlite_remove(db, was->k, was->note)
			   : SQLITE_OK;
	if (note != NULL && row == 0)
		rc = put_note(db, was->k, note, &row);
	if (note == NULL) {
		rc = remove_note(db, row);
		row = 0;
	}
	if (rc != SQLITE_OK || (row == was->note && memcmp(record, &was->record,
							sizeof(*record)) == 0))
		return rc;

	sqlite3_bind_int64(put, 1, was->k);
	sqlite3_bind_int64(put, 2, record->first);
	sqlite3_bind_int64(put, 3, record->last);
	sqlite3_bind_int64(put, 4, record->count);
	if (row == 0)
		sqlite3_bind_null(put, 5);
	else
		sqlite3_bind_int64(put, 5, row);
	db->more_records += !mm_record_seen(&was->record);
	return step(db, MM_SQLITE_PUT);
}

/* store_sqlite_schema - tables and versions; see store_sqlite.h. */
#include "lib/store_sqlite.h"

#define OURS 1835890029 /* "mmum", as PRAGMA application_id */
#define TEXT(token) #token
#define TEXT_OF(macro) TEXT(macro)

/* clang-format off */
/* One step from each version to the next; released ones never change. */
static const char *const schema[] = {
	"PRAGMA application_id = " TEXT_OF(OURS) ";"
	/* One row: the secret of the keys, and how many rows there are. */
	"CREATE TABLE meta ("
	" secret BLOB NOT NULL,"
	" records INTEGER NOT NULL,"
	" waiting INTEGER NOT NULL);"
	"INSERT INTO meta VALUES (randomblob(16), 0, 0);"
	/* k: hash of the key.  An index on time would double the writes. */
	"CREATE TABLE record ("
	" k INTEGER PRIMARY KEY,"
	" first INTEGER NOT NULL,"
	" last INTEGER NOT NULL,"
	" count INTEGER NOT NULL,"
	" note INTEGER);"
	/* In the order of arrival: with their texts beside them the records
	 * would spread over ten times the pages. */
	"CREATE TABLE waiting ("
	" note INTEGER PRIMARY KEY,"
	" k INTEGER NOT NULL,"
	" client TEXT NOT NULL,"
	" sender TEXT NOT NULL,"
	" recipient TEXT NOT NULL);",
};
/* clang-format on */
#define VERSION ((int)(sizeof(schema) / sizeof(schema[0])))

static int
run(sqlite3 *db, const char *sql, struct mm_err *err)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return mm_sqlite_complain(db, err);
	return 0;
}

/* The one number that sql gives. */
static int
ask(sqlite3 *db, const char *sql, int *ret, struct mm_err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW) {
		*ret = sqlite3_column_int(stmt, 0);
		rc = 0;
	} else {
		mm_sqlite_complain(db, err);
	}
	sqlite3_finalize(stmt);
	return rc;
}

bool
mm_sqlite_schema_foreign(sqlite3 *db)
{
	struct mm_err err;
	int id;

	return ask(db, "PRAGMA application_id", &id, &err) == 0 && id != OURS;
}

static int
read_version(sqlite3 *db, int newest, int *ret, struct mm_err *err)
{
	if (ask(db, "PRAGMA user_version", ret, err) == -1)
		return -1;
	if (*ret > newest)
		return mm_err_set(err,
		    "schema version %d is from a newer mailmum: this one "
		    "knows %d",
		    *ret, newest);
	return 0;
}

int
mm_sqlite_schema_check(sqlite3 *db, struct mm_err *err)
{
	int id, tables, version;

	if (ask(db, "PRAGMA application_id", &id, err) == -1 ||
	    ask(db, "SELECT count(*) FROM sqlite_schema", &tables, err) == -1)
		return -1;
	if (tables > 0 && id != OURS)
		return mm_err_set(err, "not a database of mailmum");
	return read_version(db, VERSION, &version, err);
}

static int
migrate_once(sqlite3 *db, const char *step, int version, struct mm_err *err)
{
	char done[40];

	sqlite3_snprintf(
	    sizeof(done), done, "PRAGMA user_version = %d", version);
	if (run(db, step, err) == -1 || run(db, done, err) == -1)
		return mm_err_in(err, "going to schema version %d", version);
	return 0;
}

int
mm_sqlite_migrate(
    sqlite3 *db, const char *const *steps, int n, struct mm_err *err)
{
	int version;

	if (read_version(db, n, &version, err) == -1)
		return -1;
	while (version < n) {
		if (run(db, "BEGIN IMMEDIATE", err) == -1)
			return -1;
		/* Another process may have been faster: look again. */
		if (read_version(db, n, &version, err) == -1 ||
		    (version < n && migrate_once(db, steps[version],
					version + 1, err) == -1) ||
		    run(db, "COMMIT", err) == -1)
			goto fail;
		version++;
	}
	return 0;

fail:
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

int
mm_sqlite_schema_set_up(sqlite3 *db, bool writes, struct mm_err *err)
{
	int version;

	if (writes)
		return mm_sqlite_migrate(db, schema, VERSION, err);
	if (read_version(db, VERSION, &version, err) == -1)
		return -1;
	if (version < VERSION)
		return mm_err_set(err,
		    "schema version %d is from an older mailmum: it is "
		    "brought up to date when the daemon starts",
		    version);
	return 0;
}

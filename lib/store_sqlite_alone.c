/* store_sqlite_alone - does another process use the database? */
#include "lib/store_sqlite.h"

#include <stdio.h>
#include <unistd.h>

/*
 * Whoever has it open holds a shared lock on the file for as long as that, and
 * with its own index for the log a connection needs the file for itself.
 */
static int
take(sqlite3 *db)
{
	int yes = 1;

	sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &yes);
	return sqlite3_exec(db,
	    "PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; ROLLBACK;", NULL,
	    NULL, NULL);
}

int
mm_store_sqlite_alone(const char *directory, struct mm_err *err)
{
	char path[4096];
	sqlite3 *db = NULL;
	int rc;

	if (snprintf(path, sizeof(path), "%s/greylist.sqlite", directory) >=
	    (int)sizeof(path))
		return mm_err_set(err, "%s: too long a name", directory);
	if (access(path, F_OK) != 0)
		return 0;
	rc = sqlite3_open_v2(
	    path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = take(db);
	if (rc == SQLITE_BUSY)
		mm_err_set(err, "it is in use: stop mailmum first");
	else if (rc != SQLITE_OK)
		mm_sqlite_complain(db, err);
	sqlite3_close(db);
	return rc == SQLITE_OK ? 0 : mm_err_in(err, "%s", path);
}

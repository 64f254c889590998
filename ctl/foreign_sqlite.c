/* foreign_sqlite - sqlgrey's tables in SQLite, as rows with tabs between. */
#include "ctl/foreign_source.h"

#include <sqlite3.h>

#include "lib/err.h"

#define BUSY_MS 10000 /* sqlgrey writes for no longer at a time */
#define COLUMNS 7

static const char query[] =
    "SELECT 'connect', sender_name, sender_domain, src, rcpt, first_seen, 0"
    " FROM connect UNION ALL "
    "SELECT 'from_awl', sender_name, sender_domain, src, '', first_seen,"
    " last_seen FROM from_awl UNION ALL "
    "SELECT 'domain_awl', '', sender_domain, src, '', first_seen, last_seen"
    " FROM domain_awl";

static void
write_column(FILE *out, sqlite3_stmt *row, int column)
{
	const unsigned char *text = sqlite3_column_text(row, column);
	int len = sqlite3_column_bytes(row, column);

	for (int i = 0; text != NULL && i < len; i++) {
		switch (text[i]) {
		case '\t':
			fputs("\\t", out);
			break;
		case '\n':
			fputs("\\n", out);
			break;
		case '\\':
			fputs("\\\\", out);
			break;
		default:
			putc(text[i], out);
		}
	}
	putc(column + 1 < COLUMNS ? '\t' : '\n', out);
}

static int
write_rows(sqlite3 *db, FILE *out)
{
	sqlite3_stmt *rows = NULL;
	int rc = sqlite3_prepare_v2(db, query, -1, &rows, NULL);

	if (rc != SQLITE_OK)
		return rc;
	while ((rc = sqlite3_step(rows)) == SQLITE_ROW)
		for (int i = 0; i < COLUMNS; i++)
			write_column(out, rows, i);
	sqlite3_finalize(rows);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int
foreign_source_sqlite(const char *path, FILE *out, struct mm_err *err)
{
	sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL);

	if (rc == SQLITE_OK) {
		sqlite3_busy_timeout(db, BUSY_MS);
		rc = write_rows(db, out);
	}
	if (rc != SQLITE_OK)
		mm_err_set(err, "%s",
		    db != NULL ? sqlite3_errmsg(db) : "out of memory");
	sqlite3_close(db);
	if (rc == SQLITE_OK && ferror(out))
		return mm_err_set(err, "cannot write: %m");
	return rc == SQLITE_OK ? 0 : -1;
}

/*
 * map_sqlite - sqlite:file, sqlite_table(5): file says which database and
 * which query.
 *
 * The file is read when the table is opened, the database by each lookup: it
 * may be replaced at any time, and is opened in less than a millisecond.
 */
#include "lib/map_type.h"

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/map_template.h"
#include "lib/str.h"
#include "lib/tokens.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RESULT_MAX 65536
#define STEPS 1000 /* of the machine, between two looks at the clock */

struct sqlite {
	char *path, *query, *format, *domains;
	unsigned long limit; /* of results; 0: none */
	struct mm_template_needs needs;
};

static void
sqlite_free(void *arg)
{
	struct sqlite *table = arg;

	if (table == NULL)
		return;
	free(table->path);
	free(table->query);
	free(table->format);
	free(table->domains);
	free(table);
}

/* The lines of a long value become one. */
static char *
value_of(const struct mm_conf *conf, const char *name, const char *otherwise)
{
	const char *value = mm_conf_raw(conf, name);
	char *copy = strdup(value != NULL ? value : otherwise);

	for (char *p = copy; p != NULL && *p != '\0'; p++) {
		if (*p == '\n' || *p == '\r')
			*p = ' ';
	}
	return copy;
}

/* What a table made before Postfix 2.2 has instead of a query. */
static char *
legacy_query(const struct mm_conf *conf)
{
	const char *field = mm_conf_raw(conf, "select_field");
	const char *from = mm_conf_raw(conf, "table");
	const char *where = mm_conf_raw(conf, "where_field");
	const char *more = mm_conf_raw(conf, "additional_conditions");
	char *query;

	if (field == NULL || from == NULL || where == NULL)
		return strdup("");
	if (asprintf(&query, "SELECT %s FROM %s WHERE %s = '%%s' %s", field,
		from, where, more != NULL ? more : "") < 0)
		return NULL;
	return query;
}

static int
fill(struct sqlite *table, const struct mm_conf *conf, struct mm_err *err)
{
	table->path = value_of(conf, "dbpath", "");
	table->query = value_of(conf, "query", "");
	table->format = value_of(conf, "result_format", "%s");
	table->domains = value_of(conf, "domain", "");
	if (table->query != NULL && *table->query == '\0') {
		free(table->query);
		table->query = legacy_query(conf);
	}
	if (table->path == NULL || table->query == NULL ||
	    table->format == NULL || table->domains == NULL)
		return mm_err_set(err, "out of memory");
	return 0;
}

/* Complains about parameter name. */
static void
wrong(const struct mm_map_source *source, const struct mm_conf *conf,
    const char *name, const char *what)
{
	mm_map_complain(source, MM_ERROR, mm_conf_line_of(conf, name), "%s: %s",
	    name, what);
}

static void
check_names(const struct mm_map_source *source, const struct mm_conf *conf)
{
	static const char *const known[] = {"dbpath", "query", "result_format",
	    "domain", "expansion_limit", "select_field", "table", "where_field",
	    "additional_conditions"};
	const size_t n = sizeof(known) / sizeof(known[0]);

	for (size_t i = 0; i < mm_conf_count(conf); i++) {
		size_t k = 0;

		while (k < n && strcmp(known[k], mm_conf_name(conf, i)) != 0)
			k++;
		if (k == n)
			mm_map_complain(source, MM_NOTICE,
			    mm_conf_line(conf, i),
			    "\"%.60s\" is no parameter of sqlite_table(5)",
			    mm_conf_name(conf, i));
	}
}

static void
check(struct sqlite *table, const struct mm_map_source *source,
    const struct mm_conf *conf)
{
	const char *limit = mm_conf_raw(conf, "expansion_limit");
	struct mm_err err;

	if (*table->path == '\0')
		wrong(source, conf, "dbpath", "the database is missing");
	else if (access(table->path, F_OK) != 0)
		mm_map_complain(source, MM_NOTICE,
		    mm_conf_line_of(conf, "dbpath"),
		    "dbpath: there is no \"%.200s\" now: what looks something "
		    "up in it is answered 451",
		    table->path);
	if (*table->query == '\0')
		wrong(source, conf, "query", "it is missing");
	else if (mm_map_template_check(
		     table->query, false, &table->needs, &err) != 0)
		wrong(source, conf, "query", err.text);
	if (mm_map_template_check(table->format, true, &table->needs, &err) !=
	    0)
		wrong(source, conf, "result_format", err.text);
	if (strpbrk(table->domains, ":/!") != NULL)
		wrong(source, conf, "domain",
		    "only names can stand here, no files and no tables");
	if (limit != NULL && !mm_str_to_uint(limit, 0, 1000000, &table->limit))
		wrong(source, conf, "expansion_limit",
		    "it must be a number from 0 to 1000000");
}

static void *
sqlite_read(const struct mm_map_type *type, struct mm_map_source *source,
    struct mm_err *err)
{
	struct sqlite *table = calloc(1, sizeof(*table));
	struct mm_conf *conf =
	    mm_conf_parse(source->p, source->file, source->all, err);

	(void)type;
	if (conf == NULL || table == NULL) {
		if (conf != NULL)
			mm_err_set(err, "out of memory");
		goto fail;
	}
	if (fill(table, conf, err) != 0)
		goto fail;
	check(table, source, conf);
	check_names(source, conf);
	mm_conf_free(conf);
	return table;

fail:
	mm_conf_free(conf);
	sqlite_free(table);
	return NULL;
}

/* With a domain list: an address, with a local part, in one of them. */
static bool
in_domains(const struct sqlite *table, const char *key)
{
	const char *at = strrchr(key, '@');
	size_t from = 0, len;

	if (*table->domains == '\0')
		return true;
	if (at == NULL || at == key)
		return false;
	while ((len = mm_token_next(table->domains, &from)) > 0) {
		if (strlen(at + 1) == len &&
		    strncasecmp(at + 1, table->domains + from, len) == 0)
			return true;
		from += len;
	}
	return false;
}

static bool
sqlite_worth(const void *arg, const char *key)
{
	const struct sqlite *table = arg;

	return in_domains(table, key) &&
	       mm_map_template_fits(&table->needs, key);
}

static void
quote(FILE *out, const char *text)
{
	char *quoted = sqlite3_mprintf("%q", text);

	if (quoted != NULL)
		fputs(quoted, out);
	else
		fputc('\0', out);
	sqlite3_free(quoted);
}

/* The text that was written to out, which is closed; NULL: out of memory. */
static char *
closed(FILE *out, char **text, const size_t *len)
{
	if (out == NULL)
		return NULL;
	if (fclose(out) == 0 && strlen(*text) == *len)
		return *text;
	free(*text);
	return NULL;
}

static char *
query_for(const struct sqlite *table, const char *key)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out != NULL)
		mm_map_template_write(
		    out, table->query, &table->needs, key, NULL, quote);
	return closed(out, &text, &len);
}

/* All rows, joined by commas.  -1: *err. */
static int
collect(const struct sqlite *table, sqlite3_stmt *query, const char *key,
    FILE *out, struct mm_err *err)
{
	unsigned long n = 0;
	int rc;

	while ((rc = sqlite3_step(query)) == SQLITE_ROW) {
		const char *value = (const char *)sqlite3_column_text(query, 0);

		if (value == NULL || *value == '\0')
			continue;
		if (table->limit > 0 && ++n > table->limit)
			return mm_err_set(
			    err, "more results than expansion_limit");
		if (ftell(out) > RESULT_MAX)
			return mm_err_set(err, "too long a result");
		if (mm_map_template_write(
			out, table->format, &table->needs, key, value, NULL))
			fputc(',', out);
	}
	if (rc != SQLITE_DONE)
		return mm_err_set(
		    err, "%s", sqlite3_errmsg(sqlite3_db_handle(query)));
	return 0;
}

static enum mm_found
read_results(const struct sqlite *table, sqlite3 *db, const char *key,
    char **ret, struct mm_err *err)
{
	char *text = NULL, *query = query_for(table, key);
	sqlite3_stmt *statement = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int rc = -1;

	if (query == NULL || out == NULL)
		mm_err_set(err, "out of memory");
	else if (sqlite3_prepare_v2(db, query, -1, &statement, NULL) !=
		 SQLITE_OK)
		mm_err_set(err, "%s", sqlite3_errmsg(db));
	else if (statement == NULL)
		mm_err_set(err, "the query says nothing");
	else
		rc = collect(table, statement, key, out, err);
	sqlite3_finalize(statement);
	free(query);
	if ((text = closed(out, &text, &len)) == NULL && rc == 0)
		rc = mm_err_set(err, "out of memory");
	if (rc != 0 || len == 0) {
		free(text);
		return rc != 0 ? MM_MAP_FAILED : MM_MAP_NOTHING;
	}
	text[len - 1] = '\0'; /* a comma */
	*ret = text;
	return MM_MAP_FOUND;
}

/* Called now and then while a query works; nonzero ends it. */
static int
late(void *arg)
{
	const struct mm_map_wait *wait = arg;

	return mm_clock_mono(wait->clock) >= wait->until_us;
}

static enum mm_found
sqlite_run(const void *arg, const char *key, const struct mm_map_wait *wait,
    char **text, struct mm_err *err)
{
	const struct sqlite *table = arg;
	struct mm_map_wait own = *wait;
	int64_t left = wait->until_us - mm_clock_mono(wait->clock);
	enum mm_found found = MM_MAP_FAILED;
	sqlite3 *db = NULL;

	if (sqlite3_open_v2(table->path, &db, SQLITE_OPEN_READONLY, NULL) !=
	    SQLITE_OK) {
		mm_err_set(err, "%s",
		    db != NULL ? sqlite3_errmsg(db) : "out of memory");
	} else {
		sqlite3_busy_timeout(db, left > 0 ? (int)(left / 1000) : 0);
		sqlite3_progress_handler(db, STEPS, late, &own);
		found = read_results(table, db, key, text, err);
	}
	sqlite3_close(db);
	if (found == MM_MAP_FAILED)
		mm_err_in(err, "%s", table->path);
	return found;
}

static bool
sqlite_row(const void *table, size_t i, const char **value, unsigned *line)
{
	(void)table;
	(void)i;
	(void)value;
	(void)line;
	return false;
}

const struct mm_map_type mm_map_sqlite = {
    .name = "sqlite",
    .kind = MM_MAP_KEYED,
    .forms = MM_MAP_FILE,
    .read = sqlite_read,
    .free = sqlite_free,
    .row = sqlite_row,
    .folds = true,
    .worth = sqlite_worth,
    .run = sqlite_run,
};

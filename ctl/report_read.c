/*
 * report_read - log files as logrotate leaves them: the one that is being
 * written, its older parts, and those that gzip has shrunk.
 */
#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "ctl/report.h"
#include "lib/entry.h"
#include "lib/err.h"
#include "lib/report.h"
#include "lib/str.h"

#define LINE_SIZE 16384 /* twice what we write; longer ones are cut */
#define PARTS_MAX 400

struct lines {
	gzFile file;
	char chunk[65536];
	size_t at, n;
	char line[LINE_SIZE];
};

/* The next line, without its newline.  0: the end; -1: *err. */
static int
next_line(struct lines *lines, struct mm_err *err)
{
	size_t len = 0;
	bool some = false;

	for (;;) {
		char *from = lines->chunk + lines->at, *end;
		size_t n = lines->n - lines->at, room = LINE_SIZE - 1 - len;
		int got, code;

		if (n == 0) {
			got = gzread(
			    lines->file, lines->chunk, sizeof(lines->chunk));
			if (got < 0)
				return mm_err_set(
				    err, "%s", gzerror(lines->file, &code));
			lines->at = 0;
			lines->n = (size_t)got;
			if (got > 0)
				continue;
			lines->line[len] = '\0';
			return some;
		}
		some = true;
		end = memchr(from, '\n', n);
		if (end != NULL)
			n = (size_t)(end - from);
		memcpy(lines->line + len, from, n < room ? n : room);
		len += n < room ? n : room;
		lines->at += n;
		if (end == NULL)
			continue;
		lines->at++;
		lines->line[len] = '\0';
		return 1;
	}
}

static int
read_lines(struct mm_report *report, struct lines *lines, int64_t latest,
    struct mm_err *err)
{
	struct mm_entry_dates dates;
	struct mm_entry entry;
	int rc;

	mm_entry_dates_init(&dates, latest);
	while ((rc = next_line(lines, err)) > 0) {
		char *line = lines->line;

		mm_report_add(report,
		    *line == '{' ? mm_entry_json(line, &entry)
				 : mm_entry_syslog(&dates, line, &entry),
		    &entry);
	}
	return rc;
}

/* latest: no line of it was written after that. */
static int
read_one(struct mm_report *report, const char *path, int64_t latest,
    struct mm_err *err)
{
	struct lines *lines = calloc(1, sizeof(*lines));
	int rc;

	if (lines == NULL)
		return mm_err_set(err, "out of memory");
	lines->file = strcmp(path, "-") == 0 ? gzdopen(dup(STDIN_FILENO), "r")
					     : gzopen(path, "re");
	if (lines->file == NULL) {
		rc = mm_err_set(
		    err, "%s", errno != 0 ? strerror(errno) : "out of memory");
	} else {
		rc = read_lines(report, lines, latest, err);
		if (gzclose(lines->file) == Z_BUF_ERROR && rc == 0)
			rc = mm_err_set(err, "it is cut off");
	}
	free(lines);
	return rc;
}

struct part {
	char path[1024];
	int64_t changed;
};

static int
compare(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	return x->changed < y->changed ? -1 : x->changed > y->changed;
}

/* ".1", ".2.gz", "-20261127", "-20261127.gz" behind the log's own name. */
static bool
is_part(const char *name, const char *base)
{
	size_t len = strlen(base), digits;

	if (strncmp(name, base, len) != 0 ||
	    (name[len] != '.' && name[len] != '-'))
		return false;
	name += len + 1;
	digits = strspn(name, "0123456789-");
	return digits > 0 &&
	       (name[digits] == '\0' || strcmp(name + digits, ".gz") == 0);
}

/* Those older parts that may hold something; how many. */
static size_t
find_parts(const char *path, int64_t since, struct part *parts)
{
	char copy[1024], again[1024];
	const char *where, *base;
	struct dirent *entry;
	size_t n = 0;
	DIR *dir;

	snprintf(copy, sizeof(copy), "%s", path);
	snprintf(again, sizeof(again), "%s", path);
	where = dirname(copy);
	base = basename(again);
	if ((dir = opendir(where)) == NULL)
		return 0;
	while (n < PARTS_MAX && (entry = readdir(dir)) != NULL) {
		struct stat st;

		if (!is_part(entry->d_name, base))
			continue;
		snprintf(parts[n].path, sizeof(parts[n].path), "%.500s/%.500s",
		    where, entry->d_name);
		if (stat(parts[n].path, &st) != 0 || st.st_mtime < since)
			continue;
		parts[n++].changed = st.st_mtime;
	}
	closedir(dir);
	qsort(parts, n, sizeof(*parts), compare);
	return n;
}

static int
read_parts(struct mm_report *report, const char *path, struct mm_buf *names,
    struct mm_err *err)
{
	struct part *parts = calloc(PARTS_MAX, sizeof(*parts));
	size_t n;
	int rc = 0;

	if (parts == NULL)
		return mm_err_set(err, "out of memory");
	n = find_parts(path, report->since, parts);
	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = read_one(report, parts[i].path, parts[i].changed, err);
		if (rc != 0)
			mm_err_in(err, "%s", parts[i].path);
		mm_buf_addf(names, "%s, ", parts[i].path);
	}
	free(parts);
	return rc;
}

int
report_read_file(struct mm_report *report, const char *path, bool rotated,
    char *names, size_t size, struct mm_err *err)
{
	int64_t latest = time(NULL);
	struct mm_buf buf;
	struct stat st;

	mm_buf_init(&buf, names, size);
	if (rotated && read_parts(report, path, &buf, err) != 0)
		return -1;
	mm_buf_add(&buf, strcmp(path, "-") == 0 ? "standard input" : path);
	if (strcmp(path, "-") != 0 && stat(path, &st) == 0)
		latest = st.st_mtime;
	errno = 0;
	if (read_one(report, path, latest, err) != 0)
		return mm_err_in(err, "%s", path);
	return 0;
}

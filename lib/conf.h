/*
 * conf - reads files in main.cf's syntax: "name = value", continuation lines
 * begin with white space, "#" begins a comment line, "$name" expands.
 *
 * Knows nothing of what the names mean.  Complaints are collected, not
 * printed, so that one run shows them all.
 * Threads: confined while being read, immutable afterwards.
 */
#ifndef MM_CONF_H
#define MM_CONF_H

#include <stdbool.h>
#include <stddef.h>

struct mm_err;

enum mm_severity {
	MM_NOTICE, /* worth knowing, loads all the same */
	MM_STAYS,  /* a notice: only the MTA can carry this out */
	MM_ERROR,
};

/* What is to be said about the configuration, in the order found. */
struct mm_complaint {
	enum mm_severity severity;
	const char *file; /* NULL: none in particular */
	unsigned line;	  /* 0: none in particular */
	const char *text; /* one printable line */
};
struct mm_complaints {
	struct mm_complaint *list;
	size_t n;
	size_t errors;
	bool failed; /* out of memory: some are missing */
};

/* Copies what it is given.  Beyond some hundreds they are only counted. */
void mm_complain(struct mm_complaints *all, enum mm_severity severity,
    const char *file, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
void mm_complaints_clear(struct mm_complaints *all);
/* One file after the other, each from its top to its end: as they are read. */
void mm_complaints_sort(struct mm_complaints *all);
/* "FILE:LINE: text"; a notice says that it is one.  Long text is cut. */
#define MM_COMPLAINT_MAX 1024
void mm_complaint_format(
    const struct mm_complaint *complaint, char text[MM_COMPLAINT_MAX]);

/* Text that knows the line of each of its bytes. */
struct mm_text {
	char *data; /* continuation lines are joined with their newline */
	size_t nmarks;
	struct mm_text_mark {
		size_t at; /* from this offset on */
		unsigned line;
	} * marks;
	const char *file; /* borrowed from the conf */
};

unsigned mm_text_line(const struct mm_text *text, size_t at);
void mm_text_clear(struct mm_text *text);

struct mm_conf;

/*
 * Reads a file, or text that stands for one.  Faulty lines are complained
 * about and left out.  NULL with *err: it could not be read at all.
 */
struct mm_conf *mm_conf_read(
    const char *path, struct mm_complaints *all, struct mm_err *err);
struct mm_conf *mm_conf_parse(const char *text, const char *file,
    struct mm_complaints *all, struct mm_err *err);
void mm_conf_free(struct mm_conf *conf);
const char *mm_conf_file(const struct mm_conf *conf);

/* Entries in the file's order; where a name is set twice the last one counts
 * and a notice says so. */
size_t mm_conf_count(const struct mm_conf *conf);
const char *mm_conf_name(const struct mm_conf *conf, size_t i);
unsigned mm_conf_line(const struct mm_conf *conf, size_t i);
/* Where name is set; 0: nowhere. */
unsigned mm_conf_line_of(const struct mm_conf *conf, const char *name);
/* The i-th name was expanded somewhere as $name. */
bool mm_conf_used(const struct mm_conf *conf, size_t i);
/* The value as written, NULL when name is not set. */
const char *mm_conf_raw(const struct mm_conf *conf, const char *name);
/* The same with its lines. */
const struct mm_text *mm_conf_text(
    const struct mm_conf *conf, const char *name);

/*
 * The value with $name, ${name} and $(name) expanded, "$$" as "$"; and
 * ${name?text}, ${name:text}, ${name?{text}:{text}} as in postconf(5), where
 * a name that is not known counts as empty.  Elsewhere a name that the file
 * does not set is asked of fallback, which may be NULL (NULL: unknown, an
 * error); what comes is expanded too.  Depth, size and work are bounded.
 * 1: there, *ret is the caller's; 0: not set; -1: *err, *line where.
 */
typedef const char *mm_conf_fallback(void *ctx, const char *name);
int mm_conf_expand(const struct mm_conf *conf, const char *name,
    mm_conf_fallback *fallback, void *ctx, struct mm_text *ret, unsigned *line,
    struct mm_err *err);

#endif

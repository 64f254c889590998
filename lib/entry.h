/*
 * entry - a line of a log read back: a record with its fields, or a line of
 * the daemon's own.
 *
 * Three forms: the text alone, as the journal has it; a syslog file's line,
 * with date, host and tag in front; a line of log_to = json:FILE.  A line of
 * another program is no entry, whatever is in it.
 * Threads: confined.
 */
#ifndef MM_ENTRY_H
#define MM_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/decision.h"

enum mm_entry_is {
	MM_ENTRY_FOREIGN = 0, /* not mailmum's */
	MM_ENTRY_RECORD,
	MM_ENTRY_NOTICE,
	MM_ENTRY_MALFORMED, /* mailmum's, and cut or damaged */
};

struct mm_entry {
	int64_t time; /* seconds since 1970 */
	/* of a record */
	enum mm_verdict action;
	const char *field[MM_NFIELDS]; /* "" where there is none */
	/* of a notice */
	const char *text;
	int priority; /* of syslog(3), -1: the log does not say */
};

/* What dates without a year need, and what the last line has taught. */
struct mm_entry_dates {
	int64_t latest; /* no line is later than a day after this */
	char hour[12];	/* "Nov 28 05" */
	int64_t base;	/* begins then */
};
void mm_entry_dates_init(struct mm_entry_dates *dates, int64_t latest);

/*
 * Each takes line apart in place: ret's strings are in it.  line has no
 * newline.  ret is undefined for a line that is foreign or malformed.
 */
enum mm_entry_is mm_entry_text(char *line, struct mm_entry *ret);
enum mm_entry_is mm_entry_syslog(
    struct mm_entry_dates *dates, char *line, struct mm_entry *ret);
enum mm_entry_is mm_entry_json(char *line, struct mm_entry *ret);

/* Seconds since 1970 of "2026-08-01T12:00:00", with a fraction, and Z or an
 * offset behind it (RFC 3339, or without its colon); *end is behind that.
 * False: it is none. */
bool mm_entry_time(const char *text, int64_t *ret, const char **end);

/* Shared by the forms: the field of this name, which is looked for from guess
 * on; MM_NFIELDS: one that is not known. */
enum mm_field mm_entry_field(const char *name, size_t len, enum mm_field guess);
/* The word of the action field as entry->action; false: it is none. */
bool mm_entry_set_action(struct mm_entry *entry);

#endif

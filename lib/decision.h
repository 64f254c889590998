/*
 * decision - one verdict as a record: the fields, their names, their order.
 *
 * All outlets (journal, syslog, JSON, stderr) render from this one table.
 * Threads: confined values; a copy owns its strings.
 */
#ifndef MM_DECISION_H
#define MM_DECISION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/verdict.h"

struct mm_buf;

struct mm_decision {
	enum mm_verdict action;
	/* NULL or "" where there is nothing to say */
	const char *reason, *stage;
	const char *client_name, *client_address, *helo, *sender, *recipient;
	const char *reply; /* "554 5.7.1 ..." */
	const char *list, *answer;
	int64_t delay;	 /* seconds a greylisted mail waited; -1: none */
	int64_t wait_us; /* spent waiting for answers */
	const char *session, *queue_id;
	const char *missed; /* lists that could not be asked, "a,b" */
	const char *also;   /* lists that would have refused, too, or "none" */
};

/* The fields in the record's order, MM_FIELD_ACTION first. */
enum mm_field {
	MM_FIELD_ACTION,
	MM_FIELD_REASON,
	MM_FIELD_STAGE,
	MM_FIELD_CLIENT_NAME,
	MM_FIELD_CLIENT_ADDRESS,
	MM_FIELD_HELO,
	MM_FIELD_SENDER,
	MM_FIELD_RECIPIENT,
	MM_FIELD_REPLY,
	MM_FIELD_LIST,
	MM_FIELD_ANSWER,
	MM_FIELD_DELAY,
	MM_FIELD_WAIT,
	MM_FIELD_SESSION,
	MM_FIELD_QUEUE_ID,
	MM_FIELD_MISSED,
	MM_FIELD_ALSO,
	MM_NFIELDS,
};

#define MM_FIELD_VALUE_MAX 1024 /* longer values are cut */
#define MM_LINE_MAX 8192

const char *mm_field_name(enum mm_field field);
/* Its values are decimal numbers: seconds. */
bool mm_field_numeric(enum mm_field field);
/* The value as text, "" when there is none; scratch holds numbers. */
const char *mm_decision_value(
    const struct mm_decision *decision, enum mm_field field, char scratch[32]);
/* A value as it stands in such a line: quoted where it has to be. */
void mm_field_quote(struct mm_buf *out, const char *value);
/* One line "key=value key=value ...", without a newline.  Empty fields are
 * left out; values with blanks, quotes, "=", "\" or bytes outside printable
 * ASCII are quoted, with \", \\ and \xHH inside, so that no stranger forges a
 * field or a line.  A field that would not fit whole is left out. */
void mm_decision_line(
    const struct mm_decision *decision, char *line, size_t size);
/* A copy in one block of memory, the caller's to free().  NULL: no memory. */
struct mm_decision *mm_decision_copy(const struct mm_decision *decision);

#endif

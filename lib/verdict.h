/*
 * verdict - accept, reject, try again, and the SMTP reply that says so.
 *
 * Threads: immutable tables, confined values.
 */
#ifndef MM_VERDICT_H
#define MM_VERDICT_H

#include <stddef.h>

/* What was done with a recipient; the words of the record's action field. */
enum mm_verdict {
	MM_ACCEPT = 0,
	MM_REJECTED,
	MM_DEFERRED,
	MM_GREYLISTED,
	MM_WARNED,   /* a softened step, or a table's WARN */
	MM_INFORMED, /* a table's INFO, or what it has done to the message */
	MM_DISCARDED,
	MM_QUARANTINED,
};

#define MM_REPLY_MAX 510 /* bytes of "CODE DSN text", RFC 5321 4.5.3.1.5 */

/* "CODE DSN text"; the digits' first ones agree (RFC 3463 2). */
struct mm_reply {
	int code;	  /* 0: no reply */
	char dsn[12];	  /* "5.7.1" */
	const char *text; /* in the walk's arena; printable, one line */
};

#define MM_NVERDICTS (MM_QUARANTINED + 1)

const char *mm_verdict_word(enum mm_verdict verdict);
/* -1: it is no verdict's word. */
int mm_verdict_code(const char *word);

/*
 * How long the status code at the front of text is, [245].n.n with a blank or
 * the end behind it (RFC 3463 2); 0: there is none.  It fits a reply's dsn.
 */
size_t mm_dsn_len(const char *text);

#endif

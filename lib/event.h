/*
 * event - the kinds of entries in the log: what each is called, its MESSAGE_ID
 * in the journal, and how serious it is.
 *
 * contrib/systemd/mailmum.catalog explains each that has an id.
 * Threads: immutable.
 */
#ifndef MM_EVENT_H
#define MM_EVENT_H

#include "lib/verdict.h"

enum mm_event {
	MM_EVENT_NOTICE = 0, /* worth a line, and no explanation */
	/* verdicts, in the order of enum mm_verdict */
	MM_EVENT_ACCEPT,
	MM_EVENT_REJECT,
	MM_EVENT_DEFER,
	MM_EVENT_GREYLIST,
	MM_EVENT_WARN,
	MM_EVENT_INFO,
	MM_EVENT_DISCARD,
	MM_EVENT_QUARANTINE,
	/* the daemon's life */
	MM_EVENT_READY,
	MM_EVENT_STOPPING,
	MM_EVENT_ENDED,
	MM_EVENT_RELOADED,
	MM_EVENT_NOT_RELOADED,
	MM_EVENT_MISTAKE,
	MM_EVENT_NO_RESTRICTION,
	MM_EVENT_NO_EXCEPTIONS,
	MM_EVENT_OPERATOR, /* has done something to the greylist */
	/* its troubles */
	MM_EVENT_LIST_DEAD,
	MM_EVENT_LIST_ERRORS,
	MM_EVENT_LIST_PARKED,
	MM_EVENT_LIST_FINE,
	MM_EVENT_STORE,
	MM_EVENT_SHARED,
	MM_EVENT_SESSIONS,
	MM_EVENT_WAITERS,
	MM_EVENT_CHANGES,
	MM_EVENT_TABLES,
	MM_EVENT_MEMORY,
	MM_EVENT_OVER, /* one of those seven has ended */
	MM_EVENT_POLICYD,
	MM_EVENT_POLICYD_FINE,
	MM_EVENT_LOG_LOST,
	MM_EVENT_STORE_DAMAGED,
	MM_EVENT_STORE_REBUILT,
	MM_NEVENTS,
};

/* A line of the daemon's own. */
struct mm_notice {
	enum mm_event event;
	const char *list; /* the DNS list that it is about, or NULL */
	const char *text;
};

enum mm_event mm_event_of(enum mm_verdict verdict);
const char *mm_event_word(enum mm_event event);
/* 32 hexadecimal digits, "" where there is none. */
const char *mm_event_id(enum mm_event event);
int mm_event_priority(enum mm_event event); /* of syslog(3) */

#endif

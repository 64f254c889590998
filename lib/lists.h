/*
 * lists - what each DNS list of the policy has been answering of late.
 *
 * Counts per list, and notices when a list begins or ends to answer with
 * codes that are no listing (error codes, parked zones) or not to answer.
 * Fed by the shell from the resolver's watch; nothing here touches a verdict.
 * An error code or a parked zone begins with the first such answer and ends
 * after five regular ones in a row, so that one change is one event.
 * Threads: shared, one leaf lock.
 */
#ifndef MM_LISTS_H
#define MM_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/dns.h"
#include "lib/histogram.h"

struct mm_lists;

enum mm_list_state {
	MM_LIST_FINE = 0,
	MM_LIST_DEAD,	/* the breaker is open */
	MM_LIST_ERRORS, /* answers error codes */
	MM_LIST_PARKED, /* answers what no list answers */
};

struct mm_list_stat {
	const char *label;
	enum mm_list_state state;
	uint64_t asked, listed, unlisted, error_codes, odd_codes, timeouts,
	    failures;	  /* SERVFAIL, bogus and the like */
	uint64_t took_us; /* sum over asked */
	struct mm_histogram took;
};

/* A change worth one line in the log. */
struct mm_list_event {
	bool begins; /* else it ended */
	enum mm_list_state state;
	char label[MM_DNS_NAME_MAX];
	char detail[128]; /* "127.255.255.254", "5 time-outs in a row" */
};

struct mm_lists *mm_lists_new(void); /* NULL: out of memory */
void mm_lists_free(struct mm_lists *lists);
/*
 * A list of a policy now in force: text is "domain[=filter]".  Known ones keep
 * their numbers, and the filters that they had: a code that one of them names
 * is a listing, not an anomaly.  False: out of memory.
 */
bool mm_lists_add(struct mm_lists *lists, const char *text, const char *label);
/* An A answer to a question to zone.  True: *ret is to be logged. */
bool mm_lists_answered(struct mm_lists *lists, const char *zone,
    const struct mm_dns_answer *answer, int64_t took_us,
    struct mm_list_event *ret);
/* why NULL: it closed. */
bool mm_lists_breaker(struct mm_lists *lists, const char *zone, const char *why,
    struct mm_list_event *ret);
/* Copies the i-th list's numbers; false: no such list.  label is borrowed
 * for the life of lists. */
bool mm_lists_stat(struct mm_lists *lists, size_t i, struct mm_list_stat *ret);
const char *mm_list_state_word(enum mm_list_state state);

#endif

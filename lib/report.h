/*
 * report - what a log says in sum: counts by hour, restriction and list, who
 * came most often, how greylisting went.
 *
 * Reads nothing and prints nothing: entries come in, numbers stay.  Its memory
 * does not grow with what strangers send, see tally.h and sketch.h.
 * Threads: confined.
 */
#ifndef MM_REPORT_H
#define MM_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "lib/entry.h"
#include "lib/sketch.h"
#include "lib/verdict.h"

struct mm_tally;

#define MM_REPORT_DAYS 62  /* the last one takes what comes after it */
#define MM_REPORT_LISTS 64 /* those above are not told apart */

struct mm_report_day {
	int date; /* 20261128 */
	uint64_t by[MM_NVERDICTS];
};

struct mm_report_list {
	char label[256];
	/* recipients, by what its listing led to */
	uint64_t refused, put_off, softened, let_in;
	uint64_t behind; /* it has them, too, and another one had decided */
	/* listed nowhere else, or also elsewhere; of the rest it is not known */
	uint64_t alone, elsewhere;
	uint64_t both[MM_REPORT_LISTS]; /* listed there as well */
	uint64_t missed;		/* could not be asked */
};

/* What a recipient's records have in common, until its verdict comes. */
struct mm_report_pending {
	uint64_t key;
	uint64_t lists; /* bits */
	bool open;	/* there may be more */
};
#define MM_REPORT_PENDING 256

struct mm_report {
	/* what is asked for: since <= time < until */
	int64_t since, until;
	/* and in which time zone; localtime_r, or gmtime_r in tests */
	struct tm *(*local)(const time_t *time, struct tm *ret);

	uint64_t records, notices, foreign, malformed, outside;
	int64_t first, last; /* of what was counted; 0 without */
	uint64_t by[MM_NVERDICTS];
	uint64_t hours[24][MM_NVERDICTS];
	struct mm_report_day days[MM_REPORT_DAYS];
	size_t ndays;
	struct mm_report_list lists[MM_REPORT_LISTS];
	size_t nlists;

	/* who turned away, and what: kinds are verdicts */
	struct mm_tally *reasons;
	struct mm_tally *clients, *senders, *recipients; /* turned away */
	struct mm_tally *clients_in, *senders_in, *recipients_in;
	struct mm_tally *said; /* the daemon's warnings */
	struct mm_distinct all_clients, all_senders, all_recipients, sessions;

	struct mm_distinct waiting; /* sender, recipient, network: put off */
	uint64_t passed;	    /* came back and had waited */
	struct mm_spread delays;    /* seconds, of those */
	struct mm_spread waits;	    /* ms for answers, of each recipient */

	/* the quarter of an hour that the last entry was in */
	int64_t quarter;
	int hour, date;
	struct mm_report_pending pending[MM_REPORT_PENDING];
};

/* NULL: out of memory. */
struct mm_report *mm_report_new(int64_t since, int64_t until,
    struct tm *(*local)(const time_t *time, struct tm *ret));
void mm_report_free(struct mm_report *report); /* NULL is fine */
/* What a line was; entry is read for those that are records or notices. */
void mm_report_add(struct mm_report *report, enum mm_entry_is is,
    const struct mm_entry *entry);
/* After the last one. */
void mm_report_finish(struct mm_report *report);

/* Sums of it: recipients judged (softened steps and notes are none), and
 * those that were refused, put off or thrown away. */
uint64_t mm_report_judged(const uint64_t by[MM_NVERDICTS]);
uint64_t mm_report_turned_away(const uint64_t by[MM_NVERDICTS]);
/* Different triplets that had to wait and have not passed, as far as it can
 * be told. */
uint64_t mm_report_not_back(const struct mm_report *report);
/* Recipients that it listed, an allowance aside. */
uint64_t mm_report_hits(const struct mm_report_list *list);
/* The numbers of the lists, those with most hits first. */
void mm_report_order(
    const struct mm_report *report, size_t order[MM_REPORT_LISTS]);

#endif

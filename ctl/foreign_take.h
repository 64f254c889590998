/*
 * foreign_take - takes the entries of a source into the greylist's store.
 *
 * Looks through all of it first, which counts what would come and finds out
 * how the program was set; then, unless it is only to be counted, writes.
 * Nothing is overwritten that is newer: of two records the earlier first time
 * stays, the later last one and the higher count, so that importing twice
 * changes nothing.
 * Threads: confined.
 */
#ifndef MM_CTL_FOREIGN_TAKE_H
#define MM_CTL_FOREIGN_TAKE_H

#include "ctl/foreign.h"
#include "lib/err.h"
#include "lib/greylist_foreign.h"
#include "lib/store.h"

struct mm_settings;

#define FOREIGN_COMPLAINTS 10 /* are kept; all are counted */

/* What there is. */
struct foreign_counts {
	uint64_t records;	   /* all of them */
	uint64_t known, waiting;   /* triplets */
	uint64_t senders, domains; /* known whoever they write to */
	uint64_t clients, allowed; /* counted; with enough passes */
	/* left out */
	uint64_t expired, gave_up; /* known, waiting for too long */
	uint64_t hashed, tarpit, wide, unknown;
};

struct foreign_take {
	/* the caller's */
	const struct mm_settings *settings;
	int64_t now;   /* seconds, 1970 */
	int64_t delay; /* the program's; -1: its default */
	/* of foreign_survey() */
	struct foreign_counts counts;
	struct mm_foreign_prefix prefix;
	size_t ncomplaints;
	struct mm_err complaint[FOREIGN_COMPLAINTS];
	/* of foreign_store() */
	uint64_t written; /* records given to the store */
};

/* in is read from its beginning.  -1: *err, the source is broken. */
int foreign_survey(struct foreign_take *take, FILE *in, const char *name,
    const struct foreign_program *program, struct mm_err *err);
/* Behind a survey of the same source.  -1: *err; what was written stays. */
int foreign_store(struct foreign_take *take, FILE *in, const char *name,
    const struct foreign_program *program, struct mm_store *store,
    struct mm_err *err);

#endif

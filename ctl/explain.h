/*
 * explain - a session that was described, judged, and all that came of it.
 *
 * explain.c judges it, explain_names.c finds the client's names out,
 * explain_text.c and explain_json.c print it.
 * Threads: confined; times has a lock of its own.
 */
#ifndef MM_CTL_EXPLAIN_H
#define MM_CTL_EXPLAIN_H

#include "ctl/ctl.h"
#include "ctl/times.h"
#include "lib/judge.h"

/* Facts that were not given. */
enum {
	ASSUMED_NAME = 1u << 0, /* looked up */
	ASSUMED_HELO = 1u << 1,
	ASSUMED_FROM = 1u << 2,
	ASSUMED_TO = 1u << 3,
};

struct explain {
	const struct ctl *ctl;
	struct mm_policy *policy;
	const struct mm_settings *settings; /* the policy's */
	struct mm_dns *dns;
	struct times *times;
	struct mm_policyd_pool *policyds;
	struct mm_arena *arena; /* facts, and all texts that are made up */
	struct mm_judge judge;

	/* the facts, as an MTA would tell them */
	struct mm_ip client;
	const char *name, *ptr, *resolve;
	const char *helo, *from, *to;
	unsigned assumed;
	struct mm_answers *name_answers;
	struct mm_asked *name_asked; /* to find the names out */
	struct mm_session session;

	struct mm_result result;
	struct mm_dns_stats stats;
	int64_t waited_us; /* at RCPT */
	bool missed;	   /* the deadline passed */

	/* the greylist, if it is asked */
	bool greylist_asked;
	struct mm_greylist_answer greylist;
	struct mm_identity identity; /* whom it takes the client for */
	struct mm_record triplet;    /* as it is remembered */
	/* the client as it was taken for that, and all that was there */
	struct mm_greylist_who who;
	struct mm_record record[MM_GREYLIST_NROLES];
	struct mm_greylist_rules rules;
	char *greylist_trouble; /* why it cannot be read, or NULL */

	enum mm_verdict verdict;
	struct mm_reply reply; /* that the client would see */
};

/* Fills name, ptr and resolve as Postfix finds them out.  -1: no memory. */
int explain_names(struct explain *x);

void explain_text(const struct explain *x);
/* -1: it could not be written. */
int explain_json(const struct explain *x);

/*
 * Judges what the command line describes, and asks the greylist of it whatever
 * the verdict is.  0, or the exit code: the reason has been said.  To be
 * cleared in any case.
 */
int explain_greylist(struct explain *x, const struct ctl *ctl);
void explain_clear(struct explain *x);

/* "never seen", "known"... */
const char *explain_state(enum mm_greylist_state state);

/* The step that decided; NULL: none did, the lists came to their end. */
const struct mm_trace *explain_decider(const struct explain *x);
/* Questions, each once, of the names and of the walk to the verdict. */
size_t explain_needed(const struct explain *x);

#endif

/*
 * rbl_reply - the reply of a DNS list refusal, from its template
 * (default_rbl_reply, rbl_reply_maps; postconf(5)).
 *
 * Threads: pure.
 */
#ifndef MM_RBL_REPLY_H
#define MM_RBL_REPLY_H

#include "lib/eval.h"

struct mm_err;

struct mm_rbl_reply {
	const char *text;     /* the template */
	const char *standard; /* the one to use if text will not do */
	const char *domain;   /* label of the list */
	const char *reason;   /* TXT, may be "" */
	const char *what;     /* what is listed */
	const char *class;    /* "Client host" */
};

/* At load: syntax, macros, and does a reply come out?  -1: *err. */
int mm_rbl_reply_check(const char *text, struct mm_err *err);
/* Expands and refuses: return the outcome. */
enum mm_outcome mm_rbl_reply_refuse(
    struct mm_eval *ev, const struct mm_rbl_reply *reply);

#endif

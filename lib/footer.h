/*
 * footer - what smtpd_reject_footer puts behind each reply that refuses
 * (postconf(5)).
 *
 * Threads: pure.
 */
#ifndef MM_FOOTER_H
#define MM_FOOTER_H

#include "lib/macros.h"
#include "lib/verdict.h"

struct mm_err;

#define MM_FOOTER_LINES 30 /* libmilter's replies have 32 lines */

/* The lines of a reply, each without its code. */
struct mm_footer {
	const char *lines[MM_FOOTER_LINES + 1];
	size_t n;
};

/* At load: syntax, names, length.  -1: *err. */
int mm_footer_check(const char *text, struct mm_err *err);
/* The reply with its footer; text "": without.  Lines are in the macros'
 * arena; where memory is out the footer is left away. */
void mm_footer_add(const struct mm_macros *macros, const char *text,
    const struct mm_reply *reply, struct mm_footer *ret);

#endif

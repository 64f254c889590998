/*
 * spf_term - the terms of an SPF record, RFC 7208 4.6.1, 5 and 6.
 *
 * For spf.c alone.  The record is a stranger's: nothing in it is trusted.
 * Threads: pure.
 */
#ifndef MM_SPF_TERM_H
#define MM_SPF_TERM_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/dns.h"
#include "lib/ip.h"

enum mm_spf_kind {
	MM_SPF_ALL,
	MM_SPF_INCLUDE,
	MM_SPF_A,
	MM_SPF_MX,
	MM_SPF_PTR,
	MM_SPF_IP4,
	MM_SPF_IP6,
	MM_SPF_EXISTS,
	MM_SPF_REDIRECT,
	MM_SPF_EXP,
	MM_SPF_MODIFIER, /* any other */
};

struct mm_spf_term {
	enum mm_spf_kind kind;
	char qualifier;		      /* "+-~?" */
	bool macros;		      /* its domain has some: no name */
	char domain[MM_DNS_NAME_MAX]; /* folded; "": the record's own */
	struct mm_ip ip;	      /* IP4, IP6 */
	unsigned bits4, bits6;
	const char *text; /* as written, in the record */
	size_t len;
};

/* The term at *at, which moves behind it.  1: there was one; 0: the record has
 * ended; -1: it is wrong there, and text and len say where. */
int mm_spf_term_next(const char *record, size_t *at, struct mm_spf_term *ret);

#endif

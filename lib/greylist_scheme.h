/*
 * greylist_scheme - the insides of struct mm_greylist_scheme, for
 * greylist_scheme.c, which reads it, and greylist_identity.c.
 *
 * Threads: immutable once read.
 */
#ifndef MM_GREYLIST_SCHEME_H
#define MM_GREYLIST_SCHEME_H

#include <stddef.h>

#include "lib/greylist_identity.h"

struct mm_matchlist;
struct mm_suffixes;

struct mm_greylist_group {
	char *name;
	struct mm_matchlist *clients;
};

struct mm_greylist_scheme {
	enum mm_rung ladder[MM_NRUNGS];
	size_t nrungs;
	unsigned parts;
	unsigned ipv4_prefix, ipv6_prefix;
	struct mm_greylist_group *groups;
	size_t ngroups;
	struct mm_suffixes *suffixes;
};

#endif

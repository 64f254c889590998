/*
 * exempt_read - the exceptions as they are kept, and how they come from
 * files; for exempt's own files.
 *
 * Threads: confined while being read, immutable afterwards.
 */
#ifndef MM_EXEMPT_READ_H
#define MM_EXEMPT_READ_H

#include <stdatomic.h>

#include "lib/exempt.h"
#include "lib/ip.h"

struct mm_err;
struct mm_map;
struct mm_matchlist;

enum mm_exempt_form {
	MM_EXEMPT_NAME,	   /* a domain and what is below it */
	MM_EXEMPT_ADDRESS, /* user@domain, user@, <> */
	MM_EXEMPT_NETWORK,
	MM_EXEMPT_REGEX,
};

/* Shared by the policies that have the entry, so that nothing is lost while
 * sessions of the old one still count. */
struct mm_exempt_use {
	atomic_uint refs;
	_Atomic uint64_t n;
	_Atomic int64_t last;
};

struct mm_exempt_item {
	struct mm_exempt_entry entry; /* first: entries are found as items */
	enum mm_exempt_form form;
	struct mm_prefix prefix; /* NETWORK */
	struct mm_map *regex;	 /* REGEX: a table of one row */
};

struct mm_exempt_file {
	char *path, *text; /* entries point into both */
	struct mm_file_state state;
};

struct mm_exempt {
	struct mm_matchlist *optin, *optout;
	struct mm_exempt_file *files;
	size_t nfiles;
	struct mm_exempt_item *items;
	size_t n, size;
	/* behind reading: regexes in their order, the rest sorted */
	struct mm_exempt_item **regexes, **sorted;
	size_t nregexes, nsorted;
	bool lengths[2][129]; /* of networks, IPv4 and IPv6 */
	bool missing;	      /* the shipped file, by default */
};

/* 0: the same pattern of the same kind.  Defined order, for sorting. */
int mm_exempt_compare(
    const struct mm_exempt_item *a, const struct mm_exempt_item *b);
void mm_exempt_use_unref(struct mm_exempt_use *use); /* NULL is fine */

/* How a file is read. */
struct mm_exempt_syntax {
	const char *word; /* before its path, in the setting */
	bool ours;	  /* kinds and attributes; else one pattern a line */
	enum mm_exempt_kind kind;
};

/* The syntax of a word "...:/path", *path: behind it.  NULL: there is no such
 * one. */
const struct mm_exempt_syntax *mm_exempt_syntax(
    const char *word, const char **path);
/* The lines of a file, whose text is cut up.  -1: out of memory. */
int mm_exempt_read_text(struct mm_exempt *exempt,
    const struct mm_exempt_syntax *syntax, const struct mm_exempt_file *file,
    struct mm_complaints *all);
/* What a pattern of this kind is; item is filled in.  -1: *err. */
int mm_exempt_read_pattern(struct mm_exempt_item *item, char *pattern,
    bool strict, struct mm_err *err);

#endif

/*
 * matchlist - Postfix's match lists: what mynetworks, mydestination and
 * relay_domains are made of.
 *
 * Entries are names, addresses and networks, "type:table", whose keys are
 * looked up, and "/file/name", whose lines stand for it.  "!" before an entry
 * makes it one that is not in the list; the first entry that fits decides.
 * All is read when the list is; a lookup asks nobody.
 * Threads: immutable; a lookup brings its own arena.
 */
#ifndef MM_MATCHLIST_H
#define MM_MATCHLIST_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/file.h"

struct mm_arena;
struct mm_complaints;
struct mm_ip;
struct mm_matchlist;
struct mm_text;

enum mm_match {
	MM_MATCH_NOT = 0,
	MM_MATCHES,
	MM_MATCH_FAILED, /* a table cannot be used */
};

enum mm_matchlist_kind {
	MM_MATCH_WHOLE,	  /* whole domains only: mydestination */
	MM_MATCH_DOMAIN,  /* and what is below them: relay_domains */
	MM_MATCH_CLIENT,  /* addresses, networks, host names: mynetworks */
	MM_MATCH_ADDRESS, /* mail addresses, domains and what is below them */
};

/* How a list is read. */
struct mm_matchlist_how {
	enum mm_matchlist_kind kind;
	/* "example.org" has what is below it; else ".example.org" has */
	bool parents;
	const char *name; /* of the parameter, for complaints */
};

/*
 * What is wrong with an entry is complained about as an error, and the entry
 * left out.  NULL: out of memory.
 */
struct mm_matchlist *mm_matchlist_read(const struct mm_text *text,
    const struct mm_matchlist_how *how, struct mm_complaints *all);
void mm_matchlist_free(struct mm_matchlist *list); /* NULL is fine */
/* The files that it was read from, those of its tables too. */
void mm_matchlist_files(
    const struct mm_matchlist *list, mm_file_each *each, void *ctx);
size_t mm_matchlist_size(const struct mm_matchlist *list);

/* A domain, of the first two kinds. */
enum mm_match mm_matchlist_domain(const struct mm_matchlist *list,
    const char *domain, struct mm_arena *arena);
/* What decided: the entry, or the table, as written; and where it stands, which
 * lives as long as the list and the text that it was read from. */
struct mm_match_where {
	const char *entry, *file;
	unsigned line;
};
/* A mail address, of the last kind: "user@domain", "user@", also without the
 * user's "+extension", and its domain, entry by entry.  *where stays as it is
 * when no entry fits. */
enum mm_match mm_matchlist_address(const struct mm_matchlist *list,
    const char *address, struct mm_arena *arena, struct mm_match_where *where);
/* A client by name and by address, entry by entry.  address: ip as text. */
enum mm_match mm_matchlist_client(const struct mm_matchlist *list,
    const char *name, const struct mm_ip *ip, const char *address,
    struct mm_arena *arena);

/* Does parent_domain_matches_subdomains have this parameter? */
bool mm_matchlist_parents(const char *setting, const char *name);

#endif

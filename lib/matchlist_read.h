/*
 * matchlist_read - the entries of a match list, and where they come from; for
 * matchlist's own files.
 *
 * Threads: confined while being read, immutable afterwards.
 */
#ifndef MM_MATCHLIST_READ_H
#define MM_MATCHLIST_READ_H

#include "lib/ip.h"
#include "lib/matchlist.h"

struct mm_map;

enum mm_match_form {
	MM_MATCH_NAME,
	MM_MATCH_PREFIX,
	MM_MATCH_TABLE,
};

struct mm_match_entry {
	enum mm_match_form form;
	bool except; /* "!": what fits is not in the list */
	char *name;
	struct mm_prefix prefix;
	struct mm_map *table;
	const char *file; /* where it stands: of files, or borrowed */
	unsigned line;
};

struct mm_match_file {
	char *path;
	struct mm_file_state state;
};

struct mm_matchlist {
	bool parents;
	enum mm_matchlist_kind kind;
	struct mm_match_entry *entries;
	size_t n, size;
	struct mm_match_file *files;
	size_t nfiles;
};

#endif

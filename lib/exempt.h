/*
 * exempt - who is never greylisted: the exceptions, and the recipients that
 * have opted out or in.
 *
 * Exceptions come from files: our own, which say why and since when, and
 * postgrey's as they are.  A client's name counts only if it is verified.
 * How often each one was of use is counted by whoever acts on a verdict.
 * Threads: immutable but for the counters, which are atomics.
 */
#ifndef MM_EXEMPT_H
#define MM_EXEMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/file.h"

struct mm_arena;
struct mm_complaints;
struct mm_exempt;
struct mm_exempt_use;
struct mm_session;
struct mm_settings;

enum mm_exempt_kind {
	MM_EXEMPT_CLIENT,
	MM_EXEMPT_SENDER,
	MM_EXEMPT_RECIPIENT,
	MM_NEXEMPT_KINDS,
};

/* One exception. */
struct mm_exempt_entry {
	enum mm_exempt_kind kind;
	const char *pattern; /* as written, in small letters */
	const char *file;
	unsigned line;
	const char *reason, *source, *date; /* NULL where nothing is said */
	struct mm_exempt_use *use;
};

/* Why somebody is not greylisted. */
struct mm_exempt_why {
	const char *setting; /* greylist_exceptions, ..._optin, ..._optout */
	const char *pattern; /* of the entry that fits; NULL: none does */
	const char *file;    /* where it stands, or NULL */
	unsigned line;
	const struct mm_exempt_entry *entry; /* NULL: it is no exception */
};

/* The files that the settings name.  What is wrong with them is complained
 * about.  Its entries borrow the name of the settings' file.  NULL: out of
 * memory. */
struct mm_exempt *mm_exempt_read(
    const struct mm_settings *settings, struct mm_complaints *all);
/* One file's worth of text, for tests: NULL as above.  form: how a word of
 * greylist_exceptions begins, "", "postgrey_clients:", ... */
struct mm_exempt *mm_exempt_parse(const char *form, const char *text,
    const char *file, struct mm_complaints *all);
void mm_exempt_free(struct mm_exempt *exempt); /* NULL is fine */
/* The files that it was made from. */
void mm_exempt_files(
    const struct mm_exempt *exempt, mm_file_each *each, void *ctx);
/* The file that comes with mailmum is not where it should be; or NULL. */
const char *mm_exempt_missing(const struct mm_exempt *exempt);

/* Is the session's recipient exempt?  NULL: no.  In arena. */
const struct mm_exempt_why *mm_exempt_find(const struct mm_exempt *exempt,
    const struct mm_session *session, struct mm_arena *arena);

size_t mm_exempt_size(const struct mm_exempt *exempt);
/* The i-th exception; NULL behind the last one. */
const struct mm_exempt_entry *mm_exempt_entry(
    const struct mm_exempt *exempt, size_t i);
const char *mm_exempt_kind_word(enum mm_exempt_kind kind);
/* Counts one use, at a time in seconds of 1970. */
void mm_exempt_count(const struct mm_exempt_entry *entry, int64_t now);
/* How often it was of use, and when last; 0: never. */
uint64_t mm_exempt_used(const struct mm_exempt_entry *entry, int64_t *last);
/* Before it is in force: what stands in both goes on counting in one place. */
void mm_exempt_inherit(struct mm_exempt *exempt, const struct mm_exempt *from);

#endif

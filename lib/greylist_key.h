/*
 * greylist_key - what a mail's records are called in the store.
 *
 * The triplet is kept under the client's identity, the sender without what
 * changes from mail to mail, and the recipient.  Other keys are looked at, too,
 * so that a mail does not wait again: with the network for an identity, as it
 * is kept when the client's name or its SPF record could not be found out; with
 * the network and the sender as it was, as earlier releases kept it; and those
 * of other programs, see greylist_foreign.h.
 *
 * A client's passes are counted under its identity if a group or a confirmed
 * name says who it is, and under its own address if not.
 * Threads: pure.
 */
#ifndef MM_GREYLIST_KEY_H
#define MM_GREYLIST_KEY_H

#include "lib/greylist.h"
#include "lib/greylist_foreign.h"
#include "lib/greylist_identity.h"

struct mm_greylist_mail {
	struct mm_greylist_who client;
	const char *sender; /* "": the null sender */
	const char *recipient;
	const struct mm_foreign_imports *imports; /* NULL: none */
};

struct mm_greylist_keys {
	struct mm_identity identity;
	size_t n, at_first;		/* see struct mm_store_update */
	const char *key[MM_STORE_KEYS]; /* all different; the triplet's first */
	enum mm_greylist_role role[MM_STORE_KEYS];
};

/* Texts are in arena.  False: out of memory. */
bool mm_greylist_keys(const struct mm_greylist_scheme *scheme,
    const struct mm_greylist_mail *mail, struct mm_arena *arena,
    struct mm_greylist_keys *ret);

/* The sorts of key, letters folded; NULL: out of memory.  A part that is NULL
 * is not in the key. */
const char *mm_greylist_triplet_key(struct mm_arena *arena, const char *client,
    const char *sender, const char *recipient);
const char *mm_greylist_client_key(struct mm_arena *arena, const char *client);
const char *mm_greylist_release_key(
    struct mm_arena *arena, const char *triplet);
const char *mm_greylist_expect_key(
    struct mm_arena *arena, const char *recipient);
const char *mm_greylist_grant_key(struct mm_arena *arena, const char *identity);

/*
 * A client as the note of a mail that waits has it, "ADDRESS [spf:DOMAIN]
 * [NAME]": what the keys can be made of again.  NULL: out of memory.  Reading
 * it cuts text up, which *ret points into; false: there is no address.
 */
const char *mm_greylist_note(struct mm_arena *arena,
    const struct mm_greylist_who *who, enum mm_rung rung);
bool mm_greylist_note_read(char *text, struct mm_greylist_who *ret);

/* The recipient without its "+extension". */
const char *mm_greylist_plain(struct mm_arena *arena, const char *recipient);

#endif

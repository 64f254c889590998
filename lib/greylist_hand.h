/*
 * greylist_hand - what an operator does to the greylist by hand: releases what
 * waits, has it forgotten, opens a window and closes it.
 *
 * Makes the update of the store; the store, and who it was, are the caller's.
 * Threads: pure.
 */
#ifndef MM_GREYLIST_HAND_H
#define MM_GREYLIST_HAND_H

#include "lib/greylist_key.h"

enum mm_hand_deed {
	MM_HAND_RELEASE, /* a triplet that waits passes at its next attempt */
	MM_HAND_FORGET,	 /* a triplet is as never seen */
	MM_HAND_DISOWN,	 /* a client has never passed */
	MM_HAND_OPEN,	 /* a window */
	MM_HAND_CLOSE,
};

/* The arg of the update. */
struct mm_hand_request {
	enum mm_hand_deed deed;
	int64_t now;
	int64_t until;	      /* of what is opened */
	int64_t retry_window; /* nothing waits for longer */
	enum mm_greylist_role role[MM_STORE_KEYS];
	/* and what came of it */
	bool done;	/* else there was nothing to do it to */
	int64_t passes; /* that the client has; DISOWN: had */
};

struct mm_hand {
	struct mm_store_update update;
	struct mm_store_sharing sharing;
	struct mm_hand_request request;
};

/* Of a mail that has these keys.  Do not copy *ret: update points into it.
 * keys outlives it. */
void mm_hand_mail(struct mm_hand *ret, const struct mm_greylist_keys *keys,
    const struct mm_hand_request *what);
/* Of a window; note is what it will be listed as.  key and note outlive it. */
void mm_hand_window(struct mm_hand *ret, const char *key,
    const struct mm_store_note *note, const struct mm_hand_request *what);

/*
 * The identity that text stands for, as the ladder has it: an address, a
 * network of the length that it makes, "name:" with or without that word,
 * "spf:" or "group:".  NULL: *err, none of its identities is like that.
 */
const char *mm_hand_identity(const struct mm_greylist_scheme *scheme,
    const char *text, struct mm_arena *arena, struct mm_err *err);

#endif

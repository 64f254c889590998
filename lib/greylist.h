/*
 * greylist - wait or pass, from what was remembered.
 *
 * Pure: the store remembers, the shell asks it, this decides.
 *
 * A triplet (client, sender, recipient) waits for delay seconds from its first
 * attempt; earlier retries change nothing.  A retry after the delay and within
 * retry_window of that attempt passes, and from then on the triplet is known
 * until nothing was seen of it for triplet_max_age.  After the window the
 * attempt counts as a first one again.  What waits is found under the triplet's
 * other keys as well, see greylist_key.h, and under those of an import.
 *
 * One verdict for a mail: once a recipient has passed here, the others of the
 * same transaction follow.
 *
 * Automatic allowance: a pass, the known ones included, counts for the client,
 * one in each allow_interval at the most; with allow_count of them the client
 * no longer waits, until nothing was seen of it for max_age.  Neither does one
 * whose address has earned it.
 *
 * A source whose mail does not come back cannot fill the store: its level
 * rises by one with each triplet that begins to wait, falls by one when one
 * passes, and runs off by waiting_limit in each retry_window.  At the limit a
 * new triplet is put off and not remembered.  So there are hardly ever more
 * than twice waiting_limit of one source; and as soon as the flood ends, or its
 * mail begins to come back, there is room again.
 *
 * The operator's hand: a triplet that was released passes at its next attempt,
 * as after its wait.  While a window is open for a recipient, or a client was
 * allowed by hand, nothing waits, and nothing is remembered of it: what comes
 * in then has not shown that it comes back.  These are records of their own,
 * looked at only where a mail would wait.
 *
 * How long mail stays away is counted, see delays.h: of what waits the last
 * attempt is remembered, if one of the settings there lies between it and the
 * one before.
 *
 * A clock that is set back starts a wait anew at the most: no wait is ever
 * longer than the delay, and no triplet is locked out.
 * Threads: immutable; pure functions on the caller's values.
 */
#ifndef MM_GREYLIST_H
#define MM_GREYLIST_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/store.h"

/* Times in seconds.  The window must be longer than the delay. */
struct mm_greylist_rules {
	int64_t delay, retry_window;
	int64_t triplet_max_age, max_age; /* of triplets, of clients */
	/* passes until the client, or its host, is allowed; 0: never */
	unsigned allow_count, host_allow_count;
	int64_t allow_interval;
	unsigned waiting_limit; /* 0: none */
	bool follow;		/* another recipient has passed */
};

/*
 * The records that one decision is about; those that are not there are zero.
 * The first two settle most mail: those behind are only read for mail that
 * would otherwise have to wait.
 */
enum mm_greylist_role {
	MM_GREYLIST_TRIPLET,
	MM_GREYLIST_CLIENT, /* first: its last counted pass */
	/* the triplet under other keys, see greylist_key.h: */
	MM_GREYLIST_BY_NETWORK, /* by its client's address alone, */
	MM_GREYLIST_EARLIER,	/* and as earlier releases kept it */
	MM_GREYLIST_HOST,	/* as CLIENT, by its address alone */
	MM_GREYLIST_SOURCE,	/* last: when its level was right */
	/* the triplet as other programs knew it, see greylist_foreign.h: as
	 * EARLIER, and never written anew but where it waited and has passed */
	MM_GREYLIST_IMPORTED,
	MM_GREYLIST_IMPORTED_LAST = MM_GREYLIST_IMPORTED + 2,
	/* windows: open from first to last */
	MM_GREYLIST_RELEASE,		/* this triplet's, */
	MM_GREYLIST_RELEASE_BY_NETWORK, /* likewise */
	MM_GREYLIST_EXPECT,		/* this recipient's */
	MM_GREYLIST_EXPECT_PLAIN,	/* and without its "+extension" */
	MM_GREYLIST_GRANT,		/* this client's, by its identity, */
	MM_GREYLIST_GRANT_NETWORK,
	MM_GREYLIST_GRANT_ADDRESS,
	MM_GREYLIST_NROLES,
};

enum mm_greylist_state {
	MM_GREYLIST_NONE = 0,
	MM_GREYLIST_FIRST,   /* never seen, or seen too long ago */
	MM_GREYLIST_SOON,    /* came back before the delay was over */
	MM_GREYLIST_FLOOD,   /* new, and its source has too many that wait */
	MM_GREYLIST_PASS,    /* came back in time: passes for the first time */
	MM_GREYLIST_FOLLOWS, /* with another recipient of the same mail */
	MM_GREYLIST_KNOWN_TRIPLET,
	MM_GREYLIST_ALLOWED_CLIENT,
	/* by hand */
	MM_GREYLIST_RELEASED,
	MM_GREYLIST_EXPECTED, /* counts for this recipient only */
	MM_GREYLIST_GRANTED,
};

struct mm_greylist_answer {
	enum mm_greylist_state state;
	int64_t wait;  /* seconds left; 0: pass */
	int64_t delay; /* of a pass: seconds since the first attempt */
	/* of what was waiting: the age of the attempt that was remembered, and
	 * of this one; else 0 */
	int64_t before, after;
};

/*
 * Records: first attempt, last time worth a write, count of passes (0: still
 * waiting; known triplets are counted hourly at most).  Changes them in place
 * to what is to be remembered.  *write: something changed.
 */
struct mm_greylist_answer mm_greylist_decide(
    const struct mm_greylist_rules *rules,
    struct mm_record record[MM_GREYLIST_NROLES], int64_t now, bool *write);

/* The whole question to a store: decide() as an update of the triplet's key
 * first, the client's, and others behind them, each in its role; at_first may
 * be 2.  The arg that mm_store_update() copies is this struct. */
struct mm_greylist_request {
	struct mm_greylist_rules rules;
	enum mm_greylist_role role[MM_STORE_KEYS];
	int64_t now;
	struct mm_greylist_answer answer;
};
_Static_assert((int)MM_GREYLIST_NROLES <= MM_STORE_KEYS, "a key for each");
enum mm_store_change mm_greylist_change(const struct mm_store_update *update,
    struct mm_record record[MM_STORE_KEYS], bool *noted);
/* What of n records in these roles is other hosts' business as well. */
void mm_greylist_share(const struct mm_greylist_rules *rules,
    const enum mm_greylist_role *role, size_t n, int64_t now,
    struct mm_store_sharing *ret);
/* Of an update by mm_greylist_change() that has its answer: does the mail have
 * to wait?  Then others are to be asked first. */
bool mm_greylist_waits(const struct mm_store_update *update);

#endif

/*
 * greylist - wait or pass, from what was remembered.
 *
 * Pure: the store remembers, the shell asks it, this decides.
 *
 * A triplet (client's network, sender, recipient) waits for delay seconds
 * from its first attempt; earlier retries change nothing.  A retry after the
 * delay and within retry_window of that attempt passes, and from then on the
 * triplet is known until nothing was seen of it for max_age.  After the
 * window the attempt counts as a first one again.
 *
 * Automatic allowance: each triplet that passes after its wait counts once
 * for the client's network, however often it is used later; with
 * auto_allow_count such passes the network no longer waits, until nothing
 * was seen of it for max_age.  A mail to five recipients is five passes.
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

struct mm_arena;
struct mm_ip;

/* Times in seconds.  The window must be longer than the delay. */
struct mm_greylist_rules {
	int64_t delay, retry_window, max_age;
	unsigned ipv4_prefix, ipv6_prefix;
	unsigned auto_allow_count; /* 0: never, and nothing is counted */
};

enum mm_greylist_state {
	MM_GREYLIST_NONE = 0,
	MM_GREYLIST_FIRST, /* never seen, or seen too long ago */
	MM_GREYLIST_SOON,  /* came back before the delay was over */
	MM_GREYLIST_PASS,  /* came back in time: passes for the first time */
	MM_GREYLIST_KNOWN_TRIPLET,
	MM_GREYLIST_ALLOWED_CLIENT,
};

struct mm_greylist_answer {
	enum mm_greylist_state state;
	int64_t wait;  /* seconds left; 0: pass */
	int64_t delay; /* PASS: seconds since the first attempt */
};

/*
 * Records: first attempt, last time worth a write, count of passes (0: still
 * waiting; known triplets are counted hourly at most).  Changes triplet and
 * client in place to what is to be remembered.  *write: something changed.
 */
struct mm_greylist_answer mm_greylist_decide(
    const struct mm_greylist_rules *rules, struct mm_record *triplet,
    struct mm_record *client, int64_t now, bool *write);

/* Keys for the store, in arena; NULL: out of memory.  Letters are folded in
 * both parts of an address.  The sender may be "". */
const char *mm_greylist_triplet_key(struct mm_arena *arena,
    const struct mm_greylist_rules *rules, const struct mm_ip *client,
    const char *sender, const char *recipient);
const char *mm_greylist_client_key(struct mm_arena *arena,
    const struct mm_greylist_rules *rules, const struct mm_ip *client);

/* The whole question to a store: decide() as an update of the triplet's key
 * and, second, the client's.  The arg that mm_store_update() copies is this
 * struct. */
struct mm_greylist_request {
	struct mm_greylist_rules rules;
	int64_t now;
	struct mm_greylist_answer answer;
};
bool mm_greylist_change(const struct mm_store_update *update,
    struct mm_record record[MM_STORE_KEYS], bool *noted);

#endif

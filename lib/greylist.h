/*
 * greylist - wait or pass, from what was remembered.
 *
 * Pure: the store remembers, the shell asks it, this decides.
 * Threads: immutable; pure functions on the caller's values.
 */
#ifndef MM_GREYLIST_H
#define MM_GREYLIST_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/store.h"

struct mm_arena;
struct mm_ip;

/* Times in seconds. */
struct mm_greylist_rules {
	int64_t delay, retry_window, max_age;
	unsigned ipv4_prefix, ipv6_prefix;
	unsigned auto_allow_count; /* 0: never */
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
 * Changes triplet and client in place to what is to be remembered.
 * *write: something changed that is worth a write.
 */
struct mm_greylist_answer mm_greylist_decide(
    const struct mm_greylist_rules *rules, struct mm_record *triplet,
    struct mm_record *client, int64_t now, bool *write);

/* Keys for the store, in arena; NULL: out of memory.  The sender may be "". */
const char *mm_greylist_triplet_key(struct mm_arena *arena,
    const struct mm_greylist_rules *rules, const struct mm_ip *client,
    const char *sender, const char *recipient);
const char *mm_greylist_client_key(struct mm_arena *arena,
    const struct mm_greylist_rules *rules, const struct mm_ip *client);

/* The whole question to a store: decide() as an update.  The arg that
 * mm_store_update() copies is this struct. */
struct mm_greylist_request {
	struct mm_greylist_rules rules;
	int64_t now;
	struct mm_greylist_answer answer;
};
bool mm_greylist_change(const struct mm_store_update *update,
    struct mm_record record[MM_STORE_KEYS], bool *noted);

#endif

/*
 * replay_greylist - what a greylist with a memory says in a replay.
 *
 * Threads: confined.
 */
#ifndef MM_REPLAY_GREYLIST_H
#define MM_REPLAY_GREYLIST_H

#include <stddef.h>
#include <stdint.h>

struct mm_policy;
struct mm_result;
struct mm_session;
struct mm_store;

/* Whom the marked recipient's client is taken for.  Returns text. */
const char *replay_identity(const struct mm_policy *policy,
    const struct mm_session *session, const struct mm_result *result,
    char *text, size_t size);
/* The store is asked, as the daemon does it: "first", "soon", "pass", ... */
const char *replay_greylist(struct mm_store *store,
    const struct mm_policy *policy, const struct mm_session *session,
    const struct mm_result *result, int64_t now);

#endif

/*
 * redis_open - what redis.c and redis_open.c have in common.
 *
 * Threads: confined.
 */
#ifndef MM_REDIS_OPEN_H
#define MM_REDIS_OPEN_H

#include "lib/redis.h"

/* One that is connected and has not said a word.  NULL: *err. */
struct mm_redis *mm_redis_connect(const struct mm_redis_config *config,
    const struct mm_peer *peer, const struct mm_wait *wait, struct mm_err *err);

#endif

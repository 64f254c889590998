/*
 * settings_redis - greylist_store and the greylist_redis_* settings as a
 * shared store wants them: taken apart and checked.
 *
 * greylist_store is "sqlite", and behind it the places of a Redis or its
 * Sentinels: "redis:host", "redis:host:port", "redis:[address]:port",
 * "redis:/path"; with "rediss:" in TLS.
 * Threads: immutable once read.
 */
#ifndef MM_SETTINGS_REDIS_H
#define MM_SETTINGS_REDIS_H

#include "lib/store_shared.h"

struct mm_err;
struct mm_settings;

struct mm_settings_redis {
	bool shared;			/* else the rest means nothing */
	struct mm_shared_config config; /* points into the rest; no secret */
	struct mm_peer *peer;
	char *text;
};

/* -1: *err, which begins with the parameter; ret is untouched.  Strings of
 * settings are borrowed for the life of ret. */
int mm_settings_redis_read(const struct mm_settings *settings,
    struct mm_settings_redis *ret, struct mm_err *err);
void mm_settings_redis_clear(struct mm_settings_redis *redis);

#endif

/*
 * sharing - what makes the greylist's store one that is shared with other
 * hosts, if the settings say so.
 *
 * Threads: confined to the supervisor's, but for the store itself.
 */
#ifndef MM_MILTER_SHARING_H
#define MM_MILTER_SHARING_H

#include <stdbool.h>

#include "lib/settings_redis.h"

struct mm_clock;
struct mm_settings;
struct mm_store;

/* Starts as zero; outlives the store. */
struct sharing {
	struct mm_settings_redis settings;
	char *secret;
};
/* How it is going, see struct mm_shared_config. */
typedef void sharing_news(void *ctx, bool works, const char *why);

/* The store to be used; takes local over.  NULL: *err.  Where a file is of no
 * use that is told as news, and local is used by itself. */
struct mm_store *sharing_open(struct sharing *sharing, struct mm_store *local,
    const struct mm_settings *settings, const struct mm_clock *clock,
    sharing_news *news, void *ctx, struct mm_err *err);
void sharing_clear(struct sharing *sharing);

#endif

/*
 * store_shared_record - a record as several hosts know it: what it is called,
 * how it is written, and what becomes of two that differ.
 *
 * What Redis holds is a stranger's word.  Read, no number is huge, and no time
 * is in the future but the end of a window.
 * Threads: pure.
 */
#ifndef MM_STORE_SHARED_RECORD_H
#define MM_STORE_SHARED_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/redis.h"
#include "lib/store.h"

#define MM_SHARED_NAME 16 /* bytes of a digest */
#define MM_SHARED_COUNT_MAX 1000000

/* How two of its kind are joined, and how long one is worth anything. */
struct mm_shared_rule {
	enum mm_store_share share;
	int64_t age, waiting_age;
};

/* The i-th key's. */
struct mm_shared_rule mm_shared_rule_of(
    const struct mm_store_sharing *sharing, size_t i);

/*
 * What gives keys their names, for mm_shared_namer_free(); shared.  The secret
 * may be empty.  NULL: out of memory.
 */
struct mm_shared_namer;
struct mm_shared_namer *mm_shared_namer_new(const char *secret);
void mm_shared_namer_free(struct mm_shared_namer *namer); /* NULL is fine */
/*
 * The key's name: HMAC-SHA-256 of it, cut.  The same on all hosts, and nobody's
 * address is in it.  False: out of memory.
 */
bool mm_shared_name(const struct mm_shared_namer *namer, const char *key,
    uint8_t ret[MM_SHARED_NAME]);

/* When it is worth nothing any more. */
int64_t mm_shared_end(
    const struct mm_shared_rule *rule, const struct mm_record *record);
/*
 * What both know together.  It does not matter who comes first, nor how often
 * one comes: the earlier first (the later, of those that are counted), the
 * later last, the higher count; but of two of which one had ended before the
 * other began, the latter alone, and of windows the one opened later.  One that
 * is zero knows nothing.
 */
struct mm_record mm_shared_join(const struct mm_shared_rule *rule,
    const struct mm_record *a, const struct mm_record *b);

/* "FIRST LAST COUNT".  False: it is no record; ret is zero. */
bool mm_shared_read(const char *text, size_t len, enum mm_store_share share,
    int64_t now, struct mm_record *ret);

/*
 * The command that joins a record to what Redis has.  It is a script, so that
 * it is done in one go, on one key.  The words point into text.
 */
#define MM_SHARED_WORDS 11
#define MM_SHARED_TEXT 24
void mm_shared_command(const struct mm_shared_rule *rule,
    const struct mm_record *record, int64_t now, const char *key,
    char text[MM_SHARED_WORDS][MM_SHARED_TEXT],
    struct mm_redis_word words[MM_SHARED_WORDS]);

#endif

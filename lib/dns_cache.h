/*
 * dns_cache - answers already had, for as long as they last.
 *
 * Bounded: the table has a fixed number of places, and what comes into a full
 * set of them pushes out what would have ended first.  A hit neither
 * allocates nor scans more than one set.  For the files of dns alone.
 * Threads: shared; each of a few locks, all leaves, guards a part.
 */
#ifndef MM_DNS_CACHE_H
#define MM_DNS_CACHE_H

#include "lib/dns.h"

struct mm_dns_cache;

/* At least so many entries, rounded up; 0: nothing is kept.  NULL: out of
 * memory. */
struct mm_dns_cache *mm_dns_cache_new(size_t entries);
void mm_dns_cache_free(struct mm_dns_cache *cache); /* NULL is fine */

/* hash is mm_dns_hash() of name and type.  A reference; NULL: not there. */
const struct mm_dns_answer *mm_dns_cache_get(struct mm_dns_cache *cache,
    uint64_t hash, const char *name, enum mm_dns_type type, int64_t now_us);
/* A get of this will come soon: most of what it costs is waiting for memory. */
void mm_dns_cache_expect(struct mm_dns_cache *cache, uint64_t hash);
/*
 * Replaces what is there.  Kept for its own TTL within bounds, a failure for
 * seconds; what cannot be kept for want of memory is not.
 */
void mm_dns_cache_put(struct mm_dns_cache *cache, uint64_t hash,
    const char *name, enum mm_dns_type type, const struct mm_dns_answer *answer,
    int64_t now_us);
/* Forgets everything. */
void mm_dns_cache_flush(struct mm_dns_cache *cache);
/* Entries held, ended ones among them until something takes their place. */
size_t mm_dns_cache_count(struct mm_dns_cache *cache);

#endif

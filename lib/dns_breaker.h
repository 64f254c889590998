/*
 * dns_breaker - which DNS lists are dead, so that nobody waits for them.
 *
 * One breaker for each zone named in a policy, made when it is first asked
 * and kept for good.  FAILURES questions in a row that failed open it.  It is
 * then probed, at growing intervals, and closes when the list answers.
 * For the files of dns alone.
 * Threads: find and open from any; everything else in the resolver's only.
 */
#ifndef MM_DNS_BREAKER_H
#define MM_DNS_BREAKER_H

#include "lib/dns.h"

struct mm_breaker;
struct mm_breakers;

/* pause_us: until the first probe.  NULL: out of memory. */
struct mm_breakers *mm_breakers_new(int64_t pause_us);
void mm_breakers_free(struct mm_breakers *all); /* NULL is fine */

/* Lives as long as all.  NULL: out of memory. */
struct mm_breaker *mm_breakers_find(struct mm_breakers *all, const char *zone);
bool mm_breaker_open(const struct mm_breaker *breaker);
const char *mm_breaker_zone(const struct mm_breaker *breaker);

/* True: it changed, and *why (a few words, static) says what for. */
bool mm_breaker_failed(struct mm_breaker *breaker, enum mm_dns_cause cause,
    int64_t now_us, const char **why);
bool mm_breaker_worked(struct mm_breaker *breaker);

/* When the next probe is due; INT64_MAX: no breaker is open. */
int64_t mm_breakers_due(const struct mm_breakers *all);
/*
 * A breaker whose probe is due by now, or NULL.  The next one is then set for
 * later, and name is what to ask: an address that no cache knows, since an
 * answer from a cache says nothing about the list.
 */
struct mm_breaker *mm_breakers_probe(
    struct mm_breakers *all, int64_t now_us, char name[MM_DNS_NAME_MAX]);

#endif

/*
 * dns_answer - how answers are made and moved; for the files of dns alone.
 *
 * Threads: answers are immutable, and counted; a set is confined.
 */
#ifndef MM_DNS_ANSWER_H
#define MM_DNS_ANSWER_H

#include "lib/dns.h"

/* What mm_dns_answer_new does, for an answer that a validator has seen. */
const struct mm_dns_answer *mm_dns_answer_make(enum mm_dns_status status,
    bool secure, uint32_t ttl, const struct mm_dns_rr *rr, size_t n);

/*
 * Puts an answer into a set without copying: name is inside of block, which
 * came from malloc().  True: the set owns block and the reference.
 */
bool mm_answers_take(struct mm_answers *set, uint64_t hash, const char *name,
    enum mm_dns_type type, const struct mm_dns_answer *answer, void *block);

#endif

/*
 * dns_answer - how answers are made; for the files of dns alone.
 *
 * Threads: immutable, counted.
 */
#ifndef MM_DNS_ANSWER_H
#define MM_DNS_ANSWER_H

#include "lib/dns.h"

/* What mm_dns_answer_new does, for an answer that a validator has seen. */
const struct mm_dns_answer *mm_dns_answer_make(enum mm_dns_status status,
    bool secure, uint32_t ttl, const struct mm_dns_rr *rr, size_t n);

#endif

/*
 * times - how long each DNS question took, as the resolver tells its watch.
 *
 * Threads: shared, one lock; the resolver's thread notes, ours reads.
 */
#ifndef MM_CTL_TIMES_H
#define MM_CTL_TIMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/dns.h"

struct times;

struct times *times_new(void); /* NULL: out of memory */
void times_free(struct times *times);
/* For mm_dns_watch; ctx is a struct times. */
void times_ended(
    void *ctx, const char *name, enum mm_dns_type type, int64_t took_us);
/* Microseconds; -1: it did not go out. */
int64_t times_took(
    struct times *times, const char *name, enum mm_dns_type type);

#endif

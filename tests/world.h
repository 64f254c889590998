/*
 * world - DNS as data, for tests: names to records, everything else NXDOMAIN.
 */
#ifndef MM_TEST_WORLD_H
#define MM_TEST_WORLD_H

#include "lib/dns.h"

struct world;

struct world *world_new(void);
void world_free(struct world *world);
/*
 * data is "A 127.0.0.2", "TXT some text", "MX 10 host", "AAAA 2001:db8::1",
 * "fail" (no answer for any type) or "TYPE fail".  False: not understood.
 */
bool world_add(struct world *world, const char *name, const char *data);
/* The answer to a question; the caller owns a reference. */
const struct mm_dns_answer *world_answer(
    const struct world *world, const char *name, enum mm_dns_type type);

#endif

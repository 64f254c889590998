/*
 * site_addresses - the addresses of this host; for site's own files.
 *
 * Threads: immutable once read.
 */
#ifndef MM_SITE_ADDRESSES_H
#define MM_SITE_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>

struct mm_err;
struct mm_ip;

struct mm_addresses {
	struct mm_ip *ip;
	size_t n;
};

/* Adds what text names: addresses, "all", "loopback-only".  -1: *err. */
int mm_addresses_add(
    struct mm_addresses *addresses, const char *text, struct mm_err *err);
void mm_addresses_clear(struct mm_addresses *addresses);
bool mm_addresses_have(
    const struct mm_addresses *addresses, const struct mm_ip *ip);

#endif

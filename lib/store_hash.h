/*
 * store_hash - keys as 64 bits that a stranger cannot aim at.
 *
 * SipHash-2-4 (Aumasson and Bernstein, 2012) under a random secret.
 * Threads: pure function.
 */
#ifndef MM_STORE_HASH_H
#define MM_STORE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define MM_STORE_SECRET 16 /* bytes */

uint64_t mm_store_hash(
    const uint8_t secret[MM_STORE_SECRET], const void *data, size_t len);

#endif

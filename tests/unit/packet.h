/*
 * packet - DNS packets made by hand, for tests.
 *
 * Names are text without a dot at the end; "" is the root.  A name is written
 * as a pointer to the question's where it is "@".
 * Threads: confined.
 */
#ifndef MM_TEST_PACKET_H
#define MM_TEST_PACKET_H

#include <stddef.h>
#include <stdint.h>

struct packet {
	size_t len;
	uint8_t data[8192];
};

#define PACKET_CNAME 5
#define PACKET_SOA 6

void packet_begin(
    struct packet *p, unsigned rcode, const char *name, unsigned type);
/* A record of the answer section; then of the authority section. */
void packet_answer(struct packet *p, const char *name, unsigned type,
    uint32_t ttl, const void *data, size_t len);
void packet_authority(struct packet *p, const char *name, unsigned type,
    uint32_t ttl, const void *data, size_t len);
void packet_additional(struct packet *p, const char *name, unsigned type,
    uint32_t ttl, const void *data, size_t len);

void packet_a(
    struct packet *p, const char *name, uint32_t ttl, const char *address);
/* NS, PTR, CNAME. */
void packet_host(struct packet *p, const char *name, unsigned type,
    uint32_t ttl, const char *host);
void packet_mx(struct packet *p, const char *name, uint32_t ttl,
    unsigned preference, const char *host);
/* One record; its strings one after the other, each with its length. */
void packet_txt(
    struct packet *p, const char *name, uint32_t ttl, const char *text);
void packet_soa(
    struct packet *p, const char *name, uint32_t ttl, uint32_t minimum);

/* Writes a name; returns its length. */
size_t packet_name(uint8_t *at, const char *name);

#endif

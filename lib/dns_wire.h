/*
 * dns_wire - a packet taken apart: names and records, not what they mean.
 *
 * For the files of dns alone.  Nothing in the packet is trusted; the work is
 * bounded whatever it holds.
 * Threads: confined.
 */
#ifndef MM_DNS_WIRE_H
#define MM_DNS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/dns.h"

#define MM_DNS_WIRE_MAX 255	/* RFC 1035 2.3.4 */
#define MM_DNS_WIRE_RECORDS 256 /* of a section that are looked at */

/* RFC 1035 4.1.1 */
enum mm_dns_rcode {
	MM_RCODE_NOERROR = 0,
	MM_RCODE_FORMERR,
	MM_RCODE_SERVFAIL,
	MM_RCODE_NXDOMAIN,
	MM_RCODE_NOTIMP,
	MM_RCODE_REFUSED,
};

/* A name as in RFC 1035 3.1 without its last zero, folded. */
struct mm_dns_wire {
	size_t len;
	uint8_t data[MM_DNS_WIRE_MAX];
};

struct mm_dns_record {
	size_t owner, data; /* offsets in the packet */
	size_t len;	    /* of data */
	uint16_t type;	    /* 0: of a class other than IN */
	uint32_t ttl;
};

struct mm_dns_packet {
	const uint8_t *data; /* borrowed */
	size_t len;
	enum mm_dns_rcode rcode;
	struct mm_dns_wire question;
	size_t nanswer, nauthority;
	struct mm_dns_record answer[MM_DNS_WIRE_RECORDS];
	struct mm_dns_record authority[MM_DNS_WIRE_RECORDS];
};

/* False: malformed, or not one question.  Everything but the header is left
 * alone where the rcode says that there is no answer. */
bool mm_dns_packet_read(
    const uint8_t *data, size_t len, struct mm_dns_packet *ret);
/* Expands the name at *at and moves *at behind it.  False: no name. */
bool mm_dns_wire_read(
    const struct mm_dns_packet *packet, size_t *at, struct mm_dns_wire *ret);
bool mm_dns_wire_same(const struct mm_dns_wire *a, const struct mm_dns_wire *b);
/* As text.  False: it has bytes that would not mean themselves. */
bool mm_dns_wire_text(
    const struct mm_dns_wire *name, char text[MM_DNS_NAME_MAX]);

static inline unsigned
mm_get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static inline uint32_t
mm_get32(const uint8_t *at)
{
	return (uint32_t)mm_get16(at) << 16 | mm_get16(at + 2);
}

#endif

/* dns_wire - see dns_wire.h. */
#include "lib/dns_wire.h"

#include <string.h>

#define HEADER 12 /* RFC 1035 4.1.1 */
#define JUMPS 128 /* compression pointers in one name */
#define CLASS_IN 1

static uint8_t
fold(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

bool
mm_dns_wire_read(
    const struct mm_dns_packet *p, size_t *at, struct mm_dns_wire *ret)
{
	size_t pos = *at, jumps = 0;

	ret->len = 0;
	for (;;) {
		uint8_t len;

		if (pos >= p->len)
			return false;
		len = p->data[pos++];
		if (len >= 0xc0) { /* RFC 1035 4.1.4 */
			if (pos >= p->len || ++jumps > JUMPS)
				return false;
			if (jumps == 1)
				*at = pos + 1;
			pos = (size_t)(len & 0x3f) << 8 | p->data[pos];
			continue;
		}
		if (len > 63 || len > p->len - pos ||
		    ret->len + len + 2 > MM_DNS_WIRE_MAX)
			return false;
		if (len == 0)
			break;
		ret->data[ret->len++] = len;
		while (len-- > 0)
			ret->data[ret->len++] = fold(p->data[pos++]);
	}
	if (jumps == 0)
		*at = pos;
	return true;
}

bool
mm_dns_wire_same(const struct mm_dns_wire *a, const struct mm_dns_wire *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

bool
mm_dns_wire_text(const struct mm_dns_wire *name, char text[MM_DNS_NAME_MAX])
{
	size_t len = 0, at = 0;

	while (at < name->len) {
		size_t left = name->data[at++];

		if (len > 0)
			text[len++] = '.';
		for (; left > 0; left--) {
			uint8_t c = name->data[at++];

			if (c <= ' ' || c >= 0x7f || c == '.' || c == '\\')
				return false;
			text[len++] = (char)c;
		}
	}
	text[len] = '\0';
	return true;
}

static bool
read_record(
    const struct mm_dns_packet *p, size_t *at, struct mm_dns_record *ret)
{
	struct mm_dns_wire owner;

	ret->owner = *at;
	if (!mm_dns_wire_read(p, at, &owner) || p->len - *at < 10)
		return false;
	ret->type = mm_get16(p->data + *at + 2) == CLASS_IN
			? (uint16_t)mm_get16(p->data + *at)
			: 0;
	ret->ttl = mm_get32(p->data + *at + 4);
	ret->len = mm_get16(p->data + *at + 8);
	ret->data = *at + 10;
	if (ret->len > p->len - ret->data)
		return false;
	*at = ret->data + ret->len;
	return true;
}

static bool
read_section(const struct mm_dns_packet *p, size_t *at, size_t count,
    struct mm_dns_record records[MM_DNS_WIRE_RECORDS], size_t *n)
{
	struct mm_dns_record beyond;

	for (size_t i = 0; i < count; i++) {
		if (!read_record(
			p, at, i < MM_DNS_WIRE_RECORDS ? &records[i] : &beyond))
			return false;
	}
	*n = count < MM_DNS_WIRE_RECORDS ? count : MM_DNS_WIRE_RECORDS;
	return true;
}

bool
mm_dns_packet_read(const uint8_t *data, size_t len, struct mm_dns_packet *p)
{
	size_t at = HEADER;

	if (len < HEADER)
		return false;
	p->data = data;
	p->len = len;
	p->rcode = data[3] & 15;
	p->nanswer = p->nauthority = 0;
	if (p->rcode != MM_RCODE_NOERROR && p->rcode != MM_RCODE_NXDOMAIN)
		return true;
	if (mm_get16(data + 4) != 1 ||
	    !mm_dns_wire_read(p, &at, &p->question) || p->len - at < 4)
		return false;
	at += 4;
	return read_section(
		   p, &at, mm_get16(data + 6), p->answer, &p->nanswer) &&
	       read_section(
		   p, &at, mm_get16(data + 8), p->authority, &p->nauthority);
}

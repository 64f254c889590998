/* packet - see packet.h. */
#include "tests/unit/packet.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dns.h"

static void
put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void
put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

size_t
packet_name(uint8_t *at, const char *name)
{
	uint8_t *from = at;

	if (strcmp(name, "@") == 0) {
		put16(at, 0xc00c);
		return 2;
	}
	while (*name != '\0') {
		size_t len = strcspn(name, ".");

		*at++ = (uint8_t)len;
		memcpy(at, name, len);
		at += len;
		name += len + (name[len] == '.');
	}
	*at++ = 0;
	return (size_t)(at - from);
}

void
packet_begin(struct packet *p, unsigned rcode, const char *name, unsigned type)
{
	memset(p, 0, sizeof(*p));
	put16(p->data + 2, 0x8580 | rcode); /* authoritative */
	put16(p->data + 4, 1);
	p->len = 12 + packet_name(p->data + 12, name);
	put16(p->data + p->len, type);
	put16(p->data + p->len + 2, 1);
	p->len += 4;
}

static void
record(struct packet *p, size_t counter, const char *name, unsigned type,
    uint32_t ttl, const void *data, size_t len)
{
	if (p->len + 256 + 10 + len > sizeof(p->data))
		abort();
	p->len += packet_name(p->data + p->len, name);
	put16(p->data + p->len, type);
	put16(p->data + p->len + 2, 1);
	put32(p->data + p->len + 4, ttl);
	put16(p->data + p->len + 8, (unsigned)len);
	memcpy(p->data + p->len + 10, data, len);
	p->len += 10 + len;
	p->data[counter + 1]++;
}

void
packet_answer(struct packet *p, const char *name, unsigned type, uint32_t ttl,
    const void *data, size_t len)
{
	record(p, 6, name, type, ttl, data, len);
}

void
packet_authority(struct packet *p, const char *name, unsigned type,
    uint32_t ttl, const void *data, size_t len)
{
	record(p, 8, name, type, ttl, data, len);
}

void
packet_additional(struct packet *p, const char *name, unsigned type,
    uint32_t ttl, const void *data, size_t len)
{
	record(p, 10, name, type, ttl, data, len);
}

void
packet_a(struct packet *p, const char *name, uint32_t ttl, const char *address)
{
	uint8_t data[4];

	if (inet_pton(AF_INET, address, data) != 1)
		abort();
	packet_answer(p, name, MM_DNS_A, ttl, data, sizeof(data));
}

void
packet_host(struct packet *p, const char *name, unsigned type, uint32_t ttl,
    const char *host)
{
	uint8_t data[256];

	packet_answer(p, name, type, ttl, data, packet_name(data, host));
}

void
packet_mx(struct packet *p, const char *name, uint32_t ttl, unsigned preference,
    const char *host)
{
	uint8_t data[258];

	put16(data, preference);
	packet_answer(
	    p, name, MM_DNS_MX, ttl, data, 2 + packet_name(data + 2, host));
}

void
packet_txt(struct packet *p, const char *name, uint32_t ttl, const char *text)
{
	size_t len = strlen(text);
	uint8_t data[256];

	if (len > 255)
		abort();
	data[0] = (uint8_t)len;
	memcpy(data + 1, text, len);
	packet_answer(p, name, MM_DNS_TXT, ttl, data, 1 + len);
}

void
packet_soa(struct packet *p, const char *name, uint32_t ttl, uint32_t minimum)
{
	uint8_t data[22] = {0};

	put32(data + 18, minimum);
	packet_authority(p, name, PACKET_SOA, ttl, data, sizeof(data));
}

/*
 * ip - IPv4 and IPv6 addresses and prefixes.
 *
 * Threads: confined values.
 */
#ifndef MM_IP_H
#define MM_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mm_err;
struct sockaddr;

enum mm_ip_family {
	MM_IP_NONE = 0, /* no address is known */
	MM_IP_V4 = 4,
	MM_IP_V6 = 6,
};

struct mm_ip {
	uint8_t family;	   /* enum mm_ip_family */
	uint8_t bytes[16]; /* network order; IPv4 uses the first four */
};

struct mm_prefix {
	struct mm_ip ip; /* host bits are zero */
	uint8_t len;
};

#define MM_IP_TEXT_MAX 46
#define MM_IP_REVERSED_MAX 64 /* 32 nibbles with dots, and NUL */

/* Bare text, no brackets.  A v4-mapped IPv6 address becomes IPv4. */
bool mm_ip_parse(const char *text, struct mm_ip *ret);
/* False for other families. */
bool mm_ip_from_sockaddr(const struct sockaddr *sa, struct mm_ip *ret);
/* RFC 5952 text; "" for MM_IP_NONE.  Returns text. */
const char *mm_ip_format(const struct mm_ip *ip, char text[MM_IP_TEXT_MAX]);
/* As DNS lists want it: octets or nibbles, last one first, without the zone
 * (RFC 5782 2.1, 2.4).  Returns text. */
const char *mm_ip_reverse(
    const struct mm_ip *ip, char text[MM_IP_REVERSED_MAX]);
void mm_ip_mask(struct mm_ip *ip, unsigned len);
bool mm_ip_equal(const struct mm_ip *a, const struct mm_ip *b);

/* "addr", "net/len", "[v6]", "[v6]/len", "[v6/len]".  Host bits must be
 * zero.  -1: *err says what is wrong with text. */
int mm_prefix_parse(
    const char *text, struct mm_prefix *ret, struct mm_err *err);
bool mm_prefix_has(const struct mm_prefix *prefix, const struct mm_ip *ip);

#endif

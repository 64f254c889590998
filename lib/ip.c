/* ip - see ip.h. */
#include "lib/ip.h"

#include "lib/err.h"
#include "lib/str.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define PREFIX_TEXT_MAX 64 /* longer ones are wrong already */
#define MAPPED_BITS 96	   /* of ::ffff:0:0/96, RFC 4291 2.5.5.2 */

static unsigned
bits_of(const struct mm_ip *ip)
{
	switch (ip->family) {
	case MM_IP_V4:
		return 32;
	case MM_IP_V6:
		return 128;
	default:
		return 0;
	}
}

static void
set_v4(struct mm_ip *ip, const void *bytes)
{
	*ip = (struct mm_ip){.family = MM_IP_V4};
	memcpy(ip->bytes, bytes, 4);
}

/* One client, one address: what came in on a v6 socket is IPv4 again. */
static void
set_v6(struct mm_ip *ip, const uint8_t *bytes)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (memcmp(bytes, mapped, sizeof(mapped)) == 0) {
		set_v4(ip, bytes + sizeof(mapped));
		return;
	}
	ip->family = MM_IP_V6;
	memcpy(ip->bytes, bytes, sizeof(ip->bytes));
}

bool
mm_ip_parse(const char *text, struct mm_ip *ret)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1) {
		set_v4(ret, bytes);
		return true;
	}
	if (inet_pton(AF_INET6, text, bytes) == 1) {
		set_v6(ret, bytes);
		return true;
	}
	return false;
}

bool
mm_ip_from_sockaddr(const struct sockaddr *sa, struct mm_ip *ret)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	/* copied: the caller's memory need not be aligned for it */
	if (sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		set_v4(ret, &in.sin_addr);
		return true;
	}
	if (sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof(in6));
		set_v6(ret, in6.sin6_addr.s6_addr);
		return true;
	}
	return false;
}

const char *
mm_ip_format(const struct mm_ip *ip, char text[MM_IP_TEXT_MAX])
{
	text[0] = '\0';
	if (ip->family == MM_IP_V4)
		inet_ntop(AF_INET, ip->bytes, text, MM_IP_TEXT_MAX);
	else if (ip->family == MM_IP_V6)
		inet_ntop(AF_INET6, ip->bytes, text, MM_IP_TEXT_MAX);
	return text;
}

const char *
mm_ip_reverse(const struct mm_ip *ip, char text[MM_IP_REVERSED_MAX])
{
	const uint8_t *b = ip->bytes;
	struct mm_buf buf;

	mm_buf_init(&buf, text, MM_IP_REVERSED_MAX);
	if (ip->family == MM_IP_V4)
		mm_buf_addf(&buf, "%u.%u.%u.%u", b[3], b[2], b[1], b[0]);
	for (int i = 15; ip->family == MM_IP_V6 && i >= 0; i--)
		mm_buf_addf(
		    &buf, "%x.%x%s", b[i] & 0xfu, b[i] >> 4, i > 0 ? "." : "");
	return text;
}

void
mm_ip_mask(struct mm_ip *ip, unsigned len)
{
	for (unsigned i = 0; i < sizeof(ip->bytes); i++) {
		if (len >= 8 * (i + 1))
			continue;
		if (len <= 8 * i)
			ip->bytes[i] = 0;
		else
			ip->bytes[i] &= (uint8_t)(0xff << (8 * (i + 1) - len));
	}
}

bool
mm_ip_equal(const struct mm_ip *a, const struct mm_ip *b)
{
	return a->family == b->family &&
	       memcmp(a->bytes, b->bytes, bits_of(a) / 8) == 0;
}

/*
 * Takes "[v6]", "[v6]/len", "[v6/len]" and bare text apart, in place.  *len
 * is NULL where none is written.
 */
static int
split_prefix(char *text, char **addr, char **len, struct mm_err *err)
{
	bool bracket = text[0] == '[';
	char *close = strchr(text, ']'), *slash;

	if (bracket != (close != NULL))
		return mm_err_set(
		    err, "\"[\" and \"]\" must both be there, or none");
	*addr = text;
	slash = strchr(text, '/');
	if (bracket) {
		*addr = text + 1;
		*close = '\0';
		if (close[1] != '\0' && slash != close + 1)
			return mm_err_set(err,
			    "only \"/\" and a prefix length may follow \"]\"");
		if (strchr(*addr, ':') == NULL)
			return mm_err_set(err,
			    "brackets are for IPv6: write %s without them",
			    *addr);
	}
	*len = slash != NULL ? slash + 1 : NULL;
	if (slash != NULL)
		*slash = '\0';
	return 0;
}

/* "255.255.255.0" in place of a length: says which length that is. */
static int
bad_length(const struct mm_ip *ip, const char *len, struct mm_err *err)
{
	struct mm_ip mask, again;

	if (ip->family == MM_IP_V4 && mm_ip_parse(len, &mask) &&
	    mask.family == MM_IP_V4) {
		for (unsigned n = 0; n <= 32; n++) {
			memset(again.bytes, 0xff, sizeof(again.bytes));
			again.family = MM_IP_V4;
			mm_ip_mask(&again, n);
			if (mm_ip_equal(&mask, &again))
				return mm_err_set(err,
				    "a netmask is not understood: "
				    "write /%u for /%s",
				    n, len);
		}
	}
	return mm_err_set(err,
	    "prefix length \"%s\" must be a number from 0 to %u", len,
	    bits_of(ip));
}

static int
check_host_bits(
    const struct mm_ip *ip, struct mm_prefix *prefix, struct mm_err *err)
{
	char text[MM_IP_TEXT_MAX];

	prefix->ip = *ip;
	mm_ip_mask(&prefix->ip, prefix->len);
	if (mm_ip_equal(ip, &prefix->ip))
		return 0;
	return mm_err_set(err, "host bits are set: did you mean %s/%u?",
	    mm_ip_format(&prefix->ip, text), prefix->len);
}

static int
parse_parts(const char *addr, const char *len, struct mm_prefix *ret,
    struct mm_err *err)
{
	bool v6 = strchr(addr, ':') != NULL;
	unsigned long n;
	struct mm_ip ip;

	if (!mm_ip_parse(addr, &ip))
		return mm_err_set(err, "\"%s\" is not an IP address: %s", addr,
		    v6 ? "an IPv6 network looks like 2001:db8::/32"
		       : "an IPv4 network looks like 192.0.2.0/24");
	n = bits_of(&ip);
	if (len != NULL && v6 && ip.family == MM_IP_V4) {
		if (!mm_str_to_uint(len, MAPPED_BITS, 128, &n))
			return mm_err_set(err,
			    "prefix length \"%s\" of an IPv4-mapped address "
			    "must be a number from 96 to 128",
			    len);
		n -= MAPPED_BITS;
	} else if (len != NULL && !mm_str_to_uint(len, 0, n, &n)) {
		return bad_length(&ip, len, err);
	}
	ret->len = (uint8_t)n;
	return check_host_bits(&ip, ret, err);
}

int
mm_prefix_parse(const char *text, struct mm_prefix *ret, struct mm_err *err)
{
	char copy[PREFIX_TEXT_MAX], *addr, *len = NULL;
	struct mm_prefix prefix;

	if (text[0] == '\0')
		return mm_err_set(err, "an address or network is missing");
	if (strlen(text) >= sizeof(copy))
		return mm_err_set(err,
		    "\"%.40s...\" is too long for an address or network", text);
	memcpy(copy, text, strlen(text) + 1);
	mm_str_printable(copy, '?'); /* it is quoted in complaints */
	if (split_prefix(copy, &addr, &len, err) != 0 ||
	    parse_parts(addr, len, &prefix, err) != 0)
		return -1;
	*ret = prefix;
	return 0;
}

bool
mm_prefix_has(const struct mm_prefix *prefix, const struct mm_ip *ip)
{
	struct mm_ip masked = *ip;

	mm_ip_mask(&masked, prefix->len);
	return mm_ip_equal(&prefix->ip, &masked);
}

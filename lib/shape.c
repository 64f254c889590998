/* shape - see shape.h. */
#include "lib/shape.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/ip.h"
#include "lib/str.h"

#define HOST_MAX 256
#define RUNS_MAX 64
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A name, taken apart once for all rules. */
struct subject {
	const struct mm_ip *ip;
	char host[HOST_MAX];	 /* folded */
	char squeezed[HOST_MAX]; /* its letters and digits alone */
	unsigned runs[RUNS_MAX]; /* the numbers in it, in order */
	size_t nruns;
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

/* A number too long for an octet is none: it is no octet either. */
static void
find_runs(struct subject *s)
{
	const char *p = s->host;

	while (*p != '\0' && s->nruns < RUNS_MAX) {
		size_t len = strspn(p, "0123456789");
		unsigned value = 0;

		for (size_t i = 0; i < len; i++)
			value = value > 999
				    ? 1000
				    : value * 10 + (unsigned)(p[i] - '0');
		if (len > 0)
			s->runs[s->nruns++] = value;
		p += len > 0 ? len : 1;
	}
}

static void
take_apart(struct subject *s, const char *host, const struct mm_ip *ip)
{
	char *to = s->squeezed;

	s->ip = ip;
	s->nruns = 0;
	snprintf(s->host, sizeof(s->host), "%s", host);
	mm_str_fold(s->host);
	for (const char *p = s->host; *p != '\0'; p++) {
		if (is_digit(*p) || is_letter(*p))
			*to++ = *p;
	}
	*to = '\0';
	find_runs(s);
}

/* Are n octets of the address, from the first-th on, among the numbers, one
 * after the other, in this order or the other way round? */
static bool
has_octets(const struct subject *s, size_t first, size_t n)
{
	const uint8_t *octets = s->ip->bytes + first;

	for (size_t i = 0; i + n <= s->nruns; i++) {
		size_t same = 0, turned = 0;

		for (size_t j = 0; j < n; j++) {
			same += s->runs[i + j] == octets[j];
			turned += s->runs[i + j] == octets[n - 1 - j];
		}
		if (same == n || turned == n)
			return true;
	}
	return false;
}

static bool
is_v4(const struct subject *s)
{
	return s->ip->family == MM_IP_V4;
}

static bool
has_address(const struct subject *s)
{
	return is_v4(s) && has_octets(s, 0, 4);
}

static bool
has_three(const struct subject *s)
{
	return is_v4(s) && (has_octets(s, 0, 3) || has_octets(s, 1, 3));
}

/* Two alone prove nothing: big senders number their hosts that way. */
static bool
has_two(const struct subject *s)
{
	return is_v4(s) && (has_octets(s, 0, 2) || has_octets(s, 2, 2));
}

enum form { PLAIN, PADDED, HEX };

/* The four octets without anything between them; turned: the last one first.
 */
static void
write_octets(const struct subject *s, enum form form, bool turned,
    char text[MM_IP_TEXT_MAX])
{
	struct mm_buf buf;

	mm_buf_init(&buf, text, MM_IP_TEXT_MAX);
	for (size_t i = 0; i < 4; i++) {
		unsigned octet = s->ip->bytes[turned ? 3 - i : i];

		if (form == HEX)
			mm_buf_addf(&buf, "%02x", octet);
		else if (form == PADDED)
			mm_buf_addf(&buf, "%03u", octet);
		else
			mm_buf_addf(&buf, "%u", octet);
	}
}

/* Fewer characters than that stand in a name by chance. */
static bool
has_form(const struct subject *s, enum form form)
{
	char text[MM_IP_TEXT_MAX];

	for (int turned = 0; turned < 2; turned++) {
		write_octets(s, form, turned, text);
		if (strlen(text) >= 8 && strstr(s->squeezed, text) != NULL)
			return true;
	}
	return false;
}

static bool
has_joined(const struct subject *s)
{
	return is_v4(s) && (has_form(s, PADDED) || has_form(s, PLAIN));
}

static bool
has_hex(const struct subject *s)
{
	return is_v4(s) && has_form(s, HEX);
}

static bool
has_number(const struct subject *s)
{
	const uint8_t *b = s->ip->bytes;
	uint32_t number = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
			  (uint32_t)b[2] << 8 | b[3];
	char text[12];

	snprintf(text, sizeof(text), "%" PRIu32, number);
	return is_v4(s) && strlen(text) >= 8 &&
	       strstr(s->squeezed, text) != NULL;
}

/* Half of it is enough: the network, or the interface, first or last nibble
 * first. */
static bool
has_nibbles(const struct subject *s)
{
	char text[33], turned[33], half[17];

	if (s->ip->family != MM_IP_V6)
		return false;
	for (size_t i = 0; i < 16; i++)
		snprintf(text + 2 * i, 3, "%02x", s->ip->bytes[i]);
	for (size_t i = 0; i < 32; i++)
		turned[i] = text[31 - i];
	turned[32] = '\0';
	for (size_t at = 0; at <= 16; at += 16) {
		snprintf(half, sizeof(half), "%.16s", text + at);
		if (strstr(s->squeezed, half) != NULL)
			return true;
		snprintf(half, sizeof(half), "%.16s", turned + at);
		if (strstr(s->squeezed, half) != NULL)
			return true;
	}
	return false;
}

/* As it is written, with something else for its colons. */
static bool
has_written(const struct subject *s)
{
	char text[MM_IP_TEXT_MAX], squeezed[MM_IP_TEXT_MAX], *to = squeezed;

	if (s->ip->family != MM_IP_V6)
		return false;
	mm_ip_format(s->ip, text);
	for (const char *p = text; *p != '\0'; p++) {
		if (*p != ':')
			*to++ = *p;
	}
	*to = '\0';
	return strlen(squeezed) >= 8 && strstr(s->squeezed, squeezed) != NULL;
}

/* One of words, whole: what stands on both sides is no letter. */
static bool
has_word(const struct subject *s, const char *const *words, size_t n)
{
	for (const char *p = s->host; *p != '\0';) {
		size_t len = 0;

		while (is_letter(p[len]))
			len++;
		for (size_t i = 0; i < n && len > 0; i++) {
			if (strlen(words[i]) == len &&
			    memcmp(p, words[i], len) == 0)
				return true;
		}
		p += len > 0 ? len : 1;
	}
	return false;
}

static bool
is_dialup(const struct subject *s)
{
	static const char *const words[] = {"dyn", "dynamic", "dynamicip",
	    "dynip", "dip", "dhcp", "dial", "dialin", "dialup", "dialer",
	    "modem", "ppp", "pppoe", "pptp", "slip", "isdn", "pool", "pools",
	    "ippool", "dynpool", "dslpool", "unassigned", "unused",
	    "unallocated", "unknown"};

	return has_word(s, words, COUNT(words));
}

static bool
is_access(const struct subject *s)
{
	static const char *const words[] = {"dsl", "adsl", "sdsl", "vdsl",
	    "xdsl", "hdsl", "cable", "catv", "cablemodem", "hfc", "docsis",
	    "fttb", "fttc", "ftth", "fttx", "gpon", "broadband", "bband",
	    "wifi", "wlan", "wimax", "gprs", "umts", "hsdpa", "lte",
	    "satellite", "cpe", "nat", "cgn", "cgnat", "subscriber",
	    "subscribers", "residential", "resnet", "home", "homeuser",
	    "hotspot"};

	return has_word(s, words, COUNT(words));
}

/* Words that a mail server's name may have; two octets beside one tell. */
static bool
is_numbered(const struct subject *s)
{
	static const char *const words[] = {"static", "staticip", "fixed",
	    "host", "ip", "ipv", "client", "clients", "customer", "customers",
	    "cust", "user", "users", "node", "vps", "net", "business", "biz",
	    "rev", "reverse", "ptr", "mobile", "cloud", "as", "dedicated"};

	return has_two(s) && has_word(s, words, COUNT(words));
}

/* "1234.example.org": counted, not named. */
static bool
has_no_letter(const struct subject *s)
{
	size_t len = strcspn(s->host, ".");

	for (size_t i = 0; i < len; i++) {
		if (is_letter(s->host[i]))
			return false;
	}
	return len > 0;
}

/* clang-format off */
static const struct rule {
	bool (*fits)(const struct subject *s);
	const char *why;
} rules[] = {
	{ has_address,   "the octets of its address are in its name" },
	{ has_three,     "three octets of its address are in its name" },
	{ has_joined,    "the digits of its address are in its name" },
	{ has_hex,       "its address is in its name, in hex" },
	{ has_number,    "its address is in its name, as one number" },
	{ has_nibbles,   "the nibbles of its address are in its name" },
	{ has_written,   "its address is in its name" },
	{ is_dialup,     "its name has a word for addresses that change hands" },
	{ is_access,     "its name has a word for an access line" },
	{ is_numbered,   "its name is a common word and octets of its address" },
	{ has_no_letter, "its name is a number" },
};
/* clang-format on */

const char *
mm_shape_generic(const char *host, const struct mm_ip *ip)
{
	struct subject subject;

	take_apart(&subject, host, ip);
	for (size_t i = 0; i < COUNT(rules); i++) {
		if (rules[i].fits(&subject))
			return rules[i].why;
	}
	return NULL;
}

/* str - see str.h. */
#include "lib/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DISTANCE_MAX 64 /* bytes that mm_str_distance looks at */

void
mm_buf_init(struct mm_buf *buf, char *mem, size_t size)
{
	*buf = (struct mm_buf){.data = mem, .size = size};
	mem[0] = '\0';
}

void
mm_buf_add(struct mm_buf *buf, const char *text)
{
	mm_buf_addn(buf, text, strlen(text));
}

void
mm_buf_addn(struct mm_buf *buf, const char *text, size_t len)
{
	size_t room = buf->size - 1 - buf->len;

	if (len > room) {
		len = room;
		buf->cut = true;
	}
	memcpy(buf->data + buf->len, text, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void
mm_buf_addc(struct mm_buf *buf, char c)
{
	mm_buf_addn(buf, &c, 1);
}

void
mm_buf_addf(struct mm_buf *buf, const char *fmt, ...)
{
	size_t room = buf->size - buf->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf->data + buf->len, room, fmt, ap);
	va_end(ap);
	if (n < 0) {
		buf->data[buf->len] = '\0';
		buf->cut = true;
	} else if ((size_t)n >= room) {
		buf->len = buf->size - 1;
		buf->cut = true;
	} else {
		buf->len += (size_t)n;
	}
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads digits up to high; *end is what follows them. */
static bool
read_digits(
    const char *text, unsigned long high, unsigned long *ret, const char **end)
{
	unsigned long n = 0;

	if (!is_digit(*text))
		return false;
	for (; is_digit(*text); text++) {
		unsigned long digit = (unsigned long)(*text - '0');

		if (digit > high || n > (high - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*ret = n;
	*end = text;
	return true;
}

bool
mm_str_to_uint(
    const char *text, unsigned long low, unsigned long high, unsigned long *ret)
{
	const char *end;
	unsigned long n;

	if (!read_digits(text, high, &n, &end) || *end != '\0' || n < low)
		return false;
	*ret = n;
	return true;
}

bool
mm_str_to_ms(const char *text, int64_t *ret)
{
	static const struct {
		const char *word;
		int64_t ms;
	} units[] = {
	    {"", 1000},
	    {"ms", 1},
	    {"s", 1000},
	    {"m", 60 * 1000},
	    {"h", 3600 * 1000},
	    {"d", 24 * 3600 * 1000},
	    {"w", 7 * 24 * 3600 * 1000},
	};
	const char *unit;
	unsigned long n;

	/* 2^31 weeks still fit in the result */
	if (!read_digits(text, INT32_MAX, &n, &unit))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (mm_str_same(unit, units[i].word)) {
			*ret = (int64_t)n * units[i].ms;
			return true;
		}
	}
	return false;
}

static char
fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Eight bytes at once: every name that is asked for goes through here. */
static uint64_t
fold_word(uint64_t word)
{
	const uint64_t each = 0x0101010101010101, high = 0x80 * each;
	uint64_t low = word & ~high;
	uint64_t from_a = low + (0x80 - 'A') * each;   /* high bit: >= 'A' */
	uint64_t beyond_z = low + (0x7f - 'Z') * each; /* high bit: > 'Z' */

	return word | (from_a & ~beyond_z & ~word & high) >> 2;
}

void
mm_str_fold(char *text)
{
	size_t left = strlen(text);
	uint64_t word;

	for (; left >= sizeof(word); left -= sizeof(word)) {
		memcpy(&word, text, sizeof(word));
		word = fold_word(word);
		memcpy(text, &word, sizeof(word));
		text += sizeof(word);
	}
	for (; left > 0; left--, text++)
		*text = fold(*text);
}

bool
mm_str_same(const char *a, const char *b)
{
	while (*a != '\0' && fold(*a) == fold(*b)) {
		a++;
		b++;
	}
	return *a == *b;
}

bool
mm_str_begins(const char *text, const char *prefix)
{
	for (; *prefix != '\0'; text++, prefix++) {
		if (fold(*text) != fold(*prefix))
			return false;
	}
	return true;
}

void
mm_str_unfold(char *text)
{
	static const char blanks[] = " \t\r\n";
	char *to = text;

	for (const char *from = text; *from != '\0';) {
		size_t len = strspn(from, blanks);

		if (memchr(from, '\n', len) != NULL) {
			*to++ = ' ';
		} else {
			len = len > 0 ? len : 1;
			memmove(to, from, len);
			to += len;
		}
		from += len;
	}
	*to = '\0';
}

void
mm_str_printable(char *text, char with)
{
	for (; *text != '\0'; text++) {
		if (*text < ' ' || *text > '~')
			*text = with;
	}
}

/* How many bytes follow the first one, and its bits; -1: none begins so. */
static int
utf8_tail(unsigned char first, uint32_t *bits)
{
	static const struct {
		unsigned char mask, is;
	} forms[] = {{0x80, 0x00}, {0xe0, 0xc0}, {0xf0, 0xe0}, {0xf8, 0xf0}};

	for (int n = 0; n < 4; n++) {
		if ((first & forms[n].mask) == forms[n].is) {
			*bits = first & (unsigned char)~forms[n].mask;
			return n;
		}
	}
	return -1;
}

bool
mm_str_is_utf8(const char *text)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};

	while (*text != '\0') {
		uint32_t bits = 0;
		int tail = utf8_tail((unsigned char)*text++, &bits);

		for (int i = 0; i < tail; i++, text++) {
			if (((unsigned char)*text & 0xc0) != 0x80)
				return false;
			bits = bits << 6 | ((unsigned char)*text & 0x3f);
		}
		if (tail < 0 || bits < least[tail] || bits > 0x10ffff ||
		    (bits >= 0xd800 && bits <= 0xdfff))
			return false;
	}
	return true;
}

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

uint64_t
mm_str_hash(const char *text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return h;
}

/* Three rows of the usual table; a swap looks two rows back, so it takes two
 * hopeless rows to give up. */
unsigned
mm_str_distance(const char *a, const char *b, unsigned limit)
{
	unsigned rows[3][DISTANCE_MAX + 1];
	size_t na = strnlen(a, DISTANCE_MAX), nb = strnlen(b, DISTANCE_MAX);
	unsigned before = 0;

	if ((na > nb ? na - nb : nb - na) >= limit)
		return limit;
	for (size_t j = 0; j <= nb; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned *row = rows[i % 3];
		const unsigned *up = rows[(i + 2) % 3];
		const unsigned *up2 = rows[(i + 1) % 3];
		unsigned best = (unsigned)i;

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			bool same = fold(a[i - 1]) == fold(b[j - 1]);

			row[j] = least(up[j - 1] + (same ? 0 : 1),
			    least(up[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 &&
			    fold(a[i - 1]) == fold(b[j - 2]) &&
			    fold(a[i - 2]) == fold(b[j - 1]))
				row[j] = least(row[j], up2[j - 2] + 1);
			best = least(best, row[j]);
		}
		if (best >= limit && before >= limit)
			return limit;
		before = best;
	}
	return least(rows[na % 3][nb], limit);
}

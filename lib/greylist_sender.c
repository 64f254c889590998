/* greylist_sender - see greylist_sender.h. */
#include "lib/greylist_sender.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/str.h"

/* A forwarder behind a forwarder behind a signer: more is nobody's mail. */
#define WRAPPERS_MAX 8
#define TAG_MAX 20   /* of BATV: its length in practice is ten */
#define DIGITS_MIN 5 /* in a row, anywhere in a word */
#define NUMBER_MIN 3 /* a word of digits alone */
#define HEX_MIN 8    /* a word of hex digits alone, one of them a digit */
#define MIXED_MIN 16 /* a word of letters and digits */
#define MIXED_DIGITS 4

/* An address at work, taken apart in place: both parts only get shorter. */
struct parts {
	char *local;
	char *domain; /* NULL: there is none */
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

static bool
is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z');
}

/* Behind n fields that end with "=", none of them empty.  NULL: there are
 * fewer, or nothing is behind them. */
static char *
behind_fields(char *text, unsigned n)
{
	for (; n > 0; n--) {
		size_t len = strcspn(text, "=");

		if (len == 0 || text[len] == '\0')
			return NULL;
		text += len + 1;
	}
	return *text != '\0' ? text : NULL;
}

/* Letters and digits, and a digit first: so that a user's name is none. */
static bool
is_tag(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_alnum(text[i]))
			return false;
	}
	return len >= 6 && len <= TAG_MAX && is_digit(*text);
}

/* "prvs=TAG=user", or as early drafts had it, "prvs=user=TAG". */
static bool
unwrap_prvs(struct parts *p)
{
	char *first, *second;

	if (!mm_str_begins(p->local, "prvs="))
		return false;
	first = p->local + strlen("prvs=");
	second = strchr(first, '=');
	if (second == NULL || second == first || second[1] == '\0')
		return false;
	if (is_tag(first, (size_t)(second - first))) {
		p->local = second + 1;
		return true;
	}
	if (!is_tag(second + 1, strlen(second + 1)))
		return false;
	*second = '\0';
	p->local = first;
	return true;
}

/* "btv1==TAG==user", "msprvs1=TAG=user". */
static bool
unwrap_tagged(struct parts *p, const char *prefix, const char *end)
{
	char *user;

	if (!mm_str_begins(p->local, prefix))
		return false;
	user = strstr(p->local + strlen(prefix), end);
	if (user == NULL || user[strlen(end)] == '\0')
		return false;
	p->local = user + strlen(end);
	return true;
}

static bool
unwrap_btv1(struct parts *p)
{
	return unwrap_tagged(p, "btv1==", "==");
}

static bool
unwrap_msprvs(struct parts *p)
{
	return unwrap_tagged(p, "msprvs1=", "=");
}

static bool
is_separator(char c)
{
	return c == '=' || c == '-' || c == '+';
}

/* "HASH=TIME=domain=user", whose domain becomes the address's. */
static bool
unwrap_srs_body(struct parts *p, char *body)
{
	char *user = behind_fields(body, 3);

	if (user == NULL)
		return false;
	user[-1] = '\0';
	p->local = user;
	p->domain = behind_fields(body, 2);
	return true;
}

static bool
unwrap_srs0(struct parts *p)
{
	return mm_str_begins(p->local, "srs0") && is_separator(p->local[4]) &&
	       unwrap_srs_body(p, p->local + 5);
}

/* "SRS1=HASH=forwarder=" and what was behind the forwarder's "SRS0". */
static bool
unwrap_srs1(struct parts *p)
{
	char *body;

	if (!mm_str_begins(p->local, "srs1") || !is_separator(p->local[4]))
		return false;
	body = behind_fields(p->local + 5, 2);
	return body != NULL && is_separator(*body) &&
	       unwrap_srs_body(p, body + 1);
}

static bool
unwrap(struct parts *p)
{
	static bool (*const wrappers[])(struct parts * p) = {
	    unwrap_prvs, unwrap_btv1, unwrap_msprvs, unwrap_srs0, unwrap_srs1};

	for (size_t i = 0; i < sizeof(wrappers) / sizeof(wrappers[0]); i++) {
		if (wrappers[i](p))
			return true;
	}
	return false;
}

/* "bounces-user=example.net": the recipient's domain is behind the "=", and
 * the recipient's name before it, as far back as the first mark. */
static void
cut_recipient(char *local)
{
	char *equal = strrchr(local, '='), *mark;

	if (equal == NULL || equal == local || strchr(equal, '.') == NULL)
		return;
	if ((mark = strpbrk(local + 1, "+-")) == NULL || mark > equal)
		return;
	mark[0] = '#';
	mark[1] = '\0';
}

static void
cut_extension(char *local)
{
	char *plus = strchr(local + (*local != '\0'), '+');

	if (plus != NULL)
		*plus = '\0';
}

/* Is the word all number or noise? */
static bool
is_noise(const char *word, size_t len)
{
	size_t digits = 0, hex = 0;

	for (size_t i = 0; i < len; i++) {
		digits += is_digit(word[i]);
		hex += is_hex(word[i]);
	}
	return (digits == len && len >= NUMBER_MIN) ||
	       (hex == len && len >= HEX_MIN && digits > 0) ||
	       (len >= MIXED_MIN && digits >= MIXED_DIGITS);
}

/* The word without its long runs of digits.  Where its copy ends. */
static char *
copy_word(char *to, const char *word, size_t len)
{
	size_t digits = 0;

	for (size_t i = 0; i<len; i += digits> 0 ? digits : 1) {
		for (digits = 0;
		     i + digits < len && is_digit(word[i + digits]);)
			digits++;
		if (digits >= DIGITS_MIN) {
			*to++ = '#';
			continue;
		}
		for (size_t j = 0; j < (digits > 0 ? digits : 1); j++)
			*to++ = word[i + j];
	}
	return to;
}

static void
cut_noise(char *local)
{
	const char *from = local;
	char *to = local;

	while (*from != '\0') {
		size_t len = 0;

		while (is_alnum(from[len]))
			len++;
		if (is_noise(from, len))
			*to++ = '#';
		else if (len > 0)
			to = copy_word(to, from, len);
		else
			*to++ = *from;
		from += len > 0 ? len : 1;
	}
	*to = '\0';
}

const char *
mm_greylist_sender(struct mm_arena *arena, const char *sender)
{
	char *copy = mm_arena_dup(arena, sender);
	struct parts p = {.local = copy};

	if (copy == NULL)
		return NULL;
	mm_str_fold(copy);
	if ((p.domain = strrchr(copy, '@')) != NULL)
		*p.domain++ = '\0';
	for (int i = 0; i < WRAPPERS_MAX && unwrap(&p); i++)
		;
	cut_recipient(p.local);
	cut_extension(p.local);
	cut_noise(p.local);
	return p.domain == NULL
		   ? p.local
		   : mm_arena_printf(arena, "%s@%s", p.local, p.domain);
}

/*
 * greylist_foreign_sender - senders in other programs' normal forms; see
 * greylist_foreign.h.  Whatever they do must be done here: a mail that would
 * be another one there is not found here.
 */
#include "lib/greylist_foreign.h"

#include <string.h>

#include "lib/arena.h"
#include "lib/str.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_small(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_word(char c)
{
	return is_digit(c) || is_small(c) || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* postgrey */

/* Ten small letters or digits, as BATV's tag has them. */
static bool
begins_like_tag(const char *text, size_t len)
{
	for (size_t i = 0; i < 10; i++) {
		if (i >= len || !(is_digit(text[i]) || is_small(text[i])))
			return false;
	}
	return true;
}

/* "prvs=TAG=user" or "prvs=user=TAG"; empty fields at the end are none. */
static char *
cut_prvs(char *user)
{
	char *first, *second;
	size_t len = strlen(user);
	bool one, two;

	if (strncmp(user, "prvs=", 5) != 0)
		return user;
	while (len > 0 && user[len - 1] == '=')
		len--;
	first = user + 5;
	second = len > 5 ? memchr(first, '=', len - 5) : NULL;
	if (second == NULL)
		return user;
	second++;
	if (memchr(second, '=', (size_t)(user + len - second)) != NULL)
		return user;
	one = begins_like_tag(first, (size_t)(second - 1 - first));
	two = begins_like_tag(second, (size_t)(user + len - second));
	if (two && !one) {
		second[-1] = '\0';
		return first;
	}
	user[len] = '\0';
	return second;
}

/* Words of digits alone become "#". */
static void
cut_numbers(char *text)
{
	const char *from = text;
	char *to = text;

	while (*from != '\0') {
		size_t len = 0, digits = 0;

		for (; is_word(from[len]); len++)
			digits += is_digit(from[len]);
		if (len == 0) {
			*to++ = *from++;
			continue;
		}
		if (digits == len) {
			*to++ = '#';
		} else {
			memmove(to, from, len);
			to += len;
		}
		from += len;
	}
	*to = '\0';
}

static void
cut_extension(char *user)
{
	char *plus = strchr(user, '+');

	if (plus != NULL)
		*plus = '\0';
}

const char *
mm_foreign_postgrey_sender(struct mm_arena *arena, const char *sender)
{
	char *user = mm_arena_dup(arena, sender), *at;

	if (user == NULL || (at = strchr(user, '@')) == NULL)
		return user;
	*at = '\0';
	user = cut_prvs(user);
	cut_extension(user);
	cut_numbers(user);
	return mm_arena_printf(arena, "%s@%s", user, at + 1);
}

/* sqlgrey */

/* How long the field at text is; false: it is empty, or what follows it is
 * not end. */
static bool
field(const char **text, size_t *len, char end)
{
	*len = strcspn(*text, "=");
	return *len > 0 && (*text)[*len] == end;
}

/* "HASH=TIME=domain=user" and nothing more.  Where domain begins; NULL: it is
 * something else. */
static const char *
srs_body(const char *text)
{
	const char *domain;
	size_t len;

	for (int i = 0; i < 2; i++) {
		if (!field(&text, &len, '='))
			return NULL;
		text += len + 1;
	}
	domain = text;
	if (!field(&text, &len, '='))
		return NULL;
	text += len + 1;
	return field(&text, &len, '\0') ? domain : NULL;
}

/* What changes in an SRS address becomes "#".  NULL: out of memory. */
static char *
cut_srs(struct mm_arena *arena, const char *user)
{
	const char *domain, *way, *end;
	size_t len;

	if (strncmp(user, "srs0=", 5) == 0 &&
	    (domain = srs_body(user + 5)) != NULL)
		return mm_arena_printf(arena, "srs0=#=#=%s", domain);
	if (strncmp(user, "srs1=", 5) != 0)
		return mm_arena_dup(arena, user);
	way = user + 5;
	if (!field(&way, &len, '='))
		return mm_arena_dup(arena, user);
	way += len + 1;
	end = way;
	if (!field(&end, &len, '='))
		return mm_arena_dup(arena, user);
	end += len + strspn(end + len, "=");
	if ((domain = srs_body(end)) == NULL)
		return mm_arena_dup(arena, user);
	return mm_arena_printf(
	    arena, "srs1=#=%.*s#=#=%s", (int)(end - way), way, domain);
}

/*
 * The recipient as it may be written in a sender: words of its two parts, with
 * marks between them.
 */
struct piece {
	const char *text; /* that, or NULL: one or more of set */
	size_t len;
	const char *set;
};
struct spelling {
	const struct piece *pieces;
	size_t n;
};
/* One search at work.  Strangers choose both texts: it gives up in time. */
struct search {
	const char *after; /* what follows has to be one of these; or NULL */
	unsigned steps;	   /* left */
};

#define STEPS_MAX 20000
#define WORDS_MAX 32 /* of an address's part; it is not looked for otherwise */
#define AROUND "*=.-"

/* Where piece i and all behind it end when they begin at at; NULL: nowhere. */
static const char *
fits(struct search *s, const struct spelling *what, size_t i, const char *at)
{
	const struct piece *piece = &what->pieces[i];
	const char *end;

	if (s->steps == 0)
		return NULL;
	s->steps--;
	if (i == what->n)
		return s->after == NULL || is_one_of(*at, s->after) ? at : NULL;
	if (piece->text != NULL)
		return strncmp(at, piece->text, piece->len) == 0
			   ? fits(s, what, i + 1, at + piece->len)
			   : NULL;
	for (size_t len = strspn(at, piece->set); len > 0; len--) {
		if ((end = fits(s, what, i + 1, at + len)) != NULL)
			return end;
	}
	return NULL;
}

/* The words of text, up to end, with marks between.  How many pieces; 0: too
 * many words. */
static size_t
spell(const char *text, const char *end, struct piece *to)
{
	size_t n = 0;

	while (end > text && end[-1] == '.')
		end--; /* empty words at the end are none */
	for (;;) {
		const char *dot = memchr(text, '.', (size_t)(end - text));
		size_t len = (size_t)((dot != NULL ? dot : end) - text);

		if (n + 2 > 2 * WORDS_MAX)
			return 0;
		to[n++] = (struct piece){.text = text, .len = len};
		if (dot == NULL)
			return n;
		to[n++] = (struct piece){.set = ".*-"};
		text = dot + 1;
	}
}

/* The first place where one of the spellings stands beside a mark. */
static bool
find(const char *user, const struct spelling spellings[3], const char **from,
    const char **to)
{
	struct search s = {.steps = STEPS_MAX};

	for (const char *at = user;; at++) {
		for (int marked = 0; marked < 2; marked++) {
			s.after = marked ? AROUND : NULL;
			if (!marked &&
			    (at == user || !is_one_of(at[-1], AROUND)))
				continue;
			for (int i = 0; i < 3; i++) {
				if ((*to = fits(&s, &spellings[i], 0, at)) ==
				    NULL)
					continue;
				*from = at;
				return true;
			}
		}
		if (*at == '\0')
			return false;
	}
}

/* The recipient in it becomes "RCPT".  NULL: out of memory. */
static char *
cut_recipient(struct mm_arena *arena, char *user, const char *recipient)
{
	static const struct piece between = {.set = "=?*~."};
	const char *at = strchr(recipient, '@'), *from, *to;
	const char *end = at != NULL ? at : recipient + strlen(recipient);
	const char *domain = at != NULL ? at + 1 : "";
	/* left between right, and behind it right between left */
	struct piece p[8 * WORDS_MAX + 2];
	size_t left, right;

	left = spell(recipient, end, p);
	p[left] = between;
	right = spell(domain, domain + strlen(domain), p + left + 1);
	if (left == 0 || right == 0)
		return user;
	memcpy(p + left + 1 + right, p + left + 1, right * sizeof(*p));
	p[left + 1 + 2 * right] = between;
	memcpy(p + left + 2 + 2 * right, p, left * sizeof(*p));
	if (!find(user,
		(struct spelling[3]){{p, left + 1 + right},
		    {p + left + 1 + right, right + 1 + left}, {p, left}},
		&from, &to))
		return user;
	return mm_arena_printf(
	    arena, "%.*sRCPT%s", (int)(from - user), user, to);
}

/* Behind "bounce-" and the like, up to the end. */
static void
cut_bounce(char *user)
{
	static const char *const words[] = {
	    "bo", "bounce", "notice-return", "notice-reply"};
	static const char marks[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";

	for (char *at = user; *at != '\0'; at++) {
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			size_t len = strlen(words[i]), rest;

			if (strncmp(at, words[i], len) != 0 ||
			    !is_one_of(at[len], "._-"))
				continue;
			rest = strspn(at + len + 1, marks);
			if (rest == 0 || at[len + 1 + rest] != '\0')
				continue;
			at[len + 1] = '#';
			at[len + 2] = '\0';
			return;
		}
	}
}

static bool
has_letters(const char *text)
{
	for (size_t run = 0; *text != '\0'; text++) {
		run = is_small(*text) ? run + 1 : 0;
		if (run == 4)
			return true;
	}
	return false;
}

/* Words of hexadecimal digits alone become "#"; at the very beginning only
 * where there is a name behind them. */
static void
cut_hex(char *user)
{
	static const char marks[] = "._/=-";
	const char *from = user;
	char *to = user;

	while (*from != '\0') {
		size_t len = strcspn(from, marks);
		size_t hex = strspn(from, "0123456789abcdef");
		bool noise = len > 0 && hex == len;

		if (from == user)
			noise = noise && len > 1 && from[len] != '\0' &&
				has_letters(from + len + 1);
		if (noise) {
			*to++ = '#';
		} else {
			memmove(to, from, len);
			to += len;
		}
		from += len;
		if (*from != '\0')
			*to++ = *from++;
	}
	*to = '\0';
}

const char *
mm_foreign_sqlgrey_user(
    struct mm_arena *arena, const char *user, const char *recipient)
{
	char *normal = cut_srs(arena, user);

	if (normal == NULL)
		return NULL;
	cut_extension(normal);
	normal = cut_recipient(arena, normal, recipient);
	if (normal == NULL)
		return NULL;
	cut_bounce(normal);
	cut_hex(normal);
	return normal;
}

/* address - see address.h. */
#include "lib/address.h"

#include "lib/arena.h"

#include <stddef.h>
#include <string.h>

/* The address without what RFC 5322 3.2 lets stand around it. */
struct reader {
	const char *in;
	char *out; /* not longer than what was read, and a "]" */
	size_t len;
	bool gap; /* white space or a comment since the last byte */
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind a comment that begins at text; comments nest (RFC 5322 3.2.2). */
static const char *
skip_comment(const char *text)
{
	unsigned depth = 0;

	for (; *text != '\0'; text++) {
		if (*text == '\\' && text[1] != '\0')
			text++;
		else if (*text == '(')
			depth++;
		else if (*text == ')' && --depth == 0)
			return text + 1;
	}
	return text;
}

/* Behind a quoted string that begins at text. */
static const char *
skip_quoted(const char *text)
{
	for (text++; *text != '\0'; text++) {
		if (*text == '\\' && text[1] != '\0')
			text++;
		else if (*text == '"')
			return text + 1;
	}
	return text;
}

/* Behind a domain literal that begins at text.  One that is not closed ends
 * with the address. */
static const char *
skip_literal(const char *text)
{
	size_t len = strcspn(text, "]");

	return text[len] == ']' ? text + len + 1 : text + strcspn(text, ">");
}

/* Where one of the bytes in stop stands by itself, or the end. */
static const char *
find_bare(const char *text, const char *stop)
{
	while (*text != '\0' && strchr(stop, *text) == NULL) {
		if (*text == '(')
			text = skip_comment(text);
		else if (*text == '"')
			text = skip_quoted(text);
		else if (*text == '[')
			text = skip_literal(text);
		else if (*text == '\\' && text[1] != '\0')
			text += 2;
		else
			text++;
	}
	return text;
}

/* Behind "@one,@two:", which RFC 5321 4.1.1.3 has us ignore. */
static const char *
skip_route(const char *text)
{
	const char *colon;

	while (is_space(*text))
		text++;
	if (*text != '@')
		return text;
	colon = find_bare(text, ":>");
	return *colon == ':' ? colon + 1 : text;
}

static void
put(struct reader *r, char c)
{
	static const char specials[] = "@.,:;<>";

	/* words stay two words; around a special the space means nothing */
	if (r->gap && r->len > 0 && strchr(specials, c) == NULL &&
	    strchr(specials, r->out[r->len - 1]) == NULL)
		r->out[r->len++] = ' ';
	r->gap = false;
	r->out[r->len++] = c;
}

static void
put_quoted(struct reader *r)
{
	const char *end = skip_quoted(r->in), *p = r->in + 1;

	/* what stands in quotes is taken byte by byte, gaps included */
	for (; p < end; p++) {
		if (*p == '"')
			break;
		if (*p == '\\' && p + 1 < end)
			p++;
		put(r, *p);
	}
	r->in = end;
}

static void
put_literal(struct reader *r)
{
	const char *end = skip_literal(r->in);

	while (r->in < end)
		put(r, *r->in++);
	if (end[-1] != ']')
		put(r, ']');
}

const char *
mm_address_internal(struct mm_arena *arena, const char *raw)
{
	const char *open = find_bare(raw, "<");
	struct reader r = {
	    .in = skip_route(*open == '<' ? open + 1 : raw),
	    .out = mm_arena_alloc(arena, strlen(raw) + sizeof("]")),
	};

	if (r.out == NULL)
		return NULL;
	while (*r.in != '\0' && *r.in != '>') {
		if (*r.in == '(') {
			r.in = skip_comment(r.in);
			r.gap = true;
		} else if (*r.in == '"') {
			put_quoted(&r);
		} else if (*r.in == '[') {
			put_literal(&r);
		} else if (is_space(*r.in)) {
			r.in++;
			r.gap = true;
		} else {
			if (*r.in == '\\' && r.in[1] != '\0')
				r.in++;
			put(&r, *r.in++);
		}
	}
	return r.out;
}

bool
mm_address_strict(const char *raw)
{
	const char *p = raw;

	if (*p++ != '<')
		return false;
	while (*p != '\0' && *p != '>') {
		if (*p == '(' || *p == '<')
			return false;
		if (*p == '"')
			p = skip_quoted(p);
		else if (*p == '[' && strchr(p, ']') == NULL)
			return false;
		else if (*p == '[')
			p = skip_literal(p);
		else if (*p == '\\' && p[1] != '\0')
			p += 2;
		else
			p++;
	}
	return p[0] == '>' && p[1] == '\0';
}

/* An RFC 5321 dot-string, where Postfix takes any byte above ASCII. */
static bool
is_dot_string(const char *local, size_t len)
{
	if (len == 0 || local[0] == '.' || local[len - 1] == '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)local[i];

		if (c <= ' ' || c == 0x7f ||
		    strchr("()<>@,;:\\\"[]", c) != NULL ||
		    (c == '.' && local[i + 1] == '.'))
			return false;
	}
	return true;
}

const char *
mm_address_external(struct mm_arena *arena, const char *address)
{
	const char *at = strrchr(address, '@');
	size_t len = at != NULL ? (size_t)(at - address) : strlen(address);
	char *quoted, *to;

	if (is_dot_string(address, len))
		return address;
	quoted = to =
	    mm_arena_alloc(arena, 2 * len + 3 + strlen(address + len));
	if (quoted == NULL)
		return NULL;
	*to++ = '"';
	for (size_t i = 0; i < len; i++) {
		if (strchr("\\\"\r", address[i]) != NULL)
			*to++ = '\\';
		*to++ = address[i];
	}
	*to++ = '"';
	memcpy(to, address + len, strlen(address + len) + 1);
	return quoted;
}

bool
mm_address_routed(const char *address)
{
	const char *at = strrchr(address, '@');

	return at != NULL && strcspn(address, "@!%") < (size_t)(at - address);
}

const char *
mm_address_domain(const char *address)
{
	const char *at = strrchr(address, '@');

	return at != NULL ? at + 1 : NULL;
}

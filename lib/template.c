/* template - see template.h.  One recursive descent serves both for checking
 * (all branches are looked at) and for expanding (one is). */
#include "lib/template.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

#define DEPTH_MAX 16
#define TEXT_MAX 4096

/* A piece of the template. */
struct span {
	const char *at, *end;
};

struct work {
	mm_template_value *value;
	void *ctx;
	struct mm_err *err;
	bool checking;
	unsigned depth;
};

static bool expand(struct work *w, struct span text, struct mm_buf *out);

static bool
wrong(struct work *w, const char *what, struct span where)
{
	int len = (int)(where.end - where.at);

	mm_err_set(
	    w->err, "%s in \"%.*s\"", what, len > 60 ? 60 : len, where.at);
	return false;
}

static bool
name_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Behind the bracket that closes the one at text.at; NULL: none does. */
static const char *
closing(struct span text)
{
	char open = *text.at, close = open == '{' ? '}' : ')';
	unsigned depth = 0;

	for (const char *p = text.at; p < text.end; p++) {
		if (*p == open)
			depth++;
		else if (*p == close && --depth == 0)
			return p + 1;
	}
	return NULL;
}

static struct span
trimmed(struct span s)
{
	while (s.at < s.end && *s.at == ' ')
		s.at++;
	while (s.end > s.at && s.end[-1] == ' ')
		s.end--;
	return s;
}

/* The macro's value, filtered; NULL: no such macro. */
static const char *
value_of(struct work *w, struct span name)
{
	char copy[64];
	size_t len = (size_t)(name.end - name.at);
	const char *value = NULL;

	if (len > 0 && len < sizeof(copy)) {
		memcpy(copy, name.at, len);
		copy[len] = '\0';
		value = w->value(w->ctx, copy);
	}
	if (value == NULL)
		wrong(w, "unknown macro", name);
	return value;
}

/* What a stranger sent: printable ASCII, the rest is "_". */
static void
add_value(struct mm_buf *out, const char *value)
{
	for (; *value != '\0'; value++)
		mm_buf_addc(out, *value >= ' ' && *value <= '~' ? *value : '_');
}

/* A branch without braces goes as it is; when checking its text is dropped
 * but looked at. */
static bool
branch(struct work *w, struct span text, bool taken, struct mm_buf *out)
{
	char scratch[TEXT_MAX];
	struct mm_buf dropped;

	if (taken)
		return expand(w, text, out);
	if (!w->checking)
		return true;
	mm_buf_init(&dropped, scratch, sizeof(scratch));
	return expand(w, text, &dropped);
}

/* What stands behind the condition: "?text", ":text", "?{a}:{b}". */
static bool
choose(struct work *w, struct span rest, bool yes, struct mm_buf *out)
{
	char mark = *rest.at;
	struct span text = trimmed((struct span){rest.at + 1, rest.end});
	const char *behind;

	if (text.at == text.end || *text.at != '{')
		return branch(w, (struct span){rest.at + 1, rest.end},
		    yes == (mark == '?'), out);
	if ((behind = closing(text)) == NULL)
		return wrong(w, "unbalanced braces", rest);
	if (!branch(w, (struct span){text.at + 1, behind - 1},
		yes == (mark == '?'), out))
		return false;
	rest = trimmed((struct span){behind, text.end});
	if (rest.at == rest.end)
		return true;
	if (mark != '?' || *rest.at != ':')
		return wrong(w, "what should be \":{text}\"", rest);
	return choose(w, rest, yes, out);
}

static bool
numeric(const char *text)
{
	return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static int
compare(const char *a, const char *b)
{
	if (numeric(a) && numeric(b)) {
		unsigned long x = strtoul(a, NULL, 10);
		unsigned long y = strtoul(b, NULL, 10);

		return x < y ? -1 : x > y;
	}
	return strcmp(a, b);
}

static bool
holds(const char *op, size_t len, int order)
{
	if (len == 1)
		return *op == '<' ? order < 0 : order > 0;
	switch (*op) {
	case '=':
		return order == 0;
	case '!':
		return order != 0;
	case '<':
		return order <= 0;
	default:
		return order >= 0;
	}
}

/* The length of a comparison's sign; 0: there is none. */
static size_t
operator_at(struct span text)
{
	static const char *const ops[] = {"==", "!=", "<=", ">=", "<", ">"};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		size_t len = strlen(ops[i]);

		if ((size_t)(text.end - text.at) > len &&
		    strncmp(text.at, ops[i], len) == 0)
			return len;
	}
	return 0;
}

/* One side of a comparison, "{text}", expanded.  Behind it, or NULL. */
static const char *
side(struct work *w, struct span text, char *value, size_t size)
{
	const char *behind;
	struct mm_buf buf;

	if (text.at == text.end || *text.at != '{' ||
	    (behind = closing(text)) == NULL) {
		wrong(w, "what should be {text}", text);
		return NULL;
	}
	mm_buf_init(&buf, value, size);
	if (!expand(w, trimmed((struct span){text.at + 1, behind - 1}), &buf))
		return NULL;
	return behind;
}

/* "{a}==b?..." inside ${ }. */
static bool
comparison(struct work *w, struct span inside, struct mm_buf *out)
{
	char a[512], b[512];
	struct span rest;
	const char *op, *p;
	size_t len;

	if ((p = side(w, inside, a, sizeof(a))) == NULL)
		return false;
	rest = trimmed((struct span){p, inside.end});
	op = rest.at;
	if ((len = operator_at(rest)) == 0)
		return wrong(w, "what should be a comparison", inside);
	rest = trimmed((struct span){op + len, rest.end});
	if ((p = side(w, rest, b, sizeof(b))) == NULL)
		return false;
	rest = trimmed((struct span){p, rest.end});
	if (rest.at == rest.end || (*rest.at != '?' && *rest.at != ':'))
		return wrong(w, "what should be \"?{text}\"", inside);
	return choose(w, rest, holds(op, len, compare(a, b)), out);
}

/* What stands inside ${ } or $( ). */
static bool
bracketed(struct work *w, struct span inside, struct mm_buf *out)
{
	struct span name = trimmed(inside), rest;
	const char *value;

	if (name.at < name.end && *name.at == '{')
		return comparison(w, name, out);
	rest = name;
	while (rest.at < rest.end && name_byte(*rest.at))
		rest.at++;
	name.end = rest.at;
	if ((value = value_of(w, name)) == NULL)
		return false;
	rest = trimmed(rest);
	if (rest.at == rest.end) {
		add_value(out, value);
		return true;
	}
	if (*rest.at != '?' && *rest.at != ':')
		return wrong(w, "what should be \"?\" or \":\"", inside);
	return choose(
	    w, (struct span){rest.at, inside.end}, *value != '\0', out);
}

/* One "$..." at text.at.  Behind it, or NULL. */
static const char *
macro(struct work *w, struct span text, struct mm_buf *out)
{
	struct span name = {text.at + 1, text.at + 1};
	const char *behind, *value;

	if (name.at < text.end && *name.at == '$') {
		mm_buf_addc(out, '$');
		return name.at + 1;
	}
	if (name.at < text.end && (*name.at == '{' || *name.at == '(')) {
		behind = closing((struct span){name.at, text.end});
		if (behind == NULL) {
			wrong(w, "unbalanced brackets", text);
			return NULL;
		}
		return bracketed(w, (struct span){name.at + 1, behind - 1}, out)
			   ? behind
			   : NULL;
	}
	while (name.end < text.end && name_byte(*name.end))
		name.end++;
	if (name.at == name.end) {
		wrong(w, "a lone \"$\" (write \"$$\")", text);
		return NULL;
	}
	if ((value = value_of(w, name)) == NULL)
		return NULL;
	add_value(out, value);
	return name.end;
}

static bool
expand(struct work *w, struct span text, struct mm_buf *out)
{
	if (++w->depth > DEPTH_MAX)
		return wrong(w, "too many levels", text);
	while (text.at < text.end) {
		if (*text.at != '$') {
			mm_buf_addc(out, *text.at++);
			continue;
		}
		if ((text.at = macro(w, text, out)) == NULL)
			return false;
	}
	w->depth--;
	return true;
}

int
mm_template_check(
    const char *text, mm_template_value *value, void *ctx, struct mm_err *err)
{
	struct work w = {value, ctx, err, true, 0};
	char scratch[TEXT_MAX];
	struct mm_buf out;

	mm_buf_init(&out, scratch, sizeof(scratch));
	return expand(&w, (struct span){text, text + strlen(text)}, &out) ? 0
									  : -1;
}

const char *
mm_template_expand(struct mm_arena *arena, const char *text,
    mm_template_value *value, void *ctx)
{
	struct mm_err err;
	struct work w = {value, ctx, &err, false, 0};
	char scratch[TEXT_MAX];
	struct mm_buf out;

	mm_buf_init(&out, scratch, sizeof(scratch));
	if (!expand(&w, (struct span){text, text + strlen(text)}, &out))
		return NULL;
	return mm_arena_dup(arena, scratch);
}

/* conf_expand - "$name" in values; see mm_conf_expand in conf.h. */
#include "lib/conf.h"

#include "lib/conf_text.h"
#include "lib/err.h"

#include <string.h>

#define DEPTH_MAX 32
#define WORK_MAX 10000 /* references: "a = $b$b, b = $c$c, ..." doubles */
#define VALUE_MAX ((size_t)4 << 20)
#define SPACE " \t\r\n\v\f"
#define ALNUM_ "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

struct expansion {
	const struct mm_conf *conf;
	mm_conf_fallback *fallback;
	void *ctx;
	struct mm_text_builder out;
	unsigned work;
	unsigned *line; /* where it failed */
	struct mm_err *err;
};

/* A piece of text being expanded, inside those that led to it. */
struct span {
	const char *data;
	size_t at, end;
	const struct mm_text *text; /* knows data's lines; or NULL: */
	unsigned line;		    /* they all come from this one */
	const char *name;	    /* of the value it is part of */
	size_t name_len;
	const struct span *up;
	unsigned depth;
};

/* A name as it stands in a value. */
struct name {
	const char *text;
	size_t len;
};

static int expand(struct expansion *x, struct span *s);

static unsigned
line_of(const struct span *s)
{
	return s->text != NULL ? mm_text_line(s->text, s->at) : s->line;
}

/* For what was set in x->err just now. */
static int
fail_at(struct expansion *x, unsigned line)
{
	*x->line = line;
	return -1;
}

static int
out_of_room(struct expansion *x, unsigned line)
{
	if (x->out.len >= x->out.limit)
		mm_err_set(
		    x->err, "the value is larger than %zu bytes", x->out.limit);
	else
		mm_err_set(x->err, "out of memory");
	return fail_at(x, line);
}

/*
 * The raw value of a name: from the file, or else from the fallback.  Sets
 * all of ret but its place in the chain.
 */
static bool
look_up(struct expansion *x, const struct name *name, unsigned line,
    struct span *ret)
{
	const struct mm_text *text = NULL;
	const char *data = NULL;
	char copy[256];

	if (name->len < sizeof(copy)) {
		memcpy(copy, name->text, name->len);
		copy[name->len] = '\0';
		text = mm_conf_text(x->conf, copy);
		if (text != NULL)
			data = text->data;
		else if (x->fallback != NULL)
			data = x->fallback(x->ctx, copy);
	}
	if (data == NULL)
		return false;
	*ret = (struct span){
	    .data = data,
	    .end = strlen(data),
	    .text = text,
	    .line = line,
	    .name = name->text,
	    .name_len = name->len,
	};
	return true;
}

static int
expand_below(struct expansion *x, struct span *s, const struct span *up)
{
	unsigned line = line_of(up);

	s->up = up;
	s->depth = up->depth + 1;
	if (s->depth > DEPTH_MAX) {
		mm_err_set(
		    x->err, "\"$\" leads on more than %d times", DEPTH_MAX);
		return fail_at(x, line);
	}
	if (x->work++ >= WORK_MAX) {
		mm_err_set(x->err, "more than %d names to expand", WORK_MAX);
		return fail_at(x, line);
	}
	return expand(x, s);
}

static int
expand_name(struct expansion *x, const struct name *name, const struct span *up)
{
	struct span below;

	for (const struct span *s = up; s != NULL; s = s->up) {
		if (s->name_len != name->len ||
		    memcmp(s->name, name->text, name->len) != 0)
			continue;
		mm_err_set(x->err, "$%.*s leads back to itself", (int)name->len,
		    name->text);
		return fail_at(x, line_of(up));
	}
	if (!look_up(x, name, line_of(up), &below)) {
		mm_err_set(x->err, "$%.*s is not set anywhere",
		    name->len < 60 ? (int)name->len : 60, name->text);
		return fail_at(x, line_of(up));
	}
	return expand_below(x, &below, up);
}

static size_t
skip_space(const char *data, size_t at, size_t end)
{
	while (at < end && strchr(SPACE, data[at]) != NULL)
		at++;
	return at;
}

/* How many of the bytes at..end may stand in a name. */
static size_t
name_len(const char *data, size_t at, size_t end, const char *bytes)
{
	size_t len = 0;

	while (at + len < end && strchr(bytes, data[at + len]) != NULL)
		len++;
	return len;
}

/* The partner of the bracket at data[at]; end: there is none. */
static size_t
find_close(const char *data, size_t at, size_t end)
{
	char open = data[at], close = open == '{' ? '}' : ')';
	unsigned depth = 0;

	for (; at < end; at++) {
		if (data[at] == open)
			depth++;
		else if (data[at] == close && --depth == 0)
			break;
	}
	return at;
}

/*
 * Behind "?" or ":" stands "{text}", and behind that of "?" perhaps
 * ":{text}"; or plain text up to the end.  Leaves in s the part to take,
 * for otherwise the second one.  -1: brackets do not match.
 */
static int
choose(struct span *s, bool otherwise)
{
	size_t open = skip_space(s->data, s->at, s->end), close;

	if (open == s->end || s->data[open] != '{') {
		if (otherwise)
			s->at = s->end;
		return 0;
	}
	if ((close = find_close(s->data, open, s->end)) == s->end)
		return -1;
	if (!otherwise) {
		size_t rest = skip_space(s->data, close + 1, s->end);

		if (rest < s->end && s->data[rest] != ':')
			return -1;
		s->at = open + 1;
		s->end = close;
		return 0;
	}
	s->at = skip_space(s->data, close + 1, s->end);
	if (s->at == s->end)
		return 0;
	if (s->data[s->at++] != ':')
		return -1;
	return choose(s, false);
}

/* What stands between brackets: "name", "name?text" or "name:text". */
static int
expand_inner(struct expansion *x, struct span *inner, const struct span *up)
{
	const char *data = inner->data;
	size_t at = skip_space(data, inner->at, inner->end);
	struct name name = {
	    data + at, name_len(data, at, inner->end, ALNUM_ "-.")};
	unsigned line = line_of(up);
	struct span value;
	bool there;

	at = skip_space(data, at + name.len, inner->end);
	if (name.len > 0 && at == inner->end)
		return expand_name(x, &name, up);
	if (name.len == 0 || (data[at] != '?' && data[at] != ':')) {
		mm_err_set(x->err,
		    "between the brackets behind \"$\" there must be a name, "
		    "name?text or name:text");
		return fail_at(x, line);
	}
	there = look_up(x, &name, line, &value) && value.end > 0;
	inner->at = at + 1;
	if (data[at] == ':' && there)
		return 0;
	if (choose(inner, data[at] == '?' && !there) != 0) {
		mm_err_set(x->err,
		    "\"{\" and \"}\" do not match behind $%c%.*s",
		    data[up->at + 1], (int)name.len, name.text);
		return fail_at(x, line);
	}
	return expand_below(x, inner, up);
}

/* s stands on a "$".  Goes behind what belongs to it. */
static int
expand_dollar(struct expansion *x, struct span *s)
{
	const char *data = s->data;
	size_t next = s->at + 1, close;
	unsigned line = line_of(s);

	if (next < s->end && data[next] == '$') {
		s->at += 2;
		return mm_text_add(&x->out, '$', line) == 0
			   ? 0
			   : out_of_room(x, line);
	}
	if (next < s->end && (data[next] == '{' || data[next] == '(')) {
		struct span inner = *s;

		if ((close = find_close(data, next, s->end)) == s->end) {
			mm_err_set(x->err, "\"$%c\" without its \"%c\"",
			    data[next], data[next] == '{' ? '}' : ')');
			return fail_at(x, line);
		}
		inner.at = next + 1;
		inner.end = close;
		if (expand_inner(x, &inner, s) != 0)
			return -1;
		s->at = close + 1;
	} else {
		struct name name = {
		    data + next, name_len(data, next, s->end, ALNUM_)};

		if (name.len == 0) {
			mm_err_set(x->err,
			    "\"$\" without a name: \"$$\" stands for \"$\"");
			return fail_at(x, line);
		}
		if (expand_name(x, &name, s) != 0)
			return -1;
		s->at = next + name.len;
	}
	return 0;
}

static int
expand(struct expansion *x, struct span *s)
{
	while (s->at < s->end) {
		unsigned line = line_of(s);

		if (s->data[s->at] == '$') {
			if (expand_dollar(x, s) != 0)
				return -1;
			continue;
		}
		if (mm_text_add(&x->out, s->data[s->at], line) != 0)
			return out_of_room(x, line);
		s->at++;
	}
	return 0;
}

int
mm_conf_expand(const struct mm_conf *conf, const char *name,
    mm_conf_fallback *fallback, void *ctx, struct mm_text *ret, unsigned *line,
    struct mm_err *err)
{
	const struct mm_text *text = mm_conf_text(conf, name);
	struct expansion x = {
	    .conf = conf,
	    .fallback = fallback,
	    .ctx = ctx,
	    .out = {.limit = VALUE_MAX},
	    .line = line,
	    .err = err,
	};
	struct span s;
	unsigned first;

	if (text == NULL)
		return 0;
	first = mm_text_line(text, 0);
	s = (struct span){
	    .data = text->data,
	    .end = strlen(text->data),
	    .text = text,
	    .name = name,
	    .name_len = strlen(name),
	};
	if (expand(&x, &s) != 0) {
		mm_text_builder_clear(&x.out);
		return -1;
	}
	if (mm_text_finish(&x.out, first, ret) != 0)
		return out_of_room(&x, first);
	ret->file = text->file;
	return 1;
}

/* template - see template.h.  The grammar is that of Postfix's mac_expand(3),
 * tried against it. */
#include "lib/template.h"

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r\n"
#define NAME_MAX_LEN 63
#define OPERAND_MAX 512
#define TEXT_MAX 4096 /* replies are cut at a fraction of this */
#define DEPTH_MAX 20

struct walk {
	mm_template_value *value;
	void *ctx;
	struct mm_err *err;
	bool check; /* look into the branches not taken, too */
	unsigned depth;
};

/* A piece of the template. */
struct piece {
	const char *p, *end;
};

static int expand(struct walk *w, struct piece text, struct mm_buf *out);

static int
wrong(struct walk *w, const char *what, struct piece at)
{
	size_t len = (size_t)(at.end - at.p);

	return mm_err_set(
	    w->err, "%s \"%.*s\"", what, len < 40 ? (int)len : 40, at.p);
}

static bool
is_name_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '_';
}

static void
skip_blanks(struct piece *text)
{
	while (text->p < text->end && *text->p != '\0' &&
	       strchr(BLANKS, *text->p) != NULL)
		text->p++;
}

static bool
take_char(struct piece *text, char c)
{
	if (text->p == text->end || *text->p != c)
		return false;
	text->p++;
	return true;
}

/* Takes what is between brackets, the first of which is at text->p; nested
 * ones of the same kind belong to it. */
static bool
take_enclosed(struct piece *text, struct piece *ret)
{
	char open = *text->p, close = open == '{' ? '}' : ')';
	int depth = 0;

	for (const char *p = text->p; p < text->end; p++) {
		if (*p == open)
			depth++;
		if (*p == close && --depth == 0) {
			*ret = (struct piece){text->p + 1, p};
			text->p = p + 1;
			return true;
		}
	}
	return false;
}

/* Values come from strangers: smtpd_expansion_filter's default. */
static void
add_value(struct mm_buf *out, const char *value)
{
	for (; *value != '\0'; value++)
		mm_buf_addc(out,
		    (*value >= ' ' && *value <= '~') || *value == '\t' ? *value
								       : '_');
}

/* NULL: *err. */
static const char *
look_up(struct walk *w, struct piece *text)
{
	struct piece name = {text->p, text->p};
	char copy[NAME_MAX_LEN + 1];
	const char *value;
	size_t len;

	while (name.end < text->end && is_name_char(*name.end))
		name.end++;
	text->p = name.end;
	len = (size_t)(name.end - name.p);
	if (len == 0) {
		wrong(w,
		    "a name must follow \"$\", or \"$$\" be written, "
		    "before",
		    *text);
		return NULL;
	}
	if (len > NAME_MAX_LEN)
		len = NAME_MAX_LEN;
	memcpy(copy, name.p, len);
	copy[len] = '\0';
	value = w->value(w->ctx, copy);
	if (value == NULL)
		wrong(w, "nothing has the name", name);
	return value;
}

/* "-" and digits. */
static bool
is_number(const char *text)
{
	text += *text == '-';
	return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static int
compare(const char *a, const char *b)
{
	long long x, y;

	if (!is_number(a) || !is_number(b))
		return strcmp(a, b);
	x = strtoll(a, NULL, 10);
	y = strtoll(b, NULL, 10);
	return x < y ? -1 : x > y;
}

enum relation {
	LESS = 1,
	EQUAL = 2,
	MORE = 4,
};

/* 0: there is none. */
static unsigned
take_operator(struct piece *text)
{
	static const struct {
		const char *word; /* those that begin alike: longest first */
		unsigned holds_if;
	} operators[] = {
	    {"==", EQUAL},
	    {"!=", LESS | MORE},
	    {"<=", LESS | EQUAL},
	    {">=", MORE | EQUAL},
	    {"<", LESS},
	    {">", MORE},
	};

	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		size_t len = strlen(operators[i].word);

		if ((size_t)(text->end - text->p) < len ||
		    memcmp(text->p, operators[i].word, len) != 0)
			continue;
		text->p += len;
		return operators[i].holds_if;
	}
	return 0;
}

/* One side of a comparison. */
static int
take_operand(struct walk *w, struct piece *text, char value[OPERAND_MAX])
{
	struct mm_buf buf;
	struct piece inside;

	skip_blanks(text);
	if (text->p == text->end || *text->p != '{' ||
	    !take_enclosed(text, &inside))
		return wrong(
		    w, "what is compared stands in braces, not", *text);
	mm_buf_init(&buf, value, OPERAND_MAX);
	return expand(w, inside, &buf);
}

/* "{a} == {b}"; *value is "true" or "". */
static int
take_relation(struct walk *w, struct piece *text, const char **value)
{
	char left[OPERAND_MAX], right[OPERAND_MAX];
	unsigned holds_if;
	int order;

	if (take_operand(w, text, left) != 0)
		return -1;
	skip_blanks(text);
	holds_if = take_operator(text);
	if (holds_if == 0)
		return wrong(
		    w, "==, !=, <, <=, > or >= is needed before", *text);
	if (take_operand(w, text, right) != 0)
		return -1;
	order = compare(left, right);
	*value = (holds_if & (order < 0	     ? LESS
				 : order > 0 ? MORE
					     : EQUAL)) != 0
		     ? "true"
		     : "";
	return 0;
}

/* A branch of a condition: in braces, or all the rest as it is. */
static void
take_branch(struct piece *text, struct piece *ret, bool *braces)
{
	struct piece rest = *text;

	skip_blanks(&rest);
	*braces =
	    rest.p < rest.end && *rest.p == '{' && take_enclosed(&rest, ret);
	if (*braces) {
		skip_blanks(&rest);
		*text = rest;
	} else {
		*ret = *text;
		text->p = text->end;
	}
}

/* What follows a name or comparison: "?yes", ":no", "?{yes}:no", "". */
static int
take_branches(struct walk *w, struct piece *text, struct piece *yes,
    struct piece *no, bool *conditional)
{
	bool braces = false;

	*yes = *no = (struct piece){text->end, text->end};
	skip_blanks(text);
	*conditional = text->p < text->end;
	if (!*conditional)
		return 0;
	if (take_char(text, '?')) {
		take_branch(text, yes, &braces);
		if (text->p == text->end)
			return 0;
	}
	if (!take_char(text, ':'))
		return wrong(w,
		    braces ? "\":\" is needed before"
			   : "\"?\" or \":\" is needed before",
		    *text);
	take_branch(text, no, &braces);
	if (text->p < text->end)
		return wrong(
		    w, "nothing may follow the last brace, not", *text);
	return 0;
}

/* Inside of ${...} or $(...). */
static int
expand_body(struct walk *w, struct piece text, struct mm_buf *out)
{
	struct piece yes, no;
	const char *value;
	bool conditional;

	skip_blanks(&text);
	if (text.p < text.end && *text.p == '{') {
		if (take_relation(w, &text, &value) != 0)
			return -1;
	} else if ((value = look_up(w, &text)) == NULL) {
		return -1;
	}
	if (take_branches(w, &text, &yes, &no, &conditional) != 0)
		return -1;
	if (!conditional) {
		add_value(out, value);
		return 0;
	}
	if ((w->check || *value != '\0') && expand(w, yes, out) != 0)
		return -1;
	if ((w->check || *value == '\0') && expand(w, no, out) != 0)
		return -1;
	return 0;
}

/* text.p is behind a "$". */
static int
expand_reference(struct walk *w, struct piece *text, struct mm_buf *out)
{
	struct piece inside;
	const char *value;

	if (take_char(text, '$')) {
		mm_buf_addc(out, '$');
		return 0;
	}
	if (text->p < text->end && (*text->p == '{' || *text->p == '(')) {
		if (!take_enclosed(text, &inside))
			return wrong(w, "no bracket ends", *text);
		return expand_body(w, inside, out);
	}
	if ((value = look_up(w, text)) == NULL)
		return -1;
	add_value(out, value);
	return 0;
}

static int
expand(struct walk *w, struct piece text, struct mm_buf *out)
{
	int rc = 0;

	if (++w->depth > DEPTH_MAX)
		return mm_err_set(w->err, "too many conditions in conditions");
	while (rc == 0 && text.p < text.end) {
		if (take_char(&text, '$'))
			rc = expand_reference(w, &text, out);
		else
			mm_buf_addc(out, *text.p++);
	}
	w->depth--;
	return rc;
}

int
mm_template_check(
    const char *text, mm_template_value *value, void *ctx, struct mm_err *err)
{
	struct walk w = {value, ctx, err, true, 0};
	struct piece all = {text, text + strlen(text)};
	char expanded[TEXT_MAX];
	struct mm_buf out;

	mm_buf_init(&out, expanded, sizeof(expanded));
	return expand(&w, all, &out);
}

const char *
mm_template_expand(struct mm_arena *arena, const char *text,
    mm_template_value *value, void *ctx)
{
	struct mm_err err;
	struct walk w = {value, ctx, &err, false, 0};
	struct piece all = {text, text + strlen(text)};
	char expanded[TEXT_MAX];
	struct mm_buf out;

	mm_buf_init(&out, expanded, sizeof(expanded));
	if (expand(&w, all, &out) != 0)
		return NULL;
	return mm_arena_dup(arena, expanded);
}

/* pattern - see pattern.h. */
#include "lib/pattern.h"

#include "lib/err.h"

#include <stdlib.h>
#include <string.h>

#define BYTE_MAX 255

/* A set of the numbers 0 to 255. */
struct numbers {
	uint32_t bits[8];
};

struct mm_pattern {
	struct {
		struct numbers match;
		struct numbers named; /* those of match that are written out */
	} fields[4];
};

struct reader {
	const char *p;
	struct mm_err *err;
};

static void
put(struct numbers *set, unsigned n)
{
	set->bits[n / 32] |= UINT32_C(1) << n % 32;
}

static bool
has(const struct numbers *set, unsigned n)
{
	return (set->bits[n / 32] >> n % 32 & 1) != 0;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void
skip_blanks(struct reader *r)
{
	r->p += strspn(r->p, " \t\r\n");
}

static int
expected(const struct reader *r, const char *what)
{
	if (*r->p == '\0')
		return mm_err_set(r->err, "%s is missing at the end", what);
	return mm_err_set(
	    r->err, "%s is expected before \"%.20s\"", what, r->p);
}

static int
read_number(struct reader *r, unsigned *ret)
{
	const char *start = r->p;
	unsigned n = 0;

	if (!is_digit(*r->p))
		return expected(r, "a number");
	for (; is_digit(*r->p); r->p++) {
		if (n <= BYTE_MAX)
			n = n * 10 + (unsigned)(*r->p - '0');
	}
	if (n > BYTE_MAX)
		return mm_err_set(r->err,
		    "%.*s is too large: a field is 0 to 255",
		    r->p - start < 20 ? (int)(r->p - start) : 20, start);
	*ret = n;
	return 0;
}

/* number | number ".." number */
static int
read_item(struct reader *r, struct mm_pattern *pattern, int field)
{
	unsigned low, high;

	skip_blanks(r);
	if (read_number(r, &low) != 0)
		return -1;
	skip_blanks(r);
	high = low;
	if (strncmp(r->p, "..", 2) == 0) {
		r->p += 2;
		skip_blanks(r);
		if (read_number(r, &high) != 0)
			return -1;
		skip_blanks(r);
		if (high < low)
			return mm_err_set(r->err,
			    "%u..%u runs backwards: write %u..%u", low, high,
			    high, low);
	} else {
		put(&pattern->fields[field].named, low);
	}
	for (unsigned n = low; n <= high; n++)
		put(&pattern->fields[field].match, n);
	return 0;
}

/* number | "[" item *( ";" item ) "]" */
static int
read_field(struct reader *r, struct mm_pattern *pattern, int field)
{
	unsigned n;

	if (*r->p != '[') {
		if (read_number(r, &n) != 0)
			return -1;
		if (strncmp(r->p, "..", 2) == 0 && is_digit(r->p[2]))
			return mm_err_set(
			    r->err, "a range stands in brackets, as in [1..3]");
		if (*r->p == ';')
			return mm_err_set(
			    r->err, "a choice stands in brackets, as in [1;3]");
		put(&pattern->fields[field].match, n);
		put(&pattern->fields[field].named, n);
		return 0;
	}
	do {
		r->p++;
		if (read_item(r, pattern, field) != 0)
			return -1;
	} while (*r->p == ';');
	if (*r->p == '-')
		return mm_err_set(
		    r->err, "a range is written with two dots, as in [1..3]");
	if (*r->p == ',')
		return mm_err_set(
		    r->err, "a choice is written with \";\", as in [1;3]");
	if (*r->p != ']')
		return expected(r, "\";\" or \"]\"");
	r->p++;
	return 0;
}

/* Brackets round the whole pattern, as opposed to round its first field.
 * -1: they do not pair. */
static int
enclosed(const char *text, struct mm_err *err)
{
	bool around = text[0] == '[';
	int depth = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '[' && ++depth > 2)
			return mm_err_set(err, "too many \"[\"");
		if (*p == ']' && --depth < 0)
			return mm_err_set(err, "\"]\" without \"[\"");
		if (depth == 0 && p[1] != '\0')
			around = false;
	}
	if (depth > 0)
		return mm_err_set(err, "\"[\" without \"]\"");
	return around;
}

static int
read_fields(struct reader *r, struct mm_pattern *pattern)
{
	for (int field = 0; field < 4; field++) {
		if (*r->p == '\0' || *r->p == ']')
			return mm_err_set(
			    r->err, "four fields are needed, as in 127.0.0.2");
		if (read_field(r, pattern, field) != 0)
			return -1;
		if (field < 3 && *r->p == '.')
			r->p++;
		else if (field < 3 && *r->p != '\0' && *r->p != ']')
			return expected(r, "\".\"");
	}
	return 0;
}

static int
read_all(struct reader *r, struct mm_pattern *pattern)
{
	int around = enclosed(r->p, r->err);

	if (around < 0)
		return -1;
	if (around) {
		r->p++;
		skip_blanks(r);
	}
	if (read_fields(r, pattern) != 0)
		return -1;
	if (around) {
		skip_blanks(r);
		if (*r->p == ']')
			r->p++;
	}
	if (*r->p != '\0')
		return mm_err_set(r->err,
		    "nothing may follow the fourth field, but there is "
		    "\"%.20s\"",
		    r->p);
	return 0;
}

struct mm_pattern *
mm_pattern_parse(const char *text, struct mm_err *err)
{
	struct mm_pattern *pattern = calloc(1, sizeof(*pattern));
	struct reader r = {text, err};

	if (pattern == NULL) {
		mm_err_set(err, "out of memory");
		return NULL;
	}
	if (read_all(&r, pattern) != 0) {
		mm_err_in(err, "%.80s", text);
		free(pattern);
		return NULL;
	}
	return pattern;
}

void
mm_pattern_free(struct mm_pattern *pattern)
{
	free(pattern);
}

bool
mm_pattern_match(const struct mm_pattern *pattern, const uint8_t address[4])
{
	for (int i = 0; i < 4; i++) {
		if (!has(&pattern->fields[i].match, address[i]))
			return false;
	}
	return true;
}

bool
mm_pattern_names(const struct mm_pattern *pattern, const uint8_t address[4])
{
	for (int i = 0; i < 4; i++) {
		if (!has(&pattern->fields[i].named, address[i]))
			return false;
	}
	return true;
}

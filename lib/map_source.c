/* map_source - the text that tables are read from: see map_type.h. */
#include "lib/map_type.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
mm_map_complain(const struct mm_map_source *source, enum mm_severity severity,
    unsigned line, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (source->braces)
		mm_complain(source->all, severity, source->file, source->line,
		    "%s:{...}: item %u: %s", source->of, source->item, text);
	else
		mm_complain(
		    source->all, severity, source->file, line, "%s", text);
}

static bool
is_blank(char c)
{
	return c != '\0' && strchr(MM_MAP_BLANKS, c) != NULL;
}

enum line_kind {
	LINE_NONE,    /* the end */
	LINE_NOTHING, /* empty, or a comment */
	LINE_BEGINS,
	LINE_CONTINUES,
};

static enum line_kind
look(const struct mm_map_source *source)
{
	const char *p = source->p;

	if (p == source->end)
		return LINE_NONE;
	while (p < source->end && *p != '\n' && is_blank(*p))
		p++;
	if (p == source->end || *p == '\n' || *p == '#')
		return LINE_NOTHING;
	return p > source->p ? LINE_CONTINUES : LINE_BEGINS;
}

static char *
take_line(struct mm_map_source *source, size_t *len)
{
	char *line = source->p;
	char *end = memchr(line, '\n', (size_t)(source->end - line));

	source->p = end != NULL ? end + 1 : source->end;
	source->line++;
	if (end == NULL)
		end = source->end;
	if (end > line && end[-1] == '\r')
		end--;
	*len = (size_t)(end - line);
	return line;
}

/*
 * As Postfix's readlline(): what stands between a line and its continuation
 * may be comments and empty lines; only the newline goes.
 */
static bool
next_line(struct mm_map_source *source, struct mm_map_row *row)
{
	enum line_kind kind, more;
	size_t len;
	char *to;

	while ((kind = look(source)) == LINE_NOTHING)
		take_line(source, &len);
	if (kind == LINE_NONE)
		return false;
	row->text = take_line(source, &len);
	row->line = source->line;
	to = row->text + len;
	while (
	    (more = look(source)) == LINE_NOTHING || more == LINE_CONTINUES) {
		const char *line = take_line(source, &len);

		if (more == LINE_CONTINUES) {
			memmove(to, line, len);
			to += len;
		}
	}
	while (to > row->text && is_blank(to[-1]))
		to--;
	*to = '\0';
	return true;
}

/* Takes the braces off "{ text }".  False: it is not quite that. */
static bool
unwrap(struct mm_map_row *row, const char *first_close)
{
	char *end = row->text + strlen(row->text) - 1;

	if (end != first_close)
		return false;
	do
		*end-- = '\0';
	while (end > row->text && is_blank(*end));
	row->text++;
	row->text += strspn(row->text, MM_MAP_BLANKS);
	return true;
}

/* *first_close: where the braces are even for the first time, or NULL. */
static bool
next_item(struct mm_map_source *source, struct mm_map_row *row,
    const char **first_close)
{
	char *p = source->p + strspn(source->p, MM_MAP_BLANKS ",");
	int depth = 0;

	*first_close = NULL;
	row->text = p;
	row->line = 0;
	for (; *p != '\0'; p++) {
		if (depth == 0 && (is_blank(*p) || *p == ','))
			break;
		if (*p == '{')
			depth++;
		if (*p == '}' && --depth == 0 && *first_close == NULL)
			*first_close = p;
	}
	source->p = p;
	if (*p != '\0') {
		*p = '\0';
		source->p++;
	}
	source->item++;
	return row->text[0] != '\0';
}

bool
mm_map_next_word(struct mm_map_source *source, struct mm_map_row *ret)
{
	const char *close;

	return next_item(source, ret, &close);
}

bool
mm_map_next(struct mm_map_source *source, bool bare, struct mm_map_row *ret)
{
	const char *close;

	if (!source->braces) {
		while (next_line(source, ret)) {
			if (!is_blank(ret->text[0]))
				return true;
			mm_map_complain(source, MM_ERROR, ret->line,
			    "the line begins with white space, but there is "
			    "no line before it to go on with");
		}
		return false;
	}
	while (next_item(source, ret, &close)) {
		if (ret->text[0] != '{' && bare)
			return true;
		if (ret->text[0] != '{')
			mm_map_complain(source, MM_ERROR, 0,
			    "\"%.40s\" must stand in braces of its own, as in "
			    "{{first rule}, {second rule}}",
			    ret->text);
		else if (!unwrap(ret, close))
			mm_map_complain(source, MM_ERROR, 0,
			    "a comma or a blank must stand between the "
			    "braces in \"%.40s\"",
			    ret->text);
		else if (bare || (ret->text[0] != '#' && ret->text[0] != '\0'))
			return true; /* rules may be comments here too */
	}
	return false;
}

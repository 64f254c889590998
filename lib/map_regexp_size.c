/* map_regexp_size - see map_regexp_size.h. */
#include "lib/map_regexp_size.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64 /* groups within groups */
#define TOO_LARGE (MM_REGEXP_SIZE_MAX + 1)

/* What stands between two parentheses. */
struct group {
	size_t before; /* all but the last atom */
	size_t last;   /* which an operator may repeat */
};

static size_t
at_most(size_t size)
{
	return size < TOO_LARGE ? size : TOO_LARGE;
}

static void
add_atom(struct group *group, size_t size)
{
	group->before = at_most(group->before + group->last);
	group->last = size;
}

/* The end of "[...]", whose first "]" is a member. */
static const char *
skip_bracket(const char *p)
{
	if (*p == '^')
		p++;
	if (*p == ']')
		p++;
	while (*p != '\0' && *p != ']') {
		const char *end = NULL;

		if (*p == '[' && (p[1] == ':' || p[1] == '.' || p[1] == '='))
			end = strchr(p + 2, p[1]);
		p = end != NULL && end[1] == ']' ? end + 2 : p + 1;
	}
	return *p == ']' ? p + 1 : p;
}

/* The larger number of "2,9}", "2,}" or "2}". */
static size_t
most_times(const char *p)
{
	char *end;
	unsigned long most = strtoul(p, &end, 10);

	if (*end == ',') {
		unsigned long upper = strtoul(end + 1, &end, 10);

		most = upper > most ? upper : most;
	}
	return most < 1 ? 1 : at_most(most);
}

static void
repeat(struct group *group, size_t times)
{
	group->last = at_most(group->last * times + 1);
}

/* One character of the expression, an operator or not.  False: too deep. */
static bool
take(struct group groups[DEPTH_MAX], size_t *depth, const char **p, char what)
{
	struct group *group = &groups[*depth];

	switch (what) {
	case '(':
		if (++*depth == DEPTH_MAX)
			return false;
		groups[*depth] = (struct group){0};
		break;
	case ')':
		if (*depth > 0)
			add_atom(&groups[--*depth],
			    at_most(group->before + group->last + 1));
		break;
	case '*':
	case '?':
		repeat(group, 1);
		break;
	case '+':
		repeat(group, 2);
		break;
	case '{':
		repeat(group, most_times(*p + 1));
		*p += strcspn(*p, "}");
		break;
	default:
		add_atom(group, 1);
	}
	return true;
}

size_t
mm_regexp_size(const char *text, bool extended)
{
	struct group groups[DEPTH_MAX] = {0};
	size_t depth = 0;

	for (const char *p = text; *p != '\0';) {
		bool escaped = *p == '\\' && p[1] != '\0', operator;

		p += escaped ? 1 : 0;
		/* a star is an operator in basic expressions, too */
		operator= escaped != extended ||(*p == '*' && !escaped);
		if (!take(groups, &depth, &p, operator? *p : '\0'))
			return TOO_LARGE;
		if (*p == '[' && !escaped)
			p = skip_bracket(p + 1);
		else if (*p != '\0')
			p++;
	}
	for (size_t i = depth; i > 0; i--)
		add_atom(&groups[i - 1], groups[i].before + groups[i].last);
	return at_most(groups[0].before + groups[0].last);
}

/* import_master - see import_master.h. */
#include "ctl/import_master.h"

#include <string.h>

#include "lib/arena.h"
#include "lib/conf.h"

#define SPACE " \t\r\n\v\f"
#define FIELDS 8 /* name, type, private, unpriv, chroot, wakeup, maxproc, ... */

struct reading {
	const char *file;
	struct mm_arena *arena;
	struct mm_complaints *all;
	struct import_service **end; /* where the next one goes */
};

/*
 * The next word of a line: blanks separate, braces group.  Its length; 0:
 * there is none.
 */
static size_t
next_word(const char **at)
{
	const char *p = *at + strspn(*at, SPACE);
	unsigned depth = 0;

	*at = p;
	for (; *p != '\0'; p++) {
		if (*p == '{')
			depth++;
		else if (*p == '}' && depth > 0)
			depth--;
		else if (depth == 0 && strchr(SPACE, *p) != NULL)
			break;
	}
	return (size_t)(p - *at);
}

/* Without blanks at both ends. */
static const char *
trimmed(struct mm_arena *arena, const char *text, size_t len)
{
	size_t skip = 0;

	while (skip < len && strchr(SPACE, text[skip]) != NULL)
		skip++;
	while (len > skip && strchr(SPACE, text[len - 1]) != NULL)
		len--;
	return mm_arena_dupn(arena, text + skip, len - skip);
}

/* "name=value", or "{ name = value }". */
static int
add_override(struct reading *r, struct import_service *service,
    const char *text, size_t len)
{
	struct import_override **end = &service->overrides, *o;
	const char *equals;

	if (len >= 2 && text[0] == '{' && text[len - 1] == '}') {
		text++;
		len -= 2;
	}
	if ((equals = memchr(text, '=', len)) == NULL) {
		mm_complain(r->all, MM_ERROR, r->file, service->line,
		    "%s: no \"=\" behind -o", service->name);
		return 0;
	}
	if ((o = mm_arena_alloc(r->arena, sizeof(*o))) == NULL)
		return -1;
	o->name = trimmed(r->arena, text, (size_t)(equals - text));
	o->value =
	    trimmed(r->arena, equals + 1, len - (size_t)(equals + 1 - text));
	while (*end != NULL)
		end = &(*end)->next;
	*end = o;
	return o->name != NULL && o->value != NULL ? 0 : -1;
}

static int
read_arguments(
    struct reading *r, struct import_service *service, const char *at)
{
	size_t len;

	for (; (len = next_word(&at)) > 0; at += len) {
		if (len < 2 || strncmp(at, "-o", 2) != 0)
			continue;
		if (len == 2) {
			at += len;
			if ((len = next_word(&at)) == 0)
				return 0;
			if (add_override(r, service, at, len) != 0)
				return -1;
		} else if (add_override(r, service, at + 2, len - 2) != 0)
			return -1;
	}
	return 0;
}

static int
read_service(struct reading *r, const char *text, unsigned line)
{
	struct import_service *service =
	    mm_arena_alloc(r->arena, sizeof(*service));
	const char *field[FIELDS], *at = text;

	if (service == NULL)
		return -1;
	for (size_t i = 0; i < FIELDS; i++) {
		size_t len = next_word(&at);

		if (len == 0) {
			mm_complain(r->all, MM_ERROR, r->file, line,
			    "%zu fields where a service has %d", i, FIELDS);
			return 0;
		}
		if ((field[i] = mm_arena_dupn(r->arena, at, len)) == NULL)
			return -1;
		at += len;
	}
	*service = (struct import_service){
	    .name = field[0],
	    .type = field[1],
	    .chroot = field[4][0],
	    .command = field[7],
	    .line = line,
	};
	*r->end = service;
	r->end = &service->next;
	return read_arguments(r, service, at);
}

/* The logical line that begins at *at, as one line; *at and *line go on
 * behind it.  NULL: out of memory. */
static char *
logical_line(struct mm_arena *arena, const char **at, unsigned *line)
{
	const char *start = *at;
	char *joined;
	size_t used = 0;

	do {
		*at += strcspn(*at, "\n");
		if (**at == '\n') {
			(*at)++;
			(*line)++;
		}
		/* comments and empty lines may stand in between */
	} while (**at != '\0' && strchr(" \t#\r\n", **at) != NULL);
	if ((joined = mm_arena_alloc(arena, (size_t)(*at - start) + 2)) == NULL)
		return NULL;
	for (const char *p = start; p < *at;) {
		size_t len = strcspn(p, "\n"), blank = strspn(p, SPACE);

		if (p[blank] != '#' || blank >= len) {
			memcpy(joined + used, p, len);
			used += len;
			joined[used++] = ' ';
		}
		p += len + (p[len] == '\n');
	}
	return joined;
}

int
import_master_parse(const char *text, const char *file, struct mm_arena *arena,
    struct mm_complaints *all, struct import_master *ret)
{
	struct reading r = {file, arena, all, &ret->first};
	unsigned line = 1;

	while (*text != '\0') {
		unsigned begun = line;
		char *joined;

		if ((joined = logical_line(arena, &text, &line)) == NULL)
			return -1;
		if (joined[strspn(joined, SPACE)] == '\0')
			continue;
		if (strchr(SPACE, joined[0]) != NULL)
			mm_complain(all, MM_ERROR, file, begun,
			    "white space begins this line, but there is "
			    "nothing before it that it could continue");
		else if (read_service(&r, joined, begun) != 0)
			return -1;
	}
	return 0;
}

const char *
import_override(const struct import_service *service, const char *name)
{
	const char *value = NULL;

	for (const struct import_override *o = service->overrides; o != NULL;
	     o = o->next) {
		if (strcmp(o->name, name) == 0)
			value = o->value;
	}
	return value;
}

/* conf_complain - what is to be said about a configuration; see conf.h. */
#include "lib/conf.h"

#include "lib/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMPLAINTS_MAX 500

void
mm_complain(struct mm_complaints *all, enum mm_severity severity,
    const char *file, unsigned line, const char *fmt, ...)
{
	struct mm_complaint *list, *c;
	char *text = NULL, *where = NULL;
	va_list ap;

	if (severity == MM_ERROR)
		all->errors++;
	if (all->n >= COMPLAINTS_MAX)
		return;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (file != NULL)
		where = strdup(file);
	list = reallocarray(all->list, all->n + 1, sizeof(*list));
	if (list != NULL)
		all->list = list;
	if (list == NULL || text == NULL || (file != NULL && where == NULL)) {
		all->failed = true;
		free(text);
		free(where);
		return;
	}
	mm_str_unfold(text); /* what it quotes may go over lines */
	mm_str_printable(text, '?');
	c = &list[all->n++];
	*c = (struct mm_complaint){severity, where, line, text};
}

/* Where the i-th belongs among those before it. */
static size_t
place(const struct mm_complaint *list, size_t i)
{
	const struct mm_complaint *c = &list[i];
	size_t at = i;

	for (size_t j = i; j-- > 0 && c->file != NULL;) {
		if (list[j].file == NULL || strcmp(list[j].file, c->file) != 0)
			continue;
		if (list[j].line <= c->line)
			return j + 1;
		at = j;
	}
	return at;
}

void
mm_complaints_sort(struct mm_complaints *all)
{
	for (size_t i = 1; i < all->n; i++) {
		struct mm_complaint c = all->list[i];
		size_t at = place(all->list, i);

		memmove(
		    &all->list[at + 1], &all->list[at], (i - at) * sizeof(c));
		all->list[at] = c;
	}
}

void
mm_complaints_clear(struct mm_complaints *all)
{
	for (size_t i = 0; i < all->n; i++) {
		free((char *)all->list[i].file);
		free((char *)all->list[i].text);
	}
	free(all->list);
	*all = (struct mm_complaints){0};
}

void
mm_complaint_format(
    const struct mm_complaint *complaint, char text[MM_COMPLAINT_MAX])
{
	struct mm_buf buf;

	mm_buf_init(&buf, text, MM_COMPLAINT_MAX);
	if (complaint->file != NULL)
		mm_buf_add(&buf, complaint->file);
	if (complaint->file != NULL && complaint->line > 0)
		mm_buf_addf(&buf, ":%u", complaint->line);
	if (complaint->file != NULL)
		mm_buf_add(&buf, ": ");
	if (complaint->severity != MM_ERROR)
		mm_buf_add(&buf, "notice: ");
	mm_buf_add(&buf, complaint->text);
}

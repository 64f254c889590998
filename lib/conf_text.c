/* conf_text - see conf_text.h, and mm_text in conf.h. */
#include "lib/conf_text.h"

#include <stdlib.h>
#include <string.h>

unsigned
mm_text_line(const struct mm_text *text, size_t at)
{
	size_t low = 0, high = text->nmarks;

	/* marks[low] is at or before the byte, marks[high] behind it */
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (text->marks[middle].at <= at)
			low = middle;
		else
			high = middle;
	}
	return text->nmarks > 0 ? text->marks[low].line : 0;
}

void
mm_text_clear(struct mm_text *text)
{
	free(text->data);
	free(text->marks);
	*text = (struct mm_text){0};
}

/* Room for one more element of an array that doubles. */
static int
grow(void *array, size_t used, size_t *size, size_t each)
{
	void **mem = array;
	size_t more = *size > 0 ? *size * 2 : 16;
	void *bigger;

	if (used < *size)
		return 0;
	if ((bigger = reallocarray(*mem, more, each)) == NULL)
		return -1;
	*mem = bigger;
	*size = more;
	return 0;
}

static int
mark(struct mm_text_builder *b, unsigned line)
{
	struct mm_text *t = &b->text;

	if (t->nmarks > 0 && t->marks[t->nmarks - 1].line == line)
		return 0;
	if (grow(&t->marks, t->nmarks, &b->marks_size, sizeof(*t->marks)) != 0)
		return -1;
	t->marks[t->nmarks++] = (struct mm_text_mark){b->len, line};
	return 0;
}

int
mm_text_add(struct mm_text_builder *b, char c, unsigned line)
{
	if (b->len >= b->limit || mark(b, line) != 0 ||
	    grow(&b->text.data, b->len, &b->size, 1) != 0)
		return -1;
	b->text.data[b->len++] = c;
	return 0;
}

int
mm_text_addn(
    struct mm_text_builder *b, const char *data, size_t len, unsigned line)
{
	for (size_t i = 0; i < len; i++) {
		if (mm_text_add(b, data[i], line) != 0)
			return -1;
	}
	return 0;
}

int
mm_text_finish(struct mm_text_builder *b, unsigned line, struct mm_text *ret)
{
	if ((b->text.nmarks == 0 && mark(b, line) != 0) ||
	    grow(&b->text.data, b->len, &b->size, 1) != 0) {
		mm_text_builder_clear(b);
		return -1;
	}
	b->text.data[b->len] = '\0';
	*ret = b->text;
	*b = (struct mm_text_builder){.limit = b->limit};
	return 0;
}

void
mm_text_builder_clear(struct mm_text_builder *b)
{
	mm_text_clear(&b->text);
	*b = (struct mm_text_builder){.limit = b->limit};
}

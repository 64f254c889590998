/* footer - see footer.h. */
#include "lib/footer.h"

#include <string.h>

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/session.h"
#include "lib/str.h"
#include "lib/template.h"

/* In the text of the setting: two characters each. */
static const char same_line[] = "\\c", new_line[] = "\\n";

static const char *
value_of(void *ctx, const char *name)
{
	return mm_macro_value(ctx, name);
}

/* The length of the line that text begins with; *more: another follows. */
static size_t
line_len(const char *text, bool *more)
{
	const char *end = strstr(text, new_line);

	*more = end != NULL;
	return *more ? (size_t)(end - text) : strlen(text);
}

int
mm_footer_check(const char *text, struct mm_err *err)
{
	struct mm_macros none = {0};
	struct mm_arena *arena = mm_arena_new(1024 * 1024);
	bool more = true;
	int rc = 0;

	if (arena == NULL)
		return mm_err_set(err, "out of memory");
	if (mm_str_begins(text, same_line))
		text += strlen(same_line);
	for (size_t i = 0; rc == 0 && more; i++) {
		size_t len = line_len(text, &more);
		const char *line = mm_arena_dupn(arena, text, len);

		if (i == MM_FOOTER_LINES || line == NULL)
			rc = mm_err_set(
			    err, "more than %d lines", MM_FOOTER_LINES);
		else
			rc = mm_template_check(line, value_of, &none, err);
		text += len + (more ? strlen(new_line) : 0);
	}
	mm_arena_free(arena);
	return rc;
}

/* One line of the footer, expanded, behind begin; cut to what a reply may be
 * long.  NULL: memory is out. */
static const char *
make_line(const struct mm_macros *macros, const char *text, size_t len,
    const char *begin)
{
	const char *line = mm_arena_dupn(macros->arena, text, len);
	char *whole;

	if (line != NULL)
		line = mm_template_expand(
		    macros->arena, line, value_of, (void *)(uintptr_t)macros);
	whole = line != NULL ? mm_arena_printf(macros->arena, "%.*s%.*s",
				   MM_REPLY_MAX, begin, MM_REPLY_MAX, line)
			     : NULL;
	if (whole == NULL)
		return NULL;
	mm_str_printable(whole, ' ');
	len = MM_REPLY_MAX - strlen("554 5.7.1 ");
	if (strlen(whole) > len)
		whole[len] = '\0';
	return whole;
}

void
mm_footer_add(const struct mm_macros *macros, const char *text,
    const struct mm_reply *reply, struct mm_footer *ret)
{
	bool more = *text != '\0', same = mm_str_begins(text, same_line);
	struct mm_session facts = *macros->session;
	struct mm_macros without = *macros;

	/* with Postfix, the recipient is forgotten by then */
	facts.recipient = NULL;
	without.session = &facts;

	ret->n = 1;
	ret->lines[0] = reply->text;
	if (same)
		text += strlen(same_line);
	while (more && ret->n <= MM_FOOTER_LINES) {
		size_t len = line_len(text, &more);
		const char *line =
		    make_line(&without, text, len, same ? reply->text : "");

		if (line == NULL)
			return;
		ret->lines[same ? 0 : ret->n++] = line;
		same = false;
		text += len + (more ? strlen(new_line) : 0);
	}
}

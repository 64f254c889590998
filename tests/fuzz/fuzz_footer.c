/* footer: the setting, a zero byte, the reply; and one of the two is from a
 * stranger.  What passes the check makes lines of a reply. */
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/footer.h"
#include "lib/session.h"
#include "lib/settings.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static void
check_lines(const struct mm_footer *footer)
{
	if (footer->n < 1 || footer->n > MM_FOOTER_LINES + 1)
		abort();
	for (size_t i = 1; i < footer->n; i++) {
		size_t len = strlen(footer->lines[i]);

		if (len + strlen("554 5.7.1 ") > MM_REPLY_MAX)
			abort();
		for (size_t j = 0; j < len; j++) {
			if (footer->lines[i][j] < ' ' ||
			    footer->lines[i][j] > '~')
				abort();
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct mm_settings settings = {.myhostname = "mx"};
	struct mm_arena *arena = mm_arena_new(1 << 20);
	char *text = calloc(1, size + 2);
	struct mm_session session;
	struct mm_macros macros = {&settings, &session, 1, arena};
	struct mm_reply reply = {554, "5.7.1", NULL};
	struct mm_footer footer;
	struct mm_err err = {""};

	if (text == NULL || arena == NULL)
		abort();
	memcpy(text, data, size);
	reply.text = text + strlen(text) + (strlen(text) < size);
	mm_session_init(&session);
	if (!mm_session_helo(&session, reply.text))
		abort();
	if (mm_footer_check(text, &err) != 0) {
		if (err.text[0] == '\0')
			abort();
	} else {
		mm_footer_add(&macros, text, &reply, &footer);
		check_lines(&footer);
	}
	mm_session_clear(&session);
	free(text);
	mm_arena_free(arena);
	return 0;
}

/* decision - see decision.h. */
#include "lib/decision.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/str.h"

enum kind {
	KIND_ACTION,
	KIND_TEXT,
	KIND_SECONDS,
	KIND_MICROSECONDS,
};

#define AT(member) offsetof(struct mm_decision, member)

/* clang-format off */
static const struct {
	const char *name;
	enum kind kind;
	size_t at;
} fields[MM_NFIELDS] = {
	[MM_FIELD_ACTION] =         { "action",         KIND_ACTION,       AT(action) },
	[MM_FIELD_REASON] =         { "reason",         KIND_TEXT,         AT(reason) },
	[MM_FIELD_STAGE] =          { "stage",          KIND_TEXT,         AT(stage) },
	[MM_FIELD_CLIENT_NAME] =    { "client_name",    KIND_TEXT,         AT(client_name) },
	[MM_FIELD_CLIENT_ADDRESS] = { "client_address", KIND_TEXT,         AT(client_address) },
	[MM_FIELD_HELO] =           { "helo",           KIND_TEXT,         AT(helo) },
	[MM_FIELD_SENDER] =         { "sender",         KIND_TEXT,         AT(sender) },
	[MM_FIELD_RECIPIENT] =      { "recipient",      KIND_TEXT,         AT(recipient) },
	[MM_FIELD_REPLY] =          { "reply",          KIND_TEXT,         AT(reply) },
	[MM_FIELD_LIST] =           { "list",           KIND_TEXT,         AT(list) },
	[MM_FIELD_ANSWER] =         { "answer",         KIND_TEXT,         AT(answer) },
	[MM_FIELD_DELAY] =          { "delay",          KIND_SECONDS,      AT(delay) },
	[MM_FIELD_WAIT] =           { "wait",           KIND_MICROSECONDS, AT(wait_us) },
	[MM_FIELD_SESSION] =        { "session",        KIND_TEXT,         AT(session) },
	[MM_FIELD_QUEUE_ID] =       { "queue_id",       KIND_TEXT,         AT(queue_id) },
};
/* clang-format on */

const char *
mm_field_name(enum mm_field field)
{
	return fields[field].name;
}

const char *
mm_decision_value(
    const struct mm_decision *decision, enum mm_field field, char scratch[32])
{
	const void *at = (const char *)decision + fields[field].at;
	const char *text;
	int64_t n;

	switch (fields[field].kind) {
	case KIND_ACTION:
		return mm_verdict_word(*(const enum mm_verdict *)at);
	case KIND_TEXT:
		text = *(const char *const *)at;
		return text != NULL ? text : "";
	case KIND_SECONDS:
	case KIND_MICROSECONDS:
		break;
	}
	n = *(const int64_t *)at;
	if (n < 0)
		return "";
	if (fields[field].kind == KIND_SECONDS)
		snprintf(scratch, 32, "%" PRId64, n);
	else
		snprintf(scratch, 32, "%" PRId64 ".%03d", n / 1000000,
		    (int)(n % 1000000 / 1000));
	return scratch;
}

bool
mm_field_numeric(enum mm_field field)
{
	return fields[field].kind == KIND_SECONDS ||
	       fields[field].kind == KIND_MICROSECONDS;
}

/* Stands as it is: nothing in it could end a field or look like another. */
static bool
is_plain(const char *value)
{
	for (const char *s = value; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~' || strchr("\"=\\", *s) != NULL)
			return false;
	return true;
}

/* One byte as it stands between quotes: itself, \" and \\, or \xHH. */
static size_t
escape(unsigned char c, char text[5])
{
	if (c >= ' ' && c <= '~' && c != '"' && c != '\\')
		return (size_t)snprintf(text, 5, "%c", c);
	if (c == '"' || c == '\\')
		return (size_t)snprintf(text, 5, "\\%c", c);
	return (size_t)snprintf(text, 5, "\\x%02X", c);
}

/* Never cut within an escape: what is left of one could escape the quote. */
static void
add_value(struct mm_buf *out, const char *value)
{
	bool quoted = !is_plain(value);
	size_t room = MM_FIELD_VALUE_MAX;

	if (quoted)
		mm_buf_addc(out, '"');
	for (const char *s = value; *s != '\0'; s++) {
		char text[5] = {*s, '\0'};
		size_t len = quoted ? escape((unsigned char)*s, text) : 1;

		if (len > room)
			break;
		mm_buf_addn(out, text, len);
		room -= len;
	}
	if (quoted)
		mm_buf_addc(out, '"');
}

void
mm_decision_line(const struct mm_decision *decision, char *line, size_t size)
{
	struct mm_buf whole;

	mm_buf_init(&whole, line, size);
	for (enum mm_field f = 0; f < MM_NFIELDS; f++) {
		char scratch[32], mem[MM_FIELD_VALUE_MAX + 32];
		const char *value = mm_decision_value(decision, f, scratch);
		struct mm_buf one;

		if (value[0] == '\0')
			continue;
		mm_buf_init(&one, mem, sizeof(mem));
		if (whole.len > 0)
			mm_buf_addc(&one, ' ');
		mm_buf_addf(&one, "%s=", fields[f].name);
		add_value(&one, value);
		if (whole.len + one.len < whole.size)
			mm_buf_addn(&whole, one.data, one.len);
	}
}

/* A text field as it is copied. */
static size_t
text_len(const char *text)
{
	return strnlen(text, MM_FIELD_VALUE_MAX);
}

struct mm_decision *
mm_decision_copy(const struct mm_decision *decision)
{
	size_t size = sizeof(*decision);
	struct mm_decision *copy;
	char *end;

	for (enum mm_field f = 0; f < MM_NFIELDS; f++)
		if (fields[f].kind == KIND_TEXT)
			size +=
			    1 + text_len(mm_decision_value(decision, f, NULL));
	if ((copy = malloc(size)) == NULL)
		return NULL;
	*copy = *decision;
	end = (char *)(copy + 1);
	for (enum mm_field f = 0; f < MM_NFIELDS; f++) {
		const char *text;

		if (fields[f].kind != KIND_TEXT)
			continue;
		text = mm_decision_value(decision, f, NULL);
		memcpy(end, text, text_len(text));
		end[text_len(text)] = '\0';
		*(const char **)((char *)copy + fields[f].at) = end;
		end += text_len(text) + 1;
	}
	return copy;
}

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
	[MM_FIELD_MISSED] =         { "missed",         KIND_TEXT,         AT(missed) },
	[MM_FIELD_ALSO] =           { "also",           KIND_TEXT,         AT(also) },
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

/* The bytes at the front of text that stand between quotes as they are. */
static size_t
literal(const char *text)
{
	size_t n = 0;

	while (text[n] >= ' ' && text[n] <= '~' && text[n] != '"' &&
	       text[n] != '\\')
		n++;
	return n;
}

/* Stands as it is: nothing in it could end a field or look like another. */
static bool
is_plain(const char *value)
{
	return value[literal(value)] == '\0' && strpbrk(value, " =") == NULL;
}

/* One byte that is not literal: \" and \\, or \xHH. */
static size_t
escape(unsigned char c, char text[4])
{
	static const char digits[] = "0123456789ABCDEF";

	text[0] = '\\';
	if (c == '"' || c == '\\') {
		text[1] = (char)c;
		return 2;
	}
	text[1] = 'x';
	text[2] = digits[c >> 4];
	text[3] = digits[c & 15];
	return 4;
}

/* Never cut within an escape: what is left of one could escape the quote. */
static void
add_escaped(struct mm_buf *out, const char *value)
{
	size_t room = MM_FIELD_VALUE_MAX, len;
	char text[4];

	for (;;) {
		len = literal(value);
		if (len > room)
			len = room;
		mm_buf_addn(out, value, len);
		value += len;
		room -= len;
		if (*value == '\0' || room == 0)
			return;
		len = escape((unsigned char)*value, text);
		if (len > room)
			return;
		mm_buf_addn(out, text, len);
		value++;
		room -= len;
	}
}

void
mm_field_quote(struct mm_buf *out, const char *value)
{
	if (is_plain(value)) {
		mm_buf_addn(out, value, strnlen(value, MM_FIELD_VALUE_MAX));
		return;
	}
	mm_buf_addc(out, '"');
	add_escaped(out, value);
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
		mm_buf_add(&one, fields[f].name);
		mm_buf_addc(&one, '=');
		mm_field_quote(&one, value);
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

/* entry - see entry.h. */
#include "lib/entry.h"

#include <string.h>

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/*
 * A value in quotes, s behind the first one: what it stands for is written
 * over it.  Behind the closing quote, or NULL: malformed.
 */
static char *
read_quoted(char *s)
{
	char *to = s;

	for (; *s != '"'; s++) {
		if (*s < ' ' || *s > '~')
			return NULL;
		if (*s == '\\' && s[1] == 'x' && hex(s[2]) >= 0 &&
		    hex(s[3]) >= 0) {
			*to = (char)(hex(s[2]) << 4 | hex(s[3]));
			if (*to++ == '\0')
				return NULL;
			s += 3;
			continue;
		}
		if (*s == '\\' && *++s != '"' && *s != '\\')
			return NULL;
		*to++ = *s;
	}
	*to = '\0';
	return s + 1;
}

/* A value without them; NULL: malformed. */
static char *
read_plain(char *s)
{
	char *from = s;

	while (*s > ' ' && *s <= '~' && *s != '"' && *s != '=' && *s != '\\')
		s++;
	return s > from ? s : NULL;
}

enum mm_field
mm_entry_field(const char *name, size_t len, enum mm_field guess)
{
	for (size_t i = 0; i < MM_NFIELDS; i++) {
		enum mm_field f = (guess + i) % MM_NFIELDS;
		const char *known = mm_field_name(f);

		if (strncmp(known, name, len) == 0 && known[len] == '\0')
			return f;
	}
	return MM_NFIELDS;
}

static void
clear_fields(struct mm_entry *entry)
{
	for (enum mm_field f = 0; f < MM_NFIELDS; f++)
		entry->field[f] = "";
}

/* Keeps a value; false: the field was there before. */
static bool
keep(struct mm_entry *entry, enum mm_field field, const char *value)
{
	if (field == MM_NFIELDS)
		return true; /* of a later version */
	if (entry->field[field][0] != '\0')
		return false;
	entry->field[field] = value;
	return true;
}

bool
mm_entry_set_action(struct mm_entry *entry)
{
	int code = mm_verdict_code(entry->field[MM_FIELD_ACTION]);

	entry->action = code >= 0 ? (enum mm_verdict)code : MM_ACCEPT;
	return code >= 0;
}

static bool
read_fields(char *s, struct mm_entry *entry)
{
	enum mm_field guess = 0;

	clear_fields(entry);
	for (;;) {
		size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz_");
		enum mm_field field;
		char *value;
		bool more;

		if (len == 0 || s[len] != '=')
			return false;
		field = mm_entry_field(s, len, guess);
		value = s + len + 1;
		s = *value == '"' ? read_quoted(++value) : read_plain(value);
		if (s == NULL || (*s != ' ' && *s != '\0'))
			return false;
		more = *s == ' ';
		*s = '\0';
		if (!keep(entry, field, value))
			return false;
		if (!more)
			return mm_entry_set_action(entry);
		if (field != MM_NFIELDS)
			guess = field + 1;
		s++;
	}
}

enum mm_entry_is
mm_entry_text(char *line, struct mm_entry *ret)
{
	if (strncmp(line, "action=", 7) == 0)
		return read_fields(line, ret) ? MM_ENTRY_RECORD
					      : MM_ENTRY_MALFORMED;
	ret->text = line;
	ret->priority = -1;
	return MM_ENTRY_NOTICE;
}

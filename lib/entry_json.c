/*
 * entry_json - a line of log_to = json:FILE (RFC 8259): one flat object of
 * strings and numbers, as sink_json writes it.
 */
#include <string.h>
#include <syslog.h>

#include "lib/entry.h"
#include "lib/name.h"

static const struct mm_name priorities[] = {
    {LOG_EMERG, "emerg"},
    {LOG_ALERT, "alert"},
    {LOG_CRIT, "crit"},
    {LOG_ERR, "err"},
    {LOG_WARNING, "warning"},
    {LOG_NOTICE, "notice"},
    {LOG_INFO, "info"},
    {LOG_DEBUG, "debug"},
};

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits of \uXXXX; -1: they are none. */
static int
read_unit(const char *s)
{
	int unit = 0;

	for (int i = 0; i < 4; i++) {
		if (hex(s[i]) < 0)
			return -1;
		unit = unit << 4 | hex(s[i]);
	}
	return unit;
}

/* As UTF-8; a surrogate alone as U+FFFD.  Behind what was written. */
static char *
put_unit(char *to, int unit)
{
	if (unit >= 0xd800 && unit < 0xe000)
		unit = 0xfffd;
	if (unit < 0x80) {
		*to++ = (char)unit;
	} else if (unit < 0x800) {
		*to++ = (char)(0xc0 | unit >> 6);
		*to++ = (char)(0x80 | (unit & 0x3f));
	} else {
		*to++ = (char)(0xe0 | unit >> 12);
		*to++ = (char)(0x80 | (unit >> 6 & 0x3f));
		*to++ = (char)(0x80 | (unit & 0x3f));
	}
	return to;
}

/* An escape, *s at the character behind the backslash.  False: malformed. */
static bool
read_escape(char **s, char **to)
{
	static const char from[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	const char *at;
	int unit;

	if (**s == 'u') {
		unit = read_unit(*s + 1);
		if (unit <= 0)
			return false;
		*to = put_unit(*to, unit);
		*s += 4;
		return true;
	}
	if (**s == '\0' || (at = strchr(from, **s)) == NULL)
		return false;
	*(*to)++ = means[at - from];
	return true;
}

/* s behind the first quote; what it stands for is written over it.  Behind
 * the closing quote, or NULL. */
static char *
read_string(char *s)
{
	char *to = s;

	for (; *s != '"'; s++) {
		if ((unsigned char)*s < ' ')
			return NULL;
		if (*s != '\\') {
			*to++ = *s;
			continue;
		}
		s++;
		if (!read_escape(&s, &to))
			return NULL;
	}
	*to = '\0';
	return s + 1;
}

/* Numbers and words: what a later version may write is passed over. */
static char *
read_bare(char *s)
{
	size_t len = strspn(s, "+-.0123456789Eaeflnrstu");

	return len > 0 ? s + len : NULL;
}

/* The blanks that others may have put between. */
static char *
skip(char *s)
{
	return s + strspn(s, " \t\r");
}

struct member {
	const char *name, *value;
};

/* One "name":value; what ends it is in *end.  Behind that, or NULL. */
static char *
read_member(char *s, struct member *ret, char *end)
{
	char *behind;

	if (*s != '"')
		return NULL;
	ret->name = s + 1;
	if ((s = read_string(s + 1)) == NULL || *(s = skip(s)) != ':')
		return NULL;
	s = skip(s + 1);
	if (*s == '"') {
		ret->value = s + 1;
		behind = read_string(s + 1);
	} else {
		ret->value = s;
		behind = read_bare(s);
	}
	if (behind == NULL)
		return NULL;
	s = skip(behind);
	if (*s != ',' && *s != '}')
		return NULL;
	*end = *s;
	*behind = '\0';
	return skip(s + 1);
}

/* False: twice the same, or no time. */
static bool
keep(struct mm_entry *entry, const struct member *member, enum mm_field *guess)
{
	const char *end;
	enum mm_field f;

	if (strcmp(member->name, "time") == 0)
		return entry->time == -1 &&
		       mm_entry_time(member->value, &entry->time, &end) &&
		       *end == '\0';
	if (strcmp(member->name, "message") == 0) {
		entry->text = member->value;
		return true;
	}
	if (strcmp(member->name, "priority") == 0) {
		entry->priority = mm_name_code(priorities,
		    sizeof(priorities) / sizeof(priorities[0]), member->value,
		    -1);
		return true;
	}
	if ((f = mm_entry_field(member->name, strlen(member->name), *guess)) ==
	    MM_NFIELDS)
		return true;
	if (entry->field[f][0] != '\0')
		return false;
	entry->field[f] = member->value;
	*guess = f + 1;
	return true;
}

enum mm_entry_is
mm_entry_json(char *line, struct mm_entry *ret)
{
	enum mm_field guess = 0;
	struct member member;
	char end = ',', *s = line;

	*ret = (struct mm_entry){.time = -1, .priority = -1};
	for (enum mm_field f = 0; f < MM_NFIELDS; f++)
		ret->field[f] = "";
	if (*s != '{')
		return MM_ENTRY_MALFORMED;
	s = skip(s + 1);
	while (end == ',')
		if ((s = read_member(s, &member, &end)) == NULL ||
		    !keep(ret, &member, &guess))
			return MM_ENTRY_MALFORMED;
	if (*s != '\0' || ret->time == -1)
		return MM_ENTRY_MALFORMED;
	if (ret->text != NULL)
		return MM_ENTRY_NOTICE;
	return mm_entry_set_action(ret) ? MM_ENTRY_RECORD : MM_ENTRY_MALFORMED;
}

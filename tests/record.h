/*
 * record - reads a decision's line back into its fields, strictly: what this
 * accepts is what the manual promises to log readers.
 */
#ifndef MM_RECORD_H
#define MM_RECORD_H

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/decision.h"

struct record {
	size_t n;
	char name[MM_NFIELDS][32];
	char value[MM_NFIELDS][MM_FIELD_VALUE_MAX + 1];
};

/* A quoted value behind its first quote.  NULL: malformed. */
static inline const char *
record_quoted(const char *s, char *value, size_t *len)
{
	for (; *s != '"'; s++) {
		char hex[3] = "";

		if (*s < ' ' || *s > '~' || *len == MM_FIELD_VALUE_MAX)
			return NULL;
		if (*s == '\\' && s[1] == 'x' && isxdigit(s[2]) &&
		    isxdigit(s[3])) {
			memcpy(hex, s + 2, 2);
			value[(*len)++] = (char)strtoul(hex, NULL, 16);
			s += 3;
			continue;
		}
		if (*s == '\\' && *++s != '"' && *s != '\\')
			return NULL;
		value[(*len)++] = *s;
	}
	return s + 1;
}

static inline const char *
record_plain(const char *s, char *value, size_t *len)
{
	for (; *s != '\0' && *s != ' '; s++) {
		if (*s < '!' || *s > '~' || strchr("\"=\\", *s) != NULL ||
		    *len == MM_FIELD_VALUE_MAX)
			return NULL;
		value[(*len)++] = *s;
	}
	return *len > 0 ? s : NULL;
}

static inline bool
record_parse(struct record *record, const char *s)
{
	memset(record, 0, sizeof(*record));
	while (*s != '\0') {
		size_t name = strspn(s, "abcdefghijklmnopqrstuvwxyz_");
		size_t len = 0;

		if (record->n == MM_NFIELDS || name == 0 || name > 31 ||
		    s[name] != '=')
			return false;
		memcpy(record->name[record->n], s, name);
		s += name + 1;
		s = *s == '"'
			? record_quoted(s + 1, record->value[record->n], &len)
			: record_plain(s, record->value[record->n], &len);
		if (s == NULL || (*s != '\0' && *s != ' '))
			return false;
		record->n++;
		if (*s == ' ' && *++s == '\0')
			return false;
	}
	return true;
}

#endif

/* json - see json.h. */
#include "lib/json.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

static void
put(struct mm_json *json, const char *data, size_t len)
{
	if (json->error != 0)
		return;
	errno = 0;
	if (fwrite(data, 1, len, json->out) != len)
		json->error = errno != 0 ? errno : EIO;
}

/*
 * Bytes of the UTF-8 sequence that s begins with; 0 if it is none (RFC 3629
 * 4: no overlong forms, no surrogates, nothing above U+10FFFF).
 */
static size_t
utf8_len(const unsigned char *s)
{
	static const struct {
		unsigned char first, last; /* of the lead byte */
		unsigned char low, high;   /* of the second byte */
		unsigned char len;
	} forms[] = {
	    {0x00, 0x7f, 0x00, 0x00, 1},
	    {0xc2, 0xdf, 0x80, 0xbf, 2},
	    {0xe0, 0xe0, 0xa0, 0xbf, 3},
	    {0xe1, 0xec, 0x80, 0xbf, 3},
	    {0xed, 0xed, 0x80, 0x9f, 3},
	    {0xee, 0xef, 0x80, 0xbf, 3},
	    {0xf0, 0xf0, 0x90, 0xbf, 4},
	    {0xf1, 0xf3, 0x80, 0xbf, 4},
	    {0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (s[0] < forms[i].first || s[0] > forms[i].last)
			continue;
		if (forms[i].len == 1)
			return 1;
		if (s[1] < forms[i].low || s[1] > forms[i].high)
			return 0;
		for (size_t at = 2; at < forms[i].len; at++)
			if ((s[at] & 0xc0) != 0x80)
				return 0;
		return forms[i].len;
	}
	return 0;
}

/* What has to be escaped at s: the code point, or 0. */
static unsigned
control(const unsigned char *s)
{
	if (s[0] < 0x20 || s[0] == 0x7f)
		return s[0];
	if (s[0] == 0xc2 && s[1] < 0xa0) /* C1, which terminals obey too */
		return s[1];
	return 0;
}

/* A character as it is written, which is how far s goes: *len of it. */
static size_t
escape(const unsigned char *s, size_t *len, char escaped[8])
{
	*len = utf8_len(s);
	if (*len == 0) {
		*len = 1;
		memcpy(escaped, "\xef\xbf\xbd", 4);
	} else if (*s == '"' || *s == '\\') {
		snprintf(escaped, 8, "\\%c", *s);
	} else if (control(s) != 0) {
		snprintf(escaped, 8, "\\u%04x", control(s));
	} else {
		return 0;
	}
	return strlen(escaped);
}

/* What needs no escape, nearly all of it, goes out in whole pieces. */
static void
put_string(struct mm_json *json, const char *text)
{
	const unsigned char *s = (const unsigned char *)text, *from = s;

	put(json, "\"", 1);
	while (*s != '\0') {
		char escaped[8];
		size_t len, n = escape(s, &len, escaped);

		if (n > 0) {
			put(json, (const char *)from, (size_t)(s - from));
			put(json, escaped, n);
			from = s + len;
		}
		s += len;
	}
	put(json, (const char *)from, (size_t)(s - from));
	put(json, "\"", 1);
}

/* What stands before every value. */
static void
lead(struct mm_json *json, const char *key)
{
	assert(json->depth > 0 || !json->more); /* one value at the top */
	assert((key != NULL) ==
	       (json->depth > 0 && json->end[json->depth - 1] == '}'));
	if (json->more)
		put(json, ",", 1);
	json->more = true;
	if (key != NULL) {
		put_string(json, key);
		put(json, ":", 1);
	}
}

static void
descend(struct mm_json *json, const char *key, const char *ends)
{
	lead(json, key);
	assert(json->depth < MM_JSON_DEPTH);
	put(json, &ends[0], 1);
	json->end[json->depth++] = ends[1];
	json->more = false;
}

void
mm_json_init(struct mm_json *json, FILE *out)
{
	*json = (struct mm_json){.out = out};
}

void
mm_json_object(struct mm_json *json, const char *key)
{
	descend(json, key, "{}");
}

void
mm_json_array(struct mm_json *json, const char *key)
{
	descend(json, key, "[]");
}

void
mm_json_end(struct mm_json *json)
{
	assert(json->depth > 0);
	put(json, &json->end[--json->depth], 1);
	json->more = true;
}

void
mm_json_string(struct mm_json *json, const char *key, const char *text)
{
	lead(json, key);
	if (text == NULL)
		put(json, "null", 4);
	else
		put_string(json, text);
}

void
mm_json_int(struct mm_json *json, const char *key, int64_t value)
{
	char digits[24];

	lead(json, key);
	snprintf(digits, sizeof(digits), "%" PRId64, value);
	put(json, digits, strlen(digits));
}

void
mm_json_uint(struct mm_json *json, const char *key, uint64_t value)
{
	char digits[24];

	lead(json, key);
	snprintf(digits, sizeof(digits), "%" PRIu64, value);
	put(json, digits, strlen(digits));
}

void
mm_json_number(struct mm_json *json, const char *key, const char *digits)
{
	lead(json, key);
	put(json, digits, strlen(digits));
}

void
mm_json_bool(struct mm_json *json, const char *key, bool value)
{
	const char *word = value ? "true" : "false";

	lead(json, key);
	put(json, word, strlen(word));
}

int
mm_json_finish(struct mm_json *json)
{
	assert(json->depth == 0);
	put(json, "\n", 1);
	json->more = false;
	if (json->error == 0 && fflush(json->out) != 0)
		json->error = errno;
	return json->error == 0 ? 0 : -1;
}

/* html - see html.h. */
#include "ctl/html.h"

#include <stdbool.h>
#include <stdint.h>

#include "lib/str.h"

static const char *
entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* C0, DEL, C1, which in UTF-8 begins with 0xc2, and what turns the direction
 * of writing around: U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069. */
static bool
is_control(const unsigned char *s)
{
	if (s[0] == 0xe2 && s[1] == 0x80)
		return s[2] == 0x8e || s[2] == 0x8f ||
		       (s[2] >= 0xaa && s[2] <= 0xae);
	if (s[0] == 0xe2 && s[1] == 0x81)
		return s[2] >= 0xa6 && s[2] <= 0xa9;
	return s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0);
}

/* Bytes of a character in well-formed UTF-8. */
static size_t
length(unsigned char lead)
{
	return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

void
html_cut(FILE *out, const char *text, size_t max)
{
	bool utf8 = mm_str_is_utf8(text);
	const unsigned char *s = (const unsigned char *)text;

	while (*s != '\0') {
		size_t n = utf8 ? length(*s) : 1;

		if (max-- == 0) {
			fputs("\xe2\x80\xa6", out);
			return;
		}
		if (is_control(s) || (!utf8 && *s >= 0x80))
			fputc('?', out);
		else if (entity((char)*s) != NULL)
			fputs(entity((char)*s), out);
		else
			fwrite(s, 1, n, out);
		s += n;
	}
}

void
html_text(FILE *out, const char *text)
{
	html_cut(out, text, SIZE_MAX);
}

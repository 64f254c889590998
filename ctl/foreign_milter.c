/*
 * foreign_milter - milter-greylist's dumpfile, as of 4.6.
 *
 * A line is "ADDRESS SENDER RECIPIENT TIME", from when on the mail is accepted;
 * or with "AUTO" behind, then TIME is how long it stays known; or with another
 * number and "TARPIT".  What begins with "#" is a remark.  The client is the
 * one that came, however wide the network is that the program compares.
 */
#include "ctl/foreign.h"

#include <string.h>

#include "lib/err.h"
#include "lib/str.h"

#define AUTOWHITE 86400 /* its default: how long what has passed stays known */

enum { ADDRESS, SENDER, RECIPIENT, TIME, WHAT, MORE, NFIELDS = MORE + 2 };

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Fields are behind each other; a remark may only follow the time, since a "#"
 * is also an address's. */
static size_t
split(char *text, char *field[NFIELDS])
{
	size_t n = 0;

	while (n < NFIELDS) {
		while (is_blank(*text))
			text++;
		if (*text == '\0' || (*text == '#' && (n == 0 || n > TIME)))
			break;
		field[n++] = text;
		while (*text != '\0' && !is_blank(*text))
			text++;
		if (*text != '\0')
			*text++ = '\0';
	}
	return n;
}

/* Without its angles. */
static bool
address(char *text, const char **ret)
{
	size_t len = strlen(text);

	if (len >= 2 && *text == '<' && text[len - 1] == '>') {
		text[len - 1] = '\0';
		text++;
	}
	*ret = text;
	return *text == '\0' || strchr(text, '@') != NULL;
}

static enum foreign_got
line(const struct foreign_reader *reader, char *const field[NFIELDS], size_t n,
    struct foreign_entry *ret)
{
	int64_t when;

	if (n <= TIME || !mm_ip_parse(field[ADDRESS], &ret->ip) ||
	    !address(field[SENDER], &ret->sender) ||
	    !address(field[RECIPIENT], &ret->recipient) ||
	    !foreign_time(field[TIME], &when))
		return FOREIGN_UNKNOWN;
	ret->kind = FOREIGN_MAIL;
	ret->prefix = ret->ip.family == MM_IP_V6 ? 128 : 32;
	if (n == TIME + 1) {
		ret->first = ret->last =
		    when > reader->delay ? when - reader->delay : 0;
		return FOREIGN_ENTRY;
	}
	if (n == WHAT + 1 && mm_str_same(field[WHAT], "AUTO")) {
		ret->count = 1;
		ret->first = ret->last =
		    when > AUTOWHITE ? when - AUTOWHITE : 0;
		return FOREIGN_ENTRY;
	}
	return n == MORE + 1 && mm_str_same(field[MORE], "TARPIT")
		   ? FOREIGN_TARPIT
		   : FOREIGN_UNKNOWN;
}

static enum foreign_got
milter_next(struct foreign_reader *reader, struct foreign_entry *ret,
    struct mm_err *err)
{
	enum foreign_got got;
	char *field[NFIELDS];
	size_t n;
	int rc;

	do {
		if ((rc = foreign_line(reader, err)) <= 0)
			return rc == 0 ? FOREIGN_END : FOREIGN_UNKNOWN;
	} while ((n = split(reader->text, field)) == 0);
	got = line(reader, field, n, ret);
	if (got == FOREIGN_UNKNOWN)
		mm_err_set(err,
		    "neither \"ADDRESS SENDER RECIPIENT TIME\", nor that with "
		    "AUTO or TARPIT");
	return got;
}

const struct foreign_program foreign_milter = {
    .name = "milter-greylist",
    .delay = 1800,
    .next = milter_next,
};

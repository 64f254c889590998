/*
 * foreign_dump - the output of Berkeley DB's db_dump: a header, and then lines
 * that begin with a blank, a key's and a value's in turn.  In a dump that is
 * made for people "\\" is a backslash and "\e4" a byte; in one that is not all
 * is in hexadecimal.  Several dumps may follow each other.
 */
#include "ctl/foreign.h"

#include <string.h>

#include "lib/err.h"
#include "lib/str.h"

/* -1: it is none. */
static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* A byte at *at, which moves on.  -1: *at is no such thing. */
static int
byte(const struct foreign_reader *reader, const char **at)
{
	const char *from = *at;
	int high, low;

	if (reader->plain && *from != '\\') {
		++*at;
		return (unsigned char)*from;
	}
	if (reader->plain && *++from == '\\') {
		*at = from + 1;
		return '\\';
	}
	high = hex_digit(from[0]);
	low = high >= 0 ? hex_digit(from[1]) : -1;
	*at = from + 2;
	return low >= 0 ? high * 16 + low : -1;
}

/* The line's data. */
static int
decode(const struct foreign_reader *reader, char to[FOREIGN_RECORD_MAX + 1],
    struct mm_err *err)
{
	const char *at = reader->text + 1;
	size_t len = 0;

	while (*at != '\0') {
		int c = byte(reader, &at);

		if (c < 0)
			return mm_err_set(
			    err, "it is not written as db_dump writes it");
		if (c == 0)
			return mm_err_set(err, "there is a NUL byte in it");
		if (len == FOREIGN_RECORD_MAX)
			return mm_err_set(
			    err, "longer than %d bytes", FOREIGN_RECORD_MAX);
		to[len++] = (char)c;
	}
	to[len] = '\0';
	return 1;
}

static int
broken(struct mm_err *err, const char *why)
{
	mm_err_set(err, "%s", why);
	return -2;
}

/* Up to the first record.  0: there is no other dump. */
static int
header(struct foreign_reader *reader, struct mm_err *err)
{
	bool any = false;
	int got;

	while ((got = foreign_line(reader, err)) > 0) {
		const char *text = reader->text;

		if (!any && strncmp(text, "VERSION=", 8) != 0)
			return broken(err, "this is no output of db_dump");
		any = true;
		if (strcmp(text, "HEADER=END") == 0) {
			reader->in_data = true;
			return 1;
		}
		if (strncmp(text, "format=", 7) == 0)
			reader->plain = strcmp(text + 7, "print") == 0;
		else if (strncmp(text, "type=", 5) == 0 &&
			 strcmp(text + 5, "btree") != 0 &&
			 strcmp(text + 5, "hash") != 0)
			return broken(err, "its records have no keys");
	}
	if (got < 0)
		return broken(err, "this is no output of db_dump");
	return any ? broken(err, "the dump has no records") : 0;
}

/* The record's second line; the first one's fate is known. */
static int
value_of(struct foreign_reader *reader, int key, const struct mm_err *why,
    struct mm_err *err)
{
	int got = foreign_line(reader, err);

	if (got == 0 || (got > 0 && reader->text[0] != ' '))
		return broken(err, "the dump has no end: it was cut");
	if (got > 0)
		got = decode(reader, reader->value, err);
	if (key < 0)
		*err = *why;
	return key < 0 ? key : got;
}

int
foreign_dump(struct foreign_reader *reader, struct mm_err *err)
{
	struct mm_err why = {""};
	int got;

	for (;;) {
		if (!reader->in_data && (got = header(reader, err)) <= 0)
			return got;
		got = foreign_line(reader, err);
		if (got <= 0 || reader->text[0] == ' ')
			break;
		if (strcmp(reader->text, "DATA=END") != 0)
			return broken(err, "neither a record nor DATA=END");
		reader->in_data = false;
	}
	if (got == 0)
		return broken(err, "the dump has no end: it was cut");
	reader->record++;
	if (got > 0)
		got = decode(reader, reader->key, err);
	if (got < 0)
		why = *err;
	return value_of(reader, got, &why, err);
}

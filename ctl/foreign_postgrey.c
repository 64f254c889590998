/*
 * foreign_postgrey - postgrey's two databases, as of 1.37.
 *
 * postgrey.db has triplets: "NETWORK/SENDER/RECIPIENT", in small letters, and
 * "FIRST,LAST", which may be followed by the host.  Where the two are as far
 * apart as its delay, it has passed.  The network is its first address.
 * postgrey_clients.db has addresses, and "PASSES,LAST".
 */
#include "ctl/foreign.h"

#include <string.h>

#include "lib/err.h"
#include "lib/str.h"

#define SHA1_HEX 40
#define OLDEST 1000000000 /* a time; a client has hardly passed as often */

/* "NUMBER,NUMBER" and perhaps ",TEXT". */
static bool
two_numbers(char *text, int64_t *one, int64_t *two)
{
	char *comma = strchr(text, ','), *end;

	if (comma == NULL)
		return false;
	*comma = '\0';
	if ((end = strchr(comma + 1, ',')) != NULL)
		*end = '\0';
	return foreign_time(text, one) && foreign_time(comma + 1, two);
}

static bool
is_hashed(const char *key)
{
	return strlen(key) == SHA1_HEX &&
	       strspn(key, "0123456789abcdef") == SHA1_HEX;
}

/* Where the recipient begins, as far as one can tell: there may be a "/" in
 * either address. */
static char *
recipient_of(char *rest)
{
	char *at = *rest == '/' ? rest : strchr(rest, '@');
	char *slash = at != NULL ? strchr(at, '/') : NULL;

	return slash != NULL ? slash : strrchr(rest, '/');
}

static enum foreign_got
triplet(struct foreign_reader *reader, char *rest, struct foreign_entry *ret,
    struct mm_err *err)
{
	char *recipient = recipient_of(rest);

	if (recipient == NULL) {
		mm_err_set(err, "\"%.200s\" has no recipient", rest);
		return FOREIGN_UNKNOWN;
	}
	/* value's room is free: its numbers are read */
	memcpy(reader->value, rest, strlen(rest) + 1);
	ret->kind = FOREIGN_TRIPLET;
	ret->rest = reader->value;
	*recipient = '\0';
	ret->sender = rest;
	ret->recipient = recipient + 1;
	ret->count = ret->last - ret->first >= reader->delay;
	return FOREIGN_ENTRY;
}

static enum foreign_got
postgrey_next(struct foreign_reader *reader, struct foreign_entry *ret,
    struct mm_err *err)
{
	int64_t one, two;
	char *rest;
	int got = foreign_dump(reader, err);

	if (got <= 0)
		return got == 0	   ? FOREIGN_END
		       : got == -1 ? FOREIGN_UNKNOWN
				   : FOREIGN_BROKEN;
	if (!two_numbers(reader->value, &one, &two)) {
		mm_err_set(err, "\"%.60s\" is not two numbers", reader->value);
		return FOREIGN_UNKNOWN;
	}
	if (is_hashed(reader->key))
		return FOREIGN_HASHED;
	if ((rest = strchr(reader->key, '/')) != NULL)
		*rest++ = '\0';
	if (!mm_ip_parse(reader->key, &ret->ip)) {
		mm_err_set(err, "\"%.60s\" is no address", reader->key);
		return FOREIGN_UNKNOWN;
	}
	ret->prefix = ret->ip.family == MM_IP_V6 ? 128 : 32;
	ret->first = one;
	ret->last = two;
	if (rest != NULL)
		return triplet(reader, rest, ret, err);
	if (one == 0 || one >= OLDEST) {
		mm_err_set(
		    err, "a client that has passed %lld times", (long long)one);
		return FOREIGN_UNKNOWN;
	}
	ret->kind = FOREIGN_CLIENT;
	ret->count = one;
	ret->first = two;
	return FOREIGN_ENTRY;
}

const struct foreign_program foreign_postgrey = {
    .name = "postgrey",
    .delay = 300,
    .next = postgrey_next,
};

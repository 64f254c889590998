/*
 * foreign_sqlgrey - rows of sqlgrey's tables, as of 1.8.0.
 *
 * A line has seven columns with tabs between: table, sender_name,
 * sender_domain, src, rcpt, first_seen and last_seen, as seconds.  Columns that
 * a table does not have are empty or "0".  A tab, a backslash or a line's end
 * is written the way that MySQL's batch mode and PostgreSQL's COPY both have.
 *
 * src is an address, or the first three parts of an IPv4 one, or the first
 * four of an IPv6 one.
 */
#include "ctl/foreign.h"

#include <string.h>

#include "lib/err.h"
#include "lib/str.h"

#define UNDEF "-undef-" /* the null sender's parts, and a domain that is not */

enum { TABLE, USER, DOMAIN, SRC, RCPT, FIRST, LAST };

/* In place.  False: an escape that nobody writes. */
static bool
unescape(char *text)
{
	static const char from[] = "tn\\r", to[] = "\t\n\\\r";
	char *end = text;

	for (; *text != '\0'; text++) {
		const char *at;

		if (*text != '\\') {
			*end++ = *text;
			continue;
		}
		text++;
		if (*text == '\0' || (at = strchr(from, *text)) == NULL)
			return false;
		*end++ = to[at - from];
	}
	*end = '\0';
	return true;
}

static int
split(char *text, char *field[FOREIGN_FIELDS], struct mm_err *err)
{
	size_t n = 0;

	for (char *next = text; next != NULL; text = next) {
		if ((next = strchr(text, '\t')) != NULL)
			*next++ = '\0';
		if (n == FOREIGN_FIELDS || !unescape(text))
			break;
		field[n++] = text;
		if (next == NULL && n == FOREIGN_FIELDS)
			return 0;
	}
	return mm_err_set(err, "this is not seven columns with tabs between");
}

static size_t
count_of(const char *text, char c)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == c;
	return n;
}

static bool
source(const char *src, struct foreign_entry *ret)
{
	char full[64];
	struct mm_buf buf;

	if (mm_ip_parse(src, &ret->ip)) {
		ret->prefix = ret->ip.family == MM_IP_V6 ? 128 : 32;
		return true;
	}
	mm_buf_init(&buf, full, sizeof(full));
	if (count_of(src, '.') == 2) {
		mm_buf_addf(&buf, "%s.0", src);
		ret->prefix = 24;
	} else {
		mm_buf_addf(&buf, "%s::", src);
		ret->prefix = 64;
	}
	return !buf.cut && mm_ip_parse(full, &ret->ip) &&
	       (ret->ip.family == MM_IP_V4 || count_of(src, ':') == 3);
}

/* "user@domain" again; it stands in reader->key. */
static bool
sender(struct foreign_reader *reader, char *const field[FOREIGN_FIELDS],
    struct foreign_entry *ret)
{
	struct mm_buf buf;

	mm_buf_init(&buf, reader->key, sizeof(reader->key));
	if (strcmp(field[USER], UNDEF) != 0)
		mm_buf_add(&buf, field[USER]);
	if (strcmp(field[DOMAIN], UNDEF) != 0)
		mm_buf_addf(&buf, "@%s", field[DOMAIN]);
	ret->sender = reader->key;
	return !buf.cut;
}

static bool
row(struct foreign_reader *reader, char *const field[FOREIGN_FIELDS],
    struct foreign_entry *ret, struct mm_err *err)
{
	static const struct {
		const char *table;
		enum foreign_kind kind;
	} tables[] = {{"connect", FOREIGN_MAIL}, {"from_awl", FOREIGN_SENDER},
	    {"domain_awl", FOREIGN_DOMAIN}};
	size_t i = 0;

	while (i < sizeof(tables) / sizeof(tables[0]) &&
	       strcmp(tables[i].table, field[TABLE]) != 0)
		i++;
	if (i == sizeof(tables) / sizeof(tables[0])) {
		mm_err_set(err, "\"%.60s\" is no table of it", field[TABLE]);
		return false;
	}
	ret->kind = tables[i].kind;
	if (!foreign_time(field[FIRST], &ret->first) ||
	    !foreign_time(field[LAST], &ret->last)) {
		mm_err_set(err, "\"%.30s\" or \"%.30s\" is no time in seconds",
		    field[FIRST], field[LAST]);
		return false;
	}
	if (!source(field[SRC], ret)) {
		mm_err_set(err, "\"%.60s\" is no address", field[SRC]);
		return false;
	}
	ret->user = field[USER];
	ret->domain = field[DOMAIN];
	ret->recipient = field[RCPT];
	ret->count = ret->kind != FOREIGN_MAIL;
	if (ret->kind == FOREIGN_MAIL)
		ret->last = ret->first;
	return sender(reader, field, ret);
}

static enum foreign_got
sqlgrey_next(struct foreign_reader *reader, struct foreign_entry *ret,
    struct mm_err *err)
{
	char *field[FOREIGN_FIELDS];
	int got = foreign_line(reader, err);

	if (got == 0)
		return FOREIGN_END;
	if (got < 0 || split(reader->text, field, err) != 0 ||
	    !row(reader, field, ret, err))
		return FOREIGN_UNKNOWN;
	return FOREIGN_ENTRY;
}

const struct foreign_program foreign_sqlgrey = {
    .name = "sqlgrey",
    .next = sqlgrey_next,
};

/* request - see request.h. */
#include "lib/request.h"

#include <string.h>

#include "lib/err.h"
#include "lib/str.h"

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || c == '-';
}

static bool
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~@:/", c) != NULL);
}

/* -1: no hexadecimal digit. */
static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A word at *at, which moves behind it and the blank that ends it.  Its last
 * byte, ends or blank, is *end. */
static char *
take_word(char **at, char *end)
{
	char *word = *at, *p = word;

	while (is_word(*p))
		p++;
	*end = *p;
	if (*p != '\0')
		*p++ = '\0';
	*at = p;
	return word;
}

/* The byte that stands at *from, which moves behind it.  -1: none may. */
static int
take_byte(const char **from)
{
	const char *at = *from;
	int high, low;

	if (*at != '%') {
		++*from;
		return is_plain(*at) ? (unsigned char)*at : -1;
	}
	if ((high = digit(at[1])) < 0 || (low = digit(at[2])) < 0 ||
	    high + low == 0)
		return -1;
	*from += 3;
	return high * 16 + low;
}

/* Decodes the value at *at in its place, likewise; *more: a blank ended it. */
static char *
take_value(char **at, bool *more, struct mm_err *err)
{
	const char *from = *at;
	char *value = *at, *to = value;

	while (*from != '\0' && *from != ' ') {
		int byte = take_byte(&from);

		if (byte < 0) {
			mm_err_set(err, "a value is not encoded as it has to "
					"be");
			return NULL;
		}
		*to++ = (char)byte;
	}
	if (to - value > MM_REQUEST_VALUE) {
		mm_err_set(err, "a value is too long");
		return NULL;
	}
	*more = *from == ' ';
	*at += from - *at + *more;
	*to = '\0';
	return value;
}

static int
take_argument(char **at, bool *more, struct mm_request *ret, struct mm_err *err)
{
	struct mm_request_arg *arg = &ret->arg[ret->n];
	char end;

	if (ret->n == MM_REQUEST_ARGS)
		return mm_err_set(err, "too many arguments");
	arg->name = take_word(at, &end);
	if (*arg->name == '\0' || end != '=')
		return mm_err_set(err, "an argument is not \"name=value\"");
	if (mm_request_value(ret, arg->name) != NULL)
		return mm_err_set(err, "%s is given twice", arg->name);
	if ((arg->value = take_value(at, more, err)) == NULL)
		return -1;
	ret->n++;
	return 0;
}

int
mm_request_parse(char *line, struct mm_request *ret, struct mm_err *err)
{
	char *at = line, end;
	bool more;

	*ret = (struct mm_request){0};
	ret->word = take_word(&at, &end);
	if (*ret->word == '\0' || (end != '\0' && end != ' '))
		return mm_err_set(err, "that is no command");
	for (more = end == ' '; more;)
		if (take_argument(&at, &more, ret, err) != 0)
			return -1;
	return 0;
}

const char *
mm_request_value(const struct mm_request *request, const char *name)
{
	for (size_t i = 0; i < request->n; i++)
		if (strcmp(request->arg[i].name, name) == 0)
			return request->arg[i].value;
	return NULL;
}

int
mm_request_write(
    const struct mm_request *request, struct mm_buf *buf, struct mm_err *err)
{
	mm_buf_add(buf, request->word);
	for (size_t i = 0; i < request->n; i++) {
		const char *value = request->arg[i].value;

		if (strlen(value) > MM_REQUEST_VALUE)
			return mm_err_set(
			    err, "%s is too long", request->arg[i].name);
		mm_buf_addf(buf, " %s=", request->arg[i].name);
		for (; *value != '\0'; value++)
			if (is_plain(*value))
				mm_buf_addc(buf, *value);
			else
				mm_buf_addf(buf, "%%%02X",
				    (unsigned)(unsigned char)*value);
	}
	mm_buf_addc(buf, '\n');
	return buf->cut ? mm_err_set(err, "that is too much") : 0;
}

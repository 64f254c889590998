/* exempt_pattern - what a pattern of an exception is. */
#include "lib/exempt_read.h"

#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/err.h"
#include "lib/hostname.h"
#include "lib/map.h"
#include "lib/str.h"

/* A row of a pcre: table.  A slash in the middle needs no backslash here. */
static char *
regex_row(const char *pattern)
{
	char *row = malloc(2 * strlen(pattern) + sizeof(" x\n")), *to = row;

	if (row == NULL)
		return NULL;
	*to++ = *pattern++;
	for (; pattern[1] != '\0'; pattern++) {
		if (*pattern == '\\')
			*to++ = *pattern++;
		else if (*pattern == '/')
			*to++ = '\\';
		*to++ = *pattern;
	}
	memcpy(to, "/ x\n", sizeof("/ x\n"));
	return row;
}

/* "/.../", Perl's kind, without regard to case. */
static int
read_regex(struct mm_exempt_item *item, const char *pattern, struct mm_err *err)
{
	struct mm_complaints said = {0};
	size_t len = strlen(pattern);
	char *row;
	int rc = -1;

	if (len < 3 || pattern[len - 1] != '/' || pattern[len - 2] == '\\')
		return mm_err_set(err,
		    "\"%.200s\": a pattern stands between two slashes",
		    pattern);
	if ((row = regex_row(pattern)) == NULL)
		return mm_err_set(err, "out of memory");
	item->form = MM_EXEMPT_REGEX;
	item->regex =
	    mm_map_parse("pcre:pattern", row, strlen(row), &said, err);
	if (item->regex != NULL && said.errors == 0 &&
	    mm_map_size(item->regex) == 1)
		rc = 0;
	else if (said.n > 0)
		mm_err_set(err, "%.200s: %s", pattern, said.list[0].text);
	else if (item->regex != NULL)
		mm_err_set(err, "%.200s: not a pattern", pattern);
	if (rc != 0) {
		mm_map_free(item->regex);
		item->regex = NULL;
	}
	mm_complaints_clear(&said);
	free(row);
	return rc;
}

/* "192.168.", "192.168.1": the first octets of an address. */
static bool
partial_address(const char *text, struct mm_prefix *ret)
{
	char whole[MM_IP_TEXT_MAX];
	size_t len = strlen(text);
	unsigned octets = 1;
	struct mm_buf buf;

	if (text[strspn(text, "0123456789.")] != '\0' || *text == '\0')
		return false;
	for (const char *p = text; *p != '\0'; p++)
		octets += *p == '.' && p[1] != '\0';
	if (octets > 3 || (octets == 1 && text[len - 1] != '.'))
		return false;
	mm_buf_init(&buf, whole, sizeof(whole));
	mm_buf_addn(&buf, text, text[len - 1] == '.' ? len - 1 : len);
	for (unsigned i = octets; i < 4; i++)
		mm_buf_add(&buf, ".0");
	ret->len = (uint8_t)(8 * octets);
	return !buf.cut && mm_ip_parse(whole, &ret->ip);
}

/* A network whose host bits are set, as postgrey takes it. */
static bool
lenient_network(const char *text, struct mm_prefix *ret)
{
	const char *slash = strchr(text, '/');
	char address[MM_IP_TEXT_MAX];
	unsigned long len;
	struct mm_buf buf;

	if (slash == NULL)
		return false;
	mm_buf_init(&buf, address, sizeof(address));
	mm_buf_addn(&buf, text, (size_t)(slash - text));
	if (buf.cut || !mm_ip_parse(address, &ret->ip) ||
	    !mm_str_to_uint(
		slash + 1, 0, ret->ip.family == MM_IP_V4 ? 32 : 128, &len))
		return false;
	ret->len = (uint8_t)len;
	mm_ip_mask(&ret->ip, ret->len);
	return true;
}

static int
bad_name(const char *text, const char *what, struct mm_err *err)
{
	if (*text == '.' && mm_hostname_valid(text + 1))
		return mm_err_set(err,
		    "\"%.200s\": without the dot it has what is below it",
		    text);
	return mm_err_set(err, "\"%.200s\" is %s", text, what);
}

static int
read_client(struct mm_exempt_item *item, const char *pattern, bool strict,
    struct mm_err *err)
{
	struct mm_prefix *prefix = &item->prefix;

	item->form = MM_EXEMPT_NETWORK;
	if (mm_prefix_parse(pattern, prefix, err) == 0 ||
	    partial_address(pattern, prefix) ||
	    (!strict && lenient_network(pattern, prefix)))
		return 0;
	/* then *err says what is wrong with it as a network */
	if (strpbrk(pattern, "/:[") != NULL ||
	    pattern[strspn(pattern, "0123456789.")] == '\0')
		return -1;
	item->form = MM_EXEMPT_NAME;
	if (mm_hostname_valid(pattern))
		return 0;
	return bad_name(pattern, "neither a host name nor an address", err);
}

static bool
domain_or_literal(const char *text)
{
	return *text == '[' || mm_hostname_valid(text);
}

/* user@domain, user@, domain, and "<>" of a sender. */
static int
read_address(
    struct mm_exempt_item *item, const char *pattern, struct mm_err *err)
{
	const char *at = strrchr(pattern, '@');

	item->form = at != NULL ? MM_EXEMPT_ADDRESS : MM_EXEMPT_NAME;
	if (item->entry.kind == MM_EXEMPT_SENDER &&
	    strcmp(pattern, "<>") == 0) {
		item->form = MM_EXEMPT_ADDRESS;
		return 0;
	}
	if (at == NULL
		? mm_hostname_valid(pattern)
		: at > pattern && (at[1] == '\0' || domain_or_literal(at + 1)))
		return 0;
	return bad_name(pattern, "neither an address nor a domain", err);
}

int
mm_exempt_read_pattern(
    struct mm_exempt_item *item, char *pattern, bool strict, struct mm_err *err)
{
	if (pattern[strcspn(pattern, " \t\r\v\f")] != '\0')
		return mm_err_set(err,
		    "\"%.200s\": more than one word: an exception each has "
		    "its own line",
		    pattern);
	if (*pattern == '/')
		return read_regex(item, pattern, err);
	mm_str_fold(pattern);
	return item->entry.kind == MM_EXEMPT_CLIENT
		   ? read_client(item, pattern, strict, err)
		   : read_address(item, pattern, err);
}

/* access - see access.h. */
#include "lib/access.h"

#include "lib/err.h"
#include "lib/str.h"
#include "lib/verdict.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define BLANKS " \t\r\n"
#define NEAR 2 /* edits between a slip of the pen and the word meant */

static const struct {
	const char *word;
	enum mm_access_verb verb; /* MM_ACCESS_NONE: no milter can */
	bool dsn, text;		  /* may follow */
} actions[] = {
    {"DUNNO", MM_ACCESS_DUNNO, false, false},
    {"OK", MM_ACCESS_OK, false, false},
    {"RELAY", MM_ACCESS_OK, false, false},
    {"REJECT", MM_ACCESS_REJECT, true, true},
    {"DEFER", MM_ACCESS_DEFER, true, true},
    {"DEFER_IF_PERMIT", MM_ACCESS_DEFER_IF_PERMIT, true, true},
    {"DEFER_IF_REJECT", MM_ACCESS_DEFER_IF_REJECT, true, true},
    {"WARN", MM_ACCESS_WARN, false, true},
    {"INFO", MM_ACCESS_INFO, false, true},
    {"BCC", MM_ACCESS_BCC, false, true},
    {"DISCARD", MM_ACCESS_DISCARD, false, true},
    {"FILTER", MM_ACCESS_NONE, false, false},
    {"HANGUP", MM_ACCESS_HANGUP, false, true},
    {"HOLD", MM_ACCESS_HOLD, false, true},
    {"PREPEND", MM_ACCESS_PREPEND, false, true},
    {"REDIRECT", MM_ACCESS_REDIRECT, false, true},
};

static const char *
skip_blanks(const char *p)
{
	return p + strspn(p, BLANKS);
}

/* Takes an optional status code from the front of p, returns the text behind
 * it. */
static const char *
take_dsn(const char *p, struct mm_access *access)
{
	size_t len = mm_dsn_len(p);

	memcpy(access->dsn, p, len);
	return skip_blanks(p + len);
}

/* "4NN text", "5NN text"; a status code is text enough. */
static int
parse_code(
    const char *value, size_t len, struct mm_access *ret, struct mm_err *err)
{
	struct mm_access access = {.verb = MM_ACCESS_CODE};

	if (len != 3 || (value[0] != '4' && value[0] != '5'))
		return mm_err_set(err,
		    "\"%.*s\" is not a reply code for a refusal: it must be "
		    "4NN or 5NN",
		    (int)len, value);
	access.code =
	    (value[0] - '0') * 100 + (value[1] - '0') * 10 + (value[2] - '0');
	access.text = take_dsn(skip_blanks(value + len), &access);
	*ret = access;
	return 0;
}

int
mm_access_unknown(const char *value, struct mm_err *err)
{
	size_t len = strcspn(value = skip_blanks(value), BLANKS ",");
	char word[32];
	struct mm_buf buf;
	size_t best = 0;
	unsigned least = NEAR + 1;

	mm_buf_init(&buf, word, sizeof(word));
	mm_buf_addn(&buf, value, len);
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		unsigned d = mm_str_distance(word, actions[i].word, least);

		if (d < least && d < strlen(actions[i].word)) {
			least = d;
			best = i;
		}
	}
	if (least <= NEAR)
		return mm_err_set(err,
		    "unknown action \"%s\": did you mean \"%s\"?", word,
		    actions[best].word);
	return mm_err_set(err,
	    "unknown action \"%s\": it must be OK, REJECT, DEFER, DUNNO, a "
	    "code with text, another one of access(5), or restrictions and "
	    "classes",
	    word);
}

/* What is no action is a list of restrictions; tables cannot be in it. */
static int
parse_list(const char *value, struct mm_access *ret, struct mm_err *err)
{
	if (strchr(value, ':') != NULL)
		return mm_err_set(err,
		    "\"%.60s\": no table can stand in the result of a table: "
		    "name a class of smtpd_restriction_classes that has it",
		    value);
	*ret = (struct mm_access){.verb = MM_ACCESS_LIST, .text = value};
	return 0;
}

int
mm_access_parse(const char *value, struct mm_access *ret, struct mm_err *err)
{
	const char *word = skip_blanks(value);
	size_t len = strcspn(word, BLANKS), digits;
	struct mm_access access = {.verb = MM_ACCESS_NONE, .text = ""};

	if (len == 0)
		return mm_err_set(err, "an empty result");
	digits = strspn(word, "0123456789");
	if (digits == len && *skip_blanks(word + len) == '\0') {
		/* a time stamp left by something else: OK, as in Postfix */
		access.verb = MM_ACCESS_OK;
		*ret = access;
		return 0;
	}
	if (digits == len)
		return parse_code(word, len, ret, err);

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strlen(actions[i].word) != len ||
		    !mm_str_begins(word, actions[i].word))
			continue;
		if (actions[i].verb == MM_ACCESS_NONE)
			return mm_err_set(err,
			    "%s: no milter can: PREPEND a header of your own, "
			    "and let header_checks in main.cf FILTER by it",
			    actions[i].word);
		access.verb = actions[i].verb;
		if (actions[i].text)
			access.text = skip_blanks(word + len);
		if (actions[i].dsn)
			access.text = take_dsn(access.text, &access);
		*ret = access;
		return 0;
	}
	return parse_list(word, ret, err);
}

/* "name: value", as Postfix has it: blanks may stand before the colon. */
static int
check_header(const char *text, struct mm_err *err)
{
	size_t len = 0;

	while (text[len] > ' ' && text[len] <= '~' && text[len] != ':')
		len++;
	if (len == 0 || text[len + strspn(text + len, BLANKS)] != ':')
		return mm_err_set(err,
		    "\"%.60s\" is not a header, as in \"PREPEND X-Note: "
		    "text\"",
		    text);
	if (strlen(text) > MM_ACCESS_HEADER_MAX)
		return mm_err_set(err, "a header of more than %d bytes",
		    MM_ACCESS_HEADER_MAX);
	return 0;
}

static int
check_address(const char *text, struct mm_err *err)
{
	size_t len = strcspn(text, BLANKS);

	if (text[len] != '\0' || strchr(text, '@') == NULL ||
	    len > MM_ACCESS_HEADER_MAX)
		return mm_err_set(
		    err, "\"%.60s\" is not an address user@domain", text);
	return 0;
}

int
mm_access_check(const struct mm_access *access, struct mm_err *err)
{
	switch (access->verb) {
	case MM_ACCESS_PREPEND:
		return check_header(access->text, err);
	case MM_ACCESS_BCC:
	case MM_ACCESS_REDIRECT:
		return check_address(access->text, err);
	default:
		return 0;
	}
}

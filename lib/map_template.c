/* map_template - see map_template.h. */
#include "lib/map_template.h"

#include <stdlib.h>
#include <string.h>

#include "lib/err.h"

/* The letter of the next reference behind *p, 0: there is none. */
static char
next(const char **p)
{
	const char *percent = strchr(*p, '%');

	if (percent == NULL)
		return '\0';
	*p = percent[1] != '\0' ? percent + 2 : percent + 1;
	return percent[1] != '\0' ? percent[1] : '?';
}

static int
need(char letter, bool result, struct mm_template_needs *needs,
    struct mm_err *err)
{
	switch (letter) {
	case '%':
	case 's':
	case 'S':
		break;
	case 'u':
		*(result ? &needs->value_user : &needs->key_user) = true;
		break;
	case 'd':
		*(result ? &needs->value_domain : &needs->key_domain) = true;
		break;
	case 'U':
		needs->key_user = true;
		break;
	case 'D':
		needs->key_domain = true;
		break;
	default:
		if (letter < '1' || letter > '9')
			return mm_err_set(err,
			    "\"%%%c\" is nothing that is filled in: a plain "
			    "\"%%\" is written \"%%%%\"",
			    letter);
		needs->key_domain = true;
		if ((unsigned)(letter - '0') > needs->parts)
			needs->parts = (unsigned)(letter - '0');
	}
	return 0;
}

int
mm_map_template_check(const char *text, bool result,
    struct mm_template_needs *needs, struct mm_err *err)
{
	char letter;

	while ((letter = next(&text)) != '\0') {
		if (need(letter, result, needs, err) != 0)
			return -1;
	}
	return 0;
}

/* Behind the last "@", or NULL. */
static const char *
domain_of(const char *address)
{
	const char *at = address != NULL ? strrchr(address, '@') : NULL;

	return at != NULL ? at + 1 : NULL;
}

static bool
has(const char *address, bool user, bool domain)
{
	const char *d = domain_of(address);

	return !(domain && (d == NULL || *d == '\0')) &&
	       !(user && d == address + 1);
}

/* The n-th label of a domain from its end, counted from 1, empty ones left
 * out; *len 0: none. */
static const char *
part(const char *domain, unsigned n, size_t *len)
{
	const char *end = domain + strlen(domain), *p;

	for (;; end = p) {
		while (end > domain && end[-1] == '.')
			end--;
		for (p = end; p > domain && p[-1] != '.';)
			p--;
		if (--n == 0 || p == domain)
			break;
	}
	*len = n == 0 ? (size_t)(end - p) : 0;
	return p;
}

bool
mm_map_template_fits(const struct mm_template_needs *needs, const char *key)
{
	if (*key == '\0' || !has(key, needs->key_user, needs->key_domain))
		return false;
	for (unsigned i = 1; i <= needs->parts; i++) {
		size_t len;

		part(domain_of(key), i, &len);
		if (len == 0)
			return false;
	}
	return true;
}

static void
put(FILE *out, const char *from, size_t len, mm_template_quote *quote)
{
	char *copy;

	if (quote == NULL) {
		fwrite(from, 1, len, out);
	} else if ((copy = strndup(from, len)) != NULL) {
		quote(out, copy);
		free(copy);
	} else {
		fputc('\0', out); /* no text has that: it is refused */
	}
}

/* value is the key itself in a query. */
static void
put_reference(FILE *out, char letter, const char *key, const char *value,
    mm_template_quote *quote)
{
	const char *of = letter >= 'a' ? value : key, *domain = domain_of(of);
	size_t len = strlen(of);

	if (letter == '%') {
		fputc('%', out);
		return;
	}
	if (letter >= '1' && letter <= '9') {
		of = part(domain_of(key), (unsigned)(letter - '0'), &len);
	} else if (domain != NULL && (letter == 'u' || letter == 'U')) {
		len = (size_t)(domain - of) - 1;
	} else if (domain != NULL && (letter == 'd' || letter == 'D')) {
		of = domain;
		len = strlen(domain);
	}
	put(out, of, len, quote);
}

bool
mm_map_template_write(FILE *out, const char *text,
    const struct mm_template_needs *needs, const char *key, const char *value,
    mm_template_quote *quote)
{
	const char *from = text;
	char letter;

	if (value != NULL && (*value == '\0' || !has(value, needs->value_user,
						    needs->value_domain)))
		return false;
	while ((letter = next(&text)) != '\0') {
		fwrite(from, 1, (size_t)(strchr(from, '%') - from), out);
		put_reference(
		    out, letter, key, value != NULL ? value : key, quote);
		from = text;
	}
	fputs(from, out);
	return true;
}

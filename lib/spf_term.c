/* spf_term - see spf_term.h. */
#include "lib/spf_term.h"

#include <stdio.h>
#include <string.h>

#include "lib/hostname.h"
#include "lib/str.h"

#define VERSION_LEN 6 /* "v=spf1" */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What may follow a mechanism's name. */
enum {
	DOMAIN = 1,   /* ":domain" */
	REQUIRED = 2, /* it has to be there */
	CIDR = 4,     /* "/24", "//64", "/24//64" */
	NETWORK = 8,  /* ":address", perhaps with "/24" */
};

static const struct mechanism {
	const char *name;
	enum mm_spf_kind kind;
	unsigned takes;
} mechanisms[] = {
    {"all", MM_SPF_ALL, 0},
    {"include", MM_SPF_INCLUDE, DOMAIN | REQUIRED},
    {"a", MM_SPF_A, DOMAIN | CIDR},
    {"mx", MM_SPF_MX, DOMAIN | CIDR},
    {"ptr", MM_SPF_PTR, DOMAIN},
    {"ip4", MM_SPF_IP4, NETWORK},
    {"ip6", MM_SPF_IP6, NETWORK},
    {"exists", MM_SPF_EXISTS, DOMAIN | REQUIRED},
};

static bool
is_word(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* RFC 7208 7.1: what may follow "%". */
static bool
good_macros(const char *text, size_t len)
{
	const char *end = text + len, *p = text;

	while ((p = memchr(p, '%', (size_t)(end - p))) != NULL) {
		if (++p == end || strchr("{%_-", *p) == NULL)
			return false;
		if (*p == '{' &&
		    (p = memchr(p, '}', (size_t)(end - p))) == NULL)
			return false;
		p++;
	}
	return true;
}

/* False: it is no name that could be asked for. */
static bool
read_domain(struct mm_spf_term *t, const char *text, size_t len)
{
	t->macros = memchr(text, '%', len) != NULL;
	if (t->macros)
		return good_macros(text, len);
	if (len > 0 && text[len - 1] == '.')
		len--;
	if (len >= sizeof(t->domain))
		return false;
	memcpy(t->domain, text, len);
	t->domain[len] = '\0';
	mm_str_fold(t->domain);
	return mm_hostname_fqdn(t->domain) &&
	       !mm_hostname_numeric_end(t->domain);
}

/* "/24" or what is less.  False: no length. */
static bool
read_bits(const char **text, const char *end, unsigned max, unsigned *ret)
{
	const char *p = *text + 1;
	unsigned value = 0;

	if (p == end)
		return false;
	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		value = value * 10 + (unsigned)(*p - '0');
		if (value > max)
			return false;
	}
	if (p == *text + 1)
		return false;
	*text = p;
	*ret = value;
	return true;
}

static bool
read_cidr(struct mm_spf_term *t, const char *text, const char *end)
{
	if (end - text > 1 && text[0] == '/' && text[1] != '/' &&
	    !read_bits(&text, end, 32, &t->bits4))
		return false;
	if (end - text > 1 && text[0] == '/' && text[1] == '/') {
		text++;
		if (!read_bits(&text, end, 128, &t->bits6))
			return false;
	}
	return text == end;
}

static bool
read_network(struct mm_spf_term *t, const char *text, const char *end)
{
	bool v6 = t->kind == MM_SPF_IP6;
	const char *slash = memchr(text, '/', (size_t)(end - text));
	size_t len = (size_t)((slash != NULL ? slash : end) - text);
	char address[MM_IP_TEXT_MAX];

	if (len >= sizeof(address))
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	/* a v4-mapped one would be IPv4 to mm_ip_parse() */
	if ((strchr(address, ':') != NULL) != v6 ||
	    !mm_ip_parse(address, &t->ip) ||
	    t->ip.family != (v6 ? MM_IP_V6 : MM_IP_V4))
		return false;
	if (slash != NULL && (!read_bits(&slash, end, v6 ? 128 : 32,
				  v6 ? &t->bits6 : &t->bits4) ||
				 slash != end))
		return false;
	mm_ip_mask(&t->ip, v6 ? t->bits6 : t->bits4);
	return true;
}

/* With macros nobody can say where the domain ends; it is not used. */
static bool
read_arguments(
    struct mm_spf_term *t, unsigned takes, const char *text, const char *end)
{
	const char *slash;

	if (takes & NETWORK)
		return text < end && *text == ':' &&
		       read_network(t, text + 1, end);
	if ((takes & DOMAIN) && text < end && *text == ':') {
		text++;
		slash = takes & CIDR ? memchr(text, '/', (size_t)(end - text))
				     : NULL;
		if (slash == NULL || memchr(text, '%', (size_t)(end - text)))
			slash = end;
		if (!read_domain(t, text, (size_t)(slash - text)))
			return false;
		text = slash;
	} else if (takes & REQUIRED) {
		return false;
	}
	return takes & CIDR ? read_cidr(t, text, end) : text == end;
}

static bool
read_modifier(struct mm_spf_term *t, size_t named)
{
	const char *value = t->text + named + 1;
	size_t len = t->len - named - 1;

	t->kind = is_word(t->text, named, "redirect") ? MM_SPF_REDIRECT
		  : is_word(t->text, named, "exp")    ? MM_SPF_EXP
						      : MM_SPF_MODIFIER;
	return t->kind == MM_SPF_REDIRECT ? read_domain(t, value, len)
					  : good_macros(value, len);
}

static bool
read_term(struct mm_spf_term *t)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";
	const char *name = t->text, *end = t->text + t->len;
	size_t named;

	if (strchr("+-~?", *name) != NULL)
		t->qualifier = *name++;
	named = strspn(name, letters);
	if (!is_letter(*name))
		return false;
	if (name == t->text && name + named < end && name[named] == '=')
		return read_modifier(t, named);
	for (size_t i = 0; i < COUNT(mechanisms); i++) {
		if (!is_word(name, named, mechanisms[i].name))
			continue;
		t->kind = mechanisms[i].kind;
		return read_arguments(
		    t, mechanisms[i].takes, name + named, end);
	}
	return false;
}

int
mm_spf_term_next(const char *record, size_t *at, struct mm_spf_term *ret)
{
	if (*at == 0) /* less is no record, but nobody has to know that */
		*at = strnlen(record, VERSION_LEN);
	*at += strspn(record + *at, " ");
	if (record[*at] == '\0')
		return 0;
	*ret = (struct mm_spf_term){.qualifier = '+',
	    .bits4 = 32,
	    .bits6 = 128,
	    .text = record + *at,
	    .len = strcspn(record + *at, " ")};
	*at += ret->len;
	return read_term(ret) ? 1 : -1;
}

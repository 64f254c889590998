/*
 * site_resolve - where mail for an address would go, as Postfix's resolver
 * has it: domains of our own come off at the end, what routing operators the
 * local part then has are followed, and the first domain that is not ours
 * gives the class.
 */
#include "lib/site_read.h"

#include <string.h>

#include "lib/address.h"
#include "lib/arena.h"
#include "lib/hostname.h"
#include "lib/ip.h"
#include "lib/str.h"

/* "[192.0.2.1]", "[IPv6:2001:db8::1]": one of ours? */
static bool
own_literal(const struct mm_site *site, const char *domain)
{
	static const char tag[] = "IPv6:";
	char text[MM_IP_TEXT_MAX + sizeof(tag)];
	size_t len = strlen(domain);
	const char *bare = text;
	struct mm_ip ip;

	if (len < 3 || len - 2 >= sizeof(text) || *domain != '[' ||
	    domain[len - 1] != ']')
		return false;
	memcpy(text, domain + 1, len - 2);
	text[len - 2] = '\0';
	if (mm_str_begins(text, tag))
		bare += strlen(tag);
	if ((bare != text) != (strchr(bare, ':') != NULL))
		return false;
	return mm_ip_parse(bare, &ip) && mm_site_has_address(site, &ip);
}

/* Postfix's resolve_local(), without the dot at the end. */
static enum mm_match
is_local(const struct mm_site *site, const char *domain, struct mm_arena *arena)
{
	size_t len = strlen(domain);
	enum mm_match match;

	if (len == 0 || domain[len - 1] == '.')
		return MM_MATCH_NOT;
	match = mm_matchlist_domain(site->local, domain, arena);
	if (match == MM_MATCH_NOT && own_literal(site, domain))
		return MM_MATCHES;
	return match;
}

static void
strip_dot(char *text)
{
	size_t len = strlen(text);

	if (len > 1 && text[len - 1] == '.' && text[len - 2] != '.' &&
	    text[len - 2] != '@')
		text[len - 1] = '\0';
}

/* "site!rest" becomes "rest@site", in place; bang is the "!". */
static void
swap_bang(char *text, char *bang, char *scratch)
{
	size_t site = (size_t)(bang - text), rest = strlen(bang + 1);

	memcpy(scratch, text, site);
	memmove(text, bang + 1, rest);
	text[rest] = '@';
	memcpy(text + rest + 1, scratch, site);
}

/*
 * trivial-rewrite's rules for what may be left of an address: a source route
 * goes, site!user becomes user@site, user%site becomes user@site.
 */
static char *
rewrite(char *text, char *scratch)
{
	char *colon = *text == '@' ? strchr(text, ':') : NULL, *at;

	if (colon != NULL && colon[1] != '\0')
		text = colon + 1;
	if (strchr(text, '@') == NULL) {
		if ((at = strchr(text, '!')) != NULL)
			swap_bang(text, at, scratch);
		else if ((at = strrchr(text, '%')) != NULL)
			*at = '@';
	}
	strip_dot(text);
	return text;
}

/*
 * Takes domains of our own off the end of *address, in memory of its size:
 * strangers write these, and a hop is two bytes.  MM_MATCHES: nothing else is
 * left, *address gets back the last one; MM_MATCH_NOT: it ends in one that is
 * not ours.
 */
static enum mm_match
strip_local(const struct mm_site *site, char **address, struct mm_arena *arena)
{
	const char *domain = site->myhostname;
	size_t rounds = strlen(*address) + 100;
	char *scratch = mm_arena_alloc(arena, strlen(*address) + 1);
	char *last = mm_arena_alloc(arena, strlen(*address) + 1);
	char *text = *address, *at;
	enum mm_match match;

	if (scratch == NULL || last == NULL)
		return MM_MATCH_FAILED;
	for (; rounds > 0; rounds--) {
		if ((at = strrchr(text, '@')) != NULL) {
			if (at[1] != '\0')
				strip_dot(text);
			match = at[1] == '\0' ? MM_MATCHES
					      : is_local(site, at + 1, arena);
			*address = text;
			if (match != MM_MATCHES)
				return match;
			*at = '\0';
			domain = memcpy(last, at + 1, strlen(at + 1) + 1);
		}
		if (strpbrk(text, "@!%") == NULL) {
			*address = mm_arena_printf(arena, "%s@%s",
			    *text != '\0' ? text : "MAILER-DAEMON", domain);
			return *address != NULL ? MM_MATCHES : MM_MATCH_FAILED;
		}
		text = rewrite(text, scratch);
	}
	return MM_MATCH_FAILED;
}

static bool
is_domain(const char *domain)
{
	for (const char *p = domain; *p != '\0'; p++) {
		if ((unsigned char)*p >= 0x80)
			return true;
	}
	return *domain == '[' ||
	       (mm_hostname_valid(domain) && !mm_hostname_is_address(domain));
}

/* The class of a domain that is not local. */
static enum mm_domain_class
class_of(const struct mm_site *site, const char *domain, struct mm_arena *arena)
{
	const struct {
		const struct mm_matchlist *list;
		enum mm_domain_class class;
	} classes[] = {
	    {site->alias, MM_CLASS_ALIAS},
	    {site->mailbox, MM_CLASS_MAILBOX},
	    {site->relay, MM_CLASS_RELAY},
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		enum mm_match match =
		    mm_matchlist_domain(classes[i].list, domain, arena);

		if (match != MM_MATCH_NOT)
			return match == MM_MATCHES ? classes[i].class
						   : MM_CLASS_FAILED;
	}
	return MM_CLASS_OTHER;
}

struct mm_destination
mm_site_resolve(
    const struct mm_site *site, const char *address, struct mm_arena *arena)
{
	struct mm_destination to = {MM_CLASS_UNKNOWN, address, false};
	const char *domain;
	enum mm_match match;
	char *text;

	if (!site->has_domains)
		return to;
	to.class = MM_CLASS_FAILED;
	if ((text = mm_arena_dup(arena, address)) == NULL)
		return to;
	match = strip_local(site, &text, arena);
	if (match == MM_MATCH_FAILED)
		return to;
	to.address = text;
	to.class = MM_CLASS_OTHER;
	if ((domain = mm_address_domain(text)) == NULL || !is_domain(domain))
		return to;
	to.routed = mm_address_routed(text);
	to.class = match == MM_MATCHES ? MM_CLASS_LOCAL
				       : class_of(site, domain, arena);
	return to;
}

/* greylist_identity - the ladder; see greylist_identity.h. */
#include "lib/greylist_identity.h"

#include <string.h>

#include "lib/arena.h"
#include "lib/greylist_scheme.h"
#include "lib/matchlist.h"
#include "lib/shape.h"
#include "lib/str.h"
#include "lib/suffix.h"

/* Whoever has a /48 may use as many /64 of it as he likes: for what waits
 * without a better identity they are one. */
#define SOURCE_IPV4 24
#define SOURCE_IPV6 48
/* What one host with IPv6 has for itself, at the least. */
#define HOST_IPV6 64

/* A client at work. */
struct climb {
	const struct mm_greylist_scheme *scheme;
	const struct mm_greylist_who *who;
	struct mm_arena *arena;
	const char *generic; /* its name looks so, for this reason */
};

const char *
mm_greylist_network(
    struct mm_arena *arena, const struct mm_ip *ip, unsigned bits)
{
	unsigned most = ip->family == MM_IP_V6 ? 128 : 32;
	struct mm_ip net = *ip;
	char text[MM_IP_TEXT_MAX];

	if (bits > most)
		bits = most;
	mm_ip_mask(&net, bits);
	return mm_arena_printf(arena, "%s/%u", mm_ip_format(&net, text), bits);
}

const char *
mm_greylist_host(struct mm_arena *arena, const struct mm_ip *ip)
{
	return mm_greylist_network(
	    arena, ip, ip->family == MM_IP_V6 ? HOST_IPV6 : 32);
}

/* Names that do not lead back to the address are in no group. */
static const char *
by_group(struct climb *c)
{
	const char *name = c->who->name != NULL ? c->who->name : "";

	for (size_t i = 0; i < c->scheme->ngroups; i++) {
		const struct mm_greylist_group *group = &c->scheme->groups[i];

		if (mm_matchlist_client(group->clients, name, &c->who->ip,
			c->who->address, c->arena) == MM_MATCHES)
			return mm_arena_printf(
			    c->arena, "group:%s", group->name);
	}
	return NULL;
}

/* Where in name, folded and without a dot at its end, the organisation's
 * domain begins.  NULL: it is in none. */
static const char *
find_domain(struct climb *c, const char *name, char **folded)
{
	size_t len = name != NULL ? strlen(name) : 0;

	if (len > 0 && name[len - 1] == '.')
		len--;
	if (len == 0 || c->scheme->suffixes == NULL ||
	    (*folded = mm_arena_dupn(c->arena, name, len)) == NULL)
		return NULL;
	mm_str_fold(*folded);
	return mm_suffixes_domain(c->scheme->suffixes, *folded);
}

/* The name without what a machine made of it, or of capitals and dots. */
static const char *
by_name(struct climb *c)
{
	const char *domain, *host = "";
	char *name;

	if ((domain = find_domain(c, c->who->name, &name)) == NULL)
		return NULL;
	if (domain > name) {
		name[domain - name - 1] = '\0';
		host = name;
	}
	c->generic = mm_shape_generic(host, &c->who->ip);
	return c->generic == NULL ? mm_arena_printf(c->arena, "name:%s", domain)
				  : NULL;
}

/* As with names the organisation's domain: its hosts have different ones at
 * HELO, and many have a subdomain for what comes back. */
static const char *
by_spf(struct climb *c)
{
	char *name;
	const char *domain = find_domain(c, c->who->spf_domain, &name);

	return domain != NULL ? mm_arena_printf(c->arena, "spf:%s", domain)
			      : NULL;
}

static const char *
by_network(struct climb *c)
{
	return mm_greylist_network(c->arena, &c->who->ip,
	    c->who->ip.family == MM_IP_V6 ? c->scheme->ipv6_prefix
					  : c->scheme->ipv4_prefix);
}

static const char *
by_address(struct climb *c)
{
	return mm_greylist_network(c->arena, &c->who->ip, 128);
}

/* NULL: the step does not know it, or memory is out. */
static const char *(*const steps[MM_NRUNGS])(struct climb *c) = {
    [MM_RUNG_ADDRESS] = by_address,
    [MM_RUNG_GROUP] = by_group,
    [MM_RUNG_NAME] = by_name,
    [MM_RUNG_SPF] = by_spf,
    [MM_RUNG_NETWORK] = by_network,
};

static bool
has_rung(const struct mm_greylist_scheme *scheme, enum mm_rung rung)
{
	for (size_t i = 0; i < scheme->nrungs; i++) {
		if (scheme->ladder[i] == rung)
			return true;
	}
	return false;
}

/* Its own name, or a wide network: whoever owns a domain has as many senders
 * in it as he likes. */
static const char *
source(struct climb *c, const struct mm_identity *identity)
{
	bool v6 = c->who->ip.family == MM_IP_V6;
	unsigned bits = v6 ? SOURCE_IPV6 : SOURCE_IPV4;
	unsigned own = v6 ? c->scheme->ipv6_prefix : c->scheme->ipv4_prefix;

	if (identity->rung == MM_RUNG_GROUP || identity->rung == MM_RUNG_NAME)
		return identity->text;
	return mm_greylist_network(
	    c->arena, &c->who->ip, own < bits ? own : bits);
}

bool
mm_greylist_needs_spf(const struct mm_greylist_scheme *scheme,
    const struct mm_greylist_who *who, struct mm_arena *arena)
{
	struct climb c = {.scheme = scheme, .who = who, .arena = arena};

	for (size_t i = 0; i < scheme->nrungs; i++) {
		if (scheme->ladder[i] == MM_RUNG_SPF)
			return true;
		if (steps[scheme->ladder[i]](&c) != NULL)
			return false;
	}
	return false;
}

const char *
mm_greylist_generic(const struct mm_greylist_scheme *scheme,
    const struct mm_greylist_who *who, struct mm_arena *arena)
{
	struct climb c = {.scheme = scheme, .who = who, .arena = arena};

	by_name(&c);
	return c.generic;
}

bool
mm_greylist_identify(const struct mm_greylist_scheme *scheme,
    const struct mm_greylist_who *who, struct mm_arena *arena,
    struct mm_identity *ret)
{
	struct climb c = {.scheme = scheme, .who = who, .arena = arena};
	const char *text = NULL;
	size_t i = 0;

	*ret = (struct mm_identity){0};
	for (; i < scheme->nrungs && text == NULL; i++) {
		ret->rung = scheme->ladder[i];
		text = steps[ret->rung](&c);
	}
	ret->network =
	    has_rung(scheme, MM_RUNG_NETWORK) ? by_network(&c) : by_address(&c);
	if (text == NULL) {
		ret->rung = MM_RUNG_ADDRESS;
		text = ret->network;
	}
	ret->text = text;
	ret->why = ret->rung == MM_RUNG_SPF ? who->spf_why : NULL;
	ret->host = mm_greylist_host(arena, &who->ip);
	ret->source = source(&c, ret);
	ret->generic = c.generic;
	return !mm_arena_failed(arena) && ret->text != NULL &&
	       ret->network != NULL && ret->host != NULL && ret->source != NULL;
}

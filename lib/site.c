/* site - what the settings name, opened; see site.h.  Where mail would go is
 * in site_resolve.c. */
#include "lib/site_read.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/err.h"
#include "lib/ip.h"
#include "lib/settings.h"

#define SITE(field) offsetof(struct mm_site, field)
#define SETTING(field) offsetof(struct mm_settings, field)

/* clang-format off */
static const struct list {
	const char *name;
	enum mm_matchlist_kind kind;
	size_t list, setting;
} lists[] = {
	{ "mynetworks",              MM_MATCH_CLIENT, SITE(networks), SETTING(mynetworks) },
	{ "mydestination",           MM_MATCH_WHOLE,  SITE(local),    SETTING(mydestination) },
	{ "virtual_alias_domains",   MM_MATCH_WHOLE,  SITE(alias),    SETTING(virtual_alias_domains) },
	{ "virtual_mailbox_domains", MM_MATCH_WHOLE,  SITE(mailbox),  SETTING(virtual_mailbox_domains) },
	{ "relay_domains",           MM_MATCH_DOMAIN, SITE(relay),    SETTING(relay_domains) },
};
/* clang-format on */
#define NLISTS (sizeof(lists) / sizeof(lists[0]))

static struct mm_matchlist **
list_of(struct mm_site *site, const struct list *list)
{
	return (struct mm_matchlist **)((char *)site + list->list);
}

/* -1: out of memory. */
static int
read_list(struct mm_site *site, const struct list *list,
    const struct mm_settings *settings, struct mm_complaints *all)
{
	const char *text = (const char *)settings + list->setting;
	struct mm_matchlist_how how = {.kind = list->kind,
	    .parents = mm_matchlist_parents(
		settings->parent_domain_matches_subdomains, list->name),
	    .name = list->name};
	struct mm_matchlist *read =
	    mm_matchlist_read((const struct mm_text *)text, &how, all);

	if (read == NULL)
		return -1;
	*list_of(site, list) = read;
	if (list->kind != MM_MATCH_CLIENT && mm_matchlist_size(read) > 0)
		site->has_domains = true;
	return 0;
}

static void
read_addresses(struct mm_addresses *to, const char *name, const char *text,
    const struct mm_conf *conf, struct mm_complaints *all)
{
	struct mm_err err;

	if (mm_addresses_add(to, text, &err) != 0)
		mm_complain(all, MM_ERROR, mm_conf_file(conf),
		    mm_conf_line_of(conf, name), "%s: %s", name, err.text);
}

struct mm_site *
mm_site_read(const struct mm_settings *settings, const struct mm_conf *conf,
    struct mm_complaints *all)
{
	struct mm_site *site = calloc(1, sizeof(*site));

	if (site == NULL ||
	    (site->myhostname = strdup(settings->myhostname)) == NULL)
		goto fail;
	for (size_t i = 0; i < NLISTS; i++) {
		if (read_list(site, &lists[i], settings, all) != 0)
			goto fail;
	}
	read_addresses(&site->interfaces, "inet_interfaces",
	    settings->inet_interfaces, conf, all);
	read_addresses(&site->proxies, "proxy_interfaces",
	    settings->proxy_interfaces, conf, all);
	return site;

fail:
	mm_site_free(site);
	return NULL;
}

void
mm_site_free(struct mm_site *site)
{
	if (site == NULL)
		return;
	for (size_t i = 0; i < NLISTS; i++)
		mm_matchlist_free(*list_of(site, &lists[i]));
	mm_addresses_clear(&site->interfaces);
	mm_addresses_clear(&site->proxies);
	free(site->myhostname);
	free(site);
}

bool
mm_site_has_domains(const struct mm_site *site)
{
	return site->has_domains;
}

enum mm_match
mm_site_has_client(const struct mm_site *site, const char *name,
    const struct mm_ip *ip, const char *address, struct mm_arena *arena)
{
	return mm_matchlist_client(site->networks, name, ip, address, arena);
}

bool
mm_site_has_interface(const struct mm_site *site, const struct mm_ip *ip)
{
	return mm_addresses_have(&site->interfaces, ip);
}

bool
mm_site_has_address(const struct mm_site *site, const struct mm_ip *ip)
{
	return mm_site_has_interface(site, ip) ||
	       mm_addresses_have(&site->proxies, ip);
}

bool
mm_destination_final(const struct mm_destination *destination)
{
	return destination->class == MM_CLASS_LOCAL ||
	       destination->class == MM_CLASS_ALIAS ||
	       destination->class == MM_CLASS_MAILBOX;
}

bool
mm_destination_authorised(const struct mm_destination *destination)
{
	return !destination->routed &&
	       (mm_destination_final(destination) ||
		   destination->class == MM_CLASS_RELAY);
}

void
mm_site_files(const struct mm_site *site, mm_file_each *each, void *ctx)
{
	for (size_t i = 0; i < NLISTS; i++) {
		const struct mm_matchlist *const *list =
		    (const void *)((const char *)site + lists[i].list);

		mm_matchlist_files(*list, each, ctx);
	}
}

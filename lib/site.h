/*
 * site - what is ours: networks, addresses and domains, as the settings name
 * them.
 *
 * Opened once for a policy.  Where mail for an address would go is worked out
 * as Postfix's trivial-rewrite(8) does it, without asking anybody.
 * Threads: immutable; lookups bring their own arena.
 */
#ifndef MM_SITE_H
#define MM_SITE_H

#include <stdbool.h>

#include "lib/matchlist.h"

struct mm_arena;
struct mm_complaints;
struct mm_conf;
struct mm_ip;
struct mm_settings;
struct mm_site;

/* The classes of ADDRESS_CLASS_README. */
enum mm_domain_class {
	MM_CLASS_UNKNOWN = 0, /* no setting names any domain */
	MM_CLASS_LOCAL,	      /* mydestination, inet_interfaces */
	MM_CLASS_ALIAS,	      /* virtual_alias_domains */
	MM_CLASS_MAILBOX,     /* virtual_mailbox_domains */
	MM_CLASS_RELAY,	      /* relay_domains */
	MM_CLASS_OTHER,	      /* none of these */
	MM_CLASS_FAILED,      /* a table cannot be used */
};

struct mm_destination {
	enum mm_domain_class class;
	/* what is left when routes and domains of our own are taken off;
	 * with MM_CLASS_UNKNOWN the address as it was */
	const char *address;
	bool routed; /* the local part names a further hop */
};

/* Complaints go to all.  NULL: out of memory. */
struct mm_site *mm_site_read(const struct mm_settings *settings,
    const struct mm_conf *conf, struct mm_complaints *all);
void mm_site_free(struct mm_site *site); /* NULL is fine */

/* The files that it was made from. */
void mm_site_files(const struct mm_site *site, mm_file_each *each, void *ctx);

/* Any of mydestination, relay_domains, virtual_*_domains is set. */
bool mm_site_has_domains(const struct mm_site *site);
/* mynetworks.  address: ip as text. */
enum mm_match mm_site_has_client(const struct mm_site *site, const char *name,
    const struct mm_ip *ip, const char *address, struct mm_arena *arena);
/* inet_interfaces. */
bool mm_site_has_interface(const struct mm_site *site, const struct mm_ip *ip);
/* inet_interfaces, proxy_interfaces. */
bool mm_site_has_address(const struct mm_site *site, const struct mm_ip *ip);
/* address is in internal form, without source route. */
struct mm_destination mm_site_resolve(
    const struct mm_site *site, const char *address, struct mm_arena *arena);
/* Mail for it ends here; relay_domains do not count. */
bool mm_destination_final(const struct mm_destination *destination);
/* Mail for it is ours to take, as permit_auth_destination has it. */
bool mm_destination_authorised(const struct mm_destination *destination);

#endif

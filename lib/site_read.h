/*
 * site_read - what a site is made of; for site's own files.
 *
 * Threads: immutable once read.
 */
#ifndef MM_SITE_READ_H
#define MM_SITE_READ_H

#include "lib/site.h"
#include "lib/site_addresses.h"

struct mm_site {
	struct mm_matchlist *networks;
	struct mm_matchlist *local, *alias, *mailbox, *relay;
	struct mm_addresses interfaces, proxies;
	bool has_domains;
	char *myhostname;
};

#endif

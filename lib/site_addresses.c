/* site_addresses - see site_addresses.h. */
#include "lib/site_addresses.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/ip.h"
#include "lib/str.h"
#include "lib/tokens.h"

static int
add(struct mm_addresses *to, const struct mm_ip *ip, struct mm_err *err)
{
	struct mm_ip *more;

	if (mm_addresses_have(to, ip))
		return 0;
	more = reallocarray(to->ip, to->n + 1, sizeof(*more));
	if (more == NULL)
		return mm_err_set(err, "out of memory");
	to->ip = more;
	more[to->n++] = *ip;
	return 0;
}

/* What the system's interfaces have; or the loopback ones alone. */
static int
add_interfaces(struct mm_addresses *to, bool loopback, struct mm_err *err)
{
	struct ifaddrs *all;
	int rc = 0;

	if (getifaddrs(&all) != 0)
		return mm_err_set(
		    err, "the interfaces' addresses: %s", strerror(errno));
	for (const struct ifaddrs *i = all; rc == 0 && i != NULL;
	     i = i->ifa_next) {
		struct mm_ip ip;

		if (i->ifa_addr == NULL || (i->ifa_flags & IFF_UP) == 0 ||
		    (loopback && (i->ifa_flags & IFF_LOOPBACK) == 0))
			continue;
		if (mm_ip_from_sockaddr(i->ifa_addr, &ip))
			rc = add(to, &ip, err);
	}
	freeifaddrs(all);
	return rc;
}

static int
add_address(struct mm_addresses *to, const char *word, struct mm_err *err)
{
	struct mm_prefix one;
	struct mm_err why;

	if (strchr(word, '/') != NULL || mm_prefix_parse(word, &one, &why) != 0)
		return mm_err_set(err,
		    "\"%.100s\" is not an address: names are not looked up "
		    "here",
		    word);
	return add(to, &one.ip, err);
}

static int
add_word(struct mm_addresses *to, const char *word, struct mm_err *err)
{
	if (mm_str_same(word, "all"))
		return add_interfaces(to, false, err);
	if (mm_str_same(word, "loopback-only"))
		return add_interfaces(to, true, err);
	return add_address(to, word, err);
}

int
mm_addresses_add(
    struct mm_addresses *addresses, const char *text, struct mm_err *err)
{
	size_t at = 0, len;
	int rc = 0;

	while (rc == 0 && (len = mm_token_next(text, &at)) > 0) {
		char *word = strndup(text + at, len);

		rc = word != NULL ? add_word(addresses, word, err)
				  : mm_err_set(err, "out of memory");
		free(word);
		at += len;
	}
	return rc;
}

void
mm_addresses_clear(struct mm_addresses *addresses)
{
	free(addresses->ip);
	*addresses = (struct mm_addresses){NULL, 0};
}

bool
mm_addresses_have(const struct mm_addresses *addresses, const struct mm_ip *ip)
{
	for (size_t i = 0; i < addresses->n; i++) {
		if (mm_ip_equal(&addresses->ip[i], ip))
			return true;
	}
	return false;
}

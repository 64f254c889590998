/*
 * settings_dns - the resolver's settings as the resolver wants them:
 * dns_forward, dns_stub and dns_trust_anchor_file taken apart and checked.
 *
 * Threads: immutable once read.
 */
#ifndef MM_SETTINGS_DNS_H
#define MM_SETTINGS_DNS_H

#include "lib/dns.h"

struct mm_err;
struct mm_settings;

struct mm_settings_dns {
	struct mm_dns_config config; /* points into the rest */
	const char **forward;
	struct mm_dns_stub *stub;
	char *text; /* what all of them point into */
};

/* -1: *err names the parameter and what is wrong in it; ret is untouched.
 * Strings of settings are borrowed for the life of ret. */
int mm_settings_dns_read(const struct mm_settings *settings,
    struct mm_settings_dns *ret, struct mm_err *err);
void mm_settings_dns_clear(struct mm_settings_dns *dns);

#endif

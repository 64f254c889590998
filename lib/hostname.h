/*
 * hostname - what a host name may look like, as Postfix's valid_hostname()
 * has it: RFC 952 and 1123, with "_" tolerated.
 *
 * Threads: immutable; pure functions.
 */
#ifndef MM_HOSTNAME_H
#define MM_HOSTNAME_H

#include <stdbool.h>

#define MM_HOSTNAME_MAX 255

/* Labels of letters, digits, "_", "-"; 1 to 63 bytes; no empty label, no dot
 * at either end, no "-" at a label's end; not digits and dots alone. */
bool mm_hostname_valid(const char *name);
/* Valid and with a dot inside. */
bool mm_hostname_fqdn(const char *name);
/* A bare IPv4 or IPv6 address as Postfix's valid_hostaddr() takes it. */
bool mm_hostname_is_address(const char *name);
/* The last label is digits only ("foo.123"): no domain list knows it. */
bool mm_hostname_numeric_end(const char *name);

#endif

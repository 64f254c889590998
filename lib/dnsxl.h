/*
 * dnsxl - a DNS list as written in a restriction: "domain[=filter]".
 *
 * Builds query names and reads answers (RFC 5782).  Asks nothing itself.
 * Threads: immutable once parsed; any thread may use it, nobody locks.
 */
#ifndef MM_DNSXL_H
#define MM_DNSXL_H

#include "lib/dns.h"

struct mm_dnsxl;
struct mm_err;
struct mm_ip;

/* What a list says.  "Could not ask" is an answer of its own. */
enum mm_listing {
	MM_LISTING_UNKNOWN = 0, /* could not find out */
	MM_UNLISTED,
	MM_LISTED,
	MM_LIST_ERROR_CODE, /* the list speaks of us, not of the client */
	MM_LIST_ODD_CODE,   /* 127.0.0.1, or outside 127.0.0.0/8: parked? */
};

/*
 * labels: NULL, or "zone=label ..." as in dnsxl_labels.  The caller frees the
 * result.  NULL: *err says what is wrong with text.
 */
struct mm_dnsxl *mm_dnsxl_parse(
    const char *text, const char *labels, struct mm_err *err);
void mm_dnsxl_free(struct mm_dnsxl *list); /* NULL is fine */

const char *mm_dnsxl_zone(const struct mm_dnsxl *list);	 /* to be asked */
const char *mm_dnsxl_label(const struct mm_dnsxl *list); /* to be shown */
const char *mm_dnsxl_text(const struct mm_dnsxl *list);	 /* as typed */
const char *mm_dnsxl_shown(const struct mm_dnsxl *list); /* label[=filter] */

/* Write the name to look up, folded.  -1: there is none (it would not fit,
 * is not a host name, or ends in a number): not listed without asking. */
int mm_dnsxl_qname_ip(const struct mm_dnsxl *list, const char *reversed,
    char name[MM_DNS_NAME_MAX]);
int mm_dnsxl_qname_domain(const struct mm_dnsxl *list, const char *domain,
    char name[MM_DNS_NAME_MAX]);
/* name with the list's zone replaced by its label, for showing; name itself
 * where it is not below the zone. */
const char *mm_dnsxl_show_name(
    const struct mm_dnsxl *list, const char *name, char shown[MM_DNS_NAME_MAX]);

/* One A answer, read through the filter.  *code, if not NULL: the record that
 * decided, "127.0.0.2"; static storage of the caller, 16 bytes. */
enum mm_listing mm_dnsxl_read(const struct mm_dnsxl *list,
    const struct mm_dns_answer *answer, char code[16]);

#endif

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
 * labels: NULL, or "zone=label ..." as in dnsxl_labels; what is wrong in it is
 * passed over, mm_dnsxl_check_labels has said so.  Without a label of its own
 * a zone that holds a key is shown without it.  The caller frees the result.
 * NULL: *err says what is wrong with text.
 */
struct mm_dnsxl *mm_dnsxl_parse(
    const char *text, const char *labels, struct mm_err *err);
void mm_dnsxl_free(struct mm_dnsxl *list); /* NULL is fine */
/* At load: -1 with *err, naming the first item that is no "zone=label". */
int mm_dnsxl_check_labels(const char *labels, struct mm_err *err);

const char *mm_dnsxl_zone(const struct mm_dnsxl *list);	 /* asked; folded */
const char *mm_dnsxl_label(const struct mm_dnsxl *list); /* to be shown */
/* As typed, and label[=filter]; both without blanks inside the filter. */
const char *mm_dnsxl_text(const struct mm_dnsxl *list);
const char *mm_dnsxl_shown(const struct mm_dnsxl *list);

/*
 * Write the name to look up, folded.  -1: there is none (it would not fit, is
 * not a host name, or ends in a number): not listed without asking.  reversed
 * is mm_ip_reverse()'s text; domain may be a mail address, whose domain is
 * then meant.
 */
int mm_dnsxl_qname_ip(const struct mm_dnsxl *list, const char *reversed,
    char name[MM_DNS_NAME_MAX]);
int mm_dnsxl_qname_domain(const struct mm_dnsxl *list, const char *domain,
    char name[MM_DNS_NAME_MAX]);
/* name with the list's zone replaced by its label, for showing; name itself
 * where it is not below the zone. */
const char *mm_dnsxl_show_name(
    const struct mm_dnsxl *list, const char *name, char shown[MM_DNS_NAME_MAX]);

/*
 * One A answer, read through the filter.  One record that lists is enough,
 * whatever stands beside it; of the others an error code goes before an odd
 * one.  A filter that names an error code or an odd one makes it a listing.
 * code, if not NULL: the record that decided, "127.0.0.2"; the first one if
 * none did, "" if there is none.
 */
enum mm_listing mm_dnsxl_read(const struct mm_dnsxl *list,
    const struct mm_dns_answer *answer, char code[16]);

#endif

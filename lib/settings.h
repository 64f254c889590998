/*
 * settings - every parameter of mailmum.conf: type, default, range.
 *
 * One table says it all; defaults are text in the file's own syntax, so that
 * the manual's test can check them.  A parameter that Postfix also has keeps
 * Postfix's name and meaning (postconf(5)).
 * Threads: immutable once read.
 */
#ifndef MM_SETTINGS_H
#define MM_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/conf.h"

/* The lists of the chain, in Postfix's order of evaluation. */
enum mm_chain {
	MM_CHAIN_CLIENT,
	MM_CHAIN_HELO,
	MM_CHAIN_SENDER,
	MM_CHAIN_RELAY,
	MM_CHAIN_RECIPIENT,
	MM_NCHAIN,
};

struct mm_settings {
	/* the daemon; strings are never NULL, "" is unset */
	const char *milter_socket, *milter_socket_group, *user;
	const char *control_socket, *state_directory, *log_to;
	const char *metrics_listen;
	bool metrics_listen_public;
	unsigned milter_socket_mode; /* permission bits */
	unsigned session_limit;	     /* simultaneous ones; 0: by descriptors */
	unsigned waiter_limit;	     /* callbacks that wait at once */

	/* the resolver */
	const char *dns_forward, *dns_stub, *dns_trust_anchor_file;
	int64_t dns_deadline; /* ms */
	unsigned dns_cache_entries, dns_in_flight;
	bool ask_before_auth;

	/* greylisting; times in ms */
	int64_t greylist_delay, greylist_retry_window, greylist_max_age;
	unsigned greylist_ipv4_prefix, greylist_ipv6_prefix;
	struct mm_text greylist_exceptions, greylist_optin, greylist_optout;
	const char *greylist_identity, *greylist_key, *public_suffix_list;
	struct mm_text greylist_groups;
	int64_t greylist_null_sender_max_age, greylist_auto_allow_interval;
	unsigned greylist_auto_allow_count, greylist_auto_allow_confirmed_count;
	unsigned greylist_waiting_limit;
	bool greylist_header;
	const char *greylist_store;
	const char *greylist_redis_sentinel, *greylist_redis_user,
	    *greylist_redis_password_file, *greylist_redis_ca_file,
	    *greylist_redis_cert_file, *greylist_redis_key_file,
	    *greylist_redis_prefix, *greylist_redis_secret_file;
	unsigned greylist_redis_database;
	int64_t greylist_redis_deadline; /* ms */

	/* the policy */
	const char *myhostname, *mydomain, *inet_interfaces, *proxy_interfaces;
	struct mm_text mynetworks, mydestination, relay_domains,
	    virtual_alias_domains, virtual_mailbox_domains;
	struct mm_text restrictions[MM_NCHAIN];
	bool smtpd_helo_required, strict_rfc821_envelopes, smtpd_delay_reject;
	bool soft_bounce, smtpd_relay_before_recipient_restrictions;
	const char *smtpd_reject_footer;
	const char *smtpd_restriction_classes;
	const char *parent_domain_matches_subdomains;
	const char *smtpd_null_access_lookup_key, *recipient_delimiter;
	const char *default_rbl_reply, *rbl_reply_maps, *dnsxl_labels;
	const char *maps_rbl_domains;
	unsigned access_map_defer_code, access_map_reject_code, defer_code,
	    invalid_hostname_reject_code, maps_rbl_reject_code,
	    multi_recipient_bounce_reject_code, non_fqdn_reject_code,
	    plaintext_reject_code, reject_code, relay_domains_reject_code,
	    unknown_address_reject_code, unknown_client_reject_code,
	    unknown_hostname_reject_code;
	/* policy services; times in ms */
	int64_t smtpd_policy_service_timeout, smtpd_policy_service_max_idle,
	    smtpd_policy_service_max_ttl, smtpd_policy_service_retry_delay;
	unsigned smtpd_policy_service_request_limit,
	    smtpd_policy_service_try_limit;
	const char *smtpd_policy_service_default_action,
	    *smtpd_policy_service_policy_context;
	/* tempfail action is "defer" */
	bool reject_tempfail_defers, unknown_address_defers,
	    unknown_helo_hostname_defers;
};

/*
 * Reads all parameters.  What is wrong is complained about; the default then
 * stands.  The result is the caller's; NULL: out of memory.
 */
struct mm_settings *mm_settings_read(
    const struct mm_conf *conf, struct mm_complaints *all);
/* A list that is no row here, a class's: 1, and *ret is the caller's; 0: it is
 * not set; -1: it was complained about. */
int mm_settings_text(const struct mm_settings *settings,
    const struct mm_conf *conf, const char *name, struct mm_text *ret,
    struct mm_complaints *all);
/* Is it one of smtpd_restriction_classes? */
bool mm_settings_is_class(const struct mm_settings *settings, const char *name);
void mm_settings_free(struct mm_settings *settings); /* NULL is fine */

/* For a reload: the names of settings that differ and need a restart, as
 * notices. */
void mm_settings_compare(const struct mm_settings *running,
    const struct mm_settings *wanted, const char *file,
    struct mm_complaints *all);
/* Does the resolver have to be told anew? */
bool mm_settings_dns_differ(
    const struct mm_settings *a, const struct mm_settings *b);

/* The table, for the manual's test and listings.  False: no i-th row. */
bool mm_settings_row(
    size_t i, const char **name, const char **standard, bool *at_restart);
/* Is it text whose "$name" is expanded later, at each use? */
bool mm_settings_raw(const char *name);
/* The name of a chain's parameter: "smtpd_client_restrictions", ... */
const char *mm_chain_name(enum mm_chain chain);

#endif

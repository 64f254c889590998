/*
 * restrict - the checks: one pure function per word of the language.
 *
 * A check reads facts and answers from the evaluation and returns an outcome;
 * what it does with a refusal is eval's.  What a word's argument means is
 * settled once, when the configuration is read.  Which word calls which check
 * stands in program.
 * Threads: parsed arguments are immutable; checks are pure.
 */
#ifndef MM_RESTRICT_H
#define MM_RESTRICT_H

#include "lib/eval.h"
#include "lib/site.h"

struct mm_access;
struct mm_complaints;
struct mm_conf;
struct mm_dnsxl;
struct mm_err;
struct mm_list;
struct mm_load;
struct mm_map;
struct mm_policyd_params;
struct mm_policyds;
struct mm_program;

/*
 * The language itself, for tables whose results are restrictions: program
 * fills it in, and nothing here has to look upward.
 */
struct mm_language {
	/* The list that text is, the caller's to free; what is wrong with it
	 * is complained about.  NULL: out of memory. */
	struct mm_list *(*parse)(const char *text, struct mm_load *load);
	void (*free)(void *list); /* NULL is fine */
	enum mm_outcome (*walk)(const struct mm_list *list, struct mm_eval *ev);
	/* A restriction or a class? */
	bool (*knows)(const struct mm_load *load, const char *word);
};

/* What parsing an argument may look at. */
struct mm_load {
	const struct mm_settings *settings;
	const struct mm_language *language;
	const struct mm_program *program; /* its classes */
	const struct mm_conf *conf;	  /* or NULL */
	/* A list that arrives with a mail: nothing is opened for it, and a
	 * word that is wrong is wrong when it is reached. */
	bool at_run_time;
	const struct mm_site *site;
	const struct mm_greylist_scheme *scheme; /* whose names are generic */
	struct mm_complaints *all;		 /* for faulty rows of tables */
	const char *file;			 /* of the word being parsed */
	unsigned line;
	/* rbl_reply_maps, opened */
	struct mm_map *const *reply_maps;
	size_t nreply_maps;
	struct mm_policyds *services; /* policy services, so far */
	/* Where it is noted what results may want done, as MM_EFFECT_BIT; all
	 * of them where results arrive with the mail.  NULL: nowhere. */
	unsigned *effects;
};

/* A check: outcome of one step. */
typedef enum mm_outcome mm_check(const void *arg, struct mm_eval *ev);
/* The caller frees the result with the row's free.  NULL: *err. */
typedef void *mm_parse(
    const char *arg, struct mm_load *load, struct mm_err *err);

/* unconditional words */
mm_check mm_check_permit, mm_check_reject, mm_check_defer,
    mm_check_defer_if_permit, mm_check_defer_if_reject, mm_check_greylist,
    mm_check_nothing, mm_check_wrong;
mm_parse mm_parse_greylist; /* NULL: the delay of the settings */
void mm_free_greylist(void *delay);
mm_parse mm_parse_sleep;
void mm_free_sleep(void *seconds);
mm_check mm_check_sleep;

/* the client */
mm_check mm_check_mynetworks, mm_check_inet_interfaces,
    mm_check_sasl_authenticated, mm_check_unknown_client_hostname,
    mm_check_generic_client_hostname, mm_check_unknown_reverse_client_hostname;

/* HELO */
mm_check mm_check_naked_ip_address, mm_check_invalid_helo_hostname,
    mm_check_non_fqdn_helo_hostname, mm_check_unknown_helo_hostname;

/* addresses */
mm_check mm_check_non_fqdn_sender, mm_check_non_fqdn_recipient,
    mm_check_unknown_sender_domain, mm_check_unknown_recipient_domain,
    mm_check_multi_recipient_bounce;

/* TLS */
mm_check mm_check_plaintext_session, mm_check_tls_all_clientcerts;

/* relaying */
mm_check mm_check_auth_destination, mm_check_reject_unauth_destination,
    mm_check_defer_unauth_destination;

/* DNS lists */
mm_parse mm_parse_rbl;
void mm_free_rbl(void *rbl);
const struct mm_dnsxl *mm_rbl_list(const void *rbl); /* borrowed */
mm_check mm_check_rbl_client, mm_check_rhsbl_client,
    mm_check_rhsbl_reverse_client, mm_check_rhsbl_helo, mm_check_rhsbl_sender,
    mm_check_rhsbl_recipient, mm_check_dnswl_client, mm_check_rhswl_client;

/* access tables */
mm_parse mm_parse_access;
/* The same where OK is forbidden; and for the name servers, mail servers or
 * addresses of a name. */
mm_parse mm_parse_access_no_ok, mm_parse_access_ns, mm_parse_access_mx,
    mm_parse_access_a;
void mm_free_access(void *table);
const struct mm_map *mm_access_map(const void *table); /* borrowed */
/* The i-th list of restrictions that a table may give, NULL behind the last
 * one. */
const struct mm_list *mm_access_list(const void *table, size_t i);
mm_check mm_check_client_access, mm_check_helo_access, mm_check_sender_access,
    mm_check_recipient_access, mm_check_reverse_client_access,
    mm_check_sasl_access, mm_check_server_access;
/* by hosts: ns, mx, a */
mm_check mm_check_client_hosts, mm_check_reverse_client_hosts,
    mm_check_helo_hosts, mm_check_sender_hosts, mm_check_recipient_hosts;

/*
 * The results of a table that are restrictions, parsed at load.
 * Threads: immutable once read.
 */
struct mm_results;

struct mm_results *mm_results_new(void); /* NULL: out of memory */
void mm_results_free(struct mm_results *results);
/* Reads one value.  -1: it can never be carried out, *err; what is wrong in
 * a list is complained about by itself. */
int mm_results_add(struct mm_results *results, const char *value,
    struct mm_load *load, struct mm_err *err);
const struct mm_list *mm_results_list(
    const struct mm_results *results, size_t i);

/*
 * Carries out the right-hand side of an access table, access(5), or what a
 * policy service answers.  results: where a list may stand parsed already;
 * NULL: nowhere.  A list that does not is parsed into the walk's arena.
 */
enum mm_outcome mm_restrict_result(struct mm_eval *ev, const char *value,
    const struct mm_results *results, struct mm_subject subject);
/* A table that cannot be used: Postfix's "try again later". */
enum mm_outcome mm_restrict_misconfigured(
    struct mm_eval *ev, struct mm_subject subject);

/*
 * Where mail for an address would go (site.h), for checks that pass over what
 * is ours.  key: sender_key or recipient_key.  A check whose destination is
 * MM_CLASS_FAILED returns mm_eval_lookup_failed().
 */
struct mm_destination mm_restrict_destination(
    struct mm_eval *ev, const char *key);
/* For checks that are about mail of ours only: MM_OK: go on; MM_DUNNO: the
 * recipient is there, and none of ours; MM_REJECT: a table failed. */
enum mm_outcome mm_restrict_ours(struct mm_eval *ev);
/* The results that do something to the message.  NULL: it may be any. */
void mm_restrict_note_effects(
    struct mm_load *load, const struct mm_access *access);
enum mm_outcome mm_restrict_effect(
    struct mm_eval *ev, const struct mm_access *access);

/* policy services: what the settings say for all of them, what one is sent,
 * in the walk's arena, and whether an action makes sense.  -1: *err. */
mm_parse mm_parse_policyd;
mm_check mm_check_policy_service;
struct mm_policyd_params mm_policyd_standard(
    const struct mm_settings *settings);
const char *mm_policyd_request(struct mm_eval *ev, const char *policy_context);
int mm_policyd_action_check(
    const char *action, struct mm_load *load, struct mm_err *err);

/* A client without a name, verified or of its PTR, is called "unknown". */
bool mm_restrict_nameless(struct mm_eval *ev, const char *name);
/* name without one dot at its end; NULL: out of memory. */
const char *mm_restrict_undotted(struct mm_eval *ev, const char *name);

/*
 * For checks that ask several types of one name in turn and stop at the first
 * success: the highest status wins (dns.h).  n at most 4.
 */
struct mm_lookup {
	enum mm_dns_type type[4];
	size_t n;
	unsigned stop; /* 1u << status: no further type is asked */
};
/* MM_DNS_NOTHING_YET: pending.  A name that is no host name is
 * MM_DNS_NOTFOUND without asking. */
enum mm_dns_status mm_restrict_lookup(
    struct mm_eval *ev, const char *name, const struct mm_lookup *lookup);

#endif

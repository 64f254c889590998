/* program - the registry; see program.h.  Parsing is in program_parse.c, the
 * walk in program_walk.c. */
#include "lib/program.h"

#include <stdlib.h>

#define CLIENT MM_NEEDS(MM_FACT_CLIENT)
#define HELO MM_NEEDS(MM_FACT_HELO)
#define AUTH MM_NEEDS(MM_FACT_AUTH)
#define TLS MM_NEEDS(MM_FACT_TLS)
#define SENDER MM_NEEDS(MM_FACT_SENDER)
#define RECIPIENT MM_NEEDS(MM_FACT_RECIPIENT)

#define NOTHING MM_TAKES_NOTHING, 0, NULL, NULL
#define PLAIN(needs) MM_TAKES_NOTHING, needs, NULL, NULL
#define DNSXL(needs) MM_TAKES_DNSXL, needs, mm_parse_rbl, mm_free_rbl
#define TABLE(needs) MM_TAKES_TABLE, needs, mm_parse_access, mm_free_access
#define NO_OK_TABLE(needs)                                                     \
	MM_TAKES_TABLE, needs, mm_parse_access_no_ok, mm_free_access
#define NS_TABLE(needs)                                                        \
	MM_TAKES_TABLE, needs, mm_parse_access_ns, mm_free_access
#define MX_TABLE(needs)                                                        \
	MM_TAKES_TABLE, needs, mm_parse_access_mx, mm_free_access
#define A_TABLE(needs) MM_TAKES_TABLE, needs, mm_parse_access_a, mm_free_access
#define PREFIX(soften) MM_TAKES_CHECK, 0, NULL, NULL, NULL, NULL, soften
#define STAYS(why) NOTHING, mm_check_nothing, why, 0
#define RELAYS(check) PLAIN(RECIPIENT), check, RELAYING, 0
#define TABLE_STAYS(why) MM_TAKES_TABLE, 0, NULL, NULL, mm_check_nothing, why, 0

#define RELAYING "only the MTA knows which domains it relays for"
#define USERS "only the MTA knows its users"
#define PROBES "only the MTA can probe addresses"
#define PRINTS "a milter is not told the fingerprint of a certificate"
#define LOGINS "only the MTA knows which login owns which sender"

/* clang-format off */
static const struct mm_restriction words[] = { /* in the manual's order */
	{ "permit",                    NOTHING,         mm_check_permit,          NULL, 0 },
	{ "reject",                    NOTHING,         mm_check_reject,          NULL, 0 },
	{ "defer",                     NOTHING,         mm_check_defer,           NULL, 0 },
	{ "defer_if_permit",           NOTHING,         mm_check_defer_if_permit, NULL, 0 },
	{ "defer_if_reject",           NOTHING,         mm_check_defer_if_reject, NULL, 0 },
	{ "warn_if_reject",            PREFIX(MM_SOFTEN_WARN) },
	{ "greylist_if_reject",        PREFIX(MM_SOFTEN_GREYLIST) },
	{ "greylist",                  MM_TAKES_OPTION, CLIENT | SENDER | RECIPIENT, mm_parse_greylist, mm_free_greylist, mm_check_greylist, NULL, 0 },

	{ "permit_mynetworks",         PLAIN(CLIENT),   mm_check_mynetworks, NULL, 0 },
	{ "permit_sasl_authenticated", PLAIN(AUTH),     mm_check_sasl_authenticated, NULL, 0 },
	{ "permit_inet_interfaces",    PLAIN(CLIENT),   mm_check_inet_interfaces, NULL, 0 },
	{ "permit_tls_all_clientcerts", PLAIN(TLS),     mm_check_tls_all_clientcerts, NULL, 0 },
	{ "reject_plaintext_session",  PLAIN(TLS),      mm_check_plaintext_session, NULL, 0 },
	{ "reject_unknown_client_hostname",         PLAIN(CLIENT), mm_check_unknown_client_hostname, NULL, 0 },
	{ "reject_generic_client_hostname",         PLAIN(CLIENT), mm_check_generic_client_hostname, NULL, 0 },
	{ "reject_unknown_client",                  PLAIN(CLIENT), mm_check_unknown_client_hostname, NULL, 0 },
	{ "reject_unknown_reverse_client_hostname", PLAIN(CLIENT), mm_check_unknown_reverse_client_hostname, NULL, 0 },

	{ "permit_naked_ip_address",       PLAIN(HELO), mm_check_naked_ip_address,       NULL, 0 },
	{ "reject_invalid_helo_hostname",  PLAIN(HELO), mm_check_invalid_helo_hostname,  NULL, 0 },
	{ "reject_invalid_hostname",       PLAIN(HELO), mm_check_invalid_helo_hostname,  NULL, 0 },
	{ "reject_non_fqdn_helo_hostname", PLAIN(HELO), mm_check_non_fqdn_helo_hostname, NULL, 0 },
	{ "reject_non_fqdn_hostname",      PLAIN(HELO), mm_check_non_fqdn_helo_hostname, NULL, 0 },
	{ "reject_unknown_helo_hostname",  PLAIN(HELO), mm_check_unknown_helo_hostname,  NULL, 0 },
	{ "reject_unknown_hostname",       PLAIN(HELO), mm_check_unknown_helo_hostname,  NULL, 0 },

	{ "reject_non_fqdn_sender",        PLAIN(SENDER),    mm_check_non_fqdn_sender,       NULL, 0 },
	{ "reject_non_fqdn_recipient",     PLAIN(RECIPIENT), mm_check_non_fqdn_recipient,    NULL, 0 },
	{ "reject_unknown_sender_domain",  PLAIN(SENDER),    mm_check_unknown_sender_domain, NULL, 0 },
	{ "reject_unknown_recipient_domain", PLAIN(RECIPIENT), mm_check_unknown_recipient_domain, NULL, 0 },
	{ "reject_multi_recipient_bounce", PLAIN(SENDER | RECIPIENT), mm_check_multi_recipient_bounce, NULL, 0 },
	{ "reject_unknown_address",        PLAIN(SENDER),    mm_check_unknown_sender_domain, NULL, 0 },

	{ "reject_rbl_client",             DNSXL(CLIENT),    mm_check_rbl_client,           NULL, 0 },
	{ "reject_rbl",                    DNSXL(CLIENT),    mm_check_rbl_client,           NULL, 0 },
	{ "reject_maps_rbl",               MM_TAKES_LISTS, CLIENT, mm_parse_rbl, mm_free_rbl, mm_check_rbl_client, NULL, 0 },
	{ "reject_rhsbl_client",           DNSXL(CLIENT),    mm_check_rhsbl_client,         NULL, 0 },
	{ "reject_rhsbl_reverse_client",   DNSXL(CLIENT),    mm_check_rhsbl_reverse_client, NULL, 0 },
	{ "reject_rhsbl_helo",             DNSXL(HELO),      mm_check_rhsbl_helo,           NULL, 0 },
	{ "reject_rhsbl_sender",           DNSXL(SENDER),    mm_check_rhsbl_sender,         NULL, 0 },
	{ "reject_rhsbl_recipient",        DNSXL(RECIPIENT), mm_check_rhsbl_recipient,      NULL, 0 },
	{ "permit_dnswl_client",           DNSXL(CLIENT),    mm_check_dnswl_client,         NULL, 0 },
	{ "permit_rhswl_client",           DNSXL(CLIENT),    mm_check_rhswl_client,         NULL, 0 },

	{ "check_client_access",           TABLE(CLIENT),    mm_check_client_access,    NULL, 0 },
	{ "check_helo_access",             TABLE(HELO),      mm_check_helo_access,      NULL, 0 },
	{ "check_sender_access",           TABLE(SENDER),    mm_check_sender_access,    NULL, 0 },
	{ "check_recipient_access",        TABLE(RECIPIENT), mm_check_recipient_access, NULL, 0 },
	{ "check_reverse_client_hostname_access", NO_OK_TABLE(CLIENT), mm_check_reverse_client_access, NULL, 0 },
	{ "check_sasl_access",             TABLE(AUTH),      mm_check_sasl_access,      NULL, 0 },
	{ "check_server_access",           TABLE(0),         mm_check_server_access,    NULL, 0 },
	{ "check_client_ns_access", NS_TABLE(CLIENT), mm_check_client_hosts, NULL, 0 },
	{ "check_client_mx_access", MX_TABLE(CLIENT), mm_check_client_hosts, NULL, 0 },
	{ "check_client_a_access", A_TABLE(CLIENT), mm_check_client_hosts, NULL, 0 },
	{ "check_reverse_client_hostname_ns_access", NS_TABLE(CLIENT), mm_check_reverse_client_hosts, NULL, 0 },
	{ "check_reverse_client_hostname_mx_access", MX_TABLE(CLIENT), mm_check_reverse_client_hosts, NULL, 0 },
	{ "check_reverse_client_hostname_a_access", A_TABLE(CLIENT), mm_check_reverse_client_hosts, NULL, 0 },
	{ "check_helo_ns_access", NS_TABLE(HELO), mm_check_helo_hosts, NULL, 0 },
	{ "check_helo_mx_access", MX_TABLE(HELO), mm_check_helo_hosts, NULL, 0 },
	{ "check_helo_a_access", A_TABLE(HELO), mm_check_helo_hosts, NULL, 0 },
	{ "check_sender_ns_access", NS_TABLE(SENDER), mm_check_sender_hosts, NULL, 0 },
	{ "check_sender_mx_access", MX_TABLE(SENDER), mm_check_sender_hosts, NULL, 0 },
	{ "check_sender_a_access", A_TABLE(SENDER), mm_check_sender_hosts, NULL, 0 },
	{ "check_recipient_ns_access", NS_TABLE(RECIPIENT), mm_check_recipient_hosts, NULL, 0 },
	{ "check_recipient_mx_access", MX_TABLE(RECIPIENT), mm_check_recipient_hosts, NULL, 0 },
	{ "check_recipient_a_access", A_TABLE(RECIPIENT), mm_check_recipient_hosts, NULL, 0 },

	{ "check_policy_service", MM_TAKES_SERVICE, 0, mm_parse_policyd, NULL, mm_check_policy_service, NULL, 0 },
	{ "sleep", MM_TAKES_SECONDS, 0, mm_parse_sleep, mm_free_sleep, mm_check_sleep, NULL, 0 },

	{ "permit_auth_destination",       RELAYS(mm_check_auth_destination) },
	{ "reject_unauth_destination",     RELAYS(mm_check_reject_unauth_destination) },
	{ "defer_unauth_destination",      RELAYS(mm_check_defer_unauth_destination) },
	{ "permit_mx_backup",              STAYS(RELAYING) },
	{ "check_relay_domains",           STAYS(RELAYING) },
	{ "reject_unlisted_recipient",     STAYS(USERS) },
	{ "check_recipient_maps",          STAYS(USERS) },
	{ "reject_unlisted_sender",        STAYS(USERS) },
	{ "reject_unverified_recipient",   STAYS(PROBES) },
	{ "reject_unverified_sender",      STAYS(PROBES) },
	{ "reject_sender_login_mismatch",                 STAYS(LOGINS) },
	{ "reject_authenticated_sender_login_mismatch",   STAYS(LOGINS) },
	{ "reject_known_sender_login_mismatch",           STAYS(LOGINS) },
	{ "reject_unauthenticated_sender_login_mismatch", STAYS(LOGINS) },
	{ "permit_tls_clientcerts",        STAYS(PRINTS) },
	{ "check_ccert_access",            TABLE_STAYS(PRINTS) },
	{ "check_etrn_access",             TABLE_STAYS("only the MTA sees ETRN") },
	{ "reject_unauth_pipelining",      STAYS("only the MTA sees when a client talks out of turn") },
};
/* clang-format on */

/* Steps that have no word in the manual's table. */
const struct mm_restriction mm_word_class = {
    .word = "class", .takes = MM_TAKES_NOTHING, .check = mm_check_class};
/* The walk takes the row that the list at hand has for it. */
const struct mm_restriction mm_word_table = {
    .word = "table", .takes = MM_TAKES_TABLE, .free = mm_free_access};
const struct mm_restriction mm_word_wrong = {
    .word = "wrong", .takes = MM_TAKES_NOTHING, .check = mm_check_wrong};

const struct mm_restriction *
mm_program_word(size_t i)
{
	return i < sizeof(words) / sizeof(words[0]) ? &words[i] : NULL;
}

const struct mm_dnsxl *
mm_step_dnsxl(const struct mm_step *step)
{
	return step->what->takes == MM_TAKES_DNSXL ||
		       step->what->takes == MM_TAKES_LISTS
		   ? mm_rbl_list(step->arg)
		   : NULL;
}

const struct mm_map *
mm_step_map(const struct mm_step *step)
{
	return step->what->takes == MM_TAKES_TABLE && step->arg != NULL
		   ? mm_access_map(step->arg)
		   : NULL;
}

const struct mm_restriction *
mm_program_table_word(enum mm_chain chain)
{
	static const struct {
		enum mm_chain chain;
		mm_check *check;
	} tables[] = {
	    {MM_CHAIN_CLIENT, mm_check_client_access},
	    {MM_CHAIN_HELO, mm_check_helo_access},
	    {MM_CHAIN_SENDER, mm_check_sender_access},
	    {MM_CHAIN_RELAY, mm_check_recipient_access},
	    {MM_CHAIN_RECIPIENT, mm_check_recipient_access},
	};
	const struct mm_restriction *r;

	for (size_t i = 0; (r = mm_program_word(i)) != NULL; i++) {
		if (r->check == tables[chain].check)
			return r;
	}
	return NULL;
}

void
mm_list_clear(struct mm_list *list)
{
	for (size_t i = 0; i < list->nsteps; i++) {
		const struct mm_step *step = &list->steps[i];

		if (step->what->free != NULL)
			step->what->free(step->arg);
		free((void *)(uintptr_t)step->text);
	}
	free(list->steps);
	*list = (struct mm_list){NULL, 0};
}

void
mm_program_clear(struct mm_program *program)
{
	for (size_t c = 0; c < MM_NCHAIN; c++)
		mm_list_clear(&program->chain[c]);
	for (size_t i = 0; i < program->nclasses; i++) {
		free((void *)(uintptr_t)program->classes[i].name);
		mm_list_clear(&program->classes[i].list);
	}
	free(program->classes);
	*program = (struct mm_program){0};
}

static bool each_of_list(
    const struct mm_list *list, mm_step_each *each, void *ctx);

/* The step, and what its table may give. */
static bool
each_of_step(const struct mm_step *step, mm_step_each *each, void *ctx)
{
	const struct mm_list *list;

	if (!each(ctx, step))
		return false;
	if (step->what->takes != MM_TAKES_TABLE || step->arg == NULL)
		return true;
	for (size_t i = 0; (list = mm_access_list(step->arg, i)) != NULL; i++) {
		if (!each_of_list(list, each, ctx))
			return false;
	}
	return true;
}

static bool
each_of_list(const struct mm_list *list, mm_step_each *each, void *ctx)
{
	for (size_t i = 0; i < list->nsteps; i++) {
		if (!each_of_step(&list->steps[i], each, ctx))
			return false;
	}
	return true;
}

void
mm_program_each(const struct mm_program *program, mm_step_each *each, void *ctx)
{
	for (size_t c = 0; c < MM_NCHAIN; c++) {
		if (!each_of_list(&program->chain[c], each, ctx))
			return;
	}
	for (size_t i = 0; i < program->nclasses; i++) {
		if (!each_of_list(&program->classes[i].list, each, ctx))
			return;
	}
}

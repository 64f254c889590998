/* program - the registry; see program.h.  Parsing is in program_parse.c, the
 * walk in program_walk.c. */
#include "lib/program.h"

#include <stdlib.h>

#define CLIENT MM_NEEDS(MM_FACT_CLIENT)
#define HELO MM_NEEDS(MM_FACT_HELO)
#define AUTH MM_NEEDS(MM_FACT_AUTH)
#define SENDER MM_NEEDS(MM_FACT_SENDER)
#define RECIPIENT MM_NEEDS(MM_FACT_RECIPIENT)

#define NOTHING MM_TAKES_NOTHING, 0, NULL, NULL
#define PLAIN(needs) MM_TAKES_NOTHING, needs, NULL, NULL
#define DNSXL(needs) MM_TAKES_DNSXL, needs, mm_parse_rbl, mm_free_rbl
#define TABLE(needs) MM_TAKES_TABLE, needs, mm_parse_access, mm_free_access
#define PREFIX(soften) MM_TAKES_CHECK, 0, NULL, NULL, NULL, NULL, soften
#define STAYS(why) NOTHING, mm_check_nothing, why, 0

#define RELAYING "only the MTA knows which domains it relays for"
#define USERS "only the MTA knows its users"
#define PROBES "only the MTA can probe addresses"
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
	{ "greylist",                  PLAIN(CLIENT | SENDER | RECIPIENT), mm_check_greylist, NULL, 0 },

	{ "permit_mynetworks",         MM_TAKES_NOTHING, CLIENT, mm_parse_mynetworks, mm_free_mynetworks, mm_check_mynetworks, NULL, 0 },
	{ "permit_sasl_authenticated", PLAIN(AUTH),     mm_check_sasl_authenticated, NULL, 0 },
	{ "reject_unknown_client_hostname",         PLAIN(CLIENT), mm_check_unknown_client_hostname, NULL, 0 },
	{ "reject_unknown_client",                  PLAIN(CLIENT), mm_check_unknown_client_hostname, NULL, 0 },
	{ "reject_unknown_reverse_client_hostname", PLAIN(CLIENT), mm_check_unknown_reverse_client_hostname, NULL, 0 },

	{ "reject_invalid_helo_hostname",  PLAIN(HELO), mm_check_invalid_helo_hostname,  NULL, 0 },
	{ "reject_invalid_hostname",       PLAIN(HELO), mm_check_invalid_helo_hostname,  NULL, 0 },
	{ "reject_non_fqdn_helo_hostname", PLAIN(HELO), mm_check_non_fqdn_helo_hostname, NULL, 0 },
	{ "reject_non_fqdn_hostname",      PLAIN(HELO), mm_check_non_fqdn_helo_hostname, NULL, 0 },
	{ "reject_unknown_helo_hostname",  PLAIN(HELO), mm_check_unknown_helo_hostname,  NULL, 0 },
	{ "reject_unknown_hostname",       PLAIN(HELO), mm_check_unknown_helo_hostname,  NULL, 0 },

	{ "reject_non_fqdn_sender",        PLAIN(SENDER),    mm_check_non_fqdn_sender,       NULL, 0 },
	{ "reject_non_fqdn_recipient",     PLAIN(RECIPIENT), mm_check_non_fqdn_recipient,    NULL, 0 },
	{ "reject_unknown_sender_domain",  PLAIN(SENDER),    mm_check_unknown_sender_domain, NULL, 0 },
	{ "reject_unknown_address",        PLAIN(SENDER),    mm_check_unknown_sender_domain, NULL, 0 },

	{ "reject_rbl_client",             DNSXL(CLIENT),    mm_check_rbl_client,           NULL, 0 },
	{ "reject_rbl",                    DNSXL(CLIENT),    mm_check_rbl_client,           NULL, 0 },
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

	{ "sleep", MM_TAKES_SECONDS, 0, mm_parse_sleep, mm_free_sleep, mm_check_sleep, NULL, 0 },

	{ "reject_unauth_destination",     STAYS(RELAYING) },
	{ "defer_unauth_destination",      STAYS(RELAYING) },
	{ "permit_auth_destination",       STAYS(RELAYING) },
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
	{ "reject_unauth_pipelining",      STAYS("only the MTA sees when a client talks out of turn") },
};
/* clang-format on */

const struct mm_restriction *
mm_program_word(size_t i)
{
	return i < sizeof(words) / sizeof(words[0]) ? &words[i] : NULL;
}

const struct mm_dnsxl *
mm_step_dnsxl(const struct mm_step *step)
{
	return step->what->takes == MM_TAKES_DNSXL ? mm_rbl_list(step->arg)
						   : NULL;
}

const struct mm_map *
mm_step_map(const struct mm_step *step)
{
	return step->what->takes == MM_TAKES_TABLE ? mm_access_map(step->arg)
						   : NULL;
}

void
mm_program_clear(struct mm_program *program)
{
	for (size_t c = 0; c < MM_NCHAIN; c++) {
		struct mm_list *list = &program->chain[c];

		for (size_t i = 0; i < list->nsteps; i++) {
			const struct mm_step *step = &list->steps[i];

			if (step->what->free != NULL)
				step->what->free(step->arg);
			free((void *)(uintptr_t)step->text);
		}
		free(list->steps);
		*list = (struct mm_list){NULL, 0};
	}
}

/* restrict_client - who connects: networks, login, the names of the client. */
#include "lib/restrict.h"

#include "lib/arena.h"
#include "lib/greylist_identity.h"
#include "lib/hostname.h"
#include "lib/site.h"
#include "lib/str.h"

bool
mm_restrict_nameless(struct mm_eval *ev, const char *name)
{
	if (!mm_str_same(name, "unknown"))
		return false;
	mm_eval_note(ev, "the client has no such name");
	return true;
}

enum mm_outcome
mm_check_mynetworks(const void *arg, struct mm_eval *ev)
{
	const struct mm_session *s = ev->session;

	(void)arg;
	switch (mm_site_has_client(ev->load->site, s->client_name, &s->client,
	    s->client_address, ev->arena)) {
	case MM_MATCHES:
		return MM_OK;
	case MM_MATCH_FAILED:
		return mm_eval_lookup_failed(ev, mm_eval_subject(ev).name);
	case MM_MATCH_NOT:
		break;
	}
	return MM_DUNNO;
}

/* Is the client this machine?  The MTA has to be on it, too. */
enum mm_outcome
mm_check_inet_interfaces(const void *arg, struct mm_eval *ev)
{
	(void)arg;
	return mm_site_has_interface(ev->load->site, &ev->session->client)
		   ? MM_OK
		   : MM_DUNNO;
}

enum mm_outcome
mm_check_sasl_authenticated(const void *arg, struct mm_eval *ev)
{
	(void)arg;
	mm_eval_note(ev, ev->session->sasl_username);
	return MM_OK; /* the fact is absent otherwise */
}

static enum mm_outcome
reject_name(
    struct mm_eval *ev, unsigned code, const char *dsn, const char *what)
{
	char *text =
	    mm_arena_printf(ev->arena, "Client host rejected: %s, [%s]", what,
		ev->session->client_address);

	return mm_eval_refuse(ev, code, dsn, text != NULL ? text : "");
}

/* A failed lookup is refused at once with 450, as in Postfix: what follows
 * may allow by a name that is not known now. */
static unsigned
name_code(const struct mm_eval *ev, enum mm_name_status status)
{
	return status == MM_NAME_TEMP
		   ? 450
		   : ev->settings->unknown_client_reject_code;
}

/* What the MTA has left open: does the name of the PTR lead back to the
 * client?  False: the answer is not there yet. */
static bool
confirm(struct mm_eval *ev, enum mm_name_status *ret)
{
	const struct mm_ip *client = &ev->session->client;
	struct mm_dns_question question = {
	    .type = client->family == MM_IP_V6 ? MM_DNS_AAAA : MM_DNS_A};
	const struct mm_dns_answer *answer;
	char *name = mm_arena_dup(ev->arena, ev->session->reverse_name);

	*ret = MM_NAME_FORGED;
	if (name == NULL || !mm_hostname_valid(name) ||
	    mm_hostname_is_address(name))
		return true;
	mm_str_fold(name);
	question.name = name;
	answer = mm_eval_ask(ev, &question);
	if (answer == NULL)
		return false;
	if (answer->status == MM_DNS_RETRY)
		*ret = MM_NAME_TEMP;
	else if (mm_dns_answer_has(answer, client))
		*ret = MM_NAME_OK;
	return true;
}

enum mm_outcome
mm_check_unknown_client_hostname(const void *arg, struct mm_eval *ev)
{
	enum mm_name_status status = ev->session->name_status;

	(void)arg;
	if (status == MM_NAME_UNSURE && !confirm(ev, &status))
		return MM_PENDING;
	if (status == MM_NAME_OK)
		return MM_DUNNO;
	return reject_name(
	    ev, name_code(ev, status), "5.7.25", "cannot find your hostname");
}

/* A name that does not lead back is unknown, and not looked at. */
enum mm_outcome
mm_check_generic_client_hostname(const void *arg, struct mm_eval *ev)
{
	const struct mm_session *s = ev->session;
	const struct mm_greylist_who who = {.ip = s->client,
	    .address = s->client_address,
	    .name = s->client_name};
	const char *why;

	(void)arg;
	if (s->name_status != MM_NAME_OK) {
		mm_eval_note(ev, "the client has no such name");
		return MM_DUNNO;
	}
	why = mm_greylist_generic(ev->load->scheme, &who, ev->arena);
	if (why == NULL)
		return MM_DUNNO;
	return reject_name(ev, ev->settings->unknown_client_reject_code,
	    "5.7.1", "your hostname is generic");
}

enum mm_outcome
mm_check_unknown_reverse_client_hostname(const void *arg, struct mm_eval *ev)
{
	enum mm_name_status status = ev->session->reverse_status;

	(void)arg;
	if (status == MM_NAME_OK)
		return MM_DUNNO;
	return reject_name(ev, name_code(ev, status), "5.7.1",
	    "cannot find your reverse hostname");
}

/* restrict_helo - what the client calls itself.  All skip when it did not. */
#include "lib/restrict.h"

#include <string.h>

#include "lib/arena.h"
#include "lib/hostname.h"
#include "lib/ip.h"
#include "lib/str.h"

static enum mm_outcome
reject_helo(
    struct mm_eval *ev, unsigned code, const char *dsn, const char *text)
{
	struct mm_subject subject = {ev->session->helo, "Helo command"};

	return mm_eval_reject(ev, code, dsn, subject, text);
}

/* "[192.0.2.1]" or "[IPv6:2001:db8::1]", RFC 5321 4.1.3. */
static bool
literal_valid(struct mm_eval *ev, const char *literal)
{
	static const char tag[] = "IPv6:";
	char *inside = mm_arena_dup(ev->arena, literal + 1);
	size_t len = inside != NULL ? strlen(inside) : 0;
	struct mm_ip ip;

	if (len < 2 || inside[len - 1] != ']')
		return false;
	inside[len - 1] = '\0';
	if (strncasecmp(inside, tag, sizeof(tag) - 1) == 0)
		return strchr(inside + sizeof(tag) - 1, ':') != NULL &&
		       mm_ip_parse(inside + sizeof(tag) - 1, &ip);
	return strchr(inside, ':') == NULL && mm_hostname_is_address(inside);
}

/* A literal is handled alike by all three words.  True: *ret is it. */
static bool
literal(struct mm_eval *ev, enum mm_outcome *ret)
{
	const char *helo = ev->session->helo;

	if (*helo != '[')
		return false;
	*ret = literal_valid(ev, helo)
		   ? MM_DUNNO
		   : reject_helo(ev, ev->settings->invalid_hostname_reject_code,
			 "5.5.2", "invalid ip address");
	return true;
}

enum mm_outcome
mm_check_invalid_helo_hostname(const void *arg, struct mm_eval *ev)
{
	const char *name = mm_restrict_undotted(ev, ev->session->helo);
	enum mm_outcome outcome;

	(void)arg;
	if (name == NULL || literal(ev, &outcome))
		return name == NULL ? MM_DUNNO : outcome;
	if (mm_hostname_valid(name) || mm_hostname_is_address(name))
		return MM_DUNNO;
	return reject_helo(ev, ev->settings->invalid_hostname_reject_code,
	    "5.5.2", "Invalid name");
}

enum mm_outcome
mm_check_non_fqdn_helo_hostname(const void *arg, struct mm_eval *ev)
{
	const char *name = mm_restrict_undotted(ev, ev->session->helo);
	enum mm_outcome outcome;

	(void)arg;
	if (name == NULL || literal(ev, &outcome))
		return name == NULL ? MM_DUNNO : outcome;
	if (mm_hostname_fqdn(name))
		return MM_DUNNO;
	return reject_helo(ev, ev->settings->non_fqdn_reject_code, "5.5.2",
	    "need fully-qualified hostname");
}

/* Says where a client calls itself by its address; what only looks like one
 * is refused.  A refusal that is softened accepts, as in Postfix. */
enum mm_outcome
mm_check_naked_ip_address(const void *arg, struct mm_eval *ev)
{
	const char *helo = ev->session->helo;
	enum mm_outcome outcome = MM_DUNNO;

	(void)arg;
	if (helo[strspn(helo, "0123456789.:")] != '\0')
		return MM_DUNNO;
	if (strchr(helo, ':') != NULL || !mm_hostname_is_address(helo))
		outcome =
		    reject_helo(ev, ev->settings->invalid_hostname_reject_code,
			"5.5.2", "invalid ip address");
	return outcome == MM_DUNNO ? MM_OK : outcome;
}

/* Postfix asks A, AAAA, MX; a null MX is a success, if no lookup failed. */
static const struct mm_lookup any_of = {
    .type = {MM_DNS_A, MM_DNS_AAAA, MM_DNS_MX},
    .n = 3,
    .stop = 1u << MM_DNS_OK,
};

/* The MTA has just found an address of that name: no need to ask again. */
static bool
verified(const struct mm_session *session)
{
	return session->name_status == MM_NAME_OK &&
	       mm_str_same(session->helo, session->client_name);
}

enum mm_outcome
mm_check_unknown_helo_hostname(const void *arg, struct mm_eval *ev)
{
	static const char not_found[] = "Host not found";
	struct mm_subject subject = {ev->session->helo, "Helo command"};
	const struct mm_settings *set = ev->settings;
	enum mm_outcome outcome;

	(void)arg;
	if (literal(ev, &outcome))
		return outcome;
	if (verified(ev->session)) {
		mm_eval_note(ev, "the client's verified name");
		return MM_DUNNO;
	}
	switch (mm_restrict_lookup(ev, ev->session->helo, &any_of)) {
	case MM_DNS_NOTHING_YET:
		return MM_PENDING;
	case MM_DNS_OK:
	case MM_DNS_NULLMX:
		return MM_DUNNO;
	case MM_DNS_RETRY:
		if (set->unknown_helo_hostname_defers)
			return reject_helo(ev, 450, "4.7.1", not_found);
		return mm_eval_defer_if_permit(
		    ev, 450, "4.7.1", subject, not_found);
	case MM_DNS_INVAL:
		return reject_helo(ev, set->unknown_hostname_reject_code,
		    "5.7.1", "Malformed DNS server reply");
	case MM_DNS_NOTFOUND:
	case MM_DNS_FAIL:
		break;
	}
	return reject_helo(
	    ev, set->unknown_hostname_reject_code, "5.7.1", not_found);
}

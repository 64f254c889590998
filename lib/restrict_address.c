/* restrict_address - sender and recipient: syntax, and does the domain exist?
 * The null sender is never looked at. */
#include "lib/restrict.h"

#include <string.h>

#include "lib/address.h"
#include "lib/arena.h"
#include "lib/hostname.h"

static enum mm_outcome
non_fqdn(struct mm_eval *ev, struct mm_subject subject)
{
	const char *domain = mm_address_domain(subject.name);

	if (domain != NULL && *domain == '[')
		return MM_DUNNO;
	domain = mm_restrict_undotted(ev, domain != NULL ? domain : "");
	if (domain == NULL || mm_hostname_fqdn(domain))
		return MM_DUNNO;
	return mm_eval_reject(ev, ev->settings->non_fqdn_reject_code, "5.5.2",
	    subject, "need fully-qualified address");
}

enum mm_outcome
mm_check_non_fqdn_sender(const void *arg, struct mm_eval *ev)
{
	const char *sender = ev->session->sender;

	(void)arg;
	if (*sender == '\0')
		return MM_DUNNO;
	return non_fqdn(ev, (struct mm_subject){sender, "Sender address"});
}

enum mm_outcome
mm_check_non_fqdn_recipient(const void *arg, struct mm_eval *ev)
{
	(void)arg;
	return non_fqdn(ev,
	    (struct mm_subject){ev->session->recipient, "Recipient address"});
}

/* Where mail for a domain would go; what stops is what Postfix stops at. */
static const struct mm_lookup mail_hosts = {
    .type = {MM_DNS_MX, MM_DNS_A, MM_DNS_AAAA},
    .n = 3,
    .stop = 1u << MM_DNS_OK | 1u << MM_DNS_NULLMX | 1u << MM_DNS_INVAL,
};

/* What Postfix says of a sender and of a recipient. */
struct unknown_domain {
	const char *class;
	const char *dsn;
	unsigned null_code; /* of a domain that takes no mail */
	const char *null_dsn;
};

static enum mm_outcome
null_mx(struct mm_eval *ev, const struct unknown_domain *of,
    struct mm_subject subject, const char *domain)
{
	char *text = mm_arena_printf(
	    ev->arena, "Domain %s does not accept mail (nullMX)", domain);

	return mm_eval_reject(
	    ev, of->null_code, of->null_dsn, subject, text != NULL ? text : "");
}

/* key: the address as the MTA has it. */
static enum mm_outcome
unknown_domain(struct mm_eval *ev, const struct unknown_domain *of,
    const char *address, const char *key)
{
	static const char not_found[] = "Domain not found";
	struct mm_subject subject = {address, of->class};
	const struct mm_settings *set = ev->settings;
	struct mm_destination to;
	const char *domain;
	unsigned code = set->unknown_address_reject_code;

	if (*subject.name == '\0')
		return MM_DUNNO;
	to = mm_restrict_destination(ev, key);
	if (to.class == MM_CLASS_FAILED)
		return mm_eval_lookup_failed(ev, subject.name);
	if (mm_destination_final(&to)) {
		mm_eval_note(ev, "one of our domains");
		return MM_DUNNO;
	}
	domain = mm_address_domain(to.address);
	/* a bare name is the MTA's own to complete */
	if (domain == NULL || *domain == '[' ||
	    (domain = mm_restrict_undotted(ev, domain)) == NULL)
		return MM_DUNNO;
	switch (mm_restrict_lookup(ev, domain, &mail_hosts)) {
	case MM_DNS_NOTHING_YET:
		return MM_PENDING;
	case MM_DNS_OK:
		return MM_DUNNO;
	case MM_DNS_NULLMX:
		return null_mx(ev, of, subject, domain);
	case MM_DNS_RETRY:
		if (set->unknown_address_defers)
			return mm_eval_reject(
			    ev, 450, of->dsn, subject, not_found);
		return mm_eval_defer_if_permit(
		    ev, 450, of->dsn, subject, not_found);
	case MM_DNS_INVAL:
		return mm_eval_reject(
		    ev, code, of->dsn, subject, "Malformed DNS server reply");
	case MM_DNS_NOTFOUND:
	case MM_DNS_FAIL:
		break;
	}
	return mm_eval_reject(ev, code, of->dsn, subject, not_found);
}

enum mm_outcome
mm_check_unknown_sender_domain(const void *arg, struct mm_eval *ev)
{
	static const struct unknown_domain sender = {
	    "Sender address", "4.1.8", 550, "5.7.27"};

	(void)arg;
	return unknown_domain(
	    ev, &sender, ev->session->sender, ev->session->sender_key);
}

enum mm_outcome
mm_check_unknown_recipient_domain(const void *arg, struct mm_eval *ev)
{
	static const struct unknown_domain recipient = {
	    "Recipient address", "4.1.2", 556, "5.1.10"};

	(void)arg;
	return unknown_domain(
	    ev, &recipient, ev->session->recipient, ev->session->recipient_key);
}

/* A bounce goes to the one who sent the mail (RFC 5321 4.5.5). */
enum mm_outcome
mm_check_multi_recipient_bounce(const void *arg, struct mm_eval *ev)
{
	const struct mm_session *s = ev->session;

	(void)arg;
	if (*s->sender != '\0' || s->accepted == 0)
		return MM_DUNNO;
	return mm_eval_reject(ev,
	    ev->settings->multi_recipient_bounce_reject_code, "5.5.3",
	    mm_eval_subject(ev), "Multi-recipient bounce");
}

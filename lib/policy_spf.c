/* policy_spf - see policy_spf.h. */
#include "lib/policy_spf.h"

#include <string.h>

#include "lib/address.h"
#include "lib/arena.h"
#include "lib/eval.h"
#include "lib/hostname.h"
#include "lib/spf.h"
#include "lib/str.h"

struct mm_greylist_who
mm_policy_who(const struct mm_session *session)
{
	bool confirmed = session->name_status == MM_NAME_OK;

	return (struct mm_greylist_who){.ip = session->client,
	    .address = session->client_address,
	    .name = confirmed ? session->client_name : NULL};
}

/*
 * The sender's domain; of the null sender the name at HELO (RFC 7208 2.4), if
 * it is one that can be in the DNS.  NULL: there is none, or not yet.
 */
static const char *
domain_of(struct mm_eval *ev)
{
	const struct mm_session *s = ev->session;
	const char *domain;
	char *name;
	size_t len;

	if (s->known[MM_FACT_SENDER] != MM_KNOWN)
		return NULL;
	domain = *s->sender != '\0' ? mm_address_domain(s->sender) : s->helo;
	if (domain == NULL)
		return NULL;
	len = strlen(domain);
	if (len > 0 && domain[len - 1] == '.')
		len--;
	if ((name = mm_arena_dupn(ev->arena, domain, len)) == NULL)
		return NULL;
	mm_str_fold(name);
	return mm_hostname_fqdn(name) && !mm_hostname_numeric_end(name) ? name
									: NULL;
}

/* What is asked stands in the trail as a step of its own. */
static void
begin_trace(struct mm_eval *ev)
{
	struct mm_trace *trace;

	ev->trace = NULL;
	if (ev->plain ||
	    (trace = mm_arena_alloc(ev->arena, sizeof(*trace))) == NULL)
		return;
	trace->chain = ev->chain;
	trace->step = "greylist_identity spf";
	ev->trace = trace;
	*ev->trail_end = trace;
	ev->trail_end = &trace->next;
}

static void
end_trace(struct mm_eval *ev, const char *domain, const struct mm_spf *spf)
{
	if (ev->trace == NULL)
		return;
	ev->trace->outcome =
	    spf->result == MM_SPF_PENDING ? MM_PENDING : MM_DUNNO;
	mm_eval_note(ev, mm_arena_printf(ev->arena, "%s %s%s%s", domain,
			     mm_spf_word(spf->result),
			     *spf->why != '\0' ? ": " : "", spf->why));
}

static const struct mm_dns_answer *
ask(void *ctx, const struct mm_dns_question *question)
{
	return mm_eval_ask(ctx, question);
}

void
mm_policy_spf(const struct mm_greylist_scheme *scheme, struct mm_eval *ev)
{
	const struct mm_spf_asker asker = {ask, ev};
	struct mm_greylist_who who = mm_policy_who(ev->session);
	struct mm_result *r = ev->result;
	const char *domain;
	struct mm_spf spf;

	if (who.ip.family == MM_IP_NONE ||
	    !mm_greylist_needs_spf(scheme, &who, ev->arena) ||
	    (domain = domain_of(ev)) == NULL)
		return;
	begin_trace(ev);
	mm_spf_check(&asker, domain, &who.ip, &spf);
	end_trace(ev, domain, &spf);
	if (spf.result == MM_SPF_PENDING)
		r->done = false;
	if (spf.result != MM_SPF_PERMITS)
		return;
	r->spf_domain = domain;
	r->spf_why = mm_arena_dup(ev->arena, spf.why);
}

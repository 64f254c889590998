/* explain_json - the judged session, for programs. */
#include <stdio.h>
#include <string.h>

#include "ctl/explain.h"
#include "lib/exempt.h"
#include "lib/json.h"
#include "lib/name.h"

static void
write_record(
    struct mm_json *json, enum mm_dns_type type, const struct mm_dns_rr *rr)
{
	struct mm_ip ip = {.family = MM_IP_V4};
	char text[MM_DNS_NAME_MAX + 8];

	switch (type) {
	case MM_DNS_A:
	case MM_DNS_AAAA:
		if (type == MM_DNS_AAAA)
			ip.family = MM_IP_V6;
		memcpy(ip.bytes, rr->address, sizeof(ip.bytes));
		mm_json_string(json, NULL, mm_ip_format(&ip, text));
		return;
	case MM_DNS_MX:
		snprintf(text, sizeof(text), "%u %s", rr->preference, rr->text);
		mm_json_string(json, NULL, text);
		return;
	case MM_DNS_NS:
	case MM_DNS_PTR:
	case MM_DNS_TXT:
	case MM_DNS_SPF:
		mm_json_string(json, NULL, rr->text);
		return;
	}
}

static void
write_questions(
    struct mm_json *json, const struct explain *x, const struct mm_asked *asked)
{
	mm_json_array(json, "questions");
	for (; asked != NULL; asked = asked->next) {
		const struct mm_dns_answer *a = asked->answer;
		int64_t took = times_took(x->times, asked->name, asked->type);

		mm_json_object(json, NULL);
		mm_json_string(json, "name", asked->shown);
		mm_json_string(json, "type", mm_dns_type_word(asked->type));
		if (a != NULL) {
			mm_json_string(
			    json, "status", mm_dns_status_word(a->status));
			mm_json_string(
			    json, "cause", mm_dns_cause_word(a->cause));
			mm_json_bool(json, "secure", a->secure);
			mm_json_uint(json, "ttl", a->ttl);
			mm_json_array(json, "records");
			for (size_t i = 0; i < a->n; i++)
				write_record(json, asked->type, &a->rr[i]);
			mm_json_end(json);
		}
		if (took >= 0)
			mm_json_int(json, "took_us", took);
		mm_json_end(json);
	}
	mm_json_end(json);
}

static void
write_facts(struct mm_json *json, const struct explain *x)
{
	static const struct mm_name assumptions[] = {
	    {ASSUMED_NAME, "client_name"},
	    {ASSUMED_HELO, "helo"},
	    {ASSUMED_FROM, "sender"},
	    {ASSUMED_TO, "recipient"},
	};
	const struct mm_session *s = &x->session;

	mm_json_object(json, "session");
	mm_json_string(json, "client_address", s->client_address);
	mm_json_string(json, "client_name", s->client_name);
	mm_json_string(json, "reverse_client_name", s->reverse_name);
	mm_json_string(json, "client_resolve", x->resolve);
	mm_json_string(json, "helo", s->helo);
	mm_json_string(json, "sender", s->sender);
	mm_json_string(json, "recipient", s->recipient);
	mm_json_string(json, "sasl_username", x->ctl->auth);
	mm_json_array(json, "assumed");
	for (size_t i = 0; i < sizeof(assumptions) / sizeof(assumptions[0]);
	     i++)
		if (x->assumed & (unsigned)assumptions[i].code)
			mm_json_string(json, NULL, assumptions[i].word);
	mm_json_end(json);
	write_questions(json, x, x->name_asked);
	mm_json_end(json);
}

static void
write_trail(struct mm_json *json, const struct explain *x)
{
	static const char *const outcomes[] = {
	    [MM_DUNNO] = "dunno",
	    [MM_OK] = "accept",
	    [MM_REJECT] = "refuse",
	    [MM_PENDING] = "pending",
	};

	mm_json_array(json, "trail");
	for (const struct mm_trace *t = x->result.trail; t != NULL;
	     t = t->next) {
		mm_json_object(json, NULL);
		mm_json_string(json, "list", mm_chain_name(t->chain));
		mm_json_uint(json, "line", t->line);
		mm_json_uint(json, "depth", t->depth);
		mm_json_string(json, "step", t->step);
		mm_json_string(json, "outcome", outcomes[t->outcome]);
		mm_json_string(json, "note", t->note);
		write_questions(json, x, t->asked);
		mm_json_end(json);
	}
	mm_json_end(json);

	mm_json_array(json, "recorded");
	for (const struct mm_effect *e = x->result.effects; e != NULL;
	     e = e->next) {
		mm_json_object(json, NULL);
		mm_json_string(json, "action",
		    mm_verdict_word(
			e->kind == MM_EFFECT_WARN ? MM_WARNED : MM_INFORMED));
		mm_json_string(json, "reason", e->why.reason);
		mm_json_string(json, "effect", mm_effect_word(e->kind));
		mm_json_string(json, "text", e->text);
		mm_json_end(json);
	}
	mm_json_end(json);
}

const char *
explain_state(enum mm_greylist_state state)
{
	static const char *const states[] = {
	    [MM_GREYLIST_NONE] = "none",
	    [MM_GREYLIST_FIRST] = "never seen",
	    [MM_GREYLIST_SOON] = "waiting",
	    [MM_GREYLIST_FLOOD] = "source full",
	    [MM_GREYLIST_PASS] = "waited",
	    [MM_GREYLIST_FOLLOWS] = "follows",
	    [MM_GREYLIST_KNOWN_TRIPLET] = "known",
	    [MM_GREYLIST_ALLOWED_CLIENT] = "client allowed",
	    [MM_GREYLIST_RELEASED] = "released by hand",
	    [MM_GREYLIST_EXPECTED] = "recipient expects mail",
	    [MM_GREYLIST_GRANTED] = "client allowed by hand",
	};

	return states[state];
}

static void
write_greylist(struct mm_json *json, const struct explain *x)
{
	mm_json_object(json, "greylist");
	mm_json_string(json, "identity", x->identity.text);
	mm_json_string(json, "identity_by", x->identity.why);
	mm_json_string(json, "generic", x->identity.generic);
	mm_json_string(json, "state", explain_state(x->greylist.state));
	mm_json_int(json, "wait", x->greylist.wait);
	mm_json_int(json, "since", x->triplet.first);
	mm_json_string(json, "trouble", x->greylist_trouble);
	mm_json_end(json);
}

static void
write_exempt(struct mm_json *json, const struct mm_exempt_why *why)
{
	const struct mm_exempt_entry *entry = why->entry;

	mm_json_object(json, "exempt");
	mm_json_string(json, "by", why->setting);
	mm_json_string(json, "pattern", why->pattern);
	mm_json_string(json, "file", why->line > 0 ? why->file : NULL);
	mm_json_uint(json, "line", why->line);
	mm_json_string(json, "reason", entry != NULL ? entry->reason : NULL);
	mm_json_end(json);
}

static void
write_verdict(struct mm_json *json, const struct explain *x)
{
	const struct mm_trace *by = explain_decider(x);
	const struct mm_why *why =
	    x->verdict == MM_GREYLISTED ? x->result.mark : &x->result.why;
	char reply[MM_REPLY_MAX + 32];

	mm_json_object(json, "verdict");
	mm_json_string(json, "action", mm_verdict_word(x->verdict));
	mm_json_string(
	    json, "reason", x->session.postmaster ? "postmaster" : why->reason);
	mm_json_string(
	    json, "restrictions", by != NULL ? mm_chain_name(by->chain) : NULL);
	mm_json_uint(json, "line", by != NULL ? by->line : 0);
	snprintf(reply, sizeof(reply), "%d %s %s", x->reply.code, x->reply.dsn,
	    x->reply.text);
	mm_json_string(json, "reply", x->reply.code != 0 ? reply : NULL);
	mm_json_string(json, "list", why->list);
	mm_json_string(json, "answer", why->answer);
	mm_json_end(json);
}

int
explain_json(const struct explain *x)
{
	struct mm_json json;

	mm_json_init(&json, stdout);
	mm_json_object(&json, NULL);
	mm_json_string(&json, "file", x->ctl->config);
	write_facts(&json, x);
	write_trail(&json, x);
	if (x->greylist_asked)
		write_greylist(&json, x);
	if (x->result.exempt != NULL)
		write_exempt(&json, x->result.exempt);
	write_verdict(&json, x);
	mm_json_object(&json, "dns");
	mm_json_uint(&json, "asked", x->stats.sent);
	mm_json_uint(&json, "needed", explain_needed(x));
	mm_json_int(&json, "waited_us", x->waited_us);
	mm_json_bool(&json, "missed", x->missed);
	mm_json_end(&json);
	mm_json_end(&json);
	return mm_json_finish(&json);
}

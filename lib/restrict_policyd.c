/*
 * restrict_policyd - check_policy_service: what a policy service is asked, and
 * what becomes of its action.
 */
#include "lib/restrict.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/policyd.h"
#include "lib/str.h"

/* Postfix's own, for when a default action needs one. */
#define LAST_RESORT "451 4.3.5 Server configuration problem"
#define PRIVATE "/var/spool/postfix/private/"

struct mm_policyd_params
mm_policyd_standard(const struct mm_settings *settings)
{
	return (struct mm_policyd_params){
	    .timeout = settings->smtpd_policy_service_timeout,
	    .max_idle = settings->smtpd_policy_service_max_idle,
	    .max_ttl = settings->smtpd_policy_service_max_ttl,
	    .retry_delay = settings->smtpd_policy_service_retry_delay,
	    .request_limit = settings->smtpd_policy_service_request_limit,
	    .try_limit = settings->smtpd_policy_service_try_limit,
	    .default_action = settings->smtpd_policy_service_default_action,
	    .policy_context = settings->smtpd_policy_service_policy_context,
	};
}

int
mm_policyd_action_check(
    const char *action, struct mm_load *load, struct mm_err *err)
{
	struct mm_results *results = mm_results_new();
	int rc = results != NULL ? mm_results_add(results, action, load, err)
				 : mm_err_set(err, "out of memory");

	mm_results_free(results);
	return rc;
}

static bool
is_numeric(const char *host)
{
	return strspn(host, "0123456789.") == strlen(host) ||
	       strchr(host, ':') != NULL;
}

/* What works, and not as it may be thought to. */
static void
note(const struct mm_policyd *service, struct mm_load *load)
{
	if (service->path != NULL &&
	    strncmp(service->path, PRIVATE, strlen(PRIVATE)) == 0)
		mm_complain(load->all, MM_NOTICE, load->file, load->line,
		    "check_policy_service: %s: only Postfix's own programs may "
		    "enter %s: have the service listen elsewhere, too",
		    service->endpoint, PRIVATE);
	if (service->host != NULL && !is_numeric(service->host) &&
	    !mm_str_same(service->host, "localhost"))
		mm_complain(load->all, MM_NOTICE, load->file, load->line,
		    "check_policy_service: %s: an address is better than a "
		    "name, which is looked up for each new connection",
		    service->endpoint);
}

/* The policy's, so that there is nothing to free.  At run time there are those
 * that the configuration names. */
void *
mm_parse_policyd(const char *arg, struct mm_load *load, struct mm_err *err)
{
	const struct mm_policyd_params standard =
	    mm_policyd_standard(load->settings);
	const struct mm_policyd *service =
	    mm_policyds_find(load->services, arg);

	if (service == NULL && load->at_run_time)
		mm_err_set(err, "no list names the service \"%s\"", arg);
	else if (service == NULL && (service = mm_policyds_add(load->services,
					 arg, &standard, err)) != NULL) {
		note(service, load);
		mm_restrict_note_effects(load, NULL);
		if (mm_policyd_action_check(
			service->params.default_action, load, err) != 0) {
			mm_err_in(err, "default_action");
			return NULL;
		}
	}
	return (void *)(uintptr_t)service;
}

/* xtext (RFC 3461 4), but that Postfix leaves "=" as it is. */
static const char *
xtext(struct mm_eval *ev, const char *text)
{
	size_t size = 3 * strlen(text) + 1;
	char *quoted = mm_arena_alloc(ev->arena, size);
	struct mm_buf buf;

	if (quoted == NULL)
		return "";
	mm_buf_init(&buf, quoted, size);
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c > 32 && c < 127 && c != '+')
			mm_buf_addc(&buf, *text);
		else
			mm_buf_addf(&buf, "+%02X", c);
	}
	return quoted;
}

struct attribute {
	const char *name, *value;
};

/* One line each.  A value cannot begin another one. */
static const char *
lines(struct mm_eval *ev, const struct attribute *all, size_t n)
{
	size_t size = 2;
	struct mm_buf buf;
	char *text;

	for (size_t i = 0; i < n; i++)
		size += strlen(all[i].name) +
			(all[i].value != NULL ? strlen(all[i].value) : 0) + 2;
	if ((text = mm_arena_alloc(ev->arena, size)) == NULL)
		return "";
	mm_buf_init(&buf, text, size);
	for (size_t i = 0; i < n; i++) {
		size_t at;

		mm_buf_add(&buf, all[i].name);
		mm_buf_addc(&buf, '=');
		at = buf.len;
		mm_buf_add(&buf, all[i].value != NULL ? all[i].value : "");
		for (; at < buf.len; at++) {
			if (text[at] == '\n' || text[at] == '\r')
				text[at] = '?';
		}
		mm_buf_addc(&buf, '\n');
	}
	mm_buf_addc(&buf, '\n');
	return text;
}

static const char *
or_zero(const char *digits)
{
	return digits != NULL && *digits != '\0' ? digits : "0";
}

static const char *
or_empty(const char *text)
{
	return text != NULL ? text : "";
}

const char *
mm_policyd_request(struct mm_eval *ev, const char *policy_context)
{
	const struct mm_session *s = ev->session;
	char size[24];
	const struct attribute all[] = {
	    {"request", "smtpd_access_policy"},
	    {"protocol_state", mm_stage_word(s->stage)},
	    {"protocol_name", s->protocol != NULL ? s->protocol : "ESMTP"},
	    {"client_address", s->client_address},
	    {"client_name", s->client_name},
	    {"client_port", s->client_port},
	    {"reverse_client_name", s->reverse_name},
	    {"server_address", s->server_address},
	    {"server_port", s->server_port},
	    {"helo_name", s->helo},
	    {"sender", s->sender},
	    {"recipient", s->recipient},
	    {"recipient_count", "0"}, /* before DATA */
	    {"queue_id", s->queue_id},
	    {"instance", s->instance},
	    {"size", size},
	    {"etrn_domain", NULL},
	    {"stress", NULL},
	    {"sasl_method", s->sasl_method},
	    {"sasl_username", s->sasl_username},
	    {"sasl_sender", s->sasl_sender},
	    {"ccert_subject", xtext(ev, or_empty(s->cert_subject))},
	    {"ccert_issuer", xtext(ev, or_empty(s->cert_issuer))},
	    {"ccert_fingerprint", NULL},
	    {"ccert_pubkey_fingerprint", NULL},
	    {"encryption_protocol", s->tls_version},
	    {"encryption_cipher", s->tls_cipher},
	    {"encryption_keysize", or_zero(s->tls_bits)},
	    {"policy_context", policy_context},
	};

	snprintf(size, sizeof(size), "%" PRIu64, s->size);
	return lines(ev, all, sizeof(all) / sizeof(all[0]));
}

/* As if it were the answer; one that asks again and fails gets no second. */
static enum mm_outcome
by_default(struct mm_eval *ev, const struct mm_policyd *service)
{
	bool again = ev->by_default;
	const char *action =
	    again ? LAST_RESORT : service->params.default_action;
	enum mm_outcome outcome;

	ev->by_default = true;
	outcome = mm_restrict_result(ev, action, NULL, mm_eval_subject(ev));
	ev->by_default = again;
	return outcome;
}

/* "BEFORE: what was said", which a terminal may show. */
static void
note_said(struct mm_eval *ev, const char *before, const char *said)
{
	char *text = mm_arena_printf(ev->arena, "%s: %s", before, said);

	if (text == NULL)
		return;
	mm_str_printable(text, '?');
	mm_eval_note(ev, text);
}

/* What is no text is no answer (smtputf8_enable is Postfix's default). */
static enum mm_outcome
answered(
    struct mm_eval *ev, const struct mm_policyd *service, const char *action)
{
	if (!mm_str_is_utf8(action)) {
		mm_eval_note(ev, "default action: it does not answer UTF-8");
		return by_default(ev, service);
	}
	note_said(ev, "answers", action);
	ev->why.answer = action;
	return mm_restrict_result(ev, action, NULL, mm_eval_subject(ev));
}

enum mm_outcome
mm_check_policy_service(const void *arg, struct mm_eval *ev)
{
	const struct mm_policyd *service = arg;
	const struct mm_errand_reply *reply;
	struct mm_errand errand = {
	    .kind = MM_ERRAND_POLICY,
	    .what = service,
	    .key = or_empty(ev->session->recipient),
	};

	if (!ev->pending)
		errand.text =
		    mm_policyd_request(ev, service->params.policy_context);
	if ((reply = mm_eval_errand(ev, &errand)) == NULL)
		return MM_PENDING;
	switch (reply->status) {
	case MM_ERRAND_FOUND:
		return answered(ev, service, reply->text);
	case MM_ERRAND_UNASKED:
		mm_eval_note(ev, "not asked: taken for DUNNO");
		return MM_DUNNO;
	case MM_ERRAND_MISSED:
		mm_eval_note(ev, "default action: no time was left to ask");
		break;
	case MM_ERRAND_NOTHING:
	case MM_ERRAND_FAILED:
		note_said(ev, "default action: it fails", reply->text);
		break;
	}
	return by_default(ev, service);
}

/*
 * restrict_dnsxl - DNS blocklists and allowlists, by address and by name.
 *
 * An A answer lists or does not; only what is listed and refused asks for TXT
 * (RFC 5782).  Whatever could not be found out never refuses.
 */
#include "lib/restrict.h"

#include <stdlib.h>
#include <string.h>

#include "lib/address.h"
#include "lib/arena.h"
#include "lib/dnsxl.h"
#include "lib/err.h"
#include "lib/map.h"
#include "lib/rbl_reply.h"
#include "lib/str.h"

struct rbl {
	struct mm_dnsxl *list;
	char *reply;  /* the template of the reply */
	bool passing; /* from a result: gone before its questions are */
};

/* rbl_reply_maps has the whole argument or the bare domain, or not. */
static int
reply_template(struct rbl *rbl, struct mm_load *load, struct mm_err *err)
{
	const char *keys[] = {
	    mm_dnsxl_text(rbl->list), mm_dnsxl_zone(rbl->list)};
	const char *text = load->settings->default_rbl_reply, *value;
	struct mm_arena *arena = mm_arena_new(65536);
	enum mm_found found = MM_MAP_NOTHING;

	if (arena == NULL)
		return mm_err_set(err, "out of memory");
	for (size_t k = 0; k < 2 && found == MM_MAP_NOTHING; k++) {
		for (size_t i = 0;
		     i < load->nreply_maps && found == MM_MAP_NOTHING; i++)
			found = mm_map_lookup(
			    load->reply_maps[i], keys[k], arena, &value);
	}
	if (found == MM_MAP_FOUND)
		text = value;
	rbl->reply = strdup(text);
	mm_arena_free(arena);
	if (rbl->reply == NULL)
		return mm_err_set(err, "out of memory");
	return found == MM_MAP_FOUND ? mm_rbl_reply_check(rbl->reply, err) : 0;
}

void *
mm_parse_rbl(const char *arg, struct mm_load *load, struct mm_err *err)
{
	struct rbl *rbl = calloc(1, sizeof(*rbl));

	if (rbl == NULL) {
		mm_err_set(err, "out of memory");
		return NULL;
	}
	rbl->list = mm_dnsxl_parse(arg, load->settings->dnsxl_labels, err);
	rbl->passing = load->at_run_time;
	if (rbl->list == NULL || reply_template(rbl, load, err) != 0) {
		mm_free_rbl(rbl);
		return NULL;
	}
	return rbl;
}

void
mm_free_rbl(void *arg)
{
	struct rbl *rbl = arg;

	if (rbl == NULL)
		return;
	mm_dnsxl_free(rbl->list);
	free(rbl->reply);
	free(rbl);
}

const struct mm_dnsxl *
mm_rbl_list(const void *rbl)
{
	return ((const struct rbl *)rbl)->list;
}

/* The resolver fetches the reason of a listing by itself. */
static bool
next_txt(const struct mm_dns_question *asked,
    const struct mm_dns_answer *answer, struct mm_dns_question *then)
{
	const struct rbl *rbl = asked->arg;

	if (mm_dnsxl_read(rbl->list, answer, NULL) != MM_LISTED)
		return false;
	*then = *asked;
	then->type = MM_DNS_TXT;
	then->next = NULL;
	return true;
}

/* Asks, and keeps a key in the zone's name out of the trail. */
static const struct mm_dns_answer *
ask(struct mm_eval *ev, const struct rbl *rbl, const char *name,
    enum mm_dns_type type, bool reason_wanted)
{
	struct mm_dns_question question = {.name = name,
	    .type = type,
	    .zone = rbl->passing ? NULL : mm_dnsxl_zone(rbl->list),
	    .next = reason_wanted && !rbl->passing ? next_txt : NULL,
	    .arg = rbl->passing ? NULL : rbl};
	const struct mm_dns_answer *answer = mm_eval_ask(ev, &question);
	char shown[MM_DNS_NAME_MAX];
	struct mm_asked *last;

	if (ev->trace == NULL || ev->trace->asked == NULL ||
	    strcmp(mm_dnsxl_zone(rbl->list), mm_dnsxl_label(rbl->list)) == 0)
		return answer;
	for (last = ev->trace->asked; last->next != NULL; last = last->next)
		;
	last->shown = mm_arena_dup(
	    ev->arena, mm_dnsxl_show_name(rbl->list, last->name, shown));
	return answer;
}

static const char *
not_listed(enum mm_listing listing, const struct mm_dns_answer *answer)
{
	switch (listing) {
	case MM_LISTING_UNKNOWN:
		return "could not find out";
	case MM_LIST_ERROR_CODE:
		return "an error code: no listing";
	case MM_LIST_ODD_CODE:
		return "not a code of a list: no listing";
	case MM_UNLISTED:
	case MM_LISTED:
		break;
	}
	return answer->n > 0 ? "listed, not as the filter wants" : "not listed";
}

/* The verdict is there: only what has been answered by now is looked at. */
static void
survey(struct mm_eval *ev, const struct rbl *rbl, const char *name)
{
	const struct mm_dns_answer *answer =
	    mm_answers_get(ev->answers, name, MM_DNS_A);
	enum mm_listing listing = MM_LISTING_UNKNOWN;

	if (answer != NULL)
		listing = mm_dnsxl_read(rbl->list, answer, NULL);
	if (listing == MM_LISTED || listing == MM_LISTING_UNKNOWN)
		mm_eval_survey(
		    ev, mm_dnsxl_label(rbl->list), listing == MM_LISTED);
}

/*
 * Looks name up.  MM_OK: listed, ev->why says how; MM_PENDING; MM_DUNNO:
 * not, or not known, see *unknown.
 */
static enum mm_outcome
look(struct mm_eval *ev, const struct rbl *rbl, const char *name,
    bool reason_wanted, bool *unknown)
{
	const struct mm_dns_answer *answer;
	enum mm_listing listing;
	char code[16] = "";

	*unknown = false;
	if (ev->surveys) {
		survey(ev, rbl, name);
		return MM_DUNNO;
	}
	answer = ask(ev, rbl, name, MM_DNS_A, reason_wanted);
	if (answer == NULL)
		return MM_PENDING;
	listing = mm_dnsxl_read(rbl->list, answer, code);
	if (listing == MM_LISTED) {
		ev->why.list = mm_dnsxl_label(rbl->list);
		ev->why.answer = mm_arena_dup(ev->arena, code);
		mm_eval_note(ev, "listed");
		return MM_OK;
	}
	*unknown = listing == MM_LISTING_UNKNOWN;
	if (*unknown)
		mm_eval_missed(ev, mm_dnsxl_label(rbl->list));
	mm_eval_note(ev, not_listed(listing, answer));
	return MM_DUNNO;
}

/* TXT records joined as Postfix joins them; "" without. */
static const char *
reason_text(struct mm_eval *ev, const struct mm_dns_answer *answer)
{
	char text[MM_DNS_TEXT_MAX + 1];
	struct mm_buf buf;
	const char *copy;

	mm_buf_init(&buf, text, sizeof(text));
	for (size_t i = 0; i < answer->n; i++) {
		if (i > 0)
			mm_buf_add(&buf, " / ");
		mm_buf_add(&buf, answer->rr[i].text);
	}
	copy = mm_arena_dup(ev->arena, text);
	return copy != NULL ? copy : "";
}

/* what, class: $rbl_what and $rbl_class. */
static enum mm_outcome
reject_listed(struct mm_eval *ev, const struct rbl *rbl, const char *name,
    const char *what, const char *class)
{
	const struct mm_dns_answer *txt;
	enum mm_outcome outcome;
	bool unknown;

	outcome = look(ev, rbl, name, true, &unknown);
	if (outcome != MM_OK)
		return outcome;
	if ((txt = ask(ev, rbl, name, MM_DNS_TXT, false)) == NULL)
		return MM_PENDING;
	return mm_rbl_reply_refuse(
	    ev, &(struct mm_rbl_reply){.text = rbl->reply,
		    .standard = ev->settings->default_rbl_reply,
		    .domain = mm_dnsxl_label(rbl->list),
		    .reason = reason_text(ev, txt),
		    .what = what,
		    .class = class});
}

static enum mm_outcome
reject_name(struct mm_eval *ev, const struct rbl *rbl, const char *domain,
    const char *what, const char *class)
{
	char name[MM_DNS_NAME_MAX];

	if (mm_dnsxl_qname_domain(rbl->list, domain, name) != 0) {
		mm_eval_note(ev, "not a domain that a list could know");
		return MM_DUNNO;
	}
	return reject_listed(ev, rbl, name, what, class);
}

enum mm_outcome
mm_check_rbl_client(const void *arg, struct mm_eval *ev)
{
	const struct rbl *rbl = arg;
	char name[MM_DNS_NAME_MAX];

	if (mm_dnsxl_qname_ip(rbl->list, ev->session->client_reversed, name) !=
	    0)
		return MM_DUNNO;
	return reject_listed(
	    ev, rbl, name, ev->session->client_address, "Client host");
}

static enum mm_outcome
reject_client_name(struct mm_eval *ev, const struct rbl *rbl, const char *name,
    const char *class)
{
	if (mm_restrict_nameless(ev, name))
		return MM_DUNNO;
	return reject_name(ev, rbl, name, name, class);
}

enum mm_outcome
mm_check_rhsbl_client(const void *arg, struct mm_eval *ev)
{
	return reject_client_name(
	    ev, arg, ev->session->client_name, "Client host");
}

enum mm_outcome
mm_check_rhsbl_reverse_client(const void *arg, struct mm_eval *ev)
{
	return reject_client_name(
	    ev, arg, ev->session->reverse_name, "Unverified Client host");
}

enum mm_outcome
mm_check_rhsbl_helo(const void *arg, struct mm_eval *ev)
{
	const char *helo = ev->session->helo;

	return reject_name(ev, arg, helo, helo, "Helo command");
}

static enum mm_outcome
reject_address(struct mm_eval *ev, const struct rbl *rbl, const char *address,
    const char *class)
{
	const char *domain = mm_address_domain(address);

	/* as in Postfix, a bare name is taken for a domain */
	return reject_name(
	    ev, rbl, domain != NULL ? domain : address, address, class);
}

enum mm_outcome
mm_check_rhsbl_sender(const void *arg, struct mm_eval *ev)
{
	const char *sender = ev->session->sender;

	if (*sender == '\0')
		return MM_DUNNO;
	return reject_address(ev, arg, sender, "Sender address");
}

enum mm_outcome
mm_check_rhsbl_recipient(const void *arg, struct mm_eval *ev)
{
	return reject_address(
	    ev, arg, ev->session->recipient, "Recipient address");
}

/* What an allowlist could not tell puts off a refusal that follows. */
static enum mm_outcome
permit_listed(struct mm_eval *ev, const struct rbl *rbl, const char *name,
    const char *what)
{
	struct mm_subject subject = {what, "Client host"};
	bool unknown;
	enum mm_outcome outcome = look(ev, rbl, name, false, &unknown);

	if (!unknown)
		return outcome;
	return mm_eval_defer_if_reject(
	    ev, 450, "4.7.1", subject, "Service unavailable");
}

enum mm_outcome
mm_check_dnswl_client(const void *arg, struct mm_eval *ev)
{
	const struct rbl *rbl = arg;
	enum mm_outcome ours = mm_restrict_ours(ev);
	char name[MM_DNS_NAME_MAX];

	if (ours != MM_OK)
		return ours;
	if (mm_dnsxl_qname_ip(rbl->list, ev->session->client_reversed, name) !=
	    0)
		return MM_DUNNO;
	return permit_listed(ev, rbl, name, ev->session->client_address);
}

enum mm_outcome
mm_check_rhswl_client(const void *arg, struct mm_eval *ev)
{
	const struct rbl *rbl = arg;
	const char *client = ev->session->client_name;
	enum mm_outcome ours = mm_restrict_ours(ev);
	char name[MM_DNS_NAME_MAX];

	if (ours != MM_OK)
		return ours;
	if (mm_restrict_nameless(ev, client))
		return MM_DUNNO;
	if (mm_dnsxl_qname_domain(rbl->list, client, name) != 0)
		return MM_DUNNO;
	return permit_listed(ev, rbl, name, client);
}

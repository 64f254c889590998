/*
 * restrict_access - access tables: which keys are tried, in which order
 * (access(5)).  What the right-hand side does is in restrict_result.c.
 */
#include "lib/restrict_access.h"

#include <stdlib.h>
#include <string.h>

#include "lib/access.h"
#include "lib/address.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/hostname.h"
#include "lib/map.h"
#include "lib/str.h"

struct mm_table {
	struct mm_map *map;
	struct mm_results *results; /* those that are restrictions */
	enum mm_dns_type hosts;	    /* of the name, in place of it; or 0 */
	bool no_ok;		    /* strangers choose what is looked up */
	bool parents; /* "example.org" matches what is below it; else
	                 ".example.org" does */
};

struct checking {
	struct mm_load *load;
	const char *spec;
	struct mm_table *table;
};

/* "550" and no more: legal, and never what was meant. */
static bool
refusing_code(const char *value)
{
	return (*value == '4' || *value == '5') && strlen(value) == 3 &&
	       value[strspn(value, "0123456789")] == '\0';
}

/* What it is, is known only once something has matched. */
static bool
made_later(const struct mm_table *table, const char *value)
{
	struct mm_access access;
	struct mm_err err;

	return mm_map_expands(table->map) && strchr(value, '$') != NULL &&
	       (mm_access_parse(value, &access, &err) != 0 ||
		   access.verb == MM_ACCESS_LIST);
}

static bool
forbidden(const struct mm_table *table, const char *value)
{
	struct mm_access access;
	struct mm_err err;

	return table->no_ok && mm_access_parse(value, &access, &err) == 0 &&
	       access.verb == MM_ACCESS_OK;
}

static bool
check_value(void *ctx, const char *value, const char *file, unsigned line)
{
	const struct checking *c = ctx;
	enum mm_severity severity = MM_ERROR;
	struct mm_load load = *c->load;
	struct mm_err err;

	if (line != 0) {
		load.file = file;
		load.line = line;
	}

	if (made_later(c->table, value)) {
		mm_restrict_note_effects(&load, NULL);
		return true;
	}
	if (mm_results_add(c->table->results, value, &load, &err) == 0) {
		if (!refusing_code(value) && !forbidden(c->table, value))
			return true;
		severity = MM_NOTICE;
		mm_err_set(&err,
		    refusing_code(value)
			? "\"%s\" alone lets mail in, as all digits do: a "
			  "text behind it makes it refuse"
			: "\"%s\" is not allowed in this table, and makes a "
			  "451: DUNNO makes an exception",
		    value);
	}
	if (line == 0)
		mm_complain(c->load->all, severity, c->load->file,
		    c->load->line, "%s: %s", c->spec, err.text);
	else
		mm_complain(c->load->all, severity, file, line, "%s", err.text);
	return true;
}

static struct mm_table *
parse(const char *arg, bool no_ok, enum mm_dns_type hosts, struct mm_load *load,
    struct mm_err *err)
{
	struct checking checking = {.load = load, .spec = arg};
	struct mm_table *table = calloc(1, sizeof(*table));

	if (table == NULL || (table->results = mm_results_new()) == NULL) {
		mm_free_access(table);
		mm_err_set(err, "out of memory");
		return NULL;
	}
	table->map = mm_map_open(arg, load->file, load->line, load->all, err);
	if (table->map == NULL) {
		mm_free_access(table);
		return NULL;
	}
	table->parents = mm_matchlist_parents(
	    load->settings->parent_domain_matches_subdomains,
	    "smtpd_access_maps");
	table->no_ok = no_ok;
	table->hosts = hosts;
	checking.table = table;
	mm_map_values(table->map, check_value, &checking);
	return table;
}

void *
mm_parse_access(const char *arg, struct mm_load *load, struct mm_err *err)
{
	return parse(arg, false, 0, load, err);
}

void *
mm_parse_access_no_ok(const char *arg, struct mm_load *load, struct mm_err *err)
{
	return parse(arg, true, 0, load, err);
}

void *
mm_parse_access_ns(const char *arg, struct mm_load *load, struct mm_err *err)
{
	return parse(arg, true, MM_DNS_NS, load, err);
}

void *
mm_parse_access_mx(const char *arg, struct mm_load *load, struct mm_err *err)
{
	return parse(arg, true, MM_DNS_MX, load, err);
}

void *
mm_parse_access_a(const char *arg, struct mm_load *load, struct mm_err *err)
{
	return parse(arg, true, MM_DNS_A, load, err);
}

enum mm_dns_type
mm_access_hosts(const struct mm_table *table)
{
	return table->hosts;
}

void
mm_free_access(void *arg)
{
	struct mm_table *table = arg;

	if (table == NULL)
		return;
	mm_map_free(table->map);
	mm_results_free(table->results);
	free(table);
}

const struct mm_list *
mm_access_list(const void *table, size_t i)
{
	return mm_results_list(((const struct mm_table *)table)->results, i);
}

const struct mm_map *
mm_access_map(const void *table)
{
	return ((const struct mm_table *)table)->map;
}

/* What a remote table has, once somebody has asked it. */
static enum mm_found
ask_remote(
    void *ctx, const struct mm_map *map, const char *key, const char **value)
{
	const struct mm_errand errand = {
	    .kind = MM_ERRAND_LOOKUP, .what = map, .key = key};
	const struct mm_errand_reply *reply = mm_eval_errand(ctx, &errand);

	if (reply == NULL)
		return MM_MAP_PENDING;
	if (reply->status == MM_ERRAND_NOTHING)
		return MM_MAP_NOTHING;
	if (reply->status != MM_ERRAND_FOUND)
		return MM_MAP_FAILED;
	*value = reply->text;
	return MM_MAP_FOUND;
}

bool
mm_access_try_key(struct mm_eval *ev, const struct mm_table *table,
    const char *key, struct mm_hit *hit)
{
	const struct mm_map_look look = {ev->arena, ask_remote, ev};

	hit->found = mm_map_look_up(table->map, key, &look, &hit->value);
	hit->key = key;
	return hit->found != MM_MAP_NOTHING;
}

/* An address, or "local@": with the quotes that it needs, then without. */
static bool
try_mailbox(struct mm_eval *ev, const struct mm_table *table, const char *key,
    struct mm_hit *hit)
{
	const char *quoted = mm_address_external(ev->arena, key);

	if (quoted != NULL && quoted != key &&
	    mm_access_try_key(ev, table, quoted, hit))
		return true;
	return mm_access_try_key(ev, table, key, hit);
}

static bool
keyed(const struct mm_table *table)
{
	return mm_map_kind(table->map) == MM_MAP_KEYED;
}

/* Not the first character, even if it is one. */
static const char *
next_dot(const char *name)
{
	return *name != '\0' ? strchr(name + 1, '.') : NULL;
}

bool
mm_access_try_domain(struct mm_eval *ev, const struct mm_table *table,
    const char *name, struct mm_hit *hit)
{
	const char *dot;

	if (mm_access_try_key(ev, table, name, hit))
		return true;
	if (!keyed(table) || mm_hostname_is_address(name))
		return false;
	for (dot = next_dot(name); dot != NULL; dot = next_dot(dot)) {
		if (mm_access_try_key(
			ev, table, table->parents ? dot + 1 : dot, hit))
			return true;
	}
	return false;
}

bool
mm_access_try_address(struct mm_eval *ev, const struct mm_table *table,
    const char *address, struct mm_hit *hit)
{
	char *key = mm_arena_dup(ev->arena, address), *cut;
	char between = strchr(address, ':') != NULL ? ':' : '.';

	if (key == NULL)
		return false;
	if (mm_access_try_key(ev, table, key, hit))
		return true;
	while (keyed(table) && (cut = strrchr(key, between)) != NULL) {
		*cut = '\0';
		if (*key != '\0' && mm_access_try_key(ev, table, key, hit)) {
			hit->key = mm_arena_dup(ev->arena, key);
			return true;
		}
	}
	return false;
}

/*
 * Where "+ext" begins in the local part: recipient_delimiter, but not in
 * names that are whole as they are.  0: nowhere.
 */
static size_t
extension_at(const struct mm_settings *settings, const char *local)
{
	static const char *const whole[] = {
	    "postmaster", "mailer-daemon", "double-bounce"};
	size_t at;

	if (*settings->recipient_delimiter == '\0')
		return 0;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		if (mm_str_same(local, whole[i]))
			return 0;
	}
	at = strcspn(local, settings->recipient_delimiter);
	if (at == 0 || local[at] == '\0')
		return 0;
	if (strchr(settings->recipient_delimiter, '-') != NULL &&
	    (mm_str_begins(local, "owner-") ||
		(strlen(local) > 8 &&
		    mm_str_same(local + strlen(local) - 8, "-request"))))
		return 0;
	return at;
}

/* user+ext@domain, user@domain, domain and parents, user+ext@, user@. */
static bool
try_mail(struct mm_eval *ev, const struct mm_table *table, const char *address,
    struct mm_hit *hit)
{
	const char *domain = mm_address_domain(address);
	const char *local, *bare = NULL;
	size_t at;

	if (domain == NULL)
		return false;
	if (try_mailbox(ev, table, address, hit) || !keyed(table))
		return hit->found != MM_MAP_NOTHING;
	local =
	    mm_arena_dupn(ev->arena, address, (size_t)(domain - address) - 1);
	if (local == NULL)
		return false;
	at = extension_at(ev->settings, local);
	if (at > 0)
		bare = mm_arena_printf(
		    ev->arena, "%.*s@%s", (int)at, local, domain);
	if (bare != NULL && try_mailbox(ev, table, bare, hit))
		return true;
	if (mm_access_try_domain(ev, table, domain, hit))
		return true;
	local = mm_arena_printf(ev->arena, "%s@", local);
	if (local != NULL && try_mailbox(ev, table, local, hit))
		return true;
	if (bare == NULL)
		return false;
	bare = mm_arena_printf(ev->arena, "%.*s@", (int)at, bare);
	return bare != NULL && try_mailbox(ev, table, bare, hit);
}

enum mm_outcome
mm_access_apply(struct mm_eval *ev, const struct mm_table *table,
    const struct mm_hit *hit, struct mm_subject subject)
{
	if (hit->found == MM_MAP_PENDING)
		return MM_PENDING;
	if (hit->found == MM_MAP_NOTHING) {
		mm_eval_note(ev, "no entry");
		return MM_DUNNO;
	}
	ev->why.answer = hit->key;
	if (hit->found == MM_MAP_FAILED || *hit->value == '\0')
		return mm_restrict_misconfigured(ev, subject);
	mm_eval_note(
	    ev, mm_arena_printf(ev->arena, "%s: %s", hit->key, hit->value));
	return mm_restrict_result(ev, hit->value, table->results, subject);
}

enum mm_outcome
mm_access_forbid_ok(struct mm_eval *ev, enum mm_outcome outcome)
{
	if (outcome != MM_OK || ev->discarded)
		return outcome;
	mm_eval_note(ev, "OK is not allowed here: DUNNO makes an exception");
	return mm_eval_misconfigured(ev, "Server configuration error");
}

enum mm_outcome
mm_check_client_access(const void *arg, struct mm_eval *ev)
{
	const struct mm_session *s = ev->session;
	struct mm_hit hit = {MM_MAP_NOTHING, NULL, NULL};
	struct mm_subject subject = {NULL, "Client host"};

	if (!mm_access_try_domain(ev, arg, s->client_name, &hit))
		mm_access_try_address(ev, arg, s->client_address, &hit);
	if (hit.found != MM_MAP_NOTHING)
		subject.name = mm_arena_printf(
		    ev->arena, "%s[%s]", s->client_name, s->client_address);
	return mm_access_apply(ev, arg, &hit, subject);
}

enum mm_outcome
mm_check_helo_access(const void *arg, struct mm_eval *ev)
{
	struct mm_hit hit = {MM_MAP_NOTHING, NULL, NULL};

	mm_access_try_domain(ev, arg, ev->session->helo, &hit);
	return mm_access_apply(ev, arg, &hit,
	    (struct mm_subject){ev->session->helo, "Helo command"});
}

enum mm_outcome
mm_check_sender_access(const void *arg, struct mm_eval *ev)
{
	const struct mm_session *s = ev->session;
	struct mm_hit hit = {MM_MAP_NOTHING, NULL, NULL};
	const char *key = mm_restrict_undotted(ev, s->sender_key);

	if (*s->sender == '\0')
		mm_access_try_key(
		    ev, arg, ev->settings->smtpd_null_access_lookup_key, &hit);
	else if (key != NULL)
		try_mail(ev, arg, key, &hit);
	return mm_access_apply(
	    ev, arg, &hit, (struct mm_subject){s->sender, "Sender address"});
}

enum mm_outcome
mm_check_recipient_access(const void *arg, struct mm_eval *ev)
{
	const struct mm_session *s = ev->session;
	struct mm_hit hit = {MM_MAP_NOTHING, NULL, NULL};
	struct mm_destination to =
	    mm_restrict_destination(ev, s->recipient_key);
	const char *key = mm_restrict_undotted(ev, to.address);
	enum mm_outcome outcome;

	if (to.class == MM_CLASS_FAILED)
		return mm_eval_lookup_failed(ev, s->recipient);
	if (key != NULL)
		try_mail(ev, arg, key, &hit);
	outcome = mm_access_apply(ev, arg, &hit,
	    (struct mm_subject){s->recipient, "Recipient address"});
	if (outcome != MM_OK || !mm_address_routed(to.address))
		return outcome;
	mm_eval_note(ev, "no OK for an address that names a further hop");
	return MM_DUNNO;
}

/* The name in the PTR record, verified or not, then the address. */
enum mm_outcome
mm_check_reverse_client_access(const void *arg, struct mm_eval *ev)
{
	const struct mm_session *s = ev->session;
	struct mm_hit hit = {MM_MAP_NOTHING, NULL, NULL};

	if (!mm_access_try_domain(ev, arg, s->reverse_name, &hit))
		mm_access_try_address(ev, arg, s->client_address, &hit);
	return mm_access_forbid_ok(ev, mm_access_apply(ev, arg, &hit,
					   (struct mm_subject){s->reverse_name,
					       "Unverified Client host"}));
}

enum mm_outcome
mm_check_sasl_access(const void *arg, struct mm_eval *ev)
{
	const char *login = ev->session->sasl_username;
	struct mm_hit hit = {MM_MAP_NOTHING, NULL, NULL};
	char *shown = mm_arena_dup(ev->arena, login);

	if (shown == NULL)
		return MM_DUNNO;
	mm_str_printable(shown, '_');
	mm_access_try_key(ev, arg, login, &hit);
	return mm_access_apply(
	    ev, arg, &hit, (struct mm_subject){shown, "SASL login name"});
}

/* The MTA's own name and its parents, then the name of the listener. */
enum mm_outcome
mm_check_server_access(const void *arg, struct mm_eval *ev)
{
	const struct mm_session *s = ev->session;
	struct mm_hit hit = {MM_MAP_NOTHING, NULL, NULL};

	if ((*s->server_name == '\0' ||
		!mm_access_try_domain(ev, arg, s->server_name, &hit)) &&
	    *s->daemon_name != '\0')
		mm_access_try_key(ev, arg, s->daemon_name, &hit);
	return mm_access_apply(ev, arg, &hit, mm_eval_subject(ev));
}

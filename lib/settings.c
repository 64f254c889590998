/* settings - see settings.h. */
#include "lib/settings.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/settings_check.h"
#include "lib/str.h"
#include "lib/tokens.h"

enum type {
	T_STRING,
	T_RAW, /* text whose "$name" is expanded later, at each use */
	T_BOOL,
	T_UINT,
	T_TIME,	  /* ms; low and high are seconds */
	T_MODE,	  /* octal */
	T_CODE,	  /* an SMTP reply code, 400 to 599 */
	T_ACTION, /* defer_if_permit, or defer: true */
	T_LIST,	  /* what the policy reads, with the lines it stands in */
};

struct row {
	const char *name;
	const char *standard; /* in the file's own syntax */
	enum type type;
	size_t offset;
	unsigned long low, high;
	bool at_restart;
};

/* The field's offset; refuses to compile when its type is another one. */
#define FIELD(f, t)                                                            \
	(offsetof(struct mm_settings, f) +                                     \
	    0 * sizeof((t *)0 == &((struct mm_settings *)0)->f))
#define STRING(f, def) #f, def, T_STRING, FIELD(f, const char *), 0, 0
#define RAW(f, def) #f, def, T_RAW, FIELD(f, const char *), 0, 0
#define BOOL(f, def) #f, def, T_BOOL, FIELD(f, bool), 0, 0
#define UINT(f, def, low, high) #f, def, T_UINT, FIELD(f, unsigned), low, high
#define TIME(f, def, low, high) #f, def, T_TIME, FIELD(f, int64_t), low, high
#define CODE(f, def) #f, def, T_CODE, FIELD(f, unsigned), 400, 599
#define TEXT(f, def) #f, def, T_LIST, FIELD(f, struct mm_text), 0, 0
#define LIST(name, chain)                                                      \
	name, "", T_LIST, FIELD(restrictions[chain], struct mm_text), 0, 0

#define LIVE false
#define RESTART true
#define DAY 86400ul

/* clang-format off */
static const struct row rows[] = { /* in the manual's order */
	{ STRING(milter_socket, "unix:/run/mailmum.sock"), RESTART },
	{ "milter_socket_mode", "0660", T_MODE, FIELD(milter_socket_mode, unsigned), 0, 0777, RESTART },
	{ STRING(milter_socket_group, "postfix"), RESTART },
	{ STRING(user, "mailmum"), RESTART },
	{ STRING(control_socket, "unix:/run/mailmum/control.sock"), RESTART },
	{ STRING(state_directory, "/var/lib/mailmum"), RESTART },
	{ STRING(log_to, ""), RESTART },
	{ STRING(metrics_listen, ""), RESTART },
	{ BOOL(metrics_listen_public, "no"), RESTART },
	{ UINT(session_limit, "0", 0, 1000000), LIVE },
	{ UINT(waiter_limit, "500", 1, 100000), LIVE },

	{ STRING(dns_forward, ""), LIVE },
	{ STRING(dns_stub, ""), LIVE },
	{ STRING(dns_trust_anchor_file, "/usr/share/dns/root.key"), LIVE },
	{ TIME(dns_deadline, "2s", 0, 20), LIVE },
	{ UINT(dns_cache_entries, "100000", 100, 10000000), RESTART },
	{ UINT(dns_in_flight, "8192", 1, 100000), LIVE },
	{ BOOL(ask_before_auth, "no"), LIVE },

	{ TIME(greylist_delay, "170s", 0, DAY), LIVE },
	{ TIME(greylist_retry_window, "2d", 1, 60 * DAY), LIVE },
	{ TIME(greylist_max_age, "36d", 1, 3650 * DAY), LIVE },
	{ TIME(greylist_null_sender_max_age, "7d", 1, 3650 * DAY), LIVE },
	{ STRING(greylist_identity, "group, name, spf, network"), LIVE },
	{ TEXT(greylist_groups, ""), LIVE },
	{ STRING(public_suffix_list, ""), LIVE },
	{ STRING(greylist_key, "client, sender, recipient"), LIVE },
	{ UINT(greylist_ipv4_prefix, "24", 8, 32), LIVE },
	{ UINT(greylist_ipv6_prefix, "64", 16, 128), LIVE },
	{ UINT(greylist_auto_allow_count, "5", 0, 1000000), LIVE },
	{ UINT(greylist_auto_allow_confirmed_count, "2", 0, 1000000), LIVE },
	{ TIME(greylist_auto_allow_interval, "1h", 0, DAY), LIVE },
	{ UINT(greylist_waiting_limit, "5000", 0, 10000000), LIVE },
	{ BOOL(greylist_header, "yes"), LIVE },
	{ TEXT(greylist_exceptions, "standard"), LIVE },
	{ TEXT(greylist_optin, ""), LIVE },
	{ TEXT(greylist_optout, ""), LIVE },
	{ STRING(greylist_store, "sqlite"), RESTART },
	{ TIME(greylist_redis_deadline, "50ms", 0, 1), RESTART },
	{ STRING(greylist_redis_sentinel, ""), RESTART },
	{ STRING(greylist_redis_user, ""), RESTART },
	{ STRING(greylist_redis_password_file, ""), RESTART },
	{ UINT(greylist_redis_database, "0", 0, 1000000), RESTART },
	{ STRING(greylist_redis_ca_file, ""), RESTART },
	{ STRING(greylist_redis_cert_file, ""), RESTART },
	{ STRING(greylist_redis_key_file, ""), RESTART },
	{ STRING(greylist_redis_prefix, "mailmum:"), RESTART },
	{ STRING(greylist_redis_secret_file, ""), RESTART },

	{ STRING(myhostname, ""), LIVE },
	{ STRING(mydomain, ""), LIVE },
	{ TEXT(mynetworks, "127.0.0.0/8 [::1]/128"), LIVE },
	{ TEXT(mydestination, ""), LIVE },
	{ TEXT(relay_domains, ""), LIVE },
	{ TEXT(virtual_alias_domains, ""), LIVE },
	{ TEXT(virtual_mailbox_domains, ""), LIVE },
	{ STRING(inet_interfaces, "all"), LIVE },
	{ STRING(proxy_interfaces, ""), LIVE },
	{ LIST("smtpd_client_restrictions", MM_CHAIN_CLIENT), LIVE },
	{ LIST("smtpd_helo_restrictions", MM_CHAIN_HELO), LIVE },
	{ LIST("smtpd_sender_restrictions", MM_CHAIN_SENDER), LIVE },
	{ LIST("smtpd_relay_restrictions", MM_CHAIN_RELAY), LIVE },
	{ LIST("smtpd_recipient_restrictions", MM_CHAIN_RECIPIENT), LIVE },
	{ STRING(smtpd_restriction_classes, ""), LIVE },
	{ BOOL(smtpd_helo_required, "no"), LIVE },
	{ BOOL(strict_rfc821_envelopes, "no"), LIVE },
	{ BOOL(smtpd_delay_reject, "yes"), LIVE },
	{ BOOL(smtpd_relay_before_recipient_restrictions, "yes"), LIVE },
	{ BOOL(soft_bounce, "no"), LIVE },
	{ RAW(smtpd_reject_footer, ""), LIVE },
	{ STRING(parent_domain_matches_subdomains, "mynetworks, relay_domains, smtpd_access_maps"), LIVE },
	{ STRING(smtpd_null_access_lookup_key, "<>"), LIVE },
	{ STRING(recipient_delimiter, ""), LIVE },
	{ RAW(default_rbl_reply, "$rbl_code Service unavailable; $rbl_class [$rbl_what] "
	    "blocked using $rbl_domain${rbl_reason?; $rbl_reason}"), LIVE },
	{ STRING(rbl_reply_maps, ""), LIVE },
	{ STRING(dnsxl_labels, ""), LIVE },
	{ STRING(maps_rbl_domains, ""), LIVE },

	{ TIME(smtpd_policy_service_timeout, "100s", 1, DAY), LIVE },
	{ TIME(smtpd_policy_service_max_idle, "300s", 1, DAY), LIVE },
	{ TIME(smtpd_policy_service_max_ttl, "1000s", 1, DAY), LIVE },
	{ TIME(smtpd_policy_service_retry_delay, "1s", 1, DAY), LIVE },
	{ UINT(smtpd_policy_service_request_limit, "0", 0, 1000000), LIVE },
	{ UINT(smtpd_policy_service_try_limit, "2", 1, 100), LIVE },
	{ STRING(smtpd_policy_service_default_action, "451 4.3.5 Server configuration problem"), LIVE },
	{ STRING(smtpd_policy_service_policy_context, ""), LIVE },

	{ CODE(access_map_defer_code, "450"), LIVE },
	{ CODE(access_map_reject_code, "554"), LIVE },
	{ CODE(defer_code, "450"), LIVE },
	{ CODE(invalid_hostname_reject_code, "501"), LIVE },
	{ CODE(maps_rbl_reject_code, "554"), LIVE },
	{ CODE(multi_recipient_bounce_reject_code, "550"), LIVE },
	{ CODE(non_fqdn_reject_code, "504"), LIVE },
	{ CODE(plaintext_reject_code, "450"), LIVE },
	{ CODE(reject_code, "554"), LIVE },
	{ CODE(relay_domains_reject_code, "554"), LIVE },
	{ CODE(unknown_address_reject_code, "450"), LIVE },
	{ CODE(unknown_client_reject_code, "450"), LIVE },
	{ CODE(unknown_hostname_reject_code, "450"), LIVE },
	{ "reject_tempfail_action", "defer_if_permit", T_ACTION, FIELD(reject_tempfail_defers, bool), 0, 0, LIVE },
	{ "unknown_address_tempfail_action", "$reject_tempfail_action", T_ACTION, FIELD(unknown_address_defers, bool), 0, 0, LIVE },
	{ "unknown_helo_hostname_tempfail_action", "$reject_tempfail_action", T_ACTION, FIELD(unknown_helo_hostname_defers, bool), 0, 0, LIVE },
};
/* clang-format on */

#define NROWS (sizeof(rows) / sizeof(rows[0]))

static void *
field(const struct mm_settings *settings, const struct row *row)
{
	return (char *)(uintptr_t)settings + row->offset;
}

static int
set_string(
    const struct row *row, const char *value, void *at, struct mm_err *err)
{
	char *copy = strdup(value);

	(void)row;
	if (copy == NULL)
		return mm_err_set(err, "out of memory");
	free((void *)(uintptr_t) * (const char **)at);
	*(const char **)at = copy;
	return 0;
}

static int
set_bool(const struct row *row, const char *value, void *at, struct mm_err *err)
{
	bool yes = mm_str_same(value, "yes");

	(void)row;
	if (!yes && !mm_str_same(value, "no"))
		return mm_err_set(err, "\"%s\" is neither yes nor no", value);
	*(bool *)at = yes;
	return 0;
}

static int
set_uint(const struct row *row, const char *value, void *at, struct mm_err *err)
{
	unsigned long n;

	if (!mm_str_to_uint(value, row->low, row->high, &n))
		return mm_err_set(err, "\"%s\" is not a number from %lu to %lu",
		    value, row->low, row->high);
	*(unsigned *)at = (unsigned)n;
	return 0;
}

static int
set_time(const struct row *row, const char *value, void *at, struct mm_err *err)
{
	int64_t ms;

	if (!mm_str_to_ms(value, &ms))
		return mm_err_set(err,
		    "\"%s\" is not a time: digits and one of s, m, h, d, w",
		    value);
	if (ms < (int64_t)row->low * 1000 || ms > (int64_t)row->high * 1000)
		return mm_err_set(err, "\"%s\" is not within %lus and %lus",
		    value, row->low, row->high);
	*(int64_t *)at = ms;
	return 0;
}

static int
set_mode(const struct row *row, const char *value, void *at, struct mm_err *err)
{
	char *end;
	unsigned long mode = strtoul(value, &end, 8);

	if (*value == '\0' || *end != '\0' || mode > row->high)
		return mm_err_set(
		    err, "\"%s\" is not an octal mode, as in 0660", value);
	*(unsigned *)at = (unsigned)mode;
	return 0;
}

static int
set_action(
    const struct row *row, const char *value, void *at, struct mm_err *err)
{
	bool defer = mm_str_same(value, "defer");

	(void)row;
	if (!defer && !mm_str_same(value, "defer_if_permit"))
		return mm_err_set(
		    err, "\"%s\" is neither defer_if_permit nor defer", value);
	*(bool *)at = defer;
	return 0;
}

/* A default has no lines. */
static int
set_text(const struct row *row, const char *value, void *at, struct mm_err *err)
{
	struct mm_text *text = at;

	(void)row;
	if ((text->data = strdup(value)) == NULL)
		return mm_err_set(err, "out of memory");
	return 0;
}

typedef int setter(
    const struct row *row, const char *value, void *at, struct mm_err *err);

static setter *const setters[] = {
    [T_STRING] = set_string,
    [T_RAW] = set_string,
    [T_BOOL] = set_bool,
    [T_UINT] = set_uint,
    [T_TIME] = set_time,
    [T_MODE] = set_mode,
    [T_CODE] = set_uint,
    [T_ACTION] = set_action,
    [T_LIST] = set_text,
};

/* For "$name" where the file does not set name: what stands in the table, or
 * was found out before. */
static const char *
standard_of(void *ctx, const char *name)
{
	const struct mm_settings *settings = ctx;

	if (settings->myhostname != NULL && strcmp(name, "myhostname") == 0)
		return settings->myhostname;
	if (settings->mydomain != NULL && strcmp(name, "mydomain") == 0)
		return settings->mydomain;
	for (size_t i = 0; i < NROWS; i++) {
		if (strcmp(rows[i].name, name) == 0)
			return rows[i].standard;
	}
	return NULL;
}

/* Newlines of continued values are blanks, blanks at the ends go. */
static char *
one_line(char *text)
{
	size_t len;

	for (char *p = text; *p != '\0'; p++) {
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	}
	while (*text == ' ')
		text++;
	len = strlen(text);
	while (len > 0 && text[len - 1] == ' ')
		text[--len] = '\0';
	return text;
}

static void
read_raw(const struct row *row, const struct mm_conf *conf, void *at,
    struct mm_complaints *all)
{
	const char *raw = mm_conf_raw(conf, row->name);
	char *copy = raw != NULL ? strdup(raw) : NULL;
	struct mm_err err;

	if (raw == NULL)
		return;
	if (copy == NULL || set_string(row, one_line(copy), at, &err) != 0)
		mm_complain(all, MM_ERROR, mm_conf_file(conf),
		    mm_conf_line_of(conf, row->name), "%s: out of memory",
		    row->name);
	free(copy);
}

int
mm_settings_text(const struct mm_settings *settings, const struct mm_conf *conf,
    const char *name, struct mm_text *ret, struct mm_complaints *all)
{
	void *ctx = (void *)(uintptr_t)settings;
	struct mm_err err;
	unsigned line = 0;
	int rc;

	rc = mm_conf_expand(conf, name, standard_of, ctx, ret, &line, &err);
	if (rc < 0)
		mm_complain(all, MM_ERROR, mm_conf_file(conf), line, "%s: %s",
		    name, err.text);
	return rc;
}

bool
mm_settings_is_class(const struct mm_settings *settings, const char *name)
{
	const char *all = settings->smtpd_restriction_classes;
	size_t at = 0, len;

	for (; (len = mm_token_next(all, &at)) > 0; at += len) {
		if (strlen(name) == len && memcmp(name, all + at, len) == 0)
			return true;
	}
	return false;
}

static void
read_row(const struct row *row, const struct mm_conf *conf,
    struct mm_settings *settings, struct mm_complaints *all)
{
	void *at = field(settings, row);
	const char *file = mm_conf_file(conf);
	struct mm_text text = {0};
	struct mm_err err;
	unsigned line;

	if (row->type == T_RAW) {
		read_raw(row, conf, at, all);
		return;
	}
	if (mm_settings_text(settings, conf, row->name, &text, all) <= 0)
		return;
	if (row->type == T_LIST) {
		mm_text_clear(at);
		*(struct mm_text *)at = text;
		return;
	}
	line = mm_text_line(&text, 0);
	if (setters[row->type](row, one_line(text.data), at, &err) != 0)
		mm_complain(
		    all, MM_ERROR, file, line, "%s: %s", row->name, err.text);
	mm_text_clear(&text);
}

/* Whether one of an entry's names is this one. */
static bool
has_alias(const struct hostent *host, const char *name)
{
	for (char **alias = host->h_aliases; *alias != NULL; alias++) {
		if (mm_str_same(*alias, name))
			return true;
	}
	return false;
}

/*
 * The machine's own name, fully qualified where the system's table of hosts
 * knows it so.  gethostent(3) reads that table and nothing else: asking the
 * DNS could hold up a start or a reload for many seconds.
 */
static int
own_name(
    const struct row *row, struct mm_settings *settings, struct mm_err *err)
{
	char name[256] = "", best[256], room[8192];
	struct hostent entry, *host;
	int why;

	if (gethostname(name, sizeof(name) - 1) != 0)
		snprintf(name, sizeof(name), "localhost");
	memcpy(best, name, sizeof(best));
	sethostent(0);
	while (strchr(best, '.') == NULL &&
	       gethostent_r(&entry, room, sizeof(room), &host, &why) == 0) {
		if (strlen(host->h_name) < sizeof(best) &&
		    has_alias(host, name))
			snprintf(best, sizeof(best), "%s", host->h_name);
	}
	endhostent();
	return set_string(row, best, field(settings, row), err);
}

/* myhostname without its first label, as in postconf(5). */
static int
own_domain(
    const struct row *row, struct mm_settings *settings, struct mm_err *err)
{
	const char *dot = strchr(settings->myhostname, '.');

	return set_string(row, dot != NULL ? dot + 1 : "localdomain",
	    field(settings, row), err);
}

static const struct row *
find_row(const char *name)
{
	size_t i = 0;

	while (strcmp(rows[i].name, name) != 0)
		i++;
	return &rows[i];
}

/* What a parameter is where nothing sets it.  "$name" stands for what a row
 * further up has been set to. */
static int
set_standard(const struct row *row, const struct mm_conf *conf,
    struct mm_settings *settings)
{
	bool set = mm_conf_raw(conf, row->name) != NULL;
	const char *text = row->standard;
	void *at = field(settings, row);
	struct mm_err err;

	if (!set && strcmp(row->name, "myhostname") == 0)
		return own_name(row, settings, &err);
	if (!set && strcmp(row->name, "mydomain") == 0)
		return own_domain(row, settings, &err);
	if (row->type != T_ACTION || *text != '$')
		return setters[row->type](row, text, at, &err);
	memcpy(at, field(settings, find_row(text + 1)), sizeof(bool));
	return 0;
}

struct mm_settings *
mm_settings_read(const struct mm_conf *conf, struct mm_complaints *all)
{
	struct mm_settings *settings = calloc(1, sizeof(*settings));

	if (settings == NULL)
		return NULL;
	for (size_t i = 0; i < NROWS; i++) {
		if (set_standard(&rows[i], conf, settings) != 0)
			goto fail;
		read_row(&rows[i], conf, settings, all);
	}
	mm_settings_check(settings, conf, all);
	return settings;

fail:
	mm_settings_free(settings);
	return NULL;
}

void
mm_settings_free(struct mm_settings *settings)
{
	if (settings == NULL)
		return;
	for (size_t i = 0; i < NROWS; i++) {
		void *at = field(settings, &rows[i]);

		if (rows[i].type == T_STRING || rows[i].type == T_RAW)
			free((void *)(uintptr_t) * (const char **)at);
		else if (rows[i].type == T_LIST)
			mm_text_clear(at);
	}
	free(settings);
}

static bool
same(const struct row *row, const struct mm_settings *a,
    const struct mm_settings *b)
{
	const void *x = field(a, row), *y = field(b, row);

	switch (row->type) {
	case T_STRING:
	case T_RAW:
		return strcmp(*(const char *const *)x,
			   *(const char *const *)y) == 0;
	case T_BOOL:
	case T_ACTION:
		return *(const bool *)x == *(const bool *)y;
	case T_UINT:
	case T_MODE:
	case T_CODE:
		return *(const unsigned *)x == *(const unsigned *)y;
	case T_TIME:
		return *(const int64_t *)x == *(const int64_t *)y;
	case T_LIST:
		break;
	}
	return true; /* a list is never compared */
}

void
mm_settings_compare(const struct mm_settings *running,
    const struct mm_settings *wanted, const char *file,
    struct mm_complaints *all)
{
	for (size_t i = 0; i < NROWS; i++) {
		if (rows[i].at_restart && !same(&rows[i], running, wanted))
			mm_complain(all, MM_NOTICE, file, 0,
			    "%s has changed: takes effect at the next "
			    "restart, the old value stays until then",
			    rows[i].name);
	}
}

bool
mm_settings_dns_differ(const struct mm_settings *a, const struct mm_settings *b)
{
	return strcmp(a->dns_forward, b->dns_forward) != 0 ||
	       strcmp(a->dns_stub, b->dns_stub) != 0 ||
	       strcmp(a->dns_trust_anchor_file, b->dns_trust_anchor_file) !=
		   0 ||
	       a->dns_deadline != b->dns_deadline ||
	       a->dns_in_flight != b->dns_in_flight;
}

bool
mm_settings_row(
    size_t i, const char **name, const char **standard, bool *at_restart)
{
	if (i >= NROWS)
		return false;
	*name = rows[i].name;
	*standard = rows[i].standard;
	*at_restart = rows[i].at_restart;
	return true;
}

bool
mm_settings_raw(const char *name)
{
	for (size_t i = 0; i < NROWS; i++) {
		if (strcmp(rows[i].name, name) == 0)
			return rows[i].type == T_RAW;
	}
	return false;
}

const char *
mm_chain_name(enum mm_chain chain)
{
	static const char *const names[] = {
	    [MM_CHAIN_CLIENT] = "smtpd_client_restrictions",
	    [MM_CHAIN_HELO] = "smtpd_helo_restrictions",
	    [MM_CHAIN_SENDER] = "smtpd_sender_restrictions",
	    [MM_CHAIN_RELAY] = "smtpd_relay_restrictions",
	    [MM_CHAIN_RECIPIENT] = "smtpd_recipient_restrictions",
	};

	return names[chain];
}

/* import_values - what main.cf says, and what Postfix takes where it is
 * silent. */
#include "ctl/import.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

#define QUEUE "/var/spool/postfix"

/* clang-format off */
/* What "$name" may stand for that main.cf leaves to Postfix (postconf(5)). */
static const struct {
	const char *name, *value;
} standard[] = {
	{ "queue_directory", QUEUE },
	{ "data_directory", "/var/lib/postfix" },
	{ "daemon_directory", "/usr/lib/postfix/sbin" },
	{ "command_directory", "/usr/sbin" },
	{ "default_database_type", "hash" },
	{ "mail_owner", "postfix" },
	{ "mail_name", "Postfix" },
	{ "myorigin", "$myhostname" },
	{ "mydestination", "$myhostname, localhost.$mydomain, localhost" },
	{ "virtual_alias_domains", "$virtual_alias_maps" },
	{ "virtual_mailbox_domains", "$virtual_mailbox_maps" },
	{ "recipient_delimiter", "" },
	{ "mynetworks", "127.0.0.0/8 [::1]/128" },
};

/* What Postfix does and mailmum does not when nothing is said. */
static const struct {
	const char *name, *value;
	bool raw; /* mailmum expands it, with names of its own */
	unsigned major, minor; /* only below this level; 0: at each */
} defaults[] = {
	{ "mydestination", "$myhostname, localhost.$mydomain, localhost", true, 0, 0 },
	{ "relay_domains", "$mydestination", true, 2, 0 },
	{ "virtual_alias_domains", "$virtual_alias_maps", false, 0, 0 },
	{ "virtual_mailbox_domains", "$virtual_mailbox_maps", false, 0, 0 },
	{ "smtpd_relay_before_recipient_restrictions", "no", false, 3, 6 },
};

/* Parameters that are not taken along. */
static const struct {
	const char *name, *why;
} stay[] = {
	{ "soft_bounce", "Postfix does it to mailmum's replies as well" },
	{ "smtpd_reject_footer", "Postfix adds it to mailmum's replies as well" },
	{ "smtpd_helo_required", "Postfix answers at once" },
	{ "strict_rfc821_envelopes", "Postfix answers at once" },
	{ "smtpd_data_restrictions", "only Postfix sees that stage" },
	{ "smtpd_end_of_data_restrictions", "only Postfix sees that stage" },
	{ "smtpd_etrn_restrictions", "only Postfix sees that stage" },
};

/* Who is a local recipient: all of them, or none. */
static const char *const domains[] = {
	"mydestination", "relay_domains", "virtual_alias_domains",
	"virtual_mailbox_domains", "inet_interfaces", "proxy_interfaces",
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Newlines of continued values become blanks, blanks at the ends go. */
static const char *
one_line(struct import *im, const char *text)
{
	size_t skip = strspn(text, " \t\r\n"), len = strlen(text);
	char *copy, *to;

	while (len > skip && strchr(" \t\r\n", text[len - 1]) != NULL)
		len--;
	copy = to = mm_arena_dupn(im->arena, text + skip, len - skip);
	for (const char *p = copy; p != NULL && *p != '\0'; p++) {
		if (*p == '\n') {
			p += strspn(p, " \t\r\n") - 1;
			*to++ = ' ';
		} else
			*to++ = *p == '\t' || *p == '\r' ? ' ' : *p;
	}
	if (to != NULL)
		*to = '\0';
	return copy != NULL ? copy : "";
}

/* Postfix's own defaults, which "postconf" without -n prints as well, may hang
 * on compatibility_level: such a parameter is not set. */
static bool
is_set(const struct mm_conf *conf, const char *name)
{
	static const char level[] = "${{$compatibility_level}";
	const char *raw = mm_conf_raw(conf, name);

	return raw != NULL && strncmp(raw, level, sizeof(level) - 1) != 0;
}

/* What fallback() needs to know of a name that is not set. */
struct lookup {
	struct import *im;
	const struct mm_conf *conf;
};

static const char *
host_name(struct import *im)
{
	char name[256] = "";

	if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0')
		return "localhost";
	return import_printf(im, "%s", name);
}

/* Without its first label; a name that has only one is put below
 * "localdomain", as Postfix does. */
static const char *
domain_of(struct import *im, const struct mm_conf *conf)
{
	const char *name = mm_conf_raw(conf, "myhostname"), *dot;

	if (name == NULL || strchr(name, '$') != NULL)
		name = host_name(im);
	dot = strchr(name, '.');
	return dot != NULL && dot[1] != '\0' ? one_line(im, dot + 1)
					     : "localdomain";
}

/* Postfix takes a name that is set nowhere as empty. */
static const char *
fallback(void *ctx, const char *name)
{
	struct lookup *l = ctx;
	struct import *im = l->im;
	const char *slash = strrchr(im->main, '/'), *row, *value;
	bool at_restart;

	if (strcmp(name, "myhostname") == 0)
		return host_name(im);
	if (strcmp(name, "mydomain") == 0)
		return domain_of(im, l->conf);
	if (strcmp(name, "config_directory") == 0)
		return slash == NULL || strcmp(slash, "/main.cf") != 0
			   ? "/etc/postfix"
			   : import_dupn(
				 im, im->main, (size_t)(slash - im->main));
	for (size_t i = 0; i < COUNT(standard); i++) {
		if (strcmp(standard[i].name, name) == 0)
			return standard[i].value;
	}
	for (size_t i = 0; mm_settings_row(i, &row, &value, &at_restart); i++) {
		if (strcmp(row, name) == 0 && !at_restart)
			return value;
	}
	return "";
}

const char *
import_value(struct import *im, const struct mm_conf *conf, const char *name)
{
	struct lookup l = {im, conf};
	const char *value = NULL;
	struct mm_text text = {0};
	struct mm_err err;
	unsigned line = 0;

	if (!is_set(conf, name))
		return NULL;
	if (mm_settings_raw(name))
		return import_raw(im, conf, name);
	switch (mm_conf_expand(conf, name, fallback, &l, &text, &line, &err)) {
	case 1:
		value = one_line(im, text.data);
		mm_text_clear(&text);
		break;
	case -1:
		mm_complain(&im->mistakes, MM_ERROR, mm_conf_file(conf), line,
		    "%s: %s", name, err.text);
		break;
	}
	return value;
}

const char *
import_raw(struct import *im, const struct mm_conf *conf, const char *name)
{
	return is_set(conf, name) ? one_line(im, mm_conf_raw(conf, name))
				  : NULL;
}

/* With lines, for those who take it apart.  False: see import_value. */
bool
import_text(struct import *im, const char *name, struct mm_text *ret)
{
	struct lookup l = {im, im->conf};
	struct mm_err err;
	unsigned line = 0;
	int rc = 0;

	if (is_set(im->conf, name))
		rc = mm_conf_expand(
		    im->conf, name, fallback, &l, ret, &line, &err);
	if (rc < 0)
		mm_complain(&im->mistakes, MM_ERROR, im->main, line, "%s: %s",
		    name, err.text);
	return rc == 1;
}

bool
import_below(struct import *im, unsigned major, unsigned minor)
{
	const char *level = import_value(im, im->conf, "compatibility_level");
	unsigned long a = 0, b = 0;
	char *end;

	if (level != NULL) {
		a = strtoul(level, &end, 10);
		if (*end == '.')
			b = strtoul(end + 1, NULL, 10);
	}
	return a < major || (a == major && b < minor);
}

const char *
import_queue_directory(struct import *im)
{
	const char *dir = import_value(im, im->conf, "queue_directory");

	return dir != NULL && dir[0] == '/' ? dir : QUEUE;
}

/* Is it a parameter of mailmum.conf that is not the daemon's own? */
static bool
is_policys(const char *name)
{
	const char *row, *value;
	bool at_restart;

	for (int c = 0; c < MM_NCHAIN; c++) {
		if (strcmp(mm_chain_name((enum mm_chain)c), name) == 0)
			return false;
	}
	if (strcmp(name, "smtpd_restriction_classes") == 0)
		return false; /* with the lists */
	for (size_t i = 0; mm_settings_row(i, &row, &value, &at_restart); i++) {
		if (strcmp(row, name) == 0)
			return !at_restart;
	}
	return false;
}

bool
import_is_domains(const char *name)
{
	for (size_t i = 0; i < COUNT(domains); i++) {
		if (strcmp(domains[i], name) == 0)
			return true;
	}
	return false;
}

static const char *
why_it_stays(const char *name)
{
	for (size_t i = 0; i < COUNT(stay); i++) {
		if (strcmp(stay[i].name, name) == 0)
			return stay[i].why;
	}
	return NULL;
}

/* value NULL: there is none. */
static void
add_param(struct import *im, struct import_param wanted)
{
	struct import_param **end = &im->params, *param;

	while (*end != NULL)
		end = &(*end)->next;
	if (wanted.value == NULL ||
	    (param = mm_arena_alloc(im->arena, sizeof(*param))) == NULL)
		return;
	*param = wanted;
	*end = param;
}

/* What Postfix takes for itself, expanded; NULL: nothing. */
static const char *
default_value(struct import *im, const char *name, const char *value)
{
	const char *text = import_printf(im, "%s = %s\n", name, value);
	struct mm_complaints all = {0};
	struct mm_conf *conf;
	struct mm_err err;

	text = import_printf(im, "%s\n%s", im->text, text);
	conf = mm_conf_parse(text, im->main, &all, &err);
	value = conf != NULL ? import_value(im, conf, name) : NULL;
	mm_conf_free(conf);
	mm_complaints_clear(&all);
	return value != NULL && *value != '\0' ? value : NULL;
}

/* What Postfix has and mailmum has not when main.cf is silent. */
static void
add_defaults(struct import *im)
{
	for (size_t i = 0; i < COUNT(defaults); i++) {
		const char *name = defaults[i].name, *value = defaults[i].value;

		if (!is_policys(name) || is_set(im->conf, name) ||
		    (defaults[i].major != 0 &&
			!import_below(
			    im, defaults[i].major, defaults[i].minor)))
			continue;
		if (!defaults[i].raw)
			value = default_value(im, name, value);
		add_param(im,
		    (struct import_param){
			.name = name, .value = value, .raw = defaults[i].raw});
	}
}

void
import_params(struct import *im)
{
	for (size_t i = 0; i < mm_conf_count(im->conf); i++) {
		const char *name = mm_conf_name(im->conf, i);
		const char *why = why_it_stays(name);
		unsigned line = mm_conf_line(im->conf, i);

		if (why != NULL && *mm_conf_raw(im->conf, name) == '\0')
			continue;
		if (why != NULL)
			mm_complain(&im->notes, MM_NOTICE, im->main, line,
			    "%s stays there: %s", name, why);
		else if (is_policys(name))
			add_param(
			    im, (struct import_param){.name = name,
				    .value = import_value(im, im->conf, name),
				    .raw = mm_settings_raw(name),
				    .line = line});
	}
	add_defaults(im);
}

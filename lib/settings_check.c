/* settings_check - see settings_check.h. */
#include "lib/settings_check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/settings.h"
#include "lib/settings_daemon.h"
#include "lib/settings_dns.h"
#include "lib/settings_redis.h"
#include "lib/str.h"

/* clang-format off */
/* Parameters that belong to a stage or a check which only the MTA has. */
static const struct {
	const char *name, *why;
} mta_only[] = {
	{ "smtpd_data_restrictions", "only Postfix sees that stage" },
	{ "smtpd_end_of_data_restrictions", "only Postfix sees that stage" },
	{ "smtpd_etrn_restrictions", "only Postfix sees that stage" },
};

/* clang-format on */

/* The parameter that may be meant; NULL: none is near. */
static const char *
nearest(const char *name)
{
	const char *best = NULL, *row, *standard;
	unsigned least = 4;
	bool at_restart;

	for (size_t i = 0; mm_settings_row(i, &row, &standard, &at_restart);
	     i++) {
		unsigned d = mm_str_distance(name, row, least);

		/* of a short name, more has to be right than wrong */
		if (d < least && 2 * d <= strlen(name)) {
			least = d;
			best = row;
		}
	}
	return best;
}

static bool
known(const char *name)
{
	const char *row, *standard;
	bool at_restart;

	for (size_t i = 0; mm_settings_row(i, &row, &standard, &at_restart);
	     i++) {
		if (strcmp(row, name) == 0)
			return true;
	}
	return false;
}

static const char *
stays_in_mta(const char *name)
{
	for (size_t i = 0; i < sizeof(mta_only) / sizeof(mta_only[0]); i++) {
		if (strcmp(mta_only[i].name, name) == 0)
			return mta_only[i].why;
	}
	return NULL;
}

/* Names that mean nothing here; one that "$name" uses is the operator's. */
static void
complain_unknown(const struct mm_settings *settings, const struct mm_conf *conf,
    struct mm_complaints *all)
{
	const char *file = mm_conf_file(conf);

	for (size_t i = 0; i < mm_conf_count(conf); i++) {
		const char *name = mm_conf_name(conf, i);
		const char *why = stays_in_mta(name), *near;
		unsigned line = mm_conf_line(conf, i);

		if (why != NULL)
			mm_complain(all, MM_STAYS, file, line,
			    "%s: keep it in main.cf: %s", name, why);
		else if (known(name) || mm_conf_used(conf, i) ||
			 mm_settings_is_class(settings, name))
			continue;
		else if ((near = nearest(name)) != NULL)
			mm_complain(all, MM_ERROR, file, line,
			    "unknown parameter \"%s\": did you mean \"%s\"?",
			    name, near);
		else
			mm_complain(all, MM_ERROR, file, line,
			    "unknown parameter \"%s\"", name);
	}
}

/* The daemon's own settings, in words that it understands. */
static void
check_daemon(const struct mm_settings *settings, const struct mm_conf *conf,
    struct mm_complaints *all)
{
	const struct {
		const char *name, *value;
		int (*check)(const char *text, struct mm_err *err);
	} checks[] = {
	    {"milter_socket", settings->milter_socket, mm_socket_check},
	    {"control_socket", settings->control_socket,
		mm_control_socket_check},
	    {"log_to", settings->log_to, mm_log_to_check},
	};
	struct mm_err err;

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (checks[i].check(checks[i].value, &err) != 0)
			mm_complain(all, MM_ERROR, mm_conf_file(conf),
			    mm_conf_line_of(conf, checks[i].name), "%s: %s",
			    checks[i].name, err.text);
	if (mm_metrics_listen_check(settings->metrics_listen,
		settings->metrics_listen_public, &err) != 0)
		mm_complain(all, MM_ERROR, mm_conf_file(conf),
		    mm_conf_line_of(conf, "metrics_listen"),
		    "metrics_listen: %s", err.text);
}

/* Better known now than when the resolver starts.  A private root is not
 * validated by the public one's anchor. */
static void
check_anchor(const struct mm_settings_dns *dns, const struct mm_conf *conf,
    struct mm_complaints *all)
{
	static const char name[] = "dns_trust_anchor_file";
	const char *file = dns->config.trust_anchor_file;

	if (file == NULL || access(file, R_OK) == 0)
		return;
	for (size_t i = 0; i < dns->config.nstub; i++) {
		if (strcmp(dns->config.stub[i].zone, ".") == 0)
			return;
	}
	mm_complain(all, MM_ERROR, mm_conf_file(conf),
	    mm_conf_line_of(conf, name),
	    "%s: %s: %s: the package dns-root-data has one; \"none\" turns "
	    "validation off",
	    name, file, strerror(errno));
}

/* The resolver's settings, in words that it understands. */
static void
check_dns(const struct mm_settings *settings, const struct mm_conf *conf,
    struct mm_complaints *all)
{
	struct mm_settings_dns dns;
	struct mm_err err;
	const char *name;

	if (mm_settings_dns_read(settings, &dns, &err) == 0) {
		check_anchor(&dns, conf, all);
		mm_settings_dns_clear(&dns);
		return;
	}
	name = mm_str_begins(err.text, "dns_stub") ? "dns_stub" : "dns_forward";
	mm_complain(all, MM_ERROR, mm_conf_file(conf),
	    mm_conf_line_of(conf, name), "%s", err.text);
}

/* What is right by itself and wrong, or worth a word, as a whole. */
static void
check_whole(const struct mm_settings *settings, const struct mm_conf *conf,
    struct mm_complaints *all)
{
	static const char keep[] =
	    "%s: keep it in main.cf, where Postfix answers at once; here it "
	    "is enforced at RCPT for an MTA that has not";
	const char *file = mm_conf_file(conf);

	if (settings->smtpd_helo_required)
		mm_complain(all, MM_NOTICE, file,
		    mm_conf_line_of(conf, "smtpd_helo_required"), keep,
		    "smtpd_helo_required");
	if (settings->strict_rfc821_envelopes)
		mm_complain(all, MM_NOTICE, file,
		    mm_conf_line_of(conf, "strict_rfc821_envelopes"), keep,
		    "strict_rfc821_envelopes");
	if (settings->state_directory[0] != '/')
		mm_complain(all, MM_ERROR, file,
		    mm_conf_line_of(conf, "state_directory"),
		    "state_directory: \"%s\" is not a path that begins with "
		    "\"/\"",
		    settings->state_directory);
	if (settings->greylist_retry_window <= settings->greylist_delay)
		mm_complain(all, MM_ERROR, file,
		    mm_conf_line_of(conf, "greylist_retry_window"),
		    "greylist_retry_window must be longer than "
		    "greylist_delay: nothing would ever pass");
}

/* The files that a shared store will read; who may, is seen then. */
static void
check_redis_files(const struct mm_settings *settings,
    const struct mm_conf *conf, struct mm_complaints *all)
{
	const struct {
		const char *name, *path;
	} files[] = {
	    {"greylist_redis_password_file",
		settings->greylist_redis_password_file},
	    {"greylist_redis_ca_file", settings->greylist_redis_ca_file},
	    {"greylist_redis_cert_file", settings->greylist_redis_cert_file},
	    {"greylist_redis_key_file", settings->greylist_redis_key_file},
	    {"greylist_redis_secret_file",
		settings->greylist_redis_secret_file},
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (*files[i].path == '\0' ||
		    access(files[i].path, F_OK) == 0 || errno == EACCES)
			continue;
		mm_complain(all, MM_ERROR, mm_conf_file(conf),
		    mm_conf_line_of(conf, files[i].name), "%s: %s: %s",
		    files[i].name, files[i].path, strerror(errno));
	}
}

/* What keeps the greylist. */
static void
check_store(const struct mm_settings *settings, const struct mm_conf *conf,
    struct mm_complaints *all)
{
	struct mm_settings_redis redis;
	struct mm_err err;
	char name[64];

	if (mm_settings_redis_read(settings, &redis, &err) == 0) {
		if (redis.shared)
			check_redis_files(settings, conf, all);
		mm_settings_redis_clear(&redis);
		return;
	}
	snprintf(
	    name, sizeof(name), "%.*s", (int)strcspn(err.text, ":"), err.text);
	mm_complain(all, MM_ERROR, mm_conf_file(conf),
	    mm_conf_line_of(conf, name), "%s", err.text);
}

void
mm_settings_check(const struct mm_settings *settings,
    const struct mm_conf *conf, struct mm_complaints *all)
{
	complain_unknown(settings, conf, all);
	check_whole(settings, conf, all);
	check_daemon(settings, conf, all);
	check_dns(settings, conf, all);
	check_store(settings, conf, all);
}

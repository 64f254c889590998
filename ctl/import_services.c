/*
 * import_services - what master.cf's services need.
 *
 * A service that overrides what mailmum has now keeps its own policy in
 * Postfix and is not judged by mailmum; one that mailmum cannot reach gets a
 * path that it can; and who is not judged gets back what it inherited.
 */
#include "ctl/import.h"

#include <string.h>

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

/* One smtpd service, and main.cf as it sees it. */
struct server {
	struct import *im;
	const struct import_service *service;
	struct mm_conf *conf;
	const char *milters; /* its own, NULL: main.cf's */
};

static bool
is_chrooted(struct import *im, const struct import_service *s)
{
	return s->chroot == '-' ? import_below(im, 1, 0) : s->chroot == 'y';
}

/* main.cf with the overrides behind it: the last one counts.  NULL: out of
 * memory. */
static struct mm_conf *
conf_of(struct import *im, const struct import_service *s)
{
	const char *text = import_printf(im, "%s\n", im->text);
	struct mm_complaints ignored = {0};
	struct mm_conf *conf;
	struct mm_err err;

	for (const struct import_override *o = s->overrides; o != NULL;
	     o = o->next)
		text =
		    import_printf(im, "%s%s = %s\n", text, o->name, o->value);
	conf = mm_conf_parse(text, im->main, &ignored, &err);
	mm_complaints_clear(&ignored);
	return conf;
}

/* All that mailmum has of a policy, as one text to compare. */
static const char *
policy_of(struct import *im, const struct mm_conf *conf)
{
	const char *text = "", *value;

	for (size_t i = 0; i < im->nlists; i++) {
		if (i < MM_NCHAIN && !im->lists[i].moves)
			continue;
		value = import_value(im, conf, im->lists[i].name);
		text = import_printf(
		    im, "%s\n%s", text, value != NULL ? value : "");
	}
	for (const struct import_param *p = im->params; p != NULL;
	     p = p->next) {
		value = import_value(im, conf, p->name);
		text = import_printf(
		    im, "%s\n%s", text, value != NULL ? value : "");
	}
	return text;
}

static void
override(const struct server *s, const char *name, const char *value)
{
	struct import *im = s->im;

	import_say(im, &im->commands, "%s -P %s",
	    import_program(im, "postconf"),
	    import_quoted(im, import_printf(im, "%s/%s/%s=%s", s->service->name,
				  s->service->type, name, value)));
}

/* postconf -P wants no blanks, so main.cf gets a name for the value. */
static void
override_by_name(const struct server *s, const char *name, const char *variable,
    const char *value)
{
	struct import *im = s->im;
	const char *setting =
	    import_quoted(im, import_printf(im, "%s = %s", variable, value));
	const char *command = import_printf(
	    im, "%s -e %s", import_program(im, "postconf"), setting);
	bool there = false;

	if (value[strcspn(value, " ")] == '\0') {
		override(s, name, value);
		return;
	}
	for (const struct import_line *l = im->commands.first; l != NULL;
	     l = l->next)
		there |= strcmp(l->text, command) == 0;
	if (!there)
		import_say(im, &im->commands, "%s", command);
	override(s, name, import_printf(im, "$%s", variable));
}

/* Not judged by mailmum: what main.cf loses, it keeps. */
static void
give_back(const struct server *s)
{
	struct import *im = s->im;

	for (int c = 0; c < MM_NCHAIN; c++) {
		const char *name = im->lists[c].name;
		const char *value = import_raw(im, im->conf, name);

		if (!im->lists[c].moves ||
		    import_override(s->service, name) != NULL)
			continue;
		override_by_name(s, name,
		    import_printf(
			im, "without_mailmum_%s", name + strlen("smtpd_")),
		    value != NULL ? value : "");
	}
}

static void
say(const struct server *s, const char *text)
{
	mm_complain(&s->im->notes, MM_NOTICE, s->im->master, s->service->line,
	    "%s/%s %s", s->service->name, s->service->type, text);
}

/* It has the policy that mailmum has from now on. */
static void
serve_same(const struct server *s)
{
	struct import *im = s->im;

	if (s->milters == NULL) {
		*(is_chrooted(im, s->service) ? &im->chrooted
					      : &im->unchrooted) = true;
		say(s, "is judged by mailmum");
		return;
	}
	say(s, "has smtpd_milters of its own, and mailmum is not among them: "
	       "it keeps its restrictions");
	give_back(s);
}

static void
serve_other(const struct server *s)
{
	const char *milters = import_raw(s->im, s->im->conf, "smtpd_milters");

	say(s, "overrides what mailmum has now: it keeps its own policy, in "
	       "Postfix alone");
	if (s->milters == NULL)
		override_by_name(s, "smtpd_milters", "without_mailmum_milters",
		    milters != NULL ? milters : "");
	give_back(s);
}

static void
serve(struct import *im, const struct import_service *service)
{
	struct server s = {im, service, conf_of(im, service),
	    import_override(service, "smtpd_milters")};
	const char *options =
	    import_override(service, "receive_override_options");

	if (s.conf == NULL)
		return;
	if (options != NULL && strstr(options, "no_milters") != NULL)
		s.milters = "";
	if (s.milters != NULL && strstr(s.milters, "mailmum") != NULL)
		say(&s, "asks mailmum already");
	else if (strcmp(policy_of(im, s.conf), im->whole) == 0)
		serve_same(&s);
	else
		serve_other(&s);
	mm_conf_free(s.conf);
}

/* Where some are chrooted and this one is not, the path is another. */
static void
lead_out_of_chroot(struct import *im)
{
	const char *path = import_printf(
	    im, "%s/run/mailmum.sock", import_queue_directory(im));
	const char *others = import_raw(im, im->conf, "smtpd_milters");
	const char *all = import_printf(im, "%s%s%s", import_milter(im, path),
	    others != NULL && *others != '\0' ? ", " : "",
	    others != NULL ? others : "");

	for (const struct import_service *service = im->services.first;
	     service != NULL; service = service->next) {
		struct server s = {im, service, conf_of(im, service), NULL};

		if (s.conf != NULL && strcmp(service->command, "smtpd") == 0 &&
		    !is_chrooted(im, service) &&
		    import_override(service, "smtpd_milters") == NULL &&
		    strcmp(policy_of(im, s.conf), im->whole) == 0)
			override_by_name(&s, "smtpd_milters",
			    "mailmum_unchrooted_milters", all);
		mm_conf_free(s.conf);
	}
}

static void
note_postscreen(struct import *im, const struct import_service *service)
{
	const char *sites =
	    import_value(im, im->conf, "postscreen_dnsbl_sites");

	mm_complain(&im->notes, MM_NOTICE, im->master, service->line,
	    "postscreen stays in front of it all; whom it turns away, mailmum "
	    "never sees");
	for (size_t i = 0; sites != NULL && i < MM_NCHAIN; i++) {
		for (const struct import_element *e = im->lists[i].first;
		     e != NULL; e = e->next) {
			size_t len = e->arg != NULL ? strcspn(e->arg, "=") : 0;

			if (!im->lists[i].moves || import_stays(e) ||
			    !mm_str_same(e->word, "reject_rbl_client") ||
			    len == 0 ||
			    strstr(sites, import_dupn(im, e->arg, len)) == NULL)
				continue;
			mm_complain(&im->notes, MM_NOTICE, im->main, e->line,
			    "%s: postscreen_dnsbl_sites asks it as well, "
			    "which does no harm",
			    e->text);
		}
	}
}

void
import_services(struct import *im)
{
	im->whole = policy_of(im, im->conf);
	for (const struct import_service *s = im->services.first; s != NULL;
	     s = s->next) {
		if (strcmp(s->command, "smtpd") == 0)
			serve(im, s);
		else if (strcmp(s->command, "postscreen") == 0)
			note_postscreen(im, s);
	}
	if (im->chrooted && im->unchrooted)
		lead_out_of_chroot(im);
}

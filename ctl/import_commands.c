/* import_commands - what has to be done in main.cf. */
#include "ctl/import.h"

#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/program.h"
#include "lib/str.h"

#define SOCKET "/run/mailmum.sock"

const char *
import_quoted(struct import *im, const char *text)
{
	char *copy = mm_arena_alloc(im->arena, strlen(text) * 4 + 3), *to;

	if ((to = copy) == NULL)
		return "";
	*to++ = '\'';
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			to = stpcpy(to, "'\\'");
		*to++ = *text;
	}
	*to = '\'';
	return copy;
}

const char *
import_program(struct import *im, const char *program)
{
	const char *slash = strrchr(im->main, '/'), *dir;
	char *whole;

	if (slash == NULL || strcmp(slash, "/main.cf") != 0 ||
	    strcmp(im->main, "/etc/postfix/main.cf") == 0)
		return program;
	dir = import_dupn(im, im->main, (size_t)(slash - im->main));
	whole = realpath(dir, NULL);
	dir = import_printf(im, "%s -c %s", program,
	    import_quoted(im, whole != NULL ? whole : dir));
	free(whole);
	return dir;
}

const char *
import_milter(struct import *im, const char *path)
{
	const char *protocol = import_value(im, im->conf, "milter_protocol");

	/* an old one is for milters that do not know better */
	return import_printf(im, "{ unix:%s, default_action=accept%s }", path,
	    protocol != NULL && strcmp(protocol, "6") != 0 ? ", protocol=6"
							   : "");
}

static void
set(struct import *im, const char *name, const char *value)
{
	import_say(im, &im->commands, "%s -e %s",
	    import_program(im, "postconf"),
	    import_quoted(im, import_printf(im, "%s = %s", name, value)));
}

/* What is left of a list, NULL: nothing. */
static const char *
rest_of(struct import *im, const struct import_list *list)
{
	const char *text = NULL;

	for (const struct import_element *e = list->first; e != NULL;
	     e = e->next) {
		if (import_stays(e) || e->both)
			text = import_printf(im, "%s%s%s",
			    text != NULL ? text : "", text != NULL ? ", " : "",
			    import_undollared(im, e->text));
	}
	return text;
}

/* Does the list control who may relay?  left: by what is left of it. */
static bool
controls_relaying(const struct import_list *list, bool left)
{
	static const char *const also[] = {
	    "reject", "defer", "defer_if_permit"};

	for (const struct import_element *e = list->first; e != NULL;
	     e = e->next) {
		if (list->moves && left && !import_stays(e) && !e->both)
			continue;
		if (import_is_relay_word(e->word))
			return true;
		for (size_t i = 0; i < sizeof(also) / sizeof(also[0]); i++) {
			if (mm_str_same(also[i], e->word))
				return true;
		}
	}
	return false;
}

/* Postfix must hold against relaying by itself, whatever moves. */
static void
keep_relay_control(struct import *im)
{
	static const char value[] =
	    "permit_mynetworks, permit_sasl_authenticated, "
	    "reject_unauth_destination";
	const struct import_list *relay = &im->lists[MM_CHAIN_RELAY];
	bool standard = import_raw(im, im->conf, relay->name) == NULL &&
			!import_below(im, 1, 0);

	if (standard || controls_relaying(relay, true) ||
	    controls_relaying(&im->lists[MM_CHAIN_RECIPIENT], true))
		return;
	mm_complain(&im->notes, MM_NOTICE, im->main, relay->line,
	    "%s: nothing else would be left in Postfix that says who may "
	    "relay",
	    relay->name);
	set(im, relay->name, value);
}

static void
take_out(struct import *im, const struct import_list *list)
{
	const char *rest = rest_of(im, list);

	if (!list->moves)
		return;
	if (rest != NULL)
		set(im, list->name, rest);
	else if (list == &im->lists[MM_CHAIN_RELAY])
		set(im, list->name, ""); /* its default is not empty */
	else
		import_say(im, &im->commands, "%s -X %s",
		    import_program(im, "postconf"), list->name);
}

static void
put_milter_in(struct import *im)
{
	const char *others = import_raw(im, im->conf, "smtpd_milters");

	if (others != NULL && strstr(others, "mailmum") != NULL) {
		mm_complain(&im->notes, MM_NOTICE, im->main,
		    mm_conf_line_of(im->conf, "smtpd_milters"),
		    "smtpd_milters has mailmum already and is left as it is");
		return;
	}
	if (others != NULL && *others != '\0')
		mm_complain(&im->notes, MM_NOTICE, im->main,
		    mm_conf_line_of(im->conf, "smtpd_milters"),
		    "smtpd_milters: mailmum goes first, so that the others "
		    "are spared what it refuses");
	set(im, "smtpd_milters",
	    import_printf(im, "%s%s%s", import_milter(im, SOCKET),
		others != NULL && *others != '\0' ? ", " : "",
		others != NULL ? others : ""));
}

static void
note_mynetworks(struct import *im)
{
	if (import_raw(im, im->conf, "mynetworks") != NULL)
		return;
	for (size_t i = 0; i < im->nlists; i++) {
		for (const struct import_element *e = im->lists[i].first;
		     e != NULL; e = e->next) {
			if (!im->lists[i].moves || import_stays(e) ||
			    !mm_str_same(e->word, "permit_mynetworks"))
				continue;
			mm_complain(&im->notes, MM_NOTICE, im->main, e->line,
			    "mynetworks is not set, and Postfix takes it from "
			    "the machine's interfaces: mailmum has only "
			    "127.0.0.0/8 [::1]/128, so set what \"%s -h "
			    "mynetworks\" says",
			    import_program(im, "postconf"));
			return;
		}
	}
}

void
import_commands(struct import *im)
{
	const char *maps;
	bool moves = false;

	for (size_t c = 0; c < MM_NCHAIN; c++)
		moves |= im->lists[c].moves;
	if (!moves) {
		mm_complain(&im->notes, MM_NOTICE, im->main, 0,
		    "no restriction in it is for mailmum");
		im->commands = (struct import_lines){NULL, NULL};
		return;
	}
	if (im->chrooted)
		import_say(im, &im->prepare, "install -d -m 755 %s",
		    import_quoted(im, import_printf(im, "%s/run",
					  import_queue_directory(im))));
	for (size_t c = 0; c < MM_NCHAIN; c++)
		take_out(im, &im->lists[c]);
	keep_relay_control(im);
	put_milter_in(im);
	im->reload =
	    import_printf(im, "%s reload", import_program(im, "postfix"));
	note_mynetworks(im);
	maps = import_raw(im, im->conf, "smtpd_milter_maps");
	if (maps != NULL && *maps != '\0')
		mm_complain(&im->notes, MM_NOTICE, im->main,
		    mm_conf_line_of(im->conf, "smtpd_milter_maps"),
		    "smtpd_milter_maps: the clients in it have milters of "
		    "their own and are not judged by mailmum");
}

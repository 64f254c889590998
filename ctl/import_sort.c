/*
 * import_sort - which restriction goes to mailmum and which stays.
 *
 * Postfix judges first and mailmum after it, so a list can be cut in two as
 * long as two things hold.  What stays keeps in front of it all that may let
 * mail past it; and nothing that mailmum does stands behind a word that stays
 * and may let mail past it.
 */
#include "ctl/import.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/program.h"
#include "lib/str.h"

#define RELAYING                                                               \
	"who may relay is the MTA's own business: it must hold without "       \
	"mailmum, too"
#define PRIVATE "its socket is in a directory that only Postfix may enter"
#define TWICE                                                                  \
	"what stays behind it must not be reached without it, and nobody "     \
	"should ask it twice"

#define HEADER                                                                 \
	"what stays behind it must not be reached without it, and its "        \
	"PREPEND would be done twice"

static const char *const relay_words[] = {
    "reject_unauth_destination",
    "defer_unauth_destination",
    "check_relay_domains",
};

bool
import_stays(const struct import_element *e)
{
	return e->why != NULL || e->behind != NULL;
}

bool
import_is_relay_word(const char *word)
{
	for (size_t i = 0; i < sizeof(relay_words) / sizeof(relay_words[0]);
	     i++) {
		if (mm_str_same(relay_words[i], word))
			return true;
	}
	return false;
}

bool
import_is_service(const struct import_element *e)
{
	return mm_str_same(e->word, "check_policy_service") && e->arg != NULL;
}

/* By where it listens: Debian's port, the one of its manual, its socket. */
bool
import_is_postgrey(const struct import_element *e)
{
	return import_is_service(e) && (strstr(e->arg, ":10023") != NULL ||
					   strstr(e->arg, ":60000") != NULL ||
					   strstr(e->arg, "postgrey") != NULL);
}

/* Services that never say OK. */
static bool
never_permits(const struct import_element *e)
{
	return import_is_postgrey(e) || strstr(e->arg, "spf") != NULL;
}

bool
import_is_table(const struct import_element *e)
{
	return e->what != NULL ? e->what->takes == MM_TAKES_TABLE
			       : strchr(e->word, ':') != NULL;
}

/* May it let mail past what follows in its list? */
static bool
may_permit(const struct import_element *e)
{
	if (mm_str_begins(e->word, "permit") || import_is_table(e) ||
	    e->label != NULL)
		return true;
	if (import_is_service(e))
		return !never_permits(e);
	return e->what == NULL && !mm_str_begins(e->word, "reject") &&
	       !mm_str_begins(e->word, "defer") &&
	       !mm_str_same(e->word, "sleep");
}

/* The old one refuses what is no address. */
static bool
only_permits(const struct import_element *e)
{
	return mm_str_begins(e->word, "permit") &&
	       !mm_str_same(e->word, "permit_naked_ip_address");
}

/* Postfix ignores these where they would override the relay control. */
static bool
spares_relaying(const struct import_element *e)
{
	return mm_str_same(e->word, "permit_dnswl_client") ||
	       mm_str_same(e->word, "permit_rhswl_client");
}

static bool
stays_later(const struct import_element *e, bool relay_counts)
{
	while ((e = e->next) != NULL) {
		if (e->why != NULL &&
		    (relay_counts || !import_is_relay_word(e->word)))
			return true;
	}
	return false;
}

/* The first element of a class that stays, NULL: it goes whole. */
static const struct import_element *
stays_of(const struct import *im, const char *label)
{
	for (size_t i = MM_NCHAIN; i < im->nlists; i++) {
		if (strcmp(im->lists[i].name, label) != 0)
			continue;
		for (const struct import_element *e = im->lists[i].first;
		     e != NULL; e = e->next) {
			if (import_stays(e))
				return e;
		}
	}
	return NULL;
}

/* Does the table's text name the class?  What cannot be read is for the
 * loader to complain of. */
static bool
table_names(const char *spec, const char *label)
{
	const char *path = strchr(spec, ':');
	char *data;
	ssize_t got = 0;
	int fd;
	bool found;

	if (strstr(spec, label) != NULL)
		return true;
	if (path == NULL || path[1] != '/' ||
	    (fd = open(path + 1, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0)
		return false;
	if ((data = malloc(IMPORT_FILE_MAX)) != NULL)
		got = read(fd, data, IMPORT_FILE_MAX);
	found =
	    got > 0 && memmem(data, (size_t)got, label, strlen(label)) != NULL;
	free(data);
	close(fd);
	return found;
}

static const char *
why_of_class(struct import *im, const struct import_element *e)
{
	const struct import_element *stays;

	if (e->label != NULL && (stays = stays_of(im, e->label)) != NULL)
		return import_printf(
		    im, "its class has %s, which stays", stays->text);
	for (size_t i = MM_NCHAIN; import_is_table(e) && i < im->nlists; i++) {
		const char *label = im->lists[i].name;

		if ((stays = stays_of(im, label)) != NULL &&
		    table_names(e->arg != NULL ? e->arg : e->word, label))
			return import_printf(im,
			    "its table leads to the class %s, which has %s, "
			    "which stays",
			    label, stays->text);
	}
	return NULL;
}

bool
import_table_has(const struct import_element *e, const char *word)
{
	const char *spec = e->arg != NULL ? e->arg : e->word;

	return import_is_table(e) && table_names(spec, word);
}

static bool
prepends(const struct import_element *e)
{
	return import_table_has(e, "PREPEND") || import_table_has(e, "prepend");
}

/* Its own reason to stay, beside what the loader says. */
static const char *
why_of(struct import *im, const struct import_element *e)
{
	if (import_is_relay_word(e->word))
		return RELAYING;
	if (import_is_service(e) && strstr(e->arg, "private/") != NULL)
		return PRIVATE;
	if (import_is_service(e) && may_permit(e) && stays_later(e, true))
		return TWICE;
	if (stays_later(e, true) && prepends(e))
		return HEADER;
	return why_of_class(im, e);
}

/* True: something has changed. */
static bool
sort_list(struct import *im, struct import_list *list)
{
	const struct import_element *behind = NULL;
	bool changed = false, moves = false;

	for (struct import_element *e = list->first; e != NULL; e = e->next) {
		if (e->why == NULL && (e->why = why_of(im, e)) != NULL)
			changed = true;
		e->behind = e->why == NULL ? behind : NULL;
		if (behind == NULL && e->why != NULL && may_permit(e))
			behind = e;
	}
	for (struct import_element *e = list->first; e != NULL; e = e->next) {
		e->both = !import_stays(e) && may_permit(e) &&
			  stays_later(e, !spares_relaying(e));
		if (!import_stays(e) && !e->both && !only_permits(e))
			moves = true;
	}
	list->moves = moves;
	return changed;
}

void
import_sort(struct import *im)
{
	bool changed;

	do {
		changed = false;
		for (size_t i = im->nlists; i-- > 0;)
			changed |= sort_list(im, &im->lists[i]);
	} while (changed);
}

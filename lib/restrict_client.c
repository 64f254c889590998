/* restrict_client - who connects: networks, login, the names of the client. */
#include "lib/restrict.h"

#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/ip.h"

/* mynetworks: the first entry that has the address decides. */
struct networks {
	size_t n;
	struct network {
		struct mm_prefix prefix;
		bool except; /* "!": not one of them */
	} list[];
};

static int
parse_network(const char *text, struct network *ret, struct mm_err *err)
{
	ret->except = *text == '!';
	if (ret->except)
		text++;
	if (*text == '/' || strchr(text, '{') != NULL)
		return mm_err_set(err,
		    "mynetworks: \"%s\": files and tables are not supported "
		    "yet: write addresses and networks",
		    text);
	if (mm_prefix_parse(text, &ret->prefix, err) != 0)
		return mm_err_in(err, "mynetworks");
	return 0;
}

void *
mm_parse_mynetworks(const char *arg, struct mm_load *load, struct mm_err *err)
{
	static const char blanks[] = ", \t\r\n";
	char *copy = strdup(load->settings->mynetworks), *save = NULL;
	struct networks *all;
	size_t room = copy != NULL ? strlen(copy) / 2 + 1 : 0;

	(void)arg;
	all = calloc(1, sizeof(*all) + room * sizeof(all->list[0]));
	if (copy == NULL || all == NULL) {
		mm_err_set(err, "out of memory");
		goto fail;
	}
	for (char *word = strtok_r(copy, blanks, &save); word != NULL;
	     word = strtok_r(NULL, blanks, &save)) {
		if (parse_network(word, &all->list[all->n], err) != 0)
			goto fail;
		all->n++;
	}
	free(copy);
	return all;

fail:
	free(copy);
	free(all);
	return NULL;
}

void
mm_free_mynetworks(void *networks)
{
	free(networks);
}

enum mm_outcome
mm_check_mynetworks(const void *arg, struct mm_eval *ev)
{
	const struct networks *all = arg;

	for (size_t i = 0; i < all->n; i++) {
		const struct network *net = &all->list[i];

		if (mm_prefix_has(&net->prefix, &ev->session->client))
			return net->except ? MM_DUNNO : MM_OK;
	}
	return MM_DUNNO;
}

enum mm_outcome
mm_check_sasl_authenticated(const void *arg, struct mm_eval *ev)
{
	(void)arg;
	mm_eval_note(ev, ev->session->sasl_username);
	return MM_OK; /* the fact is absent otherwise */
}

static enum mm_outcome
reject_name(
    struct mm_eval *ev, unsigned code, const char *dsn, const char *what)
{
	char *text =
	    mm_arena_printf(ev->arena, "Client host rejected: %s, [%s]", what,
		ev->session->client_address);

	return mm_eval_refuse(ev, code, dsn, text != NULL ? text : "");
}

/* A failed lookup is refused at once with 450, as in Postfix: what follows
 * may allow by a name that is not known now. */
static unsigned
name_code(const struct mm_eval *ev, enum mm_name_status status)
{
	return status == MM_NAME_TEMP
		   ? 450
		   : ev->settings->unknown_client_reject_code;
}

enum mm_outcome
mm_check_unknown_client_hostname(const void *arg, struct mm_eval *ev)
{
	enum mm_name_status status = ev->session->name_status;

	(void)arg;
	if (status == MM_NAME_OK)
		return MM_DUNNO;
	return reject_name(
	    ev, name_code(ev, status), "5.7.25", "cannot find your hostname");
}

enum mm_outcome
mm_check_unknown_reverse_client_hostname(const void *arg, struct mm_eval *ev)
{
	enum mm_name_status status = ev->session->reverse_status;

	(void)arg;
	if (status == MM_NAME_OK)
		return MM_DUNNO;
	return reject_name(ev, name_code(ev, status), "5.7.1",
	    "cannot find your reverse hostname");
}

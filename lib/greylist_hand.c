/* greylist_hand - see greylist_hand.h. */
#include "lib/greylist_hand.h"

#include <stdio.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/greylist_scheme.h"
#include "lib/hostname.h"
#include "lib/str.h"
#include "lib/suffix.h"

/* A deed at work on the records, by role. */
struct at_hand {
	struct mm_hand_request *request;
	struct mm_record *record;
};

static bool
waits(const struct at_hand *h, enum mm_greylist_role role)
{
	const struct mm_record *triplet = &h->record[role];

	return mm_record_seen(triplet) && triplet->count == 0 &&
	       triplet->first >= h->request->now - h->request->retry_window;
}

static void
open_window(struct at_hand *h, enum mm_greylist_role role)
{
	h->record[role] = (struct mm_record){
	    .first = h->request->now, .last = h->request->until, .count = 1};
	h->request->done = true;
}

static void
remove_record(struct at_hand *h, enum mm_greylist_role role)
{
	if (!mm_record_seen(&h->record[role]))
		return;
	h->record[role] = (struct mm_record){0};
	h->request->done = true;
}

static void
release(struct at_hand *h)
{
	if (waits(h, MM_GREYLIST_TRIPLET) || waits(h, MM_GREYLIST_BY_NETWORK) ||
	    waits(h, MM_GREYLIST_EARLIER))
		open_window(h, MM_GREYLIST_RELEASE);
}

/* Under whatever key it is known. */
static void
forget(struct at_hand *h)
{
	struct mm_record *source = &h->record[MM_GREYLIST_SOURCE];

	if (waits(h, MM_GREYLIST_TRIPLET) && source->count > 0)
		source->count--;
	remove_record(h, MM_GREYLIST_TRIPLET);
	remove_record(h, MM_GREYLIST_BY_NETWORK);
	remove_record(h, MM_GREYLIST_EARLIER);
	remove_record(h, MM_GREYLIST_RELEASE);
	remove_record(h, MM_GREYLIST_RELEASE_BY_NETWORK);
	for (int i = MM_GREYLIST_IMPORTED; i <= MM_GREYLIST_IMPORTED_LAST; i++)
		remove_record(h, (enum mm_greylist_role)i);
}

static void
disown(struct at_hand *h)
{
	remove_record(h, MM_GREYLIST_CLIENT);
	remove_record(h, MM_GREYLIST_HOST);
}

static void
open_it(struct at_hand *h)
{
	open_window(h, MM_GREYLIST_GRANT);
}

static void
close_it(struct at_hand *h)
{
	h->request->done = h->record[MM_GREYLIST_GRANT].last > h->request->now;
	h->record[MM_GREYLIST_GRANT] = (struct mm_record){0};
}

static void (*const deeds[])(struct at_hand *h) = {
    [MM_HAND_RELEASE] = release,
    [MM_HAND_FORGET] = forget,
    [MM_HAND_DISOWN] = disown,
    [MM_HAND_OPEN] = open_it,
    [MM_HAND_CLOSE] = close_it,
};

static int64_t
most_passes(const struct mm_record *record)
{
	int64_t client = record[MM_GREYLIST_CLIENT].count;
	int64_t host = record[MM_GREYLIST_HOST].count;

	return client > host ? client : host;
}

static enum mm_store_change
change(const struct mm_store_update *update,
    struct mm_record record[MM_STORE_KEYS], bool *noted)
{
	struct mm_record roles[MM_GREYLIST_NROLES] = {0};
	struct mm_hand_request *request = update->arg;
	struct at_hand h = {request, roles};

	if (update->nread < update->n)
		return MM_STORE_MORE;
	for (size_t i = 0; i < update->n; i++)
		roles[request->role[i]] = record[i];
	request->done = false;
	request->passes = most_passes(roles);
	deeds[request->deed](&h);
	for (size_t i = 0; i < update->n; i++)
		record[i] = roles[request->role[i]];
	*noted = mm_record_seen(&record[0]) &&
		 (record[0].count == 0 || request->deed == MM_HAND_OPEN);
	return request->done ? MM_STORE_WRITE : MM_STORE_KEEP;
}

/* What is opened here is open on all hosts; what is removed is removed from
 * what they share, and stays where they have it themselves. */
static void
share(struct mm_hand *hand)
{
	const struct mm_greylist_rules rules = {
	    .retry_window = hand->request.retry_window};

	mm_greylist_share(&rules, hand->request.role, hand->update.n,
	    hand->request.now, &hand->sharing);
	hand->sharing.forgets = true;
	hand->update.sharing = &hand->sharing;
}

void
mm_hand_mail(struct mm_hand *ret, const struct mm_greylist_keys *keys,
    const struct mm_hand_request *what)
{
	*ret = (struct mm_hand){
	    .update = {.n = keys->n, .change = change, .arg = &ret->request},
	    .request = *what,
	};
	memcpy(ret->update.key, keys->key, sizeof(keys->key));
	memcpy(ret->request.role, keys->role, sizeof(keys->role));
	share(ret);
}

void
mm_hand_window(struct mm_hand *ret, const char *key,
    const struct mm_store_note *note, const struct mm_hand_request *what)
{
	*ret = (struct mm_hand){
	    .update = {.n = 1,
		.key = {key},
		.note = *note,
		.change = change,
		.arg = &ret->request},
	    .request = *what,
	};
	ret->request.role[0] = MM_GREYLIST_GRANT;
	share(ret);
}

/* Networks of other lengths are no identity. */
static const char *
by_prefix(const struct mm_greylist_scheme *scheme,
    const struct mm_prefix *prefix, struct mm_arena *arena, struct mm_err *err)
{
	bool v6 = prefix->ip.family == MM_IP_V6;
	unsigned whole = v6 ? 128 : 32;
	unsigned made = v6 ? scheme->ipv6_prefix : scheme->ipv4_prefix;

	if (prefix->len != whole && prefix->len != made) {
		mm_err_set(err,
		    "a network has to be a /%u, or an address; others can "
		    "stand in greylist_exceptions",
		    made);
		return NULL;
	}
	return mm_greylist_network(arena, &prefix->ip, prefix->len);
}

static const char *
by_group(const struct mm_greylist_scheme *scheme, const char *name,
    struct mm_arena *arena, struct mm_err *err)
{
	for (size_t i = 0; i < scheme->ngroups; i++)
		if (strcmp(scheme->groups[i].name, name) == 0)
			return mm_arena_printf(arena, "group:%s", name);
	mm_err_set(err, "there is no such group in greylist_groups");
	return NULL;
}

/* A host's name stands for the domain that it is in; step: "name", "spf". */
static const char *
by_domain(const struct mm_greylist_scheme *scheme, const char *step,
    const char *text, struct mm_arena *arena, struct mm_err *err)
{
	size_t len = strlen(text);
	const char *domain = NULL;
	char *name;

	if (len > 0 && text[len - 1] == '.')
		len--;
	if ((name = mm_arena_dupn(arena, text, len)) == NULL)
		return NULL;
	mm_str_fold(name);
	if (scheme->suffixes != NULL && mm_hostname_fqdn(name) &&
	    !mm_hostname_numeric_end(name))
		domain = mm_suffixes_domain(scheme->suffixes, name);
	if (domain == NULL) {
		mm_err_set(err, "it is no address, and in nobody's domain");
		return NULL;
	}
	return mm_arena_printf(arena, "%s:%s", step, domain);
}

const char *
mm_hand_identity(const struct mm_greylist_scheme *scheme, const char *text,
    struct mm_arena *arena, struct mm_err *err)
{
	struct mm_prefix prefix;
	struct mm_err no_prefix;

	mm_err_set(err, "out of memory");
	if (strncmp(text, "group:", 6) == 0)
		return by_group(scheme, text + 6, arena, err);
	if (strncmp(text, "spf:", 4) == 0)
		return by_domain(scheme, "spf", text + 4, arena, err);
	if (strncmp(text, "name:", 5) == 0)
		return by_domain(scheme, "name", text + 5, arena, err);
	if (mm_prefix_parse(text, &prefix, &no_prefix) == 0)
		return by_prefix(scheme, &prefix, arena, err);
	if (strchr(text, '/') != NULL) { /* meant to be one */
		*err = no_prefix;
		return NULL;
	}
	return by_domain(scheme, "name", text, arena, err);
}

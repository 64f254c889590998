/* greylist - see greylist.h. */
#include "lib/greylist.h"

#include <stddef.h>

#include "lib/delays.h"

/*
 * What is known is written again only when its last time has become this old:
 * an hour, or a sixteenth of a short maximum age.
 */
#define REFRESH_AFTER 3600
#define NIMPORTED (MM_GREYLIST_IMPORTED_LAST - MM_GREYLIST_IMPORTED + 1)

/* One decision at work. */
struct at_work {
	const struct mm_greylist_rules *rules;
	struct mm_record *triplet, *client, *host, *source;
	struct mm_record *imported; /* NIMPORTED of them */
	struct mm_record *record;   /* all of them, by role */
	int64_t now;
	bool write;
};

/* A time in the future, from a clock that has been set back, is now. */
static int64_t
age(int64_t since, int64_t now)
{
	return since < 0 ? now : since < now ? now - since : 0;
}

static bool
has_passed(const struct mm_record *record, int64_t max_age, int64_t now)
{
	return record->count > 0 && age(record->last, now) <= max_age;
}

static bool
is_waiting(const struct at_work *w, const struct mm_record *triplet)
{
	return mm_record_seen(triplet) && triplet->count == 0 &&
	       age(triplet->first, w->now) <= w->rules->retry_window;
}

static bool
is_allowed(
    const struct at_work *w, const struct mm_record *client, unsigned count)
{
	return count > 0 && client->count >= count &&
	       has_passed(client, w->rules->max_age, w->now);
}

static bool
refresh(struct at_work *w, struct mm_record *record, int64_t max_age)
{
	int64_t after = max_age / 16;

	if (after > REFRESH_AFTER)
		after = REFRESH_AFTER;
	if (record->last <= w->now && age(record->last, w->now) < after)
		return false;
	record->last = w->now;
	w->write = true;
	return true;
}

/* A damaged record may hold any number. */
static void
add_one(struct mm_record *record)
{
	if (record->count < INT64_MAX)
		record->count++;
}

/* One in an interval counts, so that one busy hour allows nobody. */
static void
count_pass(struct at_work *w)
{
	struct mm_record *client = w->client;

	if (w->rules->allow_count == 0)
		return;
	if (!has_passed(client, w->rules->max_age, w->now))
		*client = (struct mm_record){0};
	client->last = w->now;
	w->write = true;
	if (client->count > 0 && client->first <= w->now &&
	    age(client->first, w->now) < w->rules->allow_interval)
		return;
	client->first = w->now;
	add_one(client);
}

/* The level of the triplet's source, as it is now. */
static void
run_off(struct at_work *w)
{
	const struct mm_greylist_rules *rules = w->rules;
	struct mm_record *source = w->source;
	int64_t limit = rules->waiting_limit, elapsed, units;

	elapsed = age(source->last, w->now);
	if (source->count <= 0 || source->last > w->now ||
	    elapsed >= rules->retry_window) {
		if (source->last <= w->now)
			source->count = 0;
		source->last = w->now;
		return;
	}
	units = elapsed * limit / rules->retry_window;
	/* the time that so many take, rounded up: it must never run off twice
	 */
	source->last += (units * rules->retry_window + limit - 1) / limit;
	source->count = units < source->count ? source->count - units : 0;
}

/* May one more of its triplets wait?  Then it is counted. */
static bool
take_in(struct at_work *w)
{
	struct mm_record was = *w->source;

	if (w->rules->waiting_limit == 0)
		return true;
	run_off(w);
	if (w->source->count >= w->rules->waiting_limit) {
		if (was.last > w->now) /* from a clock that was set back */
			w->write = true;
		else
			*w->source = was; /* it is the same the next time */
		return false;
	}
	if (w->source->first == 0)
		w->source->first = w->now;
	w->source->count++;
	return true;
}

/* A triplet that waited is there no longer as one. */
static void
let_out(struct at_work *w)
{
	if (w->rules->waiting_limit == 0 || !is_waiting(w, w->triplet))
		return;
	run_off(w);
	if (w->source->count > 0)
		w->source->count--;
}

/* An allowed client's triplet waits no longer: it is of no more use. */
static struct mm_greylist_answer
allow(struct at_work *w, struct mm_record *client)
{
	refresh(w, client, w->rules->max_age);
	if (mm_record_seen(w->triplet) && w->triplet->count == 0) {
		let_out(w);
		*w->triplet = (struct mm_record){0};
		w->write = true;
	}
	return (struct mm_greylist_answer){.state = MM_GREYLIST_ALLOWED_CLIENT};
}

static struct mm_greylist_answer
pass_again(struct at_work *w)
{
	if (refresh(w, w->triplet, w->rules->triplet_max_age)) {
		add_one(w->triplet);
		count_pass(w);
	}
	return (struct mm_greylist_answer){.state = MM_GREYLIST_KNOWN_TRIPLET};
}

/* What another of its keys knows of a triplet that is new under this one. */
static void
adopt(struct at_work *w, const struct mm_record *other)
{
	bool known = has_passed(other, w->rules->triplet_max_age, w->now);

	if (has_passed(w->triplet, w->rules->triplet_max_age, w->now) ||
	    (is_waiting(w, w->triplet) && !known))
		return;
	if (known || (is_waiting(w, other) && other->first <= w->now)) {
		if (known)
			let_out(w);
		else
			take_in(w); /* it waits, room or not */
		*w->triplet = *other;
		w->write = true;
	}
}

/* Where it came from others may come, for whom it is known from now on. */
static void
settle_imported(struct at_work *w)
{
	for (size_t i = 0; i < NIMPORTED; i++) {
		if (!is_waiting(w, &w->imported[i]))
			continue;
		w->imported[i].last = w->now;
		w->imported[i].count = 1;
	}
}

/* The first pass, after a wait or with another recipient. */
static struct mm_greylist_answer
pass(struct at_work *w, enum mm_greylist_state state)
{
	int64_t waited =
	    is_waiting(w, w->triplet) ? age(w->triplet->first, w->now) : 0;

	let_out(w);
	if (waited == 0)
		w->triplet->first = w->now;
	w->triplet->last = w->now;
	w->triplet->count = 1;
	settle_imported(w);
	w->write = true;
	return (struct mm_greylist_answer){.state = state, .delay = waited};
}

/* What is to be known of a triplet's attempts, see delays.h. */
static void
tell_attempt(const struct at_work *w, struct mm_greylist_answer *answer)
{
	const struct mm_record *triplet = w->triplet;

	if (!is_waiting(w, triplet) || triplet->first > w->now)
		return;
	answer->after = w->now - triplet->first;
	if (triplet->last > triplet->first && triplet->last <= w->now)
		answer->before = triplet->last - triplet->first;
}

static bool
is_open(const struct at_work *w, enum mm_greylist_role role)
{
	const struct mm_record *window = &w->record[role];

	return window->count > 0 && window->first <= w->now &&
	       w->now < window->last;
}

/* The window that lets it in; NONE: there is none. */
static enum mm_greylist_state
find_window(const struct at_work *w)
{
	static const struct {
		enum mm_greylist_role role;
		enum mm_greylist_state state;
	} windows[] = {
	    {MM_GREYLIST_RELEASE, MM_GREYLIST_RELEASED},
	    {MM_GREYLIST_RELEASE_BY_NETWORK, MM_GREYLIST_RELEASED},
	    {MM_GREYLIST_GRANT, MM_GREYLIST_GRANTED},
	    {MM_GREYLIST_GRANT_NETWORK, MM_GREYLIST_GRANTED},
	    {MM_GREYLIST_GRANT_ADDRESS, MM_GREYLIST_GRANTED},
	    {MM_GREYLIST_EXPECT, MM_GREYLIST_EXPECTED},
	    {MM_GREYLIST_EXPECT_PLAIN, MM_GREYLIST_EXPECTED},
	};

	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++)
		if (is_open(w, windows[i].role))
			return windows[i].state;
	return MM_GREYLIST_NONE;
}

/* Let in by hand. */
static struct mm_greylist_answer
let_in(struct at_work *w, enum mm_greylist_state state)
{
	bool waited = is_waiting(w, w->triplet);
	struct mm_greylist_answer answer = {.state = state};

	if (waited)
		answer.delay = age(w->triplet->first, w->now);
	if (state == MM_GREYLIST_RELEASED) {
		w->record[MM_GREYLIST_RELEASE] = (struct mm_record){0};
		w->record[MM_GREYLIST_RELEASE_BY_NETWORK] =
		    (struct mm_record){0};
		return pass(w, state);
	}
	if (waited) {
		let_out(w);
		*w->triplet = (struct mm_record){0};
		w->write = true;
	}
	return answer;
}

static void
begin_wait(struct at_work *w)
{
	*w->triplet = (struct mm_record){.first = w->now, .last = w->now};
	w->write = true;
}

/* It has to wait, perhaps for longer. */
static struct mm_greylist_answer
put_off(struct at_work *w, int64_t waited)
{
	bool soon = is_waiting(w, w->triplet);
	struct mm_greylist_answer answer = {
	    .state = soon ? MM_GREYLIST_SOON : MM_GREYLIST_FIRST,
	    .wait = w->rules->delay - waited};

	tell_attempt(w, &answer);
	if (!soon && !take_in(w)) {
		answer.state = MM_GREYLIST_FLOOD;
	} else if (!soon || w->triplet->first > w->now) {
		begin_wait(w);
	} else if (mm_delays_between(answer.before, answer.after)) {
		w->triplet->last = w->now;
		w->write = true;
	}
	return answer;
}

/* Neither known nor allowed: a first attempt, or a retry. */
static struct mm_greylist_answer
wait_or_pass(struct at_work *w)
{
	int64_t waited =
	    is_waiting(w, w->triplet) ? age(w->triplet->first, w->now) : 0;
	struct mm_greylist_answer answer;
	enum mm_greylist_state window;

	if (waited >= w->rules->delay) {
		answer = pass(w, MM_GREYLIST_PASS);
		count_pass(w);
		return answer;
	}
	window = find_window(w);
	return window != MM_GREYLIST_NONE ? let_in(w, window)
					  : put_off(w, waited);
}

/*
 * Most mail: an allowed client's, or a known triplet.  Looks at the triplet
 * and its client only.  False: they do not settle it, and nothing has changed.
 */
static bool
settle(struct at_work *w, struct mm_greylist_answer *ret)
{
	bool waits = mm_record_seen(w->triplet) && w->triplet->count == 0;

	if (!waits && is_allowed(w, w->client, w->rules->allow_count))
		*ret = allow(w, w->client);
	else if (has_passed(w->triplet, w->rules->triplet_max_age, w->now))
		*ret = pass_again(w);
	else
		return false;
	return true;
}

static struct mm_greylist_answer
look_further(struct at_work *w)
{
	const struct mm_greylist_rules *rules = w->rules;

	if (is_allowed(w, w->client, rules->allow_count))
		return allow(w, w->client);
	if (is_allowed(w, w->host, rules->host_allow_count))
		return allow(w, w->host);
	adopt(w, &w->record[MM_GREYLIST_BY_NETWORK]);
	adopt(w, &w->record[MM_GREYLIST_EARLIER]);
	for (size_t i = 0; i < NIMPORTED; i++)
		adopt(w, &w->imported[i]);
	if (has_passed(w->triplet, rules->triplet_max_age, w->now))
		return pass_again(w);
	return rules->follow ? pass(w, MM_GREYLIST_FOLLOWS) : wait_or_pass(w);
}

static struct mm_greylist_answer
decide(struct at_work *w)
{
	struct mm_greylist_answer answer, seen = {0};

	if (settle(w, &answer))
		return answer;
	tell_attempt(w, &seen);
	answer = look_further(w);
	if (seen.after == 0)
		return answer;
	answer.before = seen.before;
	answer.after = seen.after;
	return answer;
}

static struct at_work
at_work(const struct mm_greylist_rules *rules,
    struct mm_record record[MM_GREYLIST_NROLES], int64_t now)
{
	return (struct at_work){.rules = rules,
	    .triplet = &record[MM_GREYLIST_TRIPLET],
	    .client = &record[MM_GREYLIST_CLIENT],
	    .host = &record[MM_GREYLIST_HOST],
	    .source = &record[MM_GREYLIST_SOURCE],
	    .imported = &record[MM_GREYLIST_IMPORTED],
	    .record = record,
	    .now = now};
}

struct mm_greylist_answer
mm_greylist_decide(const struct mm_greylist_rules *rules,
    struct mm_record record[MM_GREYLIST_NROLES], int64_t now, bool *write)
{
	struct at_work w = at_work(rules, record, now);
	struct mm_greylist_answer answer = decide(&w);

	*write = w.write;
	return answer;
}

enum mm_store_change
mm_greylist_change(const struct mm_store_update *update,
    struct mm_record record[MM_STORE_KEYS], bool *noted)
{
	struct mm_record roles[MM_GREYLIST_NROLES] = {0};
	struct mm_greylist_request *request = update->arg;
	struct at_work w = at_work(&request->rules, roles, request->now);
	struct mm_greylist_answer answer;

	for (size_t i = 0; i < update->nread; i++)
		roles[request->role[i]] = record[i];
	if (update->nread == update->n)
		answer = decide(&w);
	else if (!settle(&w, &answer))
		return MM_STORE_MORE;
	request->answer = answer;
	for (size_t i = 0; i < update->nread; i++)
		record[i] = roles[request->role[i]];
	*noted = mm_record_seen(&record[0]) && record[0].count == 0;
	if (!w.write)
		return MM_STORE_KEEP;
	/* Known mail passes again if that is forgotten. */
	return answer.state == MM_GREYLIST_KNOWN_TRIPLET ||
		       answer.state == MM_GREYLIST_ALLOWED_CLIENT
		   ? MM_STORE_LATER
		   : MM_STORE_WRITE;
}

bool
mm_greylist_waits(const struct mm_store_update *update)
{
	const struct mm_greylist_request *request = update->arg;

	return request->answer.wait > 0;
}

/* A flood is fought where it comes in: its level is nobody else's.  Neither is
 * what was imported. */
void
mm_greylist_share(const struct mm_greylist_rules *rules,
    const enum mm_greylist_role *role, size_t n, int64_t now,
    struct mm_store_sharing *ret)
{
	const struct {
		enum mm_store_share share;
		int64_t age;
	} roles[MM_GREYLIST_NROLES] = {
	    [MM_GREYLIST_TRIPLET] = {MM_STORE_SHARE_WAIT,
		rules->triplet_max_age},
	    [MM_GREYLIST_CLIENT] = {MM_STORE_SHARE_COUNT, rules->max_age},
	    [MM_GREYLIST_BY_NETWORK] = {MM_STORE_SHARE_WAIT,
		rules->triplet_max_age},
	    [MM_GREYLIST_EARLIER] = {MM_STORE_SHARE_WAIT,
		rules->triplet_max_age},
	    [MM_GREYLIST_HOST] = {MM_STORE_SHARE_COUNT, rules->max_age},
	    [MM_GREYLIST_RELEASE] = {MM_STORE_SHARE_WINDOW, 0},
	    [MM_GREYLIST_RELEASE_BY_NETWORK] = {MM_STORE_SHARE_WINDOW, 0},
	    [MM_GREYLIST_EXPECT] = {MM_STORE_SHARE_WINDOW, 0},
	    [MM_GREYLIST_EXPECT_PLAIN] = {MM_STORE_SHARE_WINDOW, 0},
	    [MM_GREYLIST_GRANT] = {MM_STORE_SHARE_WINDOW, 0},
	    [MM_GREYLIST_GRANT_NETWORK] = {MM_STORE_SHARE_WINDOW, 0},
	    [MM_GREYLIST_GRANT_ADDRESS] = {MM_STORE_SHARE_WINDOW, 0},
	};

	*ret = (struct mm_store_sharing){
	    .waiting_age = rules->retry_window, .now = now};
	for (size_t i = 0; i < n; i++) {
		ret->share[i] = roles[role[i]].share;
		ret->age[i] = roles[role[i]].age;
	}
}

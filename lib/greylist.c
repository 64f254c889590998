/* greylist - see greylist.h. */
#include "lib/greylist.h"
#include "lib/arena.h"
#include "lib/ip.h"
#include "lib/str.h"

#include <string.h>

/*
 * What is known is written again only when its last time has become this old:
 * an hour, or a sixteenth of a short maximum age.
 */
#define REFRESH_AFTER 3600

static bool
is_seen(const struct mm_record *record)
{
	return record->first != 0 || record->last != 0 || record->count != 0;
}

/* A time in the future, from a clock that has been set back, is now. */
static int64_t
age(int64_t since, int64_t now)
{
	return since < 0 ? now : since < now ? now - since : 0;
}

static bool
has_passed(const struct mm_greylist_rules *rules,
    const struct mm_record *record, int64_t now)
{
	return record->count > 0 && age(record->last, now) <= rules->max_age;
}

static bool
is_allowed(const struct mm_greylist_rules *rules,
    const struct mm_record *client, int64_t now)
{
	return rules->auto_allow_count > 0 &&
	       client->count >= rules->auto_allow_count &&
	       has_passed(rules, client, now);
}

static bool
refresh(const struct mm_greylist_rules *rules, struct mm_record *record,
    int64_t now)
{
	int64_t after = rules->max_age / 16;

	if (after > REFRESH_AFTER)
		after = REFRESH_AFTER;
	if (record->last <= now && age(record->last, now) < after)
		return false;
	record->last = now;
	return true;
}

static void
count_pass(const struct mm_greylist_rules *rules, struct mm_record *client,
    int64_t now)
{
	if (rules->auto_allow_count == 0)
		return;
	if (!has_passed(rules, client, now))
		*client = (struct mm_record){.first = now};
	client->last = now;
	client->count++;
}

/* An allowed client's triplet waits no longer: it is of no more use. */
static struct mm_greylist_answer
allow(const struct mm_greylist_rules *rules, struct mm_record *triplet,
    struct mm_record *client, int64_t now, bool *write)
{
	*write = refresh(rules, client, now);
	if (is_seen(triplet) && triplet->count == 0) {
		*triplet = (struct mm_record){0};
		*write = true;
	}
	return (struct mm_greylist_answer){.state = MM_GREYLIST_ALLOWED_CLIENT};
}

static struct mm_greylist_answer
pass_again(const struct mm_greylist_rules *rules, struct mm_record *triplet,
    struct mm_record *client, int64_t now, bool *write)
{
	*write = refresh(rules, triplet, now);
	if (*write) {
		triplet->count++;
		if (has_passed(rules, client, now))
			client->last = now;
	}
	return (struct mm_greylist_answer){.state = MM_GREYLIST_KNOWN_TRIPLET};
}

/* Neither known nor allowed: a first attempt, or a retry. */
static struct mm_greylist_answer
wait_or_pass(const struct mm_greylist_rules *rules, struct mm_record *triplet,
    struct mm_record *client, int64_t now, bool *write)
{
	enum mm_greylist_state state = MM_GREYLIST_SOON;
	int64_t waited;

	if (!is_seen(triplet) || triplet->count > 0 ||
	    age(triplet->first, now) > rules->retry_window)
		state = MM_GREYLIST_FIRST;
	if (state == MM_GREYLIST_FIRST || triplet->first > now) {
		*triplet = (struct mm_record){.first = now, .last = now};
		*write = true;
	}

	waited = age(triplet->first, now);
	if (waited < rules->delay)
		return (struct mm_greylist_answer){
		    .state = state, .wait = rules->delay - waited};

	triplet->last = now;
	triplet->count = 1;
	count_pass(rules, client, now);
	*write = true;
	return (struct mm_greylist_answer){
	    .state = MM_GREYLIST_PASS, .delay = waited};
}

struct mm_greylist_answer
mm_greylist_decide(const struct mm_greylist_rules *rules,
    struct mm_record *triplet, struct mm_record *client, int64_t now,
    bool *write)
{
	*write = false;
	if (is_allowed(rules, client, now))
		return allow(rules, triplet, client, now, write);
	if (has_passed(rules, triplet, now))
		return pass_again(rules, triplet, client, now, write);
	return wait_or_pass(rules, triplet, client, now, write);
}

/* The client's network as text. */
static const char *
network(struct mm_arena *arena, const struct mm_greylist_rules *rules,
    const struct mm_ip *client)
{
	unsigned len = client->family == MM_IP_V6 ? rules->ipv6_prefix
						  : rules->ipv4_prefix;
	struct mm_ip net = *client;
	char text[MM_IP_TEXT_MAX];

	mm_ip_mask(&net, len);
	return mm_arena_printf(arena, "%s/%u", mm_ip_format(&net, text), len);
}

/* The sender's length makes the text unambiguous, whatever is in it. */
const char *
mm_greylist_triplet_key(struct mm_arena *arena,
    const struct mm_greylist_rules *rules, const struct mm_ip *client,
    const char *sender, const char *recipient)
{
	const char *net = network(arena, rules, client);
	char *key;

	if (net == NULL)
		return NULL;
	key = mm_arena_printf(arena, "triplet %s %zu %s %s", net,
	    strlen(sender), sender, recipient);
	if (key != NULL)
		mm_str_fold(key);
	return key;
}

const char *
mm_greylist_client_key(struct mm_arena *arena,
    const struct mm_greylist_rules *rules, const struct mm_ip *client)
{
	const char *net = network(arena, rules, client);

	return net == NULL ? NULL : mm_arena_printf(arena, "client %s", net);
}

bool
mm_greylist_change(const struct mm_store_update *update,
    struct mm_record record[MM_STORE_KEYS], bool *noted)
{
	struct mm_greylist_request *request = update->arg;
	bool write;

	request->answer = mm_greylist_decide(
	    &request->rules, &record[0], &record[1], request->now, &write);
	*noted = is_seen(&record[0]) && record[0].count == 0;
	return write;
}

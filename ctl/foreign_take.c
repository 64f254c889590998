/* foreign_take - see foreign_take.h: what comes of each entry. */
#include "ctl/foreign_take.h"

#include <stdlib.h>
#include <string.h>

#include "ctl/foreign_batch.h"
#include "lib/arena.h"
#include "lib/greylist_key.h"
#include "lib/settings.h"

#define CLASS_C 24 /* how much of an address both programs look at */
#define CLASS_V6 64
/* So many bits that might have been set, and none is, are no chance. */
#define SURE 32

/* What the survey sees of the addresses of a family. */
struct seen {
	uint64_t n;	  /* other than the one before: dumps are sorted */
	unsigned longest; /* of the prefixes that have all their bits */
	struct mm_ip before;
};

/* One pass through a source. */
struct pass {
	struct foreign_take *take;
	struct foreign_reader reader;
	struct seen v4, v6;
	struct foreign_batch *batch; /* NULL: only counts */
	struct mm_arena *arena;
};

static int64_t
seconds(int64_t ms)
{
	return ms / 1000;
}

/* Bits up to the last one that is set. */
static unsigned
length_of(const struct mm_ip *ip)
{
	unsigned bits = ip->family == MM_IP_V6 ? 128 : 32;

	while (bits > 0 &&
	       !(ip->bytes[(bits - 1) / 8] & 1u << (7 - (bits - 1) % 8)))
		bits--;
	return bits;
}

static void
look_at(struct pass *pass, const struct mm_ip *ip)
{
	struct seen *seen = ip->family == MM_IP_V6 ? &pass->v6 : &pass->v4;
	unsigned bits = length_of(ip);

	seen->n += !mm_ip_equal(ip, &seen->before);
	seen->before = *ip;
	if (bits > seen->longest)
		seen->longest = bits;
}

/* The shorter of what the program compares and what we do: a mail is found by
 * both. */
static unsigned char
prefix_of(const struct seen *seen, unsigned usual, unsigned ours)
{
	unsigned bits = usual;

	if (seen->longest > 0 && seen->longest < usual &&
	    seen->n * (usual - seen->longest) >= SURE)
		bits = seen->longest;
	return (unsigned char)(bits < ours ? bits : ours);
}

static void
complain(struct foreign_take *take, const struct mm_err *err)
{
	take->counts.unknown++;
	if (take->ncomplaints < FOREIGN_COMPLAINTS)
		take->complaint[take->ncomplaints++] = *err;
}

/*
 * Times as they count here.  A time to come is a clock that was set back.  What
 * milter-greylist says is when a wait ends: it does not end later here.
 */
static void
set_times(struct pass *pass, struct foreign_entry *e)
{
	const struct foreign_take *take = pass->take;
	int64_t ours = seconds(take->settings->greylist_delay);

	if (e->count == 0 && pass->reader.program == &foreign_milter &&
	    pass->reader.delay < ours)
		e->first -= ours - pass->reader.delay;
	if (e->first < 0)
		e->first = 0;
	if (e->first > take->now)
		e->first = take->now;
	if (e->last > take->now)
		e->last = take->now;
	if (e->last < e->first)
		e->last = e->first;
}

/* Too old to be of use; it is counted then. */
static bool
is_over(struct foreign_take *take, const struct foreign_entry *e)
{
	const struct mm_settings *settings = take->settings;

	if (e->count == 0 &&
	    take->now - e->first > seconds(settings->greylist_retry_window)) {
		take->counts.gave_up++;
		return true;
	}
	if (take->now - e->last > seconds(settings->greylist_max_age)) {
		take->counts.expired++;
		return true;
	}
	return false;
}

/* Which number of the report it is. */
static uint64_t *
counter(struct foreign_take *take, const struct foreign_entry *e)
{
	struct foreign_counts *counts = &take->counts;

	switch (e->kind) {
	case FOREIGN_SENDER:
		return &counts->senders;
	case FOREIGN_DOMAIN:
		return &counts->domains;
	case FOREIGN_CLIENT:
		return &counts->clients;
	default:
		return e->count > 0 ? &counts->known : &counts->waiting;
	}
}

static const char *
network(const struct pass *pass, const struct foreign_entry *e)
{
	const struct mm_settings *settings = pass->take->settings;
	unsigned bits = e->ip.family == MM_IP_V6
			    ? settings->greylist_ipv6_prefix
			    : settings->greylist_ipv4_prefix;
	char text[MM_IP_TEXT_MAX];
	struct mm_ip net = e->ip;

	mm_ip_mask(&net, bits);
	return mm_arena_printf(
	    pass->arena, "%s/%u", mm_ip_format(&net, text), bits);
}

/* NULL: out of memory. */
static const char *
key_of(const struct pass *pass, const struct foreign_entry *e)
{
	struct mm_foreign_prefix prefix = pass->take->prefix;
	const char *client;

	switch (e->kind) {
	case FOREIGN_TRIPLET:
		return mm_foreign_postgrey_key(
		    pass->arena, &e->ip, prefix, e->rest);
	case FOREIGN_SENDER:
		return mm_foreign_sqlgrey_key(
		    pass->arena, &e->ip, prefix, e->user, e->domain);
	case FOREIGN_DOMAIN:
		return mm_foreign_sqlgrey_key(
		    pass->arena, &e->ip, prefix, NULL, e->domain);
	default:
		break;
	}
	client = e->kind == FOREIGN_CLIENT
		     ? mm_greylist_host(pass->arena, &e->ip)
		     : network(pass, e);
	if (client == NULL)
		return NULL;
	return e->kind == FOREIGN_CLIENT
		   ? mm_greylist_client_key(pass->arena, client)
		   : mm_greylist_triplet_key(
			 pass->arena, client, e->sender, e->recipient);
}

/* Its network is wider than those that we remember mail by. */
static bool
is_wide(const struct pass *pass, const struct foreign_entry *e)
{
	const struct mm_settings *settings = pass->take->settings;

	return e->kind == FOREIGN_MAIL &&
	       e->prefix < (e->ip.family == MM_IP_V6
				   ? settings->greylist_ipv6_prefix
				   : settings->greylist_ipv4_prefix);
}

static int
put(struct pass *pass, const struct foreign_entry *e, struct mm_err *err)
{
	char client[MM_IP_TEXT_MAX];
	const struct mm_store_note note = {
	    .client = mm_ip_format(&e->ip, client),
	    .sender = e->sender,
	    .recipient = e->recipient};
	const char *key;

	mm_arena_clear(pass->arena);
	if ((key = key_of(pass, e)) == NULL)
		return mm_err_set(err, "out of memory");
	return foreign_batch_add(pass->batch, key,
	    &(struct mm_record){e->first, e->last, e->count},
	    e->kind == FOREIGN_CLIENT, &note, err);
}

/* Counts it and, if there is a batch, puts it there. */
static int
take_entry(struct pass *pass, struct foreign_entry *e, struct mm_err *err)
{
	struct foreign_take *take = pass->take;

	if (e->kind == FOREIGN_TRIPLET)
		look_at(pass, &e->ip);
	set_times(pass, e);
	if (is_over(take, e))
		return 0;
	if (is_wide(pass, e)) {
		take->counts.wide++;
		return 0;
	}
	++*counter(take, e);
	if (e->kind == FOREIGN_CLIENT &&
	    take->settings->greylist_auto_allow_count > 0 &&
	    e->count >= take->settings->greylist_auto_allow_count)
		take->counts.allowed++;
	return pass->batch != NULL ? put(pass, e, err) : 0;
}

static int
run(struct pass *pass, struct mm_err *err)
{
	struct foreign_take *take = pass->take;
	struct foreign_entry entry;
	enum foreign_got got;
	struct mm_err why;

	take->counts = (struct foreign_counts){0};
	take->ncomplaints = 0;
	while (
	    (got = foreign_next(&pass->reader, &entry, &why)) != FOREIGN_END) {
		take->counts.records++;
		if (got == FOREIGN_ENTRY) {
			if (take_entry(pass, &entry, err) != 0)
				return -1;
		} else if (got == FOREIGN_HASHED) {
			take->counts.hashed++;
		} else if (got == FOREIGN_TARPIT) {
			take->counts.tarpit++;
		} else if (got == FOREIGN_UNKNOWN) {
			complain(take, &why);
		} else {
			*err = why;
			return -1;
		}
	}
	return 0;
}

static struct pass *
pass_new(struct foreign_take *take, FILE *in, const char *name,
    const struct foreign_program *program, struct mm_err *err)
{
	struct pass *pass = calloc(1, sizeof(*pass));

	if (pass == NULL || (pass->arena = mm_arena_new(1 << 16)) == NULL) {
		free(pass);
		mm_err_set(err, "out of memory");
		return NULL;
	}
	rewind(in);
	foreign_open(&pass->reader, in, name, program);
	if (take->delay >= 0)
		pass->reader.delay = take->delay;
	pass->take = take;
	return pass;
}

static void
pass_free(struct pass *pass)
{
	if (pass == NULL)
		return;
	mm_arena_free(pass->arena);
	free(pass);
}

int
foreign_survey(struct foreign_take *take, FILE *in, const char *name,
    const struct foreign_program *program, struct mm_err *err)
{
	const struct mm_settings *settings = take->settings;
	struct pass *pass = pass_new(take, in, name, program, err);
	int rc = pass != NULL ? run(pass, err) : -1;

	if (rc == 0)
		take->prefix = (struct mm_foreign_prefix){
		    prefix_of(
			&pass->v4, CLASS_C, settings->greylist_ipv4_prefix),
		    prefix_of(
			&pass->v6, CLASS_V6, settings->greylist_ipv6_prefix)};
	pass_free(pass);
	return rc;
}

/* The mark, before all that it is about.  What an earlier import has shorter
 * prefixes for keeps them. */
static int
mark(struct foreign_take *take, const struct foreign_program *program,
    struct mm_store *store, struct mm_err *err)
{
	enum mm_foreign which = program == &foreign_postgrey
				    ? MM_FOREIGN_POSTGREY
				    : MM_FOREIGN_SQLGREY;
	struct mm_foreign_imports imports;
	struct mm_foreign_prefix was;

	if (program == &foreign_milter)
		return 0;
	if (mm_foreign_imports_read(store, FOREIGN_WAIT_MS, &imports, err) != 0)
		return -1;
	was = imports.of[which];
	if (was.ipv4 != 0 && was.ipv4 < take->prefix.ipv4)
		take->prefix.ipv4 = was.ipv4;
	if (was.ipv4 != 0 && was.ipv6 < take->prefix.ipv6)
		take->prefix.ipv6 = was.ipv6;
	return foreign_batch_mark(store, mm_foreign_mark_key(which),
	    mm_foreign_mark(take->prefix, take->now), err);
}

int
foreign_store(struct foreign_take *take, FILE *in, const char *name,
    const struct foreign_program *program, struct mm_store *store,
    struct mm_err *err)
{
	struct pass *pass = pass_new(take, in, name, program, err);
	int rc = -1;

	if (pass == NULL || mark(take, program, store, err) != 0)
		goto out;
	pass->batch = foreign_batch_new(store, take->now,
	    seconds(take->settings->greylist_max_age),
	    seconds(take->settings->greylist_retry_window));
	if (pass->batch == NULL)
		mm_err_set(err, "out of memory");
	else if ((rc = run(pass, err)) == 0)
		rc = foreign_batch_flush(pass->batch, err);
	if (pass->batch != NULL)
		take->written = foreign_batch_written(pass->batch);
	foreign_batch_free(pass->batch);

out:
	pass_free(pass);
	return rc;
}

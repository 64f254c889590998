/* store_shared - see store_shared.h. */
#include "lib/store_shared.h"

#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/store_shared_line.h"

struct shared {
	struct mm_store store;
	struct mm_store *local;
	const struct mm_clock *clock;
	struct mm_shared_namer *namer;
	struct mm_shared_line *line;
};

/* What goes with an update to the local store and comes back from it. */
struct trip {
	struct mm_store_sharing sharing;
	bool asked;
	struct mm_record seen[MM_STORE_KEYS]; /* what others know */
	struct mm_record is[MM_STORE_KEYS];   /* what is known here, then */
	bool news[MM_STORE_KEYS];	      /* which others have not seen */
	enum mm_store_change (*change)(const struct mm_store_update *update,
	    struct mm_record record[MM_STORE_KEYS], bool *noted);
	_Alignas(max_align_t) char arg[MM_STORE_ARG_MAX];
};

static bool
same(const struct mm_record *a, const struct mm_record *b)
{
	return a->first == b->first && a->last == b->last &&
	       a->count == b->count;
}

static bool
is_shared(const struct mm_store_sharing *sharing, size_t i)
{
	return sharing->share[i] != MM_STORE_SHARE_NOTHING;
}

/* The local records become what all know.  How many did. */
static size_t
join_all(const struct trip *trip, size_t n, struct mm_record *record)
{
	size_t changed = 0;

	for (size_t i = 0; i < n && trip->asked; i++) {
		const struct mm_shared_rule rule =
		    mm_shared_rule_of(&trip->sharing, i);
		struct mm_record was = record[i];

		if (!is_shared(&trip->sharing, i))
			continue;
		record[i] = mm_shared_join(&rule, &was, &trip->seen[i]);
		changed += !same(&was, &record[i]);
	}
	return changed;
}

/* The caller's change(), on what all hosts know. */
static enum mm_store_change
change(const struct mm_store_update *update,
    struct mm_record record[MM_STORE_KEYS], bool *noted)
{
	struct trip *trip = update->arg;
	struct mm_store_update theirs = *update;
	struct mm_record was[MM_STORE_KEYS];
	enum mm_store_change answer;
	size_t learned;

	memcpy(was, record, sizeof(was));
	learned = join_all(trip, update->nread, record);
	theirs.arg = trip->arg;
	answer = trip->change(&theirs, record, noted);
	if (answer == MM_STORE_MORE) {
		memcpy(record, was, sizeof(was));
		return answer;
	}
	memset(trip->news, 0, sizeof(trip->news));
	for (size_t i = 0; i < update->nread; i++) {
		trip->is[i] = record[i];
		trip->news[i] =
		    is_shared(&trip->sharing, i) &&
		    !same(&record[i], trip->asked ? &trip->seen[i] : &was[i]);
	}
	return learned > 0 ? MM_STORE_WRITE : answer;
}

/* What is removed here is of no use here; others may see that otherwise. */
static void
tell_news(const struct shared *shared, const struct mm_store_update *update,
    const struct trip *trip)
{
	static const struct mm_record none;

	for (size_t i = 0; i < update->n; i++) {
		struct mm_shared_news news = {
		    .rule = mm_shared_rule_of(&trip->sharing, i),
		    .record = trip->is[i],
		    .now = trip->sharing.now,
		};

		if (!trip->news[i] ||
		    (same(&news.record, &none) && !trip->sharing.forgets))
			continue;
		if (mm_shared_name(shared->namer, update->key[i], news.name))
			mm_shared_line_tell(shared->line, &news);
	}
}

static void
ask(const struct shared *shared, const struct mm_store_update *update,
    struct trip *trip)
{
	struct mm_shared_question question = {.now = trip->sharing.now};

	for (size_t i = 0; i < update->n; i++) {
		if (!is_shared(&trip->sharing, i))
			continue;
		question.share[question.n] = trip->sharing.share[i];
		if (!mm_shared_name(shared->namer, update->key[i],
			question.name[question.n++]))
			return;
	}
	trip->asked = mm_shared_line_ask(shared->line, &question);
	for (size_t i = 0, k = 0; i < update->n && trip->asked; i++) {
		if (is_shared(&trip->sharing, i))
			trip->seen[i] = question.record[k++];
	}
}

static int
fetch_local(void *ctx, size_t from, size_t to, struct mm_record *record)
{
	const struct mm_record *known = ctx;

	memcpy(record + from, known + from, (to - from) * sizeof(*record));
	return 0;
}

/*
 * Would others' knowledge matter?  Runs the change on a copy of its arg; a
 * store that cannot be read says nothing, and its writer will.
 */
static bool
matters(struct shared *shared, const struct mm_store_update *update,
    size_t argsize, int64_t wait_ms)
{
	_Alignas(max_align_t) char arg[MM_STORE_ARG_MAX];
	struct mm_record known[MM_STORE_KEYS] = {{0}}, record[MM_STORE_KEYS];
	struct mm_store_update mine = *update;
	enum mm_store_change answer;
	struct mm_err err;
	bool noted;

	if (mm_store_read(shared->local, update->key, update->n, wait_ms, known,
		&err) != 0)
		return false;
	mine.arg = memcpy(arg, update->arg, argsize);
	mm_store_run(&mine, fetch_local, known, record, &noted, &answer);
	return update->sharing->asks(&mine);
}

static bool
may_ask(const struct shared *shared, const struct mm_store_update *update)
{
	return update->sharing != NULL && update->sharing->asks != NULL &&
	       mm_shared_line_works(shared->line);
}

static void
count_skipped(const struct shared *shared, const struct mm_store_update *update)
{
	if (update->sharing->asks != NULL &&
	    !mm_shared_line_works(shared->line) &&
	    update->sharing->asks(update))
		mm_shared_line_skip(shared->line);
}

static enum mm_store_status
shared_update(struct mm_store *store, struct mm_store_update *update,
    size_t argsize, int64_t wait_ms, struct mm_err *err)
{
	struct shared *shared = (struct shared *)store;
	int64_t until = mm_clock_mono(shared->clock) + wait_ms * 1000;
	struct mm_store_update mine = *update;
	struct trip trip = {.change = update->change};
	enum mm_store_status status;
	bool may;

	if (update->sharing == NULL)
		return shared->local->ops->update(
		    shared->local, update, argsize, wait_ms, err);
	trip.sharing = *update->sharing;
	may = may_ask(shared, update);
	if (may && matters(shared, update, argsize, wait_ms))
		ask(shared, update, &trip);
	wait_ms = (until - mm_clock_mono(shared->clock)) / 1000;
	memcpy(trip.arg, update->arg, argsize);
	mine.change = change;
	mine.arg = &trip;
	status = shared->local->ops->update(
	    shared->local, &mine, sizeof(trip), wait_ms > 0 ? wait_ms : 0, err);
	if (status == MM_STORE_DONE) {
		memcpy(update->arg, trip.arg, argsize);
		tell_news(shared, update, &trip);
		if (!may)
			count_skipped(shared, update);
	}
	return status;
}

/* Mail that waits was decided without the others. */
static bool
shared_settled(struct mm_store *store, const struct mm_store_update *update)
{
	const struct shared *shared = (const struct shared *)store;

	if (may_ask(shared, update))
		return !update->sharing->asks(update);
	if (update->sharing != NULL)
		count_skipped(shared, update);
	return true;
}

static int
shared_read(struct mm_store *store, const char *const *keys, size_t n,
    int64_t wait_ms, struct mm_record *ret, struct mm_err *err)
{
	const struct shared *shared = (const struct shared *)store;

	return mm_store_read(shared->local, keys, n, wait_ms, ret, err);
}

static int
shared_waiting(
    struct mm_store *store, mm_store_each *each, void *ctx, struct mm_err *err)
{
	const struct shared *shared = (const struct shared *)store;

	return mm_store_waiting(shared->local, each, ctx, err);
}

static void
shared_keep(struct mm_store *store, int64_t max_age, int64_t waiting_age)
{
	const struct shared *shared = (const struct shared *)store;

	mm_store_keep(shared->local, max_age, waiting_age);
}

static void
shared_stats(struct mm_store *store, struct mm_store_stats *ret)
{
	const struct shared *shared = (const struct shared *)store;

	mm_store_stats(shared->local, ret);
}

static void
shared_free(struct mm_store *store)
{
	struct shared *shared = (struct shared *)store;

	mm_shared_line_free(shared->line);
	mm_shared_namer_free(shared->namer);
	mm_store_free(shared->local);
	free(shared);
}

static const struct mm_store_ops shared_ops = {
    .update = shared_update,
    .settled = shared_settled,
    .read = shared_read,
    .waiting = shared_waiting,
    .keep = shared_keep,
    .stats = shared_stats,
    .free = shared_free,
};

struct mm_store *
mm_store_shared_new(struct mm_store *local,
    const struct mm_shared_config *config, const struct mm_clock *clock,
    struct mm_err *err)
{
	struct shared *shared = calloc(1, sizeof(*shared));

	if (shared == NULL) {
		mm_err_set(err, "out of memory");
		mm_store_free(local);
		return NULL;
	}
	shared->store.ops = &shared_ops;
	shared->local = local;
	shared->clock = clock;
	shared->namer = mm_shared_namer_new(config->secret);
	if (shared->namer == NULL)
		mm_err_set(err, "out of memory");
	else
		shared->line = mm_shared_line_new(config, clock, err);
	if (shared->line != NULL)
		return &shared->store;
	shared_free(&shared->store);
	return NULL;
}

bool
mm_store_shared_stats(const struct mm_store *store, struct mm_shared_stats *ret)
{
	const struct shared *shared = (const struct shared *)store;

	if (store->ops != &shared_ops)
		return false;
	mm_shared_line_stats(shared->line, ret);
	return true;
}

/* delays - see delays.h. */
#include "lib/delays.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/store.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const int64_t settings[] = {
    30, 60, 120, 170, 300, 420, 600, 900, 1200, 1800, 2700, 3600, 7200, 14400};
#define SETTINGS COUNT(settings)

/* Delays up to so long are counted together; the last: all others. */
static const int64_t limits[] = {45, 60, 90, 120, 150, 180, 240, 300, 360, 420,
    480, 600, 720, 900, 1080, 1200, 1500, 1800, 2400, 3000, 3600, 5400, 7200,
    10800, 14400, 21600, 28800, 43200, 86400, INT64_MAX};
#define LIMITS COUNT(limits)

/* All numbers, one after the other, each a record of the store. */
enum {
	BEGUN,
	UNKNOWN,		      /* of each setting */
	LONGEST = UNKNOWN + SETTINGS, /* likewise; seconds, no count */
	DELAYED = LONGEST + SETTINGS, /* of each, by limit */
	NUMBERS = DELAYED + SETTINGS * LIMITS,
};

struct mm_delays {
	_Atomic int64_t number[NUMBERS];
	int64_t saved[NUMBERS];	   /* as they are in the store */
	int64_t saved_at[NUMBERS]; /* seconds, 1970 */
};

bool
mm_delays_between(int64_t before, int64_t after)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (before < settings[i] && settings[i] <= after)
			return true;
	return false;
}

struct mm_delays *
mm_delays_new(void)
{
	return calloc(1, sizeof(struct mm_delays));
}

void
mm_delays_free(struct mm_delays *delays)
{
	free(delays);
}

static void
count(struct mm_delays *delays, size_t i)
{
	atomic_fetch_add(&delays->number[i], 1);
}

void
mm_delays_began(struct mm_delays *delays)
{
	count(delays, BEGUN);
}

static size_t
limit_of(int64_t delay)
{
	size_t i = 0;

	while (i < LIMITS - 1 && delay > limits[i])
		i++;
	return i;
}

static void
raise(_Atomic int64_t *number, int64_t to)
{
	int64_t was = atomic_load(number);

	while (was < to && !atomic_compare_exchange_weak(number, &was, to))
		;
}

void
mm_delays_came(
    struct mm_delays *delays, int64_t before, int64_t after, bool let_in)
{
	size_t limit = limit_of(after);

	for (size_t i = 0; i < SETTINGS; i++) {
		if (settings[i] > after && let_in)
			count(delays, UNKNOWN + i);
		if (settings[i] > after || settings[i] <= before)
			continue;
		count(delays, DELAYED + i * LIMITS + limit);
		raise(&delays->number[LONGEST + i], after);
	}
}

static int64_t
number(const struct mm_delays *delays, size_t i)
{
	return atomic_load(&delays->number[i]);
}

/* The limit that so many of the row's mails are within. */
static int64_t
within(const struct mm_delays *delays, size_t i,
    const struct mm_delays_row *row, int64_t percent)
{
	int64_t sum = 0, want = (row->back * percent + 99) / 100;

	for (size_t j = 0; j < LIMITS - 1; j++) {
		sum += number(delays, DELAYED + i * LIMITS + j);
		if (sum >= want)
			return limits[j] < row->longest ? limits[j]
							: row->longest;
	}
	return row->longest;
}

bool
mm_delays_row(
    const struct mm_delays *delays, size_t i, struct mm_delays_row *ret)
{
	int64_t away;

	if (i >= SETTINGS)
		return false;
	*ret = (struct mm_delays_row){
	    .delay = settings[i],
	    .unknown = number(delays, UNKNOWN + i),
	    .longest = number(delays, LONGEST + i),
	};
	for (size_t j = 0; j < LIMITS; j++)
		ret->back += number(delays, DELAYED + i * LIMITS + j);
	away = mm_delays_begun(delays) - ret->back - ret->unknown;
	ret->away = away > 0 ? away : 0;
	if (ret->back > 0) {
		ret->median = within(delays, i, ret, 50);
		ret->most = within(delays, i, ret, 95);
	}
	return true;
}

int64_t
mm_delays_begun(const struct mm_delays *delays)
{
	return number(delays, BEGUN);
}

struct key {
	char text[64];
};

/* By what is counted: the tables above may grow. */
static void
name_key(struct key *key, size_t i)
{
	const char *what = i >= LONGEST ? "longest" : "unknown";
	size_t setting = i >= LONGEST ? i - LONGEST : i - UNKNOWN;
	size_t cell = i - DELAYED;

	if (i == BEGUN)
		snprintf(key->text, sizeof(key->text), "delays begun");
	else if (i < DELAYED)
		snprintf(key->text, sizeof(key->text), "delays %s %" PRId64,
		    what, settings[setting]);
	else
		snprintf(key->text, sizeof(key->text),
		    "delays back %" PRId64 " %" PRId64, settings[cell / LIMITS],
		    limits[cell % LIMITS]);
}

#define LOAD_MS 1000
#define SAVE_MS 500
/* Seconds; what is not written for long is purged. */
#define SAVE_ANEW 43200

/* Some numbers, one for each key of an update or a read. */
struct some {
	size_t n;
	struct {
		size_t at;
		int64_t value;
	} of[MM_STORE_KEYS];
	int64_t now;
};

static int
read_some(struct mm_store *store, size_t first, size_t n,
    struct mm_record read[NUMBERS], struct mm_err *err)
{
	const char *keys[MM_STORE_KEYS];
	struct key key[MM_STORE_KEYS];

	for (size_t i = 0; i < n; i++) {
		name_key(&key[i], first + i);
		keys[i] = key[i].text;
	}
	return mm_store_read(store, keys, n, LOAD_MS, read + first, err);
}

int
mm_delays_load(
    struct mm_delays *delays, struct mm_store *store, struct mm_err *err)
{
	struct mm_record read[NUMBERS];
	size_t n;

	for (size_t i = 0; i < NUMBERS; i += n) {
		n = NUMBERS - i < MM_STORE_KEYS ? NUMBERS - i : MM_STORE_KEYS;
		if (read_some(store, i, n, read, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < NUMBERS; i++) {
		int64_t value = read[i].count > 0 ? read[i].count : 0;

		delays->saved[i] = value;
		delays->saved_at[i] = read[i].last > 0 ? read[i].last : 0;
		if (i >= LONGEST && i < DELAYED)
			raise(&delays->number[i], value);
		else
			atomic_fetch_add(&delays->number[i], value);
	}
	return 0;
}

/* The same if it is done twice. */
static enum mm_store_change
write_numbers(const struct mm_store_update *update,
    struct mm_record record[MM_STORE_KEYS], bool *noted)
{
	const struct some *some = update->arg;

	if (update->nread < update->n)
		return MM_STORE_MORE;
	for (size_t i = 0; i < update->n; i++) {
		if (record[i].first == 0)
			record[i].first = some->now;
		record[i].last = some->now;
		record[i].count = some->of[i].value;
	}
	*noted = false;
	return MM_STORE_WRITE;
}

static int
save_some(struct mm_delays *delays, struct mm_store *store, struct some *some,
    struct mm_err *err)
{
	struct mm_store_update update = {
	    .n = some->n, .change = write_numbers, .arg = some};
	struct key key[MM_STORE_KEYS];

	for (size_t i = 0; i < some->n; i++) {
		name_key(&key[i], some->of[i].at);
		update.key[i] = key[i].text;
	}
	if (mm_store_update(store, &update, sizeof(*some), SAVE_MS, err) !=
	    MM_STORE_DONE)
		return -1;
	for (size_t i = 0; i < some->n; i++) {
		delays->saved[some->of[i].at] = some->of[i].value;
		delays->saved_at[some->of[i].at] = some->now;
	}
	some->n = 0;
	return 0;
}

/* Has it changed, or not for long? */
static bool
is_due(const struct mm_delays *delays, size_t i, int64_t value, int64_t now)
{
	return value != delays->saved[i] ||
	       (value != 0 && (now < delays->saved_at[i] ||
				  now - delays->saved_at[i] >= SAVE_ANEW));
}

int
mm_delays_save(struct mm_delays *delays, struct mm_store *store, int64_t now,
    struct mm_err *err)
{
	struct some some = {.now = now};

	for (size_t i = 0; i < NUMBERS; i++) {
		int64_t value = number(delays, i);

		if (is_due(delays, i, value, now)) {
			some.of[some.n].at = i;
			some.of[some.n++].value = value;
		}
		if (some.n == MM_STORE_KEYS &&
		    save_some(delays, store, &some, err) != 0)
			return -1;
	}
	return some.n == 0 ? 0 : save_some(delays, store, &some, err);
}

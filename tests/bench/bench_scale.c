/*
 * bench_scale - the greylist with very many triplets.
 *
 *	bench_scale DIRECTORY [TRIPLETS [SECONDS [THREADS [RATE]]]]
 *
 * Fills a database in DIRECTORY, unless it is there, with triplets that are
 * known, some that wait, and some that are too old, in random order as they
 * come in life.  Then opens it as the daemon does and decides: 95 of 100 mails
 * are known, the others are new.  Each decision is the whole of what a marked
 * recipient costs behind the walk: identity, keys, rules, store.  The purge
 * walks meanwhile, as it does after each start.
 *
 * With SECONDS 0 it only fills.  Known triplets were last written down within the last hour and a bit, as
 * they are when this goes on all day: about one in nineteen is due again.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/greylist_key.h"
#include "lib/judge.h"
#include "lib/settings.h"
#include "lib/store_sqlite.h"

#define CLIENTS 500000 /* half of them have triplets, half are allowed */
#define WAITING 100    /* of so many triplets one waits */
#define OLD 50	       /* and one is too old */
#define NEW 20	       /* of so many mails one is new */
#define BATCH 1000000  /* records written at once while filling */
#define PATIENCE_MS 10000

static const char config[] = "smtpd_recipient_restrictions = greylist\n";

struct bench {
	const char *directory;
	unsigned long triplets, rate;
	int seconds, nthreads;
	struct mm_policy *policy;
	struct mm_store *store;
	int64_t until, interval; /* us */
	int64_t filled, opened;	 /* wall; us */
	unsigned long fresh;	 /* new triplets begin here */
	atomic_ulong next, failed;
	double bytes;
};

/* Latencies in us: 32 steps for each power of two. */
#define STEPS 32
#define NBUCKETS (STEPS * 28)
struct histogram {
	uint64_t n, bucket[NBUCKETS];
	int64_t most;
};

/* One mail, made from two numbers. */
struct mail {
	struct mm_session session;
	char name[64], sender[64], recipient[64];
};

static int64_t
mono(void)
{
	return mm_clock_mono(&mm_clock_system);
}

/* Any number, always the same for i. */
static uint64_t
scatter(uint64_t i)
{
	i += 0x9e3779b97f4a7c15;
	i = (i ^ i >> 30) * 0xbf58476d1ce4e5b9;
	i = (i ^ i >> 27) * 0x94d049bb133111eb;
	return i ^ i >> 31;
}

static void
die(const char *what)
{
	fprintf(stderr, "bench_scale: %s\n", what);
	exit(1);
}

static bool
is_waiting(unsigned long triplet)
{
	return triplet % WAITING == WAITING - 1;
}

static bool
is_old(unsigned long triplet)
{
	return triplet % OLD == 1;
}

/* Half of the clients have a name that leads back to their address. */
static void
compose(struct mail *m, unsigned long client, unsigned long triplet)
{
	struct mm_session *s = &m->session;
	/* without a name each address earns its own passes */
	uint64_t who = client * 256 + (client % 2 == 0 ? triplet % 8 : 0);

	s->client = (struct mm_ip){
	    MM_IP_V4, {(uint8_t)(11 + (who >> 24)), (uint8_t)(who >> 16),
			  (uint8_t)(who >> 8), (uint8_t)who}};
	mm_ip_format(&s->client, s->client_address);
	s->known[MM_FACT_CLIENT] = MM_KNOWN;
	s->name_status = client % 2 == 0 ? MM_NAME_OK : MM_NAME_PERM;
	snprintf(m->name, sizeof(m->name), "mx%lu.sender-%lu.com", triplet % 8,
	    client);
	snprintf(m->sender, sizeof(m->sender), "some.user%lx@sender-%lu.com",
	    triplet, client);
	snprintf(m->recipient, sizeof(m->recipient),
	    "user%" PRIu64 "@example.net", scatter(triplet) % 5000);
	s->client_name = m->name;
	s->sender = m->sender;
	s->recipient = m->recipient;
}

static void
ask(const struct bench *b, struct mail *m, int64_t now, struct mm_arena *arena,
    struct mm_judge_greylist *ret)
{
	const struct mm_judge_mark mark = {
	    .delay_ms = mm_policy_settings(b->policy)->greylist_delay,
	    .now = now};

	mm_arena_clear(arena);
	if (!mm_judge_greylist(ret, b->policy, &m->session, &mark, arena))
		die("out of memory");
}

/* Filling: sorted batches, so that it ends; pages are split as in life. */

struct item {
	int64_t k;
	struct mm_record record;
	unsigned long triplet; /* that is waiting; 0: none */
};

struct filling {
	const struct bench *b;
	struct mm_sqlite db;
	struct mm_arena *arena;
	int64_t now;
	struct item *item;
	size_t n;
};

static int
by_key(const void *a, const void *b)
{
	int64_t x = ((const struct item *)a)->k,
		y = ((const struct item *)b)->k;

	return (x > y) - (x < y);
}

static void
write_batch(struct filling *f)
{
	struct mm_judge_greylist q;
	int rc = mm_sqlite_begin(&f->db);

	qsort(f->item, f->n, sizeof(*f->item), by_key);
	for (size_t i = 0; i < f->n && rc == SQLITE_OK; i++) {
		const struct item *it = &f->item[i];
		struct mail m = {0};

		if (it->triplet != 0) {
			compose(&m, it->triplet % (CLIENTS / 2), it->triplet);
			ask(f->b, &m, f->now, f->arena, &q);
		}
		rc = mm_sqlite_put(&f->db, &(struct mm_sqlite_row){.k = it->k},
		    &it->record, it->triplet != 0 ? &q.update.note : NULL);
	}
	if (rc != SQLITE_OK || mm_sqlite_commit(&f->db) != SQLITE_OK)
		die("cannot write");
	sqlite3_wal_checkpoint_v2(
	    f->db.db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	f->n = 0;
}

static void
put(struct filling *f, const char *key, struct mm_record record,
    unsigned long triplet)
{
	f->item[f->n++] = (struct item){
	    (int64_t)mm_store_hash(f->db.secret, key, strlen(key)), record,
	    triplet};
	if (f->n == BATCH)
		write_batch(f);
}

static const char *
key_of(const struct mm_judge_greylist *ask, enum mm_greylist_role role)
{
	for (size_t i = 0; i < ask->update.n; i++)
		if (ask->request.role[i] == role)
			return ask->update.key[i];
	return NULL;
}

static void
put_triplet(struct filling *f, unsigned long i)
{
	int64_t now = f->now, seen = now - (int64_t)(scatter(i) % 3800);
	struct mm_judge_greylist q;
	struct mail m = {0};

	compose(&m, i % (CLIENTS / 2), i);
	ask(f->b, &m, now, f->arena, &q);
	if (i < CLIENTS / 2)
		put(f, key_of(&q, MM_GREYLIST_SOURCE),
		    (struct mm_record){now, now, 1}, 0);
	if (is_waiting(i))
		put(f, q.update.key[0], (struct mm_record){now, now, 0}, i);
	else if (is_old(i))
		put(f, q.update.key[0],
		    (struct mm_record){now - 9999999, now - 9999998, 1}, 0);
	else
		put(f, q.update.key[0],
		    (struct mm_record){seen - 86400, seen, 3}, 0);
}

static void
put_client(struct filling *f, unsigned long i)
{
	int64_t seen = f->now - (int64_t)(scatter(i) % 3800);
	struct mm_judge_greylist q;
	struct mail m = {0};

	compose(&m, i, 0);
	ask(f->b, &m, f->now, f->arena, &q);
	put(f, q.update.key[1],
	    (struct mm_record){seen, seen, i < CLIENTS / 2 ? 1 : 9}, 0);
}

static void
fill(const struct bench *b)
{
	struct filling f = {.b = b,
	    .arena = mm_arena_new(1 << 16),
	    .now = mm_clock_wall(&mm_clock_system),
	    .item = calloc(BATCH, sizeof(struct item))};
	int64_t start = mono();
	struct mm_err err;
	char path[4096];

	snprintf(path, sizeof(path), "%s/greylist.sqlite", b->directory);
	if (access(path, F_OK) == 0)
		return;
	if (f.item == NULL ||
	    mm_sqlite_open(&f.db, path, MM_SQLITE_WRITER, &err) == -1)
		die(err.text);
	for (unsigned long i = 0; i < b->triplets; i++)
		put_triplet(&f, i);
	for (unsigned long i = 0; i < CLIENTS; i++)
		put_client(&f, i);
	write_batch(&f);
	mm_sqlite_close(&f.db);
	snprintf(path, sizeof(path), "%s/filled", b->directory);
	fclose(fopen(path, "w"));
	mm_arena_free(f.arena);
	free(f.item);
	printf("filled in %.0f s\n", (double)(mono() - start) / 1e6);
}

/* Deciding. */

static size_t
bucket_of(int64_t us)
{
	unsigned bits =
	    us < STEPS ? 0
		       : 63 - (unsigned)__builtin_clzll((uint64_t)us / STEPS);
	size_t at;

	if (us < STEPS)
		return (size_t)(us < 0 ? 0 : us);
	at = (bits + 1) * STEPS + ((size_t)us >> bits) - STEPS;
	return at < NBUCKETS ? at : NBUCKETS - 1;
}

static int64_t
us_of(size_t bucket)
{
	return bucket < STEPS
		   ? (int64_t)bucket
		   : (int64_t)(STEPS + bucket % STEPS) << (bucket / STEPS - 1);
}

static void
note(struct histogram *h, int64_t us)
{
	h->n++;
	h->bucket[bucket_of(us)]++;
	if (us > h->most)
		h->most = us;
}

static void
add(struct histogram *to, const struct histogram *from)
{
	to->n += from->n;
	for (size_t i = 0; i < NBUCKETS; i++)
		to->bucket[i] += from->bucket[i];
	if (from->most > to->most)
		to->most = from->most;
}

static int64_t
percentile(const struct histogram *h, double of)
{
	uint64_t want = (uint64_t)((double)h->n * of), n = 0;

	for (size_t i = 0; i < NBUCKETS; i++)
		if ((n += h->bucket[i]) > want)
			return us_of(i);
	return h->most;
}

struct worker {
	struct bench *bench;
	pthread_t thread;
	struct histogram known, fresh;
	uint64_t state[8]; /* answers by their state */
};

/* A known one, two in three by their triplet and one by its client; or new. */
static bool
draw(struct bench *b, struct mail *m)
{
	unsigned long n = atomic_fetch_add(&b->next, 1);
	uint64_t any = scatter(scatter(n) + b->fresh);
	unsigned long i = any / 60 % b->triplets;

	if (any % NEW == 0) { /* of clients that nobody knows either */
		compose(m, CLIENTS + i % CLIENTS, b->fresh + n);
		return false;
	}
	if (any % 3 == 0) {
		compose(m, CLIENTS / 2 + i % (CLIENTS / 2), b->fresh + n);
	} else {
		while (is_waiting(i) || is_old(i))
			i = (i + 1) % b->triplets;
		compose(m, i % (CLIENTS / 2), i);
	}
	return true;
}

static void
decide(struct worker *w, struct mm_arena *arena)
{
	struct bench *b = w->bench;
	struct mail m = {0};
	bool known = draw(b, &m);
	int64_t start = mono();
	struct mm_judge_greylist q;
	struct mm_err err;

	ask(b, &m, b->filled + (start - b->opened) / 1000000, arena, &q);
	if (mm_store_update(b->store, &q.update, sizeof(q.request), PATIENCE_MS,
		&err) != MM_STORE_DONE ||
	    (q.request.answer.wait == 0) != known)
		atomic_fetch_add(&b->failed, 1);
	note(known ? &w->known : &w->fresh, mono() - start);
	w->state[q.request.answer.state]++;
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct mm_arena *arena = mm_arena_new(1 << 16);
	int64_t at = mono() + (int64_t)(scatter((uintptr_t)w) % 1000), now;

	while ((now = mono()) < w->bench->until) {
		if (w->bench->interval != 0 && now < at) {
			usleep((useconds_t)(at - now));
			continue;
		}
		at += w->bench->interval;
		decide(w, arena);
	}
	mm_arena_free(arena);
	return NULL;
}

static double
cpu(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
	       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static long
resident_kib(void)
{
	char line[128];
	long kib = 0;
	FILE *f = fopen("/proc/self/status", "r");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "VmRSS: %ld", &kib) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return kib;
}

static void
tell(const char *what, const struct histogram *h)
{
	printf("  %-6s %9" PRIu64 "  p50 %5" PRId64 "  p99 %5" PRId64
	       "  p99.9 %6" PRId64 "  most %7" PRId64 " us\n",
	    what, h->n, percentile(h, .5), percentile(h, .99),
	    percentile(h, .999), h->most);
}

struct result {
	double rate, known_p99, new_p99;
};

static void
measure(struct bench *b, int nthreads, unsigned long rate, struct result *r)
{
	struct worker *w = calloc((size_t)nthreads, sizeof(*w));
	struct histogram *all = calloc(2, sizeof(*all));
	struct mm_store_stats before, after;
	int64_t start = mono();
	double used = cpu(), took;
	unsigned long n;

	mm_store_stats(b->store, &before);
	b->failed = b->next = 0;
	b->fresh = (unsigned long)start << 20;
	b->until = start + b->seconds * INT64_C(1000000);
	b->interval =
	    rate == 0 ? 0 : nthreads * INT64_C(1000000) / (int64_t)rate;
	for (int i = 0; i < nthreads; i++) {
		w[i].bench = b;
		pthread_create(&w[i].thread, NULL, work, &w[i]);
	}
	for (int i = 0; i < nthreads; i++) {
		pthread_join(w[i].thread, NULL);
		add(&all[0], &w[i].known);
		add(&all[1], &w[i].fresh);
		for (int s = 0; s < 8 && i > 0; s++)
			w[0].state[s] += w[i].state[s];
	}
	took = (double)(mono() - start) / 1e6;
	used = cpu() - used;
	n = b->next;
	mm_store_stats(b->store, &after);
	r->rate = (double)n / took;
	r->known_p99 = (double)percentile(&all[0], .99);
	r->new_p99 = (double)percentile(&all[1], .99);
	printf("%d threads, %s: %.0f decisions/s, %.1f us of processor each, "
	       "%.2f cores busy\n",
	    nthreads, rate == 0 ? "no pause" : "paced", r->rate,
	    used * 1e6 / (double)n, used / took);
	tell("known", &all[0]);
	tell("new", &all[1]);
	printf("  written later %" PRIu64 "  commits %" PRIu64
	       "  purged %" PRIu64 "  failed %lu\n",
	    after.updates - after.looks - before.updates + before.looks -
		w[0].state[MM_GREYLIST_FIRST],
	    after.commits - before.commits, after.purged - before.purged,
	    (unsigned long)b->failed);
	fflush(stdout);
	free(all);
	free(w);
}

/* Another run goes on where the filling ended, however long ago. */
static int64_t
filled(const struct bench *b)
{
	char path[4096];
	struct stat st;

	snprintf(path, sizeof(path), "%s/filled", b->directory);
	return stat(path, &st) == 0 ? st.st_mtime
				    : mm_clock_wall(&mm_clock_system);
}

/* What it has to be below; or above, where that is so. */
static bool
check(const char *what, double is, const char *than, double limit)
{
	bool met = *than == '<' ? is < limit : is >= limit;

	printf("%-34s %10.1f  %s %8.0f  %s\n", what, is, than, limit,
	    met ? "met" : "NOT MET");
	return met;
}

/* Opens the store and waits for one verdict.  How many ms. */
static double
open_store(struct bench *b)
{
	const struct mm_settings *settings = mm_policy_settings(b->policy);
	struct mm_store_config how = {.directory = b->directory,
	    .max_age = settings->greylist_max_age / 1000,
	    .waiting_age = settings->greylist_retry_window / 1000};
	int64_t start = mono();
	struct mm_store_stats stats;
	double took;
	struct worker *one = calloc(1, sizeof(*one));
	struct mm_arena *arena = mm_arena_new(1 << 16);
	struct mm_err err;

	b->filled = filled(b);
	b->opened = start;
	b->store = mm_store_sqlite_new(&how, &mm_clock_system, &err);
	if (b->store == NULL)
		die(err.text);
	one->bench = b;
	decide(one, arena);
	mm_store_stats(b->store, &stats);
	took = (double)(mono() - start) / 1000;
	b->bytes = (double)stats.bytes / (double)b->triplets;
	printf("%lu triplets, %" PRIu64 " records, %.0f MB\n", b->triplets,
	    stats.records, (double)stats.bytes / 1e6);
	mm_arena_free(arena);
	free(one);
	return took;
}

int
main(int argc, char **argv)
{
	struct bench b = {
	    .triplets = 10000000, .seconds = 30, .nthreads = 64, .rate = 50000};
	struct mm_complaints all = {0};
	struct result free_run, paced;
	struct mm_err err;
	double first;
	bool met;

	if (argc < 2) {
		fprintf(stderr, "usage: bench_scale DIRECTORY [TRIPLETS "
				"[SECONDS [THREADS [RATE]]]]\n");
		return 2;
	}
	b.directory = argv[1];
	b.triplets = argc > 2 ? strtoul(argv[2], NULL, 10) : b.triplets;
	b.seconds = argc > 3 ? (int)strtol(argv[3], NULL, 10) : b.seconds;
	b.nthreads = argc > 4 ? (int)strtol(argv[4], NULL, 10) : b.nthreads;
	b.rate = argc > 5 ? strtoul(argv[5], NULL, 10) : b.rate;
	b.policy = mm_policy_parse(config, "bench.conf", &all, &err);
	if (b.policy == NULL)
		die(err.text);
	fill(&b);
	if (b.seconds == 0)
		return 0;
	first = open_store(&b);
	measure(&b, b.nthreads, 0, &free_run);
	measure(&b, b.nthreads, b.rate, &paced);
	met = check("decisions/s", free_run.rate, ">=", 50000);
	met &=
	    check("paced: decisions/s", paced.rate, ">=", .98 * (double)b.rate);
	met &= check("paced: known, p99, us", paced.known_p99, "<", 1000);
	met &= check("paced: new, p99, us", paced.new_p99, "<", 25000);
	met &= check("bytes on disk for a triplet", b.bytes, "<", 120);
	met &= check("open to first verdict, ms", first, "<", 1000);
	met &= check("resident, MiB", (double)resident_kib() / 1024, "<", 512);
	mm_store_free(b.store);
	mm_policy_unref(b.policy);
	mm_complaints_clear(&all);
	return met ? 0 : 1;
}

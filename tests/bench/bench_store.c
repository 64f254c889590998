/*
 * bench_store - what the SQLite store can carry.
 *
 *	bench_store DIRECTORY [THREADS [SECONDS [PRELOAD [RATE]]]]
 *
 * Fills a database in DIRECTORY with PRELOAD triplets, times opening it, then
 * lets THREADS greylist new triplets (first no more than RATE a second), ask
 * for known ones, and peek, SECONDS each.  Figures say something only beside
 * others of the same machine.
 */
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/greylist.h"
#include "lib/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SAMPLES_MAX 4000000

static const struct mm_greylist_rules rules = {.delay = 170,
    .retry_window = 172800,
    .triplet_max_age = 3110400,
    .max_age = 3110400,
    .allow_count = 5,
    .allow_interval = 3600,
    .waiting_limit = 5000};

struct run {
	struct mm_store *store;
	void (*one)(struct run *run, unsigned long n);
	unsigned long base; /* triplets used so far */
	int64_t until;
	int64_t pause; /* us from one to the next of a thread; 0: none */
	atomic_ulong n, failed;
	uint32_t *us; /* how long each took */
};

static int64_t
mono(void)
{
	return mm_clock_mono(&mm_clock_system);
}

static enum mm_store_status
greylist(struct mm_store *store, unsigned long n, int64_t ago)
{
	char triplet[160], client[32], source[32], sender[64];
	struct mm_greylist_request request = {.rules = rules,
	    .role = {MM_GREYLIST_TRIPLET, MM_GREYLIST_CLIENT,
		MM_GREYLIST_SOURCE},
	    .now = mm_clock_wall(&mm_clock_system) - ago};
	struct mm_store_update update = {
	    .n = 3, .change = mm_greylist_change, .arg = &request};
	struct mm_err err;

	snprintf(client, sizeof(client), "client 10.%lu.%lu.0/24",
	    n / 256 % 256, n % 256);
	snprintf(source, sizeof(source), "source 10.%lu.%lu.0/24",
	    n / 256 % 256, n % 256);
	snprintf(sender, sizeof(sender), "sender-%lu@example.org", n);
	snprintf(triplet, sizeof(triplet),
	    "triplet %s %s recipient@example.net", client, sender);
	update.key[0] = triplet;
	update.key[1] = client;
	update.key[2] = source;
	update.note =
	    (struct mm_store_note){client, sender, "recipient@example.net"};
	return mm_store_update(store, &update, sizeof(request), 10000, &err);
}

static void
greylist_new(struct run *run, unsigned long n)
{
	if (greylist(run->store, run->base + n, 0) != MM_STORE_DONE)
		atomic_fetch_add(&run->failed, 1);
}

static void
greylist_again(struct run *run, unsigned long n)
{
	if (greylist(run->store, n % 1000, 0) != MM_STORE_DONE)
		atomic_fetch_add(&run->failed, 1);
}

static void
peek(struct run *run, unsigned long n)
{
	struct mm_record record;
	struct mm_err err;
	char key[32];

	snprintf(
	    key, sizeof(key), "client 10.%lu.%lu.0/24", n / 256 % 256, n % 256);
	if (mm_store_peek(run->store, key, &record, &err) == -1)
		atomic_fetch_add(&run->failed, 1);
}

static void *
work(void *arg)
{
	struct run *run = arg;
	int64_t before = mono(), after;

	while (before < run->until) {
		unsigned long n = atomic_fetch_add(&run->n, 1);

		if (n >= SAMPLES_MAX)
			break;
		run->one(run, n);
		after = mono();
		run->us[n] = (uint32_t)(after - before);
		before += run->pause;
		if (run->pause == 0)
			before = after;
		else if (before > after)
			usleep((useconds_t)(before - after));
	}
	return NULL;
}

static int
by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double
cpu(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
	       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static void
measure(const char *what, struct run *run, int nthreads, int seconds)
{
	pthread_t threads[1024];
	struct mm_store_stats stats;
	int64_t start = mono();
	double used = cpu(), took;
	unsigned long n;

	run->until = start + seconds * 1000000L;
	for (int i = 0; i < nthreads; i++)
		pthread_create(&threads[i], NULL, work, run);
	for (int i = 0; i < nthreads; i++)
		pthread_join(threads[i], NULL);
	took = (double)(mono() - start) / 1e6;
	used = cpu() - used;
	n = run->n < SAMPLES_MAX ? run->n : SAMPLES_MAX;
	qsort(run->us, n, sizeof(*run->us), by_size);
	mm_store_stats(run->store, &stats);
	printf("%-8s %3d threads %8.0f/s  p50 %6u us  p99 %6u us  max %7u us  "
	       "cpu %5.1f us each  failed %lu  commits %lu  disk %lu MB\n",
	    what, nthreads, (double)n / took, run->us[n / 2],
	    run->us[n / 100 * 99], run->us[n - 1], used * 1e6 / (double)n,
	    (unsigned long)run->failed, (unsigned long)stats.commits,
	    (unsigned long)stats.bytes >> 20);
	fflush(stdout);
	run->base += n;
	run->n = 0;
}

static struct mm_store *
open_store(const char *directory)
{
	struct mm_store_config config = {.directory = directory,
	    .max_age = rules.max_age,
	    .waiting_age = rules.retry_window};
	struct mm_err err;
	struct mm_store *store =
	    mm_store_sqlite_new(&config, &mm_clock_system, &err);

	if (store == NULL) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	return store;
}

struct fill {
	struct mm_store *store;
	atomic_ulong *next;
	unsigned long n;
};

/* Opens the store and waits for one verdict. */
static struct mm_store *
time_open(const char *directory)
{
	int64_t start = mono();
	struct mm_store *store = open_store(directory);
	struct mm_store_stats stats;

	greylist(store, 1UL << 40, 0);
	mm_store_stats(store, &stats);
	printf("open, first verdict: %.1f ms with %lu triplets\n",
	    (double)(mono() - start) / 1000, (unsigned long)stats.records);
	return store;
}

static void *
fill(void *arg)
{
	struct fill *f = arg;
	unsigned long i;

	while ((i = atomic_fetch_add(f->next, 1)) < f->n)
		greylist(f->store, i, 60);
	return NULL;
}

int
main(int argc, char **argv)
{
	int nthreads = argc > 2 ? (int)strtoul(argv[2], NULL, 10) : 64;
	int seconds = argc > 3 ? (int)strtoul(argv[3], NULL, 10) : 5;
	unsigned long preload = argc > 4 ? strtoul(argv[4], NULL, 10) : 0;
	long rate = argc > 5 ? strtol(argv[5], NULL, 10) : 6000;
	atomic_ulong next = 0;
	pthread_t threads[256];
	struct run run = {
	    .base = (unsigned long)mm_clock_wall(&mm_clock_system) << 24};
	struct fill job;

	if (argc < 2 || nthreads < 1 || nthreads > 1024 || rate < 1) {
		fprintf(stderr, "usage: bench_store DIRECTORY [THREADS "
				"[SECONDS [PRELOAD [RATE]]]]\n");
		return 2;
	}
	run.us = calloc(SAMPLES_MAX, sizeof(*run.us));
	job = (struct fill){time_open(argv[1]), &next, preload};
	for (int i = 0; i < 256; i++)
		pthread_create(&threads[i], NULL, fill, &job);
	for (int i = 0; i < 256; i++)
		pthread_join(threads[i], NULL);
	mm_store_free(job.store);

	run.store = time_open(argv[1]);
	run.one = greylist_new;
	run.pause = nthreads * 1000000L / rate;
	measure("paced", &run, nthreads, seconds);
	run.pause = 0;
	measure("new", &run, nthreads, seconds);
	measure("new", &run, 8, seconds);
	measure("new", &run, 1, seconds);
	run.one = greylist_again;
	measure("again", &run, nthreads, seconds);
	run.one = peek;
	measure("peek", &run, nthreads, seconds);
	mm_store_free(run.store);
	free(run.us);
	return 0;
}

/*
 * diskstore - a store on disk in a directory of the test's own.
 */
#ifndef MM_DISKSTORE_H
#define MM_DISKSTORE_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/store.h"

#define NOW 1700000000
#define WAIT_MS 20000 /* only a broken store is that slow */

/* A wall clock that a test sets; time runs on as it does. */
struct set_clock {
	struct mm_clock clock;
	atomic_int_fast64_t wall;
};

/* What an update writes. */
struct request {
	struct mm_record set;
	bool noted;
};

extern char *directory;
extern struct set_clock now;

/* Before and after each test: the directory, and NOW. */
int set_up(void **state);
int tear_down(void **state);
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

struct mm_store *try_open(struct mm_store_config config, struct mm_err *err);
struct mm_store *open_store(void);
enum mm_store_status set_within(struct mm_store *store, const char *key,
    struct request request, int64_t wait_ms, struct mm_err *err);
void set(struct mm_store *store, const char *key, int64_t first, int64_t last,
    bool noted);
bool is_there(struct mm_store *store, const char *key);
struct mm_store_stats stats(struct mm_store *store);
void sleep_ms(long ms);

/* A path in the directory, until the next call. */
const char *file(const char *name);
void write_file(const char *name, const char *text, size_t len, off_t at);

/* Another program's connection. */
sqlite3 *connect_to(void);
void run(sqlite3 *db, const char *sql);
void run_once(const char *sql);
int ask(sqlite3 *db, const char *sql); /* the one number */

#endif

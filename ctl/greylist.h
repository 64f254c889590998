/*
 * greylist - what the subcommands of greylist share: the store, opened for
 * reading, what waits in it, and requests to the daemon.
 *
 * The daemon is the only one to write; reading needs no daemon and does not
 * get into its way.
 * Threads: confined.
 */
#ifndef MM_CTL_GREYLIST_H
#define MM_CTL_GREYLIST_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/client.h"
#include "lib/greylist_key.h"

struct ctl;
struct mm_arena;
struct mm_policy;
struct mm_request;
struct mm_settings;

/* The store, and the policy that it belongs to. */
struct greylist {
	const struct ctl *ctl;
	struct mm_policy *policy;
	const struct mm_settings *settings; /* the policy's */
	struct mm_store *store;
	struct mm_arena *arena; /* cleared between two records */
	int64_t now;
};

/* 0, or the exit code: the reason has been said. */
int greylist_open(const struct ctl *ctl, struct greylist *ret);
void greylist_close(struct greylist *greylist);

/* A mail that waits. */
struct greylist_waiting {
	char id[11]; /* made of the texts: the same wherever it waits */
	struct mm_greylist_who client;
	const char *sender, *recipient;
	struct mm_record record;
	bool released;
	int64_t left; /* seconds of greylist_delay */
};
typedef bool greylist_each(
    void *ctx, const struct greylist_waiting *mail); /* false: enough */

/*
 * What waits, the newest last; id NULL: whatever the options of the command
 * line select.  0, or the exit code.
 */
int greylist_walk(
    struct greylist *greylist, const char *id, greylist_each *each, void *ctx);
/* Does a text contain the word, or as a whole fit the pattern with "*", "?" or
 * "["?  Case-blind; NULL: everything does. */
bool greylist_fits(const char *pattern, const char *text);

/* 0, or the exit code when there is no reply. */
int greylist_ask(const struct ctl *ctl, const struct mm_request *request,
    struct ctl_reply *ret);

/* "2026-11-28 05:00:00"; "2m50s". */
const char *greylist_when(int64_t when, char text[32]);
const char *greylist_span(int64_t seconds, char text[32]);
/* A stranger's address between angle brackets, and harmless. */
const char *greylist_address(const char *address, char text[512]);

#endif

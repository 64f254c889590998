/*
 * greylist_seed - puts a triplet into a greylist as the daemon would have,
 * some seconds ago, for the tests of explain.
 *
 * usage: greylist_seed CONFIG CLIENT SENDER RECIPIENT SECONDS-AGO ...
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/judge.h"
#include "lib/store.h"

static int
attempt(struct mm_store *store, const struct mm_policy *policy,
    const struct mm_session *session, int64_t now, struct mm_arena *arena)
{
	const struct mm_judge_mark mark = {
	    .delay_ms = mm_policy_settings(policy)->greylist_delay, .now = now};
	struct mm_judge_greylist ask;
	struct mm_err err;

	if (!mm_judge_greylist(&ask, policy, session, &mark, arena))
		return -1;
	return mm_store_update(store, &ask.update, sizeof(ask.request), 5000,
		   &err) == MM_STORE_DONE
		   ? 0
		   : -1;
}

int
main(int argc, char **argv)
{
	struct mm_complaints all = {0};
	struct mm_err err;
	struct mm_policy *policy =
	    argc > 5 ? mm_policy_load(argv[1], &all, &err) : NULL;
	const struct mm_settings *settings;
	struct mm_store *store = NULL;
	struct mm_arena *arena = mm_arena_new(65536);
	struct mm_session session;
	int rc = 1;

	mm_session_init(&session);
	if (policy == NULL || arena == NULL ||
	    !mm_ip_parse(argv[2], &session.client))
		goto done;
	settings = mm_policy_settings(policy);
	session.name_status = MM_NAME_PERM;
	mm_ip_format(&session.client, session.client_address);
	session.sender = argv[3];
	session.recipient = argv[4];
	store = mm_store_sqlite_new(
	    &(struct mm_store_config){.directory = settings->state_directory,
		.max_age = settings->greylist_max_age / 1000,
		.waiting_age = settings->greylist_retry_window / 1000},
	    &mm_clock_system, &err);
	if (store == NULL)
		goto done;
	for (int i = 5; i < argc; i++)
		if (attempt(store, policy, &session,
			mm_clock_wall(&mm_clock_system) - atoll(argv[i]),
			arena) != 0)
			goto done;
	rc = 0;
done:
	mm_store_free(store);
	mm_arena_free(arena);
	mm_policy_unref(policy);
	mm_complaints_clear(&all);
	return rc;
}

/*
 * fuzz_policyd - what a policy service answers, from bytes to a verdict.
 *
 * Wherever the answer is cut, it reads the same.  Whatever its action is, the
 * walk ends and the reply is one printable line of at most 510 bytes, digits
 * agreeing.
 */
#include "tests/fuzz/fuzz.h"

#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/policy.h"
#include "lib/policyd.h"

/* More than nested services can be asked, and questions put. */
#define ROUNDS_MAX 5000

static const char config[] =
    "smtpd_restriction_classes = c\n"
    "c = defer_if_reject, warn_if_reject reject\n"
    "smtpd_recipient_restrictions = greylist_if_reject"
    " check_policy_service inet:p:1, check_policy_service inet:p:1,"
    " check_policy_service { inet:q:1, { default_action = c } }\n";

/* The reply's action, the caller's to free; NULL: there is none. */
static char *
read_action(const char *data, size_t size)
{
	struct mm_policyd_reply whole = {NULL, 0, 0}, part;
	enum mm_policyd_read all = mm_policyd_read(data, size, &whole);

	for (size_t cut = 0; cut < size && cut < 64; cut++) {
		enum mm_policyd_read some = mm_policyd_read(data, cut, &part);

		if (some == MM_POLICYD_BAD && all != MM_POLICYD_BAD)
			abort();
		if (some == MM_POLICYD_WHOLE &&
		    (all != MM_POLICYD_WHOLE || part.used != whole.used ||
			part.len != whole.len))
			abort();
	}
	return all == MM_POLICYD_WHOLE ? strndup(whole.action, whole.len)
				       : NULL;
}

static void
check_reply(const struct mm_result *result)
{
	const struct mm_reply *r = &result->reply;
	char line[1024];
	int len;

	if (result->verdict == MM_ACCEPT)
		return;
	len =
	    snprintf(line, sizeof(line), "%d %s %s", r->code, r->dsn, r->text);
	if (len > MM_REPLY_MAX || r->dsn[0] != line[0])
		abort();
	for (int i = 0; i < len; i++) {
		if (!isprint((unsigned char)line[i]))
			abort();
	}
}

struct run {
	struct mm_session session;
	struct mm_arena *mail, *walk;
	struct mm_answers *answers;
	struct mm_errands *errands;
};

static void
answer_questions(struct run *run, const struct mm_result *result)
{
	for (size_t i = 0; i < result->nquestions; i++) {
		const struct mm_dns_answer *a =
		    mm_dns_answer_new(MM_DNS_NOTFOUND, 1, NULL, 0);

		mm_answers_add(run->answers, result->questions[i].name,
		    result->questions[i].type, a);
		mm_dns_answer_unref(a);
	}
}

/* p answers; q does not. */
static void
run_errand(struct run *run, const struct mm_errand *errand, const char *action)
{
	const struct mm_policyd *service = errand->what;
	bool answers = errand->kind == MM_ERRAND_POLICY && action != NULL &&
		       strcmp(service->host, "p") == 0;

	mm_errands_take(run->errands, errand,
	    answers ? MM_ERRAND_FOUND : MM_ERRAND_FAILED,
	    answers ? strdup(action) : NULL);
}

static void
walk(const struct mm_policy *policy, struct run *run, const char *action)
{
	const struct mm_given given = {.session = &run->session,
	    .answers = run->answers,
	    .errands = run->errands,
	    .now = 1,
	    .plain = true};
	struct mm_result result;

	for (int rounds = 0; rounds < ROUNDS_MAX; rounds++) {
		mm_arena_clear(run->walk);
		mm_policy_walk(policy, &given, run->walk, &result);
		if (result.done) {
			check_reply(&result);
			return;
		}
		answer_questions(run, &result);
		if (result.errand != NULL)
			run_errand(run, result.errand, action);
	}
	abort();
}

/* The session is the same each time, so it is made once. */
static void
begin(struct run *run)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	struct mm_session_client told = {.address = (struct sockaddr *)&sin};

	run->mail = mm_arena_new(1 << 20);
	run->walk = mm_arena_new(1 << 22);
	run->answers = mm_answers_new();
	run->errands = mm_errands_new();
	if (run->mail == NULL || run->walk == NULL || run->answers == NULL ||
	    run->errands == NULL)
		abort();
	mm_session_init(&run->session);
	mm_session_connect(&run->session, &told);
	mm_session_mail(&run->session, run->mail, "<a@example.org>", NULL);
	mm_session_rcpt(
	    &run->session, run->mail, "<b@example.net>", NULL, NULL);
}

static void
judge(const struct mm_policy *policy, const char *action)
{
	static struct run run;

	if (run.mail == NULL)
		begin(&run);
	walk(policy, &run, action);
	mm_answers_clear(run.answers);
	mm_errands_clear(run.errands);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mm_policy *policy;
	struct mm_complaints all = {0};
	struct mm_err err;
	char *action;

	if (policy == NULL)
		policy = mm_policy_parse(config, "fuzz.conf", &all, &err);
	if (policy == NULL)
		abort();
	mm_complaints_clear(&all);
	action = read_action((const char *)data, size);
	judge(policy, action);
	free(action);
	return 0;
}

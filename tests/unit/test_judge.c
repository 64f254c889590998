/* judge: asks early, waits for what decides, and not twice for what is late. */
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/dns_batch.h"
#include "lib/err.h"
#include "lib/judge.h"
#include "tests/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HELD_MAX 8
#define LATE_US 50000

/* A resolver that lists everybody, when it is told to answer. */
struct fake {
	struct mm_dns dns; /* first: it is what callers hold */
	bool prompt;	   /* answers at once */
	unsigned asked;
	struct mm_batch_item *held[HELD_MAX];
	size_t nheld;
};

static const struct mm_dns_answer *
listed(enum mm_dns_type type)
{
	const struct mm_dns_rr rr = {.address = {127, 0, 0, 2}, .text = "why"};

	return mm_dns_answer_new(
	    MM_DNS_OK, 60, &rr, type == MM_DNS_A || type == MM_DNS_TXT);
}

/* To the end of its chain. */
static void
answer(struct mm_batch_item *item)
{
	while (item != NULL)
		item = mm_batch_finish(item, listed(item->question.type));
}

static void
fake_ask(struct mm_dns *dns, struct mm_batch *batch,
    const struct mm_dns_question *questions, size_t n)
{
	struct fake *fake = (struct fake *)dns;

	for (size_t i = 0; i < n; i++) {
		struct mm_batch_item *item =
		    mm_batch_begin(batch, &questions[i]);

		if (item == NULL) /* under way already */
			continue;
		fake->asked++;
		if (fake->prompt)
			answer(item);
		else
			fake->held[fake->nheld++] = item;
	}
}

static void
fake_answer(struct fake *fake)
{
	while (fake->nheld > 0)
		answer(fake->held[--fake->nheld]);
}

static const struct mm_dns_ops fake_ops = {.ask = fake_ask};

/* Who runs errands, and whether he then takes all the time there is. */
struct errands {
	const struct fake *fake;
	unsigned run;
	bool open; /* a question was, when one was run */
	bool dawdle;
	char keys[256];	  /* "key/ms," of each sleep */
	const char *says; /* a policy service */
	char text[4096];  /* what it was asked last */
};

static enum mm_errand_status
fake_run(
    void *ctx, const struct mm_errand *errand, int64_t until_us, char **text)
{
	struct errands *errands = ctx;
	size_t len = strlen(errands->keys);

	assert_null(*text);
	assert_true(until_us > mm_clock_mono(&mm_clock_system));
	errands->run++;
	errands->open |= errands->fake->nheld > 0;
	if (errand->kind == MM_ERRAND_POLICY) {
		snprintf(
		    errands->text, sizeof(errands->text), "%s", errand->text);
		*text = strdup(errands->says);
		return MM_ERRAND_FOUND;
	}
	snprintf(errands->keys + len, sizeof(errands->keys) - len, "%s/%d,",
	    errand->key, (int)errand->ms);
	while (errands->dawdle && mm_clock_mono(&mm_clock_system) < until_us)
		usleep(1000);
	return MM_ERRAND_FOUND;
}

/* A policy, a judge, and a session that has said all but RCPT. */
struct world {
	struct fake fake;
	struct errands errands;
	struct mm_policy *policy;
	struct mm_judge judge;
	struct mm_arena *arena;
	struct mm_session session;
	struct mm_result result;
	const char *spf_domain; /* that names the client's network */
};

static void
hear_rcpt(struct world *w, const char *address)
{
	assert_true(
	    mm_session_rcpt(&w->session, w->arena, address, NULL, NULL));
}

static void
begin(struct world *w, const char *text, bool prompt)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct mm_session_client told = {.address = (struct sockaddr *)&in};
	struct mm_complaints all = {0};
	struct mm_err err = {""};

	*w = (struct world){.fake = {{&fake_ops}, prompt, 0, {0}, 0}};
	inet_pton(AF_INET, "192.0.2.1", &in.sin_addr);
	w->policy = mm_policy_parse(text, "test.conf", &all, &err);
	mm_complaints_clear(&all);
	assert_string_equal("", err.text);
	w->arena = mm_arena_new(65536);
	mm_session_init(&w->session);
	assert_int_equal(0, mm_judge_init(&w->judge, w->policy, &w->fake.dns,
				&mm_clock_system));
	w->errands.fake = &w->fake;
	w->judge.runner = (struct mm_errand_runner){fake_run, &w->errands};
	assert_true(mm_session_connect(&w->session, &told));
	mm_judge_ask(&w->judge, &w->session, &w->result);
	assert_true(mm_session_helo(&w->session, "mail.example.org"));
	assert_true(mm_session_auth(&w->session, NULL, NULL, NULL));
	assert_true(
	    mm_session_mail(&w->session, w->arena, "<a@example.net>", NULL));
	mm_judge_ask(&w->judge, &w->session, &w->result);
	assert_int_equal(prompt, w->result.done);
	assert_int_equal(0, w->errands.run); /* nobody waits yet */
}

static void
end(struct world *w)
{
	fake_answer(&w->fake);
	mm_judge_clear(&w->judge);
	mm_session_clear(&w->session);
	mm_arena_free(w->arena);
	mm_policy_unref(w->policy);
}

#define BLOCKLIST                                                              \
	"smtpd_recipient_restrictions = reject_rbl_client bl.example.org"

static void
test_asked_early_is_there_at_rcpt(void **state)
{
	struct world w;
	bool missed;

	(void)state;
	begin(&w, BLOCKLIST "\n", true);
	assert_int_equal(1, w.fake.asked); /* at connect, and once */
	hear_rcpt(&w, "<b@example.org>");
	assert_int_equal(0,
	    mm_judge_decide(&w.judge, &w.session, 1000000, &w.result, &missed));
	assert_true(w.result.done);
	assert_false(missed);
	assert_int_equal(MM_REJECTED, w.result.verdict);
	assert_int_equal(1, w.fake.asked);
	end(&w);
}

#define LISTS                                                                  \
	BLOCKLIST ", permit_dnswl_client wl.example.org, "                     \
		  "warn_if_reject reject_rbl_client other.example.org, "       \
		  "reject_rhsbl_sender names.example.org, "                    \
		  "reject_rbl_client third.example.org, "                      \
		  "reject_rbl_client bl.example.org=127.0.0.[2..9]\n"

/* Who else has the client is known without asking for more. */
static void
test_a_refusal_knows_the_lists_behind_it(void **state)
{
	struct world w;

	(void)state;
	begin(&w, LISTS, true);
	hear_rcpt(&w, "<b@example.org>");
	mm_judge_decide(&w.judge, &w.session, 1000000, &w.result, NULL);
	assert_int_equal(MM_REJECTED, w.result.verdict);
	assert_string_equal("bl.example.org", w.result.why.list);
	assert_true(w.result.surveyed);
	assert_false(w.result.also_open);
	/* by the client, too: nothing was asked about the sender */
	assert_string_equal(
	    "other.example.org,third.example.org", w.result.also);
	assert_null(w.result.effects);
	end(&w);
}

static void
test_a_refusal_does_not_wait_for_the_others(void **state)
{
	struct world w;

	(void)state;
	begin(&w, LISTS, false);
	hear_rcpt(&w, "<b@example.org>");
	assert_true(w.fake.nheld > 2);
	/* the first one, and the one behind the allowlist */
	answer(w.fake.held[0]);
	answer(w.fake.held[2]);
	w.fake.held[0] = w.fake.held[--w.fake.nheld];
	w.fake.held[2] = w.fake.held[--w.fake.nheld];
	assert_int_equal(
	    0, mm_judge_decide(&w.judge, &w.session, 1000000, &w.result, NULL));
	assert_int_equal(MM_REJECTED, w.result.verdict);
	assert_string_equal("other.example.org", w.result.also);
	assert_true(w.result.also_open);
	end(&w);
}

static void *
answer_late(void *arg)
{
	usleep(LATE_US);
	fake_answer(arg);
	return NULL;
}

static void
test_waits_for_what_decides(void **state)
{
	pthread_t thread;
	struct world w;
	bool missed;
	int64_t waited;

	(void)state;
	begin(&w, BLOCKLIST "\n", false);
	hear_rcpt(&w, "<b@example.org>");
	assert_int_equal(
	    0, pthread_create(&thread, NULL, answer_late, &w.fake));
	waited =
	    mm_judge_decide(&w.judge, &w.session, 20000000, &w.result, &missed);
	pthread_join(thread, NULL);
	assert_true(waited > 0 && waited < 20000000);
	assert_false(missed);
	assert_int_equal(MM_REJECTED, w.result.verdict);
	assert_string_equal("127.0.0.2", w.result.why.answer);
	end(&w);
}

static void
test_what_is_late_is_missed_once(void **state)
{
	struct world w;
	bool missed;

	(void)state;
	begin(&w, BLOCKLIST "\n", false);
	hear_rcpt(&w, "<b@example.org>");
	assert_true(mm_judge_decide(&w.judge, &w.session, LATE_US, &w.result,
			&missed) >= LATE_US);
	assert_true(missed);
	assert_true(w.result.done);
	assert_int_equal(MM_ACCEPT, w.result.verdict);

	/* the next recipient does not wait, though the answer has come */
	fake_answer(&w.fake);
	hear_rcpt(&w, "<c@example.org>");
	assert_int_equal(0,
	    mm_judge_decide(&w.judge, &w.session, 1000000, &w.result, &missed));
	assert_false(missed);
	assert_int_equal(MM_ACCEPT, w.result.verdict);

	/* the next transaction knows nothing of it */
	assert_int_equal(0, mm_judge_end_mail(&w.judge));
	w.fake.prompt = true;
	mm_judge_decide(&w.judge, &w.session, 1000000, &w.result, &missed);
	assert_int_equal(MM_REJECTED, w.result.verdict);
	assert_int_equal(2, w.fake.asked);
	end(&w);
}

static void
test_may_not_wait_at_all(void **state)
{
	struct world w;
	bool missed;

	(void)state;
	begin(&w, BLOCKLIST "\n", false);
	hear_rcpt(&w, "<b@example.org>");
	assert_int_equal(
	    0, mm_judge_decide(&w.judge, &w.session, 0, &w.result, &missed));
	assert_true(w.result.done);
	assert_true(missed);
	assert_int_equal(MM_ACCEPT, w.result.verdict);
	end(&w);
}

/* begin() wants to know whether a verdict is there before RCPT. */
#define SLEEPS "smtpd_recipient_restrictions = "

static int64_t
decide(struct world *w, const char *recipient, int64_t wait_us)
{
	int64_t waited;

	hear_rcpt(w, recipient);
	waited =
	    mm_judge_decide(&w->judge, &w->session, wait_us, &w->result, NULL);
	assert_true(w->result.done);
	return waited;
}

static void
test_errands_run_once_and_in_order(void **state)
{
	struct world w;

	(void)state;
	begin(&w, SLEEPS "sleep 1, sleep 2, sleep 1, reject\n", false);
	decide(&w, "<b@example.org>", 20000000);
	assert_int_equal(MM_REJECTED, w.result.verdict);
	assert_string_equal("b@example.org/1000,b@example.org/2000,"
			    "b@example.org/1000,",
	    w.errands.keys);
	assert_string_equal("slept", w.result.trail->note);

	/* again for another recipient, and not for the same */
	decide(&w, "<c@example.org>", 20000000);
	assert_int_equal(6, w.errands.run);
	decide(&w, "<b@example.org>", 20000000);
	assert_int_equal(6, w.errands.run);

	/* what is known belongs to the transaction */
	assert_int_equal(0, mm_judge_end_mail(&w.judge));
	decide(&w, "<b@example.org>", 20000000);
	assert_int_equal(9, w.errands.run);
	end(&w);
}

static void
test_errands_wait_for_what_is_before(void **state)
{
	pthread_t thread;
	struct world w;

	(void)state;
	begin(&w,
	    SLEEPS "reject_rbl_client other.example.org=127.0.0.9, sleep 1,"
		   " reject_rbl_client bl.example.org\n",
	    false);
	hear_rcpt(&w, "<b@example.org>");
	assert_int_equal(
	    0, pthread_create(&thread, NULL, answer_late, &w.fake));
	mm_judge_decide(&w.judge, &w.session, 20000000, &w.result, NULL);
	pthread_join(thread, NULL);
	assert_int_equal(1, w.errands.run);
	assert_false(w.errands.open);
	assert_int_equal(MM_REJECTED, w.result.verdict);
	end(&w);
}

static void
test_errands_behind_a_verdict_are_not_run(void **state)
{
	struct world w;

	(void)state;
	begin(&w, BLOCKLIST ", sleep 1\n", true);
	decide(&w, "<b@example.org>", 20000000);
	assert_int_equal(MM_REJECTED, w.result.verdict);
	assert_int_equal(0, w.errands.run);
	end(&w);
}

static void
test_errands_end_with_the_wait(void **state)
{
	struct world w;

	(void)state;
	begin(&w, SLEEPS "sleep 1, sleep 2, sleep 3\n", false);
	w.errands.dawdle = true;
	assert_true(decide(&w, "<b@example.org>", LATE_US) >= LATE_US);
	assert_string_equal("b@example.org/1000,", w.errands.keys);
	assert_string_equal("not slept", w.result.trail->next->note);
	assert_int_equal(MM_ACCEPT, w.result.verdict);
	/* who may not wait runs none */
	decide(&w, "<c@example.org>", 0);
	assert_int_equal(1, w.errands.run);
	end(&w);
}

static void
test_errands_that_nobody_runs(void **state)
{
	struct world w;

	(void)state;
	begin(&w, SLEEPS "sleep 1, reject\n", false);
	w.judge.runner = (struct mm_errand_runner){NULL, NULL};
	decide(&w, "<b@example.org>", 20000000);
	assert_string_equal("not slept", w.result.trail->note);
	assert_int_equal(MM_REJECTED, w.result.verdict);
	end(&w);
}

/* Stages may be judged as they come; then each has its own acts. */
static void
test_errands_belong_to_a_stage(void **state)
{
	struct world w;

	(void)state;
	begin(&w, SLEEPS "sleep 1\n", false);
	for (int stage = MM_STAGE_CONNECT; stage <= MM_STAGE_MAIL; stage++) {
		w.session.stage = (enum mm_stage)stage;
		for (int i = 0; i < 2; i++)
			mm_judge_decide(
			    &w.judge, &w.session, 20000000, &w.result, NULL);
	}
	assert_string_equal("/1000,/1000,/1000,", w.errands.keys);
	end(&w);
}

#define SERVICE SLEEPS "check_policy_service inet:127.0.0.1:1"

static void
test_service_is_told_all(void **state)
{
	static const char want[] =
	    "request=smtpd_access_policy\nprotocol_state=RCPT\n"
	    "protocol_name=ESMTP\nclient_address=192.0.2.1\n"
	    "client_name=unknown\nclient_port=\nreverse_client_name=unknown\n"
	    "server_address=\nserver_port=\nhelo_name=mail.example.org\n"
	    "sender=a@example.net\nrecipient=b??x=y?@example.org\n"
	    "recipient_count=0\nqueue_id=\ninstance=one.0\nsize=1234\n"
	    "etrn_domain=\nstress=\nsasl_method=\nsasl_username=\n"
	    "sasl_sender=\nccert_subject=A+20B+2B=+E4\nccert_issuer=\n"
	    "ccert_fingerprint=\nccert_pubkey_fingerprint=\n"
	    "encryption_protocol=\nencryption_cipher=\n"
	    "encryption_keysize=0\npolicy_context=here\n\n";
	char size[] = "size=1234", body[] = "BODY=8BITMIME";
	char *const parameters[] = {size, body, NULL};
	struct world w;

	(void)state;
	begin(&w,
	    SLEEPS "check_policy_service { inet:127.0.0.1:1, "
		   "policy_context=here }\n",
	    false);
	w.errands.says = "REJECT told";
	assert_true(mm_session_parameters(&w.session, NULL, parameters));
	free(w.session.cert_subject);
	w.session.cert_subject = strdup("A B+=\xe4");
	snprintf(w.session.instance, sizeof(w.session.instance), "one.0");
	hear_rcpt(&w, "<c@example.org>");
	w.session.recipient = "b\n\nx=y\r@example.org"; /* hostile */
	mm_judge_decide(&w.judge, &w.session, 20000000, &w.result, NULL);
	assert_string_equal(want, w.errands.text);
	assert_int_equal(MM_REJECTED, w.result.verdict);
	assert_string_equal("REJECT told", w.result.why.answer);
	end(&w);
}

static void
test_service_without_time_or_leave(void **state)
{
	struct world w;
	bool missed;

	(void)state;
	begin(&w, SERVICE ", reject\n", false);
	hear_rcpt(&w, "<b@example.org>");
	mm_judge_decide(&w.judge, &w.session, 0, &w.result, &missed);
	assert_true(missed);
	assert_int_equal(0, w.errands.run);
	assert_int_equal(451, w.result.reply.code);
	assert_string_equal("4.3.5", w.result.reply.dsn);
	assert_string_equal("<b@example.org>: Recipient address rejected: "
			    "Server configuration problem",
	    w.result.reply.text);

	/* nobody asks: as if it said nothing */
	w.judge.runner = (struct mm_errand_runner){NULL, NULL};
	decide(&w, "<c@example.org>", 20000000);
	assert_int_equal(554, w.result.reply.code);
	end(&w);
}

/* A list that never answers takes some of the wait, and not all. */
static void
test_service_is_asked_behind_a_dead_list(void **state)
{
	struct world w;

	(void)state;
	begin(&w,
	    SLEEPS "reject_rbl_client bl.example.org, check_policy_service"
		   " inet:127.0.0.1:1\n",
	    false);
	w.errands.says = "OK";
	decide(&w, "<b@example.org>", 20 * LATE_US);
	assert_int_equal(1, w.errands.run);
	assert_int_equal(MM_ACCEPT, w.result.verdict);
	end(&w);
}

static void
test_greylist_question_and_reply(void **state)
{
	static const char want[] =
	    "<b@example.org>: Recipient address rejected: Greylisted, come "
	    "back in 1 second";
	static const struct mm_judge_mark mark = {
	    .delay_ms = 90000, .now = 1000, .follow = true};
	struct mm_judge_greylist ask;
	struct mm_reply reply;
	struct world w;

	(void)state;
	begin(&w,
	    BLOCKLIST ", greylist\ngreylist_delay = 2m\n"
		      "greylist_ipv4_prefix = 32\n",
	    true);
	hear_rcpt(&w, "<b@example.org>");
	assert_true(
	    mm_judge_greylist(&ask, w.policy, &w.session, &mark, w.arena));
	assert_int_equal(90, ask.request.rules.delay);
	assert_int_equal(36 * 86400, ask.request.rules.triplet_max_age);
	assert_int_equal(5, ask.request.rules.allow_count);
	assert_int_equal(1000, ask.request.now);
	assert_true(ask.request.rules.follow);
	assert_int_equal(6, ask.update.n);
	assert_int_equal(2, ask.update.at_first);
	assert_string_equal("192.0.2.1/32", ask.identity.text);
	assert_non_null(strstr(ask.update.key[0], "192.0.2.1/32"));
	assert_string_equal("b@example.org", ask.update.note.recipient);
	assert_ptr_equal(&ask.request, ask.update.arg);

	reply = mm_judge_greylist_reply(&w.session, 1, w.arena);
	assert_int_equal(451, reply.code);
	assert_string_equal("4.7.1", reply.dsn);
	assert_string_equal(want, reply.text);
	end(&w);
}

/* The name counts where it leads back, and only there. */
static void
test_greylist_of_a_named_client(void **state)
{
	static const struct {
		enum mm_name_status status;
		const char *identity;
		unsigned count;
	} cases[] = {
	    {MM_NAME_OK, "name:sender.example", 2},
	    {MM_NAME_PERM, "192.0.2.0/24", 5},
	    {MM_NAME_FORGED, "192.0.2.0/24", 5},
	    {MM_NAME_TEMP, "192.0.2.0/24", 5},
	};
	static const struct mm_judge_mark mark = {.now = 1000};
	char name[] = "mx.sender.example";
	struct mm_judge_greylist ask;
	struct world w;
	char *kept;

	(void)state;
	begin(&w, BLOCKLIST ", greylist\n", true);
	hear_rcpt(&w, "<b@example.org>");
	w.session.sender = "";
	kept = w.session.client_name;
	w.session.client_name = name;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		w.session.name_status = cases[i].status;
		assert_true(mm_judge_greylist(
		    &ask, w.policy, &w.session, &mark, w.arena));
		assert_string_equal(cases[i].identity, ask.identity.text);
		assert_int_equal(cases[i].count, ask.request.rules.allow_count);
		assert_int_equal(5, ask.request.rules.host_allow_count);
		/* the null sender's */
		assert_int_equal(7 * 86400, ask.request.rules.triplet_max_age);
		assert_int_equal(36 * 86400, ask.request.rules.max_age);
	}
	w.session.client_name = kept;
	end(&w);
}

/* One attempt of the session's mail, over a store. */
static enum mm_greylist_state
attempt(struct world *w, struct mm_store *store, int64_t now, bool follow)
{
	const struct mm_judge_mark mark = {.delay_ms = 170000,
	    .now = now,
	    .follow = follow,
	    .spf_domain = w->spf_domain};
	struct mm_judge_greylist ask;
	struct mm_err err;

	assert_true(
	    mm_judge_greylist(&ask, w->policy, &w->session, &mark, w->arena));
	assert_int_equal(MM_STORE_DONE,
	    mm_store_update(store, &ask.update, sizeof(ask.request), 0, &err));
	return ask.request.answer.state;
}

/* What has waited, or passed, while its client had no name does not do it
 * again once it has one; and what has under the name is not the network's. */
static void
test_greylist_goes_on_when_a_name_comes(void **state)
{
	struct mm_store *store = mm_store_memory_new();
	char name[] = "mx.sender.example", *kept;
	struct world w;

	(void)state;
	begin(&w, BLOCKLIST ", greylist\n", true);
	kept = w.session.client_name;
	w.session.client_name = name;
	hear_rcpt(&w, "<b@example.org>");
	w.session.name_status = MM_NAME_TEMP;
	assert_int_equal(MM_GREYLIST_FIRST, attempt(&w, store, 1000, false));
	w.session.name_status = MM_NAME_OK;
	assert_int_equal(MM_GREYLIST_SOON, attempt(&w, store, 1100, false));
	assert_int_equal(MM_GREYLIST_PASS, attempt(&w, store, 1170, false));
	w.session.name_status = MM_NAME_TEMP;
	assert_int_equal(MM_GREYLIST_PASS, attempt(&w, store, 1171, false));

	hear_rcpt(&w, "<c@example.org>");
	assert_int_equal(MM_GREYLIST_FIRST, attempt(&w, store, 2000, false));
	assert_int_equal(MM_GREYLIST_PASS, attempt(&w, store, 2200, false));
	w.session.name_status = MM_NAME_OK;
	assert_int_equal(
	    MM_GREYLIST_KNOWN_TRIPLET, attempt(&w, store, 2201, false));

	hear_rcpt(&w, "<d@example.org>");
	assert_int_equal(MM_GREYLIST_FOLLOWS, attempt(&w, store, 3000, true));
	assert_int_equal(
	    MM_GREYLIST_KNOWN_TRIPLET, attempt(&w, store, 3001, false));
	w.session.name_status = MM_NAME_FORGED;
	assert_int_equal(MM_GREYLIST_FIRST, attempt(&w, store, 3002, false));
	w.session.client_name = kept;
	end(&w);
	mm_store_free(store);
}

/* Nor when its domain's SPF record cannot be found out now and then. */
static void
test_greylist_goes_on_when_spf_comes_and_goes(void **state)
{
	static const char *const known = "example.org";
	struct mm_store *store = mm_store_memory_new();
	struct world w;

	(void)state;
	begin(&w, BLOCKLIST ", greylist\n", true);
	hear_rcpt(&w, "<b@example.org>");
	assert_int_equal(MM_GREYLIST_FIRST, attempt(&w, store, 1000, false));
	w.spf_domain = known;
	assert_int_equal(MM_GREYLIST_SOON, attempt(&w, store, 1100, false));
	w.spf_domain = NULL;
	assert_int_equal(MM_GREYLIST_SOON, attempt(&w, store, 1150, false));
	w.spf_domain = known;
	assert_int_equal(MM_GREYLIST_PASS, attempt(&w, store, 1170, false));
	w.spf_domain = NULL;
	assert_int_equal(MM_GREYLIST_PASS, attempt(&w, store, 1171, false));
	assert_int_equal(
	    MM_GREYLIST_KNOWN_TRIPLET, attempt(&w, store, 1172, false));

	/* known at first: it starts anew once, and not twice */
	hear_rcpt(&w, "<c@example.org>");
	w.spf_domain = known;
	assert_int_equal(MM_GREYLIST_FIRST, attempt(&w, store, 2000, false));
	w.spf_domain = NULL;
	assert_int_equal(MM_GREYLIST_FIRST, attempt(&w, store, 2100, false));
	w.spf_domain = known;
	assert_int_equal(MM_GREYLIST_SOON, attempt(&w, store, 2150, false));
	w.spf_domain = NULL;
	assert_int_equal(MM_GREYLIST_SOON, attempt(&w, store, 2160, false));
	assert_int_equal(MM_GREYLIST_PASS, attempt(&w, store, 2270, false));
	w.spf_domain = known;
	assert_int_equal(
	    MM_GREYLIST_KNOWN_TRIPLET, attempt(&w, store, 2271, false));

	/* from another network it has its first attempt */
	hear_rcpt(&w, "<d@example.org>");
	assert_int_equal(MM_GREYLIST_FIRST, attempt(&w, store, 3000, false));
	assert_true(mm_ip_parse("2001:db8::1", &w.session.client));
	assert_int_equal(MM_GREYLIST_PASS, attempt(&w, store, 3170, false));
	end(&w);
	mm_store_free(store);
}

static void
test_greylist_header(void **state)
{
	struct world w;

	(void)state;
	begin(&w, BLOCKLIST "\nmyhostname = mx.example.com\n", true);
	assert_string_equal("X-Greylist: delayed 303 seconds by mailmum at "
			    "mx.example.com; Tue, 14 Nov 2023 22:13:20 +0000",
	    mm_judge_greylist_header(
		mm_policy_settings(w.policy), 303, 1700000000, w.arena));
	assert_string_equal("X-Greylist: delayed 1 seconds by mailmum at "
			    "mx.example.com; Sun, 29 Feb 2032 00:00:00 +0000",
	    mm_judge_greylist_header(
		mm_policy_settings(w.policy), 1, 1961625600, w.arena));
	end(&w);
}

static void
test_long_recipient_fits_a_reply(void **state)
{
	char address[2 * MM_REPLY_MAX];
	struct mm_reply reply;
	struct world w;

	(void)state;
	begin(&w, BLOCKLIST "\n", true);
	memset(address, 'x', sizeof(address) - 1);
	address[sizeof(address) - 1] = '\0';
	w.session.recipient = address;
	reply = mm_judge_greylist_reply(&w.session, 170, w.arena);
	assert_int_equal(
	    MM_REPLY_MAX, strlen("451 4.7.1 ") + strlen(reply.text));
	end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_asked_early_is_there_at_rcpt),
	    cmocka_unit_test(test_a_refusal_knows_the_lists_behind_it),
	    cmocka_unit_test(test_a_refusal_does_not_wait_for_the_others),
	    cmocka_unit_test(test_waits_for_what_decides),
	    cmocka_unit_test(test_what_is_late_is_missed_once),
	    cmocka_unit_test(test_may_not_wait_at_all),
	    cmocka_unit_test(test_errands_run_once_and_in_order),
	    cmocka_unit_test(test_errands_wait_for_what_is_before),
	    cmocka_unit_test(test_errands_behind_a_verdict_are_not_run),
	    cmocka_unit_test(test_errands_end_with_the_wait),
	    cmocka_unit_test(test_errands_that_nobody_runs),
	    cmocka_unit_test(test_errands_belong_to_a_stage),
	    cmocka_unit_test(test_service_is_told_all),
	    cmocka_unit_test(test_service_without_time_or_leave),
	    cmocka_unit_test(test_service_is_asked_behind_a_dead_list),
	    cmocka_unit_test(test_greylist_question_and_reply),
	    cmocka_unit_test(test_greylist_of_a_named_client),
	    cmocka_unit_test(test_greylist_goes_on_when_a_name_comes),
	    cmocka_unit_test(test_greylist_goes_on_when_spf_comes_and_goes),
	    cmocka_unit_test(test_greylist_header),
	    cmocka_unit_test(test_long_recipient_fits_a_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

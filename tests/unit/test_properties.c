/*
 * Properties of the walk, over generated policies, sessions and worlds:
 *
 * - all answers at once, or arriving one by one in any order and at any
 *   stage: the same verdict, effects and trail;
 * - no step is looked at, so no question asked, beyond the point where the
 *   walk, taking each pending step for DUNNO, has ended;
 * - a step that acts does so once, and with nothing pending before it.
 *
 * The reference is not the walk itself: each step is also compiled as a
 * policy of its own, and the test composes their outcomes by the rules.
 */
#include "lib/arena.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/policy.h"
#include "lib/str.h"
#include "tests/test.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MAX 40
#define POLICIES 400
#define SESSIONS 3
#define NOW 1800000000

static uint64_t rng_state;

static unsigned
rnd(unsigned n)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return (unsigned)(rng_state >> 33) % n;
}

/* One generated step, and what it is by itself. */
struct step {
	enum mm_chain chain;
	char text[256];
	bool acts;
	struct mm_policy *alone;  /* the step */
	struct mm_policy *before; /* the step, then reject */
};

struct generated {
	struct step step[STEPS_MAX];
	size_t n;
	struct mm_policy *whole;
	uint64_t world; /* seed of the answers */
};

static const char *const words[] = {
    "permit",
    "reject",
    "defer",
    "defer_if_permit",
    "defer_if_reject",
    "greylist",
    "permit_mynetworks",
    "permit_sasl_authenticated",
    "reject_unknown_client_hostname",
    "reject_generic_client_hostname",
    "reject_invalid_helo_hostname",
    "reject_non_fqdn_helo_hostname",
    "reject_unknown_helo_hostname",
    "reject_unknown_helo_hostname",
    "reject_non_fqdn_sender",
    "reject_unknown_sender_domain",
    "reject_unknown_sender_domain",
    "reject_rbl_client %s",
    "reject_rbl_client %s",
    "reject_rbl_client %s=127.0.0.[2..3]",
    "reject_rhsbl_sender %s",
    "reject_rhsbl_helo %s",
    "reject_rhsbl_recipient %s",
    "reject_rhsbl_client %s",
    "permit_dnswl_client %s",
    "permit_dnswl_client %s=127.0.0.3",
    "permit_rhswl_client %s",
    "check_client_access inline:{ 192.0.2.1=OK, 192.0.2.2=DEFER }",
    "check_helo_access inline:{ bad=REJECT, example.org=DEFER_IF_PERMIT }",
    "check_sender_access inline:{ example.net=DEFER_IF_REJECT, { a@ = WARN x } "
    "}",
    "check_recipient_access inline:{ { example.com = INFO y } }",
    "check_sender_mx_access inline:{ { h1.example = REJECT }, 127.0.0.3=OK, "
    "{ 127.0.0 = DUNNO } }",
    "check_helo_ns_access inline:{ { h2.example = DEFER }, "
    "127.0.0.2=REJECT, example.org=DEFER_IF_PERMIT }",
    "check_client_a_access inline:{ 127.0.0.3=DEFER_IF_REJECT }",
    "check_recipient_mx_access static:DEFER",
    "check_sasl_access static:REJECT",
    "reject_unknown_recipient_domain",
    "reject_multi_recipient_bounce",
    "reject_plaintext_session",
    "permit_tls_all_clientcerts",
    "reject_unauth_destination",
    "sleep %u",
    "sleep %u",
};

static const char *const zones[] = {
    "l0.example", "l1.example", "l2.example", "l3.example"};

/* A sleep's seconds say which one it is. */
static void
generate_step(struct step *step, enum mm_chain chain, unsigned number)
{
	static const char *const prefixes[] = {
	    "", "", "", "", "", "", "warn_if_reject ", "greylist_if_reject "};
	const char *prefix = prefixes[rnd(MM_COUNT(prefixes))];
	const char *word = words[rnd(MM_COUNT(words))];
	const char *hole = strstr(word, "%s");
	int at = hole != NULL ? (int)(hole - word) : (int)strlen(word);

	step->chain = chain;
	step->acts = strncmp(word, "sleep", 5) == 0;
	if (step->acts) {
		snprintf(step->text, sizeof(step->text), "%ssleep %u", prefix,
		    number);
		return;
	}
	snprintf(step->text, sizeof(step->text), "%s%.*s%s%s", prefix, at, word,
	    hole != NULL ? zones[rnd(MM_COUNT(zones))] : "",
	    hole != NULL ? hole + 2 : "");
}

static struct mm_policy *
compile(const char *text)
{
	struct mm_complaints all = {0};
	struct mm_policy *policy;
	struct mm_err err;

	policy = mm_policy_parse(text, "test", &all, &err);
	if (policy == NULL)
		print_error("%s\n%s\n%s\n", text, err.text,
		    all.n > 0 ? all.list[0].text : "");
	mm_complaints_clear(&all);
	assert_non_null(policy);
	return policy;
}

static struct mm_policy *
compile_one(const struct step *step, const char *then)
{
	char text[512];

	snprintf(text, sizeof(text), "%s = %s%s\n", mm_chain_name(step->chain),
	    step->text, then);
	return compile(text);
}

static void
generate(struct generated *g)
{
	char text[STEPS_MAX * 300];
	struct mm_buf buf;

	mm_buf_init(&buf, text, sizeof(text));
	g->n = 0;
	for (int c = 0; c < MM_NCHAIN; c++) {
		unsigned count = rnd(3) == 0 ? 0 : rnd(7);

		if (count == 0)
			continue;
		mm_buf_addf(&buf, "%s =", mm_chain_name((enum mm_chain)c));
		for (unsigned i = 0; i < count; i++) {
			struct step *step = &g->step[g->n];

			generate_step(step, (enum mm_chain)c, (unsigned)g->n++);
			step->alone = compile_one(step, "");
			step->before = compile_one(step, ", reject");
			mm_buf_addf(&buf, " %s,", step->text);
		}
		mm_buf_addc(&buf, '\n');
	}
	g->whole = compile(text);
	g->world = ((uint64_t)rnd(1u << 30) << 20) + 1;
}

static void
generated_clear(struct generated *g)
{
	for (size_t i = 0; i < g->n; i++) {
		mm_policy_unref(g->step[i].alone);
		mm_policy_unref(g->step[i].before);
	}
	mm_policy_unref(g->whole);
}

/* Every name has an answer, a function of the world alone. */
static const struct mm_dns_answer *
world(uint64_t seed, const char *name, enum mm_dns_type type)
{
	static const uint8_t codes[][4] = {{127, 0, 0, 2}, {127, 0, 0, 2},
	    {127, 0, 0, 3}, {127, 0, 0, 1}, {127, 255, 255, 254},
	    {198, 51, 100, 7}};
	static const char *const hosts[5] = {"h1.example", "h2.example",
	    "h3.example.org", "127.0.0.2", "h4.example"};
	static const char *const spf[5] = {"v=spf1 ip4:192.0.2.0/24 -all",
	    "v=spf1 a include:nowhere.example ?all",
	    "v=spf1 mx a:h1.example include:example.org -all",
	    "v=spf1 -a redirect=example.net", "v=spf1 include:h2.example"};
	struct mm_dns_rr rr[4] = {{0}};
	uint64_t h = seed ^ (uint64_t)type * 0x9e3779b97f4a7c15u;

	for (; *name != '\0'; name++)
		h = (h ^ (uint8_t)*name) * 0x100000001b3u;
	h ^= h >> 29;
	if (h % 10 < (type == MM_DNS_MX || type == MM_DNS_NS ? 2 : 4))
		return mm_dns_answer_new(MM_DNS_NOTFOUND, 60, NULL, 0);
	if (h % 10 < 6)
		return mm_dns_answer_retry(MM_DNS_SERVFAIL);
	for (size_t i = 0; i < MM_COUNT(rr); i++) {
		rr[i].text = (type == MM_DNS_SPF
				  ? spf
				  : hosts)[((h >> 16) + i) % MM_COUNT(hosts)];
		memcpy(
		    rr[i].address, codes[((h >> 8) + i) % MM_COUNT(codes)], 4);
	}
	return mm_dns_answer_new(MM_DNS_OK, 60, rr,
	    type == MM_DNS_SPF ? 1 : 1 + (h >> 24) % MM_COUNT(rr));
}

/* One judged session: facts come in stages, answers as they are delivered. */
struct run {
	const struct generated *g;
	struct mm_session session;
	struct mm_arena *mail, *walk;
	struct mm_answers *answers;
	struct mm_errands *errands;
	bool ran[STEPS_MAX];
	unsigned nran;
	struct mm_result result;
	struct pool {
		char name[MM_DNS_NAME_MAX];
		struct mm_dns_question question;
	} pool[512];
	size_t npool;
};

static void
run_init(struct run *run, const struct generated *g)
{
	memset(run, 0, sizeof(*run));
	run->g = g;
	mm_session_init(&run->session);
	run->mail = mm_arena_new(1 << 20);
	run->walk = mm_arena_new(1 << 20);
	run->answers = mm_answers_new();
	run->errands = mm_errands_new();
	assert_true(run->mail != NULL && run->walk != NULL &&
		    run->answers != NULL && run->errands != NULL);
}

static void
run_clear(struct run *run)
{
	mm_session_clear(&run->session);
	mm_answers_free(run->answers);
	mm_errands_free(run->errands);
	mm_arena_free(run->mail);
	mm_arena_free(run->walk);
}

static void
want(struct run *run, const struct mm_dns_question *q)
{
	struct pool *p;

	if (mm_answers_get(run->answers, q->name, q->type) != NULL)
		return;
	for (size_t i = 0; i < run->npool; i++) {
		p = &run->pool[i];
		if (p->question.type == q->type &&
		    strcmp(p->name, q->name) == 0 &&
		    p->question.next == q->next && p->question.arg == q->arg)
			return;
	}
	assert_true(run->npool < MM_COUNT(run->pool));
	p = &run->pool[run->npool++];
	snprintf(p->name, sizeof(p->name), "%s", q->name);
	p->question = *q;
}

/* The i-th question is answered, and its chain goes on. */
static void
deliver(struct run *run, size_t i)
{
	struct pool p = run->pool[i];
	const struct mm_dns_answer *answer;
	struct mm_dns_question then;

	run->pool[i] = run->pool[--run->npool];
	p.question.name = p.name;
	answer = world(run->g->world, p.name, p.question.type);
	mm_answers_add(run->answers, p.name, p.question.type, answer);
	if (p.question.next != NULL &&
	    p.question.next(&p.question, answer, &then))
		want(run, &then);
	mm_dns_answer_unref(answer);
}

/* The noted errand is run: not a second time, and nothing before the step
 * that noted it is open. */
static void
act(struct run *run)
{
	const struct mm_errand *errand = run->result.errand;
	unsigned number = (unsigned)(errand->ms / 1000);
	const struct step *step = &run->g->step[number];
	const struct mm_trace *t = run->result.trail;

	assert_int_equal(MM_ERRAND_SLEEP, errand->kind);
	assert_true(number < run->g->n);
	assert_false(run->ran[number]);
	run->ran[number] = true;
	run->nran++;
	for (; t->outcome != MM_PENDING; t = t->next)
		assert_non_null(t->next);
	assert_string_equal(step->text, t->step);
	assert_int_equal(step->chain, t->chain);
	assert_true(
	    mm_errands_take(run->errands, errand, MM_ERRAND_FOUND, NULL));
}

/* What a step by itself comes to with these facts and answers. */
struct alone {
	enum mm_outcome outcome;
	bool auth; /* pending for want of AUTH or TLS */
	bool permit_flag, reject_flag;
	int code;
	unsigned effects;
	bool mark;
};

static struct alone
evaluate_alone(const struct run *run, const struct step *step)
{
	struct mm_arena *arena = mm_arena_new(1 << 18);
	struct mm_result r;
	struct alone a = {0};

	assert_non_null(arena);
	mm_policy_evaluate(
	    step->alone, &run->session, run->answers, NOW, arena, &r);
	a.outcome = r.trail->outcome;
	a.auth =
	    (r.lacks & (MM_NEEDS(MM_FACT_AUTH) | MM_NEEDS(MM_FACT_TLS))) != 0;
	a.code = r.reply.code;
	a.permit_flag =
	    r.done && a.outcome == MM_DUNNO && r.verdict == MM_DEFERRED;
	for (const struct mm_effect *e = r.effects; e != NULL; e = e->next)
		a.effects++;
	a.mark = r.mark != NULL;
	mm_arena_clear(arena);
	mm_policy_evaluate(
	    step->before, &run->session, run->answers, NOW, arena, &r);
	/* a plain reject is 554; a flag turns it into a 450 of its own */
	a.reject_flag = r.done && a.outcome == MM_DUNNO &&
			r.trail->next != NULL && r.reply.code == 450 &&
			!a.permit_flag;
	mm_arena_free(arena);
	return a;
}

/* The reference: which steps are looked at, and what comes of it. */
struct reference {
	size_t visited[STEPS_MAX], n;
	bool pending;
	int code; /* 0: accept */
	unsigned effects;
	bool mark, may_mark; /* once the recipient is known */
	unsigned nacts;
};

/* A step that acts is open until it, and so all before it, has acted. */
static struct alone
act_alone(const struct run *run, struct reference *ref)
{
	struct alone a = {0};

	if (ref->pending || ref->nacts++ >= run->nran)
		a.outcome = MM_PENDING;
	return a;
}

static void
compose(const struct run *run, struct reference *ref)
{
	const struct generated *g = run->g;
	bool permit_flag = false, reject_flag = false, over = false;
	int chain = -1;

	memset(ref, 0, sizeof(*ref));
	for (size_t i = 0; i < g->n; i++) {
		const char *text = g->step[i].text;
		struct alone a;

		if ((int)g->step[i].chain != chain) {
			over = false;
			/* relay and recipient lists share their flags */
			if (chain != MM_CHAIN_RELAY)
				reject_flag = false;
			chain = (int)g->step[i].chain;
		}
		if (over || (chain == MM_CHAIN_HELO &&
				run->session.known[MM_FACT_HELO] == MM_ABSENT))
			continue;
		a = g->step[i].acts ? act_alone(run, ref)
				    : evaluate_alone(run, &g->step[i]);
		ref->visited[ref->n++] = i;
		ref->effects += a.effects;
		ref->mark |= a.mark;
		ref->may_mark |=
		    a.outcome == MM_PENDING &&
		    (strcmp(text, "greylist") == 0 ||
			strcmp(text, "greylist_if_reject greylist") == 0);
		permit_flag |= a.permit_flag;
		reject_flag |= a.reject_flag;
		ref->pending |= a.outcome == MM_PENDING;
		if (a.outcome == MM_REJECT) {
			ref->code = a.code >= 500 && reject_flag ? 450 : a.code;
			return;
		}
		if (a.outcome == MM_PENDING && a.auth)
			return;
		over = a.outcome == MM_OK || (permit_flag && reject_flag);
	}
	ref->code = permit_flag ? 450 : 0;
}

static void
check_against_reference(const struct run *run)
{
	const struct mm_result *r = &run->result;
	const struct mm_trace *t = r->trail;
	struct reference ref;
	unsigned effects = 0;
	bool spf_open = false;

	compose(run, &ref);
	for (size_t i = 0; i < ref.n; i++) {
		const struct step *step = &run->g->step[ref.visited[i]];

		assert_non_null(t);
		assert_string_equal(step->text, t->step);
		assert_int_equal(step->chain, t->chain);
		t = t->next;
	}
	if (t != NULL && strcmp(t->step, "greylist_identity spf") == 0) {
		assert_true((ref.mark || ref.may_mark) && ref.code == 0);
		spf_open = t->outcome == MM_PENDING;
		t = t->next;
	}
	assert_null(t); /* nothing beyond */
	assert_int_equal(!ref.pending && !spf_open, r->done);
	if (!r->done)
		return;
	assert_int_equal(ref.code, r->reply.code);
	for (const struct mm_effect *e = r->effects; e != NULL; e = e->next)
		effects++;
	assert_int_equal(ref.effects, effects);
	assert_int_equal(ref.mark && ref.code == 0, r->mark != NULL);
}

/* All that a result says, as text to compare. */
static void
serialize(const struct mm_result *r, char *text, size_t size)
{
	FILE *f = fmemopen(text, size, "w");

	assert_non_null(f);
	fprintf(f, "%d %d %s %s|%s|%s", r->verdict, r->reply.code, r->reply.dsn,
	    r->reply.text != NULL ? r->reply.text : "", r->why.reason,
	    r->mark != NULL ? r->mark->reason : "");
	for (const struct mm_effect *e = r->effects; e != NULL; e = e->next)
		fprintf(f, "\n! %d %s %s", e->kind, e->why.reason, e->text);
	for (const struct mm_trace *t = r->trail; t != NULL; t = t->next) {
		fprintf(f, "\n> %d %s %d %s", t->chain, t->step, t->outcome,
		    t->note != NULL ? t->note : "");
		for (const struct mm_asked *a = t->asked; a != NULL;
		     a = a->next)
			fprintf(f, " %s/%d", a->name, a->type);
	}
	fclose(f);
}

/* Without a trail the walk is the same one. */
static void
check_plain(const struct run *run)
{
	static char whole[65536], plain[65536];
	struct mm_arena *arena = mm_arena_new(1 << 20);
	const struct mm_given given = {.session = &run->session,
	    .answers = run->answers,
	    .errands = run->errands,
	    .now = NOW,
	    .plain = true};
	struct mm_result r = run->result, p;

	assert_non_null(arena);
	mm_policy_walk(run->g->whole, &given, arena, &p);
	assert_null(p.trail);
	r.trail = NULL;
	serialize(&r, whole, sizeof(whole));
	serialize(&p, plain, sizeof(plain));
	assert_string_equal(whole, plain);
	assert_int_equal(r.done, p.done);
	assert_int_equal(r.lacks, p.lacks);
	assert_int_equal(r.nquestions, p.nquestions);
	assert_int_equal(r.errand != NULL, p.errand != NULL);
	for (size_t i = 0; i < r.nquestions; i++) {
		assert_string_equal(r.questions[i].name, p.questions[i].name);
		assert_int_equal(r.questions[i].type, p.questions[i].type);
	}
	mm_arena_free(arena);
}

static void
evaluate(struct run *run)
{
	const struct mm_given given = {.session = &run->session,
	    .answers = run->answers,
	    .errands = run->errands,
	    .now = NOW};

	mm_arena_clear(run->walk);
	mm_policy_walk(run->g->whole, &given, run->walk, &run->result);
	check_against_reference(run);
	check_plain(run);
	for (size_t i = 0; i < run->result.nquestions; i++)
		want(run, &run->result.questions[i]);
}

/* A session's facts, by number, so that two runs see the same. */
struct facts {
	unsigned client, name, helo, auth, sender, recipient;
};

static void
stage(struct run *run, const struct facts *f, enum mm_stage which)
{
	static const char *const helos[] = {
	    NULL, "mail.example.org", "bad", "[192.0.2.1]", "x..y"};
	static const char *const senders[] = {"<>", "<a@example.net>",
	    "<b@example.org>", "<c@nowhere.example>", "<bare>"};
	static const char *const rcpts[] = {"<r@example.com>", "<s@host>"};
	struct sockaddr_in sin = {.sin_family = AF_INET};
	struct mm_session_client told = {
	    .address = (struct sockaddr *)&sin,
	    .client_name = f->name == 0 ? "unknown" : "c.example.org",
	    .client_ptr = f->name == 1 ? "c.example.org" : "unknown",
	    .client_resolve = f->name == 0 ? "FAIL" : "OK",
	};

	sin.sin_addr.s_addr = htonl(0xc0000200u + f->client);
	switch (which) {
	case MM_STAGE_CONNECT:
		assert_true(mm_session_connect(&run->session, &told));
		break;
	case MM_STAGE_HELO:
		if (helos[f->helo] != NULL)
			assert_true(
			    mm_session_helo(&run->session, helos[f->helo]));
		break;
	case MM_STAGE_MAIL:
		if (f->auth)
			mm_session_auth(&run->session, "PLAIN", "user", NULL);
		assert_true(mm_session_mail(
		    &run->session, run->mail, senders[f->sender], NULL));
		break;
	case MM_STAGE_RCPT:
		assert_true(mm_session_rcpt(
		    &run->session, run->mail, rcpts[f->recipient], NULL, NULL));
		break;
	}
}

/* Answers come when they like: some now, some later, in any order. */
static void
stepwise(struct run *run, const struct facts *f)
{
	int rounds = 0;

	for (int s = MM_STAGE_CONNECT; s <= MM_STAGE_RCPT; s++) {
		stage(run, f, (enum mm_stage)s);
		evaluate(run);
		for (unsigned n = rnd(4); n > 0 && run->npool > 0; n--)
			deliver(run, rnd((unsigned)run->npool));
	}
	for (evaluate(run); !run->result.done; evaluate(run)) {
		bool open = run->npool > 0;

		assert_true(open || run->result.errand != NULL);
		assert_true(++rounds < 500);
		if (run->result.errand != NULL && (!open || rnd(2) == 0))
			act(run);
		for (unsigned n = 1 + rnd(3); n > 0 && run->npool > 0; n--)
			deliver(run, rnd((unsigned)run->npool));
	}
}

/* All facts, then all answers that could be wanted, then one walk. */
static void
at_once(struct run *run, const struct facts *f)
{
	for (int s = MM_STAGE_CONNECT; s <= MM_STAGE_RCPT; s++)
		stage(run, f, (enum mm_stage)s);
	for (evaluate(run); !run->result.done || run->npool > 0;
	     evaluate(run)) {
		if (run->result.errand != NULL)
			act(run);
		while (run->npool > 0)
			deliver(run, 0);
	}
}

static void
check_session(const struct generated *g)
{
	struct facts facts = {
	    1 + rnd(3), rnd(2), rnd(5), rnd(6) == 0, rnd(5), rnd(2)};
	static struct run one, other;
	static char a[65536], b[65536];

	memset(a, 0, sizeof(a));
	memset(b, 0, sizeof(b));
	run_init(&one, g);
	run_init(&other, g);
	stepwise(&one, &facts);
	at_once(&other, &facts);
	serialize(&one.result, a, sizeof(a));
	serialize(&other.result, b, sizeof(b));
	assert_string_equal(a, b);
	run_clear(&one);
	run_clear(&other);
}

static void
test_any_order_is_the_same(void **state)
{
	static struct generated g;

	(void)state;
	for (unsigned seed = 1; seed <= POLICIES; seed++) {
		rng_state =
		    88172645463325252u ^ ((uint64_t)seed * 0x9e3779b97f4a7c15u);
		generate(&g);
		for (int i = 0; i < SESSIONS; i++)
			check_session(&g);
		generated_clear(&g);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_any_order_is_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

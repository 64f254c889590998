/*
 * replay - scripted SMTP dialogues against a policy, without a network.
 *
 * usage: replay FILE...
 *
 * A file holds scenarios, a directive a line:
 *
 *   scenario  a title
 *   config    name = value             (continued by indented lines; $here is
 *             the directory of the scenarios)
 *   file      path from there          (a configuration, as it is)
 *   zone      name TYPE data           (see world.h)
 *   connect   address [name] [ptr=name] [resolve=OK|FORGED|TEMP|FAIL] [unsure]
 *             [server=name] [daemon=name]
 *   helo      name
 *   tls       version [subject of a trusted certificate]
 *   auth      user
 *   mail      <sender>
 *   asked     N                        (questions so far in this session)
 *   rcpt      <recipient>
 *   expect    accept | greylist | CODE DSN [by=word] [list=label]
 *             [answer=code] [delay=seconds] [identity=client of the greylist]
 *             [text=the rest of the line]
 *   after     seconds                  (later)
 *   store     first | soon | pass ...  (what the greylist says to the last
 *             rcpt; its memory is the scenario's)
 *   warns     N                        (softened steps of the last rcpt)
 *   missed    label,label              (lists that could not be asked)
 *   errands   N                        (run so far in this session)
 *   service   endpoint action          (of a policy service; "fail": none)
 *   effect    PREPEND X-Note: text     (the next effect of the last rcpt)
 *   effect    none                     (there is no further one)
 *
 * With smtpd_delay_reject = no each of connect, helo, mail and rcpt is judged
 * and may be followed by what is to be expected of it.
 *
 * Each recipient is judged twice: step by step, as the daemon does, and at
 * once with all answers there; the two must agree.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/map.h"
#include "lib/policy.h"
#include "lib/policyd.h"
#include "lib/store.h"
#include "lib/str.h"
#include "tests/replay/replay_greylist.h"
#include "tests/world.h"

#define NOW 1800000000
#define INPUT_MAX 4096
#define ROUNDS_MAX 100

struct replay {
	const char *file;
	unsigned line;
	char title[128];
	char config[65536];
	struct world *world;
	struct service {
		char endpoint[64], action[256];
	} service[8];
	size_t nservices;
	struct mm_policy *policy;
	struct mm_store *store;
	int64_t now;
	bool broken; /* its configuration, told once */
	struct mm_session session;
	struct mm_arena *mail, *walk;
	struct mm_answers *answers;
	struct mm_errands *errands;
	struct mm_result result;
	const struct mm_effect *effect; /* the next one to be expected */
	/* smtpd_delay_reject = no: what stands after each stage */
	struct mm_carry after[MM_STAGE_RCPT];
	unsigned asked, run;
	unsigned scenarios, checks, failures;
};

static void
fail(struct replay *r, const char *what, const char *got)
{
	printf("%s:%u: %s: %s%s%s\n", r->file, r->line, r->title, what,
	    got != NULL ? ": " : "", got != NULL ? got : "");
	r->failures++;
}

/* Answers one question and what its chain asks next, as a resolver would. */
static void
answer(struct replay *r, struct mm_dns_question question)
{
	char name[MM_DNS_NAME_MAX];

	for (int i = 0; i < 16; i++) {
		const struct mm_dns_answer *a =
		    world_answer(r->world, question.name, question.type);
		struct mm_dns_question then;
		bool more =
		    question.next != NULL && question.next(&question, a, &then);

		if (mm_answers_add(r->answers, question.name, question.type, a))
			r->asked++;
		if (more) /* it may be part of the answer, or of name */
			memmove(name, then.name, strlen(then.name) + 1);
		mm_dns_answer_unref(a);
		if (!more)
			return;
		question = then;
		question.name = name;
	}
}

/* What the scenario has the service say; nothing: it fails. */
static enum mm_errand_status
ask_service(
    const struct replay *r, const struct mm_policyd *service, char **text)
{
	for (size_t i = 0; i < r->nservices; i++) {
		if (strcmp(r->service[i].endpoint, service->endpoint) != 0 ||
		    strcmp(r->service[i].action, "fail") == 0)
			continue;
		*text = strdup(r->service[i].action);
		return MM_ERRAND_FOUND;
	}
	*text = strdup("down");
	return MM_ERRAND_FAILED;
}

/* A sleep is just over. */
static void
run_errand(struct replay *r, const struct mm_errand *errand)
{
	const struct mm_map_wait no_time = {&mm_clock_system, 0};
	enum mm_errand_status status = MM_ERRAND_FOUND;
	char *text = NULL;

	if (errand->kind == MM_ERRAND_POLICY)
		status = ask_service(r, errand->what, &text);
	if (errand->kind == MM_ERRAND_LOOKUP)
		status = mm_map_errand(errand, &no_time, &text);
	if (mm_errands_take(r->errands, errand, status, text))
		r->run++;
}

/* Are stages judged as they come? */
static bool
staged(const struct replay *r)
{
	return r->policy != NULL &&
	       !mm_policy_settings(r->policy)->smtpd_delay_reject;
}

/* One walk; what it asks is answered when answers is set. */
static void
evaluate(struct replay *r, bool answers)
{
	const struct mm_given given = {.session = &r->session,
	    .answers = r->answers,
	    .errands = r->errands,
	    .now = r->now,
	    .carry = staged(r) ? mm_carry_before(r->after, &r->session) : NULL};

	if (r->policy == NULL)
		return;
	mm_arena_clear(r->walk);
	mm_policy_walk(r->policy, &given, r->walk, &r->result);
	for (size_t i = 0; answers && i < r->result.nquestions; i++)
		answer(r, r->result.questions[i]);
}

static const char *
or_nothing(const char *text)
{
	return text != NULL ? text : "";
}

static void
summary(const struct mm_result *result, char *text, size_t size)
{
	snprintf(text, size,
	    "%d %s %s by=%s list=%s answer=%s mark=%s delay=%lld spf=%s",
	    result->reply.code, result->reply.dsn,
	    or_nothing(result->reply.text), or_nothing(result->why.reason),
	    or_nothing(result->why.list), or_nothing(result->why.answer),
	    result->mark != NULL ? result->mark->reason : "",
	    (long long)result->mark_delay, or_nothing(result->spf_domain));
}

/* The recipient's verdict, both ways. */
static void
judge(struct replay *r)
{
	char step[2048], whole[2048];
	int rounds = 0;

	for (;;) {
		evaluate(r, true);
		if (r->result.done || ++rounds == ROUNDS_MAX)
			break;
		if (r->result.errand != NULL)
			run_errand(r, r->result.errand);
	}
	if (!r->result.done) {
		fail(r, "no verdict", NULL);
		return;
	}
	summary(&r->result, step, sizeof(step));
	evaluate(r, false);
	summary(&r->result, whole, sizeof(whole));
	if (strcmp(step, whole) != 0)
		fail(r, "another verdict with all answers there", whole);
	r->effect = r->result.effects;
	r->checks++;
	if (r->session.stage != MM_STAGE_RCPT)
		mm_carry_copy(
		    &r->after[r->session.stage], &r->result.carry, r->mail);
	else if (r->result.verdict == MM_ACCEPT && r->result.mark == NULL)
		mm_session_accept(&r->session);
}

/* A stage before that: where it is judged at RCPT only, its questions are on
 * their way. */
static void
stage(struct replay *r)
{
	if (staged(r))
		judge(r);
	else
		evaluate(r, true);
}

static void
reset(struct replay *r)
{
	mm_session_clear(&r->session);
	mm_answers_clear(r->answers);
	mm_errands_clear(r->errands);
	mm_arena_clear(r->mail);
	memset(&r->result, 0, sizeof(r->result));
	memset(r->after, 0, sizeof(r->after));
	r->asked = r->run = 0;
	r->effect = NULL;
}

static bool
compile(struct replay *r)
{
	struct mm_complaints all = {0};
	struct mm_err err;

	if (r->policy != NULL || r->broken)
		return r->policy != NULL;
	r->policy = mm_policy_parse(r->config, "config", &all, &err);
	if (r->policy == NULL) {
		r->broken = true;
		fail(r, "config", err.text);
		for (size_t i = 0; i < all.n; i++)
			printf(
			    "  %u: %s\n", all.list[i].line, all.list[i].text);
	}
	mm_complaints_clear(&all);
	return r->policy != NULL;
}

static void
do_scenario(struct replay *r, char *rest)
{
	snprintf(r->title, sizeof(r->title), "%s", rest);
	r->config[0] = '\0';
	mm_policy_unref(r->policy);
	r->policy = NULL;
	r->broken = false;
	world_free(r->world);
	if ((r->world = world_new()) == NULL)
		abort();
	mm_store_free(r->store);
	if ((r->store = mm_store_memory_new()) == NULL)
		abort();
	r->now = NOW;
	reset(r);
	r->nservices = 0;
	r->scenarios++;
}

static void
do_config(struct replay *r, char *rest)
{
	const char *slash = strrchr(r->file, '/');
	size_t len = strlen(r->config);

	/* defined where it is used: a parameter that nothing uses is unknown */
	if (strstr(rest, "$here") != NULL && strstr(r->config, "$here") == NULL)
		len += (size_t)snprintf(r->config + len,
		    sizeof(r->config) - len, "here = %.*s\n",
		    slash != NULL ? (int)(slash - r->file) : 1,
		    slash != NULL ? r->file : ".");

	snprintf(r->config + len, sizeof(r->config) - len, "%s\n", rest);
}

static void
do_file(struct replay *r, char *rest)
{
	const char *slash = strrchr(r->file, '/');
	size_t len = strlen(r->config);
	char path[1024];
	FILE *f;

	snprintf(path, sizeof(path), "%.*s/%s",
	    slash != NULL ? (int)(slash - r->file) : 1,
	    slash != NULL ? r->file : ".", rest);
	if ((f = fopen(path, "r")) == NULL) {
		fail(r, path, strerror(errno));
		return;
	}
	len += fread(r->config + len, 1, sizeof(r->config) - len - 1, f);
	r->config[len] = '\0';
	fclose(f);
}

static void
do_zone(struct replay *r, char *rest)
{
	char *data = rest + strcspn(rest, " \t");

	if (*data != '\0')
		*data++ = '\0';
	data += strspn(data, " \t");
	if (!world_add(r->world, rest, data))
		fail(r, "zone not understood", data);
}

static void
do_service(struct replay *r, char *rest)
{
	struct service *service = &r->service[r->nservices];
	char *action = rest + strcspn(rest, " \t");

	if (r->nservices == sizeof(r->service) / sizeof(r->service[0])) {
		fail(r, "too many services", NULL);
		return;
	}
	if (*action != '\0')
		*action++ = '\0';
	action += strspn(action, " \t");
	snprintf(service->endpoint, sizeof(service->endpoint), "%s", rest);
	snprintf(service->action, sizeof(service->action), "%s", action);
	r->nservices++;
}

static bool
to_sockaddr(const char *text, struct sockaddr_storage *ss)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	memset(ss, 0, sizeof(*ss));
	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		memcpy(ss, &in, sizeof(in));
	else if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
		memcpy(ss, &in6, sizeof(in6));
	return ss->ss_family != 0;
}

static void
do_connect(struct replay *r, char *rest)
{
	struct mm_session_client told = {.client_name = "unknown",
	    .client_ptr = "unknown",
	    .client_resolve = "FAIL"};
	struct sockaddr_storage ss;
	char *save = NULL, *word = strtok_r(rest, " \t", &save);

	if (!compile(r))
		return;
	reset(r);
	if (word != NULL && to_sockaddr(word, &ss))
		told.address = (struct sockaddr *)&ss;
	while ((word = strtok_r(NULL, " \t", &save)) != NULL) {
		if (strncmp(word, "ptr=", 4) == 0) {
			told.client_ptr = word + 4;
		} else if (strncmp(word, "resolve=", 8) == 0) {
			told.client_resolve = word + 8;
		} else if (strcmp(word, "unsure") == 0) {
			told.unsure = true;
		} else if (strncmp(word, "server=", 7) == 0) {
			told.server_name = word + 7;
		} else if (strncmp(word, "daemon=", 7) == 0) {
			told.daemon_name = word + 7;
		} else {
			told.client_name = told.client_ptr = word;
			told.client_resolve = "OK";
		}
	}
	mm_session_connect(&r->session, &told);
	stage(r);
}

static void
do_helo(struct replay *r, char *rest)
{
	mm_session_helo(&r->session, rest);
	stage(r);
}

static void
do_tls(struct replay *r, char *rest)
{
	struct mm_session_tls told = {.version = rest};
	char *subject = strchr(rest, ' ');

	if (subject != NULL) {
		*subject++ = '\0';
		told.subject = told.issuer = subject;
	}
	mm_session_tls(&r->session, &told);
}

static void
do_auth(struct replay *r, char *rest)
{
	mm_session_auth(&r->session, "PLAIN", rest, NULL);
}

static void
do_mail(struct replay *r, char *rest)
{
	mm_session_mail(&r->session, r->mail, rest, NULL);
	stage(r);
}

static void
do_rcpt(struct replay *r, char *rest)
{
	if (r->policy == NULL)
		return;
	mm_session_rcpt(&r->session, r->mail, rest, NULL, NULL);
	judge(r);
}

static void
do_asked(struct replay *r, char *rest)
{
	unsigned long wanted;
	char got[32];

	if (mm_str_to_uint(rest, 0, 10000, &wanted) && wanted == r->asked)
		return;
	snprintf(got, sizeof(got), "%u", r->asked);
	fail(r, "questions asked", got);
}

static void
do_errands(struct replay *r, char *rest)
{
	unsigned long wanted;
	char got[32];

	if (mm_str_to_uint(rest, 0, 10000, &wanted) && wanted == r->run)
		return;
	snprintf(got, sizeof(got), "%u", r->run);
	fail(r, "errands run", got);
}

static void
do_warns(struct replay *r, char *rest)
{
	const struct mm_effect *e;
	unsigned long wanted, n = 0;

	for (e = r->result.effects; e != NULL; e = e->next)
		n += e->kind == MM_EFFECT_WARN;
	if (!mm_str_to_uint(rest, 0, 1000, &wanted) || n != wanted)
		fail(r, "another number of softened steps than", rest);
}

static void
do_effect(struct replay *r, char *rest)
{
	char got[1024] = "none";

	if (r->effect != NULL)
		snprintf(got, sizeof(got), "%s%s%s",
		    mm_effect_word(r->effect->kind),
		    *r->effect->text != '\0' ? " " : "", r->effect->text);
	if (strcmp(got, rest) != 0)
		fail(r, "another effect", got);
	if (r->effect != NULL)
		r->effect = r->effect->next;
}

static void
do_missed(struct replay *r, char *rest)
{
	if (strcmp(or_nothing(r->result.missed), rest) != 0)
		fail(
		    r, "other lists were missed", or_nothing(r->result.missed));
}

/* What happened, in the words of an expectation. */
static void
outcome(const struct mm_result *result, char *text, size_t size)
{
	if (!result->done)
		snprintf(text, size, "undecided");
	else if (result->verdict != MM_ACCEPT)
		snprintf(
		    text, size, "%d %s", result->reply.code, result->reply.dsn);
	else
		snprintf(text, size, "%s",
		    result->mark != NULL ? "greylist" : "accept");
}

/* How long the mark has mail wait, in seconds. */
static bool
delay_fits(const struct mm_result *result, const char *text)
{
	unsigned long seconds;

	return mm_str_to_uint(text, 0, 1000000, &seconds) &&
	       result->mark_delay == (int64_t)seconds * 1000;
}

static bool
field_fits(const struct replay *r, const char *word)
{
	const struct mm_result *result = &r->result;
	char identity[256];
	const struct mm_why *why =
	    result->mark != NULL ? result->mark : &result->why;

	if (strncmp(word, "by=", 3) == 0)
		return strncmp(why->reason, word + 3, strlen(word + 3)) == 0;
	if (strncmp(word, "list=", 5) == 0)
		return strcmp(or_nothing(why->list), word + 5) == 0;
	if (strncmp(word, "answer=", 7) == 0)
		return strcmp(or_nothing(why->answer), word + 7) == 0;
	if (strncmp(word, "delay=", 6) == 0)
		return delay_fits(result, word + 6);
	if (strncmp(word, "identity=", 9) == 0)
		return strcmp(replay_identity(r->policy, &r->session, result,
				  identity, sizeof(identity)),
			   word + 9) == 0;
	if (strncmp(word, "text=", 5) == 0)
		return strcmp(or_nothing(result->reply.text), word + 5) == 0;
	return false;
}

static void
do_expect(struct replay *r, char *rest)
{
	const struct mm_result *result = &r->result;
	char *text = strstr(rest, "text="), *save = NULL, *word;
	char got[64], all[2048];
	bool fits = true;

	summary(result, all, sizeof(all));
	if (text != NULL) {
		fits = field_fits(r, text);
		*text = '\0';
	}
	outcome(result, got, sizeof(got));
	if (strncmp(rest, got, strlen(got)) != 0 ||
	    strchr(" \t", rest[strlen(got)]) == NULL) {
		fail(r, "expected otherwise", all);
		return;
	}
	for (word = strtok_r(rest + strlen(got), " \t", &save); word != NULL;
	     word = strtok_r(NULL, " \t", &save))
		fits = fits && field_fits(r, word);
	if (!fits)
		fail(r, "for another reason", all);
}

static void
do_after(struct replay *r, char *rest)
{
	unsigned long seconds;

	if (mm_str_to_uint(rest, 0, 100000000, &seconds))
		r->now += (int64_t)seconds;
	else
		fail(r, "not a number of seconds", rest);
}

static void
do_store(struct replay *r, char *rest)
{
	const char *got;

	if (r->policy == NULL)
		return;
	got = replay_greylist(
	    r->store, r->policy, &r->session, &r->result, r->now);
	if (strcmp(got, rest) != 0)
		fail(r, "the greylist says otherwise", got);
}

static const struct directive {
	const char *word;
	void (*run)(struct replay *r, char *rest);
} directives[] = {
    {"scenario", do_scenario},
    {"config", do_config},
    {"file", do_file},
    {"zone", do_zone},
    {"service", do_service},
    {"connect", do_connect},
    {"helo", do_helo},
    {"tls", do_tls},
    {"auth", do_auth},
    {"mail", do_mail},
    {"asked", do_asked},
    {"rcpt", do_rcpt},
    {"expect", do_expect},
    {"after", do_after},
    {"store", do_store},
    {"warns", do_warns},
    {"missed", do_missed},
    {"errands", do_errands},
    {"effect", do_effect},
};

static void
run_line(struct replay *r, char *line)
{
	char *rest = line + strcspn(line, " \t");

	if (*line == '\0' || *line == '#')
		return;
	if (*line == ' ' || *line == '\t') {
		do_config(r, line);
		return;
	}
	if (*rest != '\0')
		*rest++ = '\0';
	rest += strspn(rest, " \t");
	for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]);
	     i++) {
		if (strcmp(directives[i].word, line) == 0) {
			directives[i].run(r, rest);
			return;
		}
	}
	fail(r, "unknown directive", line);
}

static void
run_file(struct replay *r, const char *path)
{
	char line[INPUT_MAX], untitled[] = "untitled";
	FILE *f = fopen(path, "r");

	if (f == NULL) {
		printf("%s: %s\n", path, strerror(errno));
		r->failures++;
		return;
	}
	r->file = path;
	do_scenario(r, untitled);
	r->scenarios--;
	for (r->line = 1; fgets(line, sizeof(line), f) != NULL; r->line++) {
		line[strcspn(line, "\n")] = '\0';
		run_line(r, line);
	}
	fclose(f);
}

int
main(int argc, char **argv)
{
	struct replay r = {.mail = mm_arena_new(1 << 20),
	    .walk = mm_arena_new(1 << 20),
	    .answers = mm_answers_new(),
	    .errands = mm_errands_new()};

	if (r.mail == NULL || r.walk == NULL || r.answers == NULL ||
	    r.errands == NULL)
		return 2;
	mm_session_init(&r.session);
	for (int i = 1; i < argc; i++)
		run_file(&r, argv[i]);
	mm_session_clear(&r.session);
	mm_policy_unref(r.policy);
	world_free(r.world);
	mm_store_free(r.store);
	mm_answers_free(r.answers);
	mm_errands_free(r.errands);
	mm_arena_free(r.mail);
	mm_arena_free(r.walk);
	printf("%u scenarios, %u recipients judged, %u failures\n", r.scenarios,
	    r.checks, r.failures);
	return r.failures == 0 && r.checks > 0 ? 0 : 1;
}

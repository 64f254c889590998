/*
 * fuzz_walk - what strangers say, through every check, to a reply.
 *
 * The input is cut at NUL bytes into names, HELO, sender, recipient, a TXT
 * and what each question is answered.  Whatever they hold, the walk ends and
 * the reply is one printable line of at most 510 bytes, digits agreeing.
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

#define PARTS 7
#define TABLE "inline:{ example.org=DUNNO, bad@=REJECT, <>=DUNNO }"

static const char config[] =
    "smtpd_restriction_classes = strict\n"
    "strict = reject_rhsbl_sender s.example\n"
    "smtpd_helo_restrictions = warn_if_reject reject_invalid_helo_hostname,"
    " reject_non_fqdn_helo_hostname, greylist_if_reject"
    " reject_unknown_helo_hostname, check_helo_access " TABLE "\n"
    "smtpd_sender_restrictions = warn_if_reject"
    " reject_generic_client_hostname, warn_if_reject permit_naked_ip_address,"
    " check_helo_ns_access " TABLE ", check_helo_mx_access " TABLE ","
    " check_helo_a_access " TABLE ", warn_if_reject reject_non_fqdn_sender,"
    " check_sender_ns_access " TABLE ", check_sender_mx_access " TABLE ","
    " check_sender_a_access " TABLE ", check_recipient_mx_access " TABLE ","
    " check_reverse_client_hostname_access " TABLE ","
    " check_reverse_client_hostname_a_access " TABLE ","
    " reject_unknown_recipient_domain,"
    " reject_unknown_sender_domain, check_sender_access " TABLE "\n"
    "smtpd_recipient_restrictions = check_client_access " TABLE ","
    " check_sender_access pcre:{{/^=(.*)@/ $$1}, {/^\\+(.*)@/ warn_if_reject"
    " reject_rbl_client $$1.example, strict, $$1}},"
    " check_recipient_access " TABLE ", permit_dnswl_client w.example,"
    " permit_rhswl_client w.example, reject_rhsbl_helo d.example,"
    " reject_rhsbl_sender d.example, reject_rhsbl_recipient d.example,"
    " reject_rhsbl_client d.example, reject_rhsbl_reverse_client d.example,"
    " reject_rbl_client b.example, greylist\n";

struct input {
	char *part[PARTS];
	size_t at; /* in the last part: how questions are answered */
};

static void
answer(struct input *in, struct mm_answers *answers,
    const struct mm_dns_question *q)
{
	char *how = in->part[PARTS - 1];
	struct mm_dns_rr rr = {.address = {127, 0, 0, 2}, .text = in->part[5]};
	const struct mm_dns_answer *a;
	char c = how[in->at] != '\0' ? how[in->at++] : 'n';

	if (c == 'n')
		a = mm_dns_answer_new(MM_DNS_NOTFOUND, 1, NULL, 0);
	else if (c == 'r')
		a = mm_dns_answer_retry(MM_DNS_TIMEOUT);
	else
		a = mm_dns_answer_new(MM_DNS_OK, 1, &rr, 1);
	mm_answers_add(answers, q->name, q->type, a);
	mm_dns_answer_unref(a);
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

static void
run(const struct mm_policy *policy, struct input *in)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	struct mm_session_client told = {.address = (struct sockaddr *)&sin,
	    .client_name = in->part[0],
	    .client_ptr = in->part[1],
	    .client_resolve = "FORGED"};
	struct mm_arena *mail = mm_arena_new(1 << 20),
			*walk = mm_arena_new(1 << 20);
	struct mm_answers *answers = mm_answers_new();
	struct mm_session session;
	struct mm_result result;
	int rounds = 0;

	if (mail == NULL || walk == NULL || answers == NULL)
		abort();
	mm_session_init(&session);
	mm_session_connect(&session, &told);
	mm_session_helo(&session, in->part[2]);
	mm_session_mail(&session, mail, in->part[3], NULL);
	mm_session_rcpt(&session, mail, in->part[4], NULL, NULL);
	do {
		mm_arena_clear(walk);
		mm_policy_evaluate(policy, &session, answers, 1, walk, &result);
		for (size_t i = 0; i < result.nquestions; i++)
			answer(in, answers, &result.questions[i]);
		if (++rounds > 100)
			abort();
	} while (!result.done);
	check_reply(&result);
	mm_session_clear(&session);
	mm_answers_free(answers);
	mm_arena_free(mail);
	mm_arena_free(walk);
}

static struct mm_policy *
parse(void)
{
	struct mm_complaints all = {0};
	struct mm_policy *policy;
	struct mm_err err;

	policy = mm_policy_parse(config, "fuzz.conf", &all, &err);
	if (policy == NULL)
		abort();
	mm_complaints_clear(&all);
	return policy;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mm_policy *policy; /* the same for all */
	struct input in = {.at = 0};
	char *copy = calloc(1, size + PARTS), *p = copy;

	if (copy == NULL)
		abort();
	if (size > 0)
		memcpy(copy, data, size);
	for (int i = 0; i < PARTS; i++) {
		in.part[i] = p;
		p += strlen(p) + (p < copy + size ? 1 : 0);
	}
	if (policy == NULL)
		policy = parse();
	run(policy, &in);
	free(copy);
	return 0;
}

/*
 * explain_text - the judged session, for people: who came, what each step
 * asked and said, and how it ended.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/explain.h"
#include "lib/exempt.h"
#include "lib/str.h"

#define FACT_WIDTH 30	/* of a fact, before where it is from */
#define STEP_WIDTH 40	/* of a step, before what it says */
#define NAME_WIDTH 38	/* of a question, before its answer */
#define RECORDS_SHOWN 4 /* of one answer */
#define RECORD_SHOWN 40 /* bytes of one TXT record */

enum colour {
	PLAIN,
	BOLD,
	RED,
	GREEN,
	YELLOW,
};

static void
put(enum colour colour, const char *text)
{
	static const char *const codes[] = {
	    [PLAIN] = "0",
	    [BOLD] = "1",
	    [RED] = "1;31",
	    [GREEN] = "1;32",
	    [YELLOW] = "1;33",
	};

	if (isatty(STDOUT_FILENO))
		printf("\033[%sm%s\033[0m", codes[colour], text);
	else
		fputs(text, stdout);
}

static void
print_record(
    struct mm_buf *buf, enum mm_dns_type type, const struct mm_dns_rr *rr)
{
	struct mm_ip ip = {.family = MM_IP_V4};
	char text[MM_IP_TEXT_MAX];

	switch (type) {
	case MM_DNS_AAAA:
		ip.family = MM_IP_V6;
		/* fallthrough */
	case MM_DNS_A:
		memcpy(ip.bytes, rr->address, sizeof(ip.bytes));
		mm_buf_add(buf, mm_ip_format(&ip, text));
		return;
	case MM_DNS_MX:
		mm_buf_addf(buf, "%u %s", rr->preference, rr->text);
		return;
	case MM_DNS_TXT:
	case MM_DNS_SPF:
		mm_buf_addf(buf, "\"%.*s%s\"", RECORD_SHOWN, rr->text,
		    strlen(rr->text) > RECORD_SHOWN ? "..." : "");
		return;
	case MM_DNS_NS:
	case MM_DNS_PTR:
		mm_buf_add(buf, rr->text);
		return;
	}
}

/* Why there is no answer, in words. */
static const char *
failure(enum mm_dns_cause cause)
{
	static const char *const words[] = {
	    [MM_DNS_ANSWERED] = "no usable answer",
	    [MM_DNS_SERVFAIL] = "its servers fail",
	    [MM_DNS_BOGUS] = "bogus: its signature is wrong",
	    [MM_DNS_TIMEOUT] = "no server answers",
	    [MM_DNS_MISSED] = "no answer before dns_deadline",
	    [MM_DNS_OPEN] = "not asked: this list is known to be dead",
	    [MM_DNS_FULL] = "not asked: too many questions at once",
	    [MM_DNS_LOCAL] = "could not be asked",
	};

	return words[cause];
}

static void
print_answer(struct mm_buf *buf, enum mm_dns_type type,
    const struct mm_dns_answer *answer)
{
	switch (answer->status) {
	case MM_DNS_NOTHING_YET:
	case MM_DNS_RETRY:
		mm_buf_add(buf, failure(answer->cause));
		return;
	case MM_DNS_NOTFOUND:
		mm_buf_add(buf, "no such record");
		return;
	case MM_DNS_NULLMX:
		mm_buf_add(buf, "takes no mail (null MX)");
		return;
	case MM_DNS_FAIL:
		mm_buf_add(buf, "its servers refuse the question");
		return;
	case MM_DNS_INVAL:
		mm_buf_add(buf, "no valid host name in it");
		return;
	case MM_DNS_OK:
		break;
	}
	for (size_t i = 0; i < answer->n && i < RECORDS_SHOWN; i++) {
		mm_buf_add(buf, i > 0 ? ", " : "");
		print_record(buf, type, &answer->rr[i]);
	}
	if (answer->n > RECORDS_SHOWN)
		mm_buf_addf(buf, " and %zu more", answer->n - RECORDS_SHOWN);
}

/* "    A 2.2.0.192.bl.example.org   127.0.0.2   (ttl 300, 12 ms)" */
static void
print_question(const struct explain *x, const struct mm_asked *asked)
{
	int64_t took = times_took(x->times, asked->name, asked->type);
	char name[MM_DNS_NAME_MAX + 8], text[1024];
	struct mm_buf buf;

	if (asked->answer == NULL) /* not in a walk that is done */
		return;
	snprintf(name, sizeof(name), "%s %s", mm_dns_type_word(asked->type),
	    asked->shown);
	mm_buf_init(&buf, text, sizeof(text));
	print_answer(&buf, asked->type, asked->answer);
	mm_buf_add(&buf, "  (");
	if (asked->answer->status != MM_DNS_RETRY)
		mm_buf_addf(&buf, "ttl %" PRIu32 "%s", asked->answer->ttl,
		    took >= 0 ? ", " : "");
	if (took >= 0)
		mm_buf_addf(&buf, "%" PRId64 " ms", (took + 500) / 1000);
	if (text[buf.len - 1] == '(') /* nothing to say */
		text[buf.len - 3] = '\0';
	else
		mm_buf_addc(&buf, ')');
	mm_str_printable(name, '?');
	mm_str_printable(text, '?');
	printf("          %-*s  %s\n", NAME_WIDTH, name, text);
}

/* What was pasted from a log may be meant for the terminal. */
static void
print_fact(const char *what, const char *value, const char *how)
{
	char text[512];

	snprintf(text, sizeof(text), "%s", value);
	mm_str_printable(text, '?');
	if (*how == '\0')
		printf("  %-11s%s\n", what, text);
	else
		printf("  %-11s%-*s  %s\n", what, FACT_WIDTH, text, how);
}

static const char *
name_words(const struct explain *x)
{
	static const char *const found[] = {
	    [MM_NAME_OK] = "looked up: name and address agree",
	    [MM_NAME_PERM] = "looked up: it has no name",
	    [MM_NAME_FORGED] = "looked up: name and address do not agree",
	    [MM_NAME_TEMP] = "could not be looked up",
	    [MM_NAME_UNSURE] = "not confirmed",
	};

	return x->assumed & ASSUMED_NAME ? found[x->session.name_status] : "";
}

static void
print_facts(const struct explain *x)
{
	const struct mm_session *s = &x->session;
	char address[2][256];

	snprintf(address[0], sizeof(address[0]), "<%s>", s->sender);
	snprintf(address[1], sizeof(address[1]), "<%s>", s->recipient);
	printf("The session, judged by %s:\n\n", x->ctl->config);
	print_fact("client", s->client_address, "");
	print_fact("name", s->client_name, name_words(x));
	if (strcmp(s->reverse_name, s->client_name) != 0)
		print_fact("PTR name", s->reverse_name, "");
	for (const struct mm_asked *a = x->name_asked; a != NULL; a = a->next)
		print_question(x, a);
	if (x->ctl->auth != NULL)
		print_fact("login", s->sasl_username, "");
	print_fact("HELO", s->helo, x->assumed & ASSUMED_HELO ? "assumed" : "");
	print_fact(
	    "sender", address[0], x->assumed & ASSUMED_FROM ? "assumed" : "");
	print_fact(
	    "recipient", address[1], x->assumed & ASSUMED_TO ? "assumed" : "");
}

static void
print_conclusion(const struct mm_trace *t)
{
	const char *note = t->note != NULL ? t->note : "";

	switch (t->outcome) {
	case MM_OK:
		put(GREEN, "ACCEPTS");
		break;
	case MM_REJECT:
		put(RED, "REFUSES");
		break;
	case MM_DUNNO:
	case MM_PENDING:
		fputs(*note != '\0' ? note : "goes on", stdout);
		return;
	}
	if (*note != '\0')
		printf(": %s", note);
}

static void
print_step(const struct explain *x, const struct mm_trace *t)
{
	int indent = (int)(t->depth < 10 ? 2 * t->depth : 20);
	int width = STEP_WIDTH - indent;

	if (t->line != 0)
		printf("  %4u", t->line);
	else /* it came with the mail */
		fputs("     -", stdout);
	printf("  %*s%-*s", indent, "", width, t->step);
	if (strlen(t->step) > (size_t)width)
		printf("\n%*s", 8 + STEP_WIDTH, "");
	fputs("  ", stdout);
	print_conclusion(t);
	putchar('\n');
	for (const struct mm_asked *a = t->asked; a != NULL; a = a->next)
		print_question(x, a);
}

/* What is recorded speaks for itself, what is done has a word. */
static const char *
done_word(const struct mm_effect *effect)
{
	return effect->kind == MM_EFFECT_WARN || effect->kind == MM_EFFECT_INFO
		   ? ""
		   : mm_effect_word(effect->kind);
}

static void
print_trail(const struct explain *x)
{
	const struct mm_trace *before = NULL;

	for (const struct mm_trace *t = x->result.trail; t != NULL;
	     before = t, t = t->next) {
		if (before == NULL || before->chain != t->chain) {
			putchar('\n');
			put(BOLD, mm_chain_name(t->chain));
			putchar('\n');
		}
		print_step(x, t);
	}
	if (x->result.effects != NULL)
		puts("\nRecorded beside the verdict:");
	for (const struct mm_effect *e = x->result.effects; e != NULL;
	     e = e->next)
		printf("  %s: %s%s%s\n", e->why.reason, done_word(e),
		    done_word(e)[0] != '\0' && *e->text != '\0' ? " " : "",
		    e->text);
}

static void
print_greylist(const struct explain *x)
{
	const struct mm_greylist_answer *a = &x->greylist;
	time_t since = (time_t)x->triplet.first;
	struct tm tm;
	char when[32];

	if (localtime_r(&since, &tm) == NULL ||
	    strftime(when, sizeof(when), "%F %T", &tm) == 0)
		when[0] = '\0';
	if (x->greylist_trouble != NULL) {
		printf("\nThe greylist was not read: %s.\nTaken for never "
		       "seen: would be asked to come back in %" PRId64
		       " seconds.\n",
		    x->greylist_trouble, a->wait);
		return;
	}
	fputs("\nThe greylist: ", stdout);
	switch (a->state) {
	case MM_GREYLIST_NONE:
	case MM_GREYLIST_FIRST:
		printf("never seen%s: would be asked to come back in "
		       "%" PRId64 " seconds.\n",
		    x->triplet.first != 0 ? " of late" : "", a->wait);
		break;
	case MM_GREYLIST_SOON:
		printf("waiting since %s, %" PRId64 " seconds left.\n", when,
		    a->wait);
		break;
	case MM_GREYLIST_FLOOD:
		printf("never seen, and too much is waiting of %s: would be "
		       "asked to come back in %" PRId64 " seconds.\n",
		    x->identity.source, a->wait);
		break;
	case MM_GREYLIST_PASS:
	case MM_GREYLIST_FOLLOWS:
		printf("waiting since %s: long enough, would pass.\n", when);
		break;
	case MM_GREYLIST_KNOWN_TRIPLET:
		printf("known since %s.\n", when);
		break;
	case MM_GREYLIST_ALLOWED_CLIENT:
		puts("the client has passed often enough.");
		break;
	case MM_GREYLIST_RELEASED:
		printf("waiting since %s, and released by hand.\n", when);
		break;
	case MM_GREYLIST_EXPECTED:
		puts("the recipient expects mail now.");
		break;
	case MM_GREYLIST_GRANTED:
		puts("the client was allowed by hand.");
		break;
	}
	printf("It takes the client for %s%s%s%s%s.\n", x->identity.text,
	    x->identity.why != NULL ? ", by " : "",
	    x->identity.why != NULL ? x->identity.why : "",
	    x->identity.generic != NULL ? ": " : "",
	    x->identity.generic != NULL ? x->identity.generic : "");
}

static void
print_exempt(const struct mm_exempt_why *why)
{
	char pattern[256];

	printf("\nNot greylisted, by %s", why->setting);
	if (why->pattern != NULL) {
		snprintf(pattern, sizeof(pattern), "%s", why->pattern);
		mm_str_printable(pattern, '?');
		printf(": %s", pattern);
	}
	if (why->line > 0)
		printf(", %s:%u", why->file, why->line);
	puts(".");
	if (why->entry != NULL && why->entry->reason != NULL)
		printf("  %s\n", why->entry->reason);
}

static void
print_verdict(const struct explain *x)
{
	const struct mm_trace *by = explain_decider(x);

	putchar('\n');
	switch (x->verdict) {
	case MM_ACCEPT:
		put(GREEN, "Accepted");
		break;
	case MM_REJECTED:
		put(RED, "Refused");
		break;
	case MM_DEFERRED:
		put(YELLOW, "Put off");
		break;
	case MM_GREYLISTED:
		put(YELLOW, "Greylisted");
		break;
	case MM_DISCARDED:
		put(RED, "Accepted, and thrown away");
		break;
	case MM_QUARANTINED:
		put(YELLOW, "Accepted, and held");
		break;
	case MM_WARNED:
	case MM_INFORMED: /* never a verdict */
		break;
	}
	if (x->session.postmaster)
		puts(": a bare postmaster always is.");
	else if (by != NULL && by->line != 0)
		printf(": %s, line %u.\n", by->step, by->line);
	else if (by != NULL)
		printf(": %s.\n", by->step);
	else if (x->verdict != MM_ACCEPT)
		printf(": %s.\n", x->result.why.reason);
	else
		puts(": nothing refused it.");
	if (x->reply.code != 0)
		printf(
		    "  %d %s %s\n", x->reply.code, x->reply.dsn, x->reply.text);
}

static void
print_footer(const struct explain *x)
{
	if (x->missed)
		printf("\nNot everything was answered within dns_deadline, "
		       "%" PRId64 " ms.\n",
		    x->settings->dns_deadline);
	if (x->stats.sent > 0)
		printf("\nDNS questions asked: %" PRIu64 ", needed: %zu; "
		       "RCPT waited %" PRId64 " ms.\n",
		    x->stats.sent, explain_needed(x),
		    (x->waited_us + 500) / 1000);
}

void
explain_text(const struct explain *x)
{
	print_facts(x);
	if (mm_policy_empty(x->policy))
		puts("\nThe policy has no restrictions.");
	print_trail(x);
	if (x->greylist_asked)
		print_greylist(x);
	if (x->result.exempt != NULL)
		print_exempt(x->result.exempt);
	print_verdict(x);
	print_footer(x);
}

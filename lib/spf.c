/* spf - see spf.h. */
#include "lib/spf.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/dns.h"
#include "lib/ip.h"
#include "lib/spf_term.h"
#include "lib/str.h"

/* RFC 7208 4.6.4 */
#define LOOKUPS_MAX 10
#define VOIDS_MAX 2
#define MX_MAX 10
/* Ours: hosts of all mx together. */
#define HOSTS_MAX 20

/*
 * The widest networks of big senders are Microsoft's /14 and /15, Google's
 * /16 and its /36 of IPv6; whole providers have a /32 of IPv6.  All of one
 * sender's together are a /13 or less.  Sixteen of the widest are the end: a
 * domain with more, as halves of the Internet, is nobody in particular.
 */
#define WIDEST_IPV4 14
#define WIDEST_IPV6 32
#define SHARE_IPV4 (WIDEST_IPV4 - 4)
#define SHARE_IPV6 (WIDEST_IPV6 - 4)

/* One check at work. */
struct check {
	const struct mm_spf_asker *asker;
	const struct mm_ip *ip;
	unsigned lookups, voids, hosts;
	unsigned skipped; /* terms that permit, but name no network */
	uint64_t share;	  /* addresses looked through; of IPv6, /64 */
	bool pending;
	struct mm_buf why;
};

static enum mm_spf_result
stop(struct check *c, enum mm_spf_result result, const char *why,
    const char *what)
{
	c->why.len = 0;
	mm_buf_addf(&c->why, "%s%s", why, what);
	return result;
}

static bool
is_v6(const struct check *c)
{
	return c->ip->family == MM_IP_V6;
}

/* NULL: not there yet. */
static const struct mm_dns_answer *
ask(struct check *c, const char *name, enum mm_dns_type type)
{
	const struct mm_dns_question question = {.name = name, .type = type};
	const struct mm_dns_answer *answer =
	    c->asker->ask(c->asker->ctx, &question);

	if (answer == NULL)
		c->pending = true;
	return answer;
}

/* An answer to go on with, or MM_SPF_NEUTRAL if it holds nothing. */
static enum mm_spf_result
see(struct check *c, const struct mm_dns_answer *answer, const char *name)
{
	switch (answer->status) {
	case MM_DNS_OK:
		return MM_SPF_PERMITS;
	case MM_DNS_NOTFOUND:
	case MM_DNS_NULLMX:
	case MM_DNS_INVAL:
		return MM_SPF_NEUTRAL;
	case MM_DNS_NOTHING_YET:
	case MM_DNS_FAIL:
	case MM_DNS_RETRY:
		break;
	}
	return stop(c, MM_SPF_UNKNOWN, "could not find out about ", name);
}

static enum mm_spf_result
count_void(struct check *c)
{
	if (++c->voids > VOIDS_MAX)
		return stop(
		    c, MM_SPF_INVALID, "more than two names lead nowhere", "");
	return MM_SPF_NEUTRAL;
}

static enum mm_spf_result
count_lookup(struct check *c)
{
	if (++c->lookups > LOOKUPS_MAX)
		return stop(c, MM_SPF_INVALID, "more than ten lookups", "");
	return MM_SPF_NEUTRAL;
}

static enum mm_spf_result
match(struct check *c, const struct mm_spf_term *t)
{
	mm_buf_addn(&c->why, t->text, t->len);
	return t->qualifier == '+' ? MM_SPF_PERMITS : MM_SPF_FORBIDS;
}

/*
 * A term that names no network.  Where it permits, what stands behind it is
 * permitted either way; where it does not, nobody knows.
 */
static enum mm_spf_result
pass_over(struct check *c, const struct mm_spf_term *t)
{
	if (t->qualifier != '+') {
		c->why.len = 0;
		match(c, t);
		return MM_SPF_UNSURE;
	}
	c->skipped++;
	return MM_SPF_NEUTRAL;
}

static unsigned
bits_of(const struct check *c, const struct mm_spf_term *t)
{
	return is_v6(c) ? t->bits6 : t->bits4;
}

static bool
is_wide(const struct check *c, const struct mm_spf_term *t)
{
	return bits_of(c, t) < (is_v6(c) ? WIDEST_IPV6 : WIDEST_IPV4);
}

/* One network of a term. */
static enum mm_spf_result
try_network(
    struct check *c, const struct mm_spf_term *t, const struct mm_ip *network)
{
	unsigned bits = bits_of(c, t), whole = is_v6(c) ? 64 : 32;
	struct mm_prefix prefix = {*network, (uint8_t)bits};

	if (t->qualifier == '+') {
		c->share += UINT64_C(1) << (bits < whole ? whole - bits : 0);
		if (c->share > UINT64_C(1) << (whole - (is_v6(c) ? SHARE_IPV6
								 : SHARE_IPV4)))
			return stop(c, MM_SPF_INVALID,
			    "more addresses than any sender has", "");
	}
	mm_ip_mask(&prefix.ip, bits);
	return mm_prefix_has(&prefix, c->ip) ? match(c, t) : MM_SPF_NEUTRAL;
}

/* The addresses of a name. */
static enum mm_spf_result
try_host(
    struct check *c, const struct mm_spf_term *t, const char *name, bool *empty)
{
	const struct mm_dns_answer *answer =
	    ask(c, name, is_v6(c) ? MM_DNS_AAAA : MM_DNS_A);
	struct mm_ip ip = {.family = c->ip->family};
	enum mm_spf_result result;

	*empty = false;
	if (answer == NULL)
		return MM_SPF_NEUTRAL;
	if ((result = see(c, answer, name)) != MM_SPF_PERMITS) {
		*empty = true;
		return result;
	}
	for (size_t i = 0; i < answer->n; i++) {
		memcpy(ip.bytes, answer->rr[i].address, sizeof(ip.bytes));
		result = try_network(c, t, &ip);
		if (result != MM_SPF_NEUTRAL)
			return result;
	}
	return MM_SPF_NEUTRAL;
}

static enum mm_spf_result
try_a(struct check *c, const struct mm_spf_term *t, const char *name)
{
	bool empty;
	enum mm_spf_result result = try_host(c, t, name, &empty);

	return result == MM_SPF_NEUTRAL && empty ? count_void(c) : result;
}

static enum mm_spf_result
try_mx(struct check *c, const struct mm_spf_term *t, const char *name)
{
	const struct mm_dns_answer *answer = ask(c, name, MM_DNS_MX);
	enum mm_spf_result result;
	bool empty;

	if (answer == NULL)
		return MM_SPF_NEUTRAL;
	if ((result = see(c, answer, name)) != MM_SPF_PERMITS)
		return result == MM_SPF_NEUTRAL ? count_void(c) : result;
	if (answer->n > MX_MAX || (c->hosts += answer->n) > HOSTS_MAX)
		return stop(c, MM_SPF_INVALID, "too many mail servers", "");
	for (size_t i = 0; i < answer->n; i++) {
		result = try_host(c, t, answer->rr[i].text, &empty);
		if (result != MM_SPF_NEUTRAL)
			return result;
	}
	return MM_SPF_NEUTRAL;
}

static enum mm_spf_result check_domain(struct check *c, const char *domain);

/* Another record, as part of this one. */
static enum mm_spf_result
try_record(struct check *c, const struct mm_spf_term *t)
{
	size_t len = c->why.len;
	enum mm_spf_result result;

	mm_buf_addn(&c->why, t->text, t->len);
	mm_buf_addc(&c->why, ' ');
	result = check_domain(c, t->domain);
	if (result == MM_SPF_NONE)
		return stop(c, MM_SPF_INVALID,
		    "no record where one has to be: ", t->domain);
	if (result == MM_SPF_NEUTRAL || result == MM_SPF_FORBIDS) {
		c->why.len = len;
		c->why.data[len] = '\0';
	}
	return result;
}

static enum mm_spf_result
try_include(struct check *c, const struct mm_spf_term *t)
{
	unsigned skipped = c->skipped;
	enum mm_spf_result result = try_record(c, t);

	switch (result) {
	case MM_SPF_PERMITS:
		return t->qualifier == '+' ? MM_SPF_PERMITS : MM_SPF_FORBIDS;
	case MM_SPF_NEUTRAL:
	case MM_SPF_FORBIDS:
		if (t->qualifier != '+' && c->skipped > skipped)
			return pass_over(c, t);
		return MM_SPF_NEUTRAL;
	default:
		return result;
	}
}

/* MM_SPF_NEUTRAL: on to the next one. */
static enum mm_spf_result
try_term(struct check *c, const struct mm_spf_term *t, const char *domain)
{
	const char *name = *t->domain != '\0' ? t->domain : domain;
	enum mm_spf_result result = MM_SPF_NEUTRAL;

	switch (t->kind) {
	case MM_SPF_IP4:
	case MM_SPF_IP6:
		if (t->ip.family != c->ip->family)
			return MM_SPF_NEUTRAL;
		return is_wide(c, t) ? pass_over(c, t)
				     : try_network(c, t, &t->ip);
	case MM_SPF_INCLUDE:
	case MM_SPF_A:
	case MM_SPF_MX:
	case MM_SPF_PTR:
	case MM_SPF_EXISTS:
		result = count_lookup(c);
		break;
	default:
		return MM_SPF_NEUTRAL;
	}
	if (result != MM_SPF_NEUTRAL)
		return result;
	if (t->macros || t->kind == MM_SPF_PTR || t->kind == MM_SPF_EXISTS)
		return pass_over(c, t);
	if (t->kind == MM_SPF_INCLUDE)
		return try_include(c, t);
	if (is_wide(c, t))
		return pass_over(c, t);
	return t->kind == MM_SPF_A ? try_a(c, t, name) : try_mx(c, t, name);
}

/* The whole record first: a mistake anywhere is one, RFC 7208 4.6. */
static bool
is_good(struct check *c, const char *record)
{
	unsigned seen[MM_SPF_MODIFIER + 1] = {0};
	struct mm_spf_term t;
	size_t at = 0;
	int rc;

	while ((rc = mm_spf_term_next(record, &at, &t)) > 0)
		seen[t.kind]++;
	if (rc == 0 && seen[MM_SPF_REDIRECT] <= 1 && seen[MM_SPF_EXP] <= 1)
		return true;
	stop(c, MM_SPF_INVALID, "a record with a mistake: ", "");
	if (rc < 0)
		mm_buf_addn(&c->why, t.text, t.len);
	else
		mm_buf_add(&c->why, "a modifier stands there twice");
	return false;
}

/* What is behind "all" does not count. */
static enum mm_spf_result
check_record(struct check *c, const char *record, const char *domain)
{
	struct mm_spf_term t, redirect = {.text = NULL};
	enum mm_spf_result result;
	size_t at = 0;

	while (mm_spf_term_next(record, &at, &t) > 0) {
		if (t.kind == MM_SPF_REDIRECT)
			redirect = t;
		if (t.kind == MM_SPF_ALL && t.qualifier == '+')
			return pass_over(c, &t);
		if (t.kind == MM_SPF_ALL)
			return match(c, &t);
		result = try_term(c, &t, domain);
		if (result != MM_SPF_NEUTRAL)
			return result;
	}
	if (redirect.text == NULL)
		return MM_SPF_NEUTRAL;
	if ((result = count_lookup(c)) != MM_SPF_NEUTRAL)
		return result;
	return redirect.macros ? pass_over(c, &redirect)
			       : try_record(c, &redirect);
}

static enum mm_spf_result
check_domain(struct check *c, const char *domain)
{
	const struct mm_dns_answer *answer = ask(c, domain, MM_DNS_SPF);
	enum mm_spf_result result;

	if (answer == NULL)
		return MM_SPF_NEUTRAL;
	if (answer->status == MM_DNS_INVAL || answer->n > 1)
		return stop(c, MM_SPF_INVALID,
		    answer->n > 1 ? "more than one record: "
				  : "a record that is too long: ",
		    domain);
	if ((result = see(c, answer, domain)) != MM_SPF_PERMITS)
		return result == MM_SPF_NEUTRAL ? MM_SPF_NONE : result;
	if (!is_good(c, answer->rr[0].text))
		return MM_SPF_INVALID;
	return check_record(c, answer->rr[0].text, domain);
}

void
mm_spf_check(const struct mm_spf_asker *asker, const char *domain,
    const struct mm_ip *ip, struct mm_spf *ret)
{
	struct check c = {.asker = asker, .ip = ip};

	mm_buf_init(&c.why, ret->why, sizeof(ret->why));
	ret->result = check_domain(&c, domain);
	if (c.pending)
		ret->result = MM_SPF_PENDING;
}

const char *
mm_spf_word(enum mm_spf_result result)
{
	static const char *const words[] = {
	    [MM_SPF_NONE] = "has no SPF record",
	    [MM_SPF_PERMITS] = "names the client's network",
	    [MM_SPF_NEUTRAL] = "does not name the client's network",
	    [MM_SPF_FORBIDS] = "says that the client is not its own",
	    [MM_SPF_UNSURE] = "says who sends by no network",
	    [MM_SPF_INVALID] = "has an SPF record that is wrong",
	    [MM_SPF_UNKNOWN] = "could not be asked",
	    [MM_SPF_PENDING] = "is being asked",
	};

	return words[result];
}

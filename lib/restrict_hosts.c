/*
 * restrict_hosts - access tables by the hosts of a domain: its name servers,
 * its mail servers, or what has its name (check_*_ns_access and so on).
 *
 * Each host's name is looked up, then each of its addresses, host after host
 * in the order of the answer; the first entry found decides.  What could not
 * be found out is passed over, as in Postfix.
 */
#include "lib/restrict_access.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/address.h"
#include "lib/arena.h"
#include "lib/hostname.h"
#include "lib/str.h"

/* Postfix looks no further either; a stranger chooses what there is. */
#define ADDRESSES_MAX 100
/* Hosts whose addresses are asked for side by side. */
#define ASKED_AHEAD 8

/* A search under way. */
struct hosts {
	struct mm_eval *ev;
	const struct mm_table *table;
	enum mm_dns_type type;
	struct mm_hit hit;
	unsigned addresses; /* looked at */
	unsigned pending;   /* hosts whose addresses are not known yet */
	bool ended;	    /* by the limit */
};

/* In the order in which an address list has them on most hosts, RFC 6724. */
static const enum mm_dns_type families[] = {MM_DNS_AAAA, MM_DNS_A};

static bool
next_family(const struct mm_dns_question *asked,
    const struct mm_dns_answer *answer, struct mm_dns_question *then)
{
	(void)answer;
	*then = *asked;
	then->type = families[1];
	then->next = NULL;
	return true;
}

static bool
may_ask(const char *name)
{
	return mm_hostname_valid(name) && !mm_hostname_is_address(name);
}

/* The resolver goes on by itself: to the parent domain's name servers, and to
 * the addresses of the first host. */
static bool
next_host(const struct mm_dns_question *asked,
    const struct mm_dns_answer *answer, struct mm_dns_question *then)
{
	const char *dot = strchr(asked->name, '.');

	*then = *asked;
	if (answer->status == MM_DNS_NOTFOUND && asked->type == MM_DNS_NS) {
		then->name = dot != NULL ? dot + 1 : "";
		return may_ask(then->name);
	}
	if (answer->status == MM_DNS_OK && answer->n > 0)
		then->name = answer->rr[0].text;
	else if (answer->status != MM_DNS_NOTFOUND)
		return false;
	then->type = families[0];
	then->next = next_family;
	return may_ask(then->name);
}

typedef bool next_question(const struct mm_dns_question *asked,
    const struct mm_dns_answer *answer, struct mm_dns_question *then);

/* NULL: not there yet. */
static const struct mm_dns_answer *
ask(struct mm_eval *ev, const char *name, enum mm_dns_type type,
    next_question *next)
{
	static const struct mm_dns_answer nothing = {.status = MM_DNS_NOTFOUND};
	struct mm_dns_question question = {.type = type, .next = next};
	char *folded = mm_arena_dup(ev->arena, name);

	if (folded == NULL || !may_ask(name))
		return &nothing;
	mm_str_fold(folded);
	question.name = folded;
	return mm_eval_ask(ev, &question);
}

static bool
try_address(struct hosts *h, const char *address)
{
	if (++h->addresses > ADDRESSES_MAX) {
		mm_eval_note(h->ev, "too many addresses: not looked up");
		h->ended = true;
		return true;
	}
	return mm_access_try_address(h->ev, h->table, address, &h->hit);
}

static bool
try_answer(
    struct hosts *h, const struct mm_dns_answer *answer, enum mm_dns_type type)
{
	struct mm_ip ip = {.family = type == MM_DNS_A ? MM_IP_V4 : MM_IP_V6};
	char text[MM_IP_TEXT_MAX];

	if (answer->status != MM_DNS_OK)
		return false;
	for (size_t i = 0; i < answer->n; i++) {
		memcpy(ip.bytes, answer->rr[i].address, sizeof(ip.bytes));
		if (try_address(h, mm_ip_format(&ip, text)))
			return true;
	}
	return false;
}

/* "10.1", "0x7f000001": what the system's resolver takes for an address,
 * inet_aton(3). */
static bool
loose_address(const char *name, char text[MM_IP_TEXT_MAX])
{
	struct in_addr in;

	if (name[strspn(name, "0123456789abcdefABCDEFxX.")] != '\0' ||
	    inet_aton(name, &in) == 0)
		return false;
	return inet_ntop(AF_INET, &in, text, MM_IP_TEXT_MAX) != NULL;
}

/* The addresses of a host, of both families.  True: the search is over. */
static bool
try_addresses(struct hosts *h, const char *host)
{
	const char *name = mm_restrict_undotted(h->ev, host);
	const struct mm_dns_answer *answers[2];
	char text[MM_IP_TEXT_MAX];

	if (name == NULL)
		return true;
	if (loose_address(host, text))
		return try_address(h, text);
	for (size_t i = 0; i < 2; i++)
		answers[i] =
		    ask(h->ev, name, families[i], i == 0 ? next_family : NULL);
	for (size_t i = 0; i < 2; i++) {
		if (answers[i] == NULL) {
			h->pending++;
			return false;
		}
		if (h->pending == 0 && try_answer(h, answers[i], families[i]))
			return true;
	}
	return false;
}

/* One host.  True: the search is over.  Behind one whose addresses are not
 * known nothing is decided: its name may only end the asking ahead. */
static bool
try_host(struct hosts *h, const char *host)
{
	if (h->pending >= ASKED_AHEAD)
		return true;
	if (mm_hostname_is_address(host))
		return try_address(h, host);
	if (h->type != MM_DNS_A &&
	    mm_access_try_domain(h->ev, h->table, host, &h->hit))
		return true;
	return try_addresses(h, host);
}

/* The answer that names the hosts; *domain: what was found to have them.
 * NULL: not there yet. */
static const struct mm_dns_answer *
find_hosts(struct hosts *h, const char **domain)
{
	const struct mm_dns_answer *answer;
	const char *dot;

	for (;;) {
		answer = ask(h->ev, *domain, h->type, next_host);
		if (answer == NULL || answer->status != MM_DNS_NOTFOUND ||
		    h->type != MM_DNS_NS)
			return answer;
		dot = strchr(*domain, '.');
		if (dot == NULL || dot[1] == '\0')
			return answer;
		*domain = dot + 1;
	}
}

static void
search(struct hosts *h, const char *domain)
{
	const struct mm_dns_answer *answer = NULL;

	if (h->type != MM_DNS_A) {
		if ((answer = find_hosts(h, &domain)) == NULL) {
			h->pending++;
			return;
		}
	}
	/* a domain without mail servers is its own */
	if (h->type == MM_DNS_A ||
	    (h->type == MM_DNS_MX && answer->status == MM_DNS_NOTFOUND)) {
		try_host(h, domain);
		return;
	}
	if (answer->status == MM_DNS_RETRY)
		mm_eval_note(h->ev, "could not find out");
	if (answer->status != MM_DNS_OK)
		return;
	for (size_t i = 0; i < answer->n; i++) {
		if (try_host(h, answer->rr[i].text))
			return;
	}
}

/* "[192.0.2.1]", "[IPv6:2001:db8::1]": its own mail server; it has no name
 * server. */
static void
search_literal(struct hosts *h, const char *literal)
{
	static const char tag[] = "IPv6:";
	size_t len = strlen(literal);
	char *address;
	bool tagged;

	if (h->type == MM_DNS_NS || len < 3 || literal[len - 1] != ']')
		return;
	address = mm_arena_dupn(h->ev->arena, literal + 1, len - 2);
	if (address == NULL)
		return;
	tagged = strncasecmp(address, tag, sizeof(tag) - 1) == 0;
	if (tagged)
		address += sizeof(tag) - 1;
	if (mm_hostname_is_address(address) &&
	    tagged == (strchr(address, ':') != NULL))
		try_address(h, address);
}

/* name may be a mail address: its domain is meant. */
static enum mm_outcome
check_hosts(struct mm_eval *ev, const struct mm_table *table, const char *name,
    struct mm_subject subject)
{
	struct hosts h = {
	    .ev = ev, .table = table, .type = mm_access_hosts(table)};
	const char *domain = mm_address_domain(name);

	if (domain == NULL)
		domain = name;
	if (*domain == '[')
		search_literal(&h, domain);
	else
		search(&h, domain);
	if (h.pending > 0)
		return MM_PENDING;
	if (h.ended)
		return MM_DUNNO;
	return mm_access_forbid_ok(
	    ev, mm_access_apply(ev, table, &h.hit, subject));
}

/* The client's verified name. */
enum mm_outcome
mm_check_client_hosts(const void *arg, struct mm_eval *ev)
{
	const struct mm_session *s = ev->session;
	struct mm_subject subject = {.class = "Client host"};

	if (mm_restrict_nameless(ev, s->client_name))
		return MM_DUNNO;
	subject.name = mm_arena_printf(
	    ev->arena, "%s[%s]", s->client_name, s->client_address);
	return check_hosts(ev, arg, s->client_name, subject);
}

/* The name of its PTR record. */
enum mm_outcome
mm_check_reverse_client_hosts(const void *arg, struct mm_eval *ev)
{
	const char *name = ev->session->reverse_name;

	if (mm_restrict_nameless(ev, name))
		return MM_DUNNO;
	return check_hosts(
	    ev, arg, name, (struct mm_subject){name, "Unverified Client host"});
}

enum mm_outcome
mm_check_helo_hosts(const void *arg, struct mm_eval *ev)
{
	const char *helo = ev->session->helo;

	return check_hosts(
	    ev, arg, helo, (struct mm_subject){helo, "Helo command"});
}

enum mm_outcome
mm_check_sender_hosts(const void *arg, struct mm_eval *ev)
{
	const char *sender = ev->session->sender;

	if (*sender == '\0')
		return MM_DUNNO;
	return check_hosts(
	    ev, arg, sender, (struct mm_subject){sender, "Sender address"});
}

enum mm_outcome
mm_check_recipient_hosts(const void *arg, struct mm_eval *ev)
{
	const char *recipient = ev->session->recipient;

	return check_hosts(ev, arg, recipient,
	    (struct mm_subject){recipient, "Recipient address"});
}

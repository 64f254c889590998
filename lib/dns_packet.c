/*
 * dns_packet - see mm_dns_answer_parse in dns.h.
 *
 * Reads as Postfix's dns_lookup() does: what makes an answer there makes it
 * here.  Nothing in the packet is trusted; the work is bounded
 * whatever it holds.
 */
#include "lib/dns_answer.h"

#include <string.h>

#include "lib/dns_wire.h"
#include "lib/hostname.h"

#define HOPS 10	      /* CNAMEs followed, as in Postfix */
#define SPF_RECORDS 2 /* one too many is enough, RFC 7208 4.5 */
#define TYPE_CNAME 5
#define TYPE_SOA 6
#define TTL_MAX 0x7fffffff /* RFC 2181 8 */

/* What has been understood. */
struct reading {
	enum mm_dns_type type;
	enum mm_dns_status nothing; /* what to say if no record is good */
	bool nullmx;
	uint32_t ttl;
	size_t n;
	struct mm_dns_rr rr[MM_DNS_RRS_MAX];
	size_t used; /* of text */
	char text[MM_DNS_RRS_MAX * MM_DNS_NAME_MAX];
};

static uint32_t
shorter(uint32_t ttl, uint32_t other)
{
	if (other > TTL_MAX)
		other = 0;
	return other < ttl ? other : ttl;
}

/* Keeps a record's text; what is beyond max of all texts is cut. */
static const char *
keep_text(struct reading *r, const char *text, size_t len, size_t max)
{
	char *copy = r->text + r->used;

	if (len > max - r->used)
		len = max - r->used;
	memcpy(copy, text, len);
	copy[len] = '\0';
	r->used += len + 1;
	return copy;
}

static enum mm_dns_status
read_address(struct reading *r, const struct mm_dns_packet *p,
    const struct mm_dns_record *record, struct mm_dns_rr *ret)
{
	if (record->len != (r->type == MM_DNS_A ? 4 : 16))
		return MM_DNS_RETRY;
	memcpy(ret->address, p->data + record->data, record->len);
	return MM_DNS_OK;
}

static enum mm_dns_status
read_host(struct reading *r, const struct mm_dns_packet *p,
    const struct mm_dns_record *record, struct mm_dns_rr *ret)
{
	size_t at = record->data, end = record->data + record->len;
	char text[MM_DNS_NAME_MAX];
	struct mm_dns_wire name;

	if (r->type == MM_DNS_MX) {
		if (record->len < 3)
			return MM_DNS_RETRY;
		ret->preference = (uint16_t)mm_get16(p->data + at);
		at += 2;
	}
	if (!mm_dns_wire_read(p, &at, &name) || at != end)
		return MM_DNS_RETRY;
	if (r->type == MM_DNS_MX && name.len == 0)
		return MM_DNS_NULLMX;
	/* an address as a host name "works" elsewhere too */
	if (!mm_dns_wire_text(&name, text) ||
	    (!mm_hostname_valid(text) && !mm_hostname_is_address(text)))
		return MM_DNS_INVAL;
	ret->text = keep_text(r, text, strlen(text), sizeof(r->text) - 1);
	return MM_DNS_OK;
}

static enum mm_dns_status
read_text(struct reading *r, const struct mm_dns_packet *p,
    const struct mm_dns_record *record, struct mm_dns_rr *ret)
{
	size_t len = record->len > 0 ? p->data[record->data] : 0;
	char text[UINT8_MAX];

	if (record->len == 0 || len > record->len - 1)
		return MM_DNS_RETRY;
	for (size_t i = 0; i < len; i++) {
		uint8_t c = p->data[record->data + 1 + i];

		text[i] = c < ' ' || c >= 0x7f ? ' ' : (char)c;
	}
	ret->text = keep_text(r, text, len, MM_DNS_TEXT_MAX + r->n);
	return MM_DNS_OK;
}

/* RFC 7208 3.3, 4.5: strings are joined; what is no SPF record is not there. */
static enum mm_dns_status
read_spf(struct reading *r, const struct mm_dns_packet *p,
    const struct mm_dns_record *record, struct mm_dns_rr *ret)
{
	static const char version[] = "v=spf1";
	size_t at = record->data, end = at + record->len, len = 0;
	char text[MM_DNS_SPF_MAX + 1];

	while (at < end) {
		size_t part = p->data[at++];

		if (part > end - at)
			return MM_DNS_RETRY;
		for (; part > 0; part--, at++) {
			uint8_t c = p->data[at];

			if (len < sizeof(text))
				text[len++] =
				    c < ' ' || c >= 0x7f ? '!' : (char)c;
		}
	}
	if (record->len == 0)
		return MM_DNS_RETRY;
	if (len < sizeof(version) - 1 ||
	    strncasecmp(text, version, sizeof(version) - 1) != 0 ||
	    (len >= sizeof(version) && text[sizeof(version) - 1] != ' '))
		return MM_DNS_NOTFOUND;
	if (len > MM_DNS_SPF_MAX)
		return MM_DNS_INVAL;
	ret->text = keep_text(r, text, len, sizeof(r->text) - 1);
	return MM_DNS_OK;
}

static enum mm_dns_status
read_data(struct reading *r, const struct mm_dns_packet *p,
    const struct mm_dns_record *record, struct mm_dns_rr *ret)
{
	switch (r->type) {
	case MM_DNS_A:
	case MM_DNS_AAAA:
		return read_address(r, p, record, ret);
	case MM_DNS_NS:
	case MM_DNS_PTR:
	case MM_DNS_MX:
		return read_host(r, p, record, ret);
	case MM_DNS_TXT:
		return read_text(r, p, record, ret);
	case MM_DNS_SPF:
		return read_spf(r, p, record, ret);
	}
	return MM_DNS_RETRY;
}

/* Takes one record of the type asked for. */
static void
take(struct reading *r, const struct mm_dns_packet *p,
    const struct mm_dns_record *record)
{
	struct mm_dns_rr rr = {0};
	enum mm_dns_status status;

	if (r->n == (r->type == MM_DNS_SPF ? SPF_RECORDS : MM_DNS_RRS_MAX) ||
	    (r->type == MM_DNS_TXT && r->used >= MM_DNS_TEXT_MAX + r->n))
		return;
	status = read_data(r, p, record, &rr);
	r->ttl = shorter(r->ttl, record->ttl);
	if (status == MM_DNS_OK)
		r->rr[r->n++] = rr;
	else if (status == MM_DNS_NULLMX)
		r->nullmx = true;
	else if (r->nothing != MM_DNS_RETRY)
		r->nothing = status;
}

/* The records of one name.  *alias: where it points to instead, or NULL. */
static bool
take_name(struct reading *r, const struct mm_dns_packet *p,
    const struct mm_dns_wire *name, const struct mm_dns_record **alias)
{
	bool found = false;

	*alias = NULL;
	for (size_t i = 0; i < p->nanswer; i++) {
		const struct mm_dns_record *record = &p->answer[i];
		size_t at = record->owner;
		struct mm_dns_wire owner;

		if ((record->type != MM_DNS_ON_THE_WIRE(r->type) &&
			record->type != TYPE_CNAME) ||
		    !mm_dns_wire_read(p, &at, &owner) ||
		    !mm_dns_wire_same(&owner, name))
			continue;
		if (record->type == TYPE_CNAME) {
			*alias = record;
		} else {
			found = true;
			take(r, p, record);
		}
	}
	return found;
}

/* RFC 2308 5: how long a "no" may be kept.  Without SOA not at all. */
static uint32_t
negative_ttl(const struct mm_dns_packet *p, uint32_t chain)
{
	for (size_t i = 0; i < p->nauthority; i++) {
		const struct mm_dns_record *soa = &p->authority[i];

		if (soa->type != TYPE_SOA || soa->len < 22)
			continue;
		chain = shorter(chain, soa->ttl);
		return shorter(
		    chain, mm_get32(p->data + soa->data + soa->len - 4));
	}
	return 0;
}

/* Follows the chain; what it ends in goes into r. */
static void
follow(
    struct reading *r, const struct mm_dns_packet *p, struct mm_dns_wire *name)
{
	const struct mm_dns_record *alias;

	for (unsigned hops = 0; !take_name(r, p, name, &alias); hops++) {
		size_t at;

		if (alias == NULL) {
			r->ttl = negative_ttl(p, r->ttl);
			return;
		}
		r->ttl = shorter(r->ttl, alias->ttl);
		at = alias->data;
		if (hops == HOPS || !mm_dns_wire_read(p, &at, name)) {
			r->ttl = 0;
			return;
		}
	}
}

static const struct mm_dns_answer *
read_answers(const struct mm_dns_packet *p, enum mm_dns_type type, bool secure)
{
	struct mm_dns_wire name = p->question;
	struct reading r;

	/* not the whole of it: text is large and needs no zeros */
	r.type = type;
	r.nothing = MM_DNS_NOTFOUND;
	r.nullmx = false;
	r.ttl = TTL_MAX;
	r.n = r.used = 0;

	follow(&r, p, &name);
	if (p->rcode == MM_RCODE_NXDOMAIN)
		return mm_dns_answer_make(
		    MM_DNS_NOTFOUND, secure, r.ttl, NULL, 0);
	if (r.nullmx)
		return mm_dns_answer_make(
		    MM_DNS_NULLMX, secure, r.ttl, NULL, 0);
	return mm_dns_answer_make(
	    r.n > 0 ? MM_DNS_OK : r.nothing, secure, r.ttl, r.rr, r.n);
}

const struct mm_dns_answer *
mm_dns_answer_parse(
    const uint8_t *packet, size_t len, enum mm_dns_type type, bool secure)
{
	struct mm_dns_packet p;

	if (!mm_dns_packet_read(packet, len, &p))
		return mm_dns_answer_retry(MM_DNS_SERVFAIL);
	switch (p.rcode) {
	case MM_RCODE_NOERROR:
	case MM_RCODE_NXDOMAIN:
		return read_answers(&p, type, secure);
	case MM_RCODE_SERVFAIL:
	case MM_RCODE_NOTIMP:
	case MM_RCODE_REFUSED:
		return mm_dns_answer_retry(MM_DNS_SERVFAIL);
	case MM_RCODE_FORMERR:
		break;
	}
	return mm_dns_answer_make(MM_DNS_FAIL, secure, 0, NULL, 0);
}

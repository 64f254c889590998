/*
 * spf - does a domain name the network that an address is in as its own?
 *
 * RFC 7208, for telling the clients of one sender from all others, not for
 * letting anything pass.  So only what names a network says who somebody is:
 * ip4, ip6, a and mx, in the domain's own record and in those that it includes
 * or redirects to.  "all", "exists", "ptr" and macros do not, since what they
 * permit has no bounds; nor does a network wider than the widest ones that big
 * senders have, nor a domain that has more of them than any sender.
 *
 * Whatever is wrong, doubtful, or could not be found out is an answer of its
 * own, and no permission.
 * Threads: pure.
 */
#ifndef MM_SPF_H
#define MM_SPF_H

struct mm_dns_answer;
struct mm_dns_question;
struct mm_ip;

enum mm_spf_result {
	MM_SPF_NONE = 0, /* the domain has no record */
	MM_SPF_PERMITS,	 /* a network that it names has the address */
	MM_SPF_NEUTRAL,	 /* none of them does */
	MM_SPF_FORBIDS,	 /* it says that the address is not its own */
	MM_SPF_UNSURE,	 /* that depends on what names no network */
	MM_SPF_INVALID,	 /* a record is wrong, or goes beyond a limit */
	MM_SPF_UNKNOWN,	 /* could not find out */
	MM_SPF_PENDING,	 /* questions have been asked */
};

#define MM_SPF_WHY_MAX 256

struct mm_spf {
	enum mm_spf_result result;
	/* "include:_spf.example.org ip4:192.0.2.0/24", or what is wrong;
	 * printable; what is too long is cut */
	char why[MM_SPF_WHY_MAX];
};

/* Whom to ask.  NULL: the answer is not there yet; ask again when it is. */
struct mm_spf_asker {
	const struct mm_dns_answer *(*ask)(
	    void *ctx, const struct mm_dns_question *question);
	void *ctx;
};

/* domain is folded and a host name. */
void mm_spf_check(const struct mm_spf_asker *asker, const char *domain,
    const struct mm_ip *ip, struct mm_spf *ret);

/* A few words for the result. */
const char *mm_spf_word(enum mm_spf_result result);

#endif

/*
 * dns - questions, answers, and who answers them.
 *
 * A question is a name and a type.  An answer is an immutable, counted value;
 * "could not find out" is an answer too, so every question completes.  Three
 * things live here: the words (question, answer), a transaction's frozen set
 * of answers, and the interface to a resolver with the batch in which one
 * session waits for it.  Backends: dns_unbound.
 * Threads: see each struct.
 */
#ifndef MM_DNS_H
#define MM_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mm_clock;
struct mm_err;
struct mm_ip;

#define MM_DNS_NAME_MAX 256 /* text of a name with its NUL, RFC 1035 2.3.4 */
#define MM_DNS_TEXT_MAX 500 /* of a TXT answer's text kept, as in Postfix */
#define MM_DNS_RRS_MAX 64   /* records of an answer kept */
#define MM_DNS_SPF_MAX 4096 /* of an SPF record; a longer one is invalid */

/*
 * RFC 1035 3.2.2, RFC 3596.  SPF is asked for as TXT and read by RFC 7208 4.5:
 * only what is an SPF record, and of that all strings.
 */
enum mm_dns_type {
	MM_DNS_A = 1,
	MM_DNS_NS = 2,
	MM_DNS_PTR = 12,
	MM_DNS_MX = 15,
	MM_DNS_TXT = 16,
	MM_DNS_AAAA = 28,
	MM_DNS_SPF = 0x10000 | MM_DNS_TXT,
};
#define MM_DNS_ON_THE_WIRE(type) ((type)&0xffff)

/*
 * How it ended, in the order in which Postfix lets the highest win when
 * several types are asked (shared table in dns_lookup(3)).
 */
enum mm_dns_status {
	MM_DNS_NOTHING_YET = 0,
	MM_DNS_NOTFOUND, /* NXDOMAIN, or no record of this type */
	MM_DNS_NULLMX,	 /* RFC 7505 */
	MM_DNS_FAIL,  /* permanent: the server took offence at the question */
	MM_DNS_INVAL, /* all records hold invalid host names */
	MM_DNS_RETRY, /* could not find out: time-out, SERVFAIL, bogus */
	MM_DNS_OK,
};

/* Why a MM_DNS_RETRY came about; for counters and explain. */
enum mm_dns_cause {
	MM_DNS_ANSWERED = 0,
	MM_DNS_SERVFAIL,
	MM_DNS_BOGUS,	/* the signature does not fit */
	MM_DNS_TIMEOUT, /* no server answered, or not in time */
	MM_DNS_MISSED,	/* the session's deadline passed first */
	MM_DNS_OPEN,	/* the list's breaker is open: not asked */
	MM_DNS_FULL,	/* too many questions in flight: not asked */
	MM_DNS_LOCAL,	/* could not be sent: memory, bad name, we leave */
};

struct mm_dns_rr {
	uint16_t preference; /* MX */
	uint8_t address[16]; /* A (first four), AAAA; network order */
	const char *text;    /* NS, MX, PTR: host name, folded; TXT: first
	                        string, each non-printable byte a blank;
	                        SPF: the record, each such byte a "!" */
};

/* Threads: immutable, counted. */
struct mm_dns_answer {
	enum mm_dns_status status;
	enum mm_dns_cause cause;
	bool secure;  /* validated */
	uint32_t ttl; /* seconds it may be kept */
	size_t n;
	const struct mm_dns_rr *rr; /* in the order of the packet */
};

/* Never fails: constant answers stand in when memory is out. */
const struct mm_dns_answer *mm_dns_answer_ref(const struct mm_dns_answer *a);
void mm_dns_answer_unref(const struct mm_dns_answer *a); /* NULL is fine */
/* A constant MM_DNS_RETRY answer. */
const struct mm_dns_answer *mm_dns_answer_retry(enum mm_dns_cause cause);
/*
 * Reads a packet (RFC 1035 4) that answers a question of this type,
 * following CNAMEs within it.  Hostile input.  Never NULL: what cannot be
 * read is MM_DNS_RETRY.  secure is what a validator said of it.  The caller
 * owns a reference.
 */
const struct mm_dns_answer *mm_dns_answer_parse(
    const uint8_t *packet, size_t len, enum mm_dns_type type, bool secure);
/* For tests and for other sources than packets; copies rr and its texts. */
const struct mm_dns_answer *mm_dns_answer_new(enum mm_dns_status status,
    uint32_t ttl, const struct mm_dns_rr *rr, size_t n);
/* Is ip among the addresses that an A or AAAA question of its family found? */
bool mm_dns_answer_has(
    const struct mm_dns_answer *answer, const struct mm_ip *ip);
const char *mm_dns_status_word(enum mm_dns_status status);
const char *mm_dns_cause_word(enum mm_dns_cause cause);
const char *mm_dns_type_word(enum mm_dns_type type);

/*
 * One question.  name is folded and without a trailing dot.  zone, for a DNS
 * list named in the policy: that list's domain; else NULL.  next, if set, is
 * pure: given the answer it fills *then with a question worth asking at once
 * and returns true.  arg belongs to the policy snapshot.
 */
struct mm_dns_question {
	const char *name;
	enum mm_dns_type type;
	const char *zone;
	bool (*next)(const struct mm_dns_question *asked,
	    const struct mm_dns_answer *answer, struct mm_dns_question *then);
	const void *arg;
};

/* Keyed anew in each process: strangers choose names, and must not choose
 * where they fall. */
uint64_t mm_dns_hash(const char *name, enum mm_dns_type type);

/*
 * The answers of one transaction: what a walk sees.  Threads: confined.
 * Nothing is replaced: the first answer to a question stands.
 */
struct mm_answers;

struct mm_answers *mm_answers_new(void); /* NULL: out of memory */
void mm_answers_free(struct mm_answers *set);
void mm_answers_clear(struct mm_answers *set);
/* NULL: not there.  The answer is borrowed from the set. */
const struct mm_dns_answer *mm_answers_get(
    const struct mm_answers *set, const char *name, enum mm_dns_type type);
/* Takes a reference of its own.  False: out of memory, or there already. */
bool mm_answers_add(struct mm_answers *set, const char *name,
    enum mm_dns_type type, const struct mm_dns_answer *answer);

/*
 * The questions that one session has under way.  The resolver completes into
 * it, the session drains and waits.  Threads: shared, one leaf lock; counted
 * by the questions in flight, so that it may be closed before they end.
 */
struct mm_batch;

struct mm_batch *mm_batch_new(void); /* NULL: out of memory */
/* The session is done with it: late answers are dropped, next() is called no
 * more once this has returned. */
void mm_batch_close(struct mm_batch *batch);
/* Moves what has finished into set.  How many there were. */
size_t mm_batch_drain(struct mm_batch *batch, struct mm_answers *set);
/* Is this question under way (asked and not finished)? */
bool mm_batch_asked(
    const struct mm_batch *batch, const char *name, enum mm_dns_type type);
/*
 * Waits until that question has finished, or until the monotonic time
 * until_us.  False: the time came first, or it is not under way.
 */
bool mm_batch_wait(struct mm_batch *batch, const char *name,
    enum mm_dns_type type, const struct mm_clock *clock, int64_t until_us);

/* What a resolver is told.  Strings are borrowed for the call. */
struct mm_dns_stub {
	const char *zone;    /* "." for all: a private root, which has to
	                        know its own NS records, as any root does */
	const char *address; /* "addr" or "addr@port" */
};
struct mm_dns_config {
	const char *const *forward; /* "addr[@port]" */
	size_t nforward;
	const struct mm_dns_stub *stub;
	size_t nstub;
	/*
	 * NULL: no validation.  Answers of a stub are not validated, and with
	 * a stub for "." the packaged anchor is left aside, since it cannot
	 * fit a private root.  A forwarder must hand signatures through:
	 * behind one that strips them every signed zone is bogus.
	 */
	const char *trust_anchor_file;
	const char *root_hints_file; /* NULL: the library's own */
	int64_t deadline_ms;  /* older questions count against their list;
	                         after five of these they are given up */
	size_t cache_entries; /* of the answer cache; 0: none; at start only */
	size_t in_flight;     /* at most so many questions at a time; the last
	                         quarter of them to DNS lists only */
	int64_t breaker_ms;   /* until an open breaker is first probed; pauses
	                         grow to ten of these; 0: 30 s; at start only */
};

/*
 * Told from the resolver's thread with no lock held.  answered: one question
 * to a list went out and ended, took_us after it was asked.  breaker: opened
 * (why: a few words) or closed (why NULL).  ended: as answered, for every
 * question.  Any of them may be NULL.
 */
struct mm_dns_watch {
	void (*answered)(void *ctx, const char *zone, const char *name,
	    enum mm_dns_type type, const struct mm_dns_answer *answer,
	    int64_t took_us);
	void (*breaker)(void *ctx, const char *zone, const char *why);
	void *ctx;
	void (*ended)(void *ctx, const char *name, enum mm_dns_type type,
	    int64_t took_us);
};

/* Threads: atomics, read any time. */
struct mm_dns_stats {
	uint64_t asked;	  /* questions put by sessions */
	uint64_t cached;  /* answered from the cache */
	uint64_t joined;  /* shared a question already in flight */
	uint64_t sent;	  /* handed to the library */
	uint64_t skipped; /* a breaker was open */
	uint64_t refused; /* the cap on questions in flight */
	uint64_t bogus;
	uint64_t servfail;
	uint64_t timeouts;
	uint64_t in_flight; /* now */
	uint64_t entries;   /* in the cache, now */
};

/* A resolver: an object of a backend.  Threads: shared. */
struct mm_dns;

struct mm_dns_ops {
	void (*ask)(struct mm_dns *dns, struct mm_batch *batch,
	    const struct mm_dns_question *questions, size_t n);
	int (*reconfigure)(struct mm_dns *dns,
	    const struct mm_dns_config *config, struct mm_err *err);
	void (*stats)(struct mm_dns *dns, struct mm_dns_stats *ret);
	bool (*lives)(struct mm_dns *dns);
	void (*free)(struct mm_dns *dns);
};
struct mm_dns {
	const struct mm_dns_ops *ops;
};

/*
 * libunbound in a thread of its own: not before the process has forked.
 * clock, and what watch (may be NULL) points to, outlive it.  NULL: *err.
 */
struct mm_dns *mm_dns_unbound_new(const struct mm_dns_config *config,
    const struct mm_clock *clock, const struct mm_dns_watch *watch,
    struct mm_err *err);
/*
 * Sends the questions on their way; each ends in the batch exactly once,
 * from the cache perhaps before this returns.  Questions that the batch has
 * asked already are passed over.  Never blocks, never fails.
 */
void mm_dns_ask(struct mm_dns *dns, struct mm_batch *batch,
    const struct mm_dns_question *questions, size_t n);
/* A changed configuration, under traffic.  -1: the old one goes on. */
int mm_dns_reconfigure(
    struct mm_dns *dns, const struct mm_dns_config *config, struct mm_err *err);
void mm_dns_stats(struct mm_dns *dns, struct mm_dns_stats *ret);
/* Has its thread done anything since this was asked before?  Makes it do
 * something, so that the next answer is about the time from now on. */
bool mm_dns_lives(struct mm_dns *dns);
void mm_dns_free(struct mm_dns *dns); /* NULL is fine */

#endif

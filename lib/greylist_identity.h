/*
 * greylist_identity - who is it that comes back?
 *
 * Big senders come back from another address each time, so the address is the
 * last thing to know a client by.  A ladder says what else there is: a group
 * that the operator declares; the domain of the organisation that the client's
 * name is in, if the name leads back to the address and does not look made by
 * a machine; the domain of the sender, if its SPF record names the client's
 * network as its own; the network.  The first step that knows the client says
 * who it is, and addresses of both families that it takes for one are one.  The
 * setting greylist_identity has the steps and their order.
 * Threads: immutable once read; lookups bring their own arena.
 */
#ifndef MM_GREYLIST_IDENTITY_H
#define MM_GREYLIST_IDENTITY_H

#include <stdbool.h>

#include "lib/file.h"
#include "lib/ip.h"

struct mm_arena;
struct mm_complaints;
struct mm_conf;
struct mm_settings;

/* The steps; a row of the table in greylist_identity.c has each one's word. */
enum mm_rung {
	MM_RUNG_ADDRESS = 0, /* no step of the ladder: the address itself */
	MM_RUNG_GROUP,
	MM_RUNG_NAME,
	MM_RUNG_SPF,
	MM_RUNG_NETWORK,
	MM_NRUNGS,
};

/* The parts of a triplet's key that greylist_key selects, as bits. */
enum mm_greylist_part {
	MM_PART_CLIENT = 1,
	MM_PART_SENDER = 2,
	MM_PART_RECIPIENT = 4,
};

/* What is known of a client. */
struct mm_greylist_who {
	struct mm_ip ip;
	const char *address; /* ip as text */
	const char *name;    /* one that leads back to ip; NULL: none does */
	/* a domain whose SPF record names its network; NULL: none does */
	const char *spf_domain;
	const char *spf_why; /* by these terms */
};

struct mm_identity {
	enum mm_rung rung;
	const char *text;    /* "name:example.org", "192.0.2.0/24" */
	const char *why;     /* the terms of an SPF record; or NULL */
	const char *network; /* what the client is by its address alone */
	const char *host;    /* its address; IPv6 hosts have a network each */
	const char *source;  /* whose waiting triplets are counted together */
	const char *generic; /* what is wrong with its name; NULL: nothing */
};

struct mm_greylist_scheme;

/* Complaints go to all.  NULL: out of memory. */
struct mm_greylist_scheme *mm_greylist_scheme_read(
    const struct mm_settings *settings, const struct mm_conf *conf,
    struct mm_complaints *all);
void mm_greylist_scheme_free(struct mm_greylist_scheme *scheme); /* or NULL */
/* The files that it was read from. */
void mm_greylist_scheme_files(
    const struct mm_greylist_scheme *scheme, mm_file_each *each, void *ctx);
/* MM_PART bits. */
unsigned mm_greylist_scheme_parts(const struct mm_greylist_scheme *scheme);

/* The first bits of an address as text, "192.0.2.0/24"; an address has no more
 * of them than it has.  NULL: out of memory. */
const char *mm_greylist_network(
    struct mm_arena *arena, const struct mm_ip *ip, unsigned bits);
/* The address itself, "192.0.2.1/32"; IPv6's is its /64. */
const char *mm_greylist_host(struct mm_arena *arena, const struct mm_ip *ip);

/* Would an SPF record say who it is?  Not where an earlier step knows it. */
bool mm_greylist_needs_spf(const struct mm_greylist_scheme *scheme,
    const struct mm_greylist_who *who, struct mm_arena *arena);
/* What makes its name look like a machine's work, for whoever dials in, a few
 * words; NULL: nothing, or it has no name. */
const char *mm_greylist_generic(const struct mm_greylist_scheme *scheme,
    const struct mm_greylist_who *who, struct mm_arena *arena);
/* False: out of memory. */
bool mm_greylist_identify(const struct mm_greylist_scheme *scheme,
    const struct mm_greylist_who *who, struct mm_arena *arena,
    struct mm_identity *ret);

#endif

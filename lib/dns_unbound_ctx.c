/* dns_unbound_ctx - see dns_unbound.h: options, servers, anchors. */
#include "lib/dns_unbound.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unbound-event.h>
#include <unbound.h>

#include "lib/err.h"
#include "lib/str.h"

#define OUTGOING_RANGE 4096 /* sockets at a time; the library's own is 16 */
#define OUTGOING_RANGE_MIN 16
/* What Debian's dns-root-data installs: the anchor of the public root. */
#define PUBLIC_ANCHOR "/usr/share/dns/root.key"

struct option {
	const char *name, *value;
};
static const struct option options[] = {
    {"use-syslog:", "no"},
    /* lists have empty non-terminals, and servers that deny them */
    {"qname-minimisation:", "no"},
    /* the library's one megabyte holds next to nothing */
    {"msg-cache-size:", "64m"},
    {"rrset-cache-size:", "128m"},
    /* Never one without the other: a short patience with silent servers
     * alone shuts quiet ones out for the infra-host-ttl of 15 minutes. */
    {"infra-cache-max-rtt:", "2000"},
    {"infra-host-ttl:", "25"},
    {"do-not-query-localhost:", "no"},
};

/* Zones that the library answers by itself, beside the reverse zones. */
static const struct option built_in[] = {
    {"unblock-lan-zones:", "yes"},
    {"local-zone:", "localhost. transparent"},
    {"local-zone:", "127.in-addr.arpa. transparent"},
    {"local-zone:", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
		    "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa. transparent"},
    {"local-zone:", "home.arpa. transparent"},
    {"local-zone:", "onion. transparent"},
    {"local-zone:", "test. transparent"},
    {"local-zone:", "invalid. transparent"},
};

static int
set_option(
    struct ub_ctx *ctx, const char *name, const char *value, struct mm_err *err)
{
	int rc = ub_ctx_set_option(ctx, name, value);

	if (rc != 0)
		return mm_err_set(err, "libunbound does not take %s %s: %s",
		    name, value, ub_strerror(rc));
	return 0;
}

static int
set_options(
    struct ub_ctx *ctx, const struct option *rows, size_t n, struct mm_err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (set_option(ctx, rows[i].name, rows[i].value, err) != 0)
			return -1;
	}
	return 0;
}

/* Each costs a file descriptor: a quarter of ours, the rest is for clients. */
static int
set_range(struct ub_ctx *ctx, struct mm_err *err)
{
	unsigned long range = OUTGOING_RANGE;
	struct rlimit limit;
	char text[32];

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / 4 < range)
		range = limit.rlim_cur / 4;
	if (range < OUTGOING_RANGE_MIN)
		range = OUTGOING_RANGE_MIN;
	snprintf(text, sizeof(text), "%lu", range);
	return set_option(ctx, "outgoing-range:", text, err);
}

static bool
is_root(const char *zone)
{
	return strcmp(zone, ".") == 0;
}

static bool
has_private_root(const struct mm_dns_config *config)
{
	for (size_t i = 0; i < config->nstub; i++) {
		if (is_root(config->stub[i].zone))
			return true;
	}
	return false;
}

/* Do the operator's servers know about zones that the library would answer
 * by itself? */
static bool
serves_built_in(const struct mm_dns_config *config)
{
	static const char *const tops[] = {
	    "arpa", "test", "invalid", "onion", "localhost"};

	if (config->nforward > 0 || has_private_root(config))
		return true;
	for (size_t i = 0; i < config->nstub; i++) {
		const char *zone = config->stub[i].zone;
		const char *dot = strrchr(zone, '.');

		for (size_t j = 0; j < sizeof(tops) / sizeof(tops[0]); j++) {
			if (mm_str_same(dot != NULL ? dot + 1 : zone, tops[j]))
				return true;
		}
	}
	return false;
}

static int
set_servers(
    struct ub_ctx *ctx, const struct mm_dns_config *config, struct mm_err *err)
{
	int rc;

	for (size_t i = 0; i < config->nforward; i++) {
		if ((rc = ub_ctx_set_fwd(ctx, config->forward[i])) != 0)
			return mm_err_set(err, "cannot forward to %s: %s",
			    config->forward[i], ub_strerror(rc));
	}
	for (size_t i = 0; i < config->nstub; i++) {
		const struct mm_dns_stub *stub = &config->stub[i];

		/* not primed: the root's own NS records know no ports */
		rc = ub_ctx_set_stub(ctx, stub->zone, stub->address, 0);
		if (rc != 0)
			return mm_err_set(err, "cannot ask %s for %s: %s",
			    stub->address, stub->zone, ub_strerror(rc));
		if (!is_root(stub->zone) &&
		    set_option(ctx, "domain-insecure:", stub->zone, err) != 0)
			return -1;
	}
	if (config->root_hints_file != NULL &&
	    set_option(ctx, "root-hints:", config->root_hints_file, err) != 0)
		return -1;
	return 0;
}

static int
set_validation(
    struct ub_ctx *ctx, const struct mm_dns_config *config, struct mm_err *err)
{
	const char *file = config->trust_anchor_file;
	FILE *f;
	int rc;

	if (file == NULL ||
	    (has_private_root(config) && strcmp(file, PUBLIC_ANCHOR) == 0))
		return set_option(ctx, "module-config:", "iterator", err);
	if ((f = fopen(file, "r")) == NULL)
		return mm_err_set(err, "%s: %s", file, strerror(errno));
	fclose(f);
	if ((rc = ub_ctx_add_ta_file(ctx, file)) != 0)
		return mm_err_set(err, "%s: %s", file, ub_strerror(rc));
	return set_option(ctx, "module-config:", "validator iterator", err);
}

static int
configure(
    struct ub_ctx *ctx, const struct mm_dns_config *config, struct mm_err *err)
{
	size_t n = sizeof(options) / sizeof(options[0]);

	if (set_options(ctx, options, n, err) != 0 || set_range(ctx, err) != 0)
		return -1;
	n = sizeof(built_in) / sizeof(built_in[0]);
	if (serves_built_in(config) && set_options(ctx, built_in, n, err) != 0)
		return -1;
	if (set_servers(ctx, config, err) != 0)
		return -1;
	return set_validation(ctx, config, err);
}

/* The first complaint in what the library logged, without its stamp. */
static void
explain(char *log, int rc, struct mm_err *err)
{
	static const char mark[] = "error: ";
	char *text = log != NULL ? strstr(log, mark) : NULL;

	if (text == NULL) {
		mm_err_set(err, "libunbound: %s", ub_strerror(rc));
		return;
	}
	text += strlen(mark);
	text[strcspn(text, "\n")] = '\0';
	mm_str_printable(text, '?');
	mm_err_set(err, "libunbound: %s", text);
}

/*
 * Files are only read when the context is first used, and what is wrong with
 * them goes to the library's log.  So use it now, and read that log.
 */
static int
finalize(struct ub_ctx *ctx, struct mm_err *err)
{
	char *log = NULL;
	size_t len;
	FILE *f = open_memstream(&log, &len);
	int rc;

	if (f == NULL)
		return mm_err_set(err, "out of memory");
	ub_ctx_debugout(ctx, f);
	rc = ub_ctx_zone_remove(ctx, "mailmum.invalid."); /* is not there */
	ub_ctx_debugout(ctx, NULL);
	fclose(f);
	if (rc != 0)
		explain(log, rc, err);
	free(log);
	return rc != 0 ? -1 : 0;
}

struct ub_ctx *
mm_unbound_ctx_new(const struct mm_dns_config *config, struct event_base *base,
    struct mm_err *err)
{
	struct ub_ctx *ctx = ub_ctx_create_event(base);

	if (ctx == NULL) {
		mm_err_set(err, "libunbound: cannot create a context");
		return NULL;
	}
	ub_ctx_debugout(ctx, NULL);
	if (configure(ctx, config, err) != 0 || finalize(ctx, err) != 0) {
		ub_ctx_delete(ctx);
		return NULL;
	}
	return ctx;
}

char *
mm_unbound_ctx_text(const struct mm_dns_config *config)
{
	const char *anchor = config->trust_anchor_file;
	const char *hints = config->root_hints_file;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		return NULL;
	for (size_t i = 0; i < config->nforward; i++)
		fprintf(f, "forward %s\n", config->forward[i]);
	for (size_t i = 0; i < config->nstub; i++)
		fprintf(f, "stub %s %s\n", config->stub[i].zone,
		    config->stub[i].address);
	fprintf(f, "anchor %s\n", anchor != NULL ? anchor : "");
	fprintf(f, "hints %s\n", hints != NULL ? hints : "");
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

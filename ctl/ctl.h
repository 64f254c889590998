/*
 * ctl - what the commands of mailmumctl share: options, exit codes, and the
 * configuration that they read.
 *
 * Threads: confined; the program has one, beside the resolver's.
 */
#ifndef MM_CTL_H
#define MM_CTL_H

#include <stdbool.h>
#include <sysexits.h>

#define CTL_CONFIG_FILE "/etc/mailmum/mailmum.conf"

/* Exit codes, beside EX_UNAVAILABLE, EX_OSERR, EX_IOERR, EX_CONFIG. */
#define CTL_DONE 0
#define CTL_NO 1 /* understood and carried out, and the answer is no */
#define CTL_USAGE 2

/* The command line, read. */
struct ctl {
	const char *command;
	const char *config; /* the file, never NULL */
	bool json;
	bool strict;	  /* of check */
	bool ask;	  /* of explain */
	bool html;	  /* of report */
	bool openmetrics; /* of stats, as the next */
	bool prometheus;
	bool unused;	   /* of greylist exceptions */
	bool dry_run;	   /* of greylist import */
	const char *delay; /* of greylist import, NULL: the usual one */
	/* of explain, NULL where not given */
	const char *name, *ptr, *helo, *from, *to, *auth;
	const char *master, *output; /* of import, NULL where not given */
	const char *since, *until;   /* of report, likewise */
	/* of greylist, NULL where not given */
	const char *client, *sender, *recipient, *limit;
	bool remove, list;
	const char *argument, *second; /* what is no option, or NULL */
};

/* Each prints to stdout and returns an exit code. */
int ctl_check(const struct ctl *ctl);
int ctl_explain(const struct ctl *ctl);
int ctl_greylist_allow(const struct ctl *ctl);
int ctl_greylist_delays(const struct ctl *ctl);
int ctl_greylist_exceptions(const struct ctl *ctl);
int ctl_greylist_import(const struct ctl *ctl);
int ctl_greylist_expect(const struct ctl *ctl);
int ctl_greylist_forget(const struct ctl *ctl);
int ctl_greylist_list(const struct ctl *ctl);
int ctl_greylist_release(const struct ctl *ctl);
int ctl_greylist_show(const struct ctl *ctl);
int ctl_import(const struct ctl *ctl);
int ctl_report(const struct ctl *ctl);
int ctl_stats(const struct ctl *ctl);
int ctl_reload(const struct ctl *ctl);

/* Complains on stderr: "mailmumctl: COMMAND: text".  Returns code. */
int ctl_fail(const struct ctl *ctl, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif

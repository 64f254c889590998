/*
 * demo - mailmum at work, without a network.
 *
 * usage: demo DIRECTORY-OF-THE-PROGRAMS
 *
 * Runs the real daemon on a policy, plays the MTA to it over its milter
 * socket for a few clients, and asks mailmumctl why.  Only the DNS is made up:
 * the table below, served on loopback.
 */
#include <errno.h>
#include <ftw.h>
#include <libmilter/mfdef.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "contrib/demo/nameserver.h"
#include "tests/bench/mproto.h"
#include "tests/world.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char policy[] =
    "smtpd_recipient_restrictions =\n"
    "  permit_dnswl_client list.dnswl.org=127.0.[0..255].[1..3],\n"
    "  reject_rbl_client zen.spamhaus.org,\n"
    "  greylist_if_reject reject_unknown_client_hostname,\n"
    "  greylist_if_reject reject_generic_client_hostname\n";

static const struct {
	const char *name, *data;
} zone[] = {
    {".", "NS ns.example"},
    {"ns.example", "A 127.0.0.1"},
    {"20.2.0.192.zen.spamhaus.org", "A 127.0.0.4"},
    {"20.2.0.192.zen.spamhaus.org", "TXT https://check.spamhaus.org/"},
    {"30.2.0.192.zen.spamhaus.org", "A 127.0.0.3"},
    {"30.2.0.192.list.dnswl.org", "A 127.0.5.2"},
    {"40.2.0.192.zen.spamhaus.org", "A 127.255.255.254"},
    {"50.2.0.192.zen.spamhaus.org", "fail"},
};

#define NAMELESS "unknown", "192.0.2.60", "mail.example.org"
#define TO_YOU "you@example.net"

static const struct {
	const char *what;
	struct mproto_envelope envelope;
	unsigned after;	    /* seconds */
	const char *expect; /* how the reply begins */
} sessions[] = {
    {"192.0.2.10 is on no list, and has a name of its own",
	{"mail.example.org", "192.0.2.10", "mail.example.org",
	    "ann@example.org", TO_YOU},
	0, "accepted"},
    {"192.0.2.60 is on no list either, but has no name",
	{NAMELESS, "joe@example.org", TO_YOU}, 0, "451"},
    {"192.0.2.20 is listed by Spamhaus",
	{"unknown", "192.0.2.20", "friend", "win@example.com", TO_YOU}, 0,
	"554"},
    {"192.0.2.30 is listed too, but dnswl.org vouches for it",
	{"out.example.org", "192.0.2.30", "out.example.org", "news@example.org",
	    TO_YOU},
	0, "accepted"},
    {"192.0.2.40, for which Spamhaus sends an error code, not a listing",
	{"mx.example.com", "192.0.2.40", "mx.example.com", "bob@example.com",
	    TO_YOU},
	0, "accepted"},
    {"192.0.2.50, for which Spamhaus does not answer",
	{"mx2.example.com", "192.0.2.50", "mx2.example.com", "eve@example.com",
	    TO_YOU},
	0, "accepted"},
    {"192.0.2.60 tries again, two seconds later",
	{NAMELESS, "joe@example.org", TO_YOU}, 2, "accepted"},
};

struct demo {
	char dir[64], conf[96], socket[96], log[96];
	char mailmum[512], mailmumctl[512];
	struct world *world;
	struct nameserver *ns;
	pid_t daemon;
};

static int
fail(const char *what)
{
	fprintf(stderr, "demo: %s: %s\n", what, strerror(errno));
	return -1;
}

static int
prepare(struct demo *d, const char *programs)
{
	FILE *f;

	snprintf(d->dir, sizeof(d->dir), "/tmp/mailmum-demo.XXXXXX");
	if (mkdtemp(d->dir) == NULL)
		return fail(d->dir);
	snprintf(d->conf, sizeof(d->conf), "%s/mailmum.conf", d->dir);
	snprintf(d->socket, sizeof(d->socket), "%s/milter.sock", d->dir);
	snprintf(d->log, sizeof(d->log), "%s/log", d->dir);
	snprintf(d->mailmum, sizeof(d->mailmum), "%s/mailmum", programs);
	snprintf(
	    d->mailmumctl, sizeof(d->mailmumctl), "%s/mailmumctl", programs);

	if ((d->world = world_new()) == NULL)
		return fail("zone");
	for (size_t i = 0; i < COUNT(zone); i++) {
		if (!world_add(d->world, zone[i].name, zone[i].data))
			return fail(zone[i].name);
	}
	if ((d->ns = nameserver_start(d->world)) == NULL)
		return fail("name server");

	if ((f = fopen(d->conf, "w")) == NULL)
		return fail(d->conf);
	fprintf(f,
	    "%sgreylist_delay = 1s\nmilter_socket = unix:%s\ncontrol_socket = "
	    "unix:%s/control.sock\nstate_directory = %s\nuser =\n"
	    "dns_stub = .=127.0.0.1@%u\ndns_trust_anchor_file = none\n",
	    policy, d->socket, d->dir, d->dir, nameserver_port(d->ns));
	return fclose(f) == 0 ? 0 : fail(d->conf);
}

/* Runs a program; its errors go to the log. */
static pid_t
run(const struct demo *d, const char *const argv[])
{
	pid_t pid;

	fflush(stdout);
	if ((pid = fork()) == 0) {
		if (freopen(d->log, "a", stderr) != NULL)
			execv(argv[0], (char **)(uintptr_t)argv);
		fail(argv[0]);
		_exit(127);
	}
	return pid;
}

static void
pause_ms(long ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* It is still waited for at the end. */
static bool
has_ended(pid_t pid)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) !=
		   0 ||
	       info.si_pid != 0;
}

/* A connection to the daemon, which may still be starting. */
static int
connect_milter(const struct demo *d)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", d->socket);
	for (int i = 0; fd >= 0 && i < 200; i++) {
		if (connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0)
			return fd;
		if (has_ended(d->daemon))
			break;
		pause_ms(50);
	}
	if (fd >= 0)
		close(fd);
	return fail(d->socket);
}

static int
flush(int fd, struct mproto *p)
{
	ssize_t sent = write(fd, p->out, p->outlen);

	if (sent != (ssize_t)p->outlen)
		return fail("milter");
	p->outlen = 0;
	return 0;
}

/* Waits for a reply; text is that of a reply with a text, or empty. */
static int
receive(int fd, struct mproto *p, char *code, char *text, size_t size)
{
	for (;;) {
		ssize_t got;
		int there;

		text[0] = '\0';
		if (p->inlen > 5 && p->in[4] == SMFIR_REPLYCODE)
			snprintf(
			    text, size, "%.*s", (int)p->inlen - 5, p->in + 5);
		if ((there = mproto_get(p, code)) != 0)
			return there > 0 ? 0 : fail("milter protocol");
		got = read(fd, p->in + p->inlen, sizeof(p->in) - p->inlen);
		if (got <= 0)
			return fail("milter");
		p->inlen += (size_t)got;
	}
}

/* One session up to RCPT; text is what the client is told. */
static int
play(const struct demo *d, const struct mproto_envelope *e, char *text,
    size_t size)
{
	static struct mproto p;
	int fd = connect_milter(d), ret = -1;
	char code = SMFIR_CONTINUE;

	if (fd < 0)
		return -1;
	mproto_reset(&p);
	for (int i = 0; i < MPROTO_NSTAGES; i++) {
		if (!mproto_put(&p, (enum mproto_stage)i, e))
			continue;
		if (flush(fd, &p) != 0 ||
		    receive(fd, &p, &code, text, size) != 0)
			goto done;
	}
	if (code == SMFIR_CONTINUE || code == SMFIR_ACCEPT)
		snprintf(text, size, "accepted");
	mproto_put_quit(&p);
	ret = flush(fd, &p);
done:
	close(fd);
	return ret;
}

static void
show_indented(const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		printf("    %.*s\n", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static int
show_sessions(const struct demo *d)
{
	char text[1024];

	for (size_t i = 0; i < COUNT(sessions); i++) {
		pause_ms(sessions[i].after * 1000L);
		if (play(d, &sessions[i].envelope, text, sizeof(text)) != 0)
			return -1;
		if (strcmp(text, "accepted") == 0)
			printf("%s: %s\n", sessions[i].what, text);
		else
			printf("%s:\n    %s\n", sessions[i].what, text);
		if (strncmp(text, sessions[i].expect,
			strlen(sessions[i].expect)) != 0) {
			fprintf(stderr, "demo: this should have been %s\n",
			    sessions[i].expect);
			return -1;
		}
	}
	return 0;
}

static int
check_status(const char *program, int status, int wanted)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == wanted)
		return 0;
	fprintf(stderr, "demo: %s failed\n", program);
	return -1;
}

static int
show_why(const struct demo *d)
{
	const char *const argv[] = {d->mailmumctl, "-c", d->conf, "explain",
	    "192.0.2.20", "--name", "unknown", "--helo", "friend", "--from",
	    "win@example.com", "--to", "you@example.net", NULL};
	int status;
	pid_t pid;

	printf("\nWhy is 192.0.2.20 refused?  \"mailmumctl explain 192.0.2.20 "
	       "--helo friend ...\":\n");
	if ((pid = run(d, argv)) < 0 || waitpid(pid, &status, 0) != pid)
		return fail(argv[0]);
	return check_status(argv[0], status, 1); /* "no" */
}

/* What went wrong stands in the log. */
static void
show_log(const struct demo *d)
{
	FILE *f = fopen(d->log, "r");
	int c;

	while (f != NULL && (c = getc(f)) != EOF)
		putc(c, stderr);
	if (f != NULL)
		fclose(f);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

/* Ctrl-C ends what is being waited for, and with it the demonstration. */
static void
on_signal(int sig)
{
	(void)sig;
}

/* The daemon has to end well, too. */
static int
stop(struct demo *d)
{
	int status;

	if (d->daemon <= 0)
		return -1;
	kill(d->daemon, SIGTERM);
	if (waitpid(d->daemon, &status, 0) != d->daemon)
		return fail(d->mailmum);
	return check_status(d->mailmum, status, 0);
}

int
main(int argc, char **argv)
{
	const struct sigaction action = {.sa_handler = on_signal};
	struct demo d = {.daemon = -1};
	int ret = -1;

	if (argc != 2) {
		fprintf(stderr, "usage: demo DIRECTORY\n");
		return 2;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (prepare(&d, argv[1]) == 0) {
		const char *const run_mailmum[] = {
		    d.mailmum, "-f", "-c", d.conf, NULL};

		printf("mailmum judges by this policy (the DNS is made up, the "
		       "rest is real):\n");
		show_indented(policy);
		putchar('\n');
		d.daemon = run(&d, run_mailmum);
		ret = show_sessions(&d);
		if (ret == 0)
			ret = show_why(&d);
		if (stop(&d) != 0 || ret != 0) {
			show_log(&d);
			ret = -1;
		}
	}
	nameserver_stop(d.ns);
	world_free(d.world);
	if (d.dir[0] != '\0')
		nftw(d.dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return ret == 0 ? 0 : 1;
}

/* supervisor - see supervisor.h. */
#include "milter/supervisor.h"

#include <errno.h>
#include <libgen.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/exempt.h"
#include "lib/metrics.h"
#include "lib/policy.h"
#include "lib/settings.h"
#include "lib/settings_daemon.h"
#include "milter/callbacks.h"
#include "milter/control.h"
#include "milter/daemonize.h"
#include "milter/exceptions.h"
#include "milter/exposition.h"
#include "milter/hand.h"
#include "milter/listener.h"
#include "milter/logger.h"
#include "milter/notify.h"
#include "milter/privileges.h"
#include "milter/service.h"
#include "milter/signals.h"
#include "milter/socket.h"
#include "milter/stats.h"
#include "milter/watch.h"

#define TEND_MS 10000 /* how often things are looked after */
/* A stop waits so long for verdicts in flight; then the MTA does without. */
#define FINISH_MS 5000
/* Descriptors that are not for sessions: the resolver's, tables, the store. */
#define RESERVED_MAX 4096

struct supervisor {
	const struct supervisor_options *options;
	struct mm_policy *first; /* its restart settings stand */
	const struct mm_settings *standing;
	struct privileges who;
	size_t descriptors;
	struct mm_metrics *metrics;
	struct logger *logger;
	struct service *service;
	struct listener *listener; /* NULL: none is wanted */
	struct control *control;
	struct watch *watch;
	struct mm_err err;
};

static void
log_complaints(struct logger *logger, const struct mm_complaints *all)
{
	for (size_t i = 0; i < all->n; i++) {
		char text[MM_COMPLAINT_MAX];

		mm_complaint_format(&all->list[i], text);
		logger_say(logger,
		    all->list[i].severity != MM_ERROR ? MM_EVENT_NOTICE
						      : MM_EVENT_MISTAKE,
		    "%s", text);
	}
}

/*
 * As many descriptors as we may have.  At the very end of them libmilter's
 * listener would spin; so sessions get what is left after a reserve, less a
 * tenth in which those too many are told so.
 */
static size_t
raise_descriptors(void)
{
	struct rlimit limit = {.rlim_cur = 1024, .rlim_max = 1024};
	size_t n;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
		getrlimit(RLIMIT_NOFILE, &limit);
	}
	n = limit.rlim_cur > 1000000 ? 1000000 : limit.rlim_cur;
	n -= n / 2 < RESERVED_MAX ? n / 2 : RESERVED_MAX;
	return n / 11 * 10;
}

static int
open_milter_socket(struct supervisor *s)
{
	const struct mm_settings *settings = s->standing;
	const char *where = settings->milter_socket;
	struct privileges_were were;
	char inherited[16];
	int fd = socket_inherited(), rc;

	if (fd != -1) {
		snprintf(inherited, sizeof(inherited), "fd:%d", fd);
		where = inherited;
	}
	if (socket_probe(where, &s->err) != 0)
		return -1;
	were = privileges_for_socket(&s->who, settings->milter_socket_mode);
	rc = callbacks_open(where, &s->err);
	privileges_restore(were);
	return rc;
}

/* What only root can make, where it is not there yet. */
static void
make_directories(struct supervisor *s)
{
	const char *rest;
	char path[256];

	mm_socket_kind(s->standing->control_socket, &rest);
	snprintf(path, sizeof(path), "%s", rest);
	privileges_make_directory(&s->who, dirname(path), 0755);
	privileges_make_directory(&s->who, s->standing->state_directory, 0750);
}

/* systemd says where stderr leads when that is the journal. */
static bool
under_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char own[64];
	struct stat st;

	if (stream == NULL || fstat(STDERR_FILENO, &st) != 0)
		return false;
	snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	return strcmp(own, stream) == 0;
}

static int
start_logger(struct supervisor *s)
{
	const char *log_to = s->standing->log_to, *standbys[2];
	bool fine;

	if (log_to[0] == '\0')
		log_to = under_journal()	  ? "journal"
			 : s->options->foreground ? "stderr"
						  : "syslog";
	/* no journal: where it would come from otherwise */
	standbys[0] = strcmp(log_to, "journal") == 0 ? "syslog" : NULL;
	standbys[1] = s->options->foreground ? "stderr" : NULL;
	s->logger = logger_new(log_to, standbys, s->metrics, &fine, &s->err);
	if (s->logger == NULL)
		return -1;
	if (fine)
		return 0;
	/* a file that cannot be opened is a mistake; a log daemon that is not
	 * there yet may come */
	if (strncmp(log_to, "json:", 5) == 0) {
		logger_free(s->logger);
		s->logger = NULL;
		return mm_err_in(&s->err, "log_to");
	}
	fprintf(stderr, "mailmum: log_to: %s\n", s->err.text);
	return 0;
}

static int reload(struct supervisor *s, struct mm_complaints *all);

static void
run_stats(void *ctx, const struct control_ask *ask, struct control_reply *reply)
{
	struct supervisor *s = ctx;

	(void)ask;
	reply->code = CONTROL_DONE;
	snprintf(reply->text, sizeof(reply->text), "stats");
	if (stats_write(s->service, reply->body) != 0) {
		reply->code = CONTROL_FAILED;
		snprintf(reply->text, sizeof(reply->text), "out of memory");
	}
}

/* For a file: as "classic=yes" in the format that node_exporter reads. */
static void
run_metrics(
    void *ctx, const struct control_ask *ask, struct control_reply *reply)
{
	struct supervisor *s = ctx;
	bool classic = mm_request_value(&ask->request, "classic") != NULL;

	reply->code = CONTROL_DONE;
	snprintf(reply->text, sizeof(reply->text), "metrics");
	if (exposition_write(s->service, classic, reply->body) != 0) {
		reply->code = CONTROL_FAILED;
		snprintf(reply->text, sizeof(reply->text), "out of memory");
	}
}

static void
run_reload(
    void *ctx, const struct control_ask *ask, struct control_reply *reply)
{
	struct supervisor *s = ctx;
	struct mm_complaints all = {0};
	int rc = reload(s, &all);

	(void)ask;
	reply->code = rc == 0 ? CONTROL_DONE : CONTROL_FAILED;
	snprintf(reply->text, sizeof(reply->text), "%s",
	    rc == 0 ? "reloaded" : "not reloaded: the running policy stays");
	for (size_t i = 0; i < all.n; i++) {
		char text[MM_COMPLAINT_MAX];

		mm_complaint_format(&all.list[i], text);
		fprintf(reply->body, "%s\n", text);
	}
	mm_complaints_clear(&all);
}

static void
run_exceptions(
    void *ctx, const struct control_ask *ask, struct control_reply *reply)
{
	struct supervisor *s = ctx;

	(void)ask;
	reply->code = CONTROL_DONE;
	snprintf(reply->text, sizeof(reply->text), "exceptions");
	if (exceptions_write(s->service, reply->body) != 0) {
		reply->code = CONTROL_FAILED;
		snprintf(reply->text, sizeof(reply->text), "out of memory");
	}
}

static void
run_hand(void *ctx, const struct control_ask *ask, struct control_reply *reply)
{
	struct supervisor *s = ctx;

	hand_run(s->service, ask, reply);
}

static void
run_delays(
    void *ctx, const struct control_ask *ask, struct control_reply *reply)
{
	struct supervisor *s = ctx;

	(void)ask;
	reply->code = CONTROL_DONE;
	snprintf(reply->text, sizeof(reply->text), "delays");
	if (stats_write_delays(s->service, reply->body) != 0) {
		reply->code = CONTROL_FAILED;
		snprintf(reply->text, sizeof(reply->text), "out of memory");
	}
}

static const struct control_command commands[] = {
    {"stats", run_stats, ""},
    {"metrics", run_metrics, "classic "},
    {"greylist-exceptions", run_exceptions, ""},
    {"greylist-delays", run_delays, ""},
    {"greylist-release", run_hand,
	"client name spf sender recipient sudo-user "},
    {"greylist-forget", run_hand,
	"client name spf sender recipient sudo-user "},
    {"greylist-expect", run_hand, "recipient for sudo-user "},
    {"greylist-unexpect", run_hand, "recipient sudo-user "},
    {"greylist-allow", run_hand, "who for sudo-user "},
    {"greylist-disallow", run_hand, "who sudo-user "},
    {"reload", run_reload, ""},
};

/* Wanted and not to be had, is a mistake. */
static int
start_listener(struct supervisor *s)
{
	if (s->standing->metrics_listen[0] == '\0')
		return 0;
	s->listener =
	    listener_new(s->standing->metrics_listen, s->service, &s->err);
	return s->listener != NULL ? 0 : mm_err_in(&s->err, "metrics_listen");
}

/* Everything that has threads of its own.  They are born with all signals
 * blocked; the main thread is the one to take them. */
static int
start_threads(struct supervisor *s)
{
	int rc = -1;

	if ((s->metrics = mm_metrics_new()) == NULL)
		return mm_err_set(&s->err, "out of memory");
	signals_block();
	if (start_logger(s) == 0) {
		s->service = service_new(
		    s->first, s->logger, s->metrics, s->descriptors, &s->err);
		rc = s->service != NULL ? start_listener(s) : -1;
	}
	signals_unblock();
	return rc;
}

static int
start(struct supervisor *s)
{
	if (signals_install(&s->err) != 0)
		return EX_OSERR;
	s->descriptors = raise_descriptors();
	if (privileges_find(s->standing, &s->who, &s->err) != 0)
		return EX_CONFIG;
	if (open_milter_socket(s) != 0)
		return EX_UNAVAILABLE;
	make_directories(s);
	if (privileges_drop(&s->who, &s->err) != 0 || start_threads(s) != 0)
		return EX_OSERR;
	if ((s->watch = watch_new()) == NULL) {
		mm_err_set(&s->err, "out of memory");
		return EX_OSERR;
	}
	watch_policy(s->watch, s->first);
	umask(0027);
	s->control = control_new(s->standing->control_socket, commands,
	    sizeof(commands) / sizeof(commands[0]), s, &s->err);
	if (s->control == NULL)
		return EX_UNAVAILABLE;
	return callbacks_start(s->service, &s->err) == 0 ? EX_OK : EX_OSERR;
}

/* It comes with mailmum: without it something is wrong with the installation.
 */
static void
say_missing(struct supervisor *s, const struct mm_policy *policy)
{
	const char *missing = mm_exempt_missing(mm_policy_exempt(policy));

	if (missing != NULL && mm_policy_greylists(policy))
		logger_say(s->logger, MM_EVENT_NO_EXCEPTIONS,
		    "%s is not there: whom greylisting would harm is not "
		    "known",
		    missing);
}

/* What is wrong is in *all; what runs stays then. */
static int
load_anew(struct supervisor *s, struct mm_complaints *all)
{
	const char *config = s->options->config;
	struct mm_policy *policy;
	struct mm_err err;

	if ((policy = mm_policy_load(config, all, &err)) == NULL) {
		if (all->errors == 0)
			mm_complain(all, MM_ERROR, NULL, 0, "%s", err.text);
		return -1;
	}
	mm_settings_compare(
	    s->standing, mm_policy_settings(policy), config, all);
	mm_policy_ref(policy);
	if (service_reload(s->service, policy, &err) == 0) {
		watch_policy(s->watch, policy);
		say_missing(s, policy);
		mm_policy_unref(policy);
		return 0;
	}
	mm_policy_unref(policy);
	mm_complain(all, MM_ERROR, config, 0, "%s", err.text);
	return -1;
}

static int
reload(struct supervisor *s, struct mm_complaints *all)
{
	int rc;

	notify_reloading();
	/* what changes while it is read is news again */
	watch_accept(s->watch);
	rc = load_anew(s, all);
	logger_reopen(s->logger);
	log_complaints(s->logger, all);
	if (rc == 0) {
		mm_metric_add(s->metrics, MM_RELOADS, 1);
		logger_say(s->logger, MM_EVENT_RELOADED, "reloaded %s",
		    s->options->config);
	} else {
		mm_metric_add(s->metrics, MM_RELOADS_FAILED, 1);
		logger_say(s->logger, MM_EVENT_NOT_RELOADED,
		    "not reloaded: the running policy stays");
	}
	notify_ready();
	return rc;
}

static void
reload_quietly(struct supervisor *s)
{
	struct mm_complaints all = {0};

	reload(s, &all);
	mm_complaints_clear(&all);
}

/* A table's file, or a list's. */
static void
reload_if_changed(struct supervisor *s)
{
	const char *changed =
	    watch_look(s->watch, mm_clock_mono(&mm_clock_system));

	if (changed == NULL)
		return;
	logger_say(s->logger, MM_EVENT_NOTICE, "%s has changed", changed);
	reload_quietly(s);
}

static int
shorter(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* Until it is to end.  The exit code. */
static int
loop(struct supervisor *s)
{
	int watchdog = notify_watchdog_ms();
	struct pollfd fds[CONTROL_FDS + 1];
	bool want_reload, want_stop;

	for (;;) {
		int wait = shorter(TEND_MS, watchdog > 0 ? watchdog : -1);

		wait = shorter(wait, watch_wait_ms(s->watch));
		wait = shorter(wait, control_prepare(s->control, &fds[1]));
		fds[0] = (struct pollfd){.fd = signals_fd(), .events = POLLIN};
		if (poll(fds, CONTROL_FDS + 1, wait) == -1)
			continue; /* a signal: its flag is read next time */
		if (watchdog > 0 && service_lives(s->service))
			notify_alive();
		signals_take(&want_reload, &want_stop);
		if (want_stop)
			return EX_OK;
		if (callbacks_ended()) {
			logger_say(s->logger, MM_EVENT_ENDED,
			    "libmilter has ended by itself: it has told "
			    "syslog why");
			return EX_SOFTWARE;
		}
		if (want_reload)
			reload_quietly(s);
		reload_if_changed(s);
		control_serve(s->control, &fds[1]);
		service_tend(s->service);
	}
}

/* Half a start, taken back: libmilter's thread is not there yet. */
static void
take_back(struct supervisor *s)
{
	watch_free(s->watch);
	listener_free(s->listener);
	control_free(s->control);
	service_free(s->service);
	logger_free(s->logger);
	mm_metrics_free(s->metrics);
	mm_policy_unref(s->first);
}

static void
say_started(struct supervisor *s, const struct mm_complaints *notices)
{
	log_complaints(s->logger, notices);
	if (mm_policy_empty(s->first))
		logger_say(s->logger, MM_EVENT_NO_RESTRICTION,
		    "%s: no restriction in it: all mail passes",
		    s->options->config);
	say_missing(s, s->first);
	logger_say(
	    s->logger, MM_EVENT_READY, "mailmum " MAILMUM_VERSION " is ready");
}

int
supervisor_run(const struct supervisor_options *options,
    struct mm_policy *policy, const struct mm_complaints *notices)
{
	struct supervisor s = {
	    .options = options,
	    .first = policy,
	    .standing = mm_policy_settings(policy),
	};
	int background = -1, code;

	if (!options->foreground && (background = daemonize(&s.err)) == -1)
		code = EX_OSERR;
	else
		code = start(&s);
	if (code != EX_OK) {
		fprintf(stderr, "mailmum: %s\n", s.err.text);
		take_back(&s);
		return code;
	}
	say_started(&s, notices);
	notify_ready();
	if (background != -1)
		daemonize_ready(background);

	code = loop(&s);
	notify_stopping();
	logger_say(s.logger, MM_EVENT_STOPPING, "stopping");
	callbacks_stop();
	control_free(s.control);
	listener_free(s.listener);
	service_stop(s.service, FINISH_MS);
	logger_free(s.logger);
	/* libmilter's threads may still be there: nothing is freed under
	 * them, and nothing runs at exit */
	_exit(code);
}

/* callbacks - see callbacks.h. */
#include "milter/callbacks.h"

#include <errno.h>
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/err.h"
#include "lib/session.h"
#include "milter/callbacks_eom.h"
#include "milter/callbacks_facts.h"
#include "milter/service.h"
#include "milter/signals.h"
#include "milter/visit.h"

/* smfi_setreply(3) takes no more. */
#define REPLY_TEXT_MAX 980
#define BACKLOG 512

/*
 * libmilter's negotiate callback has no place for a pointer of ours, so
 * service is the process's: set once, before libmilter's thread begins.
 */
static struct {
	struct service *service;
	pthread_t thread;
	atomic_bool ended;
} shared;

static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
    unsigned long f2, unsigned long f3, unsigned long *our_actions,
    unsigned long *our_steps, unsigned long *our_f2, unsigned long *our_f3)
{
	(void)f2;
	(void)f3;
	if (service_full(shared.service)) {
		service_count(shared.service, MM_SESSIONS_REFUSED, 1);
		return SMFIS_REJECT; /* closes: the MTA goes on without us */
	}
	*our_actions =
	    actions & (SMFIF_SETSYMLIST | callbacks_changes(shared.service));
	/* libmilter has set what goes with the callbacks that there are */
	*our_steps &= ~(unsigned long)SMFIP_SKIP;
	/* one reply less: see callbacks.h */
	*our_steps |= steps & SMFIP_NR_HELO;
	/* what is put before a message is so to the byte */
	*our_steps |= steps & SMFIP_HDR_LEADSPC;
	*our_f2 = *our_f3 = 0;
	if ((actions & SMFIF_SETSYMLIST) == 0)
		return SMFIS_CONTINUE;
	callbacks_want(ctx);
	return SMFIS_CONTINUE;
}

/* "%" begins a directive there; in an internal form it is just a byte. */
static void
double_percents(const char *text, char doubled[REPLY_TEXT_MAX])
{
	size_t n = 0;

	for (; *text != '\0' && n < REPLY_TEXT_MAX - 2; text++) {
		doubled[n++] = *text;
		if (*text == '%')
			doubled[n++] = '%';
	}
	doubled[n] = '\0';
}

/* All lines of a reply.  libmilter reads up to the first NULL, of which
 * there is one at least. */
static void
set_lines(SMFICTX *ctx, const struct outcome *outcome, char *code, char *dsn)
{
	char texts[MM_FOOTER_LINES + 1][REPLY_TEXT_MAX];
	char *l[32] = {NULL};

	double_percents(outcome->text, l[0] = texts[0]);
	for (size_t i = 0; i < outcome->nmore; i++)
		double_percents(outcome->more[i], l[i + 1] = texts[i + 1]);
	/* if it is refused, libmilter's own text of the same kind goes out */
	(void)smfi_setmlreply(ctx, code, dsn, l[0], l[1], l[2], l[3], l[4],
	    l[5], l[6], l[7], l[8], l[9], l[10], l[11], l[12], l[13], l[14],
	    l[15], l[16], l[17], l[18], l[19], l[20], l[21], l[22], l[23],
	    l[24], l[25], l[26], l[27], l[28], l[29], l[30], l[31]);
}

/*
 * The text is set right before the code that uses it is returned: libmilter
 * keeps an unused one for a later callback.  ACCEPT would hide the recipients
 * that follow.
 */
static sfsistat
reply(SMFICTX *ctx, const struct outcome *outcome)
{
	char code[4], dsn[sizeof(outcome->dsn)];

	if (outcome->code < 400 || outcome->code > 599)
		return SMFIS_CONTINUE;
	snprintf(code, sizeof(code), "%d", outcome->code);
	memcpy(dsn, outcome->dsn, sizeof(dsn));
	set_lines(ctx, outcome, code, dsn);
	return outcome->code >= 500 ? SMFIS_REJECT : SMFIS_TEMPFAIL;
}

static sfsistat
on_connect(SMFICTX *ctx, char *hostname, _SOCK_ADDR *address)
{
	struct callbacks_texts texts;
	struct mm_session_client client;
	struct outcome outcome;
	struct visit *visit;

	if (!service_enter(shared.service))
		return SMFIS_CONTINUE;
	/* left over where a connection follows another without negotiation */
	visit_free(smfi_getpriv(ctx));
	smfi_setpriv(ctx, NULL);
	if (callbacks_local(ctx, hostname, address)) {
		service_leave(shared.service);
		return SMFIS_ACCEPT;
	}
	callbacks_client(ctx, hostname, address, &texts, &client);
	visit = visit_new(shared.service, &client, &outcome);
	smfi_setpriv(ctx, visit);
	service_leave(shared.service);
	/* who will not be judged need not tell us more */
	return visit_judges(visit) ? reply(ctx, &outcome) : SMFIS_ACCEPT;
}

static sfsistat
on_helo(SMFICTX *ctx, char *name)
{
	struct visit *visit = smfi_getpriv(ctx);
	struct callbacks_texts texts;
	struct mm_session_tls tls;

	if (visit == NULL || !service_enter(shared.service))
		return SMFIS_NOREPLY;
	callbacks_tls(ctx, &texts, &tls);
	visit_helo(visit, name != NULL ? name : "", &tls);
	service_leave(shared.service);
	return SMFIS_NOREPLY;
}

static sfsistat
on_mail(SMFICTX *ctx, char **argv)
{
	struct visit *visit = smfi_getpriv(ctx);
	struct callbacks_texts texts;
	struct visit_mail mail;
	struct outcome outcome;

	if (visit == NULL || argv == NULL || argv[0] == NULL ||
	    !service_enter(shared.service))
		return SMFIS_CONTINUE;
	callbacks_mail(ctx, argv, &texts, &mail);
	visit_mail(visit, &mail, &outcome);
	service_leave(shared.service);
	return reply(ctx, &outcome);
}

static sfsistat
on_rcpt(SMFICTX *ctx, char **argv)
{
	struct visit *visit = smfi_getpriv(ctx);
	struct outcome outcome;

	if (visit == NULL || argv == NULL || argv[0] == NULL ||
	    !service_enter(shared.service))
		return SMFIS_CONTINUE;
	visit_rcpt(visit, argv[0], callbacks_recipient(ctx),
	    callbacks_queue_id(ctx), &outcome);
	service_leave(shared.service);
	return reply(ctx, &outcome);
}

static sfsistat
on_eom(SMFICTX *ctx)
{
	struct visit *visit = smfi_getpriv(ctx);
	sfsistat status;

	if (visit == NULL || !service_enter(shared.service))
		return SMFIS_CONTINUE;
	status = callbacks_change(ctx, shared.service, visit_effects(visit));
	visit_end_mail(visit);
	service_leave(shared.service);
	return status;
}

static sfsistat
on_abort(SMFICTX *ctx)
{
	struct visit *visit = smfi_getpriv(ctx);

	if (visit != NULL && service_enter(shared.service)) {
		visit_end_mail(visit);
		service_leave(shared.service);
	}
	return SMFIS_CONTINUE;
}

static sfsistat
on_close(SMFICTX *ctx)
{
	struct visit *visit = smfi_getpriv(ctx);

	if (visit != NULL && service_enter(shared.service)) {
		visit_free(visit);
		service_leave(shared.service);
	}
	smfi_setpriv(ctx, NULL);
	return SMFIS_CONTINUE;
}

int
callbacks_open(const char *milter_socket, struct mm_err *err)
{
	char name[] = "mailmum", text[256];
	struct smfiDesc filter = {
	    .xxfi_name = name,
	    .xxfi_version = SMFI_VERSION,
	    .xxfi_flags = SMFIF_SETSYMLIST,
	    .xxfi_connect = on_connect,
	    .xxfi_helo = on_helo,
	    .xxfi_envfrom = on_mail,
	    .xxfi_envrcpt = on_rcpt,
	    .xxfi_eom = on_eom,
	    .xxfi_abort = on_abort,
	    .xxfi_close = on_close,
	    .xxfi_negotiate = on_negotiate,
	};

	snprintf(text, sizeof(text), "%s", milter_socket);
	if (smfi_register(filter) == MI_FAILURE ||
	    smfi_setconn(text) == MI_FAILURE ||
	    smfi_setbacklog(BACKLOG) == MI_FAILURE)
		return mm_err_set(err, "libmilter cannot be set up");
	errno = 0;
	if (smfi_opensocket(true) == MI_FAILURE)
		return mm_err_set(err, "cannot open %s: %s", milter_socket,
		    errno != 0 ? strerror(errno)
			       : "libmilter has told syslog why");
	return 0;
}

/*
 * libmilter's threads inherit this one's mask: none of them takes a signal,
 * but for USR2, which interrupts its wait for connections.
 */
static void *
serve(void *arg)
{
	sigset_t mask;

	(void)arg;
	sigfillset(&mask);
	sigdelset(&mask, SIGUSR2);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	smfi_main();
	atomic_store(&shared.ended, true);
	signals_wake();
	return NULL;
}

int
callbacks_start(struct service *service, struct mm_err *err)
{
	int rc;

	shared.service = service;
	rc = pthread_create(&shared.thread, NULL, serve, NULL);
	if (rc != 0)
		return mm_err_set(
		    err, "cannot start libmilter: %s", strerror(rc));
	return 0;
}

bool
callbacks_ended(void)
{
	return atomic_load(&shared.ended);
}

static void *
stop(void *arg)
{
	(void)arg;
	smfi_stop();
	return NULL;
}

/*
 * smfi_stop() marks the end first and then waits for the lock that the
 * listener holds in its poll(), up to five seconds.  A signal ends the poll
 * at once; it is repeated because it may come just before.
 */
void
callbacks_stop(void)
{
	const struct timespec step = {.tv_nsec = 20 * 1000 * 1000};
	pthread_t stopper;

	if (pthread_create(&stopper, NULL, stop, NULL) != 0)
		return;
	pthread_detach(stopper);
	for (int i = 0; i < 50 && !callbacks_ended(); i++) {
		nanosleep(&step, NULL);
		if (!callbacks_ended())
			pthread_kill(shared.thread, SIGUSR2);
	}
	if (callbacks_ended())
		pthread_join(shared.thread, NULL);
}

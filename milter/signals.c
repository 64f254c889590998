/* signals - see signals.h. */
#include "milter/signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/err.h"

static volatile sig_atomic_t want_reload, want_stop;
static int wakes = -1;

void
signals_wake(void)
{
	uint64_t one = 1;
	int was = errno;

	/* it fails only where the counter is full, and then it is readable */
	while (write(wakes, &one, sizeof(one)) == -1 && errno == EINTR)
		;
	errno = was;
}

static void
on_signal(int sig)
{
	if (sig == SIGHUP || sig == SIGUSR1)
		want_reload = 1;
	else if (sig == SIGTERM || sig == SIGINT)
		want_stop = 1;
	signals_wake();
}

/*
 * libmilter keeps a thread that stops the whole filter on HUP, TERM and INT.
 * The kernel would give these to our handlers in the main thread first, but
 * only while they are not blocked there, be it by a handler at work.  So that
 * nothing hangs on it: this is the sigwait(3) which that thread calls, and it
 * sleeps there for good.
 */
int
sigwait(const sigset_t *set, int *sig)
{
	(void)set;
	(void)sig;
	for (;;)
		pause();
}

int
signals_install(struct mm_err *err)
{
	/* USR2 only interrupts the call that its thread is in */
	static const struct {
		int sig, flags;
	} handled[] = {
	    {SIGHUP, SA_RESTART},
	    {SIGUSR1, SA_RESTART},
	    {SIGTERM, SA_RESTART},
	    {SIGINT, SA_RESTART},
	    {SIGUSR2, 0},
	};
	struct sigaction act = {.sa_handler = SIG_IGN};

	wakes = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wakes == -1)
		return mm_err_set(err, "eventfd: %s", strerror(errno));
	sigemptyset(&act.sa_mask);
	sigaction(SIGPIPE, &act, NULL);
	sigaction(SIGXFSZ, &act, NULL); /* that limit is a full disk */
	act.sa_handler = on_signal;
	for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++) {
		act.sa_flags = handled[i].flags;
		sigaction(handled[i].sig, &act, NULL);
	}
	return 0;
}

void
signals_hold_reload(void)
{
	sigset_t some;

	sigemptyset(&some);
	sigaddset(&some, SIGHUP);
	sigaddset(&some, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &some, NULL);
}

int
signals_fd(void)
{
	return wakes;
}

void
signals_take(bool *reload, bool *stop)
{
	uint64_t n;

	/* emptied first, and a flag is only taken down where it was seen up:
	 * what comes in between is seen, or seen again */
	while (read(wakes, &n, sizeof(n)) == -1 && errno == EINTR)
		;
	*reload = want_reload != 0;
	if (*reload)
		want_reload = 0;
	*stop = want_stop != 0;
}

void
signals_block(void)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
}

void
signals_unblock(void)
{
	sigset_t none;

	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
}

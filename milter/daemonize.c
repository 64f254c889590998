/* daemonize - see daemonize.h. */
#include "milter/daemonize.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/err.h"

/* The start is over when the background says so, or has ended. */
static void
wait_for(pid_t child, int fd)
{
	int status;
	ssize_t n;
	char ready;

	do {
		n = read(fd, &ready, 1);
	} while (n == -1 && errno == EINTR);
	if (n == 1)
		_exit(EX_OK);
	if (waitpid(child, &status, 0) == child && WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	_exit(EX_OSERR);
}

int
daemonize(struct mm_err *err)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return mm_err_set(err, "pipe: %s", strerror(errno));
	if ((child = fork()) == -1) {
		close(ends[0]);
		close(ends[1]);
		return mm_err_set(err, "fork: %s", strerror(errno));
	}
	if (child > 0) {
		close(ends[1]);
		wait_for(child, ends[0]);
	}
	close(ends[0]);
	setsid();
	return ends[1];
}

void
daemonize_ready(int fd)
{
	const char ready = 1;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = STDIN_FILENO; i <= STDERR_FILENO && null != -1; i++)
		dup2(null, i);
	if (null > STDERR_FILENO)
		close(null);
	/* who waits for it may be gone; nothing is lost */
	if (write(fd, &ready, 1) == 1)
		close(fd);
}

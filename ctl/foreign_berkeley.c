/*
 * foreign_berkeley - Berkeley DB's own programs, set to work on a copy.
 *
 * postgrey keeps its databases in an environment: what it has learned is in
 * its log first, and in the databases when it ends, if it ends well.  Opening
 * that environment would write into it.  So databases and log are copied, in
 * this order, which is how one takes a copy of a database in use; db_recover
 * makes the copy whole and db_dump writes it.  Both belong to the release of
 * Berkeley DB that the operator's postgrey has: nothing here is built for one.
 */
#include "ctl/foreign_source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/err.h"

/* The copy, and where it comes from. */
struct work {
	char from[PATH_MAX];
	const char *only; /* of the databases this one; NULL: postgrey's */
	char copy[PATH_MAX];
	int log_files;
};

static const char *const databases[] = {"postgrey.db", "postgrey_clients.db"};

static int
copy_bytes(int in, int out, struct mm_err *err)
{
	char buf[65536];
	ssize_t len;

	while ((len = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, (size_t)len) != len)
			return mm_err_set(
			    err, "no room for a copy: %s", strerror(errno));
	return len == 0 ? 0 : mm_err_set(err, "%s", strerror(errno));
}

/* 1: it is not there. */
static int
copy_file(const struct work *work, const char *name, struct mm_err *err)
{
	char path[PATH_MAX + NAME_MAX + 2];
	int in, out, rc;

	snprintf(path, sizeof(path), "%s/%s", work->from, name);
	in = open(path, O_RDONLY | O_CLOEXEC);
	if (in == -1)
		return errno == ENOENT
			   ? 1
			   : mm_err_set(err, "%s: %s", name, strerror(errno));
	snprintf(path, sizeof(path), "%s/%s", work->copy, name);
	out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	rc = out == -1 ? mm_err_set(err, "%s: %s", path, strerror(errno))
		       : copy_bytes(in, out, err);
	close(in);
	if (out != -1)
		close(out);
	return rc == 0 ? 0 : mm_err_in(err, "%s", name);
}

static bool
is_log(const char *name)
{
	return strncmp(name, "log.", 4) == 0 && strlen(name) == 14 &&
	       strspn(name + 4, "0123456789") == 10;
}

static int
copy_logs(struct work *work, struct mm_err *err)
{
	DIR *dir = opendir(work->from);
	const struct dirent *entry;
	int rc = 0;

	if (dir == NULL)
		return mm_err_set(err, "%s", strerror(errno));
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		if (!is_log(entry->d_name))
			continue;
		if ((rc = copy_file(work, entry->d_name, err)) == 0)
			work->log_files++;
		else if (rc == 1) /* its owner has no more use for it */
			rc = 0;
	}
	closedir(dir);
	return rc;
}

static int
copy_databases(const struct work *work, struct mm_err *err)
{
	int found = 0;

	if (work->only != NULL)
		return copy_file(work, work->only, err) == 0
			   ? 0
			   : mm_err_set(err, "it has gone");
	for (size_t i = 0; i < 2; i++) {
		int rc = copy_file(work, databases[i], err);

		if (rc == -1)
			return -1;
		found += rc == 0;
	}
	return found > 0
		   ? 0
		   : mm_err_set(err, "there is no %s in it", databases[0]);
}

/* In the child: never returns. */
static void
become(const char *const argv[], int out)
{
	char *args[8] = {NULL};

	for (size_t i = 0; i < 7 && argv[i] != NULL; i++)
		args[i] = strdup(argv[i]);
	if (out != -1)
		dup2(out, STDOUT_FILENO);
	execvp(args[0], args);
	_exit(errno == ENOENT ? 127 : 126);
}

/* Runs "db5.3_NAME" or, for want of that, "db_NAME". */
static int
run(const char *name, const char *const rest[], FILE *out, struct mm_err *err)
{
	static const char *const prefixes[] = {"db5.3_", "db_"};
	int status = 0;

	for (size_t i = 0; i < 2; i++) {
		const char *argv[8] = {NULL};
		char program[32];
		pid_t pid;

		snprintf(program, sizeof(program), "%s%s", prefixes[i], name);
		argv[0] = program;
		for (size_t n = 0; n < 6 && rest[n] != NULL; n++)
			argv[n + 1] = rest[n];
		if (out != NULL)
			fflush(out);
		if ((pid = fork()) == 0)
			become(argv, out != NULL ? fileno(out) : -1);
		while (pid > 0 && waitpid(pid, &status, 0) == -1)
			if (errno != EINTR)
				pid = -1;
		if (pid == -1)
			return mm_err_set(
			    err, "%s: %s", program, strerror(errno));
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 127)
			break;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return mm_err_set(err,
		    "Berkeley DB's db_%s is not installed: it is in the "
		    "package db5.3-util",
		    name);
	return status == 0
		   ? 0
		   : mm_err_set(err, "Berkeley DB's db_%s has failed", name);
}

static int
dump(const struct work *work, FILE *out, struct mm_err *err)
{
	char path[sizeof(work->copy) + NAME_MAX + 2];

	if (work->log_files > 0 &&
	    run("recover", (const char *[]){"-c", "-h", work->copy, NULL}, NULL,
		err) != 0)
		return -1;
	for (size_t i = 0; i < 2; i++) {
		const char *name =
		    work->only != NULL ? work->only : databases[i];

		snprintf(path, sizeof(path), "%s/%s", work->copy, name);
		if (access(path, F_OK) != 0)
			continue;
		if (run("dump", (const char *[]){"-p", path, NULL}, out, err) !=
		    0)
			return -1;
		if (fseek(out, 0, SEEK_END) != 0)
			return mm_err_set(err, "%s", strerror(errno));
		if (work->only != NULL)
			break;
	}
	return 0;
}

static void
remove_copy(const struct work *work)
{
	char path[sizeof(work->copy) + NAME_MAX + 2];
	DIR *dir = opendir(work->copy);
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		snprintf(
		    path, sizeof(path), "%s/%s", work->copy, entry->d_name);
		unlink(path); /* not "." and ".." */
	}
	if (dir != NULL)
		closedir(dir);
	rmdir(work->copy);
}

/* postgrey holds a lock for as long as it runs. */
static bool
is_in_use(const struct work *work)
{
	char path[PATH_MAX + 16];
	bool locked;
	int fd;

	snprintf(path, sizeof(path), "%s/postgrey.lock", work->from);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return false;
	locked = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	return locked;
}

/* Directory and file of path. */
static int
take_apart(struct work *work, const char *path, struct mm_err *err)
{
	const char *slash = strrchr(path, '/');
	struct stat st;

	if (strlen(path) >= sizeof(work->from) || stat(path, &st) != 0)
		return mm_err_set(err, "%s", strerror(errno));
	if (S_ISDIR(st.st_mode)) {
		snprintf(work->from, sizeof(work->from), "%s", path);
		return 0;
	}
	work->only = slash != NULL ? slash + 1 : path;
	if (slash == NULL)
		snprintf(work->from, sizeof(work->from), ".");
	else
		snprintf(work->from, sizeof(work->from), "%.*s",
		    (int)(slash + 1 - path), path);
	return 0;
}

int
foreign_source_berkeley(
    const char *path, FILE *out, bool *in_use, struct mm_err *err)
{
	const char *tmp = getenv("TMPDIR");
	struct work work = {.log_files = 0};
	int rc = take_apart(&work, path, err);

	if (rc != 0)
		return rc;
	if (snprintf(work.copy, sizeof(work.copy), "%s/mailmumctl-XXXXXX",
		tmp != NULL ? tmp : "/tmp") >= (int)sizeof(work.copy))
		return mm_err_set(err, "TMPDIR is too long a name");
	*in_use = is_in_use(&work);
	if (mkdtemp(work.copy) == NULL)
		return mm_err_set(err, "%s: %s", work.copy, strerror(errno));
	rc = copy_databases(&work, err);
	if (rc == 0)
		rc = copy_logs(&work, err);
	if (rc == 0)
		rc = dump(&work, out, err);
	remove_copy(&work);
	return rc;
}

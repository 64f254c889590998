/* import - reads main.cf and master.cf, writes mailmum.conf, and says what
 * has to be done in Postfix. */
#include "ctl/import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/ctl.h"

/* The whole file, or standard input, as text.  The caller frees.  NULL: *why.
 */
static char *
read_text(const char *path, const char **why)
{
	int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO)
					: open(path, O_RDONLY | O_CLOEXEC);
	char *data = fd >= 0 ? malloc(IMPORT_FILE_MAX + 1) : NULL;
	size_t len = 0;
	ssize_t got = data != NULL ? 1 : -1;

	while (got > 0 && len <= IMPORT_FILE_MAX) {
		got = read(fd, data + len, IMPORT_FILE_MAX + 1 - len);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			len += (size_t)got;
	}
	*why = got < 0		       ? strerror(errno)
	       : len > IMPORT_FILE_MAX ? "larger than 4 MB"
				       : NULL;
	if (fd >= 0)
		close(fd);
	if (*why == NULL)
		data[len] = '\0';
	if (*why == NULL && memchr(data, '\0', len) != NULL)
		*why = "there is a NUL byte in it";
	if (*why != NULL) {
		free(data);
		return NULL;
	}
	return data;
}

/* master.cf beside main.cf; NULL: there is none.  The caller frees. */
static char *
beside(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name;

	if (strcmp(path, "-") == 0 ||
	    asprintf(&name, "%.*smaster.cf",
		slash != NULL ? (int)(slash + 1 - path) : 0, path) < 0)
		return NULL;
	if (access(name, F_OK) == 0)
		return name;
	free(name);
	return NULL;
}

/* A file that was not there before. */
static int
write_new(const struct ctl *ctl, const struct import *im, const char *path,
    bool commands)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (out == NULL) {
		int code = ctl_fail(ctl, EX_IOERR, "%s: %s", path,
		    errno == EEXIST ? "is there already and stays as it is"
				    : strerror(errno));
		if (fd >= 0)
			close(fd);
		return code;
	}
	if (commands)
		import_print_commands(im, out);
	else
		fputs(im->policy, out);
	if (fclose(out) != 0)
		return ctl_fail(ctl, EX_IOERR, "%s: %m", path);
	return 0;
}

/* Into a directory both files go, else the policy alone.  *policy and
 * *commands: their names, the caller's; NULL: it is not written. */
static int
write_output(const struct ctl *ctl, const struct import *im, char **policy,
    char **commands)
{
	char *path = NULL, *script = NULL;
	struct stat st;
	int code = 0, len;

	if (ctl->output == NULL)
		return 0;
	len = (int)strlen(ctl->output);
	while (len > 1 && ctl->output[len - 1] == '/')
		len--;
	if (stat(ctl->output, &st) != 0 || !S_ISDIR(st.st_mode))
		path = strdup(ctl->output);
	else if (asprintf(&path, "%.*s/mailmum.conf", len, ctl->output) < 0 ||
		 asprintf(&script, "%.*s/postfix-commands", len, ctl->output) <
		     0)
		return ctl_fail(ctl, EX_OSERR, "out of memory");
	if (path == NULL)
		return ctl_fail(ctl, EX_OSERR, "out of memory");
	if (script != NULL && access(script, F_OK) == 0)
		code = ctl_fail(ctl, EX_IOERR,
		    "%s: is there already and stays as it is", script);
	if (code == 0)
		code = write_new(ctl, im, path, false);
	if (code == 0 && script != NULL)
		code = write_new(ctl, im, script, true);
	*policy = path;
	*commands = script;
	return code;
}

/* master NULL: there is none. */
static int
import(const struct ctl *ctl, const char *main_text, const char *master,
    const char *master_text)
{
	struct import im = {
	    .main = strcmp(ctl->argument, "-") == 0 ? "main.cf" : ctl->argument,
	    .master = master,
	};
	char *written = NULL, *script = NULL;
	int code;

	if (import_make(&im, main_text, master_text) != 0)
		code = ctl_fail(ctl, EX_OSERR, "out of memory");
	else if ((code = write_output(ctl, &im, &written, &script)) == 0) {
		if (!ctl->json)
			import_print(&im, stdout, written, script);
		else if (import_print_json(&im, stdout, written) != 0)
			code = ctl_fail(ctl, EX_IOERR, "cannot write: %m");
		if (code == 0 && im.mistakes.errors > 0)
			code = EX_CONFIG;
	}
	free(script);
	free(written);
	import_clear(&im);
	return code;
}

int
ctl_import(const struct ctl *ctl)
{
	const char *why;
	char *found = ctl->master == NULL ? beside(ctl->argument) : NULL;
	const char *master = ctl->master != NULL ? ctl->master : found;
	char *main_text = read_text(ctl->argument, &why), *master_text = NULL;
	int code = 0;

	if (main_text == NULL)
		code = ctl_fail(ctl, EX_CONFIG, "%s: %s", ctl->argument, why);
	else if (master != NULL &&
		 (master_text = read_text(master, &why)) == NULL)
		code = ctl_fail(ctl, EX_CONFIG, "%s: %s", master, why);
	if (code == 0)
		code = import(ctl, main_text, master, master_text);
	free(main_text);
	free(master_text);
	free(found);
	return code;
}

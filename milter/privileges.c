/* privileges - see privileges.h. */
#include "milter/privileges.h"

#include <assert.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/settings.h"

/* The default need not exist: there are other MTAs. */
#define DEFAULT_GROUP "postfix"

static int
find_group(const char *name, struct privileges *ret, struct mm_err *err)
{
	const struct group *group;

	ret->socket_group = getegid();
	if (name[0] == '\0')
		return 0;
	if ((group = getgrnam(name)) != NULL)
		ret->socket_group = group->gr_gid;
	else if (strcmp(name, DEFAULT_GROUP) != 0)
		return mm_err_set(
		    err, "milter_socket_group: there is no group \"%s\"", name);
	return 0;
}

int
privileges_find(const struct mm_settings *settings, struct privileges *ret,
    struct mm_err *err)
{
	struct privileges found = {.uid = getuid(), .gid = getgid()};
	const struct passwd *user;

	if (find_group(settings->milter_socket_group, &found, err) != 0)
		return -1;
	if (geteuid() == 0 && settings->user[0] != '\0') {
		if ((user = getpwnam(settings->user)) == NULL)
			return mm_err_set(err,
			    "user: there is no user \"%s\"; create it with "
			    "\"adduser --system --group %s\", or set \"user "
			    "=\" "
			    "to stay root",
			    settings->user, settings->user);
		found.change = true;
		found.uid = user->pw_uid;
		found.gid = user->pw_gid;
		snprintf(found.user, sizeof(found.user), "%s", settings->user);
	}
	*ret = found;
	return 0;
}

void
privileges_make_directory(
    const struct privileges *who, const char *path, mode_t mode)
{
	if (mkdir(path, mode) != 0 || !who->change)
		return;
	/* who may write beside it could have put a link in its place */
	if (lchown(path, who->uid, who->gid) != 0)
		return;
}

struct privileges_were
privileges_for_socket(const struct privileges *who, unsigned mode)
{
	struct privileges_were were = {
	    .mask = umask(~(mode_t)mode & 0777), .group = getegid()};

	/* not root, and not our group: the socket keeps the one we have */
	if (were.group != who->socket_group && setegid(who->socket_group) != 0)
		were.group = getegid();
	return were;
}

void
privileges_restore(struct privileges_were were)
{
	int rc = setegid(were.group);

	assert(rc == 0); /* it was ours, and is one of our saved ones */
	(void)rc;
	umask(were.mask);
}

int
privileges_drop(const struct privileges *who, struct mm_err *err)
{
	if (who->change && (initgroups(who->user, who->gid) != 0 ||
			       setresgid(who->gid, who->gid, who->gid) != 0 ||
			       setresuid(who->uid, who->uid, who->uid) != 0))
		return mm_err_set(
		    err, "cannot become %s: %s", who->user, strerror(errno));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return mm_err_set(err, "no_new_privs: %s", strerror(errno));
	return 0;
}

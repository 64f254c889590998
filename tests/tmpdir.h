/*
 * tmpdir - a directory of a test's own, gone with all its files afterwards.
 */
#ifndef MM_TMPDIR_H
#define MM_TMPDIR_H

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The caller frees it with tmpdir_free.  NULL: there is none. */
static inline char *
tmpdir_new(void)
{
	char *path = strdup("/tmp/mailmum.XXXXXX");

	if (path != NULL && mkdtemp(path) != NULL)
		return path;
	free(path);
	return NULL;
}

static inline void
tmpdir_free(char *path)
{
	DIR *dir = path == NULL ? NULL : opendir(path);
	const struct dirent *file;

	while (dir != NULL && (file = readdir(dir)) != NULL)
		unlinkat(dirfd(dir), file->d_name, 0);
	if (dir != NULL)
		closedir(dir);
	if (path != NULL)
		rmdir(path);
	free(path);
}

#endif

/* suffix - see suffix.h. */
#include "lib/suffix.h"

#include <errno.h>
#include <libpsl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"

struct mm_suffixes {
	psl_ctx_t *psl;
	char *path; /* NULL: the system's */
	struct mm_file_state state;
};

/* -1: *err. */
static int
load(struct mm_suffixes *s, const char *path, struct mm_err *err)
{
	if (*path == '\0') {
		s->psl = psl_latest(NULL);
		return s->psl != NULL ? 0
				      : mm_err_set(err,
					    "there is no public suffix list: "
					    "the package publicsuffix has one");
	}
	if ((s->path = strdup(path)) == NULL)
		return mm_err_set(err, "out of memory");
	s->state = mm_file_look(path);
	if (access(path, R_OK) != 0)
		return mm_err_set(err, "%s: %s", path, strerror(errno));
	if ((s->psl = psl_load_file(path)) == NULL)
		return mm_err_set(err, "%s: not a public suffix list", path);
	return 0;
}

struct mm_suffixes *
mm_suffixes_open(const char *path, struct mm_err *err)
{
	struct mm_suffixes *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		mm_err_set(err, "out of memory");
		return NULL;
	}
	if (load(s, path, err) == 0)
		return s;
	mm_suffixes_free(s);
	return NULL;
}

void
mm_suffixes_free(struct mm_suffixes *suffixes)
{
	if (suffixes == NULL)
		return;
	psl_free(suffixes->psl);
	free(suffixes->path);
	free(suffixes);
}

void
mm_suffixes_files(
    const struct mm_suffixes *suffixes, mm_file_each *each, void *ctx)
{
	if (suffixes->path != NULL)
		each(ctx, suffixes->path, &suffixes->state);
}

const char *
mm_suffixes_domain(const struct mm_suffixes *suffixes, const char *name)
{
	return psl_registrable_domain(suffixes->psl, name);
}

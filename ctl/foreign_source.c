/* foreign_source - see foreign_source.h: what it is, and files of text. */
#include "ctl/foreign_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/foreign.h"
#include "lib/err.h"

/* What a file begins with. */
enum sort { TEXT, SQLITE, BERKELEY };

#define BTREE_AT 12 /* Berkeley DB's magic number, in either order */
static const unsigned char btree[4] = {0x00, 0x05, 0x31, 0x62};

static enum sort
sort_of(FILE *in)
{
	static const char sqlite[] = "SQLite format 3";
	unsigned char head[16] = {0};
	bool same = true, reversed = true;
	size_t len = fread(head, 1, sizeof(head), in);

	rewind(in);
	if (len < sizeof(head))
		return TEXT;
	if (memcmp(head, sqlite, sizeof(sqlite)) == 0)
		return SQLITE;
	for (size_t i = 0; i < sizeof(btree); i++) {
		same = same && head[BTREE_AT + i] == btree[i];
		reversed = reversed && head[BTREE_AT + i] == btree[3 - i];
	}
	return same || reversed ? BERKELEY : TEXT;
}

/* All of in, to be read twice. */
static int
copy(FILE *in, FILE *out, struct mm_err *err)
{
	char buf[65536];
	size_t len;

	while ((len = fread(buf, 1, sizeof(buf), in)) > 0)
		if (fwrite(buf, 1, len, out) != len)
			return mm_err_set(err, "cannot write: %m");
	return ferror(in) ? mm_err_set(err, "cannot read: %m") : 0;
}

/* A database is written to out; in is a file that has been opened. */
static int
convert(struct foreign_source *source, const char *path, enum sort sort,
    const struct foreign_program *program, FILE *out, struct mm_err *err)
{
	enum sort wants = program == &foreign_postgrey	? BERKELEY
			  : program == &foreign_sqlgrey ? SQLITE
							: TEXT;

	if (sort != wants)
		return mm_err_set(err, "this is none of %s's", program->name);
	return sort == BERKELEY
		   ? foreign_source_berkeley(path, out, &source->in_use, err)
		   : foreign_source_sqlite(path, out, err);
}

/* The text itself, or out, into which it was written. */
static int
fill(struct foreign_source *source, const char *path, FILE *in,
    const struct foreign_program *program, FILE *out, struct mm_err *err)
{
	struct stat st;
	enum sort sort;

	if (fstat(fileno(in), &st) != 0)
		return mm_err_set(err, "%m");
	if (S_ISDIR(st.st_mode))
		return convert(source, path, BERKELEY, program, out, err);
	if (!S_ISREG(st.st_mode))
		return copy(in, out, err);
	if ((sort = sort_of(in)) != TEXT && strcmp(path, "-") != 0)
		return convert(source, path, sort, program, out, err);
	if (sort != TEXT)
		return mm_err_set(err, "a database can only be read by name");
	source->text = in;
	return 0;
}

int
foreign_source_open(struct foreign_source *ret, const char *path,
    const struct foreign_program *program, struct mm_err *err)
{
	bool standard = strcmp(path, "-") == 0;
	struct foreign_source source = {
	    .name = standard ? "standard input" : path};
	int fd =
	    standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	FILE *in = fd >= 0 ? fdopen(fd, "r") : NULL;
	FILE *out = in != NULL ? tmpfile() : NULL;
	int rc;

	if (out == NULL)
		rc = mm_err_set(err, "%s", strerror(errno));
	else
		rc = fill(&source, path, in, program, out, err);
	if (rc == 0 && source.text == NULL && fflush(out) != 0)
		rc = mm_err_set(err, "cannot write: %m");
	if (rc == 0) {
		if (source.text == NULL) {
			source.text = out;
			out = NULL;
		} else {
			in = NULL;
		}
		rewind(source.text);
		*ret = source;
	} else {
		mm_err_in(err, "%s", source.name);
	}
	if (in != NULL)
		fclose(in);
	else if (fd >= 0 && source.text == NULL)
		close(fd);
	if (out != NULL)
		fclose(out);
	return rc;
}

void
foreign_source_close(struct foreign_source *source)
{
	if (source->text != NULL)
		fclose(source->text);
	*source = (struct foreign_source){0};
}

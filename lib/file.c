/* file - see file.h. */
#include "lib/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"

struct mm_file_state
mm_file_state_of(const struct stat *st)
{
	return (struct mm_file_state){
	    .device = st->st_dev,
	    .inode = st->st_ino,
	    .size = st->st_size,
	    .changed_s = st->st_mtim.tv_sec,
	    .changed_ns = st->st_mtim.tv_nsec,
	};
}

struct mm_file_state
mm_file_look(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return (struct mm_file_state){0};
	return mm_file_state_of(&st);
}

bool
mm_file_same(const struct mm_file_state *a, const struct mm_file_state *b)
{
	return a->device == b->device && a->inode == b->inode &&
	       a->size == b->size && a->changed_s == b->changed_s &&
	       a->changed_ns == b->changed_ns;
}

/* All of it, and a NUL behind it.  NULL: *err says what, not where. */
static char *
read_all(int fd, size_t size, struct mm_err *err)
{
	char *text = malloc(size + 1);
	size_t got = 0;
	ssize_t n = 1;

	if (text == NULL) {
		mm_err_set(err, "out of memory");
		return NULL;
	}
	while (got < size && n > 0) {
		n = read(fd, text + got, size - got);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			got += (size_t)n;
	}
	text[got] = '\0';
	if (n < 0)
		mm_err_set(err, "%s", strerror(errno));
	else if (strlen(text) != got)
		mm_err_set(err, "not a text file");
	else
		return text;
	free(text);
	return NULL;
}

char *
mm_file_read(const char *path, size_t most, struct mm_file_state *state,
    struct mm_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		mm_err_set(err, "%s", strerror(errno));
	else if (!S_ISREG(st.st_mode))
		mm_err_set(err, "not a regular file");
	else if ((uint64_t)st.st_size > most)
		mm_err_set(err, "larger than %zu bytes", most);
	else
		text = read_all(fd, (size_t)st.st_size, err);
	if (fd >= 0)
		close(fd);
	if (text != NULL)
		*state = mm_file_state_of(&st);
	else
		mm_err_in(err, "%.300s", path);
	return text;
}

/* file - see file.h. */
#include "lib/file.h"

#include <sys/stat.h>

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

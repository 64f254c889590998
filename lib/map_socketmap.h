/*
 * map_socketmap - the reply of a socketmap server, socketmap_table(5), as far
 * as it has come; for socketmap: and its fuzzing.
 *
 * Threads: pure.
 */
#ifndef MM_MAP_SOCKETMAP_H
#define MM_MAP_SOCKETMAP_H

#include <stddef.h>

enum mm_socketmap_read {
	MM_SOCKETMAP_MORE, /* it goes on */
	MM_SOCKETMAP_FOUND,
	MM_SOCKETMAP_NOTHING,
	MM_SOCKETMAP_FAILED, /* text: what the server says */
	MM_SOCKETMAP_BAD,    /* it is no reply */
};

#define MM_SOCKETMAP_DATA_MAX 100000
#define MM_SOCKETMAP_REPLY_MAX (MM_SOCKETMAP_DATA_MAX + 16)

/* Text behind the status: in data, not terminated. */
struct mm_socketmap_text {
	const char *text;
	size_t len;
};
enum mm_socketmap_read mm_socketmap_read(
    const char *data, size_t len, struct mm_socketmap_text *ret);

#endif

/*
 * import_master - the services of a master.cf, with their "-o" overrides.
 *
 * Threads: pure.
 */
#ifndef MM_CTL_IMPORT_MASTER_H
#define MM_CTL_IMPORT_MASTER_H

#include <stdbool.h>
#include <stddef.h>

struct mm_arena;
struct mm_complaints;

struct import_override {
	struct import_override *next;
	const char *name, *value;
};

/* master(5): one logical line. */
struct import_service {
	struct import_service *next;
	const char *name, *type, *command;
	char chroot; /* y, n, or -: as compatibility_level has it */
	unsigned line;
	struct import_override *overrides; /* the last one of a name counts */
};

struct import_master {
	struct import_service *first;
};

/* What is wrong is complained about and left out.  -1: out of memory. */
int import_master_parse(const char *text, const char *file,
    struct mm_arena *arena, struct mm_complaints *all,
    struct import_master *ret);
/* The value of an override, NULL: there is none. */
const char *import_override(
    const struct import_service *service, const char *name);

#endif

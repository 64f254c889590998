/*
 * tables - opens tables for tests and looks things up in them.
 */
#ifndef MM_TABLES_H
#define MM_TABLES_H

#include "lib/conf.h"
#include "lib/map.h"

/* A table from text that stands for the file "t", without complaints. */
struct mm_map *table_of(const char *type, const char *text);
/* One in its specification, without complaints. */
struct mm_map *table_open(const char *spec);
/* The value of key, in static memory; NULL: nothing found. */
const char *table_get(const struct mm_map *map, const char *key);
/*
 * What is said about text: "LINE: complaint" lines, "notice: " before those
 * that are no error, "failed: ..." where there is no table at all; in static
 * memory.
 */
const char *table_complaints(const char *type, const char *text);
const char *spec_complaints(const char *spec);

#endif

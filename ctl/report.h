/*
 * report - where a report's entries come from, and its three renderings.
 *
 * Threads: confined.
 */
#ifndef MM_CTL_REPORT_H
#define MM_CTL_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct mm_err;
struct mm_report;

/* What stands in the report's head. */
struct report_head {
	int64_t now, since, until; /* INT64_MIN, INT64_MAX: no limit */
	char from[512];		   /* the files, or the journal */
};

/*
 * A file, plain or gzipped, "-" for the standard input.  rotated: also the
 * older parts of it that logrotate has put beside it and that may hold
 * something since then.  names: of what was read, for the head.  -1: *err.
 */
int report_read_file(struct mm_report *report, const char *path, bool rotated,
    char *names, size_t size, struct mm_err *err);
/* The journal: the system's with path NULL, else a directory or a file. */
int report_read_journal(
    struct mm_report *report, const char *path, struct mm_err *err);

void report_print_text(
    const struct mm_report *report, const struct report_head *head, FILE *out);
/* -1: it could not be written. */
int report_print_json(
    const struct mm_report *report, const struct report_head *head, FILE *out);
void report_print_html(
    const struct mm_report *report, const struct report_head *head, FILE *out);

/* "45 s", "12.5 min", "3.5 h", "2.1 d" */
const char *report_duration(uint64_t seconds, char text[32]);

#endif

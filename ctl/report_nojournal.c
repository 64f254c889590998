/* report_nojournal - stands in for report_journal where libsystemd is not. */
#include "ctl/report.h"
#include "lib/err.h"

int
report_read_journal(
    struct mm_report *report, const char *path, struct mm_err *err)
{
	(void)report;
	(void)path;
	return mm_err_set(err, "the journal: built without libsystemd");
}

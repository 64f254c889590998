/* sink_nojournal - stands in for sink_journal where libsystemd is not. */
#include <stddef.h>

#include "lib/err.h"
#include "lib/sink.h"

struct mm_sink *
mm_sink_journal_open(const char *arg, struct mm_err *err)
{
	(void)arg;
	mm_err_set(err, "the journal: built without libsystemd");
	return NULL;
}

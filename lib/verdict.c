/* verdict - see verdict.h. */
#include "lib/verdict.h"

#include "lib/name.h"

static const struct mm_name words[] = {
    {MM_ACCEPT, "accept"},
    {MM_REJECTED, "reject"},
    {MM_DEFERRED, "defer"},
    {MM_GREYLISTED, "greylist"},
    {MM_WARNED, "warn"},
    {MM_INFORMED, "info"},
};

const char *
mm_verdict_word(enum mm_verdict verdict)
{
	return mm_name_word(words, sizeof(words) / sizeof(words[0]), verdict);
}

/* health - see health.h. */
#include "milter/health.h"

#include "lib/lists.h"
#include "milter/service.h"

/* One list that is down is a matter of that list; all of them are one of the
 * resolver, or of what it asks. */
static bool
lists_answer(struct service *service)
{
	struct mm_list_stat stat;
	size_t n = 0, dead = 0;

	while (mm_lists_stat(service_lists(service), n, &stat)) {
		dead += stat.state == MM_LIST_DEAD;
		n++;
	}
	return n == 0 || dead < n;
}

bool
health_write(struct service *service, FILE *out)
{
	bool well = true;

	for (enum trouble t = 0; t < NTROUBLES; t++) {
		if (!service_troubled(service, t))
			continue;
		service_trouble_say(t, out);
		well = false;
	}
	if (!lists_answer(service)) {
		fputs(
		    "no DNS list answers; mail is judged without them\n", out);
		well = false;
	}
	if (well)
		fputs("ok\n", out);
	return well;
}

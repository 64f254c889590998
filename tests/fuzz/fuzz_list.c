/*
 * fuzz_list - any text as a list of restrictions: from the configuration, and
 * from a table or a policy service while mail waits.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/err.h"
#include "lib/policyd.h"
#include "lib/program.h"
#include "lib/site.h"

/* What all inputs share: two classes, default settings. */
static struct mm_program program;
static const struct mm_settings *settings;
static const struct mm_site *site;

static void
prepare(void)
{
	struct mm_complaints all = {0};
	struct mm_conf *conf;
	struct mm_err err;

	conf = mm_conf_parse("myhostname = h.example\n", "f", &all, &err);
	settings = mm_settings_read(conf, &all);
	if (settings == NULL ||
	    (site = mm_site_read(settings, conf, &all)) == NULL ||
	    mm_program_class(&program, "strict", 1) != 0 ||
	    mm_program_class(&program, "Lax", 2) != 0)
		abort();
	mm_conf_free(conf);
	mm_complaints_clear(&all);
}

static void
parse(const char *text, bool at_run_time)
{
	struct mm_complaints all = {0};
	struct mm_policyds services = {0};
	struct mm_load load = {
	    .settings = settings,
	    .site = site,
	    .services = &services,
	    .language = &mm_program_language,
	    .program = &program,
	    .at_run_time = at_run_time,
	    .all = &all,
	    .file = "fuzz.conf",
	    .line = 1,
	};
	struct mm_list *list = mm_program_language.parse(text, &load);

	if (list == NULL)
		abort();
	for (size_t i = 0; i < list->nsteps; i++) {
		if (list->steps[i].what == NULL || list->steps[i].text == NULL)
			abort();
	}
	mm_program_language.free(list);
	mm_policyds_clear(&services);
	mm_complaints_clear(&all);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = calloc(1, size + 1);

	if (text == NULL)
		abort();
	if (size > 0)
		memcpy(text, data, size);
	if (settings == NULL)
		prepare();
	/* what files hold is fuzz_map's */
	if (strstr(text, ":/") == NULL)
		parse(text, false);
	if (strchr(text, ':') == NULL)
		parse(text, true);
	free(text);
	return 0;
}

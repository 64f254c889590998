/* fuzz_conf - configuration files, every value of them expanded. */
#include "lib/conf.h"
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char *
fallback(void *ctx, const char *name)
{
	(void)ctx;
	return name[0] == 'm' ? "$n" : NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct mm_complaints all = {0};
	struct mm_conf *conf;
	struct mm_text value;
	struct mm_err err;
	unsigned line, last = 1;

	assert(text != NULL);
	for (const char *p = text; *p != '\0'; p++)
		last += *p == '\n';
	conf = mm_conf_parse(text, "fuzz", &all, &err);
	assert(conf != NULL && !all.failed);
	for (size_t i = 0; i < mm_conf_count(conf) && i < 100; i++) {
		const char *name = mm_conf_name(conf, i);

		assert(mm_conf_line(conf, i) <= last);
		line = 0;
		if (mm_conf_expand(
			conf, name, fallback, NULL, &value, &line, &err) != 1) {
			assert(line >= 1 && line <= last);
			continue;
		}
		for (size_t at = 0; at <= strlen(value.data); at++) {
			line = mm_text_line(&value, at);
			assert(line >= 1 && line <= last);
		}
		mm_text_clear(&value);
	}
	for (size_t i = 0; i < all.n; i++)
		assert(all.list[i].line >= 1 && all.list[i].line <= last);
	mm_conf_free(conf);
	mm_complaints_clear(&all);
	free(text);
	return 0;
}

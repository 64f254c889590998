/* map_inline - inline:{ key=value, { key = text, with commas } }. */
#include "lib/map_type.h"

#include "lib/err.h"

#include <string.h>

/* "key = value", in place. */
static int
split(char *text, char **key, char **value, struct mm_err *err)
{
	char *end = mm_map_key_end(text, '=', err), *equals;

	if (end == NULL)
		return -1;
	equals = end + strspn(end, MM_MAP_BLANKS);
	if (*equals != '=')
		return mm_err_set(err,
		    "\"%.60s\" is not key=value; a value with blanks is "
		    "written {key = value}",
		    text);
	*value = equals + 1 + strspn(equals + 1, MM_MAP_BLANKS);
	*end = '\0';
	if (*text == '\0')
		return mm_err_set(
		    err, "a key is missing before \"=%.60s\"", *value);
	if (**value == '\0')
		return mm_err_set(
		    err, "a value is missing behind \"%.60s=\"", text);
	*key = text;
	return 0;
}

static void *
inline_read(const struct mm_map_type *type, struct mm_map_source *source,
    struct mm_err *err)
{
	return mm_map_keys_read(type, source, split, err);
}

const struct mm_map_type mm_map_inline = {
    .name = "inline",
    .kind = MM_MAP_KEYED,
    .forms = MM_MAP_BRACES,
    .twice = MM_MAP_LAST_STANDS,
    .example = "key=value",
    .read = inline_read,
    .free = mm_map_keys_free,
    .lookup = mm_map_keys_lookup,
    .row = mm_map_keys_row,
};

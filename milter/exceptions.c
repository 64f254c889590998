/* exceptions - see exceptions.h. */
#include "milter/exceptions.h"

#include <stdint.h>

#include "lib/exempt.h"
#include "lib/json.h"
#include "lib/policy.h"
#include "milter/service.h"

static void
write_exception(struct mm_json *json, const struct mm_exempt_entry *entry)
{
	int64_t last;
	uint64_t used = mm_exempt_used(entry, &last);

	mm_json_object(json, NULL);
	mm_json_string(json, "kind", mm_exempt_kind_word(entry->kind));
	mm_json_string(json, "pattern", entry->pattern);
	mm_json_string(json, "file", entry->file);
	mm_json_uint(json, "line", entry->line);
	mm_json_string(json, "reason", entry->reason);
	mm_json_string(json, "source", entry->source);
	mm_json_string(json, "date", entry->date);
	mm_json_uint(json, "used", used);
	mm_json_int(json, "last", last);
	mm_json_end(json);
}

int
exceptions_write(struct service *service, FILE *out)
{
	struct mm_policy *policy = service_policy(service);
	const struct mm_exempt *exempt = mm_policy_exempt(policy);
	const struct mm_exempt_entry *entry;
	struct mm_json json;

	mm_json_init(&json, out);
	mm_json_object(&json, NULL);
	mm_json_array(&json, "exceptions");
	for (size_t i = 0; (entry = mm_exempt_entry(exempt, i)) != NULL; i++)
		write_exception(&json, entry);
	mm_json_end(&json);
	mm_json_end(&json);
	mm_policy_unref(policy);
	return mm_json_finish(&json);
}

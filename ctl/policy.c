/* policy - see policy.h. */
#include "ctl/policy.h"

#include "ctl/ctl.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/policy.h"

void
ctl_complaint_print(FILE *out, const struct mm_complaint *complaint)
{
	char text[MM_COMPLAINT_MAX];

	mm_complaint_format(complaint, text);
	fprintf(out, "%s\n", text);
}

int
ctl_policy_load(const struct ctl *ctl, struct mm_policy **ret)
{
	struct mm_complaints all = {0};
	struct mm_err err;
	int code = 0;

	*ret = mm_policy_load(ctl->config, &all, &err);
	for (size_t i = 0; i < all.n && *ret == NULL; i++)
		if (all.list[i].severity == MM_ERROR)
			ctl_complaint_print(stderr, &all.list[i]);
	if (*ret == NULL)
		code = ctl_fail(ctl, EX_CONFIG, "%s", err.text);
	mm_complaints_clear(&all);
	return code;
}

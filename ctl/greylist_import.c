/*
 * greylist_import - takes what another greylisting program has learned into
 * the store, which nobody else may have open at the time.
 */
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/foreign_source.h"
#include "ctl/foreign_take.h"
#include "ctl/policy.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "lib/policy.h"
#include "lib/settings.h"
#include "lib/str.h"

/* The report's lines, in both its forms. */
static const struct number {
	const char *name; /* of JSON; behind "left_": it does not come along */
	size_t offset;	  /* in struct foreign_counts */
	const char *one, *more;
} numbers[] = {
    {"known", offsetof(struct foreign_counts, known), "triplet that has passed",
	"triplets that have passed"},
    {"waiting", offsetof(struct foreign_counts, waiting), "triplet that waits",
	"triplets that wait"},
    {"senders", offsetof(struct foreign_counts, senders),
	"sender that is known at its network",
	"senders that are known at their networks"},
    {"domains", offsetof(struct foreign_counts, domains),
	"sender's domain that is known at its network",
	"senders' domains that are known at their networks"},
    {"clients", offsetof(struct foreign_counts, clients),
	"client whose passes were counted",
	"clients whose passes were counted"},
    {"allowed", offsetof(struct foreign_counts, allowed),
	"of these is allowed from now on", "of these are allowed from now on"},
    {"left_expired", offsetof(struct foreign_counts, expired),
	"has not been seen for greylist_max_age",
	"have not been seen for greylist_max_age"},
    {"left_gave_up", offsetof(struct foreign_counts, gave_up),
	"has waited for longer than greylist_retry_window",
	"have waited for longer than greylist_retry_window"},
    {"left_wide", offsetof(struct foreign_counts, wide),
	"waits for a network wider than greylist_ipv4_prefix or "
	"greylist_ipv6_prefix",
	"wait for networks wider than greylist_ipv4_prefix or "
	"greylist_ipv6_prefix"},
    {"left_hashed", offsetof(struct foreign_counts, hashed),
	"is hashed (postgrey --privacy): nobody can tell whose it is",
	"are hashed (postgrey --privacy): nobody can tell whose they are"},
    {"left_tarpit", offsetof(struct foreign_counts, tarpit),
	"is a tarpit's, which never passed",
	"are a tarpit's, which never passed"},
    {"left_unknown", offsetof(struct foreign_counts, unknown),
	"is not understood", "are not understood"},
};

static uint64_t
value_of(const struct foreign_take *take, const struct number *number)
{
	return *(
	    const uint64_t *)((const char *)&take->counts + number->offset);
}

static bool
is_left(const struct number *number)
{
	return strncmp(number->name, "left_", 5) == 0;
}

static void
print_numbers(const struct foreign_take *take, bool left)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		uint64_t value = value_of(take, &numbers[i]);

		if (value > 0 && is_left(&numbers[i]) == left)
			printf("%10" PRIu64 "  %s\n", value,
			    value == 1 ? numbers[i].one : numbers[i].more);
	}
}

static bool
leaves_any(const struct foreign_take *take)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (is_left(&numbers[i]) && value_of(take, &numbers[i]) > 0)
			return true;
	return false;
}

static void
print_report(const struct ctl *ctl, const struct foreign_take *take,
    const struct foreign_source *source)
{
	uint64_t more = take->counts.unknown - take->ncomplaints;

	printf("%s, %s: %" PRIu64 " record%s\n", ctl->argument, source->name,
	    take->counts.records, take->counts.records == 1 ? "" : "s");
	print_numbers(take, false);
	if (leaves_any(take)) {
		puts("Left out:");
		print_numbers(take, true);
	}
	for (size_t i = 0; i < take->ncomplaints; i++)
		printf("%s\n", take->complaint[i].text);
	if (more > 0)
		printf("and %" PRIu64 " more.\n", more);
	if (source->in_use)
		printf("%s is running: what it learns from now on does not "
		       "come along.\n",
		    ctl->argument);
	if (ctl->dry_run)
		puts("Nothing was written.");
	else
		printf("Written to %s.\n", take->settings->state_directory);
}

static int
print_json(const struct ctl *ctl, const struct foreign_take *take,
    const struct foreign_source *source)
{
	struct mm_json json;

	mm_json_init(&json, stdout);
	mm_json_object(&json, NULL);
	mm_json_string(&json, "program", ctl->argument);
	mm_json_string(&json, "source", source->name);
	mm_json_bool(&json, "in_use", source->in_use);
	mm_json_bool(&json, "written", !ctl->dry_run);
	mm_json_uint(&json, "records", take->counts.records);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		mm_json_uint(
		    &json, numbers[i].name, value_of(take, &numbers[i]));
	mm_json_array(&json, "complaints");
	for (size_t i = 0; i < take->ncomplaints; i++)
		mm_json_string(&json, NULL, take->complaint[i].text);
	mm_json_end(&json);
	mm_json_end(&json);
	return mm_json_finish(&json);
}

/* The files must stay their owner's, who is the directory's. */
static int
become_owner(const char *directory, struct mm_err *err)
{
	struct stat st;

	if (stat(directory, &st) != 0)
		return mm_err_set(err, "%s: %s%s", directory, strerror(errno),
		    errno == ENOENT ? "; mailmum makes it when it starts" : "");
	if (geteuid() == st.st_uid)
		return 0;
	if (geteuid() != 0)
		return mm_err_set(err,
		    "%s: it is another user's: run this as root", directory);
	if (setgroups(0, NULL) != 0 ||
	    setresgid(st.st_gid, st.st_gid, st.st_gid) != 0 ||
	    setresuid(st.st_uid, st.st_uid, st.st_uid) != 0)
		return mm_err_set(err, "cannot become the owner of %s: %s",
		    directory, strerror(errno));
	return 0;
}

static int
write_all(struct foreign_take *take, const struct foreign_source *source,
    const struct foreign_program *program, struct mm_err *err)
{
	const struct mm_settings *settings = take->settings;
	const struct mm_store_config config = {
	    .directory = settings->state_directory,
	    .max_age = settings->greylist_max_age / 1000,
	    .waiting_age = settings->greylist_retry_window / 1000};
	struct mm_store *store;
	int rc;

	if (become_owner(settings->state_directory, err) != 0)
		return -1;
	if (mm_store_sqlite_alone(settings->state_directory, err) != 0)
		return -1;
	store = mm_store_sqlite_new(&config, &mm_clock_system, err);
	if (store == NULL)
		return -1;
	rc = foreign_store(
	    take, source->text, source->name, program, store, err);
	mm_store_free(store);
	return rc;
}

/* Another program's file, most likely. */
static int
none_understood(const struct ctl *ctl, const struct foreign_take *take,
    const struct foreign_source *source)
{
	return ctl_fail(ctl, EX_DATAERR,
	    "%s: nothing in it is as %s has it; %s", source->name,
	    ctl->argument, take->complaint[0].text);
}

static int
import(const struct ctl *ctl, const struct mm_settings *settings,
    const struct foreign_program *program, int64_t delay)
{
	struct foreign_take *take = calloc(1, sizeof(*take));
	struct foreign_source source = {0};
	struct mm_err err;
	int code = 0;

	if (take == NULL)
		return ctl_fail(ctl, EX_OSERR, "out of memory");
	take->settings = settings;
	take->now = mm_clock_wall(&mm_clock_system);
	take->delay = delay;
	if (foreign_source_open(&source, ctl->second, program, &err) != 0 ||
	    foreign_survey(take, source.text, source.name, program, &err) != 0)
		code = ctl_fail(ctl, EX_DATAERR, "%s", err.text);
	else if (take->counts.records > 0 &&
		 take->counts.unknown == take->counts.records)
		code = none_understood(ctl, take, &source);
	else if (!ctl->dry_run && write_all(take, &source, program, &err) != 0)
		code = ctl_fail(ctl, EX_IOERR, "%s", err.text);
	else if (!ctl->json)
		print_report(ctl, take, &source);
	else if (print_json(ctl, take, &source) != 0)
		code = ctl_fail(ctl, EX_IOERR, "cannot write: %m");
	foreign_source_close(&source);
	free(take);
	return code;
}

int
ctl_greylist_import(const struct ctl *ctl)
{
	const struct foreign_program *program =
	    foreign_program_find(ctl->argument);
	struct mm_policy *policy;
	int64_t delay = -1000;
	int code;

	if (program == NULL)
		return ctl_fail(ctl, CTL_USAGE,
		    "\"%s\" is none of: postgrey, sqlgrey, milter-greylist",
		    ctl->argument);
	if (ctl->delay != NULL &&
	    (!mm_str_to_ms(ctl->delay, &delay) || delay < 0))
		return ctl_fail(
		    ctl, CTL_USAGE, "\"%s\" is no time", ctl->delay);
	if ((code = ctl_policy_load(ctl, &policy)) != 0)
		return code;
	code = import(ctl, mm_policy_settings(policy), program, delay / 1000);
	mm_policy_unref(policy);
	return code;
}

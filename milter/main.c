/* main - mailmum's command line; see mailmum(8). */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/err.h"
#include "lib/policy.h"
#include "milter/signals.h"
#include "milter/supervisor.h"

#define CONFIG_FILE "/etc/mailmum/mailmum.conf"
#define EXIT_USAGE 2

struct options {
	const char *config; /* NULL: the default file */
	bool foreground, test, version;
};

static bool
read_options(int argc, char **argv, struct options *ret)
{
	int got;

	while ((got = getopt(argc, argv, "c:ftv")) != -1) {
		switch (got) {
		case 'c':
			ret->config = optarg;
			break;
		case 'f':
			ret->foreground = true;
			break;
		case 't':
			ret->test = true;
			break;
		case 'v':
			ret->version = true;
			break;
		default:
			return false;
		}
	}
	return optind == argc;
}

static void
print_complaints(const struct mm_complaints *all)
{
	for (size_t i = 0; i < all->n; i++) {
		char text[MM_COMPLAINT_MAX];

		mm_complaint_format(&all->list[i], text);
		fprintf(stderr, "%s\n", text);
	}
}

/* Every mistake is said, not only the first one. */
static struct mm_policy *
load(const struct options *options, const char *config,
    struct mm_complaints *all)
{
	struct mm_err err;
	struct mm_policy *policy = mm_policy_load(config, all, &err);

	if (policy == NULL || options->test)
		print_complaints(all);
	if (policy == NULL)
		fprintf(stderr, "mailmum: %s\n", err.text);
	if (policy == NULL && options->config == NULL &&
	    access(config, R_OK) != 0)
		fprintf(stderr, "mailmum: name another configuration with -c; "
				"mailmum.conf(5) says what stands in it\n");
	return policy;
}

static int
run(const struct options *options, const char *config)
{
	const struct supervisor_options how = {
	    .config = config,
	    .foreground = options->foreground,
	};
	struct mm_complaints all = {0};
	struct mm_policy *policy;
	int code = EX_CONFIG;

	if (!options->test)
		signals_hold_reload();
	policy = load(options, config, &all);
	if (policy != NULL && options->test) {
		mm_policy_unref(policy);
		code = EX_OK;
	} else if (policy != NULL) {
		code = supervisor_run(&how, policy, &all);
	}
	mm_complaints_clear(&all);
	return code;
}

/* Else the first sockets would get these numbers, and what is meant for
 * stderr. */
static void
fill_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	} while (fd != -1 && fd <= STDERR_FILENO);
	if (fd != -1)
		close(fd);
}

int
main(int argc, char **argv)
{
	struct options options = {0};
	const char *config;
	char *absolute;
	int code;

	fill_standard_descriptors();
	if (!read_options(argc, argv, &options)) {
		fprintf(stderr, "usage: mailmum [-ftv] [-c FILE]\n");
		return EXIT_USAGE;
	}
	if (options.version) {
		puts("mailmum " MAILMUM_VERSION);
		return EX_OK;
	}
	config = options.config != NULL ? options.config : CONFIG_FILE;
	/* a reload finds it wherever we are by then; if it is not there, the
	 * name as it was given says more */
	absolute = options.test ? NULL : realpath(config, NULL);
	code = run(&options, absolute != NULL ? absolute : config);
	free(absolute);
	return code;
}

/*
 * main - mailmumctl's command line.  Commands and options are two tables;
 * what is accepted and what --help prints both come from them.
 */
#include "ctl/ctl.h"

#include <getopt.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "lib/str.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Options as bits, in the order of the table below. */
enum {
	TAKES_CONFIG = 1u << 0,
	TAKES_JSON = 1u << 1,
	TAKES_SESSION = 0xfcu, /* --name to --auth */
	TAKES_STRICT = 1u << 8,
	TAKES_IMPORT = 0x600u, /* --master, --output */
	TAKES_ASK = 1u << 11,
	TAKES_UNUSED = 1u << 12,
	TAKES_ANYWHERE = 0x6000u,
};
enum {
	OPTION_HELP = 13,
	OPTION_VERSION = 14,
};

static const struct command {
	const char *name;
	int (*run)(const struct ctl *ctl);
	const char *argument; /* "CLIENT" needed, "[FILE]" optional, or NULL */
	unsigned takes;	      /* options */
	const char *help;
} commands[] = {
    {"check", ctl_check, "[FILE]", TAKES_CONFIG | TAKES_JSON | TAKES_STRICT,
	"read the configuration, say what is wrong and what it does"},
    {"explain", ctl_explain, "CLIENT",
	TAKES_CONFIG | TAKES_JSON | TAKES_SESSION | TAKES_ASK,
	"judge a session that you describe, step by step"},
    {"greylist", ctl_greylist, "exceptions",
	TAKES_CONFIG | TAKES_JSON | TAKES_UNUSED,
	"show whom the running daemon never greylists, and how often"},
    {"import", ctl_import, "FILE|-", TAKES_JSON | TAKES_IMPORT,
	"make a policy of Postfix's main.cf, and say what to do there"},
    {"stats", ctl_stats, NULL, TAKES_CONFIG | TAKES_JSON,
	"show what the running daemon has counted"},
    {"reload", ctl_reload, NULL, TAKES_CONFIG | TAKES_JSON,
	"have the running daemon read its configuration again"},
};

/* An option sets a string or, where it has no argument, a bool. */
static const struct {
	const char *name;
	char letter; /* or 0 */
	const char *argument;
	size_t offset; /* in struct ctl */
	const char *help;
} options[] = {
    {"config", 'c', "FILE", offsetof(struct ctl, config),
	"the configuration, else " CTL_CONFIG_FILE},
    {"json", 0, NULL, offsetof(struct ctl, json), "print JSON, for programs"},
    {"name", 0, "NAME", offsetof(struct ctl, name),
	"the client's verified host name, or unknown; else looked up"},
    {"ptr", 0, "NAME", offsetof(struct ctl, ptr),
	"the name in its reverse DNS, if that is another one"},
    {"helo", 0, "NAME", offsetof(struct ctl, helo),
	"what it says in HELO or EHLO; else its name"},
    {"from", 0, "ADDRESS", offsetof(struct ctl, from),
	"the sender; else the null sender"},
    {"to", 0, "ADDRESS", offsetof(struct ctl, to),
	"the recipient; else postmaster at this host"},
    {"auth", 0, "USER", offsetof(struct ctl, auth),
	"the user that it has logged in as; else none"},
    {"strict", 0, NULL, offsetof(struct ctl, strict),
	"what only the MTA can carry out is a mistake"},
    {"master", 0, "FILE", offsetof(struct ctl, master),
	"Postfix's master.cf, else the one beside main.cf"},
    {"output", 0, "DIR|FILE", offsetof(struct ctl, output),
	"where to write the policy; else it is shown"},
    {"ask", 0, NULL, offsetof(struct ctl, ask),
	"ask policy services, which will remember the session"},
    {"unused", 0, NULL, 0, "only exceptions that were never of use"},
    {"help", 'h', NULL, 0, "show this"},
    {"version", 'V', NULL, 0, "show the version"},
};

int
ctl_fail(const struct ctl *ctl, int code, const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "mailmumctl: ");
	if (ctl->command != NULL)
		fprintf(stderr, "%s: ", ctl->command);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return code;
}

static void
print_options(unsigned takes)
{
	puts("\nOptions:");
	for (size_t i = 0; i < COUNT(options); i++) {
		char left[40], letter[8] = "    ";

		if (!(takes & 1u << i))
			continue;
		if (options[i].letter != 0)
			snprintf(
			    letter, sizeof(letter), "-%c, ", options[i].letter);
		snprintf(left, sizeof(left), "%s--%s %s", letter,
		    options[i].name,
		    options[i].argument != NULL ? options[i].argument : "");
		printf("  %-20s %s\n", left, options[i].help);
	}
}

static void
print_usage(const struct command *command)
{
	if (command != NULL) {
		printf("Usage: mailmumctl %s%s%s [OPTION ...]\n"
		       "       %s\n",
		    command->name, command->argument != NULL ? " " : "",
		    command->argument != NULL ? command->argument : "",
		    command->help);
		print_options(command->takes | TAKES_ANYWHERE);
		return;
	}
	puts("Usage: mailmumctl COMMAND [ARGUMENT] [OPTION ...]\n\nCommands:");
	for (size_t i = 0; i < COUNT(commands); i++) {
		char left[40];

		snprintf(left, sizeof(left), "%s %s", commands[i].name,
		    commands[i].argument != NULL ? commands[i].argument : "");
		printf("  %-20s %s\n", left, commands[i].help);
	}
	print_options(~0u);
	puts("\nSee mailmumctl(1).");
}

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < COUNT(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int
unknown_command(const struct ctl *ctl, const char *name)
{
	const char *near = NULL;
	unsigned best = 3; /* edits: more is no typing error */

	for (size_t i = 0; i < COUNT(commands); i++) {
		unsigned edits = mm_str_distance(name, commands[i].name, best);

		if (edits < best) {
			best = edits;
			near = commands[i].name;
		}
	}
	if (near != NULL)
		return ctl_fail(ctl, CTL_USAGE,
		    "unknown command \"%s\": did you mean \"%s\"?", name, near);
	return ctl_fail(ctl, CTL_USAGE,
	    "unknown command \"%s\"; mailmumctl --help lists them", name);
}

/* Options may stand anywhere.  given: which ones there were.  False: getopt
 * has complained. */
static bool
read_options(int argc, char **argv, struct ctl *ctl, unsigned *given)
{
	struct option table[COUNT(options) + 1] = {{0}};
	int got, row;

	for (size_t i = 0; i < COUNT(options); i++)
		table[i] = (struct option){options[i].name,
		    options[i].argument != NULL ? required_argument
						: no_argument,
		    NULL, options[i].letter};
	*given = 0;
	for (;;) {
		row = -1;
		got = getopt_long(argc, argv, "c:hV", table, &row);
		if (got == -1)
			return true;
		if (got == '?')
			return false;
		for (size_t i = 0; row < 0; i++)
			if (options[i].letter == got)
				row = (int)i;
		*given |= 1u << row;
		if (options[row].argument != NULL)
			*(const char **)((char *)ctl + options[row].offset) =
			    optarg;
	}
}

/* What was given fits the command.  0, or an exit code. */
static int
check_usage(const struct ctl *ctl, const struct command *command,
    unsigned given, int nargs)
{
	bool needs = command->argument != NULL && command->argument[0] != '[';

	for (size_t i = 0; i < COUNT(options); i++)
		if (given & ~(command->takes | TAKES_ANYWHERE) & 1u << i)
			return ctl_fail(ctl, CTL_USAGE,
			    "--%s means nothing here", options[i].name);
	if (nargs > (command->argument != NULL ? 1 : 0))
		return ctl_fail(ctl, CTL_USAGE, "too many arguments");
	if (needs && nargs == 0)
		return ctl_fail(ctl, CTL_USAGE,
		    "%s is missing; see "
		    "mailmumctl %s --help",
		    command->argument, command->name);
	return 0;
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	const struct command *command = NULL;
	unsigned given;
	int code;

	if (!read_options(argc, argv, ctl, &given))
		return CTL_USAGE;
	if (optind < argc && (command = find_command(argv[optind])) == NULL)
		return unknown_command(ctl, argv[optind]);
	if (given & 1u << OPTION_HELP) {
		print_usage(command);
		return CTL_DONE;
	}
	if (given & 1u << OPTION_VERSION) {
		puts("mailmumctl " MAILMUM_VERSION);
		return CTL_DONE;
	}
	if (command == NULL)
		return ctl_fail(
		    ctl, CTL_USAGE, "no command; mailmumctl --help lists them");
	ctl->command = command->name;
	ctl->json = (given & TAKES_JSON) != 0;
	ctl->strict = (given & TAKES_STRICT) != 0;
	ctl->ask = (given & TAKES_ASK) != 0;
	ctl->unused = (given & TAKES_UNUSED) != 0;
	if ((code = check_usage(ctl, command, given, argc - optind - 1)) != 0)
		return code;
	ctl->argument = argv[optind + 1]; /* NULL at the end */
	return command->run(ctl);
}

int
main(int argc, char **argv)
{
	struct ctl ctl = {.config = CTL_CONFIG_FILE};
	int code = run(&ctl, argc, argv);

	if (fflush(stdout) != 0)
		return ctl_fail(&ctl, EX_IOERR, "cannot write: %m");
	return code;
}

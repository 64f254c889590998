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

/* Options, in the order of the table below; and as bits. */
enum {
	OPTION_CONFIG,
	OPTION_JSON,
	OPTION_NAME,
	OPTION_PTR,
	OPTION_HELO,
	OPTION_FROM,
	OPTION_TO,
	OPTION_AUTH,
	OPTION_STRICT,
	OPTION_MASTER,
	OPTION_OUTPUT,
	OPTION_ASK,
	OPTION_UNUSED,
	OPTION_DELAY,
	OPTION_DRY_RUN,
	OPTION_SINCE,
	OPTION_UNTIL,
	OPTION_HTML,
	OPTION_OPENMETRICS,
	OPTION_PROMETHEUS,
	OPTION_CLIENT,
	OPTION_SENDER,
	OPTION_RECIPIENT,
	OPTION_LIMIT,
	OPTION_REMOVE,
	OPTION_LIST,
	OPTION_HELP,
	OPTION_VERSION,
	NOPTIONS,
};
#define BIT(option) (1u << (option))
enum {
	TAKES_JSON = BIT(OPTION_JSON),
	TAKES_BOTH = BIT(OPTION_CONFIG) | BIT(OPTION_JSON),
	TAKES_SESSION = BIT(OPTION_NAME) | BIT(OPTION_PTR) | BIT(OPTION_HELO) |
			BIT(OPTION_FROM) | BIT(OPTION_TO) | BIT(OPTION_AUTH),
	TAKES_SELECTION = TAKES_BOTH | BIT(OPTION_CLIENT) | BIT(OPTION_SENDER) |
			  BIT(OPTION_RECIPIENT),
	TAKES_DESCRIPTION = TAKES_BOTH | BIT(OPTION_NAME) | BIT(OPTION_HELO) |
			    BIT(OPTION_FROM) | BIT(OPTION_TO),
	TAKES_WINDOW = TAKES_BOTH | BIT(OPTION_REMOVE) | BIT(OPTION_LIST),
	TAKES_IMPORT = BIT(OPTION_MASTER) | BIT(OPTION_OUTPUT),
	TAKES_ANYWHERE = BIT(OPTION_HELP) | BIT(OPTION_VERSION),
};

/* A name of two words is a command and one of its subcommands. */
static const struct command {
	const char *name;
	int (*run)(const struct ctl *ctl);
	const char *arguments; /* "CLIENT [FILE]": one has to, or NULL */
	unsigned takes;	       /* options */
	const char *help;
} commands[] = {
    {"check", ctl_check, "[FILE]", TAKES_BOTH | BIT(OPTION_STRICT),
	"read the configuration, say what is wrong and what it does"},
    {"explain", ctl_explain, "CLIENT",
	TAKES_BOTH | TAKES_SESSION | BIT(OPTION_ASK),
	"judge a session that you describe, step by step"},
    {"greylist list", ctl_greylist_list, NULL,
	TAKES_SELECTION | BIT(OPTION_LIMIT),
	"show what waits, the newest last"},
    {"greylist show", ctl_greylist_show, "CLIENT", TAKES_DESCRIPTION,
	"show what the greylist knows of a mail that you describe"},
    {"greylist release", ctl_greylist_release, "[ID]", TAKES_SELECTION,
	"let what waits pass at its next attempt"},
    {"greylist forget", ctl_greylist_forget, "[ID|CLIENT]",
	TAKES_SELECTION | TAKES_DESCRIPTION,
	"make a mail, or a client, one that was never seen"},
    {"greylist allow", ctl_greylist_allow, "[WHO] [TIME]", TAKES_WINDOW,
	"never greylist a client, for a time"},
    {"greylist expect", ctl_greylist_expect, "[ADDRESS] [TIME]", TAKES_WINDOW,
	"greylist nothing for a recipient, for 15m or another time"},
    {"greylist delays", ctl_greylist_delays, NULL, TAKES_BOTH,
	"show what each greylist_delay would have cost"},
    {"greylist exceptions", ctl_greylist_exceptions, NULL,
	TAKES_BOTH | BIT(OPTION_UNUSED),
	"show whom the running daemon never greylists, and how often"},
    {"greylist import", ctl_greylist_import, "PROGRAM FILE|-",
	TAKES_BOTH | BIT(OPTION_DELAY) | BIT(OPTION_DRY_RUN),
	"take over what another greylisting program has learned"},
    {"import", ctl_import, "FILE|-", TAKES_JSON | TAKES_IMPORT,
	"make a policy of Postfix's main.cf, and say what to do there"},
    {"report", ctl_report, "[FILE]",
	TAKES_BOTH | BIT(OPTION_SINCE) | BIT(OPTION_UNTIL) | BIT(OPTION_HTML),
	"say in sum what the log says, of the last day or a file"},
    {"stats", ctl_stats, NULL,
	TAKES_BOTH | BIT(OPTION_OPENMETRICS) | BIT(OPTION_PROMETHEUS),
	"show what the running daemon has counted"},
    {"reload", ctl_reload, NULL, TAKES_BOTH,
	"have the running daemon read its configuration again"},
};

/* An option sets a string or, where it has no argument, a bool. */
static const struct {
	const char *name;
	char letter; /* or 0 */
	const char *argument;
	size_t offset; /* in struct ctl */
	const char *help;
} options[NOPTIONS] = {
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
    {"delay", 0, "TIME", offsetof(struct ctl, delay),
	"how long mail had to wait there, if not for its usual time"},
    {"dry-run", 0, NULL, 0, "only say what would be done"},
    {"since", 0, "TIME", offsetof(struct ctl, since),
	"from then on: yesterday, 2026-11-27, -12h, ..."},
    {"until", 0, "TIME", offsetof(struct ctl, until),
	"before then; else to the end"},
    {"html", 0, NULL, 0, "print an HTML page with charts"},
    {"openmetrics", 0, NULL, 0, "print OpenMetrics text, for Prometheus"},
    {"prometheus", 0, NULL, 0, "print it as node_exporter reads it"},
    {"client", 0, "WORD", offsetof(struct ctl, client),
	"only mail whose client's address or name fits"},
    {"sender", 0, "WORD", offsetof(struct ctl, sender),
	"only mail whose sender fits"},
    {"recipient", 0, "WORD", offsetof(struct ctl, recipient),
	"only mail whose recipient fits"},
    {"limit", 0, "NUMBER", offsetof(struct ctl, limit),
	"only the newest so many"},
    {"remove", 0, NULL, 0, "take it back"},
    {"list", 0, NULL, 0, "show all that there are"},
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

		if (!(takes & BIT(i)))
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

/* Is word the first of the two words of name? */
static bool
begins(const char *name, const char *word)
{
	size_t len = strlen(word);

	return strncmp(name, word, len) == 0 && name[len] == ' ';
}

static void
print_left(const struct command *command)
{
	char left[64];

	snprintf(left, sizeof(left), "%s%s%s", command->name,
	    command->arguments != NULL ? " " : "",
	    command->arguments != NULL ? command->arguments : "");
	printf("  %-32s %s\n", left, command->help);
}

static void
print_command(const struct command *command)
{
	printf("Usage: mailmumctl %s%s%s [OPTION ...]\n       %s\n",
	    command->name, command->arguments != NULL ? " " : "",
	    command->arguments != NULL ? command->arguments : "",
	    command->help);
	print_options(command->takes | TAKES_ANYWHERE);
}

/* All commands, or with word only what it is the first word of. */
static void
print_usage(const char *word)
{
	unsigned takes = word == NULL ? ~0u : TAKES_ANYWHERE;

	printf("Usage: mailmumctl %s [ARGUMENT] [OPTION ...]\n\nCommands:\n",
	    word != NULL ? word : "COMMAND");
	for (size_t i = 0; i < COUNT(commands); i++) {
		if (word != NULL && !begins(commands[i].name, word))
			continue;
		print_left(&commands[i]);
		takes |= commands[i].takes;
	}
	print_options(takes);
	puts("\nSee mailmumctl(1).");
}

static bool
is_group(const char *word)
{
	for (size_t i = 0; i < COUNT(commands); i++)
		if (begins(commands[i].name, word))
			return true;
	return false;
}

/* The command that the first words of argv are; they are taken off. */
static const struct command *
find_command(int *argc, char ***argv)
{
	char name[64] = "";
	int words = *argc > 1 && is_group((*argv)[0]) ? 2 : 1;

	snprintf(name, sizeof(name), "%s%s%s", (*argv)[0], words > 1 ? " " : "",
	    words > 1 ? (*argv)[1] : "");
	for (size_t i = 0; i < COUNT(commands); i++)
		if (strcmp(commands[i].name, name) == 0) {
			*argc -= words;
			*argv += words;
			return &commands[i];
		}
	return NULL;
}

/* A first word that stands before others, without the right one. */
static int
unknown_subcommand(struct ctl *ctl, const char *word, const char *name)
{
	char known[256];
	struct mm_buf buf;

	ctl->command = word;
	mm_buf_init(&buf, known, sizeof(known));
	for (size_t i = 0; i < COUNT(commands); i++)
		if (begins(commands[i].name, word))
			mm_buf_addf(&buf, "%s%s", buf.len > 0 ? ", " : "",
			    commands[i].name + strlen(word) + 1);
	if (name == NULL)
		return ctl_fail(ctl, CTL_USAGE, "which of these? %s", known);
	return ctl_fail(ctl, CTL_USAGE, "\"%s\" is none of: %s", name, known);
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
		*given |= BIT(row);
		if (options[row].argument != NULL)
			*(const char **)((char *)ctl + options[row].offset) =
			    optarg;
	}
}

/* "ONE TWO [THREE]": at least two, at most three. */
static void
count_arguments(const char *arguments, int *least, int *most)
{
	const char *at = arguments;

	*least = *most = 0;
	while (at != NULL && *at != '\0') {
		*least += *at != '[';
		++*most;
		at = strchr(at, ' ');
		at += at != NULL;
	}
}

/* What was given fits the command.  0, or an exit code. */
static int
check_usage(const struct ctl *ctl, const struct command *command,
    unsigned given, int nargs)
{
	int least, most;

	count_arguments(command->arguments, &least, &most);
	for (size_t i = 0; i < COUNT(options); i++)
		if (given & ~(command->takes | TAKES_ANYWHERE) & BIT(i))
			return ctl_fail(ctl, CTL_USAGE,
			    "--%s means nothing here", options[i].name);
	if (nargs > most)
		return ctl_fail(ctl, CTL_USAGE, "too many arguments");
	if (nargs < least)
		return ctl_fail(ctl, CTL_USAGE,
		    "%s is missing; see "
		    "mailmumctl %s --help",
		    command->arguments, command->name);
	return 0;
}

/* No command of that name: help on its first word, or what is wrong. */
static int
no_command(struct ctl *ctl, int argc, char **argv, bool help)
{
	if (help && (argc == 0 || is_group(argv[0])))
		print_usage(argc == 0 ? NULL : argv[0]);
	else if (argc == 0)
		return ctl_fail(
		    ctl, CTL_USAGE, "no command; mailmumctl --help lists them");
	else if (is_group(argv[0]))
		return unknown_subcommand(ctl, argv[0], argv[1]);
	else
		return unknown_command(ctl, argv[0]);
	return CTL_DONE;
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	const struct command *command = NULL;
	unsigned given;
	int code;

	if (!read_options(argc, argv, ctl, &given))
		return ctl_fail(
		    ctl, CTL_USAGE, "mailmumctl --help lists the options");
	argc -= optind;
	argv += optind;
	if (given & BIT(OPTION_VERSION)) {
		puts("mailmumctl " MAILMUM_VERSION);
		return CTL_DONE;
	}
	if (argc > 0)
		command = find_command(&argc, &argv);
	if (command == NULL)
		return no_command(ctl, argc, argv, given & BIT(OPTION_HELP));
	if (given & BIT(OPTION_HELP)) {
		print_command(command);
		return CTL_DONE;
	}
	ctl->command = command->name;
	ctl->json = (given & BIT(OPTION_JSON)) != 0;
	ctl->strict = (given & BIT(OPTION_STRICT)) != 0;
	ctl->ask = (given & BIT(OPTION_ASK)) != 0;
	ctl->html = (given & BIT(OPTION_HTML)) != 0;
	ctl->openmetrics = (given & BIT(OPTION_OPENMETRICS)) != 0;
	ctl->prometheus = (given & BIT(OPTION_PROMETHEUS)) != 0;
	ctl->unused = (given & BIT(OPTION_UNUSED)) != 0;
	ctl->dry_run = (given & BIT(OPTION_DRY_RUN)) != 0;
	ctl->remove = (given & BIT(OPTION_REMOVE)) != 0;
	ctl->list = (given & BIT(OPTION_LIST)) != 0;
	if ((code = check_usage(ctl, command, given, argc)) != 0)
		return code;
	ctl->argument = argv[0]; /* NULL at the end */
	ctl->second = argc > 1 ? argv[1] : NULL;
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

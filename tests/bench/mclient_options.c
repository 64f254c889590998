/* mclient_options - the command line of mclient. */
#include "tests/bench/mclient.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char usage[] =
    "usage: mclient [options] SOCKET\n"
    "  -c N     sessions at a time (8)\n"
    "  -t SECS  measure for so long, or\n"
    "  -n N     measure so many sessions (1000)\n"
    "  -u N     warm up with so many sessions, not measured (0)\n"
    "  -i N     hold so many connections open, idle behind their RCPT (0)\n"
    "  -p MS    pause before each of HELO, MAIL and RCPT (0)\n"
    "  -f       send every event at once, as Sendmail does; Postfix keeps\n"
    "           back what needs no reply until the next that does\n"
    "  -w SECS  wait so long for the socket to be there (0)\n"
    "  -a ADDR  first client address (198.51.100.0)\n"
    "  -A N     so many addresses in turn; 0: never the same (250)\n"
    "  -s, -r   sender, recipient; \"%\" is a number (user%@example.com,\n"
    "           info@example.net)\n"
    "  -S N     so many numbers in turn; 0: never the same (250)\n"
    "  -b N     the first number (0)\n"
    "With -i and -n 0: holds them until its standard input ends.\n";

static void
wrong_usage(void)
{
	fputs(usage, stderr);
	exit(2);
}

static uint32_t
read_address(const char *text)
{
	struct in_addr addr;

	if (inet_pton(AF_INET, text, &addr) != 1)
		wrong_usage();
	return ntohl(addr.s_addr);
}

void
options_read(struct options *o, int argc, char **argv)
{
	int c;

	*o = (struct options){
	    .socket = {.sun_family = AF_UNIX},
	    .active = 8,
	    .sessions = 1000,
	    .address = 0xc6336400, /* 198.51.100.0 */
	    .naddresses = 250,
	    .nnumbers = 250,
	    .sender = "user%@example.com",
	    .recipient = "info@example.net",
	};
	while ((c = getopt(argc, argv, "c:t:n:u:i:p:fw:a:A:s:r:S:b:")) != -1) {
		switch (c) {
		case 'c':
			o->active = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 't':
			o->seconds = strtod(optarg, NULL);
			break;
		case 'n':
			o->sessions = strtoull(optarg, NULL, 10);
			break;
		case 'u':
			o->warm = strtoull(optarg, NULL, 10);
			break;
		case 'i':
			o->idle = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'p':
			o->pause = 1000 * strtoll(optarg, NULL, 10);
			break;
		case 'f':
			o->flush = true;
			break;
		case 'w':
			o->wait = strtod(optarg, NULL);
			break;
		case 'a':
			o->address = read_address(optarg);
			break;
		case 'A':
			o->naddresses = strtoull(optarg, NULL, 10);
			break;
		case 's':
			o->sender = optarg;
			break;
		case 'r':
			o->recipient = optarg;
			break;
		case 'S':
			o->nnumbers = strtoull(optarg, NULL, 10);
			break;
		case 'b':
			o->base = strtoull(optarg, NULL, 10);
			break;
		default:
			wrong_usage();
		}
	}
	if (optind != argc - 1 || o->active == 0 ||
	    strlen(argv[optind]) >= sizeof(o->socket.sun_path))
		wrong_usage();
	memcpy(o->socket.sun_path, argv[optind], strlen(argv[optind]));
}

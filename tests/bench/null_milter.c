/*
 * null_milter - the peer that a gate is measured against: libmilter, and
 * "continue" at connect, HELO, MAIL and RCPT.
 *
 *     null_milter [-n] unix:PATH
 *
 * -n: with SMFIP_NR_HELO as mailmum asks for, to tell libmilter's own
 * part of a difference from ours.
 */
#include <libmilter/mfapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static sfsistat
on_connect(SMFICTX *ctx, char *name, _SOCK_ADDR *address)
{
	(void)ctx, (void)name, (void)address;
	return SMFIS_CONTINUE;
}

static sfsistat
on_helo(SMFICTX *ctx, char *helo)
{
	(void)ctx, (void)helo;
	return SMFIS_CONTINUE;
}

static sfsistat
on_envelope(SMFICTX *ctx, char **argv)
{
	(void)ctx, (void)argv;
	return SMFIS_CONTINUE;
}

static sfsistat
on_helo_silent(SMFICTX *ctx, char *helo)
{
	(void)ctx, (void)helo;
	return SMFIS_NOREPLY;
}

static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1, unsigned long f2,
    unsigned long f3, unsigned long *pf0, unsigned long *pf1,
    unsigned long *pf2, unsigned long *pf3)
{
	(void)ctx, (void)f0, (void)f2, (void)f3;
	*pf0 = 0;
	*pf1 = f1 & (SMFIP_NR_HELO | SMFIP_NOUNKNOWN | SMFIP_NODATA |
			SMFIP_NOHDRS | SMFIP_NOEOH | SMFIP_NOBODY);
	*pf2 = *pf3 = 0;
	return SMFIS_CONTINUE;
}

int
main(int argc, char **argv)
{
	struct smfiDesc desc = {
	    .xxfi_name = (char[]){"null"},
	    .xxfi_version = SMFI_VERSION,
	    .xxfi_connect = on_connect,
	    .xxfi_helo = on_helo,
	    .xxfi_envfrom = on_envelope,
	    .xxfi_envrcpt = on_envelope,
	};

	if (argc == 3 && strcmp(argv[1], "-n") == 0) {
		desc.xxfi_negotiate = on_negotiate;
		desc.xxfi_helo = on_helo_silent;
		argv++, argc--;
	}
	if (argc != 2) {
		fprintf(stderr, "usage: null_milter [-n] unix:PATH\n");
		return 2;
	}
	if (smfi_register(desc) != MI_SUCCESS ||
	    smfi_setconn(argv[1]) != MI_SUCCESS) {
		fprintf(stderr, "null_milter: %s: not to be used\n", argv[1]);
		return 1;
	}
	return smfi_main() == MI_SUCCESS ? 0 : 1;
}

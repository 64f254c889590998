/*
 * documented - is mailmum.conf(5) about this program?
 *
 * usage: documented PAGE
 *
 * Every parameter of the settings table has its entry with its default, every
 * word of the restriction language is there, and no entry is about anything
 * else.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/program.h"
#include "lib/settings.h"

struct page {
	char *text;
	const char *path;
	unsigned faults;
};

static void
fault(struct page *page, const char *name, const char *what)
{
	printf("%s: %s: %s\n", page->path, name, what);
	page->faults++;
}

static bool
is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Stands there as a word of its own. */
static bool
mentions(const struct page *page, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = page->text; (p = strstr(p, name)) != NULL; p++) {
		if ((p == page->text || !is_name(p[-1])) && !is_name(p[len]))
			return true;
	}
	return false;
}

/* The rest of the line that begins with this, NULL without one. */
static const char *
entry(const struct page *page, const char *macro, const char *name)
{
	static char rest[1024];
	char start[256];
	size_t len;

	len = (size_t)snprintf(start, sizeof(start), "\n%s%s", macro, name);
	for (const char *p = page->text; (p = strstr(p, start)) != NULL; p++) {
		if (is_name(p[len]))
			continue;
		snprintf(rest, sizeof(rest), "%.*s",
		    (int)strcspn(p + len, "\n"), p + len);
		return rest;
	}
	return NULL;
}

static void
check_setting(struct page *page, const char *name, const char *standard)
{
	const char *rest = entry(page, ".It Va ", name);
	char want[1024];

	snprintf(
	    want, sizeof(want), " No =%s%s", *standard ? " Li " : "", standard);
	if (rest == NULL)
		fault(page, name, "the parameter has no \".It Va\"");
	else if (*rest == '\0' && strstr(page->text, standard) == NULL)
		fault(page, name, "its default stands nowhere");
	else if (*rest != '\0' && strcmp(rest, want) != 0)
		fault(page, name, "its default is another one");
}

static void
check_word(struct page *page, const struct mm_restriction *word)
{
	if (!mentions(page, word->word))
		fault(page, word->word, "the restriction is not mentioned");
}

static bool
is_known(const char *name)
{
	const struct mm_restriction *word;
	const char *setting, *standard;
	bool at_restart;

	for (size_t i = 0; (word = mm_program_word(i)) != NULL; i++) {
		if (strcmp(word->word, name) == 0)
			return true;
	}
	for (size_t i = 0; mm_settings_row(i, &setting, &standard, &at_restart);
	     i++) {
		if (strcmp(setting, name) == 0)
			return true;
	}
	return false;
}

/* Entries about things that are not there. */
static void
check_entries(struct page *page, const char *macro)
{
	char start[32];

	snprintf(start, sizeof(start), "\n%s", macro);
	for (const char *p = page->text; (p = strstr(p, start)) != NULL;) {
		char name[256];
		size_t len = 0;

		p += strlen(start);
		while (is_name(p[len]) && len < sizeof(name) - 1)
			len++;
		snprintf(name, sizeof(name), "%.*s", (int)len, p);
		if (!is_known(name))
			fault(page, name, "there is no such thing");
	}
}

static char *
read_page(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;

	if (f == NULL || getdelim(&text, &size, '\0', f) < 0) {
		perror(path);
		exit(1);
	}
	fclose(f);
	return text;
}

int
main(int argc, char **argv)
{
	struct page page = {.path = argc == 2 ? argv[1] : ""};
	const struct mm_restriction *word;
	const char *name, *standard;
	bool at_restart;

	if (argc != 2) {
		fprintf(stderr, "usage: documented PAGE\n");
		return 2;
	}
	page.text = read_page(page.path);
	for (size_t i = 0; mm_settings_row(i, &name, &standard, &at_restart);
	     i++)
		check_setting(&page, name, standard);
	for (size_t i = 0; (word = mm_program_word(i)) != NULL; i++)
		check_word(&page, word);
	check_entries(&page, ".It Va ");
	check_entries(&page, ".It Ic ");
	free(page.text);
	return page.faults > 0;
}

/*
 * main - runs a fuzz harness over the files of a corpus directory, each one
 * also cut short at every power of two, so that the corpus is a test.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static int
run_file(const char *dir, const char *name)
{
	char path[4096];
	uint8_t *data = NULL;
	size_t len = 0, got;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if ((f = fopen(path, "rb")) == NULL) {
		perror(path);
		return -1;
	}
	do {
		uint8_t *more = realloc(data, len + 4096);

		if (more == NULL)
			abort();
		data = more;
		got = fread(data + len, 1, 4096, f);
		len += got;
	} while (got > 0);
	fclose(f);

	LLVMFuzzerTestOneInput(data, len);
	for (size_t cut = 1; cut < len; cut *= 2) {
		/* a block of its own, so that ASan sees its end */
		uint8_t *part = malloc(cut);

		if (part == NULL)
			abort();
		for (size_t i = 0; i < cut; i++)
			part[i] = data[i];
		LLVMFuzzerTestOneInput(part, cut);
		free(part);
	}
	free(data);
	return 0;
}

int
main(int argc, char **argv)
{
	struct dirent *entry;
	size_t n = 0;
	DIR *dir;

	if (argc != 2 || (dir = opendir(argv[1])) == NULL) {
		fprintf(stderr, "usage: %s CORPUS-DIRECTORY\n", argv[0]);
		return 2;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (run_file(argv[1], entry->d_name) != 0)
			return 1;
		n++;
	}
	closedir(dir);
	printf("%zu inputs\n", n);
	return n > 0 ? 0 : 1;
}

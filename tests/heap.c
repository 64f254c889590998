/* heap - see heap.h; the linker's --wrap leads every call here. */
#include "tests/heap.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

static _Thread_local unsigned countdown;
static _Thread_local bool failed;

void
heap_fail(unsigned n)
{
	countdown = n;
	failed = false;
}

bool
heap_failed(void)
{
	return failed;
}

static bool
fails(void)
{
	if (countdown == 0 || --countdown > 0)
		return false;
	failed = true;
	return true;
}

#define WRAP(type, name, parameters, arguments)                                \
	type __real_##name parameters;                                         \
	type __wrap_##name parameters;                                         \
	type __wrap_##name parameters                                          \
	{                                                                      \
		return fails() ? NULL : __real_##name arguments;               \
	}

/* clang-format off */
WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t n, size_t size), (n, size))
WRAP(void *, realloc, (void *p, size_t size), (p, size))
WRAP(void *, reallocarray, (void *p, size_t n, size_t size), (p, n, size))
WRAP(char *, strdup, (const char *s), (s))
WRAP(char *, strndup, (const char *s, size_t n), (s, n))
/* clang-format on */

int __real_vasprintf(char **ret, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
int __wrap_vasprintf(char **ret, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

int
__wrap_vasprintf(char **ret, const char *fmt, va_list ap)
{
	return fails() ? -1 : __real_vasprintf(ret, fmt, ap);
}

void *__real_tsearch(
    const void *key, void **root, int (*compare)(const void *, const void *));
void *__wrap_tsearch(
    const void *key, void **root, int (*compare)(const void *, const void *));

void *
__wrap_tsearch(
    const void *key, void **root, int (*compare)(const void *, const void *))
{
	return fails() ? NULL : __real_tsearch(key, root, compare);
}

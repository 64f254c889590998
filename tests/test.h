/*
 * test - what cmocka wants to be included first, and cmocka.
 */
#ifndef MM_TEST_H
#define MM_TEST_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#define MM_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif

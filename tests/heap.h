/*
 * heap - an allocation that fails, for tests.
 *
 * For programs made with mm_test_heap(): malloc and its kin, as called by the
 * library and the test, go through here.
 */
#ifndef MM_TEST_HEAP_H
#define MM_TEST_HEAP_H

#include <stdbool.h>

/* This thread's n-th allocation from now on fails, once.  0: none does. */
void heap_fail(unsigned n);
/* It has come to that. */
bool heap_failed(void);

#endif

/*
 * fuzz - what every harness defines, and what may drive it: libFuzzer, or
 * main.c over a stored corpus.
 */
#ifndef MM_FUZZ_H
#define MM_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif

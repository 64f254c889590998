/*
 * err - what went wrong, as one lower-case sentence.
 *
 * Filled only on failure by functions that do something; whoever knows where
 * it happened adds that with mm_err_in.
 * Threads: confined; each caller brings its own.
 */
#ifndef MM_ERR_H
#define MM_ERR_H

#define MM_ERR_MAX 512

struct mm_err {
	char text[MM_ERR_MAX];
};

/* Both return -1, so that a failure is one line.  Long text is cut. */
int mm_err_set(struct mm_err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Puts "where: " before the sentence that is there. */
int mm_err_in(struct mm_err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif

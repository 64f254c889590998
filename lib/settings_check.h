/*
 * settings_check - names that are no parameter, and what is right by itself
 * and wrong as a whole; for settings.c.
 *
 * Threads: pure.
 */
#ifndef MM_SETTINGS_CHECK_H
#define MM_SETTINGS_CHECK_H

struct mm_complaints;
struct mm_conf;
struct mm_settings;

void mm_settings_check(const struct mm_settings *settings,
    const struct mm_conf *conf, struct mm_complaints *all);

#endif

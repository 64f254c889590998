/*
 * notify - tells systemd how the daemon is doing; nothing happens elsewhere.
 *
 * nonotify.c stands in where libsystemd is not.
 * Threads: confined to the supervisor.
 */
#ifndef MM_MILTER_NOTIFY_H
#define MM_MILTER_NOTIFY_H

void notify_ready(void);
void notify_reloading(void); /* until the next notify_ready() */
void notify_stopping(void);
/* How often the watchdog wants to hear of us, in ms; 0: there is none. */
int notify_watchdog_ms(void);
void notify_alive(void);

#endif

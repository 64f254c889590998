/* notify - see notify.h. */
#include "milter/notify.h"

#include <inttypes.h>
#include <stdint.h>
#include <systemd/sd-daemon.h>
#include <time.h>

void
notify_ready(void)
{
	sd_notify(0, "READY=1");
}

/* The time lets Type=notify-reload tell this reload from an older one. */
void
notify_reloading(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
	    (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void
notify_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

int
notify_watchdog_ms(void)
{
	uint64_t usec;

	if (sd_watchdog_enabled(0, &usec) <= 0)
		return 0;
	usec /= 2000; /* twice as often as it must be */
	return usec == 0 ? 1 : usec > 60000 ? 60000 : (int)usec;
}

void
notify_alive(void)
{
	sd_notify(0, "WATCHDOG=1");
}

/* nonotify - stands in for notify where libsystemd is not. */
#include "milter/notify.h"

void
notify_ready(void)
{
}

void
notify_reloading(void)
{
}

void
notify_stopping(void)
{
}

int
notify_watchdog_ms(void)
{
	return 0;
}

void
notify_alive(void)
{
}

/* sharing - see sharing.h. */
#include "milter/sharing.h"

#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/file.h"
#include "lib/settings.h"
#include "lib/store.h"

#define SECRET_MAX 4096 /* bytes of the file */

/* The first line of the file; "" if there is to be none. */
static char *
read_secret(const char *path, struct mm_err *err)
{
	struct mm_file_state state;
	char *text;

	if (*path == '\0')
		return strdup("");
	if ((text = mm_file_read(path, SECRET_MAX, &state, err)) == NULL)
		mm_err_in(err, "greylist_redis_secret_file: %s", path);
	else
		text[strcspn(text, "\r\n")] = '\0';
	return text;
}

struct mm_store *
sharing_open(struct sharing *sharing, struct mm_store *local,
    const struct mm_settings *settings, const struct mm_clock *clock,
    sharing_news *news, void *ctx, struct mm_err *err)
{
	struct mm_shared_config *config = &sharing->settings.config;

	sharing_clear(sharing);
	mm_err_set(err, "out of memory");
	if (mm_settings_redis_read(settings, &sharing->settings, err) != 0) {
		news(ctx, false, err->text);
		return local;
	}
	if (!sharing->settings.shared)
		return local;
	sharing->secret =
	    read_secret(settings->greylist_redis_secret_file, err);
	if (sharing->secret == NULL) {
		news(ctx, false, err->text);
		return local;
	}
	config->secret = sharing->secret;
	config->news = news;
	config->ctx = ctx;
	return mm_store_shared_new(local, config, clock, err);
}

void
sharing_clear(struct sharing *sharing)
{
	mm_settings_redis_clear(&sharing->settings);
	if (sharing->secret != NULL)
		explicit_bzero(sharing->secret, strlen(sharing->secret));
	free(sharing->secret);
	sharing->secret = NULL;
}

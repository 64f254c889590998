/* A client's name, and the address that it came from. */
#include <string.h>

#include "lib/ip.h"
#include "lib/shape.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mm_ip ip = {.family = MM_IP_V4};
	char host[600];
	size_t len;

	if (size < 17)
		return 0;
	ip.family = (uint8_t[]){MM_IP_V4, MM_IP_V6, MM_IP_NONE}[data[0] % 3];
	memcpy(ip.bytes, data + 1, 16);
	len = size - 17 < sizeof(host) - 1 ? size - 17 : sizeof(host) - 1;
	memcpy(host, data + 17, len);
	host[len] = '\0';
	mm_shape_generic(host, &ip);
	return 0;
}

/* store_hash: SipHash-2-4 as its authors publish it. */
#include "lib/store_hash.h"
#include "tests/test.h"

/* The reference implementation's vectors: secret 00..0f, input 00..len-1. */
static void
test_the_reference_vectors(void **state)
{
	static const struct {
		size_t len;
		uint64_t want;
	} cases[] = {
	    {0, 0x726fdb47dd0e0e31},
	    {1, 0x74f839c593dc67fd},
	    {2, 0x0d6c8009d9a94f5a},
	    {3, 0x85676696d7fb7e2d},
	    {7, 0xab0200f58b01d137},
	    {8, 0x93f5f5799a932462},
	    {15, 0xa129ca6149be45e5},
	};
	uint8_t secret[MM_STORE_SECRET], data[16];

	(void)state;
	for (uint8_t i = 0; i < 16; i++)
		secret[i] = data[i] = i;
	for (size_t i = 0; i < MM_COUNT(cases); i++)
		assert_true(
		    cases[i].want == mm_store_hash(secret, data, cases[i].len));
}

static void
test_another_secret_is_another_hash(void **state)
{
	const uint8_t one[MM_STORE_SECRET] = {1}, two[MM_STORE_SECRET] = {2};

	(void)state;
	assert_true(
	    mm_store_hash(one, "key", 3) != mm_store_hash(two, "key", 3));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_reference_vectors),
	    cmocka_unit_test(test_another_secret_is_another_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

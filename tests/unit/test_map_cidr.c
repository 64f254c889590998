/* map_cidr: the first rule that matches wins, in tables small and large. */
#include "lib/arena.h"
#include "lib/ip.h"
#include "lib/map.h"
#include "lib/str.h"
#include "tests/test.h"
#include "tests/unit/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
test_rules_in_order(void **state)
{
	static const struct {
		const char *key, *want;
	} cases[] = {
	    {"192.0.2.1", "first  and more"},
	    {"192.0.2.255", "first  and more"},
	    {"192.0.3.0", "not rfc1918"},
	    {"198.51.100.1", "brackets"},
	    {"198.51.100.3", "brackets and length"},
	    {"203.0.113.1", "twice no"},
	    {"10.1.2.3", "ten-one"},
	    {"10.2.0.1", "behind the inner if"},
	    {"10.3.0.1", "not ten-two"},
	    {"172.16.0.1", NULL},
	    {"2001:db8::1", "six"},
	    {"2001:DB8:0:0:0::1", "six"},
	    {"2001:db9:0:1::", "inner brackets"},
	    {"2001:dba::1", "bare"},
	    {"2001:dbb::1", "outer brackets"},
	    {"2001:dbc::1", "all six"},
	    {"::1", "all six"},
	    {"", NULL},
	    {"unknown", NULL},
	    {"192.0.2", NULL},
	    {"[192.0.2.1]", NULL},
	};
	struct mm_map *map =
	    table_of("cidr", "192.0.2.0/24 first\n"
			     "  and more\n"
			     "# a comment\n"
			     "192.0.2.1 never reached\n"
			     "[198.51.100.1] brackets\n"
			     "[198.51.100.2]/31 brackets and length\n"
			     "!!203.0.113.1 twice no\n"
			     "2001:db8::/32 six\n"
			     "[2001:db9::/32] inner brackets\n"
			     "2001:dba::/32 bare\n"
			     "[2001:dbb::]/32 outer brackets\n"
			     "IF 10.0.0.0/8\n"
			     "10.1.0.0/16 ten-one\n"
			     "if !10.2.0.0/16\n"
			     "10.0.0.0/8 not ten-two\n"
			     "endif\n"
			     "10.2.0.1 behind the inner if\n"
			     "endif\n"
			     "if ::/0\n"
			     "0.0.0.0/0 a family that cannot be here\n"
			     "endif\n"
			     "! 172.16.0.0/12 not rfc1918\n"
			     "::/0 all six\n");

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		const char *got = table_get(map, cases[i].key);

		print_message("%s\n", cases[i].key);
		if (cases[i].want == NULL)
			assert_null(got);
		else {
			assert_non_null(got);
			assert_string_equal(cases[i].want, got);
		}
	}
	assert_int_equal(MM_MAP_PATTERN, mm_map_kind(map));
	mm_map_free(map);
}

static void
test_dollars_are_text(void **state)
{
	struct mm_map *map = table_open("cidr:{{0.0.0.0/0 costs $1}, "
					"{if ::/0}, {::1 loop}, {endif}}");

	(void)state;
	assert_string_equal("costs $1", table_get(map, "192.0.2.1"));
	assert_string_equal("loop", table_get(map, "::1"));
	assert_null(table_get(map, "::2"));
	mm_map_free(map);
}

static void
test_faulty_rules_are_told(void **state)
{
	(void)state;
	assert_string_equal(
	    "1: 1.2.3.4/33: prefix length \"33\" must be a number from 0 to "
	    "32\n"
	    "2: 1.2.3.4/24: host bits are set: did you mean 1.2.3.0/24?\n"
	    "3: a result is missing behind the pattern\n"
	    "4: an address or network is missing\n"
	    "5: endif without an if\n"
	    "6: nothing may follow the pattern of an if, but there is "
	    "\"x\"\n"
	    "8: nothing may follow endif, but there is \"x\"\n"
	    "10: if without an endif\n"
	    "9: if without an endif\n",
	    table_complaints("cidr", "1.2.3.4/33 a\n"
				     "1.2.3.4/24 a\n"
				     "1.2.3.4\n"
				     "!\n"
				     "endif\n"
				     "if 10.0.0.0/8 x\n"
				     "10.0.0.1 y\n"
				     "endif x\n"
				     "if 10.0.0.0/8\n"
				     "if 10.1.0.0/16\n"));
	assert_string_equal("7: cidr:{...}: item 1: \"192.0.2.1\" must stand "
			    "in braces of its own, as in {{first rule}, "
			    "{second rule}}\n"
			    "7: cidr:{...}: item 2: \"OK\" must stand in "
			    "braces of its own, as in {{first rule}, {second "
			    "rule}}\n",
	    spec_complaints("cidr:{192.0.2.1 OK}"));
	assert_string_equal("7: cidr:{...}: item 1: a comma or a blank must "
			    "stand between the braces in \"{::1 a}{::2 b}\"\n",
	    spec_complaints("cidr:{{::1 a}{::2 b}}"));
}

/* The rules of a random table, and what they say: read off one by one. */
#define RULES_MAX 4000

struct random_table {
	struct mm_prefix list[RULES_MAX];
	size_t n;
	char *text;
};

static uint32_t
draw(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) +
		UINT64_C(1442695040888963407);
	return (uint32_t)(*seed >> 33);
}

/* Few distinct leading bytes and all lengths, so that much overlaps. */
static struct mm_ip
draw_ip(uint64_t *seed)
{
	static const uint8_t edges[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	struct mm_ip ip = {.family = draw(seed) % 2 == 0 ? MM_IP_V4 : MM_IP_V6};
	size_t width = ip.family == MM_IP_V4 ? 4 : 16;

	for (size_t i = 0; i < width; i++)
		ip.bytes[i] = draw(seed) % 4 == 0
				  ? (uint8_t)draw(seed)
				  : edges[draw(seed) % MM_COUNT(edges)];
	return ip;
}

static void
draw_table(struct random_table *table, size_t n, uint64_t *seed)
{
	static char text[RULES_MAX * 80];
	struct mm_buf buf;

	mm_buf_init(&buf, text, sizeof(text));
	for (table->n = 0; table->n < n; table->n++) {
		struct mm_prefix *p = &table->list[table->n];
		char address[MM_IP_TEXT_MAX];

		p->ip = draw_ip(seed);
		p->len = (uint8_t)(draw(seed) %
				   (p->ip.family == MM_IP_V4 ? 33 : 129));
		if (n > 100 && p->len < 8)
			p->len += 8; /* or little else is ever reached */
		mm_ip_mask(&p->ip, p->len);
		mm_buf_addf(&buf, "%s/%u rule %zu\n",
		    mm_ip_format(&p->ip, address), p->len, table->n);
	}
	assert_false(buf.cut);
	table->text = text;
}

/* "rule N" of the first that has ip, or NULL. */
static const char *
plainly(const struct random_table *table, const struct mm_ip *ip)
{
	static char want[32];

	for (size_t i = 0; i < table->n; i++) {
		if (mm_prefix_has(&table->list[i], ip)) {
			snprintf(want, sizeof(want), "rule %zu", i);
			return want;
		}
	}
	return NULL;
}

/* Half the keys are the first or the last address of some rule, or the one
 * behind it. */
static struct mm_ip
draw_key(const struct random_table *table, uint64_t *seed)
{
	const struct mm_prefix *p = &table->list[draw(seed) % table->n];
	struct mm_ip ip = p->ip;
	size_t width = ip.family == MM_IP_V4 ? 4 : 16;
	unsigned edge = draw(seed) % 6;

	if (edge >= 3)
		return draw_ip(seed);
	for (size_t bit = p->len; edge > 0 && bit < 8 * width; bit++)
		ip.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	for (size_t i = width; edge == 2 && i-- > 0;) {
		if (++ip.bytes[i] != 0)
			break;
	}
	return ip;
}

static void
test_large_tables_agree_with_plain_reading(void **state)
{
	static const size_t sizes[] = {1, 2, 15, 16, 17, 40, 300, RULES_MAX};
	struct random_table *table = malloc(sizeof(*table));
	uint64_t seed = 20260801;
	size_t hits = 0, misses = 0;

	(void)state;
	assert_non_null(table);
	for (size_t round = 0; round < 3 * MM_COUNT(sizes); round++) {
		struct mm_map *map;

		draw_table(table, sizes[round % MM_COUNT(sizes)], &seed);
		map = table_of("cidr", table->text);
		assert_int_equal(table->n, mm_map_size(map));
		for (size_t i = 0; i < 1000; i++) {
			struct mm_ip ip = draw_key(table, &seed);
			char key[MM_IP_TEXT_MAX];
			const char *want, *got;

			/* "::ffff:192.0.2.1" is an IPv4 key */
			mm_ip_format(&ip, key);
			assert_true(mm_ip_parse(key, &ip));
			want = plainly(table, &ip);
			got = table_get(map, key);
			if ((want == NULL) != (got == NULL) ||
			    (want != NULL && strcmp(want, got) != 0))
				fail_msg("%zu rules, %s: %s, not %s", table->n,
				    key, want, got);
			if (want != NULL)
				hits++;
			else
				misses++;
		}
		mm_map_free(map);
	}
	/* the draw is worth something */
	assert_true(hits > 5000 && misses > 1000);
	free(table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rules_in_order),
	    cmocka_unit_test(test_dollars_are_text),
	    cmocka_unit_test(test_faulty_rules_are_told),
	    cmocka_unit_test(test_large_tables_agree_with_plain_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

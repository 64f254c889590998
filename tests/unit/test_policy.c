/* policy: what loads, and what is said about what does not. */
#include "lib/conf.h"
#include "lib/dnsxl.h"
#include "lib/err.h"
#include "lib/policy.h"
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

/* The first complaint of this severity as "LINE: text"; "" if none. */
static void
first_complaint(
    const char *text, bool errors, char *said, size_t size, bool *loads)
{
	struct mm_complaints all = {0};
	struct mm_policy *policy;
	struct mm_err err;

	said[0] = '\0';
	policy = mm_policy_parse(text, "mailmum.conf", &all, &err);
	for (size_t i = 0; i < all.n && said[0] == '\0'; i++) {
		if ((all.list[i].severity == MM_ERROR) == errors)
			snprintf(said, size, "%u: %s", all.list[i].line,
			    all.list[i].text);
	}
	*loads = policy != NULL;
	mm_policy_unref(policy);
	mm_complaints_clear(&all);
}

#define R "smtpd_recipient_restrictions = "

/* A text that must not load, and its first complaint; NULL: any. */
struct refusal {
	const char *text, *want;
};

static void
assert_refused(const struct refusal *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char said[1024];
		bool loads;

		first_complaint(
		    cases[i].text, true, said, sizeof(said), &loads);
		assert_false(loads);
		assert_string_not_equal("", said);
		if (cases[i].want != NULL)
			assert_string_equal(cases[i].want, said);
	}
}

static void
test_errors_are_found_at_load(void **state)
{
	static const struct refusal cases[] = {
	    {R "reject_rbl_clint zen.spamhaus.org\n",
		"1: unknown restriction \"reject_rbl_clint\": did you "
		"mean \"reject_rbl_client\"?"},
	    {"# a comment\n" R "permit_mynetworks,\n"
	     "  reject_unknown_sender\n",
		"3: unknown restriction \"reject_unknown_sender\": did "
		"you mean \"reject_unknown_sender_domain\"?"},
	    {R "quux\n", "1: unknown restriction \"quux\""},
	    {R "reject_rbl_client =127.0.0.2\n",
		"1: reject_rbl_client: no domain before \"=127.0.0.2\""},
	    {R "reject_rbl_client\n",
		"1: reject_rbl_client: needs a list's domain, as in "
		"zen.spamhaus.org"},
	    {R "reject_rbl_client permit\n",
		"1: reject_rbl_client: needs a list's domain, as in "
		"zen.spamhaus.org"},
	    {R "check_client_access\n",
		"1: check_client_access: needs a table, as in "
		"hash:/etc/mailmum/access"},
	    {R "KEY.zen.dq.spamhaus.net=127.0.0.2\n",
		"1: \"zen.dq.spamhaus.net=127.0.0.2\" stands alone: write "
		"reject_rbl_client or another word for a DNS list before it"},
	    {R "check_client_access inline:{ 192.0.2.1=$1 }\n", NULL},
	    {R "hash:/etc/x\n", "1: /etc/x: No such file or directory"},
	    {"\ndns_forward = ns.example.org\n",
		"2: dns_forward: \"ns.example.org\" is not an IP address, "
		"with or without @port"},
	    {"state_directory = mailmum\n",
		"1: state_directory: \"mailmum\" is not a path that begins "
		"with \"/\""},
	    {"dns_stub = .=127.0.0.1@0\n",
		"1: dns_stub: \"127.0.0.1@0\": the port is not a number "
		"from 1 to 65535"},
	    {"dnsxl_labels = zen.example.org\n",
		"1: dnsxl_labels: word 1 is not zone=label, as in "
		"key.list.example=list.example"},
	    {R "permit, warn_if_reject\n",
		"1: warn_if_reject: the list ends where a restriction "
		"should follow"},
	    {R "check_client_access static:{FILTER smtp:}\n", NULL},
	    {R "check_client_access inline:{ {a=OK},\n  {b=OKAYO} }\n",
		"1: inline:{ {a=OK}, {b=OKAYO} }: unknown action \"OKAYO\": "
		"it must be OK, REJECT, DEFER, DUNNO, a code with text, "
		"another one of access(5), or restrictions and classes"},
	    {R "check_client_access static:{BCC}\n", NULL},
	    {R "check_client_access hash:/nowhere/table\n", NULL},
	    {R "reject_rbl_client bl.example.org=127.0.0\n", NULL},
	    {R "reject_rbl_client bl.example.org=\n", NULL},
	    {"smtpd_recipient_restriction = permit\n",
		"1: unknown parameter \"smtpd_recipient_restriction\": "
		"did you mean \"smtpd_recipient_restrictions\"?"},
	    {"bar = 1\n", "1: unknown parameter \"bar\""},
	    {"usr = mail\n",
		"1: unknown parameter \"usr\": did you mean \"user\"?"},
	    {"maps_rbl_reject_code = 250\n",
		"1: maps_rbl_reject_code: \"250\" is not a number from "
		"400 to 599"},
	    {"dns_trust_anchor_file = /nowhere/root.key\n",
		"1: dns_trust_anchor_file: /nowhere/root.key: No such file "
		"or directory: the package dns-root-data has one; \"none\" "
		"turns validation off"},
	    {"dns_deadline = soon\n",
		"1: dns_deadline: \"soon\" is not a time: digits and one "
		"of s, m, h, d, w"},
	    {"ask_before_auth = maybe\n",
		"1: ask_before_auth: \"maybe\" is neither yes nor no"},
	    {"relay_domains = example.org,\n\n\tjoe@example.org\n",
		"3: relay_domains: \"joe@example.org\" is not a domain"},
	    {"inet_interfaces = localhost\n",
		"1: inet_interfaces: \"localhost\" is not an address: names "
		"are not looked up here"},
	    {"maps_rbl_domains = =127.0.0.2\n" R "reject_maps_rbl\n",
		"2: reject_maps_rbl: maps_rbl_domains: no domain before "
		"\"=127.0.0.2\""},
	    {R "check_ccert_access\n",
		"1: check_ccert_access: needs a table, as in "
		"hash:/etc/mailmum/access"},
	    {"reject_tempfail_action = reject\n",
		"1: reject_tempfail_action: \"reject\" is neither "
		"defer_if_permit nor defer"},
	    {"greylist_delay = 3d\n", NULL},
	    {"mynetworks = 192.0.2.1/24\n", NULL},
	    {"mynetworks = /nowhere/networks\n",
		"1: mynetworks: /nowhere/networks: No such file or "
		"directory"},
	    {"default_rbl_reply = $rbl_code $nothing\n", NULL},
	    {"default_rbl_reply = go away\n", NULL},
	    {"default_rbl_reply = $rbl_code\n", NULL},
	    {"unknown_address_tempfail_action = reject\n",
		"1: unknown_address_tempfail_action: \"reject\" is "
		"neither defer_if_permit nor defer"},
	};

	(void)state;
	assert_refused(cases, MM_COUNT(cases));
}

static void
test_classes_are_checked(void **state)
{
	static const struct refusal cases[] = {
	    {"smtpd_restriction_classes = strict\n",
		"1: strict: this class is not defined: write \"strict = "
		"...\""},
	    {"smtpd_restriction_classes = permit\npermit = reject\n",
		"1: smtpd_restriction_classes: \"permit\" is a restriction "
		"already"},
	    {"smtpd_restriction_classes = a, a\na = reject\n",
		"1: smtpd_restriction_classes: \"a\" is a class already"},
	    {"smtpd_restriction_classes = mynetworks\n",
		"1: smtpd_restriction_classes: \"mynetworks\" is a parameter"},
	    {"smtpd_restriction_classes = a, b, c\na = permit, b\n"
	     "b = warn_if_reject c\nc = reject, b\n",
		"3: b: this class leads to itself: its list would never end"},
	    {"smtpd_restriction_classes = strict\nstrict =\n  quux\n",
		"3: unknown restriction \"quux\""},
	    {R "strict\nstrict = reject\n",
		"1: unknown restriction \"strict\": if line 2 makes it a "
		"class, name it in smtpd_restriction_classes"},
	    {"mynetworks = 192.0.2.0/24\n" R "mynetworks\n",
		"2: unknown restriction \"mynetworks\""},
	    {"smtpd_restriction_classes = strict\nstrict = reject\n" R
	     "Strict\n",
		"3: unknown restriction \"Strict\""},
	    {R "check_client_access inline:{ {192.0.2.1=permit, rejct} }\n",
		"1: unknown restriction \"rejct\": did you mean \"reject\"?"},
	    {R "check_client_access inline:{ {192.0.2.1=check_helo_access "
	       "hash:/a} }\n",
		"1: inline:{ {192.0.2.1=check_helo_access hash:/a} }: "
		"\"check_helo_access hash:/a\": no table can stand in the "
		"result of a table: name a class of smtpd_restriction_classes "
		"that has it"},
	};

	(void)state;
	assert_refused(cases, MM_COUNT(cases));
}

static void
test_errands_are_checked(void **state)
{
	static const struct refusal cases[] = {
	    {"smtpd_client_restrictions = greylist delay=soon\n",
		"1: greylist: \"delay=soon\": not a time of at most 1d, as in "
		"delay=15m"},
	    {"smtpd_client_restrictions = greylist delay=25h\n",
		"1: greylist: \"delay=25h\": not a time of at most 1d, as in "
		"delay=15m"},
	    {"smtpd_client_restrictions = greylist dealy=1m\n",
		"1: greylist: unknown option \"dealy=1m\": delay=TIME is one"},
	    {"greylist_retry_window = 1h\n"
	     "smtpd_client_restrictions = greylist delay=60m\n",
		"2: greylist: \"delay=60m\": greylist_retry_window must be "
		"longer: nothing would ever pass"},
	    {"smtpd_client_restrictions = sleep, reject\n",
		"1: sleep: needs a number of seconds, as in 1"},
	    {"smtpd_client_restrictions = sleep 1s\n",
		"1: sleep: \"1s\" is not a number of seconds"},
	    {R "check_policy_service, permit\n",
		"1: check_policy_service: needs a policy service, as in "
		"inet:127.0.0.1:10023"},
	    {R "check_policy_service inet:127.0.0.1\n",
		"1: check_policy_service: \"127.0.0.1\" is not HOST:PORT, as "
		"in 127.0.0.1:10023"},
	    {R "check_policy_service { inet:127.0.0.1:1, "
	       "default_action=REJETC }\n",
		"1: check_policy_service: default_action: unknown action "
		"\"REJETC\": did you mean \"REJECT\"?"},
	    {"smtpd_policy_service_default_action = REJETC\n" R "permit\n",
		"1: smtpd_policy_service_default_action: unknown action "
		"\"REJETC\": did you mean \"REJECT\"?"},
	};

	(void)state;
	assert_refused(cases, MM_COUNT(cases));
}

/* A word without its argument does not take the next word for it; one that is
 * not supported takes its own along. */
static void
test_one_mistake_is_one_complaint(void **state)
{
	static const char *const texts[] = {
	    R "reject_rbl_client, reject_rbl_client bl.example.org, permit\n",
	    R
	    "check_policy_service, reject_rbl_client bl.example.org, permit\n",
	    R "check_client_a_access hash:/etc/x, permit\n",
	    "maps_rbl_domains = bl.example.org=127.0.0\n" R
	    "reject_maps_rbl, greylist, permit\n",
	};
	struct mm_complaints all = {0};
	struct mm_err err;

	(void)state;
	for (size_t i = 0; i < MM_COUNT(texts); i++) {
		assert_null(
		    mm_policy_parse(texts[i], "mailmum.conf", &all, &err));
		assert_int_equal(1, all.n);
		mm_complaints_clear(&all);
	}
}

/* In the order in which the file is read, not in that of our checks. */
static void
test_complaints_follow_the_file(void **state)
{
	static const char text[] = "smtpd_recipient_restrictions = permitt\n"
				   "greylist_delay = soon\n"
				   "no line of a configuration\n"
				   "unknown = 1\n"
				   "smtpd_helo_restrictions = rejectt\n"
				   "dns_deadline = soon\n";
	struct mm_complaints all = {0};
	struct mm_err err;

	(void)state;
	assert_null(mm_policy_parse(text, "mailmum.conf", &all, &err));
	assert_int_equal(6, all.n);
	for (unsigned i = 0; i < all.n; i++)
		assert_int_equal(i + 1, all.list[i].line);
	mm_complaints_clear(&all);
}

static void
test_notices_do_not_stop(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
	    {R "reject_unauth_destination, permit\n",
		"1: reject_unauth_destination: keep it in main.cf: only "
		"the MTA knows which domains it relays for"},
	    {R "check_ccert_access hash:/nowhere\n",
		"1: check_ccert_access: keep it in main.cf: a milter is not "
		"told the fingerprint of a certificate"},
	    {R "check_sender_mx_access inline:{ a.example.org=Ok }\n",
		"1: inline:{ a.example.org=Ok }: \"Ok\" is not allowed in "
		"this table, and makes a 451: DUNNO makes an exception"},
	    {R "permit,\n reject_unverified_recipient\n",
		"2: reject_unverified_recipient: keep it in main.cf: "
		"only the MTA can probe addresses"},
	    {R "permit,\n reject_rbl_client bl.example.org\n",
		"2: reject_rbl_client bl.example.org: never reached "
		"behind \"permit\""},
	    {R "check_client_access inline:{ 192.0.2.1=550 }\n",
		"1: inline:{ 192.0.2.1=550 }: \"550\" "
		"alone lets mail in, as all digits do: a text behind it makes "
		"it refuse"},
	    {"smtpd_data_restrictions = reject_unauth_pipelining\n",
		"1: smtpd_data_restrictions: keep it in main.cf: only "
		"Postfix sees that stage"},
	    {"smtpd_helo_required = yes\n",
		"1: smtpd_helo_required: keep it in main.cf, where "
		"Postfix answers at once; here it is enforced at RCPT "
		"for an MTA that has not"},
	    {"relay_domains = example.org\n" R "reject_unauth_destination\n",
		""},
	    {"mydestination = $myhostname, localhost.$mydomain\n", ""},
	    {"zen = zen.spamhaus.org\n" R "reject_rbl_client $zen\n", ""},
	    {R "permit_dnswl_client a.example=127.0.0.[ 18..20 ]\n", ""},
	    {R "REJECT_RBL_CLIENT a.example Permit_MyNetworks\n", ""},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		char said[1024];
		bool loads;

		first_complaint(
		    cases[i].text, false, said, sizeof(said), &loads);
		assert_true(loads);
		assert_string_equal(cases[i].want, said);
	}
}

static struct mm_policy *
load(const char *text)
{
	struct mm_complaints all = {0};
	struct mm_policy *policy;
	struct mm_err err;

	policy = mm_policy_parse(text, "mailmum.conf", &all, &err);
	mm_complaints_clear(&all);
	assert_non_null(policy);
	return policy;
}

static void
test_what_a_policy_tells(void **state)
{
	struct mm_policy *policy =
	    load(R "reject_rbl_client a.example, greylist_if_reject "
		   "reject_rbl_client b.example=127.0.0.2, permit\n");

	(void)state;
	assert_string_equal(
	    "a.example", mm_dnsxl_zone(mm_policy_dnsxl(policy, 0)));
	assert_string_equal(
	    "b.example", mm_dnsxl_zone(mm_policy_dnsxl(policy, 1)));
	assert_null(mm_policy_dnsxl(policy, 2));
	assert_true(mm_policy_greylists(policy));
	assert_false(mm_policy_empty(policy));
	mm_policy_unref(policy);

	policy = load("# nothing\n");
	assert_true(mm_policy_empty(policy));
	assert_false(mm_policy_greylists(policy));
	mm_policy_unref(mm_policy_ref(policy));
	mm_policy_unref(policy);
}

struct seen {
	const char *text;
	bool stays;
};

static bool
see(void *ctx, const struct mm_step *step)
{
	struct seen *last = ctx;

	last->text = step->text;
	last->stays = step->stays;
	return true;
}

static void
test_a_step_is_one_line(void **state)
{
	struct mm_policy *policy =
	    load(R "check_policy_service { inet:127.0.0.1:1, \n\t\n"
		   "  timeout=1s,  {default_action  = DUNNO}\n }\n");
	struct seen last = {NULL, true};

	(void)state;
	mm_policy_each(policy, see, &last);
	assert_string_equal("check_policy_service { inet:127.0.0.1:1, "
			    "timeout=1s,  {default_action  = DUNNO} }",
	    last.text);
	assert_false(last.stays);
	mm_policy_unref(policy);
}

static void
test_what_stays_depends_on_domains(void **state)
{
	static const struct {
		const char *text;
		bool stays;
	} cases[] = {
	    {R "reject_unauth_destination\n", true},
	    {"relay_domains = a.example\n" R "reject_unauth_destination\n",
		false},
	    {"relay_domains = a.example\n" R "reject_unlisted_recipient\n",
		true},
	};

	(void)state;
	for (size_t i = 0; i < MM_COUNT(cases); i++) {
		struct mm_policy *policy = load(cases[i].text);
		struct seen last = {NULL, !cases[i].stays};

		mm_policy_each(policy, see, &last);
		assert_int_equal(cases[i].stays, last.stays);
		mm_policy_unref(policy);
	}
}

static void
test_restart_settings_are_told(void **state)
{
	struct mm_policy *a = load("dns_deadline = 1s\n"),
			 *b = load("dns_deadline = 2s\nuser = nobody\n");
	struct mm_complaints all = {0};

	(void)state;
	assert_true(mm_settings_dns_differ(
	    mm_policy_settings(a), mm_policy_settings(b)));
	mm_settings_compare(
	    mm_policy_settings(a), mm_policy_settings(b), "f", &all);
	assert_int_equal(1, all.n);
	assert_string_equal("user has changed: takes effect at the next "
			    "restart, the old value stays until then",
	    all.list[0].text);
	mm_complaints_clear(&all);
	mm_policy_unref(a);
	mm_policy_unref(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_errors_are_found_at_load),
	    cmocka_unit_test(test_classes_are_checked),
	    cmocka_unit_test(test_errands_are_checked),
	    cmocka_unit_test(test_one_mistake_is_one_complaint),
	    cmocka_unit_test(test_complaints_follow_the_file),
	    cmocka_unit_test(test_notices_do_not_stop),
	    cmocka_unit_test(test_what_a_policy_tells),
	    cmocka_unit_test(test_a_step_is_one_line),
	    cmocka_unit_test(test_what_stays_depends_on_domains),
	    cmocka_unit_test(test_restart_settings_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

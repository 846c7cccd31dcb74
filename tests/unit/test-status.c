/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The JSON that scripts hold on to: every key, by name and type, and nothing that JSON cannot hold. */
#include "check.h"
#include "control/status_json.h"
#include "fake-status.h"

/* The whole document, as it must come out: a changed, missing or additional key fails here. */
static const char expected[] =
	"{'format': 1, 'chains': [{'name': 'edge', 'generation': 8, 'final': 'pass', 'on_gap': 'aborted',"
	" 'on_detach': 'alarm', 'bypass': true, 'gap_packets': 9, 'bad_verdicts': 10, 'tier': 'slots',"
	" 'tier_reason': 'edge.10 throws exceptions', 'instructions': 12, 'packets': 11,"
	" 'interfaces': ["
	"  {'name': 'eth0', 'ifindex': 2, 'mode': 'native', 'attach': 'link', 'state': 'attached',"
	"   'reason': null},"
	"  {'name': 'eth\xef\xbf\xbd', 'ifindex': 0, 'mode': 'native', 'attach': '', 'state': 'waiting',"
	"   'reason': null},"
	"  {'name': 'eth2', 'ifindex': 0, 'mode': 'native', 'attach': '', 'state': 'refused',"
	"   'reason': 'cannot attach to eth2: the MTU'}],"
	" 'slots': [{'number': 10, 'index': 0, 'plugin': 'acl', 'version': '1.0.0', 'bank': 'B', 'tier': "
	"'slot',"
	"  'program_id': 4294967295, 'state': 'draining', 'seen': 12345678901234, 'proceeded': 2,"
	"  'verdicts': {'aborted': 3, 'drop': 4, 'pass': 5, 'tx': 6, 'redirect': 7},"
	"  'maps': [{'name': 'hits', 'pin': 'hits', 'class': 'state', 'carried': 'kept'}],"
	"  'jumps': [{'array': 'stages', 'index': 3, 'file': '/l/g.o', 'program': 'guest', 'program_id': "
	"77}],"
	"  'status': {'rules': '7'}, 'status_age': 3,"
	"  'numbers': [{'name': 'hits', 'kind': 'counter', 'unit': 'packets', 'labels': {'rule': 'a \\\'b\\\''}, 'value': 17}],"
	"  'since': '2025-11-22T20:55:31Z'}]}],"
	" 'off': ['lab'], 'quarantined': ['wreck'],"
	" 'silenced': [{'plugin': 'sloth', 'callback': 'status'}],"
	" 'last_reload': {'result': 'refused', 'at': '2025-11-22T20:55:31Z', 'duration_us': 41200,"
	"  'changed': ['edge.10: acl 1.0.0 -> 1.0.1'],"
	"  'errors': ["
	"   {'file': '/etc/xslot/xslot.ini', 'line': 12, 'message': 'slot edge.20: the verifier refused it'},"
	"   {'file': null, 'line': null, 'message': 'no place'}], 'more_errors': 0},"
	" 'host': {'version': '0.1.0', 'pid': 42, 'started': '2025-11-22T20:55:31Z', 'reloads': 12,"
	"  'failed_reloads': 1},"
	" 'configuration': {'current': '/var/lib/xslot/3', 'previous': '/var/lib/xslot/2', 'held': "
	"'rollback', 'reasons': ['/etc/xslot/acl.rules differs from what was loaded'],"
	"  'problem': 'cannot write /var/lib/xslot/record: No space left on device',"
	"  'confirm_seconds': 25}}";

static json_t *parse_quotes(const char *text)
{
	char *copy = strdup(text);
	json_t *json;

	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	json = json_loads(copy, 0, NULL);
	assert_non_null(json);
	free(copy);
	return json;
}

static void test_every_key(void **state)
{
	struct status *status = fake_status();
	json_t *got = status_to_json(status), *wanted = parse_quotes(expected);

	assert_non_null(got);
	if (!json_equal(got, wanted)) {
		json_dumpf(got, stderr, JSON_INDENT(1));
		fail_msg("the status has other keys or values");
	}
	json_decref(got);
	json_decref(wanted);
	status_free(status);
}

static void test_before_the_first_reload(void **state)
{
	struct status *status = status_new();
	json_t *got, *wanted;

	got = status_to_json(status);
	wanted = parse_quotes(
		"{'format': 1, 'chains': [], 'off': [], 'quarantined': [], 'silenced': [], 'last_reload': "
		"{'result': 'none', "
		"'at': null,"
		" 'duration_us': 0, 'changed': [], 'errors': [], 'more_errors': 0}, 'host': {'version': "
		"null, 'pid': 0,"
		" 'started': null, 'reloads': 0, 'failed_reloads': 0}, 'configuration': {'current': null,"
		" 'previous': null, 'held': null, 'reasons': [], 'problem': null, 'confirm_seconds': null}}");
	assert_true(json_equal(got, wanted));
	json_decref(got);
	json_decref(wanted);
	status_free(status);
	status_free(NULL);
}

static void test_logs_only_in_the_reply(void **state)
{
	struct status_reload reload;
	json_t *error, *json;

	fake_reload(&reload);
	json = status_reload_to_json(&reload, true);
	error = json_array_get(json_object_get(json, "errors"), 0);
	assert_string_equal(json_string_value(json_object_get(error, "log")), reload.errors[0].log);
	assert_null(json_object_get(json_array_get(json_object_get(json, "errors"), 1), "log"));
	json_decref(json);
	status_reload_clear(&reload);
	assert_string_equal(reload.result, "none");
	assert_null(reload.errors);
}

static void test_long_logs_keep_their_end(void **state)
{
	const size_t size = 1 << 20;
	struct status_reload reload;
	const char *log;
	json_t *json;

	fake_reload(&reload);
	free(reload.errors[0].log);
	reload.errors[0].log = malloc(size + 1);
	for (size_t i = 0; i < size; i++)
		reload.errors[0].log[i] = i % 16 == 15 ? '\n' : 'x';
	strcpy(reload.errors[0].log + size - 8, "the end");
	json = status_reload_to_json(&reload, true);
	log = json_string_value(json_object_get(json_array_get(json_object_get(json, "errors"), 0), "log"));
	assert_in_range(strlen(log), 1 << 16, (1 << 18) + 16);
	assert_string_equal(log + strlen(log) - 7, "the end");
	assert_int_equal(strcspn(log, "\n"), 15); /* begins with a whole line */
	json_decref(json);
	status_reload_clear(&reload);
}

static void test_text_of_any_bytes(void **state)
{
	for (int byte = 1; byte < 256; byte++) {
		char text[] = { 'a', (char)byte, 'b', 0 };
		json_t *json = json_text(text);
		char *dump = json_dumps(json, JSON_ENCODE_ANY);
		json_t *back = json_loads(dump, JSON_DECODE_ANY, NULL);

		assert_non_null(back);
		if (byte < 128)
			assert_string_equal(json_string_value(back), text);
		else
			assert_string_equal(json_string_value(back), "a\xef\xbf\xbd"
								     "b");
		json_decref(json);
		json_decref(back);
		free(dump);
	}
}

static void test_times(void **state)
{
	json_t *json = json_time(951782400 + 59);

	assert_string_equal(json_string_value(json), "2000-02-29T00:00:59Z");
	json_decref(json);
	assert_true(json_is_null(json_time(0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_key),
		cmocka_unit_test(test_before_the_first_reload),
		cmocka_unit_test(test_logs_only_in_the_reply),
		cmocka_unit_test(test_long_logs_keep_their_end),
		cmocka_unit_test(test_text_of_any_bytes),
		cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

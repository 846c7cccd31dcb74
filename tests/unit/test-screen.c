/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What `xslotctl status` shows to eyes: what worries, many chains on one screen, rates, and no more columns
 * than there are. */
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "run-xslotctl.h"
#include "tools/xslotctl/rates.h"
#include "tools/xslotctl/screen.h"
#include "tools/xslotctl/table.h"
#include "tools/xslotctl/xslotctl.h"

/* ---- what xslotctl needs of the verbs that no host does ---- */

int status_pins(const struct options *options, const char *chain, const char *why)
{
	return -1;
}

int clean_pins(const struct options *options, const char *chain)
{
	return -1;
}

/* ---- problems ---- */

static void test_problems(void **state)
{
	struct run it = { { "status", "--problems" } };

	run(*state, &it);
	assert_int_equal(it.code, 4);
	assert_string_equal(it.err, "");
	assert_string_equal(it.out,
		"CRITICAL edge: eth2 is refused: cannot attach to eth2: the MTU\n"
		"CRITICAL edge is bypassed, every packet gets \"pass\"\n"
		"CRITICAL lab is off, \"xslotctl clean\" took it off\n"
		"WARNING edge: 9 packets met an empty slot: this must never happen: please report it\n"
		"WARNING edge: 10 packets got \"aborted\" for an invalid verdict\n"
		"WARNING plugin wreck is quarantined\n"
		"WARNING status of plugin sloth is silenced\n"
		"WARNING held, the files are not applied: /etc/xslot/acl.rules differs from what was loaded\n"
		"WARNING to be confirmed within 25 s\n"
		"WARNING the state folder has a problem: cannot write /var/lib/xslot/record: No space left on device\n"
		"WARNING the last reload was refused with 2 errors: /etc/xslot/xslot.ini:12: slot edge.20: the verifier refused it\n");
}

static void test_problems_as_json(void **state)
{
	struct run it = { { "status", "edge", "--problems", "--json" } };
	json_t *json, *first;

	run(*state, &it);
	assert_int_equal(it.code, 4);
	json = parse(it.out);
	assert_int_equal(json_array_size(json_object_get(json, "problems")), 11);
	first = json_array_get(json_object_get(json, "problems"), 0);
	assert_string_equal(json_string_value(json_object_get(first, "level")), "critical");
	assert_string_equal(json_string_value(json_object_get(first, "chain")), "edge");
	assert_true(json_is_null(json_object_get(first, "detail")));
	json_decref(json);
}

static void well(struct status *status)
{
	status->chains->n_interfaces = 2; /* without the one that is refused, which the test leaves behind */
	free(status->chains->interfaces[2].name);
	free(status->chains->interfaces[2].reason);
	status_reload_clear(&status->last_reload);
	status->configuration.held = NULL;
	status->configuration.confirm_seconds = 0;
	free(status->configuration.problem);
	status->configuration.problem = NULL;
}

static void test_no_problem(void **state)
{
	struct run it = { { "status", "--problems" } };
	struct fake_host *host = *state;

	host->healthy = true;
	host->adjust = well;
	run(host, &it);
	assert_int_equal(it.code, 0);
	assert_string_equal(it.out, "");
	assert_string_equal(it.err, "");
}

/* ---- on a terminal ---- */

struct terminal {
	const char *arguments[4];
	const char *no_color;
	unsigned short rows, columns;
	const char *until; /* go on until this has been written, then call `then` once */
	void (*then)(struct terminal *terminal);
	int fd;
	pid_t pid;
	size_t n, mark; /* bytes; how many there were at `then` */
	char out[262144];
};

static void be_on_terminal(const struct fake_host *host, const struct terminal *terminal)
{
	setenv("TERM", "xterm", 1);
	setenv("NO_COLOR", terminal->no_color ? terminal->no_color : "", 1);
	execl(XSLOTCTL, "xslotctl", "-s", host->path, terminal->arguments[0], terminal->arguments[1],
		terminal->arguments[2], NULL);
	_exit(98);
}

static void stop(struct terminal *terminal)
{
	assert_return_code(kill(terminal->pid, SIGTERM), errno);
}

static void show_on(struct fake_host *host, struct terminal *terminal)
{
	struct winsize size = { .ws_row = terminal->rows, .ws_col = terminal->columns };
	int status;

	terminal->pid = forkpty(&terminal->fd, NULL, NULL, &size);
	assert_true(terminal->pid >= 0);
	if (!terminal->pid)
		be_on_terminal(host, terminal);
	assert_return_code(fcntl(terminal->fd, F_SETFL, O_NONBLOCK), errno);
	for (;;) {
		ssize_t got = read(
			terminal->fd, terminal->out + terminal->n, sizeof(terminal->out) - 1 - terminal->n);

		if (got > 0)
			terminal->n += (size_t)got;
		else if (got == 0 || errno != EAGAIN)
			break; /* EIO: it is gone */
		terminal->out[terminal->n] = 0;
		if (terminal->until && strstr(terminal->out + terminal->mark, terminal->until)) {
			terminal->until = NULL;
			if (terminal->then != stop)
				terminal->mark = terminal->n;
			terminal->then(terminal);
		}
		sd_event_run(host->event, 10000);
	}
	close(terminal->fd);
	assert_int_equal(waitpid(terminal->pid, &status, 0), terminal->pid);
}

/* Escapes out, and lines ended as a terminal gets them; returns how many lines, and the widest. */
static unsigned measure(const char *text, unsigned *ret_widest)
{
	unsigned lines = 0, column = 0;

	*ret_widest = 0;
	for (; *text; text++) {
		if (*text == '\033') {
			text += strcspn(text, "mHJK");
		} else if (*text == '\n') {
			lines++;
			column = 0;
		} else if (*text != '\r' && ((unsigned char)*text & 0xc0) != 0x80) {
			column++;
			*ret_widest = column > *ret_widest ? column : *ret_widest;
		}
	}
	return lines;
}

#define CHAINS 10
#define SLOTS 32

static void copy_slot(struct status_slot *slot, unsigned number)
{
	*slot = (struct status_slot){ .number = number,
		.plugin = strdup("ratelimit"),
		.version = strdup("1.10.100"),
		.bank = "A",
		.tier = "fused",
		.state = "live",
		.seen = 1234567890123,
		.proceeded = 1234567890000,
		.drop = 123,
		.maps = calloc(1, sizeof(struct status_map)),
		.jumps = calloc(1, sizeof(struct status_jump)),
		.said = { .texts = calloc(1, sizeof(struct status_pair)) } };
}

static void crowd(struct status *status)
{
	struct status_chain *first = status->chains;

	well(status);
	status->chains = calloc(CHAINS, sizeof(*status->chains));
	status->chains[0] = *first;
	free(first);
	for (size_t i = 1; i < CHAINS; i++) {
		struct status_chain *chain = &status->chains[i];

		*chain = (struct status_chain){ .final = "pass",
			.on_gap = "aborted",
			.on_detach = "attach",
			.tier = "fused",
			.tier_reason = strdup(""),
			.packets = 1234567890123456,
			.interfaces = calloc(1, sizeof(struct status_interface)),
			.slots = calloc(SLOTS, sizeof(struct status_slot)),
			.n_slots = SLOTS };
		assert_true(asprintf(&chain->name, "chain%zu", i) > 0);
		for (unsigned k = 0; k < SLOTS; k++)
			copy_slot(&chain->slots[k], 10 * (k + 1));
		status->n_chains++;
	}
}

static void test_many_chains_fit_a_screen(void **state)
{
	static struct terminal terminal = { { "status" }, .rows = 24, .columns = 80 };
	struct run piped = { { "status" } };
	struct fake_host *host = *state;
	unsigned lines, widest;
	char name[32];

	host->healthy = true;
	host->adjust = crowd;
	show_on(host, &terminal);
	lines = measure(terminal.out, &widest);
	assert_in_range(lines, 12, 23);
	assert_in_range(widest, 60, 80);
	for (unsigned i = 1; i < CHAINS; i++) {
		snprintf(name, sizeof(name), "\n  chain%u ", i);
		assert_non_null(strstr(terminal.out, name));
	}
	assert_non_null(strstr(terminal.out, "\"xslotctl status CHAIN\""));
	/* A pipe has no size: it gets all of it. */
	run(host, &piped);
	lines = measure(piped.out, &widest);
	assert_in_range(lines, (CHAINS - 1) * SLOTS, 1000);
	assert_non_null(strstr(piped.out, "1,234,567,890,123"));
}

static void test_slots_fit_80_columns(void **state)
{
	static struct terminal terminal = { { "status", "edge" }, .rows = 24, .columns = 80 };
	struct fake_host *host = *state;
	char *line, *rest = terminal.out;

	host->healthy = true;
	show_on(host, &terminal);
	assert_non_null(strstr(terminal.out, "B draining  12.3T  ")); /* a count gives way before this */
	while ((line = strsep(&rest, "\n"))) {
		unsigned widest;

		measure(line, &widest);
		if (strstr(line, "SLOT") || strstr(line, "  edge.10  "))
			assert_in_range(widest, 40, 80);
	}
}

static void test_red_for_eyes_only(void **state)
{
	static struct terminal red = { { "status", "--problems" }, .rows = 24, .columns = 80 },
			       plain = { { "status", "--problems" }, "1", 24, 80 };

	show_on(*state, &red);
	assert_int_equal(strncmp(red.out, "\033[1;31mCRITICAL edge: eth2", 25), 0);
	show_on(*state, &plain);
	assert_null(strchr(plain.out, '\033'));
	assert_non_null(strstr(plain.out, "CRITICAL edge: eth2"));
}

/* ---- rates ---- */

static unsigned asked;

static void count_up(struct status *status)
{
	asked++;
	well(status);
	status->chains->packets = 1000000ULL * asked;
	status->chains->slots->seen = 1000000ULL * asked;
}

/* A page that was begun before is over; what follows is another. */
static void after_resize(struct terminal *terminal)
{
	terminal->until = "\033[J";
	terminal->then = stop;
}

/* The process in the foreground gets SIGWINCH. */
static void narrow(struct terminal *terminal)
{
	const struct winsize size = { .ws_row = 24, .ws_col = 40 };

	assert_return_code(ioctl(terminal->fd, TIOCSWINSZ, &size), errno);
	terminal->until = "\033[J";
	terminal->then = after_resize;
}

static void test_watch(void **state)
{
	static struct terminal terminal = { { "status", "--watch" }, .rows = 24, .columns = 100,
		.until = "edge.10", .then = narrow };
	struct fake_host *host = *state;
	unsigned widest;

	asked = 0;
	host->healthy = true;
	host->adjust = count_up;
	show_on(host, &terminal);
	assert_non_null(strstr(terminal.out, "PACKETS/s"));
	assert_non_null(strstr(terminal.out, "\033[H"));
	measure(terminal.out, &widest);
	assert_in_range(widest, 41, 100);
	measure(terminal.out + terminal.mark, &widest);
	assert_in_range(widest, 20, 40);
}

/* JSON with ' for ". */
static json_t *quoted(const char *text)
{
	char *copy = strdup(text);
	json_t *json;

	for (char *c = strchr(copy, '\''); c; c = strchr(c, '\''))
		*c = '"';
	json = json_loads(copy, 0, NULL);
	free(copy);
	assert_non_null(json);
	return json;
}

static void check_rates(const char *before, const char *now, double seconds, const char *wanted)
{
	json_t *from = quoted(before), *to = quoted(now), *rates = rates_between(from, to, seconds),
	       *right = quoted(wanted);
	char *text = json_dumps(rates, JSON_COMPACT);

	if (!json_equal(rates, right))
		fail_msg("not %s, but %s", wanted, text);
	free(text);
	json_decref(from);
	json_decref(to);
	json_decref(rates);
	json_decref(right);
}

static void test_rates(void **state)
{
	/* Half a second: twice what was added. Of another plugin, or of a count that went back: not known. */
	check_rates("{'chains': [{'name': 'edge', 'packets': 100, 'slots': ["
		    "{'number': 10, 'plugin': 'acl', 'seen': 100, 'proceeded': 40, 'verdicts': {'drop': 5}},"
		    "{'number': 20, 'plugin': 'old', 'seen': 1, 'proceeded': 1, 'verdicts': {'drop': 0}}]}]}",
		"{'chains': [{'name': 'edge', 'packets': 350, 'slots': ["
		"{'number': 10, 'plugin': 'acl', 'seen': 110, 'proceeded': 40, 'verdicts': {'drop': 4}},"
		"{'number': 20, 'plugin': 'new', 'seen': 9, 'proceeded': 9, 'verdicts': {'drop': 9}}]},"
		"{'name': 'core', 'packets': 5, 'slots': []}]}",
		0.5,
		"{'chains': [{'name': 'edge', 'packets': 500, 'slots': ["
		"{'number': 10, 'plugin': 'acl', 'seen': 20, 'proceeded': 0, 'verdicts': {'drop': null}},"
		"{'number': 20, 'plugin': 'new', 'seen': null, 'proceeded': null, 'verdicts': {'drop': null}}]},"
		"{'name': 'core', 'packets': null, 'slots': []}]}");
	/* Another version's, or no host's. */
	check_rates("[]", "{'chains': [{'name': 'edge', 'packets': -9223372036854775807}]}", 1,
		"{'chains': [{'name': 'edge', 'packets': null}]}");
	check_rates("{'chains': [{'name': 'edge', 'packets': -9223372036854775807}]}",
		"{'chains': [{'name': 'edge', 'packets': 9223372036854775807}]}", 1,
		"{'chains': [{'name': 'edge', 'packets': null}]}");
}

/* ---- figures and pages ---- */

static void test_short_counts(void **state)
{
	static const struct {
		uint64_t count;
		const char *text;
	} cases[] = { { 0, "0" }, { 999, "999" }, { 1000, "1.0k" }, { 999999, "999.9k" }, { 1000000, "1.0M" },
		{ 1234567890123, "1.2T" }, { UINT64_MAX, "18.4E" } };
	char buffer[32];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(format_short(cases[i].count, buffer), cases[i].text);
}

static void test_height_of_a_page(void **state)
{
	assert_int_equal(page_height("", 80), 0);
	assert_int_equal(page_height("one\ntwo\n", 80), 2);
	assert_int_equal(page_height("12345\n", 5), 1);
	assert_int_equal(page_height("123456\n", 5), 2);
	assert_int_equal(page_height("\033[1;31m12345\033[0m\n", 5), 1); /* attributes take no room */
	assert_int_equal(page_height("………\n", 3), 1);			 /* nor more than their columns */
	assert_int_equal(page_height("no end", 0), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_host_setup, fake_host_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_problems),
		TEST(test_problems_as_json),
		TEST(test_no_problem),
		TEST(test_many_chains_fit_a_screen),
		TEST(test_slots_fit_80_columns),
		TEST(test_red_for_eyes_only),
		TEST(test_watch),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_short_counts),
		cmocka_unit_test(test_height_of_a_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

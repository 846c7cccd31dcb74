/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What the host asks of a plugin's callbacks, and what it does when it cannot ask now. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <xslot/number.h>

#include "check.h"
#include "host/plugin/callback.h"
#include "host/plugin/context.h"
#include "util/log.h"
#include "util/thread_role.h"

static const char *word = "first";
static unsigned n_asked;

static int status(struct xslot_context *context)
{
	n_asked++;
	xslot_status(context, "word", "%s", word);
	return 0;
}

static const struct callback other = { .slot = "edge.20", .plugin = "other", .name = "start" };

static void ask(struct context *context, bool busy, struct status_slot *ret_slot)
{
	*ret_slot = (struct status_slot){};
	if (busy)
		callback_begin(&other);
	assert_int_equal(context_status(context, ret_slot), 0);
	if (busy)
		callback_end();
}

/* The last values stay, with their age, while another callback runs; a plugin that never answered has none.
 */
static void test_busy_status(void **state)
{
	const struct descriptor descriptor = { .name = "sample", .status = status };
	struct context context;
	struct status_slot slot;

	thread_is_alone();
	context_init(&context, "edge.10", &descriptor, NULL, NULL);
	ask(&context, true, &slot);
	assert_int_equal(slot.said.n_texts, 0);
	assert_int_equal(slot.status_age, -1);
	assert_int_equal(n_asked, 0);

	ask(&context, false, &slot);
	assert_int_equal(slot.said.n_texts, 1);
	assert_string_equal(slot.said.texts[0].value, "first");
	assert_int_equal(slot.status_age, 0);
	status_said_clear(&slot.said);

	word = "second";
	for (int i = 0; i < 2; i++) {
		ask(&context, true, &slot);
		assert_int_equal(slot.said.n_texts, 1);
		assert_string_equal(slot.said.texts[0].key, "word");
		assert_string_equal(slot.said.texts[0].value, "first");
		assert_true(slot.status_age >= 1);
		assert_int_equal(n_asked, 1);
		status_said_clear(&slot.said);
	}
	ask(&context, false, &slot);
	assert_int_equal(slot.said.n_texts, 1);
	assert_string_equal(slot.said.texts[0].value, "second");
	assert_int_equal(slot.status_age, 0);
	status_said_clear(&slot.said);
	context_deinit(&context);
}

/* ---- numbers ---- */

static struct xslot_number number;
static int answer;

static int say_number(struct xslot_context *context)
{
	answer = xslot_status_number(context, &number);
	return 0;
}

static int say_much(struct xslot_context *context)
{
	const struct xslot_number one = { .name = "one" };

	for (int i = 0; i < 10000; i++) {
		xslot_status(context, "key", "%8000d", i);
		answer = xslot_status_number(context, &one);
	}
	return 0;
}

/* One host for one status; the caller clears it. */
static void ask_once(int (*fn)(struct xslot_context *), struct status_slot *ret_slot)
{
	const struct descriptor descriptor = { .abi = 2, .name = "sample", .status = fn };
	struct context context;

	thread_is_alone();
	context_init(&context, "edge.10", &descriptor, NULL, NULL);
	ask(&context, false, ret_slot);
	context_deinit(&context);
}

static void test_numbers(void **state)
{
	static const char long_name[] = "a1234567890123456789012345678901234567890123456789012345678901234";
	static const struct {
		struct xslot_number number;
		int answer;
	} cases[] = {
		{ { "dropped", "packets", XSLOT_COUNTER, .value = 7,
			  { { "prefix", "192.0.2.0/24\033[2J" } } },
			0 },
		{ { "level", NULL, XSLOT_GAUGE, .value = INT64_MIN }, 0 },
		{ { NULL, NULL, XSLOT_GAUGE }, -EINVAL },
		{ { "", NULL, XSLOT_GAUGE }, -EINVAL },
		{ { "Dropped", NULL, XSLOT_GAUGE }, -EINVAL },
		{ { "7up", NULL, XSLOT_GAUGE }, -EINVAL },
		{ { "a\nb", NULL, XSLOT_GAUGE }, -EINVAL },
		{ { long_name, NULL, XSLOT_GAUGE }, -EINVAL },
		{ { "a", "per cent", XSLOT_GAUGE }, -EINVAL },
		{ { "a", NULL, 2 }, -EINVAL },
		{ { "a", NULL, XSLOT_COUNTER, .value = -1 }, -EINVAL },
		{ { "a", NULL, XSLOT_GAUGE, .labels = { { "b\"", "c" } } }, -EINVAL },
	};
	struct status_slot slot;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		number = cases[i].number;
		ask_once(say_number, &slot);
		assert_int_equal(answer, cases[i].answer);
		assert_int_equal(slot.said.n_numbers, answer == 0);
		if (answer == 0)
			assert_int_equal(slot.said.numbers[0].value, number.value);
		if (number.labels[0].name && answer == 0)
			assert_string_equal(slot.said.numbers[0].labels[0].value, number.labels[0].value);
		status_said_clear(&slot.said);
	}
}

static void test_too_much(void **state)
{
	struct status_slot slot;

	ask_once(say_much, &slot);
	assert_int_equal(answer, -ENOSPC);
	assert_int_equal(slot.said.n_numbers, 4096);
	assert_int_equal(slot.said.n_texts, 1024);
	assert_int_equal(strlen(slot.said.texts[0].value), 4096);
	status_said_clear(&slot.said);
}

/* ---- watches ---- */

#define MS 1000000

static char lines[4096];
static unsigned n_ticks, n_once, n_readable;
static int pipe_fds[2], result;
static int (*in_status)(struct xslot_context *);

static void take_log(enum log_level level, const char *text)
{
	snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), "%s\n", text);
}

static void tick(struct xslot_context *context, void *data)
{
	n_ticks++;
}

static void once(struct xslot_context *context, void *data)
{
	n_once++;
}

/* Sets itself again, as often as `data` says. */
static void again(struct xslot_context *context, void *data)
{
	unsigned *left = data;

	if (--*left > 0)
		assert_int_equal(xslot_watch_once(context, MS, again, data), 0);
}

static void readable(struct xslot_context *context, void *data)
{
	n_readable++;
	assert_int_equal(xslot_unwatch(context, readable, data), 0);
	assert_int_equal(xslot_unwatch(context, readable, data), -ENOENT);
}

static int status_calls(struct xslot_context *context)
{
	result = in_status(context);
	return 0;
}

struct scene {
	struct context context;
	struct descriptor descriptor;
	struct params *params;
	sd_event *event;
};

static void ask_scene(struct scene *scene, int (*call)(struct xslot_context *))
{
	struct status_slot slot;

	in_status = call;
	ask(&scene->context, false, &slot);
	status_said_clear(&slot.said);
}

static void begin_scene(struct scene *scene, int (*start)(struct xslot_context *))
{
	const struct config_slot slot = { .place = { "xslot.ini", 3 } };
	struct report report = {};

	thread_is_alone();
	lines[0] = 0;
	n_ticks = n_once = n_readable = 0;
	log_set_sink(take_log);
	scene->descriptor =
		(struct descriptor){ .abi = 2, .name = "sample", .start = start, .status = status_calls };
	assert_int_equal(sd_event_new(&scene->event), 0);
	assert_int_equal(params_parse(&slot, scene->descriptor.params, NULL, &scene->params, &report), 0);
	context_init(&scene->context, "edge.10", &scene->descriptor, NULL, scene->params);
	assert_int_equal(context_start(&scene->context, NULL, &report), 0);
	assert_int_equal(context_activate(&scene->context, scene->event), 0);
}

static void end_scene(struct scene *scene)
{
	context_deactivate(&scene->context);
	context_deinit(&scene->context);
	params_free(scene->params);
	sd_event_unref(scene->event);
	log_set_sink(NULL);
}

static void run_until(const struct scene *scene, const unsigned *counter, unsigned at_least)
{
	while (*counter < at_least)
		assert_true(sd_event_run(scene->event, UINT64_MAX) >= 0);
}

static int start_with_timers(struct xslot_context *context)
{
	return xslot_watch_timer(context, MS, tick, NULL) ?: xslot_watch_once(context, MS, once, NULL);
}

static int add_readable(struct xslot_context *context)
{
	return xslot_watch_fd(context, pipe_fds[0], EPOLLIN, readable, NULL);
}

static int cancel_tick(struct xslot_context *context)
{
	return xslot_unwatch(context, tick, NULL);
}

/* What start, status and a watch's own function add is called; once is once, and cancelled is never. */
static void test_watches(void **state)
{
	struct scene scene = {};
	unsigned left = 1000; /* far more than one instance may have at a time */

	assert_int_equal(pipe(pipe_fds), 0);
	begin_scene(&scene, start_with_timers);
	run_until(&scene, &n_ticks, 5);
	assert_int_equal(n_once, 1);

	assert_int_equal(write(pipe_fds[1], "x", 1), 1);
	ask_scene(&scene, add_readable);
	assert_int_equal(result, 0);
	run_until(&scene, &n_ticks, n_ticks + 5); /* it stays readable */
	assert_int_equal(n_readable, 1);
	ask_scene(&scene, add_readable);
	assert_int_equal(result, 0);
	run_until(&scene, &n_readable, 2);

	ask_scene(&scene, cancel_tick);
	assert_int_equal(result, 0);
	n_ticks = 0;
	ask_scene(&scene, cancel_tick);
	assert_int_equal(result, -ENOENT);
	scene.context.phase = CONTEXT_WATCH;
	assert_int_equal(xslot_watch_once(&scene.context.plugin, MS, again, &left), 0);
	while (left > 0)
		assert_true(sd_event_run(scene.event, UINT64_MAX) >= 0);
	assert_int_equal(n_ticks, 0);
	assert_string_equal(lines, "");
	end_scene(&scene);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

/* A plugin may cancel a watch and close its fd, and the number is another file's at once: the host's, for
 * one. */
static int cancel_and_close(struct xslot_context *context)
{
	int r = xslot_unwatch(context, readable, NULL);

	close(pipe_fds[0]);
	return r;
}

static int count_readable(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	++*(unsigned *)data;
	return 0;
}

static void test_closed_fd(void **state)
{
	struct scene scene = {};
	sd_event_source *source = NULL;
	unsigned n = 0;
	int new[2], old;

	assert_int_equal(pipe(pipe_fds), 0);
	old = pipe_fds[0];
	begin_scene(&scene, add_readable);
	ask_scene(&scene, cancel_and_close);
	assert_int_equal(result, 0);
	assert_int_equal(pipe(new), 0);
	assert_int_equal(dup2(new[0], old), old);
	assert_int_equal(sd_event_add_io(scene.event, &source, old, EPOLLIN, count_readable, &n), 0);
	assert_int_equal(context_activate(&scene.context, scene.event), 0); /* frees the cancelled one */
	assert_int_equal(write(new[1], "x", 1), 1);
	run_until(&scene, &n, 1);
	assert_int_equal(n_readable, 0);
	sd_event_source_unref(source);
	end_scene(&scene);
	close(new[0]);
	close(new[1]);
	close(old);
	close(pipe_fds[1]);
}

static int too_short(struct xslot_context *context)
{
	return xslot_watch_timer(context, MS - 1, tick, NULL);
}

static int no_function(struct xslot_context *context)
{
	return xslot_watch_once(context, MS, NULL, NULL);
}

static int no_fd(struct xslot_context *context)
{
	return xslot_watch_fd(context, -1, EPOLLIN, readable, NULL);
}

static int no_events(struct xslot_context *context)
{
	return xslot_watch_fd(context, pipe_fds[0], 0, readable, NULL);
}

static int oneshot(struct xslot_context *context)
{
	return xslot_watch_fd(context, pipe_fds[0], EPOLLIN | EPOLLONESHOT, readable, NULL);
}

static int regular_file(struct xslot_context *context)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC),
	    r = xslot_watch_fd(context, fd, EPOLLIN, readable, NULL);

	close(fd);
	return r;
}

static int twice(struct xslot_context *context)
{
	return add_readable(context) ?: add_readable(context);
}

static int too_many(struct xslot_context *context)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < 10000; i++)
		r = xslot_watch_once(context, 3600000000000, once, NULL);
	return r;
}

static int nothing(struct xslot_context *context)
{
	return 0;
}

static void test_mistakes(void **state)
{
	static const struct {
		int (*call)(struct xslot_context *);
		int error;
		const char *words;
	} mistakes[] = {
		{ too_short, -EINVAL,
			"edge.10: plugin sample: cannot set a timer of 999999 ns: it must be at least 1 ms" },
		{ no_function, -EINVAL, "no function" },
		{ no_fd, -EBADF, "cannot watch fd -1: Bad file descriptor" },
		{ no_events, -EINVAL, "its events are 0x0" },
		{ oneshot, -EINVAL, "its events are 0x40000001" },
		{ regular_file, -EPERM, "takes no regular files" },
		{ twice, -EEXIST, "watches it already" },
		{ too_many, -ENOSPC, "this instance has 256" },
	};
	struct report report = {};

	assert_int_equal(pipe(pipe_fds), 0);
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct scene scene = {};

		begin_scene(&scene, nothing);
		ask_scene(&scene, mistakes[i].call);
		assert_int_equal(result, mistakes[i].error);
		if (!strstr(lines, mistakes[i].words))
			fail_msg("mistake %zu: %s", i, lines);
		/* The same in start: an error of the reload. */
		scene.descriptor.start = mistakes[i].call;
		assert_int_equal(context_start(&scene.context, NULL, &report), -EINVAL);
		assert_non_null(strstr(report.errors[0].message, "plugin sample: cannot"));
		report_clear(&report);
		/* Of ABI 1, which heard nothing else than the number: it goes on as it did. */
		scene.descriptor.abi = 1;
		scene.descriptor.check = mistakes[i].call;
		assert_int_equal(context_check(&scene.context, &report), -EINVAL);
		assert_non_null(strstr(report.errors[0].message, "check failed: Device or resource busy"));
		report_clear(&report);
		end_scene(&scene);
	}
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

/* live runs on the worker, and sd_event is the loop's. */
static void test_live_cancels_only_its_own(void **state)
{
	struct scene scene = {};

	begin_scene(&scene, start_with_timers);
	scene.descriptor.live = cancel_tick;
	assert_int_equal(context_live(&scene.context), -EINVAL);
	assert_non_null(strstr(lines, "plugin sample: live failed: Device or resource busy"));
	run_until(&scene, &n_ticks, 1);
	end_scene(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_busy_status),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_watches),
		cmocka_unit_test(test_closed_fd),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_live_cancels_only_its_own),
	};

	return cmocka_run_group_tests_name("context", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What happened is told in order, each event once, and is there after a restart; whatever the file holds. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "host/events/events.h"
#include "host/events/file.h"

static char folder[] = "/tmp/xslot-events-XXXXXX", path[64], logged[4096];
static sd_event *loop;
static struct queue queue;
static struct worker *worker;
static struct events events;

/* What was told last: ids and sentences. */
static char told[1 << 16];
static unsigned n_told;
static uint64_t last_told;

void __wrap_server_reply_events(
	struct server_call *call, const struct event *const *list, size_t n, uint64_t last);
void __wrap_server_reply_events(
	struct server_call *call, const struct event *const *list, size_t n, uint64_t last)
{
	size_t used = 0;

	n_told++;
	last_told = last;
	told[0] = 0;
	for (size_t i = 0; i < n && used < sizeof(told); i++)
		used += (size_t)snprintf(told + used, sizeof(told) - used, "%llu %s\n",
			(unsigned long long)list[i]->id, list[i]->message);
}

static void keep_log(enum log_level level, const char *text)
{
	size_t n = strlen(logged);

	snprintf(logged + n, sizeof(logged) - n, "%s\n", text);
}

static void begin(void)
{
	assert_return_code(sd_event_new(&loop), 0);
	assert_return_code(worker_new(loop, &worker), 0);
	queue = (struct queue){};
	events = (struct events){ .event = loop, .queue = &queue, .worker = worker };
	logged[0] = told[0] = 0;
	n_told = 0;
}

/* Until all that was to be kept is. */
static void rest(void)
{
	while (queue.running || queue.waiting)
		assert_return_code(sd_event_run(loop, UINT64_MAX), 0);
}

static void end(void)
{
	rest();
	worker_free(worker);
	events_close(&events);
	sd_event_unref(loop);
}

static void happen(const char *sentence)
{
	const struct events_about about = { .kind = "reload", .result = "ok" };

	events_add(&events, &about, "%s", sentence);
}

static void ask(uint64_t after, const char *says)
{
	unsigned before = n_told;

	events_tell(&events, NULL, after, false);
	assert_int_equal(n_told, before + 1);
	assert_string_equal(told, says);
}

static size_t read_file(char *to, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, to, size - 1);

	assert_true(n >= 0);
	if (fd >= 0)
		close(fd);
	to[n] = 0;
	return (size_t)n;
}

static void write_file(const char *text)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void test_kept_over_a_restart(void **state)
{
	static char text[4096];

	begin();
	happen("first"); /* before it is known where to keep it */
	events_open(&events, folder);
	rest();
	happen("second");
	end();
	read_file(text, sizeof(text));
	assert_non_null(strstr(text, "\"message\":\"first\""));
	begin();
	happen("third");
	events_open(&events, folder);
	rest();
	ask(0, "1 first\n2 second\n3 third\n");
	assert_int_equal(last_told, 3);
	ask(2, "3 third\n");
	ask(3, "");
	ask(500, "1 first\n2 second\n3 third\n"); /* of a history that is gone */
	end();
	assert_string_equal(logged, "");
}

static void test_a_host_that_ends_at_once(void **state)
{
	begin();
	happen("first");
	events_open(&events, folder);
	end();
	begin();
	happen("second");
	events_open(&events, folder);
	worker_free(worker); /* before the file was read */
	queue_clear(&queue);
	events_close(&events);
	sd_event_unref(loop);
	begin();
	events_open(&events, folder);
	rest();
	ask(0, "1 first\n2 second\n");
	end();
}

static void test_damage(void **state)
{
	static char text[8192];

	write_file(
		"no JSON\n"
		"{\"id\":7,\"at\":\"2026-11-30T12:00:00Z\",\"kind\":\"reload\",\"message\":\"good\",\"changed\":[]}\n"
		"{\"id\":8,\"at\":\"2026-11-30T12:00:00Z\",\"kind\":\"reload\"}\n"
		"{\"id\":9,\"at\":\"2026-11-30T12:0");
	begin();
	events_open(&events, folder);
	rest();
	ask(0, "7 good\n");
	assert_non_null(strstr(logged, "3 lines are damaged, and left out of the events"));
	happen("more");
	rest();
	ask(0, "7 good\n8 more\n");
	end();
	read_file(text, sizeof(text));
	assert_int_equal(strncmp(text, "{\"id\":7,", 8), 0);
	assert_null(strstr(text, "no JSON"));
	assert_null(strstr(text, "\"id\":9"));
}

static void test_no_more_than_has_room(void **state)
{
	static char text[2 * EVENTS_FILE_MAX];
	char sentence[2048];
	struct stat stat_of;

	begin();
	events_open(&events, folder);
	memset(sentence, 'x', sizeof(sentence));
	for (unsigned i = 0; i < 1500; i++) {
		snprintf(sentence + 2040, 8, "%u", i);
		memcpy(sentence, sentence + 2040, 4);
		sentence[2040] = 0;
		happen(sentence);
		if (i % 50 == 0)
			rest();
	}
	end();
	assert_return_code(stat(path, &stat_of), 0);
	assert_in_range(stat_of.st_size, EVENTS_BYTES / 2, EVENTS_FILE_MAX);
	/* Someone else made it longer than anything that is written here. */
	for (unsigned i = 0; i < 2; i++) {
		size_t n = read_file(text, sizeof(text));
		int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

		assert_int_equal(write(fd, text, n), n);
		close(fd);
	}
	begin();
	events_open(&events, folder);
	rest();
	happen("last");
	end();
	assert_return_code(stat(path, &stat_of), 0);
	assert_in_range(stat_of.st_size, 1, EVENTS_FILE_MAX);
	read_file(text, sizeof(text));
	assert_non_null(strstr(text, "\"message\":\"last\""));
	assert_null(strstr(logged, "damaged"));
}

/* A FIFO, which would make the host wait; a link, which may lead anywhere. */
static void test_no_regular_file(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		assert_return_code(i ? symlink("/etc/passwd", path) : mkfifo(path, 0600), 0);
		begin();
		events_open(&events, folder);
		rest();
		assert_non_null(strstr(logged, "cannot read the events kept in "));
		happen("first");
		rest();
		ask(0, "1 first\n");
		end();
		begin();
		events_open(&events, folder); /* it was replaced by a file */
		rest();
		ask(0, "1 first\n");
		end();
		unlink(path);
	}
}

static void test_no_folder(void **state)
{
	begin();
	happen("first");
	events_open(&events, NULL);
	ask(0, "1 first\n");
	end();
	begin();
	events_open(&events, "/nonexistent");
	happen("first");
	rest();
	happen("second");
	rest();
	ask(0, "1 first\n2 second\n");
	assert_non_null(strstr(logged, "cannot keep events in /nonexistent/events"));
	assert_null(strstr(strstr(logged, "cannot keep") + 1, "cannot keep")); /* said once */
	end();
}

static void test_waiting(void **state)
{
	begin();
	events_tell(&events, NULL, 0, false); /* what was kept is not known yet */
	assert_int_equal(n_told, 0);
	events_open(&events, folder);
	happen("first");
	rest();
	assert_int_equal(n_told, 1);
	assert_string_equal(told, "1 first\n");
	events_tell(&events, NULL, 1, true);
	assert_int_equal(n_told, 1);
	happen("second");
	assert_int_equal(n_told, 2);
	assert_string_equal(told, "2 second\n");
	for (unsigned i = 0; i < EVENTS_WAITING_MAX + 3; i++)
		events_tell(&events, NULL, 2, true);
	assert_int_equal(n_told, 5); /* for whom there is no place */
	end();
	assert_int_equal(n_told, 5 + EVENTS_WAITING_MAX);
	assert_string_equal(told, "");
}

static void test_again_is_no_news(void **state)
{
	const struct events_about by_itself = { .kind = "interfaces", .result = "refused" };
	struct asked asked = {};
	const struct events_about by_root = { .kind = "reload", .result = "refused", .asked = &asked };

	asked_add(&asked, 1, 0, 7);
	begin();
	events_open(&events, NULL);
	for (unsigned i = 0; i < 3; i++)
		events_add(&events, &by_itself, "interfaces refused");
	for (unsigned i = 0; i < 2; i++)
		events_add(&events, &by_root, "reload refused");
	ask(0, "1 interfaces refused\n2 reload refused\n3 reload refused\n");
	assert_string_equal(events.latest->by, "uid 0, pid 7 with SIGHUP");
	end();
}

static int set_up(void **state)
{
	log_set_sink(keep_log);
	strcpy(folder + sizeof(folder) - 7, "XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/events", folder);
	return 0;
}

static int tear_down(void **state)
{
	unlink(path);
	assert_int_equal(rmdir(folder), 0); /* and nothing beside it */
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_kept_over_a_restart),
		TEST(test_a_host_that_ends_at_once),
		TEST(test_damage),
		TEST(test_no_more_than_has_room),
		TEST(test_no_regular_file),
		TEST(test_no_folder),
		TEST(test_waiting),
		TEST(test_again_is_no_news),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

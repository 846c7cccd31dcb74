/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Framing and messages: cut anywhere, too long, garbage. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "control/varlink.h"

struct pair {
	int here, there;
	struct varlink_reader reader;
};

static int setup(void **state)
{
	struct pair *pair = calloc(1, sizeof(*pair));
	int fds[2];

	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), errno);
	*pair = (struct pair){ fds[0], fds[1], { .max = 1024 } };
	*state = pair;
	return 0;
}

static int teardown(void **state)
{
	struct pair *pair = *state;

	varlink_reader_clear(&pair->reader);
	close(pair->here);
	if (pair->there >= 0)
		close(pair->there);
	free(pair);
	return 0;
}

static void put(struct pair *pair, const void *data, size_t size)
{
	assert_int_equal(write(pair->there, data, size), size);
	assert_int_equal(varlink_reader_fill(&pair->reader, pair->here), 1);
}

static void test_a_message_in_single_bytes(void **state)
{
	static const char text[] = "{\"method\": \"a.b.C\"}";
	struct pair *pair = *state;
	json_t *message = NULL;

	for (size_t i = 0; i < sizeof(text); i++) {
		assert_int_equal(varlink_reader_next(&pair->reader, &message), 0);
		assert_true(varlink_reader_waits(&pair->reader));
		put(pair, text + i, 1);
		assert_false(varlink_reader_waits(&pair->reader));
	}
	assert_int_equal(varlink_reader_next(&pair->reader, &message), 1);
	assert_string_equal(json_string_value(json_object_get(message, "method")), "a.b.C");
	json_decref(message);
	assert_int_equal(varlink_reader_next(&pair->reader, &message), 0);
	assert_null(pair->reader.data); /* idle costs nothing */
	assert_int_equal(varlink_reader_fill(&pair->reader, pair->here), -EAGAIN);
}

static void test_many_messages_in_one_piece(void **state)
{
	static const char text[] = "{\"n\":0}\0{\"n\":1}\0{\"n\":2}\0{\"n\"";
	struct pair *pair = *state;
	json_t *message;

	put(pair, text, sizeof(text) - 1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(varlink_reader_next(&pair->reader, &message), 1);
		assert_int_equal(json_integer_value(json_object_get(message, "n")), i);
		json_decref(message);
	}
	assert_int_equal(varlink_reader_next(&pair->reader, &message), 0);
	put(pair, ":3}\0{}", 7);
	assert_int_equal(varlink_reader_next(&pair->reader, &message), 1);
	assert_int_equal(json_integer_value(json_object_get(message, "n")), 3);
	json_decref(message);
	assert_int_equal(varlink_reader_next(&pair->reader, &message), 1);
	assert_int_equal(json_object_size(message), 0);
	json_decref(message);
}

static void test_the_longest_message(void **state)
{
	struct pair *pair = *state;
	char text[1024];
	json_t *message;

	memset(text, ' ', sizeof(text));
	text[0] = '{';
	text[1022] = '}';
	text[1023] = 0;
	put(pair, text, 1024);
	assert_int_equal(varlink_reader_next(&pair->reader, &message), 1);
	json_decref(message);

	text[1023] = ' ';
	put(pair, text, 1023);
	assert_int_equal(varlink_reader_next(&pair->reader, &message), 0);
	put(pair, text, 1); /* no NUL within 1024 bytes */
	assert_int_equal(varlink_reader_next(&pair->reader, &message), -EMSGSIZE);
	put(pair, "", 1);
	assert_int_equal(varlink_reader_next(&pair->reader, &message), -EMSGSIZE);
}

static void test_end_of_file(void **state)
{
	struct pair *pair = *state;

	close(pair->there);
	pair->there = -1;
	assert_int_equal(varlink_reader_fill(&pair->reader, pair->here), 0);
}

static void test_garbage(void **state)
{
	static const char *const garbage[] = { "", " ", "{", "}", "[]", "null", "1", "\"x\"", "{\"a\":}",
		"{'a':1}", "{\"a\":1}{\"b\":2}", "{\"a\":1} x", "{\"a\":99999999999999999999}",
		"{\"a\":\"\xff\xfe\"}", "{\"a\":\"\\u0000\"}", "GET / HTTP/1.1", "\x16\x03\x01\x02" };
	struct pair *pair = *state;
	json_t *message = NULL;

	for (size_t i = 0; i < sizeof(garbage) / sizeof(*garbage); i++) {
		put(pair, garbage[i], strlen(garbage[i]) + 1);
		assert_int_equal(varlink_reader_next(&pair->reader, &message), -EBADMSG);
		assert_null(message);
	}
}

static void test_nesting_without_end(void **state)
{
	struct varlink_reader reader = { .max = 64 << 10 };
	struct pair *pair = *state;
	json_t *message = NULL;
	char text[32768];
	int r;

	memset(text, '[', sizeof(text));
	memcpy(text, "{\"parameters\":", 14);
	text[sizeof(text) - 1] = 0;
	assert_int_equal(write(pair->there, text, sizeof(text)), sizeof(text));
	do {
		assert_int_equal(varlink_reader_fill(&reader, pair->here), 1);
		r = varlink_reader_next(&reader, &message);
	} while (!r);
	assert_int_equal(r, -EBADMSG);
	varlink_reader_clear(&reader);
}

/* Random edits of a good call: whatever comes, it is a message, an error or a wait; ASan watches. */
static void test_random_bytes(void **state)
{
	static const char good[] =
		"{\"method\":\"io.xslot.Status\",\"parameters\":{\"chain\":\"edge\"},\"more\":true}";
	struct pair *pair = *state;
	struct varlink_call call;
	unsigned seed = 1, calls = 0, refused = 0;
	const char *bad;
	json_t *message;

	for (int round = 0; round < 20000; round++) {
		char text[sizeof(good)];
		int r;

		memcpy(text, good, sizeof(good));
		for (int i = rand_r(&seed) % 4; i > 0; i--)
			text[(unsigned)rand_r(&seed) % sizeof(good)] = (char)rand_r(&seed);
		put(pair, text, sizeof(text));
		while ((r = varlink_reader_next(&pair->reader, &message)) > 0) {
			if (varlink_call_parse(message, &call, &bad) == 0)
				calls += call.name[0] != 0 || call.method[0] != 0;
			json_decref(message);
		}
		refused += r < 0;
		varlink_reader_clear(&pair->reader);
	}
	assert_in_range(calls, 4000, 19000);
	assert_in_range(refused, 1000, 16000);
}

static int parse(const char *text, struct varlink_call *ret_call, json_t **ret_message, const char **ret_bad)
{
	*ret_message = json_loads(text, 0, NULL);
	assert_non_null(*ret_message);
	return varlink_call_parse(*ret_message, ret_call, ret_bad);
}

static void test_calls(void **state)
{
	static const struct {
		const char *text, *bad;
		int result;
	} cases[] = {
		{ "{\"method\":\"a.B\"}", NULL, 0 },
		{ "{\"method\":\"a.B\",\"parameters\":null,\"more\":true,\"oneway\":null,\"upgrade\":false}",
			NULL, 0 },
		{ "{\"method\":\"a.B\",\"parameters\":[]}", "parameters", -EINVAL },
		{ "{\"method\":\"a.B\",\"oneway\":1}", "oneway", -EINVAL },
		{ "{\"method\":\"a.B\",\"more\":\"yes\"}", "more", -EINVAL },
		{ "{\"method\":\"a.B\",\"upgrade\":true}", "upgrade", -EINVAL },
		{ "{\"method\":7}", NULL, -EBADMSG },
		{ "{}", NULL, -EBADMSG },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct varlink_call call = {};
		const char *bad = NULL;
		json_t *message;

		assert_int_equal(parse(cases[i].text, &call, &message, &bad), cases[i].result);
		if (cases[i].bad)
			assert_string_equal(bad, cases[i].bad);
		if (cases[i].result != -EBADMSG)
			assert_string_equal(call.name, "B");
		assert_false(call.oneway);
		json_decref(message);
	}
}

static void test_call_members(void **state)
{
	struct varlink_call call = {};
	const char *bad = NULL;
	json_t *message;

	assert_int_equal(parse("{\"method\":\"nodot\",\"oneway\":true,\"parameters\":{\"x\":1}}", &call,
				 &message, &bad),
		0);
	assert_string_equal(call.method, "nodot");
	assert_string_equal(call.name, "");
	assert_true(call.oneway);
	assert_int_equal(json_object_size(call.parameters), 1);
	json_decref(message);
}

static void test_messages_and_slow_writing(void **state)
{
	struct pair *pair = *state;
	struct varlink_writer writer = {};
	json_t *message, *big = json_object();
	size_t sent = 0, received = 0;
	char *text = malloc(3 << 20), buffer[65536];
	int small = 4096, r;

	setsockopt(pair->there, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	memset(text, 'x', 3 << 20);
	json_object_set_new(big, "text", json_stringn(text, (3 << 20) - 1));
	assert_int_equal(varlink_writer_put(&writer, varlink_reply_new(big)), 0);
	assert_int_equal(varlink_writer_put(&writer, varlink_error_new("a.Bad", "message", "no")), 0);
	sent = writer.size;
	while ((r = varlink_writer_flush(&writer, pair->there)) == -EAGAIN) {
		ssize_t n = read(pair->here, buffer, sizeof(buffer));

		assert_true(n > 0);
		received += (size_t)n;
	}
	assert_int_equal(r, 0);
	assert_true(varlink_writer_empty(&writer));
	assert_null(writer.data);
	assert_int_equal(fcntl(pair->here, F_SETFL, O_NONBLOCK), 0);
	while ((r = (int)read(pair->here, buffer, sizeof(buffer))) > 0)
		received += (size_t)r;
	assert_int_equal(received, sent);

	assert_int_equal(varlink_writer_put(&writer, NULL), -ENOMEM);
	assert_true(varlink_writer_empty(&writer));
	message = varlink_call_new("a.B", NULL);
	assert_string_equal(json_string_value(json_object_get(message, "method")), "a.B");
	assert_true(json_is_object(json_object_get(message, "parameters")));
	json_decref(message);
	free(text);
}

static void test_writing_to_nobody_raises_nothing(void **state)
{
	struct pair *pair = *state;
	struct varlink_writer writer = {};

	close(pair->there);
	pair->there = -1;
	assert_int_equal(varlink_writer_put(&writer, varlink_reply_new(NULL)), 0);
	assert_int_equal(varlink_writer_flush(&writer, pair->here), -EPIPE);
	varlink_writer_clear(&writer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_message_in_single_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_messages_in_one_piece, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_longest_message, setup, teardown),
		cmocka_unit_test_setup_teardown(test_end_of_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_garbage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nesting_without_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random_bytes, setup, teardown),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_call_members),
		cmocka_unit_test_setup_teardown(test_messages_and_slow_writing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_writing_to_nobody_raises_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

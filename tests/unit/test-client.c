/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The socket's file, and the real client against the real server and against what is none. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>

#include "control/client.h"
#include "fake-host.h"

#define PATIENCE 60 /* seconds */

struct
try {
	const char *path, *method;
	json_t *parameters, *reply;
	struct xslot_diag diag;
	int opened, called;
	unsigned timeout; /* seconds; 0: more than any machine takes */
	bool done;
};

static void *try_thread(void *data)
{
	struct try *try = data;
	struct client *client = NULL;

	try->opened = client_open(try->path, &client, &try->diag);
	if (!try->opened)
		try->called = client_call(client, try->method, try->parameters,
			try->timeout ? try->timeout : PATIENCE, &try->reply, &try->diag);
	client_close(client);
	__atomic_store_n(&try->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* One call in a thread of its own, since it blocks, with the host's loop running here. */
static void try_call(struct fake_host *host, struct try *try)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, try_thread, try), 0);
	while (!__atomic_load_n(&try->done, __ATOMIC_ACQUIRE))
		sd_event_run(host->event, 1000);
	pthread_join(thread, NULL);
}

static void test_status_and_reload(void **state)
{
	struct fake_host *host = *state;
	struct try status = { host->path, "io.xslot.Status", json_pack("{s:s}", "chain", "edge") };
	struct try reload = { host->path, "io.xslot.Reload" };

	host->ballast = 8 << 20; /* longer than any one read */
	try_call(host, &status);
	assert_int_equal(status.called, 0);
	assert_int_equal(json_integer_value(json_object_get(status.reply, "format")), 1);
	json_decref(status.reply);
	try_call(host, &reload);
	assert_int_equal(reload.called, 0);
	assert_string_equal(json_string_value(json_object_get(reload.reply, "result")), "refused");
	json_decref(reload.reply);
}

static void test_errors_are_sentences(void **state)
{
	struct fake_host *host = *state;
	struct try chain = { host->path, "io.xslot.Status", json_pack("{s:s}", "chain", "core") };
	struct try method = { host->path, "io.xslot.Nothing" };

	try_call(host, &chain);
	assert_int_equal(chain.called, -ENOENT);
	assert_string_equal(chain.diag.message, "there is no chain of that name");
	try_call(host, &method);
	assert_int_equal(method.called, -EOPNOTSUPP);
	assert_non_null(strstr(method.diag.message, "does not understand io.xslot.Nothing"));
	assert_null(strchr(method.diag.message, '{'));
}

static void test_a_host_that_hangs(void **state)
{
	struct fake_host *host = *state;
	struct try try = { host->path, "io.xslot.Status", .timeout = 1 };

	host->hold = true;
	try_call(host, &try);
	assert_int_equal(try.called, -ETIMEDOUT);
	assert_non_null(strstr(try.diag.message, "did not answer within 1 s"));
	fake_host_pump(host); /* what it sent may be heard only now */
	if (host->n_held)
		fake_host_reply(host, host->held[0]);
	fake_host_pump(host);
}

static void test_nobody_there(void **state)
{
	struct fake_host *host = *state;
	struct client *client = NULL;
	struct xslot_diag diag = {};
	char long_path[200], wanted[256];

	server_free(host->server);
	host->server = NULL;
	assert_int_equal(client_open(host->path, &client, &diag), -ENOENT);
	snprintf(wanted, sizeof(wanted),
		"cannot reach the host at %s: No such file or directory; is xslotd running?", host->path);
	assert_string_equal(diag.message, wanted);
	memset(long_path, 'x', sizeof(long_path));
	long_path[199] = 0;
	assert_int_equal(client_open(long_path, &client, &diag), -ENAMETOOLONG);
	assert_int_equal(client_open("", &client, &diag), -ENAMETOOLONG);
	assert_null(client);
}

struct impostor {
	int listener;
	const char *says;
	size_t length;
};

static void *impostor_thread(void *data)
{
	struct impostor *impostor = data;
	int fd = accept(impostor->listener, NULL, NULL);
	char buffer[256];

	if (impostor->length && recv(fd, buffer, sizeof(buffer), 0) > 0)
		send(fd, impostor->says, impostor->length, MSG_NOSIGNAL);
	close(fd);
	return NULL;
}

/* Something else that listens where we look: client_call()'s result. */
static int call_impostor(struct fake_host *host, const char *says, size_t length, struct xslot_diag *diag)
{
	struct impostor impostor = { socket(AF_UNIX, SOCK_STREAM, 0), says, length };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct client *client;
	json_t *reply;
	pthread_t thread;
	int r;

	strcpy(address.sun_path, host->path);
	unlink(host->path);
	assert_return_code(bind(impostor.listener, (struct sockaddr *)&address, sizeof(address)), errno);
	assert_return_code(listen(impostor.listener, 1), errno);
	pthread_create(&thread, NULL, impostor_thread, &impostor);
	assert_int_equal(client_open(host->path, &client, diag), 0);
	r = client_call(client, "io.xslot.Status", NULL, PATIENCE, &reply, diag);
	pthread_join(thread, NULL);
	client_close(client);
	close(impostor.listener);
	return r;
}

static void test_impostors(void **state)
{
	struct fake_host *host = *state;
	struct xslot_diag diag = {};

	server_free(host->server);
	host->server = NULL;
	assert_int_equal(call_impostor(host, "", 0, &diag), -ECONNRESET);
	assert_non_null(strstr(diag.message, "closed the connection before it answered"));
	assert_int_equal(call_impostor(host, "HTTP/1.0 400\r\n\r\n", 17, &diag), -EPROTO);
	assert_non_null(strstr(diag.message, "is not an xslot host"));
	assert_int_equal(call_impostor(host, "{\"parameters\":[]}", 18, &diag), -EPROTO);
	assert_int_equal(call_impostor(host, "{\"error\":\"x.y.Z\"}", 18, &diag), -EREMOTEIO);
	assert_non_null(strstr(diag.message, "answered io.xslot.Status with the error Z"));
	assert_int_equal(call_impostor(host, "{\"error\":\"nodots\"}", 19, &diag), -EREMOTEIO);
}

static void test_the_socket_is_guarded(void **state)
{
	struct fake_host *host = *state;
	struct stat st;

	assert_return_code(stat(host->path, &st), errno);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0660);
}

static int start_another(struct fake_host *host, const char *path, struct xslot_diag *diag)
{
	const struct server_handler handler = {}; /* never gets a call */
	struct server *another = NULL;
	int r = server_new(host->event, path, &handler, &another, diag);

	if (r)
		assert_null(another);
	server_free(another);
	return r;
}

static void test_where_a_socket_can_be(void **state)
{
	struct fake_host *host = *state;
	char path[64], long_path[200];
	struct xslot_diag diag = {};
	struct stat st;

	assert_int_equal(start_another(host, host->path, &diag), -EADDRINUSE);
	assert_non_null(strstr(diag.message, "another host answers there"));
	assert_return_code(stat(host->path, &st), errno); /* not taken away from the other */
	assert_int_equal(start_another(host, "relative", &diag), -EINVAL);
	memset(long_path, 'x', sizeof(long_path));
	long_path[0] = '/';
	long_path[199] = 0;
	assert_int_equal(start_another(host, long_path, &diag), -EINVAL);
	assert_int_equal(start_another(host, host->directory, &diag), -EEXIST);
	assert_non_null(strstr(diag.message, "is not a socket"));
	assert_int_equal(start_another(host, "/proc/none/here/control", &diag), -ENOENT);

	snprintf(path, sizeof(path), "%s/new/control", host->directory);
	assert_int_equal(start_another(host, path, &diag), 0);
	snprintf(path, sizeof(path), "%s/new", host->directory);
	assert_return_code(rmdir(path), errno); /* so the socket is gone */
}

static void test_a_dead_hosts_socket_is_replaced(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct fake_host *host = *state;
	struct stat before, after;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	server_free(host->server);
	strcpy(address.sun_path, host->path);
	assert_return_code(bind(fd, (struct sockaddr *)&address, sizeof(address)), errno);
	close(fd); /* as a SIGKILL does: the file stays */
	assert_return_code(stat(host->path, &before), errno);
	fake_host_start(host);
	close(raw_open(host->path));

	/* One that has been replaced meanwhile is not ours to remove. */
	unlink(host->path);
	fd = open(host->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	server_free(host->server);
	host->server = NULL;
	assert_return_code(stat(host->path, &after), errno);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_host_setup, fake_host_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_status_and_reload),
		TEST(test_errors_are_sentences),
		TEST(test_a_host_that_hangs),
		TEST(test_nobody_there),
		TEST(test_impostors),
		TEST(test_the_socket_is_guarded),
		TEST(test_where_a_socket_can_be),
		TEST(test_a_dead_hosts_socket_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

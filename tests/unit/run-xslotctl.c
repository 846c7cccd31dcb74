/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "run-xslotctl.h"

#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <sys/wait.h>

static void be_xslotctl(const struct fake_host *host, const struct run *run, int out, int err)
{
	char *arguments[ARGUMENTS_MAX + 2] = { "xslotctl" };

	for (size_t i = 0; i < ARGUMENTS_MAX && run->arguments[i]; i++)
		arguments[i + 1] = (char *)run->arguments[i];
	setenv("XSLOT_SOCKET", host->path, 1);
	if (dup2(out, 1) < 0 || dup2(err, 2) < 0 ||
		(run->uid && (setgroups(0, NULL) || setgid(run->uid) || setuid(run->uid))))
		_exit(99);
	execv(run->program ? run->program : XSLOTCTL, arguments);
	_exit(98);
}

void read_all(int fd, char *to, size_t size)
{
	ssize_t n = pread(fd, to, size - 1, 0);

	assert_true(n >= 0);
	to[n] = 0;
	close(fd);
}

void run(struct fake_host *host, struct run *run)
{
	int out = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600),
	    err = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	int status;
	pid_t pid;

	assert_true(out >= 0 && err >= 0);
	pid = fork();
	if (!pid)
		be_xslotctl(host, run, out, err);
	while (!waitpid(pid, &status, WNOHANG))
		sd_event_run(host->event, 1000);
	read_all(out, run->out, sizeof(run->out));
	read_all(err, run->err, sizeof(run->err));
	assert_true(WIFEXITED(status));
	run->code = WEXITSTATUS(status);
}

json_t *parse(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);

	if (!json)
		fail_msg("this is no JSON: %s", text);
	assert_int_equal(json_integer_value(json_object_get(json, "format")), 1);
	return json;
}

void check_json_error(struct fake_host *host, const struct run *plain)
{
	struct run as_json = { .uid = plain->uid };
	json_t *json, *errors;
	const char *message;
	size_t i = 0;

	for (; plain->arguments[i]; i++)
		as_json.arguments[i] = plain->arguments[i];
	as_json.arguments[i] = "--json";
	run(host, &as_json);
	assert_int_equal(as_json.code, plain->code);
	assert_string_equal(as_json.err, "");
	json = parse(as_json.out);
	errors = json_object_get(json, "errors");
	assert_int_equal(json_array_size(errors), 1);
	message = json_string_value(json_object_get(json_array_get(errors, 0), "message"));
	assert_non_null(message);
	assert_non_null(strstr(plain->err, message));
	json_decref(json);
}

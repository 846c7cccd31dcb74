/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Any bytes as what a host answers to xslotctl: another version's, a damaged one's, another program's
 * altogether. Each verb that asks the host ends with a documented exit code, and what it prints are lines of
 * text, in which nothing speaks to the terminal; with --json, JSON.
 *
 * An input begins with a byte: which verb; in its highest bit whether with --json, in the next one whether
 * `status` has --problems.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "fuzz.h"
#include "tools/xslotctl/xslotctl.h"

static char folder[] = "/tmp/xslot-fuzz-XXXXXX", path[64];
static int listener;

/* What the thread answers with. */
static const uint8_t *answer;
static size_t answer_size;
static sem_t answered;

/* ---- what is not the host's: xslotctl looks at pins then ---- */

int status_pins(const struct options *options, const char *chain, const char *why)
{
	expect(false, "the host can be reached");
	return 1;
}

int clean_pins(const struct options *options, const char *chain)
{
	expect(false, "the host can be reached");
	return 1;
}

/* ---- the host ---- */

static void read_call(int fd)
{
	char byte = 1;

	while (byte && read(fd, &byte, 1) == 1)
		;
}

static void *be_host(void *data)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		size_t sent = 0;
		ssize_t n = 1;

		if (fd < 0)
			continue;
		read_call(fd);
		while (n > 0 && sent < answer_size) {
			n = send(fd, answer + sent, answer_size - sent, MSG_NOSIGNAL);
			sent += n > 0 ? (size_t)n : 0;
		}
		close(fd);
		sem_post(&answered);
	}
	return NULL;
}

static void clean(void)
{
	unlink(path);
	rmdir(folder);
}

static void set_up(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	static bool done;
	pthread_t thread;

	if (done)
		return;
	done = true;
	expect(mkdtemp(folder) != NULL, "there is a folder");
	atexit(clean);
	snprintf(path, sizeof(path), "%s/control", folder);
	strcpy(address.sun_path, path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	expect(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(listener, 8) == 0,
		"there is a socket");
	sem_init(&answered, 0, 0);
	expect(pthread_create(&thread, NULL, be_host, NULL) == 0, "there is a thread");
}

/* ---- what is printed ---- */

/* One character from `p` on, by the table of well-formed UTF-8 (RFC 3629); returns how many bytes, 0: none.
 */
static size_t character(const unsigned char *p, uint32_t *ret_code)
{
	uint32_t code = *p;
	size_t n = code < 0x80	 ? 1
		   : code < 0xc2 ? 0
		   : code < 0xe0 ? 2
		   : code < 0xf0 ? 3
		   : code < 0xf5 ? 4
				 : 0;

	for (size_t i = 1; i < n; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		code = (i == 1 ? code & (0x7f >> n) : code) << 6 | (p[i] & 0x3f);
	}
	*ret_code = code;
	return n;
}

/* Neither commands, C0 and C1, nor what turns the direction of text. */
static bool speaks(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code <= 0x9f) || (code >= 0x202a && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

static void check_text(const char *text, size_t size)
{
	expect(strlen(text) == size, "no NUL is printed");
	expect(!size || text[size - 1] == '\n', "what is printed are lines");
	while (*text) {
		uint32_t code = 0;
		size_t n = character((const unsigned char *)text, &code);

		expect(n > 0, "what is printed is UTF-8");
		expect(code == '\n' || !speaks(code), "what is printed is fit for a terminal");
		text += n;
	}
}

static void check_code(int code)
{
	expect(code == 0 || code == 1 || code == EXIT_WOULD_CHANGE || code == EXIT_PROBLEMS ||
			code == EXIT_UNREACHABLE || code == EXIT_PERMISSION || code == EXIT_CONFIGURATION,
		"an exit code that is documented");
}

/* ---- the verbs ---- */

static int health(const struct options *options, int argc, char **argv)
{
	int code = verb_health(options, 0, NULL);

	expect(code >= 0 && code <= 3, "a code that monitors know");
	return 0;
}

static const struct {
	int (*run)(const struct options *options, int argc, char **argv);
	int argc;
	const char *argv[2];
} verbs[] = {
	{ verb_status },
	{ verb_status, 1, { "edge" } },
	{ health },
	{ verb_reload },
	{ verb_rollback },
	{ verb_confirm },
	{ verb_bypass, 2, { "edge", "on" } },
	{ verb_clean, 1, { "edge" } },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t n = sizeof(verbs) / sizeof(verbs[0]);
	struct options options = { .socket = path,
		.json = size && data[0] >> 7,
		.problems = size && data[0] >> 6 & 1 && verbs[data[0] % n].run == verb_status };
	FILE *terminal[2] = { stdout, stderr };
	char *out = NULL, *err = NULL;
	size_t out_size, err_size;
	json_t *json;
	int code;

	if (!size)
		return 0;
	set_up();
	answer = data + 1;
	answer_size = size - 1;
	stdout = open_memstream(&out, &out_size);
	stderr = open_memstream(&err, &err_size);
	code = verbs[data[0] % n].run(&options, verbs[data[0] % n].argc, (char **)verbs[data[0] % n].argv);
	sem_wait(&answered);
	fclose(stdout);
	fclose(stderr);
	stdout = terminal[0];
	stderr = terminal[1];
	check_code(code);
	check_text(out, out_size);
	check_text(err, err_size);
	expect(code != 0 || out_size > 0 || options.problems, "what worked says something");
	if (options.json) {
		json = json_loads(out, JSON_REJECT_DUPLICATES, NULL);
		expect(json_is_object(json) && json_is_integer(json_object_get(json, "format")), "JSON");
		expect(!err_size, "with --json all is in it");
		json_decref(json);
	}
	free(out);
	free(err);
	return 0;
}

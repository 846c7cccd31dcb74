/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Not fork(): while another thread is in dlopen or malloc, the child inherits locks that nobody will release.
 * posix_spawn() of /proc/self/exe costs a millisecond or two, and finds the program even if its file was
 * replaced or removed meanwhile. It is opened first: under valgrind, opening that name leads to the program,
 * and executing it would start valgrind.
 *
 * How the kernel reports the end of the process, and the two limits that are enforced here, time and memory
 * in use, distinguish a process that crashed from one that is slow or needs too much memory: a file may catch
 * every signal and a failed malloc().
 */
#include "host/plugin/inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/plugin/inspect_private.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/digest.h"
#include "util/memory.h"

#define MEMORY_MAX (1UL << 30) /* bytes in use */
#define MEMORY_WORDS "1 GiB"
#define LOOK_MS 10 /* how often that is looked at */
#define CLOSING_MS 1000
#define WORDS_MAX 160

/* The process, while there is one. */
static struct {
	pid_t pid; /* 0: none */
	int socket;
	int words; /* what it prints */
	enum inspect_stage stage;
} child;

DEFINE_CLEANUP(struct blob *, blob_free);

static bool available; /* the program calls inspect_main() */

/* What was good; and what was not since the last inspect_end(), so that each slot of a plugin is told at
 * once. */
static struct digest *good;
static size_t n_good;
static struct refusal {
	struct digest key;
	char *message;
} * refusals;
static size_t n_refusals;

enum end { END_ITSELF, END_SLOW, END_LARGE };

void inspect_main(int argc, char **argv)
{
	available = true;
	if (argc == 1 && strcmp(argv[0], INSPECT_NAME) == 0)
		_exit(inspect_child());
}

static bool is_good(const struct digest *key)
{
	for (size_t i = 0; i < n_good; i++)
		if (memcmp(&good[i], key, sizeof(*key)) == 0)
			return true;
	return false;
}

/* Without memory for it, it is looked at once more. */
static void remember(const struct digest *key)
{
	struct digest *more = reallocarray(good, n_good + 1, sizeof(*more));

	if (!more)
		return;
	good = more;
	good[n_good++] = *key;
}

static const char *refused(const struct digest *key)
{
	for (size_t i = 0; i < n_refusals; i++)
		if (memcmp(&refusals[i].key, key, sizeof(*key)) == 0)
			return refusals[i].message;
	return NULL;
}

static void remember_refusal(const struct digest *key, const char *message)
{
	struct refusal *more = reallocarray(refusals, n_refusals + 1, sizeof(*more));
	char *copy = strdup(message);

	if (more)
		refusals = more;
	if (more && copy)
		more[n_refusals++] = (struct refusal){ *key, copy };
	else
		free(copy);
}

static void forget_refusals(void)
{
	for (size_t i = 0; i < n_refusals; i++)
		free(refusals[i].message);
	free(refusals);
	refusals = NULL;
	n_refusals = 0;
}

/* The environment as it is, but a sanitizer's report may not hide what happened. */
static char **make_environment(void)
{
#ifdef INSPECT_SANITIZED
	static char asan[512], ubsan[512];
#endif
	size_t n = 0, kept = 0;
	char **copy;

	while (environ[n])
		n++;
	copy = calloc(n + 3, sizeof(*copy));
	if (!copy)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "ASAN_OPTIONS=", 13) != 0 &&
			strncmp(environ[i], "UBSAN_OPTIONS=", 14) != 0 &&
			strncmp(environ[i], "NOTIFY_SOCKET=", 14) != 0)
			copy[kept++] = environ[i];
#ifdef INSPECT_SANITIZED
	snprintf(asan, sizeof(asan),
		"ASAN_OPTIONS=%s:detect_leaks=0:abort_on_error=1:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:handle_abort=0:allocator_may_return_null=1",
		getenv("ASAN_OPTIONS") ?: "");
	snprintf(ubsan, sizeof(ubsan), "UBSAN_OPTIONS=%s:abort_on_error=1", getenv("UBSAN_OPTIONS") ?: "");
	copy[kept++] = asan;
	copy[kept++] = ubsan;
#endif
	return copy;
}

static int prepare(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, int socket, int words,
	int program)
{
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	if (posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0) != 0 ||
		posix_spawn_file_actions_adddup2(actions, words, 1) != 0 ||
		posix_spawn_file_actions_adddup2(actions, words, 2) != 0 ||
		posix_spawn_file_actions_adddup2(actions, socket, INSPECT_FD) != 0 ||
		posix_spawn_file_actions_adddup2(actions, program, INSPECT_PROGRAM) != 0 ||
		posix_spawn_file_actions_addclosefrom_np(actions, INSPECT_PROGRAM + 1) != 0)
		return -ENOMEM;
	if (posix_spawnattr_setsigdefault(attributes, &all) != 0 ||
		posix_spawnattr_setsigmask(attributes, &none) != 0 ||
		posix_spawnattr_setpgroup(attributes, 0) != 0 ||
		posix_spawnattr_setflags(attributes,
			POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP) != 0)
		return -EINVAL;
	return 0;
}

/* None may be where the child's own are to be: dup2() would leave it to be closed on exec. */
static int spawn(int socket, int words, int program)
{
	char *const argv[] = { (char *)INSPECT_NAME, NULL };
	CLEANUP(free) char **environment = make_environment();
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int r;

	if (!environment)
		return -ENOMEM;
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	r = prepare(&actions, &attributes, socket, words, program);
	if (r == 0)
		r = -posix_spawn(&child.pid, INSPECT_PROGRAM_PATH, &actions, &attributes, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	if (r < 0)
		child.pid = 0;
	return r;
}

static void close_pair(int pair[2])
{
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			close(pair[i]);
}

static int move_up(int *fd)
{
	int up = fcntl(*fd, F_DUPFD_CLOEXEC, INSPECT_PROGRAM + 1);

	if (up < 0)
		return -errno;
	close(*fd);
	*fd = up;
	return 0;
}

static int spawn_self(int socket, int words)
{
	CLEANUP(close) int program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int r = program < 0 ? -errno : move_up(&program);

	return r < 0 ? r : spawn(socket, words, program);
}

static int start(void)
{
	int sockets[2] = { -1, -1 }, words[2] = { -1, -1 }, r = 0;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0 ||
		pipe2(words, O_CLOEXEC | O_NONBLOCK) < 0)
		r = -errno;
	if (r == 0)
		r = move_up(&sockets[1]);
	if (r == 0)
		r = move_up(&words[1]);
	if (r == 0)
		r = spawn_self(sockets[1], words[1]);
	if (r < 0) {
		close_pair(sockets);
		close_pair(words);
		return r;
	}
	close(sockets[1]);
	close(words[1]);
	child.socket = sockets[0];
	child.words = words[0];
	child.stage = INSPECT_STARTED;
	return 0;
}

/* Its last line, as far as it is text: what ld.so or a sanitizer said. */
static void last_words(char ret[static WORDS_MAX])
{
	char text[65536], *line;
	ssize_t n = read(child.words, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = 0;
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
		text[--n] = 0;
	line = strstr(text, "SUMMARY: ");
	if (line)
		line[strcspn(line, "\n")] = 0;
	else
		line = strrchr(text, '\n') ? strrchr(text, '\n') + 1 : text;
	snprintf(ret, WORDS_MAX, "%.*s", WORDS_MAX - 1, line);
	for (char *c = ret; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

/* Whatever it is doing, and whatever it started. */
static int reap(bool kill_it)
{
	int status = 0;

	if (kill_it)
		kill(child.pid, SIGKILL);
	while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR)
		;
	kill(-child.pid, SIGKILL);
	close(child.socket);
	close(child.words);
	child.pid = 0;
	return status;
}

static const char *stage_words(void)
{
	static const char *const words[] = {
		[INSPECT_STARTED] = "before it was looked at",
		[INSPECT_READ] = "while it was read",
		[INSPECT_MAPPED] = "while it was opened",
		[INSPECT_PARSED] = "while its BPF object was read",
		[INSPECT_LOADED] = "while loading its BPF object was tried",
		[INSPECT_CLOSED] = "while it was closed",
		[INSPECT_DONE] = "after it was looked at",
		[INSPECT_TOO_LARGE] = "while it was looked at",
	};

	return words[child.stage];
}

static int fail_ended(const char *path, enum end end, struct xslot_diag *diag)
{
	const char *when = stage_words();
	char words[WORDS_MAX];
	int status;

	if (end == END_ITSELF) /* let what it said arrive */
		waitid(P_PID, (id_t)child.pid, &(siginfo_t){}, WEXITED | WNOWAIT);
	last_words(words);
	status = reap(end != END_ITSELF);
	if (end == END_LARGE)
		return fail(
			diag, -EBADMSG, "%s: it took more than " MEMORY_WORDS " of memory %s", path, when);
	if (end == END_SLOW || (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU))
		return fail(diag, -EBADMSG, "%s: it did not come to an end within %d seconds %s", path,
			INSPECT_SECONDS, when);
	if (WIFSIGNALED(status))
		return fail(diag, -EBADMSG, "%s: it crashed (SIG%s) %s%s%s", path,
			sigabbrev_np(WTERMSIG(status)) ?: "?", when, words[0] ? ": " : "", words);
	return fail(diag, -EBADMSG, "%s: it ended the process (exit status %d) %s%s%s", path,
		WEXITSTATUS(status), when, words[0] ? ": " : "", words);
}

static unsigned long memory_in_use(void)
{
	CLEANUP(fclose) FILE *file = NULL;
	unsigned long pages = 0;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)child.pid);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%*u %lu", &pages) != 1)
		return 0;
	return pages * (unsigned long)sysconf(_SC_PAGESIZE);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * Its next word, or -EPIPE and how it ended; other errors are of asking, and say nothing of the file. A
 * file's code may hold the socket open beyond the process's end.
 */
static int next_stage(enum end *ret_end)
{
	CLEANUP(close) int pidfd = (int)syscall(SYS_pidfd_open, child.pid, 0);
	const int64_t until = now_ms() + INSPECT_SECONDS * 1000;
	uint32_t word;

	if (pidfd < 0)
		return -errno;
	for (;;) {
		struct pollfd polls[2] = { { child.socket, POLLIN, 0 }, { pidfd, POLLIN, 0 } };
		int n = poll(polls, 2, LOOK_MS);

		if (n < 0 && errno != EINTR)
			return -errno;
		*ret_end = END_ITSELF;
		if (recv(child.socket, &word, sizeof(word), MSG_DONTWAIT) == sizeof(word) &&
			word <= INSPECT_TOO_LARGE) {
			child.stage = word;
			return 0;
		}
		if (n > 0 && (polls[0].revents & POLLHUP || polls[1].revents)) {
			/* A file may close what is not its own, and go on. */
			if (poll(&polls[1], 1, CLOSING_MS) == 0)
				*ret_end = END_SLOW;
			return -EPIPE;
		}
		*ret_end = memory_in_use() > MEMORY_MAX ? END_LARGE : END_SLOW;
		if (*ret_end == END_LARGE || now_ms() >= until)
			return -EPIPE;
	}
}

static int send_request(const struct inspect_request *request, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {};
	struct iovec part = { .iov_base = (void *)request, .iov_len = sizeof(*request) };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	/* When nobody is there, how that came is seen by who looks for an answer. */
	return sendmsg(child.socket, &message, MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET
		       ? -errno
		       : 0;
}

static int begin(struct xslot_diag *diag)
{
	enum end end = END_ITSELF;
	char words[WORDS_MAX];
	int r;

	if (!available)
		return fail(diag, -ENOSYS,
			"cannot look at files in a process of their own: this program does not call inspect_main()");
	if (child.pid)
		return 0;
	r = start();
	if (r < 0)
		return fail(diag, r, "cannot look at files in a process of their own: %s", strerror(-r));
	r = next_stage(&end);
	if (r == 0)
		return 0;
	last_words(words);
	reap(true);
	if (r != -EPIPE)
		return fail(diag, r, "cannot look at files in a process of their own: %s", strerror(-r));
	return fail(diag, -ECHILD,
		"cannot look at files in a process of their own: it %s%s%s; if a library of xslot was replaced, restart xslot",
		end == END_ITSELF ? "ended at once" : "did not start", words[0] ? ": " : "", words);
}

static int look(const struct inspect_request *request, const struct blob *bytes, struct xslot_diag *diag)
{
	enum end end = END_ITSELF;
	CLEANUP(close) int fd = -1;
	int r = begin(diag);

	if (r < 0)
		return r;
	r = blob_open(bytes, "xslot-inspect", &fd);
	if (r < 0)
		return fail(diag, r, "%s: cannot hand it to the process that looks at files: %s",
			request->path, strerror(-r));
	r = send_request(request, fd);
	do
		r = r < 0 ? r : next_stage(&end);
	while (r == 0 && child.stage < INSPECT_DONE);
	if (r == 0 && child.stage == INSPECT_DONE)
		return 0;
	if (r == 0 || r == -EPIPE)
		return fail_ended(request->path, r == 0 ? END_LARGE : end, diag);
	reap(true);
	return fail(
		diag, r, "%s: cannot be looked at in a process of its own: %s", request->path, strerror(-r));
}

static int inspect(enum inspect_kind kind, const char *path, const struct blob *bytes,
	const struct digest *content, const char *program, struct xslot_diag *diag)
{
	struct inspect_request request = { .kind = kind };
	struct {
		struct digest content;
		uint32_t kind;
		char program[sizeof(request.program)];
	} key = { .content = *content, .kind = kind };
	struct digest digest;
	int r;

	if (strlen(path) >= sizeof(request.path) || (program && strlen(program) >= sizeof(request.program)))
		return fail(diag, -ENAMETOOLONG, "%s: the name is too long%s%s", path,
			program ? " for program " : "", program ? program : "");
	snprintf(request.program, sizeof(request.program), "%s", program ? program : "");
	memcpy(key.program, request.program, sizeof(key.program));
	digest = digest_of(&key, sizeof(key));
	if (bytes->size == 0 || is_good(&digest))
		return 0;
	if (refused(&digest))
		return fail(diag, -EBADMSG, "%s", refused(&digest));
	snprintf(request.path, sizeof(request.path), "%s", path);
	r = look(&request, bytes, diag);
	if (r == 0)
		remember(&digest);
	else if (r == -EBADMSG && diag)
		remember_refusal(&digest, diag->message);
	return r;
}

int inspect_plugin(const char *path, struct blob *bytes, const struct digest *content, bool opened,
	struct xslot_diag *diag)
{
	return inspect(opened ? INSPECT_OPEN : INSPECT_DESCRIBE, path, bytes, content, NULL, diag);
}

int inspect_describe(const char *path, struct descriptor *ret_plugin, struct xslot_diag *diag)
{
	CLEANUP(blob_free) struct blob *blob = NULL;
	struct digest digest;
	int r = blob_read(path, MODULE_MAX_SIZE, &blob, diag);

	if (r < 0)
		return r;
	digest = digest_of(blob->data, blob->size);
	r = inspect_plugin(path, blob, &digest, false, diag);
	return r < 0 ? r : module_describe_blob(blob, path, ret_plugin, diag);
}

int inspect_object(const char *path, const struct blob *bytes, const char *program, bool foreign,
	struct xslot_diag *diag)
{
	const struct digest content = digest_of(bytes->data, bytes->size);

	return inspect(foreign ? INSPECT_FOREIGN : INSPECT_OBJECT, path, bytes, &content, program, diag);
}

void inspect_end(void)
{
	if (child.pid)
		reap(true);
	forget_refusals();
}

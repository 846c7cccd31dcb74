/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A plugin that calls exit(0) would end the host with a status that looks like a clean stop, and nobody would
 * start it again. exit() and quick_exit() run handlers, and ours turns the exit into a SIGABRT. _exit() runs
 * none; but a program's own symbols come before those of its libraries, so plugins that call it get ours.
 * Only the bare system call remains: the next host names that plugin, see quarantine.c.
 *
 * A signal that someone sends from outside is not counted as a crash, unless a callback hangs.
 */
#include "host/plugin/crash.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/plugin/quarantine.h"

static const int fatal[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
#define N_FATAL (sizeof(fatal) / sizeof(fatal[0]))
static const char *const names[N_FATAL] = { "SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT" };
static struct sigaction before[N_FATAL];

static pid_t watched; /* this process; a child that a plugin forks is another */
static int out;
static const char *first_words;
static const struct place *_Atomic entered;
static atomic_bool hanging, told;
static const char *volatile ended_by; /* the function that was to end the process */

/* A line that is written at once, by a handler: no stdio, no allocation. */
struct line {
	char text[512];
	size_t length;
};

static void add(struct line *line, const char *text)
{
	while (*text && line->length < sizeof(line->text) - 1)
		line->text[line->length++] = *text++;
}

static void write_line(struct line *line)
{
	ssize_t n;

	line->text[line->length++] = '\n';
	n = write(out, line->text, line->length);
	(void)n;
}

static void add_place(struct line *line, const struct place *place)
{
	if (place->slot[0]) {
		add(line, place->slot);
		add(line, ": ");
	}
	add(line, "plugin ");
	add(line, place->plugin);
	add(line, ": its ");
	add(line, place->callback);
}

static void tell_inside(struct line *line, const struct place *place, const char *signal, bool outside)
{
	add_place(line, place);
	if (ended_by) {
		add(line, " ended the process: it called ");
		add(line, ended_by);
		add(line, "()");
	} else {
		add(line, outside ? " hung until the process was ended (" : " crashed (");
		add(line, signal);
		add(line, ")");
	}
	quarantine_count(true);
	write_line(line);
}

static void tell_elsewhere(struct line *line, const char *signal)
{
	const char *plugin = quarantine_count(false);

	if (ended_by) {
		add(line, ended_by);
		add(line, "() was called outside of plugins' callbacks: ");
	}
	add(line, signal);
	if (plugin) {
		add(line, ", soon after code of plugin ");
		add(line, plugin);
		add(line, " ran");
	}
	if (plugin || ended_by)
		write_line(line);
}

static void tell(const char *signal, const siginfo_t *info)
{
	const struct place *place = entered;
	bool outside = (info->si_code == SI_USER || info->si_code == SI_QUEUE) && info->si_pid != watched;
	bool inside = place && place->plugin[0] && (outside || place->thread == gettid());
	struct line line = {};

	if (outside && !(inside && hanging))
		return;
	add(&line, first_words);
	if (inside)
		tell_inside(&line, place, signal, outside);
	else
		tell_elsewhere(&line, signal);
}

static void on_fatal(int number, siginfo_t *info, void *context)
{
	size_t i = 0;

	while (i < N_FATAL - 1 && fatal[i] != number)
		i++;
	if (getpid() == watched && !atomic_exchange(&told, true))
		tell(names[i], info);
	sigaction(number, &before[i], NULL);
	raise(number);
}

static void end_by(const char *function)
{
	if (!watched || getpid() != watched || told)
		return;
	ended_by = function;
	raise(SIGABRT);
}

static void on_exit_call(void)
{
	end_by("exit");
}

static void on_quick_exit(void)
{
	end_by("quick_exit");
}

__attribute__((visibility("default"))) _Noreturn void _exit(int status)
{
	end_by("_exit");
	for (;;)
		syscall(SYS_exit_group, status);
}

__attribute__((visibility("default"))) _Noreturn void _Exit(int status)
{
	_exit(status);
}

_Noreturn void crash_end_process(void)
{
	for (;;)
		syscall(SYS_exit_group, EXIT_FAILURE);
}

/* A plugin that recurses without end leaves no stack to count on. A sanitizer brings a stack of its own. */
static void have_a_stack(void)
{
	static _Thread_local bool known;
	stack_t stack = { .ss_size = 64 << 10 }, old = {};

	if (known)
		return;
	known = true;
	if (sigaltstack(NULL, &old) < 0 || !(old.ss_flags & SS_DISABLE))
		return;
	stack.ss_sp = malloc(stack.ss_size); /* for as long as the thread lives */
	if (stack.ss_sp)
		sigaltstack(&stack, NULL);
}

void crash_watch(int fd, const char *words)
{
	const struct sigaction action = { .sa_sigaction = on_fatal, .sa_flags = SA_ONSTACK | SA_SIGINFO };

	out = fd;
	first_words = words;
	for (size_t i = 0; i < N_FATAL; i++)
		sigaction(fatal[i], &action, &before[i]);
	atexit(on_exit_call);
	at_quick_exit(on_quick_exit);
	watched = getpid();
}

void crash_unwatch(void)
{
	watched = 0;
}

int crash_start_thread(pthread_t *ret_thread, void *(*fn)(void *data), void *data)
{
	sigset_t all, old;
	int r;

	sigfillset(&all);
	for (size_t i = 0; i < N_FATAL; i++)
		sigdelset(&all, fatal[i]);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = -pthread_create(ret_thread, NULL, fn, data);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return r;
}

void crash_enter(const struct place *place)
{
	if (!watched)
		return;
	have_a_stack();
	entered = place;
}

void crash_hangs(bool hangs)
{
	hanging = hangs;
}

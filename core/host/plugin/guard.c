/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "host/plugin/guard.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/plugin/callback.h"
#include "util/diag.h"

#define SECONDS 60
#define LOOK_NS 10000000

static struct place *place; /* where the child is: in memory that both have */

/* Its status; killed when one callback takes too long. */
static int wait_for(pid_t pid)
{
	const struct timespec look = { .tv_nsec = LOOK_NS };
	unsigned entered = 0, looks = 0;
	int status = 0;
	pid_t r;

	while ((r = waitpid(pid, &status, WNOHANG)) == 0 || (r < 0 && errno == EINTR)) {
		nanosleep(&look, NULL);
		looks = place->plugin[0] && place->entered == entered ? looks + 1 : 0;
		entered = place->entered;
		if (looks > SECONDS * (1000000000 / LOOK_NS))
			kill(pid, SIGKILL);
	}
	return r < 0 ? W_EXITCODE(0, SIGKILL) : status;
}

static int judge(int status, struct xslot_diag *diag)
{
	const char *name = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;

	if (!place->plugin[0] && WIFEXITED(status))
		return WEXITSTATUS(status);
	if (!place->plugin[0])
		return fail(diag, -ECHILD, "it was ended by SIG%s, outside of plugins' callbacks",
			name ? name : "?");
	if (WIFEXITED(status))
		return fail(diag, -EBADMSG, "plugin %s: its %s ended the process (exit status %d)",
			place->plugin, place->callback, WEXITSTATUS(status));
	if (WTERMSIG(status) == SIGKILL)
		return fail(diag, -EBADMSG, "plugin %s: its %s was killed, or did not end within %d seconds",
			place->plugin, place->callback, SECONDS);
	return fail(diag, -EBADMSG, "plugin %s: its %s crashed (SIG%s)", place->plugin, place->callback,
		name ? name : "?");
}

int guard_run(int (*what)(void *), void *data, struct xslot_diag *diag)
{
	pid_t pid;
	int r;

	place = mmap(NULL, sizeof(*place), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (place == MAP_FAILED)
		return fail(diag, -errno, "cannot map memory: %s", strerror(errno));
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		callback_use_place(place);
		exit(what(data));
	}
	r = pid < 0 ? fail(diag, -errno, "cannot make a process: %s", strerror(errno))
		    : judge(wait_for(pid), diag);
	munmap(place, sizeof(*place));
	return r;
}

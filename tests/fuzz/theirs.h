/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbpf 1.1, libxdp and libelf crash on some damaged objects, with none of our code to mend. In a host that
 * is the end of the child that looks at files first (host/plugin/inspect.h), and no more. A target that calls
 * them goes on with the next input: what faults with one of them on the stack is theirs, all else is ours.
 */
#ifndef TESTS_FUZZ_THEIRS_H
#define TESTS_FUZZ_THEIRS_H

#include <dlfcn.h>
#include <execinfo.h>
#include <setjmp.h>
#include <signal.h>

#include "fuzz.h"

#define THEIRS_DEPTH 64

static sigjmp_buf theirs_back;
static struct sigaction theirs_before[2];

static inline bool theirs_on_stack(void)
{
	static const char *const libraries[] = { "libbpf.so", "libxdp.so", "libelf", "libz.so" };
	void *frames[THEIRS_DEPTH];
	int n = backtrace(frames, THEIRS_DEPTH);
	Dl_info info;

	for (int i = 0; i < n; i++)
		for (size_t j = 0; j < sizeof(libraries) / sizeof(libraries[0]); j++)
			if (dladdr(frames[i], &info) && strstr(info.dli_fname, libraries[j]))
				return true;
	return false;
}

static inline void theirs_fault(int number, siginfo_t *info, void *context)
{
	const struct sigaction *before = &theirs_before[number == SIGBUS];

	if (theirs_on_stack())
		siglongjmp(theirs_back, 1);
	if (before->sa_flags & SA_SIGINFO) /* the sanitizer's, with its report */
		before->sa_sigaction(number, info, context);
	signal(number, SIG_DFL);
}

/* After libFuzzer and the sanitizer have installed their handlers: at the first input. */
static inline void theirs_watch(void)
{
	static bool done;
	struct sigaction action = { .sa_sigaction = theirs_fault,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };

	if (done)
		return;
	done = true;
	sigaction(SIGSEGV, &action, &theirs_before[0]);
	sigaction(SIGBUS, &action, &theirs_before[1]);
}

/* True once; then, when the other library crashed, again: with false. */
#define THEIRS_GO_ON() (theirs_watch(), sigsetjmp(theirs_back, 1) == 0)

const char *__asan_default_options(void);
const char *__asan_default_suppressions(void);

/* What they leave behind when they crash is not counted. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0:allocator_may_return_null=1";
}

const char *__asan_default_suppressions(void)
{
	return "interceptor_via_lib:libbpf.so\ninterceptor_via_lib:libelf\ninterceptor_via_lib:libxdp.so\n";
}

#endif

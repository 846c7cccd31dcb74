/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbpf asks once whether the kernel maps arrays, and takes an error for no: then it maps none, and what we
 * point to is not there. That must be an error with words.
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"
#include "kernel/dispatcher/dispatcher.h"

static unsigned n_refused;

__attribute__((visibility("default"))) long syscall(long number, ...);

/* In place of libc's, for libbpf: its question, an array of one int that can be mapped, fails the first time.
 */
long syscall(long number, ...)
{
	long (*real)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	long a[6];
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_bpf && a[0] == BPF_MAP_CREATE) {
		const union bpf_attr *attr = (const union bpf_attr *)a[1];

		if (attr->map_flags & BPF_F_MMAPABLE && attr->value_size == sizeof(int) && n_refused++ == 0) {
			errno = ENOMEM;
			return -1;
		}
	}
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void test_a_question_that_fails(void **state)
{
	struct dispatcher *dispatcher = NULL;
	struct xslot_diag diag = {};

	assert_int_equal(dispatcher_load(false, &dispatcher, &diag), -ENOMEM);
	assert_int_equal(n_refused, 1);
	assert_null(dispatcher);
	assert_non_null(strstr(diag.message, "cannot map the dispatcher's state"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_a_question_that_fails) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Waiting for packets, when a plugin has closed the descriptors for it, and when the kernel refuses. */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "check.h"
#include "kernel/dispatcher/grace.h"
#include "util/diag.h"

static void close_all(int from, int to)
{
	for (int fd = from; fd < to; fd++)
		close(fd);
}

static void test_descriptors_that_are_closed(void **state)
{
	struct rlimit before, none = {};
	struct xslot_diag diag = {};
	struct grace *grace;
	int first = dup(0);

	close(first);
	assert_int_equal(grace_new(&grace, &diag), 0);
	assert_int_equal(grace_wait(grace, &diag), 0);
	close_all(first, first + 2);
	getrlimit(RLIMIT_NOFILE, &before);
	none.rlim_max = before.rlim_max;
	setrlimit(RLIMIT_NOFILE, &none);
	assert_true(grace_wait(grace, &diag) < 0);
	setrlimit(RLIMIT_NOFILE, &before);
	assert_non_null(strstr(diag.message, "cannot wait for packets to leave the old generation"));
	xslot_diag_clear(&diag);
	assert_int_equal(grace_wait(grace, &diag), 0);
	assert_int_equal(grace_wait(grace, &diag), 0);
	grace_free(grace);
}

static int refusals; /* so many updates of maps are refused */

int __real_bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags);
int __wrap_bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags);

int __wrap_bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
	if (refusals == 0)
		return __real_bpf_map_update_elem(fd, key, value, flags);
	refusals--;
	errno = ENOMEM;
	return -1;
}

/* The next descriptor is the same as ever: no more of them are open. */
static void test_a_kernel_that_refuses(void **state)
{
	struct xslot_diag diag = {};
	struct grace *grace;
	int next;

	assert_int_equal(grace_new(&grace, &diag), 0);
	next = dup(0);
	close(next);
	refusals = 1;
	assert_int_equal(grace_wait(grace, &diag), 0);
	assert_int_equal(refusals, 0);
	refusals = 2;
	assert_int_equal(grace_wait(grace, &diag), -ENOMEM);
	assert_string_equal(
		diag.message, "cannot wait for packets to leave the old generation: Cannot allocate memory");
	xslot_diag_clear(&diag);
	assert_int_equal(grace_wait(grace, &diag), 0);
	assert_int_equal(dup(0), next);
	close(next);
	grace_free(grace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descriptors_that_are_closed),
		cmocka_unit_test(test_a_kernel_that_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

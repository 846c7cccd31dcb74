/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What cannot be, and the sentence that says so: functions, signatures, BTF, holders, privileges. */
#include "extension-fixture.h"

#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static struct target_program target;

static int set_up(void **state)
{
	target = target_new(&target_object, "entry");
	return 0;
}

static int tear_down(void **state)
{
	target_free(&target);
	return 0;
}

/* Loading `program` for `function` fails so, and leaves nothing. */
static void refused(const struct object_bytes *object, const char *program, int target_fd,
	const char *function, int error, const char *words)
{
	struct xslot_extension *extension = extension_opened(object, program);
	struct xslot_diag diag = {};

	expect(xslot_extension_load(extension, target_fd, function, &diag), error, &diag, words);
	assert_int_equal(xslot_extension_fd(extension), -EINVAL);
	xslot_extension_free(extension);
}

static void no_such_function(void **state)
{
	const struct object_bytes *object = &programs_object;

	refused(object, "seven", target.fd, "fourth", -ENOENT,
		"no such function; functions that can be replaced: entry, first, second, third");
	refused(object, "seven", target.fd, "fixed", -ENOENT, "static there, and only global ones");
	refused(object, "seven", target.fd, "uncalled", -ENOENT, "nothing calls the function there");
	refused(object, "seven", target.fd, "", -ENOENT, "no such function");
}

static void no_such_function_elsewhere(void **state)
{
	struct xslot_extension *extension = extension_loaded("seven", target.fd, "first");
	struct xslot_diag diag = {};
	uint32_t link;

	expect(xslot_extension_attach_to(extension, target.fd, "fourth", &link, &diag), -ENOENT, &diag,
		"seven: cannot attach to fourth() of program entry");
	expect(xslot_extension_attach_to(extension, 0, "first", &link, &diag), -EINVAL, &diag,
		"not a BPF program");
	expect(xslot_extension_attach_to(extension, -1, "first", &link, &diag), -EBADF, &diag,
		"not a BPF program");
	xslot_extension_free(extension);
}

static void targets_of_another_type(void **state)
{
	struct target_program classifier = target_new(&programs_object, "other_context");
	struct xslot_extension *extension = extension_loaded("seven", target.fd, "first");
	struct xslot_diag diag = {};
	uint32_t link;

	expect(xslot_extension_attach_to(extension, classifier.fd, "other_context", &link, &diag), -EINVAL,
		&diag, "of another type than entry");
	refused(&programs_object, "seven", classifier.fd, "other_context", -EPROTOTYPE,
		"points to struct __sk_buff there, to struct xdp_md here");
	xslot_extension_free(extension);
	target_free(&classifier);
}

static void signatures_differ(void **state)
{
	refused(&programs_object, "two_arguments", target.fd, "first", -EPROTOTYPE,
		"\"int two_arguments(struct xdp_md *, int)\" cannot stand in for \"int first(struct xdp_md "
		"*)\": it "
		"takes 1 argument there, 2 here");
	refused(&programs_object, "other_result", target.fd, "first", -EPROTOTYPE,
		"the result is of another kind");
	refused(&programs_object, "other_context", target.fd, "first", -EPROTOTYPE,
		"points to struct xdp_md there, to struct __sk_buff here");
}

static void pointees_are_compared(void **state)
{
	struct target_program sized_target;
	struct xslot_extension *extension;
	struct xslot_diag diag = {};
	uint32_t link;

	if (!kernel_at_least(5, 12)) {
		print_message("# skipped: functions with a pointer to memory need Linux 5.12\n");
		skip();
	}
	sized_target = target_new(&sized_target_object, "sized");
	assert_int_equal(run(sized_target.fd), 5);
	refused(&longer_object, NULL, sized_target.fd, "weigh", -EPROTOTYPE,
		"argument 2 points to 8 bytes there (struct facts), to 16 here");
	extension = extension_opened(&sized_object, "scales");
	expect_ok(xslot_extension_load(extension, sized_target.fd, "weigh", &diag), &diag);
	expect_ok(xslot_extension_attach(extension, &link, &diag), &diag);
	assert_int_equal(run(sized_target.fd), 64);
	xslot_extension_free(extension);
	target_free(&sized_target);
}

static void a_short_context_passes(void **state)
{
	struct xslot_extension *extension = extension_opened(&short_object, NULL);
	struct xslot_diag diag = {};
	uint32_t link;

	expect_ok(xslot_extension_load(extension, target.fd, "first", &diag), &diag);
	expect_ok(xslot_extension_attach(extension, &link, &diag), &diag);
	assert_int_equal(run(target.fd), 326);
	xslot_extension_free(extension);
}

static void btf_is_needed(void **state)
{
	struct target_program bare = target_new(&bare_object, "entry");

	refused(&programs_object, "seven", bare.fd, "first", -ENODATA, "has no BTF");
	refused(&bare_object, "entry", target.fd, "first", -ENODATA, "the object has no BTF for entry()");
	target_free(&bare);
}

static void targets_that_are_none(void **state)
{
	struct xslot_extension *extension = extension_loaded("seven", target.fd, "first");
	struct bpf_map *map = bpf_object__find_map_by_name(xslot_extension_object(extension), ".rodata");

	refused(&programs_object, "eight", bpf_map__fd(map), "first", -EINVAL, "not a BPF program");
	refused(&programs_object, "eight", -1, "first", -EBADF, "not a BPF program");
	refused(&programs_object, "eight", xslot_extension_fd(extension), "seven", -EINVAL,
		"the verifier refuses");
	xslot_extension_free(extension);
}

static void verifier_speaks(void **state)
{
	refused(&programs_object, "out_of_bounds", target.fd, "first", -EACCES, "outside of the ");
}

static void busy_names_this_process(void **state)
{
	struct xslot_extension *one = extension_loaded("seven", target.fd, "first");
	struct xslot_extension *other = extension_loaded("eight", target.fd, "first");
	struct xslot_diag diag = {};
	uint32_t link;

	expect_ok(xslot_extension_attach(one, &link, &diag), &diag);
	expect(xslot_extension_attach(other, &link, &diag), -EBUSY, &diag, "of extension seven (id ");
	assert_int_equal(xslot_extension_attach(other, &link, &diag), -EBUSY);
	expect(-EBUSY, -EBUSY, &diag, "held by this process");
	assert_int_equal(run(target.fd), 327);
	expect_ok(xslot_extension_detach(one, link, &diag), &diag);
	expect_ok(xslot_extension_attach(other, &link, &diag), &diag);
	assert_int_equal(run(target.fd), 328);
	xslot_extension_free(one);
	xslot_extension_free(other);
}

static void busy_names_another_process(void **state)
{
	struct xslot_extension *one = extension_loaded("seven", target.fd, "first");
	struct xslot_extension *other = extension_loaded("eight", target.fd, "first");
	struct xslot_diag diag = {};
	char words[64];
	uint32_t link;
	pid_t child;

	expect_ok(xslot_extension_attach(one, &link, &diag), &diag);
	child = fork(); /* inherits the link, as a forgotten helper of a host would */
	if (child == 0) {
		pause();
		_exit(0);
	}
	expect_ok(xslot_extension_detach(one, link, &diag), &diag);
	snprintf(words, sizeof(words), "(pid %d)", child);
	expect(xslot_extension_attach(other, &link, &diag), -EBUSY, &diag, words);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	expect_ok(xslot_extension_attach(other, &link, &diag), &diag);
	assert_int_equal(run(target.fd), 328);
	xslot_extension_free(one);
	xslot_extension_free(other);
}

static void busy_names_a_pin(void **state)
{
	const char *pin = "/sys/fs/bpf/test-extension-holder";
	struct xslot_extension *one = extension_loaded("seven", target.fd, "first");
	struct xslot_extension *other = extension_loaded("eight", target.fd, "first");
	struct xslot_link *taken;
	struct xslot_diag diag = {};
	uint32_t link;

	expect_ok(xslot_extension_attach(one, &link, &diag), &diag);
	expect_ok(xslot_extension_take_link(one, link, &taken, &diag), &diag);
	expect_ok(xslot_link_pin(taken, pin, &diag), &diag);
	xslot_link_close(taken);
	assert_int_equal(xslot_extension_attach(other, &link, &diag), -EBUSY);
	assert_null(strstr(diag.message, "held by this process")); /* our own look at it does not count */
	expect(-EBUSY, -EBUSY, &diag, pin);
	unlink(pin);
	xslot_extension_free(one);
	xslot_extension_free(other);
}

static void drop_capabilities(uint64_t keep)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)keep, .permitted = (uint32_t)keep },
		{ .effective = (uint32_t)(keep >> 32), .permitted = (uint32_t)(keep >> 32) },
	};

	if (syscall(SYS_capset, &header, data) < 0)
		_exit(2);
}

/* In a child, with only these capabilities, loading fails and says what is missing. */
static void refused_with(uint64_t keep, const char *words)
{
	struct xslot_extension *extension = extension_opened(&programs_object, "seven");
	struct xslot_diag diag = {};
	int status;
	pid_t child = fork();

	if (child == 0) {
		drop_capabilities(keep);
		if (xslot_extension_load(extension, target.fd, "first", &diag) != -EPERM)
			_exit(3);
		fprintf(stderr, "# %s\n", diag.message);
		_exit(strstr(diag.message, words) ? 0 : 4);
	}
	waitpid(child, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	xslot_extension_free(extension);
}

static void missing_privileges_are_named(void **state)
{
	const uint64_t bpf = 1ULL << CAP_BPF, perfmon = 1ULL << CAP_PERFMON, net = 1ULL << CAP_NET_ADMIN;

	refused_with(0, "this process lacks CAP_SYS_ADMIN, which looking up by id needs");
	refused_with(bpf | perfmon | net, "this process lacks CAP_SYS_ADMIN, which looking up by id needs");
}

/* A program array takes programs that are alike in this. Linux 6.13 lets no extension into one. */
static void expect_frags_differ(struct xslot_extension *with, struct xslot_extension *without)
{
	int array = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "array", 4, 4, 2, NULL);
	int fds[] = { xslot_extension_fd(without), xslot_extension_fd(with) };

	assert_true(array >= 0);
	assert_int_equal(bpf_map_update_elem(array, &(int){ 0 }, &fds[0], 0), 0);
	assert_int_equal(bpf_map_update_elem(array, &(int){ 1 }, &fds[1], 0), -EINVAL);
	close(array);
}

static void frags_wants_a_newer_kernel(void **state)
{
	struct xslot_extension_options options = {
		.size = sizeof(options),
		.program = "zero",
		.frags = true,
	};
	struct xslot_extension *extension = NULL, *without;
	struct xslot_diag diag = {};

	expect_ok(xslot_extension_open_memory(
			  programs_object.at, programs_object.size, &options, &extension, &diag),
		&diag);
	if (kernel_at_least(5, 18)) {
		expect_ok(xslot_extension_load(extension, target.fd, "first", &diag), &diag);
		without = extension_loaded("zero", target.fd, "first");
		if (!kernel_at_least(6, 12))
			expect_frags_differ(extension, without);
		xslot_extension_free(without);
	} else {
		expect(xslot_extension_load(extension, target.fd, "first", &diag), -EINVAL, &diag,
			"frags, which need Linux 5.18");
	}
	xslot_extension_free(extension);
}

static void nothing_is_left_behind(void **state)
{
	struct inventory before = inventory_settled();

	quiet = true;
	for (int i = 0; i < 10; i++) {
		no_such_function(state);
		signatures_differ(state);
		btf_is_needed(state);
		targets_that_are_none(state);
		busy_names_this_process(state);
	}
	quiet = false;
	inventory_expect(&before);
}

#define WITH_TARGET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TARGET(no_such_function),
		WITH_TARGET(no_such_function_elsewhere),
		WITH_TARGET(targets_of_another_type),
		WITH_TARGET(signatures_differ),
		WITH_TARGET(pointees_are_compared),
		WITH_TARGET(a_short_context_passes),
		WITH_TARGET(btf_is_needed),
		WITH_TARGET(targets_that_are_none),
		WITH_TARGET(verifier_speaks),
		WITH_TARGET(busy_names_this_process),
		WITH_TARGET(busy_names_another_process),
		WITH_TARGET(busy_names_a_pin),
		WITH_TARGET(missing_privileges_are_named),
		WITH_TARGET(frags_wants_a_newer_kernel),
		WITH_TARGET(nothing_is_left_behind),
	};

	libbpf_set_print(NULL);
	return cmocka_run_group_tests_name("extension refusals", tests, NULL, NULL);
}

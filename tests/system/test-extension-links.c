/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Links and pins: several targets at once, links that outlive their extension, and all that comes from bpffs.
 */
#include "extension-fixture.h"

#include <net/if.h>
#include <stdio.h>
#include <sys/stat.h>

static struct target_program target;
static char folder[64];

static const char *in_folder(const char *name)
{
	static char path[8][128];
	static unsigned n;
	char *at = path[n++ % 8];

	snprintf(at, sizeof(path[0]), "%s/%s", folder, name);
	return at;
}

static int set_up(void **state)
{
	target = target_new(&target_object, "entry");
	snprintf(folder, sizeof(folder), "/sys/fs/bpf/test-extension-%d", getpid());
	return mkdir(folder, 0700);
}

static int tear_down(void **state)
{
	target_free(&target);
	return rmdir(folder); /* fails when a test leaves a pin */
}

static struct xslot_link *attach_and_take(struct xslot_extension *extension)
{
	struct xslot_link *link = NULL;
	struct xslot_diag diag = {};
	uint32_t id;

	expect_ok(xslot_extension_attach(extension, &id, &diag), &diag);
	expect_ok(xslot_extension_take_link(extension, id, &link, &diag), &diag);
	return link;
}

static void three_targets_at_once(void **state)
{
	struct target_program others[2] = { target_new(&target_object, "entry"),
		target_new(&target_object, "entry") };
	struct xslot_extension *extension = extension_loaded("seven", target.fd, "first");
	struct xslot_diag diag = {};
	uint32_t links[4];

	expect_ok(xslot_extension_attach(extension, &links[0], &diag), &diag);
	expect_ok(xslot_extension_attach_to(extension, others[0].fd, "first", &links[1], &diag), &diag);
	expect_ok(xslot_extension_attach_to(extension, others[1].fd, "third", &links[2], &diag), &diag);
	expect_ok(xslot_extension_attach_to(extension, target.fd, "second", &links[3], &diag), &diag);
	assert_int_equal(run(target.fd), 377);
	assert_int_equal(run(others[0].fd), 327);
	assert_int_equal(run(others[1].fd), 721);
	expect_ok(xslot_extension_detach(extension, links[1], &diag), &diag);
	assert_int_equal(run(others[0].fd), UNTOUCHED);
	assert_int_equal(run(target.fd), 377);
	expect_ok(xslot_extension_unload(extension, &diag), &diag);
	assert_int_equal(run(target.fd), UNTOUCHED);
	assert_int_equal(run(others[1].fd), UNTOUCHED);
	xslot_extension_free(extension);
	target_free(&others[0]);
	target_free(&others[1]);
}

static void never_attached_at_its_load_target(void **state)
{
	struct target_program other = target_new(&target_object, "entry");
	struct xslot_extension *extension = extension_loaded("seven", target.fd, "first");
	struct xslot_diag diag = {};
	uint32_t link;

	expect_ok(xslot_extension_attach_to(extension, other.fd, "second", &link, &diag), &diag);
	assert_int_equal(run(other.fd), 371);
	expect_ok(xslot_extension_attach(extension, &link, &diag), &diag);
	assert_int_equal(run(target.fd), 327);
	xslot_extension_free(extension);
	target_free(&other);
}

static void a_taken_link_outlives_its_extension(void **state)
{
	struct xslot_extension *extension = extension_loaded("seven", target.fd, "first");
	struct xslot_link *link = attach_and_take(extension);
	struct xslot_link_info info = { .size = sizeof(info) };
	struct xslot_diag diag = {};

	expect_ok(xslot_link_get_info(link, &info, &diag), &diag);
	expect(xslot_extension_detach(extension, info.link_id, &diag), -ENOENT, &diag, "taken");
	assert_int_equal(run(target.fd), 327);
	expect_ok(xslot_extension_unload(extension, &diag), &diag);
	assert_int_equal(run(target.fd), 327);
	xslot_extension_free(extension);
	assert_int_equal(run(target.fd), 327);
	xslot_link_close(link);
	assert_int_equal(run(target.fd), UNTOUCHED);
	xslot_link_close(NULL);
}

static void link_info_is_the_kernels(void **state)
{
	struct xslot_extension *extension = extension_loaded("seven", target.fd, "first");
	struct xslot_link *link = attach_and_take(extension);
	struct xslot_link_info info = { .size = sizeof(info) };
	struct xslot_extension_info of_program = { .size = sizeof(of_program) };
	struct bpf_link_info kernel = {};
	uint32_t size = sizeof(kernel);
	struct xslot_diag diag = {};

	expect_ok(xslot_link_get_info(link, &info, &diag), &diag);
	expect_ok(xslot_extension_get_info(extension, &of_program, &diag), &diag);
	assert_int_equal(bpf_obj_get_info_by_fd(xslot_link_fd(link), &kernel, &size), 0);
	assert_int_equal(info.link_id, kernel.id);
	assert_int_equal(info.program_id, of_program.program_id);
	assert_int_equal(info.target_id, of_program.target_id);
	if (kernel_at_least(5, 13))
		assert_int_equal(info.target_btf_id, kernel.tracing.target_btf_id);
	assert_int_equal(of_program.n_links, 0);
	info.size = 1;
	expect(xslot_link_get_info(link, &info, &diag), -EINVAL, &diag, "size");
	xslot_link_close(link);
	xslot_extension_free(extension);
}

static void a_pinned_link_outlives_all(void **state)
{
	struct xslot_extension *extension = extension_loaded("seven", target.fd, "first");
	struct xslot_link *link = attach_and_take(extension), *reopened = NULL;
	const char *pin = in_folder("link");
	struct xslot_diag diag = {};

	expect(xslot_link_unpin(link, &diag), -EINVAL, &diag, "not pinned");
	expect_ok(xslot_link_pin(link, pin, &diag), &diag);
	expect(xslot_link_pin(link, in_folder("again"), &diag), -EALREADY, &diag, pin);
	xslot_link_close(link);
	xslot_extension_free(extension);
	assert_int_equal(run(target.fd), 327);
	expect_ok(xslot_link_open_pinned(pin, &reopened, &diag), &diag);
	expect_ok(xslot_link_unpin(reopened, &diag), &diag);
	assert_int_equal(access(pin, F_OK), -1);
	assert_int_equal(run(target.fd), 327);
	xslot_link_close(reopened);
	assert_int_equal(run(target.fd), UNTOUCHED);
}

static void unpinned_and_closed_is_free_at_once(void **state)
{
	for (int i = 0; i < 10; i++) {
		struct xslot_extension *extension = extension_loaded("seven", target.fd, "first");
		struct xslot_link *link = attach_and_take(extension);
		struct xslot_diag diag = {};

		expect_ok(xslot_link_pin(link, in_folder("link"), &diag), &diag);
		expect_ok(xslot_link_unpin(link, &diag), &diag);
		xslot_link_close(link);
		assert_int_equal(run(target.fd), UNTOUCHED);
		xslot_extension_free(extension);
	}
}

static void a_failed_pin_changes_nothing(void **state)
{
	struct xslot_extension *extension = extension_loaded("seven", target.fd, "first");
	struct xslot_link *link = attach_and_take(extension);
	struct xslot_diag diag = {};
	uint32_t id;

	expect_ok(xslot_extension_attach_to(extension, target.fd, "second", &id, &diag), &diag);
	expect(xslot_extension_pin(extension, in_folder("v1.2"), &diag), -EPERM, &diag, "no dot in a name");
	expect(xslot_extension_pin(extension, "/tmp/pin", &diag), -EPERM, &diag, "not in a BPF file system");
	expect(xslot_extension_pin(extension, in_folder("none/pin"), &diag), -ENOENT, &diag,
		"none: No such file");
	expect_ok(xslot_extension_pin(extension, in_folder("there"), &diag), &diag);
	expect(xslot_link_pin(link, in_folder("there"), &diag), -EEXIST, &diag, "exists");
	expect(xslot_link_pin(link, in_folder("v1.2"), &diag), -EPERM, &diag, "no dot in a name");
	assert_int_equal(run(target.fd), 377);
	/* Not half pinned either. */
	expect(xslot_link_unpin(link, &diag), -EINVAL, &diag, "not pinned");
	expect_ok(xslot_extension_detach(extension, id, &diag), &diag);
	unlink(in_folder("there"));
	xslot_link_close(link);
	assert_int_equal(run(target.fd), UNTOUCHED);
	xslot_extension_free(extension);
}

static void an_extension_from_a_pin_attaches(void **state)
{
	struct xslot_extension *extension = extension_loaded("seven", target.fd, "first");
	struct xslot_extension_info info = { .size = sizeof(info) };
	struct xslot_diag diag = {};
	uint32_t link;

	expect_ok(xslot_extension_pin(extension, in_folder("program"), &diag), &diag);
	xslot_extension_free(extension);
	expect_ok(xslot_extension_from_pin(in_folder("program"), &extension, &diag), &diag);
	unlink(in_folder("program"));
	assert_null(xslot_extension_object(extension));
	expect(xslot_extension_load(extension, target.fd, "first", &diag), -EALREADY, &diag,
		"already loaded");
	expect(xslot_extension_attach(extension, &link, &diag), -EINVAL, &diag,
		"name the target to attach to");
	expect_ok(xslot_extension_get_info(extension, &info, &diag), &diag);
	assert_string_equal(info.target_function, "");
	assert_string_equal(info.name, "seven");

	expect(xslot_extension_attach_to(extension, target.fd, "fourth", &link, &diag), -ENOENT, &diag,
		"no such function");
	expect_ok(xslot_extension_attach_to(extension, target.fd, "second", &link, &diag), &diag);
	assert_int_equal(run(target.fd), 371);
	expect_ok(xslot_extension_get_info(extension, &info, &diag), &diag);
	assert_string_equal(info.target_function, "second");
	expect_ok(xslot_extension_detach(extension, link, &diag), &diag);
	assert_int_equal(run(target.fd), UNTOUCHED);
	expect_ok(xslot_extension_attach(extension, &link, &diag), &diag);
	assert_int_equal(run(target.fd), 371);
	expect_ok(xslot_extension_unload(extension, &diag), &diag);
	assert_int_equal(run(target.fd), UNTOUCHED);
	expect(xslot_extension_load(extension, target.fd, "first", &diag), -EINVAL, &diag,
		"opened from a pin");
	xslot_extension_free(extension);
}

static void other_pins_are_refused(void **state)
{
	struct xslot_extension *extension = extension_loaded("seven", target.fd, "first"), *opened = NULL;
	struct bpf_program *entry = bpf_object__find_program_by_name(target.object, "entry");
	struct bpf_link *xdp = bpf_program__attach_xdp(entry, (int)if_nametoindex("lo"));
	struct bpf_map *map = bpf_object__find_map_by_name(xslot_extension_object(extension), ".rodata");
	struct xslot_link *link = NULL;
	struct xslot_diag diag = {};

	assert_non_null(xdp);
	assert_int_equal(bpf_obj_pin(target.fd, in_folder("program")), 0);
	assert_int_equal(bpf_obj_pin(bpf_map__fd(map), in_folder("map")), 0);
	assert_int_equal(bpf_obj_pin(bpf_link__fd(xdp), in_folder("xdp")), 0);
	expect(xslot_extension_from_pin(in_folder("program"), &opened, &diag), -EINVAL, &diag,
		"which is not an extension but of type xdp");
	expect(xslot_extension_from_pin(in_folder("map"), &opened, &diag), -EINVAL, &diag,
		"is a map, not a program");
	expect(xslot_extension_from_pin(in_folder("xdp"), &opened, &diag), -EINVAL, &diag,
		"is a link, not a program");
	expect(xslot_extension_from_pin(in_folder("none"), &opened, &diag), -ENOENT, &diag, "No such file");
	expect(xslot_extension_from_pin("/etc/passwd", &opened, &diag), -EINVAL, &diag,
		"not in a BPF file system");
	expect(xslot_link_open_pinned(in_folder("program"), &link, &diag), -EINVAL, &diag,
		"is a program, not a link");
	expect(xslot_link_open_pinned(in_folder("xdp"), &link, &diag), -EINVAL, &diag,
		"not one of an extension program");
	assert_null(opened);
	assert_null(link);
	unlink(in_folder("program"));
	unlink(in_folder("map"));
	unlink(in_folder("xdp"));
	bpf_link__destroy(xdp);
	xslot_extension_free(extension);
}

static void a_life_with_pins(void)
{
	struct xslot_extension *extension = extension_loaded("seven", target.fd, "first"), *again;
	struct xslot_link *link = attach_and_take(extension), *reopened;
	struct xslot_diag diag = {};
	uint32_t id;

	expect_ok(xslot_link_pin(link, in_folder("link"), &diag), &diag);
	expect_ok(xslot_extension_pin(extension, in_folder("program"), &diag), &diag);
	assert_int_equal(xslot_extension_pin(extension, in_folder("a.b"), &diag), -EPERM);
	assert_int_equal(xslot_extension_from_pin(in_folder("link"), &again, &diag), -EINVAL);
	assert_int_equal(xslot_link_open_pinned(in_folder("program"), &reopened, &diag), -EINVAL);
	xslot_diag_clear(&diag);
	expect_ok(xslot_extension_from_pin(in_folder("program"), &again, &diag), &diag);
	expect_ok(xslot_link_open_pinned(in_folder("link"), &reopened, &diag), &diag);
	expect_ok(xslot_extension_attach_to(again, target.fd, "third", &id, &diag), &diag);
	xslot_link_close(link);
	expect_ok(xslot_link_unpin(reopened, &diag), &diag);
	unlink(in_folder("program"));
	xslot_extension_free(extension);
	xslot_extension_free(again);
	xslot_link_close(reopened);
}

static void nothing_is_left_behind(void **state)
{
	struct inventory before;

	a_life_with_pins();
	before = inventory_settled();
	for (int i = 0; i < 20; i++)
		a_life_with_pins();
	inventory_expect(&before);
}

#define WITH_TARGET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TARGET(three_targets_at_once),
		WITH_TARGET(never_attached_at_its_load_target),
		WITH_TARGET(a_taken_link_outlives_its_extension),
		WITH_TARGET(link_info_is_the_kernels),
		WITH_TARGET(a_pinned_link_outlives_all),
		WITH_TARGET(unpinned_and_closed_is_free_at_once),
		WITH_TARGET(a_failed_pin_changes_nothing),
		WITH_TARGET(an_extension_from_a_pin_attaches),
		WITH_TARGET(other_pins_are_refused),
		WITH_TARGET(nothing_is_left_behind),
	};

	libbpf_set_print(NULL);
	return cmocka_run_group_tests_name("extension links", tests, NULL, NULL);
}

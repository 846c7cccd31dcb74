/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The lifecycle of an extension: open, load, attach, detach, unload, and what each says in the wrong state.
 */
#include "extension-fixture.h"

#include <stdio.h>

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

static void loaded_is_not_live_attached_is(void **state)
{
	struct xslot_extension *extension = extension_loaded("seven", target.fd, "first");
	struct xslot_diag diag = {};
	uint32_t link;

	assert_int_equal(run(target.fd), UNTOUCHED);
	expect_ok(xslot_extension_attach(extension, &link, &diag), &diag);
	assert_int_equal(run(target.fd), 327);
	expect_ok(xslot_extension_detach(extension, link, &diag), &diag);
	assert_int_equal(run(target.fd), UNTOUCHED);
	expect_ok(xslot_extension_attach(extension, &link, &diag), &diag);
	assert_int_equal(run(target.fd), 327);
	xslot_extension_free(extension);
	assert_int_equal(run(target.fd), UNTOUCHED);
}

static void any_section_will_do(void **state)
{
	static const struct {
		const char *program;
		int result;
	} cases[] = { { "seven", 327 }, { "eight", 328 }, { "nine", 329 }, { "zero", 320 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct xslot_extension *extension = extension_loaded(cases[i].program, target.fd, "first");
		struct xslot_diag diag = {};
		uint32_t link;

		expect_ok(xslot_extension_attach(extension, &link, &diag), &diag);
		assert_int_equal(run(target.fd), cases[i].result);
		xslot_extension_free(extension);
	}
}

static void the_entry_can_be_replaced(void **state)
{
	struct xslot_extension *extension = extension_loaded("nine", target.fd, "entry");
	struct xslot_diag diag = {};
	uint32_t link;

	expect_ok(xslot_extension_attach(extension, &link, &diag), &diag);
	assert_int_equal(run(target.fd), 9);
	xslot_extension_free(extension);
	assert_int_equal(run(target.fd), UNTOUCHED);
}

static void not_loaded_twice(void **state)
{
	struct xslot_extension *extension = extension_loaded("seven", target.fd, "first");
	struct xslot_diag diag = {};
	uint32_t link;

	expect_ok(xslot_extension_attach(extension, &link, &diag), &diag);
	expect(xslot_extension_load(extension, target.fd, "second", &diag), -EALREADY, &diag,
		"already loaded");
	assert_int_equal(run(target.fd), 327);
	xslot_extension_free(extension);
}

static void nothing_works_before_load(void **state)
{
	struct xslot_extension *extension = extension_opened(&programs_object, "seven");
	struct xslot_extension_info info = { .size = sizeof(info), .program_id = 99 };
	struct xslot_diag diag = {};
	uint32_t link = 99;

	expect(xslot_extension_attach(extension, &link, &diag), -EINVAL, &diag, "before it is loaded");
	expect(xslot_extension_attach_to(extension, target.fd, "first", &link, &diag), -EINVAL, &diag,
		"before it is loaded");
	expect(xslot_extension_unload(extension, &diag), -EINVAL, &diag, "not loaded");
	expect(xslot_extension_pin(extension, "/sys/fs/bpf/none", &diag), -EINVAL, &diag,
		"before it is loaded");
	expect(xslot_extension_get_info(extension, &info, &diag), -EINVAL, &diag, "before it is loaded");
	assert_int_equal(xslot_extension_fd(extension), -EINVAL);
	assert_int_equal(link, 99);
	assert_int_equal(info.program_id, 99);
	xslot_extension_free(extension);
}

static void not_detached_twice(void **state)
{
	struct xslot_extension *extension = extension_loaded("seven", target.fd, "first");
	struct xslot_diag diag = {};
	uint32_t link;

	expect_ok(xslot_extension_attach(extension, &link, &diag), &diag);
	expect_ok(xslot_extension_detach(extension, link, &diag), &diag);
	expect(xslot_extension_detach(extension, link, &diag), -ENOENT, &diag, "owns no such link");
	xslot_extension_free(extension);
}

static void not_detached_by_another(void **state)
{
	struct xslot_extension *one = extension_loaded("seven", target.fd, "first");
	struct xslot_extension *other = extension_loaded("eight", target.fd, "second");
	struct xslot_link *taken = NULL;
	struct xslot_diag diag = {};
	uint32_t link, other_link;

	expect_ok(xslot_extension_attach(one, &link, &diag), &diag);
	expect_ok(xslot_extension_attach(other, &other_link, &diag), &diag);
	expect(xslot_extension_detach(other, link, &diag), -ENOENT, &diag, "owns no such link");
	expect(xslot_extension_take_link(other, link, &taken, &diag), -ENOENT, &diag, "owns no such link");
	assert_null(taken);
	assert_int_equal(run(target.fd), 387);
	xslot_extension_free(other);
	assert_int_equal(run(target.fd), 327);
	xslot_extension_free(one);
}

static void unloaded_and_loaded_again(void **state)
{
	struct xslot_extension *extension = extension_loaded("seven", target.fd, "first");
	struct xslot_diag diag = {};
	uint32_t link;

	expect_ok(xslot_extension_attach(extension, &link, &diag), &diag);
	expect_ok(xslot_extension_unload(extension, &diag), &diag);
	assert_int_equal(run(target.fd), UNTOUCHED);
	expect(xslot_extension_unload(extension, &diag), -EINVAL, &diag, "not loaded");
	expect_ok(xslot_extension_load(extension, target.fd, "third", &diag), &diag);
	expect_ok(xslot_extension_attach(extension, &link, &diag), &diag);
	assert_int_equal(run(target.fd), 721);
	xslot_extension_free(extension);
}

static void loaded_again_after_a_refusal(void **state)
{
	struct xslot_extension *extension = extension_opened(&programs_object, "out_of_bounds");
	struct xslot_diag diag = {};

	for (int i = 0; i < 2; i++) {
		assert_int_equal(xslot_extension_load(extension, target.fd, "first", &diag), -EACCES);
		assert_non_null(strstr(diag.message, "outside of the "));
		assert_non_null(diag.log);
		assert_non_null(strstr(diag.log, "R1"));
		xslot_diag_clear(&diag);
	}
	expect(xslot_extension_attach(extension, &(uint32_t){ 0 }, &diag), -EINVAL, &diag,
		"before it is loaded");
	xslot_extension_free(extension);
}

static void set_answer(struct xslot_extension *extension, int answer)
{
	struct bpf_object *object = xslot_extension_object(extension);
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");

	assert_non_null(map);
	assert_int_equal(bpf_map__set_initial_value(map, &answer, sizeof(answer)), 0);
}

static void variables_are_set_through_the_object(void **state)
{
	struct xslot_extension *extension = extension_opened(&programs_object, "seven");
	struct xslot_diag diag = {};
	uint32_t link;

	set_answer(extension, 4);
	expect_ok(xslot_extension_load(extension, target.fd, "first", &diag), &diag);
	expect_ok(xslot_extension_attach(extension, &link, &diag), &diag);
	assert_int_equal(run(target.fd), 324);
	expect_ok(xslot_extension_unload(extension, &diag), &diag);
	set_answer(extension, 5);
	expect_ok(xslot_extension_load(extension, target.fd, "first", &diag), &diag);
	expect_ok(xslot_extension_attach(extension, &link, &diag), &diag);
	assert_int_equal(run(target.fd), 325);
	xslot_extension_free(extension);
}

static void the_target_is_held(void **state)
{
	struct xslot_extension *extension = extension_loaded("seven", target.fd, "first");
	struct xslot_extension_info info = { .size = sizeof(info) };
	struct xslot_diag diag = {};
	uint32_t link;
	int fd;

	target_free(&target);
	expect_ok(xslot_extension_attach(extension, &link, &diag), &diag);
	expect_ok(xslot_extension_get_info(extension, &info, &diag), &diag);
	fd = bpf_prog_get_fd_by_id(info.target_id);
	assert_true(fd >= 0);
	assert_int_equal(run(fd), 327);
	close(fd);
	xslot_extension_free(extension);
	target = target_new(&target_object, "entry");
}

static void info_tells_what_is_loaded(void **state)
{
	struct xslot_extension *extension = extension_loaded("two_words_in_a_long_name", target.fd, "second");
	struct xslot_extension_info info = { .size = sizeof(info) };
	struct { /* as a caller compiled against a shorter one passes it */
		size_t size;
		uint32_t program_id, guard;
	} shorter = { .size = offsetof(struct xslot_extension_info, name), .guard = 7 };
	struct bpf_prog_info kernel = {};
	uint32_t size = sizeof(kernel), link;
	struct xslot_diag diag = {};

	expect_ok(xslot_extension_attach(extension, &link, &diag), &diag);
	expect_ok(xslot_extension_get_info(extension, &info, &diag), &diag);
	assert_int_equal(bpf_obj_get_info_by_fd(xslot_extension_fd(extension), &kernel, &size), 0);
	assert_int_equal(kernel.type, BPF_PROG_TYPE_EXT);
	assert_int_equal(info.program_id, kernel.id);
	assert_string_equal(info.name, "two_words_in_a_");
	assert_memory_equal(info.tag, kernel.tag, sizeof(info.tag));
	assert_string_equal(info.target_function, "second");
	assert_int_equal(info.n_links, 1);
	size = sizeof(kernel);
	memset(&kernel, 0, sizeof(kernel));
	assert_int_equal(bpf_obj_get_info_by_fd(target.fd, &kernel, &size), 0);
	assert_int_equal(info.target_id, kernel.id);
	expect_ok(xslot_extension_get_info(extension, (void *)&shorter, &diag), &diag);
	assert_int_equal(shorter.program_id, info.program_id);
	assert_int_equal(shorter.guard, 7);
	info.size = 0;
	expect(xslot_extension_get_info(extension, &info, &diag), -EINVAL, &diag, "size");
	xslot_extension_free(extension);
}

static void opened_from_a_file(void **state)
{
	struct xslot_extension_options options = { .size = sizeof(options), .program = "seven" };
	char path[] = "/tmp/test-extension-XXXXXX";
	int fd = mkstemp(path);
	struct xslot_extension *extension = NULL;
	struct xslot_diag diag = {};

	assert_true(fd >= 0);
	assert_int_equal(write(fd, programs_object.at, programs_object.size), programs_object.size);
	close(fd);
	expect_ok(xslot_extension_open_file(path, &options, &extension, &diag), &diag);
	unlink(path); /* the bytes are ours now */
	expect_ok(xslot_extension_load(extension, target.fd, "first", &diag), &diag);
	expect_ok(xslot_extension_unload(extension, &diag), &diag);
	expect_ok(xslot_extension_load(extension, target.fd, "first", &diag), &diag);
	xslot_extension_free(extension);
	extension = NULL;
	expect(xslot_extension_open_file(path, &options, &extension, &diag), -ENOENT, &diag, path);
	expect(xslot_extension_open_file("/tmp", &options, &extension, &diag), -EINVAL, &diag,
		"not a regular");
	assert_null(extension);
}

static void open_chooses_or_says_why_not(void **state)
{
	struct xslot_extension_options options = { .size = sizeof(options), .name = "plugin acl" };
	struct xslot_extension *extension = NULL;
	struct xslot_diag diag = {};

	expect(xslot_extension_open_memory(
		       programs_object.at, programs_object.size, &options, &extension, &diag),
		-EINVAL, &diag, "plugin acl: the object has several programs; name one: seven, ");
	options.program = "sevn";
	expect(xslot_extension_open_memory(
		       programs_object.at, programs_object.size, &options, &extension, &diag),
		-ENOENT, &diag, "plugin acl: the object has no program sevn; it has: seven, ");
	expect(xslot_extension_open_memory("garbage", 8, &options, &extension, &diag), -ENOEXEC, &diag,
		"not a BPF object");
	expect(xslot_extension_open_memory("", 0, &options, &extension, &diag), -ENOEXEC, &diag,
		"not a BPF object");
	assert_null(extension);
	/* A caller's older, shorter struct: what lies behind its end is not looked at. */
	options = (struct xslot_extension_options){
		.size = offsetof(struct xslot_extension_options, name),
		.program = "seven",
		.name = (const char *)1,
	};
	expect_ok(xslot_extension_open_memory(
			  programs_object.at, programs_object.size, &options, &extension, &diag),
		&diag);
	xslot_extension_free(extension);
	/* The only one needs no name; no options need no struct. */
	expect_ok(xslot_extension_open_memory(short_object.at, short_object.size, NULL, &extension, &diag),
		&diag);
	xslot_extension_free(extension);
	xslot_extension_free(NULL);
}

static void a_life(void)
{
	struct xslot_extension *extension = extension_loaded("seven", target.fd, "first");
	struct xslot_link *taken;
	struct xslot_diag diag = {};
	uint32_t link;

	expect_ok(xslot_extension_attach(extension, &link, &diag), &diag);
	expect_ok(xslot_extension_take_link(extension, link, &taken, &diag), &diag);
	expect_ok(xslot_extension_attach_to(extension, target.fd, "second", &link, &diag), &diag);
	assert_int_equal(xslot_extension_attach_to(extension, target.fd, "second", &link, &diag), -EBUSY);
	assert_int_equal(xslot_extension_attach_to(extension, target.fd, "fourth", &link, &diag), -ENOENT);
	expect_ok(xslot_extension_unload(extension, &(struct xslot_diag){}), &(struct xslot_diag){});
	assert_int_equal(xslot_extension_load(extension, target.fd, "fourth", &diag), -ENOENT);
	xslot_diag_clear(&diag);
	expect_ok(xslot_extension_load(extension, target.fd, "third", &diag), &diag);
	xslot_link_close(taken);
	xslot_extension_free(extension);
}

static void nothing_is_left_behind(void **state)
{
	struct inventory before;

	a_life();
	before = inventory_settled();
	for (int i = 0; i < 20; i++)
		a_life();
	inventory_expect(&before);
}

#define WITH_TARGET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TARGET(loaded_is_not_live_attached_is),
		WITH_TARGET(any_section_will_do),
		WITH_TARGET(the_entry_can_be_replaced),
		WITH_TARGET(not_loaded_twice),
		WITH_TARGET(nothing_works_before_load),
		WITH_TARGET(not_detached_twice),
		WITH_TARGET(not_detached_by_another),
		WITH_TARGET(unloaded_and_loaded_again),
		WITH_TARGET(loaded_again_after_a_refusal),
		WITH_TARGET(variables_are_set_through_the_object),
		WITH_TARGET(the_target_is_held),
		WITH_TARGET(info_tells_what_is_loaded),
		WITH_TARGET(opened_from_a_file),
		WITH_TARGET(open_chooses_or_says_why_not),
		WITH_TARGET(nothing_is_left_behind),
	};

	libbpf_set_print(NULL);
	return cmocka_run_group_tests_name("extension", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Instances in a dispatcher's slots: loaded, placed here and there, replaced with their state, refused. */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>
#include <xslot/extension.h>

#include "carry.bpf.h"
#include "carry_changed.bpf.h"
#include "check.h"
#include "kernel/dispatcher/grace.h"
#include "kernel/instance/code.h"
#include "kernel/instance/instance.h"
#include "kernel/pindir.h"
#include "object.bpf.h"
#include "util/reader.h"

#define DEBIAN "/usr/lib/x86_64-linux-gnu/bpf"
#define OPTIONS(name_, function_, ...)                                                                       \
	(struct instance_options)                                                                            \
	{                                                                                                    \
		.name = "plugin " #name_, .object = name_##_bpf, .object_size = sizeof(name_##_bpf),         \
		.function = function_, .same_state_version = true, __VA_ARGS__                               \
	}

static struct dispatcher *dispatcher;
static struct grace *grace;

static int set_up(void **state)
{
	struct xslot_diag diag = {};

	if (dispatcher_load(false, &dispatcher, &diag) < 0 || grace_new(&grace, &diag) < 0)
		fail_msg("%s", diag.message);
	return 0;
}

static int tear_down(void **state)
{
	dispatcher_free(dispatcher);
	grace_free(grace);
	return 0;
}

static struct instance *load(struct instance_options options, unsigned slot, enum bank bank)
{
	struct instance *instance = NULL;
	struct xslot_diag diag = {};

	if (instance_open(&options, &instance, NULL, &diag) < 0 ||
		instance_load(instance, dispatcher, slot, bank, &diag) < 0)
		fail_msg("%s\n%s", diag.message, diag.log ? diag.log : "");
	return instance;
}

static struct xslot_link *place_in(
	struct instance *instance, const struct dispatcher *in, unsigned slot, enum bank bank)
{
	struct xslot_link *link = NULL;
	struct xslot_diag diag = {};

	if (instance_place(instance, in, slot, bank, &link, &diag) < 0)
		fail_msg("%s", diag.message);
	return link;
}

static struct xslot_link *place(struct instance *instance, unsigned slot, enum bank bank)
{
	return place_in(instance, dispatcher, slot, bank);
}

/* Packets use `count` slots from now on, these of bank B. */
static void swap(uint32_t count, uint32_t banks)
{
	struct xslot_generation generation = *dispatcher_running(dispatcher);

	generation.id++;
	generation.count = count;
	generation.configured_count = count;
	generation.banks = banks;
	dispatcher_prepare(dispatcher, &generation);
	dispatcher_swap(dispatcher);
	assert_int_equal(grace_wait(grace, NULL), 0);
}

static uint32_t send(unsigned n)
{
	unsigned char packet[64] = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet), .repeat = n);

	assert_int_equal(bpf_prog_test_run_opts(dispatcher_fd(dispatcher), &opts), 0);
	return opts.retval;
}

static uint64_t counted(const struct instance *instance)
{
	uint64_t value[2] = {};

	assert_int_equal(
		bpf_map_lookup_elem(instance_map_fd(instance, "same", NULL), &(uint32_t){ 1 }, value), 0);
	return value[0];
}

static void test_loaded_is_not_live_and_placed_is(void **state)
{
	struct instance *instance = load(OPTIONS(object, "drop"), 0, BANK_A);
	struct xslot_link *link;

	assert_true(instance_program_id(instance) != 0);
	swap(1, 0);
	assert_int_equal(send(1), XDP_ABORTED); /* the bare stub, and on_gap */
	link = place(instance, 0, BANK_A);
	assert_int_equal(send(1), XDP_DROP);
	swap(0, 0);
	assert_int_equal(send(1), XDP_PASS);
	xslot_link_close(link);
	instance_free(instance);
}

static void test_one_instance_in_many_places(void **state)
{
	struct instance *instance = load(OPTIONS(carry, "carry"), 4, BANK_B);
	struct xslot_link *links[3];
	struct dispatcher *other = NULL;

	links[0] = place(instance, 0, BANK_B);
	links[1] = place(instance, 1, BANK_A);
	assert_int_equal(dispatcher_load(false, &other, NULL), 0);
	links[2] = place_in(instance, other, 31, BANK_B);
	swap(2, 1);
	assert_int_equal(send(5), XDP_PASS);
	assert_int_equal(counted(instance), 10);
	swap(0, 0);
	for (size_t i = 0; i < 3; i++)
		xslot_link_close(links[i]);
	dispatcher_free(other);
	instance_free(instance);
}

static void test_links_outlive_the_instance(void **state)
{
	struct instance *instance = load(OPTIONS(object, "drop"), 0, BANK_A);
	struct xslot_link *link = place(instance, 0, BANK_A);

	swap(1, 0);
	instance_free(instance);
	assert_int_equal(send(1), XDP_DROP);
	swap(0, 0);
	xslot_link_close(link);
}

static void test_state_goes_on_under_packets(void **state)
{
	struct instance *first = load(OPTIONS(carry, "carry"), 0, BANK_A), *second, *third;
	struct xslot_link *links[3];

	links[0] = place(first, 0, BANK_A);
	swap(1, 0);
	send(10);
	second = load(OPTIONS(carry_changed, "carry", .previous = first), 0, BANK_B);
	links[1] = place(second, 0, BANK_B);
	send(7); /* still the first */
	swap(1, 1);
	xslot_link_close(links[0]);
	instance_free(first);
	send(5);
	third = load(OPTIONS(carry, "carry", .previous = second), 0, BANK_A);
	links[2] = place(third, 0, BANK_A);
	swap(1, 0);
	xslot_link_close(links[1]);
	instance_free(second);
	send(1);
	assert_int_equal(counted(third), 23);
	swap(0, 0);
	xslot_link_close(links[2]);
	instance_free(third);
}

static void test_a_held_stub_names_its_holder(void **state)
{
	struct instance *holder = load(OPTIONS(carry, "carry"), 3, BANK_A),
			*late = load(OPTIONS(object, "drop"), 3, BANK_A);
	struct xslot_link *link = place(holder, 3, BANK_A), *other = NULL;
	struct xslot_diag diag = {};

	assert_int_equal(instance_place(late, dispatcher, 3, BANK_A, &other, &diag), -EBUSY);
	assert_null(other);
	if (!strstr(diag.message, "plugin object: ") || !strstr(diag.message, "slot_3_a") ||
		!strstr(diag.message, "extension carry"))
		fail_msg("%s", diag.message);
	xslot_link_close(link);
	other = place(late, 3, BANK_A);
	xslot_link_close(other);
	instance_free(late);
	instance_free(holder);
}

static void test_refused_by_the_verifier(void **state)
{
	struct instance_options options = OPTIONS(object, "unchecked");
	struct instance *instance = NULL;
	struct xslot_link *link = NULL;
	struct xslot_diag diag = {};

	assert_int_equal(instance_open(&options, &instance, NULL, &diag), 0);
	assert_int_equal(instance_load(instance, dispatcher, 0, BANK_A, &diag), -EACCES);
	if (!strstr(diag.message, "plugin object: ") || strstr(diag.message, "slot_0_a") ||
		!strstr(diag.message, "invalid access to packet"))
		fail_msg("%s", diag.message);
	assert_non_null(diag.log);
	xslot_diag_clear(&diag);
	/* Nothing of it is left but what frees it. */
	assert_int_equal(instance_map_fd(instance, "events", NULL), -ENOENT);
	assert_int_equal(instance_load(instance, dispatcher, 0, BANK_A, &diag), -EINVAL);
	assert_int_equal(instance_place(instance, dispatcher, 0, BANK_A, &link, &diag), -EINVAL);
	assert_null(link);
	instance_free(instance);
}

static void test_loaded_twice(void **state)
{
	struct instance *instance = load(OPTIONS(object, "drop"), 0, BANK_A);

	assert_int_equal(instance_load(instance, dispatcher, 0, BANK_A, NULL), -EALREADY);
	assert_int_equal(instance_verify_as_xdp(instance, NULL), -EALREADY);
	instance_free(instance);
}

static void test_debians_objects_fill_slots(void **state)
{
	static const struct {
		const char *file;
		uint32_t verdict;
	} objects[] = {
		{ "xdpfilt_alw_all", XDP_PASS },
		{ "xdpfilt_dny_all", XDP_DROP },
		{ "xdpfilt_dny_tcp", XDP_DROP },
		{ "xdpdump_xdp", XDP_PASS },
		{ "xsk_def_xdp_prog", XDP_PASS },
	};

	for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++) {
		struct instance *instance;
		struct xslot_link *link;
		struct blob *blob;
		char path[128];

		snprintf(path, sizeof(path), DEBIAN "/%s.o", objects[i].file);
		if (access(path, R_OK) < 0)
			skip();
		assert_int_equal(blob_read(path, 1 << 20, &blob, NULL), 0);
		instance = load((struct instance_options){ .name = objects[i].file,
					.object = blob->data,
					.object_size = blob->size,
					.foreign = true },
			0, BANK_A);
		blob_free(blob);
		link = place(instance, 0, BANK_A);
		swap(1, 0);
		assert_int_equal(send(1), objects[i].verdict);
		swap(0, 0);
		xslot_link_close(link);
		instance_free(instance);
	}
}

static size_t count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static struct instance *load_and_release(struct instance_options options, enum bank bank, const char *folder)
{
	struct instance *instance = load(options, 0, bank);
	struct xslot_diag diag = {};

	if (instance_pin(instance, options.object, options.object_size, folder, &diag) < 0 ||
		instance_release(instance, folder, &diag) < 0)
		fail_msg("%s", diag.message);
	return instance;
}

#define FOLDER "/sys/fs/bpf/released"
#define OTHER "/sys/fs/bpf/released_other"

static void test_released_holds_what_was_asked_for(void **state)
{
	const size_t before = count_descriptors();
	struct instance *first = load(OPTIONS(carry, "carry"), 0, BANK_A), *second;
	const size_t loaded = count_descriptors() - before;
	int same = instance_map_fd(first, "same", NULL);
	struct xslot_diag diag = {};
	struct xslot_link *links[2];

	if (instance_pin(first, carry_bpf, sizeof(carry_bpf), FOLDER "1", &diag) < 0 ||
		instance_release(first, FOLDER "1", &diag) < 0)
		fail_msg("%s", diag.message);
	/* A callback that got `same` before has it still; a map with a timer and a program array stay open.
	 */
	print_message(
		"descriptors: %zu when loaded, %zu when released\n", loaded, count_descriptors() - before);
	assert_int_equal(count_descriptors() - before, 3);
	assert_int_equal(instance_map_fd(first, "same", NULL), same);
	links[0] = place(first, 0, BANK_A);
	swap(1, 0);
	send(3);
	assert_int_equal(counted(first), 3);
	second = load_and_release(OPTIONS(carry_changed, "carry", .previous = first), BANK_B, FOLDER "2");
	links[1] = place(second, 0, BANK_B);
	swap(1, 1);
	send(4);
	assert_int_equal(counted(second), 7);
	swap(0, 0);
	for (size_t i = 0; i < 2; i++)
		xslot_link_close(links[i]);
	instance_free(first);
	instance_free(second);
	assert_int_equal(pindir_remove(FOLDER "1", NULL) | pindir_remove(FOLDER "2", NULL), 0);
	assert_int_equal(count_descriptors(), before);
}

static void test_released_without_its_pins(void **state)
{
	const size_t before = count_descriptors();
	struct instance *instance = load_and_release(OPTIONS(object, "drop"), BANK_A, FOLDER);
	struct xslot_link *link = NULL;
	struct xslot_diag diag = {};

	assert_int_equal(count_descriptors(), before + 1); /* `events`, which is more than bytes */
	link = place(instance, 0, BANK_A);
	assert_int_equal(count_descriptors(), before + 2);
	swap(1, 0);
	assert_int_equal(send(1), XDP_DROP);
	swap(0, 0);
	/* Someone removes the pins: what runs is none the worse, and what needs them says so. */
	assert_int_equal(pindir_remove(FOLDER, NULL), 0);
	swap(1, 0);
	assert_int_equal(send(1), XDP_DROP);
	assert_int_equal(instance_map_fd(instance, "xslot_test_pinned", NULL), -ENOENT);
	assert_true(instance_map_fd(instance, "events", NULL) >= 0);
	swap(0, 0);
	xslot_link_close(link);
	assert_int_equal(instance_place(instance, dispatcher, 1, BANK_A, &link, &diag), -ENOENT);
	if (!strstr(diag.message, "someone removed its folder"))
		fail_msg("%s", diag.message);
	instance_free(instance);
	assert_int_equal(count_descriptors(), before);
}

/* ---- what happens to pins, and to a host that needs them ---- */

static void exchange(const char *pin, const char *other)
{
	assert_int_equal(renameat2(AT_FDCWD, pin, AT_FDCWD, other, RENAME_NOREPLACE), 0);
}

static void one_pin_goes(void)
{
	exchange(FOLDER "/program", FOLDER "/program_");
	exchange(FOLDER "/maps/same", FOLDER "/maps/same_");
}

static void one_pin_comes_back(void)
{
	exchange(FOLDER "/program_", FOLDER "/program");
	exchange(FOLDER "/maps/same_", FOLDER "/maps/same");
}

static void folder_goes(void)
{
	exchange(FOLDER, FOLDER "_");
}

static void folder_comes_back(void)
{
	exchange(FOLDER "_", FOLDER);
}

/* Of a program and a map of the same kind: nothing but the id can tell. */
static void pins_are_replaced(void)
{
	int program = bpf_obj_get(OTHER "/program"), map = bpf_obj_get(OTHER "/maps/same");

	one_pin_goes();
	assert_int_equal(bpf_obj_pin(program, FOLDER "/program"), 0);
	assert_int_equal(bpf_obj_pin(map, FOLDER "/maps/same"), 0);
	close(program);
	close(map);
}

static void replaced_pins_go(void)
{
	assert_int_equal(unlink(FOLDER "/program") | unlink(FOLDER "/maps/same"), 0);
	one_pin_comes_back();
}

static struct rlimit descriptors;

static void no_descriptors(void)
{
	int lowest = open("/", O_PATH | O_CLOEXEC);

	assert_int_equal(close(lowest) | getrlimit(RLIMIT_NOFILE, &descriptors), 0);
	assert_int_equal(
		setrlimit(RLIMIT_NOFILE, &(struct rlimit){ (rlim_t)lowest, descriptors.rlim_max }), 0);
}

static void descriptors_again(void)
{
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &descriptors), 0);
}

static void no_permission(void)
{
	assert_int_equal(seteuid(65534), 0);
}

static void permission_again(void)
{
	assert_int_equal(seteuid(0), 0);
}

static const struct fault {
	const char *what;
	void (*begin)(void), (*end)(void);
	int error;
	const char *words;
} faults[] = {
	{ "a pin is gone", one_pin_goes, one_pin_comes_back, -ENOENT, "someone removed it; \"bpftool " },
	{ "the folder is gone", folder_goes, folder_comes_back, -ENOENT, "someone removed its folder" },
	{ "a pin is another's", pins_are_replaced, replaced_pins_go, -ESTALE, "someone replaced it" },
	{ "no descriptor", no_descriptors, descriptors_again, -EMFILE, "Too many open files" },
	{ "no permission", no_permission, permission_again, -EACCES, "Permission denied" },
};

static void check_refused(const struct fault *fault, const char *step, int r, struct xslot_diag *diag)
{
	if (r != fault->error || !strstr(diag->message, fault->words))
		fail_msg("%s, %s: %d, %s", fault->what, step, r, diag->message);
	xslot_diag_clear(diag);
}

/* What a reload or a rollback, a status and fusing need. */
static void check_fault(const struct fault *fault, struct instance *instance)
{
	struct xslot_link *link = NULL;
	struct xslot_diag diag = {};
	struct fuse_part part;
	int r;

	fault->begin();
	r = instance_place(instance, dispatcher, 1, BANK_A, &link, &diag);
	check_refused(fault, "placing", r, &diag);
	r = instance_map_fd(instance, "same", &diag);
	check_refused(fault, "a callback's map", r, &diag);
	r = instance_code(instance, dispatcher, 0, BANK_A, &part, &diag);
	check_refused(fault, "fusing", r, &diag);
	instance_code_done(instance);
	fault->end();
}

static void check_successor(const struct fault *fault, struct instance *instance)
{
	const struct instance_options options = OPTIONS(carry_changed, "carry", .previous = instance);
	struct instance *successor = NULL;
	struct xslot_diag diag = {};
	int r;

	fault->begin();
	r = instance_open(&options, &successor, NULL, &diag);
	if (r == 0)
		r = instance_load(successor, dispatcher, 0, BANK_B, &diag);
	fault->end();
	instance_free(successor);
	check_refused(fault, "its successor", r, &diag);
}

static void test_what_cannot_be_opened_changes_nothing(void **state)
{
	const size_t before = count_descriptors();
	struct instance *other = load_and_release(OPTIONS(carry, "carry"), BANK_A, OTHER);
	struct instance *instance = load_and_release(OPTIONS(carry, "carry"), BANK_A, FOLDER);
	struct xslot_link *link = place(instance, 0, BANK_A);
	const size_t held = count_descriptors();

	swap(1, 0);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		check_fault(&faults[i], instance);
		if (faults[i].error == -ENOENT || faults[i].error == -ESTALE)
			check_successor(&faults[i], instance);
		assert_int_equal(send(1), XDP_PASS);
		assert_int_equal(count_descriptors(), held);
	}
	assert_int_equal(counted(instance), sizeof(faults) / sizeof(faults[0]));
	swap(0, 0);
	xslot_link_close(link);
	instance_free(instance);
	instance_free(other);
	assert_int_equal(pindir_remove(FOLDER, NULL) | pindir_remove(OTHER, NULL), 0);
	assert_int_equal(count_descriptors(), before);
}

/* What a chain's folder is held by leads behind the mount. */
static void test_hidden_by_another_mount(void **state)
{
	struct instance *instance = load(OPTIONS(carry, "carry"), 0, BANK_A);
	struct xslot_link *link = NULL;
	struct xslot_diag diag = {};
	char pins[64];
	int folder;

	if (instance_pin(instance, carry_bpf, sizeof(carry_bpf), FOLDER, &diag) < 0)
		fail_msg("%s", diag.message);
	folder = open(FOLDER, O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(pins, sizeof(pins), "/proc/self/fd/%d", folder);
	assert_int_equal(instance_release(instance, pins, &diag), 0);
	assert_int_equal(mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL), 0);
	assert_int_equal(access(FOLDER, F_OK), -1);
	link = place(instance, 0, BANK_A);
	swap(1, 0);
	send(1);
	assert_int_equal(counted(instance), 1);
	swap(0, 0);
	xslot_link_close(link);
	instance_free(instance);
	assert_int_equal(umount("/sys/fs/bpf"), 0);
	close(folder);
	assert_int_equal(pindir_remove(FOLDER, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loaded_is_not_live_and_placed_is),
		cmocka_unit_test(test_one_instance_in_many_places),
		cmocka_unit_test(test_links_outlive_the_instance),
		cmocka_unit_test(test_state_goes_on_under_packets),
		cmocka_unit_test(test_a_held_stub_names_its_holder),
		cmocka_unit_test(test_refused_by_the_verifier),
		cmocka_unit_test(test_loaded_twice),
		cmocka_unit_test(test_debians_objects_fill_slots),
		cmocka_unit_test(test_released_holds_what_was_asked_for),
		cmocka_unit_test(test_released_without_its_pins),
		cmocka_unit_test(test_what_cannot_be_opened_changes_nothing),
		cmocka_unit_test(test_hidden_by_another_mount),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The kernel's own answers are what counts: programs are run, ids are counted, nothing is taken from the
 * library. */
#include "extension-fixture.h"

#include <bpf/btf.h>
#include <dirent.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "extension-bare.h"
#include "extension-longer.h"
#include "extension-programs.h"
#include "extension-short.h"
#include "extension-sized-target.h"
#include "extension-sized.h"
#include "extension-target.h"

#define PATIENCE 180 /* seconds */

bool quiet;

#define OBJECT(name, array) const struct object_bytes name##_object = { array, sizeof(array) }
OBJECT(target, extension_target_bpf);
OBJECT(programs, extension_programs_bpf);
OBJECT(sized_target, extension_sized_target_bpf);
OBJECT(sized, extension_sized_bpf);
OBJECT(longer, extension_longer_bpf);
OBJECT(short, extension_short_bpf);
OBJECT(bare, extension_bare_bpf);

struct target_program target_new(const struct object_bytes *bytes, const char *name)
{
	struct target_program target = {};
	struct bpf_program *program;

	target.object = bpf_object__open_mem(bytes->at, bytes->size, NULL);
	assert_non_null(target.object);
	bpf_object__for_each_program(program, target.object)
	{
		bool ours = strcmp(bpf_program__name(program), name) == 0;

		bpf_program__set_autoload(program, ours);
		if (ours)
			target.fd = -1;
	}
	assert_int_equal(bpf_object__load(target.object), 0);
	target.fd = bpf_program__fd(bpf_object__find_program_by_name(target.object, name));
	assert_true(target.fd > 0);
	return target;
}

void target_free(struct target_program *target)
{
	bpf_object__close(target->object);
	*target = (struct target_program){ .fd = -1 };
}

int run(int program_fd)
{
	unsigned char packet[64] = {};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof(packet));

	assert_int_equal(bpf_prog_test_run_opts(program_fd, &options), 0);
	return (int)options.retval;
}

struct xslot_extension *extension_opened(const struct object_bytes *bytes, const char *program)
{
	struct xslot_extension_options options = { .size = sizeof(options), .program = program };
	struct xslot_extension *extension = NULL;
	struct xslot_diag diag = {};

	expect_ok(xslot_extension_open_memory(bytes->at, bytes->size, &options, &extension, &diag), &diag);
	return extension;
}

struct xslot_extension *extension_loaded(const char *program, int target_fd, const char *function)
{
	struct xslot_extension *extension = extension_opened(&programs_object, program);
	struct xslot_diag diag = {};

	expect_ok(xslot_extension_load(extension, target_fd, function, &diag), &diag);
	return extension;
}

void expect(int r, int error, struct xslot_diag *diag, const char *words)
{
	if (!quiet)
		print_message("# %s\n", diag->message);
	if (r != error)
		fail_msg("returned %d, not %d: %s", r, error, diag->message);
	if (!strstr(diag->message, words))
		fail_msg("no \"%s\" in \"%s\"", words, diag->message);
	assert_null(strchr(diag->message, '\n'));
	xslot_diag_clear(diag);
}

void expect_ok(int r, struct xslot_diag *diag)
{
	if (r != 0)
		fail_msg("returned %d: %s\n%s", r, diag->message, diag->log ? diag->log : "");
	assert_string_equal(diag->message, "");
}

static int count_ids(int (*next)(uint32_t, uint32_t *))
{
	uint32_t id = 0;
	int n = 0;

	while (next(id, &id) == 0)
		n++;
	return n;
}

static struct inventory inventory_take(void)
{
	struct inventory inventory = {
		.programs = count_ids(bpf_prog_get_next_id),
		.maps = count_ids(bpf_map_get_next_id),
		.links = count_ids(bpf_link_get_next_id),
	};
	DIR *fds = opendir("/proc/self/fd");

	assert_non_null(fds);
	while (readdir(fds))
		inventory.fds++;
	closedir(fds);
	return inventory;
}

/* Programs and maps are freed after grace periods: what no longer changes, or what others leave only later.
 */
struct inventory inventory_settled(void)
{
	struct inventory now = inventory_take(), last;
	int calm = 0;

	for (int i = 0; i < 1000 && calm < 30; i++) {
		last = now;
		usleep(10000);
		now = inventory_take();
		calm = memcmp(&now, &last, sizeof(now)) == 0 ? calm + 1 : 0;
	}
	return now;
}

/* Of the machine's objects there may be fewer: who ran before us may have had some still. */
void inventory_expect(const struct inventory *before)
{
	struct inventory now = inventory_take();

	for (int i = 0; i < PATIENCE * 100; i++) {
		if (now.links <= before->links && now.programs <= before->programs &&
			now.maps <= before->maps)
			break;
		usleep(10000);
		now = inventory_take();
	}
	assert_int_equal(now.fds, before->fds);
	assert_in_range(now.links, 0, before->links);
	assert_in_range(now.programs, 0, before->programs);
	assert_in_range(now.maps, 0, before->maps);
}

bool kernel_at_least(unsigned major, unsigned minor)
{
	struct utsname name;
	unsigned have_major = 0, have_minor = 0;

	uname(&name);
	sscanf(name.release, "%u.%u", &have_major, &have_minor);
	return have_major > major || (have_major == major && have_minor >= minor);
}

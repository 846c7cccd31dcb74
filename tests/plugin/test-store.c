/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A chain's folder in bpffs, natively: real dispatchers, an XDP link, a BPF file system of the test's own.
 * What is there is asked of the kernel by path; what a manifest says, by reading its map again.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "host/chain/store.h"
#include "kernel/pindir.h"
#include "util/log.h"

static char root[] = "/tmp/xslot-test-XXXXXX";
static char logged[2048];

static void take_log(enum log_level level, const char *text)
{
	snprintf(logged + strlen(logged), sizeof(logged) - strlen(logged), "%s\n", text);
}

/* The id of the program that is pinned there; 0: nothing is. */
__attribute__((format(printf, 1, 2))) static uint32_t program_at(const char *format, ...)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);
	char path[512];
	va_list args;
	int fd;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return 0;
	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
	close(fd);
	return info.id;
}

static bool there(const char *name)
{
	char path[512];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return lstat(path, &st) == 0;
}

static uint32_t id_of(const struct chain *chain)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(dispatcher_fd(chain->dispatcher), &info, &size), 0);
	return info.id;
}

static struct chain *new_chain(const char *name)
{
	struct xslot_diag diag = {};
	struct chain *chain = NULL;

	if (chain_new(name, false, &chain, &diag) < 0)
		fail_msg("%s", diag.message);
	if (store_chain(chain, root, &diag) < 0)
		fail_msg("%s", diag.message);
	return chain;
}

static void forget(struct chain *chain)
{
	store_forget_chain(chain);
	chain_free(chain);
}

static void test_folder(void **state)
{
	static const char *const all[] = { "edge/if", "edge/inst", "edge/slot", "edge/dispatcher",
		"edge/state", "edge/counters", "edge/manifest" };
	struct chain *chain = new_chain("edge");

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!there(all[i]))
			fail_msg("there is no %s", all[i]);
	}
	assert_int_equal(program_at("%s/edge/dispatcher", root), id_of(chain));
	forget(chain);
	assert_false(there("edge"));
}

/* One that is rebuilt has its folder still: the new one waits beside it, and both names change at once. */
static void test_names_are_exchanged(void **state)
{
	struct chain *old = new_chain("edge"), *new = new_chain("edge");
	uint32_t old_id = id_of(old), new_id = id_of(new);
	struct chain *gone[] = { old };

	assert_int_equal(program_at("%s/edge@/dispatcher", root), new_id);
	assert_int_equal(store_name_folder(new, root, gone, 1, NULL), 0);
	assert_int_equal(program_at("%s/edge/dispatcher", root), new_id);
	assert_int_equal(program_at("%s/edge@/dispatcher", root), old_id);
	forget(old);
	assert_false(there("edge@"));
	assert_int_equal(program_at("%s/edge/dispatcher", root), new_id);
	assert_int_equal(store_name_folder(new, root, NULL, 0, NULL), 0); /* it has its name */
	forget(new);
	assert_false(there("edge"));
}

/* The old folder is gone: a rename is enough. */
static void test_name_is_free(void **state)
{
	struct chain *old = new_chain("edge"), *new = new_chain("edge");

	forget(old);
	assert_int_equal(store_name_folder(new, root, NULL, 0, NULL), 0);
	assert_true(there("edge") && !there("edge@"));
	forget(new);
}

/* What somebody else put there stays, and that is said. */
static void test_anothers_file(void **state)
{
	struct chain *chain = new_chain("edge");
	char path[512];

	logged[0] = 0;
	snprintf(path, sizeof(path), "%s/edge/notes", root);
	assert_int_equal(mkdir(path, 0700), 0);
	forget(chain);
	assert_true(there("edge/notes"));
	assert_false(there("edge/dispatcher"));
	assert_non_null(strstr(logged, "edge/notes was not made by xslotd: it is left alone"));
	assert_int_equal(pindir_remove(path, NULL), 0);
	snprintf(path, sizeof(path), "%s/edge", root);
	assert_int_equal(pindir_remove(path, NULL), 0);
}

static void test_folders_come_back(void **state)
{
	struct chain *chain = new_chain("edge");
	char path[512];

	snprintf(path, sizeof(path), "%s/edge/slot", root);
	assert_int_equal(pindir_remove(path, NULL), 0);
	assert_int_equal(store_make_folders(chain, NULL), 0);
	assert_true(there("edge/slot"));
	forget(chain);
}

/* An interface's pin goes from the old chain to the new one, and never is there twice. */
static void test_interface_moves(void **state)
{
	struct chain *old = new_chain("edge"), *new = new_chain("edge");
	struct netdev *netdev = NULL;
	unsigned index = if_nametoindex("lo");
	char from[64], to[64], path[512];
	struct xslot_diag diag = {};

	snprintf(from, sizeof(from), "edge/if/%u", index);
	snprintf(to, sizeof(to), "edge@/if/%u", index);
	if (netdev_attach("lo", XDP_MODE_GENERIC, dispatcher_fd(old->dispatcher), &netdev, &diag) < 0)
		fail_msg("%s", diag.message);
	/* An interface that had the index before, and whose pin is still there. */
	snprintf(path, sizeof(path), "%s/%s", root, from);
	assert_int_equal(bpf_obj_pin(dispatcher_fd(new->dispatcher), path), 0);
	assert_int_equal(store_interface(old, netdev, &diag), 0);
	assert_true(there(from) && !there(to));
	assert_int_equal(store_update_interface(new, netdev, &diag), 0);
	store_move_interface(old, new, netdev);
	assert_true(!there(from) && there(to));
	store_forget_interface(new, netdev);
	assert_false(there(to));
	assert_int_equal(netdev_strip(netdev), 0);
	netdev_close(netdev);
	forget(old);
	forget(new);
}

/* Two generations have room; the one that runs is the one that the dispatcher names. */
static void test_manifest(void **state)
{
	static const struct descriptor plugin = { .name = "sample", .version = "1.2", .state_version = 3 };
	struct chain *chain = new_chain("edge");
	struct occupant occupant = { .name = "sample", .id = 7, .plugin = &plugin };
	struct chain_slot slot = {
		.number = 10, .proceed = CHAIN_PROCEED_DEFAULT, .occupant = &occupant, .count = { .seen = 5 }
	};
	const struct manifest_record *record;
	struct manifest manifest;
	struct xslot_diag diag = {};
	uint32_t running = dispatcher_running(chain->dispatcher)->id;

	store_record(chain, running, NULL, 0);
	store_record(chain, running + 1, &slot, 1);
	chain->bypass = true;
	assert_int_equal(store_write(chain, &diag), 0);
	if (manifest_read(chain->manifest_fd, &manifest, &diag) < 0)
		fail_msg("%s", diag.message);
	assert_int_equal(manifest.bypass, 1);
	record = &manifest.record[running % MANIFEST_PARITIES];
	assert_int_equal(record->generation, running);
	assert_int_equal(record->n_slots, 0);
	record = &manifest.record[(running + 1) % MANIFEST_PARITIES];
	assert_int_equal(record->generation, running + 1);
	assert_int_equal(record->n_slots, 1);
	assert_int_equal(record->slots[0].instance, 7);
	assert_int_equal(record->slots[0].number, 10);
	assert_int_equal(record->slots[0].state_version, 3);
	assert_int_equal(record->slots[0].count.seen, 5);
	assert_string_equal(record->slots[0].plugin, "sample");
	assert_string_equal(record->slots[0].version, "1.2");
	forget(chain);
}

static void symlink_says(const char *name, const char *wanted)
{
	char path[512], is[128] = "";
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	n = readlink(path, is, sizeof(is) - 1);
	is[n < 0 ? 0 : n] = 0;
	assert_string_equal(is, wanted);
}

/* Slots are shown by their numbers, and those that run no more are not. */
static void test_slots_are_shown(void **state)
{
	struct chain *chain = new_chain("edge");
	struct occupant first = { .id = 1 }, second = { .id = 2 };

	chain->slots[0] = (struct chain_slot){ .number = 10, .occupant = &first };
	chain->slots[1] = (struct chain_slot){ .number = 20, .occupant = &second };
	chain->n_slots = 2;
	store_show_slots(chain);
	symlink_says("edge/slot/10", "../inst/1");
	symlink_says("edge/slot/20", "../inst/2");
	chain->slots[0] = chain->slots[1];
	chain->slots[0].number = 10;
	chain->n_slots = 1;
	store_show_slots(chain);
	symlink_says("edge/slot/10", "../inst/2");
	assert_false(there("edge/slot/20"));
	assert_false(there("edge/slot/@10"));
	chain->n_slots = 0;
	forget(chain);
}

static int set_up(void **state)
{
	if (!mkdtemp(root) || unshare(CLONE_NEWNS | CLONE_NEWNET) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("bpf", root, "bpf", 0, NULL) < 0 || system("ip link set lo up") != 0)
		return -1;
	log_set_sink(take_log);
	return 0;
}

static int tear_down(void **state)
{
	log_set_sink(NULL);
	return umount2(root, MNT_DETACH) < 0 || rmdir(root) < 0 ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_folder),
		cmocka_unit_test(test_names_are_exchanged),
		cmocka_unit_test(test_name_is_free),
		cmocka_unit_test(test_anothers_file),
		cmocka_unit_test(test_folders_come_back),
		cmocka_unit_test(test_interface_moves),
		cmocka_unit_test(test_manifest),
		cmocka_unit_test(test_slots_are_shown),
	};

	return cmocka_run_group_tests_name("store", tests, set_up, tear_down);
}

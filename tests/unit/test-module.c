/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Loading plugins: good ones from three linkers, and every kind of file that has to be refused. */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>

#include "sample-file.h"
#include "util/reader.h"

static void test_good_plugin_is_described_and_mapped(void **state)
{
	static const char *const linkers[] = { "good", "lld", "lld-relr" };
	struct descriptor plugin;
	struct xslot_diag diag = {};

	for (size_t i = 0; i < 3; i++) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s.so", MODULES_DIR, linkers[i]);
		if (i > 0 && access(path, F_OK) < 0)
			skip();
		put(linkers[i]);
		memset(&plugin, 0xff, sizeof(plugin));
		if (module_describe(sample, &plugin, &diag) < 0)
			fail_msg("%s: %s", linkers[i], diag.message);
		assert_string_equal(plugin.name, "sample");
		assert_string_equal(plugin.version, "1");
		assert_string_equal(plugin.params[0].name, "keep_one_in");
		assert_int_equal(plugin.params[0].max, 65536);
		assert_int_equal(plugin.params[1].type, XSLOT_NONE);
		assert_string_equal(plugin.commands[0].name, "unblock");
		assert_int_equal(plugin.commands[0].types[0], XSLOT_PREFIX);
		assert_int_equal(plugin.commands[0].types[1], XSLOT_UINT);
		assert_int_equal(plugin.commands[0].types[2], XSLOT_NONE);
		assert_string_equal(plugin.commands[1].name, "");
		assert_null(plugin.run[0]);
		assert_null(plugin.bpf);
		assert_null(plugin.function);
		assert_null(plugin.check);
		assert_int_equal(plugin.bpf_size, 15);
	}
}

static void test_mapped_plugin_has_its_pointers(void **state)
{
	static const char *const linkers[] = { "good", "lld" };

	for (size_t i = 0; i < 2; i++) {
		const struct descriptor *plugin;
		struct module *module;

		put(linkers[i]);
		module = get(sample);
		plugin = module_plugin(module);
		assert_memory_equal(plugin->bpf, "no real object", plugin->bpf_size);
		assert_string_equal(plugin->function, "sample");
		assert_int_equal(plugin->check(NULL), 1);
		assert_int_equal(plugin->run[0](NULL, NULL, 2), 42);
		assert_null(plugin->stop);
		assert_string_equal(module_path(module), sample);
		module_unref(module);
	}
}

static void test_same_bytes_are_one_module(void **state)
{
	struct module *one, *two, *three;
	char other[PATH_MAX];
	struct blob *blob = read_variant("good");

	put("good");
	one = get(sample);
	snprintf(other, sizeof(other), "%s/other", dir);
	mkdir(other, 0755);
	snprintf(other, sizeof(other), "%s/other/sample.so", dir);
	write_file(other, blob->data, blob->size);
	two = get(other);
	assert_ptr_equal(one, two);
	three = module_ref(one);
	module_unref(one);
	module_unref(two);
	assert_int_equal(module_plugin(three)->check(NULL), 1);
	module_unref(three);
	blob_free(blob);
}

/* The old and the new build run side by side, and neither is taken for the other whatever fds are free. */
static void test_new_build_is_never_taken_for_the_old(void **state)
{
	struct module *one, *two;

	for (int round = 0; round < 20; round++) {
		put("good");
		one = get(sample);
		put("second");
		two = get(sample);
		assert_int_equal(module_plugin(one)->check(NULL), 1);
		assert_int_equal(module_plugin(two)->check(NULL), 2);
		assert_string_equal(module_plugin(two)->version, "2");
		module_unref(one);
		put("lld");
		one = get(sample);
		assert_int_equal(module_plugin(one)->check(NULL), 1);
		assert_int_equal(module_plugin(two)->check(NULL), 2);
		module_unref(two);
		module_unref(one);
	}
}

static void test_unloadable_library_keeps_its_name_to_itself(void **state)
{
	struct module *module;

	put("nodelete");
	module_unref(get(sample));
	put("second");
	module = get(sample);
	assert_int_equal(module_plugin(module)->check(NULL), 2);
	module_unref(module);
}

/* The name of the executable mapping that `code` lies in, as valgrind and perf see it. */
static void mapped_file(const void *code, char ret_name[static PATH_MAX])
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long from, to;
	char line[PATH_MAX + 128];
	int name = 0;

	assert_non_null(maps);
	ret_name[0] = 0;
	while (fgets(line, sizeof(line), maps)) {
		line[strcspn(line, "\n")] = 0;
		if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %n", &from, &to, &name) == 2 &&
			(unsigned long)code - from < to - from)
			snprintf(ret_name, PATH_MAX, "%s", line + name);
	}
	fclose(maps);
}

static int has_name(struct dl_phdr_info *library, size_t size, void *name)
{
	return strcmp(library->dlpi_name, name) == 0;
}

/* What gdb, core dumps, ASan and dladdr() call it. */
static void is_known_as(const struct module *module, const char *path)
{
	const void *code = (const void *)(uintptr_t)module_plugin(module)->check;
	Dl_info info;

	assert_int_not_equal(dladdr(code, &info), 0);
	assert_string_equal(info.dli_fname, path);
	assert_int_equal(dl_iterate_phdr(has_name, (char *)(uintptr_t)path), 1);
}

static void test_debuggers_are_told_the_file(void **state)
{
	struct module *module;

	put("good");
	module = get(sample);
	is_known_as(module, sample);
	module_unref(module);
	assert_int_equal(dl_iterate_phdr(has_name, sample), 0);
	put("nodelete");
	module_unref(get(sample)); /* stays, and its descriptor does not */
	assert_int_equal(dl_iterate_phdr(has_name, sample), 1);
}

static void test_mapped_in_place(void **state)
{
	struct module *one, *two;
	char name[PATH_MAX];
	struct modules *others = modules;

	assert_int_equal(modules_new(&modules), 0);
	put("good");
	one = get(sample);
	mapped_file((const void *)(uintptr_t)module_plugin(one)->check, name);
	assert_non_null(strstr(name, "/memfd:sample.so"));
	module_unref(one);
	modules_map_in_place(modules);
	one = get(sample);
	mapped_file((const void *)(uintptr_t)module_plugin(one)->check, name);
	assert_string_equal(name, sample);
	is_known_as(one, sample);
	put("second"); /* another file under the name that is taken */
	two = get(sample);
	assert_int_equal(module_plugin(one)->check(NULL), 1);
	assert_int_equal(module_plugin(two)->check(NULL), 2);
	module_unref(one);
	module_unref(two);
	modules_free(modules);
	modules = others;
}

static int count_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_last_reference_frees_all(void **state)
{
	int before = count_fds();

	put("good");
	for (int i = 0; i < 20; i++)
		module_unref(get(sample));
	put("undefined");
	refuses(sample, -ENOEXEC, "undefined_function");
	assert_int_equal(count_fds(), before);
}

static void test_file_may_be_rewritten_in_place(void **state)
{
	struct module *module;
	char zeros[32768] = {};
	int fd;

	put("good");
	module = get(sample);
	fd = open(sample, O_WRONLY);
	assert_int_equal(write(fd, zeros, sizeof(zeros)), sizeof(zeros));
	assert_int_equal(ftruncate(fd, 0), 0);
	close(fd);
	assert_int_equal(module_plugin(module)->check(NULL), 1);
	module_unref(module);
}

static void test_other_descriptor_sizes(void **state)
{
	struct module *module;

	put("size-older");
	module = get(sample);
	assert_int_equal(module_plugin(module)->check(NULL), 1);
	assert_null(module_plugin(module)->settle);
	module_unref(module);
	put("size-newer"); /* its rows too */
	module = get(sample);
	assert_int_equal(module_plugin(module)->settle(NULL, 7), 7);
	assert_string_equal(module_plugin(module)->params[0].name, "keep_one_in");
	assert_int_equal(module_plugin(module)->params[1].type, XSLOT_NONE);
	module_unref(module);
	put("rows-most");
	module = get(sample);
	assert_string_equal(module_plugin(module)->params[XSLOT_MAX_PARAMS - 1].name, "keep_one_in");
	assert_int_equal(module_plugin(module)->params[XSLOT_MAX_PARAMS].type, XSLOT_NONE);
	module_unref(module);
}

static void test_hidden_descriptor_is_refused_unmapped(void **state)
{
	struct descriptor plugin;

	put("hidden");
	assert_int_equal(module_describe(sample, &plugin, NULL), -ENOEXEC);
}

/* The loaded file is read as far as the section table says, which ld.so does not look at. */
static void test_sections_beyond_their_segments(void **state)
{
	static const char *const names[] = { XSLOT_PLUGIN_SECTION, XSLOT_PARAMS_SECTION,
		XSLOT_COMMANDS_SECTION };
	char words[128];

	for (size_t i = 0; i < 3; i++) {
		struct blob *blob = read_variant("good");
		Elf64_Ehdr *header = (Elf64_Ehdr *)blob->data;
		Elf64_Shdr *sections = (Elf64_Shdr *)(blob->data + header->e_shoff);
		const char *strings = (const char *)blob->data + sections[header->e_shstrndx].sh_offset;
		uint8_t *copy = malloc(blob->size);

		memcpy(copy, blob->data, blob->size);
		for (size_t k = 0; k < header->e_shnum; k++) {
			Elf64_Shdr *section = (Elf64_Shdr *)(copy + header->e_shoff) + k;

			if (strcmp(strings + section->sh_name, names[i]) == 0)
				section->sh_size = blob->size - section->sh_offset;
		}
		write_file(sample, copy, blob->size);
		snprintf(words, sizeof(words), "its section %s is not within one", names[i]);
		refuses(sample, -ENOEXEC, words);
		free(copy);
		blob_free(blob);
	}
}

static void test_refused_descriptors(void **state)
{
	static const struct {
		const char *variant;
		int error;
		const char *words;
	} cases[] = {
		{ "magic", -ENOEXEC, "does not begin with \"xslot-p\"" },
		{ "abi-newer", -EPROTONOSUPPORT, "built for plugin ABI 3, and this host speaks 1 to 2" },
		{ "abi-zero", -EPROTONOSUPPORT, "ABI 0" },
		{ "size-small", -ENOEXEC, "200 bytes, less than the" },
		{ "size-beyond", -ENOEXEC, "truncated: its descriptor has" },
		{ "name-long", -ENOEXEC, "whose name does not end" },
		{ "name-empty", -ENOEXEC, "without a name" },
		{ "name-other", -ENOEXEC, "its file must be called simple.so" },
		{ "name-bad", -ENOEXEC, "\"Sample\": a name is" },
		{ "version-empty", -ENOEXEC, "without a version" },
		{ "help-long", -ENOEXEC, "parameter 1 has a text longer than its field" },
		{ "bpf-none", -ENOEXEC, "add XSLOT_BPF(sample)" },
		{ "bpf-null", -ENOEXEC, "size of a BPF object and no object" },
		{ "object-and-bpf", -ENOEXEC,
			"has both a section .xslot.object, which takes the BPF object from the slot, and a BPF object" },
		{ "size-says", -EPROTONOSUPPORT, "says more in its descriptor than this host understands" },
		{ "reserved", -EPROTONOSUPPORT, "sets a reserved field of its descriptor" },
		{ "rows-many", -ENOEXEC, "has 65 parameters, and a plugin may have 64" },
		{ "rows-odd", -ENOEXEC, "bytes of parameters in rows of 400" },
		{ "rows-small", -ENOEXEC, "bytes of parameters in rows of 8" },
		{ "rows-none", -ENOEXEC, "bytes of parameters in rows of 0" },
		{ "row-untyped", -ENOEXEC, "has a parameter without a type: row 1" },
		{ "row-says", -EPROTONOSUPPORT,
			"says more about its parameter 1 than this host understands" },
		{ "row-reserved", -EPROTONOSUPPORT, "sets a reserved field of its parameter 1" },
		{ "rows-hidden", -ENOEXEC, "does not export the symbol xslot_params from .xslot.params" },
		{ "rows-change", -ENOEXEC, "changed its parameters while it was loaded" },
		{ "function-none", -ENOEXEC, "does not name the BPF function" },
		{ "hidden", -ENOEXEC, "does not export the symbol" },
		{ "section-other", -ENOEXEC, "no section .xslot.plugin" },
		{ "undefined", -ENOEXEC, "needs the symbol undefined_function" },
		{ "textrel", -ENOEXEC, "compile it with -fPIC" },
		{ "changes", -ENOEXEC, "changed its descriptor" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(cases[i].variant);
		refuses(sample, cases[i].error, cases[i].words);
	}
}

static void test_refused_commands(void **state)
{
	static const struct {
		const char *variant;
		int error;
		const char *words;
	} cases[] = {
		{ "commands-many", -ENOEXEC, "has 33 commands, and a plugin may have 32" },
		{ "commands-twice", -ENOEXEC, "declares its command unblock twice" },
		{ "commands-odd", -ENOEXEC, "bytes of commands in rows of 260" },
		{ "commands-none", -ENOEXEC, "bytes of commands in rows of 0" },
		{ "commands-hidden", -ENOEXEC, "does not export the symbol xslot_commands" },
		{ "commands-change", -ENOEXEC, "changed its commands while it was loaded" },
		{ "command-name", -ENOEXEC, "calls its command 1 \"Unblock\": a name has" },
		{ "command-unnamed", -ENOEXEC, "calls its command 1 \"\": a name has" },
		{ "command-long", -ENOEXEC, "command 1 has a text longer than its field" },
		{ "command-type", -ENOEXEC, "unblock has an argument of type \"NUMBER\"; the types are" },
		{ "command-file", -ENOEXEC, "unblock has an argument of type \"FILE\"" },
		{ "command-blanks", -ENOEXEC, "unblock has an argument of type \"\"" },
		{ "command-five", -ENOEXEC, "unblock takes more than 4 arguments" },
		{ "command-reading", -ENOEXEC, ".reading of its command unblock is 0 or 1, not 2" },
		{ "command-says", -EPROTONOSUPPORT,
			"says more about its command 1 than this host understands" },
		{ "command-reserved", -EPROTONOSUPPORT, "sets a reserved field of its command 1" },
		{ "command-no-run", -ENOEXEC, "gives its command unblock no function" },
		{ "command-wild", -ENOEXEC, "\".unblock\" of its descriptor points outside" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(cases[i].variant);
		refuses(sample, cases[i].error, cases[i].words);
	}
}

/* A plugin may take its BPF from the slot: it then has neither object nor function. */
static void test_object_of_the_slot(void **state)
{
	struct module *module;

	put("object");
	module = get(sample);
	assert_int_equal(module_plugin(module)->object, 1);
	assert_null(module_plugin(module)->bpf);
	module_unref(module);
}

/* Constructors are the plugin's own affair. */
static void test_constructor_may_print(void **state)
{
	int out = dup(1), null = open("/dev/null", O_WRONLY);

	fflush(stdout);
	dup2(null, 1);
	put("prints");
	module_unref(get(sample));
	fflush(stdout);
	dup2(out, 1);
	close(out);
	close(null);
}

/* Write the variant with `size` bytes at `offset` replaced. */
static void put_patched(const char *variant, size_t offset, const void *bytes, size_t size)
{
	struct blob *blob = read_variant(variant);
	uint8_t *copy = malloc(blob->size);

	memcpy(copy, blob->data, blob->size);
	memcpy(copy + offset, bytes, size);
	write_file(sample, copy, blob->size);
	free(copy);
	blob_free(blob);
}

static void test_refused_files(void **state)
{
	static const char text[] = "#!/bin/sh\necho I am no plugin\n";
	struct blob *blob = read_variant("needs");
	const uint8_t *needed;

	write_file(sample, text, sizeof(text));
	refuses(sample, -ENOEXEC, "not an ELF file");
	write_file(sample, "", 0);
	refuses(sample, -ENOEXEC, "not an ELF file");
	put_patched("good", 18, "\x08\x00", 2);
	refuses(sample, -ENOEXEC, "another machine (ELF machine 8");
	put_patched("good", 16, "\x01\x00", 2);
	refuses(sample, -ENOEXEC, "an unlinked object file, not a shared object");
	put_patched("good", 16, "\x02\x00", 2);
	refuses(sample, -ENOEXEC, "an executable, not a shared object");
	put_patched("good", 4, "\x01", 1);
	refuses(sample, -ENOEXEC, "32-bit");
	put_patched("good", sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_filesz), "\0\0\1", 3);
	refuses(sample, -ENOEXEC, "a segment ends at 65536");
	needed = memmem(blob->data, blob->size, "libxslot-absent.so", 18);
	assert_non_null(needed);
	put_patched("needs", (size_t)(needed - blob->data), "libxslot-gone!!", 15);
	refuses(sample, -ENOEXEC, "needs the library libxslot-gone!!.so");
	unlink(sample);
	refuses(sample, -ENOENT, "No such file");
	assert_int_equal(symlink("/bin/true", sample), 0);
	refuses(sample, -ENOEXEC, "is an executable");
	unlink(sample);
	refuses(dir, -EINVAL, "not a regular file");
	blob_free(blob);
}

static void test_sparse_gigabyte_is_refused_unread(void **state)
{
	write_file(sample, "\177ELF", 4);
	assert_int_equal(truncate(sample, 1L << 30), 0);
	refuses(sample, -EFBIG, "1073741824 bytes");
}

/* No length and no flipped bit may crash the reader; every cut is refused. */
static void test_cut_and_damaged_files(void **state)
{
	struct blob *blob = read_variant("good");
	struct descriptor plugin;
	struct xslot_diag diag = {};
	uint8_t *copy = malloc(blob->size);
	unsigned seed = 1;

	for (size_t size = 0; size < blob->size; size += 101) {
		write_file(sample, blob->data, size);
		refuses(sample, -ENOEXEC, sample);
	}
	for (int i = 0; i < 3000; i++) {
		memcpy(copy, blob->data, blob->size);
		for (int j = 0; j < 4; j++) {
			size_t at = (size_t)rand_r(&seed) % (j & 1 ? blob->size : 4096);

			copy[at] ^= (uint8_t)(1 + rand_r(&seed) % 255);
		}
		/* Most damage hits what is looked at: the headers in front, the section table at the end. */
		copy[blob->size - 1 - (size_t)rand_r(&seed) % 2048] = (uint8_t)rand_r(&seed);
		write_file(sample, copy, blob->size);
		if (module_describe(sample, &plugin, &diag) < 0)
			assert_non_null(strstr(diag.message, sample));
		else
			assert_string_equal(plugin.name, "sample");
	}
	free(copy);
	blob_free(blob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_plugin_is_described_and_mapped),
		cmocka_unit_test(test_mapped_plugin_has_its_pointers),
		cmocka_unit_test(test_same_bytes_are_one_module),
		cmocka_unit_test(test_new_build_is_never_taken_for_the_old),
		/* Before one that leaves a library under the name for good. */
		cmocka_unit_test(test_mapped_in_place),
		cmocka_unit_test(test_debuggers_are_told_the_file),
		cmocka_unit_test(test_unloadable_library_keeps_its_name_to_itself),
		cmocka_unit_test(test_last_reference_frees_all),
		cmocka_unit_test(test_file_may_be_rewritten_in_place),
		cmocka_unit_test(test_other_descriptor_sizes),
		cmocka_unit_test(test_hidden_descriptor_is_refused_unmapped),
		cmocka_unit_test(test_sections_beyond_their_segments),
		cmocka_unit_test(test_refused_descriptors),
		cmocka_unit_test(test_refused_commands),
		cmocka_unit_test(test_object_of_the_slot),
		cmocka_unit_test(test_constructor_may_print),
		cmocka_unit_test(test_refused_files),
		cmocka_unit_test(test_sparse_gigabyte_is_refused_unread),
		cmocka_unit_test(test_cut_and_damaged_files),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * dlopen() runs a file's constructors before anyone can check what it is. So everything that can be refused
 * is refused here, from the bytes: that it is a shared object for this machine, that it is complete (mapping
 * a truncated file succeeds, and touching it raises SIGBUS), and that this host understands its descriptor.
 * The descriptor's text and numbers are inside the struct itself: a pointer in a file is a relocation, and
 * the bytes in its place differ between linkers (bfd: the addend; lld: zero).
 */
#include "module/describe.h"

#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <link.h>
#include <string.h>

#include "module/loadable.h"
#include "util/diag.h"
#include "util/file.h"

/* Our own ELF header, from the linker: what this process is, every plugin has to be. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static void cleanup_elf_end(Elf **elf)
{
	elf_end(*elf);
}

int describe_name_valid(const char *name)
{
	if (*name < 'a' || *name > 'z')
		return 0;
	return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == 0;
}

static int check_header(const GElf_Ehdr *header, const char *path, struct xslot_diag *diag)
{
	if (header->e_ident[EI_CLASS] != __ehdr_start.e_ident[EI_CLASS])
		return fail(diag, -ENOEXEC, "%s is a %d-bit file, and this host is a %d-bit program", path,
			header->e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32,
			__ehdr_start.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32);
	if (header->e_machine != __ehdr_start.e_machine ||
		header->e_ident[EI_DATA] != __ehdr_start.e_ident[EI_DATA])
		return fail(diag, -ENOEXEC,
			"%s is built for another machine (ELF machine %u, this host's is %u)", path,
			header->e_machine, __ehdr_start.e_machine);
	if (header->e_type != ET_DYN)
		return fail(diag, -ENOEXEC, "%s is %s, not a shared object: link it with -shared", path,
			header->e_type == ET_REL    ? "an unlinked object file"
			: header->e_type == ET_EXEC ? "an executable"
						    : "some other kind of ELF file");
	return 0;
}

/* Whatever dlopen maps must be in the file. */
static int check_segments(Elf *elf, size_t file_size, const char *path, struct xslot_diag *diag)
{
	GElf_Phdr segment;
	size_t n;

	if (elf_getphdrnum(elf, &n) != 0)
		return fail(diag, -ENOEXEC, "%s is truncated or damaged: %s", path, elf_errmsg(-1));
	for (size_t i = 0; i < n; i++) {
		if (!gelf_getphdr(elf, (int)i, &segment))
			return fail(diag, -ENOEXEC, "%s is truncated: its program headers lie beyond its end",
				path);
		if (segment.p_offset > file_size || segment.p_filesz > file_size - segment.p_offset)
			return fail(diag, -ENOEXEC,
				"%s is truncated: it has %zu bytes, and a segment ends at %llu", path,
				file_size, (unsigned long long)(segment.p_offset + segment.p_filesz));
	}
	return 0;
}

static int check_dynamic(Elf_Data *data, const char *path, struct xslot_diag *diag)
{
	GElf_Dyn entry;

	for (int i = 0; gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL; i++) {
		if (entry.d_tag == DT_FLAGS_1 && (entry.d_un.d_val & DF_1_PIE))
			return fail(diag, -ENOEXEC,
				"%s is an executable, not a shared object: link it with -shared", path);
		if (entry.d_tag == DT_TEXTREL || (entry.d_tag == DT_FLAGS && (entry.d_un.d_val & DF_TEXTREL)))
			return fail(diag, -ENOEXEC, "%s has text relocations: compile it with -fPIC", path);
	}
	return 0;
}

/* A section of data that the file exports a symbol for. */
struct exported {
	Elf_Data *data; /* NULL: there is none */
	size_t index;
	GElf_Addr address;
};

/* What the section table says, found in one pass. */
struct sections {
	struct exported plugin, params, commands;
	bool object;
	Elf_Data *dynamic;
	Elf_Data *symbols;
	size_t symbol_names; /* section index */
};

static void take_data(struct sections *sections, const char *name, Elf_Scn *section, const GElf_Shdr *header)
{
	struct exported *exported = strcmp(name, XSLOT_PLUGIN_SECTION) == 0	? &sections->plugin
				    : strcmp(name, XSLOT_PARAMS_SECTION) == 0	? &sections->params
				    : strcmp(name, XSLOT_COMMANDS_SECTION) == 0 ? &sections->commands
										: NULL;

	if (exported)
		*exported =
			(struct exported){ elf_rawdata(section, NULL), elf_ndxscn(section), header->sh_addr };
	else if (strcmp(name, DESCRIPTOR_OBJECT_SECTION) == 0)
		sections->object = true;
}

static int find_sections(Elf *elf, struct sections *ret, const char *path, struct xslot_diag *diag)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	size_t names;

	*ret = (struct sections){};
	if (elf_getshdrstrndx(elf, &names) != 0)
		return fail(diag, -ENOEXEC, "%s is truncated or damaged: it has no section table", path);
	while ((section = elf_nextscn(elf, section))) {
		const char *name;

		if (!gelf_getshdr(section, &header))
			return fail(diag, -ENOEXEC, "%s is truncated or damaged: %s", path, elf_errmsg(-1));
		name = elf_strptr(elf, names, header.sh_name);
		if (name && header.sh_type == SHT_PROGBITS) {
			take_data(ret, name, section, &header);
		} else if (header.sh_type == SHT_DYNAMIC) {
			ret->dynamic = elf_getdata(section, NULL);
		} else if (header.sh_type == SHT_DYNSYM) {
			ret->symbols = elf_getdata(section, NULL);
			ret->symbol_names = header.sh_link;
		}
	}
	return 0;
}

/* Where it is mapped it is read again, as long as the section table says: all of it must be mapped then. */
static bool is_mapped(Elf *elf, const struct exported *exported)
{
	const size_t size = exported->data->d_size;
	GElf_Phdr segment;
	size_t n = 0;

	elf_getphdrnum(elf, &n);
	for (size_t i = 0; i < n; i++) {
		if (gelf_getphdr(elf, (int)i, &segment) && segment.p_type == PT_LOAD &&
			exported->address >= segment.p_vaddr &&
			exported->address - segment.p_vaddr <= segment.p_filesz &&
			size <= segment.p_filesz - (exported->address - segment.p_vaddr))
			return true;
	}
	return false;
}

/* The run-time symbol must be the very data that was read, and not hidden by a version script. */
static int check_symbol(Elf *elf, const struct sections *sections, const struct exported *exported,
	const char *wanted, const char *path, struct xslot_diag *diag)
{
	const char *section = exported == &sections->plugin   ? XSLOT_PLUGIN_SECTION
			      : exported == &sections->params ? XSLOT_PARAMS_SECTION
							      : XSLOT_COMMANDS_SECTION;
	GElf_Sym symbol;

	if (!is_mapped(elf, exported))
		return fail(diag, -ENOEXEC,
			"%s is damaged: its section %s is not within one of the file's segments", path,
			section);
	for (int i = 0; sections->symbols && gelf_getsym(sections->symbols, i, &symbol); i++) {
		const char *name = elf_strptr(elf, sections->symbol_names, symbol.st_name);

		if (!name || strcmp(name, wanted) != 0)
			continue;
		if (symbol.st_shndx == exported->index && symbol.st_value == exported->address)
			return 0;
	}
	return fail(diag, -ENOEXEC, "%s does not export the symbol %s from %s", path, wanted, section);
}

static bool has_bytes(const struct exported *exported)
{
	return exported->data && exported->data->d_buf;
}

static int read_descriptor(Elf *elf, const struct sections *sections, const char *path,
	struct descriptor *plugin, struct xslot_diag *diag)
{
	const struct descriptor_source source = {
		.plugin = has_bytes(&sections->plugin) ? sections->plugin.data->d_buf : NULL,
		.plugin_size = has_bytes(&sections->plugin) ? sections->plugin.data->d_size : 0,
		.params = has_bytes(&sections->params) ? sections->params.data->d_buf : NULL,
		.params_size = has_bytes(&sections->params) ? sections->params.data->d_size : 0,
		.commands = has_bytes(&sections->commands) ? sections->commands.data->d_buf : NULL,
		.commands_size = has_bytes(&sections->commands) ? sections->commands.data->d_size : 0,
		.object = sections->object,
	};
	int r;

	if (!source.plugin)
		return fail(diag, -ENOEXEC,
			"%s is not an xslot plugin: it has no section " XSLOT_PLUGIN_SECTION
			" (XSLOT_PLUGIN() makes it)",
			path);
	r = check_symbol(elf, sections, &sections->plugin, "xslot_plugin", path, diag);
	if (r == 0 && source.params)
		r = check_symbol(elf, sections, &sections->params, "xslot_params", path, diag);
	if (r == 0 && source.commands)
		r = check_symbol(elf, sections, &sections->commands, "xslot_commands", path, diag);
	if (r == 0)
		r = descriptor_read(&source, path, plugin, diag);
	if (r < 0)
		return r;
	plugin->bpf = NULL;
	plugin->function = NULL;
	memset(&plugin->check, 0, sizeof(*plugin) - offsetof(struct descriptor, check));
	return 0;
}

#define TERMINATED(array) (memchr((array), 0, sizeof(array)) != NULL)

static int check_names(const struct descriptor *plugin, const char *path, struct xslot_diag *diag)
{
	const char *file = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	size_t length = strlen(file);

	if (length > 3 && strcmp(file + length - 3, ".so") == 0)
		length -= 3;
	if (!TERMINATED(plugin->name) || !TERMINATED(plugin->version) || !TERMINATED(plugin->summary))
		return fail(diag, -ENOEXEC,
			"%s has a descriptor whose %s does not end: it is longer than its field", path,
			!TERMINATED(plugin->name)      ? "name"
			: !TERMINATED(plugin->version) ? "version"
						       : "summary");
	if (!plugin->name[0])
		return fail(diag, -ENOEXEC, "%s has a descriptor without a name", path);
	if (!describe_name_valid(plugin->name))
		return fail(diag, -ENOEXEC,
			"%s calls its plugin \"%s\": a name is a-z, 0-9 and _, and begins with a letter",
			path, plugin->name);
	if (strlen(plugin->name) != length || strncmp(plugin->name, file, length) != 0)
		return fail(diag, -ENOEXEC, "%s holds the plugin \"%s\": its file must be called %s.so", path,
			plugin->name, plugin->name);
	if (!plugin->version[0])
		return fail(diag, -ENOEXEC, "%s has a descriptor without a version", path);
	return 0;
}

static int check_descriptor(const struct descriptor *plugin, const char *path, struct xslot_diag *diag)
{
	int r = check_names(plugin, path, diag);

	if (r < 0)
		return r;
	/* What the rows mean is for config/ to check (params_check_schema). */
	for (size_t i = 0; i < XSLOT_MAX_PARAMS; i++) {
		const struct xslot_param *param = &plugin->params[i];

		if (!TERMINATED(param->name) || !TERMINATED(param->help) || !TERMINATED(param->fallback) ||
			!TERMINATED(param->words))
			return fail(diag, -ENOEXEC,
				"%s has a descriptor whose parameter %zu has a text longer than its field",
				path, i + 1);
	}
	if (plugin->object && plugin->bpf_size)
		return fail(diag, -ENOEXEC,
			"%s has both a section " DESCRIPTOR_OBJECT_SECTION
			", which takes the BPF object from the slot, and a BPF object of its own",
			path);
	if (!plugin->object && plugin->bpf_size == 0)
		return fail(diag, -ENOEXEC, "%s contains no BPF object: add XSLOT_BPF(%s) to its descriptor",
			path, plugin->name);
	return 0;
}

int describe_blob(const struct blob *blob, const char *path, struct descriptor *ret_plugin,
	struct description *ret, struct xslot_diag *diag)
{
	__attribute__((cleanup(cleanup_elf_end))) Elf *elf = NULL;
	struct sections sections;
	struct descriptor plugin;
	GElf_Ehdr header;
	int r;

	elf_version(EV_CURRENT);
	if (blob->size > 0)
		elf = elf_memory((char *)blob->data, blob->size);
	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
		return fail(diag, -ENOEXEC, "%s is not an ELF file", path);
	r = check_header(&header, path, diag);
	if (r == 0)
		r = check_segments(elf, blob->size, path, diag);
	if (r == 0)
		r = find_sections(elf, &sections, path, diag);
	if (r == 0 && sections.dynamic)
		r = check_dynamic(sections.dynamic, path, diag);
	if (r == 0)
		r = read_descriptor(elf, &sections, path, &plugin, diag);
	if (r == 0)
		r = check_descriptor(&plugin, path, diag);
	if (r == 0)
		r = loadable_check(elf, path, diag);
	if (r < 0)
		return r;
	if (ret)
		*ret = (struct description){ sections.plugin.data->d_size,
			has_bytes(&sections.params) ? sections.params.data->d_size : 0,
			has_bytes(&sections.commands) ? sections.commands.data->d_size : 0, sections.object };
	*ret_plugin = plugin;
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * If one process maps the file and survives, another one does so only if the file affects both in the same
 * way. A relocation beyond the file's segments, or a symbol's version beyond the list of versions, points to
 * a library or to the heap, which are at other addresses in the next process. So everything that points
 * outside of the file is refused, from the bytes. Section headers and dynamic entries must agree on where the
 * tables are: ld.so uses the latter.
 */
#include "module/loadable.h"

#include <errno.h>
#include <gelf.h>
#include <stdbool.h>
#include <string.h>

#include "util/diag.h"

#define LOADS_MAX 32
#define PAGE_MAX (64UL << 10)
#define MAPPED_MAX (1UL << 30) /* addresses of one file */

struct file {
	Elf *elf;
	const char *path;
	struct xslot_diag *diag;
	GElf_Phdr loads[LOADS_MAX];
	size_t n_loads;
	size_t n_symbols;
	GElf_Shdr symbols, names, versions; /* .dynsym, .dynstr, .gnu.version; size 0: there is none */
	size_t version_max;
};

static int damaged(const struct file *file, const char *what, unsigned long long at)
{
	return fail(file->diag, -ENOEXEC, "%s is damaged: %s at %#llx points outside of the file's segments",
		file->path, what, at);
}

static bool is_mapped(const struct file *file, uint64_t from, uint64_t size, uint32_t flags)
{
	for (size_t i = 0; i < file->n_loads; i++) {
		const GElf_Phdr *load = &file->loads[i];

		if ((load->p_flags & flags) == flags && from >= load->p_vaddr &&
			from - load->p_vaddr <= load->p_memsz &&
			size <= load->p_memsz - (from - load->p_vaddr))
			return true;
	}
	return false;
}

/* One after the other, and memory beyond the file's bytes only where it can be written. */
static int add_load(struct file *file, const GElf_Phdr *load)
{
	const GElf_Phdr *last = file->n_loads ? &file->loads[file->n_loads - 1] : NULL;

	if (file->n_loads == LOADS_MAX || load->p_memsz > MAPPED_MAX || load->p_vaddr > MAPPED_MAX ||
		load->p_filesz > load->p_memsz ||
		(load->p_memsz > load->p_filesz && !(load->p_flags & PF_W)) ||
		(last && load->p_vaddr < last->p_vaddr + last->p_memsz) ||
		(load->p_align > 1 && (load->p_align & (load->p_align - 1) ||
					      (load->p_vaddr - load->p_offset) & (load->p_align - 1))))
		return damaged(file, "a segment", load->p_vaddr);
	file->loads[file->n_loads++] = *load;
	return 0;
}

/* What is no mapping of its own is a part of one; only lld's RELRO goes on to the end of the page. */
static bool is_within(const struct file *file, const GElf_Phdr *segment)
{
	switch (segment->p_type) {
	case PT_LOAD:
	case PT_NULL:
	case PT_GNU_STACK:
		return true;
	case PT_TLS:
		return segment->p_memsz <= MAPPED_MAX &&
		       is_mapped(file, segment->p_vaddr, segment->p_filesz, 0);
	case PT_GNU_RELRO:
		return segment->p_memsz - segment->p_filesz < PAGE_MAX &&
		       is_mapped(file, segment->p_vaddr, segment->p_filesz, 0);
	}
	return is_mapped(file, segment->p_vaddr, segment->p_memsz, 0);
}

static int check_segments(struct file *file)
{
	GElf_Phdr segment;
	size_t n = 0;
	int r = 0;

	elf_getphdrnum(file->elf, &n);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (gelf_getphdr(file->elf, (int)i, &segment) && segment.p_type == PT_LOAD)
			r = add_load(file, &segment);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (gelf_getphdr(file->elf, (int)i, &segment) && !is_within(file, &segment))
			r = damaged(file, "a segment", segment.p_vaddr);
	return r;
}

/* The highest number that a chain of versions gives, which has to end within its section. */
static int read_needed(struct file *file, Elf_Data *data)
{
	GElf_Verneed need;
	int at = 0;

	do {
		GElf_Vernaux version;
		int each = at;

		if (!gelf_getverneed(data, at, &need))
			return damaged(file, "a list of needed versions", (unsigned)at);
		each += (int)need.vn_aux;
		for (unsigned i = 0; i < need.vn_cnt; i++) {
			if (each < 0 || !gelf_getvernaux(data, each, &version))
				return damaged(file, "a list of needed versions", (unsigned)each);
			if ((version.vna_other & 0x7fff) > file->version_max)
				file->version_max = version.vna_other & 0x7fff;
			each += (int)version.vna_next;
		}
		if (need.vn_next > data->d_size)
			return damaged(file, "a list of needed versions", need.vn_next);
		at += (int)need.vn_next;
	} while (need.vn_next);
	return 0;
}

static int read_defined(struct file *file, Elf_Data *data)
{
	GElf_Verdef version;
	int at = 0;

	do {
		if (!gelf_getverdef(data, at, &version) || version.vd_next > data->d_size)
			return damaged(file, "a list of versions", (unsigned)at);
		if ((version.vd_ndx & 0x7fff) > file->version_max)
			file->version_max = version.vd_ndx & 0x7fff;
		at += (int)version.vd_next;
	} while (version.vd_next);
	return 0;
}

static int check_versions(const struct file *file, Elf_Data *data)
{
	GElf_Versym version;

	for (size_t i = 0; i < file->n_symbols; i++)
		if (!gelf_getversym(data, (int)i, &version) || (version & 0x7fff) > file->version_max)
			return damaged(file, "the version of symbol", i);
	return 0;
}

static int check_symbols(const struct file *file, Elf_Data *data)
{
	GElf_Sym symbol;

	for (size_t i = 0; i < file->n_symbols; i++) {
		if (!gelf_getsym(data, (int)i, &symbol) || symbol.st_name >= file->names.sh_size)
			return damaged(file, "the name of symbol", i);
		if (symbol.st_shndx != SHN_UNDEF && symbol.st_shndx < SHN_LORESERVE &&
			GELF_ST_TYPE(symbol.st_info) != STT_TLS && !is_mapped(file, symbol.st_value, 0, 0))
			return damaged(file, "symbol", i);
	}
	return 0;
}

static int check_relocations(const struct file *file, Elf_Data *data, const GElf_Shdr *header)
{
	size_t n = header->sh_entsize ? header->sh_size / header->sh_entsize : 0;

	for (size_t i = 0; i < n; i++) {
		GElf_Rela entry = {};
		GElf_Rel plain;

		if (header->sh_type == SHT_RELA ? !gelf_getrela(data, (int)i, &entry)
						: !gelf_getrel(data, (int)i, &plain))
			return damaged(file, "a relocation", i);
		if (header->sh_type == SHT_REL)
			entry = (GElf_Rela){ .r_offset = plain.r_offset, .r_info = plain.r_info };
		if (GELF_R_SYM(entry.r_info) >= file->n_symbols && GELF_R_SYM(entry.r_info) != 0)
			return damaged(file, "a relocation's symbol", entry.r_offset);
		if (!is_mapped(file, entry.r_offset, sizeof(void *), PF_W))
			return damaged(file, "a relocation", entry.r_offset);
	}
	return 0;
}

static int find_tables(struct file *file)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	int r = 0;

	file->version_max = 1; /* 0 and 1 are local and global */
	while (r == 0 && (section = elf_nextscn(file->elf, section))) {
		Elf_Data *data;

		if (!gelf_getshdr(section, &header) || !(header.sh_flags & SHF_ALLOC))
			continue;
		data = elf_getdata(section, NULL);
		if (header.sh_type == SHT_DYNSYM &&
			gelf_getshdr(elf_getscn(file->elf, header.sh_link), &file->names)) {
			file->symbols = header;
			file->n_symbols = header.sh_entsize ? header.sh_size / header.sh_entsize : 0;
		} else if (header.sh_type == SHT_GNU_versym) {
			file->versions = header;
		} else if (header.sh_type == SHT_GNU_verneed) {
			r = read_needed(file, data);
		} else if (header.sh_type == SHT_GNU_verdef) {
			r = read_defined(file, data);
		}
	}
	return r;
}

static int check_dynamic(const struct file *file, Elf_Data *data)
{
	GElf_Dyn entry;

	for (int i = 0; gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL; i++) {
		bool agrees = true;

		switch (entry.d_tag) {
		case DT_SYMTAB:
			agrees = entry.d_un.d_ptr == file->symbols.sh_addr;
			break;
		case DT_STRTAB:
			agrees = entry.d_un.d_ptr == file->names.sh_addr;
			break;
		case DT_VERSYM:
			agrees = entry.d_un.d_ptr == file->versions.sh_addr;
			break;
		case DT_STRSZ:
			agrees = entry.d_un.d_val <= file->names.sh_size;
			break;
		case DT_INIT:
		case DT_FINI:
			agrees = is_mapped(file, entry.d_un.d_ptr, 1, PF_X);
			break;
		case DT_RELA:
		case DT_REL:
		case DT_JMPREL:
		case DT_HASH:
		case DT_GNU_HASH:
		case DT_VERNEED:
		case DT_VERDEF:
		case DT_INIT_ARRAY:
		case DT_FINI_ARRAY:
		case DT_PLTGOT:
			agrees = is_mapped(file, entry.d_un.d_ptr, 8, 0);
			break;
		case DT_RELASZ:
		case DT_RELSZ:
		case DT_PLTRELSZ:
		case DT_INIT_ARRAYSZ:
		case DT_FINI_ARRAYSZ:
			agrees = entry.d_un.d_val < MAPPED_MAX;
			break;
		}
		if (!agrees)
			return damaged(file, "a dynamic entry", (unsigned long long)entry.d_tag);
	}
	return 0;
}

static int check_section(const struct file *file, const GElf_Shdr *header, Elf_Data *data)
{
	switch (header->sh_type) {
	case SHT_DYNSYM:
		return check_symbols(file, data);
	case SHT_GNU_versym:
		return check_versions(file, data);
	case SHT_RELA:
	case SHT_REL:
		return check_relocations(file, data, header);
	case SHT_DYNAMIC:
		return check_dynamic(file, data);
	}
	return 0;
}

int loadable_check(Elf *elf, const char *path, struct xslot_diag *diag)
{
	struct file file = { .elf = elf, .path = path, .diag = diag };
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	int r;

	r = check_segments(&file);
	if (r == 0)
		r = find_tables(&file);
	while (r == 0 && (section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &header) && header.sh_flags & SHF_ALLOC)
			r = check_section(&file, &header, elf_getdata(section, NULL));
	return r;
}

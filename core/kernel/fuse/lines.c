/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The kernel returns a program's lines with the instruction numbers that the verifier made, and libbpf
 * returns none. So we read them from libbpf's own source: section .BTF.ext of the object, which counts in
 * bytes from the beginning of an ELF section. A function is found there by its BTF id, and libbpf copies
 * functions as a whole: an instruction's distance from the first one of its function is the same everywhere.
 *
 * .BTF.ext is a header, and for functions and for lines the size of a record and then, for each ELF section,
 * its name, a number of records, and the records. libbpf has checked all lengths before it returns the
 * section.
 */
#include "kernel/fuse/lines.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extension/btf_read.h"
#include "extension/warnings.h"
#include "util/cleanup.h"

/* Every libbpf has it by this name; headers call it btf_ext__raw_data(), which libraries have since 1.5. */
const void *btf_ext__get_raw_data(const struct btf_ext *btf_ext, uint32_t *size);

struct ext_header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t size;
	uint32_t functions, functions_size; /* from the header's end */
	uint32_t lines, lines_size;
};

struct ext_section {
	uint32_t name;
	uint32_t n;
	uint8_t records[];
};

/* All records of one kind. */
struct ext_records {
	const uint8_t *bytes;
	uint32_t size; /* in all, 0: none */
	uint32_t each;
};

struct ext {
	const struct btf *btf; /* the object's own */
	struct ext_records functions, lines;
};

/* A part's function: in its part, and in its ELF section. */
struct place {
	uint32_t from, n_insns;
	uint32_t section, offset;
};

static struct ext_records find_records(const uint8_t *bytes, uint32_t size)
{
	struct ext_records records = { 0 };

	if (size <= sizeof(records.each))
		return records;
	memcpy(&records.each, bytes, sizeof(records.each));
	records.bytes = bytes + sizeof(records.each);
	records.size = size - (uint32_t)sizeof(records.each);
	return records;
}

static bool ext_init(struct ext *ext, const struct btf *btf, const struct btf_ext *raw)
{
	struct ext_header header;
	const uint8_t *bytes;
	uint32_t size;

	bytes = btf_ext__get_raw_data(raw, &size);
	if (!bytes || size < sizeof(header))
		return false;
	memcpy(&header, bytes, sizeof(header));
	bytes += header.size;
	*ext = (struct ext){
		.btf = btf,
		.functions = find_records(bytes + header.functions, header.functions_size),
		.lines = find_records(bytes + header.lines, header.lines_size),
	};
	return ext->functions.each >= sizeof(struct bpf_func_info) &&
	       ext->lines.each >= sizeof(struct bpf_line_info);
}

/* The section at `*at`, which is moved on to the next one; NULL at the end. */
static const struct ext_section *next_section(const struct ext_records *records, uint32_t *at)
{
	const struct ext_section *section = (const void *)(records->bytes + *at);
	uint64_t end = *at + sizeof(*section);

	if (end > records->size)
		return NULL;
	end += (uint64_t)section->n * records->each;
	if (end > records->size)
		return NULL;
	*at = (uint32_t)end;
	return section;
}

static bool find_function(const struct ext *ext, uint32_t id, struct place *place)
{
	const struct ext_section *section;

	for (uint32_t at = 0; (section = next_section(&ext->functions, &at));)
		for (uint32_t i = 0; i < section->n; i++) {
			const struct bpf_func_info *record =
				(const void *)(section->records + (size_t)i * ext->functions.each);

			if (record->type_id != id)
				continue;
			place->section = section->name;
			place->offset = record->insn_off;
			return true;
		}
	return false;
}

static int add_record(struct fuse_source *source, struct btf *btf, const struct ext *ext,
	const struct place *place, const struct bpf_line_info *record)
{
	uint32_t insn = (record->insn_off - place->offset) / (uint32_t)sizeof(struct bpf_insn);
	int file_at = btf__add_str(btf, btf_read_name(ext->btf, record->file_name_off));
	int text_at = btf__add_str(btf, btf_read_name(ext->btf, record->line_off));

	if (file_at < 0 || text_at < 0)
		return -ENOMEM;
	source->lines[source->n_lines++] = (struct bpf_line_info){
		.insn_off = place->from + insn,
		.file_name_off = (uint32_t)file_at,
		.line_off = (uint32_t)text_at,
		.line_col = record->line_col,
	};
	return 0;
}

/* The lines of the function at `place`; their number at most the part's instructions'. */
static int read_function(
	struct fuse_source *source, struct btf *btf, const struct ext *ext, const struct place *place)
{
	uint32_t end = place->offset + place->n_insns * (uint32_t)sizeof(struct bpf_insn);
	uint32_t next = place->offset;
	const struct ext_section *section;
	int r = 0;

	for (uint32_t at = 0; r == 0 && (section = next_section(&ext->lines, &at));)
		for (uint32_t i = 0; r == 0 && section->name == place->section && i < section->n; i++) {
			const struct bpf_line_info *record =
				(const void *)(section->records + (size_t)i * ext->lines.each);

			if (record->insn_off < next || record->insn_off >= end)
				continue;
			next = record->insn_off + (uint32_t)sizeof(struct bpf_insn);
			r = add_record(source, btf, ext, place, record);
		}
	return r;
}

/* A part's functions without the first, and the BTF ids of all of them. */
struct functions {
	const struct fuse_function *at;
	size_t n;
	const uint32_t *ids;
};

static int read_part(struct fuse_source *source, struct btf *btf, const struct fuse_part *part,
	const struct ext *ext, const struct functions *functions)
{
	size_t n = functions->n;
	int r = 0;

	source->lines = calloc(part->n_insns, sizeof(*source->lines));
	if (!source->lines)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i <= n; i++) {
		struct place place = { .from = i ? functions->at[i - 1].from : 0 };
		uint32_t id = functions->ids[i];

		place.n_insns = (i < n ? functions->at[i].from : (uint32_t)part->n_insns) - place.from;
		if (id && find_function(ext, id, &place))
			r = read_function(source, btf, ext, &place);
	}
	return r;
}

int fuse_lines_read(struct fuse_lines *lines, const struct fuse_part *part,
	const struct fuse_function *functions, size_t n, const uint32_t *ids)
{
	struct fuse_source *source = &lines->sources[lines->n_sources++];
	struct warnings unwanted = {};
	struct btf_ext *raw = NULL;
	struct ext ext;
	struct btf *btf;
	int r = 0;

	if (!part->object || !ids[0])
		return 0;
	warnings_begin(&unwanted);
	btf = btf__parse_elf(part->object, &raw);
	warnings_end();
	if (btf && raw && ext_init(&ext, btf, raw))
		r = read_part(source, lines->btf, part, &ext, &(struct functions){ functions, n, ids });
	btf_ext__free(raw);
	btf__free(btf);
	return r;
}

void fuse_lines_deinit(struct fuse_lines *lines)
{
	for (size_t i = 0; i < lines->n_sources; i++)
		free(lines->sources[i].lines);
	lines->n_sources = 0;
}

/* ---- build ---- */

struct list {
	struct btf *btf;
	const struct fuse_code *code;
	struct bpf_line_info *lines;
	size_t n;
};

static int add_own(struct list *list, uint32_t at, const char *format, const char *name)
{
	char text[256];
	int file = btf__add_str(list->btf, "xslot"), line;

	snprintf(text, sizeof(text), format, name);
	line = btf__add_str(list->btf, text);
	if (file < 0 || line < 0)
		return -ENOMEM;
	list->lines[list->n++] = (struct bpf_line_info){
		.insn_off = at,
		.file_name_off = (uint32_t)file,
		.line_off = (uint32_t)line,
	};
	return 0;
}

/* `n` instructions of the part from number `from` on are at `start` of the fused program. */
static int add_code(struct list *list, const struct fuse_source *source, const char *name, uint32_t from,
	uint32_t n, uint32_t start)
{
	bool begun = false;

	for (size_t i = 0; i < source->n_lines; i++) {
		struct bpf_line_info line = source->lines[i];

		if (line.insn_off < from || line.insn_off >= from + n)
			continue;
		if (!begun && line.insn_off > from && add_own(list, start, "%s", name) < 0)
			return -ENOMEM;
		begun = true;
		line.insn_off += start - from;
		/* No line may begin in the middle of an instruction. */
		if (list->code->insns[line.insn_off].code)
			list->lines[list->n++] = line;
	}
	return begun ? 0 : add_own(list, start, "%s", name);
}

static int add_place(struct list *list, const struct fuse_lines *lines, const struct fuse_part *parts,
	const struct fuse_place *place)
{
	static const char *const texts[] = {
		[FUSE_ENTER] = "%s: begins",
		[FUSE_CALL] = "%s: called",
		[FUSE_TEST] = "%s: does its verdict proceed?",
		[FUSE_FINAL] = "the chain's final verdict",
		[FUSE_VERDICTS] = "%s: verdicts that end the chain",
	};
	const char *name = parts[place->part].name;

	if (place->what == FUSE_BODY)
		return add_code(list, &lines->sources[place->part], name, 0, place[1].start - place->start,
			place->start);
	return add_own(list, place->start, texts[place->what], name);
}

static int add_function(struct list *list, const struct fuse_lines *lines, const struct fuse_part *parts,
	const struct fuse_function *function)
{
	const struct fuse_code *code = list->code;
	bool last = function + 1 == code->functions + code->n_functions;

	return add_code(list, &lines->sources[function->part], parts[function->part].name, function->from,
		(last ? (uint32_t)code->n_insns : function[1].start) - function->start, function->start);
}

int fuse_lines_build(struct fuse_lines *lines, const struct fuse_part *parts, const struct fuse_code *code,
	struct bpf_line_info **ret_lines, size_t *ret_n)
{
	struct list list = { .btf = lines->btf, .code = code };
	int r = 0;

	list.lines = calloc(code->n_insns, sizeof(*list.lines));
	if (!list.lines)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < code->n_places; i++)
		r = add_place(&list, lines, parts, &code->places[i]);
	for (size_t i = 1; r == 0 && i < code->n_functions; i++)
		r = add_function(&list, lines, parts, &code->functions[i]);
	if (r < 0) {
		free(list.lines);
		return r;
	}
	*ret_lines = list.lines;
	*ret_n = list.n;
	return 0;
}

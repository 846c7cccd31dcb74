/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbpf guesses a program's type from its section name; here every program becomes an extension, whatever
 * its section. Setting the type also removes libbpf's handler for the section, which would otherwise adjust
 * the program for its former type. Where ext_load() can do all that, it happens there.
 *
 * libbpf asks for the verifier's log only after a first attempt has failed, and writes it into our buffer:
 * the largest that every kernel accepts, since a long log in a smaller one would end in ENOSPC in place of
 * the reason. Memory that is not written to costs nothing.
 */
#include "extension/object.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extension/advice.h"
#include "extension/ext_load.h"
#include "extension/permission.h"
#include "extension/verifier.h"
#include "extension/warnings.h"
#include "util/cleanup.h"
#include "util/diag.h"

#define LOG_SIZE (UINT32_MAX >> 8)

#ifndef BPF_F_XDP_HAS_FRAGS
#define BPF_F_XDP_HAS_FRAGS (1U << 5)
#endif

static int choose_failed(const struct bpf_object *bpf, const char *wanted, struct xslot_diag *diag)
{
	struct bpf_program *program;
	char list[400] = "";
	size_t used = 0;

	bpf_object__for_each_program(program, bpf)
	{
		if (used < sizeof(list))
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", used ? ", " : "",
				bpf_program__name(program));
	}
	if (!used)
		return fail(diag, -ENOENT, "the object contains no program");
	if (wanted)
		return fail(diag, -ENOENT, "the object has no program %s; it has: %s", wanted, list);
	return fail(diag, -EINVAL, "the object has several programs; name one: %s", list);
}

static int choose_program(struct object *object, const char *wanted, struct xslot_diag *diag)
{
	struct bpf_program *program;
	size_t n = 0;

	bpf_object__for_each_program(program, object->bpf)
	{
		n++;
		if (!wanted || strcmp(bpf_program__name(program), wanted) == 0)
			object->program = program;
	}
	if (!object->program || (!wanted && n > 1))
		return choose_failed(object->bpf, wanted, diag);
	bpf_object__for_each_program(program, object->bpf)
		bpf_program__set_autoload(program, program == object->program);
	return 0;
}

static int force_type(struct object *object, bool frags, struct xslot_diag *diag)
{
	struct bpf_program *program = object->program;
	int r = 0;

	object->asks_nobody = ext_load_can(program);
	if (!object->asks_nobody)
		r = bpf_program__set_type(program, BPF_PROG_TYPE_EXT);
	if (r == 0)
		r = bpf_program__set_expected_attach_type(program, 0);
	if (r == 0 && frags)
		r = bpf_program__set_flags(program, bpf_program__flags(program) | BPF_F_XDP_HAS_FRAGS);
	if (r < 0)
		return fail(diag, r, "cannot make %s an extension program: %s", bpf_program__name(program),
			strerror(-r));
	return 0;
}

/* libbpf's own numbers, from 4000 on, mean nothing to others, and its words say more. */
static int to_errno(int error)
{
	return -error >= LIBBPF_ERRNO__LIBELF ? -ENOEXEC : error;
}

static int open_failed(
	const struct blob *bytes, int error, const struct warnings *warnings, struct xslot_diag *diag)
{
	if (bytes->size < 4 || memcmp(bytes->data, "\177ELF", 4) != 0)
		return fail(diag, error, "not a BPF object: it is not even an ELF file");
	if (strstr(warnings->text, "legacy map definitions"))
		return fail(diag, error,
			"the object defines maps the old way, in a section \"maps\", which libbpf 1.0 and newer do not read: define them with BTF in \".maps\"");
	if (strstr(warnings->text, "is not a valid eBPF object file"))
		return fail(diag, error,
			"not a BPF object: an ELF file for another machine (readelf -h shows which), or one that is linked");
	return fail(diag, error, "not a BPF object that libbpf %s can open: %s%s", libbpf_version_string(),
		warnings->used ? warnings->text : strerror(-error),
		advice_is_broken_btf(warnings->text) ? ADVICE_BROKEN_BTF : "");
}

static void begin_log(const struct object *object)
{
	struct bpf_program *program;

	/* One buffer for all: libbpf wants a log only of the program at which it gives up. */
	bpf_object__for_each_program(program, object->bpf)
		bpf_program__set_log_buf(program, object->log, LOG_SIZE);
}

int object_read(
	const struct blob *bytes, const char *name, struct object *ret_object, struct xslot_diag *diag)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = name ? name : "extension");
	struct warnings warnings = {};
	struct object object = {};
	int r = 0;

	if (bytes->size == 0)
		return fail(diag, -ENOEXEC, "not a BPF object: it is empty");
	object.log = malloc(LOG_SIZE);
	if (!object.log)
		return fail(diag, -ENOMEM, "out of memory");
	object.log[0] = 0;
	warnings_begin(&warnings);
	object.bpf = bpf_object__open_mem(bytes->data, bytes->size, &options);
	if (!object.bpf)
		r = to_errno(-errno);
	warnings_end();
	if (r < 0) {
		object_close(&object);
		return open_failed(bytes, r, &warnings, diag);
	}
	object.broken_btf = advice_is_broken_btf(warnings.text);
	begin_log(&object);
	*ret_object = object;
	return 0;
}

int object_open(const struct blob *bytes, const char *program, bool frags, struct object *ret_object,
	struct xslot_diag *diag)
{
	struct object object;
	int r;

	r = object_read(bytes, program, &object, diag);
	if (r < 0)
		return r;
	r = choose_program(&object, program, diag);
	if (r == 0)
		r = force_type(&object, frags, diag);
	if (r < 0) {
		object_close(&object);
		return r;
	}
	*ret_object = object;
	return 0;
}

void object_close(struct object *object)
{
	bpf_object__close(object->bpf);
	free(object->log);
	*object = (struct object){};
}

int object_find_function(const struct object *object, uint32_t *ret_btf_id, struct xslot_diag *diag)
{
	const struct btf *btf = bpf_object__btf(object->bpf);
	const char *name = bpf_program__name(object->program);
	int id = btf ? btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) : -ENOENT;

	if (id < 0 && object->broken_btf)
		return fail(diag, -ENODATA,
			"libbpf %s cannot use the object's BTF, which shows the signature of %s()%s",
			libbpf_version_string(), name, ADVICE_BROKEN_BTF);
	if (id < 0)
		return fail(diag, -ENODATA,
			"the object has no BTF for %s(), which shows its signature: compile it with clang -g",
			name);
	*ret_btf_id = (uint32_t)id;
	return 0;
}

/* libbpf names the program that it gave up at: "prog 'drop': BPF program load failed: …". */
static void failed_program(
	const struct object *object, const struct warnings *warnings, char ret_name[static 64])
{
	const char *name = strstr(warnings->text, "prog '");

	if (name)
		snprintf(ret_name, 64, "%.*s", (int)strcspn(name + 6, "'"), name + 6);
	else
		snprintf(ret_name, 64, "%s", bpf_program__name(object->program));
}

/* libbpf's own words when the kernel refused a program, which say no more than the errno. */
static bool is_reason(const struct warnings *warnings)
{
	const char *refused = strstr(warnings->text, "BPF program load failed");

	return warnings->used &&
	       (!refused || memchr(warnings->text, ';', (size_t)(refused - warnings->text)));
}

static int load_failed(
	const struct object *object, int error, const struct warnings *warnings, struct xslot_diag *diag)
{
	bool frags = bpf_program__flags(object->program) & BPF_F_XDP_HAS_FRAGS;
	char text[512], name[64], advice[256];

	if (!diag)
		return error;
	advice_find(warnings->text, object->log, advice, sizeof(advice));
	if (object->log[0]) {
		verifier_verdict(object->log, error, text, sizeof(text));
		failed_program(object, warnings, name);
		if (strstr(object->log, "Program extension requires BTF"))
			snprintf(text, sizeof(text),
				"the kernel refuses the object's BTF, which an extension needs%s",
				ADVICE_BROKEN_BTF);
		free(diag->log);
		diag->log = strdup(object->log);
		return fail(diag, error, "the verifier refuses %s(): %s (%s)%s", name, text, strerror(-error),
			advice);
	}
	if (error == -EPERM) {
		permission_explain(text, false);
		return fail(diag, error, "%s", text);
	}
	if (is_reason(warnings))
		return fail(diag, error, "%s (%s)%s", warnings->text, strerror(-error), advice);
	if (error == -EINVAL && frags)
		return fail(
			diag, error, "%s, perhaps because of frags, which need Linux 5.18", strerror(EINVAL));
	return fail(diag, error, "%s (a map, or something that the object needs from the kernel)",
		strerror(-error));
}

/* libbpf looks the function up by ids. */
static int set_target(const struct object *object, const struct program *target, const char *function,
	struct xslot_diag *diag)
{
	char why[PERMISSION_TEXT];
	int r = bpf_program__set_attach_target(object->program, target->fd, function);

	if (r != -EPERM)
		return r < 0 ? fail(diag, to_errno(r), "libbpf does not find the function: %s", strerror(-r))
			     : 0;
	permission_explain(why, true);
	return fail(diag, r, "%s; a program in section \"xdp\", not \"%s\", would need none", why,
		bpf_program__section_name(object->program));
}

int object_load(struct object *object, const struct program *target, const char *function,
	uint32_t function_id, struct xslot_diag *diag)
{
	struct warnings warnings = {};
	int r = 0;

	warnings_begin(&warnings);
	if (target && !object->asks_nobody)
		r = set_target(object, target, function, diag);
	if (r < 0) {
		warnings_end();
		return r;
	}
	if (target && object->asks_nobody)
		r = ext_load(object->bpf, object->program, target->fd, function_id);
	else
		r = bpf_object__load(object->bpf);
	warnings_end();
	return r < 0 ? load_failed(object, to_errno(r), &warnings, diag) : 0;
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A kernel's version proves little: distributions backport features, and some kernels refuse what their
 * version has. So each feature is tried with the smallest program that needs it (bpf/probe.bpf.c), and
 * versions and capabilities only serve to explain a failure.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/utsname.h>

#include "extension/ext_load.h"
#include "extension/permission.h"
#include "extension/warnings.h"
#include "kernel/features.h"
#include "util/cleanup.h"

#include "probe.skel.h"

#ifndef BPF_F_XDP_HAS_FRAGS
#define BPF_F_XDP_HAS_FRAGS (1U << 5)
#endif
#ifndef BPF_F_TEST_XDP_LIVE_FRAMES
#define BPF_F_TEST_XDP_LIVE_FRAMES (1U << 1)
#endif

DEFINE_CLEANUP(struct probe_bpf *, probe_bpf__destroy);
DEFINE_CLEANUP(struct btf *, btf__free);

/* Write the reason, when it is wanted, and return `error`. */
__attribute__((format(printf, 4, 5))) static int no(
	char *ret_why, size_t size, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (size > 0)
		vsnprintf(ret_why, size, format, args);
	va_end(args);
	return error;
}

static bool kernel_older_than(unsigned major, unsigned minor)
{
	struct utsname name;
	unsigned has_major, has_minor;

	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &has_major, &has_minor) != 2)
		return false;
	return has_major < major || (has_major == major && has_minor < minor);
}

static void explain_eperm(char *ret_why, size_t size)
{
	char text[PERMISSION_TEXT];

	permission_explain(text, false);
	no(ret_why, size, 0, "%s", text);
}

static int probe_open(struct probe_bpf **ret_probe, char *ret_why, size_t size)
{
	struct warnings unwanted = {};
	struct probe_bpf *probe;

	ext_load_register();
	warnings_begin(&unwanted);
	probe = probe_bpf__open();
	warnings_end();
	if (!probe)
		return no(
			ret_why, size, -errno, "cannot open the built-in probe object: %s", strerror(errno));
	for (size_t i = 0; i < (size_t)probe->skeleton->prog_cnt; i++)
		bpf_program__set_autoload(*probe->skeleton->progs[i].prog, false);
	*ret_probe = probe;
	return 0;
}

/* That a load fails is an answer here, not a failure: libbpf need not tell the user. */
static int probe_load(struct probe_bpf *probe)
{
	struct warnings unwanted = {};
	int r;

	warnings_begin(&unwanted);
	r = probe_bpf__load(probe);
	warnings_end();
	return r;
}

static int probe_extension(struct probe_bpf *probe, struct bpf_program *program, int target_fd, uint32_t stub)
{
	struct warnings unwanted = {};
	int r;

	warnings_begin(&unwanted);
	r = ext_load(probe->obj, program, target_fd, stub);
	warnings_end();
	return r;
}

static int load_target(struct probe_bpf **ret_probe, uint32_t flags, char *ret_why, size_t size)
{
	struct probe_bpf *probe CLEANUP(probe_bpf__destroy) = NULL;
	int r = probe_open(&probe, ret_why, size);

	if (r < 0)
		return r;
	bpf_program__set_autoload(probe->progs.target, true);
	bpf_program__set_flags(probe->progs.target, flags);
	r = probe_load(probe);
	if (r < 0)
		return no(ret_why, size, r, "an XDP program cannot be loaded: %s", strerror(-r));
	*ret_probe = TAKE_PTR(probe);
	return 0;
}

/*
 * A program array takes programs of its first user's type only, and the first to load is the extension. So an
 * array that an XDP program can be put into afterwards is what shows that an extension may tail-call.
 */
static int fill_program_array(struct probe_bpf *probe)
{
	const uint32_t key = 0;
	int fd = bpf_program__fd(probe->progs.called);

	return bpf_map_update_elem(bpf_map__fd(probe->maps.programs), &key, &fd, BPF_ANY) < 0 ? -errno : 0;
}

/* Load the extension (or the one that tail-calls) for the stub of a freshly loaded target. */
static int load_extension(bool tail_call, char *ret_why, size_t size)
{
	struct probe_bpf *target CLEANUP(probe_bpf__destroy) = NULL;
	struct probe_bpf *extension CLEANUP(probe_bpf__destroy) = NULL;
	struct bpf_program *program;
	int r, stub;

	r = load_target(&target, 0, ret_why, size);
	if (r < 0)
		return r;
	r = probe_open(&extension, ret_why, size);
	if (r < 0)
		return r;
	program = tail_call ? extension->progs.tail_call : extension->progs.extension;
	bpf_program__set_autoload(program, true);
	bpf_program__set_autoload(extension->progs.called, tail_call);
	bpf_program__set_expected_attach_type(extension->progs.called, 0); /* an extension's */
	stub = btf__find_by_name_kind(bpf_object__btf(target->obj), "stub", BTF_KIND_FUNC);
	if (stub < 0)
		return no(ret_why, size, stub, "the built-in probe object has no types");
	r = probe_extension(extension, program, bpf_program__fd(target->progs.target), (uint32_t)stub);
	return r < 0 || !tail_call ? r : fill_program_array(extension);
}

/* Programs that were not compiled are interpreted, and those the kernel does not extend: it says EINVAL. */
static bool jit_is_off(void)
{
	CLEANUP(fclose) FILE *file = fopen("/proc/sys/net/core/bpf_jit_enable", "re");
	int value;

	return file && fscanf(file, "%d", &value) == 1 && value == 0;
}

static int explain_extension(int error, char *ret_why, size_t size)
{
	if (error == -EPERM)
		explain_eperm(ret_why, size);
	else if (jit_is_off())
		no(ret_why, size, 0,
			"the BPF JIT is off (net.core.bpf_jit_enable = 0), and the kernel extends only compiled programs; sysctl -w net.core.bpf_jit_enable=1 turns it on");
	else
		return 0;
	return error;
}

int features_freplace(char *ret_why, size_t size)
{
	int r = load_extension(false, ret_why, size);

	if (r == 0 || explain_extension(r, ret_why, size) < 0)
		return r;
	if (kernel_older_than(5, 10))
		no(ret_why, size, 0, "this kernel is too old; Linux 5.10 or newer is needed");
	else
		no(ret_why, size, 0, "an extension program cannot be loaded: %s", strerror(-r));
	return r;
}

static int tail_call_extension(char *ret_why, size_t size)
{
	int r = load_extension(true, ret_why, size);

	if (r < 0 && explain_extension(r, ret_why, size) == 0)
		no(ret_why, size, 0, "an extension program that tail-calls is refused (%s), as on Linux 5.10",
			strerror(-r));
	return r;
}

int features_frags(char *ret_why, size_t size)
{
	struct probe_bpf *probe CLEANUP(probe_bpf__destroy) = NULL;
	int r = load_target(&probe, BPF_F_XDP_HAS_FRAGS, ret_why, size);

	if (r == -EINVAL)
		no(ret_why, size, 0, "this kernel has no multi-buffer XDP; Linux 5.18 or newer has");
	return r;
}

/*
 * The loopback device has no native XDP. A kernel that knows XDP links gets as far as to find that out; one
 * that does not calls the request itself invalid.
 */
static int xdp_link(char *ret_why, size_t size)
{
	struct probe_bpf *probe CLEANUP(probe_bpf__destroy) = NULL;
	int fd CLEANUP(close) = -1;
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_DRV_MODE);
	int r = load_target(&probe, 0, ret_why, size);

	if (r < 0)
		return r;
	fd = bpf_link_create(bpf_program__fd(probe->progs.target), 1, BPF_XDP, &options);
	if (fd < 0 && errno == EINVAL)
		return no(ret_why, size, -EINVAL, "this kernel has no XDP links; Linux 5.9 or newer has");
	return 0;
}

/* A batch size goes with live frames; kernels that know neither ignore the flag, but not the unknown field.
 */
static int live_frames(char *ret_why, size_t size)
{
	struct probe_bpf *probe CLEANUP(probe_bpf__destroy) = NULL;
	char frame[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = sizeof(frame), .repeat = 1,
		.batch_size = 1, .flags = BPF_F_TEST_XDP_LIVE_FRAMES);
	int r = load_target(&probe, 0, ret_why, size);

	if (r < 0)
		return r;
	if (bpf_prog_test_run_opts(bpf_program__fd(probe->progs.target), &options) < 0)
		return no(ret_why, size, -errno,
			"this kernel cannot inject live frames (%s); Linux 5.18 or newer can",
			strerror(errno));
	return 0;
}

static int decl_tag(char *ret_why, size_t size)
{
	struct btf *btf CLEANUP(btf__free) = btf__new_empty();
	struct warnings unwanted = {};
	int r, type;

	if (!btf)
		return no(ret_why, size, -errno, "cannot make a BTF: %s", strerror(errno));
	type = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	btf__add_typedef(btf, "tagged", type);
	btf__add_decl_tag(btf, "tag", type + 1, -1);
	warnings_begin(&unwanted);
	r = btf__load_into_kernel(btf);
	warnings_end();
	if (r < 0)
		return no(ret_why, size, r,
			"this kernel refuses BTF declaration tags (%s); Linux 5.16 or newer takes them",
			strerror(-r));
	return 0;
}

size_t features_probe(struct feature **ret_features)
{
	static const struct {
		const char *name;
		int (*probe)(char *ret_why, size_t size);
	} probes[] = {
		{ "freplace", features_freplace },
		{ "tail-call-extension", tail_call_extension },
		{ "xdp-link", xdp_link },
		{ "frags", features_frags },
		{ "live-frames", live_frames },
		{ "decl-tag", decl_tag },
	};
	const size_t n = sizeof(probes) / sizeof(probes[0]);
	struct feature *features = calloc(n, sizeof(*features));

	for (size_t i = 0; features && i < n; i++) {
		features[i].name = probes[i].name;
		features[i].available = probes[i].probe(features[i].why, sizeof(features[i].why)) == 0;
		if (features[i].available)
			features[i].why[0] = '\0';
	}
	*ret_features = features;
	return features ? n : 0;
}

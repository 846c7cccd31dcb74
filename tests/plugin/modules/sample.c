/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A plugin for tests of loading, good as it stands. Each variant in meson.build overrides one of the macros
 * below, most of them with something that has to be refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xslot/plugin.h>

#ifndef MAGIC
#define MAGIC XSLOT_PLUGIN_MAGIC
#endif
#ifndef ABI
#define ABI XSLOT_PLUGIN_ABI
#endif
#ifndef SIZE
#define SIZE sizeof(struct xslot_plugin)
#endif
#ifndef NAME
#define NAME "sample"
#endif
#ifndef VERSION
#define VERSION "1"
#endif
#ifndef NUMBER
#define NUMBER 1
#endif
#ifndef BPF
#define BPF .bpf = sample_bpf, .bpf_size = sizeof(sample_bpf)
#endif
#ifndef FUNCTION
#define FUNCTION "sample"
#endif
#ifndef HELP
#define HELP "N, in packets"
#endif
#ifndef VISIBILITY
#define VISIBILITY "default"
#endif
#ifndef TAIL
#define TAIL 0
#endif
#ifndef SECTION
#define SECTION XSLOT_PLUGIN_SECTION
#endif
#ifndef CONSTRUCTOR
#define CONSTRUCTOR
#endif

static const unsigned char sample_bpf[] __attribute__((unused)) = "no real object";

static int number(struct xslot_context *context)
{
	return NUMBER;
}

static int version(struct xslot_context *context, uint32_t old_version)
{
	return (int)old_version;
}

/* The tail is what a later version of the struct might have. */
__attribute__((section(SECTION), used, visibility(VISIBILITY))) struct {
	struct xslot_plugin plugin;
	char tail[TAIL];
} xslot_plugin = {
	.plugin = {
		.magic = MAGIC,
		.abi = ABI,
		.size = SIZE,
		.name = NAME,
		.version = VERSION,
		.summary = "a plugin for tests",
		XSLOT_PARAMS({ "keep_one_in", XSLOT_UINT, HELP, .min = 1, .max = 65536 }),
		BPF,
		.function = FUNCTION,
		.check = number,
		.settle = version,
	},
};

__attribute__((constructor, unused)) static void constructor(void)
{
	CONSTRUCTOR;
}

#ifdef UNDEFINED
int undefined_function(void);
int (*reference)(void) = undefined_function;
#endif

#ifdef NEEDS
extern const int xslot_absent;
const int *needed = &xslot_absent;
#endif

#ifdef TEXT_RELOCATION
__asm__(".text\n.quad xslot_plugin\n");
#endif

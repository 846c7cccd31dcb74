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
#ifndef ROW
#define ROW "keep_one_in", XSLOT_UINT, HELP, XSLOT_RANGE(1, 65536)
#endif
#ifndef ROWS
#define ROWS 1
#endif
#ifndef ROW_TAIL
#define ROW_TAIL
#endif
#ifndef ROW_SIZE
#define ROW_SIZE sizeof(xslot_params[0])
#endif
#ifndef PARAMS_VISIBILITY
#define PARAMS_VISIBILITY "default"
#endif
#ifndef COMMAND
#define COMMAND "unblock", "PREFIX UINT", "let pass again", .run = command
#endif
#ifndef COMMANDS
#define COMMANDS 1
#endif
#ifndef COMMAND_TAIL
#define COMMAND_TAIL
#endif
#ifndef COMMAND_SIZE
#define COMMAND_SIZE sizeof(xslot_commands[0])
#endif
#ifndef COMMANDS_VISIBILITY
#define COMMANDS_VISIBILITY "default"
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

/* The tails are what later versions of the structs might have. */
__attribute__((section(XSLOT_PARAMS_SECTION), used, visibility(PARAMS_VISIBILITY))) struct {
	struct xslot_param row;
	uint64_t tail[TAIL / 8];
} xslot_params[ROWS] = { [0 ... ROWS - 1] = { .row = { ROW } ROW_TAIL } };

static int command(struct xslot_context *context, const struct xslot_value *arguments, size_t n)
{
	return 40 + (int)n;
}

__attribute__((section(XSLOT_COMMANDS_SECTION), used, visibility(COMMANDS_VISIBILITY))) struct {
	struct xslot_command row;
	uint64_t tail[TAIL / 8];
} xslot_commands[COMMANDS] = { [0 ... COMMANDS - 1] = { .row = { COMMAND } COMMAND_TAIL } };

#ifdef OBJECT
__attribute__((section(".xslot.object"), used)) static const char object[] = "slot";
#endif

__attribute__((section(SECTION), used, visibility(VISIBILITY))) struct {
	struct xslot_plugin plugin;
	char tail[TAIL];
} xslot_plugin = {
	.plugin = {
		.magic = MAGIC,
		.abi = ABI,
		.size = SIZE,
		.param_size = ROW_SIZE,
		.command_size = COMMAND_SIZE,
		.name = NAME,
		.version = VERSION,
		.summary = "a plugin for tests",
		BPF,
		.function = FUNCTION,
		.check = number,
		.settle = version,
	},
#ifdef SAYS
	.tail = { SAYS },
#endif
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

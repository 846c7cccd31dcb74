/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A plugin: a shared object with one const descriptor, made by XSLOT_PLUGIN(). See xslot-plugin(7).
 *
 * The descriptor is in an ELF section of its own. The plugin's description in it consists of text and numbers
 * inside the struct, no pointers, so that the host can read and check it before any code of the file runs.
 */
#ifndef XSLOT_PLUGIN_H
#define XSLOT_PLUGIN_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xslot/slots.h>

#define XSLOT_PLUGIN_MAGIC "xslot-p" /* with its NUL, the descriptor's first 8 bytes */
#define XSLOT_PLUGIN_ABI 2
#define XSLOT_PLUGIN_SECTION ".xslot.plugin"
#define XSLOT_PARAMS_SECTION ".xslot.params"
#define XSLOT_MAX_PARAMS 64 /* that a host reads */

/*
 * The types of parameters. In BPF: the type of a `const volatile` variable with the parameter's name, which
 * holds the value; `uN` is an integer of any size that fits the given number.
 */
enum xslot_type {
	XSLOT_NONE,	/* no parameter */
	XSLOT_BOOL,	/* yes, no, true, false, on, off, 1, 0; in BPF bool or uN */
	XSLOT_UINT,	/* 0 to 2^64-1, with k, M, G (powers of 1000); uN */
	XSLOT_INT,	/* the same with a sign; sN */
	XSLOT_DURATION, /* a number with ns, us, ms, s, m or h; in nanoseconds; uN */
	XSLOT_ENUM,	/* one word of .words; its index, from 0; uN or an enum */
	XSLOT_STRING,	/* in BPF char[N], with room for the NUL */
	XSLOT_PATH,	/* a string that begins with '/' */
	XSLOT_MAC,	/* 01:23:45:67:89:ab; in BPF __u8[6] */
	XSLOT_ADDRESS,	/* IPv4 or IPv6; in BPF struct xslot_prefix, length 32 or 128 */
	XSLOT_PREFIX,	/* address/length; in BPF struct xslot_prefix */
	XSLOT_FILE,	/* path of a file that the host has read; for callbacks only */
};

struct xslot_param {
	char name[32];
	uint32_t type;	    /* enum xslot_type */
	char help[128];	    /* one line: meaning and unit */
	uint32_t required;  /* 1: an error if missing; else `fallback` or the variable's initial value */
	uint32_t callbacks; /* 1: only callbacks use it: the BPF object need not have a variable */
	char fallback[64];  /* text as in the INI file; "" for none */
	char words[128];    /* XSLOT_ENUM: "allow|deny" */
	uint32_t bounds;    /* for UINT, INT, DURATION: which of `min` and `max` hold; see XSLOT_RANGE() */
	int64_t min;
	uint64_t max; /* of an INT: its bits */
	uint64_t reserved[4];
};

/* In a row: the values that the parameter may have, these included. Of an INT they may be negative. */
#define XSLOT_BOUND_MIN 1U
#define XSLOT_BOUND_MAX 2U
#define XSLOT_AT_LEAST(min_) .bounds = XSLOT_BOUND_MIN, .min = (min_)
#define XSLOT_AT_MOST(max_) .bounds = XSLOT_BOUND_MAX, .max = (uint64_t)(max_)
#define XSLOT_RANGE(min_, max_)                                                                              \
	.bounds = XSLOT_BOUND_MIN | XSLOT_BOUND_MAX, .min = (min_), .max = (uint64_t)(max_)

/* A parameter's value, for callbacks. Valid as long as the context. */
struct xslot_value {
	uint32_t type;
	bool given; /* the INI file names it; else the fallback, or nothing (type XSLOT_NONE) */
	uint8_t reserved;
	uint16_t value_size; /* of this struct; grows at its end only */
	union {
		bool boolean;
		uint64_t number; /* UINT, DURATION (ns), ENUM (index) */
		int64_t integer;
		uint8_t mac[6];
		struct xslot_prefix prefix; /* ADDRESS, PREFIX */
		struct {
			const char *text;    /* STRING, PATH; FILE: its path */
			const uint8_t *data; /* FILE: the bytes, not NUL-terminated; NULL when empty */
			size_t size;
		};
	};
};

/*
 * One instance of a plugin in one slot. Every callback gets it; valid from `check` until `stop` returns.
 * `stop` is called once, even if the instance got no further than `check`. `data` is for the plugin.
 */
struct xslot_context {
	const struct xslot_host *host;
	const char *slot; /* "edge.10" */
	void *data;
	uint32_t size; /* of this struct; grows at its end only */
};

struct xslot_chain_info; /* <xslot/chain.h> */
struct xslot_number;	 /* <xslot/number.h> */

typedef void (*xslot_watch_fn)(struct xslot_context *context, void *data);

struct xslot_map_info;

/* The host's functions; call them through the functions below. Grows at its end only. */
struct xslot_host {
	uint32_t size;
	const struct xslot_value *(*value)(struct xslot_context *, const char *param);
	int (*error)(struct xslot_context *, const char *param, unsigned line, const char *format, va_list);
	void (*log)(struct xslot_context *, int priority, const char *format, va_list);
	int (*map_fd)(struct xslot_context *, const char *map);
	int (*old_map_fd)(struct xslot_context *, const char *map);
	void (*status)(struct xslot_context *, const char *key, const char *format, va_list);
	int (*watch_fd)(struct xslot_context *, int fd, uint32_t events, xslot_watch_fn, void *data);
	int (*watch_timer)(struct xslot_context *, uint64_t period_ns, xslot_watch_fn, void *data);
	int (*chain)(struct xslot_context *, struct xslot_chain_info *ret_info, size_t size);
	int (*interface)(struct xslot_context *, unsigned index, char *ret_name, size_t size);
	int (*sum)(struct xslot_context *, const char *map, const void *key, uint64_t *ret_sums, size_t n);
	/* <xslot/map.h> */
	int (*map_entries)(struct xslot_context *, const char *map, uint32_t entries);
	int (*map_info)(struct xslot_context *, const char *map, bool old, struct xslot_map_info *);
	int (*map_add)(struct xslot_context *, const char *map, const void *key, const uint64_t *numbers);
	/* <xslot/watch.h> */
	int (*watch_once)(struct xslot_context *, uint64_t after_ns, xslot_watch_fn, void *data);
	int (*unwatch)(struct xslot_context *, xslot_watch_fn, void *data);
	/* <xslot/number.h> */
	int (*number)(struct xslot_context *, const struct xslot_number *number, size_t size);
};

/*
 * The descriptor. Callbacks are optional and return 0 or -errno. The host never runs two callbacks at the
 * same time, of whatever plugins: status and watches on its main loop, where they must not block, all others
 * on its worker thread. See xslot-plugin(7), Threads. `old_version`: the replaced state_version.
 */
struct xslot_plugin {
	char magic[8];
	uint32_t abi;
	uint32_t size;	       /* of this struct, as the plugin was compiled; grows at its end only */
	uint32_t param_size;   /* the same of a row of XSLOT_PARAMS() */
	uint32_t command_size; /* and of XSLOT_COMMANDS(): <xslot/command.h> */
	char name[32];
	char version[32];
	char summary[128];
	uint32_t state_version; /* raise it when state maps keep their layout but change their meaning */
	uint32_t reserved2;
	const void *bpf; /* the BPF object file's bytes */
	uint64_t bpf_size;
	const char *function;		      /* its program that fills the slot */
	int (*check)(struct xslot_context *); /* parameters against each other; no side effects, no maps */
	int (*start)(struct xslot_context *); /* not yet live: fill config maps; no access to state */
	int (*migrate)(struct xslot_context *, uint32_t old_version); /* not yet live: copy state */
	int (*settle)(struct xslot_context *, uint32_t old_version);  /* live: old maps are final */
	int (*live)(struct xslot_context *);   /* live, and the replaced instance, if any, has stopped */
	int (*status)(struct xslot_context *); /* call xslot_status() for each key */
	int (*resume)(struct xslot_context *); /* a new host adopts it: `data`, watches; leave maps alone */
	void (*stop)(struct xslot_context *);  /* free `data`; no packet runs it, unless the host restarts */
};
#define XSLOT_BPF(name_) .bpf = name_##_bpf, .bpf_size = sizeof(name_##_bpf), .function = #name_
#ifdef __cplusplus
/* In C++ a constant is local to its file unless declared otherwise, and a missing field gives a warning. */
#define XSLOT_EXPORT(declaration_)                                                                           \
	extern "C" {                                                                                         \
	extern __attribute__((visibility("default"))) declaration_;                                          \
	}                                                                                                    \
	_Pragma("GCC diagnostic ignored \"-Wmissing-field-initializers\"")
#else
#define XSLOT_EXPORT(declaration_) extern __attribute__((visibility("default"))) declaration_;
#endif
/*
 * The plugin's parameters, a row each, outside XSLOT_PLUGIN() and once a plugin. In C++ (20 or newer) the
 * fields of rows and descriptor must be in the order of their structs. No exception may leave a callback.
 */
#define XSLOT_PARAMS(...)                                                                                    \
	XSLOT_EXPORT(const struct xslot_param xslot_params[])                                                \
	__attribute__((section(XSLOT_PARAMS_SECTION), used))                                                 \
	const struct xslot_param xslot_params[] = { __VA_ARGS__ }

#define XSLOT_PLUGIN(name_, ...)                                                                             \
	XSLOT_EXPORT(const struct xslot_plugin xslot_plugin)                                                 \
	__attribute__((section(XSLOT_PLUGIN_SECTION), used))                                                 \
	const struct xslot_plugin xslot_plugin = { .magic = XSLOT_PLUGIN_MAGIC,                              \
		.abi = XSLOT_PLUGIN_ABI,                                                                     \
		.size = sizeof(struct xslot_plugin),                                                         \
		.param_size = sizeof(struct xslot_param),                                                    \
		.command_size = sizeof(struct xslot_command),                                                \
		.name = #name_,                                                                              \
		__VA_ARGS__ }

/*
 * The parameter's value; never NULL. For a name that is not in the plugin's table its type is XSLOT_NONE,
 * and the host refuses the reload.
 */
static inline const struct xslot_value *xslot_value(struct xslot_context *context, const char *param)
{
	return context->host->value(context, param);
}

/*
 * Report an error in `param`: at `line` of its file for a FILE parameter, else at its line in the INI file.
 * In check, start and migrate it refuses the reload; call it for every error found. Returns -EINVAL.
 */
__attribute__((format(printf, 4, 5))) static inline int xslot_error(
	struct xslot_context *context, const char *param, unsigned line, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = context->host->error(context, param, line, format, args);
	va_end(args);
	return r;
}

/* Write to the host's log; `priority` as in syslog(3): 3 error, 4 warning, 6 info, 7 debug. */
__attribute__((format(printf, 3, 4))) static inline void xslot_log(
	struct xslot_context *context, int priority, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	context->host->log(context, priority, format, args);
	va_end(args);
}

/* The fd of this instance's map of that C name; the host's: do not close it. -ENOENT if there is none. */
static inline int xslot_map_fd(struct xslot_context *context, const char *map)
{
	return context->host->map_fd(context, map);
}

/* For migrate and settle: the state map of the replaced instance, as above. */
static inline int xslot_old_map_fd(struct xslot_context *context, const char *map)
{
	return context->host->old_map_fd(context, map);
}

/* For status and commands: one key and its value. */
__attribute__((format(printf, 3, 4))) static inline void xslot_status(
	struct xslot_context *context, const char *key, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	context->host->status(context, key, format, args);
	va_end(args);
}

#include <xslot/command.h>
#include <xslot/watch.h>

#endif

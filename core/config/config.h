/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The files of xslot.ini(5) as data: checked for all that can be known without plugins and kernel. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/diag.h"
#include "util/files.h"
#include "util/log.h"

#define CONFIG_BPFFS "/sys/fs/bpf/xslot" /* where nothing else is said */
#define CONFIG_NAME_MAX 31		 /* of a chain */

/* Where a line stands. The file name is owned by the config. */
struct config_place {
	const char *file;
	unsigned line;
};

/* A key of a slot that the host does not own: the plugin's parameter, as text. */
struct config_param {
	char *name;
	char *text;
	struct config_place place;
};

/* jump.ARRAY.INDEX = FILE[:PROGRAM]: of a slot with an object. */
struct config_jump {
	char *array;
	uint32_t index;
	char *file;
	char *program; /* NULL when not given */
	struct config_place place;
};

struct config_slot {
	unsigned number; /* as in the file; packing is the plan's business */
	char *plugin;
	char *object;  /* NULL when not given */
	char *program; /* NULL when not given */
	bool state_fresh, proceed_given;
	bool fuse;	  /* may be part of the chain's fused program */
	bool broken;	  /* its section has errors: see config_read.h */
	uint32_t proceed; /* bit (1 << action), when given */
	struct config_param *params;
	size_t n_params;
	struct config_jump *jumps; /* each array and index once, sorted */
	size_t n_jumps;
	struct config_place place; /* the section's header */
	struct config_place plugin_place, object_place;
};

struct config_interface {
	char *name;
	struct config_place place;
};

struct config_chain {
	char name[CONFIG_NAME_MAX + 1];
	struct config_interface *interfaces;
	size_t n_interfaces;
	bool generic;	 /* mode = generic */
	uint32_t final;	 /* XDP action */
	uint32_t on_gap; /* XDP action */
	bool frags, fuse;
	bool detach;	 /* it is to run nowhere; and neither are the interfaces that it names */
	bool replace;	 /* take over an interface that runs another's program, where that is possible */
	bool only_alarm; /* on_detach = alarm: what somebody took off stays off until a reload */
	struct config_slot *slots; /* in order of number; those with enabled = no are left out */
	size_t n_slots;
	struct config_place place, mode_place;
};

enum config_on_stop { ON_STOP_KEEP, ON_STOP_DETACH };

struct config_host {
	char *plugin_path; /* colon-separated; never NULL (default: the build's plugindir) */
	char *bpffs;
	char *socket;
	char *state; /* folder of kept configurations */
	enum log_level log_level;
	enum config_on_stop on_stop;
	struct config_place socket_place, state_place, on_stop_place; /* line 0: not given */
};

struct config {
	char *file; /* the first file read */
	struct config_host host;
	struct config_chain *chains; /* in order of the file */
	size_t n_chains, n_detached; /* after those that are wanted: those with detach = yes */
	void *names;		     /* private: file names that places point to */
};

/*
 * Read FILE and then, when the directory exists, conf.d/ *.ini beside it in order of name. Every error found
 * goes into `report`; then returns -EINVAL. FILE parameters are params_parse()'s to read. All reading goes
 * through `files` (NULL: its own), and places bear the names as they are there.
 */
int config_load(struct files *files, const char *file, struct config **ret_config, struct report *report);
void config_free(struct config *config); /* accepts NULL */
/* Do the files say that no chain needs to run on `interface`, which `chain` runs on? */
bool config_says_detach(const struct config *config, const char *chain, const char *interface);

/* Is `key` one that the host owns in a slot's section? (plugin, enabled, …, on_*, slot_*) */
bool config_slot_owns(const char *key);

/* Only [host] and no places, as far as it can be read; -EINVAL when a file or [host] has errors. */
int config_load_host(const char *file, struct config_host *ret_host);
void config_host_deinit(struct config_host *host);

#endif

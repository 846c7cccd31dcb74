/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* One test: its files, the configuration made from its lines, and the running chain. */
#ifndef XSLOT_TEST_SESSION_H
#define XSLOT_TEST_SESSION_H

#include <limits.h>
#include <stdbool.h>

#include "rig.h"
#include "script.h"

struct define {
	const char *name, *value;
};

struct test_options {
	const char *plugin_path; /* NULL: where the script lies, then the installed ones */
	struct define defines[32];
	size_t n_defines;
	bool bench;
	bool verbose; /* the verifier's logs */
};

struct session {
	const struct test_options *options;
	const struct script *script;
	struct modules *modules;
	char directory[32];    /* of the files that the test makes; "" before init */
	char beside[PATH_MAX]; /* the script's folder, with its "/"; "" for this one */
	struct rig *rig;       /* NULL: nothing was loaded yet */
	bool whole;	       /* it is a chain of an INI file: its final counts */
	/* What the next chain is made of, while its lines are read. */
	bool pending;
	FILE *ini;
	char *ini_text;
	size_t ini_size;
	unsigned n_plugins;
	char build[PATH_MAX]; /* the file of the next plugin; "": wherever one of its name is found */
	bool builds;	      /* the test has a folder of such files, which are found first */
	char chain_file[PATH_MAX], chain_name[32];
	sd_event *event; /* what plugins watch */
	char *log;	 /* what was logged since "log", in lines; NULL: nothing */
	char *refusal;	 /* why the last chain was refused, in lines; NULL: it was not */
};

int session_init(struct session *session, const struct test_options *options, const struct script *script,
	struct xslot_diag *diag);
void session_deinit(struct session *session);

/* The commands that describe; each names what is wrong with it. */
int session_file(struct session *session, const struct command *command, struct xslot_diag *diag);
int session_build(struct session *session, const struct command *command, struct xslot_diag *diag);
int session_plugin(struct session *session, const struct command *command, struct xslot_diag *diag);
int session_chain(struct session *session, const struct command *command, struct xslot_diag *diag);

/*
 * Load what was described since the last time, in place of what runs, which hands its state on. A refusal
 * leaves what runs, and is in session->refusal. Nothing described: nothing happens.
 */
int session_commit(struct session *session, struct xslot_diag *diag);

/* Let the plugins' watches see what has come, and take what was logged; the caller's to free, may be NULL. */
char *session_log(struct session *session);

/* A path as a script names it: with ${NAME}, beside the script. */
int session_path(
	struct session *session, const char *text, char ret_path[static PATH_MAX], struct xslot_diag *diag);

#endif

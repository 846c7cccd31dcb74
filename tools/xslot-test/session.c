/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The lines of a test become an INI file that the host's own reader reads, so a parameter means the same as
 * in xslot.ini, and is refused with the same message. "plugin" after packets is a reload: the slots take over
 * what the slots before them counted.
 */
#include "session.h"

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/plugin/callback.h"
#include "host/plugin/inspect.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/log.h"

DEFINE_CLEANUP(struct setup *, setup_unref);
DEFINE_CLEANUP(struct files *, files_free);

/* One session at a time: what its plugins, and the host's code for them, log. */
static struct session *logging;

static void take_line(enum log_level level, const char *text)
{
	char *more;

	if (!logging || asprintf(&more, "%s%s: %s\n", logging->log ?: "", log_level_name(level), text) < 0)
		return;
	free(logging->log);
	logging->log = more;
}

char *session_log(struct session *session)
{
	while (sd_event_run(session->event, 0) > 0)
		;
	return TAKE_PTR(session->log);
}

int session_init(struct session *session, const struct test_options *options, const struct script *script,
	struct xslot_diag *diag)
{
	const char *slash = strrchr(script->name, '/');
	int r;

	*session = (struct session){ .options = options, .script = script };
	if (slash)
		snprintf(session->beside, sizeof(session->beside), "%.*s", (int)(slash - script->name + 1),
			script->name);
	r = modules_new(&session->modules);
	if (r < 0)
		return fail(diag, r, "out of memory");
	modules_set_look(session->modules, inspect_plugin);
	modules_map_in_place(session->modules); /* for whoever runs this under valgrind or perf */
	modules_set_run(session->modules, callback_run);
	r = sd_event_new(&session->event);
	if (r < 0)
		return fail(diag, r, "cannot make an event loop: %s", strerror(-r));
	logging = session;
	log_set_sink(take_line);
	snprintf(session->directory, sizeof(session->directory), "/tmp/xslot-test-XXXXXX");
	if (!mkdtemp(session->directory)) {
		r = fail(diag, -errno, "cannot make a folder %s: %s", session->directory, strerror(errno));
		session->directory[0] = 0;
		return r;
	}
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	return remove(path);
}

void session_deinit(struct session *session)
{
	if (session->directory[0])
		nftw(session->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	rig_free(session->rig);
	modules_free(session->modules);
	sd_event_unref(session->event);
	logging = NULL;
	free(session->log);
	if (session->ini)
		fclose(session->ini);
	free(session->ini_text);
	free(session->refusal);
}

/* What ${NAME} stands for: a file that the test made, or a --define. */
static int print_variable(
	const struct session *session, const char *name, size_t length, FILE *out, struct xslot_diag *diag)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < session->options->n_defines; i++) {
		const struct define *define = &session->options->defines[i];

		if (strlen(define->name) == length && !strncmp(define->name, name, length)) {
			fputs(define->value, out);
			return 0;
		}
	}
	snprintf(path, sizeof(path), "%s/%.*s", session->directory, (int)length, name);
	if (access(path, F_OK) < 0)
		return fail(diag, -ENOENT, "${%.*s} is neither a \"file\" above nor given by --define",
			(int)length, name);
	fputs(path, out);
	return 0;
}

static int print_substituted(
	const struct session *session, const char *text, FILE *out, struct xslot_diag *diag)
{
	int r = 0;

	while (r == 0 && *text) {
		size_t length = text[0] == '$' && text[1] == '{' ? strcspn(text + 2, "}") : 0;

		if (length && text[2 + length]) {
			r = print_variable(session, text + 2, length, out, diag);
			text += length + 3;
		} else {
			fputc(*text++, out);
		}
	}
	return r;
}

int session_path(
	struct session *session, const char *text, char ret_path[static PATH_MAX], struct xslot_diag *diag)
{
	FILE *out = fmemopen(ret_path, PATH_MAX, "w");
	int r;

	if (!out)
		return fail(diag, -ENOMEM, "out of memory");
	if (*text != '/' && strncmp(text, "${", 2) != 0)
		fputs(session->beside, out);
	r = print_substituted(session, text, out, diag);
	if (fclose(out) != 0 && r == 0)
		r = fail(diag, -ENAMETOOLONG, "the path %s is too long", text);
	return r;
}

int session_file(struct session *session, const struct command *command, struct xslot_diag *diag)
{
	CLEANUP(fclose) FILE *out = NULL;
	char path[PATH_MAX];
	int r = 0;

	if (!*command->argument || strchr(command->argument, '/'))
		return fail(diag, -EINVAL, "file needs a name, without a folder");
	snprintf(path, sizeof(path), "%s/%s", session->directory, command->argument);
	out = fopen(path, "we");
	if (!out)
		return fail(diag, -errno, "cannot write %s: %s", path, strerror(errno));
	for (size_t i = command->from; r == 0 && i < command->to; i++) {
		r = print_substituted(session, script_block_line(session->script, i), out, diag);
		fputc('\n', out);
	}
	return r;
}

#define BUILDS ".builds" /* in the test's folder: links to builds, by the names of their plugins */

static int fail_unused(struct xslot_diag *diag)
{
	return fail(diag, -EINVAL, "a build needs a plugin line below it, with the plugin's name");
}

int session_build(struct session *session, const struct command *command, struct xslot_diag *diag)
{
	char path[PATH_MAX];
	int r;

	if (!*command->argument)
		return fail(diag, -EINVAL, "build needs the file of a plugin");
	if (session->build[0])
		return fail_unused(diag);
	r = session_path(session, command->argument, path, diag);
	if (r < 0)
		return r;
	if (!realpath(path, session->build)) {
		session->build[0] = 0;
		return fail(diag, -errno, "cannot find the build %s: %s", path, strerror(errno));
	}
	return 0;
}

/* From here on the plugin is of the build that was named: a host asks for NAME.so, whatever a build is
 * called. */
static int take_build(struct session *session, const char *plugin, struct xslot_diag *diag)
{
	char path[PATH_MAX];

	if (strchr(plugin, '/'))
		return fail(diag, -EINVAL, "\"%s\" is not a plugin's name", plugin);
	snprintf(path, sizeof(path), "%s/" BUILDS, session->directory);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return fail(diag, -errno, "cannot make a folder %s: %s", path, strerror(errno));
	snprintf(path, sizeof(path), "%s/" BUILDS "/%s.so", session->directory, plugin);
	if ((unlink(path) < 0 && errno != ENOENT) || symlink(session->build, path) < 0)
		return fail(diag, -errno, "cannot make a link %s to the build: %s", path, strerror(errno));
	session->build[0] = 0;
	session->builds = true;
	return 0;
}

static int begin_ini(struct session *session, struct xslot_diag *diag)
{
	session->pending = true;
	session->whole = false;
	session->n_plugins = 0;
	session->ini = open_memstream(&session->ini_text, &session->ini_size);
	if (!session->ini)
		return fail(diag, -ENOMEM, "out of memory");
	fputs("[chain test]\ninterfaces = test\n", session->ini);
	return 0;
}

int session_plugin(struct session *session, const struct command *command, struct xslot_diag *diag)
{
	int r = 0;

	if (!*command->argument)
		return fail(diag, -EINVAL, "plugin needs a name");
	if (session->pending && !session->ini)
		return fail(diag, -EINVAL,
			"a plugin cannot join the chain that the line above takes from a file");
	if (!session->pending)
		r = begin_ini(session, diag);
	if (r == 0 && session->build[0])
		r = take_build(session, command->argument, diag);
	if (r < 0)
		return r;
	fprintf(session->ini, "[slot test.%u]\nplugin = %s\n", ++session->n_plugins * 10, command->argument);
	for (size_t i = command->from; r == 0 && i < command->to; i++) {
		r = print_substituted(session, script_block_line(session->script, i), session->ini, diag);
		fputc('\n', session->ini);
	}
	return r;
}

int session_chain(struct session *session, const struct command *command, struct xslot_diag *diag)
{
	const char *space = strrchr(command->argument, ' ');
	char file[PATH_MAX];

	if (!space || strlen(space + 1) >= sizeof(session->chain_name))
		return fail(diag, -EINVAL, "chain needs the INI file and the chain's name");
	if (session->pending)
		return fail(diag, -EINVAL, "a test is of plugins or of one chain");
	snprintf(file, sizeof(file), "%.*s", (int)(space - command->argument), command->argument);
	snprintf(session->chain_name, sizeof(session->chain_name), "%s", space + 1);
	session->pending = true;
	session->whole = true;
	return session_path(session, file, session->chain_file, diag);
}

/* Write the INI text that "plugin" lines made to where the reader finds it. */
static int finish_ini(struct session *session, struct xslot_diag *diag)
{
	CLEANUP(fclose) FILE *out = NULL;

	fclose(TAKE_PTR(session->ini));
	snprintf(session->chain_file, sizeof(session->chain_file), "%s/.ini", session->directory);
	snprintf(session->chain_name, sizeof(session->chain_name), "test");
	out = fopen(session->chain_file, "we");
	if (!out)
		return fail(diag, -errno, "cannot write %s: %s", session->chain_file, strerror(errno));
	fputs(session->ini_text, out);
	free(TAKE_PTR(session->ini_text));
	return 0;
}

/* The sentence without the folder that is another one each time. */
static void print_message(const struct session *session, const char *message, FILE *out)
{
	size_t length = strlen(session->directory);
	const char *found;

	while ((found = strstr(message, session->directory))) {
		fprintf(out, "%.*s", (int)(found - message), message);
		message = found + length + (found[length] == '/');
	}
	fprintf(out, "%s\n", message);
}

/* In the test's own lines the number would change with each line that is added above: those go without. */
static void print_error(const struct session *session, const struct report_error *error, FILE *out)
{
	const char *file = error->file;

	if (file && strcmp(file, session->chain_file) == 0 && !session->whole)
		file = NULL;
	if (file && error->line)
		fprintf(out, "%s:%u: ", strrchr(file, '/') ? strrchr(file, '/') + 1 : file, error->line);
	print_message(session, error->message, out);
}

/* The log is not the same on all kernels, so it is nothing to compare: it goes to stderr. */
static void print_refusal(const struct session *session, const struct report_error *error, FILE *out)
{
	print_error(session, error, out);
	if (session->options->verbose && error->log)
		fprintf(stderr, "the verifier's log:\n%s\n", error->log);
}

static void take_refusal(struct session *session, const struct report *report)
{
	size_t size;
	FILE *out = open_memstream(&session->refusal, &size);

	if (!out)
		return;
	for (size_t i = 0; i < report->n_kept; i++)
		print_refusal(session, &report->errors[i], out);
	if (report_more(report) > 0)
		fprintf(out, "… and %zu more errors\n", report_more(report));
	fclose(out);
}

/* Of folders, the caller's to free; NULL: what the INI file says. */
static int plugin_path(const struct session *session, char **ret)
{
	const char *given = session->options->plugin_path, *beside = *session->beside ? session->beside : ".";
	char builds[PATH_MAX] = "";
	int n;

	*ret = NULL;
	if (session->whole && !given)
		return 0;
	if (session->builds && !session->whole)
		snprintf(builds, sizeof(builds), "%s/" BUILDS ":", session->directory);
	n = given ? asprintf(ret, "%s%s", builds, given)
		  : asprintf(ret, "%s%s:%s", builds, beside, XSLOT_PLUGINDIR);
	if (n < 0)
		*ret = NULL;
	return n < 0 ? -ENOMEM : 0;
}

static int load(struct session *session, struct report *report)
{
	CLEANUP(files_free) struct files *files = files_new(NULL);
	CLEANUP(setup_unref) struct setup *setup = NULL;
	CLEANUP(free) char *path = NULL;
	struct rig *rig;
	int r;

	if (!files || plugin_path(session, &path) < 0)
		return report_add(report, NULL, 0, "out of memory");
	files_trust_all(files); /* they belong to who tries a plugin */
	r = setup_load(files, session->chain_file, path, session->modules, &setup, report);
	if (r < 0)
		return r;
	for (size_t i = 0; i < setup->n_chains; i++) {
		if (strcmp(setup->chains[i].config->name, session->chain_name) != 0)
			continue;
		r = rig_load(setup, &setup->chains[i], session->rig, &rig, report);
		if (r < 0)
			return r;
		rig_free(session->rig);
		session->rig = rig;
		r = rig_activate(rig, session->event);
		return r < 0 ? report_add(report, NULL, 0,
				       "cannot watch the file descriptors of the plugins: %s", strerror(-r))
			     : 0;
	}
	return report_add(
		report, session->chain_file, 0, "there is no chain %s in this file", session->chain_name);
}

int session_commit(struct session *session, struct xslot_diag *diag)
{
	struct report report = {};
	int r = 0;

	if (session->build[0])
		return fail_unused(diag);
	if (!session->pending)
		return 0;
	session->pending = false;
	free(TAKE_PTR(session->refusal));
	if (session->ini)
		r = finish_ini(session, diag);
	if (r < 0)
		return r;
	if (load(session, &report) < 0)
		take_refusal(session, &report);
	report_clear(&report);
	return 0;
}

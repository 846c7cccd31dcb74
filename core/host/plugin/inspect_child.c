/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Here damaged files may do what they like. So there is nothing to gain: no capabilities and no way back to
 * them, no bpf() that reaches the kernel, limits for memory and time, and the process ends when the host
 * does. It reports only how far it got: the host finds out why a file is refused, in the usual way and with
 * the usual message.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/plugin/inspect_private.h"
#include "kernel/foreign/foreign.h"
#include "kernel/instance/instance.h"
#include "kernel/rehearsal.h"
#include "module/module.h"
#include "util/cleanup.h"
#include "util/diag.h"

DEFINE_CLEANUP(struct blob *, blob_free);

static void tell(enum inspect_stage stage)
{
	uint32_t word = stage;

	if (send(INSPECT_FD, &word, sizeof(word), MSG_NOSIGNAL) != sizeof(word))
		_exit(EXIT_FAILURE);
}

static int drop_privileges(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[2] = {};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
		syscall(SYS_capset, &header, none) < 0)
		return -errno;
	return 0;
}

/* When memory runs out nevertheless, let it be ours. */
static void be_first_to_go(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? write(fd, "1000", 4) : 0;

	(void)n; /* no harm without */
	if (fd >= 0)
		close(fd);
}

static int bound(int resource, rlim_t limit)
{
	struct rlimit bounds;

	if (getrlimit(resource, &bounds) < 0)
		return -errno;
	if (bounds.rlim_max < limit)
		limit = bounds.rlim_max;
	bounds.rlim_cur = limit;
	return setrlimit(resource, &bounds) < 0 ? -errno : 0;
}

/* So much more for what follows. */
static int bound_time(void)
{
	struct rusage used;

	if (getrusage(RUSAGE_SELF, &used) < 0)
		return -errno;
	return bound(RLIMIT_CPU, (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + INSPECT_SECONDS + 1);
}

static int confine(void)
{
	int r;

	prctl(PR_SET_NAME, INSPECT_NAME, 0, 0, 0);
	be_first_to_go();
	r = prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ? -errno : drop_privileges();
	if (r == 0)
		r = bound(RLIMIT_CORE, 0);
#ifndef INSPECT_SANITIZED /* which reserves terabytes; what is in use is bounded by the host in any case */
	if (r == 0)
		r = bound(RLIMIT_AS, INSPECT_ADDRESSES);
#endif
	return r < 0 ? r : rehearsal_begin();
}

/* Did something take what there was, and would take more in a host? */
static bool took_all(void)
{
#ifndef INSPECT_SANITIZED
	CLEANUP(fclose) FILE *status = fopen("/proc/self/status", "re");
	char line[256];
	unsigned long peak;

	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "VmPeak: %lu kB", &peak) == 1)
			return peak << 10 > INSPECT_ADDRESSES / 4 * 3;
#endif
	return false;
}

/* One way through: open, with a parameter or none, read what libxdp would, load. */
static void rehearse(const struct instance_options *options)
{
	struct instance *instance = NULL;

	tell(INSPECT_PARSED);
	if (instance_open(options, &instance, NULL, NULL) < 0)
		return;
	if (options->foreign)
		instance_run_config(instance);
	tell(INSPECT_LOADED);
	instance_verify_as_xdp(instance, NULL);
	instance_free(instance);
}

static struct xslot_value some_value(uint32_t type)
{
	struct xslot_value value = { .type = type, .given = true };

	if (type == XSLOT_STRING || type == XSLOT_PATH)
		value.text = "";
	if (type == XSLOT_ADDRESS || type == XSLOT_PREFIX)
		value.prefix.family = 4;
	return value;
}

/* Each parameter leads to a variable of its own, through types of its own. */
static void try_params(struct instance_options *options, const struct xslot_param *params)
{
	for (size_t i = 0; i < XSLOT_MAX_PARAMS && params[i].type != XSLOT_NONE; i++) {
		const struct xslot_value value = some_value(params[i].type);
		const struct instance_param param = { .name = params[i].name, .value = &value };
		struct instance *instance = NULL;

		options->params = &param;
		options->n_params = 1;
		tell(INSPECT_PARSED);
		if (instance_open(options, &instance, NULL, NULL) == 0)
			instance_free(instance);
	}
	options->params = NULL;
	options->n_params = 0;
}

static void try_object(
	const void *bytes, size_t size, const char *program, bool foreign, const struct xslot_param *params)
{
	struct xslot_param table[XSLOT_MAX_PARAMS] = {};
	struct instance_options options = {
		.name = "object",
		.object = bytes,
		.object_size = size,
		.function = program,
		.foreign = foreign,
		.any_size = true,
	};

	tell(INSPECT_PARSED);
	if (foreign && foreign_params(bytes, size, NULL, 0, table, NULL) == 0)
		params = table;
	if (params)
		try_params(&options, params);
	rehearse(&options);
	options.behind_entry = true; /* what a kernel that refuses its BTF leads to */
	if (foreign)
		rehearse(&options);
}

static void try_plugin(struct modules *modules, const char *path, struct blob *blob)
{
	const struct descriptor *plugin;
	struct module *module;

	tell(INSPECT_MAPPED);
	if (modules_try(modules, path, blob, &module, NULL) < 0)
		return;
	plugin = module_plugin(module);
	if (plugin->bpf_size)
		try_object(plugin->bpf, plugin->bpf_size, plugin->function, false, plugin->params);
	tell(INSPECT_CLOSED);
	module_unref(module);
}

static void inspect(struct modules *modules, struct inspect_request *request, struct blob *blob)
{
	const char *program = request->program[0] ? request->program : NULL;
	struct descriptor plugin;

	tell(INSPECT_READ);
	switch (request->kind) {
	case INSPECT_DESCRIBE:
		module_describe_blob(blob, request->path, &plugin, NULL);
		break;
	case INSPECT_OPEN:
		try_plugin(modules, request->path, blob);
		break;
	case INSPECT_OBJECT:
	case INSPECT_FOREIGN:
		try_object(blob->data, blob->size, program, request->kind == INSPECT_FOREIGN, NULL);
		break;
	}
}

/* 0 when the other end is closed. */
static int receive(struct inspect_request *ret_request, struct blob **ret_blob)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec part = { .iov_base = ret_request, .iov_len = sizeof(*ret_request) };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	ssize_t n = recvmsg(INSPECT_FD, &message, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *head = n == sizeof(*ret_request) ? CMSG_FIRSTHDR(&message) : NULL;
	int fd, r;

	if (n == 0)
		return 0;
	if (!head || head->cmsg_type != SCM_RIGHTS)
		return -EBADMSG;
	memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	r = blob_receive(fd, ret_blob);
	close(fd);
	return r < 0 ? r : 1;
}

int inspect_child(void)
{
	static struct inspect_request request;
	struct modules *modules;
	int r;

	close(INSPECT_PROGRAM);
	r = confine();
	if (r == 0)
		r = modules_new(&modules);
	if (r < 0) {
		fprintf(stderr, "cannot give up privileges: %s\n", strerror(-r));
		return EXIT_FAILURE;
	}
	tell(INSPECT_STARTED);
	for (;;) {
		CLEANUP(blob_free) struct blob *blob = NULL;

		r = receive(&request, &blob);
		if (r <= 0 || bound_time() < 0)
			return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
		inspect(modules, &request, blob);
		tell(took_all() ? INSPECT_TOO_LARGE : INSPECT_DONE);
	}
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A host for one acl instance, as tests want it: errors are kept to be looked at, maps come from anywhere. */
#ifndef TESTS_ACL_HOST_H
#define TESTS_ACL_HOST_H

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xslot/plugin.h>

#define ACL_HOST_ERRORS 128

struct acl_host {
	struct xslot_context context; /* first, so that a context is a host */
	struct xslot_value rules;
	struct xslot_value policy;
	int (*map_fd)(struct acl_host *host, const char *name);
	int (*sum)(int map_fd, const void *key, uint64_t *ret_sums, size_t n);
	void *maps;

	size_t n_errors;
	struct {
		unsigned line;
		char text[256];
	} errors[ACL_HOST_ERRORS];
	char log[1024];	   /* lines */
	char status[4096]; /* "key: value\n" each */
};

static inline const struct xslot_value *acl_host_value(struct xslot_context *context, const char *param)
{
	struct acl_host *host = (struct acl_host *)context;

	return strcmp(param, "rules") ? &host->policy : &host->rules;
}

static inline int acl_host_error(
	struct xslot_context *context, const char *param, unsigned line, const char *format, va_list args)
{
	struct acl_host *host = (struct acl_host *)context;

	if (host->n_errors < ACL_HOST_ERRORS) {
		host->errors[host->n_errors].line = line;
		vsnprintf(host->errors[host->n_errors].text, sizeof(host->errors[0].text), format, args);
	}
	host->n_errors++;
	return -EINVAL;
}

static inline void acl_host_log(struct xslot_context *context, int priority, const char *format, va_list args)
{
	struct acl_host *host = (struct acl_host *)context;
	size_t n = strlen(host->log);

	n += (size_t)vsnprintf(host->log + n, sizeof(host->log) - n, format, args);
	if (n < sizeof(host->log))
		snprintf(host->log + n, sizeof(host->log) - n, "\n");
}

static inline int acl_host_map_fd(struct xslot_context *context, const char *map)
{
	struct acl_host *host = (struct acl_host *)context;

	return host->map_fd ? host->map_fd(host, map) : -ENOENT;
}

static inline int acl_host_sum(
	struct xslot_context *context, const char *map, const void *key, uint64_t *ret_sums, size_t n)
{
	struct acl_host *host = (struct acl_host *)context;

	return host->sum ? host->sum(acl_host_map_fd(context, map), key, ret_sums, n) : -ENOENT;
}

static inline void acl_host_status(
	struct xslot_context *context, const char *key, const char *format, va_list args)
{
	struct acl_host *host = (struct acl_host *)context;
	size_t n = strlen(host->status);

	n += (size_t)snprintf(host->status + n, sizeof(host->status) - n, "%s: ", key);
	n += (size_t)vsnprintf(host->status + n, sizeof(host->status) - n, format, args);
	snprintf(host->status + n, sizeof(host->status) - n, "\n");
}

static const struct xslot_host acl_host_calls = {
	.size = sizeof(struct xslot_host),
	.value = acl_host_value,
	.error = acl_host_error,
	.log = acl_host_log,
	.map_fd = acl_host_map_fd,
	.old_map_fd = acl_host_map_fd,
	.status = acl_host_status,
	.sum = acl_host_sum,
};

/* A fresh host whose rules file holds `text`, which must outlive it. */
static inline void acl_host_init(struct acl_host *host, const char *text, size_t size, unsigned policy)
{
	memset(host, 0, sizeof(*host));
	host->context.host = &acl_host_calls;
	host->context.slot = "test.10";
	host->rules = (struct xslot_value){ .type = XSLOT_FILE, .given = true, .text = "acl.rules" };
	host->rules.data = size ? (const uint8_t *)text : NULL;
	host->rules.size = size;
	host->policy = (struct xslot_value){ .type = XSLOT_ENUM, .given = true, .number = policy };
}

#endif

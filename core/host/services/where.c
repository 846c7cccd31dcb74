/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A slot that a reload keeps still belongs to the old configuration, whose text may be gone: so this is a
 * copy. One lock for all of them, held for a copy of a few bytes: the loop may wait for it.
 */
#include "host/services/where.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/memory.h"

struct where {
	struct xslot_chain_info info;
	char **interfaces;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void where_free(struct where *where)
{
	if (!where)
		return;
	for (size_t i = 0; i < where->info.n_interfaces; i++)
		free(where->interfaces[i]);
	free(where->interfaces);
	free(where);
}

void where_set(struct where **where, const struct config_chain *chain)
{
	struct where *made = memory_must(calloc(1, sizeof(*made))), *old;

	made->interfaces = memory_must(calloc(chain->n_interfaces + 1, sizeof(*made->interfaces)));
	strncpy(made->info.name, chain->name, sizeof(made->info.name) - 1);
	made->info.mode = chain->generic ? XSLOT_MODE_GENERIC : XSLOT_MODE_NATIVE;
	made->info.frags = chain->frags;
	made->info.n_interfaces = (uint32_t)chain->n_interfaces;
	for (size_t i = 0; i < chain->n_interfaces; i++)
		made->interfaces[i] = memory_copy(chain->interfaces[i].name);
	pthread_mutex_lock(&lock);
	old = *where;
	*where = made;
	pthread_mutex_unlock(&lock);
	where_free(old);
}

int where_chain(struct where *const *where, struct xslot_chain_info *ret_info, size_t size)
{
	struct xslot_chain_info info = {};
	bool known;

	pthread_mutex_lock(&lock);
	known = *where;
	if (known)
		info = (*where)->info;
	pthread_mutex_unlock(&lock);
	if (!known)
		return -ENOENT;
	memset(ret_info, 0, size);
	memcpy(ret_info, &info, size < sizeof(info) ? size : sizeof(info));
	return 0;
}

int where_interface(struct where *const *where, unsigned index, char *ret_name, size_t size)
{
	int r = -ENOENT;

	pthread_mutex_lock(&lock);
	if (*where && index < (*where)->info.n_interfaces) {
		const char *name = (*where)->interfaces[index];

		r = strlen(name) < size ? 0 : -ENAMETOOLONG;
		if (r == 0)
			memcpy(ret_name, name, strlen(name) + 1);
	}
	pthread_mutex_unlock(&lock);
	return r;
}

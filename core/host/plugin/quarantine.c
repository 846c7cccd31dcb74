/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The ledger is a mapped file: what a signal handler stores there survives the process, and no write() has to
 * come before each callback. Only what kills the process from inside is counted, by the handler: who is
 * killed from outside, by an operator or a power cut, in the middle of a long start, proves nothing about the
 * plugin whose code ran.
 */
#include "host/plugin/quarantine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/diag.h"
#include "util/digest.h"
#include "util/log.h"
#include "util/memory.h"

#define MAGIC "xslot-crashes 1"

struct entry {
	struct digest content; /* of the plugin's file */
	char plugin[64];       /* "": free */
	uint32_t crashes;      /* in a row */
	uint32_t reserved;
};

struct ledger {
	char magic[sizeof(MAGIC)];
	struct entry entries[QUARANTINE_MAX];
};

static struct ledger *ledger;		  /* NULL: not open */
static unsigned admitted[QUARANTINE_MAX]; /* by this transaction: first, second, …; 0: not */
static unsigned n_admitted;
static struct entry *volatile blamed;

static const int fatal[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
static struct sigaction before[sizeof(fatal) / sizeof(fatal[0])];

static void say(const char *text)
{
	ssize_t n = write(STDERR_FILENO, text, strlen(text));

	(void)n;
}

/* Count, and die as without us: with a core, or a sanitizer's report. A handler may only write(), not log. */
static void on_fatal(int number)
{
	struct entry *entry = blamed;

	blamed = NULL;
	if (entry) {
		entry->crashes++;
		say("xslotd crashes in, or soon after, code of plugin ");
		say(entry->plugin);
		say("\n");
	}
	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++) {
		if (fatal[i] == number)
			sigaction(number, &before[i], NULL);
	}
	raise(number);
}

static void watch_crashes(void)
{
	const struct sigaction action = { .sa_handler = on_fatal, .sa_flags = SA_ONSTACK };

	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		sigaction(fatal[i], &action, &before[i]);
}

/* A plugin that recurses without end leaves no stack to count on. A sanitizer brings a stack of its own. */
static void have_a_stack(void)
{
	static char memory[64 << 10];
	static bool used;
	const stack_t stack = { .ss_sp = memory, .ss_size = sizeof(memory) };
	stack_t old = {};

	if (used || sigaltstack(NULL, &old) < 0 || !(old.ss_flags & SS_DISABLE))
		return;
	used = sigaltstack(&stack, NULL) == 0;
}

/*
 * Of the right size, and all of it on the disk: a store to a page that is a hole, on a file system that is
 * full, is a SIGBUS.
 */
static int open_ledger(const char *path, bool make, bool private, struct xslot_diag *diag)
{
	CLEANUP(close) int fd = -1;
	struct stat st;
	int r;

	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | (make ? O_CREAT : 0), 0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(diag, -errno, "cannot open %s, which counts plugins' crashes: %s", path,
			strerror(errno));
	if (!S_ISREG(st.st_mode) || (st.st_size != sizeof(struct ledger) && (st.st_size != 0 || !make)))
		return fail(diag, -EBADMSG,
			"%s does not count plugins' crashes, or in another version; remove it", path);
	r = private ? 0 : -posix_fallocate(fd, 0, sizeof(struct ledger));
	if (r < 0 && st.st_size == 0)
		unlink(path);
	if (r < 0)
		return fail(
			diag, r, "cannot allocate %s, which counts plugins' crashes: %s", path, strerror(-r));
	return TAKE_FD(fd);
}

static struct ledger *map_ledger(const char *state, bool make, bool private, struct xslot_diag *diag)
{
	CLEANUP(close) int fd = -1;
	CLEANUP(free) char *path = NULL;
	struct ledger *map;

	if (asprintf(&path, "%s/crashes", state) < 0)
		memory_out();
	fd = open_ledger(path, make, private, diag);
	if (fd < 0)
		return NULL;
	map = mmap(NULL, sizeof(*map), PROT_READ | PROT_WRITE, private ? MAP_PRIVATE : MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		fail(diag, -errno, "cannot map %s: %s", path, strerror(errno));
		return NULL;
	}
	if (make && !map->magic[0])
		memcpy(map->magic, MAGIC, sizeof(MAGIC));
	if (memcmp(map->magic, MAGIC, sizeof(MAGIC)) == 0) {
		for (size_t i = 0; i < QUARANTINE_MAX; i++) /* it may be damaged */
			map->entries[i].plugin[sizeof(map->entries[i].plugin) - 1] = 0;
		return map;
	}
	munmap(map, sizeof(*map));
	fail(diag, -EBADMSG, "%s does not count plugins' crashes, or in another version; remove it", path);
	return NULL;
}

void quarantine_open(const char *state, bool only_look)
{
	struct xslot_diag diag = {};

	if (ledger)
		return;
	ledger = map_ledger(state, !only_look, only_look, &diag);
	if (ledger && !only_look)
		watch_crashes();
	else if (!ledger && !only_look)
		log_warning("%s; no plugin is quarantined, whatever it does", diag.message);
	xslot_diag_clear(&diag);
}

static struct entry *find(const struct digest *content)
{
	for (size_t i = 0; i < QUARANTINE_MAX; i++) {
		struct entry *entry = &ledger->entries[i];

		if (entry->plugin[0] && memcmp(&entry->content, content, sizeof(*content)) == 0)
			return entry;
	}
	return NULL;
}

/* A free one, or, before anything that is quarantined, any other. */
static struct entry *take(void)
{
	struct entry *least = NULL;

	for (size_t i = 0; i < QUARANTINE_MAX; i++) {
		struct entry *entry = &ledger->entries[i];

		if (!entry->plugin[0])
			return entry;
		if (!admitted[i] && (!least || entry->crashes < least->crashes))
			least = entry;
	}
	return least;
}

int quarantine_admit(const char *path, const struct digest *content, const struct xslot_plugin *plugin,
	struct xslot_diag *diag)
{
	struct entry *entry;

	if (!ledger)
		return 0;
	entry = find(content);
	if (entry && entry->crashes >= QUARANTINE_AFTER)
		return fail(diag, -EOWNERDEAD,
			"plugin %s is quarantined: %s has crashed the host %u times in a row while it started; install another build of it, or let it be tried again with \"xslotctl plugin release %s\"",
			plugin->name, path, entry->crashes, plugin->name);
	if (!entry) {
		entry = take();
		if (!entry)
			return 0;
		*entry = (struct entry){ .content = *content };
		snprintf(entry->plugin, sizeof(entry->plugin), "%s", plugin->name);
	}
	admitted[entry - ledger->entries] = ++n_admitted;
	quarantine_enter(plugin->name);
	return 0;
}

void quarantine_enter(const char *plugin)
{
	unsigned latest = 0;

	if (!ledger)
		return;
	have_a_stack();
	for (size_t i = 0; i < QUARANTINE_MAX; i++) {
		if (admitted[i] > latest && strcmp(ledger->entries[i].plugin, plugin) == 0) {
			latest = admitted[i];
			blamed = &ledger->entries[i];
		}
	}
}

static void forget(struct ledger *from, const char *plugin, size_t *ret_n)
{
	for (size_t i = 0; i < QUARANTINE_MAX; i++) {
		if (strcmp(from->entries[i].plugin, plugin) != 0)
			continue;
		*ret_n += from->entries[i].crashes > 0;
		from->entries[i].crashes = 0;
	}
}

void quarantine_leave(bool good)
{
	size_t n = 0;

	blamed = NULL;
	for (size_t i = 0; ledger && good && i < QUARANTINE_MAX; i++) {
		if (admitted[i])
			forget(ledger, ledger->entries[i].plugin, &n);
	}
	memset(admitted, 0, sizeof(admitted));
	n_admitted = 0;
}

size_t quarantine_list(const char **ret_names, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; ledger && i < QUARANTINE_MAX && n < max; i++) {
		if (ledger->entries[i].plugin[0] && ledger->entries[i].crashes >= QUARANTINE_AFTER)
			ret_names[n++] = ledger->entries[i].plugin;
	}
	return n;
}

int quarantine_release(const char *state, const char *plugin, size_t *ret_n, struct xslot_diag *diag)
{
	CLEANUP(free) char *path = NULL;
	struct ledger *map;

	*ret_n = 0;
	if (asprintf(&path, "%s/crashes", state) < 0)
		memory_out();
	if (access(path, F_OK) < 0 && errno == ENOENT) /* no host has counted anything there */
		return 0;
	map = map_ledger(state, false, false, diag);
	if (!map)
		return -ENOENT;
	forget(map, plugin, ret_n);
	munmap(map, sizeof(*map));
	return 0;
}

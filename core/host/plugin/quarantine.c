/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The ledger is a mapped file: what a signal handler stores there survives the process, and no write() is
 * needed before each callback. Only a crash from inside the process is counted, by the handler (crash.c): if
 * an operator or a power cut kills the process in the middle of a long start, that proves nothing about the
 * plugin whose code ran. The next host only names that plugin.
 *
 * The counts of callbacks that are called again and again depend on the time: a thousand good calls in
 * between do not help users whose host crashed three times in a day.
 */
#include "host/plugin/quarantine.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/diag.h"
#include "util/digest.h"
#include "util/log.h"
#include "util/memory.h"

#define MAGIC "xslot-crashes 1"

#define DAY 86400

/* The layout of earlier versions, whose names had room that was never used. */
struct entry {
	struct digest content; /* of the plugin's file */
	char plugin[32];       /* "": free */
	struct {
		uint32_t crashes;
		uint32_t last;	 /* second since 1970 */
	} tally[QUARANTINE_END]; /* of STATUS to END */
	uint8_t inside;		 /* 1 + way: its code runs */
	uint8_t command_crashes; /* of COMMAND, where earlier versions had zeros … */
	uint8_t reserved[6];
	uint32_t crashes;      /* in a row, of CHANGE */
	uint32_t command_last; /* … and the last of them */
};
_Static_assert(sizeof(struct entry) == DIGEST_SIZE + 64 + 2 * sizeof(uint32_t), "an older host's layout");

struct ledger {
	char magic[sizeof(MAGIC)];
	struct entry entries[QUARANTINE_MAX];
};

static struct ledger *ledger;		  /* NULL: not open */
static unsigned admitted[QUARANTINE_MAX]; /* by this transaction: first, second, …; 0: not */
static unsigned n_admitted;
static struct entry *volatile blamed, *volatile running;
static volatile enum quarantine_way running_way;
static volatile bool counted;
/* Over who has which entry: the worker admits while the loop calls. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const char *const way_names[] = {
	[QUARANTINE_CHANGE] = "start or reload",
	[QUARANTINE_STATUS] = "status",
	[QUARANTINE_WATCH] = "watch",
	[QUARANTINE_END] = "stop",
	[QUARANTINE_COMMAND] = "command",
};

static uint32_t crashes_of(const struct entry *entry, enum quarantine_way way)
{
	if (way == QUARANTINE_COMMAND)
		return entry->command_crashes;
	return way == QUARANTINE_CHANGE ? entry->crashes : entry->tally[way - 1].crashes;
}

static bool is_quarantined(const struct entry *entry)
{
	return entry->crashes >= QUARANTINE_AFTER || crashes_of(entry, QUARANTINE_END) >= QUARANTINE_AFTER;
}

/* How many there are with one more. A clock that was set back says nothing. */
static uint32_t one_more(uint32_t crashes, uint32_t *last)
{
	uint32_t now = (uint32_t)time(NULL), before = *last;

	*last = now;
	return now > before && now - before > DAY ? 1 : crashes + 1;
}

/* In a signal handler. */
static void count(struct entry *entry, enum quarantine_way way)
{
	uint32_t n;

	if (way == QUARANTINE_CHANGE) {
		entry->crashes++;
	} else if (way == QUARANTINE_COMMAND) {
		n = one_more(entry->command_crashes, &entry->command_last);
		entry->command_crashes = (uint8_t)(n < UINT8_MAX ? n : UINT8_MAX);
	} else {
		entry->tally[way - 1].crashes =
			one_more(entry->tally[way - 1].crashes, &entry->tally[way - 1].last);
	}
}

const char *quarantine_count(bool inside)
{
	struct entry *entry = inside ? running : blamed;

	if (counted || !entry)
		return NULL;
	counted = true;
	if (running)
		running->inside = 0;
	count(entry, inside ? running_way : QUARANTINE_CHANGE);
	return entry->plugin;
}

void quarantine_count_hang(void)
{
	if (running && running_way != QUARANTINE_CHANGE)
		quarantine_count(true);
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
		for (size_t i = 0; i < QUARANTINE_MAX; i++) { /* it may be damaged */
			map->entries[i].plugin[sizeof(map->entries[i].plugin) - 1] = 0;
			map->entries[i].inside %= QUARANTINE_WAYS + 1;
		}
		return map;
	}
	munmap(map, sizeof(*map));
	fail(diag, -EBADMSG, "%s does not count plugins' crashes, or in another version; remove it", path);
	return NULL;
}

/* Nothing is counted against it: it was killed, or somebody knows how to end a process without a trace. */
static void tell_of_the_last(void)
{
	for (size_t i = 0; i < QUARANTINE_MAX; i++) {
		struct entry *entry = &ledger->entries[i];

		if (entry->plugin[0] && entry->inside)
			log_warning(
				"the previous host ended, or was killed, while code of plugin %s ran (%s); this does not count as a crash",
				entry->plugin, way_names[entry->inside - 1]);
		entry->inside = 0;
	}
}

void quarantine_open(const char *state, bool only_look)
{
	struct xslot_diag diag = {};

	if (ledger)
		return;
	ledger = map_ledger(state, !only_look, only_look, &diag);
	if (ledger && !only_look)
		tell_of_the_last();
	else if (!ledger && !only_look)
		log_warning("%s; plugins that crash the host will not be quarantined", diag.message);
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

static uint32_t all_crashes_of(const struct entry *entry)
{
	uint32_t n = 0;

	for (enum quarantine_way way = 0; way < QUARANTINE_WAYS; way++)
		n += crashes_of(entry, way);
	return n;
}

/* A free one, or, before anything that is quarantined, any other. */
static struct entry *take(void)
{
	struct entry *least = NULL;

	for (size_t i = 0; i < QUARANTINE_MAX; i++) {
		struct entry *entry = &ledger->entries[i];

		if (!entry->plugin[0])
			return entry;
		if (!admitted[i] && entry != running && entry != blamed &&
			(!least || all_crashes_of(entry) < all_crashes_of(least)))
			least = entry;
	}
	return least;
}

static struct entry *find_or_take(const struct digest *content, const char *plugin)
{
	struct entry *entry = find(content);

	if (entry)
		return entry;
	entry = take();
	if (!entry)
		return NULL;
	*entry = (struct entry){ .content = *content };
	snprintf(entry->plugin, sizeof(entry->plugin), "%s", plugin);
	return entry;
}

static int refuse(const struct entry *entry, const char *path, struct xslot_diag *diag)
{
	bool start = entry->crashes >= QUARANTINE_AFTER;

	return fail(diag, -EOWNERDEAD,
		"plugin %s is quarantined: %s has crashed the host %u times %s; install another build of it, or allow another try with \"xslotctl plugin release %s\"",
		entry->plugin, path, start ? entry->crashes : crashes_of(entry, QUARANTINE_END),
		start ? "in a row while it started" : "when it was stopped", entry->plugin);
}

int quarantine_admit(const char *path, const struct digest *content, const struct descriptor *plugin,
	struct xslot_diag *diag)
{
	struct entry *entry;
	int r = 0;

	if (!ledger)
		return 0;
	pthread_mutex_lock(&lock);
	entry = find(content);
	if (entry && is_quarantined(entry)) {
		r = refuse(entry, path, diag);
	} else {
		entry = find_or_take(content, plugin->name);
		if (entry) {
			admitted[entry - ledger->entries] = ++n_admitted;
			blamed = entry;
		}
	}
	pthread_mutex_unlock(&lock);
	return r;
}

bool quarantine_silences(const struct digest *content, enum quarantine_way way)
{
	static bool said[QUARANTINE_MAX][QUARANTINE_WAYS];
	const struct entry *entry;
	bool *known;

	if (!ledger || !content)
		return false;
	pthread_mutex_lock(&lock);
	entry = find(content);
	pthread_mutex_unlock(&lock);
	if (!entry)
		return false;
	known = &said[entry - ledger->entries][way];
	if (crashes_of(entry, way) < QUARANTINE_AFTER) {
		*known = false;
		return false;
	}
	if (!*known)
		log_warning(
			"plugin %s crashed the host %u times in its %s, which is not called any more; install another build of it, or allow another try with \"xslotctl plugin release %s\"",
			entry->plugin, crashes_of(entry, way), way_names[way], entry->plugin);
	*known = true;
	return true;
}

void quarantine_enter(const struct digest *content, const char *plugin, enum quarantine_way way)
{
	struct entry *entry;

	if (!ledger || !content)
		return;
	pthread_mutex_lock(&lock);
	entry = find_or_take(content, plugin);
	running_way = way;
	running = entry;
	if (entry && way == QUARANTINE_CHANGE)
		blamed = entry;
	if (entry)
		entry->inside = (uint8_t)(1 + way);
	pthread_mutex_unlock(&lock);
}

void quarantine_exit(void)
{
	struct entry *entry = running;

	running = NULL;
	if (entry)
		entry->inside = 0;
}

static void forgive(struct ledger *from, const char *plugin, bool all, size_t *ret_n)
{
	for (size_t i = 0; i < QUARANTINE_MAX; i++) {
		struct entry *entry = &from->entries[i];

		if (strcmp(entry->plugin, plugin) != 0)
			continue;
		*ret_n += all_crashes_of(entry) > 0;
		entry->crashes = 0;
		for (enum quarantine_way way = 1; all && way <= QUARANTINE_END; way++)
			entry->tally[way - 1].crashes = 0;
		if (all)
			entry->command_crashes = 0;
	}
}

void quarantine_leave(bool good)
{
	size_t n = 0;

	pthread_mutex_lock(&lock);
	blamed = NULL;
	for (size_t i = 0; ledger && good && i < QUARANTINE_MAX; i++) {
		if (admitted[i])
			forgive(ledger, ledger->entries[i].plugin, false, &n);
	}
	memset(admitted, 0, sizeof(admitted));
	n_admitted = 0;
	pthread_mutex_unlock(&lock);
}

size_t quarantine_list(const char **ret_names, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; ledger && i < QUARANTINE_MAX && n < max; i++) {
		if (ledger->entries[i].plugin[0] && is_quarantined(&ledger->entries[i]))
			ret_names[n++] = ledger->entries[i].plugin;
	}
	return n;
}

size_t quarantine_list_silences(struct quarantine_silence *ret_silences, size_t max)
{
	static const enum quarantine_way ways[] = { QUARANTINE_STATUS, QUARANTINE_WATCH, QUARANTINE_COMMAND };
	size_t n = 0;

	for (size_t i = 0; ledger && i < QUARANTINE_MAX; i++) {
		const struct entry *entry = &ledger->entries[i];

		for (size_t j = 0; j < sizeof(ways) / sizeof(ways[0]) && n < max; j++) {
			if (entry->plugin[0] && !is_quarantined(entry) &&
				crashes_of(entry, ways[j]) >= QUARANTINE_AFTER)
				ret_silences[n++] =
					(struct quarantine_silence){ entry->plugin, way_names[ways[j]] };
		}
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
	forgive(map, plugin, true, ret_n);
	munmap(map, sizeof(*map));
	return 0;
}

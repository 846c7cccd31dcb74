/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Any bytes as the state folder's record of configurations, as its count of plugins' crashes, and as its word
 * on the reload that is under way. A record that is understood leads somewhere, and is the same when it is
 * written and read again.
 */
#include <fcntl.h>

#include "fuzz.h"
#include "host/kept/session.h"
#include "host/kept/statedir.h"
#include "host/plugin/quarantine.h"
#include "util/log.h"

static char folder[] = "/tmp/xslot-fuzz-XXXXXX";

static void silent(enum log_level level, const char *text)
{
}

static void clean(void)
{
	if (chdir(folder) == 0 && (unlink("record"), unlink("crashes"), unlink("requested"), chdir("/")) == 0)
		rmdir(folder);
}

static void set_up(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	log_set_sink(silent);
	expect(mkdtemp(folder) != NULL, "there is a folder");
	atexit(clean);
}

static void put(const char *name, const uint8_t *data, size_t size)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	expect(fd >= 0 && write(fd, data, size) == (ssize_t)size, "the input is written");
	close(fd);
}

static void check_record(const struct statedir_record *record)
{
	expect(record->hold <= HOLD_CRASH, "a hold is one of five");
	expect(!record->hold || record->current.number, "what is held is there");
	expect(!record->trial || record->previous.number, "a trial has somewhere to go back to");
	expect(!record->current.number || record->current.file[0] == '/', "a file's path is absolute");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct statedir *statedir = NULL;
	struct statedir_record record;
	size_t n = 0;
	bool bare;

	set_up();
	put("record", data, size);
	put("crashes", data, size);
	put("requested", data, size);
	expect(statedir_open(folder, &statedir, NULL) == 0, "the folder can be used");
	record = *statedir_record(statedir);
	check_record(&record);
	statedir_close(statedir);
	quarantine_release(folder, "sample", &n, NULL);
	expect(n <= QUARANTINE_MAX, "no more than there are");
	if (session_is_requested(folder, &bare))
		expect(size >= 4 && memcmp(data + size - 4, "end\n", 4) == 0,
			"half a word counts for nothing");
	return 0;
}

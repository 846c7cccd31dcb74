/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libsystemd is linked for its event loop, so its own function speaks the journal's protocol. Without a
 * journal that function says that all went well, hence the look at the socket. Environment variables are
 * inherited by whatever a service starts, with another stderr perhaps: so is JOURNAL_STREAM, which therefore
 * tells which stream it means.
 */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include "control/journal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#define SOCKET "/run/systemd/journal/socket"
#define LINE_MAX_SENT 4096

bool journal_is_stderr(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat stat;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &stat) == 0 && stat.st_dev == device && stat.st_ino == inode &&
	       access(SOCKET, W_OK) == 0;
}

bool journal_send(int priority, const struct log_about *about, const char *text)
{
	char message[LINE_MAX_SENT], level[16], pairs[LOG_FIELDS_MAX][300];
	struct log_field fields[LOG_FIELDS_MAX];
	size_t n = log_fields(about, fields);
	struct iovec lines[LOG_FIELDS_MAX + 2];

	if (strlen(text) >= sizeof(message) - sizeof("MESSAGE="))
		return false;
	snprintf(message, sizeof(message), "MESSAGE=%s", text);
	snprintf(level, sizeof(level), "PRIORITY=%d", priority);
	lines[0] = (struct iovec){ message, strlen(message) };
	lines[1] = (struct iovec){ level, strlen(level) };
	for (size_t i = 0; i < n; i++) {
		snprintf(pairs[i], sizeof(pairs[i]), "XSLOT_%s=%s", fields[i].name, fields[i].value);
		for (char *c = pairs[i]; *c != '='; c++)
			*c = (char)toupper(*c);
		lines[i + 2] = (struct iovec){ pairs[i], strlen(pairs[i]) };
	}
	return sd_journal_sendv(lines, (int)n + 2) == 0;
}

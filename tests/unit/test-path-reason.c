/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What the unit hides from the host, by the mounts that it leaves. */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/path_reason.h"

/* Lines as systemd 252 leaves them in a unit's namespace. */
static const char sandbox[] =
	"100 99 254:1 / / ro,relatime shared:1 master:1 - ext4 /dev/vda rw\n"
	"101 100 0:25 /systemd/inaccessible/dir /home ro,nosuid,nodev,noexec - tmpfs tmpfs "
	"rw,size=99k,mode=755\n"
	"102 100 254:1 /tmp/systemd-private-8f-xslotd.service-Xb/tmp /tmp rw,relatime shared:2 - ext4 "
	"/dev/vda rw\n"
	"103 100 254:1 /var/lib/xslot /var/lib/xslot rw,relatime shared:3 - ext4 /dev/vda rw\n"
	"104 100 0:50 / /media ro,relatime shared:4 - iso9660 /dev/sr0 ro\n";

static void test_path_reason(void **state)
{
	static const struct {
		const char *path;
		int error;
		const char *words; /* NULL: strerror's alone */
	} cases[] = {
		{ "/home/a/acl.rules", -EACCES, "hides /home" },
		{ "/tmp/acl.rules", -ENOENT, "a /tmp of its own" },
		{ "/tmp/acl.rules", -EACCES, NULL },
		{ "/srv/xslot", EROFS, "ReadWritePaths=/srv/xslot" },
		{ "/srv/xslot", ENOENT, NULL },
		{ "/homework/acl.rules", ENOENT, NULL },
		{ "/var/lib/xslot/1", EROFS, NULL },
		{ "/media/xslot", EROFS, NULL },
		{ "/home/a/acl.rules", ENOMEM, NULL },
	};
	char mounts[] = "/tmp/xslot-mounts-XXXXXX", text[PATH_REASON_TEXT];
	int fd = mkstemp(mounts);

	assert_true(fd >= 0 && write(fd, sandbox, strlen(sandbox)) == (ssize_t)strlen(sandbox));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		path_reason_by(mounts, cases[i].path, cases[i].error, text);
		assert_int_equal(
			strncmp(text, strerror(abs(cases[i].error)), strlen(strerror(abs(cases[i].error)))),
			0);
		if (cases[i].words)
			assert_non_null(strstr(text, cases[i].words));
		else
			assert_string_equal(text, strerror(abs(cases[i].error)));
	}
	assert_string_equal(path_reason_by("/nowhere", "/home/a", ENOENT, text), strerror(ENOENT));
	close(fd);
	unlink(mounts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

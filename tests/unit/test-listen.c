/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The control socket as a file: never open to more than it shall be, not even between two calls; its group
 * with and without capabilities; and nothing done to a file that somebody puts in its place.
 */
#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "control/listen.h"

#define GID 4242
#define UID 65533

struct scene {
	char directory[32], path[64], victim[64];
};

static bool group_exists;
static int group_errno;
static mode_t mode_at_bind; /* of the file, the moment it is there */
static const char *replace; /* … when a link to this takes its place */

struct group *__wrap_getgrnam(const char *name);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t length);
int __real_bind(int fd, const struct sockaddr *address, socklen_t length);

struct group *__wrap_getgrnam(const char *name)
{
	static struct group group = { .gr_name = "xslot", .gr_gid = GID };

	errno = group_errno;
	return group_exists && !strcmp(name, "xslot") ? &group : NULL;
}

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t length)
{
	const char *path = ((const struct sockaddr_un *)address)->sun_path;
	int r = __real_bind(fd, address, length);
	struct stat st;

	assert_return_code(r, errno);
	assert_return_code(lstat(path, &st), errno);
	mode_at_bind = st.st_mode;
	if (replace) {
		assert_return_code(unlink(path), errno);
		assert_return_code(symlink(replace, path), errno);
	}
	return r;
}

static int setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	strcpy(scene->directory, "/tmp/xslot-test-XXXXXX");
	assert_non_null(mkdtemp(scene->directory));
	snprintf(scene->path, sizeof(scene->path), "%s/control", scene->directory);
	snprintf(scene->victim, sizeof(scene->victim), "%s/victim", scene->directory);
	group_exists = true;
	group_errno = 0;
	replace = NULL;
	umask(0); /* it must not be what keeps others out */
	*state = scene;
	return 0;
}

static int teardown(void **state)
{
	struct scene *scene = *state;

	umask(022);
	unlink(scene->path);
	unlink(scene->victim);
	assert_int_equal(rmdir(scene->directory), 0);
	free(scene);
	return 0;
}

/* Open it, compare what came of it, and remove it. */
static void expect(const struct scene *scene, int error, gid_t gid, const char *why)
{
	struct listen_group group = {};
	struct xslot_diag diag = {};
	struct listen_file file;
	struct stat st;
	int fd;

	if (listen_open(scene->path, &fd, &file, &group, &diag))
		fail_msg("%s", diag.message);
	assert_int_equal(mode_at_bind & 0177, 0);
	assert_return_code(lstat(scene->path, &st), errno);
	assert_int_equal(st.st_gid, gid);
	assert_int_equal(st.st_mode, S_IFSOCK | 0660);
	assert_int_equal(group.error, error);
	if (!strstr(group.why.message, why))
		fail_msg("\"%s\" does not say \"%s\"", group.why.message, why);
	close(fd);
	listen_remove(scene->path, &file);
	assert_int_equal(access(scene->path, F_OK), -1);
}

static void test_root_gives_it_to_the_group(void **state)
{
	if (geteuid())
		skip();
	expect(*state, 0, GID, "");
	umask(0777); /* nor keep the group out */
	expect(*state, 0, GID, "");
}

/* Another user, who owns the folder: without any capability, as a member of the group or not. */
static void as_user(struct scene *scene, bool member, int error, gid_t gid, const char *why)
{
	gid_t groups[] = { GID };
	int status;
	pid_t pid;

	assert_return_code(chown(scene->directory, UID, UID), errno);
	pid = fork();
	if (!pid) {
		if (setgroups(member, groups) || setgid(UID) || setuid(UID))
			_exit(100);
		expect(scene, error, gid, why);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_a_member_needs_no_capability(void **state)
{
	if (geteuid())
		skip();
	as_user(*state, true, 0, GID, "");
}

static void test_no_member_and_no_capability(void **state)
{
	if (geteuid())
		skip();
	as_user(*state, false, -EPERM, UID, "SupplementaryGroups=xslot");
}

static void test_there_is_no_group(void **state)
{
	group_exists = false;
	expect(*state, -ENOENT, getegid(), "there is no group xslot");
	group_errno = EMFILE; /* an error in asking is no answer */
	expect(*state, -EMFILE, getegid(), "cannot look up the group xslot: Too many open files");
}

static void refused(const struct scene *scene, const char *why)
{
	struct listen_group group = {};
	struct xslot_diag diag = {};
	struct listen_file file;
	int fd;

	assert_int_equal(listen_open(scene->path, &fd, &file, &group, &diag), -EPERM);
	if (!strstr(diag.message, why))
		fail_msg("\"%s\" does not say \"%s\"", diag.message, why);
	assert_int_equal(access(scene->path, F_OK), -1);
}

/* Who can write the folder can answer in our place. */
static void test_the_folder_is_ours_alone(void **state)
{
	static const mode_t modes[] = { 0777, 01777, 0757, 0775, 0720 };
	const struct scene *scene = *state;

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		assert_return_code(chmod(scene->directory, modes[i]), errno);
		refused(scene, modes[i] & 02 ? "is writable by everybody" : "is writable by its group");
	}
	assert_return_code(chmod(scene->directory, 0755), errno);
	if (geteuid())
		return;
	assert_return_code(chown(scene->directory, UID, UID), errno);
	refused(scene, "belongs to user");
}

/* A link that appears where the socket was leads to no file of others, not to another socket either. */
static void test_a_link_in_its_place(void **state)
{
	struct scene *scene = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct listen_group group = {};
	struct xslot_diag diag = {};
	struct listen_file file;
	struct stat st;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), control;

	strcpy(address.sun_path, scene->victim);
	assert_return_code(__real_bind(fd, (struct sockaddr *)&address, sizeof(address)), errno);
	assert_return_code(chmod(scene->victim, 0604), errno);
	replace = scene->victim;
	assert_in_range(-listen_open(scene->path, &control, &file, &group, &diag), 1, 4095);
	assert_return_code(stat(scene->victim, &st), errno);
	assert_int_equal(st.st_mode, S_IFSOCK | 0604);
	assert_int_equal(st.st_gid, getegid());
	assert_return_code(lstat(scene->path, &st), errno); /* not ours, so not removed */
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_root_gives_it_to_the_group),
		TEST(test_a_member_needs_no_capability),
		TEST(test_no_member_and_no_capability),
		TEST(test_there_is_no_group),
		TEST(test_the_folder_is_ours_alone),
		TEST(test_a_link_in_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

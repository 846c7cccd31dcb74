/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * `plugin new` copies a plugin that works, under another name. Each template is a folder of scaffold/ whose
 * plugin is called scaffold; a test makes, builds and tests a plugin from each. So there is no template
 * language, and nothing in a new plugin that was never compiled. It has no licence line of ours: what an
 * author makes is the author's.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "control/status_json.h"
#include "module/describe.h"
#include "util/cleanup.h"
#include "xslotctl.h"

struct scaffold_file {
	const char *folder, *name, *text;
};

#include "scaffold_files.h" /* generated */

#define N_FILES (sizeof(scaffold_files) / sizeof(*scaffold_files))
#define SCAFFOLD "scaffold"
#define COMMON "common"

/* The folders of scaffold/, but for the one of what they share. */
static const char *const templates[] = { "minimal", "counter", "state", "tables", "cxx" };

#define N_TEMPLATES (sizeof(templates) / sizeof(*templates))
#define DEFAULT_TEMPLATE "counter"

/* The name is a C function's too, so these it cannot be. Each stands between blanks. */
static const char *const taken[] = {
	/* words of the language */
	" alignas alignof asm auto bool break case char const constexpr continue default do double ",
	" else enum extern false float for goto if inline int long nullptr register restrict ",
	" return short signed sizeof static static_assert struct switch thread_local true typedef ",
	" typeof typeof_unqual union unsigned void volatile while ",
	/* names in the same files */
	" drop_port totals main longest most sources messages count blocked dropped is_blocked drop_rest ",
	" names report status check start resume read_file read_line ",
	/* words of C++ */
	" and bitand bitor catch class compl concept co_await co_return co_yield delete explicit export ",
	" friend mutable namespace new noexcept not operator or private protected public requires ",
	" template this throw try typeid typename using virtual xor std ",
	/* sections of the object, whose symbols have their names */
	" license maps version xdp ",
	/* functions that the compiler knows, and lets nobody redeclare */
	" abort abs acos acosh aligned_alloc alloca asin asinh atan atan2 atanh bcmp bcopy bzero ",
	" cabs cacos calloc carg casin catan cbrt ccos ceil cexp cimag clog conj copysign cos cosh ",
	" cpow cproj creal csin csqrt ctan erf erfc exit exp exp2 expm1 fabs fdim floor fma fmax ",
	" fmin fmod fork fprintf free frexp fscanf getcontext hypot ilogb index isalnum isalpha ",
	" isblank iscntrl isdigit isgraph islower isprint ispunct isspace isupper isxdigit labs ",
	" ldexp lgamma llabs llrint llround log log10 log1p log2 logb longjmp lrint lround malloc ",
	" memchr memcmp memcpy memmove mempcpy memset modf nan nearbyint nextafter nexttoward pow ",
	" printf realloc remainder remquo rindex rint round scalbln scalbn scanf setjmp sigsetjmp ",
	" sin sinh snprintf sprintf sqrt sscanf stpcpy stpncpy strcasecmp strcat strchr strcmp ",
	" strcpy strcspn strdup strerror strlcat strlcpy strlen strncasecmp strncat strncmp ",
	" strncpy strndup strpbrk strrchr strspn strstr strtod strtof strtok strtol strtold ",
	" strtoll strtoul strtoull strxfrm tan tanh tgamma tolower toupper trunc vfork vfprintf ",
	" vfscanf vprintf vscanf vsnprintf vsprintf vsscanf wcschr wcscmp wcslen wcsncmp wmemchr ",
	" wmemcmp wmemcpy wmemmove ",
};

static bool is_taken(const char *name)
{
	char word[40];

	snprintf(word, sizeof(word), " %s ", name);
	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
		if (strstr(taken[i], word))
			return true;
	}
	return false;
}

static int check_name(const struct options *options, const char *name)
{
	if (!describe_name_valid(name) || strlen(name) > 31)
		return give_up(options, EXIT_USAGE,
			"\"%s\" cannot be a plugin: a name is a-z, 0-9 and _, begins with a letter, and has at most 31 characters",
			name);
	if (is_taken(name))
		return give_up(options, EXIT_USAGE,
			"\"%s\" cannot be a plugin: its program is a C function of that name, and \"%s\" means something else there",
			name, name);
	return 0;
}

static const char *template_of(const struct options *options)
{
	return options->template ?: DEFAULT_TEMPLATE;
}

static int check_template(const struct options *options)
{
	for (size_t i = 0; i < N_TEMPLATES; i++)
		if (!strcmp(template_of(options), templates[i]))
			return 0;
	return give_up(options, EXIT_USAGE,
		"\"%s\" is not a template: the templates are minimal, counter, state, tables and cxx",
		options->template);
}

static bool has_own(const char *template, const char *name)
{
	for (size_t i = 0; i < N_FILES; i++)
		if (!strcmp(scaffold_files[i].folder, template) && !strcmp(scaffold_files[i].name, name))
			return true;
	return false;
}

/* The other recipe's file is left out, and what the template has its own of. */
static bool wanted(const struct options *options, const struct scaffold_file *file)
{
	const char *template = template_of(options);

	if (!strcmp(file->name, options->make ? "meson.build" : "Makefile"))
		return false;
	return !strcmp(file->folder, template) ||
	       (!strcmp(file->folder, COMMON) && !has_own(template, file->name));
}

/* `text` with our name replaced, which in capitals begins constants. */
static void write_renamed(const char *text, const char *name, FILE *out)
{
	const size_t length = strlen(SCAFFOLD);

	while (*text) {
		if (!strncmp(text, SCAFFOLD, length)) {
			fputs(name, out);
			text += length;
		} else if (!strncasecmp(text, SCAFFOLD, length)) {
			for (const char *c = name; *c; c++)
				fputc(toupper((unsigned char)*c), out);
			text += length;
		} else {
			fputc(*text++, out);
		}
	}
}

static void file_path(const char *directory, const struct scaffold_file *file, const char *name,
	char ret_path[static PATH_MAX])
{
	FILE *out = fmemopen(ret_path, PATH_MAX, "w");

	ret_path[0] = 0;
	if (!out)
		return;
	fprintf(out, "%s/", directory);
	write_renamed(file->name, name, out);
	fclose(out);
}

/* Nobody's file is written over. */
static int write_file(const struct options *options, const char *directory, const struct scaffold_file *file,
	const char *name)
{
	char path[PATH_MAX];
	FILE *out;
	int fd;

	file_path(directory, file, name, path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out)
		return give_up(options, EXIT_FAILURE, "cannot make %s: %s", path, strerror(errno));
	write_renamed(file->text, name, out);
	if (fclose(out) != 0)
		return give_up(options, EXIT_FAILURE, "cannot write all of %s: %s", path, strerror(errno));
	return 0;
}

static int print_made(const struct options *options, const char *directory, const char *name)
{
	json_t *files = json_array();
	char path[PATH_MAX];

	for (size_t i = 0; i < N_FILES; i++) {
		if (!wanted(options, &scaffold_files[i]))
			continue;
		file_path(directory, &scaffold_files[i], name, path);
		json_array_append_new(files, json_text(path));
	}
	if (options->json)
		return print_json(json_pack("{s:{s:s, s:o, s:o}, s:[]}", "plugin", "name", name, "directory",
			json_text(directory), "files", files, "errors"));
	for (size_t i = 0; i < json_array_size(files); i++)
		print_line("%s", json_string_value(json_array_get(files, i)));
	json_decref(files);
	if (options->make)
		printf("Next: cd %s && make && sudo make test\n", directory);
	else
		printf("Next: cd %s && meson setup build && ninja -C build && sudo meson test -C build\n",
			directory);
	return 0;
}

int verb_plugin_new(const struct options *options, int argc, char **argv)
{
	const char *name = argv[0], *directory = argc > 1 ? argv[1] : name;
	int r;

	r = check_template(options);
	if (!r)
		r = check_name(options, name);
	if (r)
		return r;
	if (mkdir(directory, 0777) < 0 && errno != EEXIST)
		return give_up(
			options, EXIT_FAILURE, "cannot make the folder %s: %s", directory, strerror(errno));
	for (size_t i = 0; i < N_FILES; i++) {
		if (!wanted(options, &scaffold_files[i]))
			continue;
		r = write_file(options, directory, &scaffold_files[i], name);
		if (r)
			return r;
	}
	return print_made(options, directory, name);
}

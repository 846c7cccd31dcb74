/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The traps of the INI library: each line is read as it stands, or refused with its number. */
#include <errno.h>

#include "config-files.h"
#include "config/ini.h"

/* "[section]@line" and "key=value@line", with blanks between, then the errors. Caller frees. */
static char *read_bytes(const void *data, size_t size)
{
	struct report report = {};
	struct ini ini = {};
	char *text = NULL, *errors;
	size_t length;
	FILE *stream = open_memstream(&text, &length);
	int r;

	file_write_bytes("x.ini", data, size);
	r = ini_append(&ini, NULL, "x.ini", &report);
	assert_int_equal(r, report.n_errors > 0 ? -EINVAL : 0);
	for (size_t i = 0; i < ini.n_sections; i++) {
		struct ini_section *section = &ini.sections[i];

		fprintf(stream, "%s[%s]@%u", i ? " " : "", section->name, section->place.line);
		for (size_t k = 0; k < section->n_entries; k++)
			fprintf(stream, " %s=%s@%u", section->entries[k].key, section->entries[k].value,
				section->entries[k].place.line);
	}
	errors = report_text(&report);
	if (errors)
		fprintf(stream, "%s%s", errors[0] ? "|" : "", errors);
	free(errors);
	fclose(stream);
	ini_deinit(&ini);
	return text;
}

static void check(const char *input, const char *expected)
{
	char *text = read_bytes(input, strlen(input));

	assert_string_equal(text, expected);
	free(text);
}

static void test_lines_are_counted(void **state)
{
	check("", "");
	check("[a]\nk = v\n\n; c\n# c\n[b]\nl=w", "[a]@1 k=v@2 [b]@6 l=w@7");
	check("\n\n[a] ; comment\n\n  ; indented comment\n\t\nk\t=\tv w  \n", "[a]@3 k=v w@7");
	check("[a]\nk =\nl = a=b:c\n", "[a]@1 k=@2 l=a=b:c@3");
}

static void test_empty_and_repeated_sections_are_seen(void **state)
{
	check("[a]\n[b]\n[a]\n[a]\nk=v\n", "[a]@1 [b]@2 [a]@3 [a]@4 k=v@5");
}

static void test_every_error_is_told(void **state)
{
	check("[a]\nfoo\nk = v\nbar\n= 1\nbaz",
		"[a]@1 k=v@3"
		"|x.ini:2: the line is neither a [section] nor KEY = VALUE nor a comment (; or #)\n"
		"x.ini:4: the line is neither a [section] nor KEY = VALUE nor a comment (; or #)\n"
		"x.ini:5: there is no key before the =\n"
		"x.ini:6: the line is neither a [section] nor KEY = VALUE nor a comment (; or #)");
	check("[a]\nk ; c = v\n",
		"[a]@1|x.ini:2: the line is neither a [section] nor KEY = VALUE nor a comment (; or #)");
}

static void test_indentation_is_refused(void **state)
{
	const char *sentence =
		"the line is indented, which other INI readers take as a continuation of the value above; remove the blanks at its start";
	char expected[512];

	snprintf(expected, sizeof(expected), "[a]@1 k=v@2|x.ini:3: %s\nx.ini:4: %s", sentence, sentence);
	check("[a]\nk=v\n l=w\n\t[b]\n", expected);
}

static void test_long_lines_are_refused_not_cut(void **state)
{
	char line[1024], input[4096], expected[4096];

	/* "k=" and 196: the longest line that inih gets whole, with every kind of line end */
	for (size_t i = 0; i < 3; i++) {
		memset(line, 'x', 196);
		line[196] = 0;
		snprintf(input, sizeof(input), "[a]\nk=%s%s", line, (const char *[]){ "", "\n", "\r\n" }[i]);
		snprintf(expected, sizeof(expected), "[a]@1 k=%s@2", line);
		check(input, expected);
		line[196] = 'y';
		line[197] = 0;
		snprintf(input, sizeof(input), "[a]\nk=%s\nl=w\n", line);
		check(input,
			"[a]@1 l=w@3|x.ini:2: the line has 199 bytes, more than the 198 allowed; shorten it");
	}
	memset(line, '-', 1000);
	line[1000] = 0;
	snprintf(input, sizeof(input), "#%s\n[a]\n;%s\nk=v\n", line, line);
	check(input, "[a]@2 k=v@4");
}

static void test_long_names_are_refused_not_cut(void **state)
{
	check("[s2345678901234567890123456789012345678901234567890]\nk=v\n[b]\n",
		"[b]@3|x.ini:1: the section's name has 50 bytes, more than the 49 allowed");
	check("[s23456789012345678901234567890123456789012345678]\nk=v\n",
		"[s23456789012345678901234567890123456789012345678]@1 k=v@2");
	check("[a]\nk2345678901234567890123456789012 = v\n",
		"[a]@1|x.ini:2: the key k2345678901234567890123456789012 has 32 characters; no key has more "
		"than 31");
	check("[a]\nk234567890123456789012345678901 = v\n", "[a]@1 k234567890123456789012345678901=v@2");
}

static void test_headers_are_exact(void **state)
{
	/* a refused header takes its keys with it: they are not the section's above */
	check("[a]\n[b\nk=v\n", "[a]@1|x.ini:2: the section's name has no end; write ] after it");
	check("[a] k = v\nl=w\n",
		"|x.ini:1: \"k = v\" follows the section's ]; put keys on lines of their own");
	check("[]\n", "|x.ini:1: the section's name is empty or has blanks at its ends; write it as [host]");
	check("[ a]\n[a\t]\n",
		"|x.ini:1: the section's name is empty or has blanks at its ends; write it as [host]\n"
		"x.ini:2: the section's name is empty or has blanks at its ends; write it as [host]");
	check("[a ;b]\n[a;b]\n",
		"|x.ini:1: \"a ;b\" is not a section's name; use letters, digits, _, - and .\n"
		"x.ini:2: \"a;b\" is not a section's name; use letters, digits, _, - and .");
	check("[a]# c\nk=v\n[b]\t;]\n", "[a]@1 k=v@2 [b]@3");
	check("k=v\nl=w\n[a]\nm=x\n",
		"[a]@3 m=x@4|x.ini:1: the key k comes before the first section; put [host], [chain NAME] or "
		"[slot CHAIN.NUMBER] above it");
}

static void test_comments_end_values(void **state)
{
	check("[a]\nk = v ; c\nl = v;c\nm = v\t;c\nn = ; c\n", "[a]@1 k=v@2 l=v;c@3 m=v@4 n=@5");
	check("[a]\nk =; c\n",
		"[a]@1|x.ini:2: the value of k begins with a semicolon; put a blank before a comment");
	check("[a]\nk = v # c\nl = v#c\nm = # c\n",
		"[a]@1 l=v#c@3"
		"|x.ini:2: the value of k contains \" #\"; a comment after a value begins with \" ;\"\n"
		"x.ini:4: the value of m contains \" #\"; a comment after a value begins with \" ;\"");
}

static void test_quotes_protect_nothing(void **state)
{
	const char *sentence =
		"the value of k is quoted; values are written without quotes, and \" ;\" begins a comment even inside them";
	static const char *const inputs[] = { "\"v\"", "'v'", "\"v ; w\"", "v \"w ; x\"", NULL };
	char input[64], expected[256];

	for (const char *const *value = inputs; *value; value++) {
		snprintf(input, sizeof(input), "[a]\nk = %s\n", *value);
		snprintf(expected, sizeof(expected), "[a]@1|x.ini:2: %s", sentence);
		check(input, expected);
	}
	check("[a]\nk = the \"w\" it's\n", "[a]@1 k=the \"w\" it's@2");
}

static void test_keys_are_exact(void **state)
{
	check("[a]\nk: v\nl:m = w\n",
		"[a]@1|x.ini:2: a key and its value are separated by =, not by a colon; write k = VALUE\n"
		"x.ini:3: a key and its value are separated by =, not by a colon; write l = VALUE");
	check("[a]\nk l = v\nk+l = v\n",
		"[a]@1|x.ini:2: \"k l\" is not a key; a key has letters, digits, '.', _ and -\n"
		"x.ini:3: \"k+l\" is not a key; a key has letters, digits, '.', _ and -");
}

static void test_bytes_that_are_no_text(void **state)
{
	static const char nul[] = "[a]\nk=v\0w\n;\0\nl=w\n";
	char *text = read_bytes(nul, sizeof(nul) - 1);

	assert_string_equal(text, "[a]@1 l=w@4|x.ini:2: the line has a NUL byte; this is not a text file\n"
				  "x.ini:3: the line has a NUL byte; this is not a text file");
	free(text);
	check("\xef\xbb\xbf[a]\nk=v\n",
		"[a]@1 k=v@2|x.ini:1: the file begins with a byte order mark; save it as UTF-8 without one");
	check("[a]\r\nk=v\r\n\r\n; c\r\nl=w ; c\r\n", "[a]@1 k=v@2 l=w@5");
	check("[a]\nk=v\rw\nl=\x1b[0m\nm=\x7f\n",
		"[a]@1|x.ini:2: byte 4 of the line, 0x0d, is a control character; remove it\n"
		"x.ini:3: byte 3 of the line, 0x1b, is a control character; remove it\n"
		"x.ini:4: byte 3 of the line, 0x7f, is a control character; remove it");
}

static void test_utf8(void **state)
{
	static const char *const bad[] = { "\xe9", "\xc0\xaf", "\x80", "\xe0\x80\xaf", "\xed\xa0\x80",
		"\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xc3", "\xf0\x9f\x98", NULL };
	char input[64], expected[128];

	check("[a]\nk=\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\n",
		"[a]@1 k=\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80@2");
	check("; Latin-1 is no one's business in a comment: \xe9\n[a]\n", "[a]@2");
	for (const char *const *value = bad; *value; value++) {
		snprintf(input, sizeof(input), "[a]\nk=%s\n", *value);
		snprintf(expected, sizeof(expected),
			"[a]@1|x.ini:2: byte 3 of the line, 0x%02x, is not UTF-8; save the file as UTF-8",
			(unsigned char)(*value)[0]);
		check(input, expected);
	}
}

static void test_bounds(void **state)
{
	char *input = NULL, *text;
	size_t size;
	FILE *stream = open_memstream(&input, &size);

	fprintf(stream, "[a]\n");
	for (int i = 0; i <= INI_KEYS_MAX + 1; i++)
		fprintf(stream, "k%d=\n", i);
	fclose(stream);
	text = read_bytes(input, size);
	assert_string_equal(strchr(text, '|'), "|x.ini:258: [a] has more than 256 keys");
	free(text);
	free(input);
	input = calloc(1, INI_FILE_MAX + 1);
	text = read_bytes(input, INI_FILE_MAX + 1);
	assert_string_equal(text,
		"|x.ini: cannot read the configuration: x.ini has 1048577 bytes, more than the 1048576 allowed");
	free(text);
	free(input);
}

static void test_files_that_cannot_be_read(void **state)
{
	struct report report = {};
	struct ini ini = {};
	char *text;

	assert_int_equal(ini_append(&ini, NULL, "none.ini", &report), -EINVAL);
	assert_int_equal(ini_append(&ini, NULL, "conf.d", &report), -EINVAL);
	assert_true(ini.incomplete);
	text = report_text(&report);
	assert_string_equal(text,
		"none.ini: cannot read the configuration: cannot open none.ini: No such file or directory\n"
		"conf.d: cannot read the configuration: conf.d is a directory, not a regular file");
	free(text);
}

/* Random bytes, most of them of the kind that means something here. */
static void test_garbage_never_crashes(void **state)
{
	static const char alphabet[] = "[]=;#:. \t\n\n\n\r\"abk10_-\xc3\xa9\xef\xbb\xbf";
	unsigned seed = 1;
	char data[512];

	for (int round = 0; round < 3000; round++) {
		size_t size = (size_t)rand_r(&seed) % sizeof(data);

		for (size_t i = 0; i < size; i++)
			data[i] = rand_r(&seed) % 16 ? alphabet[(size_t)rand_r(&seed) % sizeof(alphabet)]
						     : (char)rand_r(&seed);
		free(read_bytes(data, size));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_are_counted),
		cmocka_unit_test(test_empty_and_repeated_sections_are_seen),
		cmocka_unit_test(test_every_error_is_told),
		cmocka_unit_test(test_indentation_is_refused),
		cmocka_unit_test(test_long_lines_are_refused_not_cut),
		cmocka_unit_test(test_long_names_are_refused_not_cut),
		cmocka_unit_test(test_headers_are_exact),
		cmocka_unit_test(test_comments_end_values),
		cmocka_unit_test(test_quotes_protect_nothing),
		cmocka_unit_test(test_keys_are_exact),
		cmocka_unit_test(test_bytes_that_are_no_text),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_files_that_cannot_be_read),
		cmocka_unit_test(test_garbage_never_crashes),
	};

	return cmocka_run_group_tests(tests, files_setup, files_teardown);
}

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <errno.h>
#include <linux/bpf.h>

#include "config-files.h"
#include "config/config_read.h"

static struct config *load(const char *text)
{
	struct report report = {};
	struct config *config = NULL;

	file_write("x.ini", text);
	if (config_load(NULL, "x.ini", &config, &report) < 0)
		fail_msg("%s", report_text(&report));
	assert_int_equal(report.n_errors, 0);
	return config;
}

static void test_defaults(void **state)
{
	struct config *config = load("[chain edge]\ninterfaces = eth0\n[slot edge.10]\nplugin = count\n");
	struct config_chain *chain = &config->chains[0];

	assert_string_equal(config->file, "x.ini");
	assert_string_equal(config->host.plugin_path, TEST_PLUGINDIR);
	assert_string_equal(config->host.bpffs, "/sys/fs/bpf/xslot");
	assert_string_equal(config->host.socket, "/run/xslot/control");
	assert_int_equal(config->host.log_level, LOG_LEVEL_INFO);
	assert_int_equal(config->host.on_stop, ON_STOP_KEEP);
	assert_int_equal(config->host.on_stop_place.line, 0);
	assert_int_equal(config->n_chains, 1);
	assert_string_equal(chain->name, "edge");
	assert_int_equal(chain->n_interfaces, 1);
	assert_false(chain->generic);
	assert_int_equal(chain->final, XDP_PASS);
	assert_int_equal(chain->on_gap, XDP_ABORTED);
	assert_false(chain->frags);
	assert_true(chain->fuse);
	assert_int_equal(chain->place.line, 1);
	assert_int_equal(chain->n_slots, 1);
	assert_int_equal(chain->slots[0].number, 10);
	assert_string_equal(chain->slots[0].plugin, "count");
	assert_null(chain->slots[0].object);
	assert_null(chain->slots[0].program);
	assert_false(chain->slots[0].state_fresh || chain->slots[0].proceed_given);
	assert_true(chain->slots[0].fuse);
	assert_int_equal(chain->slots[0].n_params, 0);
	assert_int_equal(chain->slots[0].place.line, 3);
	assert_int_equal(chain->slots[0].plugin_place.line, 4);
	config_free(config);
}

/* In order of number, without the disabled one. */
static void check_slots(const struct config_chain *chain)
{
	const struct config_slot *slots = chain->slots;

	assert_int_equal(chain->n_slots, 3);
	assert_int_equal(slots[0].number, 0);
	assert_int_equal(slots[0].n_params, 2);
	assert_string_equal(slots[0].params[0].name, "rules");
	assert_string_equal(slots[0].params[0].text, "/etc/x");
	assert_int_equal(slots[0].params[0].place.line, 10);
	assert_string_equal(slots[0].params[1].text, "");
	assert_int_equal(slots[1].number, 3);
	assert_true(slots[1].proceed_given);
	assert_int_equal(slots[1].proceed, 0);
	assert_int_equal(slots[2].number, 20);
	assert_string_equal(slots[2].object, "/usr/lib/x.o");
	assert_int_equal(slots[2].object_place.line, 3);
	assert_string_equal(slots[2].program, "main");
	assert_true(slots[2].state_fresh && !slots[2].fuse);
	assert_int_equal(slots[2].proceed, 31);
}

static void test_everything_given(void **state)
{
	struct config *config = load(
		"[slot edge.20]\nplugin=object\nobject=/usr/lib/x.o\nprogram=main\nstate=fresh\nfuse=no\n"
		"proceed_on = pass, tx,redirect ,aborted,drop\n"
		"[slot edge.0]\nplugin=acl\nrules=/etc/x ; comment\nempty=\n"
		"[slot edge.65535]\nplugin=a\nenabled=no\n"
		"[slot edge.3]\nplugin=b\nstate=keep\nenabled=on\nproceed_on=next\n"
		"[chain\tedge]\ninterfaces=eth0,eth0.5 , "
		"a23456789012345\ninterfaces=x\nmode=generic\nfinal=tx\n"
		"on_gap=drop\nfrags=true\nfuse=off\nreplace=yes\non_detach=alarm\n"
		"[chain "
		"01234567890123456789-_abcdefghi]\ninterfaces=y\nfinal=drop\non_gap=pass\nmode=native\n"
		"[host]\nplugin_path=/a:/b\nbpffs=/c\nsocket=/d\nlog_level=debug\non_stop=detach\n");
	struct config_chain *chain = &config->chains[0];

	assert_string_equal(config->host.plugin_path, "/a:/b");
	assert_string_equal(config->host.bpffs, "/c");
	assert_string_equal(config->host.socket, "/d");
	assert_int_equal(config->host.log_level, LOG_LEVEL_DEBUG);
	assert_int_equal(config->host.on_stop, ON_STOP_DETACH);
	assert_int_equal(config->host.on_stop_place.line, 40);
	assert_int_equal(config->n_chains, 2);
	assert_int_equal(chain->n_interfaces, 4);
	assert_string_equal(chain->interfaces[1].name, "eth0.5");
	assert_string_equal(chain->interfaces[2].name, "a23456789012345");
	assert_string_equal(chain->interfaces[3].name, "x");
	assert_int_equal(chain->interfaces[3].place.line, 22);
	assert_true(chain->generic);
	assert_int_equal(chain->mode_place.line, 23);
	assert_string_equal(chain->mode_place.file, "x.ini");
	assert_int_equal(chain->final, XDP_TX);
	assert_int_equal(chain->on_gap, XDP_DROP);
	assert_true(chain->frags && !chain->fuse && chain->replace && chain->only_alarm);
	assert_false(config->chains[1].only_alarm || config->chains[1].replace);
	assert_int_equal(config->chains[1].final, XDP_DROP);
	assert_int_equal(config->chains[1].on_gap, XDP_PASS);
	assert_int_equal(config->chains[1].n_slots, 0);
	check_slots(chain);
	config_free(config);
}

static void test_nothing_is_a_configuration(void **state)
{
	struct config *config = load("; all chains are in conf.d\n");

	assert_int_equal(config->n_chains, 0);
	config_free(config);
}

static void test_the_example_is_right(void **state)
{
	struct report report = {};
	struct config *config = NULL;

	if (config_load(NULL, TEST_EXAMPLE, &config, &report) < 0)
		fail_msg("%s", report_text(&report));
	assert_int_equal(config->n_chains, 1);
	assert_int_equal(config->chains[0].n_slots, 2);
	assert_int_equal(config->host.on_stop, ON_STOP_KEEP);
	config_free(config);
}

/* A chain and a slot that are right, for rows about something else. */
#define CHAIN "[chain edge]\ninterfaces = eth0\n"
#define SLOT CHAIN "[slot edge.10]\nplugin = count\n"
#define SECTIONS "[host], [chain NAME] or [slot CHAIN.NUMBER]"

static const struct {
	const char *input;
	const char *errors;
} broken[] = {
	/* headers */
	{ "[chian edge]\n",
		"x.ini:1: [chian edge] is not a section; did you mean chain? The sections are " SECTIONS },
	{ "[global]\n", "x.ini:1: [global] is not a section; the sections are " SECTIONS },
	{ "[host main]\n", "x.ini:1: [host] takes no name; remove \"main\"" },
	{ "[chain]\ninterfaces=a\n", "x.ini:1: a chain needs a name, as in [chain edge]" },
	{ "[chain Edge]\n", "x.ini:1: \"Edge\" is not a chain's name; use a to z, 0 to 9, _ and -" },
	{ "[chain a.b]\n", "x.ini:1: \"a.b\" is not a chain's name; use a to z, 0 to 9, _ and -" },
	{ "[chain a b]\n", "x.ini:1: \"a b\" is not a chain's name; use a to z, 0 to 9, _ and -" },
	{ "[chain c2345678901234567890123456789012]\n",
		"x.ini:1: the chain's name has 32 characters, more than the 31 allowed" },
	{ CHAIN "[slot edge]\n",
		"x.ini:3: [slot edge] has no chain and number; write it as in [slot edge.10]" },
	{ CHAIN "[slot]\n", "x.ini:3: [slot] has no chain and number; write it as in [slot edge.10]" },
	{ CHAIN "[slot .10]\n", "x.ini:3: a chain needs a name, as in [chain edge]" },
	{ CHAIN "[slot edge.]\n", "x.ini:3: \"\" is not a slot's number; write it as in [slot edge.10]" },
	{ CHAIN "[slot edge.1a]\n", "x.ini:3: \"1a\" is not a slot's number; write it as in [slot edge.10]" },
	{ CHAIN "[slot edge.-1]\n", "x.ini:3: \"-1\" is not a slot's number; write it as in [slot edge.10]" },
	{ CHAIN "[slot edge.10.2]\n",
		"x.ini:3: \"10.2\" is not a slot's number; write it as in [slot edge.10]" },
	{ CHAIN "[slot edge.010]\n", "x.ini:3: the slot's number 010 has a leading 0; remove it" },
	{ CHAIN "[slot edge.65536]\n", "x.ini:3: the slot's number 65536 is too high; the highest is 65535" },
	{ CHAIN "[slot edge.99999999999999999999]\n",
		"x.ini:3: the slot's number 99999999999999999999 is too high; the highest is 65535" },
	{ CHAIN "[slot egde.10]\nplugin=a\n",
		"x.ini:3: there is no [chain egde] for this slot; did you mean edge?" },
	{ CHAIN "[slot uplink.10]\nplugin=a\n", "x.ini:3: there is no [chain uplink] for this slot; add it" },
	/* an unread chain is error enough: its slots are not blamed for it */
	{ "[chain edge\ninterfaces = a\n[slot edge.1]\nplugin=a\n",
		"x.ini:1: the section's name has no end; write ] after it" },
	/* repetitions */
	{ "[host]\n[host]\n",
		"x.ini:2: duplicate section [host], first defined at x.ini:1; put all its keys there" },
	{ CHAIN CHAIN,
		"x.ini:3: duplicate section [chain edge], first defined at x.ini:1; put all its keys there" },
	{ SLOT "[slot\tedge.10]\nplugin=a\n",
		"x.ini:5: duplicate section [slot\\x09edge.10], first defined at x.ini:3; put all its keys there" },
	{ SLOT "plugin = acl\n",
		"x.ini:5: [slot edge.10] has the key plugin twice, first in line 4; remove one of them" },
	{ SLOT "rate=1\nburst=2\nrate=1\n",
		"x.ini:7: [slot edge.10] has the key rate twice, first in line 5; remove one of them" },
	/* [host] */
	{ "[host]\npluginpath = /a\n", "x.ini:2: [host] has no key pluginpath; did you mean plugin_path?" },
	{ "[host]\ncolour = red\n", "x.ini:2: [host] has no key colour; its keys are plugin_path, bpffs, "
				    "socket, state, log_level and on_stop" },
	{ "[host]\nplugin_path = /a:b\n",
		"x.ini:2: plugin_path = /a:b: \"b\" is not a path that begins with /; separate directories with one colon" },
	{ "[host]\nplugin_path = /a::/b\n",
		"x.ini:2: plugin_path = /a::/b: \"\" is not a path that begins with /; separate directories with one colon" },
	{ "[host]\nplugin_path =\n", "x.ini:2: plugin_path has no value: must be a path that begins with /" },
	{ "[host]\nbpffs = run\n", "x.ini:2: bpffs = run: must be a path that begins with /" },
	{ "[host]\nsocket = @xslot\n", "x.ini:2: socket = @xslot: must be a path that begins with /" },
	{ "[host]\nlog_level = verbose\n",
		"x.ini:2: log_level = verbose: must be error, warning, info or debug" },
	{ "[host]\nlog_level = warn\n",
		"x.ini:2: log_level = warn: must be error, warning, info or debug; did you mean warning?" },
	{ "[host]\non_stop =\n", "x.ini:2: on_stop has no value: must be keep or detach" },
	/* [chain] */
	{ "[chain edge]\n", "x.ini:1: chain edge has no interfaces, so it would never see a packet; add "
			    "interfaces = NAME or remove the chain" },
	{ "[chain edge]\ninterface = eth0\n",
		"x.ini:1: chain edge has no interfaces, so it would never see a packet; add interfaces = "
		"NAME or "
		"remove the chain\n"
		"x.ini:2: [chain edge] has no key interface; did you mean interfaces?" },
	/* One line that is refused is one error, however it is wrong. */
	{ "[chain edge]\ninterfaces = \"eth0\"\n",
		"x.ini:2: the value of interfaces is quoted; values are written without "
		"quotes, and \" ;\" begins a comment even inside them" },
	{ "[chain edge]\ninterfaces: eth0\n",
		"x.ini:2: a key and its value are separated by =, not by a colon; write "
		"interfaces = VALUE" },
	{ "[chain edge]\ninterfaces = ; eth0\n",
		"x.ini:2: interfaces has no value: must be one interface or more, separated by commas" },
	{ "[chain edge]\ninterfaces =\n",
		"x.ini:2: interfaces has no value: must be one interface or more, separated by commas" },
	{ "[chain edge]\ninterfaces = eth0,\n",
		"x.ini:2: interfaces = eth0,: has nothing before or after a comma" },
	{ "[chain edge]\ninterfaces = eth0 eth1\n",
		"x.ini:2: interfaces = eth0 eth1: \"eth0 eth1\" contains a blank; separate interfaces with commas" },
	{ "[chain edge]\ninterfaces = a234567890123456\n",
		"x.ini:2: interfaces = a234567890123456: \"a234567890123456\" has 16 characters; Linux allows at most 15 in the name of an interface" },
	{ "[chain edge]\ninterfaces = a/b\n",
		"x.ini:2: interfaces = a/b: \"a/b\" cannot be the name of an interface; Linux forbids / and :" },
	{ "[chain edge]\ninterfaces = ..\n",
		"x.ini:2: interfaces = ..: \"..\" cannot be the name of an interface; Linux forbids / and :" },
	{ "[chain edge]\ninterfaces = a, b, a\n",
		"x.ini:2: chain edge has interface a twice, first at x.ini:2" },
	{ CHAIN "[chain core]\ninterfaces = a, eth0\n",
		"x.ini:4: interface eth0 is already in chain edge, at x.ini:2; an interface runs one chain, so put the "
		"slots of both into one" },
	{ "[chain edge]\ninterfaces = eth0, eth*\n",
		"x.ini:2: interfaces = eth0, eth*: \"eth*\" is a pattern, and patterns are not expanded; name each interface" },
	{ "[chain edge]\ninterfaces = eth?\n",
		"x.ini:2: interfaces = eth?: \"eth?\" is a pattern, and patterns are not expanded; name each interface" },
	{ "[chain edge]\ninterfaces = eth[0-3]\n",
		"x.ini:2: interfaces = eth[0-3]: \"eth[0-3]\" is a pattern, and patterns are not expanded; name each interface" },
	{ "[chain edge]\ninterfaces = eth%d\n",
		"x.ini:2: interfaces = eth%d: \"eth%d\" is a pattern, and patterns are not expanded; name each interface" },
	{ CHAIN "mode = skb\n", "x.ini:3: mode = skb: must be native or generic" },
	{ CHAIN "mode = nativ\n", "x.ini:3: mode = nativ: must be native or generic; did you mean native?" },
	{ CHAIN "final = redirect\n", "x.ini:3: final = redirect: must be pass, drop or tx" },
	{ CHAIN "on_gap = tx\n", "x.ini:3: on_gap = tx: must be aborted, pass or drop" },
	{ CHAIN "frags = maybe\n", "x.ini:3: frags = maybe: must be yes or no" },
	{ CHAIN "fuse = YES\n", "x.ini:3: fuse = YES: must be yes or no" },
	{ CHAIN "on_detach = yes\n", "x.ini:3: on_detach = yes: must be attach or alarm" },
	{ CHAIN "replace = si\n", "x.ini:3: replace = si: must be yes or no" },
	/* [slot] */
	{ CHAIN "[slot edge.1]\n", "x.ini:3: [slot edge.1] has no plugin; add plugin = NAME" },
	{ CHAIN "[slot edge.1]\nplugin =\n", "x.ini:4: plugin has no value: must be a plugin's name" },
	{ CHAIN "[slot edge.1]\nplugin = /lib/acl.so\n",
		"x.ini:4: plugin = /lib/acl.so: must be a plugin's name, not a path; add its directory to "
		"plugin_path" },
	{ CHAIN "[slot edge.1]\nplugin = acl.so\n",
		"x.ini:4: plugin = acl.so: is not a plugin's name; use letters, digits and _, and do not begin with a digit" },
	{ CHAIN "[slot edge.1]\nplugin = 2acl\n",
		"x.ini:4: plugin = 2acl: is not a plugin's name; use letters, digits and _, and do not begin with a digit" },
	{ CHAIN "[slot edge.1]\nplugin = p2345678901234567890123456789012\n",
		"x.ini:4: plugin = p2345678901234567890123456789012: has 32 characters, more than the 31 allowed in a plugin's name" },
	{ SLOT "enabled = 2\n", "x.ini:5: enabled = 2: must be yes or no" },
	{ SLOT "state = kept\n", "x.ini:5: state = kept: must be keep or fresh; did you mean keep?" },
	{ SLOT "fuse =\n", "x.ini:5: fuse has no value: must be yes or no" },
	{ SLOT "object = x.o\n", "x.ini:5: object = x.o: must be a path that begins with /" },
	{ SLOT "object = /x\nprogram =\n",
		"x.ini:6: program has no value: must be the name of a function in the object" },
	{ SLOT "program = main\n",
		"x.ini:5: program = main: selects a function of an object file, and the slot has none; add object = PATH" },
	{ SLOT "proceed_on = pass, dorp\n", "x.ini:5: proceed_on = pass, dorp: \"dorp\": must be next, pass, "
					    "drop, tx, redirect or aborted; did you "
					    "mean drop?" },
	{ SLOT "proceed_on =\n",
		"x.ini:5: proceed_on has no value: must be next, pass, drop, tx, redirect or aborted" },
	{ SLOT "proceed_on = pass drop\n",
		"x.ini:5: proceed_on = pass drop: \"pass drop\" contains a blank; separate verdicts with commas" },
	{ SLOT "proceed_on = pass, tx, pass\n", "x.ini:5: proceed_on = pass, tx, pass: has pass twice" },
	{ SLOT "on_gap = pass\n",
		"x.ini:5: [slot edge.10] has no key on_gap; keys that begin with on_ or slot_ are reserved for the host" },
	{ SLOT "slot_state = keep\n",
		"x.ini:5: [slot edge.10] has no key slot_state; keys that begin with on_ or slot_ are reserved for the host" },
	/* a disabled slot is read like any other */
	{ SLOT "enabled = no\nstate = old\n", "x.ini:6: state = old: must be keep or fresh" },
	/* everything at once, in order of the lines */
	{ "[slot edge.1]\nplugin=a\nmode=x\nstate=1\n[host]\nbpffs=x\n foo\n[chain "
	  "edge]\nfinal=no\ninterfaces=a,a\nbar\n",
		"x.ini:4: state = 1: must be keep or fresh\n"
		"x.ini:6: bpffs = x: must be a path that begins with /\n"
		"x.ini:7: the line is indented, which other INI readers take as a continuation of the value above; remove the blanks at its start\n"
		"x.ini:9: final = no: must be pass, drop or tx\n"
		"x.ini:10: chain edge has interface a twice, first at x.ini:10\n"
		"x.ini:11: the line is neither a [section] nor KEY = VALUE nor a comment (; or #)" },
};

static void check_errors(const char *expected)
{
	struct config *config = NULL;
	struct report report = {};
	char *text;

	assert_int_equal(config_load(NULL, "x.ini", &config, &report), -EINVAL);
	assert_null(config);
	text = report_text(&report);
	assert_string_equal(text, expected);
	free(text);
}

static void test_broken(void **state)
{
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		file_write("x.ini", broken[i].input);
		check_errors(broken[i].errors);
	}
}

/* 1 MiB of them, once 500,000 errors: all are counted, the first are kept, in order. */
static void test_a_file_of_junk(void **state)
{
	struct report report = {};
	struct config *config = NULL;
	const size_t n = 1 << 19;
	char *junk = malloc(2 * n + 1);

	for (size_t i = 0; i < n; i++)
		memcpy(junk + 2 * i, "x\n", 3);
	file_write("x.ini", junk);
	free(junk);
	assert_int_equal(config_load(NULL, "x.ini", &config, &report), -EINVAL);
	assert_null(config);
	assert_int_equal(report.n_errors, n);
	assert_int_equal(report.n_kept, REPORT_KEPT_MAX);
	for (size_t i = 0; i < REPORT_KEPT_MAX; i++)
		assert_int_equal(report.errors[i].line, i + 1);
	report_clear(&report);
}

/* What is left of files with errors: slots that say whether they are whole, or nothing at all. */
static void test_read_in_spite_of_errors(void **state)
{
	static const char *const nothing[] = {
		CHAIN "[host]\nplugin_path: /a\n",
		CHAIN "[host]\nlog_level = loud\n",
		CHAIN "[slot edge.1\nplugin = a\n",
		"plugin = a\n" CHAIN,
	};
	struct report report = {};
	struct config *config = NULL;

	file_write("x.ini",
		CHAIN "[slot edge.1]\nplugin = a\n[slot edge.2]\nplugin: a\n[slot edge.3]\nplugin = a\n"
		      "state = no\n[slot edge.4]\nplugin = a\nfinal\n[slot edge.5]\nplugin = b\n");
	assert_int_equal(config_read(NULL, "x.ini", &config, &report), -EINVAL);
	assert_int_equal(report.n_errors, 3);
	assert_int_equal(config->chains[0].n_slots, 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(config->chains[0].slots[i].broken, i > 0 && i < 4);
	config_free(config);
	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
		config = NULL;
		file_write("x.ini", nothing[i]);
		assert_int_equal(config_read(NULL, "x.ini", &config, &report), -EINVAL);
		assert_null(config);
	}
	report_clear(&report);
}

static void test_too_many_slots(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	fprintf(stream, CHAIN "[slot edge.100]\nplugin=a\nenabled=no\n");
	for (int i = 32; i > 0; i--)
		fprintf(stream, "[slot edge.%d]\nplugin=a\n", i);
	fflush(stream);
	config_free(load(text));
	fprintf(stream, "[slot edge.0]\nplugin=a\n");
	fclose(stream);
	file_write("x.ini", text);
	/* the one that is too high, not the one that came last */
	check_errors("x.ini:6: chain edge has 33 enabled slots, and a chain has room for 32; disable some, "
		     "or split "
		     "the chain");
	free(text);
}

static void test_files_are_one(void **state)
{
	struct config *config;

	file_write("conf.d/20-core.ini", "[chain core]\ninterfaces = eth1\n[slot edge.5]\nplugin = acl\n");
	file_write("conf.d/10-host.ini", "[host]\nbpffs = /a\n");
	file_write("conf.d/README", "not INI");
	file_write("conf.d/.#hidden.ini", "not INI");
	file_write("conf.d/.ini", "not INI");
	config = load(SLOT);
	assert_string_equal(config->host.bpffs, "/a");
	assert_int_equal(config->n_chains, 2);
	assert_string_equal(config->chains[0].name, "edge");
	assert_int_equal(config->chains[0].n_slots, 2);
	assert_string_equal(config->chains[0].slots[0].place.file, "conf.d/20-core.ini");
	assert_string_equal(config->chains[1].place.file, "conf.d/20-core.ini");
	config_free(config);
}

static void test_errors_of_all_files(void **state)
{
	file_write("conf.d/20-core.ini", "[chain core]\ninterfaces = eth0\n[slot edge.10]\nplugin=a\nfoo\n");
	file_write("conf.d/10-host.ini", "[host]\n[chain edge]\n");
	file_write("x.ini", SLOT "bar\n[host]\n");
	check_errors(
		"x.ini:5: the line is neither a [section] nor KEY = VALUE nor a comment (; or #)\n"
		"conf.d/10-host.ini:1: duplicate section [host], first defined at x.ini:6; put all its keys there\n"
		"conf.d/10-host.ini:2: duplicate section [chain edge], first defined at x.ini:1; put all its keys there\n"
		"conf.d/20-core.ini:2: interface eth0 is already in chain edge, at x.ini:2; an interface "
		"runs one "
		"chain, so put the slots of both into one\n"
		"conf.d/20-core.ini:3: duplicate section [slot edge.10], first defined at x.ini:3; put all its keys there\n"
		"conf.d/20-core.ini:5: the line is neither a [section] nor KEY = VALUE nor a comment (; or #)");
	unlink("conf.d/20-core.ini");
	unlink("conf.d/10-host.ini");
}

static void test_only_the_host_section(void **state)
{
	struct config_host host;

	file_write("x.ini", "[chain edge]\nnonsense\n[host]\nstate = /a\n");
	assert_int_equal(config_load_host("x.ini", &host), -EINVAL);
	assert_string_equal(host.state, "/a");
	config_host_deinit(&host);
	file_write("x.ini", "[chain edge]\ncolour = red\n[host]\nbpffs = /b\n");
	assert_int_equal(config_load_host("x.ini", &host), 0);
	assert_string_equal(host.state, "/var/lib/xslot");
	assert_string_equal(host.bpffs, "/b");
	config_host_deinit(&host);
	file_write("x.ini", "[host]\nbpffs = b\n");
	assert_int_equal(config_load_host("x.ini", &host), -EINVAL);
	config_host_deinit(&host);
	assert_int_equal(config_load_host("none.ini", &host), -EINVAL);
	config_host_deinit(&host);
}

static void test_files_that_cannot_be_read(void **state)
{
	/* the slot of an unread chain is not blamed; what is there is still checked */
	assert_int_equal(symlink("nowhere", "conf.d/10.ini"), 0);
	file_write("x.ini", "[slot core.1]\nplugin=a\nstate=x\n");
	check_errors("x.ini:3: state = x: must be keep or fresh\n"
		     "conf.d/10.ini: cannot read the configuration: cannot open conf.d/10.ini: it is a "
		     "symbolic link "
		     "to nowhere, which does not exist");
	unlink("conf.d/10.ini");
	unlink("x.ini");
	check_errors("x.ini: cannot read the configuration: cannot open x.ini: No such file or directory");
	assert_int_equal(rename("conf.d", "away"), 0);
	file_write("conf.d", "");
	file_write("x.ini", SLOT);
	check_errors("conf.d: cannot list the directory: Not a directory");
	unlink("conf.d");
	config_free(load(SLOT));
	assert_int_equal(rename("away", "conf.d"), 0);
}

/* What a writer that was cut off leaves is a configuration too often: a chain without its slots. */
static void test_files_that_look_cut_off(void **state)
{
	struct report report = {};
	struct config *config = NULL;

	file_write("x.ini", "[host]\n[chain edge]\ninterfaces = eth0");
	file_write("conf.d/a.ini", "");
	file_write("conf.d/b.ini", "; all of it\n");
	assert_int_equal(config_load(NULL, "x.ini", &config, &report), 0);
	assert_int_equal(report.n_warnings, 2);
	assert_string_equal(report.warnings[0].file, "x.ini");
	assert_string_equal(
		report.warnings[0].message, "the file does not end with a newline: was it cut off?");
	assert_string_equal(report.warnings[1].file, "conf.d/a.ini");
	assert_string_equal(report.warnings[1].message, "the file is empty: was it cut off?");
	assert_int_equal(report.n_errors, 0);
	config_free(config);
	report_clear(&report);
	assert_int_equal(report.n_warnings, 0);
	unlink("conf.d/a.ini");
	unlink("conf.d/b.ini");
	unlink("x.ini");
}

static void test_conf_d_is_beside_the_file(void **state)
{
	struct report report = {};
	struct config *config = NULL;
	char path[256], here[128];

	assert_non_null(getcwd(here, sizeof(here)));
	snprintf(path, sizeof(path), "%s/x.ini", here);
	file_write("x.ini", CHAIN);
	file_write("conf.d/a.ini", "[slot edge.1]\nplugin=a\n");
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(config_load(NULL, path, &config, &report), 0);
	assert_int_equal(chdir(here), 0);
	snprintf(path, sizeof(path), "%s/conf.d/a.ini", here);
	assert_string_equal(config->chains[0].slots[0].place.file, path);
	config_free(config);
	unlink("conf.d/a.ini");
}

/* A chain that is to run nowhere is none of the chains, whatever else its section and its slots say. */
static void test_detach(void **state)
{
	struct config *config = load("[chain old]\ndetach = yes\n[slot old.10]\nplugin = a\n[chain "
				     "edge]\ninterfaces = eth0, eth1\n"
				     "[chain gone]\ninterfaces = eth1, eth2\ndetach = yes\n[chain "
				     "lab]\ndetach = no\ninterfaces = x\n");

	assert_int_equal(config->n_chains, 2);
	assert_string_equal(config->chains[1].name, "lab");
	assert_int_equal(config->n_detached, 2);
	/* All that chain `old` runs on; of chain `gone` what it names, which another one may have had. */
	assert_true(config_says_detach(config, "old", "eth7"));
	assert_false(config_says_detach(config, "edge", "eth7"));
	assert_true(config_says_detach(config, "gone", "eth2"));
	assert_true(config_says_detach(config, "edge", "eth2"));
	assert_false(config_says_detach(config, "ol", "eth3"));
	config_free(config);
}

/* Files made of what a configuration is made of, in no order. */
static void test_garbage_never_crashes(void **state)
{
	static const char *const parts[] = { "[", "]", "host", "chain ", "slot ", "edge", "core", ".", "1",
		"32", "\n", "\n", "\n", "=", " = ", "interfaces", "eth0", ",", "plugin", "acl", "proceed_on",
		"pass", "state", "fresh", "enabled", "no", "yes", ";", "#", " ", "[chain edge]\n",
		"[slot edge.1]\n", "\"", "/a:", "on_stop", "interfaces = a\n", "plugin = a\n", "\xff",
		"frags", "detach", "replace", "rate", "-" };
	unsigned seed = 2;
	int loaded = 0;

	for (int round = 0; round < 5000; round++) {
		struct report report = {};
		struct config *config = NULL;
		char text[1024] = "";

		for (int i = rand_r(&seed) % 40; i >= 0; i--) /* never empty: that is waited for */
			strcat(text, parts[(size_t)rand_r(&seed) % (sizeof(parts) / sizeof(parts[0]))]);
		file_write("x.ini", text);
		loaded += config_load(NULL, "x.ini", &config, &report) == 0;
		assert_int_equal(config == NULL, report.n_errors > 0);
		config_free(config);
		report_clear(&report);
	}
	assert_in_range(loaded, 10, 4000); /* both ways are walked */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_everything_given),
		cmocka_unit_test(test_nothing_is_a_configuration),
		cmocka_unit_test(test_the_example_is_right),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_a_file_of_junk),
		cmocka_unit_test(test_read_in_spite_of_errors),
		cmocka_unit_test(test_too_many_slots),
		cmocka_unit_test(test_files_are_one),
		cmocka_unit_test(test_errors_of_all_files),
		cmocka_unit_test(test_only_the_host_section),
		cmocka_unit_test(test_files_that_cannot_be_read),
		cmocka_unit_test(test_files_that_look_cut_off),
		cmocka_unit_test(test_conf_d_is_beside_the_file),
		cmocka_unit_test(test_detach),
		cmocka_unit_test(test_garbage_never_crashes),
	};

	return cmocka_run_group_tests(tests, files_setup, files_teardown);
}

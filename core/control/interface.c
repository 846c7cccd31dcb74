/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The contract of the control socket in the language of its protocol, as `varlinkctl introspect` and other
 * people's generators read it. tests/unit/test-server.c holds real replies against it, key by key, so text
 * and code cannot drift apart.
 */
#include "control/interface.h"

#include <stddef.h>
#include <string.h>

static const char xslot[] =
	"# A packet-processing host for Linux XDP: its chains, and changing them.\n"
	"# Reading is for all who can open the socket, changing for root.\n"
	"interface io.xslot\n"
	"\n"
	"type Interface (name: string, ifindex: int, mode: string, attach: string, state: string)\n"
	"\n"
	"type Map (name: string, class: string, carried: string)\n"
	"\n"
	"# Packets that this slot decided, by what it decided.\n"
	"type Verdicts (aborted: int, drop: int, pass: int, tx: int, redirect: int)\n"
	"\n"
	"type Slot (\n"
	"  number: int,\n"
	"  index: int,\n"
	"  plugin: string,\n"
	"  version: string,\n"
	"  bank: string,\n"
	"  tier: string,\n"
	"  program_id: int,\n"
	"  state: string,\n"
	"  seen: int,\n"
	"  proceeded: int,\n"
	"  verdicts: Verdicts,\n"
	"  maps: []Map,\n"
	"  status: [string]string,\n"
	"  since: ?string\n"
	")\n"
	"\n"
	"type Chain (\n"
	"  name: string,\n"
	"  generation: int,\n"
	"  final: string,\n"
	"  on_gap: string,\n"
	"  bypass: bool,\n"
	"  gap_packets: int,\n"
	"  bad_verdicts: int,\n"
	"  tier: string,\n"
	"  packets: int,\n"
	"  interfaces: []Interface,\n"
	"  slots: []Slot\n"
	")\n"
	"\n"
	"# One error of a reload. log is the verifier's, where there is one.\n"
	"type Error (file: ?string, line: ?int, message: string, log: ?string)\n"
	"\n"
	"type Reloaded (result: string, at: ?string, duration_us: int, changed: []string, errors: []Error)\n"
	"\n"
	"type Host (version: string, pid: int, started: ?string, reloads: int, failed_reloads: int)\n"
	"\n"
	"# All chains, or one.\n"
	"method Status(chain: ?string) -> (format: int, chains: []Chain, last_reload: Reloaded, host: Host)\n"
	"\n"
	"# Move the dataplane to what the configuration says now, as SIGHUP does, and say what came of it.\n"
	"# A refused reload is a reply like any other: result is \"refused\", and errors has every reason.\n"
	"# With allow_detach a change of mode may leave an interface without a program for a moment.\n"
	"method Reload(allow_detach: ?bool) -> (\n"
	"  result: string,\n"
	"  at: ?string,\n"
	"  duration_us: int,\n"
	"  changed: []string,\n"
	"  errors: []Error\n"
	")\n"
	"\n"
	"# With on, every packet of the chain gets its final verdict at once; nothing is unloaded. Without, "
	"the\n"
	"# slots run again. It outlives reloads and the host. message says what packets meet now.\n"
	"method Bypass(chain: string, on: bool) -> (changed: bool, message: string)\n"
	"\n"
	"error NoSuchChain (message: string)\n"
	"\n"
	"error PermissionDenied (message: string)\n"
	"\n"
	"error Failed (message: string)\n";

static const char service[] = "# What every varlink service offers: who it is, and which interfaces it has.\n"
			      "interface org.varlink.service\n"
			      "\n"
			      "method GetInfo() -> (\n"
			      "  vendor: string,\n"
			      "  product: string,\n"
			      "  version: string,\n"
			      "  url: string,\n"
			      "  interfaces: []string\n"
			      ")\n"
			      "\n"
			      "method GetInterfaceDescription(interface: string) -> (description: string)\n"
			      "\n"
			      "error InterfaceNotFound (interface: string)\n"
			      "\n"
			      "error MethodNotFound (method: string)\n"
			      "\n"
			      "error MethodNotImplemented (method: string)\n"
			      "\n"
			      "error InvalidParameter (parameter: string)\n";

const char *interface_description(const char *interface)
{
	if (!strcmp(interface, INTERFACE_XSLOT))
		return xslot;
	if (!strcmp(interface, INTERFACE_SERVICE))
		return service;
	return NULL;
}

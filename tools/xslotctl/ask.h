/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Asking the running host: what goes wrong is printed here. */
#ifndef XSLOTCTL_ASK_H
#define XSLOTCTL_ASK_H

#include "control/client.h"
#include "xslotctl.h"

#define STATUS_TIMEOUT 15 /* seconds; the host's loop never waits, so this is a host that hangs */
#define CHANGE_TIMEOUT 0  /* none: what changes the dataplane waits for the reload that runs */

/*
 * Call `method`, whose parameters are taken over; 0, or the exit code after the error has been printed.
 * Without --json the reply is fit to print.
 */
int call_host(const struct options *options, struct client *client, const char *method, json_t *parameters,
	unsigned timeout, json_t **ret_reply);

/* The same for a host that has to be there. */
int ask_host(const struct options *options, const char *method, json_t *parameters, unsigned timeout,
	json_t **ret_reply);

/* The exit code for an error of client_open(). */
int code_of_open(int error);

#endif

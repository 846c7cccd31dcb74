/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The parts of a host, for host.c and serve.c. Loop thread. */
#ifndef HOST_LOOP_HOST_PRIVATE_H
#define HOST_LOOP_HOST_PRIVATE_H

#include <time.h>

#include "host/command/command.h"
#include "host/loop/confirm.h"
#include "host/loop/fusing.h"
#include "host/loop/host.h"
#include "host/loop/links.h"
#include "host/loop/lookout.h"
#include "host/loop/loop.h"
#include "host/loop/outcome.h"
#include "host/loop/reload.h"
#include "host/loop/serve.h"
#include "host/loop/takeoff.h"
#include "host/loop/trial.h"

struct host {
	struct loop loop;
	struct serve serve;
	struct reload reload;
	struct outcome outcome;
	struct kept kept;
	struct trial trial;
	struct confirm confirm;
	struct command command;
	struct fusing fusing;
	struct takeoff takeoff;
	struct links links;
	struct lookout lookout;
	char *file;
	time_t started;
	size_t quarantined; /* plugins that were so when the last task ended */
	int start_status;   /* the process's, should its start be refused */
	bool log_level_kept;
	bool keep;	 /* on_stop of the configuration that runs */
	bool told_early; /* `outcome` is about the task that runs already */
};

#endif

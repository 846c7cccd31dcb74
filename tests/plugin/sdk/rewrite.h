/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What rewrite.bpf.c counts. */
#ifndef TESTS_REWRITE_H
#define TESTS_REWRITE_H

enum rewrite { REWRITE_IP4, REWRITE_IP6, REWRITE_PORT, REWRITE_CUT, REWRITE_ROWS };

#endif

/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* cmocka with what it needs before it; its fail() gives way to util/diag.h's. */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail

#endif

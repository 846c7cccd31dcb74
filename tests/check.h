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
#undef fail_msg
#define fail_msg(...) (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

#endif

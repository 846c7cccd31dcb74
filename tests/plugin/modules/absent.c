/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A library that a plugin needs; test-module makes it impossible to find. */
__attribute__((visibility("default"))) const int xslot_absent = 1;

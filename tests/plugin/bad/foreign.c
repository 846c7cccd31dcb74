/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Where a BPF object is expected: code for the machine itself. */
int foreign(void);
int foreign(void)
{
	return 31;
}

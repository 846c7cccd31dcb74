/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The trail: four bytes of a test frame, a number in network byte order, to which each `stamp` that the
 * packet meets appends its own byte. `slow` can clear it, `classify` counts packets by it. So the trail of a
 * packet that has passed says which stamps of which build it met, and in what order.
 */
#ifndef TESTS_TRAIL_H
#define TESTS_TRAIL_H

#define TRAIL_OFFSET 44 /* from the start of the frame: the first bytes of an IPv4/UDP payload are at 42 */
#define TRAIL_FRAME 60	/* shorter frames have no trail */

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The result of the look-ups for a frame: its destination, and how long that is valid. l2/fdb.h fills it in,
 * path/path.h puts it into a path.
 */
#ifndef XOVL_BPF_PATH_DESTINATION_H
#define XOVL_BPF_PATH_DESTINATION_H

#include <linux/types.h>

/* The destination of a frame. */
struct destination {
	__u64 target;  /* xovl_fdb_dst(); 0: unknown */
	__u64 expires; /* when the result of all look-ups for the frame expires, jiffies */
	__u64 seen;    /* when the station was last seen there, CLOCK_MONOTONIC_COARSE, ns; 0: not a learned entry */
	__u64 epoch;   /* epoch of the look-ups: see xovl/caches.h, paths */
};

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where a frame is to go, and how long that holds. */
#ifndef XOVL_BPF_PATH_DESTINATION_H
#define XOVL_BPF_PATH_DESTINATION_H

#include <linux/types.h>

/* Where a frame is to go. */
struct destination {
	__u64 target;  /* xovl_fdb_dst(); 0: unknown */
	__u64 expires; /* when all that has been looked up for the frame is to be looked up again, jiffies */
	__u64 seen;    /* when the station was last seen there, CLOCK_MONOTONIC_COARSE, ns; 0: it was not learned */
	__u64 epoch;   /* of all that has been looked up for it: see xovl/caches.h, paths */
};

#endif

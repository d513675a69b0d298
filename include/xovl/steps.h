/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The steps of a packet through the datapath, as shadow programs record them. Both sides compile this list. */
#ifndef XOVL_STEPS_H
#define XOVL_STEPS_H

#include <linux/types.h>

#include "xovl/assert.h"

/* X(name, meaning of the value). The last five are those of the exit. */
#define XOVL_STEPS(X)                                                               \
	X(LEARN, "destination that the source would be learned at: xovl_fdb_dst()") \
	X(DESTINATION, "destination of the frame: xovl_fdb_dst(); 0: unknown")      \
	X(NEXTHOP, "enum xovl_nexthop_state")                                       \
	X(HEADERS, "bytes of outer headers that are added")                         \
	X(VERIFY, "enum xovl_reason; 0: sound")                                     \
	X(COPY, "a copy of a flooded frame: ifindex")                               \
	X(PORT, "the frame comes from a port: index")                               \
	X(PEER, "the frame comes from a peer: index")                               \
	X(NETWORK, "index of the network")                                          \
	X(TARGET, "index of the port or peer that it goes to")                      \
	X(OUTCOME, "enum xovl_reason, or enum outcome of the datapath")

#define X(name, value) XOVL_STEP_##name,
enum xovl_step_kind { XOVL_STEPS(X) XOVL_STEP_KINDS };
#undef X

struct xovl_step {
	__u32 kind; /* enum xovl_step_kind */
	__u32 pad;
	__u64 value;
};
XOVL_ASSERT_SIZE(struct xovl_step, 16);

#define XOVL_STEPS_MAX 64 /* a power of two; the last eight are for the exit */

/* steps: one element per CPU, emptied before each run. */
struct xovl_steps {
	__u32 count;
	__u32 lost; /* steps for which there was no room */
	struct xovl_step step[XOVL_STEPS_MAX];
};
XOVL_ASSERT_SIZE(struct xovl_steps, 1032);

#endif

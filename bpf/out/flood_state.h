/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A flood in progress: the frame, its flood list, and how far the copies have come. TC only. */
#ifndef XOVL_BPF_OUT_FLOOD_STATE_H
#define XOVL_BPF_OUT_FLOOD_STATE_H

#include "maps/define.h"
#include "maps/tables.h"
#include "packet/flow.h"
#include "verdict.h"

/* What the copies of a frame share. It is too much for the stack. */
struct flood {
	struct frame frame; /* but for what points somewhere */
	struct flow flow;
	struct xovl_flood_key first; /* of the list, or of its part at hand */
	__u32 mark;		     /* of the skb, between copies */
	__u32 nr_peers;
	__u32 pass;	  /* through the list of peers; none is sent to in the first, 0 */
	__u32 room;	  /* octets before the tenant's frame */
	__u32 room_flags; /* of a path that needs it */
	__u32 next_room;  /* what comes after it; 0: nothing */
	__u32 next_flags;
	__u32 detours; /* copies that went through the kernel's neighbour code */
	bool mixed;
	bool by_kernel; /* first go the copies that the kernel's tunnel devices carry */
	bool gre_by_tc; /* but not those of GRE */
};

XOVL_PERCPU_ARRAY(floods_now, struct flood, 1);

static __always_inline struct flood *flood_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&floods_now, &zero);
}

/* The facts of a frame. */
static __always_inline void flood_keep(struct flood *flood, const struct frame *f)
{
	flood->frame = *f;
	flood->frame.data = flood->frame.end = NULL;
	flood->frame.net = NULL;
}

struct flood_loop {
	ctx_t *ctx;
	struct xovl_net_stats *stats;
};

/* The copy in hand goes out; reason says why one did not. place: where to. */
static __always_inline void flood_count(struct flood_loop *loop, const struct flood *flood, enum xovl_reason reason,
					__u32 place)
{
	if (reason)
		count_drop(reason, flood->frame.net_index, place, true);
	else
		loop->stats->copies++;
}

/* The index of the port or peer that is nth of the list's part at hand. */
static __always_inline __u32 *flood_target(const struct flood *flood, __u32 nth)
{
	struct xovl_flood_key key = flood->first;

	key.position += nth;
	return bpf_map_lookup_elem(&floods, &key);
}

#endif

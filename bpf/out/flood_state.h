/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The state of a flood: the frame, its flood list, and the progress of the copies to peers. TC only. */
#ifndef XOVL_BPF_OUT_FLOOD_STATE_H
#define XOVL_BPF_OUT_FLOOD_STATE_H

#include "maps/define.h"
#include "maps/tables.h"
#include "packet/flow.h"
#include "verdict.h"

/* Facts that all copies of a frame share. Per CPU, because they are too large for the stack. */
struct flood {
	struct frame frame; /* without its pointers */
	struct flow flow;
	struct xovl_flood_key first; /* first entry of the list, or of the part being visited */
	__u32 mark;		     /* skb->mark, restored after each copy */
	__u32 nr_peers;
	__u32 pass;	  /* pass over the list of peers; pass 0 sends nothing */
	__u32 room;	  /* bytes of room before the tenant's frame */
	__u32 room_flags; /* flags of a path that needs this room */
	__u32 next_room;  /* the room that comes next; 0: none */
	__u32 next_flags;
	__u32 detours; /* copies sent through the kernel's neighbour code */
	bool mixed;
	bool by_kernel; /* the kernel's tunnel devices carried copies first */
	bool gre_by_tc; /* those to GRE peers excepted */
};

XOVL_PERCPU_ARRAY(floods_now, struct flood, 1);

static __always_inline struct flood *flood_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&floods_now, &zero);
}

/* Stores the facts about the frame, without its pointers. */
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

/* Counts a copy: as sent, or as dropped for a reason. place: where the copy was to go. */
static __always_inline void flood_count(struct flood_loop *loop, const struct flood *flood, enum xovl_reason reason,
					__u32 place)
{
	if (reason)
		count_drop(reason, flood->frame.net_index, place, true);
	else
		loop->stats->copies++;
}

/* Returns the index of the nth port or peer in the part of the list being visited, or NULL. */
static __always_inline __u32 *flood_target(const struct flood *flood, __u32 nth)
{
	struct xovl_flood_key key = flood->first;

	key.position += nth;
	return bpf_map_lookup_elem(&floods, &key);
}

#endif

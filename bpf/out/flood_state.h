/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The copies of a flooded frame: whom the flood list names, and their counters. TC only. */
#ifndef XOVL_BPF_OUT_FLOOD_STATE_H
#define XOVL_BPF_OUT_FLOOD_STATE_H

#include "maps/tables.h"
#include "outcome.h"
#include "packet/packet.h"

struct flood_loop {
	ctx_t *ctx;
	struct xovl_net_stats *stats;
};

/* Counts a copy: as sent, or as dropped for a reason. place: where the copy was to go. */
static __always_inline void flood_count(struct flood_loop *loop, const struct packet *packet, enum xovl_reason reason,
					__u32 place)
{
	if (reason)
		count_drop(reason, packet->frame.net_index, place, true);
	else
		loop->stats->copies++;
}

/* Returns the index of the nth port or peer in the part of the list being visited, or NULL. */
static __always_inline __u32 *flood_target(const struct packet *packet, __u32 nth)
{
	struct xovl_flood_key key = packet->flood.first;

	key.position += nth;
	return bpf_map_lookup_elem(&floods, &key);
}

#endif

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

/* Counts a copy to a port or peer: as sent, or as dropped for a reason. */
static __always_inline void flood_count(struct flood_loop *loop, const struct packet *packet, enum xovl_reason reason,
					enum xovl_place_kind kind, __u32 index)
{
	if (shadow)
		return;
	if (reason) {
		count_drop(reason, packet->frame.net_index, xovl_place(kind, index), true);
		return;
	}
	loop->stats->copies++;
	if (kind == XOVL_PLACE_PORT)
		count_port_tx(index, packet->frame.len);
	else
		count_peer_tx(index, loop->stats, packet->frame.len);
}

/* Returns the index of the nth port or peer in the part of the list being visited, or NULL. */
static __always_inline __u32 *flood_target(const struct packet *packet, __u32 nth)
{
	struct xovl_flood_key key = packet->flood.first;

	key.position += nth;
	return bpf_map_lookup_elem(&floods, &key);
}

#endif

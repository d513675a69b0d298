/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What becomes of a frame, and its counters. The stages return an outcome and count nothing; the exit of a program
 * (out/finish.h) counts it once. Counters are per CPU and programs do not preempt each other on one CPU, so plain
 * additions are enough.
 */
#ifndef XOVL_BPF_OUTCOME_H
#define XOVL_BPF_OUTCOME_H

#include "hook/hook.h"
#include "maps/stats.h"

/* An outcome is 0, an enum xovl_reason for which the frame is dropped, or one of these. */
enum outcome {
	OUTCOME_OPEN = XOVL_REASON_NONE, /* not decided yet: the frame goes on to the next stage */
	OUTCOME_PASS = XOVL_REASON_MAX,	 /* not for xovl, or for the next layer: unchanged, uncounted */
	OUTCOME_UNRESOLVED,		 /* no cached path: for the program that looks everything up */
	OUTCOME_NOT_TUNNEL,		 /* not for xovl, unless it is a report about a tunnel packet */
	OUTCOME_NO_PORT,		 /* not for xovl: no port of the interface has the frame's VLAN */
	OUTCOME_CONSUMED,		 /* ends here, uncounted: it was for xovl itself */
	OUTCOME_FLOOD,			 /* its destination is unknown, or a group */
	OUTCOME_FLOODED,
	OUTCOME_DELIVERED,	/* to the port frame.target */
	OUTCOME_SENT,		/* to the peer frame.target */
	OUTCOME_SENT_BY_KERNEL, /* the same, by the kernel's tunnel device */
};

/* Reasons of tunnel packets that are refused before they count as frames of a network. They come first in the list. */
static __always_inline bool reason_is_outer(int reason)
{
	return reason < XOVL_REASON_PLAINTEXT;
}

#define XOVL_STAGE_OUTER true
#define XOVL_STAGE_NETWORK false
#define X(name, stage, text) \
	_Static_assert((XOVL_REASON_##name < XOVL_REASON_PLAINTEXT) == XOVL_STAGE_##stage, "OUTER comes first");
XOVL_REASONS(X)
#undef X

static __always_inline void traffic_rx(struct xovl_traffic *traffic, __u32 len)
{
	traffic->rx_packets++;
	traffic->rx_bytes += len;
}

static __always_inline void traffic_tx(struct xovl_traffic *traffic, __u32 len)
{
	traffic->tx_packets++;
	traffic->tx_bytes += len;
}

/* Counts the frame as received: from its peer and into its network, or from its port. stats: of its network. */
static __always_inline void count_origin(const struct frame *f, struct xovl_net_stats *stats)
{
	struct xovl_traffic *traffic;

	if (f->from_tunnel) {
		traffic = peer_stats_get(f->origin);
		traffic_rx(&stats->traffic, f->len);
	} else {
		traffic = port_stats_get(f->origin);
	}
	if (traffic)
		traffic_rx(traffic, f->len);
}

/* Returns the port or peer that the frame came from, as a place of drop_places. */
static __always_inline __u32 frame_place(const struct frame *f)
{
	return xovl_place(f->from_tunnel ? XOVL_PLACE_PEER : XOVL_PLACE_PORT, f->origin);
}

static __always_inline void drops_add(struct xovl_drop_stats *drops, bool copy)
{
	if (copy)
		drops->copies++;
	else
		drops->packets++;
}

/*
 * Counts a drop by reason, and by reason, network and place. The place is where the frame came from or, for a copy,
 * where the copy was to go. An entry of drop_places is made at its first drop, while the map has room.
 */
__noinline int count_drop(__u32 reason, __u32 net_index, __u32 place, bool copy)
{
	struct xovl_drop_key key = {.reason = reason, .net = net_index, .place = place};
	struct xovl_drop_stats *drops = drop_stats_get(reason), first = {};

	if (shadow)
		return 0;
	if (drops)
		drops_add(drops, copy);
	drops = bpf_map_lookup_elem(&drop_places, &key);
	if (drops) {
		drops_add(drops, copy);
		return 0;
	}
	/* BPF_ANY: an entry that another CPU has just made keeps that CPU's count */
	drops_add(&first, copy);
	bpf_map_update_elem(&drop_places, &key, &first, BPF_ANY);
	return 0;
}

static __always_inline void count_port_tx(__u32 port_index, __u32 len)
{
	struct xovl_traffic *traffic = port_stats_get(port_index);

	if (traffic)
		traffic_tx(traffic, len);
}

static __always_inline void count_peer_tx(__u32 peer_index, struct xovl_net_stats *stats, __u32 len)
{
	struct xovl_traffic *traffic = peer_stats_get(peer_index);

	traffic_tx(&stats->traffic, len);
	if (traffic)
		traffic_tx(traffic, len);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The final verdicts of a frame. Every exit of the datapath is one of these functions, and each frame is counted
 * once. Counters are per CPU and programs do not preempt each other on one CPU, so plain additions are enough.
 */
#ifndef XOVL_BPF_VERDICT_H
#define XOVL_BPF_VERDICT_H

#include "hook/hook.h"
#include "maps/stats.h"

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

/*
 * Counts a frame whose VLAN belongs to no port of the interface. TC only, because XDP leaves such a frame to TC,
 * which leaves it to the kernel.
 */
static __always_inline void count_vlan_unknown(const ctx_t *ctx)
{
	__u32 ifindex = hook_ifindex(ctx);
	struct xovl_device_stats *stats;

	if (HOOK_IS_XDP)
		return;
	stats = bpf_map_lookup_elem(&device_stats, &ifindex);
	if (stats)
		stats->vlan_unknown++;
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

/* Passes the frame on, unchanged and uncounted: it is not for xovl, or the next layer handles it. */
static __always_inline int verdict_pass(ctx_t *ctx)
{
	return hook_pass(ctx);
}

/* Drops a tunnel packet before it counts as one of a network. net_index may still be known. */
static __always_inline int verdict_drop_outer(ctx_t *ctx, enum xovl_reason reason, __u32 net_index, __u32 place)
{
	count_drop(reason, net_index, place, false);
	return hook_drop(ctx);
}

/* Drops a frame of a network. It counts as received and as dropped. */
static __always_inline int verdict_drop(ctx_t *ctx, const struct frame *f, enum xovl_reason reason)
{
	struct xovl_net_stats *stats = net_stats_get(f->net_index);

	if (stats)
		count_origin(f, stats);
	count_drop(reason, f->net_index, frame_place(f), false);
	return hook_drop(ctx);
}

/* Counts unicast that goes to one port. */
static __always_inline void verdict_delivered(const struct frame *f, __u32 port_index)
{
	struct xovl_net_stats *stats = net_stats_get(f->net_index);

	if (!stats)
		return;
	count_origin(f, stats);
	stats->delivered++;
	stats->by_xdp += HOOK_IS_XDP;
	count_port_tx(port_index, f->len);
}

/* Counts unicast that goes to one peer. */
static __always_inline void verdict_sent(const struct frame *f, __u32 peer_index)
{
	struct xovl_net_stats *stats = net_stats_get(f->net_index);

	if (!stats)
		return;
	count_origin(f, stats);
	stats->sent++;
	stats->by_xdp += HOOK_IS_XDP;
	count_peer_tx(peer_index, stats, f->len);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How a frame ends: every exit of the datapath is one of these, and each counts once. Counters are per CPU and
 * programs do not preempt each other on one, so plain additions are enough.
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

/* The frame as it came in: out of the tunnel, or in from the tenant. stats: of its network. */
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

/* Where a frame comes from. */
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
 * By reason, and by reason, network and place: where the frame came from, or where a copy was to go. Places are counted from their first
 * drop on, and no more than there is room for.
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
	/* one that another CPU has made meanwhile keeps that CPU's number */
	drops_add(&first, copy);
	bpf_map_update_elem(&drop_places, &key, &first, BPF_ANY);
	return 0;
}

/* No port of the interface has the frame's VLAN: it is left to the kernel. XDP leaves it to TC first. */
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

/* Not ours, or for the layer below: untouched and uncounted. */
static __always_inline int verdict_pass(ctx_t *ctx)
{
	return hook_pass(ctx);
}

/* A tunnel packet that is not counted as one of a network, though it may be known whose it is. */
static __always_inline int verdict_drop_outer(ctx_t *ctx, enum xovl_reason reason, __u32 net_index, __u32 place)
{
	count_drop(reason, net_index, place, false);
	return hook_drop(ctx);
}

/* A frame of a network. */
static __always_inline int verdict_drop(ctx_t *ctx, const struct frame *f, enum xovl_reason reason)
{
	struct xovl_net_stats *stats = net_stats_get(f->net_index);

	if (stats)
		count_origin(f, stats);
	count_drop(reason, f->net_index, frame_place(f), false);
	return hook_drop(ctx);
}

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

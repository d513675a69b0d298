/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How a frame ends: every exit of the datapath is one of these, and each counts once. Counters are per CPU and
 * programs do not preempt each other on one, so plain additions are enough.
 */
#ifndef XOVL_BPF_VERDICT_H
#define XOVL_BPF_VERDICT_H

#include "carrier.h"
#include "maps.h"

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

static __always_inline void count_drop(enum xovl_reason reason)
{
	struct xovl_drop_stats *drops = drop_stats_get(reason);

	if (drops)
		drops->packets++;
}

static __always_inline void count_drop_copy(enum xovl_reason reason)
{
	struct xovl_drop_stats *drops = drop_stats_get(reason);

	if (drops)
		drops->copies++;
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
	return carrier_pass(ctx);
}

/* A tunnel packet that belongs to no network. */
static __always_inline int verdict_drop_outer(ctx_t *ctx, enum xovl_reason reason)
{
	count_drop(reason);
	return carrier_drop(ctx);
}

/* A frame of a network. */
static __always_inline int verdict_drop(ctx_t *ctx, const struct frame *f, enum xovl_reason reason)
{
	struct xovl_net_stats *stats = net_stats_get(f->net_index);

	if (stats)
		count_origin(f, stats);
	count_drop(reason);
	return carrier_drop(ctx);
}

static __always_inline void verdict_delivered(const struct frame *f, __u32 port_index)
{
	struct xovl_net_stats *stats = net_stats_get(f->net_index);

	if (!stats)
		return;
	count_origin(f, stats);
	stats->delivered++;
	count_port_tx(port_index, f->len);
}

static __always_inline void verdict_sent(const struct frame *f, __u32 peer_index)
{
	struct xovl_net_stats *stats = net_stats_get(f->net_index);

	if (!stats)
		return;
	count_origin(f, stats);
	stats->sent++;
	count_peer_tx(peer_index, stats, f->len);
}

#endif

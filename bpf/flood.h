/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Broadcast, unknown unicast and multicast: a copy to every other port of the network and, from a port, to every
 * peer of its flood list (head-end replication). Never from tunnel to tunnel. TC only: XDP cannot copy.
 */
#ifndef XOVL_BPF_FLOOD_H
#define XOVL_BPF_FLOOD_H

#include "deliver.h"
#include "encap.h"
#include "verdict.h"

#ifdef XOVL_CARRIER_XDP

static __always_inline int flood(ctx_t *ctx, const struct frame *origin)
{
	return verdict_pass(ctx);
}

#else

struct flood {
	ctx_t *ctx;
	struct frame *frame;
	struct xovl_net_stats *stats;
	struct flow *flow;
	__u32 mark;		     /* of the skb, between copies */
	struct xovl_flood_key first; /* of the list, or of its part at hand */
};

/* The copy in hand goes out; reason says why one did not. */
static __always_inline void flood_count(struct flood *flood, enum xovl_reason reason)
{
	if (reason)
		count_drop_copy(reason);
	else
		flood->stats->copies++;
}

/* The index of the port or peer that is nth of the list's part at hand. */
static __always_inline __u32 *flood_target(const struct flood *flood, __u32 nth)
{
	struct xovl_flood_key key = flood->first;

	key.position += nth;
	return bpf_map_lookup_elem(&floods, &key);
}

static __always_inline enum xovl_reason flood_port(struct flood *flood, __u32 index)
{
	struct xovl_port *port = port_get(flood->frame, index);
	long err;

	if (!port)
		return XOVL_REASON_STALE_TARGET;
	if (port->vid && bpf_skb_vlan_push(flood->ctx, bpf_htons(ETH_P_8021Q), port->vid))
		return XOVL_REASON_COPY_FAILED;
	err = bpf_clone_redirect(flood->ctx, port->ifindex, 0);
	if (port->vid)
		bpf_skb_vlan_pop(flood->ctx);
	if (err)
		return XOVL_REASON_COPY_FAILED;
	count_port_tx(index, flood->frame->len);
	return XOVL_REASON_NONE;
}

static long flood_port_nth(__u32 nth, struct flood *flood)
{
	__u32 *index = flood_target(flood, nth);

	if (!index)
		return 0;
	if (!flood->frame->from_tunnel && *index == flood->frame->origin)
		return 0;
	flood_count(flood, flood_port(flood, *index));
	return 0;
}

/* The room for outer headers of the peer's family has been made. */
static __always_inline enum xovl_reason flood_peer(struct flood *flood, __u32 index)
{
	struct xovl_peer *peer = peer_get(index);
	struct frame *f = flood->frame;
	__u16 sport = flow_sport(flood->flow);
	struct xovl_nexthop *nexthop;
	enum xovl_reason reason;
	long err;

	if (!peer)
		return XOVL_REASON_STALE_TARGET;
	nexthop = nexthop_get(flood->ctx, index, peer, sport);
	if (!nexthop)
		return XOVL_REASON_STALE_TARGET;
	reason = nexthop_reason(nexthop);
	if (!reason)
		reason = size_check(f, flood->flow, peer->outer_len, network_mtu(f->net), nexthop->mtu);
	if (reason)
		return reason;
	frame_reload(flood->ctx, f);
	if (!outer_prepare(f->data, f->end, peer, nexthop, f->net->vni) ||
	    !outer_finish(f, peer->family != AF_INET, sport))
		return XOVL_REASON_NO_ROOM;
	if (nexthop->state == XOVL_NEXTHOP_OK) {
		err = bpf_clone_redirect(flood->ctx, nexthop->ifindex, 0);
	} else {
		peer->confirmed = bpf_jiffies64();
		flood->ctx->mark = NEXTHOP_RESOLVE_MARK;
		err = bpf_clone_redirect(flood->ctx, nexthop->ifindex, BPF_F_INGRESS);
		flood->ctx->mark = flood->mark;
	}
	if (err)
		return XOVL_REASON_COPY_FAILED;
	count_peer_tx(index, flood->stats, f->len);
	return XOVL_REASON_NONE;
}

static long flood_peer_nth(__u32 nth, struct flood *flood)
{
	__u32 *index = flood_target(flood, nth);

	if (index)
		flood_count(flood, flood_peer(flood, *index));
	return 0;
}

/* Copies to nr peers of one family from position on; the room for their headers has been made. */
static __always_inline void flood_peers(struct flood *flood, __u32 position, __u32 nr)
{
	flood->first.position = position;
	bpf_loop(nr, flood_peer_nth, flood, 0);
}

/*
 * Copies to the peers of both families. Between the two the room changes by the 20 octets that IPv6 headers are longer; the
 * kernel shrinks it only for IP frames (and before Linux 6.3 cannot segment them afterwards), and grows it plainly only
 * where nothing has to be segmented, as for all others.
 */
static __always_inline enum xovl_reason flood_tunnel(struct flood *flood, struct xovl_flood_head head)
{
	__u32 peers6 = head.nr_ports, peers4 = peers6 + head.nr_peers6;
	ctx_t *ctx = flood->ctx;
	struct frame *f = flood->frame;
	enum xovl_reason reason;
	bool ipv6_first;

	frame_reload(ctx, f);
	flow_parse(f, 0, flood->flow);
	flow_measure(ctx, f, flood->flow);
	if (!frame_collect_tags(ctx, f))
		return XOVL_REASON_VLAN_DEPTH;
	ipv6_first = head.nr_peers6 && (!head.nr_peers4 || frame_is_ip(ctx));
	reason = tunnel_push(ctx, f, ETH_HLEN + (ipv6_first ? OUTER_LEN_IPV6 : OUTER_LEN_IPV4), ipv6_first, false);
	if (reason)
		return reason;
	if (ipv6_first) {
		flood_peers(flood, peers6, head.nr_peers6);
		if (head.nr_peers4 && !room_shrink(ctx, OUTER_LEN_IPV6 - OUTER_LEN_IPV4, ROOM_DECAP_L3_IPV4) &&
		    !room_shrink(ctx, OUTER_LEN_IPV6 - OUTER_LEN_IPV4, 0))
			return XOVL_REASON_NO_ROOM;
		flood_peers(flood, peers4, head.nr_peers4);
	} else {
		flood_peers(flood, peers4, head.nr_peers4);
		if (head.nr_peers6 && bpf_skb_change_head(ctx, OUTER_LEN_IPV6 - OUTER_LEN_IPV4, 0))
			return XOVL_REASON_NO_ROOM;
		flood_peers(flood, peers6, head.nr_peers6);
	}
	return XOVL_REASON_NONE;
}

/* The list has changed whole or not at all: its head is read as one word. */
static __always_inline struct xovl_flood_head flood_head(const struct frame *f)
{
	union {
		__u64 word;
		struct xovl_flood_head head;
	} read = {.word = *(volatile __u64 *)&f->net->flood};

	return read.head;
}

/* A copy of the facts is passed around by address; the caller's own can stay in registers. */
static __always_inline int flood(ctx_t *ctx, const struct frame *origin)
{
	struct frame copy = *origin, *f = &copy;
	struct xovl_flood_head head = flood_head(f);
	__u32 nr_peers = f->from_tunnel ? 0 : head.nr_peers6 + head.nr_peers4;
	struct flow flow = {};
	struct flood flood = {
		.ctx = ctx,
		.frame = f,
		.flow = &flow,
		.mark = ctx->mark,
		.first = {.net = f->net_index, .generation = head.generation},
	};
	enum xovl_reason reason;

	/* the origin is one of the ports */
	if (!nr_peers && head.nr_ports <= (f->from_tunnel ? 0 : 1))
		return verdict_drop(ctx, f, XOVL_REASON_NO_TARGET);
	flood.stats = net_stats_get(f->net_index);
	if (!flood.stats)
		return verdict_drop(ctx, f, XOVL_REASON_STALE_TARGET);
	if (!frame_for_port(ctx, f, 0))
		return verdict_drop(ctx, f, XOVL_REASON_NO_ROOM);
	f->port_vid = 0;

	count_origin(f, flood.stats);
	flood.stats->flooded++;
	bpf_loop(head.nr_ports, flood_port_nth, &flood, 0);
	if (!nr_peers)
		return carrier_drop(ctx);
	reason = flood_tunnel(&flood, head);
	if (reason)
		count_drop_copy(reason);
	return carrier_drop(ctx);
}

#endif

#endif

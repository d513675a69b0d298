/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Floods broadcast, unknown unicast and multicast (BUM): a copy to every other port of the network and, if the frame
 * comes from a port, to every peer of the flood list (head-end replication, RFC 8365). Never from tunnel to tunnel
 * (split horizon). TC only, because XDP cannot copy.
 */
#ifndef XOVL_BPF_OUT_FLOOD_H
#define XOVL_BPF_OUT_FLOOD_H

#include "out/finish.h"
#include "out/flood_peers.h"
#include "out/port.h"

/* Sends a copy to a port. Returns the drop reason or XOVL_REASON_NONE. */
static __always_inline enum xovl_reason flood_port(ctx_t *ctx, const struct packet *packet, __u32 index)
{
	struct xovl_port *port = port_get(&packet->frame, index);
	struct xovl_port_state *state = port ? port_state_get(ctx, index, port->ifindex) : NULL;
	long err;

	if (!port || !state)
		return XOVL_REASON_STALE_TARGET;
	if (port_is_too_small(packet->frame.len, packet->frame.gso_size, state->mtu))
		return XOVL_REASON_MTU_PORT;
	if (port->vid && bpf_skb_vlan_push(ctx, bpf_htons(ETH_P_8021Q), port->vid))
		return XOVL_REASON_COPY_FAILED;
	step(XOVL_STEP_COPY, port->ifindex);
	err = hook_clone(ctx, port->ifindex, 0);
	if (port->vid)
		hook_remove_tag(ctx);
	return err ? XOVL_REASON_COPY_FAILED : XOVL_REASON_NONE;
}

/*
 * True if the port gets no copy: its interface is gone or has no link, so nobody is there, or it is isolated from the
 * frame's origin. A bridge does the same.
 */
static __always_inline bool flood_leaves_out(ctx_t *ctx, const struct packet *packet, __u32 index)
{
	struct xovl_port *port = port_get(&packet->frame, index);
	struct xovl_port_state *state = port ? port_state_get(ctx, index, port->ifindex) : NULL;

	return state && (!(state->up && device_is_live(port->ifindex)) || port_is_isolated_from(&packet->frame, port));
}

static long flood_port_nth(__u32 nth, struct flood_loop *loop)
{
	struct packet *packet = packet_get();
	__u32 *index;

	if (!packet)
		return 1;
	index = flood_target(packet, nth);
	if (!index || (!packet->frame.from_tunnel && *index == packet->frame.origin))
		return 0;
	if (flood_leaves_out(loop->ctx, packet, *index))
		return 0;
	flood_count(loop, packet, flood_port(loop->ctx, packet, *index), XOVL_PLACE_PORT, *index);
	return 0;
}

/* Reads the head of the flood list as one word, so a change is seen completely or not at all. */
static __always_inline struct xovl_flood_head flood_head(const struct xovl_network *net)
{
	union {
		__u64 word;
		struct xovl_flood_head head;
	} read = {.word = *(volatile __u64 *)&net->flood};

	return read.head;
}

/*
 * Makes the frame in packet_get() what all ports expect: without outer headers and the tag of its port. If it returns
 * false, the kernel refused, and the packet can only be dropped.
 */
__noinline int flood_strip(ctx_t *ctx)
{
	struct packet *packet = packet_get();
	struct frame f;

	if (!packet)
		return false;
	packet_take(ctx, packet, &f);
	packet->frame.port_vid = packet->frame.outer_len = 0;
	return frame_for_port(ctx, &f, 0);
}

/* Floods the frame of packet. Returns OUTCOME_FLOODED, or the reason for which no copy was made. */
static __always_inline int flood(ctx_t *ctx, struct packet *packet)
{
	const struct xovl_network *net = network_get(packet->frame.net_index);
	struct flood_loop loop = {.ctx = ctx, .stats = net_stats_get(packet->frame.net_index)};
	struct xovl_flood_head head;
	__u32 nr_peers;

	if (!net || !loop.stats)
		return XOVL_REASON_STALE_TARGET;
	head = flood_head(net);
	nr_peers = packet->frame.from_tunnel ? 0 : head.nr_peers;
	/* the origin is one of the ports, and gets no copy */
	if (!nr_peers && head.nr_ports <= (packet->frame.from_tunnel ? 0 : 1))
		return XOVL_REASON_NO_TARGET;
	if (!flood_strip(ctx))
		return XOVL_REASON_NO_ROOM;
	__builtin_memset(&packet->flood, 0, sizeof(packet->flood));
	packet->flood.mark = hook_mark(ctx);
	packet->flood.first.net = packet->frame.net_index;
	packet->flood.first.list_half = head.list_half;

	bpf_loop(head.nr_ports, flood_port_nth, &loop, 0);
	if (nr_peers)
		flood_tunnel(&loop, packet, net, head);
	return OUTCOME_FLOODED;
}

/* Entry: the frame in packet_get(), from a program that has found no single destination for it. */
static __always_inline int flood_frame(ctx_t *ctx)
{
	struct packet *packet = packet_get();
	__u32 len;
	int outcome;

	if (!packet)
		return HOOK_PASS;
	len = packet->frame.len;
	outcome = flood(ctx, packet);
	packet->frame.len = len; /* flood_collect_tags() may have changed it */
	return frame_finish(ctx, &packet->frame, outcome);
}

#endif

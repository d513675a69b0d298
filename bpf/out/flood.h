/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Floods broadcast, unknown unicast and multicast (BUM): a copy to every other port of the network and, if the frame
 * comes from a port, to every peer of the flood list (head-end replication, RFC 8365). Never from tunnel to tunnel
 * (split horizon). TC only, because XDP cannot copy.
 */
#ifndef XOVL_BPF_OUT_FLOOD_H
#define XOVL_BPF_OUT_FLOOD_H

#include "out/port.h"

#ifdef XOVL_HOOK_XDP

static __always_inline int flood(ctx_t *ctx, const struct frame *origin)
{
	return verdict_pass(ctx);
}

#else

#include "out/flood_peers.h"

/* Sends a copy to a port. Returns the drop reason or XOVL_REASON_NONE. */
static __always_inline enum xovl_reason flood_port(ctx_t *ctx, const struct flood *flood, __u32 index)
{
	struct xovl_port *port = port_get(&flood->frame, index);
	struct xovl_port_state *state = port ? port_state_get(ctx, index, port->ifindex) : NULL;
	long err;

	if (!port || !state)
		return XOVL_REASON_STALE_TARGET;
	if (port_is_too_small(flood->frame.len, flood->frame.gso_size, state->mtu))
		return XOVL_REASON_MTU_PORT;
	if (port->vid && bpf_skb_vlan_push(ctx, bpf_htons(ETH_P_8021Q), port->vid))
		return XOVL_REASON_COPY_FAILED;
	err = bpf_clone_redirect(ctx, port->ifindex, 0);
	if (port->vid)
		bpf_skb_vlan_pop(ctx);
	if (err)
		return XOVL_REASON_COPY_FAILED;
	count_port_tx(index, flood->frame.len);
	return XOVL_REASON_NONE;
}

/* True if the port gets no copy: its interface is gone or has no link, so nobody is there. A bridge does the same. */
static __always_inline bool flood_leaves_out(ctx_t *ctx, const struct flood *flood, __u32 index)
{
	struct xovl_port *port = port_get(&flood->frame, index);
	struct xovl_port_state *state = port ? port_state_get(ctx, index, port->ifindex) : NULL;

	return state && !(state->up && device_is_live(port->ifindex));
}

static long flood_port_nth(__u32 nth, struct flood_loop *loop)
{
	struct flood *flood = flood_get();
	__u32 *index;

	if (!flood)
		return 1;
	index = flood_target(flood, nth);
	if (!index || (!flood->frame.from_tunnel && *index == flood->frame.origin))
		return 0;
	if (flood_leaves_out(loop->ctx, flood, *index))
		return 0;
	flood_count(loop, flood, flood_port(loop->ctx, flood, *index), xovl_place(XOVL_PLACE_PORT, *index));
	return 0;
}

/* Reads the head of the flood list as one word, so a change is seen completely or not at all. */
static __always_inline struct xovl_flood_head flood_head(const struct frame *f)
{
	union {
		__u64 word;
		struct xovl_flood_head head;
	} read = {.word = *(volatile __u64 *)&f->net->flood};

	return read.head;
}

/*
 * Floods the frame and returns its final verdict. The facts about the frame are copied, so that the caller's own,
 * whose address is then never taken, can stay in registers.
 */
static __always_inline int flood(ctx_t *ctx, const struct frame *origin)
{
	struct xovl_flood_head head = flood_head(origin);
	struct flood_loop loop = {.ctx = ctx, .stats = net_stats_get(origin->net_index)};
	__u32 nr_peers = origin->from_tunnel ? 0 : head.nr_peers;
	struct frame copy = *origin, *f = &copy;
	struct flood *flood = flood_get();

	/* the origin is one of the ports, and gets no copy */
	if (!nr_peers && head.nr_ports <= (f->from_tunnel ? 0 : 1))
		return verdict_drop(ctx, f, XOVL_REASON_NO_TARGET);
	if (!loop.stats || !flood)
		return verdict_drop(ctx, f, XOVL_REASON_STALE_TARGET);
	if (!frame_for_port(ctx, f, 0))
		return verdict_drop(ctx, f, XOVL_REASON_NO_ROOM);
	f->port_vid = 0;
	__builtin_memset(flood, 0, sizeof(*flood));
	flood_keep(flood, f);
	flood->mark = ctx->mark;
	flood->first.net = f->net_index;
	flood->first.list_half = head.list_half;

	count_origin(f, loop.stats);
	loop.stats->flooded++;
	bpf_loop(head.nr_ports, flood_port_nth, &loop, 0);
	if (nr_peers)
		flood_tunnel(&loop, flood, f, head);
	return hook_drop(ctx);
}

#endif

#endif

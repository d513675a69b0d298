/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Known unicast to a port of this host, from another port or out of the tunnel. */
#ifndef XOVL_BPF_DELIVER_H
#define XOVL_BPF_DELIVER_H

#include "fdb.h"
#include "flow.h"
#include "path.h"
#include "verdict.h"

/* NULL: the port has left the network. */
static __always_inline struct xovl_port *port_get(const struct frame *f, __u32 index)
{
	struct xovl_port *port = bpf_map_lookup_elem(&port_table, &index);

	if (!port || !(port->flags & XOVL_PORT_USED) || port->net != f->net_index)
		return NULL;
	return port;
}

/* The link of a port is looked at no more often. */
#define PORT_STATE_NS (100 * NSEC_PER_MSEC)

__noinline int port_look(ctx_t *ctx, __u32 index, __u32 ifindex)
{
	struct xovl_port_state *state = bpf_map_lookup_elem(&port_states, &index);
	struct device_link link;
	__u32 mtu = 0;

	if (!state)
		return 0;
	link = device_link(ifindex);
	bpf_check_mtu(ctx, ifindex, &mtu, 0, 0);
	if (state->ifindex == ifindex && state->downs != link.downs)
		state->flushed = bpf_ktime_get_coarse_ns();
	state->downs = link.downs;
	state->up = link.up;
	state->mtu = mtu > 0xffff ? 0xffff : mtu;
	state->ifindex = ifindex;
	state->expires = (__u32)bpf_jiffies64() + (__u32)jiffies_of(PORT_STATE_NS);
	return 0;
}

/* NULL: the index is out of range. */
static __always_inline struct xovl_port_state *port_state(ctx_t *ctx, __u32 index, __u32 ifindex)
{
	struct xovl_port_state *state = bpf_map_lookup_elem(&port_states, &index);

	if (state && (state->ifindex != ifindex || (__s32)(state->expires - (__u32)bpf_jiffies64()) <= 0))
		port_look(ctx, index, ifindex);
	return state;
}

/*
 * Whether the destination's entry is to be believed: not if it leads to a port whose link is down, or has been since a station was
 * learned there. A bridge flushes such entries (802.1Q, 8.8.3). True of what leads elsewhere.
 */
static __always_inline bool port_can_take(ctx_t *ctx, const struct frame *f, const struct destination *to)
{
	__u32 index = xovl_fdb_index(to->target);
	struct xovl_port_state *state;
	struct xovl_port *port;

	if (xovl_fdb_target(to->target) != XOVL_TARGET_PORT)
		return true;
	port = port_get(f, index);
	state = port ? port_state(ctx, index, port->ifindex) : NULL;
	return !state || (state->up && (!to->seen || (__s64)(to->seen - state->flushed) > 0));
}

/* A frame without outer headers against the MTU of the interface that it is to leave by, as the kernel's bridge does: one tag is free. */
static __always_inline bool port_is_too_small(__u32 len, __u32 gso_size, __u32 mtu)
{
	return !gso_size && len > mtu + ETH_HLEN + sizeof(struct xovl_vlan_tag);
}

#ifdef XOVL_CARRIER_XDP

/* An xdp_frame carries no half-made checksum, which behind many tags is not seen, and not every interface takes one: TC delivers those. */
static __always_inline bool port_is_ready(const struct frame *f, const struct xovl_path *path)
{
	struct flow flow;

	if (!(path->flags & XOVL_PATH_XDP_XMIT) && !device_generic)
		return false;
	if (!device_partial_checksums)
		return true;
	flow_parse(f, outer_offset(f->outer_len), true, &flow);
	return !(flow.marks & (FLOW_PARTIAL | FLOW_DEEP));
}

#else

static __always_inline bool port_is_ready(const struct frame *f, const struct xovl_path *path)
{
	return true;
}

#endif

/* The way out of a port. Not VERDICT_OPEN: the frame ends here. */
static __always_inline int port_find(ctx_t *ctx, struct frame *f, const struct destination *to, struct xovl_path *path)
{
	__u32 index = xovl_fdb_index(to->target);
	struct xovl_port *port = port_get(f, index);
	struct xovl_port_state *state = port ? port_state(ctx, index, port->ifindex) : NULL;

	if (!port || !state)
		return verdict_drop(ctx, f, XOVL_REASON_STALE_TARGET);
	if (!f->from_tunnel && f->origin == index)
		return verdict_drop(ctx, f, XOVL_REASON_SAME_PORT);
	path->ifindex = port->ifindex;
	path->vid = port->vid;
	path->mtu = state->mtu;
	path->flags = f->path_flags & PATH_OF_ORIGIN;
	if (port->flags & XOVL_PORT_XDP_XMIT)
		path->flags |= XOVL_PATH_XDP_XMIT;
	if (port->flags & XOVL_PORT_TO_PEER)
		path->flags |= XOVL_PATH_TO_VETH_PEER;
	path_keep(path, to->expires);
	return VERDICT_OPEN;
}

/* The port is ready for the frame. */
static __always_inline int port_out(ctx_t *ctx, struct frame *f, const struct xovl_path *path)
{
	__u32 ifindex = path->ifindex;
	__u32 target = path->target;
	int verdict;

	if (port_is_too_small(f->len, f->gso_size, path->mtu))
		return verdict_drop(ctx, f, XOVL_REASON_MTU_PORT);
	if (!frame_for_port(ctx, f, path->vid))
		return CARRIER_IS_XDP ? verdict_pass(ctx) : verdict_drop(ctx, f, XOVL_REASON_NO_ROOM);
	verdict = carrier_deliver(ctx, ifindex, path->flags & XOVL_PATH_TO_VETH_PEER);
	if (verdict == VERDICT_OPEN)
		return verdict_drop(ctx, f, XOVL_REASON_STALE_TARGET);
	verdict_delivered(f, target);
	return verdict;
}

#endif

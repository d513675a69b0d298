/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ports of a network: look-up, link state, and the MTU of the interface. Asked before a frame is sent to a port. */
#ifndef XOVL_BPF_L2_PORT_H
#define XOVL_BPF_L2_PORT_H

#include "hook/hook.h"
#include "lib/clock.h"
#include "maps/tables.h"
#include "packet/destination.h"

/* Returns NULL if the port is no longer in the frame's network. */
static __always_inline struct xovl_port *port_get(const struct frame *f, __u32 index)
{
	struct xovl_port *port = bpf_map_lookup_elem(&port_table, &index);

	if (!port || !(port->flags & XOVL_PORT_USED) || port->net != f->net_index)
		return NULL;
	return port;
}

/* True if the frame must not go to that port: both it and the port that the frame comes from are isolated. */
static __always_inline bool port_is_isolated_from(const struct frame *f, const struct xovl_port *port)
{
	return !f->from_tunnel && (f->path_kind & XOVL_PATH_ISOLATED) && (port->flags & XOVL_PORT_ISOLATED);
}

/* A port's link state is read at most this often. */
#define PORT_STATE_NS (100 * NSEC_PER_MSEC)

__noinline int port_state_refresh(ctx_t *ctx, __u32 index, __u32 ifindex)
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

/* Returns the port's state, not older than PORT_STATE_NS. Returns NULL if the index is out of range. */
static __always_inline struct xovl_port_state *port_state_get(ctx_t *ctx, __u32 index, __u32 ifindex)
{
	struct xovl_port_state *state = bpf_map_lookup_elem(&port_states, &index);

	if (state && (state->ifindex != ifindex || (__s32)(state->expires - (__u32)bpf_jiffies64()) <= 0))
		port_state_refresh(ctx, index, ifindex);
	return state;
}

/*
 * True if the FDB entry can be believed. False if it leads to a port whose link is down, or whose link failed after
 * the station was learned there: a bridge flushes such entries (802.1Q, 8.8.3).
 */
static __always_inline bool port_can_take(ctx_t *ctx, const struct frame *f, const struct destination *to)
{
	__u32 index = xovl_fdb_index(to->target);
	struct xovl_port_state *state;
	struct xovl_port *port;

	if (xovl_fdb_target(to->target) != XOVL_TARGET_PORT)
		return true;
	port = port_get(f, index);
	state = port ? port_state_get(ctx, index, port->ifindex) : NULL;
	return !state || (state->up && (!to->seen || (__s64)(to->seen - state->flushed) > 0));
}

/*
 * True if a frame without outer headers is larger than the interface's MTU. One tag is not counted, as in the
 * kernel's bridge.
 */
static __always_inline bool port_is_too_small(__u32 len, __u32 gso_size, __u32 mtu)
{
	return !gso_size && len > mtu + ETH_HLEN + sizeof(struct xovl_vlan_tag);
}

#endif

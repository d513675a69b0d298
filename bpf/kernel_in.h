/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel's tunnel device of a UDP port. As long as it is there, the kernel merges (GRO) tunnel packets of that port before TC sees
 * them. And it unpacks super-frames that TC cannot: the uplink's program looks them over and leaves them, marked, to the stack; the
 * device has them next, without outer headers, and here they go on as any other frame of their peer.
 */
#ifndef XOVL_BPF_KERNEL_IN_H
#define XOVL_BPF_KERNEL_IN_H

#include "kernel_out.h"
#include "uplink.h"

struct kernel_facts {
	struct xovl_tunnel_key key;
	struct xovl_addr remote;
};

/* What the outer headers said. False: the packet comes from no tunnel. */
static __always_inline bool kernel_read(ctx_t *ctx, __u32 service, struct kernel_facts *facts)
{
	struct bpf_tunnel_key key = {};
	bool ipv6 = false;

	if (bpf_skb_get_tunnel_key(ctx, &key, sizeof(key), 0)) {
		if (bpf_skb_get_tunnel_key(ctx, &key, sizeof(key), BPF_F_TUNINFO_IPV6))
			return false;
		ipv6 = true;
	}
	facts->key.service = service;
	facts->key.id = bpf_htonl(key.tunnel_id << 8);
	if (ipv6) {
		__builtin_memcpy(&facts->remote, key.remote_ipv6, sizeof(facts->remote));
		__builtin_memcpy(&facts->key.local, key.local_ipv6, sizeof(facts->key.local));
	} else {
		addr_from_ipv4(&facts->remote, bpf_htonl(key.remote_ipv4));
		addr_from_ipv4(&facts->key.local, bpf_htonl(key.local_ipv4));
	}
	return true;
}

/* Fill in network and peer. Returns a reason why there is none. */
static __always_inline enum xovl_reason kernel_enter(struct frame *f, const struct kernel_facts *facts)
{
	struct xovl_tunnel *tunnel = bpf_map_lookup_elem(&tunnels, &facts->key);

	if (!tunnel)
		return XOVL_REASON_VNI_UNKNOWN;
	f->net_index = tunnel->net;
	f->net = network_get(f->net_index);
	if (!f->net)
		return XOVL_REASON_VNI_UNKNOWN;
	return uplink_peer(f, &facts->remote) ? XOVL_REASON_NONE : XOVL_REASON_PEER_UNKNOWN;
}

/* A packet of another way in has been looked over by nobody. */
static __always_inline int kernel_open(ctx_t *ctx, struct frame *f)
{
	__u32 ifindex = carrier_ifindex(ctx);
	struct xovl_device *device = bpf_map_lookup_elem(&devices, &ifindex);
	struct kernel_facts facts = {};
	enum xovl_reason reason;
	bool looked_over = ctx->mark == KERNEL_MARK;

	ctx->mark = 0;
	f->net_index = XOVL_NET_NONE;
	if (!device || !kernel_read(ctx, device->service, &facts))
		return carrier_drop(ctx);
	reason = kernel_enter(f, &facts);
	if (!reason && !looked_over)
		reason = XOVL_REASON_NOT_BY_UPLINK;
	return reason ? verdict_drop_outer(ctx, reason, f->net_index, xovl_place(XOVL_PLACE_DEVICE, ifindex))
		      : VERDICT_OPEN;
}

/* Does the network learn from the frame? What its group is goes into skb->mark. */
static __always_inline bool kernel_take_group(ctx_t *ctx, const struct frame *f)
{
	struct kernel_group group = {};

	if (!(f->net->flags & XOVL_NET_GBP) || bpf_skb_get_tunnel_opt(ctx, &group, sizeof(group)) <= 0)
		return true;
	ctx->mark = group.gbp & XOVL_VXLAN_GROUP;
	return !(group.gbp & XOVL_VXLAN_D);
}

static __always_inline int kernel_deliver(ctx_t *ctx, struct frame *f)
{
	struct xovl_path_key key = {};
	struct destination to = {};
	struct path_place place;
	bool learns;
	int verdict;

	if (!path_place_once(PATH_OF_ONE, &place))
		return carrier_drop(ctx);
	path_look_up(&to);
	path_enter_network(f, &to);
	learns = kernel_take_group(ctx, f);
	verdict = tunnel_frame_find(ctx, f, !learns, &to);
	if (verdict != VERDICT_OPEN)
		return verdict;
	path_begin(place.path, &key, f, &to);
	count_by_kernel(f->net_index);
	verdict = port_find(ctx, f, &to, place.path);
	return verdict == VERDICT_OPEN ? port_out(ctx, f, place.path) : verdict;
}

/* Nothing goes on to the host's own IP stack. */
static __always_inline int kernel_in(ctx_t *ctx)
{
	struct frame f = {};
	int verdict;

	if (!frame_open(ctx, &f) || !device_is_live(carrier_ifindex(ctx)))
		return carrier_drop(ctx);
	frame_read_macs(&f, f.data);
	f.from_tunnel = true;
	f.len += frame_beside_len(ctx, &f);
	verdict = kernel_open(ctx, &f);
	if (verdict == VERDICT_OPEN)
		verdict = kernel_deliver(ctx, &f);
	return verdict == carrier_pass(ctx) ? carrier_drop(ctx) : verdict;
}

#endif

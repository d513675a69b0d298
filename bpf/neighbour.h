/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Our own packets whose neighbour the kernel must resolve or confirm: they come back into the uplink's ingress with
 * NEXTHOP_RESOLVE_MARK (see underlay_out), complete but for their MACs.
 */
#ifndef XOVL_BPF_NEIGHBOUR_H
#define XOVL_BPF_NEIGHBOUR_H

#include "decap.h"
#include "nexthop.h"

/* The peer, read back from its packet. False: this is no packet of ours. */
static __always_inline bool neighbour_peer(ctx_t *ctx, struct xovl_peer *peer)
{
	struct outer outer = {};
	struct frame f = {};

	if (!frame_open(ctx, &f) || !outer_parse(ctx, &f, &outer))
		return false;
	peer->family = addr_is_ipv4(&outer.brief.tunnel.local) ? AF_INET : AF_INET6;
	peer->local = outer.brief.tunnel.remote; /* its source is us, its destination the peer */
	peer->remote = outer.brief.tunnel.local;
	peer->encap = outer_is_gre(&outer) ? XOVL_ENCAP_GRE : XOVL_ENCAP_VXLAN;
	peer->dstport = outer.brief.dport;
	return true;
}

/*
 * The gateway is the one that the datapath's own look-up chose: a look-up by the kernel would hash a multipath route
 * differently and could name a gateway of another interface. Where routes lead to a VLAN interface over a tagged uplink, that one
 * puts the tag.
 */
static __always_inline int neighbour_resolve(ctx_t *ctx)
{
	__u32 bucket = ctx->mark - NEXTHOP_RESOLVE_MARK;
	struct bpf_redir_neigh gateway = {};
	struct bpf_fib_lookup fib = {};
	struct xovl_peer peer = {};
	struct xovl_device *device;
	__u32 ifindex;

	ctx->mark = 0;
	if (!neighbour_peer(ctx, &peer))
		return carrier_pass(ctx);
	nexthop_request(&peer, bucket, &fib);
	bpf_fib_lookup(ctx, &fib, sizeof(fib), 0);
	ifindex = fib.ifindex;
	device = bpf_map_lookup_elem(&devices, &ifindex);
	if (!device || (ifindex != ctx->ifindex && device->via != ctx->ifindex))
		return bpf_redirect_neigh(ctx->ifindex, NULL, 0, 0);
	if (ifindex != ctx->ifindex)
		bpf_skb_vlan_pop(ctx);
	gateway.nh_family = fib.family;
	if (fib.family == AF_INET)
		gateway.ipv4_nh = fib.ipv4_dst;
	else
		__builtin_memcpy(gateway.ipv6_nh, fib.ipv6_dst, sizeof(gateway.ipv6_nh));
	return bpf_redirect_neigh(ifindex, &gateway, sizeof(gateway), 0);
}

#endif

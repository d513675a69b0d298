/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Our own packets whose neighbour the kernel must resolve or confirm: they come back into the uplink's ingress with
 * NEXTHOP_RESOLVE_MARK (see underlay_out), complete but for their MACs.
 */
#ifndef XOVL_BPF_NEIGHBOUR_H
#define XOVL_BPF_NEIGHBOUR_H

#include "decap.h"
#include "nexthop.h"

/* The addresses and bucket of the peer, read back from its packet. False: this is no packet of ours. */
static __always_inline bool neighbour_peer(ctx_t *ctx, struct xovl_peer *peer, __u32 *bucket)
{
	struct outer outer = {};
	struct frame f = {};
	const struct ethhdr *eth;
	const struct udphdr *udp;

	if (!frame_open(ctx, &f) || !outer_parse(&f, &outer))
		return false;
	eth = f.data;
	udp = f.data + outer_offset(outer.l4);
	if ((void *)(udp + 1) > f.end)
		return false;
	peer->family = eth->h_proto == bpf_htons(ETH_P_IP) ? AF_INET : AF_INET6;
	peer->local = outer.tunnel.remote; /* its source is us, its destination the peer */
	peer->remote = outer.tunnel.local;
	peer->dstport = udp->dest;
	*bucket = nexthop_bucket(bpf_ntohs(udp->source));
	return true;
}

/*
 * The gateway is the one that the datapath's own look-up chose: a look-up by the kernel would hash a multipath route
 * differently and could name a gateway of another interface.
 */
static __always_inline int neighbour_resolve(ctx_t *ctx)
{
	struct bpf_redir_neigh gateway = {};
	struct bpf_fib_lookup fib = {};
	struct xovl_peer peer = {};
	__u32 bucket;

	ctx->mark = 0;
	if (!neighbour_peer(ctx, &peer, &bucket))
		return carrier_pass(ctx);
	nexthop_request(&peer, bucket, &fib);
	bpf_fib_lookup(ctx, &fib, sizeof(fib), 0);
	if (fib.ifindex != ctx->ifindex)
		return bpf_redirect_neigh(ctx->ifindex, NULL, 0, 0);
	gateway.nh_family = fib.family;
	if (fib.family == AF_INET)
		gateway.ipv4_nh = fib.ipv4_dst;
	else
		__builtin_memcpy(gateway.ipv6_nh, fib.ipv6_dst, sizeof(gateway.ipv6_nh));
	return bpf_redirect_neigh(ctx->ifindex, &gateway, sizeof(gateway), 0);
}

#endif

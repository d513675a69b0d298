/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Makes the path to a peer, from next hop and outer headers, and checks that a frame fits it. */
#ifndef XOVL_BPF_ENCAP_PEER_H
#define XOVL_BPF_ENCAP_PEER_H

#include "encap/write.h"

static __always_inline enum xovl_reason size_check(const struct frame *f, const struct flow *flow,
						   const struct path_place *place)
{
	__u32 encap_len = place->headers->outer_len - ETH_HLEN;

	if (flow->ip_len > place->headers->mtu_network)
		return XOVL_REASON_MTU_NETWORK;
	if (encap_len + flow->wire_len > place->path->mtu)
		return XOVL_REASON_MTU_UNDERLAY;
	return f->gso_size && encap_len + f->len > IP_LEN_MAX ? XOVL_REASON_GSO_TOO_LONG : XOVL_REASON_NONE;
}

/*
 * Fills in the path to a peer for frames of that flow, and when its next hop expires (jiffies). Returns the drop
 * reason or XOVL_REASON_NONE.
 */
static __always_inline enum xovl_reason peer_path_prepare(ctx_t *ctx, const struct frame *f, const struct flow *flow,
							  __u32 index, const struct path_place *place, __u64 *expires)
{
	struct xovl_path *path = place->path;
	struct xovl_peer *peer = peer_get(index);
	struct xovl_nexthop *nexthop;
	enum xovl_reason reason;

	if (!peer)
		return XOVL_REASON_STALE_TARGET;
	nexthop = nexthop_get(ctx, index, peer, nexthop_bucket(flow));
	if (!nexthop)
		return XOVL_REASON_STALE_TARGET;
	reason = nexthop_reason(nexthop);
	if (reason)
		return reason;
	*expires = nexthop->expires;
	path->target = index;
	path->origin = f->origin;
	path->net = f->net_index;
	path->ifindex = nexthop->ifindex;
	path->mtu = nexthop->mtu;
	path->vid = nexthop->vid;
	outer_prepare(path, place->headers, peer, nexthop, f->net);
	path->kind |= f->path_kind & PATH_OF_PORT;
	return XOVL_REASON_NONE;
}

/* Checks if the path can carry the frame, before the frame is changed. Returns the drop reason or XOVL_REASON_NONE. */
static __always_inline enum xovl_reason tunnel_check(const struct frame *f, const struct flow *flow,
						     const struct path_place *place)
{
	if ((place->path->kind & XOVL_PATH_NVGRE) && flow_is_tagged(flow))
		return XOVL_REASON_NVGRE_TAG;
	if (f->gso_size && (place->path->policy & PATH_PER_PACKET))
		return XOVL_REASON_GSO_NUMBERED;
	return size_check(f, flow, place);
}

#endif

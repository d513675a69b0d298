/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A tenant's frame into the tunnel: size check, outer headers, out of the uplink. */
#ifndef XOVL_BPF_ENCAP_H
#define XOVL_BPF_ENCAP_H

#include "flow.h"
#include "nexthop.h"
#include "path.h"
#include "verdict.h"

#include "xovl/wire.h"

/* The largest inner IP packet of a network, octets. */
static __always_inline __u16 network_mtu(const struct xovl_network *net)
{
	return net->mtu ? net->mtu : 0xffff;
}

/* encap_len: octets of the outer IP, UDP and VXLAN headers. mtu: of the next hop. */
static __always_inline enum xovl_reason size_check(const struct frame *f, const struct flow *flow, __u32 encap_len,
						   __u16 mtu_network, __u16 mtu)
{
	if (flow->ip_len > mtu_network)
		return XOVL_REASON_MTU_NETWORK;
	if (encap_len + flow->wire_len > mtu || encap_len + f->len > IP_LEN_MAX)
		return XOVL_REASON_MTU_UNDERLAY;
	return XOVL_REASON_NONE;
}

/* Prepared headers are copied in words; the types only promise what UAPI headers do, and clang would copy octets. */
static __always_inline void words_copy(void *to, const void *from, __u32 len)
{
	__u32 at = 0;

	for (; at + sizeof(__u64) <= len; at += sizeof(__u64))
		*(__u64 *)(to + at) = *(const __u64 *)(from + at);
	if (at + sizeof(__u32) <= len) {
		*(__u32 *)(to + at) = *(const __u32 *)(from + at);
		at += sizeof(__u32);
	}
	if (at + sizeof(__u16) <= len)
		*(__u16 *)(to + at) = *(const __u16 *)(from + at);
}

#define OUTER_LEN_IPV4 (sizeof(struct iphdr) + sizeof(struct udphdr) + sizeof(struct xovl_vxlan))
#define OUTER_LEN_IPV6 (sizeof(struct ipv6hdr) + sizeof(struct udphdr) + sizeof(struct xovl_vxlan))

/* The prepared headers of an outer family. */
static __always_inline void outer_prepare_ip(void *to, const struct xovl_peer *peer, const struct xovl_nexthop *nexthop,
					     __be16 proto, __u32 outer_len, __u32 vni)
{
	struct ethhdr *eth = to;
	struct xovl_vxlan *vxlan = to + ETH_HLEN + outer_len - sizeof(*vxlan);

	words_copy(eth, nexthop->macs, sizeof(nexthop->macs));
	eth->h_proto = proto;
	words_copy(eth + 1, peer->outer, outer_len);
	vxlan->vni = bpf_htonl(vni << 8);
}

/* What is the same for all frames of a network to a next hop, Ethernet header included. False: it does not fit before end. */
static __always_inline bool outer_prepare(void *to, const void *end, const struct xovl_peer *peer,
					  const struct xovl_nexthop *nexthop, __u32 vni)
{
	if (to + ETH_HLEN + OUTER_LEN_IPV4 > end)
		return false;
	if (peer->family == AF_INET) {
		outer_prepare_ip(to, peer, nexthop, bpf_htons(ETH_P_IP), OUTER_LEN_IPV4, vni);
		return true;
	}
	if (to + ETH_HLEN + OUTER_LEN_IPV6 > end)
		return false;
	outer_prepare_ip(to, peer, nexthop, bpf_htons(ETH_P_IPV6), OUTER_LEN_IPV6, vni);
	return true;
}

static __always_inline void outer_finish_udp(struct udphdr *udp, __u16 sport, __u32 len)
{
	udp->source = bpf_htons(sport);
	udp->len = bpf_htons(len);
}

/* What differs from frame to frame, in the prepared headers before it. False: there is less room than these take. */
static __always_inline bool outer_finish(const struct frame *f, bool ipv6, __u16 sport)
{
	__u32 udp_len = sizeof(struct udphdr) + sizeof(struct xovl_vxlan) + f->len;
	struct ipv6hdr *ip6 = f->data + ETH_HLEN;
	struct iphdr *ip4 = f->data + ETH_HLEN;

	if (f->data + ETH_HLEN + OUTER_LEN_IPV4 > f->end)
		return false;
	if (!ipv6) {
		ip4->tot_len = bpf_htons(sizeof(*ip4) + udp_len);
		/* prepared: the sum of all other fields (RFC 1071) */
		ip4->check = ~sum_fold_once((__u32)ip4->check + ip4->tot_len);
		outer_finish_udp((void *)(ip4 + 1), sport, udp_len);
		return true;
	}
	if (f->data + ETH_HLEN + OUTER_LEN_IPV6 > f->end)
		return false;
	ip6->payload_len = bpf_htons(udp_len);
	outer_finish_udp((void *)(ip6 + 1), sport, udp_len);
	return true;
}

/* Write the headers of a path into the room before the tenant's frame. False: there is less room than that. */
static __always_inline bool outer_write(const struct frame *f, const struct xovl_path *path, bool ipv6, __u16 sport)
{
	if (f->data + ETH_HLEN + OUTER_LEN_IPV4 > f->end)
		return false;
	if (!ipv6) {
		words_copy(f->data, path->outer, ETH_HLEN + OUTER_LEN_IPV4);
	} else {
		if (f->data + ETH_HLEN + OUTER_LEN_IPV6 > f->end)
			return false;
		words_copy(f->data, path->outer, ETH_HLEN + OUTER_LEN_IPV6);
	}
	return outer_finish(f, ipv6, sport);
}

#ifdef XOVL_CARRIER_XDP

/* An xdp_frame carries no half-made checksum, waits for no neighbour, and not every interface takes one: TC does those. */
static __always_inline bool underlay_is_ready(const struct xovl_path *path, const struct flow *flow)
{
	if (device_partial_checksums && flow->partial)
		return false;
	return !(path->flags & XOVL_PATH_RESOLVE) && ((path->flags & XOVL_PATH_XDP_XMIT) || device_generic);
}

static __always_inline int underlay_out(ctx_t *ctx, const struct xovl_path *path)
{
	return carrier_redirect(ctx, path->ifindex);
}

#else

static __always_inline bool underlay_is_ready(const struct xovl_path *path, const struct flow *flow)
{
	return true;
}

/*
 * Unresolved: the packet enters the uplink's TC program by its ingress, which hands it to the neighbour code (see
 * neighbour.h). The detour makes the kernel set skb->protocol, which that code needs and ARP frames lack here.
 */
static __always_inline int underlay_out(ctx_t *ctx, const struct xovl_path *path)
{
	struct xovl_peer *peer;

	if (!(path->flags & XOVL_PATH_RESOLVE))
		return carrier_redirect(ctx, path->ifindex);
	peer = peer_get(path->target);
	if (peer)
		peer->confirmed = bpf_jiffies64();
	ctx->mark = NEXTHOP_RESOLVE_MARK;
	return bpf_redirect(path->ifindex, BPF_F_INGRESS);
}

#endif

/* XDP cannot say what is wrong with a frame, and leaves that to TC. */
static __always_inline int tunnel_refuse(ctx_t *ctx, const struct frame *f, enum xovl_reason reason)
{
	return CARRIER_IS_XDP ? verdict_pass(ctx) : verdict_drop(ctx, f, reason);
}

/* Of a path to a peer. */
static __always_inline __u16 tunnel_flags(const struct xovl_peer *peer, const struct xovl_nexthop *nexthop)
{
	__u16 flags = XOVL_PATH_TO_PEER;

	if (peer->family != AF_INET)
		flags |= XOVL_PATH_IPV6;
	if (nexthop->state == XOVL_NEXTHOP_UNRESOLVED)
		flags |= XOVL_PATH_RESOLVE;
	if (nexthop->device_flags & XOVL_DEV_XDP_XMIT)
		flags |= XOVL_PATH_XDP_XMIT;
	if (nexthop->device_flags & XOVL_DEV_GSO_WHOLE)
		flags |= XOVL_PATH_GSO_WHOLE;
	return flags;
}

/* The way to the peer, remembered no longer than its next hop. Not VERDICT_OPEN: the frame ends here. */
static __always_inline int tunnel_find(ctx_t *ctx, struct frame *f, const struct flow *flow,
				       const struct destination *to, struct xovl_path *path)
{
	__u32 index = xovl_fdb_index(to->target);
	struct xovl_peer *peer = peer_get(index);
	struct xovl_nexthop *nexthop;
	enum xovl_reason reason;

	if (!peer)
		return verdict_drop(ctx, f, XOVL_REASON_STALE_TARGET);
	nexthop = nexthop_get(ctx, index, peer, flow_sport(flow));
	if (!nexthop)
		return verdict_drop(ctx, f, XOVL_REASON_STALE_TARGET);
	reason = nexthop_reason(nexthop);
	if (reason)
		return tunnel_refuse(ctx, f, reason);
	path->ifindex = nexthop->ifindex;
	path->mtu = nexthop->mtu;
	path->mtu_network = network_mtu(f->net);
	path->flags = tunnel_flags(peer, nexthop);
	outer_prepare(path->outer, path + 1, peer, nexthop, f->net->vni);
	path_keep(path, nexthop->expires < to->expires ? nexthop->expires : to->expires);
	return VERDICT_OPEN;
}

/* The frame goes to one peer. */
static __always_inline int tunnel_out(ctx_t *ctx, struct frame *f, struct flow *flow, const struct xovl_path *path)
{
	bool ipv6 = path->flags & XOVL_PATH_IPV6;
	__u32 encap_len = ipv6 ? OUTER_LEN_IPV6 : OUTER_LEN_IPV4;
	enum xovl_reason reason;

	if (!underlay_is_ready(path, flow))
		return verdict_pass(ctx);
	flow_measure(ctx, f, flow);
	reason = size_check(f, flow, encap_len, path->mtu_network, path->mtu);
	if (!reason && !frame_collect_tags(ctx, f))
		reason = XOVL_REASON_VLAN_DEPTH;
	if (!reason)
		reason = tunnel_push(ctx, f, ETH_HLEN + encap_len, ipv6, path->flags & XOVL_PATH_GSO_WHOLE);
	if (reason)
		return tunnel_refuse(ctx, f, reason);
	frame_reload(ctx, f);
	if (!outer_write(f, path, ipv6, flow_sport(flow)))
		return verdict_drop(ctx, f, XOVL_REASON_NO_ROOM);
	verdict_sent(f, path->target);
	return underlay_out(ctx, path);
}

#endif

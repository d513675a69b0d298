/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A tenant's frame into the tunnel: size check, outer headers, out of the uplink. */
#ifndef XOVL_BPF_ENCAP_H
#define XOVL_BPF_ENCAP_H

#include "flow.h"
#include "nexthop.h"
#include "verdict.h"

#include "xovl/wire.h"

/* Octets of one frame on the wire, Ethernet header included: of a segment, for a super-frame. */
static __always_inline __u32 frame_wire_len(const struct frame *f, const struct flow *flow)
{
	__u32 headers = flow->headers ? flow->headers : ETH_HLEN + sizeof(struct ipv6hdr) + sizeof(struct tcphdr);

	if (!f->gso_size)
		return f->len;
	return headers + f->nr_tags * sizeof(struct xovl_vlan_tag) + f->gso_size;
}

/* encap_len: octets of the outer IP, UDP and VXLAN headers. */
static __always_inline enum xovl_reason size_check(const struct frame *f, const struct flow *flow, __u32 encap_len,
						   const struct xovl_nexthop *nexthop)
{
	__u32 wire_len = frame_wire_len(f, flow);

	if (f->net->mtu && wire_len - flow->l2_len - f->nr_tags * sizeof(struct xovl_vlan_tag) > f->net->mtu)
		return XOVL_REASON_MTU_NETWORK;
	if (encap_len + wire_len > nexthop->mtu || encap_len + f->len > IP_LEN_MAX)
		return XOVL_REASON_MTU_UNDERLAY;
	return XOVL_REASON_NONE;
}

/* The prepared headers of the peer are copied in words; the type only promises what UAPI headers do, too. */
static __always_inline void words_copy(void *to, const void *from, __u32 len)
{
	__u32 *dst = to;
	const __u32 *src = from;

	for (__u32 i = 0; i < len / sizeof(*dst); i++)
		dst[i] = src[i];
}

#define OUTER_LEN_IPV4 (sizeof(struct iphdr) + sizeof(struct udphdr) + sizeof(struct xovl_vxlan))
#define OUTER_LEN_IPV6 (sizeof(struct ipv6hdr) + sizeof(struct udphdr) + sizeof(struct xovl_vxlan))

/* What differs from packet to packet behind the IP header. len: UDP header and all that follows, octets. */
static __always_inline void outer_write_vxlan(struct udphdr *udp, __u16 sport, __u32 len, __u32 vni)
{
	struct xovl_vxlan *vxlan = (void *)(udp + 1);

	udp->source = bpf_htons(sport);
	udp->len = bpf_htons(len);
	vxlan->vni = bpf_htonl(vni << 8);
}

/* Write the outer headers into the room before the tenant's frame. False: there is less room than that. */
static __always_inline bool outer_write(const struct frame *f, const struct xovl_peer *peer,
					const struct xovl_nexthop *nexthop, __u16 sport)
{
	__u32 udp_len = sizeof(struct udphdr) + sizeof(struct xovl_vxlan) + f->len;
	struct ethhdr *eth = f->data;
	struct ipv6hdr *ip6 = (void *)(eth + 1);
	struct iphdr *ip4 = (void *)(eth + 1);

	if (f->data + ETH_HLEN + OUTER_LEN_IPV4 > f->end)
		return false;
	words_copy(eth, nexthop->macs, sizeof(nexthop->macs));
	if (peer->family == AF_INET) {
		eth->h_proto = bpf_htons(ETH_P_IP);
		words_copy(ip4, peer->outer, OUTER_LEN_IPV4);
		ip4->tot_len = bpf_htons(sizeof(*ip4) + udp_len);
		/* prepared: the sum of all other fields (RFC 1071) */
		ip4->check = ~sum_fold((__u32)ip4->check + ip4->tot_len);
		outer_write_vxlan((void *)(ip4 + 1), sport, udp_len, f->net->vni);
		return true;
	}
	if (f->data + ETH_HLEN + OUTER_LEN_IPV6 > f->end)
		return false;
	eth->h_proto = bpf_htons(ETH_P_IPV6);
	words_copy(ip6, peer->outer, OUTER_LEN_IPV6);
	ip6->payload_len = bpf_htons(udp_len);
	outer_write_vxlan((void *)(ip6 + 1), sport, udp_len, f->net->vni);
	return true;
}

#ifdef XOVL_CARRIER_XDP

/* An xdp_frame carries no half-made checksum, waits for no neighbour, and not every interface takes one: TC does those. */
static __always_inline bool underlay_is_ready(const struct xovl_nexthop *nexthop, const struct flow *flow)
{
	if (device_partial_checksums && flow->partial)
		return false;
	return nexthop->state == XOVL_NEXTHOP_OK && ((nexthop->device_flags & XOVL_DEV_XDP_XMIT) || device_generic);
}

static __always_inline int underlay_out(ctx_t *ctx, struct xovl_peer *peer, const struct xovl_nexthop *nexthop,
					__u64 now)
{
	return carrier_redirect(ctx, nexthop->ifindex);
}

#else

static __always_inline bool underlay_is_ready(const struct xovl_nexthop *nexthop, const struct flow *flow)
{
	return true;
}

/*
 * Unresolved: the packet enters the uplink's TC program by its ingress, which hands it to the neighbour code (see
 * neighbour.h). The detour makes the kernel set skb->protocol, which that code needs and ARP frames lack here.
 */
static __always_inline int underlay_out(ctx_t *ctx, struct xovl_peer *peer, const struct xovl_nexthop *nexthop,
					__u64 now)
{
	if (nexthop->state == XOVL_NEXTHOP_OK)
		return carrier_redirect(ctx, nexthop->ifindex);
	peer->confirmed = now;
	ctx->mark = NEXTHOP_RESOLVE_MARK;
	return bpf_redirect(nexthop->ifindex, BPF_F_INGRESS);
}

#endif

/* The frame goes to one peer. */
static __always_inline int tunnel_out(ctx_t *ctx, struct frame *f, __u32 peer_index)
{
	struct xovl_peer *peer = peer_get(peer_index);
	struct xovl_nexthop *nexthop;
	enum xovl_reason reason;
	struct flow flow;
	bool ipv6;
	__u16 sport;

	if (!peer)
		return verdict_drop(ctx, f, XOVL_REASON_STALE_TARGET);
	if (!frame_collect_tags(ctx, f))
		return verdict_drop(ctx, f, XOVL_REASON_VLAN_DEPTH);
	frame_reload(ctx, f);
	flow_parse(f, 0, &flow);
	sport = flow_sport(&flow);
	nexthop = nexthop_get(ctx, peer_index, peer, sport, f->now);
	if (!nexthop)
		return verdict_drop(ctx, f, XOVL_REASON_STALE_TARGET);
	if (!underlay_is_ready(nexthop, &flow))
		return verdict_pass(ctx);
	reason = nexthop_reason(nexthop);
	if (!reason)
		reason = size_check(f, &flow, peer->outer_len, nexthop);
	if (reason)
		return CARRIER_IS_XDP ? verdict_pass(ctx) : verdict_drop(ctx, f, reason);

	ipv6 = peer->family != AF_INET;
	reason = tunnel_push(ctx, f, ETH_HLEN + (ipv6 ? OUTER_LEN_IPV6 : OUTER_LEN_IPV4), ipv6,
			     nexthop->device_flags & XOVL_DEV_GSO_WHOLE);
	if (reason)
		return CARRIER_IS_XDP ? verdict_pass(ctx) : verdict_drop(ctx, f, reason);
	frame_reload(ctx, f);
	if (!outer_write(f, peer, nexthop, sport))
		return verdict_drop(ctx, f, XOVL_REASON_NO_ROOM);
	verdict_sent(f, peer_index);
	return underlay_out(ctx, peer, nexthop, f->now);
}

#endif

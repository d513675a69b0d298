/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What some packets from the underlay need before their outer headers go: those with a checksum or a mark of congestion, and
 * those of networks that ask for sequence numbers, group or MSS.
 */
#ifndef XOVL_BPF_CARE_H
#define XOVL_BPF_CARE_H

#include "checksum.h"
#include "ecn.h"
#include "encap.h"
#include "enter.h"
#include "mss.h"

/*
 * Checksum of outer UDP and GRE. Zero is none of UDP, which IPv6 peers may be refused. One that a sender on this machine left
 * to its device is as good as complete, whatever it holds: of UDP the pseudo-header's sum. A packet from the wire can hold that, too:
 * only the kernel knows, and XDP leaves it to TC.
 */
static __always_inline enum xovl_reason uplink_checksum(ctx_t *ctx, const struct frame *f, const struct outer *outer)
{
	bool gre = outer_is_gre(outer);
	__u32 check_at = outer->l4 + (gre ? sizeof(struct xovl_gre) : offsetof(struct udphdr, check));
	__u32 sum = 0;

	if (!outer->check)
		return f->path_flags & XOVL_NET_NO_ZEROCSUM6 ? XOVL_REASON_UDP_NO_CHECKSUM : XOVL_REASON_NONE;
	if (carrier_has_verified(ctx, f))
		return XOVL_REASON_NONE;
	if (!gre)
		sum = pseudo_sum(&outer->brief.tunnel.remote, &outer->brief.tunnel.local, IPPROTO_UDP, outer->l4_len);
	if (!gre && flow_is_partial(sum, outer->check)) {
		if (CARRIER_IS_XDP)
			return XOVL_REASON_UDP_CHECKSUM;
		if (carrier_is_partial(ctx, check_at))
			return XOVL_REASON_NONE;
	}
	sum = open_sum(ctx, outer->l4, outer->l4 + outer->l4_len, open_checksum_find(ctx, f->outer_len), sum);
	if (sum == 0xffff || carrier_is_partial(ctx, check_at))
		return XOVL_REASON_NONE;
	return gre ? XOVL_REASON_GRE_CHECKSUM : XOVL_REASON_UDP_CHECKSUM;
}

static __always_inline enum xovl_reason uplink_sequence(ctx_t *ctx, const struct frame *f, const struct outer *outer)
{
	__be32 number;

	if (!(f->path_flags & XOVL_NET_SEQ_STRICT) || !(gre_flags(outer) & XOVL_GRE_S))
		return XOVL_REASON_NONE;
	if (carrier_load(ctx, outer->l4 + gre_sequence_at(gre_flags(outer)), &number, sizeof(number)))
		return XOVL_REASON_NONE;
	return gre_sequence_is_new(f->net_index, f->origin, bpf_ntohl(number)) ? XOVL_REASON_NONE
									       : XOVL_REASON_GRE_SEQUENCE;
}

#ifdef XOVL_CARRIER_XDP

/*
 * An xdp_frame has no mark, and no checksum that is made later: TC takes care of those, and of SYNs that are to be changed. TC may have
 * to finish any packet: a sequence number must be looked at only once.
 */
__noinline int uplink_is_ready(ctx_t *ctx)
{
	struct uplink_now *now = uplink_now();
	struct frame f = {};
	struct flow flow;
	__u32 obstacles;

	if (!now || (now->frame.path_flags & (XOVL_NET_GBP | XOVL_NET_SEQ_STRICT)))
		return false;
	obstacles = xdp_obstacles(now->frame.path_flags);
	if (!obstacles)
		return true;
	frame_reload(ctx, &f);
	flow_parse(&f, outer_offset(now->frame.outer_len), true, &flow);
	return !(flow.marks & obstacles);
}

/* GRO comes after XDP, and not where that is generic. */
static __always_inline bool uplink_is_merged(ctx_t *ctx, const struct frame *f, const struct outer *outer)
{
	return false;
}

/*
 * The packet in uplink_now() has a mark of congestion, and the tenant's is to get it. XDP does so last, when it knows that it can
 * finish: TC must find the packet as it came.
 */
__noinline int uplink_change(ctx_t *ctx)
{
	struct uplink_now *now = uplink_now();

	if (!now || !ecn_matters(now->outer.tos))
		return 0;
	return ecn_decapsulate(ctx, now->frame.outer_len, now->outer.tos, true);
}

#else

static __always_inline bool uplink_is_ready(ctx_t *ctx)
{
	return true;
}

/* Is the frame of len octets that starts at offset at as long as its IP header says? False of what is not IP. */
__noinline int frame_is_one(ctx_t *ctx, __u32 at, __u32 len)
{
	struct frame f = {};
	struct flow flow;
	__be16 ip_len;

	frame_reload(ctx, &f);
	flow_parse(&f, outer_offset(at), false, &flow);
	at += flow.l2_len;
	if (flow.family == AF_INET && !carrier_load(ctx, at + offsetof(struct iphdr, tot_len), &ip_len, sizeof(ip_len)))
		return flow.l2_len + bpf_ntohs(ip_len) == len;
	if (flow.family && !carrier_load(ctx, at + offsetof(struct ipv6hdr, payload_len), &ip_len, sizeof(ip_len)))
		return flow.l2_len + sizeof(struct ipv6hdr) + bpf_ntohs(ip_len) == len;
	return false;
}

/*
 * Where GRO is told to (rx-udp-gro-forwarding, rx-gro-list), it takes UDP packets with checksums for parts of one super-frame,
 * tunnel packets too; only the first one's frame could be found in it.
 */
static __always_inline bool uplink_is_merged(ctx_t *ctx, const struct frame *f, const struct outer *outer)
{
	return f->gso_size && outer->check && !outer_is_gre(outer) && !frame_is_one(ctx, f->outer_len, f->len);
}

/*
 * The largest inner packet that the way back to the peer of the packet in uplink_now() carries, from whatever port, in frames with
 * that much before it; 0: not known.
 */
__noinline int uplink_mtu_back(ctx_t *ctx, __u32 l2_len)
{
	struct path_place place;
	struct frame back = {.origin = ORIGIN_NONE};
	struct uplink_now *now = uplink_now();
	struct xovl_peer *peer;
	struct flow flow = {};
	__u64 expires;

	if (!now || !path_place_once(PATH_BACK, &place))
		return 0;
	back.net_index = now->frame.net_index;
	back.net = network_get(back.net_index);
	peer = peer_get(now->frame.origin);
	if (!back.net || !peer || peer_find(ctx, &back, &flow, now->frame.origin, &place, &expires))
		return 0;
	if (peer->encap == XOVL_ENCAP_GENEVE) /* the path was prepared for no port */
		l2_len += back.net->port_options;
	return path_mtu(place.path, l2_len);
}

/* What the packet in uplink_now(), which is sound, brings or gets: skb->mark, another MSS. Its data is void afterwards. */
static __always_inline void uplink_change(ctx_t *ctx)
{
	struct uplink_now *now = uplink_now();
	__u32 syn, mtu;

	if (!now)
		return;
	if (now->frame.path_flags & XOVL_NET_GBP)
		ctx->mark = vxlan_group(&now->outer);
	if (!(now->frame.path_flags & XOVL_NET_MSS_CLAMP))
		return;
	syn = syn_find(ctx, now->frame.outer_len);
	if (!syn)
		return;
	mtu = uplink_mtu_back(ctx, syn & ~SYN_IS_COMPLETE);
	mss_clamp(ctx, now->frame.outer_len, mtu, syn & SYN_IS_COMPLETE);
}

#endif

/*
 * Is the packet in uplink_now() sound? Each returns a reason to drop it; its data is void afterwards. First its octets: a function of
 * its own, as looking at a checksum takes much of the stack.
 */
__noinline int uplink_verify(ctx_t *ctx)
{
	struct uplink_now *now = uplink_now();

	if (!now)
		return XOVL_REASON_NONE;
	if (uplink_is_merged(ctx, &now->frame, &now->outer))
		return XOVL_REASON_GRO_MERGED;
	return uplink_checksum(ctx, &now->frame, &now->outer);
}

__noinline int uplink_care(ctx_t *ctx)
{
	struct uplink_now *now = uplink_now();
	enum xovl_reason reason;

	if (!now)
		return XOVL_REASON_NONE;
	reason = uplink_sequence(ctx, &now->frame, &now->outer);
	if (!reason && ecn_matters(now->outer.tos))
		reason = ecn_decapsulate(ctx, now->frame.outer_len, now->outer.tos, !CARRIER_IS_XDP);
	return reason;
}

/* XDP leaves these to TC, which is told of checksums that are not complete yet. */
static __always_inline bool reason_is_of_checksum(enum xovl_reason reason)
{
	return reason == XOVL_REASON_UDP_CHECKSUM || reason == XOVL_REASON_GRE_CHECKSUM;
}

static __always_inline bool reason_is_of_outer(enum xovl_reason reason)
{
	return reason != XOVL_REASON_ECN && reason != XOVL_REASON_GRE_SEQUENCE && reason != XOVL_REASON_NO_ROOM;
}

#endif

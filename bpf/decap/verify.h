/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What some packets from the underlay need before their outer headers go: those with a checksum or a mark of congestion, and
 * those of networks that ask for sequence numbers, group or MSS.
 */
#ifndef XOVL_BPF_DECAP_VERIFY_H
#define XOVL_BPF_DECAP_VERIFY_H

#include "decap/tunnel.h"
#include "encap/mss.h"
#include "encap/peer.h"
#include "packet/checksum.h"
#include "packet/ecn.h"

/*
 * Checksum of outer UDP and GRE. Zero is none of UDP, which IPv6 peers may be refused. One that a sender on this machine left
 * to its device is as good as complete, whatever it holds: of UDP the pseudo-header's sum. A packet from the wire can hold that, too:
 * only the kernel knows, and XDP leaves it to TC.
 */
static __always_inline enum xovl_reason verify_checksum(ctx_t *ctx, const struct frame *f, const struct outer *outer)
{
	bool gre = outer_is_gre(outer);
	__u32 check_at = outer->l4 + (gre ? sizeof(struct xovl_gre) : offsetof(struct udphdr, check));
	__u32 sum = 0;

	if (!outer->check)
		return f->path_flags & XOVL_NET_NO_ZEROCSUM6 ? XOVL_REASON_UDP_NO_CHECKSUM : XOVL_REASON_NONE;
	if (hook_verified_checksum(ctx, f))
		return XOVL_REASON_NONE;
	if (!gre)
		sum = pseudo_sum(&outer->brief.tunnel.remote, &outer->brief.tunnel.local, IPPROTO_UDP, outer->l4_len);
	if (!gre && flow_is_partial(sum, outer->check)) {
		if (HOOK_IS_XDP)
			return XOVL_REASON_UDP_CHECKSUM;
		if (hook_checksum_is_partial(ctx, check_at))
			return XOVL_REASON_NONE;
	}
	sum = open_sum(ctx, outer->l4, outer->l4 + outer->l4_len, open_checksum_find(ctx, f->outer_len), sum);
	if (sum == 0xffff || hook_checksum_is_partial(ctx, check_at))
		return XOVL_REASON_NONE;
	return gre ? XOVL_REASON_GRE_CHECKSUM : XOVL_REASON_UDP_CHECKSUM;
}

static __always_inline enum xovl_reason verify_sequence(ctx_t *ctx, const struct frame *f, const struct outer *outer)
{
	__be32 number;

	if (!(f->path_flags & XOVL_NET_SEQ_STRICT) || !(gre_flags(outer) & XOVL_GRE_S))
		return XOVL_REASON_NONE;
	if (hook_load(ctx, outer->l4 + gre_sequence_at(gre_flags(outer)), &number, sizeof(number)))
		return XOVL_REASON_NONE;
	return gre_sequence_is_new(f->net_index, f->origin, bpf_ntohl(number)) ? XOVL_REASON_NONE
									       : XOVL_REASON_GRE_SEQUENCE;
}

#ifdef XOVL_HOOK_XDP

/*
 * An xdp_frame has no mark, and no checksum that is made later: TC takes care of those, and of SYNs that are to be changed. TC may have
 * to finish any packet: a sequence number must be looked at only once.
 */
__noinline int verify_is_possible(ctx_t *ctx)
{
	struct arrival *arrival = arrival_get();
	struct frame f = {};
	struct flow flow;
	__u32 obstacles;

	if (!arrival || (arrival->frame.path_flags & (XOVL_NET_GBP | XOVL_NET_SEQ_STRICT)))
		return false;
	obstacles = xdp_obstacles(arrival->frame.path_flags);
	if (!obstacles)
		return true;
	frame_reload(ctx, &f);
	flow_parse(&f, outer_offset(arrival->frame.outer_len), true, &flow);
	return !(flow.marks & obstacles);
}

/* GRO comes after XDP, and not where that is generic. */
static __always_inline bool packet_is_merged(ctx_t *ctx, const struct frame *f, const struct outer *outer)
{
	return false;
}

/*
 * The packet in arrival_get() has a mark of congestion, and the tenant's is to get it. XDP does so last, when it knows that it can
 * finish: TC must find the packet as it came.
 */
__noinline int arrival_change(ctx_t *ctx)
{
	struct arrival *arrival = arrival_get();

	if (!arrival || !ecn_matters(arrival->outer.tos))
		return 0;
	return ecn_decapsulate(ctx, arrival->frame.outer_len, arrival->outer.tos, true);
}

#else

static __always_inline bool verify_is_possible(ctx_t *ctx)
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
	if (flow.family == AF_INET && !hook_load(ctx, at + offsetof(struct iphdr, tot_len), &ip_len, sizeof(ip_len)))
		return flow.l2_len + bpf_ntohs(ip_len) == len;
	if (flow.family && !hook_load(ctx, at + offsetof(struct ipv6hdr, payload_len), &ip_len, sizeof(ip_len)))
		return flow.l2_len + sizeof(struct ipv6hdr) + bpf_ntohs(ip_len) == len;
	return false;
}

/*
 * Where GRO is told to (rx-udp-gro-forwarding, rx-gro-list), it takes UDP packets with checksums for parts of one super-frame,
 * tunnel packets too; only the first one's frame could be found in it.
 */
static __always_inline bool packet_is_merged(ctx_t *ctx, const struct frame *f, const struct outer *outer)
{
	return f->gso_size && outer->check && !outer_is_gre(outer) && !frame_is_one(ctx, f->outer_len, f->len);
}

/*
 * The largest inner packet that the way back to the peer of the packet in arrival_get() carries, from whatever port, in frames with
 * that much before it; 0: not known.
 */
__noinline int peer_mtu_back(ctx_t *ctx, __u32 l2_len)
{
	struct path_place place;
	struct frame back = {.origin = ORIGIN_NONE};
	struct arrival *arrival = arrival_get();
	struct xovl_peer *peer;
	struct flow flow = {};
	__u64 expires;

	if (!arrival || !path_place_scratch(SCRATCH_PATH_BACK, &place))
		return 0;
	back.net_index = arrival->frame.net_index;
	back.net = network_get(back.net_index);
	peer = peer_get(arrival->frame.origin);
	if (!back.net || !peer || peer_path_prepare(ctx, &back, &flow, arrival->frame.origin, &place, &expires))
		return 0;
	if (peer->encap == XOVL_ENCAP_GENEVE) /* the path was prepared for no port */
		l2_len += back.net->port_options;
	return path_mtu(place.path, l2_len);
}

/* What the packet in arrival_get(), which is sound, brings or gets: skb->mark, another MSS. Its data is void afterwards. */
static __always_inline void arrival_change(ctx_t *ctx)
{
	struct arrival *arrival = arrival_get();
	__u32 syn, mtu;

	if (!arrival)
		return;
	if (arrival->frame.path_flags & XOVL_NET_GBP)
		ctx->mark = vxlan_group(&arrival->outer);
	if (!(arrival->frame.path_flags & XOVL_NET_MSS_CLAMP))
		return;
	syn = syn_find(ctx, arrival->frame.outer_len);
	if (!syn)
		return;
	mtu = peer_mtu_back(ctx, syn & ~SYN_IS_COMPLETE);
	mss_clamp(ctx, arrival->frame.outer_len, mtu, syn & SYN_IS_COMPLETE);
}

#endif

/*
 * Is the packet in arrival_get() sound? Each returns a reason to drop it; its data is void afterwards. First its octets: a function of
 * its own, as looking at a checksum takes much of the stack.
 */
__noinline int verify_octets(ctx_t *ctx)
{
	struct arrival *arrival = arrival_get();

	if (!arrival)
		return XOVL_REASON_NONE;
	if (packet_is_merged(ctx, &arrival->frame, &arrival->outer))
		return XOVL_REASON_GRO_MERGED;
	return verify_checksum(ctx, &arrival->frame, &arrival->outer);
}

__noinline int verify_order_and_ecn(ctx_t *ctx)
{
	struct arrival *arrival = arrival_get();
	enum xovl_reason reason;

	if (!arrival)
		return XOVL_REASON_NONE;
	reason = verify_sequence(ctx, &arrival->frame, &arrival->outer);
	if (!reason && ecn_matters(arrival->outer.tos))
		reason = ecn_decapsulate(ctx, arrival->frame.outer_len, arrival->outer.tos, !HOOK_IS_XDP);
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

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Checks and changes that only some tunnel packets need before their outer headers are removed: those with a
 * checksum or a congestion mark, and those of networks with GRE sequence numbers, VXLAN groups or MSS clamping.
 */
#ifndef XOVL_BPF_DECAP_VERIFY_H
#define XOVL_BPF_DECAP_VERIFY_H

#include "decap/tunnel.h"
#include "encap/mss.h"
#include "encap/peer.h"
#include "packet/checksum.h"
#include "packet/ecn.h"

/*
 * Verifies the checksum of outer UDP or GRE. A zero UDP checksum means none, which a network may refuse over IPv6. A
 * checksum that a sender on this machine left to its device (CHECKSUM_PARTIAL) counts as correct; for UDP the field
 * then holds the pseudo-header's sum. A packet from the wire can hold that value too, and only the kernel knows the
 * difference, so XDP leaves it to TC. Returns the drop reason or XOVL_REASON_NONE. Invalidates packet pointers.
 */
static __always_inline enum xovl_reason verify_checksum(ctx_t *ctx, const struct frame *f, const struct outer *outer)
{
	bool gre = outer_is_gre(outer);
	__u32 check_at = outer->l4 + (gre ? sizeof(struct xovl_gre) : offsetof(struct udphdr, check));
	__u32 sum = 0;

	if (!outer->check)
		return f->path_policy & XOVL_NET_NO_ZEROCSUM6 ? XOVL_REASON_UDP_NO_CHECKSUM : XOVL_REASON_NONE;
	if (hook_verified_checksum(ctx, f))
		return XOVL_REASON_NONE;
	if (!gre)
		sum = pseudo_sum(&outer->id.tunnel.remote, &outer->id.tunnel.local, IPPROTO_UDP, outer->l4_len);
	if (!gre && flow_is_partial(sum, outer->check)) {
		if (HOOK_IS_XDP)
			return XOVL_REASON_UDP_CHECKSUM;
		if (hook_checksum_is_partial(ctx, check_at))
			return XOVL_REASON_NONE;
	}
	sum = sum_with_partial(ctx, outer->l4, outer->l4 + outer->l4_len, partial_checksum_find(ctx, f->outer_len),
			       sum);
	if (sum == 0xffff || hook_checksum_is_partial(ctx, check_at))
		return XOVL_REASON_NONE;
	return gre ? XOVL_REASON_GRE_CHECKSUM : XOVL_REASON_UDP_CHECKSUM;
}

static __always_inline enum xovl_reason verify_sequence(ctx_t *ctx, const struct frame *f, const struct outer *outer)
{
	__be32 number;

	if (!(f->path_policy & XOVL_NET_SEQ_STRICT) || !(gre_flags(outer) & XOVL_GRE_S))
		return XOVL_REASON_NONE;
	if (hook_load(ctx, outer->l4 + gre_sequence_at(gre_flags(outer)), &number, sizeof(number)))
		return XOVL_REASON_NONE;
	return gre_sequence_is_new(f->net_index, f->origin, bpf_ntohl(number)) ? XOVL_REASON_NONE
									       : XOVL_REASON_GRE_SEQUENCE;
}

/*
 * True if XDP can verify the packet in packet_get(); TC always can. An xdp_frame has no mark and cannot carry
 * an incomplete checksum, so XDP leaves those packets to TC, and SYNs whose MSS may change. It also leaves all packets
 * with sequence numbers: a number must be checked only once, and TC may have to finish any packet.
 */
__noinline int verify_is_possible(ctx_t *ctx)
{
	struct packet *packet = packet_get();
	struct frame f = {};
	struct flow flow;
	__u32 obstacles;

	if (!packet || (packet->frame.path_policy & (XOVL_NET_GBP | XOVL_NET_SEQ_STRICT)))
		return false;
	obstacles = xdp_unsupported_marks(packet->frame.path_policy);
	if (!obstacles)
		return true;
	frame_reload(ctx, &f);
	flow_parse(&f, outer_offset(packet->frame.outer_len), true, &flow);
	return !(flow.marks & obstacles);
}

/*
 * Copies a congestion mark into the tenant's packet. XDP does this last, when it knows that it can finish: TC must
 * find the packet as it came. TC has done it in verify_order_and_ecn().
 */
__noinline int packet_mark_ecn(ctx_t *ctx)
{
	struct packet *packet = packet_get();

	if (!packet || !ecn_matters(packet->outer.tos))
		return 0;
	return ecn_decapsulate(ctx, packet->frame.outer_len, packet->outer.tos, true);
}

/* True if the frame of len bytes at offset at is as long as its IP header says. False if it is not IP. */
__noinline int frame_matches_ip_len(ctx_t *ctx, __u32 at, __u32 len)
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
 * TC: true if GRO has merged several packets: with rx-udp-gro-forwarding or rx-gro-list, it takes UDP packets with
 * checksums for parts of one super-frame, tunnel packets too. Only the first packet's frame could be found in it.
 */
static __always_inline bool packet_is_merged(ctx_t *ctx, const struct frame *f, const struct outer *outer)
{
	return !HOOK_IS_XDP && f->gso_size && outer->check && !outer_is_gre(outer) &&
	       !frame_matches_ip_len(ctx, f->outer_len, f->len);
}

/*
 * Returns the largest inner packet that the path back to the peer of the packet in packet_get() carries, from any
 * port, in frames with l2_len bytes before their IP header. 0: not known.
 */
__noinline int peer_mtu_back(ctx_t *ctx, __u32 l2_len)
{
	struct path_place place;
	struct frame back = {.origin = ORIGIN_NONE};
	struct packet *packet = packet_get();
	struct xovl_peer *peer;
	struct flow flow = {};
	__u64 expires;

	if (!packet || !path_place_scratch(SCRATCH_PATH_BACK, &place))
		return 0;
	back.net_index = packet->frame.net_index;
	back.net = network_get(back.net_index);
	peer = peer_get(packet->frame.origin);
	if (!back.net || !peer || peer_path_prepare(ctx, &back, &flow, packet->frame.origin, &place, &expires))
		return 0;
	if (peer->encap == XOVL_ENCAP_GENEVE) /* the path was prepared for no port, so it lacks a port's options */
		l2_len += back.net->port_options;
	return path_mtu(&place, l2_len);
}

/*
 * Applies the packet in packet_get(), which is sound: sets skb->mark to its group and lowers the MSS of a SYN. TC only.
 * Invalidates packet pointers.
 */
static __always_inline void packet_apply(ctx_t *ctx)
{
	struct packet *packet = packet_get();
	__u32 syn, mtu;

	if (HOOK_IS_XDP || !packet)
		return;
	if (packet->frame.path_policy & XOVL_NET_GBP)
		hook_set_mark(ctx, vxlan_group(&packet->outer));
	if (!(packet->frame.path_policy & XOVL_NET_MSS_CLAMP))
		return;
	syn = syn_find(ctx, packet->frame.outer_len);
	if (!syn)
		return;
	mtu = peer_mtu_back(ctx, syn & ~SYN_IS_COMPLETE);
	mss_clamp(ctx, packet->frame.outer_len, mtu, syn & SYN_IS_COMPLETE);
}

/*
 * Verifies the bytes of the packet in packet_get(): GRO and checksum. A global function of its own, because
 * verifying a checksum takes much of the stack. Returns the drop reason or XOVL_REASON_NONE. Invalidates packet
 * pointers.
 */
__noinline int verify_octets(ctx_t *ctx)
{
	struct packet *packet = packet_get();

	if (!packet)
		return XOVL_REASON_NONE;
	if (packet_is_merged(ctx, &packet->frame, &packet->outer))
		return XOVL_REASON_GRO_MERGED;
	return verify_checksum(ctx, &packet->frame, &packet->outer);
}

/*
 * Verifies the sequence number and combines the ECN fields of the packet in packet_get(); XDP only checks the
 * latter, see packet_mark_ecn(). Returns the drop reason or XOVL_REASON_NONE. Invalidates packet pointers.
 */
__noinline int verify_order_and_ecn(ctx_t *ctx)
{
	struct packet *packet = packet_get();
	enum xovl_reason reason;

	if (!packet)
		return XOVL_REASON_NONE;
	reason = verify_sequence(ctx, &packet->frame, &packet->outer);
	if (!reason && ecn_matters(packet->outer.tos))
		reason = ecn_decapsulate(ctx, packet->frame.outer_len, packet->outer.tos, !HOOK_IS_XDP);
	return reason;
}

/* True for checksum errors, which XDP leaves to TC: only TC knows of incomplete checksums. */
static __always_inline bool reason_is_of_checksum(enum xovl_reason reason)
{
	return reason == XOVL_REASON_UDP_CHECKSUM || reason == XOVL_REASON_GRE_CHECKSUM;
}

#endif

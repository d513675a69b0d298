/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What one packet from the underlay in a hundred needs, or those of few networks, before its outer headers go: checksum,
 * sequence number, congestion; group and MSS.
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
 * to its device is as good as complete: it holds the pseudo-header's sum.
 */
static __always_inline enum xovl_reason uplink_checksum(ctx_t *ctx, const struct frame *f, const struct outer *outer)
{
	bool gre = outer_is_gre(outer);
	__u32 sum = 0;

	if (!outer->check)
		return f->path_flags & XOVL_PATH_WANTS_CSUM ? XOVL_REASON_UDP_NO_CHECKSUM : XOVL_REASON_NONE;
	if (carrier_has_verified(ctx, f))
		return XOVL_REASON_NONE;
	if (!gre)
		sum = pseudo_sum(&outer->brief.tunnel.remote, &outer->brief.tunnel.local, outer->l4_len);
	if (!gre && flow_is_partial(sum, outer->check))
		return XOVL_REASON_NONE;
	sum = tunnel_sum(ctx, outer->l4, outer->l4 + outer->l4_len, f->outer_len, sum);
	if (sum == 0xffff)
		return XOVL_REASON_NONE;
	return gre ? XOVL_REASON_GRE_CHECKSUM : XOVL_REASON_UDP_CHECKSUM;
}

static __always_inline enum xovl_reason uplink_sequence(ctx_t *ctx, const struct frame *f, const struct outer *outer)
{
	__be32 number;

	if (!(f->path_flags & XOVL_PATH_SEQ_STRICT) || !(gre_flags(outer) & XOVL_GRE_S))
		return XOVL_REASON_NONE;
	if (carrier_load(ctx, outer->l4 + gre_sequence_at(gre_flags(outer)), &number, sizeof(number)))
		return XOVL_REASON_NONE;
	return gre_sequence_is_new(f->net_index, f->origin, bpf_ntohl(number)) ? XOVL_REASON_NONE
									       : XOVL_REASON_GRE_SEQUENCE;
}

#ifdef XOVL_CARRIER_XDP

/*
 * An xdp_frame has no mark, and no checksum that is made later: TC takes care of those, and of SYNs that are to be changed. TC may have
 * to finish any packet: a sequence number must be looked at only once, and what a checksum covers must not have been changed.
 */
__noinline int uplink_is_ready(ctx_t *ctx)
{
	struct uplink_now *now = uplink_now();
	struct frame f = {};
	struct flow flow;
	__u32 obstacles;

	if (!now || (now->frame.path_flags & (XOVL_PATH_GROUP | XOVL_PATH_SEQ_STRICT)))
		return false;
	if (now->outer.check && ecn_matters(now->outer.tos))
		return false;
	obstacles = xdp_obstacles(now->frame.path_flags);
	if (!obstacles)
		return true;
	frame_reload(ctx, &f);
	flow_parse(&f, outer_offset(now->frame.outer_len), true, &flow);
	return !(flow.marks & obstacles);
}

static __always_inline int uplink_change(ctx_t *ctx)
{
	return 0;
}

#else

static __always_inline bool uplink_is_ready(ctx_t *ctx)
{
	return true;
}

/* The largest inner packet that the way back to a peer carries, which a SYN is to be told; 0: not known. */
static __always_inline __u32 uplink_mtu_back(ctx_t *ctx, __u32 net_index, __u32 peer_index, __u32 l2_len)
{
	struct frame back = {.net_index = net_index, .origin = ORIGIN_NONE};
	struct xovl_path *path = path_scratch(PATH_BACK);
	struct flow flow = {};
	__u64 expires;

	back.net = network_get(net_index);
	if (!path || !back.net || peer_find(ctx, &back, &flow, peer_index, path, &expires))
		return 0;
	return path_mtu(path, l2_len);
}

/* What the packet in uplink_now(), which is sound, brings or gets: skb->mark, another MSS. Its data is void afterwards. */
__noinline int uplink_change(ctx_t *ctx)
{
	struct uplink_now *now = uplink_now();
	struct frame f = {};
	__u32 mtu;

	if (!now)
		return 0;
	if (now->frame.path_flags & XOVL_PATH_GROUP)
		ctx->mark = vxlan_group(&now->outer);
	if (now->frame.path_flags & XOVL_PATH_MSS_CLAMP) {
		frame_reload(ctx, &f);
		mtu = uplink_mtu_back(ctx, now->frame.net_index, now->frame.origin,
				      flow_l2_len(&f, now->frame.outer_len));
		mss_clamp(ctx, now->frame.outer_len, mtu);
	}
	return 0;
}

#endif

/* Is the packet in uplink_now() sound? Returns a reason to drop it. Its data is void afterwards. */
__noinline int uplink_care(ctx_t *ctx)
{
	struct uplink_now *now = uplink_now();
	enum xovl_reason reason;

	if (!now)
		return XOVL_REASON_NONE;
	reason = uplink_checksum(ctx, &now->frame, &now->outer);
	if (!reason)
		reason = uplink_sequence(ctx, &now->frame, &now->outer);
	if (!reason && ecn_matters(now->outer.tos))
		reason = ecn_decapsulate(ctx, now->frame.outer_len, now->outer.tos);
	return reason;
}

static __always_inline bool reason_is_of_outer(enum xovl_reason reason)
{
	return reason != XOVL_REASON_ECN && reason != XOVL_REASON_GRE_SEQUENCE && reason != XOVL_REASON_NO_ROOM;
}

#endif

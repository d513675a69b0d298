/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From the underlay: is it ours, is it sound, whose network is it, strip and deliver. */
#ifndef XOVL_BPF_UPLINK_H
#define XOVL_BPF_UPLINK_H

#include "decap.h"
#include "deliver.h"
#include "fdb.h"
#include "flood.h"
#include "verdict.h"

/* Fill in peer and network; the reason says which of them is unknown. */
static __always_inline enum xovl_reason uplink_enter(struct frame *f, const struct outer *outer)
{
	struct xovl_tunnel_key tunnel = {.endpoint = outer->endpoint->id, .vni = outer->vni};
	struct xovl_member_key member = {.remote = outer->remote};
	struct xovl_member *peer;
	__u32 *net_index = bpf_map_lookup_elem(&tunnels, &tunnel);

	if (!net_index)
		return XOVL_REASON_VNI_UNKNOWN;
	f->net_index = *net_index;
	f->net = network_get(f->net_index);
	if (!f->net)
		return XOVL_REASON_VNI_UNKNOWN;
	member.net = f->net_index;
	peer = bpf_map_lookup_elem(&members, &member);
	if (!peer)
		return XOVL_REASON_PEER_UNKNOWN;
	f->origin = peer->peer;
	f->from_tunnel = true;
	f->now = bpf_ktime_get_coarse_ns();
	return XOVL_REASON_NONE;
}

static __always_inline int uplink_deliver(ctx_t *ctx, struct frame *f)
{
	__u64 dst;

	if (mac_is_bad_source(f->src))
		return verdict_drop(ctx, f, XOVL_REASON_SOURCE_MAC);
	if (mac_is_link_local(f->dst))
		return verdict_drop(ctx, f, XOVL_REASON_RESERVED_MAC);

	fdb_learn(f);
	if (mac_is_group(f->dst))
		return flood(ctx, f);
	dst = fdb_lookup(f);
	switch (xovl_fdb_target(dst)) {
	case XOVL_TARGET_PORT:
		return port_out(ctx, f, xovl_fdb_index(dst));
	case XOVL_TARGET_PEER:
		return verdict_drop(ctx, f, XOVL_REASON_SPLIT_HORIZON);
	default:
		return flood(ctx, f);
	}
}

static __always_inline int uplink_in(ctx_t *ctx)
{
	struct outer outer = {};
	struct frame f = {};
	enum xovl_reason reason;

	if (!frame_open(ctx, &f) || !frame_is_for_host(ctx, &f) || !outer_classify(&f, &outer))
		return verdict_pass(ctx);
	reason = outer_check(&f, &outer);
	if (!reason)
		reason = vxlan_check(&f, &outer);
	if (reason)
		return verdict_drop_outer(ctx, reason);
	reason = uplink_enter(&f, &outer);
	if (reason == XOVL_REASON_VNI_UNKNOWN && outer.endpoint->foreign_pass)
		return verdict_pass(ctx);
	if (reason)
		return verdict_drop_outer(ctx, reason);
	if (CARRIER_IS_XDP && f.trailer)
		return verdict_pass(ctx);
	return uplink_deliver(ctx, &f);
}

#endif

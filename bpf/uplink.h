/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From the underlay: is it ours, is it sound, whose network is it, strip and deliver. */
#ifndef XOVL_BPF_UPLINK_H
#define XOVL_BPF_UPLINK_H

#include "decap.h"
#include "deliver.h"
#include "fdb.h"
#include "flood.h"
#include "verdict.h"

/* Fill in the network whose tunnel this is. False: there is none. */
static __always_inline bool uplink_network(struct frame *f, const struct xovl_tunnel_key *tunnel)
{
	__u32 *net_index = bpf_map_lookup_elem(&tunnels, tunnel);

	if (!net_index)
		return false;
	f->net_index = *net_index;
	f->net = network_get(f->net_index);
	return f->net;
}

/* Does the FDB have the source behind the very peer that sent this? FDB entries name only peers of their network. */
static __always_inline bool uplink_peer_is_known(struct frame *f, const struct outer *outer, const struct xovl_fdb *source)
{
	__u64 dst = source ? fdb_read(f, source) : 0;
	struct xovl_peer *peer;

	if (xovl_fdb_target(dst) != XOVL_TARGET_PEER)
		return false;
	peer = peer_get(xovl_fdb_index(dst));
	if (!peer || !addr_equal(&peer->remote, &outer->remote))
		return false;
	f->origin = xovl_fdb_index(dst);
	return true;
}

/* Fill in the peer, if the network has it. source is what the FDB knows of the source MAC; it saves a longer look-up. */
static __always_inline enum xovl_reason uplink_peer(struct frame *f, const struct outer *outer,
						    const struct xovl_fdb *source)
{
	struct xovl_member_key member = {.remote = outer->remote, .net = f->net_index};
	struct xovl_member *peer;

	f->from_tunnel = true;
	f->now = bpf_ktime_get_coarse_ns();
	if (uplink_peer_is_known(f, outer, source))
		return XOVL_REASON_NONE;
	peer = bpf_map_lookup_elem(&members, &member);
	if (!peer)
		return XOVL_REASON_PEER_UNKNOWN;
	f->origin = peer->peer;
	return XOVL_REASON_NONE;
}

static __always_inline int uplink_deliver(ctx_t *ctx, struct frame *f, struct xovl_fdb *source)
{
	__u64 dst;

	if (mac_is_bad_source(f->src))
		return verdict_drop(ctx, f, XOVL_REASON_SOURCE_MAC);
	if (mac_is_link_local(f->dst))
		return verdict_drop(ctx, f, XOVL_REASON_RESERVED_MAC);

	fdb_learn(f, source);
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
	struct xovl_tunnel_key tunnel = {};
	struct xovl_fdb *source;
	struct outer outer = {};
	struct frame f = {};
	enum xovl_reason reason;

	if (!frame_open(ctx, &f) || !frame_is_for_host(ctx, &f) || !outer_parse(&f, &outer, &tunnel))
		return verdict_pass(ctx);
	if (!uplink_network(&f, &tunnel) && (!outer_is_ours(&outer, &tunnel) || outer.foreign_pass))
		return verdict_pass(ctx);
	reason = outer_check(&f, &outer);
	if (!reason)
		reason = vxlan_check(&f, &outer);
	if (reason)
		return verdict_drop_outer(ctx, reason);
	if (!f.net)
		return verdict_drop_outer(ctx, XOVL_REASON_VNI_UNKNOWN);
	source = fdb_find(&f, f.src);
	reason = uplink_peer(&f, &outer, source);
	if (reason)
		return verdict_drop_outer(ctx, reason);
	if (CARRIER_IS_XDP && f.trailer)
		return verdict_pass(ctx);
	return uplink_deliver(ctx, &f, source);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From the underlay: is it ours, is it sound, whose network is it, strip and deliver. */
#ifndef XOVL_BPF_UPLINK_H
#define XOVL_BPF_UPLINK_H

#include "bridge.h"
#include "decap.h"
#include "deliver.h"
#include "path.h"
#include "verdict.h"

/* Fill in the network whose tunnel this is. False: there is none. */
static __always_inline bool uplink_network(struct frame *f, const struct xovl_tunnel_key *tunnel,
					   struct destination *to)
{
	__u32 *net_index = bpf_map_lookup_elem(&tunnels, tunnel);

	if (!net_index)
		return false;
	f->net_index = *net_index;
	f->net = network_get(f->net_index);
	path_enter_network(f, to);
	return f->net;
}

/* Of a tunnel that no network has: is it the kernel's? It is not where one of our endpoints alone receives. */
static __always_inline bool uplink_is_foreign(const struct xovl_tunnel_key *tunnel)
{
	struct xovl_endpoint_key key = {.local = tunnel->local, .service = tunnel->service};
	struct xovl_endpoint *endpoint = bpf_map_lookup_elem(&endpoints, &key);

	return !endpoint || endpoint->foreign_pass;
}

/* Fill in the peer. False: the network has none of that address. */
static __always_inline bool uplink_peer(struct frame *f, const struct xovl_addr *remote)
{
	struct xovl_member_key member = {.remote = *remote, .net = f->net_index};
	struct xovl_member *peer = bpf_map_lookup_elem(&members, &member);

	if (!peer)
		return false;
	f->origin = peer->peer;
	return true;
}

/*
 * The way through the tables, for what path_recall() does not know. malformed: what is wrong with the packet, if it is ours at
 * all; path_recall() was not asked then. Not VERDICT_OPEN: the frame ends here.
 */
static __always_inline int uplink_look_up(ctx_t *ctx, struct frame *f, const struct xovl_path_key *key,
					  enum xovl_reason malformed, struct destination *to)
{
	if (!uplink_network(f, &key->tunnel, to) && uplink_is_foreign(&key->tunnel))
		return verdict_pass(ctx);
	if (malformed)
		return verdict_drop_outer(ctx, malformed);
	if (!f->net)
		return verdict_drop_outer(ctx, XOVL_REASON_VNI_UNKNOWN);
	if (!uplink_peer(f, &key->remote))
		return verdict_drop_outer(ctx, XOVL_REASON_PEER_UNKNOWN);
	if (mac_is_bad_source(f->src))
		return verdict_drop(ctx, f, XOVL_REASON_SOURCE_MAC);
	if (mac_is_link_local(f->dst))
		return verdict_drop(ctx, f, XOVL_REASON_RESERVED_MAC);
	return bridge_look_up(ctx, f, to);
}

static __always_inline int uplink_in(ctx_t *ctx)
{
	struct xovl_path_key key = {};
	struct outer outer = {};
	struct destination to = {};
	struct frame f = {};
	enum xovl_reason malformed;
	int verdict;

	if (!frame_open(ctx, &f) || !frame_is_for_host(ctx, &f) || !outer_parse(&f, &outer, &key))
		return verdict_pass(ctx);
	malformed = outer_check(&f, &outer);
	if (!malformed)
		malformed = vxlan_check(&f, &outer);
	if (CARRIER_IS_XDP && f.trailer)
		return verdict_pass(ctx);
	key.dst = f.dst;
	key.src = f.src;
	f.from_tunnel = true;
	if (malformed || !path_recall(&f, &key, &to)) {
		verdict = uplink_look_up(ctx, &f, &key, malformed, &to);
		if (verdict != VERDICT_OPEN)
			return verdict;
		path_remember(&f, &key, &to);
	}
	if (xovl_fdb_target(to.target) == XOVL_TARGET_PEER)
		return verdict_drop(ctx, &f, XOVL_REASON_SPLIT_HORIZON);
	return port_out(ctx, &f, xovl_fdb_index(to.target));
}

#endif

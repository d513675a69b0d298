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
 * Fill in peer and network. malformed: what is wrong with the packet, if it is ours at all. Not VERDICT_OPEN: the frame
 * ends here.
 */
static __always_inline int uplink_enter(ctx_t *ctx, struct frame *f, const struct outer *outer,
					enum xovl_reason malformed, struct destination *to)
{
	struct xovl_tunnel_key tunnel = {.local = outer->tunnel.local};

	*(__u64 *)&tunnel.service = outer->from;
	if (!uplink_network(f, &tunnel, to) && uplink_is_foreign(&tunnel))
		return verdict_pass(ctx);
	if (malformed)
		return verdict_drop_outer(ctx, malformed);
	if (!f->net)
		return verdict_drop_outer(ctx, XOVL_REASON_VNI_UNKNOWN);
	if (!uplink_peer(f, &outer->tunnel.remote))
		return verdict_drop_outer(ctx, XOVL_REASON_PEER_UNKNOWN);
	return VERDICT_OPEN;
}

/*
 * The way through the tables, into path. malformed: see uplink_enter(). other: what is remembered in the path's place.
 * Not VERDICT_OPEN: the frame ends here.
 */
static __always_inline int uplink_look_up(ctx_t *ctx, struct frame *f, const struct outer *outer,
					  enum xovl_reason malformed, const struct xovl_path_key *key,
					  const struct xovl_path *other, struct xovl_path *path)
{
	struct destination to = {};
	bool known = !malformed && path_shares_origin(other, key) &&
		     path_tunnel_equal(&other->tunnel, &outer->tunnel) && path_inherit(f, other, &to);
	int verdict;

	if (!known) {
		path_look_up(&to);
		verdict = uplink_enter(ctx, f, outer, malformed, &to);
		if (verdict != VERDICT_OPEN)
			return verdict;
	}
	if (mac_is_bad_source(f->src))
		return verdict_drop(ctx, f, XOVL_REASON_SOURCE_MAC);
	if (mac_is_link_local(f->dst))
		return verdict_drop(ctx, f, XOVL_REASON_RESERVED_MAC);
	verdict = bridge_look_up(ctx, f, known, &to);
	if (verdict != VERDICT_OPEN)
		return verdict;
	if (xovl_fdb_target(to.target) == XOVL_TARGET_PEER)
		return verdict_drop(ctx, f, XOVL_REASON_SPLIT_HORIZON);
	path_begin(path, key, f, &to);
	path->tunnel = outer->tunnel;
	return port_find(ctx, f, &to, path);
}

static __always_inline int uplink_in(ctx_t *ctx)
{
	struct xovl_path_key key = {};
	struct xovl_path *path, *other;
	struct outer outer = {};
	struct frame f = {};
	enum xovl_reason malformed = XOVL_REASON_NONE;
	int verdict;

	if (!frame_open(ctx, &f) || !frame_is_for_host(ctx, &f))
		return verdict_pass(ctx);
	if (!outer_is_plain(&f, &outer)) {
		if (!outer_parse(&f, &outer))
			return verdict_pass(ctx);
		malformed = outer_check(&f, &outer);
		if (!malformed)
			malformed = vxlan_check(&f, &outer);
		if (CARRIER_IS_XDP && f.trailer)
			return verdict_pass(ctx);
	}
	f.from_tunnel = true;
	key.dst = f.dst;
	key.src = f.src;
	key.from = outer.from;
	path = path_slot(&key, outer.tunnel.remote.words[1] ^ outer.tunnel.local.words[0]);
	if (!path)
		return verdict_pass(ctx);
	if (!malformed && path_key_equal(&path->key, &key) && path_tunnel_equal(&path->tunnel, &outer.tunnel) &&
	    path_is_valid(path)) {
		path_recall(&f, path);
	} else {
		other = path;
		path = path_place(other);
		if (!path)
			return verdict_pass(ctx);
		verdict = uplink_look_up(ctx, &f, &outer, malformed, &key, other, path);
		if (verdict != VERDICT_OPEN)
			return verdict;
	}
	return port_out(ctx, &f, path);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ingress of a port: a frame from a tenant. Stages: flow, cached path; else port and network, source check,
 * learning, look-up, new path; then out to a port or a peer.
 */
#ifndef XOVL_BPF_ENTRY_PORT_H
#define XOVL_BPF_ENTRY_PORT_H

#include "entry/bridge.h"
#include "l2/reserved.h"
#include "out/peer.h"
#include "out/port.h"

/* Returns struct xovl_port_key as one number. */
static __always_inline __u64 port_key(const ctx_t *ctx, __u16 vid)
{
	return word_of(hook_ifindex(ctx), vid);
}

static __always_inline struct xovl_port_ref *port_ref_get(const ctx_t *ctx, __u16 vid)
{
	__u64 key = port_key(ctx, vid);

	return bpf_map_lookup_elem(&ports, &key);
}

/*
 * Returns the port of the frame's VLAN, or else the untagged port if it carries tagged frames whole. Returns NULL if
 * there is none.
 */
static __always_inline struct xovl_port_ref *port_classify(ctx_t *ctx, struct frame *f)
{
	__u16 vid = frame_vid(ctx, f);
	struct xovl_port_ref *port = port_ref_get(ctx, vid);

	if (port) {
		f->port_vid = vid;
		return port;
	}
	if (!vid)
		return NULL;
	port = port_ref_get(ctx, 0);
	return port && (port->flags & XOVL_PORT_TAGGED) ? port : NULL;
}

/* Fills in port and network. Returns false if the frame is not for xovl. */
static __always_inline bool port_identify(ctx_t *ctx, struct frame *f, struct destination *to)
{
	struct xovl_port_ref *port = port_classify(ctx, f);

	if (!port) {
		count_vlan_unknown(ctx);
		return false;
	}
	f->origin = port->index;
	f->net_index = port->net;
	f->net = network_get(f->net_index);
	f->len = frame_tenant_len(ctx, f);
	lookup_enter_network(f, to);
	return f->net;
}

/*
 * Fills in the key of the frame's path: its origin, its MACs, and the bucket of its flow, because the next hop
 * depends on the bucket.
 */
static __always_inline void port_path_key(const ctx_t *ctx, const struct frame *f, const struct flow *flow,
					  struct xovl_path_key *key)
{
	__u64 bucket = nexthop_bucket(flow);

	key->dst = f->dst | bucket << XOVL_PATH_BUCKET_SHIFT | XOVL_PATH_FROM_PORT;
	key->src = f->src;
	key->from = port_key(ctx, frame_vid(ctx, f));
}

/*
 * Looks up everything for a frame without a cached path, and stores the result in place. other: the path now cached
 * in the frame's place. Any result but VERDICT_OPEN is the frame's final verdict.
 */
static __always_inline int port_resolve(ctx_t *ctx, struct frame *f, const struct flow *flow,
					const struct xovl_path_key *key, const struct xovl_path *other,
					const struct path_place *place)
{
	struct destination to = {};
	bool known = path_shares_origin(other, key) && path_take_origin(f, other, &to);
	int verdict;

	if (known) {
		f->len = frame_tenant_len(ctx, f);
	} else {
		lookup_begin(&to);
		if (!port_identify(ctx, f, &to))
			return verdict_pass(ctx);
	}
	if (mac_is_link_local(f->dst)) {
		verdict = reserved_decide(ctx, f);
		if (verdict != VERDICT_OPEN)
			return verdict;
	}
	if (mac_is_bad_source(f->src))
		return verdict_drop(ctx, f, XOVL_REASON_SOURCE_MAC);
	verdict = bridge_forward(ctx, f, known, &to);
	if (verdict != VERDICT_OPEN)
		return verdict;
	path_fill(place->path, key, f, &to);
	if (xovl_fdb_target(to.target) == XOVL_TARGET_PEER)
		return peer_path_make(ctx, f, flow, &to, place);
	return port_path_make(ctx, f, &to, place->path);
}

/* Entry: the stages of a frame from a port. Returns its final verdict. */
static __always_inline int port_ingress(ctx_t *ctx)
{
	struct xovl_path_key key = {};
	struct path_place place;
	struct xovl_path *other;
	struct frame f = {};
	struct flow flow;
	int verdict;

	if (!frame_open(ctx, &f) || !ingress_in_netns(ctx))
		return verdict_pass(ctx);
	frame_read_macs(&f, f.data);
	flow_parse(&f, 0, HOOK_WANTS_PARTIAL, &flow);
	port_path_key(ctx, &f, &flow, &key);
	if (!path_find_place(&key, 0, &place))
		return verdict_pass(ctx);
	other = place.path;
	if (path_key_equal(&other->key, &key) && path_is_valid(other)) {
		path_set_origin(&f, other);
		f.len = frame_tenant_len(ctx, &f);
	} else {
		if (!ingress_is_live(ctx) || !path_evict(&place))
			return verdict_pass(ctx);
		verdict = port_resolve(ctx, &f, &flow, &key, other, &place);
		if (verdict != VERDICT_OPEN)
			return verdict;
	}
	if (place.path->flags & XOVL_PATH_TO_PEER)
		return peer_out(ctx, &f, &flow, &place);
	if (!port_is_ready(&f, place.path))
		return verdict_pass(ctx);
	return port_out(ctx, &f, place.path);
}

#endif

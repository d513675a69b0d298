/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ingress of a port: a frame from a tenant. Stages: flow, cached path; else port and network, source check,
 * learning, look-up, new path; then out to a port or a peer.
 */
#ifndef XOVL_BPF_ENTRY_PORT_H
#define XOVL_BPF_ENTRY_PORT_H

#include "l2/bridge.h"
#include "l2/reserved.h"
#include "l2/security.h"
#include "out/finish.h"
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

_Static_assert(XOVL_PATH_LOCKED / XOVL_PORT_LOCKED == XOVL_PATH_ISOLATED / XOVL_PORT_ISOLATED, "one factor");

/* Returns the XOVL_PATH_… of paths from a port: what its other frames must be checked for. */
static __always_inline __u32 port_path_kind(__u16 port_flags)
{
	__u32 kind = (port_flags & (XOVL_PORT_ISOLATED | XOVL_PORT_LOCKED)) * (XOVL_PATH_ISOLATED / XOVL_PORT_ISOLATED);

	return port_flags & XOVL_PORT_GUARDS ? kind | XOVL_PATH_GUARDED : kind;
}

/* Fills in port and network. Any result but OUTCOME_OPEN is the frame's final outcome. */
static __always_inline int port_identify(ctx_t *ctx, struct frame *f, struct destination *to)
{
	struct xovl_port_ref *port = port_classify(ctx, f);

	if (!port)
		return OUTCOME_NO_PORT;
	f->origin = port->index;
	f->path_kind = port_path_kind(port->flags);
	f->net_index = port->net;
	f->net = network_get(f->net_index);
	f->len = frame_tenant_len(ctx, f);
	lookup_enter_network(f, to);
	return f->net ? OUTCOME_OPEN : OUTCOME_PASS;
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
 * Checks a frame that its port does not let pass unseen. XDP leaves it to TC. Any result but OUTCOME_OPEN is the
 * frame's final outcome.
 */
static __always_inline int port_guard(ctx_t *ctx, struct frame *f, struct packet *packet)
{
	int reason;

	if (HOOK_IS_XDP)
		return OUTCOME_PASS;
	packet->frame.src = f->src;
	packet->frame.origin = f->origin;
	reason = security_check(ctx);
	frame_reload(ctx, f);
	return reason;
}

/*
 * Binds the path of a guarded port to the frame's source address. If guards must look at such frames each time, place
 * becomes one that is used once.
 */
static __always_inline void port_bind_source(const struct frame *f, const struct flow *flow, struct packet *packet,
					     struct path_place *place)
{
	if (!source_read(f, flow, &packet->source)) {
		packet->to.expires = 0;
		path_place_scratch(SCRATCH_PATH_FRAME, place);
	}
	place->guards->source = packet->source;
	place->guards->any_source = !(packet->claim.guards & XOVL_PORT_GUARD_IP);
}

/*
 * Looks up everything for a frame without a cached path: packet->key is its key. place may become another place. Any
 * result but OUTCOME_OPEN is the frame's final outcome.
 */
static __always_inline int port_resolve(ctx_t *ctx, struct frame *f, const struct flow *flow, struct packet *packet,
					struct path_place *place)
{
	const struct xovl_path *other = place->path;
	struct destination *to = &packet->to;
	int outcome;
	bool known;

	if (!ingress_is_live(ctx) || !path_evict(place))
		return OUTCOME_PASS;
	packet->to = (struct destination){};
	known = path_shares_origin(other, &packet->key) && path_take_origin(f, other, to);
	if (known) {
		f->len = frame_tenant_len(ctx, f);
	} else {
		lookup_begin(to);
		outcome = port_identify(ctx, f, to);
		if (outcome != OUTCOME_OPEN)
			return outcome;
	}
	if (mac_is_link_local(f->dst)) {
		outcome = reserved_decide(ctx, f);
		if (outcome != OUTCOME_OPEN)
			return outcome;
	}
	if (mac_is_bad_source(f->src))
		return XOVL_REASON_SOURCE_MAC;
	if (f->path_kind & XOVL_PATH_GUARDED) {
		outcome = port_guard(ctx, f, packet);
		if (outcome != OUTCOME_OPEN)
			return outcome;
	}
	outcome = bridge_forward(ctx, f, known, to);
	if (outcome != OUTCOME_OPEN)
		return outcome;
	if (!HOOK_IS_XDP && (f->path_kind & XOVL_PATH_GUARDED))
		port_bind_source(f, flow, packet, place);
	path_fill(place->path, &packet->key, f, to);
	if (xovl_fdb_target(to->target) == XOVL_TARGET_PEER)
		return peer_path_make(ctx, f, flow, to, place);
	return port_path_make(ctx, f, to, place->path);
}

/* Reads the frame and fills in the key and the place of its path. Returns false if the frame is not for xovl. */
static __always_inline bool port_read(ctx_t *ctx, struct frame *f, struct flow *flow, struct xovl_path_key *key,
				      struct path_place *place)
{
	if (!frame_open(ctx, f) || !ingress_in_netns(ctx))
		return false;
	frame_read_macs(f, f->data);
	flow_parse(f, 0, HOOK_WANTS_PARTIAL, flow);
	port_path_key(ctx, f, flow, key);
	return path_find_place(key, 0, place);
}

/*
 * The fast stages: finds the frame's cached path. Returns OUTCOME_OPEN if place is that of the path, and
 * OUTCOME_UNRESOLVED if there is none; then packet_get() holds the key.
 */
static __always_inline int port_cached(ctx_t *ctx, struct frame *f, struct flow *flow, struct path_place *place)
{
	struct xovl_path_key key = {};
	struct packet *packet;

	if (!port_read(ctx, f, flow, &key, place))
		return OUTCOME_PASS;
	if (path_key_equal(&place->path->key, &key) && path_is_valid(place->path) &&
	    source_is_of_path(f, flow, place)) {
		path_set_origin(f, place->path);
		f->len = frame_tenant_len(ctx, f);
		return OUTCOME_OPEN;
	}
	packet = packet_get();
	if (HOOK_IS_XDP && packet)
		packet->key = key;
	return OUTCOME_UNRESOLVED;
}

/* The last stages: out by the path in place, or not at all. Returns the verdict. */
static __always_inline int port_out_by(ctx_t *ctx, struct frame *f, struct flow *flow, const struct path_place *place,
				       int outcome)
{
	int verdict;

	if (outcome == OUTCOME_OPEN && (place->path->kind & XOVL_PATH_TO_PEER))
		outcome = peer_out(ctx, f, flow, place);
	else if (outcome == OUTCOME_OPEN)
		outcome = port_is_ready(f, place->path) ? port_out(ctx, f, place->path) : (int)OUTCOME_PASS;
	verdict = frame_finish(ctx, f, outcome);
	if (f->reply_mtu)
		frame_jump(ctx, f, JUMP_REPLY);
	return verdict;
}

/*
 * Jumps to the program that looks everything up. Returns only if it is gone, with the frame's outcome: a tenant's frame
 * must not reach the host instead.
 */
static __always_inline int port_jump(ctx_t *ctx, struct frame *f)
{
	hook_jump(ctx, JUMP_PORT_RESOLVE);
	f->origin = ORIGIN_NONE;
	f->net_index = XOVL_NET_NONE;
	return HOOK_IS_XDP ? (int)OUTCOME_PASS : (int)XOVL_REASON_PROGRAM_MISSING;
}

/* Entry: a frame from a port. */
static __always_inline int port_ingress(ctx_t *ctx)
{
	struct path_place place = {};
	struct frame f = {};
	struct packet *packet;
	struct flow flow;
	int outcome = port_cached(ctx, &f, &flow, &place);

	packet = HOOK_IS_XDP && outcome == OUTCOME_UNRESOLVED ? packet_get() : NULL;
	if (packet)
		outcome = port_resolve(ctx, &f, &flow, packet, &place);
	else if (outcome == OUTCOME_UNRESOLVED)
		outcome = port_jump(ctx, &f);
	return port_out_by(ctx, &f, &flow, &place, outcome);
}

/* Entry after a jump: a frame from a port without a cached path. */
static __always_inline int port_ingress_resolve(ctx_t *ctx)
{
	struct packet *packet = packet_get();
	int outcome = OUTCOME_PASS;
	struct path_place place;
	struct frame f = {};

	if (!packet)
		return HOOK_PASS;
	if (port_read(ctx, &f, &packet->flow, &packet->key, &place))
		outcome = port_resolve(ctx, &f, &packet->flow, packet, &place);
	return port_out_by(ctx, &f, &packet->flow, &place, outcome);
}

#endif

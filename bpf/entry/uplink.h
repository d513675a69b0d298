/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ingress of an uplink: a packet from the underlay. Stages: parse the outer headers; find the cached path, or else
 * network and peer, with the reverse path filter; verify; without a cached path, learn and look up; then decapsulate
 * and deliver to a port.
 */
#ifndef XOVL_BPF_ENTRY_UPLINK_H
#define XOVL_BPF_ENTRY_UPLINK_H

#include "decap/rp_filter.h"
#include "decap/verify.h"
#include "l2/bridge.h"
#include "l2/reserved.h"
#include "out/finish.h"
#include "out/port.h"
#include "underlay/kernel_mark.h"

/* The last byte of a GRE key is not in the path's key: in NVGRE it is the FlowID. */
#define GRE_KEY_LOW_SHIFT 56

/* Fills in the key of the packet's path: its origin, and the MACs of the tenant's frame. */
static __always_inline void uplink_path_key(const ctx_t *ctx, const struct frame *f, const struct outer_id *id,
					    struct xovl_path_key *key)
{
	key->dst = f->dst | (__u64)underlay_vid(ctx) << XOVL_PATH_BUCKET_SHIFT;
	key->src = f->src | (__u64)id->dport << 48; /* 0 for GRE */
	key->from = id->header;
	if (id->kind == XOVL_ENCAP_GRE) {
		key->dst |= XOVL_PATH_FROM_GRE;
		key->from &= ~(0xffull << GRE_KEY_LOW_SHIFT);
		asm volatile(""); /* otherwise clang makes two branches of this one, for all packets */
	}
}

/* True if the facts that are not in the key are equal: addresses, uplink, options, end of a GRE key. */
static __always_inline bool uplink_path_equal(ctx_t *ctx, const struct frame *f, const struct outer_id *id,
					      const struct xovl_path_guards *guards)
{
	const struct xovl_path_tunnel *a = &guards->tunnel, *b = &id->tunnel;
	__u64 differs;

	differs = (a->remote.words[0] ^ b->remote.words[0]) | (a->remote.words[1] ^ b->remote.words[1]) |
		  (a->local.words[0] ^ b->local.words[0]) | (a->local.words[1] ^ b->local.words[1]);
	differs |= guards->in_ifindex ^ hook_ifindex(ctx);
	if (differs)
		return false;
	if (id->kind == XOVL_ENCAP_VXLAN)
		return true;
	if (id->kind == XOVL_ENCAP_GRE)
		return guards->key_low_mask ? guards->key_low == id->header >> GRE_KEY_LOW_SHIFT
					    : !frame_is_tagged(f, f->outer_len);
	if (guards->options_len != geneve_options_len(id))
		return false;
	return !guards->options_len || geneve_options_equal(ctx, guards, geneve_options_at(f, id)) > 0;
}

/* Keeps what uplink_look_up() must know about a plain packet. */
static __always_inline void packet_keep_plain(struct packet *packet, const struct frame *f, const struct outer_id *id,
					      const struct xovl_path_key *key)
{
	packet->frame.outer_len = f->outer_len;
	packet->frame.gso_size = f->gso_size;
	packet->outer.id = *id;
	packet->outer.malformed = XOVL_REASON_NONE;
	packet->key = *key;
}

/*
 * Runs the checks and changes of decap/verify.h that the packet of a known network needs before its outer headers
 * are removed. plain: the packet was not parsed in full. Any result but OUTCOME_OPEN is the packet's final outcome.
 */
static __always_inline int uplink_verify(ctx_t *ctx, struct frame *f, struct packet *packet, bool plain)
{
	enum xovl_reason reason;

	if (plain && !packet_parse(ctx))
		return OUTCOME_PASS;
	packet->frame.net_index = f->net_index;
	packet->frame.origin = f->origin;
	packet->frame.path_policy = f->path_policy;
	if (HOOK_IS_XDP && !verify_is_possible(ctx))
		return OUTCOME_PASS;
	reason = verify_octets(ctx);
	if (!reason)
		reason = verify_order_and_ecn(ctx);
	step(XOVL_STEP_VERIFY, reason);
	if (HOOK_IS_XDP && reason_is_of_checksum(reason))
		return OUTCOME_PASS;
	if (reason)
		return reason;
	packet_apply(ctx);
	frame_reload(ctx, f);
	return OUTCOME_OPEN;
}

/* True if the packet needs uplink_verify(). */
static __always_inline bool uplink_must_verify(const struct frame *f, const struct outer_id *id)
{
	return id->needs_verify | !!(f->path_policy & PATH_VERIFY);
}

/* Identifies network and peer of the packet in packet_get(). Any result but OUTCOME_OPEN is its final outcome. */
static __always_inline int uplink_identify(ctx_t *ctx, struct frame *f, const struct packet *packet)
{
	int outcome = tunnel_find(ctx);

	if (outcome == OUTCOME_OPEN)
		outcome = tunnel_identify(ctx);
	if (outcome == OUTCOME_OPEN)
		outcome = rp_filter_check(ctx, packet);
	frame_reload(ctx, f);
	f->net_index = packet->frame.net_index;
	f->net = network_get(f->net_index);
	f->origin = packet->frame.origin;
	f->path_policy = packet->frame.path_policy;
	f->path_kind = packet->frame.path_kind;
	if (outcome != OUTCOME_OPEN)
		return outcome;
	if (!f->net)
		return OUTCOME_PASS;
	if (peer_requires_encryption(f->origin) && !hook_was_encrypted(ctx))
		return HOOK_IS_XDP ? (int)OUTCOME_PASS : (int)XOVL_REASON_PLAINTEXT;
	return OUTCOME_OPEN;
}

/*
 * The bridge stages of a frame from a tunnel: checks its source, learns it, looks up the destination. known: the
 * source has been learned, or must not be. Any result but OUTCOME_OPEN is the frame's final outcome.
 */
static __always_inline int tunnel_frame_forward(ctx_t *ctx, struct frame *f, bool known, struct destination *to)
{
	int outcome;

	if (mac_is_bad_source(f->src))
		return XOVL_REASON_SOURCE_MAC;
	if (mac_is_link_local(f->dst)) {
		outcome = reserved_decide(ctx, f);
		if (outcome != OUTCOME_OPEN)
			return outcome;
	}
	outcome = bridge_forward(ctx, f, known, to);
	if (outcome != OUTCOME_OPEN)
		return outcome;
	if (xovl_fdb_target(to->target) == XOVL_TARGET_PEER)
		return XOVL_REASON_SPLIT_HORIZON;
	return OUTCOME_OPEN;
}

/*
 * Looks up the frame's port and stores the result in place. Any result but OUTCOME_OPEN is the frame's final
 * outcome.
 */
static __always_inline int uplink_find_port(ctx_t *ctx, struct frame *f, struct packet *packet, bool known,
					    const struct path_place *place)
{
	struct xovl_path_guards *guards = place->guards;
	const struct outer_id *id = &packet->outer.id;
	struct destination *to = &packet->to;
	int outcome;

	known |= (f->path_policy & XOVL_NET_GBP) && vxlan_forbids_learning(id);
	outcome = tunnel_frame_forward(ctx, f, known, to);
	if (outcome != OUTCOME_OPEN)
		return outcome;
	path_fill(place->path, &packet->key, f, to);
	guards->tunnel = id->tunnel;
	guards->in_ifindex = hook_ifindex(ctx);
	guards->key_low = id->header >> GRE_KEY_LOW_SHIFT;
	guards->key_low_mask = f->path_kind & XOVL_PATH_NVGRE ? 0 : 0xff;
	if (id->kind == XOVL_ENCAP_GENEVE && !geneve_options_keep(ctx, f, id, guards))
		to->expires = 0;
	return port_path_make(ctx, f, to, place->path);
}

/* True if the tenant's frame at offset at is not TCP. */
__noinline int frame_is_no_tcp(ctx_t *ctx, __u32 at)
{
	struct frame f = {};
	struct flow flow;

	frame_reload(ctx, &f);
	flow_parse(&f, outer_offset(at), false, &flow);
	return flow.headers <= flow.transport + sizeof(struct udphdr); /* a TCP header is longer than that */
}

/*
 * True if the kernel's tunnel device must decapsulate the packet: a super-frame that is not TCP. No helper removes
 * the skb's mark as a tunnel packet, so the kernel would segment it wrongly.
 */
static __always_inline bool frame_needs_device(ctx_t *ctx, const struct frame *f)
{
	return !HOOK_IS_XDP && f->gso_size && frame_is_no_tcp(ctx, f->outer_len);
}

/* True if the kernel's tunnel device accepts such a packet: over UDP, or GRE with a key and without a checksum. */
static __always_inline bool device_can_unpack(const struct outer_id *id)
{
	return id->dport || ((__u32)id->header & bpf_htons(XOVL_GRE_C | XOVL_GRE_K)) == bpf_htons(XOVL_GRE_K);
}

/*
 * Leaves the packet in packet_get(), checked like any other, to the kernel's tunnel device, which decapsulates it. TC
 * only. Returns the outcome.
 */
__noinline int kernel_device_decap(ctx_t *ctx)
{
	struct packet *packet = packet_get();
	struct xovl_endpoint *endpoint;

	if (!packet)
		return OUTCOME_PASS;
	endpoint = endpoint_of(&packet->outer.id);
	if (!endpoint || !device_can_unpack(&packet->outer.id) || !device_is_live(endpoint->device))
		return packet->frame.gso_size ? XOVL_REASON_GSO_UNPACK : XOVL_REASON_NOT_UNPACKED;
	hook_set_mark(ctx, KERNEL_MARK | KERNEL_MARK_SOUND | (hook_was_encrypted(ctx) ? KERNEL_MARK_ENCRYPTED : 0));
	return OUTCOME_PASS;
}

/*
 * Finds out where a packet without a cached path comes from: by the path in its place if that has the same origin, else
 * by the tables. place may become another place. Sets *known if the source has been learned. Any result but
 * OUTCOME_OPEN is the packet's final outcome.
 */
static __always_inline int uplink_find_origin(ctx_t *ctx, struct frame *f, struct packet *packet,
					      struct path_place *place, bool *known)
{
	struct xovl_path *other = place->path;
	bool shares =
		path_shares_origin(other, &packet->key) && uplink_path_equal(ctx, f, &packet->outer.id, place->guards);

	if (!ingress_is_live(ctx) || !path_evict(place))
		return OUTCOME_PASS;
	packet->to = (struct destination){};
	*known = shares && path_take_origin(f, other, &packet->to);
	return *known ? (int)OUTCOME_OPEN : uplink_identify(ctx, f, packet);
}

/*
 * Finds out where the packet goes, and makes its path. Any result but OUTCOME_OPEN is the packet's final outcome.
 */
static __always_inline int uplink_resolve(ctx_t *ctx, struct frame *f, struct packet *packet, bool known,
					  const struct path_place *place)
{
	if ((f->path_kind & XOVL_PATH_NVGRE) && frame_is_tagged(f, f->outer_len))
		return XOVL_REASON_NVGRE_TAG;
	if ((f->path_kind & XOVL_PATH_BY_KERNEL) || frame_needs_device(ctx, f))
		return HOOK_IS_XDP ? (int)OUTCOME_PASS : kernel_device_decap(ctx);
	return uplink_find_port(ctx, f, packet, known, place);
}

/* Returns the place of the path with that key: see path_find_place(). */
static __always_inline bool uplink_find_place(const ctx_t *ctx, const struct xovl_path_key *key,
					      const struct outer_id *id, struct path_place *place)
{
	return path_find_place(key, id->tunnel.remote.words[1] ^ id->tunnel.local.words[0] ^ hook_ifindex(ctx), place);
}

/* True if the cached path is the packet's. */
static __always_inline bool uplink_path_is(ctx_t *ctx, const struct frame *f, const struct xovl_path_key *key,
					   const struct outer_id *id, const struct path_place *place)
{
	return path_key_equal(&place->path->key, key) && uplink_path_equal(ctx, f, id, place->guards) &&
	       path_is_valid(place->path) && !frame_needs_device(ctx, f);
}

/*
 * The fast stages: finds the cached path of a plain packet. Returns OUTCOME_OPEN if place is that of the path,
 * OUTCOME_UNRESOLVED if more is to be done; then plain tells if packet_get() holds what uplink_look_up() needs.
 */
static __always_inline int uplink_cached(ctx_t *ctx, struct frame *f, struct path_place *place, bool *plain)
{
	struct xovl_path_key key = {};
	struct outer_id id = {};
	struct packet *packet;

	*plain = false;
	if (!frame_open(ctx, f) || !frame_is_for_host(ctx, f))
		return OUTCOME_PASS;
	if (!outer_is_plain(ctx, f, &id))
		return outer_may_be_ours(ctx) ? OUTCOME_UNRESOLVED : OUTCOME_PASS;
	if (!ingress_in_netns(ctx))
		return OUTCOME_PASS;
	uplink_path_key(ctx, f, &id, &key);
	if (!uplink_find_place(ctx, &key, &id, place))
		return OUTCOME_PASS;
	if (uplink_path_is(ctx, f, &key, &id, place)) {
		path_set_origin(f, place->path);
		if (!uplink_must_verify(f, &id))
			return OUTCOME_OPEN;
	}
	packet = packet_get();
	if (HOOK_IS_XDP && packet) {
		*plain = true;
		packet_keep_plain(packet, f, &id, &key);
	}
	return OUTCOME_UNRESOLVED;
}

/*
 * The full parse; packet_get() holds the packet afterwards. A malformed packet has no MACs, so no cached path is its
 * own. Any result but OUTCOME_OPEN is the packet's final outcome.
 */
static __always_inline int uplink_parse(ctx_t *ctx, struct frame *f, struct packet *packet, struct path_place *place)
{
	if (!packet_parse(ctx))
		return OUTCOME_NOT_TUNNEL;
	packet_take(ctx, packet, f);
	if ((HOOK_IS_XDP && f->trailer) || !ingress_in_netns(ctx))
		return OUTCOME_PASS;
	uplink_path_key(ctx, f, &packet->outer.id, &packet->key);
	return uplink_find_place(ctx, &packet->key, &packet->outer.id, place) ? OUTCOME_OPEN : OUTCOME_PASS;
}

/*
 * The slow stages: everything that the fast ones leave. plain: packet_get() and place are filled in, but without a
 * full parse. Returns OUTCOME_OPEN if place is that of the packet's path; any other result is the packet's final
 * outcome.
 */
static __always_inline int uplink_look_up(ctx_t *ctx, struct frame *f, struct path_place *place, bool plain)
{
	struct packet *packet = packet_get();
	bool cached, known = false;
	int outcome = OUTCOME_OPEN;

	if (!packet)
		return OUTCOME_PASS;
	if (!plain)
		outcome = uplink_parse(ctx, f, packet, place);
	if (outcome != OUTCOME_OPEN)
		return outcome;
	f->from_tunnel = true;
	cached = uplink_path_is(ctx, f, &packet->key, &packet->outer.id, place);
	if (cached)
		path_set_origin(f, place->path);
	else
		outcome = uplink_find_origin(ctx, f, packet, place, &known);
	if (outcome == OUTCOME_OPEN && uplink_must_verify(f, &packet->outer.id))
		outcome = uplink_verify(ctx, f, packet, plain);
	if (outcome == OUTCOME_OPEN && !cached)
		outcome = uplink_resolve(ctx, f, packet, known, place);
	if (!HOOK_IS_XDP) { /* read again, because the stack has no room to keep them meanwhile */
		f->len = packet->frame.len;
		f->gso_size = packet->frame.gso_size;
		f->outer_len = packet->frame.outer_len;
		f->trailer = packet->frame.trailer;
	}
	f->may_mark_ecn = HOOK_IS_XDP && packet->outer.id.needs_verify;
	return outcome;
}

/* The last stages: out by the path in place, or not at all. Returns the verdict. */
static __always_inline int uplink_out(ctx_t *ctx, struct frame *f, const struct path_place *place, int outcome)
{
	f->from_tunnel = true;
	if (outcome == OUTCOME_OPEN && !port_is_ready(f, place->path))
		outcome = OUTCOME_PASS;
	if (outcome == OUTCOME_OPEN) {
		if (f->may_mark_ecn)
			packet_mark_ecn(ctx);
		outcome = port_out(ctx, f, place->path);
	}
	return frame_finish(ctx, f, outcome);
}

/* Entry: a packet from the underlay. */
static __always_inline int uplink_ingress(ctx_t *ctx)
{
	struct path_place place = {};
	struct frame f = {};
	bool plain;
	int outcome = uplink_cached(ctx, &f, &place, &plain);

	if (outcome == OUTCOME_UNRESOLVED && HOOK_IS_XDP)
		outcome = uplink_look_up(ctx, &f, &place, plain);
	else if (outcome == OUTCOME_UNRESOLVED)
		hook_jump(ctx, JUMP_UPLINK_RESOLVE);
	return uplink_out(ctx, &f, &place, outcome);
}

/* Entry after a jump: a packet from the underlay that is not plain, must be verified, or has no cached path. */
static __always_inline int uplink_ingress_resolve(ctx_t *ctx)
{
	struct path_place place = {};
	struct frame f = {};
	int outcome = uplink_look_up(ctx, &f, &place, false);

	if (outcome == OUTCOME_NOT_TUNNEL)
		hook_jump(ctx, JUMP_REPORT);
	return uplink_out(ctx, &f, &place, outcome);
}

#endif

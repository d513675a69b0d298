/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ingress of an uplink: a packet from the underlay. Stages: parse the outer headers; find the cached path, or else
 * network and peer, with the reverse path filter; verify; without a cached path, learn and look up; then decapsulate
 * and deliver to a port.
 */
#ifndef XOVL_BPF_ENTRY_UPLINK_H
#define XOVL_BPF_ENTRY_UPLINK_H

#include "decap/pmtu_report.h"
#include "decap/rp_filter.h"
#include "decap/verify.h"
#include "entry/bridge.h"
#include "l2/reserved.h"
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
					      const union xovl_path_headers *headers)
{
	const struct xovl_path_tunnel *a = &headers->tunnel, *b = &id->tunnel;
	__u64 differs;

	differs = (a->remote.words[0] ^ b->remote.words[0]) | (a->remote.words[1] ^ b->remote.words[1]) |
		  (a->local.words[0] ^ b->local.words[0]) | (a->local.words[1] ^ b->local.words[1]);
	differs |= headers->in_ifindex ^ hook_ifindex(ctx);
	if (differs)
		return false;
	if (id->kind == XOVL_ENCAP_VXLAN)
		return true;
	if (id->kind == XOVL_ENCAP_GRE)
		return headers->key_low_mask ? headers->key_low == id->header >> GRE_KEY_LOW_SHIFT
					     : !frame_is_tagged(f, f->outer_len);
	if (headers->options_len != geneve_options_len(id))
		return false;
	return !headers->options_len || geneve_options_equal(ctx, headers, geneve_options_at(f, id)) > 0;
}

/*
 * Runs the checks and changes of decap/verify.h that the packet of a known network needs before its outer headers
 * are removed. parsed: arrival_get() holds the packet. Any result but VERDICT_OPEN is the packet's final verdict.
 */
static __always_inline int uplink_verify(ctx_t *ctx, struct frame *f, const struct outer_id *id, bool parsed)
{
	struct arrival *arrival;
	enum xovl_reason reason;

	if (!(id->needs_verify | !!(f->path_flags & PATH_VERIFY)))
		return VERDICT_OPEN;
	arrival = arrival_get();
	if (!arrival || (!parsed && !arrival_parse(ctx)))
		return verdict_pass(ctx);
	arrival->frame.net_index = f->net_index;
	arrival->frame.origin = f->origin;
	arrival->frame.path_flags = f->path_flags;
	if (!verify_is_possible(ctx))
		return verdict_pass(ctx);
	reason = verify_octets(ctx);
	if (!reason)
		reason = verify_order_and_ecn(ctx);
	if (HOOK_IS_XDP && reason_is_of_checksum(reason))
		return verdict_pass(ctx);
	if (reason)
		return reason_is_of_outer(reason) ? verdict_drop_outer(ctx, reason, f->net_index, frame_place(f))
						  : verdict_drop(ctx, f, reason);
	arrival_apply(ctx);
	frame_reload(ctx, f);
	return VERDICT_OPEN;
}

/*
 * Identifies network and peer of a packet without a cached path. parsed: arrival_get() holds the packet. Any result
 * but VERDICT_OPEN is the packet's final verdict.
 */
static __always_inline int uplink_identify(ctx_t *ctx, struct frame *f, const struct outer_id *id, bool parsed,
					   struct destination *to)
{
	struct arrival *arrival = arrival_get();
	int verdict;

	if (!arrival)
		return verdict_pass(ctx);
	if (!parsed) {
		arrival->frame.outer_len = f->outer_len;
		arrival->outer.id = *id;
		arrival->outer.malformed = XOVL_REASON_NONE;
	}
	verdict = tunnel_identify(ctx);
	if (verdict == VERDICT_OPEN)
		verdict = rp_filter_check(ctx, arrival);
	frame_reload(ctx, f);
	f->net_index = arrival->frame.net_index;
	f->net = network_get(f->net_index);
	f->origin = arrival->frame.origin;
	f->path_flags = arrival->frame.path_flags;
	*to = arrival->to;
	if (verdict == VERDICT_OPEN && !f->net)
		return verdict_pass(ctx);
	if (verdict == VERDICT_OPEN && arrival->plaintext)
		return HOOK_IS_XDP ? verdict_pass(ctx) : verdict_drop(ctx, f, XOVL_REASON_PLAINTEXT);
	return verdict;
}

/*
 * The bridge stages of a frame from a tunnel: checks its source, learns it, looks up the destination. known: the
 * source has been learned, or must not be. Any result but VERDICT_OPEN is the frame's final verdict.
 */
static __always_inline int tunnel_frame_forward(ctx_t *ctx, struct frame *f, bool known, struct destination *to)
{
	int verdict;

	if (mac_is_bad_source(f->src))
		return verdict_drop(ctx, f, XOVL_REASON_SOURCE_MAC);
	if (mac_is_link_local(f->dst)) {
		verdict = reserved_decide(ctx, f);
		if (verdict != VERDICT_OPEN)
			return verdict;
	}
	verdict = bridge_forward(ctx, f, known, to);
	if (verdict != VERDICT_OPEN)
		return verdict;
	if (xovl_fdb_target(to->target) == XOVL_TARGET_PEER)
		return verdict_drop(ctx, f, XOVL_REASON_SPLIT_HORIZON);
	return VERDICT_OPEN;
}

/*
 * Looks up the frame's port and stores the result in place. Any result but VERDICT_OPEN is the frame's final
 * verdict.
 */
static __always_inline int uplink_find_port(ctx_t *ctx, struct frame *f, const struct outer_id *id,
					    const struct xovl_path_key *key, bool known, struct destination *to,
					    const struct path_place *place)
{
	union xovl_path_headers *headers = place->headers;
	int verdict;

	known |= (f->path_flags & XOVL_NET_GBP) && vxlan_forbids_learning(id);
	verdict = tunnel_frame_forward(ctx, f, known, to);
	if (verdict != VERDICT_OPEN)
		return verdict;
	path_fill(place->path, key, f, to);
	headers->tunnel = id->tunnel;
	headers->in_ifindex = hook_ifindex(ctx);
	headers->key_low = id->header >> GRE_KEY_LOW_SHIFT;
	headers->key_low_mask = f->path_flags & XOVL_PATH_NVGRE ? 0 : 0xff;
	if (id->kind == XOVL_ENCAP_GENEVE && !geneve_options_keep(ctx, f, id, headers))
		to->expires = 0;
	return port_path_make(ctx, f, to, place->path);
}

#ifdef XOVL_HOOK_XDP

static __always_inline bool frame_needs_device(const struct frame *f)
{
	return false;
}

static __always_inline int kernel_device_decap(ctx_t *ctx, const struct frame *f, const struct outer_id *id)
{
	return verdict_pass(ctx);
}

#else

/*
 * True if the kernel's tunnel device must decapsulate the packet: a super-frame that is not TCP. No helper removes
 * the skb's mark as a tunnel packet, so the kernel would segment it wrongly.
 */
static __always_inline bool frame_needs_device(const struct frame *f)
{
	struct flow flow;

	if (!f->gso_size)
		return false;
	flow_parse(f, outer_offset(f->outer_len), false, &flow);
	return flow.headers <= flow.transport + sizeof(struct udphdr); /* a TCP header is longer than that */
}

/* True if the kernel's tunnel device accepts such a packet: over UDP, or GRE with a key and without a checksum. */
static __always_inline bool device_can_unpack(const struct outer_id *id)
{
	return id->dport || ((__u32)id->header & bpf_htons(XOVL_GRE_C | XOVL_GRE_K)) == bpf_htons(XOVL_GRE_K);
}

/*
 * Leaves the packet, checked like any other, to the kernel's tunnel device, which decapsulates it. Returns the final
 * verdict.
 */
static __always_inline int kernel_device_decap(ctx_t *ctx, const struct frame *f, const struct outer_id *id)
{
	struct xovl_endpoint_key key = {.local = id->tunnel.local, .service = outer_service(id)};
	struct xovl_endpoint *endpoint = bpf_map_lookup_elem(&endpoints, &key);

	if (!endpoint || !device_can_unpack(id) || !device_is_live(endpoint->device))
		return verdict_drop_outer(ctx, f->gso_size ? XOVL_REASON_GSO_UNPACK : XOVL_REASON_NOT_UNPACKED,
					  f->net_index, frame_place(f));
	ctx->mark = KERNEL_MARK | KERNEL_MARK_SOUND | (hook_was_encrypted(ctx) ? KERNEL_MARK_ENCRYPTED : 0);
	return verdict_pass(ctx);
}

#endif

/*
 * Looks up everything for a frame without a cached path. place may become another place. sound: the packet is not
 * malformed. Any result but VERDICT_OPEN is the frame's final verdict.
 */
static __always_inline int uplink_resolve(ctx_t *ctx, struct frame *f, const struct outer_id *id,
					  const struct xovl_path_key *key, bool sound, bool parsed, bool for_device,
					  struct path_place *place)
{
	struct xovl_path *other = place->path;
	struct destination to = {};
	bool known = sound && path_shares_origin(other, key) && uplink_path_equal(ctx, f, id, place->headers) &&
		     path_take_origin(f, other, &to);
	int verdict = VERDICT_OPEN;

	if (!ingress_is_live(ctx) || !path_evict(place))
		return verdict_pass(ctx);
	if (!known)
		verdict = uplink_identify(ctx, f, id, parsed, &to);
	if (verdict == VERDICT_OPEN)
		verdict = uplink_verify(ctx, f, id, parsed);
	if (verdict == VERDICT_OPEN && (f->path_flags & XOVL_PATH_NVGRE) && frame_is_tagged(f, f->outer_len))
		return verdict_drop(ctx, f, XOVL_REASON_NVGRE_TAG);
	if (verdict == VERDICT_OPEN && (for_device || (f->path_flags & XOVL_PATH_BY_KERNEL)))
		return kernel_device_decap(ctx, f, id);
	if (verdict == VERDICT_OPEN)
		verdict = uplink_find_port(ctx, f, id, key, known, &to, place);
	return verdict;
}

/* Parses a packet that is not plain; arrival_get() holds it afterwards. Returns false if the packet is not for xovl. */
static __always_inline bool uplink_parse(ctx_t *ctx, struct frame *f, struct outer_id *id, bool *malformed)
{
	struct arrival *arrival = arrival_get();

	if (!arrival || !arrival_parse(ctx))
		return false;
	frame_reload(ctx, f);
	f->len = arrival->frame.len;
	f->dst = arrival->frame.dst;
	f->src = arrival->frame.src;
	f->outer_len = arrival->frame.outer_len;
	f->trailer = arrival->frame.trailer;
	*id = arrival->outer.id;
	*malformed = arrival->outer.malformed;
	return true;
}

/* Entry: the stages of a packet from the underlay. Returns its final verdict. */
static __always_inline int uplink_ingress(ctx_t *ctx)
{
	struct xovl_path_key key = {};
	struct outer_id id = {};
	struct path_place place;
	struct frame f = {};
	bool parsed = false, malformed = false, for_device;
	int verdict;

	if (!frame_open(ctx, &f) || !frame_is_for_host(ctx, &f))
		return verdict_pass(ctx);
	if (!outer_is_plain(ctx, &f, &id)) {
		parsed = true;
		if (!uplink_parse(ctx, &f, &id, &malformed))
			return pmtu_learn(ctx) ? hook_drop(ctx) : verdict_pass(ctx);
	}
	if ((HOOK_IS_XDP && f.trailer) || !ingress_in_netns(ctx))
		return verdict_pass(ctx);
	f.from_tunnel = true;
	for_device = frame_needs_device(&f);
	uplink_path_key(ctx, &f, &id, &key);
	if (!path_find_place(&key, id.tunnel.remote.words[1] ^ id.tunnel.local.words[0] ^ hook_ifindex(ctx), &place))
		return verdict_pass(ctx);
	if (!malformed && !for_device && path_key_equal(&place.path->key, &key) &&
	    uplink_path_equal(ctx, &f, &id, place.headers) && path_is_valid(place.path)) {
		path_set_origin(&f, place.path);
		verdict = uplink_verify(ctx, &f, &id, parsed);
	} else {
		verdict = uplink_resolve(ctx, &f, &id, &key, !malformed, parsed, for_device, &place);
	}
	if (verdict != VERDICT_OPEN)
		return verdict;
	if (!port_is_ready(&f, place.path))
		return verdict_pass(ctx);
	if (id.needs_verify)
		arrival_mark_ecn(ctx);
	return port_out(ctx, &f, place.path);
}

#endif

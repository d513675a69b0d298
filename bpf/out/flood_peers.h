/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sends the copies of a flooded frame to peers: first those that the kernel's tunnel devices carry, then those with
 * outer headers, in order of the headers' length. TC only.
 */
#ifndef XOVL_BPF_OUT_FLOOD_PEERS_H
#define XOVL_BPF_OUT_FLOOD_PEERS_H

#include "out/flood_state.h"
#include "out/peer.h"
#include "underlay/neighbour.h"

/*
 * Peers need different room for outer headers. Copies are sent in order of room, because it can only grow (normal
 * frames) or shrink (super-frames, where the kernel must know the room for segmentation). Returns true if that room
 * comes after the current one and before next_room.
 */
static __always_inline bool flood_is_next_room(const struct packet *packet, __u32 room)
{
	if (packet->frame.gso_size)
		return (!packet->flood.room || room < packet->flood.room) && room > packet->flood.next_room;
	return room > packet->flood.room && (!packet->flood.next_room || room < packet->flood.next_room);
}

/*
 * Limits for copies that take the detour to the kernel's neighbour code (underlay/neighbour.h) through the CPU's
 * backlog, which holds a thousand packets. Few copies may take it if they only confirm that a neighbour is in use:
 * the next frame confirms others.
 */
#define FLOOD_CONFIRMS_MAX 8
#define FLOOD_DETOURS_MAX 256

static __always_inline bool flood_takes_detour(struct packet *packet, const struct xovl_path *path)
{
	__u32 most = path->kind & XOVL_PATH_CONFIRM ? FLOOD_CONFIRMS_MAX : FLOOD_DETOURS_MAX;

	if (!(path->kind & XOVL_PATH_RESOLVE) || packet->flood.detours >= most)
		return false;
	packet->flood.detours++;
	return true;
}

/* Writes the outer headers into the room and sends the copy. Returns the drop reason or XOVL_REASON_NONE. */
static __always_inline enum xovl_reason flood_send(ctx_t *ctx, struct frame *f, struct packet *packet,
						   const struct path_place *place)
{
	struct xovl_path *path = place->path;
	enum xovl_reason reason;
	long err = 0;

	if (!device_is_live(path->ifindex))
		return XOVL_REASON_STALE_TARGET;
	step(XOVL_STEP_COPY, path->ifindex);
	frame_reload(ctx, f);
	reason = outer_write(ctx, f, &packet->flow, place);
	if (reason)
		return reason;
	if (flood_takes_detour(packet, path)) {
		neighbour_address(ctx, path->target, &packet->flow);
		err = hook_clone(ctx, path->ifindex, BPF_F_INGRESS);
		hook_set_mark(ctx, packet->flood.mark);
	} else if (!(path->kind & XOVL_PATH_RESOLVE) || outer_has_lladdr(place->headers)) {
		err = hook_clone(ctx, path->ifindex, 0);
	} else {
		reason = XOVL_REASON_NEIGHBOUR;
	}
	if (path->kind & XOVL_PATH_TAGGED)
		hook_remove_tag(ctx);
	return err ? XOVL_REASON_COPY_FAILED : reason;
}

/* True if the kernel's tunnel device has already carried the super-frame's copy to the peer. */
static __always_inline bool flood_sent_by_kernel(const struct packet *packet, __u32 index)
{
	struct xovl_peer *peer = packet->frame.gso_size ? peer_get(index) : NULL;

	return peer && peer->device && !(packet->flood.gre_by_tc && peer->encap == XOVL_ENCAP_GRE);
}

/*
 * Sends one peer's copy by the kernel's tunnel device, before there is room for outer headers: super-frames wherever
 * the peer has a device, other frames if the device carries everything to the peer. Sets *skipped if it does not.
 * Returns the drop reason or XOVL_REASON_NONE.
 */
static __always_inline enum xovl_reason flood_peer_by_kernel(struct flood_loop *loop, struct packet *packet,
							     __u32 index, bool *skipped)
{
	struct path_place place;
	struct frame f = {.len = packet->frame.len,
			  .gso_size = packet->frame.gso_size,
			  .net_index = packet->frame.net_index,
			  .origin = packet->frame.origin};
	enum xovl_reason reason;
	__u64 expires;
	__u32 ifindex;
	long err;

	f.net = network_get(f.net_index);
	if (!path_place_scratch(SCRATCH_PATH_COPY, &place) || !f.net)
		return XOVL_REASON_STALE_TARGET;
	reason = peer_path_prepare(loop->ctx, &f, &packet->flow, index, &place, &expires);
	*skipped = !f.gso_size && (reason || !(place.path->kind & XOVL_PATH_BY_KERNEL));
	if (reason || *skipped)
		return reason;
	reason = tunnel_check(&f, &packet->flow, &place);
	if (!kernel_can_carry(reason, place.path))
		return reason ? reason : XOVL_REASON_STALE_TARGET;
	if ((place.path->policy & XOVL_NET_MSS_CLAMP) && (packet->flow.marks & FLOW_SYN))
		mss_clamp(loop->ctx, 0, path_mtu(&place, packet->flow.wire_len - packet->flow.ip_len), false);
	ifindex = kernel_device(loop->ctx, &place);
	if (!ifindex)
		return XOVL_REASON_STALE_TARGET;
	hook_set_mark(loop->ctx, 0);
	step(XOVL_STEP_COPY, ifindex);
	err = hook_clone(loop->ctx, ifindex, 0);
	hook_set_mark(loop->ctx, packet->flood.mark);
	return err ? XOVL_REASON_COPY_FAILED : XOVL_REASON_NONE;
}

static long flood_peer_by_kernel_nth(__u32 nth, struct flood_loop *loop)
{
	struct packet *packet = packet_get();
	enum xovl_reason reason;
	bool skipped = true;
	__u32 *index;

	if (!packet)
		return 1;
	index = flood_target(packet, nth);
	if (!index || (packet->frame.gso_size && !flood_sent_by_kernel(packet, *index)))
		return 0;
	reason = flood_peer_by_kernel(loop, packet, *index, &skipped);
	if (skipped)
		return 0;
	flood_count(loop, packet, reason, XOVL_PLACE_PEER, *index);
	if (!reason && !shadow)
		loop->stats->by_kernel++;
	return 0;
}

/*
 * Sends one peer's copy, if it needs exactly the current room; otherwise notes its room for a later pass. Sets
 * *skipped if there is nothing to count. Returns the drop reason or XOVL_REASON_NONE. One function, because each
 * check needs the path that peer_path_prepare() fills in.
 */
static __always_inline enum xovl_reason flood_peer(struct flood_loop *loop, struct packet *packet, __u32 index,
						   bool *skipped)
{
	struct path_place place;
	struct frame f = {.len = packet->frame.len,
			  .gso_size = packet->frame.gso_size,
			  .net_index = packet->frame.net_index,
			  .origin = packet->frame.origin};
	struct xovl_path *path;
	enum xovl_reason reason;
	__u64 expires;

	f.net = network_get(f.net_index);
	if (!path_place_scratch(SCRATCH_PATH_COPY, &place) || !f.net)
		return XOVL_REASON_STALE_TARGET;
	path = place.path;
	reason = peer_path_prepare(loop->ctx, &f, &packet->flow, index, &place, &expires);
	if (!reason && (path->kind & XOVL_PATH_BY_KERNEL)) {
		*skipped = packet->flood.by_kernel ||
			   packet->flood.pass !=
				   1; /* the kernel's device has carried it, or its drop was counted in pass 1 */
		return XOVL_REASON_NO_TUNNEL_DEVICE;
	}
	if (!reason)
		reason = tunnel_check(&f, &packet->flow, &place);
	*skipped = reason ? packet->flood.pass != 1 : place.headers->outer_len != packet->flood.room;
	if (reason)
		return reason;
	if (*skipped) {
		if (flood_is_next_room(packet, place.headers->outer_len)) {
			packet->flood.next_room = place.headers->outer_len;
			packet->flood.next_kind = path->kind;
		}
		return XOVL_REASON_NONE;
	}
	if (f.gso_size && ((path->kind ^ packet->flood.room_kind) & XOVL_PATH_GRE))
		reason = XOVL_REASON_GSO_MIXED;
	/* an MSS lowered for one peer fits all peers that come after it */
	if (!reason && (path->policy & XOVL_NET_MSS_CLAMP) && (packet->flow.marks & FLOW_SYN))
		mss_clamp(loop->ctx, packet->flood.room, path_mtu(&place, packet->flow.wire_len - packet->flow.ip_len),
			  false);
	return reason ? reason : flood_send(loop->ctx, &f, packet, &place);
}

static long flood_peer_nth(__u32 nth, struct flood_loop *loop)
{
	struct packet *packet = packet_get();
	enum xovl_reason reason;
	bool skipped = false;
	__u32 *index;

	if (!packet)
		return 1;
	index = flood_target(packet, nth);
	if (!index || flood_sent_by_kernel(packet, *index))
		return 0;
	reason = flood_peer(loop, packet, *index, &skipped);
	if (!skipped)
		flood_count(loop, packet, reason, XOVL_PLACE_PEER, *index);
	/* all peers need the same room, so the first one tells it */
	return !packet->flood.mixed && !packet->flood.pass && packet->flood.next_room;
}

/*
 * Removes len bytes of a super-frame's room. That may change the outer family, which kernels before 6.3 cannot be
 * told. Returns false if the kernel refuses.
 */
static __always_inline bool flood_shrink_room(ctx_t *ctx, struct packet *packet, __u32 len)
{
	__u32 changed = (packet->flood.room_kind ^ packet->flood.next_kind) & XOVL_PATH_IPV6;
	__u64 family = packet->flood.next_kind & XOVL_PATH_IPV6 ? ROOM_DECAP_L3_IPV6 : ROOM_DECAP_L3_IPV4;

	packet->flood.room_kind ^= changed;
	return room_shrink(ctx, len, family) || (!changed && room_shrink(ctx, len, 0));
}

/*
 * Makes the next room in front of the frame. Returns the drop reason or XOVL_REASON_NONE. Invalidates packet
 * pointers.
 */
__noinline int flood_make_room(ctx_t *ctx)
{
	struct packet *packet = packet_get();
	struct frame f = {};
	__u32 before, room;

	if (!packet)
		return XOVL_REASON_NO_ROOM;
	f.dst = packet->frame.dst;
	f.src = packet->frame.src;
	f.gso_size = packet->frame.gso_size;
	before = packet->flood.room;
	room = packet->flood.next_room;
	packet->flood.room = room;
	packet->flood.next_room = 0;
	if (!before) {
		packet->flood.room_kind = packet->flood.next_kind;
		f.nr_tags = packet->frame.nr_tags;
		f.tags[0] = packet->frame.tags[0];
		f.tags[1] = packet->frame.tags[1];
		return tunnel_push(ctx, &f, room, packet->flood.room_kind);
	}
	if (!f.gso_size)
		return bpf_skb_change_head(ctx, room - before, 0) ? XOVL_REASON_NO_ROOM : XOVL_REASON_NONE;
	return flood_shrink_room(ctx, packet, before - room) ? XOVL_REASON_NONE : XOVL_REASON_NO_ROOM;
}

/* Pass 0 finds the first room. Rooms differ by family, by encapsulation, and by the port's GENEVE options. */
#define FLOOD_PASSES_MAX 16

/* One pass: makes the next room and visits all peers. Stops when no room comes next. */
static long flood_pass(__u32 nth, struct flood_loop *loop)
{
	struct packet *packet = packet_get();
	enum xovl_reason reason = XOVL_REASON_NONE;

	if (!packet)
		return 1;
	if (nth && packet->flood.next_room)
		reason = flood_make_room(loop->ctx);
	if (reason) {
		flood_count(loop, packet, reason, XOVL_PLACE_PORT, packet->frame.origin);
		return 1;
	}
	packet->flood.pass = nth;
	bpf_loop(packet->flood.nr_peers, flood_peer_nth, loop, 0);
	return nth && !packet->flood.next_room;
}

/* Parses and measures the flow of the frame in packet_get(), which has no outer headers. */
__noinline int flood_measure(ctx_t *ctx)
{
	struct packet *packet = packet_get();
	struct frame f;

	if (!packet)
		return 0;
	packet_take(ctx, packet, &f);
	flow_parse(&f, 0, false, &packet->flow);
	flow_measure(ctx, &f, &packet->flow);
	return 0;
}

/* Moves the tags of the frame in packet_get() out of the packet: they follow the outer headers of a copy. */
__noinline int flood_collect_tags(ctx_t *ctx)
{
	struct packet *packet = packet_get();
	struct frame f;

	if (!packet)
		return 0;
	packet_take(ctx, packet, &f);
	frame_collect_tags(ctx, &f);
	packet_keep(packet, &f);
	return 0;
}

/* Sends all copies to peers: by the kernel's devices, then pass by pass. */
static __always_inline void flood_tunnel(struct flood_loop *loop, struct packet *packet, const struct xovl_network *net,
					 struct xovl_flood_head head)
{
	packet->flood.first.position = head.nr_ports;
	packet->flood.nr_peers = head.nr_peers;
	packet->flood.mixed = head.mixed;
	packet->flood.gre_by_tc = net->flags & GRE_NOT_BY_KERNEL;
	flood_measure(loop->ctx);
	packet->flood.by_kernel = packet->frame.gso_size || kernel_carries_any(loop->ctx);
	if (packet->flood.by_kernel)
		bpf_loop(packet->flood.nr_peers, flood_peer_by_kernel_nth, loop, 0);
	flood_collect_tags(loop->ctx);
	bpf_loop(FLOOD_PASSES_MAX, flood_pass, loop, 0);
}

#endif

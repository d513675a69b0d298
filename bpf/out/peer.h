/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sends a tenant's frame to one peer: size check, outer headers, out of the uplink. The last stage of known unicast
 * from a port.
 */
#ifndef XOVL_BPF_OUT_PEER_H
#define XOVL_BPF_OUT_PEER_H

#include "encap/mss.h"
#include "encap/peer.h"
#include "out/kernel.h"
#include "outcome.h"
#include "underlay/neighbour.h"

/*
 * True if the program can send the frame; TC always can. XDP leaves to TC frames with an incomplete checksum or a mark,
 * which an xdp_frame cannot carry; unresolved neighbours; interfaces that take no redirected frames; and SYNs whose MSS
 * may change.
 */
static __always_inline bool underlay_is_ready(const struct xovl_path *path, const struct flow *flow)
{
	__u32 kind = path->kind;

	if (!HOOK_IS_XDP)
		return true;
	if (flow->marks && (flow->marks & xdp_unsupported_marks(path->policy)))
		return false;
	if (device_generic)
		kind |= XOVL_PATH_XDP_XMIT;
	return (kind & (XOVL_PATH_RESOLVE | XOVL_PATH_XDP_XMIT)) == XOVL_PATH_XDP_XMIT &&
	       !(path->policy & XOVL_NET_GBP);
}

/*
 * Sends the encapsulated packet; with XOVL_PATH_RESOLVE through the kernel's neighbour code (underlay/neighbour.h).
 * Returns false if the uplink is gone.
 */
static __always_inline bool underlay_send(ctx_t *ctx, const struct xovl_path *path, const struct flow *flow)
{
	if (HOOK_IS_XDP || !(path->kind & XOVL_PATH_RESOLVE))
		return hook_redirect(ctx, path->ifindex);
	if (!device_is_live(path->ifindex))
		return false;
	if (neighbour_takes(ctx, path->kind & XOVL_PATH_IPV6 ? AF_INET6 : AF_INET))
		return neighbour_out(ctx, path->target, nexthop_bucket(flow));
	neighbour_address(ctx, path->target, flow);
	return hook_redirect_ingress(ctx, path->ifindex);
}

/* Returns the reason; XDP leaves the frame to TC, which finds the same reason and counts it. */
static __always_inline int peer_refuse(enum xovl_reason reason)
{
	return HOOK_IS_XDP ? OUTCOME_PASS : (int)reason;
}

/*
 * Completes the path to the peer, valid no longer than its next hop. Any result but OUTCOME_OPEN is the frame's
 * final outcome.
 */
static __always_inline int peer_path_make(ctx_t *ctx, struct frame *f, const struct flow *flow,
					  const struct destination *to, const struct path_place *place)
{
	__u64 expires;
	enum xovl_reason reason = peer_path_prepare(ctx, f, flow, xovl_fdb_index(to->target), place, &expires);

	if (reason == XOVL_REASON_STALE_TARGET)
		return reason;
	if (reason)
		return peer_refuse(reason);
	step(XOVL_STEP_HEADERS, place->headers->outer_len);
	path_publish(place->path, expires < to->expires ? expires : to->expires);
	return OUTCOME_OPEN;
}

/* Sends the frame to one peer, along the path. Returns the outcome. */
static __always_inline int peer_out(ctx_t *ctx, struct frame *f, struct flow *flow, const struct path_place *place)
{
	struct xovl_path *path = place->path;
	enum xovl_reason reason;
	bool by_kernel;

	if (!underlay_is_ready(path, flow))
		return OUTCOME_PASS;
	flow_measure(ctx, f, flow);
	reason = tunnel_check(f, flow, place);
	by_kernel = kernel_should_carry(reason, f, flow, path);
	if (reason && !by_kernel) {
		if (!HOOK_IS_XDP && (reason == XOVL_REASON_MTU_NETWORK || reason == XOVL_REASON_MTU_UNDERLAY))
			f->reply_mtu = path_mtu(place, flow->wire_len - flow->ip_len);
		return peer_refuse(reason);
	}
	if (!HOOK_IS_XDP && (path->policy & XOVL_NET_MSS_CLAMP) && (flow->marks & FLOW_SYN))
		mss_clamp(ctx, 0, path_mtu(place, flow->wire_len - flow->ip_len), false);
	if (by_kernel)
		return kernel_out(ctx, f, place);
	frame_collect_tags(ctx, f);
	reason = tunnel_push(ctx, f, place->headers->outer_len, path->kind);
	if (reason) {
		if (kernel_can_carry(reason, path) && frame_restore_tags(ctx, f))
			return kernel_out(ctx, f, place);
		return peer_refuse(reason);
	}
	frame_reload(ctx, f);
	reason = outer_write(ctx, f, flow, place);
	if (reason)
		return reason;
	if (!underlay_send(ctx, path, flow))
		return XOVL_REASON_STALE_TARGET;
	f->target = path->target;
	return OUTCOME_SENT;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Delivers known unicast to a port of this host, from another port or from a tunnel. The last stage of such a frame. */
#ifndef XOVL_BPF_OUT_PORT_H
#define XOVL_BPF_OUT_PORT_H

#include "l2/port.h"
#include "outcome.h"
#include "packet/flow.h"
#include "path/path.h"

/*
 * True if the program can deliver the frame; TC always can. XDP leaves to TC frames with an incomplete checksum, which
 * an xdp_frame cannot carry; frames with so many tags that XDP does not see their checksum; and interfaces that take
 * no redirected frames.
 */
static __always_inline bool port_is_ready(const struct frame *f, const struct xovl_path *path)
{
	struct flow flow;

	if (!HOOK_IS_XDP)
		return true;
	if (!(path->kind & XOVL_PATH_XDP_XMIT) && !device_generic)
		return false;
	if (!device_partial_checksums)
		return true;
	flow_parse(f, outer_offset(f->outer_len), true, &flow);
	return !(flow.marks & (FLOW_PARTIAL | FLOW_DEEP));
}

/* Completes the path to a port. Any result but OUTCOME_OPEN is the frame's final outcome. */
static __always_inline int port_path_make(ctx_t *ctx, struct frame *f, const struct destination *to,
					  struct xovl_path *path)
{
	__u32 index = xovl_fdb_index(to->target);
	struct xovl_port *port = port_get(f, index);
	struct xovl_port_state *state = port ? port_state_get(ctx, index, port->ifindex) : NULL;

	if (!port || !state)
		return XOVL_REASON_STALE_TARGET;
	if (!f->from_tunnel && f->origin == index)
		return XOVL_REASON_SAME_PORT;
	if (port_is_isolated_from(f, port))
		return XOVL_REASON_ISOLATED;
	path->ifindex = port->ifindex;
	path->vid = port->vid;
	path->mtu = state->mtu;
	path->policy = f->path_policy & PATH_VERIFY;
	path->kind = f->path_kind & (XOVL_PATH_NVGRE | PATH_OF_PORT);
	if (port->flags & XOVL_PORT_XDP_XMIT)
		path->kind |= XOVL_PATH_XDP_XMIT;
	if (port->flags & XOVL_PORT_TO_PEER)
		path->kind |= XOVL_PATH_TO_VETH_PEER;
	path_publish(path, to->expires);
	return OUTCOME_OPEN;
}

/* Sends the frame out of the path's port. port_is_ready() must be true. Returns the outcome. */
static __always_inline int port_out(ctx_t *ctx, struct frame *f, const struct xovl_path *path)
{
	__u32 ifindex = path->ifindex;
	__u32 target = path->target;

	if (port_is_too_small(f->len, f->gso_size, path->mtu))
		return XOVL_REASON_MTU_PORT;
	if (!frame_for_port(ctx, f, path->vid))
		return HOOK_IS_XDP ? OUTCOME_PASS : XOVL_REASON_NO_ROOM;
	if (!hook_deliver(ctx, ifindex, path->kind & XOVL_PATH_TO_VETH_PEER))
		return XOVL_REASON_STALE_TARGET;
	f->target = target;
	return OUTCOME_DELIVERED;
}

#endif

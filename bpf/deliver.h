/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Known unicast to a port of this host, from another port or out of the tunnel. */
#ifndef XOVL_BPF_DELIVER_H
#define XOVL_BPF_DELIVER_H

#include "flow.h"
#include "path.h"
#include "verdict.h"

/* NULL: the port has left the network. */
static __always_inline struct xovl_port *port_get(const struct frame *f, __u32 index)
{
	struct xovl_port *port = bpf_map_lookup_elem(&port_table, &index);

	if (!port || !(port->flags & XOVL_PORT_USED) || port->net != f->net_index)
		return NULL;
	return port;
}

#ifdef XOVL_CARRIER_XDP

/* An xdp_frame carries no half-made checksum, and not every interface takes one: TC delivers those. */
static __always_inline bool port_is_ready(const struct frame *f, const struct xovl_path *path)
{
	struct flow flow;

	if (!(path->flags & XOVL_PATH_XDP_XMIT) && !device_generic)
		return false;
	if (!device_partial_checksums)
		return true;
	flow_parse(f, outer_offset(f->outer_len), true, &flow);
	return !(flow.marks & FLOW_PARTIAL);
}

#else

static __always_inline bool port_is_ready(const struct frame *f, const struct xovl_path *path)
{
	return true;
}

#endif

/* The way out of a port. Not VERDICT_OPEN: the frame ends here. */
static __always_inline int port_find(ctx_t *ctx, struct frame *f, const struct destination *to, struct xovl_path *path)
{
	__u32 index = xovl_fdb_index(to->target);
	struct xovl_port *port = port_get(f, index);

	if (!port)
		return verdict_drop(ctx, f, XOVL_REASON_STALE_TARGET);
	if (!f->from_tunnel && f->origin == index)
		return verdict_drop(ctx, f, XOVL_REASON_SAME_PORT);
	path->ifindex = port->ifindex;
	path->vid = port->vid;
	path->flags = f->path_flags & PATH_OF_ORIGIN;
	if (port->flags & XOVL_PORT_XDP_XMIT)
		path->flags |= XOVL_PATH_XDP_XMIT;
	path_keep(path, to->expires);
	return VERDICT_OPEN;
}

static __always_inline int port_out(ctx_t *ctx, struct frame *f, const struct xovl_path *path)
{
	__u32 ifindex = path->ifindex;
	__u32 target = path->target;
	int verdict;

	if (!port_is_ready(f, path))
		return verdict_pass(ctx);
	if (!frame_for_port(ctx, f, path->vid))
		return CARRIER_IS_XDP ? verdict_pass(ctx) : verdict_drop(ctx, f, XOVL_REASON_NO_ROOM);
	verdict = carrier_redirect(ctx, ifindex);
	if (verdict == VERDICT_OPEN)
		return verdict_drop(ctx, f, XOVL_REASON_STALE_TARGET);
	verdict_delivered(f, target);
	return verdict;
}

#endif

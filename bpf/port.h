/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a tenant: which port and network, is the source sound, learn it, and off to where the destination is. */
#ifndef XOVL_BPF_PORT_H
#define XOVL_BPF_PORT_H

#include "deliver.h"
#include "encap.h"
#include "fdb.h"
#include "flood.h"
#include "verdict.h"

static __always_inline struct xovl_port_ref *port_lookup(__u32 ifindex, __u16 vid)
{
	__u64 key = word_of(ifindex, vid); /* struct xovl_port_key */

	return bpf_map_lookup_elem(&ports, &key);
}

/* The frame's port: that of its VLAN, or the untagged one where that carries tagged frames whole. */
static __always_inline struct xovl_port_ref *port_classify(ctx_t *ctx, struct frame *f)
{
	__u32 ifindex = carrier_ifindex(ctx);
	__u16 vid = frame_vid(ctx, f);
	struct xovl_port_ref *port = port_lookup(ifindex, vid);

	if (port) {
		f->port_vid = vid;
		return port;
	}
	if (!vid)
		return NULL;
	port = port_lookup(ifindex, 0);
	return port && (port->flags & XOVL_PORT_TAGGED) ? port : NULL;
}

/* Fill in port and network. False: not a frame of ours. */
static __always_inline bool port_enter(ctx_t *ctx, struct frame *f)
{
	struct xovl_port_ref *port = port_classify(ctx, f);

	if (!port)
		return false;
	f->origin = port->index;
	f->net_index = port->net;
	f->net = network_get(f->net_index);
	f->now = bpf_ktime_get_coarse_ns();
	frame_read_macs(f, f->data);
	f->len = frame_tenant_len(ctx, f);
	return f->net;
}

static __always_inline int port_in(ctx_t *ctx)
{
	struct frame f = {};
	__u64 dst;

	if (!frame_open(ctx, &f) || !port_enter(ctx, &f))
		return verdict_pass(ctx);
	if (mac_is_link_local(f.dst))
		return verdict_pass(ctx);
	if (mac_is_bad_source(f.src))
		return verdict_drop(ctx, &f, XOVL_REASON_SOURCE_MAC);

	fdb_learn(&f, fdb_find(&f, f.src));
	if (mac_is_group(f.dst))
		return flood(ctx, &f);
	dst = fdb_lookup(&f);
	switch (xovl_fdb_target(dst)) {
	case XOVL_TARGET_PEER:
		return tunnel_out(ctx, &f, xovl_fdb_index(dst));
	case XOVL_TARGET_PORT:
		return port_out(ctx, &f, xovl_fdb_index(dst));
	default:
		return flood(ctx, &f);
	}
}

#endif

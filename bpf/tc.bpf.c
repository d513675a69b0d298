// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The TC programs: the complete datapath, attached to the ingress of every port and uplink (tcx, or clsact where the
 * kernel has no tcx).
 */
#define XOVL_CARRIER_TC

#include "port.h"
#include "uplink.h"

char xovl_license[] SEC("license") = "Dual BSD/GPL";

/* On a port: frames that a tenant sends. */
SEC("tc")
int xovl_tc_port(struct __sk_buff *ctx)
{
	return port_in(ctx);
}

/* See underlay_out. */
static __always_inline int neighbour_resolve(struct __sk_buff *ctx)
{
	ctx->mark = 0;
	return bpf_redirect_neigh(ctx->ifindex, NULL, 0, 0);
}

/* On an uplink: all that arrives from the underlay, and our own packets that still need a neighbour. */
SEC("tc")
int xovl_tc_uplink(struct __sk_buff *ctx)
{
	if (ctx->mark == NEXTHOP_RESOLVE_MARK)
		return neighbour_resolve(ctx);
	return uplink_in(ctx);
}

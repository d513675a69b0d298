// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The TC programs: the complete datapath, attached to the ingress of every port and uplink (tcx, or clsact where the
 * kernel has no tcx).
 */
#define XOVL_CARRIER_TC

#include "guard.h"
#include "neighbour.h"
#include "port.h"
#include "kernel_in.h"
#include "uplink.h"
#include "way_in.h"

char xovl_license[] SEC("license") = "Dual BSD/GPL";

/* On a port: frames that a tenant sends. */
SEC("tc")
int xovl_tc_port(struct __sk_buff *ctx)
{
	return port_in(ctx);
}

/* On an uplink: all that arrives from the underlay, and our own packets that still need a neighbour. */
SEC("tc")
int xovl_tc_uplink(struct __sk_buff *ctx)
{
	if (neighbour_is_mark(ctx->mark))
		return neighbour_in(ctx);
	return uplink_in(ctx);
}

/* On an uplink that is no Ethernet. */
SEC("tc")
int xovl_tc_way(struct __sk_buff *ctx)
{
	return way_in(ctx);
}

/* On the way out of an uplink, as long as a peer requires encryption. */
SEC("tc")
int xovl_tc_guard(struct __sk_buff *ctx)
{
	return guard_out(ctx);
}

/* On a tunnel device of the kernel's that is ours: what it has unpacked. */
SEC("tc")
int xovl_tc_tunnel(struct __sk_buff *ctx)
{
	return kernel_in(ctx);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The TC programs: the complete datapath, attached to the ingress of every port and uplink (tcx, or clsact where the
 * kernel has no tcx).
 */
#define XOVL_HOOK_TC

#include "entry/guard.h"
#include "underlay/neighbour.h"
#include "entry/port.h"
#include "entry/kernel.h"
#include "entry/uplink.h"
#include "entry/ip_uplink.h"

char xovl_license[] SEC("license") = "Dual BSD/GPL";

/* On a port: frames that a tenant sends. */
SEC("tc")
int xovl_tc_port(struct __sk_buff *ctx)
{
	return port_ingress(ctx);
}

/* On an uplink: all that arrives from the underlay, and our own packets that still need a neighbour. */
SEC("tc")
int xovl_tc_uplink(struct __sk_buff *ctx)
{
	if (neighbour_is_mark(ctx->mark))
		return neighbour_in(ctx);
	return uplink_ingress(ctx);
}

/* On an uplink that is no Ethernet. */
SEC("tc")
int xovl_tc_way(struct __sk_buff *ctx)
{
	return ip_uplink_ingress(ctx);
}

/* On the way out of an uplink, as long as a peer requires encryption. */
SEC("tc")
int xovl_tc_guard(struct __sk_buff *ctx)
{
	return guard_egress(ctx);
}

/* On a tunnel device of the kernel's that is ours: what it has unpacked. */
SEC("tc")
int xovl_tc_tunnel(struct __sk_buff *ctx)
{
	return kernel_device_ingress(ctx);
}

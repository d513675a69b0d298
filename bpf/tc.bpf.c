// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The TC programs, which are the complete datapath. They are attached with tcx, or as clsact filters if the kernel
 * has no tcx.
 */
#define XOVL_HOOK_TC

#include "entry/guard.h"
#include "underlay/neighbour.h"
#include "entry/port.h"
#include "entry/kernel.h"
#include "entry/uplink.h"
#include "entry/ip_uplink.h"

char xovl_license[] SEC("license") = "Dual BSD/GPL";

/* Ingress of a port: frames from a tenant. */
SEC("tc")
int xovl_tc_port(struct __sk_buff *ctx)
{
	return port_ingress(ctx);
}

/*
 * Ingress of an uplink: all packets from the underlay, and our own packets on the detour to the kernel's neighbour
 * code.
 */
SEC("tc")
int xovl_tc_uplink(struct __sk_buff *ctx)
{
	if (neighbour_is_mark(ctx->mark))
		return neighbour_in(ctx);
	return uplink_ingress(ctx);
}

/* Ingress of an uplink without Ethernet. */
SEC("tc")
int xovl_tc_way(struct __sk_buff *ctx)
{
	return ip_uplink_ingress(ctx);
}

/* Egress of an uplink, while a peer requires encryption. */
SEC("tc")
int xovl_tc_guard(struct __sk_buff *ctx)
{
	return guard_egress(ctx);
}

/* Ingress of the kernel's tunnel devices that xovl has made: frames that they have decapsulated. */
SEC("tc")
int xovl_tc_tunnel(struct __sk_buff *ctx)
{
	return kernel_device_ingress(ctx);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The XDP programs: the accelerator for known unicast, attached in the driver (native) or on skbs (generic). What they do
 * not finish goes on untouched to the TC programs.
 */
#define XOVL_HOOK_XDP

#include "entry/port.h"
#include "entry/uplink.h"

char xovl_license[] SEC("license") = "Dual BSD/GPL";

/* On a port: frames that a tenant sends. */
SEC("xdp")
int xovl_xdp_port(struct xdp_md *ctx)
{
	return port_ingress(ctx);
}

/* On an uplink: all that arrives from the underlay. */
SEC("xdp")
int xovl_xdp_uplink(struct xdp_md *ctx)
{
	return uplink_ingress(ctx);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The XDP programs, an accelerator for known unicast. They are attached in the driver (native) or on skbs (generic).
 * A frame that they do not finish goes on unchanged to the TC programs.
 */
#define XOVL_HOOK_XDP

#include "entry/port.h"
#include "entry/uplink.h"

char xovl_license[] SEC("license") = "Dual BSD/GPL";

/* Ingress of a port: frames from a tenant. */
SEC("xdp")
int xovl_xdp_port(struct xdp_md *ctx)
{
	return port_ingress(ctx);
}

/* Ingress of an uplink: all packets from the underlay. */
SEC("xdp")
int xovl_xdp_uplink(struct xdp_md *ctx)
{
	return uplink_ingress(ctx);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The TC programs, which are the complete datapath. Those with "Ingress" or "Egress" in their comment are attached,
 * with tcx or as clsact filters if the kernel has no tcx; those jump to the others.
 */
#define XOVL_HOOK_TC

#include "decap/pmtu_report.h"
#include "entry/guard.h"
#include "entry/ip_uplink.h"
#include "entry/kernel.h"
#include "entry/port.h"
#include "entry/uplink.h"
#include "out/flood.h"
#include "out/too_big.h"
#include "underlay/neighbour.h"

char xovl_license[] SEC("license") = "Dual BSD/GPL";

/* Ingress of a port: frames from a tenant. */
SEC("tc")
int xovl_tc_port(struct __sk_buff *ctx)
{
	return port_ingress(ctx);
}

/* A frame from a tenant without a cached path. */
SEC("tc")
int xovl_tc_port_resolve(struct __sk_buff *ctx)
{
	return port_ingress_resolve(ctx);
}

/*
 * Ingress of an uplink: all packets from the underlay, and our own packets on the detour to the kernel's neighbour
 * code.
 */
SEC("tc")
int xovl_tc_uplink(struct __sk_buff *ctx)
{
	if (neighbour_is_mark(hook_mark(ctx)))
		return neighbour_in(ctx);
	return uplink_ingress(ctx);
}

/* A packet from the underlay that is not plain, or has no cached path. */
SEC("tc")
int xovl_tc_uplink_resolve(struct __sk_buff *ctx)
{
	return uplink_ingress_resolve(ctx);
}

/* A packet from the underlay that is no tunnel packet: the kernel's, unless it is a report about one of ours. */
SEC("tc")
int xovl_tc_report(struct __sk_buff *ctx)
{
	struct frame f = {};

	return frame_finish(ctx, &f, pmtu_learn(ctx) ? OUTCOME_CONSUMED : OUTCOME_PASS);
}

/* A frame without a single destination. */
SEC("tc")
int xovl_tc_flood(struct __sk_buff *ctx)
{
	return flood_frame(ctx);
}

/* A frame from a tenant that does not fit, counted: its sender is told. */
SEC("tc")
int xovl_tc_reply(struct __sk_buff *ctx)
{
	return too_big_answer(ctx);
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

/* The programs of enum jump. Each loaded set of programs has an array of its own. */
struct jump_table {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, JUMPS);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} jumps SEC(".maps") = {
	.values =
		{
			[JUMP_PORT_RESOLVE] = (void *)&xovl_tc_port_resolve,
			[JUMP_UPLINK_RESOLVE] = (void *)&xovl_tc_uplink_resolve,
			[JUMP_REPORT] = (void *)&xovl_tc_report,
			[JUMP_FLOOD] = (void *)&xovl_tc_flood,
			[JUMP_REPLY] = (void *)&xovl_tc_reply,
		},
};

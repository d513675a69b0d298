/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TC ingress of an uplink without Ethernet: WireGuard, an IPsec interface, a tun. The kernel receives its packets,
 * and its tunnel device decapsulates ours. This program only marks them: they came in by an uplink, and whether they
 * were encrypted there.
 */
#ifndef XOVL_BPF_ENTRY_IP_UPLINK_H
#define XOVL_BPF_ENTRY_IP_UPLINK_H

#include "outcome.h"
#include "packet/udp.h"
#include "underlay/by_kernel.h"
#include "underlay/kernel_mark.h"

static __always_inline int ip_uplink_ingress(ctx_t *ctx)
{
	__u32 ifindex = hook_ifindex(ctx);
	struct xovl_device *device = bpf_map_lookup_elem(&devices, &ifindex);
	struct xovl_endpoint_key key = {};
	struct xovl_endpoint *endpoint;
	struct udp_id id;

	if (!device || !device_is_live(ifindex) || !udp_read(ctx, &id))
		return HOOK_PASS;
	key.local = id.dst;
	key.service = id.service;
	endpoint = bpf_map_lookup_elem(&endpoints, &key);
	if (endpoint && device_is_live(endpoint->device))
		hook_set_mark(ctx, KERNEL_MARK | (device->flags & XOVL_DEV_ENCRYPTS ? KERNEL_MARK_ENCRYPTED : 0));
	return HOOK_PASS;
}

#endif

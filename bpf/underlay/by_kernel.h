/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Decides which peers' packets the kernel carries. Its tunnel device then encapsulates and decapsulates all of them,
 * so that its routes, IPsec policies and netfilter apply. See enum xovl_via in xovl/maps.h.
 */
#ifndef XOVL_BPF_UNDERLAY_BY_KERNEL_H
#define XOVL_BPF_UNDERLAY_BY_KERNEL_H

#include "hook/hook.h"
#include "maps/globals.h"
#include "maps/tables.h"

/*
 * True if IPsec policies may apply to the peer's packets. Userspace records that per peer. If the number of policies
 * has changed since, any policy may apply: the kernel then has to decide, which it does for each packet.
 */
static __always_inline bool xfrm_is_for(const ctx_t *ctx, const struct xovl_peer *peer, enum xovl_direction direction)
{
	__u32 policies;

	if ((peer->flags & XOVL_PEER_XFRM_IGNORE) || !peer->dstport)
		return false;
	if (device_is_readable) {
		policies = device_xfrm_policies(hook_ifindex(ctx), direction);
		if (!policies || policies != host.xfrm_policies[direction])
			return policies;
	}
	return peer->flags & (direction == XOVL_OUT ? XOVL_PEER_XFRM_OUT : XOVL_PEER_XFRM_IN);
}

/*
 * True if the kernel carries packets to the peer. device: the interface of the route to the peer; NULL if it is none
 * of xovl's.
 */
static __always_inline bool peer_goes_by_kernel(const ctx_t *ctx, const struct xovl_peer *peer,
						const struct xovl_device *device)
{
	if (peer->via != XOVL_VIA_AUTO)
		return peer->via == XOVL_VIA_KERNEL;
	if (!peer->dstport)
		return false; /* xovl itself carries GRE, except for super-frames */
	return (device && (device->flags & XOVL_DEV_IP)) || xfrm_is_for(ctx, peer, XOVL_OUT);
}

/* True if the kernel carries packets from the peer. */
static __always_inline bool peer_comes_by_kernel(const ctx_t *ctx, __u32 index)
{
	const struct xovl_peer *peer = peer_get(index);

	if (!peer)
		return false;
	return peer->via == XOVL_VIA_KERNEL || (peer->flags & XOVL_PEER_ENCRYPTED) ||
	       (peer->via == XOVL_VIA_AUTO && xfrm_is_for(ctx, peer, XOVL_IN));
}

static __always_inline bool peer_requires_encryption(__u32 index)
{
	const struct xovl_peer *peer = peer_get(index);

	return peer && (peer->flags & XOVL_PEER_ENCRYPTED);
}

/*
 * True if the kernel accepts only encrypted packets from the peer: an IPsec policy demands it, and no policy was
 * added or removed since userspace checked.
 */
static __always_inline bool xfrm_requires_encryption(const ctx_t *ctx, __u32 index)
{
	const struct xovl_peer *peer = peer_get(index);
	__u32 policies;

	if (!peer || !(peer->flags & XOVL_PEER_XFRM_SEALED))
		return false;
	policies = device_xfrm_policies(hook_ifindex(ctx), XOVL_IN);
	return policies && policies == host.xfrm_policies[XOVL_IN];
}

/* True if the kernel may carry the packets of any peer. */
__noinline int kernel_carries_any(ctx_t *ctx)
{
	return host.by_kernel || device_xfrm_policies(hook_ifindex(ctx), XOVL_OUT) != host.xfrm_policies[XOVL_OUT];
}

#endif

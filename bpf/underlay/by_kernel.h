/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Peers whose packets the kernel carries, all of them: its tunnel device encapsulates and unpacks, so that its routes, IPsec policies and
 * netfilter hold. See xovl_via.
 */
#ifndef XOVL_BPF_UNDERLAY_BY_KERNEL_H
#define XOVL_BPF_UNDERLAY_BY_KERNEL_H

#include "hook/hook.h"
#include "maps/globals.h"
#include "maps/tables.h"

/*
 * Whether IPsec policies can be for the peer's packets: as userspace saw, unless policies came or went since. Then the kernel has to
 * decide, which it does for each packet.
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

/* What is sent to the peer; the route to it leads to that interface, if it is one of ours. */
static __always_inline bool peer_goes_by_kernel(const ctx_t *ctx, const struct xovl_peer *peer,
						const struct xovl_device *device)
{
	if (peer->via != XOVL_VIA_AUTO)
		return peer->via == XOVL_VIA_KERNEL;
	if (!peer->dstport)
		return false; /* GRE is carried by xovl, but for super-frames */
	return (device && (device->flags & XOVL_DEV_IP)) || xfrm_is_for(ctx, peer, XOVL_OUT);
}

/* What comes from the peer of that index. */
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
 * Whether the kernel takes nothing from the peer but what was encrypted: there is an IPsec policy for it, and none came or went since
 * userspace saw it.
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

/* Whether there are such peers. */
__noinline int kernel_carries_any(ctx_t *ctx)
{
	return host.by_kernel || device_xfrm_policies(hook_ifindex(ctx), XOVL_OUT) != host.xfrm_policies[XOVL_OUT];
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The next hop to a peer: looked up in the kernel's routes and neighbours and cached per CPU for half a second. So
 * changes there are followed even if no xovl process runs.
 */
#ifndef XOVL_BPF_UNDERLAY_NEXTHOP_H
#define XOVL_BPF_UNDERLAY_NEXTHOP_H

#include <linux/in.h>

#include "lib/clock.h"
#include "maps/tables.h"
#include "packet/flow.h"
#include "step.h"
#include "underlay/by_kernel.h"
#include "underlay/pmtu.h"
#include "underlay/vtep.h"

#define NEXTHOP_VALID_NS (500 * NSEC_PER_MSEC)

/*
 * The kernel does not see that redirected frames use a neighbour, so it would never probe a stale entry. Once in
 * this time a frame goes through the kernel's neighbour code (underlay/neighbour.h). The time differs by peer, so
 * that they do not coincide.
 */
#define NEXTHOP_CONFIRM_NS (4 * NSEC_PER_SEC)
#define NEXTHOP_CONFIRM_SPREAD 64 /* steps between this time and half as much more */

/* Returns the bucket of a flow. Flows of a bucket share one of several equal-cost routes. */
static __always_inline __u32 nexthop_bucket(const struct flow *flow)
{
	return flow_spread(flow) >> 60;
}

_Static_assert(XOVL_NEXTHOP_BUCKETS == 16, "a bucket is four bits");

static __always_inline void nexthop_request(const struct xovl_peer *peer, __u32 bucket, struct bpf_fib_lookup *fib)
{
	__builtin_memset(fib, 0, sizeof(*fib));
	fib->family = peer->family;
	fib->l4_protocol = peer->encap == XOVL_ENCAP_GRE || peer->encap == XOVL_ENCAP_NVGRE ? IPPROTO_GRE : IPPROTO_UDP;
	fib->sport = bpf_htons(XOVL_SPORT_MIN + bucket);
	fib->dport = peer->dstport;
	fib->ifindex = LOOPBACK_IFINDEX;
	fib->tot_len = 1; /* asks for the MTU of the route, which is returned in the same place */
	if (peer->family == AF_INET) {
		fib->ipv4_src = peer->local.be32[3];
		fib->ipv4_dst = peer->remote.be32[3];
	} else {
		__builtin_memcpy(fib->ipv6_src, &peer->local, sizeof(peer->local));
		__builtin_memcpy(fib->ipv6_dst, &peer->remote, sizeof(peer->remote));
	}
}

/* True if the kernel has a route: fib holds its interface and gateway. */
static __always_inline bool nexthop_has_route(long answer)
{
	return answer == BPF_FIB_LKUP_RET_SUCCESS || answer == BPF_FIB_LKUP_RET_NO_NEIGH;
}

/* True if a frame should confirm the neighbour. */
static __always_inline bool nexthop_is_overdue(const struct xovl_peer *peer, __u64 now)
{
	__u64 span = jiffies_of(NEXTHOP_CONFIRM_NS);

	span += span / 2 * (peer->serial % NEXTHOP_CONFIRM_SPREAD) / NEXTHOP_CONFIRM_SPREAD;
	return (__s64)(now - peer->confirmed) > (__s64)span;
}

static __always_inline bool device_is_underlay(const struct xovl_device *device)
{
	return device && (device->role == XOVL_ROLE_UPLINK || device->role == XOVL_ROLE_VLAN);
}

/*
 * Returns the state for a peer that requires encryption: nothing is sent to it in the clear. entry/guard.h stops
 * packets at the uplink that no IPsec policy encrypts.
 */
static __always_inline enum xovl_nexthop_state nexthop_encrypted(ctx_t *ctx, const struct xovl_device *device,
								 __u32 ifindex, const struct xovl_peer *peer)
{
	if (!device_is_underlay(device) || !device_is_live(device->lower_ifindex ? device->lower_ifindex : ifindex))
		return XOVL_NEXTHOP_PLAINTEXT;
	if (!(device->flags & XOVL_DEV_ENCRYPTS) && !device_xfrm_policies(hook_ifindex(ctx), XOVL_OUT))
		return XOVL_NEXTHOP_PLAINTEXT;
	return peer->device ? XOVL_NEXTHOP_BY_KERNEL : XOVL_NEXTHOP_NO_DEVICE;
}

static __always_inline enum xovl_nexthop_state nexthop_state(ctx_t *ctx, long answer, const struct xovl_device *device,
							     __u32 ifindex, const struct xovl_peer *peer, __u64 now)
{
	bool routed = nexthop_has_route(answer) || answer == BPF_FIB_LKUP_RET_FWD_DISABLED;

	if (peer->flags & XOVL_PEER_ENCRYPTED)
		return nexthop_has_route(answer) ? nexthop_encrypted(ctx, device, ifindex, peer)
						 : XOVL_NEXTHOP_NO_ROUTE;
	if (peer->via != XOVL_VIA_KERNEL && !(routed && device_is_underlay(device)))
		return routed ? XOVL_NEXTHOP_NOT_UPLINK : XOVL_NEXTHOP_NO_ROUTE;
	if (peer_goes_by_kernel(ctx, peer, device))
		return peer->device ? XOVL_NEXTHOP_BY_KERNEL : XOVL_NEXTHOP_NO_DEVICE;
	if (device->flags & XOVL_DEV_IP)
		return XOVL_NEXTHOP_NO_DEVICE;
	if (answer == BPF_FIB_LKUP_RET_FWD_DISABLED)
		return XOVL_NEXTHOP_KERNEL_ROUTES;
	if (answer == BPF_FIB_LKUP_RET_NO_NEIGH)
		return XOVL_NEXTHOP_UNRESOLVED;
	return nexthop_is_overdue(peer, now) ? XOVL_NEXTHOP_CONFIRM : XOVL_NEXTHOP_OK;
}

/*
 * Returns the MTU of the next hop. Only an answer with a neighbour contains the route's MTU; until then the
 * interface's is used. The kernel's tunnel device may send by another route with a smaller MTU, kernel_mtu (0: not
 * known).
 */
static __always_inline __u16 nexthop_mtu(ctx_t *ctx, long answer, const struct bpf_fib_lookup *fib, __u32 ifindex,
					 __u16 kernel_mtu)
{
	__u32 mtu = fib->mtu_result;

	/* ifindex 0 would mean the interface that the frame came in by */
	if (answer != BPF_FIB_LKUP_RET_SUCCESS && (!ifindex || bpf_check_mtu(ctx, ifindex, &mtu, 0, 0) < 0))
		mtu = 0xffff;
	if (kernel_mtu && kernel_mtu < mtu)
		mtu = kernel_mtu;
	return mtu > 0xffff ? 0xffff : mtu;
}

/* Returns the kind of paths to the peer by that next hop. */
static __always_inline __u32 nexthop_path_kind(const struct xovl_peer *peer, enum xovl_nexthop_state state,
					       const struct xovl_device *device)
{
	__u32 kind = XOVL_PATH_TO_PEER;

	if (peer->family != AF_INET)
		kind |= XOVL_PATH_IPV6;
	if (peer->encap == XOVL_ENCAP_GRE || peer->encap == XOVL_ENCAP_NVGRE)
		kind |= XOVL_PATH_GRE;
	if (peer->encap == XOVL_ENCAP_NVGRE)
		kind |= XOVL_PATH_NVGRE;
	if (peer->device)
		kind |= XOVL_PATH_HAS_DEVICE;
	if (state != XOVL_NEXTHOP_OK)
		kind |= XOVL_PATH_RESOLVE;
	if (state == XOVL_NEXTHOP_BY_KERNEL)
		kind |= XOVL_PATH_BY_KERNEL;
	if (state == XOVL_NEXTHOP_CONFIRM)
		kind |= XOVL_PATH_CONFIRM;
	if (device && (device->flags & XOVL_DEV_XDP_XMIT))
		kind |= XOVL_PATH_XDP_XMIT;
	if (device && (device->flags & XOVL_DEV_GSO_WHOLE))
		kind |= XOVL_PATH_GSO_WHOLE;
	if (device && device->vid)
		kind |= XOVL_PATH_TAGGED;
	return kind;
}

/*
 * Stores the route that the look-up found. If it found none, the last route stays: the flow's own or, after a
 * command has run, the one that userspace recorded for the peer.
 */
static __always_inline void nexthop_route(struct xovl_nexthop *nexthop, const struct xovl_peer *peer, long answer,
					  const struct bpf_fib_lookup *fib)
{
	if (nexthop_has_route(answer)) {
		nexthop->route_ifindex = fib->ifindex;
		if (peer->family == AF_INET6)
			__builtin_memcpy(&nexthop->gateway, fib->ipv6_dst, sizeof(nexthop->gateway));
		__builtin_memcpy(nexthop->macs, fib->dmac, ETH_ALEN);
		__builtin_memcpy(nexthop->macs + ETH_ALEN, fib->smac, ETH_ALEN);
	} else if (nexthop->peer_serial != peer->serial || nexthop->epoch != (__u32)epoch) {
		nexthop->route_ifindex = peer->route_ifindex;
		nexthop->gateway = peer->gateway;
		__builtin_memset(nexthop->macs, 0, sizeof(nexthop->macs));
	}
}

/* Looks up the next hop and the local address, and stores all that paths need to know. */
__noinline int nexthop_refresh(ctx_t *ctx, struct xovl_peer *peer, struct xovl_nexthop *nexthop, __u32 bucket,
			       __u64 now)
{
	struct scratch *scratch = scratch_get();
	struct bpf_fib_lookup *fib;
	struct xovl_device *device;
	__u32 ifindex;
	long answer;
	bool soon;

	if (!peer || !nexthop || !scratch)
		return 0;
	fib = &scratch->fib;
	if (peer->via != XOVL_VIA_KERNEL && vtep_is_absent(ctx, &peer->local, fib)) {
		nexthop_route(nexthop, peer, BPF_FIB_LKUP_RET_NOT_FWDED, fib);
		nexthop->epoch = epoch;
		nexthop->peer_serial = peer->serial;
		nexthop->state = XOVL_NEXTHOP_NOT_LOCAL;
		nexthop->expires = now + jiffies_of(VTEP_SEEN_NS);
		return 0;
	}
	nexthop_request(peer, bucket, fib);
	answer = bpf_fib_lookup(ctx, fib, sizeof(*fib), 0);
	nexthop_route(nexthop, peer, answer, fib);
	ifindex = nexthop->route_ifindex; /* copied: Linux 6.1 accepts no memory of an argument as a map key */
	device = bpf_map_lookup_elem(&devices, &ifindex);

	nexthop->epoch = epoch;
	nexthop->peer_serial = peer->serial;
	nexthop->state = nexthop_state(ctx, answer, device, ifindex, peer, now);
	nexthop->mtu = nexthop_mtu(ctx, answer, fib, ifindex, peer->kernel_mtu);
	nexthop->vid = device ? device->vid : 0;
	nexthop->path_kind = nexthop_path_kind(peer, nexthop->state, device);
	nexthop->ifindex = device && device->lower_ifindex ? device->lower_ifindex : ifindex;
	/* a neighbour is resolved within milliseconds: look up again with the next frame */
	soon = nexthop->state == XOVL_NEXTHOP_UNRESOLVED || nexthop->state == XOVL_NEXTHOP_CONFIRM;
	soon |= peer->flags & XOVL_PEER_ENCRYPTED; /* a changed route must be noticed at once */
	nexthop->expires = soon ? 0 : now + jiffies_of(NEXTHOP_VALID_NS);
	return 0;
}

static __always_inline struct xovl_nexthop *nexthop_slot(__u32 peer_index, __u32 bucket)
{
	__u32 slot =
		shadow ? 0 : peer_index * XOVL_NEXTHOP_BUCKETS + bucket; /* shadow programs have one of their own */

	return bpf_map_lookup_elem(&nexthops, &slot);
}

/*
 * Returns the next hop for the peer's bucket, looked up again if it has expired. Returns NULL if the peer index is
 * out of range.
 */
static __always_inline struct xovl_nexthop *nexthop_get(ctx_t *ctx, __u32 peer_index, struct xovl_peer *peer,
							__u32 bucket)
{
	__u64 now = bpf_jiffies64();
	struct xovl_nexthop *nexthop = nexthop_slot(peer_index, bucket);

	if (!nexthop)
		return NULL;
	if (shadow || nexthop->peer_serial != peer->serial || nexthop->epoch != (__u32)epoch ||
	    (__s64)(nexthop->expires - now) <= 0) {
		nexthop_refresh(ctx, peer, nexthop, bucket, now);
		pmtu_limit(peer, nexthop, bucket);
	}
	step(XOVL_STEP_NEXTHOP, nexthop->state);
	return nexthop;
}

/* Returns the drop reason for frames to the next hop, or XOVL_REASON_NONE. */
static __always_inline enum xovl_reason nexthop_reason(const struct xovl_nexthop *nexthop)
{
	switch (nexthop->state) {
	case XOVL_NEXTHOP_OK:
	case XOVL_NEXTHOP_CONFIRM:
	case XOVL_NEXTHOP_UNRESOLVED:
	case XOVL_NEXTHOP_KERNEL_ROUTES:
	case XOVL_NEXTHOP_BY_KERNEL:
		return XOVL_REASON_NONE;
	case XOVL_NEXTHOP_PLAINTEXT:
		return XOVL_REASON_PLAINTEXT;
	case XOVL_NEXTHOP_NO_DEVICE:
		return XOVL_REASON_NO_TUNNEL_DEVICE;
	case XOVL_NEXTHOP_NOT_UPLINK:
		return XOVL_REASON_NOT_UPLINK;
	case XOVL_NEXTHOP_NOT_LOCAL:
		return XOVL_REASON_VTEP_NOT_LOCAL;
	default:
		return XOVL_REASON_NO_ROUTE;
	}
}

#endif

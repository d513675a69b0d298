/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sends encapsulated packets through the kernel's neighbour code, which resolves the neighbour, notes that it is in
 * use, and writes the MACs. That code goes by skb->protocol.
 *
 * Two kinds of packets take a detour into the ingress of the uplink, where the kernel sets skb->protocol again:
 * packets with another skb->protocol (the tenant's frame is not IP, or bpf_skb_change_head made the room), and
 * copies of a flooded frame.
 */
#ifndef XOVL_BPF_UNDERLAY_NEIGHBOUR_H
#define XOVL_BPF_UNDERLAY_NEIGHBOUR_H

#include "underlay/nexthop.h"

/*
 * skb->mark of a packet on the detour, with the bucket in the lower bits. The peer's index takes the place of the
 * source MAC.
 */
#define NEIGHBOUR_MARK 0x786f7660u

static __always_inline bool neighbour_is_mark(__u32 mark)
{
	return mark - NEIGHBOUR_MARK < XOVL_NEXTHOP_BUCKETS;
}

/* True if skb->protocol agrees with the family of the outer packet. */
static __always_inline bool neighbour_takes(const ctx_t *ctx, __u8 family)
{
	return hook_protocol(ctx) == (family == AF_INET ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6));
}

/* Writes peer and bucket into the packet for the detour. Invalidates packet pointers. */
static __always_inline void neighbour_address(ctx_t *ctx, __u32 peer_index, const struct flow *flow)
{
	hook_store(ctx, ETH_ALEN, &peer_index, sizeof(peer_index));
	hook_set_mark(ctx, NEIGHBOUR_MARK | nexthop_bucket(flow));
}

/*
 * Fills in the known gateway. Returns false if the kernel is to find it. For IPv6 the kernel may find a gateway over
 * another interface than it is told; so if there are several uplinks, the last known gateway is used.
 */
static __always_inline bool neighbour_gateway(struct bpf_redir_neigh *gateway, const struct xovl_peer *peer,
					      const struct xovl_nexthop *nexthop, bool has_route,
					      const struct bpf_fib_lookup *fib)
{
	if (!has_route && (!peer->multi_uplink || peer->family == AF_INET))
		return false;
	gateway->nh_family = fib->family;
	if (fib->family == AF_INET)
		gateway->ipv4_nh = fib->ipv4_dst;
	else
		__builtin_memcpy(gateway->ipv6_nh, has_route ? (void *)fib->ipv6_dst : (void *)&nexthop->gateway,
				 sizeof(gateway->ipv6_nh));
	return true;
}

/*
 * Sends the packet, complete except for its MACs, to a peer. Returns false if it cannot be sent. The gateway comes from the datapath's own look-up: the
 * kernel's would hash a multipath route differently and could return a gateway of another interface. If look-ups are
 * not answered (XOVL_NEXTHOP_KERNEL_ROUTES), the kernel finds the gateway over the last known interface. A VLAN interface
 * over a tagged uplink adds the tag itself.
 */
__noinline int neighbour_out(ctx_t *ctx, __u32 peer_index, __u32 bucket)
{
	struct bpf_redir_neigh gateway = {};
	struct scratch *scratch = scratch_get();
	struct bpf_fib_lookup *fib;
	struct xovl_nexthop *nexthop = nexthop_slot(peer_index, bucket);
	struct xovl_peer *peer = peer_get(peer_index);
	struct xovl_device *device;
	__u32 ifindex;
	long answer;

	if (!peer || !nexthop || !scratch || !neighbour_takes(ctx, peer->family))
		return false;
	if (!shadow)
		peer->confirmed = bpf_jiffies64();
	fib = &scratch->fib;
	nexthop_request(peer, bucket, fib);
	answer = bpf_fib_lookup(ctx, fib, sizeof(*fib), 0);
	nexthop_route(nexthop, peer, answer, fib);
	ifindex = nexthop->route_ifindex;
	device = bpf_map_lookup_elem(&devices, &ifindex);
	if (!device_is_underlay(device))
		return false;
	if (device->lower_ifindex)
		hook_remove_tag(ctx);
	if (neighbour_gateway(&gateway, peer, nexthop, nexthop_has_route(answer), fib))
		return hook_redirect_neighbour(ctx, ifindex, &gateway);
	hook_set_mark(ctx, 0); /* as in our own look-ups */
	return hook_redirect_neighbour(ctx, ifindex, NULL);
}

/* Takes a packet at the end of the detour, in the uplink's ingress. Returns the verdict: the packet has been counted. */
static __always_inline int neighbour_in(ctx_t *ctx)
{
	__u32 bucket = hook_mark(ctx) - NEIGHBOUR_MARK;
	__u32 peer_index;

	hook_set_mark(ctx, 0);
	if (hook_load(ctx, ETH_ALEN, &peer_index, sizeof(peer_index)))
		return HOOK_PASS;
	return neighbour_out(ctx, peer_index, bucket) ? HOOK_REDIRECT : HOOK_DROP;
}

#endif

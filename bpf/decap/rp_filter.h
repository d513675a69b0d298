/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reverse path filtering (RFC 3704) of tunnel packets: drops packets that come in by another uplink than the
 * kernel's route to their peer leaves by. Anybody can send packets with a peer's address. The kernel does the same
 * for packets that it receives itself: net.ipv4.conf.*.rp_filter.
 */
#ifndef XOVL_BPF_DECAP_RP_FILTER_H
#define XOVL_BPF_DECAP_RP_FILTER_H

#include "decap/tunnel.h"
#include "underlay/nexthop.h"

#define RP_FILTER_SEEN_NS (500 * NSEC_PER_MSEC)

/*
 * The number of flows that are looked up before a packet is refused. An equal-cost route has one interface for each
 * flow, and the kernel returns one at a time. Each bucket's flow is looked up first, then flows from other source
 * addresses, because with fib_multipath_hash_policy 0 only addresses count.
 */
#define RP_FILTER_TRIES 64

/*
 * Returns the rp-filter mode in force at an uplink. XOVL_RP_FILTER_AUTO follows the sysctl, which exists for IPv4
 * only.
 */
static __always_inline enum xovl_rp_filter rp_filter_of(__u32 ifindex, __u8 family)
{
	struct xovl_device *device = bpf_map_lookup_elem(&devices, &ifindex);

	if (!device)
		return XOVL_RP_FILTER_OFF;
	if (device->rp_filter != XOVL_RP_FILTER_AUTO)
		return device->rp_filter;
	return family == AF_INET ? device_rp_filter(ifindex) : XOVL_RP_FILTER_OFF;
}

static __always_inline void rp_filter_request(const struct xovl_peer *peer, __u32 try, struct bpf_fib_lookup *fib)
{
	__u32 other = bpf_htonl(try / XOVL_NEXTHOP_BUCKETS);

	nexthop_request(peer, try % XOVL_NEXTHOP_BUCKETS, fib);
	if (peer->family == AF_INET)
		fib->ipv4_src ^= other;
	else
		fib->ipv6_src[3] ^= other;
}

/* True if the route leaves by the uplink, or by a VLAN interface that the uplink sends for. */
static __always_inline bool rp_filter_is_by(__u32 routed, __u32 uplink)
{
	struct xovl_device *device;

	if (routed == uplink)
		return true;
	device = bpf_map_lookup_elem(&devices, &routed);
	return device && device->lower_ifindex == uplink;
}

/* The kernel's answer for one flow to a peer. */
enum rp_filter_answer { RP_FILTER_REFUSED, RP_FILTER_AGREED, RP_FILTER_OTHER_WAY };

/*
 * Looks up one flow to the peer. If the kernel answers no look-ups (forwarding is off), nothing is refused. Global
 * function, so that the verifier walks through it once.
 */
__noinline int rp_filter_try(ctx_t *ctx, const struct xovl_peer *peer, __u32 try, __u32 filter)
{
	struct scratch *scratch = scratch_get();
	struct bpf_fib_lookup *fib;
	long answer;

	if (!peer || !scratch)
		return RP_FILTER_AGREED;
	fib = &scratch->fib;
	rp_filter_request(peer, try, fib);
	answer = bpf_fib_lookup(ctx, fib, sizeof(*fib), 0);
	if (answer == BPF_FIB_LKUP_RET_FWD_DISABLED)
		return RP_FILTER_AGREED;
	if (!nexthop_has_route(answer))
		return RP_FILTER_REFUSED;
	if (filter == XOVL_RP_FILTER_LOOSE || rp_filter_is_by(fib->ifindex, hook_ifindex(ctx)))
		return RP_FILTER_AGREED;
	return RP_FILTER_OTHER_WAY;
}

static __always_inline bool rp_filter_agrees(ctx_t *ctx, const struct xovl_peer *peer, enum xovl_rp_filter filter)
{
	int answer = RP_FILTER_OTHER_WAY;

	for (__u32 try = 0; try < RP_FILTER_TRIES && answer == RP_FILTER_OTHER_WAY; try++)
		answer = rp_filter_try(ctx, peer, try, filter);
	return answer == RP_FILTER_AGREED;
}

/* Looks up the peer's route again. Returns 1 if packets by this uplink are refused, and stores that in way. */
__noinline int rp_filter_refresh(ctx_t *ctx, struct xovl_peer *peer, struct xovl_rp_answer *way)
{
	__u32 uplink = hook_ifindex(ctx);
	enum xovl_rp_filter filter;
	bool refused;

	if (!peer || !way)
		return true;
	filter = rp_filter_of(uplink, peer->family);
	refused = filter != XOVL_RP_FILTER_OFF && !rp_filter_agrees(ctx, peer, filter);
	if (shadow)
		return refused;
	way->refused = refused;
	way->ifindex = uplink;
	way->epoch = epoch;
	way->at = bpf_jiffies64();
	return refused;
}

/*
 * Checks the packet in packet_get(), which has a peer. Returns the drop reason or XOVL_REASON_NONE.
 * Invalidates packet pointers.
 */
static __always_inline enum xovl_reason rp_filter_check(ctx_t *ctx, const struct packet *packet)
{
	struct xovl_peer *peer = peer_get(packet->frame.origin);
	__u32 uplink = hook_ifindex(ctx);
	struct xovl_rp_answer *way;
	bool refused;

	if (!peer)
		return XOVL_REASON_NONE;
	way = &peer->rp_answers[uplink % XOVL_RP_ANSWERS];
	if (way->ifindex != uplink || way->epoch != (__u32)epoch ||
	    (__u32)bpf_jiffies64() - way->at >= jiffies_of(RP_FILTER_SEEN_NS))
		refused = rp_filter_refresh(ctx, peer, way);
	else
		refused = way->refused;
	return refused ? XOVL_REASON_RP_FILTER : XOVL_REASON_NONE;
}

#endif

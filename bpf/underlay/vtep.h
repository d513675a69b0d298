/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Is a local tunnel address an address of this host? The kernel's tables say so, and follow every change. */
#ifndef XOVL_BPF_UNDERLAY_VTEP_H
#define XOVL_BPF_UNDERLAY_VTEP_H

#include "hook/hook.h"
#include "lib/addr.h"
#include "lib/clock.h"
#include "maps/tables.h"

#define VTEP_SEEN_NS (250 * NSEC_PER_MSEC)

/*
 * A lookup as for locally sent packets: they come "from" the loopback device. The kernel insists that this
 * device forwards. Userspace sees to that, but `sysctl ip_forward` resets it: see XOVL_NEXTHOP_KERNEL.
 */
#define LOOPBACK_IFINDEX 1

/*
 * The kernel forwards nothing to its own addresses (BPF_FIB_LKUP_RET_NOT_FWDED); a route of any kind is one to elsewhere. It says the
 * same of an address that no route covers, and nothing at all while lo does not forward: such an address is taken for present.
 */
static __always_inline bool vtep_is_absent(ctx_t *ctx, const struct xovl_addr *local, struct bpf_fib_lookup *fib)
{
	fib->ifindex = LOOPBACK_IFINDEX;
	fib->tot_len = 1; /* else the kernel compares the packet with an MTU */
	if (addr_is_ipv4(local)) {
		fib->family = AF_INET;
		fib->ipv4_dst = local->be32[3];
	} else {
		fib->family = AF_INET6;
		__builtin_memcpy(fib->ipv6_dst, local, sizeof(*local));
	}
	switch (bpf_fib_lookup(ctx, fib, sizeof(*fib), 0)) {
	case BPF_FIB_LKUP_RET_SUCCESS:
	case BPF_FIB_LKUP_RET_NO_NEIGH:
	case BPF_FIB_LKUP_RET_BLACKHOLE:
	case BPF_FIB_LKUP_RET_UNREACHABLE:
	case BPF_FIB_LKUP_RET_PROHIBIT:
	case BPF_FIB_LKUP_RET_UNSUPP_LWT:
		return true;
	default:
		return false;
	}
}

__noinline int vtep_refresh(ctx_t *ctx, struct xovl_seen *seen, const struct xovl_addr *local)
{
	struct bpf_fib_lookup fib = {};

	if (!seen || !local)
		return false;
	seen->absent = vtep_is_absent(ctx, local, &fib);
	seen->at = bpf_jiffies64();
	return seen->absent;
}

/* seen: of that address. Asked for each path from a peer, so it is remembered for a moment. */
static __always_inline bool vtep_was_absent(ctx_t *ctx, struct xovl_seen *seen, const struct xovl_addr *local)
{
	if (seen->at && (__u32)bpf_jiffies64() - seen->at < jiffies_of(VTEP_SEEN_NS))
		return seen->absent;
	return vtep_refresh(ctx, seen, local);
}

#endif

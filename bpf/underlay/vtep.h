/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tells if a local tunnel address is on this host, by the kernel's routing tables, so every change is followed.
 * Asked before packets are sent from the address or accepted at it.
 */
#ifndef XOVL_BPF_UNDERLAY_VTEP_H
#define XOVL_BPF_UNDERLAY_VTEP_H

#include "hook/hook.h"
#include "lib/addr.h"
#include "lib/clock.h"
#include "maps/scratch.h"
#include "maps/tables.h"

#define VTEP_SEEN_NS (250 * NSEC_PER_MSEC)

/*
 * Look-ups are made as for locally sent packets, which come from the loopback device. The kernel requires that this
 * device forwards. Userspace enables that, but writing the sysctl ip_forward resets it: see XOVL_NEXTHOP_KERNEL_ROUTES.
 */
#define LOOPBACK_IFINDEX 1

/*
 * Returns true if the address is not on this host. The kernel does not forward to its own addresses
 * (BPF_FIB_LKUP_RET_NOT_FWDED); any kind of route means that the address is elsewhere. An address counts as present
 * if no route covers it, which gets the same answer, and as long as lo does not forward, because then look-ups are
 * not answered.
 */
static __always_inline bool vtep_is_absent(ctx_t *ctx, const struct xovl_addr *local, struct bpf_fib_lookup *fib)
{
	__builtin_memset(fib, 0, sizeof(*fib));
	fib->ifindex = LOOPBACK_IFINDEX;
	fib->tot_len = 1; /* otherwise the kernel compares the packet with an MTU */
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

__noinline int vtep_refresh(ctx_t *ctx, struct xovl_vtep_check *seen, const struct xovl_addr *local)
{
	struct scratch *scratch = scratch_get();
	bool absent;

	if (!seen || !local || !scratch)
		return false;
	absent = vtep_is_absent(ctx, local, &scratch->fib);
	if (shadow)
		return absent;
	seen->absent = absent;
	seen->at = bpf_jiffies64();
	return absent;
}

/* vtep_is_absent() for packets from peers, cached for VTEP_SEEN_NS in seen, which belongs to that address. */
static __always_inline bool vtep_was_absent(ctx_t *ctx, struct xovl_vtep_check *seen, const struct xovl_addr *local)
{
	if (seen->at && (__u32)bpf_jiffies64() - seen->at < jiffies_of(VTEP_SEEN_NS))
		return seen->absent;
	return vtep_refresh(ctx, seen, local);
}

#endif

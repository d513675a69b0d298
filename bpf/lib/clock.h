/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The datapath's two clocks. Jiffies cost one load; they time how long a cached result is valid.
 * CLOCK_MONOTONIC_COARSE costs a helper call, but userspace can read it too; it times FDB entries.
 */
#ifndef XOVL_BPF_LIB_CLOCK_H
#define XOVL_BPF_LIB_CLOCK_H

#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#define NSEC_PER_MSEC 1000000ull
#define NSEC_PER_SEC 1000000000ull

const volatile __u32 jiffies_per_second = 100; /* CONFIG_HZ; set by userspace between open and load */

static __always_inline __u64 jiffies_of(__u64 ns)
{
	return ns * jiffies_per_second / NSEC_PER_SEC;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Interfaces that come and go. A number alone does not name an interface: it is given to another one when the first is deleted or
 * moved to another network namespace. The kernel keeps live_devices true: it takes an interface out in both cases.
 */
#ifndef XOVL_BPF_DEVICE_H
#define XOVL_BPF_DEVICE_H

#include <stdbool.h>

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "xovl/caches.h"

/* ifindex -> ifindex, of what xovl is attached to. A program that runs on, or sends to, any other interface is out of place. */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 1);
} live_devices SEC(".maps");

/* False: the interface that had this number has been deleted, or has left the network namespace. */
static __always_inline bool device_is_live(__u32 ifindex)
{
	return bpf_map_lookup_elem(&live_devices, &ifindex);
}

#endif

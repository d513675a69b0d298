/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Interfaces as the kernel knows them: still there, link up, reverse path filter, IPsec policies. An ifindex alone
 * does not name an interface: the kernel reuses it after the interface is deleted or moved to another network
 * namespace. The kernel removes the interface from live_devices in both cases.
 */
#ifndef XOVL_BPF_HOOK_DEVICE_H
#define XOVL_BPF_HOOK_DEVICE_H

#include <stdbool.h>

#include <linux/bpf.h>
#include <linux/ip.h>
#include <linux/xfrm.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "xovl/caches.h"

/*
 * ifindex -> ifindex of each interface that xovl is attached to. A program must not run on, or send to, any other
 * interface.
 */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 1);
} live_devices SEC(".maps");

/* Returns false if the interface that had this number was deleted or has left the network namespace. */
static __always_inline bool device_is_live(__u32 ifindex)
{
	return bpf_map_lookup_elem(&live_devices, &ifindex);
}

/* True if programs may read kernel memory (lockdown(7) can forbid it). Set by userspace between open and load. */
const volatile bool device_is_readable;

/* Kernel structs, reduced to the fields that are read (CO-RE). */
struct xovl_atomic {
	int counter;
};

struct ipv4_devconf {
	int data[IPV4_DEVCONF_RP_FILTER];
} __attribute__((preserve_access_index));

struct in_device {
	struct ipv4_devconf cnf;
} __attribute__((preserve_access_index));

struct netns_ipv4 {
	struct ipv4_devconf *devconf_all;
} __attribute__((preserve_access_index));

struct netns_xfrm {
	unsigned int policy_count[XFRM_POLICY_OUT + 1];
	__u8 policy_default[XFRM_POLICY_OUT + 1];
} __attribute__((preserve_access_index));

struct net {
	__u64 net_cookie;
	struct netns_ipv4 ipv4;
	struct netns_xfrm xfrm;
} __attribute__((preserve_access_index));

typedef struct {
	struct net *net;
} __attribute__((preserve_access_index)) possible_net_t;

struct net_device {
	unsigned long state;
	struct xovl_atomic carrier_down_count;
	struct in_device *ip_ptr;
	possible_net_t nd_net;
} __attribute__((preserve_access_index));

/* An element of live_devices. */
struct bpf_dtab_netdev {
	struct net_device *dev;
	struct bpf_devmap_val val;
} __attribute__((preserve_access_index));

/* Bits of net_device::state, linux/netdevice.h */
#define DEVICE_START 0x1
#define DEVICE_NOCARRIER 0x4
#define DEVICE_DORMANT 0x10
#define DEVICE_TESTING 0x20
#define DEVICE_LINK_BITS (DEVICE_START | DEVICE_NOCARRIER | DEVICE_DORMANT | DEVICE_TESTING)

/* Returns NULL if the interface is not live or cannot be read. */
static __always_inline const struct net_device *device_read(__u32 ifindex)
{
	const void *value = bpf_map_lookup_elem(&live_devices, &ifindex);
	const struct bpf_dtab_netdev *element;

	if (!value || !device_is_readable)
		return NULL;
	element = value - bpf_core_field_offset(struct bpf_dtab_netdev, val);
	return BPF_CORE_READ(element, dev);
}

struct device_link {
	/* True if the interface can send, as a bridge requires of its ports; also true if the state cannot be read. */
	bool up;
	__u32 downs; /* times the carrier was lost so far */
};

static __always_inline struct device_link device_link(__u32 ifindex)
{
	const struct net_device *dev = device_read(ifindex);
	struct device_link link = {.up = dev || device_is_live(ifindex)};

	if (!dev)
		return link;
	link.up = (BPF_CORE_READ(dev, state) & DEVICE_LINK_BITS) == DEVICE_START;
	link.downs = BPF_CORE_READ(dev, carrier_down_count.counter);
	return link;
}

/*
 * Returns net.ipv4.conf.*.rp_filter in force: the larger of the interface's value and that of "all". Off if it
 * cannot be read.
 */
static __always_inline enum xovl_rp_filter device_rp_filter(__u32 ifindex)
{
	const struct net_device *dev = device_read(ifindex);
	int all, own;

	if (!dev)
		return XOVL_RP_FILTER_OFF;
	all = BPF_CORE_READ(dev, nd_net.net, ipv4.devconf_all, data[IPV4_DEVCONF_RP_FILTER - 1]);
	own = BPF_CORE_READ(dev, ip_ptr, cnf.data[IPV4_DEVCONF_RP_FILTER - 1]);
	return all > own ? all : own;
}

/*
 * Returns the number of IPsec policies for that direction in the interface's network namespace, with
 * XOVL_XFRM_BLOCKS set if packets without a policy are blocked. 0 if it cannot be read. direction: enum xovl_direction.
 */
__noinline __u32 device_xfrm_policies(__u32 ifindex, __u32 direction)
{
	const struct net_device *dev = device_read(ifindex);
	const struct net *net;
	__u8 usual = 0;
	__u32 count;

	if (!dev || !bpf_core_field_exists(struct net, xfrm))
		return 0;
	net = BPF_CORE_READ(dev, nd_net.net);
	if (direction == XOVL_IN) {
		count = BPF_CORE_READ(net, xfrm.policy_count[XFRM_POLICY_IN]);
		if (bpf_core_field_exists(struct netns_xfrm, policy_default))
			usual = BPF_CORE_READ(net, xfrm.policy_default[XFRM_POLICY_IN]);
	} else {
		count = BPF_CORE_READ(net, xfrm.policy_count[XFRM_POLICY_OUT]);
		if (bpf_core_field_exists(struct netns_xfrm, policy_default))
			usual = BPF_CORE_READ(net, xfrm.policy_default[XFRM_POLICY_OUT]);
	}
	return usual == XFRM_USERPOLICY_BLOCK ? count | XOVL_XFRM_BLOCKS : count;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Keys and values of the maps that count packets, bytes and drops. All are per CPU. Host byte order. */
#ifndef XOVL_COUNTERS_H
#define XOVL_COUNTERS_H

#include <linux/types.h>

#include "xovl/assert.h"

/* port_stats, peer_stats, net_stats: per-CPU arrays by index. Bytes are those of the tenant's frame. */
struct xovl_traffic {
	__u64 rx_packets; /* port: from the tenant; peer, network: out of the tunnel */
	__u64 rx_bytes;
	__u64 tx_packets; /* the opposite direction, flooded copies included */
	__u64 tx_bytes;
};
XOVL_ASSERT_SIZE(struct xovl_traffic, 32);

/*
 * Outcomes of the network's frames. Together with the drops of stage NETWORK (xovl/reasons.h) they add up to the
 * frames received.
 */
struct xovl_net_stats {
	struct xovl_traffic traffic;
	__u64 delivered; /* unicast, to one port */
	__u64 sent;	 /* unicast, to one peer */
	__u64 by_xdp;	 /* delivered and sent by XDP */
	__u64 flooded;	 /* frames that were flooded */
	__u64 copies;	 /* copies of flooded frames that were sent */
	__u64 by_kernel; /* frames and copies that the kernel's tunnel devices encapsulated or decapsulated */
};
XOVL_ASSERT_SIZE(struct xovl_net_stats, 80);

/* drop_stats: per-CPU array by enum xovl_reason. */
struct xovl_drop_stats {
	__u64 packets; /* whole frames */
	__u64 copies;  /* single copies of flooded frames */
};
XOVL_ASSERT_SIZE(struct xovl_drop_stats, 16);

/*
 * drop_places: per-CPU hash: drop_stats by network and place too. An entry is made at its first drop; without room
 * for it, the drop is counted by reason alone.
 */
#define XOVL_DROP_PLACES 8192

enum xovl_place_kind {
	XOVL_PLACE_PORT,   /* index of the port */
	XOVL_PLACE_PEER,   /* index of the peer */
	XOVL_PLACE_DEVICE, /* ifindex of the uplink, if the sender is no peer, or not yet known as one */
};

#define XOVL_PLACE_SHIFT 30

static inline __u32 xovl_place(enum xovl_place_kind kind, __u32 index)
{
	return (__u32)kind << XOVL_PLACE_SHIFT | (index & ((1u << XOVL_PLACE_SHIFT) - 1));
}

struct xovl_drop_key {
	__u16 reason;
	__u16 net;   /* index of the network; XOVL_NET_NONE: not known */
	__u32 place; /* xovl_place() */
};
XOVL_ASSERT_SIZE(struct xovl_drop_key, 8);

/* device_stats: per-CPU hash by ifindex, for interfaces with ports. */
struct xovl_device_stats {
	__u64 vlan_unknown; /* frames left to the kernel because no port has their VLAN */
};
XOVL_ASSERT_SIZE(struct xovl_device_stats, 8);

#endif

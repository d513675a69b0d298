/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The frame at hand: a cursor over its octets and the facts that the stages have found out about it. */
#ifndef XOVL_BPF_FRAME_H
#define XOVL_BPF_FRAME_H

#include <stdbool.h>

#include <linux/bpf.h>
#include <linux/if_ether.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "xovl/maps.h"

/* from sys/socket.h, which is not for this target */
#define AF_INET 2
#define AF_INET6 10

#define NSEC_PER_MSEC 1000000ull
#define NSEC_PER_SEC 1000000000ull

/*
 * The most that can stand before a tenant's frame: Ethernet, IPv4 with options, UDP, VXLAN. The verifier forgets what
 * outer_len can be when it is spilled, so it is compared with this before it is used as an offset.
 */
#define FRAME_OUTER_MAX (ETH_HLEN + 60 + 8 + 8)

struct frame_macs {
	__u8 dst[ETH_ALEN];
	__u8 src[ETH_ALEN];
};

struct frame {
	void *data; /* the Ethernet header; void after every helper that changes the packet */
	void *end;  /* of the octets that can be read directly */
	__u32 len;  /* octets of the tenant's frame as it stands in the packet, from its Ethernet header on */
	__u32 gso_size; /* payload octets of one segment of a super-frame, else 0 */

	struct frame_macs macs; /* of the tenant's frame */

	/* origin and network */
	__u64 now;	  /* CLOCK_MONOTONIC_COARSE, ns */
	struct xovl_network *net;
	__u32 net_index;
	__u32 origin;	  /* index of the port, or of the peer */
	__u16 port_vid;	  /* VLAN tag that belongs to the port, not to the frame; 0: none */
	__u16 outer_len;  /* octets before the tenant's frame, from the outer Ethernet header on */
	bool from_tunnel; /* origin is a peer */
	bool trailer;	  /* octets follow the tunnel packet and must go */

	/* tags that the kernel keeps beside the frame, outermost first; TC only */
	__u8 nr_tags;
	struct xovl_vlan_tag tags[2];
};

static __always_inline bool mac_is_group(const __u8 *mac)
{
	return mac[0] & 1;
}

static __always_inline bool mac_is_zero(const __u8 *mac)
{
	return !(mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]);
}

/* 01-80-C2-00-00-00 to -0F: a bridge never forwards these (IEEE 802.1Q, 8.6.3). */
static __always_inline bool mac_is_link_local(const __u8 *mac)
{
	return mac[0] == 0x01 && mac[1] == 0x80 && mac[2] == 0xc2 && !mac[3] && !mac[4] && mac[5] < 0x10;
}

static __always_inline bool ethertype_is_vlan(__be16 proto)
{
	return proto == bpf_htons(ETH_P_8021Q) || proto == bpf_htons(ETH_P_8021AD);
}

#endif

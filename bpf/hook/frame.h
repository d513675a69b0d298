/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The frame at hand: a cursor over its octets and the facts that the stages have found out about it. */
#ifndef XOVL_BPF_HOOK_FRAME_H
#define XOVL_BPF_HOOK_FRAME_H

#include <stdbool.h>

#include <linux/bpf.h>
#include <linux/if_ether.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "xovl/maps.h"
#include "xovl/reasons.h"

#include "lib/bits.h"
#include "lib/mac.h"
#include "lib/vlan.h"

/* from sys/socket.h, which is not for this target */
#define AF_INET 2
#define AF_INET6 10

#define IP_LEN_MAX 65535u

/* No verdict of any hook: the frame goes on to the next stage. */
#define VERDICT_OPEN 0x7fff

/* No port of that index. */
#define ORIGIN_NONE 0xffffffff

struct frame {
	void *data;	/* the Ethernet header; void after every helper that changes the packet */
	void *end;	/* of the octets that can be read directly */
	__u32 len;	/* octets of the tenant's frame as it stands in the packet, from its Ethernet header on */
	__u32 gso_size; /* payload octets of one segment of a super-frame, else 0 */

	mac_t dst, src; /* of the tenant's frame */

	/* origin and network */
	__u64 now;		  /* by fdb_now(): CLOCK_MONOTONIC_COARSE, ns */
	struct xovl_network *net; /* not of a frame whose path was remembered */
	__u32 net_index;
	__u32 origin;	  /* index of the port, or of the peer */
	__u16 port_vid;	  /* VLAN tag that belongs to the port, not to the frame; 0: none */
	__u16 outer_len;  /* octets before the tenant's frame, from the outer Ethernet header on */
	__u32 path_flags; /* of where the frame comes from: see flags of struct xovl_path */
	bool from_tunnel; /* origin is a peer */
	bool trailer;	  /* octets follow the tunnel packet and must go */

	/* tags to be written into the frame before what is in it, outermost first; TC only */
	__u8 nr_tags;
	struct xovl_vlan_tag tags[2];
};

/* What struct ethhdr would make two loads of: it promises no alignment. */
static __always_inline __be16 frame_ethertype(const struct frame *f)
{
	return *(const __be16 *)(f->data + 2 * ETH_ALEN);
}

/* The EtherType before an IP header at offset l3. */
static __always_inline __be16 underlay_ethertype(const struct frame *f, __u32 l3)
{
	const __be16 *proto = f->data + l3 - sizeof(*proto);

	return (void *)(proto + 1) > f->end ? 0 : *proto;
}

/* Both addresses, from an Ethernet header to an Ethernet header. */
static __always_inline void frame_write_macs(void *to, const struct frame *f)
{
	mac_write(to, f->dst);
	mac_write(to + ETH_ALEN, f->src);
}

static __always_inline void frame_read_macs(struct frame *f, const void *from)
{
	f->dst = mac_read(from);
	f->src = mac_read(from + ETH_ALEN);
}

/* Whether the frame at offset at has a VLAN tag in its header. */
static __always_inline bool frame_is_tagged(const struct frame *f, __u32 at)
{
	const __be16 *proto = f->data + outer_offset(at) + 2 * ETH_ALEN;

	return (void *)(proto + 1) <= f->end && ethertype_is_vlan(*proto);
}

#endif

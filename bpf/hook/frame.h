/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The frame at hand: a cursor over its bytes, and the facts that the stages have found out about it. Every stage
 * takes it.
 */
#ifndef XOVL_BPF_HOOK_FRAME_H
#define XOVL_BPF_HOOK_FRAME_H

#include <stdbool.h>

#include <linux/bpf.h>
#include <linux/if_ether.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "xovl/maps.h"
#include "xovl/reasons.h"

#include "hook/shadow.h"
#include "lib/bits.h"
#include "lib/mac.h"
#include "lib/vlan.h"

/* from sys/socket.h, which does not compile for BPF */
#define AF_INET 2
#define AF_INET6 10

#define IP_LEN_MAX 65535u

/* An index that no port has. */
#define ORIGIN_NONE 0xffffffff

struct frame {
	void *data;	/* the Ethernet header; invalid after any helper that changes the packet */
	void *end;	/* end of the bytes that can be read directly */
	__u32 len;	/* bytes of the tenant's frame as it is in the packet, Ethernet header included */
	__u32 gso_size; /* super-frame (GSO): payload bytes of one segment; else 0 */

	mac_t dst, src; /* MACs of the tenant's frame */

	/* origin and network */
	__u64 now;		  /* CLOCK_MONOTONIC_COARSE, ns; set by fdb_now() */
	struct xovl_network *net; /* not set if a cached path is followed */
	__u32 net_index;
	__u32 origin;	 /* index of the port, or of the peer */
	__u16 port_vid;	 /* the port's own VLAN tag, not part of the tenant's frame; 0: none */
	__u16 outer_len; /* bytes before the tenant's frame, outer Ethernet header included */
	/* policy and kind of struct xovl_path, as far as they depend on the frame's origin */
	__u32 path_policy, path_kind;
	__u32 target;	   /* index of the port or peer that the frame has gone to, by port_out() and peer_out() */
	__u32 reply_mtu;   /* of a frame that does not fit: the MTU that its sender is told; 0: nothing */
	bool by_kernel;	   /* the kernel's tunnel device has decapsulated it */
	bool from_tunnel;  /* origin is a peer */
	bool trailer;	   /* bytes follow the tunnel packet and must be cut off */
	bool may_mark_ecn; /* XDP: packet_mark_ecn() is still to be called */

	/* TC only: tags to write into the frame before its EtherType, outermost first */
	__u8 nr_tags;
	struct xovl_vlan_tag tags[2];
};

/* One load. struct ethhdr would take two, because it promises no alignment. */
static __always_inline __be16 frame_ethertype(const struct frame *f)
{
	return *(const __be16 *)(f->data + 2 * ETH_ALEN);
}

/* Returns the EtherType before the IP header at offset l3, or 0 if the packet is too short. */
static __always_inline __be16 underlay_ethertype(const struct frame *f, __u32 l3)
{
	const __be16 *proto = f->data + l3 - sizeof(*proto);

	return (void *)(proto + 1) > f->end ? 0 : *proto;
}

/* Writes destination and source MAC to an Ethernet header at to. */
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

/* True if the frame at offset at begins with a VLAN tag after its MACs. */
static __always_inline bool frame_is_tagged(const struct frame *f, __u32 at)
{
	const __be16 *proto = f->data + outer_offset(at) + 2 * ETH_ALEN;

	return (void *)(proto + 1) <= f->end && ethertype_is_vlan(*proto);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * VXLAN (RFC 7348, section 5) and its Group Policy extension (draft-smith-vxlan-group-policy-05): checks received
 * headers and prepares sent ones.
 */
#ifndef XOVL_BPF_PACKET_VXLAN_H
#define XOVL_BPF_PACKET_VXLAN_H

#include "packet/outer.h"

/* Returns the first word of the header, with the flags, in host byte order. */
static __always_inline __u32 vxlan_flags(const struct outer *outer)
{
	return bpf_ntohl((__u32)outer->id.header);
}

/*
 * Checks the header. Reserved bits are ignored unless the network is strict. Returns the drop reason or
 * XOVL_REASON_NONE.
 */
static __always_inline enum xovl_reason vxlan_check(const struct outer *outer, __u32 net_flags)
{
	__u32 known = XOVL_VXLAN_I | (net_flags & XOVL_NET_GBP ? XOVL_VXLAN_G | XOVL_VXLAN_GROUP : 0);

	if (!(vxlan_flags(outer) & XOVL_VXLAN_I))
		return XOVL_REASON_VXLAN_FLAGS;
	if ((net_flags & XOVL_NET_STRICT) && ((vxlan_flags(outer) & ~known) || outer->id.header >> 56))
		return XOVL_REASON_VXLAN_RESERVED;
	return XOVL_REASON_NONE;
}

/* True if the packet has a group for skb->mark. */
static __always_inline bool vxlan_has_group(const struct outer *outer)
{
	return outer->id.kind == XOVL_ENCAP_VXLAN && (vxlan_flags(outer) & XOVL_VXLAN_G);
}

/* True if the header says that the frame's source must not be learned (D bit). */
static __always_inline bool vxlan_forbids_learning(const struct outer_id *id)
{
	return bpf_ntohl((__u32)id->header) & XOVL_VXLAN_D;
}

/* Returns the group as skb->mark has it, in the format of the kernel's vxlan driver. */
static __always_inline __u32 vxlan_group(const struct outer *outer)
{
	return vxlan_flags(outer) & XOVL_VXLAN_GROUP;
}

/* Returns the first word of a header with that group. 0: no group. */
static __always_inline __be32 vxlan_first_word(__u32 group)
{
	group &= XOVL_VXLAN_GROUP;
	return bpf_htonl(XOVL_VXLAN_I | group | (group ? XOVL_VXLAN_G : 0));
}

/* Writes the header. group: as in skb->mark, 0: none. */
static __always_inline void vxlan_prepare(void *to, __u32 vni, __u32 group)
{
	*(__u64 *)to = word_of(vxlan_first_word(group), bpf_htonl(vni << 8));
}

#endif

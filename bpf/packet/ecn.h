/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Explicit Congestion Notification through tunnels (RFC 6040): the ECN field is copied to the outer header on the
 * way out, and a congestion mark is copied back on the way in.
 */
#ifndef XOVL_BPF_PACKET_ECN_H
#define XOVL_BPF_PACKET_ECN_H

#include "packet/flow.h"

#define ECN_MASK 3
#define ECN_NOT_ECT 0
#define ECN_ECT1 1
#define ECN_ECT0 2
#define ECN_CE 3

/* True if the outer ECN field can change the inner one: only ECT(1) and CE can (RFC 6040, figure 4). */
static __always_inline bool ecn_matters(__u8 outer_tos)
{
	return outer_tos & 1;
}

/* Returned by ecn_combine(): the packet is dropped, because its receiver does not understand a congestion mark. */
#define ECN_DROP 4

/* Returns the new inner ECN field (RFC 6040, figure 4), or ECN_DROP. */
static __always_inline __u8 ecn_combine(__u8 outer, __u8 inner)
{
	if (outer == ECN_CE)
		return inner == ECN_NOT_ECT ? ECN_DROP : ECN_CE;
	return outer == ECN_ECT1 && inner == ECN_ECT0 ? ECN_ECT1 : inner;
}

/*
 * Combines the outer ECN field with that of the tenant's IP packet, if the frame at offset at has one. IPv4: the
 * header checksum is updated with the field, so a sum over the whole packet stays the same. IPv6: hook_store_word()
 * corrects that sum. If change is false, the packet is only checked. Returns the drop reason or XOVL_REASON_NONE.
 * Invalidates packet pointers.
 */
static __always_inline enum xovl_reason ecn_decapsulate(ctx_t *ctx, __u32 at, __u8 outer_tos, bool change)
{
	struct frame f = {};
	struct flow flow;
	__u32 word;
	__u8 before, after;
	struct iphdr *ip;

	frame_reach(ctx, &f, at + FLOW_HEADERS_MAX);
	flow_parse(&f, outer_offset(at), false, &flow);
	if (!flow.family)
		return XOVL_REASON_NONE;
	before = flow.tos & ECN_MASK;
	after = ecn_combine(outer_tos & ECN_MASK, before);
	if (after == ECN_DROP)
		return XOVL_REASON_ECN;
	if (after == before || !change)
		return XOVL_REASON_NONE;
	at = outer_offset(at + flow.l2_len);
	ip = f.data + at;
	if ((void *)(ip + 1) > f.end)
		return XOVL_REASON_NONE;
	if (flow.family == AF_INET6) {
		word = *(__u32 *)ip & ~bpf_htonl(ECN_MASK << 20);
		word |= bpf_htonl((__u32)after << 20);
		return hook_store_word(ctx, &f, at, word) ? XOVL_REASON_NO_ROOM : XOVL_REASON_NONE;
	}
	/* RFC 1624; the complement of each field that is replaced is added */
	word = (__u16)~ip->check + (__u16)~bpf_htons(before) + bpf_htons(after);
	ip->tos = (ip->tos & ~ECN_MASK) | after;
	ip->check = ~sum_fold(word);
	return XOVL_REASON_NONE;
}

#endif

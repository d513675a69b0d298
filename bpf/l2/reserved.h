/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Frames to the groups 01-80-C2-00-00-00 to -0F. They concern one link, and no bridge forwards them (IEEE 802.1Q,
 * 8.6.3). From a tenant they reach only the link protocols on this host. BPDUs are an exception: a bridge without
 * spanning tree carries them, because otherwise nobody would detect a loop.
 */
#ifndef XOVL_BPF_L2_RESERVED_H
#define XOVL_BPF_L2_RESERVED_H

#include "maps/tables.h"
#include "outcome.h"
#include "packet/flow.h"

/* A smaller EtherType is a length, and an LLC header follows (IEEE 802.3, 3.2.6). */
#define ETHERTYPE_MIN 1536

#define LLC_SAP_BPDU 0x42 /* spanning tree */
#define LLC_UI 0x03

/* RESERVED_LINK: a link protocol of the host. RESERVED_BPDU: spanning tree. RESERVED_OTHER: neither. */
enum reserved_kind { RESERVED_OTHER, RESERVED_LINK, RESERVED_BPDU };

/* True for link protocols that Linux or a daemon on it speaks: slow protocols such as LACP, LLDP, 802.1X, PTP. */
static __always_inline bool ethertype_is_of_link(__be16 proto)
{
	return proto == bpf_htons(ETH_P_SLOW) || proto == bpf_htons(ETH_P_LLDP) || proto == bpf_htons(ETH_P_PAE) ||
	       proto == bpf_htons(ETH_P_1588);
}

/* Returns the enum reserved_kind of the frame at offset at. Invalidates packet pointers. */
__noinline int reserved_kind(ctx_t *ctx, __u32 at)
{
	struct frame f = {};
	const __u8 *llc;
	__be16 proto;

	at = outer_offset(at) + 2 * ETH_ALEN;
	frame_reach(ctx, &f, at + FLOW_TAGS_MAX * sizeof(struct xovl_vlan_tag) + sizeof(proto) + 3);
	proto = flow_untag(&f, &at);
	if (ethertype_is_of_link(proto))
		return RESERVED_LINK;
	llc = f.data + outer_offset(at + sizeof(proto));
	if (bpf_ntohs(proto) >= ETHERTYPE_MIN || (void *)(llc + 3) > f.end)
		return RESERVED_OTHER;
	return llc[0] == LLC_SAP_BPDU && llc[1] == LLC_SAP_BPDU && llc[2] == LLC_UI ? RESERVED_BPDU : RESERVED_OTHER;
}

/*
 * Decides about a frame to a reserved group. Returns OUTCOME_OPEN if the network carries it like other groups; any
 * other result is its outcome. XDP leaves frames from ports to TC, which can pass them to the host.
 */
static __always_inline int reserved_decide(ctx_t *ctx, struct frame *f)
{
	struct xovl_network *net;
	int kind;

	if (HOOK_IS_XDP && !f->from_tunnel)
		return OUTCOME_PASS;
	net = network_get(f->net_index);
	if (!net)
		return OUTCOME_PASS;
	kind = reserved_kind(ctx, f->outer_len);
	frame_reload(ctx, f);
	if (kind == RESERVED_BPDU && !(net->flags & (XOVL_NET_BPDU_DROP | XOVL_NET_BPDU_PUNT)))
		return OUTCOME_OPEN;
	if (!f->from_tunnel && (kind == RESERVED_LINK || (kind == RESERVED_BPDU && (net->flags & XOVL_NET_BPDU_PUNT))))
		return OUTCOME_PASS;
	return kind == RESERVED_BPDU ? XOVL_REASON_BPDU : XOVL_REASON_RESERVED_MAC;
}

#endif

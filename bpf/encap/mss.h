/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Lowers the MSS (maximum segment size) in TCP SYNs so that segments fit the tunnel, for networks with mss-clamp. TC
 * only.
 */
#ifndef XOVL_BPF_ENCAP_MSS_H
#define XOVL_BPF_ENCAP_MSS_H

#include "maps/scratch.h"
#include "packet/flow.h"

/* Returns the FLOW_* marks of frames that XDP leaves to TC, on a path with that policy. */
static __always_inline __u32 xdp_unsupported_marks(__u32 policy)
{
	__u32 marks = FLOW_DEEP;

	if (device_partial_checksums)
		marks |= FLOW_PARTIAL;
	return policy & XOVL_NET_MSS_CLAMP ? marks | FLOW_SYN : marks;
}

#define TCP_OPTIONS_MAX 40
#define TCP_OPTION_END 0
#define TCP_OPTION_NOP 1
#define TCP_OPTION_MSS 2
#define TCP_OPTION_MSS_LEN 4

/* State of a walk through a TCP header's options, which are in the scratch. */
struct mss_walk {
	__u32 at, len;
	__u32 found; /* offset of the MSS option plus 1; 0: none */
};

static long mss_option_nth(__u32 nth, struct mss_walk *walk)
{
	struct scratch *scratch = scratch_get();
	const __u8 *option;

	if (!scratch || walk->at >= walk->len)
		return 1;
	option = scratch->octets + (walk->at & 63);
	if (option[0] == TCP_OPTION_END)
		return 1;
	if (option[0] == TCP_OPTION_NOP) {
		walk->at++;
		return 0;
	}
	if (option[0] == TCP_OPTION_MSS && option[1] == TCP_OPTION_MSS_LEN &&
	    walk->at + TCP_OPTION_MSS_LEN <= walk->len) {
		walk->found = walk->at + 1;
		return 1;
	}
	walk->at += option[1] < 2 ? TCP_OPTIONS_MAX : option[1];
	return 0;
}

/* Returns the offset of the MSS value from the TCP header's first byte, or 0 if there is none. */
static __always_inline __u32 mss_find(ctx_t *ctx, __u32 tcp_at, __u32 doff)
{
	struct scratch *scratch = scratch_get();
	struct mss_walk walk = {};

	if (!scratch || doff <= 5)
		return 0;
	walk.len = doff * 4 - sizeof(struct tcphdr);
	if (hook_load(ctx, tcp_at + sizeof(struct tcphdr), scratch->octets, length_up_to(walk.len, 64)))
		return 0;
	bpf_loop(TCP_OPTIONS_MAX, mss_option_nth, &walk, 0);
	return walk.found ? sizeof(struct tcphdr) + walk.found - 1 + 2 : 0;
}

#define SYN_IS_COMPLETE 0x10000 /* set if the SYN's checksum is complete */

/*
 * If the tenant's frame at offset at is a TCP SYN, returns the bytes before its IP header, with SYN_IS_COMPLETE if
 * its checksum is complete; else returns 0. Invalidates packet pointers.
 */
__noinline int syn_find(ctx_t *ctx, __u32 at)
{
	struct frame f = {};
	struct flow flow;

	frame_reach(ctx, &f, at + FLOW_HEADERS_MAX);
	flow_parse(&f, outer_offset(at), true, &flow);
	if (!(flow.marks & FLOW_SYN))
		return 0;
	return flow.l2_len | (flow.marks & FLOW_PARTIAL ? 0 : SYN_IS_COMPLETE);
}

/*
 * Updates the checksum for a changed word (RFC 1624). The checksum and the bytes that it covers still have the same
 * sum, so a sum over the whole packet stays correct.
 */
static __always_inline void tcp_checksum_update(ctx_t *ctx, __u32 at, __u16 before, __u16 after)
{
	__sum16 check;

	if (hook_load(ctx, at, &check, sizeof(check)))
		return;
	check = ~sum_fold((__u16)~check + (__u16)~before + after);
	hook_store(ctx, at, &check, sizeof(check));
}

/*
 * Lowers the MSS if the tenant's frame at offset at is a SYN whose MSS is too large. mtu: of the tenant's IP packets
 * on the path, 0: not known. complete: the TCP checksum is complete; if it may not be, hook_update_checksum() knows. Invalidates packet pointers.
 */
__noinline int mss_clamp(ctx_t *ctx, __u32 at, __u32 mtu, bool complete)
{
	const struct tcphdr *tcp;
	struct frame f = {};
	struct flow flow;
	__u32 tcp_at, value_at, most;
	__u16 mss, before, after;

	frame_reach(ctx, &f, at + FLOW_HEADERS_MAX + TCP_OPTIONS_MAX);
	flow_parse(&f, outer_offset(at), false, &flow);
	most = mtu - sizeof(struct tcphdr) - (flow.family == AF_INET6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));
	if (!(flow.marks & FLOW_SYN) || !mtu || most > 0xffff)
		return 0;
	tcp_at = at + flow.transport;
	tcp = f.data + outer_offset(tcp_at);
	if ((void *)(tcp + 1) > f.end)
		return 0;
	value_at = mss_find(ctx, tcp_at, tcp->doff);
	if (!value_at || hook_load(ctx, tcp_at + value_at, &mss, sizeof(mss)) || bpf_ntohs(mss) <= most)
		return 0;
	before = mss;
	mss = after = bpf_htons(most);
	hook_store(ctx, tcp_at + value_at, &mss, sizeof(mss));
	if (value_at & 1) { /* an odd offset: the value spans two words of the sum */
		before = __builtin_bswap16(before);
		after = __builtin_bswap16(after);
	}
	if (complete)
		tcp_checksum_update(ctx, tcp_at + offsetof(struct tcphdr, check), before, after);
	else
		hook_update_checksum(ctx, tcp_at + offsetof(struct tcphdr, check), before, after);
	return 0;
}

#endif

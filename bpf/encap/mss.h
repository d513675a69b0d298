/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TCP's maximum segment size: in a SYN it is made to fit, where the network asks for it. TC only. */
#ifndef XOVL_BPF_ENCAP_MSS_H
#define XOVL_BPF_ENCAP_MSS_H

#include "maps/scratch.h"
#include "packet/flow.h"

#ifdef XOVL_HOOK_XDP

/* The FLOW_* that XDP leaves to TC, on a path with those flags. */
static __always_inline __u32 xdp_obstacles(__u32 path_flags)
{
	__u32 marks = FLOW_DEEP;

	if (device_partial_checksums)
		marks |= FLOW_PARTIAL;
	return path_flags & XOVL_NET_MSS_CLAMP ? marks | FLOW_SYN : marks;
}

static __always_inline int mss_clamp(ctx_t *ctx, __u32 at, __u32 mtu, bool complete)
{
	return 0;
}

#else

#define TCP_OPTIONS_MAX 40
#define TCP_OPTION_END 0
#define TCP_OPTION_NOP 1
#define TCP_OPTION_MSS 2
#define TCP_OPTION_MSS_LEN 4

/* A walk through the options of a TCP header, which stand in the scratch. */
struct mss_walk {
	__u32 at, len;
	__u32 found; /* offset of the MSS option, plus 1; 0: none */
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

/* Offset of the MSS value from the TCP header's first octet; 0: there is none. */
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

#define SYN_IS_COMPLETE 0x10000 /* its checksum is */

/*
 * Octets before the IP header of the tenant's frame at that offset and SYN_IS_COMPLETE, if it is a SYN of TCP; else 0. The packet's
 * data is void afterwards.
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

/* RFC 1624. Together with the octets that the checksum covers it leaves a sum over the whole packet as it was. */
static __always_inline void tcp_checksum_update(ctx_t *ctx, __u32 at, __u16 before, __u16 after)
{
	__sum16 check;

	if (hook_load(ctx, at, &check, sizeof(check)))
		return;
	check = ~sum_fold((__u16)~check + (__u16)~before + after);
	bpf_skb_store_bytes(ctx, at, &check, sizeof(check), 0);
}

/*
 * The tenant's frame is at offset at; mtu: of its IP packets on the way, 0: not known. complete: so is its TCP checksum; else the
 * kernel knows whether it is the one that is left to a device. The packet's data is void afterwards.
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
	bpf_skb_store_bytes(ctx, tcp_at + value_at, &mss, sizeof(mss), 0);
	if (value_at & 1) { /* it stands across two words of the sum */
		before = __builtin_bswap16(before);
		after = __builtin_bswap16(after);
	}
	if (complete)
		tcp_checksum_update(ctx, tcp_at + offsetof(struct tcphdr, check), before, after);
	else
		bpf_l4_csum_replace(ctx, tcp_at + offsetof(struct tcphdr, check), before, after, sizeof(after));
	return 0;
}

#endif

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A UDP packet on its way through the stack, of an interface with or without Ethernet: where from, where to. TC only. */
#ifndef XOVL_BPF_PACKET_UDP_H
#define XOVL_BPF_PACKET_UDP_H

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include "hook/hook.h"
#include "lib/addr.h"
#include "packet/outer.h"

struct udp_brief {
	struct xovl_addr src, dst;
	__u32 service; /* xovl_service() */
	__be32 tunnel; /* the second word of a tunnel header: the identifier, in its upper 24 bits */
};

/* False: it is none, or a fragment that says nothing of it. */
static __always_inline bool udp_read(ctx_t *ctx, struct udp_brief *brief)
{
	struct {
		struct udphdr udp;
		__be32 header[2];
	} packet;
	struct ipv6hdr ip6;
	struct iphdr ip;
	__u32 at;

	if (bpf_skb_load_bytes_relative(ctx, 0, &ip, sizeof(ip), BPF_HDR_START_NET))
		return false;
	if (ip.version == 4) {
		if (ip.protocol != IPPROTO_UDP || (ip.frag_off & bpf_htons(IP_FRAG_OFFSET)))
			return false;
		addr_from_ipv4(&brief->src, ip.saddr);
		addr_from_ipv4(&brief->dst, ip.daddr);
		at = ip.ihl * 4;
	} else if (ip.version == 6) {
		if (bpf_skb_load_bytes_relative(ctx, 0, &ip6, sizeof(ip6), BPF_HDR_START_NET) ||
		    ip6.nexthdr != IPPROTO_UDP)
			return false;
		addr_from_ipv6(&brief->src, &ip6.saddr);
		addr_from_ipv6(&brief->dst, &ip6.daddr);
		at = sizeof(ip6);
	} else {
		return false;
	}
	if (bpf_skb_load_bytes_relative(ctx, at, &packet, sizeof(packet), BPF_HDR_START_NET))
		return false;
	brief->service = xovl_service(IPPROTO_UDP, packet.udp.dest);
	brief->tunnel = packet.header[1] & bpf_htonl(0xffffff00);
	return true;
}

#endif

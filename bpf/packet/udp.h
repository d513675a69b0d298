/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reads the addresses, port and tunnel identifier of a UDP packet in the stack, on an interface with or without
 * Ethernet. TC only; used by entry/guard.h and entry/ip_uplink.h.
 */
#ifndef XOVL_BPF_PACKET_UDP_H
#define XOVL_BPF_PACKET_UDP_H

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include "hook/hook.h"
#include "lib/addr.h"
#include "packet/outer.h"

struct udp_id {
	struct xovl_addr src, dst;
	__u32 service; /* xovl_service() */
	__be32 tunnel; /* second word of the tunnel header, with the identifier in the upper 24 bits and 0 below */
};

/* Returns false if the packet is not UDP, too short, or a later fragment. */
static __always_inline bool udp_read(ctx_t *ctx, struct udp_id *id)
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
		addr_from_ipv4(&id->src, ip.saddr);
		addr_from_ipv4(&id->dst, ip.daddr);
		at = ip.ihl * 4;
	} else if (ip.version == 6) {
		if (bpf_skb_load_bytes_relative(ctx, 0, &ip6, sizeof(ip6), BPF_HDR_START_NET) ||
		    ip6.nexthdr != IPPROTO_UDP)
			return false;
		addr_from_ipv6(&id->src, &ip6.saddr);
		addr_from_ipv6(&id->dst, &ip6.daddr);
		at = sizeof(ip6);
	} else {
		return false;
	}
	if (bpf_skb_load_bytes_relative(ctx, at, &packet, sizeof(packet), BPF_HDR_START_NET))
		return false;
	id->service = xovl_service(IPPROTO_UDP, packet.udp.dest);
	id->tunnel = packet.header[1] & bpf_htonl(0xffffff00);
	return true;
}

#endif

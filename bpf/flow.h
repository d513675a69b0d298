/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The tenant's flow: what spreads it over the underlay's paths, and what its segments look like. */
#ifndef XOVL_BPF_FLOW_H
#define XOVL_BPF_FLOW_H

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "bits.h"
#include "carrier.h"

struct flow {
	__u64 hash;    /* the same for every packet of a flow, fragments among themselves */
	__u32 l2_len;  /* octets of the Ethernet header and the tags in the frame, without the port's own */
	__u32 headers; /* octets before the transport payload, from the Ethernet header on; 0: not TCP or UDP */
	bool partial;  /* the transport checksum is only begun: the sum of the pseudo-header */
};

/*
 * Transport header at offset at. pseudo is the unfolded sum of the addresses; with protocol and length it is the sum
 * that the stack leaves in the checksum field of a packet whose checksum the device is to complete.
 */
static __always_inline void flow_transport(const struct frame *f, __u32 at, __u8 protocol, __u64 pseudo, __u32 length,
					   struct flow *flow)
{
	const struct tcphdr *tcp = f->data + at;
	const struct udphdr *udp = f->data + at;

	pseudo += (__u64)bpf_htonl(protocol) + bpf_htonl(length);
	if (protocol == IPPROTO_TCP) {
		if ((void *)(tcp + 1) > f->end)
			return;
		flow->hash = hash_mix(flow->hash, (__u32)tcp->source << 16 | tcp->dest);
		flow->headers = at + tcp->doff * 4;
		flow->partial = tcp->check == sum_fold(pseudo);
	} else if (protocol == IPPROTO_UDP) {
		if ((void *)(udp + 1) > f->end)
			return;
		flow->hash = hash_mix(flow->hash, (__u32)udp->source << 16 | udp->dest);
		flow->headers = at + sizeof(*udp);
		flow->partial = udp->check && udp->check == sum_fold(pseudo);
	} else if (protocol != IPPROTO_ICMP && protocol != IPPROTO_ICMPV6 && protocol != IPPROTO_IGMP) {
		/* an open CRC-32c of SCTP does not show, nor what is open further inside (IP in IP, extension headers) */
		flow->partial = true;
	}
}

static __always_inline void flow_ipv4(const struct frame *f, __u32 at, struct flow *flow)
{
	const struct iphdr *ip = f->data + at;
	__u32 header;

	if ((void *)(ip + 1) > f->end)
		return;
	header = ip->ihl * 4;
	flow->hash = hash_mix(hash_mix(0, (__u64)ip->saddr << 32 | ip->daddr), ip->protocol);
	/* a fragment has no ports, or not all have them */
	if (ip->frag_off & bpf_htons(0x3fff))
		return;
	flow_transport(f, at + header, ip->protocol, (__u64)ip->saddr + ip->daddr, bpf_ntohs(ip->tot_len) - header,
		       flow);
}

static __always_inline void flow_ipv6(const struct frame *f, __u32 at, struct flow *flow)
{
	const struct ipv6hdr *ip = f->data + at;
	const __u32 *words = ip->saddr.in6_u.u6_addr32; /* source and destination, eight words */
	__u64 hash = 0, pseudo = 0;

	if ((void *)(ip + 1) > f->end)
		return;
	for (int i = 0; i < 8; i += 2) {
		hash = hash_mix(hash, (__u64)words[i] << 32 | words[i + 1]);
		pseudo += (__u64)words[i] + words[i + 1];
	}
	flow->hash = hash_mix(hash, ip->nexthdr);
	flow_transport(f, at + sizeof(*ip), ip->nexthdr, pseudo, bpf_ntohs(ip->payload_len), flow);
}

/* EtherType behind up to two tags in the frame; *at is moved to what follows it. */
static __always_inline __be16 flow_ethertype(const struct frame *f, __u32 *at)
{
	const __be16 *proto = f->data + *at + 2 * ETH_ALEN;

	*at += ETH_HLEN;
	for (int i = 0; i < 2; i++) {
		if ((void *)(proto + 1) > f->end)
			return 0;
		if (!ethertype_is_vlan(*proto))
			break;
		proto += 2;
		*at += sizeof(struct xovl_vlan_tag);
	}
	return (void *)(proto + 1) > f->end ? 0 : *proto;
}

/* The tenant's frame starts at offset at of the packet. Whatever cannot be read is left out; nothing fails. */
static __always_inline void flow_parse(const struct frame *f, __u32 at, struct flow *flow)
{
	__u32 start;
	__be16 proto;

	__builtin_memset(flow, 0, sizeof(*flow));
	at = outer_offset(at);
	start = at;
	proto = flow_ethertype(f, &at);
	flow->l2_len = at - start - frame_port_tag_len(f);
	if (proto == bpf_htons(ETH_P_IP)) {
		flow_ipv4(f, at, flow);
	} else if (proto == bpf_htons(ETH_P_IPV6)) {
		flow_ipv6(f, at, flow);
	} else {
		flow->hash = hash_mix(hash_mix(f->dst, f->src), proto);
	}
}

/* Outer UDP source port, host byte order. */
static __always_inline __u16 flow_sport(const struct flow *flow)
{
	return XOVL_SPORT_MIN + (flow->hash * 0x9e3779b97f4a7c15ull >> 50);
}

#endif

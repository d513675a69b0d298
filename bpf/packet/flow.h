/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The tenant's flow: what spreads it over the underlay's paths, and what its segments look like. */
#ifndef XOVL_BPF_PACKET_FLOW_H
#define XOVL_BPF_PACKET_FLOW_H

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "hook/hook.h"
#include "lib/checksum.h"

/* Behind more tags in a packet nothing is looked for. */
#define FLOW_TAGS_MAX 4

/* What flow_parse() reads: Ethernet, tags, IPv6, TCP. */
#define FLOW_HEADERS_MAX (14 + FLOW_TAGS_MAX * 4 + 40 + 20)

/* What not every hook can cope with. */
#define FLOW_SYN 0x1 /* a SYN of TCP */
/*
 * The transport checksum is only begun: the field holds the pseudo-header's sum, which is looked at if asked for; or the transport is
 * one of which that cannot be told.
 */
#define FLOW_PARTIAL 0x2
#define FLOW_DEEP 0x4 /* more than FLOW_TAGS_MAX tags: one of them is beside the packet in TC, which sees one more */

struct flow {
	__u64 hash;	 /* the same for every packet of a flow, fragments among themselves */
	__u16 l2_len;	 /* octets of the Ethernet header and the tags in the packet, the port's own among them */
	__u16 transport; /* offset of the TCP or UDP header from the Ethernet header on; 0: there is none */
	__u16 headers;	 /* octets before the transport payload, from the Ethernet header on; 0: not TCP or UDP */
	__u8 family;	 /* AF_INET, AF_INET6; 0: not IP */
	__u8 tos;	 /* or traffic class */
	__u8 marks;	 /* FLOW_* */
	__sum16 check;	 /* transport checksum as it stands */

	/* by flow_measure() */
	__u32 wire_len; /* octets of one frame, Ethernet header and tags included: of a segment, for a super-frame */
	__u32 ip_len;	/* the same without these */
};

static __always_inline __u64 flow_ports(__be16 source, __be16 dest)
{
	return ((__u64)source << 16 | dest) << 8;
}

/* Is the checksum the folded sum of the pseudo-header? 0 stands for none (of UDP), and is never such a sum. */
static __always_inline bool flow_is_partial(__u64 pseudo, __sum16 check)
{
	return check && sum_is_zero(pseudo + (0xffff - check));
}

/*
 * Transport header at offset at. pseudo is the unfolded sum of the addresses; with protocol and length it is the sum
 * that the stack leaves in the checksum field of a packet whose checksum the device is to complete.
 */
static __always_inline void flow_transport(const struct frame *f, __u32 start, __u32 at, bool partial, __u8 protocol,
					   __u64 pseudo, __u32 length, struct flow *flow)
{
	const struct tcphdr *tcp = f->data + at;
	const struct udphdr *udp = f->data + at;

	pseudo += (__u64)bpf_htonl(protocol) + bpf_htonl(length);
	if (protocol == IPPROTO_TCP) {
		if ((void *)(tcp + 1) > f->end)
			return;
		flow->hash ^= flow_ports(tcp->source, tcp->dest);
		flow->marks = tcp->syn ? FLOW_SYN : 0;
		flow->transport = at - start;
		flow->headers = at - start + tcp->doff * 4;
		flow->check = tcp->check;
	} else if (protocol == IPPROTO_UDP) {
		if ((void *)(udp + 1) > f->end)
			return;
		flow->hash ^= flow_ports(udp->source, udp->dest);
		flow->transport = at - start;
		flow->headers = at - start + sizeof(*udp);
		flow->check = udp->check;
	} else if (protocol != IPPROTO_ICMP && protocol != IPPROTO_ICMPV6 && protocol != IPPROTO_IGMP) {
		/* an open CRC-32c of SCTP does not show, nor what is open further inside (IP in IP, extension headers) */
		flow->marks = FLOW_PARTIAL;
	}
	if (partial && flow->transport && flow_is_partial(pseudo, flow->check))
		flow->marks |= FLOW_PARTIAL;
}

static __always_inline void flow_ipv4(const struct frame *f, __u32 start, __u32 at, bool partial, struct flow *flow)
{
	const struct iphdr *ip = f->data + at;
	__u32 header;

	if ((void *)(ip + 1) > f->end)
		return;
	header = ip->ihl * 4;
	flow->family = AF_INET;
	flow->tos = ip->tos;
	flow->hash = hash_mix(ip->protocol, (__u64)ip->saddr << 32 | ip->daddr);
	/* a fragment has no ports, or not all have them */
	if (ip->frag_off & bpf_htons(0x3fff))
		return;
	flow_transport(f, start, at + header, partial, ip->protocol, (__u64)ip->saddr + ip->daddr,
		       bpf_ntohs(ip->tot_len) - header, flow);
}

/* DSCP and ECN from the first word of an IPv6 header (RFC 8200, section 3). */
static __always_inline __u8 ipv6_traffic_class(const struct ipv6hdr *ip)
{
	return bpf_ntohl(*(const __be32 *)ip) >> 20;
}

static __always_inline void flow_ipv6(const struct frame *f, __u32 start, __u32 at, bool partial, struct flow *flow)
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
	flow->family = AF_INET6;
	flow->tos = ipv6_traffic_class(ip);
	flow->hash = hash ^ ip->nexthdr;
	flow_transport(f, start, at + sizeof(*ip), partial, ip->nexthdr, pseudo, bpf_ntohs(ip->payload_len), flow);
}

/*
 * EtherType behind the tags in a frame; *at, the offset of the first one, is moved to it. A VLAN's: there are more than
 * FLOW_TAGS_MAX. 0: the packet ends before.
 */
static __always_inline __be16 flow_untag(const struct frame *f, __u32 *at)
{
	const __be16 *proto;

#pragma nounroll
	for (int nr_tags = 0;; nr_tags++, *at += sizeof(struct xovl_vlan_tag)) {
		proto = f->data + outer_offset(*at);
		if ((void *)(proto + 1) > f->end)
			return 0;
		if (nr_tags == FLOW_TAGS_MAX || !ethertype_is_vlan(*proto))
			return *proto;
	}
}

/*
 * The tenant's frame starts at offset at of the packet. partial: what is said of the checksum is wanted. Whatever cannot be
 * read is left out; nothing fails.
 */
static __always_inline void flow_parse(const struct frame *f, __u32 at, bool partial, struct flow *flow)
{
	const __be16 *proto_at = f->data + at + 2 * ETH_ALEN;
	__u32 start = at;
	__be16 proto = 0;

	__builtin_memset(flow, 0, sizeof(*flow));
	if ((void *)(proto_at + 1) <= f->end)
		proto = *proto_at;
	at += 2 * ETH_ALEN;
	if (ethertype_is_vlan(proto)) {
		proto = flow_untag(f, &at);
		if (ethertype_is_vlan(proto))
			flow->marks = FLOW_DEEP;
	}
	at += sizeof(proto);
	flow->l2_len = at - start;
	if (proto == bpf_htons(ETH_P_IP)) {
		flow_ipv4(f, start, at, partial, flow);
	} else if (proto == bpf_htons(ETH_P_IPV6)) {
		flow_ipv6(f, start, at, partial, flow);
	} else {
		flow->hash = hash_mix(hash_mix(f->dst, f->src), proto);
	}
}

/* The lengths that limits are for. Before tags are collected; gso_size and the port's tag must be known. */
static __always_inline void flow_measure(const ctx_t *ctx, const struct frame *f, struct flow *flow)
{
	__u32 tags_len = frame_beside_len(ctx, f) - frame_port_tag_len(f); /* what l2_len lacks, or has too much */
	__u32 l3_and_4 = sizeof(struct ipv6hdr) + sizeof(struct tcphdr);   /* a guess */
	__u32 headers = flow->headers ? flow->headers : flow->l2_len + l3_and_4;
	__u32 l2_len = flow->l2_len + tags_len;

	flow->wire_len = f->gso_size ? headers + tags_len + f->gso_size : f->len;
	flow->ip_len = flow->wire_len > l2_len ? flow->wire_len - l2_len : 0;
}

/* Whether the tenant's frame has a VLAN tag. After flow_measure(). */
static __always_inline bool flow_is_tagged(const struct flow *flow)
{
	return flow->wire_len - flow->ip_len != ETH_HLEN;
}

/* As many equal bits of a flow's hash as one wants, the upper ones. */
static __always_inline __u64 flow_spread(const struct flow *flow)
{
	return flow->hash * 0x9e3779b97f4a7c15ull;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The tenant's flow: a hash that spreads flows over the underlay's paths, the headers, and the length of one
 * segment. Parsed for nearly every frame before it is sent or delivered.
 */
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

/* A packet is parsed behind up to this many tags. */
#define FLOW_TAGS_MAX 4

/* Bytes that flow_parse() reads: Ethernet, tags, IPv6, TCP. */
#define FLOW_HEADERS_MAX (14 + FLOW_TAGS_MAX * 4 + 40 + 20)

/* Marks of packets that not every hook can handle. */
#define FLOW_SYN 0x1 /* a TCP SYN */
/*
 * The transport checksum is incomplete: its field holds the sum of the pseudo-header (checked only on request). Also
 * set for transports whose checksum cannot be judged.
 */
#define FLOW_PARTIAL 0x2
/* More than FLOW_TAGS_MAX tags in the packet. TC sees one tag more, because that is beside the packet. */
#define FLOW_DEEP 0x4

struct flow {
	__u64 hash;	 /* the same for all packets of a flow; fragments share one of their own */
	__u16 l2_len;	 /* bytes of the Ethernet header and the tags in the packet, the port's own included */
	__u16 transport; /* offset of the TCP or UDP header from the Ethernet header; 0: none */
	__u16 headers;	 /* bytes before the transport payload, Ethernet header included; 0: not TCP or UDP */
	__u8 family;	 /* AF_INET, AF_INET6; 0: not IP */
	__u8 tos;	 /* IPv4 TOS or IPv6 traffic class */
	__u8 marks;	 /* FLOW_* */
	__sum16 check;	 /* transport checksum as it is in the packet */

	/* set by flow_measure() */
	__u32 wire_len; /* bytes of one frame, Ethernet header and tags included; of one segment for a super-frame */
	__u32 ip_len;	/* the same without Ethernet header and tags */
};

static __always_inline __u64 flow_ports(__be16 source, __be16 dest)
{
	return ((__u64)source << 16 | dest) << 8;
}

/*
 * True if the checksum field holds the folded sum of the pseudo-header. 0 means no checksum (UDP); no pseudo-header
 * folds to it.
 */
static __always_inline bool flow_is_partial(__u64 pseudo, __sum16 check)
{
	return check && sum_is_zero(pseudo + (0xffff - check));
}

/*
 * Reads the transport header at offset at. pseudo: the unfolded sum of the addresses. With protocol and length
 * added, it is the sum that the stack leaves in the checksum field if the device is to complete the checksum.
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
		/* SCTP's CRC-32c or an inner checksum (IP in IP, extension headers) may be incomplete unseen */
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
	/* a fragment is hashed without ports: only the first one has them */
	if (ip->frag_off & bpf_htons(0x3fff))
		return;
	flow_transport(f, start, at + header, partial, ip->protocol, (__u64)ip->saddr + ip->daddr,
		       bpf_ntohs(ip->tot_len) - header, flow);
}

/* Returns DSCP and ECN from the first word of an IPv6 header (RFC 8200, section 3). */
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
 * Returns the EtherType behind the tags of a frame and moves *at, the offset of the first tag or EtherType, to it.
 * Returns a VLAN EtherType if there are more than FLOW_TAGS_MAX tags, and 0 if the packet is too short.
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
 * Parses the tenant's frame, which starts at offset at. partial: also check if the transport checksum is incomplete.
 * Headers that cannot be read are left out; the function never fails.
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

/*
 * Fills in the lengths that are compared with MTUs. Called before tags are collected; gso_size and the port's tag
 * must be known.
 */
static __always_inline void flow_measure(const ctx_t *ctx, const struct frame *f, struct flow *flow)
{
	__u32 tags_len = frame_skb_tag_len(ctx, f) -
			 frame_port_tag_len(f); /* tags that l2_len lacks, or counts but the tenant does not */
	__u32 l3_and_4 =
		sizeof(struct ipv6hdr) + sizeof(struct tcphdr); /* estimate for packets that are not TCP or UDP */
	__u32 headers = flow->headers ? flow->headers : flow->l2_len + l3_and_4;
	__u32 l2_len = flow->l2_len + tags_len;

	flow->wire_len = f->gso_size ? headers + tags_len + f->gso_size : f->len;
	flow->ip_len = flow->wire_len > l2_len ? flow->wire_len - l2_len : 0;
}

/* True if the tenant's frame has a VLAN tag. Valid after flow_measure(). */
static __always_inline bool flow_is_tagged(const struct flow *flow)
{
	return flow->wire_len - flow->ip_len != ETH_HLEN;
}

/* Spreads the flow's hash over all 64 bits. Callers use the upper bits. */
static __always_inline __u64 flow_spread(const struct flow *flow)
{
	return flow->hash * 0x9e3779b97f4a7c15ull;
}

#endif

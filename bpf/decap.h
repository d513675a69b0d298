/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet from the underlay: whose tunnel does it say it is, and is it well-formed. */
#ifndef XOVL_BPF_DECAP_H
#define XOVL_BPF_DECAP_H

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include "bits.h"
#include "frame.h"
#include "maps.h"

#include "xovl/wire.h"

#define IP_FRAG_MORE 0x2000
#define IP_FRAG_OFFSET 0x1fff

struct outer {
	struct xovl_path_tunnel tunnel; /* the peer's address and our own */
	__u64 from;			/* service and VNI of the xovl_tunnel_key, as the packet has them */
	__u32 l4;			/* offset of the UDP header */
	__u32 l4_len;			/* octets of it and all that follows, as the IP header says */
	bool fragment;
	bool bad_checksum;
};

static __always_inline void addr_from_ipv4(struct xovl_addr *addr, __be32 ipv4)
{
	addr->words[0] = 0;
	addr->words[1] = word_of(bpf_htonl(0xffff), ipv4);
}

static __always_inline void addr_from_ipv6(struct xovl_addr *addr, const struct in6_addr *ipv6)
{
	const __be32 *part = ipv6->in6_u.u6_addr32;

	addr->words[0] = word_of(part[0], part[1]);
	addr->words[1] = word_of(part[2], part[3]);
}

/* The header checksum covers options, of which there are at most ten words (RFC 791, 3.1). */
static __always_inline bool ipv4_checksum_is_good(const struct frame *f, const struct iphdr *ip)
{
	const __u32 *word = (const void *)ip;
	__u64 sum = (__u64)word[0] + word[1] + word[2] + word[3] + word[4];

	/* unrolled: clang would turn the check of each word into one of their number, which no verifier understands */
#pragma unroll
	for (int i = 5; i < 15; i++) {
		if (i == ip->ihl)
			break;
		if ((void *)(word + i + 1) > f->end)
			return false;
		sum += word[i];
	}
	return sum_is_zero(sum);
}

static __always_inline bool outer_ipv4(const struct frame *f, struct outer *outer)
{
	const struct iphdr *ip = f->data + ETH_HLEN;

	if ((void *)(ip + 1) > f->end || ip->version != 4 || ip->ihl < 5 || ip->protocol != IPPROTO_UDP)
		return false;
	/* only a first fragment has ports */
	if (ip->frag_off & bpf_htons(IP_FRAG_OFFSET))
		return false;
	outer->fragment = ip->frag_off & bpf_htons(IP_FRAG_MORE);
	outer->l4 = ETH_HLEN + ip->ihl * 4;
	outer->l4_len = bpf_ntohs(ip->tot_len) - ip->ihl * 4;
	outer->bad_checksum = !ipv4_checksum_is_good(f, ip);
	addr_from_ipv4(&outer->tunnel.remote, ip->saddr);
	addr_from_ipv4(&outer->tunnel.local, ip->daddr);
	return true;
}

/* Fragment extension header, RFC 8200 section 4.5. */
struct ipv6_fragment {
	__u8 nexthdr;
	__u8 reserved;
	__be16 frag_off; /* offset in units of 8 octets in the upper 13 bits */
	__be32 id;
};

static __always_inline bool outer_ipv6(const struct frame *f, struct outer *outer)
{
	const struct ipv6hdr *ip = f->data + ETH_HLEN;
	const struct ipv6_fragment *fragment = (void *)(ip + 1);

	if ((void *)(ip + 1) > f->end || ip->version != 6)
		return false;
	outer->l4 = ETH_HLEN + sizeof(*ip);
	outer->l4_len = bpf_ntohs(ip->payload_len);
	if (ip->nexthdr == IPPROTO_FRAGMENT) {
		if ((void *)(fragment + 1) > f->end || fragment->nexthdr != IPPROTO_UDP ||
		    (fragment->frag_off & bpf_htons(0xfff8)))
			return false;
		outer->fragment = true;
		outer->l4 += sizeof(*fragment);
		outer->l4_len -= sizeof(*fragment);
	} else if (ip->nexthdr != IPPROTO_UDP) {
		return false;
	}
	addr_from_ipv6(&outer->tunnel.remote, &ip->saddr);
	addr_from_ipv6(&outer->tunnel.local, &ip->daddr);
	return true;
}

/* The facts of a VXLAN packet whose headers are sound. */
static __always_inline void outer_sound(struct frame *f, struct outer *outer, const struct udphdr *udp)
{
	const struct xovl_vxlan *vxlan = (void *)(udp + 1);

	outer->from = word_of(xovl_service(XOVL_ENCAP_VXLAN, udp->dest), vxlan->vni);
	f->outer_len = (void *)(vxlan + 1) - f->data;
	f->len -= f->outer_len;
	frame_read_macs(f, vxlan + 1);
}

/* Not 0: something is odd about UDP and VXLAN headers that stand before a frame, len octets in all. */
static __always_inline __u32 outer_flaws(const struct udphdr *udp, __u32 len)
{
	const struct xovl_vxlan *vxlan = (void *)(udp + 1);

	return (udp->len ^ bpf_htons(len)) | (vxlan->flags ^ bpf_htonl(XOVL_VXLAN_I)) | (vxlan->vni & bpf_htonl(0xff));
}

#define OUTER_PLAIN_LEN (sizeof(struct udphdr) + sizeof(struct xovl_vxlan) + ETH_HLEN)

/*
 * The usual packet is known at once, with one branch for all that could be wrong with it: whole, no options, nothing
 * behind it. Fill in outer and frame. False: a closer look is needed.
 */
static __always_inline bool outer_ipv4_plain(struct frame *f, struct outer *outer)
{
	const struct iphdr *ip = f->data + ETH_HLEN;
	const struct udphdr *udp = (void *)(ip + 1);
	const __u32 *word = (const void *)ip;
	__u32 flaws;

	if ((void *)udp + OUTER_PLAIN_LEN > f->end)
		return false;
	flaws = (f->len - ETH_HLEN) >> 16 | (*(const __u8 *)ip ^ 0x45) | (ip->protocol ^ IPPROTO_UDP) |
		(ip->frag_off & bpf_htons(IP_FRAG_MORE | IP_FRAG_OFFSET)) |
		(ip->tot_len ^ bpf_htons(f->len - ETH_HLEN)) | outer_flaws(udp, f->len - ETH_HLEN - sizeof(*ip));
	if (flaws || !sum_is_zero((__u64)word[0] + word[1] + word[2] + word[3] + word[4]))
		return false;
	addr_from_ipv4(&outer->tunnel.remote, ip->saddr);
	addr_from_ipv4(&outer->tunnel.local, ip->daddr);
	outer_sound(f, outer, udp);
	return true;
}

static __always_inline bool outer_ipv6_plain(struct frame *f, struct outer *outer)
{
	const struct ipv6hdr *ip = f->data + ETH_HLEN;
	const struct udphdr *udp = (void *)(ip + 1);
	__u32 udp_len = f->len - ETH_HLEN - sizeof(*ip);

	if ((void *)udp + OUTER_PLAIN_LEN > f->end)
		return false;
	if (udp_len >> 16 | (*(const __u8 *)ip >> 4 ^ 6) | (ip->nexthdr ^ IPPROTO_UDP) |
	    (ip->payload_len ^ bpf_htons(udp_len)) | outer_flaws(udp, udp_len))
		return false;
	addr_from_ipv6(&outer->tunnel.remote, &ip->saddr);
	addr_from_ipv6(&outer->tunnel.local, &ip->daddr);
	outer_sound(f, outer, udp);
	return true;
}

static __always_inline bool outer_is_plain(struct frame *f, struct outer *outer)
{
	__be16 ethertype = frame_ethertype(f);

	if (ethertype == bpf_htons(ETH_P_IP))
		return outer_ipv4_plain(f, outer);
	return ethertype == bpf_htons(ETH_P_IPV6) && outer_ipv6_plain(f, outer);
}

/* UDP over IPv4 or IPv6, with ports: fill in outer. Anything else is the kernel's. */
static __always_inline bool outer_parse(const struct frame *f, struct outer *outer)
{
	__be16 ethertype = frame_ethertype(f);
	const struct xovl_vxlan *vxlan;
	const struct udphdr *udp;
	bool is_udp = false;
	__be32 vni = 0;

	if (ethertype == bpf_htons(ETH_P_IP))
		is_udp = outer_ipv4(f, outer);
	else if (ethertype == bpf_htons(ETH_P_IPV6))
		is_udp = outer_ipv6(f, outer);
	if (!is_udp)
		return false;
	udp = f->data + outer_offset(outer->l4);
	if ((void *)(udp + 1) > f->end)
		return false;
	vxlan = (void *)(udp + 1);
	if ((void *)(vxlan + 1) <= f->end)
		vni = vxlan->vni;
	outer->from = word_of(xovl_service(XOVL_ENCAP_VXLAN, udp->dest), vni);
	return true;
}

/* Do the outer headers agree with each other and with the frame? */
static __always_inline enum xovl_reason outer_check(struct frame *f, const struct outer *outer)
{
	const struct udphdr *udp = f->data + outer_offset(outer->l4);

	if (outer->bad_checksum)
		return XOVL_REASON_OUTER_CHECKSUM;
	if (outer->l4_len < sizeof(*udp) || outer->l4_len > IP_LEN_MAX || outer->l4 + outer->l4_len > f->len)
		return XOVL_REASON_OUTER_LENGTH;
	if (outer->fragment)
		return XOVL_REASON_OUTER_FRAGMENT;
	if ((void *)(udp + 1) > f->end || bpf_ntohs(udp->len) != outer->l4_len)
		return XOVL_REASON_UDP_LENGTH;
	f->trailer = outer->l4 + outer->l4_len < f->len;
	return XOVL_REASON_NONE;
}

/* RFC 7348, section 5. Reserved bits must be zero: set, they belong to an extension that changes their meaning. */
static __always_inline enum xovl_reason vxlan_check(struct frame *f, const struct outer *outer)
{
	const struct xovl_vxlan *vxlan = f->data + outer_offset(outer->l4) + sizeof(struct udphdr);
	const struct ethhdr *inner = (void *)(vxlan + 1);

	if (outer->l4_len < sizeof(struct udphdr) + sizeof(*vxlan) + ETH_HLEN || (void *)(inner + 1) > f->end)
		return XOVL_REASON_VXLAN_SHORT;
	if (!(vxlan->flags & bpf_htonl(XOVL_VXLAN_I)))
		return XOVL_REASON_VXLAN_FLAGS;
	if (vxlan->flags != bpf_htonl(XOVL_VXLAN_I) || (vxlan->vni & bpf_htonl(0xff)))
		return XOVL_REASON_VXLAN_RESERVED;
	f->outer_len = outer->l4 + sizeof(struct udphdr) + sizeof(*vxlan);
	f->len = outer->l4_len - sizeof(struct udphdr) - sizeof(*vxlan);
	frame_read_macs(f, inner);
	return XOVL_REASON_NONE;
}

#endif

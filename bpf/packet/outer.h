/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The outer headers of a packet from the underlay: checks that they are well-formed, and reads which tunnel they
 * name. The first stage of decapsulation.
 */
#ifndef XOVL_BPF_PACKET_OUTER_H
#define XOVL_BPF_PACKET_OUTER_H

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include "xovl/wire.h"

#include "hook/hook.h"
#include "lib/addr.h"
#include "lib/checksum.h"
#include "maps/globals.h"
#include "packet/ecn.h"
#include "packet/flow.h"

#define IP_FRAG_MORE 0x2000
#define IP_FRAG_OFFSET 0x1fff

/* The outer facts that identify the path of a packet. */
struct outer_id {
	struct xovl_path_tunnel tunnel; /* the peer's address and the local one */
	__u64 header;	   /* the first two words of the tunnel header, as in the packet; GRE: flags and key */
	__be16 dport;	   /* UDP destination port; 0 for GRE */
	__u8 kind;	   /* enum xovl_encap; XOVL_ENCAP_GRE for NVGRE too */
	bool needs_verify; /* it has a checksum or a congestion mark: see decap/verify.h */
};

/* All facts about the outer headers. */
struct outer {
	struct outer_id id;
	__u32 l4;	  /* offset of the UDP or GRE header */
	__u32 l4_len;	  /* bytes from l4 to the end, by the IP header */
	__u32 header_len; /* bytes from l4 to the tenant's frame */
	__u8 tos;	  /* IPv4 TOS or IPv6 traffic class */
	/* UDP: the checksum field. GRE: not 0 if there is a checksum. */
	__sum16 check;
	enum xovl_reason malformed; /* drop reason if the packet turns out to be for xovl */
};

static __always_inline bool outer_is_gre(const struct outer *outer)
{
	return outer->id.kind == XOVL_ENCAP_GRE;
}

static __always_inline bool outer_is_geneve(const struct outer *outer)
{
	return outer->id.kind == XOVL_ENCAP_GENEVE;
}

/* Returns the packet's service: see xovl_service(). */
static __always_inline __u32 outer_service(const struct outer_id *id)
{
	return xovl_service(id->kind == XOVL_ENCAP_GRE ? IPPROTO_GRE : IPPROTO_UDP, id->dport);
}

/* True if GENEVE arrives at the UDP destination port dport. */
static __always_inline bool port_is_geneve(__be16 dport)
{
	return geneve_ports[dport >> 6] >> (dport & 63) & 1;
}

/* Returns the length of a GENEVE header with its options, from the header's first byte. */
static __always_inline __u32 geneve_len(__u8 ver_opt_len)
{
	return sizeof(struct xovl_geneve) + (ver_opt_len & XOVL_GENEVE_OPT_LEN) * 4;
}

/*
 * Ends the outer headers: the tenant's frame starts at offset at, as the headers before it say. Returns false if the
 * packet is too short for an Ethernet header there.
 */
static __always_inline bool outer_set_frame(struct frame *f, __u32 at)
{
	const void *inner = f->data + at;

	if (inner + ETH_HLEN > f->end)
		return false;
	f->outer_len = at;
	f->len -= at;
	frame_read_macs(f, inner);
	return true;
}

/* UDP or GRE, a tunnel header of 8 bytes, and the tenant's Ethernet header. */
#define OUTER_PLAIN_LEN (sizeof(struct udphdr) + 8 + ETH_HLEN)

/*
 * The fast parse, which recognises the usual packet with few branches: not fragmented, no IP options, no trailing
 * bytes. It does not check the tunnel header, because a cached path has the header that was checked. Fills in id
 * and the frame. Returns false if outer_parse() has to look closer. at, len: of the UDP or GRE header and everything
 * behind it.
 */
static __always_inline bool udp_is_plain(struct frame *f, struct outer_id *id, __u32 at, __u32 len)
{
	const struct udphdr *udp = f->data + at;

	if (udp->len != bpf_htons(len))
		return false;
	id->dport = udp->dest;
	id->header = *(const __u64 *)(udp + 1);
	id->needs_verify |= !!udp->check;
	if (!port_is_geneve(udp->dest)) {
		id->kind = XOVL_ENCAP_VXLAN;
		return outer_set_frame(f, at + sizeof(*udp) + sizeof(struct xovl_vxlan));
	}
	id->kind = XOVL_ENCAP_GENEVE;
	return outer_set_frame(f, outer_offset(at + sizeof(*udp) + geneve_len(id->header)));
}

/* Fast parse of GRE. Returns false if the header has any other field than a key. */
static __always_inline bool gre_is_plain(struct frame *f, struct outer_id *id, __u32 at)
{
	const struct xovl_gre *gre = f->data + at;
	const __be32 *key = (void *)(gre + 1);
	bool keyed = gre->flags == bpf_htons(XOVL_GRE_K);

	if (gre->flags & bpf_htons(~XOVL_GRE_K))
		return false;
	id->kind = XOVL_ENCAP_GRE;
	id->dport = 0;
	id->header = word_of(*(const __u32 *)gre, keyed ? *key : 0);
	return outer_set_frame(f, at + sizeof(*gre) + (keyed ? sizeof(*key) : 0));
}

static __always_inline bool l4_is_plain(struct frame *f, struct outer_id *id, __u8 protocol, __u32 at, __u32 len)
{
	if (protocol == IPPROTO_UDP)
		return udp_is_plain(f, id, at, len);
	return protocol == IPPROTO_GRE && gre_is_plain(f, id, at);
}

static __always_inline bool outer_ipv4_plain(struct frame *f, struct outer_id *id, __u32 l3)
{
	const struct iphdr *ip = f->data + l3;
	const __u32 *word = (const void *)ip;
	__u32 len = f->len - l3;

	if ((void *)(ip + 1) + OUTER_PLAIN_LEN > f->end)
		return false;
	if (len >> 16 | (*(const __u8 *)ip ^ 0x45) | (ip->frag_off & bpf_htons(IP_FRAG_MORE | IP_FRAG_OFFSET)) |
	    (ip->tot_len ^ bpf_htons(len)))
		return false;
	if (!sum_is_zero((__u64)word[0] + word[1] + word[2] + word[3] + word[4]))
		return false;
	id->needs_verify = ecn_matters(ip->tos);
	addr_from_ipv4(&id->tunnel.remote, ip->saddr);
	addr_from_ipv4(&id->tunnel.local, ip->daddr);
	return l4_is_plain(f, id, ip->protocol, l3 + sizeof(*ip), len - sizeof(*ip));
}

static __always_inline bool outer_ipv6_plain(struct frame *f, struct outer_id *id, __u32 l3)
{
	const struct ipv6hdr *ip = f->data + l3;
	__u32 len = f->len - l3 - sizeof(*ip);

	if ((void *)(ip + 1) + OUTER_PLAIN_LEN > f->end)
		return false;
	if (len >> 16 | (*(const __u8 *)ip >> 4 ^ 6) | (ip->payload_len ^ bpf_htons(len)))
		return false;
	id->needs_verify = ecn_matters(ipv6_traffic_class(ip));
	addr_from_ipv6(&id->tunnel.remote, &ip->saddr);
	addr_from_ipv6(&id->tunnel.local, &ip->daddr);
	if (!id->tunnel.remote.words[0] || !id->tunnel.local.words[0])
		return false;
	return l4_is_plain(f, id, ip->nexthdr, l3 + sizeof(*ip), len);
}

static __always_inline bool outer_is_plain(const ctx_t *ctx, struct frame *f, struct outer_id *id)
{
	__u32 l3 = underlay_l2_len(ctx);
	__be16 ethertype = underlay_ethertype(f, l3);

	if (ethertype == bpf_htons(ETH_P_IP))
		return outer_ipv4_plain(f, id, l3);
	return ethertype == bpf_htons(ETH_P_IPV6) && outer_ipv6_plain(f, id, l3);
}

/* True for IP protocols of tunnel packets, and of reports about them. */
static __always_inline bool protocol_may_be_ours(__u8 protocol)
{
	return protocol == IPPROTO_UDP || protocol == IPPROTO_GRE || protocol == IPPROTO_ICMP ||
	       protocol == IPPROTO_ICMPV6 || protocol == IPPROTO_FRAGMENT || protocol == IPPROTO_DSTOPTS;
}

/*
 * False if one look at a packet that is not plain tells that it is not for xovl, as for the host's own TCP and ARP: it
 * is not worth a full parse.
 */
__noinline int outer_may_be_ours(ctx_t *ctx)
{
	__u32 l3 = underlay_l2_len(ctx);
	const struct ipv6hdr *ip6;
	const struct iphdr *ip;
	struct frame f = {};
	__be16 ethertype;

	frame_reload(ctx, &f);
	ethertype = underlay_ethertype(&f, l3);
	ip = f.data + l3;
	ip6 = f.data + l3;
	if (ethertype == bpf_htons(ETH_P_IP))
		return (void *)(ip + 1) <= f.end && protocol_may_be_ours(ip->protocol);
	return ethertype == bpf_htons(ETH_P_IPV6) && (void *)(ip6 + 1) <= f.end && protocol_may_be_ours(ip6->nexthdr);
}

/* Records the first thing that is wrong. */
static __always_inline void outer_note_error(struct outer *outer, bool wrong, enum xovl_reason reason)
{
	if (wrong && !outer->malformed)
		outer->malformed = reason;
}

/* True if the header checksum is correct. It covers up to ten words of options (RFC 791, 3.1). */
static __always_inline bool ipv4_checksum_is_good(const struct frame *f, const struct iphdr *ip)
{
	const __u32 *word = (const void *)ip;
	__u64 sum = (__u64)word[0] + word[1] + word[2] + word[3] + word[4];

	/*
	 * unrolled: clang would turn the check of each word into one of the number of words, which no verifier
	 * understands
	 */
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

static __always_inline bool is_tunnel_protocol(__u8 protocol)
{
	return protocol == IPPROTO_UDP || protocol == IPPROTO_GRE;
}

/*
 * Reads the outer IPv4 header. Returns the IP protocol, or 0 if it is not UDP or GRE, or a later fragment (only the
 * first has ports).
 */
static __always_inline __u8 outer_ipv4(const struct frame *f, struct outer *outer, __u32 l3)
{
	const struct iphdr *ip = f->data + l3;

	if ((void *)(ip + 1) > f->end || ip->version != 4 || ip->ihl < 5)
		return 0;
	if (!is_tunnel_protocol(ip->protocol) || (ip->frag_off & bpf_htons(IP_FRAG_OFFSET)))
		return 0;
	outer->l4 = l3 + ip->ihl * 4;
	outer->l4_len = bpf_ntohs(ip->tot_len) - ip->ihl * 4;
	outer->tos = ip->tos;
	outer_note_error(outer, !ipv4_checksum_is_good(f, ip), XOVL_REASON_OUTER_CHECKSUM);
	outer_note_error(outer, ip->frag_off & bpf_htons(IP_FRAG_MORE), XOVL_REASON_OUTER_FRAGMENT);
	addr_from_ipv4(&outer->id.tunnel.remote, ip->saddr);
	addr_from_ipv4(&outer->id.tunnel.local, ip->daddr);
	return ip->protocol;
}

/*
 * Fragment header (RFC 8200, section 4.5), or the first word and 4 bytes of options of a destination options header
 * (4.6).
 */
struct ipv6_extension {
	__u8 nexthdr;
	__u8 len;	 /* destination options: words of 64 bits, less one */
	__be16 frag_off; /* fragment: offset in units of 8 bytes in the upper 13 bits */
	__be32 id;
};

/*
 * Reads the outer IPv6 header; returns as outer_ipv4() does. Before UDP or GRE it accepts a fragment header, or a
 * destination options header of one 64-bit word: the encapsulation limit (RFC 2473, 4.1.1), which Linux puts before
 * GRE.
 */
static __always_inline __u8 outer_ipv6(const struct frame *f, struct outer *outer, __u32 l3)
{
	const struct ipv6hdr *ip = f->data + l3;
	const struct ipv6_extension *extension = (void *)(ip + 1);
	__u8 protocol;

	if ((void *)(ip + 1) > f->end || ip->version != 6)
		return 0;
	protocol = ip->nexthdr;
	outer->l4 = l3 + sizeof(*ip);
	outer->l4_len = bpf_ntohs(ip->payload_len);
	outer->tos = ipv6_traffic_class(ip);
	if (protocol == IPPROTO_FRAGMENT || protocol == IPPROTO_DSTOPTS) {
		if ((void *)(extension + 1) > f->end)
			return 0;
		if (protocol == IPPROTO_DSTOPTS ? extension->len : extension->frag_off & bpf_htons(0xfff8))
			return 0;
		/* a whole packet can be its own only fragment (RFC 6946) */
		outer_note_error(outer, protocol == IPPROTO_FRAGMENT && (extension->frag_off & bpf_htons(1)),
				 XOVL_REASON_OUTER_FRAGMENT);
		protocol = extension->nexthdr;
		outer->l4 += sizeof(*extension);
		outer->l4_len -= sizeof(*extension);
	}
	addr_from_ipv6(&outer->id.tunnel.remote, &ip->saddr);
	addr_from_ipv6(&outer->id.tunnel.local, &ip->daddr);
	/* our tables store IPv4 as ::ffff:a.b.c.d; on the wire no host has such an IPv6 address */
	if (addr_is_ipv4(&outer->id.tunnel.remote) || addr_is_ipv4(&outer->id.tunnel.local))
		return 0;
	return is_tunnel_protocol(protocol) ? protocol : 0;
}

/* Reads the UDP header and the first words of the tunnel header. Returns false if the packet is too short for ports. */
static __always_inline bool outer_udp(const struct frame *f, struct outer *outer)
{
	const struct udphdr *udp = f->data + outer_offset(outer->l4);
	const __u64 *header = (void *)(udp + 1);
	bool geneve;

	if ((void *)(udp + 1) > f->end)
		return false;
	outer->id.dport = udp->dest;
	outer->check = udp->check;
	outer_note_error(outer, bpf_ntohs(udp->len) != outer->l4_len, XOVL_REASON_UDP_LENGTH);
	if ((void *)(header + 1) <= f->end)
		outer->id.header = *header;
	geneve = port_is_geneve(udp->dest);
	outer->id.kind = geneve ? XOVL_ENCAP_GENEVE : XOVL_ENCAP_VXLAN;
	outer->header_len = sizeof(*udp) + (geneve ? geneve_len(outer->id.header) : sizeof(struct xovl_vxlan));
	outer_note_error(outer, outer->l4_len < outer->header_len + ETH_HLEN,
			 geneve ? XOVL_REASON_GENEVE_SHORT : XOVL_REASON_VXLAN_SHORT);
	return true;
}

/* Reads the GRE header. Returns false if the packet is too short for it. */
static __always_inline bool outer_gre(const struct frame *f, struct outer *outer)
{
	const struct xovl_gre *gre = f->data + outer_offset(outer->l4);
	const __be32 *key = (void *)(gre + 1);

	if ((void *)(gre + 1) > f->end)
		return false;
	outer->id.kind = XOVL_ENCAP_GRE;
	outer->check = gre->flags & bpf_htons(XOVL_GRE_C);
	outer->id.header = *(const __u32 *)gre;
	if (outer->check)
		key++;
	if ((gre->flags & bpf_htons(XOVL_GRE_K)) && (void *)(key + 1) <= f->end)
		outer->id.header = word_of(outer->id.header, *key);
	outer->header_len = xovl_gre_len(bpf_ntohs(gre->flags));
	outer_note_error(outer, outer->l4_len < outer->header_len + ETH_HLEN, XOVL_REASON_GRE_SHORT);
	return true;
}

/*
 * The full parse of UDP and GRE over IPv4 or IPv6. Fills in outer, and f unless the packet is malformed. Returns
 * false for any other packet, which is the kernel's.
 */
static __always_inline bool outer_parse(ctx_t *ctx, struct frame *f, struct outer *outer)
{
	__u32 l3 = underlay_l2_len(ctx);
	__be16 ethertype = underlay_ethertype(f, l3);
	__u8 protocol = 0;
	__u32 least;

	__builtin_memset(outer, 0, sizeof(*outer));
	if (ethertype == bpf_htons(ETH_P_IP))
		protocol = outer_ipv4(f, outer, l3);
	else if (ethertype == bpf_htons(ETH_P_IPV6))
		protocol = outer_ipv6(f, outer, l3);
	if (!protocol)
		return false;
	least = protocol == IPPROTO_UDP ? sizeof(struct udphdr) : sizeof(struct xovl_gre);
	outer_note_error(outer,
			 outer->l4_len < least || outer->l4_len > IP_LEN_MAX || outer->l4 + outer->l4_len > f->len,
			 XOVL_REASON_OUTER_LENGTH);
	if (!(protocol == IPPROTO_UDP ? outer_udp(f, outer) : outer_gre(f, outer)))
		return false;
	outer->id.needs_verify = outer->check || ecn_matters(outer->tos);
	if (outer->malformed)
		return true;
	f->trailer = outer->l4 + outer->l4_len < f->len;
	f->len = outer->l4 + outer->l4_len;
	frame_reach(ctx, f, outer->l4 + outer->header_len + FLOW_HEADERS_MAX);
	if (!outer_set_frame(f, outer_offset(outer->l4 + outer->header_len)))
		outer->malformed = XOVL_REASON_OUTER_LENGTH;
	return true;
}

#endif

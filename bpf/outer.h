/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The outer headers of packets to a peer: Ethernet, IP, UDP where there is one, and the tunnel's. What is the same for all frames
 * of a path is prepared here, in the path; outer_write.h copies it and adds what differs from frame to frame.
 */
#ifndef XOVL_BPF_OUTER_H
#define XOVL_BPF_OUTER_H

#include "geneve.h"
#include "gre.h"
#include "nexthop.h"
#include "path.h"
#include "vxlan.h"

#define IP_DF 0x4000

/* Offset of what follows the IP header. */
#define OUTER_L4_IPV4 (ETH_HLEN + sizeof(struct iphdr))
#define OUTER_L4_IPV6 (ETH_HLEN + sizeof(struct ipv6hdr))

static __always_inline __u32 outer_l4(__u32 path_flags)
{
	return path_flags & XOVL_PATH_IPV6 ? OUTER_L4_IPV6 : OUTER_L4_IPV4;
}

/* What of the network's policy each frame is to follow. */
static __always_inline __u32 outer_policy(const struct xovl_network *net, const struct xovl_peer *peer)
{
	bool udp = peer->encap == XOVL_ENCAP_VXLAN || peer->encap == XOVL_ENCAP_GENEVE;
	bool gre = peer->encap == XOVL_ENCAP_GRE;
	__u32 flags = 0;

	if (net->flags & XOVL_NET_TTL_INHERIT)
		flags |= XOVL_PATH_TTL_INHERIT;
	if (net->flags & XOVL_NET_DSCP_INHERIT)
		flags |= XOVL_PATH_DSCP_INHERIT;
	if (net->flags & XOVL_NET_DF_INHERIT)
		flags |= XOVL_PATH_DF_INHERIT | XOVL_PATH_IP_ID;
	if (net->flags & XOVL_NET_DF_UNSET)
		flags |= XOVL_PATH_IP_ID;
	if (net->flags & XOVL_NET_FLOWLABEL_HASH)
		flags |= XOVL_PATH_FLOWLABEL_HASH;
	if (udp && (net->flags & XOVL_NET_UDPCSUM))
		flags |= XOVL_PATH_UDPCSUM;
	if (gre && (net->flags & XOVL_NET_CSUM))
		flags |= XOVL_PATH_GRE_CSUM;
	if (gre && (net->flags & XOVL_NET_SEQ))
		flags |= XOVL_PATH_GRE_SEQ;
	if (net->flags & XOVL_NET_MSS_CLAMP)
		flags |= XOVL_PATH_MSS_CLAMP;
	return flags;
}

/* About the peer and the way to it. Behind a call the verifier need not follow every combination of them. */
__noinline __u32 outer_flags(const struct xovl_peer *peer, const struct xovl_nexthop *nexthop)
{
	__u32 flags = XOVL_PATH_TO_PEER;

	if (!peer || !nexthop)
		return 0;
	/* IPv6 only, as some policies are for one family */
	if (peer->family != AF_INET)
		flags |= XOVL_PATH_IPV6;
	if (peer->encap == XOVL_ENCAP_GRE || peer->encap == XOVL_ENCAP_NVGRE)
		flags |= XOVL_PATH_GRE;
	if (peer->encap == XOVL_ENCAP_NVGRE)
		flags |= XOVL_PATH_NVGRE;
	if (nexthop->state == XOVL_NEXTHOP_UNRESOLVED)
		flags |= XOVL_PATH_RESOLVE;
	if (nexthop->device_flags & XOVL_DEV_XDP_XMIT)
		flags |= XOVL_PATH_XDP_XMIT;
	if (nexthop->device_flags & XOVL_DEV_GSO_WHOLE)
		flags |= XOVL_PATH_GSO_WHOLE;
	if (nexthop->vid)
		flags |= XOVL_PATH_TAGGED;
	return flags;
}

/* Length open; checksum: the folded sum of all that is not. */
static __always_inline void outer_prepare_ipv4(struct iphdr *ip, const struct xovl_peer *peer,
					       const struct xovl_network *net, __u8 protocol)
{
	bool df = !(net->flags & (XOVL_NET_DF_UNSET | XOVL_NET_DF_INHERIT));

	*(__u16 *)ip = bpf_htons(0x4500 | net->tos);
	ip->tot_len = 0;
	ip->id = 0;
	ip->frag_off = df ? bpf_htons(IP_DF) : 0;
	ip->ttl = net->ttl;
	ip->protocol = protocol;
	ip->check = 0;
	ip->saddr = peer->local.be32[3];
	ip->daddr = peer->remote.be32[3];
	ip->check = sum_fold(sum_of_words((const __u16 *)ip, sizeof(*ip) / 2));
}

static __always_inline void outer_prepare_ipv6(struct ipv6hdr *ip, const struct xovl_peer *peer,
					       const struct xovl_network *net, __u8 protocol)
{
	*(__be32 *)ip = bpf_htonl(6u << 28 | (__u32)net->tos << 20 | net->flowlabel);
	ip->payload_len = 0;
	ip->nexthdr = protocol;
	ip->hop_limit = net->ttl;
	words_copy(&ip->saddr, &peer->local, sizeof(ip->saddr));
	words_copy(&ip->daddr, &peer->remote, sizeof(ip->daddr));
}

/* The VXLAN header. flags: of the path, to which XOVL_PATH_MARK is added where the group is the mark's. */
static __always_inline void outer_prepare_vxlan(struct xovl_vxlan *to, const struct xovl_network *net,
						const struct xovl_port *port, __u32 *flags)
{
	__u32 group = 0;

	if ((net->flags & XOVL_NET_GBP) && port && (port->flags & XOVL_PORT_GROUP))
		group = port->group;
	else if (net->flags & XOVL_NET_GBP)
		*flags |= XOVL_PATH_MARK;
	vxlan_prepare(to, net->id, group);
}

/* The tunnel header, and in kind what its length depends on. flags: see above */
static __always_inline void outer_prepare_tunnel(void *to, struct xovl_outer_kind *kind, const struct xovl_network *net,
						 __u32 net_index, __u32 port_index, __u32 *flags)
{
	struct xovl_port *port = bpf_map_lookup_elem(&port_table, &port_index);
	bool nvgre = kind->encap == XOVL_ENCAP_NVGRE;

	if (kind->encap == XOVL_ENCAP_GENEVE) {
		kind->options_len = geneve_prepare(to, net, net_index, port, port_index);
	} else if (kind->encap == XOVL_ENCAP_GRE || nvgre) {
		kind->gre_flags = gre_flags_sent(net, nvgre);
		gre_prepare(to, net, kind->gre_flags, nvgre);
	} else {
		outer_prepare_vxlan(to, net, port, flags);
	}
}

/* Of the pseudo-header, all but the length (RFC 768; RFC 8200, 8.1). */
static __always_inline __u16 outer_pseudo_sum(const struct xovl_path *path, __u32 flags)
{
	const void *ip = path->outer + ETH_HLEN;
	__u32 sum = bpf_htons(IPPROTO_UDP);

	if (flags & XOVL_PATH_IPV6)
		return sum_fold(sum + sum_of_words(ip + offsetof(struct ipv6hdr, saddr), 16));
	return sum_fold(sum + sum_of_words(ip + offsetof(struct iphdr, saddr), 4));
}

/* What is the same for all frames of a network's port to a next hop. */
__noinline int outer_prepare(struct xovl_path *path, const struct xovl_peer *peer, const struct xovl_nexthop *nexthop,
			     __u32 net_index, __u32 port_index)
{
	struct xovl_network *net = network_get(net_index);
	struct xovl_outer_kind kind = {};
	struct udphdr *udp;
	struct ethhdr *eth;
	__u32 flags, at;

	if (!path || !peer || !nexthop || !net)
		return 0;
	flags = outer_flags(peer, nexthop) | outer_policy(net, peer);
	eth = (void *)path->outer;
	words_copy(eth, nexthop->macs, sizeof(nexthop->macs));
	if (flags & XOVL_PATH_IPV6) {
		eth->h_proto = bpf_htons(ETH_P_IPV6);
		outer_prepare_ipv6((void *)(eth + 1), peer, net, flags & XOVL_PATH_GRE ? IPPROTO_GRE : IPPROTO_UDP);
	} else {
		eth->h_proto = bpf_htons(ETH_P_IP);
		outer_prepare_ipv4((void *)(eth + 1), peer, net, flags & XOVL_PATH_GRE ? IPPROTO_GRE : IPPROTO_UDP);
	}
	at = outer_l4(flags);
	if (!(flags & XOVL_PATH_GRE)) {
		udp = (void *)path->outer + at;
		*(__u64 *)udp = 0;
		udp->dest = peer->dstport;
		if (flags & XOVL_PATH_UDPCSUM)
			udp->check = outer_pseudo_sum(path, flags);
		at += sizeof(*udp);
	}
	kind.encap = peer->encap;
	kind.ipv6 = !!(flags & XOVL_PATH_IPV6);
	outer_prepare_tunnel((void *)path->outer + at, &kind, net, net_index, port_index, &flags);
	path->outer_len = xovl_outer_len(&kind);
	path->sport_min = net->sport_min;
	path->sport_more = net->sport_max - net->sport_min;
	path->flags = flags;
	return 0;
}

#endif

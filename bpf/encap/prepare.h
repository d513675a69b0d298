/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Prepares the outer headers of packets to a peer: Ethernet, IP, UDP if there is one, and the tunnel header. They
 * are stored in the path and are the same for all its frames; encap/write.h copies them and fills in the fields that
 * differ.
 */
#ifndef XOVL_BPF_ENCAP_PREPARE_H
#define XOVL_BPF_ENCAP_PREPARE_H

#include "packet/geneve.h"
#include "packet/gre.h"
#include "packet/vxlan.h"
#include "path/path.h"
#include "underlay/nexthop.h"

#define IP_DF 0x4000

/* Offset of the header after the outer IP header. */
#define OUTER_L4_IPV4 (ETH_HLEN + sizeof(struct iphdr))
#define OUTER_L4_IPV6 (ETH_HLEN + sizeof(struct ipv6hdr))

static __always_inline __u32 outer_l4(__u32 kind)
{
	return kind & XOVL_PATH_IPV6 ? OUTER_L4_IPV6 : OUTER_L4_IPV4;
}

#define OUTER_POLICY                                                                              \
	(XOVL_NET_TTL_INHERIT | XOVL_NET_DSCP_INHERIT | XOVL_NET_DF_UNSET | XOVL_NET_DF_INHERIT | \
	 XOVL_NET_FLOWLABEL_HASH | XOVL_NET_MSS_CLAMP)

/*
 * Returns the network's flags that each frame to the peer must follow and that the prepared headers do not already
 * contain.
 */
static __always_inline __u32 outer_policy(const struct xovl_network *net, enum xovl_encap encap)
{
	__u32 policy = OUTER_POLICY;

	if (encap == XOVL_ENCAP_VXLAN || encap == XOVL_ENCAP_GENEVE)
		policy |= XOVL_NET_UDPCSUM;
	if (encap == XOVL_ENCAP_GRE)
		policy |= XOVL_NET_CSUM | XOVL_NET_SEQ | XOVL_NET_KEYLESS;
	return net->flags & policy;
}

/*
 * Headers are written in the same words in which outer_copy() reads them: a load that spans several recent stores
 * would wait until all of them are done.
 */

/* Writes the Ethernet header. proto: EtherType. */
static __always_inline void outer_prepare_ethernet(void *to, const struct xovl_nexthop *nexthop, __be16 proto)
{
	words_copy(to, nexthop->macs, sizeof(nexthop->macs));
	*(__be16 *)(to + sizeof(nexthop->macs)) = proto;
}

/* True if the destination MAC is known. */
static __always_inline bool outer_has_lladdr(const struct xovl_path_headers *headers)
{
	return mac_read(headers->outer) != 0;
}

/* Writes the IPv4 header. The length is left 0; the checksum field holds the folded sum of all other fields. */
static __always_inline void outer_prepare_ipv4(void *to, const struct xovl_peer *peer, const struct xovl_network *net,
					       __u8 protocol)
{
	bool df = !(net->flags & (XOVL_NET_DF_UNSET | XOVL_NET_DF_INHERIT));
	__be32 first = bpf_htonl(0x45u << 24 | (__u32)net->tos << 16); /* and the length, 0 */
	__be32 fragment = df ? bpf_htonl(IP_DF) : 0;		       /* and the identification, 0 */
	__be32 ttl = bpf_htonl((__u32)net->ttl << 24 | (__u32)protocol << 16);
	__be32 saddr = peer->local.be32[3], daddr = peer->remote.be32[3];
	__u32 check = sum_fold(sum_reduce32((__u64)first + fragment + ttl + saddr + daddr));

	*(__be32 *)to = first;
	*(__u64 *)(to + 4) = word_of(fragment, ttl | check << 16);
	*(__u64 *)(to + 12) = word_of(saddr, daddr);
}

static __always_inline void outer_prepare_ipv6(void *to, const struct xovl_peer *peer, const struct xovl_network *net,
					       __u8 protocol)
{
	__be32 first = bpf_htonl(6u << 28 | (__u32)net->tos << 20 | net->flowlabel);

	*(__u64 *)to = word_of(first, bpf_htonl((__u32)protocol << 8 | net->ttl));
	words_copy(to + 8, &peer->local, sizeof(peer->local));
	words_copy(to + 24, &peer->remote, sizeof(peer->remote));
}

/* Returns NULL if the frame does not come from a port. */
static __always_inline struct xovl_port *outer_port(__u32 port_index)
{
	return bpf_map_lookup_elem(&port_table, &port_index);
}

/*
 * Writes the VXLAN header. XOVL_NET_GBP is added to policy, that of the path, if each frame's group comes from
 * skb->mark.
 */
static __always_inline void outer_prepare_vxlan(void *to, const struct xovl_network *net, __u32 port_index,
						__u32 *policy)
{
	struct xovl_port *port;
	__u32 group = 0;

	if (net->flags & XOVL_NET_GBP) {
		port = outer_port(port_index);
		if (port && (port->flags & XOVL_PORT_GROUP))
			group = port->group;
		else
			*policy |= XOVL_NET_GBP;
	}
	vxlan_prepare(to, net->id, group);
}

/* Writes the tunnel header, and fills in the facts that its length depends on. policy: see outer_prepare_vxlan(). */
static __always_inline void outer_prepare_tunnel(void *to, struct xovl_outer_kind *kind, const struct xovl_network *net,
						 __u32 net_index, __u32 port_index, __u32 *policy)
{
	bool nvgre = kind->encap == XOVL_ENCAP_NVGRE;

	if (kind->encap == XOVL_ENCAP_GENEVE) {
		kind->options_len = geneve_prepare(to, net, net_index, outer_port(port_index), port_index);
	} else if (kind->encap == XOVL_ENCAP_GRE || nvgre) {
		kind->gre_flags = gre_flags_sent(net, nvgre);
		gre_prepare(to, net, kind->gre_flags, nvgre);
	} else {
		outer_prepare_vxlan(to, net, port_index, policy);
	}
}

/* Returns the folded sum of the pseudo-header without the length (RFC 768; RFC 8200, 8.1). */
static __always_inline __u16 outer_pseudo_sum(const struct xovl_path_headers *headers, __u32 kind)
{
	const void *ip = headers->outer + ETH_HLEN;
	__u32 sum = bpf_htons(IPPROTO_UDP);

	if (kind & XOVL_PATH_IPV6)
		return sum_fold(sum + sum_of_words(ip + offsetof(struct ipv6hdr, saddr), 16));
	return sum_fold(sum + sum_of_words(ip + offsetof(struct iphdr, saddr), 4));
}

/* Returns the largest inner IP packet of a network, in bytes. */
static __always_inline __u16 network_mtu(const struct xovl_network *net)
{
	return net->mtu ? net->mtu : 0xffff;
}

/* Prepares the outer headers for all frames of the path's origin and network to a next hop. */
__noinline int outer_prepare(struct xovl_path *path, struct xovl_path_headers *headers, const struct xovl_peer *peer,
			     const struct xovl_nexthop *nexthop, const struct xovl_network *net)
{
	struct xovl_outer_kind outer = {};
	__u32 policy, kind, at;
	__u8 protocol;
	__u16 check;
	void *to;

	if (!path || !headers || !peer || !nexthop || !net)
		return 0;
	policy = outer_policy(net, peer->encap);
	kind = nexthop->path_kind;
	protocol = kind & XOVL_PATH_GRE ? IPPROTO_GRE : IPPROTO_UDP;
	to = headers->outer;
	if (kind & XOVL_PATH_IPV6) {
		outer_prepare_ethernet(to, nexthop, bpf_htons(ETH_P_IPV6));
		outer_prepare_ipv6(to + ETH_HLEN, peer, net, protocol);
	} else {
		outer_prepare_ethernet(to, nexthop, bpf_htons(ETH_P_IP));
		outer_prepare_ipv4(to + ETH_HLEN, peer, net, protocol);
	}
	at = outer_l4(kind);
	if (protocol == IPPROTO_UDP) {
		check = policy & XOVL_NET_UDPCSUM ? outer_pseudo_sum(headers, kind) : 0;
		*(__u64 *)(to + at) = word_of((__u32)peer->dstport << 16, (__u32)check << 16);
		at += sizeof(struct udphdr);
	}
	outer.encap = peer->encap;
	outer.ipv6 = !!(kind & XOVL_PATH_IPV6);
	outer_prepare_tunnel(to + at, &outer, net, path->net, path->origin, &policy);
	headers->outer_len = xovl_outer_len(&outer);
	headers->mtu_network = network_mtu(net);
	headers->sport_min = net->sport_min;
	headers->sport_more = net->sport_max - net->sport_min;
	path->policy = policy;
	path->kind = kind;
	return 0;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Path MTU of the underlay (RFC 1191, RFC 8201): routers tell the sender of a packet that does not fit. The kernel takes such
 * a message for one of its sockets, and there is none behind our packets; so the datapath reads along.
 */
#ifndef XOVL_BPF_PMTU_H
#define XOVL_BPF_PMTU_H

#include "clock.h"
#include "decap.h"
#include "maps.h"

/*
 * As the kernel has it by default: how long it is believed, and the least that is (net.ipv4.route.mtu_expires, min_pmtu; RFC
 * 8200, 5).
 */
#define PMTU_VALID_NS (600 * NSEC_PER_SEC)
#define PMTU_MIN_IPV4 552
#define PMTU_MIN_IPV6 1280

/*
 * Octets, outer IP header included; 0: nobody has said. From the first question on, messages about the peer are believed. Key and
 * first entry stand in the scratch, as the stack has no room for them.
 */
static __always_inline __u32 pmtu_get(const struct xovl_peer *peer)
{
	struct scratch *scratch = scratch_get();
	struct xovl_pmtu *pmtu, *first;

	if (!scratch)
		return 0;
	words_copy(scratch->octets, &peer->remote, sizeof(peer->remote));
	words_copy(scratch->octets + sizeof(peer->remote), &peer->local, sizeof(peer->local));
	pmtu = bpf_map_lookup_elem(&pmtus, scratch->octets);
	if (!pmtu) {
		first = (void *)scratch->octets + sizeof(struct xovl_pmtu_key);
		first->expires = first->mtu = first->pad = 0;
		bpf_map_update_elem(&pmtus, scratch->octets, first, BPF_NOEXIST);
		return 0;
	}
	return pmtu->mtu && (__s64)(pmtu->expires - bpf_jiffies64()) > 0 ? pmtu->mtu : 0;
}

#ifdef XOVL_CARRIER_XDP

static __always_inline void pmtu_learn(ctx_t *ctx)
{
}

#else

/*
 * The message quotes a packet of ours: is it one, by where it comes from, where it went and what it is? ports: source and
 * destination of UDP. Nobody can say that a path has become larger (RFC 1191, section 3; RFC 8201, section 4).
 */
static __always_inline void pmtu_put(ctx_t *ctx, const struct xovl_pmtu_key *quoted, __u8 protocol, __be32 ports,
				     __u32 mtu)
{
	struct xovl_endpoint_key endpoint = {.local = quoted->local};
	struct xovl_pmtu *pmtu;
	__u64 now = bpf_jiffies64();

	if (!is_tunnel_protocol(protocol) || !uplink_is_here(ctx))
		return;
	endpoint.service = xovl_service(protocol, protocol == IPPROTO_UDP ? ports >> 16 : 0);
	if (!bpf_map_lookup_elem(&endpoints, &endpoint))
		return;
	pmtu = bpf_map_lookup_elem(&pmtus, quoted);
	if (!pmtu || (pmtu->mtu && pmtu->mtu < mtu && (__s64)(pmtu->expires - now) > 0))
		return;
	pmtu->mtu = mtu;
	pmtu->expires = now + jiffies_of(PMTU_VALID_NS);
}

/* Destination unreachable, fragmentation needed (RFC 1191, section 4), and what it quotes. */
struct pmtu_ipv4 {
	struct xovl_icmp icmp;
	struct iphdr ip;
	__be32 ports;
};

static __always_inline void pmtu_learn_ipv4(ctx_t *ctx, const struct frame *f)
{
	const struct iphdr *ip = f->data + ETH_HLEN;
	struct xovl_pmtu_key key;
	const struct pmtu_ipv4 *message;
	__u32 mtu;

	if ((void *)(ip + 1) > f->end || ip->protocol != IPPROTO_ICMP || ip->ihl < 5)
		return;
	message = (void *)ip + ip->ihl * 4;
	if ((void *)(message + 1) > f->end || message->icmp.type != XOVL_ICMP_UNREACHABLE ||
	    message->icmp.code != XOVL_ICMP_FRAG_NEEDED || message->ip.ihl != 5 || message->ip.saddr != ip->daddr)
		return;
	mtu = bpf_ntohl(message->icmp.mtu) & 0xffff;
	addr_from_ipv4(&key.local, message->ip.saddr);
	addr_from_ipv4(&key.remote, message->ip.daddr);
	pmtu_put(ctx, &key, message->ip.protocol, message->ports, mtu < PMTU_MIN_IPV4 ? PMTU_MIN_IPV4 : mtu);
}

/* Packet too big (RFC 4443, section 3.2), and what it quotes. */
struct pmtu_ipv6 {
	struct xovl_icmp icmp;
	struct ipv6hdr ip;
	__be32 ports;
};

static __always_inline void pmtu_learn_ipv6(ctx_t *ctx, const struct frame *f)
{
	const struct ipv6hdr *ip = f->data + ETH_HLEN;
	const struct pmtu_ipv6 *message = (void *)(ip + 1);
	struct xovl_pmtu_key key;
	struct xovl_addr to;
	__u32 mtu;

	if ((void *)(message + 1) > f->end || ip->nexthdr != IPPROTO_ICMPV6 ||
	    message->icmp.type != XOVL_ICMPV6_TOO_BIG)
		return;
	mtu = bpf_ntohl(message->icmp.mtu);
	addr_from_ipv6(&to, &ip->daddr);
	addr_from_ipv6(&key.local, &message->ip.saddr);
	addr_from_ipv6(&key.remote, &message->ip.daddr);
	if ((to.words[0] ^ key.local.words[0]) | (to.words[1] ^ key.local.words[1]))
		return;
	pmtu_put(ctx, &key, message->ip.nexthdr, message->ports, mtu < PMTU_MIN_IPV6 ? PMTU_MIN_IPV6 : mtu);
}

/* Of a packet to this host that goes on to the kernel. */
__noinline int pmtu_learn(ctx_t *ctx)
{
	struct frame f = {};

	frame_reload(ctx, &f);
	if (f.data + ETH_HLEN > f.end)
		return 0;
	if (frame_ethertype(&f) == bpf_htons(ETH_P_IP))
		pmtu_learn_ipv4(ctx, &f);
	else if (frame_ethertype(&f) == bpf_htons(ETH_P_IPV6))
		pmtu_learn_ipv6(ctx, &f);
	return 0;
}

#endif

#endif

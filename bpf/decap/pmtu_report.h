/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reads ICMP "packet too big" reports about our tunnel packets. A router sends one to the sender of a packet that
 * does not fit; the kernel looks for a socket that sent it and finds none, so the datapath reads it too. Anybody can
 * forge a report. It is believed only if it quotes a packet that we may have sent just now (RFC 5927, section 4.1),
 * its tunnel header included; never below a floor; and at a limited rate.
 */
#ifndef XOVL_BPF_DECAP_PMTU_REPORT_H
#define XOVL_BPF_DECAP_PMTU_REPORT_H

#include "decap/tunnel.h"
#include "encap/prepare.h"
#include "packet/checksum.h"
#include "underlay/pmtu.h"

/* How long a report is valid, in seconds, as in the kernel (net.ipv4.route.mtu_expires; RFC 8201, 5.4). */
#define PMTU_VALID 600
/* A path's MTU is lowered at most once in this time. */
#define PMTU_LOWER_NS NSEC_PER_SEC
/* A report is believed only within this time after a packet, in seconds. Next hops are looked up twice a second. */
#define PMTU_RECENT 10
/*
 * The longest report that is read, in bytes. Routers quote so much that it has 576 or 1280 (RFC 1812, 4.3.2.3; RFC
 * 4443, 2.4).
 */
#define PMTU_MESSAGE_MAX 1500
/*
 * Bytes that are read: Ethernet, IP with options, ICMP, quoted IPv6, UDP or GRE with all its fields, a tunnel
 * header.
 */
#define PMTU_HEADERS_MAX (ETH_HLEN + 60 + 8 + 40 + 16)
/* The least MTU of IPv6, in bytes (RFC 8201, section 4). */
#define PMTU_MIN_IPV6 1280
/*
 * A report. The quoted packet's headers are in packet_get(), as if the packet had come from the peer. Per CPU:
 * handed over between functions that the verifier checks once each.
 */
struct pmtu_report {
	struct xovl_addr from, to; /* addresses of the report */
	struct xovl_pmtu_key key;  /* names the peer, from the quoted packet */
	__u32 icmp;		   /* offset of the ICMP header */
	__u32 icmp_len;		   /* bytes from there on, by the IP header */
	__u32 mtu;
	__u32 packet_len; /* total length of the quoted packet, by its IP header */
	__u32 quoted_len; /* bytes quoted after the quoted IP header */
	__u32 floor;	  /* the least MTU that is believed */
	__u16 sport;	  /* quoted UDP source port, host byte order */
	bool ipv6;
	bool credible; /* believable; its checksum is not checked yet */
	/* the packet must not reach the kernel: its tunnel device has the port */
	bool must_drop;
};

XOVL_PERCPU_ARRAY(pmtu_reports, struct pmtu_report, 1);

static __always_inline struct pmtu_report *pmtu_report(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&pmtu_reports, &zero);
}

static __always_inline bool pmtu_read_ipv4(const struct frame *f, struct pmtu_report *report, __u8 *protocol)
{
	const struct iphdr *ip = f->data + ETH_HLEN, *quoted;
	const struct xovl_icmp *icmp;

	if ((void *)(ip + 1) > f->end || ip->version != 4 || ip->ihl < 5 || ip->protocol != IPPROTO_ICMP)
		return false;
	if ((ip->frag_off & bpf_htons(IP_FRAG_MORE | IP_FRAG_OFFSET)) || !ipv4_checksum_is_good(f, ip))
		return false;
	report->icmp = ETH_HLEN + ip->ihl * 4;
	report->icmp_len = bpf_ntohs(ip->tot_len) - ip->ihl * 4;
	icmp = f->data + outer_offset(report->icmp);
	quoted = (void *)(icmp + 1);
	if ((void *)(quoted + 1) > f->end || icmp->type != XOVL_ICMP_UNREACHABLE || icmp->code != XOVL_ICMP_FRAG_NEEDED)
		return false;
	/* routers fragment packets without DF instead */
	if (quoted->version != 4 || quoted->ihl != 5 || quoted->frag_off != bpf_htons(IP_DF))
		return false;
	report->mtu = bpf_ntohl(icmp->mtu) & 0xffff;
	report->packet_len = bpf_ntohs(quoted->tot_len);
	*protocol = quoted->protocol;
	addr_from_ipv4(&report->from, ip->saddr);
	addr_from_ipv4(&report->to, ip->daddr);
	addr_from_ipv4(&report->key.local, quoted->saddr);
	addr_from_ipv4(&report->key.remote, quoted->daddr);
	return true;
}

static __always_inline bool pmtu_read_ipv6(const struct frame *f, struct pmtu_report *report, __u8 *protocol)
{
	const struct ipv6hdr *ip = f->data + ETH_HLEN, *quoted;
	const struct xovl_icmp *icmp = (void *)(ip + 1);

	quoted = (void *)(icmp + 1);
	if ((void *)(quoted + 1) > f->end || ip->version != 6 || ip->nexthdr != IPPROTO_ICMPV6)
		return false;
	if (icmp->type != XOVL_ICMPV6_TOO_BIG || quoted->version != 6)
		return false;
	report->icmp = ETH_HLEN + sizeof(*ip);
	report->icmp_len = bpf_ntohs(ip->payload_len);
	report->mtu = bpf_ntohl(icmp->mtu);
	report->packet_len = sizeof(*quoted) + bpf_ntohs(quoted->payload_len);
	report->ipv6 = true;
	*protocol = quoted->nexthdr;
	addr_from_ipv6(&report->from, &ip->saddr);
	addr_from_ipv6(&report->to, &ip->daddr);
	addr_from_ipv6(&report->key.local, &quoted->saddr);
	addr_from_ipv6(&report->key.remote, &quoted->daddr);
	return true;
}

/*
 * Reads UDP or GRE and the tunnel header of the quoted packet, as far as quoted. Returns false if the quote is too
 * short to name the peer.
 */
static __always_inline bool pmtu_read_tunnel(const struct frame *f, struct pmtu_report *report, struct outer *outer,
					     __u8 protocol)
{
	__u32 header = report->ipv6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	const struct udphdr *udp;
	__u32 least;

	outer->l4 = report->icmp + sizeof(struct xovl_icmp) + header;
	outer->l4_len = report->packet_len - header;
	least = sizeof(struct xovl_icmp) + header;
	least += protocol == IPPROTO_GRE ? sizeof(struct xovl_gre) : sizeof(struct udphdr);
	report->quoted_len = report->icmp + report->icmp_len - outer->l4;
	if (report->icmp_len < least || report->packet_len < header)
		return false;
	outer->id.tunnel.local = report->key.local;
	outer->id.tunnel.remote = report->key.remote;
	if (protocol == IPPROTO_GRE)
		return outer_gre(f, outer);
	udp = f->data + outer_offset(outer->l4);
	if (protocol != IPPROTO_UDP || (void *)(udp + 1) > f->end)
		return false;
	report->sport = bpf_ntohs(udp->source);
	return outer_udp(f, outer);
}

/* Reads the packet as a report. Returns false if it is none, or was not sent to the quoted packet's sender. */
__noinline int pmtu_read(ctx_t *ctx)
{
	struct pmtu_report *report = pmtu_report();
	struct packet *packet = packet_get();
	struct frame f = {};
	__u8 protocol = 0;
	bool found = false;

	if (!report || !packet || !uplink_has_vlan(ctx))
		return false;
	__builtin_memset(report, 0, sizeof(*report));
	__builtin_memset(&packet->outer, 0, sizeof(packet->outer));
	frame_reach(ctx, &f, PMTU_HEADERS_MAX);
	if (underlay_ethertype(&f, ETH_HLEN) == bpf_htons(ETH_P_IP))
		found = pmtu_read_ipv4(&f, report, &protocol);
	else if (underlay_ethertype(&f, ETH_HLEN) == bpf_htons(ETH_P_IPV6))
		found = pmtu_read_ipv6(&f, report, &protocol);
	if (!found || report->icmp_len > PMTU_MESSAGE_MAX || report->icmp + report->icmp_len > hook_len(ctx))
		return false;
	if ((report->to.words[0] ^ report->key.local.words[0]) | (report->to.words[1] ^ report->key.local.words[1]))
		return false;
	if (!pmtu_read_tunnel(&f, report, &packet->outer, protocol))
		return false;
	report->key.service = outer_service(&packet->outer.id);
	return true;
}

/* True if a router can have that address: not unspecified, loopback, multicast, broadcast or reserved. */
static __always_inline bool addr_is_unicast(const struct xovl_addr *addr)
{
	__u8 first = addr->bytes[0];

	if (!addr_is_ipv4(addr))
		return addr->words[0] && first != 0xff;
	first = addr->bytes[12];
	return first && first != 127 && first < 224;
}

/* True if the report comes from an address that a router can have and that is not one of our own. */
static __always_inline bool pmtu_is_from_router(const struct pmtu_report *report)
{
	struct xovl_endpoint_key own = {.local = report->from, .service = report->key.service};

	return addr_is_unicast(&report->from) && !bpf_map_lookup_elem(&endpoints, &own);
}

/* True if packets of one of the buckets from first to last were sent just now. */
static __always_inline bool pmtu_is_recent(const struct xovl_pmtu *pmtu, __u32 first, __u32 last, __u32 now)
{
	for (__u32 bucket = 0; bucket < XOVL_NEXTHOP_BUCKETS; bucket++)
		if (bucket >= first && bucket <= last && pmtu->asked[bucket] &&
		    now - pmtu->asked[bucket] <= PMTU_RECENT)
			return true;
	return false;
}

/*
 * True if packets of a flow with that source port, of the range min to max, were sent just now. Reverses
 * outer_sport() and nexthop_bucket().
 */
static __always_inline bool pmtu_sport_is_recent(const struct xovl_pmtu *pmtu, __u32 sport, __u32 min, __u32 max,
						 __u32 now)
{
	__u32 nr = max - min + 1, nth = sport - min;

	return sport >= min && sport <= max &&
	       pmtu_is_recent(pmtu, nth * XOVL_NEXTHOP_BUCKETS / nr, ((nth + 1) * XOVL_NEXTHOP_BUCKETS - 1) / nr, now);
}

/* True if the network sends tunnel headers such as the quoted one. GENEVE options are not compared. */
static __always_inline bool pmtu_header_is_sent(const struct outer *outer, const struct xovl_network *net,
						enum xovl_encap encap)
{
	__u32 first = bpf_ntohl((__u32)outer->id.header), varies = 0, fixed = XOVL_VXLAN_I;

	if (outer_is_gre(outer))
		return first == ((__u32)gre_flags_sent(net, encap == XOVL_ENCAP_NVGRE) << 16 | XOVL_PROTOCOL_ETHERNET);
	if (outer_is_geneve(outer)) {
		fixed = XOVL_PROTOCOL_ETHERNET;
		varies = (__u32)XOVL_GENEVE_OPT_LEN << 24 | (__u32)XOVL_GENEVE_C << 16;
	} else if (net->flags & XOVL_NET_GBP) {
		varies = XOVL_VXLAN_G | XOVL_VXLAN_GROUP;
	}
	return (first & ~varies) == fixed && !(outer->id.header >> 56);
}

/*
 * True if the quoted tunnel header belongs to a network that sends to the peer, in a flow of which packets were sent
 * just now.
 */
static __always_inline bool pmtu_is_of_network(const struct pmtu_report *report, const struct xovl_pmtu *pmtu,
					       struct packet *packet, __u32 now)
{
	const struct outer *outer = &packet->outer;
	enum xovl_encap encap = XOVL_ENCAP_NONE;
	struct xovl_network *net = NULL;
	struct xovl_peer *peer;
	__u32 bucket;

	if (tunnel_of_packet(&packet->frame, outer, &encap))
		net = network_get(packet->frame.net_index);
	if (!net || !pmtu_header_is_sent(outer, net, encap) || !tunnel_peer_get(&packet->frame, &report->key.remote))
		return false;
	peer = peer_get(packet->frame.origin);
	if (!peer || peer->encap != encap || peer->dstport != outer->id.dport ||
	    peer->local.words[0] != report->key.local.words[0] || peer->local.words[1] != report->key.local.words[1])
		return false;
	if (!outer_is_gre(outer))
		return pmtu_sport_is_recent(pmtu, report->sport, net->sport_min, net->sport_max, now);
	if (encap != XOVL_ENCAP_NVGRE)
		return pmtu_is_recent(pmtu, 0, XOVL_NEXTHOP_BUCKETS - 1, now);
	bucket = outer->id.header >> 60; /* the FlowID is the key's last byte */
	return pmtu_is_recent(pmtu, bucket, bucket, now);
}

/*
 * Returns the number of bytes up to the end of the network's identifier: UDP and the VXLAN or GENEVE header, or GRE
 * with its key if it has one.
 */
static __always_inline __u32 pmtu_header_len(const struct outer *outer)
{
	if (!outer_is_gre(outer))
		return sizeof(struct udphdr) + sizeof(struct xovl_vxlan);
	return gre_sequence_at(gre_flags(outer));
}

/*
 * True if the report quotes a packet that we may have sent just now and that was too big. A quote that ends before
 * the network's identifier could be of anybody's packet, so it is not believed; the kernel's tunnels do the same.
 */
static __always_inline bool pmtu_is_credible(const struct pmtu_report *report, const struct xovl_pmtu *pmtu,
					     struct packet *packet)
{
	if (packet->outer.malformed || report->packet_len <= report->mtu || !pmtu_is_from_router(report))
		return false;
	if (report->mtu > IP_LEN_MAX || (report->ipv6 && report->mtu < PMTU_MIN_IPV6))
		return false;
	return report->quoted_len >= pmtu_header_len(&packet->outer) &&
	       pmtu_is_of_network(report, pmtu, packet, pmtu_now());
}

/* Compares the report with the packets that we send. Returns false if nothing is sent to the quoted peer. */
__noinline int pmtu_check(void)
{
	struct xovl_endpoint_key endpoint_key = {};
	struct pmtu_report *report = pmtu_report();
	struct packet *packet = packet_get();
	struct xovl_endpoint *endpoint;
	struct xovl_pmtu *pmtu;

	if (!report || !packet)
		return false;
	endpoint_key.local = report->key.local;
	endpoint_key.service = report->key.service;
	endpoint = bpf_map_lookup_elem(&endpoints, &endpoint_key);
	report->must_drop = endpoint && endpoint->device;
	pmtu = bpf_map_lookup_elem(&pmtus, &report->key);
	if (!pmtu)
		return false;
	if (endpoint && endpoint->pmtu_floor) {
		report->floor = endpoint->pmtu_floor;
		report->credible = pmtu_is_credible(report, pmtu, packet);
	}
	return true;
}

static __always_inline bool pmtu_checksum_is_good(ctx_t *ctx, const struct pmtu_report *report)
{
	__u32 sum = 0;

	if (report->ipv6)
		sum = pseudo_sum(&report->from, &report->to, IPPROTO_ICMPV6, report->icmp_len);
	return packet_sum(ctx, report->icmp, report->icmp + report->icmp_len, sum) == 0xffff;
}

/*
 * Lowers the path's MTU or extends its validity; a report never raises it (RFC 1191, section 3; RFC 8201, section
 * 4). Returns false if it was lowered a moment ago. Only one CPU lowers it at a time. (Thousands of new entries
 * could meanwhile have made the LRU map reuse this entry for another peer; its MTU is then still not below the
 * floor.)
 */
static __always_inline bool pmtu_lower(struct xovl_pmtu *pmtu, const struct pmtu_report *report)
{
	__u32 mtu = report->mtu < report->floor ? report->floor : report->mtu;
	__u64 lowered = pmtu->lowered, now = bpf_ktime_get_coarse_ns();

	if (!pmtu->mtu || pmtu->expires <= pmtu_now() || mtu < pmtu->mtu) {
		if (lowered && now - lowered < PMTU_LOWER_NS)
			return false;
		if (__sync_val_compare_and_swap(&pmtu->lowered, lowered, now) != lowered)
			return false;
		pmtu->from = report->from;
		pmtu->reported = report->mtu;
		pmtu->mtu = mtu;
	}
	if (mtu == pmtu->mtu)
		pmtu->expires = pmtu_now() + PMTU_VALID;
	return true;
}

/*
 * Believes the report if its checksum is correct, which is checked last because it costs most. Counts it as believed
 * or refused.
 */
__noinline int pmtu_believe(ctx_t *ctx)
{
	struct pmtu_report *report = pmtu_report();
	struct xovl_pmtu *pmtu;

	if (!report)
		return 0;
	pmtu = bpf_map_lookup_elem(&pmtus, &report->key);
	if (!pmtu || shadow)
		return 0;
	if (report->credible && pmtu_checksum_is_good(ctx, report) && pmtu_lower(pmtu, report))
		__sync_fetch_and_add(&pmtu->believed, 1);
	else
		__sync_fetch_and_add(&pmtu->refused, 1);
	return 0;
}

/*
 * Learns from a packet to this host, if it is a report. Returns true if the packet must be dropped: the kernel would
 * believe any report about a port of its own tunnel device and lower its route's MTU. The steps are called one after
 * another, not from each other, because the stack is scarce here.
 */
static __always_inline bool pmtu_learn(ctx_t *ctx)
{
	struct pmtu_report *report;

	if (!pmtu_read(ctx) || !ingress_in_netns(ctx))
		return false;
	if (pmtu_check())
		pmtu_believe(ctx);
	report = pmtu_report();
	return report && report->must_drop;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Port security: what the tenant of a guarded port may send. mac-guard and ip-guard bind MACs and addresses to the
 * port, in the headers and in what ARP and Neighbour Discovery claim; dhcp-guard and ra-guard refuse what only servers
 * and routers send. TC only: XDP leaves frames from guarded ports that have no cached path to it.
 */
#ifndef XOVL_BPF_L2_SECURITY_H
#define XOVL_BPF_L2_SECURITY_H

#include "l2/reserved.h"
#include "maps/security.h"
#include "packet/packet.h"
#include "path/source.h"

#define DHCP_SERVER 67

#define ARPHRD_ETHER 1 /* from linux/if_arp.h, which does not compile for BPF */

#define ND_ROUTER_SOLICITATION 133 /* RFC 4861, section 4 */
#define ND_ROUTER_ADVERTISEMENT 134
#define ND_NEIGHBOUR_SOLICITATION 135
#define ND_NEIGHBOUR_ADVERTISEMENT 136
#define ND_REDIRECT 137
#define ND_SOURCE_LINK_ADDRESS 1
#define ND_TARGET_LINK_ADDRESS 2
#define ND_OPTIONS_MAX 8

#define MLD_REPORT 131 /* RFC 2710 */
#define MLD_DONE 132
#define MLD2_REPORT 143 /* RFC 3810 */

#define NO_END 0xffffffff /* claim->end: no fragment */

#define EXTENSIONS_MAX 8 /* IPv6 extension headers that are read */

/* Reads what stands at claim->at. Returns false if the packet ends before. */
static __always_inline bool claim_read(ctx_t *ctx, const struct claim *claim, void *to, __u32 len)
{
	return claim->at + len <= claim->end && !hook_load(ctx, claim->at, to, len);
}

static __always_inline bool ipv4_is_allowed(const struct claim *claim, __be32 ipv4)
{
	struct xovl_addr address;

	addr_from_ipv4(&address, ipv4);
	return !(claim->guards & XOVL_PORT_GUARD_IP) || port_has_address(claim->port, false, &address);
}

static __always_inline bool ipv6_is_allowed(const struct claim *claim, const struct xovl_addr *address)
{
	struct xovl_addr own = {};

	if (!(claim->guards & XOVL_PORT_GUARD_IP) || port_has_address(claim->port, true, address))
		return true;
	if (!(claim->guards & XOVL_PORT_GUARD_LINK_LOCAL))
		return false;
	addr_from_mac(&own, claim->mac);
	return own.words[0] == address->words[0] && own.words[1] == address->words[1];
}

/* True if the MAC that ARP or Neighbour Discovery claims is the frame's own. */
static __always_inline bool mac_is_own(const struct claim *claim, mac_t mac)
{
	return !(claim->guards & (XOVL_PORT_GUARD_MAC | XOVL_PORT_GUARD_IP)) || mac == claim->mac;
}

/* Hardware and protocol of ARP for IPv4 over Ethernet, and the lengths of their addresses: the first six bytes. */
#define ARP_HEAD ((__u64)bpf_htons(ARPHRD_ETHER) | (__u64)bpf_htons(ETH_P_IP) << 16 | 6ull << 32 | 4ull << 40)
#define SIX_BYTES 0xffffffffffffull

/* Offsets in ARP. */
#define ARP_SENDER_MAC 8
#define ARP_SENDER_IP 14
#define ARP_TARGET_IP 24

/*
 * ARP and RARP (RFC 826, RFC 903). An ARP probe has no sender address; it is the first step of a claim of its target
 * (RFC 5227, section 2.1.1).
 */
static __always_inline enum xovl_reason security_arp(ctx_t *ctx, const struct claim *claim, bool reverse)
{
	__u64 head, sender;
	__be32 ipv4;

	if (!(claim->guards & (XOVL_PORT_GUARD_MAC | XOVL_PORT_GUARD_IP)))
		return XOVL_REASON_NONE;
	if (hook_load(ctx, claim->at, &head, sizeof(head)) || (head & SIX_BYTES) != ARP_HEAD ||
	    hook_load(ctx, claim->at + ARP_SENDER_MAC, &sender, sizeof(sender)) ||
	    hook_load(ctx, claim->at + ARP_SENDER_IP, &ipv4, sizeof(ipv4)))
		return XOVL_REASON_GUARD_UNREADABLE;
	if (!mac_is_own(claim, sender & SIX_BYTES))
		return XOVL_REASON_MAC_GUARD;
	if (reverse)
		return XOVL_REASON_NONE;
	if (!ipv4 && hook_load(ctx, claim->at + ARP_TARGET_IP, &ipv4, sizeof(ipv4)))
		return XOVL_REASON_GUARD_UNREADABLE;
	return ipv4_is_allowed(claim, ipv4) ? XOVL_REASON_NONE : XOVL_REASON_IP_GUARD;
}

/* A host without an address sends DHCP (RFC 2131, section 4.1) and IGMP (RFC 3376, section 4.2.13) from 0.0.0.0. */
static __always_inline enum xovl_reason security_ipv4(ctx_t *ctx, struct claim *claim)
{
	bool needs_no_address;
	__be16 ports[2];
	struct iphdr ip;

	if (hook_load(ctx, claim->at, &ip, sizeof(ip)) || ip.version != 4 || ip.ihl < 5)
		return XOVL_REASON_GUARD_UNREADABLE;
	needs_no_address = ip.protocol == IPPROTO_IGMP;
	if (ip.protocol == IPPROTO_UDP && !(ip.frag_off & bpf_htons(0x1fff))) {
		if (hook_load(ctx, claim->at + ip.ihl * 4, ports, sizeof(ports)))
			return XOVL_REASON_GUARD_UNREADABLE;
		if ((claim->guards & XOVL_PORT_GUARD_DHCP) && dport_is_dhcp_client(ports[1], false))
			return XOVL_REASON_DHCP_GUARD;
		needs_no_address = ports[0] == bpf_htons(DHCP_CLIENT) && ports[1] == bpf_htons(DHCP_SERVER);
	}
	if ((!ip.saddr && needs_no_address) || ipv4_is_allowed(claim, ip.saddr))
		return XOVL_REASON_NONE;
	return XOVL_REASON_IP_GUARD;
}

/*
 * Returns the protocol behind the extension headers, and moves claim->at to its header; IPPROTO_FRAGMENT in a fragment
 * that is not the first, PROTOCOL_UNREADABLE if the headers cannot be read. packet_end: end of the packet by its header.
 */
#define PROTOCOL_UNREADABLE 255 /* reserved (RFC 5237) */

static __always_inline __u8 security_skip_extensions(ctx_t *ctx, struct claim *claim, __u8 protocol, __u32 packet_end)
{
	struct {
		__u8 next, len;
		__be16 fragment;
	} header;

#pragma nounroll
	for (int i = 0; i < EXTENSIONS_MAX; i++) {
		if (protocol != IPPROTO_HOPOPTS && protocol != IPPROTO_ROUTING && protocol != IPPROTO_DSTOPTS &&
		    protocol != IPPROTO_FRAGMENT && protocol != IPPROTO_AH)
			return protocol;
		if (!claim_read(ctx, claim, &header, sizeof(header)))
			return PROTOCOL_UNREADABLE;
		if (protocol == IPPROTO_FRAGMENT && (header.fragment & bpf_htons(0xfff8)))
			return IPPROTO_FRAGMENT;
		if (protocol == IPPROTO_FRAGMENT) {
			claim->end = packet_end;
			claim->at += 8;
		} else {
			claim->at += protocol == IPPROTO_AH ? (header.len + 2) * 4 : (header.len + 1) * 8;
		}
		protocol = header.next;
	}
	return PROTOCOL_UNREADABLE;
}

/* Checks that the link-layer addresses in the options at claim->at are the frame's own source (RFC 4861, section 4.6). */
static __always_inline enum xovl_reason security_nd_options(ctx_t *ctx, struct claim *claim)
{
	__u64 option; /* type, length in units of 8 bytes, MAC */
	__u8 type, len;

#pragma nounroll
	for (int i = 0; i < ND_OPTIONS_MAX; i++) {
		if (!claim_read(ctx, claim, &option, sizeof(option)))
			return XOVL_REASON_NONE; /* the end */
		type = option;
		len = option >> 8;
		if (!len)
			break;
		if ((type == ND_SOURCE_LINK_ADDRESS || type == ND_TARGET_LINK_ADDRESS) &&
		    !mac_is_own(claim, option >> 16))
			return XOVL_REASON_MAC_GUARD;
		claim->at += len * 8;
	}
	return XOVL_REASON_GUARD_UNREADABLE;
}

/* Neighbour Discovery. Who asks from :: claims the target: duplicate address detection (RFC 4862, section 5.4). */
static __always_inline enum xovl_reason security_neighbour(ctx_t *ctx, struct claim *claim, __u8 type)
{
	struct xovl_addr target;

	claim->at += 8;
	if (!claim_read(ctx, claim, &target, sizeof(target)))
		return XOVL_REASON_GUARD_UNREADABLE;
	if ((type == ND_NEIGHBOUR_ADVERTISEMENT || claim->unspecified) && !ipv6_is_allowed(claim, &target))
		return XOVL_REASON_IP_GUARD;
	claim->at += sizeof(target);
	return security_nd_options(ctx, claim);
}

/* True for messages that a host may send from :: (RFC 4861, section 4.1; RFC 4862; RFC 3590). */
static __always_inline bool icmpv6_needs_no_address(__u8 type)
{
	return type == ND_ROUTER_SOLICITATION || type == ND_NEIGHBOUR_SOLICITATION || type == MLD_REPORT ||
	       type == MLD_DONE || type == MLD2_REPORT;
}

/* Checks what is behind the headers of an IPv6 packet. *from_nobody: may come from ::. */
static __always_inline enum xovl_reason security_upper(ctx_t *ctx, struct claim *claim, __u8 protocol,
						       bool *from_nobody)
{
	__be16 ports[2];
	__u8 type;

	if (protocol == PROTOCOL_UNREADABLE)
		return XOVL_REASON_GUARD_UNREADABLE;
	if (protocol == IPPROTO_UDP) {
		if (!claim_read(ctx, claim, ports, sizeof(ports)))
			return XOVL_REASON_GUARD_UNREADABLE;
		return (claim->guards & XOVL_PORT_GUARD_DHCP) && dport_is_dhcp_client(ports[1], true)
			       ? XOVL_REASON_DHCP_GUARD
			       : XOVL_REASON_NONE;
	}
	if (protocol != IPPROTO_ICMPV6)
		return XOVL_REASON_NONE;
	if (!claim_read(ctx, claim, &type, sizeof(type)))
		return XOVL_REASON_GUARD_UNREADABLE;
	*from_nobody = icmpv6_needs_no_address(type);
	if (claim->end != NO_END && type >= ND_ROUTER_SOLICITATION && type <= ND_REDIRECT)
		return XOVL_REASON_GUARD_UNREADABLE; /* never in fragments (RFC 6980) */
	if ((claim->guards & XOVL_PORT_GUARD_RA) && (type == ND_ROUTER_ADVERTISEMENT || type == ND_REDIRECT))
		return XOVL_REASON_RA_GUARD;
	if (type == ND_NEIGHBOUR_SOLICITATION || type == ND_NEIGHBOUR_ADVERTISEMENT)
		return security_neighbour(ctx, claim, type);
	return XOVL_REASON_NONE;
}

static __always_inline enum xovl_reason security_ipv6(ctx_t *ctx, struct claim *claim)
{
	bool from_nobody = false;
	enum xovl_reason reason;
	struct xovl_addr source;
	__u8 head[8], protocol;
	__u32 packet_end;

	if (hook_load(ctx, claim->at, head, sizeof(head)) || head[0] >> 4 != 6 ||
	    hook_load(ctx, claim->at + offsetof(struct ipv6hdr, saddr), &source, sizeof(source)))
		return XOVL_REASON_GUARD_UNREADABLE;
	claim->unspecified = !(source.words[0] | source.words[1]);
	claim->at += sizeof(struct ipv6hdr);
	packet_end = claim->at + (head[4] << 8 | head[5]); /* payload_len */
	protocol = security_skip_extensions(ctx, claim, head[offsetof(struct ipv6hdr, nexthdr)], packet_end);
	reason = security_upper(ctx, claim, protocol, &from_nobody);
	if (reason)
		return reason;
	if ((claim->unspecified && from_nobody) || ipv6_is_allowed(claim, &source))
		return XOVL_REASON_NONE;
	return XOVL_REASON_IP_GUARD;
}

/*
 * True if a packet may be hidden: behind a tag that is not 802.1Q's, or behind LLC and SNAP, which some stacks take for
 * an EtherType (CVE-2021-27854).
 */
static __always_inline bool security_is_hidden(ctx_t *ctx, const struct claim *claim, __be16 proto)
{
	__be16 saps;

	if (ethertype_is_vlan(proto) || proto == bpf_htons(0x9100) || proto == bpf_htons(0x9200))
		return true;
	return bpf_ntohs(proto) < ETHERTYPE_MIN && !hook_load(ctx, claim->at, &saps, sizeof(saps)) &&
	       saps == bpf_htons(0xaaaa);
}

/* Returns the EtherType behind the tags, and moves claim->at behind it. Returns a VLAN EtherType if there are too many. */
static __always_inline __be16 security_untag(ctx_t *ctx, struct claim *claim)
{
	__be16 proto = 0;

	claim->at = 2 * ETH_ALEN;
#pragma nounroll
	for (int nr_tags = 0; nr_tags <= FLOW_TAGS_MAX; nr_tags++) {
		if (hook_load(ctx, claim->at, &proto, sizeof(proto)))
			return 0;
		claim->at += sizeof(proto);
		if (!ethertype_is_vlan(proto))
			break;
		claim->at += sizeof(proto);
	}
	return proto;
}

/* Checks the frame from the guarded port packet->frame.origin. Returns the drop reason or XOVL_REASON_NONE. */
__noinline int security_check(ctx_t *ctx)
{
	struct packet *packet = packet_get();
	struct xovl_port *port;
	struct claim *claim;
	__u32 index;
	__be16 proto;

	if (!packet)
		return XOVL_REASON_NONE;
	index = packet->frame.origin;
	port = bpf_map_lookup_elem(&port_table, &index);
	if (!port)
		return XOVL_REASON_STALE_TARGET;
	claim = &packet->claim;
	claim->mac = packet->frame.src;
	claim->port = index;
	claim->guards = port->flags;
	claim->end = NO_END;
	if ((claim->guards & XOVL_PORT_GUARD_MAC) && !port_has_mac(index, claim->mac))
		return XOVL_REASON_MAC_GUARD;
	proto = security_untag(ctx, claim);
	if (security_is_hidden(ctx, claim, proto))
		return XOVL_REASON_GUARD_UNREADABLE;
	if (proto == bpf_htons(ETH_P_IP))
		return security_ipv4(ctx, claim);
	if (proto == bpf_htons(ETH_P_IPV6))
		return security_ipv6(ctx, claim);
	if (proto == bpf_htons(ETH_P_ARP) || proto == bpf_htons(ETH_P_RARP))
		return security_arp(ctx, claim, proto == bpf_htons(ETH_P_RARP));
	return XOVL_REASON_NONE;
}

#endif

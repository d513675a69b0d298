/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The source address of frames from a guarded port (l2/security.h). A path from such a port holds the address of the
 * frame that it was made for, and is followed only by usual packets from that address.
 */
#ifndef XOVL_BPF_PATH_SOURCE_H
#define XOVL_BPF_PATH_SOURCE_H

#include "lib/addr.h"
#include "packet/flow.h"
#include "path/path.h"

#define DHCP_CLIENT 68	  /* RFC 2131, section 4.1 */
#define DHCPV6_CLIENT 546 /* RFC 8415, section 7.2 */

/* True if a packet to that UDP port is from a DHCP server. */
static __always_inline bool dport_is_dhcp_client(__be16 dport, bool ipv6)
{
	return dport == (ipv6 ? bpf_htons(DHCPV6_CLIENT) : bpf_htons(DHCP_CLIENT));
}

/* True for the UDP packets that guards need not look at again: no fragments, and not to a DHCP client. */
static __always_inline bool source_of_udp(const struct frame *f, const struct flow *flow, bool ipv6)
{
	const struct udphdr *udp = f->data + outer_offset(flow->transport);

	return flow->transport && (void *)(udp + 1) <= f->end && !dport_is_dhcp_client(udp->dest, ipv6);
}

/*
 * Fills in the source address of a usual packet from a port. Returns false for packets that guards must look at each
 * time: all but IP, IPv4 and UDP fragments, messages of DHCP servers, from 0.0.0.0, and over IPv6 all but TCP and UDP.
 */
static __always_inline bool source_read(const struct frame *f, const struct flow *flow, struct xovl_addr *source)
{
	const struct iphdr *v4 = f->data + outer_offset(flow->l2_len);
	const struct ipv6hdr *v6 = (const void *)v4;

	if (flow->family == AF_INET) {
		if ((void *)(v4 + 1) > f->end || (v4->frag_off & bpf_htons(0x3fff)) || !v4->saddr)
			return false;
		addr_from_ipv4(source, v4->saddr);
		return v4->protocol != IPPROTO_UDP || source_of_udp(f, flow, false);
	}
	if (flow->family != AF_INET6 || (void *)(v6 + 1) > f->end)
		return false;
	addr_from_ipv6(source, &v6->saddr);
	return v6->nexthdr == IPPROTO_TCP || (v6->nexthdr == IPPROTO_UDP && source_of_udp(f, flow, true));
}

/* True if the path's port has no guards, or the frame is a usual packet from the path's address. */
static __always_inline bool source_is_of_path(const struct frame *f, const struct flow *flow,
					      const struct path_place *place)
{
	const struct xovl_path_guards *guards = place->guards;
	struct xovl_addr source;

	if (!(place->path->kind & XOVL_PATH_GUARDED))
		return true;
	if (!source_read(f, flow, &source))
		return false;
	return guards->any_source ||
	       !((source.words[0] ^ guards->source.words[0]) | (source.words[1] ^ guards->source.words[1]));
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Answers a tenant's frame that does not fit: turns it into an ICMP message that tells its sender the path MTU (RFC
 * 1191, RFC 4443). The message comes from the address that the frame was sent to, because xovl has no address in the
 * network. TC only.
 */
#ifndef XOVL_BPF_OUT_TOO_BIG_H
#define XOVL_BPF_OUT_TOO_BIG_H

#include "packet/checksum.h"
#include "packet/packet.h"
#include "path/path.h"

/* The most messages to the tenants of one port in a second. */
#define TOO_BIG_PER_SECOND 100

/*
 * The longest message in bytes, with its IP header; it quotes as much of the packet as fits (RFC 1812, 4.3.2.3; RFC
 * 4443, 3.2).
 */
#define TOO_BIG_MAX_IPV4 576
#define TOO_BIG_MAX_IPV6 1280
#define TOO_BIG_HOPS 64

/*
 * The least MTU that is reported: every link carries it, and no host would believe less (RFC 791, 3.2; RFC 8201,
 * section 4).
 */
#define TOO_BIG_LEAST_IPV4 68
#define TOO_BIG_LEAST_IPV6 1280

struct too_big_ipv4 {
	struct iphdr ip;
	struct xovl_icmp icmp;
};

struct too_big_ipv6 {
	struct ipv6hdr ip;
	struct xovl_icmp icmp;
};

/* True if the port's limit allows another message. CPUs that race send a few more. */
static __always_inline bool too_big_is_due(__u32 port_index)
{
	struct xovl_icmp_limit *limit = bpf_map_lookup_elem(&icmp_limits, &port_index);
	__u64 now = bpf_jiffies64();

	if (!limit)
		return false;
	if (shadow)
		return now - limit->since >= jiffies_per_second || limit->sent < TOO_BIG_PER_SECOND;
	if (now - limit->since >= jiffies_per_second) {
		limit->since = now;
		limit->sent = 0;
	}
	return limit->sent++ < TOO_BIG_PER_SECOND;
}

/*
 * True if the sender may be told: it sent a packet to a single host, and not an ICMP error (RFC 1122, 3.2.2; RFC
 * 4443, 2.4).
 */
static __always_inline bool too_big_may_tell_ipv4(const struct frame *f, const struct iphdr *ip)
{
	const struct xovl_icmp *icmp = (void *)(ip + 1);
	__u32 saddr = bpf_ntohl(ip->saddr), daddr = bpf_ntohl(ip->daddr);

	if ((void *)(icmp + 1) > f->end || ip->ihl < 5 || (ip->frag_off & bpf_htons(IP_FRAG_OFFSET)))
		return false;
	/* no unspecified or loopback source, no multicast or reserved address */
	if (!(saddr >> 24) || saddr >> 24 == 127 || saddr >> 28 >= 14 || daddr >> 28 >= 14)
		return false;
	if (ip->protocol != IPPROTO_ICMP)
		return true;
	return ip->ihl == 5 && (icmp->type == XOVL_ICMP_ECHO || icmp->type == XOVL_ICMP_ECHO_REPLY);
}

static __always_inline bool too_big_may_tell_ipv6(const struct frame *f, const struct ipv6hdr *ip)
{
	const struct xovl_icmp *icmp = (void *)(ip + 1);
	const __u8 *saddr = ip->saddr.in6_u.u6_addr8, *daddr = ip->daddr.in6_u.u6_addr8;
	const __be32 *words = ip->saddr.in6_u.u6_addr32;

	if ((void *)(icmp + 1) > f->end || saddr[0] == 0xff || daddr[0] == 0xff)
		return false;
	if (!(words[0] | words[1] | words[2] | words[3]))
		return false;
	return ip->nexthdr != IPPROTO_ICMPV6 || (icmp->type >= XOVL_ICMPV6_INFO && icmp->type != XOVL_ICMPV6_REDIRECT);
}

static __always_inline bool too_big_may_tell(const struct frame *f, const struct flow *flow)
{
	const void *ip = f->data + outer_offset(flow->l2_len);

	if (mac_is_group(f->dst))
		return false;
	if (flow->family == AF_INET)
		return ip + sizeof(struct iphdr) <= f->end && too_big_may_tell_ipv4(f, ip);
	return flow->family == AF_INET6 && ip + sizeof(struct ipv6hdr) <= f->end && too_big_may_tell_ipv6(f, ip);
}

/*
 * Writes the headers before the quoted packet, except for the ICMP checksum. len: bytes of the message with its IP
 * header.
 */
static __always_inline void too_big_write_ipv4(struct too_big_ipv4 *to, const struct iphdr *quoted, __u32 len,
					       __u32 mtu)
{
	to->ip = (struct iphdr){.version = 4,
				.ihl = 5,
				.tot_len = bpf_htons(len),
				.frag_off = bpf_htons(0x4000),
				.ttl = TOO_BIG_HOPS,
				.protocol = IPPROTO_ICMP,
				.saddr = quoted->daddr,
				.daddr = quoted->saddr};
	to->icmp =
		(struct xovl_icmp){.type = XOVL_ICMP_UNREACHABLE, .code = XOVL_ICMP_FRAG_NEEDED, .mtu = bpf_htonl(mtu)};
}

static __always_inline void too_big_write_ipv6(struct too_big_ipv6 *to, const struct ipv6hdr *quoted, __u32 len,
					       __u32 mtu)
{
	to->ip = (struct ipv6hdr){.version = 6,
				  .payload_len = bpf_htons(len - sizeof(to->ip)),
				  .nexthdr = IPPROTO_ICMPV6,
				  .hop_limit = TOO_BIG_HOPS,
				  .saddr = quoted->daddr,
				  .daddr = quoted->saddr};
	to->icmp = (struct xovl_icmp){.type = XOVL_ICMPV6_TOO_BIG, .mtu = bpf_htonl(mtu)};
}

/* The message under construction. Per CPU, because it is too large for the stack. */
struct too_big {
	union {
		struct too_big_ipv4 ipv4;
		struct too_big_ipv6 ipv6;
	};
	__u64 macs[2];
	__u16 types[16]; /* tags and EtherType before the IP header */
};

XOVL_PERCPU_ARRAY(too_big_now, struct too_big, 1);

/*
 * Decides how much of the packet is quoted, and writes the headers except for the ICMP checksum. Returns false if
 * the sender must not be told.
 */
static __always_inline bool too_big_begin(ctx_t *ctx, struct frame *f, const struct flow *flow, struct too_big *to,
					  __u32 mtu, __u32 *quoted)
{
	bool ipv6 = flow->family == AF_INET6;
	__u32 most = ipv6 ? TOO_BIG_MAX_IPV6 - sizeof(to->ipv6) : TOO_BIG_MAX_IPV4 - sizeof(to->ipv4);
	const void *ip = f->data + outer_offset(flow->l2_len);

	if (mtu < (ipv6 ? TOO_BIG_LEAST_IPV6 : TOO_BIG_LEAST_IPV4) || !too_big_may_tell(f, flow))
		return false;
	*quoted = ctx->len - flow->l2_len;
	if (*quoted > most)
		*quoted = most;
	if (!ipv6 && ip + sizeof(struct iphdr) <= f->end)
		too_big_write_ipv4(&to->ipv4, ip, sizeof(to->ipv4) + *quoted, mtu);
	else if (ip + sizeof(struct ipv6hdr) <= f->end)
		too_big_write_ipv6(&to->ipv6, ip, sizeof(to->ipv6) + *quoted, mtu);
	return true;
}

/*
 * Fills in the message's checksums. at: offset of the quoted packet, all of which is in place. open: see
 * partial_checksum_find().
 */
static __always_inline void too_big_finish(ctx_t *ctx, bool ipv4, __u64 open, struct too_big *to, __u32 at,
					   __u32 quoted)
{
	__u32 sum;

	if (ipv4) {
		to->ipv4.ip.check = ~sum_fold(sum_of_words((void *)&to->ipv4.ip, 10));
		sum = sum_of_words((void *)&to->ipv4.icmp, 4);
		to->ipv4.icmp.check = ~sum_fold(sum_with_partial(ctx, at, at + quoted, open, sum));
		return;
	}
	sum = sum_of_words((void *)&to->ipv6.ip.saddr, 16) + sum_of_words((void *)&to->ipv6.icmp, 4);
	sum += to->ipv6.ip.payload_len + bpf_htons(IPPROTO_ICMPV6);
	to->ipv6.icmp.check = ~sum_fold(sum_with_partial(ctx, at, at + quoted, open, sum));
}

/*
 * Turns the frame into the message to its sender, and keeps its tags. dst, src: the frame's MACs. If it returns
 * false, there is no message, and the packet can only be dropped. Invalidates packet pointers.
 */
__noinline int too_big_make(ctx_t *ctx, __u64 dst, __u64 src, __u32 port_index, __u32 mtu)
{
	__u32 zero = 0, room, quoted, types_len;
	struct too_big *to = bpf_map_lookup_elem(&too_big_now, &zero);
	struct frame f = {};
	struct flow flow;
	__u64 open;

	if (!to)
		return false;
	frame_reach(ctx, &f, FLOW_HEADERS_MAX);
	f.dst = dst;
	flow_parse(&f, 0, false, &flow);
	if (!too_big_begin(ctx, &f, &flow, to, mtu, &quoted) || !too_big_is_due(port_index))
		return false;
	room = flow.family == AF_INET6 ? sizeof(to->ipv6) : sizeof(to->ipv4);
	types_len = length_up_to(flow.l2_len - 2 * ETH_ALEN, sizeof(to->types));
	open = partial_checksum_find(ctx, 0);
	if (!open && hook_checksum_is_partial(ctx, 0))
		return false;
	if (hook_load(ctx, 2 * ETH_ALEN, to->types, types_len))
		return false;
	if (bpf_skb_change_tail(ctx, flow.l2_len + quoted, 0) || bpf_skb_change_head(ctx, room, 0))
		return false;
	/* back to its sender: destination and source MAC swapped */
	to->macs[0] = src | dst << 48;
	to->macs[1] = dst >> 16;
	too_big_finish(ctx, flow.family == AF_INET, open ? open + room : 0, to, flow.l2_len + room, quoted);
	return !bpf_skb_store_bytes(ctx, 0, to->macs, 2 * ETH_ALEN, 0) &&
	       !bpf_skb_store_bytes(ctx, 2 * ETH_ALEN, to->types, types_len, 0) &&
	       !bpf_skb_store_bytes(ctx, flow.l2_len, &to->ipv6, room, 0);
}

/* Answers the sender of the frame in packet_get(), which does not fit and has been counted. Returns the verdict. */
static __always_inline int too_big_answer(ctx_t *ctx)
{
	const struct packet *packet = packet_get();
	const struct frame *f = packet ? &packet->frame : NULL;

	if (!f || !too_big_make(ctx, f->dst, f->src, f->origin, f->reply_mtu))
		return HOOK_DROP;
	return hook_redirect(ctx, hook_ifindex(ctx)) ? HOOK_REDIRECT : HOOK_DROP;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A tenant's frame that does not fit: its sender is told the path MTU (RFC 1191, RFC 4443), by the address that it sent to, as
 * nobody else of the network is known to it. TC only.
 */
#ifndef XOVL_BPF_OUT_TOO_BIG_H
#define XOVL_BPF_OUT_TOO_BIG_H

#include "packet/checksum.h"
#include "packet/outer.h"
#include "path/path.h"
#include "verdict.h"

#ifdef XOVL_HOOK_XDP

static __always_inline int too_big_out(ctx_t *ctx, const struct frame *f, const struct flow *flow,
				       const struct xovl_path *path, enum xovl_reason reason)
{
	return verdict_pass(ctx);
}

#else

/* Errors to the tenants of a port in a second, at most. */
#define TOO_BIG_PER_SECOND 100

/* The message with its IP header, and as much of the packet as fits (RFC 1812, 4.3.2.3; RFC 4443, 3.2). */
#define TOO_BIG_MAX_IPV4 576
#define TOO_BIG_MAX_IPV6 1280
#define TOO_BIG_HOPS 64

/* Less than every link carries is nothing a host would believe (RFC 791, 3.2; RFC 8201, section 4). */
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

/* CPUs that race for it send a few more. */
static __always_inline bool too_big_is_due(__u32 port_index)
{
	struct xovl_icmp_limit *limit = bpf_map_lookup_elem(&icmp_limits, &port_index);
	__u64 now = bpf_jiffies64();

	if (!limit)
		return false;
	if (now - limit->since >= jiffies_per_second) {
		limit->since = now;
		limit->sent = 0;
	}
	return limit->sent++ < TOO_BIG_PER_SECOND;
}

/* Only whoever sent one packet to one host is told, and not about an error message (RFC 1122, 3.2.2; RFC 4443, 2.4). */
static __always_inline bool too_big_may_tell_ipv4(const struct frame *f, const struct iphdr *ip)
{
	const struct xovl_icmp *icmp = (void *)(ip + 1);
	__u32 saddr = bpf_ntohl(ip->saddr), daddr = bpf_ntohl(ip->daddr);

	if ((void *)(icmp + 1) > f->end || ip->ihl < 5 || (ip->frag_off & bpf_htons(IP_FRAG_OFFSET)))
		return false;
	/* nobody, this host, multicast and above */
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

/* All before the quoted packet, but for the message's checksum. len: octets of the IP packet that the message is. */
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

/* The message that is being made. It is too much for the stack. */
struct too_big {
	union {
		struct too_big_ipv4 ipv4;
		struct too_big_ipv6 ipv6;
	};
	__u64 macs[2];
	__u16 types[16]; /* EtherTypes and tags, before the IP header */
};

XOVL_PERCPU_ARRAY(too_big_now, struct too_big, 1);

/* Which part of the packet is quoted, and all before it but for the message's checksum. False: the sender is not to be told. */
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

/* Its checksums, when all that is quoted stands behind it, at offset at. */
static __always_inline void too_big_finish(ctx_t *ctx, bool ipv4, __u64 open, struct too_big *to, __u32 at,
					   __u32 quoted)
{
	__u32 sum;

	if (ipv4) {
		to->ipv4.ip.check = ~sum_fold(sum_of_words((void *)&to->ipv4.ip, 10));
		sum = sum_of_words((void *)&to->ipv4.icmp, 4);
		to->ipv4.icmp.check = ~sum_fold(open_sum(ctx, at, at + quoted, open, sum));
		return;
	}
	sum = sum_of_words((void *)&to->ipv6.ip.saddr, 16) + sum_of_words((void *)&to->ipv6.icmp, 4);
	sum += to->ipv6.ip.payload_len + bpf_htons(IPPROTO_ICMPV6);
	to->ipv6.icmp.check = ~sum_fold(open_sum(ctx, at, at + quoted, open, sum));
}

/*
 * Turn the frame into the message to its sender. Its tags stay. dst, src: its MACs. False: there is nothing to be told, or the
 * kernel refused; the packet can only be dropped then.
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
	open = open_checksum_find(ctx, 0);
	if (!open && hook_checksum_is_partial(ctx, 0))
		return false;
	if (hook_load(ctx, 2 * ETH_ALEN, to->types, types_len))
		return false;
	if (bpf_skb_change_tail(ctx, flow.l2_len + quoted, 0) || bpf_skb_change_head(ctx, room, 0))
		return false;
	/* back to where it came from */
	to->macs[0] = src | dst << 48;
	to->macs[1] = dst >> 16;
	too_big_finish(ctx, flow.family == AF_INET, open ? open + room : 0, to, flow.l2_len + room, quoted);
	return !bpf_skb_store_bytes(ctx, 0, to->macs, 2 * ETH_ALEN, 0) &&
	       !bpf_skb_store_bytes(ctx, 2 * ETH_ALEN, to->types, types_len, 0) &&
	       !bpf_skb_store_bytes(ctx, flow.l2_len, &to->ipv6, room, 0);
}

/* The frame is dropped for that reason; its sender is told if it is the size. */
static __always_inline int too_big_out(ctx_t *ctx, const struct frame *f, const struct flow *flow,
				       const struct xovl_path *path, enum xovl_reason reason)
{
	int verdict = verdict_drop(ctx, f, reason), answer;
	__u32 mtu = path_mtu(path, flow->wire_len - flow->ip_len);

	if (reason != XOVL_REASON_MTU_NETWORK && reason != XOVL_REASON_MTU_UNDERLAY)
		return verdict;
	if (!too_big_make(ctx, f->dst, f->src, f->origin, mtu))
		return verdict;
	answer = hook_redirect(ctx, hook_ifindex(ctx));
	return answer == VERDICT_OPEN ? verdict : answer;
}

#endif

#endif

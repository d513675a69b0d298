/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Writes outer headers in front of one frame: copies the path's prepared headers and fills in the fields that differ
 * between frames.
 */
#ifndef XOVL_BPF_ENCAP_WRITE_H
#define XOVL_BPF_ENCAP_WRITE_H

#include "encap/prepare.h"
#include "packet/checksum.h"
#include "packet/ecn.h"

/* Returns the outer UDP source port in host byte order: flow entropy (RFC 7348, section 5). */
static __always_inline __u16 outer_sport(const struct flow *flow, const struct xovl_path_headers *headers)
{
	return headers->sport_min + ((flow_spread(flow) >> 32) * (headers->sport_more + 1) >> 32);
}

/*
 * Fills in length, ECN and checksum. These fields are 0 in the prepared header, so values can be added, to the
 * checksum as well. ECN is always copied from the tenant's IP header (RFC 6040, section 4.1).
 */
static __always_inline void outer_finish_ipv4(struct iphdr *ip, __u32 len, const struct flow *flow)
{
	__u32 ecn = flow->tos & ECN_MASK;

	ip->tos |= ecn;
	ip->tot_len = bpf_htons(len);
	ip->check = ~sum_fold((__u32)ip->check + ip->tot_len + bpf_htons(ecn));
}

static __always_inline void outer_finish_ipv6(struct ipv6hdr *ip, __u32 len, const struct flow *flow,
					      const struct xovl_path *path)
{
	__u32 word = (__u32)(flow->tos & ECN_MASK) << 20;

	if (path->policy & XOVL_NET_FLOWLABEL_HASH)
		word |= flow_spread(flow) >> 44;
	*(__be32 *)ip |= bpf_htonl(word);
	ip->payload_len = bpf_htons(len);
}

static __always_inline void outer_finish_udp(struct udphdr *udp, __u32 len, const struct flow *flow,
					     const struct xovl_path_headers *headers)
{
	udp->source = bpf_htons(outer_sport(flow, headers));
	udp->len = bpf_htons(len);
}

/*
 * Reads the fields of the tenant's frame at offset at that outer headers can inherit. IPv6 implies DF. Non-IP frames
 * get TTL 64.
 */
static __always_inline void outer_read_inner(const struct frame *f, __u32 at, struct flow *flow, __u8 *ttl, bool *df)
{
	const struct ipv6hdr *ip6;
	const struct iphdr *ip;

	flow_parse(f, outer_offset(at), false, flow);
	ip = f->data + outer_offset(at + flow->l2_len);
	ip6 = (void *)ip;
	*ttl = 64;
	if (flow->family == AF_INET && (void *)(ip + 1) <= f->end) {
		*ttl = ip->ttl;
		*df = ip->frag_off & bpf_htons(IP_DF);
	} else if (flow->family == AF_INET6 && (void *)(ip6 + 1) <= f->end) {
		*ttl = ip6->hop_limit;
		*df = true;
	}
}

static __always_inline void outer_inherit_ipv4(struct iphdr *ip, __u32 policy, __u8 tos, __u8 ttl, bool df)
{
	if (policy & XOVL_NET_DSCP_INHERIT)
		ip->tos = tos;
	if (policy & XOVL_NET_TTL_INHERIT)
		ip->ttl = ttl;
	if ((policy & XOVL_NET_DF_INHERIT) && df)
		ip->frag_off = bpf_htons(IP_DF);
	if (policy & (XOVL_NET_DF_UNSET | XOVL_NET_DF_INHERIT))
		ip->id = bpf_get_prandom_u32();
	ip->check = 0;
	ip->check = ~sum_fold(sum_of_words((const __u16 *)ip, sizeof(*ip) / 2));
}

static __always_inline void outer_inherit_ipv6(struct ipv6hdr *ip, __u32 policy, __u8 tos, __u8 ttl)
{
	if (policy & XOVL_NET_DSCP_INHERIT)
		*(__be32 *)ip |= bpf_htonl((__u32)tos << 20);
	if (policy & XOVL_NET_TTL_INHERIT)
		ip->hop_limit = ttl;
}

/*
 * Fills in the fields that differ between packets of some networks: TTL, DSCP, DF, identification. Invalidates
 * packet pointers.
 */
__noinline int outer_inherit(ctx_t *ctx, struct xovl_path *path, __u32 outer_len)
{
	struct frame f = {};
	struct flow flow;
	bool df = false;
	__u8 ttl;
	void *ip;

	if (!path)
		return 0;
	frame_reach(ctx, &f, outer_len + FLOW_HEADERS_MAX);
	outer_read_inner(&f, outer_len, &flow, &ttl, &df);
	ip = f.data + ETH_HLEN;
	if (path->kind & XOVL_PATH_IPV6) {
		if (ip + sizeof(struct ipv6hdr) <= f.end)
			outer_inherit_ipv6(ip, path->policy, flow.tos, ttl);
	} else if (ip + sizeof(struct iphdr) <= f.end) {
		outer_inherit_ipv4(ip, path->policy, flow.tos, ttl, df);
	}
	return 0;
}

#define PATH_INHERITS (XOVL_NET_TTL_INHERIT | XOVL_NET_DSCP_INHERIT | XOVL_NET_DF_UNSET | XOVL_NET_DF_INHERIT)

/*
 * Flags of paths whose packets each need a checksum or number of their own, which the segments of a super-frame
 * would not get.
 */
#define PATH_PER_PACKET (XOVL_NET_UDPCSUM | XOVL_NET_CSUM | XOVL_NET_SEQ)

/* Fills in the GRE sequence number and the VXLAN group from skb->mark. Everything but the checksum must be in place. */
__noinline int outer_extras(ctx_t *ctx, struct xovl_path *path, __u32 outer_len)
{
	struct frame f = {};
	__u32 *word;

	if (!path)
		return 0;
	frame_reload(ctx, &f);
	if (path->policy & XOVL_NET_SEQ) {
		/* the last word of the header */
		word = f.data + outer_offset(outer_len - sizeof(*word));
		if ((void *)(word + 1) > f.end)
			return 0;
		*word = bpf_htonl(gre_sequence_next(path->net, path->target));
	}
	if (!HOOK_IS_XDP && (path->policy & XOVL_NET_GBP)) {
		word = f.data + outer_l4(path->kind) + sizeof(struct udphdr);
		if ((void *)(word + 1) > f.end)
			return 0;
		*word = vxlan_first_word(hook_mark(ctx));
	}
	return 0;
}

/*
 * Computes and writes the checksum of UDP or GRE. Everything else must be in place. Returns the drop reason or
 * XOVL_REASON_NONE. Invalidates packet pointers.
 */
__noinline int outer_checksum(ctx_t *ctx, struct xovl_path *path, __u32 outer_len)
{
	__u32 at, end = hook_len(ctx), sum = 0;
	__sum16 check;
	__u64 open;

	if (!path)
		return XOVL_REASON_NO_ROOM;
	at = outer_l4(path->kind);
	open = partial_checksum_find(ctx, outer_len);
	if (!open && hook_checksum_is_partial(ctx, at))
		return XOVL_REASON_CSUM_OPEN;
	/* the checksum field holds the rest of the pseudo-header's sum */
	if (path->policy & XOVL_NET_UDPCSUM)
		sum = bpf_htons(end - at);
	sum = sum_with_partial(ctx, at, end, open, sum);
	check = ~sum_fold(sum);
	if ((path->policy & XOVL_NET_UDPCSUM) && !check)
		check = 0xffff; /* zero would mean no checksum (RFC 768) */
	at += path->policy & XOVL_NET_UDPCSUM ? offsetof(struct udphdr, check) : sizeof(struct xovl_gre);
	return hook_store(ctx, at, &check, sizeof(check)) ? XOVL_REASON_NO_ROOM : XOVL_REASON_NONE;
}

#define PATH_EXTRAS (XOVL_NET_SEQ | XOVL_NET_GBP)
#define PATH_CHECKSUM (XOVL_NET_UDPCSUM | XOVL_NET_CSUM)

/* Bytes after the IP header in VXLAN, and in GENEVE without options. */
#define OUTER_USUAL_TAIL (sizeof(struct udphdr) + 8)

/*
 * Copies the usual headers, in the words in which encap/prepare.h wrote them. Returns false if the room is too
 * small.
 */
static __always_inline bool outer_copy_usual(void *to, const void *end, const void *from, __u32 l4)
{
	__u32 odd = ETH_HLEN + (l4 - ETH_HLEN) % sizeof(__u64);
	__u32 len = l4 + OUTER_USUAL_TAIL;

	if (to + len > end)
		return false;
	words_copy(to, from, ETH_HLEN);
	words_copy(to + ETH_HLEN, from + ETH_HLEN, odd - ETH_HLEN);
	words_copy(to + odd, from + odd, len - odd);
	return true;
}

/*
 * Copies len bytes, 38 to 134: whole words from the front and, overlapping them, the last 32 bytes. Returns false if
 * the room is too small.
 */
static __always_inline bool outer_copy(void *to, const void *end, const struct xovl_path_headers *headers, __u32 len)
{
	const void *from = headers->outer;
	__u32 rest = outer_offset(len - 32);

	if (len == OUTER_L4_IPV4 + OUTER_USUAL_TAIL)
		return outer_copy_usual(to, end, from, OUTER_L4_IPV4);
	if (len == OUTER_L4_IPV6 + OUTER_USUAL_TAIL)
		return outer_copy_usual(to, end, from, OUTER_L4_IPV6);
	if (to + OUTER_L4_IPV4 + sizeof(struct udphdr) > end)
		return false;
	if (rest > XOVL_PATH_OUTER - 32 || to + rest + 32 > end)
		return false;
	words_copy(to, from, 32);
	if (len > 64) {
		if (to + 64 > end)
			return false;
		words_copy(to + 32, from + 32, 32);
	}
	if (len > 96) {
		if (to + 96 > end)
			return false;
		words_copy(to + 64, from + 64, 32);
	}
	if (len > 128) {
		if (to + 128 > end)
			return false;
		words_copy(to + 96, from + 96, 32);
	}
	words_copy(to + rest, from + rest, 32);
	return true;
}

/* Writes the FlowID, the last byte of NVGRE's key (RFC 7637, section 3.2). */
static __always_inline void outer_put_flow_id(void *to, const void *end, __u32 outer_len, const struct flow *flow)
{
	__u8 *flow_id = to + outer_offset(outer_len - 1);

	if ((void *)(flow_id + 1) <= end)
		*flow_id = flow_spread(flow) >> 56;
}

/*
 * Writes the path's headers into the room before the tenant's frame, and adds the underlay's tag. Returns the drop
 * reason or XOVL_REASON_NONE. Invalidates packet pointers.
 */
static __always_inline enum xovl_reason outer_write(ctx_t *ctx, const struct frame *f, const struct flow *flow,
						    const struct path_place *place)
{
	struct xovl_path *path = place->path;
	__u32 headers_len = place->headers->outer_len, len = headers_len - ETH_HLEN + f->len;
	void *to = f->data, *l4 = to + OUTER_L4_IPV4;
	enum xovl_reason reason = XOVL_REASON_NONE;

	if (!outer_copy(to, f->end, place->headers, headers_len))
		return XOVL_REASON_NO_ROOM;
	if (path->kind & XOVL_PATH_IPV6) {
		l4 = to + OUTER_L4_IPV6;
		if (l4 + sizeof(struct udphdr) > f->end)
			return XOVL_REASON_NO_ROOM;
		len -= sizeof(struct ipv6hdr);
		outer_finish_ipv6(to + ETH_HLEN, len, flow, path);
	} else {
		outer_finish_ipv4(to + ETH_HLEN, len, flow);
		len -= sizeof(struct iphdr);
	}
	if (!(path->kind & XOVL_PATH_GRE)) {
		outer_finish_udp(l4, len, flow, place->headers);
	} else if (path->kind & XOVL_PATH_NVGRE) {
		outer_put_flow_id(to, f->end, headers_len, flow);
	}
	if (!(path->policy & (PATH_INHERITS | PATH_EXTRAS | PATH_CHECKSUM)) && !(path->kind & XOVL_PATH_TAGGED))
		return XOVL_REASON_NONE;
	if (path->policy & PATH_INHERITS)
		outer_inherit(ctx, path, headers_len);
	if (path->policy & PATH_EXTRAS)
		outer_extras(ctx, path, headers_len);
	if (path->policy & PATH_CHECKSUM)
		reason = outer_checksum(ctx, path, headers_len);
	if (!reason && !underlay_tag(ctx, path))
		reason = XOVL_REASON_NO_ROOM;
	return reason;
}

#endif

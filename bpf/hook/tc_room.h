/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TC: room for outer headers in front of a frame, and outer headers taken away. */
#ifndef XOVL_BPF_HOOK_TC_ROOM_H
#define XOVL_BPF_HOOK_TC_ROOM_H

#include "hook/hook_tc.h"

#define ROOM_FLAGS (BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET)

/* since Linux 6.3, not in the headers of 6.1 */
#define ROOM_DECAP_L3_IPV4 (1ull << 7)
#define ROOM_DECAP_L3_IPV6 (1ull << 8)

/* Room through bpf_skb_adjust_room, which alone tells the kernel how to segment a super-frame; IPv4 and IPv6 only. */
static __always_inline long room_make_gso(ctx_t *ctx, __u32 outer_len, __u32 l2_len, __u32 path_flags)
{
	__u64 flags = ROOM_FLAGS | BPF_F_ADJ_ROOM_ENCAP_L2_ETH | BPF_F_ADJ_ROOM_ENCAP_L2(l2_len);

	flags |= path_flags & XOVL_PATH_GRE ? BPF_F_ADJ_ROOM_ENCAP_L4_GRE : BPF_F_ADJ_ROOM_ENCAP_L4_UDP;
	flags |= path_flags & XOVL_PATH_IPV6 ? BPF_F_ADJ_ROOM_ENCAP_L3_IPV6 : BPF_F_ADJ_ROOM_ENCAP_L3_IPV4;
	return bpf_skb_adjust_room(ctx, outer_len - ETH_HLEN + l2_len, BPF_ADJ_ROOM_MAC, flags);
}

/* Write len octets at *at and move on. False: the packet ends before. */
static __always_inline bool frame_put(const struct frame *f, void **at, const void *from, __u32 len)
{
	if (*at + len > f->end)
		return false;
	__builtin_memcpy(*at, from, len);
	*at += len;
	return true;
}

/* skb->protocol is what adjust_room goes by. */
static __always_inline bool frame_is_ip(const ctx_t *ctx)
{
	return ctx->protocol == bpf_htons(ETH_P_IP) || ctx->protocol == bpf_htons(ETH_P_IPV6);
}

/*
 * Make outer_len octets of room before the tenant's frame and write its collected tags into it. flags: of the path. Not NONE:
 * the kernel refused; the packet can only be dropped then.
 *
 * A packet that is encapsulated already (by a tenant's own tunnel; or decapsulated here and routed on by a tenant, as no
 * helper clears the mark) is refused by adjust_room. Pushed plainly, a super-frame could not be segmented: that is done only
 * where the way out carries it whole.
 */
static __always_inline enum xovl_reason tunnel_push(ctx_t *ctx, struct frame *f, __u32 outer_len, __u32 flags)
{
	__u32 tags_len = f->nr_tags * sizeof(struct xovl_vlan_tag);
	__u8 nr_tags = f->nr_tags;
	__be16 ethertype;
	struct ethhdr *eth;
	void *at;
	long err;

	frame_reload(ctx, f);
	eth = f->data;
	if ((void *)(eth + 1) > f->end)
		return XOVL_REASON_NO_ROOM;
	ethertype = eth->h_proto;

	err = -EOPNOTSUPP;
	if (frame_is_ip(ctx))
		err = room_make_gso(ctx, outer_len, ETH_HLEN + tags_len, flags);
	if (err && f->gso_size && !(flags & XOVL_PATH_GSO_WHOLE))
		return ethertype_is_vlan(ethertype) ? XOVL_REASON_GSO_TAGS : XOVL_REASON_GSO_NESTED;
	if (err && bpf_skb_change_head(ctx, outer_len + tags_len, 0))
		return XOVL_REASON_NO_ROOM;

	frame_reload(ctx, f);
	at = f->data + outer_offset(outer_len);
	if (at + 2 * ETH_ALEN > f->end)
		return XOVL_REASON_NO_ROOM;
	frame_write_macs(at, f);
	at += 2 * ETH_ALEN;
	if (nr_tags > 0 && !frame_put(f, &at, &f->tags[0], sizeof(f->tags[0])))
		return XOVL_REASON_NO_ROOM;
	if (nr_tags > 1 && !frame_put(f, &at, &f->tags[1], sizeof(f->tags[1])))
		return XOVL_REASON_NO_ROOM;
	return frame_put(f, &at, &ethertype, sizeof(ethertype)) ? XOVL_REASON_NONE : XOVL_REASON_NO_ROOM;
}

/* Give back len octets behind the first ETH_HLEN. family: of the rest, a ROOM_DECAP_L3_*, or 0 for kernels before 6.3. */
static __always_inline bool room_shrink(ctx_t *ctx, __u32 len, __u64 family)
{
	return !bpf_skb_adjust_room(ctx, -(int)len, BPF_ADJ_ROOM_MAC, ROOM_FLAGS | family);
}

/*
 * room_shrink() to the tenant's frame on kernels before 6.3, which cannot be told its family. They would take a super-frame for
 * one of the outer family, and lose it when they segment it; and they want the rest to be as long as an IP header of that
 * family. So the packet changes family first, by which it gets the difference of the two headers longer or shorter; not a tagged
 * super-frame, as the segments would change, too. What is shorter than an IPv4 header is padded meanwhile.
 */
static __always_inline bool room_shrink_untold(ctx_t *ctx, __u32 len, __u32 frame_len, __be16 ethertype)
{
	const int longer = sizeof(struct ipv6hdr) - sizeof(struct iphdr);
	bool ipv6 = ethertype == bpf_htons(ETH_P_IPV6);
	__be16 family = ipv6 ? ethertype : bpf_htons(ETH_P_IP);

	if (ctx->protocol != family && (ethertype == family || !ctx->gso_size) && !bpf_skb_change_proto(ctx, family, 0))
		len += ipv6 ? longer : -longer;
	if (room_shrink(ctx, len, 0))
		return true;
	if (frame_len >= ETH_ZLEN || bpf_skb_change_tail(ctx, len + ETH_ZLEN, 0))
		return false;
	if (!room_shrink(ctx, len, 0))
		return false;
	/* should the kernel not want to cut it, padding does no harm */
	bpf_skb_change_tail(ctx, frame_len, 0);
	return true;
}

/*
 * The tags of a super-frame out of a tunnel go beside it: the kernel segments by what stands behind the Ethernet header. Fill in up
 * to two of them, outermost first, and *ethertype, of what follows. Returns how many there are. at: of the first tag, or EtherType.
 */
static __always_inline int frame_read_tags(const struct frame *f, const void *at, struct xovl_vlan_tag tags[2],
					   __be16 *ethertype)
{
	const struct xovl_vlan_tag *tag = at;
	int nr_tags = 0;

	*ethertype = tag->tpid;
	if (!f->gso_size)
		return 0;
	for (; nr_tags < 2; nr_tags++, tag++) {
		if (!ethertype_is_vlan(*ethertype) || (void *)(tag + 2) > f->end)
			break;
		tags[nr_tags] = *tag;
		*ethertype = tag[1].tpid;
	}
	return nr_tags;
}

/*
 * Remove the outer headers. The inner Ethernet header is copied over the outer one, and what lies between goes. False:
 * the kernel refused; the packet can only be dropped then.
 */
static __always_inline bool tunnel_pop(ctx_t *ctx, struct frame *f)
{
	struct xovl_vlan_tag tags[2] = {};
	__u32 len = f->outer_len;
	struct ethhdr *outer, *inner;
	__be16 ethertype = 0;
	__u64 family;
	int nr_tags;

	if (ctx->vlan_present) /* the underlay's */
		bpf_skb_vlan_pop(ctx);
	if (f->trailer && bpf_skb_change_tail(ctx, len + f->len, 0))
		return false;
	frame_reload(ctx, f);
	outer = f->data;
	inner = f->data + outer_offset(len);
	if ((void *)(outer + 1) > f->end || (void *)(inner + 1) > f->end)
		return false;
	nr_tags = frame_read_tags(f, &inner->h_proto, tags, &ethertype);
	__builtin_memcpy(outer, inner, 2 * ETH_ALEN);
	outer->h_proto = ethertype;
	len += nr_tags * sizeof(struct xovl_vlan_tag);
	family = ethertype == bpf_htons(ETH_P_IPV6) ? ROOM_DECAP_L3_IPV6 : ROOM_DECAP_L3_IPV4;
	if (!room_shrink(ctx, len, family) && !room_shrink_untold(ctx, len, f->len, ethertype))
		return false;
	/* the driver's word was for the outer checksum; it says nothing of the inner one */
	bpf_csum_level(ctx, BPF_CSUM_LEVEL_DEC);
	f->outer_len = 0;
	if (nr_tags > 1 && !frame_push_tag(ctx, &tags[1]))
		return false;
	return !nr_tags || frame_push_tag(ctx, &tags[0]);
}

/*
 * Turn the packet into what the port wants: the outer headers or the origin port's tag removed, the tag vid added (0:
 * none). False: the kernel refused; the packet can only be dropped then.
 */
static __always_inline bool frame_for_port(ctx_t *ctx, struct frame *f, __u16 vid)
{
	if (f->outer_len && !tunnel_pop(ctx, f))
		return false;
	if (f->port_vid && bpf_skb_vlan_pop(ctx))
		return false;
	return !vid || !bpf_skb_vlan_push(ctx, bpf_htons(ETH_P_8021Q), vid);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TC: makes room for outer headers in front of a frame, and removes outer headers, so that the kernel still segments
 * super-frames correctly.
 */
#ifndef XOVL_BPF_HOOK_TC_ROOM_H
#define XOVL_BPF_HOOK_TC_ROOM_H

#include "hook/hook_tc.h"

#define ROOM_FLAGS (BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET)

/* since Linux 6.3; the headers of 6.1 lack them */
#define ROOM_DECAP_L3_IPV4 (1ull << 7)
#define ROOM_DECAP_L3_IPV6 (1ull << 8)

/*
 * Makes room with bpf_skb_adjust_room, the only helper that tells the kernel how to segment a super-frame. It takes
 * only IPv4 and IPv6.
 */
static __always_inline long room_make_gso(ctx_t *ctx, __u32 outer_len, __u32 l2_len, __u32 kind)
{
	__u64 flags = ROOM_FLAGS | BPF_F_ADJ_ROOM_ENCAP_L2_ETH | BPF_F_ADJ_ROOM_ENCAP_L2(l2_len);

	flags |= kind & XOVL_PATH_GRE ? BPF_F_ADJ_ROOM_ENCAP_L4_GRE : BPF_F_ADJ_ROOM_ENCAP_L4_UDP;
	flags |= kind & XOVL_PATH_IPV6 ? BPF_F_ADJ_ROOM_ENCAP_L3_IPV6 : BPF_F_ADJ_ROOM_ENCAP_L3_IPV4;
	return bpf_skb_adjust_room(ctx, outer_len - ETH_HLEN + l2_len, BPF_ADJ_ROOM_MAC, flags);
}

/* Writes len bytes at *at and advances *at. Returns false if the packet is too short. */
static __always_inline bool frame_put(const struct frame *f, void **at, const void *from, __u32 len)
{
	if (*at + len > f->end)
		return false;
	__builtin_memcpy(*at, from, len);
	*at += len;
	return true;
}

/* True if bpf_skb_adjust_room accepts the frame: it goes by skb->protocol. */
static __always_inline bool frame_is_ip(const ctx_t *ctx)
{
	return ctx->protocol == bpf_htons(ETH_P_IP) || ctx->protocol == bpf_htons(ETH_P_IPV6);
}

/*
 * Makes outer_len bytes of room before the tenant's frame and writes its collected tags. kind: of the path. If it
 * returns a drop reason, the packet can only be dropped.
 *
 * bpf_skb_adjust_room refuses a packet that is already encapsulated: by a tenant's own tunnel, or decapsulated here
 * and routed on by a tenant, because no helper clears the mark. bpf_skb_change_head then makes the room. The kernel
 * cannot segment a super-frame after that, so this is done only if the interface sends it whole
 * (XOVL_PATH_GSO_WHOLE).
 */
static __always_inline enum xovl_reason tunnel_push(ctx_t *ctx, struct frame *f, __u32 outer_len, __u32 kind)
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
		err = room_make_gso(ctx, outer_len, ETH_HLEN + tags_len, kind);
	if (err && f->gso_size && !(kind & XOVL_PATH_GSO_WHOLE))
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

/*
 * Removes len bytes behind the first ETH_HLEN. family: of the remaining packet, a ROOM_DECAP_L3_*, or 0 on kernels
 * before 6.3.
 */
static __always_inline bool room_shrink(ctx_t *ctx, __u32 len, __u64 family)
{
	return !bpf_skb_adjust_room(ctx, -(int)len, BPF_ADJ_ROOM_MAC, ROOM_FLAGS | family);
}

/*
 * room_shrink() on kernels before 6.3, where the family of the tenant's frame cannot be given. Such kernels would
 * take a super-frame for one of the outer family, and lose it when they segment it. They also require the remaining
 * packet to be at least as long as an IP header of that family. So bpf_skb_change_proto() changes the packet's
 * family first, which makes the packet longer or shorter by the difference of the two IP headers. Tagged
 * super-frames are left out, because their segments would change too. A frame that is too short is padded meanwhile.
 */
static __always_inline bool room_shrink_before_6_3(ctx_t *ctx, __u32 len, __u32 frame_len, __be16 ethertype)
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
	/* if the kernel refuses to cut it again, the padding does no harm */
	bpf_skb_change_tail(ctx, frame_len, 0);
	return true;
}

/*
 * Reads up to two tags of a super-frame that leaves a tunnel, outermost first. They will go beside the packet,
 * because the kernel segments by the EtherType after the Ethernet header. Sets *ethertype to the one that follows
 * the tags and returns their number. at: the first tag or EtherType.
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
 * Removes the outer headers. Copies the inner Ethernet header over the outer one and removes the bytes between. If
 * it returns false, the kernel refused, and the packet can only be dropped.
 */
static __always_inline bool tunnel_pop(ctx_t *ctx, struct frame *f)
{
	struct xovl_vlan_tag tags[2] = {};
	__u32 len = f->outer_len;
	struct ethhdr *outer, *inner;
	__be16 ethertype = 0;
	__u64 family;
	int nr_tags;

	if (ctx->vlan_present) /* the underlay's tag */
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
	if (!room_shrink(ctx, len, family) && !room_shrink_before_6_3(ctx, len, f->len, ethertype))
		return false;
	/* the driver verified the outer checksum, not the inner one */
	bpf_csum_level(ctx, BPF_CSUM_LEVEL_DEC);
	f->outer_len = 0;
	if (nr_tags > 1 && !frame_push_tag(ctx, &tags[1]))
		return false;
	return !nr_tags || frame_push_tag(ctx, &tags[0]);
}

/*
 * Makes the packet what the target port expects: removes the outer headers or the origin port's tag, and adds the
 * tag vid (0: none). If it returns false, the kernel refused, and the packet can only be dropped.
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

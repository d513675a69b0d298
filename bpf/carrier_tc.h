/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TC ingress as carrier: the complete datapath. Super-frames (GSO) stay whole in both directions, VLAN tags arrive
 * beside the frame, and a frame that is not ours goes on to the next program and to the stack.
 */
#ifndef XOVL_BPF_CARRIER_TC_H
#define XOVL_BPF_CARRIER_TC_H

#include <linux/errno.h>
#include <linux/if_packet.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>

#include "device.h"
#include "frame.h"

typedef struct __sk_buff ctx_t;

#define CARRIER_IS_XDP false
#define CARRIER_WANTS_PARTIAL false /* an skb carries that state */

/* All that the stages read of the usual packet: Ethernet, tags, IP with options or IPv6, UDP, VXLAN, Ethernet. */
#define FRAME_PULL 128

#define ROOM_FLAGS (BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET)

/* since Linux 6.3, not in the headers of 6.1 */
#define ROOM_DECAP_L3_IPV4 (1ull << 7)
#define ROOM_DECAP_L3_IPV6 (1ull << 8)

static __always_inline int carrier_pass(ctx_t *ctx)
{
	return TC_ACT_UNSPEC;
}

static __always_inline int carrier_drop(ctx_t *ctx)
{
	return TC_ACT_SHOT;
}

/* VERDICT_OPEN: the interface is gone, and the packet is where it was. */
static __always_inline int carrier_redirect(ctx_t *ctx, __u32 ifindex)
{
	return device_is_live(ifindex) ? bpf_redirect(ifindex, 0) : VERDICT_OPEN;
}

static __always_inline __u32 carrier_ifindex(const ctx_t *ctx)
{
	return ctx->ifindex;
}

/* False: the interface has left the network namespace, and has taken the program along. */
static __always_inline bool carrier_is_here(const ctx_t *ctx)
{
	return device_is_live(carrier_ifindex(ctx));
}

/* carrier_is_here() has seen to it. */
static __always_inline bool carrier_is_live(const ctx_t *ctx)
{
	return true;
}

static __always_inline void frame_reload(ctx_t *ctx, struct frame *f)
{
	f->data = (void *)(long)ctx->data;
	f->end = (void *)(long)ctx->data_end;
}

/* Make that many octets readable, or all that there are. */
static __always_inline void frame_reach(ctx_t *ctx, struct frame *f, __u32 len)
{
	__u32 want = ctx->len < len ? ctx->len : len;

	frame_reload(ctx, f);
	if (f->data + want > f->end) {
		bpf_skb_pull_data(ctx, want);
		frame_reload(ctx, f);
	}
}

/* False: too short for an Ethernet header. */
static __always_inline bool frame_open(ctx_t *ctx, struct frame *f)
{
	frame_reach(ctx, f, FRAME_PULL);
	f->len = ctx->len;
	f->gso_size = ctx->gso_size;
	return f->data + ETH_HLEN <= f->end;
}

static __always_inline __u16 frame_vid(const ctx_t *ctx, const struct frame *f)
{
	if (!ctx->vlan_present)
		return 0;
	return ctx->vlan_proto == bpf_htons(ETH_P_8021Q) ? ctx->vlan_tci & 0xfff : VID_OTHER;
}

/* Octets of the packet, without tags that are beside it. */
static __always_inline __u32 carrier_len(const ctx_t *ctx)
{
	return ctx->len;
}

/* 0: done. len is not 0. */
static __always_inline long carrier_load(ctx_t *ctx, __u32 at, void *to, __u32 len)
{
	return bpf_skb_load_bytes(ctx, at, to, len);
}

/* Whether the driver vouches for the outer checksum; of a super-frame, it was looked at in each segment or is yet to be made. */
static __always_inline bool carrier_has_verified(ctx_t *ctx, const struct frame *f)
{
	return f->gso_size || bpf_csum_level(ctx, BPF_CSUM_LEVEL_QUERY) >= 0;
}

/* Whether IPsec has decrypted the packet. */
static __always_inline bool carrier_was_encrypted(ctx_t *ctx)
{
	struct bpf_xfrm_state state;

	return bpf_core_field_exists(struct net, xfrm) && !bpf_skb_get_xfrm_state(ctx, 0, &state, sizeof(state), 0);
}

/*
 * Is a checksum left to the device (CHECKSUM_PARTIAL)? No helper says so, but of such a packet alone bpf_l4_csum_replace() leaves
 * all checksums but that of a pseudo-header as they are. at: offset of any two octets. The packet's data is void afterwards.
 */
__noinline int carrier_is_partial(ctx_t *ctx, __u32 at)
{
	__u16 before, after;

	if (bpf_skb_load_bytes(ctx, at, &before, sizeof(before)) ||
	    bpf_l4_csum_replace(ctx, at, 0, 1, sizeof(before)) || bpf_skb_load_bytes(ctx, at, &after, sizeof(after)))
		return false;
	bpf_skb_store_bytes(ctx, at, &before, sizeof(before), 0);
	return before == after;
}

/* Replace a word of the tenant's packet that no checksum within it covers. 0: done; the packet's data is void afterwards. */
static __always_inline long carrier_store_word(ctx_t *ctx, const struct frame *f, __u32 at, __u32 word)
{
	return bpf_skb_store_bytes(ctx, at, &word, sizeof(word), BPF_F_RECOMPUTE_CSUM);
}

/* Write an outer checksum. 0: done; the packet's data is void afterwards. */
static __always_inline long carrier_store(ctx_t *ctx, __u32 at, __sum16 check)
{
	return bpf_skb_store_bytes(ctx, at, &check, sizeof(check), 0);
}

/* Octets before the underlay's IP header: its tag is beside the packet. */
static __always_inline __u32 underlay_l2_len(const ctx_t *ctx)
{
	return ETH_HLEN;
}

/* The VLAN of a packet from the underlay, which may be another one than the uplink's. */
static __always_inline __u16 underlay_vid(const ctx_t *ctx)
{
	return frame_vid(ctx, NULL);
}

static __always_inline bool frame_is_for_host(const ctx_t *ctx, const struct frame *f)
{
	return ctx->pkt_type == PACKET_HOST;
}

/* Put the underlay's tag beside the finished packet, if it has one. False: the kernel refused. */
static __always_inline bool underlay_tag(ctx_t *ctx, const struct xovl_path *path)
{
	return !(path->flags & XOVL_PATH_TAGGED) || !bpf_skb_vlan_push(ctx, bpf_htons(ETH_P_8021Q), path->vid);
}

/* The port's own tag is beside the frame. */
static __always_inline __u32 frame_port_tag_len(const struct frame *f)
{
	return 0;
}

/* Octets of a tag that is beside the frame and is not the port's own. */
static __always_inline __u32 frame_beside_len(const ctx_t *ctx, const struct frame *f)
{
	return ctx->vlan_present && !f->port_vid ? sizeof(struct xovl_vlan_tag) : 0;
}

/* Octets of the tenant's frame. */
static __always_inline __u32 frame_tenant_len(const ctx_t *ctx, const struct frame *f)
{
	return f->len + frame_beside_len(ctx, f);
}

/* The tag beside the frame becomes f->tags[nr_tags]; the kernel then moves the next one there. */
static __always_inline void frame_collect_tag(ctx_t *ctx, struct frame *f, int nr_tags)
{
	f->tags[nr_tags].tpid = ctx->vlan_proto;
	f->tags[nr_tags].tci = bpf_htons(ctx->vlan_tci);
	f->nr_tags = nr_tags + 1;
	bpf_skb_vlan_pop(ctx);
}

/*
 * The tag that is second in the packet is given another EtherType, so that the kernel does not take it for one and leaves it where
 * it is. Returns its own; 0: there is no such tag. The packet's data is void afterwards.
 */
__noinline int frame_hide_tag(ctx_t *ctx)
{
	const __u32 at = 2 * ETH_ALEN + sizeof(struct xovl_vlan_tag);
	__be16 types[3], hidden = bpf_htons(ETH_P_TEB);

	if (bpf_skb_load_bytes(ctx, 2 * ETH_ALEN, types, sizeof(types)))
		return 0;
	if (!ethertype_is_vlan(types[0]) || !ethertype_is_vlan(types[2]))
		return 0;
	return bpf_skb_store_bytes(ctx, at, &hidden, sizeof(hidden), BPF_F_RECOMPUTE_CSUM) ? 0 : types[2];
}

/*
 * Take the port's tag off, and those that are or come beside the packet into f->tags, so that they can be written into it. More than
 * two stay in the packet from the third on. The packet's data is void afterwards.
 */
static __always_inline void frame_collect_tags(ctx_t *ctx, struct frame *f)
{
	__be16 third = 0;

	if (f->port_vid)
		bpf_skb_vlan_pop(ctx);
	if (!ctx->vlan_present)
		return;
	third = frame_hide_tag(ctx);
	frame_collect_tag(ctx, f, 0);
	if (ctx->vlan_present)
		frame_collect_tag(ctx, f, 1);
	if (third) /* its EtherType is the packet's now, of which the kernel keeps no sum */
		bpf_skb_store_bytes(ctx, 2 * ETH_ALEN, &third, sizeof(third), 0);
	/* a tag that stood in the packet may be beside it now, so its length is asked for anew */
	f->len = ctx->len + f->nr_tags * sizeof(struct xovl_vlan_tag);
}

static __always_inline bool frame_push_tag(ctx_t *ctx, const struct xovl_vlan_tag *tag)
{
	return !bpf_skb_vlan_push(ctx, tag->tpid, bpf_ntohs(tag->tci));
}

/* frame_collect_tags() back. The port's own tag is gone. */
static __always_inline bool frame_restore_tags(ctx_t *ctx, struct frame *f)
{
	f->port_vid = 0;
	if (f->nr_tags > 1 && !frame_push_tag(ctx, &f->tags[1]))
		return false;
	return !f->nr_tags || frame_push_tag(ctx, &f->tags[0]);
}

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

/*
 * Into a veth's other end at once, without its backlog, can go what the stack there takes for what it is: it looks at skb->protocol, which
 * is still that of the outer packet, and at the packet's type. A super-frame gains nothing by it.
 */
__noinline int frame_fits_peer(ctx_t *ctx)
{
	__be16 ethertype;

	if (ctx->gso_size || ctx->vlan_present ||
	    bpf_skb_load_bytes(ctx, 2 * ETH_ALEN, &ethertype, sizeof(ethertype)) || ethertype != ctx->protocol)
		return false;
	return ctx->pkt_type == PACKET_HOST || !bpf_skb_change_type(ctx, PACKET_HOST);
}

static __always_inline int carrier_deliver(ctx_t *ctx, __u32 ifindex, bool to_peer)
{
	if (to_peer && device_is_live(ifindex) && frame_fits_peer(ctx))
		return bpf_redirect_peer(ifindex, 0);
	return carrier_redirect(ctx, ifindex);
}

#endif

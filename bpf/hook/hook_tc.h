/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The TC ingress hook, which runs the complete datapath. Super-frames (GSO) stay whole in both directions. VLAN tags
 * arrive beside the packet, in the skb. Frames that are not for xovl go on to the next program and to the stack.
 */
#ifndef XOVL_BPF_HOOK_HOOK_TC_H
#define XOVL_BPF_HOOK_HOOK_TC_H

#include <linux/errno.h>
#include <linux/if_packet.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>

#include "hook/device.h"
#include "hook/frame.h"
#include "hook/jump.h"

typedef struct __sk_buff ctx_t;

#define HOOK_IS_XDP false
#define HOOK_WANTS_PARTIAL false /* an skb carries the state of an incomplete checksum */

/* Constants that only XDP programs have: see hook/hook_xdp.h. */
#define device_generic false
#define device_partial_checksums false

/* Bytes that the stages read of the usual packet: Ethernet, tags, IPv4 with options or IPv6, UDP, VXLAN, Ethernet. */
#define FRAME_PULL 128

/* Verdicts */
#define HOOK_PASS TC_ACT_UNSPEC
#define HOOK_DROP TC_ACT_SHOT
#define HOOK_REDIRECT TC_ACT_REDIRECT

extern struct jump_table jumps;

/* Jumps to another program. Returns only if there is none. */
static __always_inline void hook_jump(ctx_t *ctx, enum jump to)
{
	bpf_tail_call(ctx, &jumps, to);
}

/* Redirects the packet. Returns false, with the packet unchanged, if the interface is gone. */
static __always_inline bool hook_redirect(ctx_t *ctx, __u32 ifindex)
{
	if (!device_is_live(ifindex))
		return false;
	bpf_redirect(ifindex, 0);
	return true;
}

/* Sends the packet into the interface's ingress. Returns false, with the packet unchanged, if the interface is gone. */
static __always_inline bool hook_redirect_ingress(ctx_t *ctx, __u32 ifindex)
{
	if (!device_is_live(ifindex))
		return false;
	bpf_redirect(ifindex, BPF_F_INGRESS);
	return true;
}

/*
 * Sends the packet out of the interface by the kernel's neighbour code, which writes the MACs. gateway: NULL if the
 * kernel is to find it. Returns false if the kernel refuses.
 */
static __always_inline bool hook_redirect_neighbour(ctx_t *ctx, __u32 ifindex, struct bpf_redir_neigh *gateway)
{
	return bpf_redirect_neigh(ifindex, gateway, gateway ? sizeof(*gateway) : 0, 0) == HOOK_REDIRECT;
}

/* Redirects the packet to a kernel tunnel device. Such a device is not in live_devices. */
static __always_inline void hook_redirect_kernel(ctx_t *ctx, __u32 ifindex)
{
	bpf_redirect(ifindex, 0);
}

/* Sends a copy of the packet out of the interface, or with BPF_F_INGRESS into its ingress. Returns 0 on success. */
static __always_inline long hook_clone(ctx_t *ctx, __u32 ifindex, __u64 flags)
{
	return shadow ? 0 : bpf_clone_redirect(ctx, ifindex, flags);
}

/* Removes the tag beside the packet. Returns 0 on success. Invalidates packet pointers. */
static __always_inline long hook_remove_tag(ctx_t *ctx)
{
	return bpf_skb_vlan_pop(ctx);
}

/* Sets what a kernel tunnel device writes into the outer headers. Returns 0 on success. */
static __always_inline long hook_set_tunnel_key(ctx_t *ctx, struct bpf_tunnel_key *key, __u64 flags)
{
	return bpf_skb_set_tunnel_key(ctx, key, sizeof(*key), flags);
}

static __always_inline long hook_set_tunnel_options(ctx_t *ctx, void *options, __u32 len)
{
	return bpf_skb_set_tunnel_opt(ctx, options, len);
}

static __always_inline __u32 hook_ifindex(const ctx_t *ctx)
{
	return ctx->ifindex;
}

/* Returns false if the interface has left the network namespace and has taken the program along. */
static __always_inline bool ingress_in_netns(const ctx_t *ctx)
{
	return device_is_live(hook_ifindex(ctx));
}

/* ingress_in_netns() has checked the same. */
static __always_inline bool ingress_is_live(const ctx_t *ctx)
{
	return true;
}

static __always_inline void frame_reload(ctx_t *ctx, struct frame *f)
{
	f->data = (void *)(long)ctx->data;
	f->end = (void *)(long)ctx->data_end;
}

/* Makes len bytes, or the whole packet if it is shorter, readable through packet pointers. Invalidates earlier ones. */
static __always_inline void frame_reach(ctx_t *ctx, struct frame *f, __u32 len)
{
	__u32 want = ctx->len < len ? ctx->len : len;

	frame_reload(ctx, f);
	if (f->data + want > f->end) {
		bpf_skb_pull_data(ctx, want);
		frame_reload(ctx, f);
	}
}

/* Returns false if the packet is too short for an Ethernet header. */
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

/* Returns the packet's length in bytes, without tags beside it. */
static __always_inline __u32 hook_len(const ctx_t *ctx)
{
	return ctx->len;
}

/* Copies len bytes, not 0, from offset at. Returns 0 on success. */
static __always_inline long hook_load(ctx_t *ctx, __u32 at, void *to, __u32 len)
{
	return bpf_skb_load_bytes(ctx, at, to, len);
}

/*
 * True if the driver has verified the outer checksum. Super-frames count as verified: each segment was checked, or
 * will get its checksum.
 */
static __always_inline bool hook_verified_checksum(ctx_t *ctx, const struct frame *f)
{
	return f->gso_size || bpf_csum_level(ctx, BPF_CSUM_LEVEL_QUERY) >= 0;
}

/* True if IPsec has decrypted the packet. */
__noinline int hook_was_encrypted(ctx_t *ctx)
{
	struct bpf_xfrm_state state;

	return bpf_core_field_exists(struct net, xfrm) && !bpf_skb_get_xfrm_state(ctx, 0, &state, sizeof(state), 0);
}

/*
 * True if a checksum is left to the device (CHECKSUM_PARTIAL). No helper tells; but only in such a packet does
 * bpf_l4_csum_replace() leave every checksum without BPF_F_PSEUDO_HDR unchanged. at: offset of any two bytes.
 * Invalidates packet pointers.
 */
__noinline int hook_checksum_is_partial(ctx_t *ctx, __u32 at)
{
	__u16 before, after;

	if (bpf_skb_load_bytes(ctx, at, &before, sizeof(before)) ||
	    bpf_l4_csum_replace(ctx, at, 0, 1, sizeof(before)) || bpf_skb_load_bytes(ctx, at, &after, sizeof(after)))
		return false;
	bpf_skb_store_bytes(ctx, at, &before, sizeof(before), 0);
	return before == after;
}

/*
 * Replaces a word of the tenant's packet that no checksum inside the packet covers. Returns 0 on success.
 * Invalidates packet pointers.
 */
static __always_inline long hook_store_word(ctx_t *ctx, const struct frame *f, __u32 at, __u32 word)
{
	return bpf_skb_store_bytes(ctx, at, &word, sizeof(word), BPF_F_RECOMPUTE_CSUM);
}

/*
 * Writes len bytes that no checksum beside the packet covers: of the outer headers, or together with a checksum that
 * stays correct. Returns 0 on success. Invalidates packet pointers.
 */
static __always_inline long hook_store(ctx_t *ctx, __u32 at, const void *from, __u32 len)
{
	return bpf_skb_store_bytes(ctx, at, from, len, 0);
}

/*
 * Updates the transport checksum at offset at for a changed word of two bytes, whether it is complete or left to the
 * device. Invalidates packet pointers.
 */
static __always_inline void hook_update_checksum(ctx_t *ctx, __u32 at, __u16 before, __u16 after)
{
	bpf_l4_csum_replace(ctx, at, before, after, sizeof(after));
}

/* skb->mark */
static __always_inline __u32 hook_mark(const ctx_t *ctx)
{
	return ctx->mark;
}

static __always_inline void hook_set_mark(ctx_t *ctx, __u32 mark)
{
	ctx->mark = mark;
}

/* Returns the EtherType that the kernel goes by, whatever the packet holds. */
static __always_inline __be16 hook_protocol(const ctx_t *ctx)
{
	return ctx->protocol;
}

/* Returns the number of bytes before the outer IP header. The underlay's tag is beside the packet. */
static __always_inline __u32 underlay_l2_len(const ctx_t *ctx)
{
	return ETH_HLEN;
}

/* Returns the VLAN of a packet from the underlay. It may differ from the uplink's. */
static __always_inline __u16 underlay_vid(const ctx_t *ctx)
{
	return frame_vid(ctx, NULL);
}

static __always_inline bool frame_is_for_host(const ctx_t *ctx, const struct frame *f)
{
	return ctx->pkt_type == PACKET_HOST;
}

/* Adds the underlay's tag, if it has one, to the finished packet. Returns false if the kernel refuses. */
static __always_inline bool underlay_tag(ctx_t *ctx, const struct xovl_path *path)
{
	return !(path->kind & XOVL_PATH_TAGGED) || !bpf_skb_vlan_push(ctx, bpf_htons(ETH_P_8021Q), path->vid);
}

/* Returns the length in bytes of the port's own tag in the packet: 0, it is beside the packet. */
static __always_inline __u32 frame_port_tag_len(const struct frame *f)
{
	return 0;
}

/* Returns the length in bytes of a tag beside the packet that is not the port's own. */
static __always_inline __u32 frame_skb_tag_len(const ctx_t *ctx, const struct frame *f)
{
	return ctx->vlan_present && !f->port_vid ? sizeof(struct xovl_vlan_tag) : 0;
}

/* Returns the length of the tenant's frame in bytes. */
static __always_inline __u32 frame_tenant_len(const ctx_t *ctx, const struct frame *f)
{
	return f->len + frame_skb_tag_len(ctx, f);
}

/*
 * Moves the tag beside the packet to f->tags[nr_tags]. The kernel then moves the next tag out of the packet to its
 * place.
 */
static __always_inline void frame_collect_tag(ctx_t *ctx, struct frame *f, int nr_tags)
{
	f->tags[nr_tags].tpid = ctx->vlan_proto;
	f->tags[nr_tags].tci = bpf_htons(ctx->vlan_tci);
	f->nr_tags = nr_tags + 1;
	bpf_skb_vlan_pop(ctx);
}

/*
 * Gives the second tag in the packet another EtherType, so that the kernel does not take it for a tag and leaves it
 * in place. Returns the tag's own EtherType, or 0 if there is no such tag. Invalidates packet pointers.
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
 * Removes the port's tag, and moves up to two further tags to f->tags, to be written into the packet later. The
 * third and later tags stay in the packet. Invalidates packet pointers.
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
	if (third) /* its tag now follows the MACs, and skb->csum does not cover the Ethernet header */
		bpf_skb_store_bytes(ctx, 2 * ETH_ALEN, &third, sizeof(third), 0);
	/* a tag from the packet may be beside it now, so the length is read again */
	f->len = ctx->len + f->nr_tags * sizeof(struct xovl_vlan_tag);
}

static __always_inline bool frame_push_tag(ctx_t *ctx, const struct xovl_vlan_tag *tag)
{
	return !bpf_skb_vlan_push(ctx, tag->tpid, bpf_ntohs(tag->tci));
}

/*
 * Undoes frame_collect_tags(), except for the port's own tag, which stays removed. Returns false if the kernel
 * refuses.
 */
static __always_inline bool frame_restore_tags(ctx_t *ctx, struct frame *f)
{
	f->port_vid = 0;
	if (f->nr_tags > 1 && !frame_push_tag(ctx, &f->tags[1]))
		return false;
	return !f->nr_tags || frame_push_tag(ctx, &f->tags[0]);
}

/*
 * True if the frame may go straight into a veth's other end, without its backlog. The stack there goes by
 * skb->protocol, which is still the outer packet's, and by the packet type, which is set to PACKET_HOST here.
 * Super-frames gain nothing by it.
 */
__noinline int frame_fits_peer(ctx_t *ctx)
{
	__be16 ethertype;

	if (ctx->gso_size || ctx->vlan_present ||
	    bpf_skb_load_bytes(ctx, 2 * ETH_ALEN, &ethertype, sizeof(ethertype)) || ethertype != ctx->protocol)
		return false;
	return ctx->pkt_type == PACKET_HOST || !bpf_skb_change_type(ctx, PACKET_HOST);
}

static __always_inline bool hook_deliver(ctx_t *ctx, __u32 ifindex, bool to_peer)
{
	if (!to_peer || !device_is_live(ifindex) || !frame_fits_peer(ctx))
		return hook_redirect(ctx, ifindex);
	bpf_redirect_peer(ifindex, 0);
	return true;
}

#endif

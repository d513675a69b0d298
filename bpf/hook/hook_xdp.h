/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The XDP hook: known unicast at the speed of the driver. A frame that it does not finish goes on unchanged and
 * uncounted, and the TC program takes it.
 */
#ifndef XOVL_BPF_HOOK_HOOK_XDP_H
#define XOVL_BPF_HOOK_HOOK_XDP_H

#include "hook/device.h"
#include "hook/frame.h"
#include "hook/jump.h"

typedef struct xdp_md ctx_t;

#define HOOK_IS_XDP true
#define HOOK_WANTS_PARTIAL device_partial_checksums

/* About the interface. Set by userspace between open and load. */
const volatile __u64 device_mac;	      /* a mac_t */
const volatile __u16 device_vid;	      /* uplink: the VLAN of the underlay; 0: none */
const volatile bool device_generic;	      /* generic XDP: redirects need no NDO_XMIT at the target */
const volatile bool device_partial_checksums; /* frames may carry a checksum that the stack left incomplete */
const volatile __u64 device_netns; /* cookie of its network namespace; 0: the kernel has no bpf_cast_to_kern_ctx() */

/* Verdicts */
#define HOOK_PASS XDP_PASS
#define HOOK_DROP XDP_DROP
#define HOOK_REDIRECT XDP_REDIRECT

/* Redirects the packet. Returns false, with the packet unchanged, if the interface is gone. */
static __always_inline bool hook_redirect(ctx_t *ctx, __u32 ifindex)
{
	return bpf_redirect_map(&live_devices, ifindex, 0) == XDP_REDIRECT;
}

static __always_inline bool hook_deliver(ctx_t *ctx, __u32 ifindex, bool to_peer)
{
	return hook_redirect(ctx, ifindex);
}

static __always_inline __u32 hook_ifindex(const ctx_t *ctx)
{
	return ctx->ingress_ifindex;
}

/* Kernel structs, reduced to the fields that are read (CO-RE). */
struct xdp_rxq_info {
	struct net_device *dev;
} __attribute__((preserve_access_index));

struct xdp_buff {
	struct xdp_rxq_info *rxq;
} __attribute__((preserve_access_index));

/*
 * A kfunc of Linux 6.2 and later that returns the kernel's own context. The verifier replaces the call with a
 * register move.
 */
extern void *bpf_cast_to_kern_ctx(void *ctx) __weak __ksym;

/*
 * Returns false if the interface has left the network namespace and has taken the program along. It compares a
 * cookie without a helper call, so it is cheaper than device_is_live() and replaces it for frames with a cached
 * path. An interface that comes back follows its old paths again until they expire.
 */
static __always_inline bool ingress_in_netns(ctx_t *ctx)
{
	struct xdp_buff *xdp;

	if (!device_netns)
		return device_is_live(ctx->ingress_ifindex);
	xdp = bpf_cast_to_kern_ctx(ctx);
	return xdp->rxq->dev->nd_net.net->net_cookie == device_netns;
}

/*
 * Returns false if the interface, which may have left and come back, must not be used until userspace adds it again.
 * Checked before a new path is made.
 */
static __always_inline bool ingress_is_live(ctx_t *ctx)
{
	return !device_netns || device_is_live(ctx->ingress_ifindex);
}

static __always_inline void frame_reload(ctx_t *ctx, struct frame *f)
{
	f->data = (void *)(long)ctx->data;
	f->end = (void *)(long)ctx->data_end;
}

/* Makes len bytes readable through packet pointers. In XDP all bytes already are. */
static __always_inline void frame_reach(ctx_t *ctx, struct frame *f, __u32 len)
{
	frame_reload(ctx, f);
}

/* Returns false if the packet is too short for an Ethernet header. */
static __always_inline bool frame_open(ctx_t *ctx, struct frame *f)
{
	frame_reload(ctx, f);
	f->len = f->end - f->data;
	f->gso_size = 0;
	return f->data + ETH_HLEN <= f->end;
}

/* Returns the outermost 802.1Q VLAN ID, 0 if the frame is untagged, or VID_OTHER. */
static __always_inline __u16 frame_vid(const ctx_t *ctx, const struct frame *f)
{
	const struct xovl_vlan_tag *tag = f->data + 2 * ETH_ALEN;
	__be16 ethertype = frame_ethertype(f);

	if (ethertype == bpf_htons(ETH_P_8021AD))
		return VID_OTHER;
	if (ethertype != bpf_htons(ETH_P_8021Q) || (void *)(tag + 1) > f->end)
		return 0;
	return bpf_ntohs(tag->tci) & 0xfff;
}

/* Returns the packet's length in bytes. */
static __always_inline __u32 hook_len(const ctx_t *ctx)
{
	return ctx->data_end - ctx->data;
}

/* Copies len bytes, not 0, from offset at. Returns 0 on success. */
static __always_inline long hook_load(ctx_t *ctx, __u32 at, void *to, __u32 len)
{
	return bpf_xdp_load_bytes(ctx, at, to, len);
}

/* True if the driver has verified the outer checksum. XDP cannot tell. */
static __always_inline bool hook_verified_checksum(ctx_t *ctx, const struct frame *f)
{
	return false;
}

/* True if a checksum is left to the device. XDP cannot tell. */
static __always_inline bool hook_checksum_is_partial(ctx_t *ctx, __u32 at)
{
	return false;
}

/* Replaces a word of the tenant's packet that no checksum inside the packet covers. Returns 0 on success. */
static __always_inline long hook_store_word(ctx_t *ctx, const struct frame *f, __u32 at, __u32 word)
{
	__u32 *to = f->data + at;

	if ((void *)(to + 1) > f->end)
		return -1;
	*to = word;
	return 0;
}

/* Writes len bytes. Returns 0 on success. Invalidates packet pointers. */
static __always_inline long hook_store(ctx_t *ctx, __u32 at, const void *from, __u32 len)
{
	return bpf_xdp_store_bytes(ctx, at, (void *)from, len);
}

/* Returns the number of bytes before the outer IP header. The underlay's own tag is in the packet. */
static __always_inline __u32 underlay_l2_len(const ctx_t *ctx)
{
	return device_vid ? ETH_HLEN + sizeof(struct xovl_vlan_tag) : ETH_HLEN;
}

/*
 * Returns the VLAN of a packet from the underlay: the uplink's, because packets of others do not get this far. The same
 * as in TC, so that both follow the same paths.
 */
static __always_inline __u16 underlay_vid(const ctx_t *ctx)
{
	return device_vid;
}

/*
 * True if the kernel would take the frame as addressed to this host, in the VLAN. A wrong no only costs the way
 * through TC.
 */
static __always_inline bool frame_is_for_host(const ctx_t *ctx, const struct frame *f)
{
	return mac_read(f->data) == device_mac && (!device_vid || frame_vid(ctx, f) == device_vid);
}

/* Adds the underlay's tag, if it has one, to the finished packet. Returns false if there is no headroom. */
static __always_inline bool underlay_tag(ctx_t *ctx, const struct xovl_path *path)
{
	struct xovl_vlan_tag *tag;

	if (!(path->kind & XOVL_PATH_TAGGED))
		return true;
	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(*tag)))
		return false;
	tag = (void *)(long)ctx->data + 2 * ETH_ALEN;
	if ((void *)(tag + 1) > (void *)(long)ctx->data_end)
		return false;
	words_copy((void *)(long)ctx->data, (void *)(long)ctx->data + sizeof(*tag), 2 * ETH_ALEN);
	tag->tpid = bpf_htons(ETH_P_8021Q);
	tag->tci = bpf_htons(path->vid);
	return true;
}

/* Returns the length in bytes of the port's own tag in the packet, before the tenant's EtherType. */
static __always_inline __u32 frame_port_tag_len(const struct frame *f)
{
	return f->port_vid ? sizeof(struct xovl_vlan_tag) : 0;
}

/* Returns the length in bytes of a tag beside the packet: 0, XDP has none. */
static __always_inline __u32 frame_skb_tag_len(const ctx_t *ctx, const struct frame *f)
{
	return 0;
}

/* Returns the length of the tenant's frame in bytes. The port's own tag is still in the packet. */
static __always_inline __u32 frame_tenant_len(const ctx_t *ctx, const struct frame *f)
{
	return f->len - frame_port_tag_len(f);
}

/* Nothing to do: XDP has all tags in the packet. */
static __always_inline void frame_collect_tags(ctx_t *ctx, struct frame *f)
{
}

static __always_inline bool frame_restore_tags(ctx_t *ctx, struct frame *f)
{
	return true;
}

/*
 * Makes outer_len bytes of room before the tenant's frame and removes its port's tag. Returns a drop reason, with
 * the packet unchanged, if there is no headroom.
 */
static __always_inline enum xovl_reason tunnel_push(ctx_t *ctx, struct frame *f, __u32 outer_len, __u32 kind)
{
	__u32 tag_len = frame_port_tag_len(f);
	void *inner;

	if (bpf_xdp_adjust_head(ctx, (int)tag_len - (int)outer_len))
		return XOVL_REASON_NO_ROOM;
	frame_reload(ctx, f);
	if (tag_len) {
		inner = f->data + outer_offset(outer_len);
		if (inner + 2 * ETH_ALEN > f->end)
			return XOVL_REASON_NO_ROOM;
		frame_write_macs(inner, f);
	}
	return XOVL_REASON_NONE;
}

/*
 * Makes the packet what the target port expects: removes the outer headers or the origin port's tag, and adds the
 * tag vid (0: none). Returns false, with the packet unchanged, if there is no headroom.
 */
static __always_inline bool frame_for_port(ctx_t *ctx, struct frame *f, __u16 vid)
{
	__u32 remove = f->outer_len + frame_port_tag_len(f);
	__u32 add = vid ? sizeof(struct xovl_vlan_tag) : 0;
	struct xovl_vlan_tag *tag;

	if (!remove && !add)
		return true;
	/* checked before anything changes: the frame must be as long as the check below needs */
	if (f->len < 2 * ETH_ALEN + sizeof(*tag))
		return false;
	if (bpf_xdp_adjust_head(ctx, (int)remove - (int)add))
		return false;
	frame_reload(ctx, f);
	if (!vid && !frame_port_tag_len(f))
		return true; /* the tenant's own header is in place */
	tag = f->data + 2 * ETH_ALEN;
	if ((void *)(tag + 1) > f->end)
		return false;
	frame_write_macs(f->data, f);
	if (vid) {
		tag->tpid = bpf_htons(ETH_P_8021Q);
		tag->tci = bpf_htons(vid);
	}
	return true;
}

/*
 * What XDP cannot do. The stages leave a frame that needs any of this to TC before they change it, so these functions
 * are never called; they only make XOVL_HOOK_XDP unknown outside this folder.
 */
static __always_inline void hook_jump(ctx_t *ctx, enum jump to)
{
}

static __always_inline __u32 hook_mark(const ctx_t *ctx)
{
	return 0;
}

static __always_inline void hook_set_mark(ctx_t *ctx, __u32 mark)
{
}

static __always_inline __be16 hook_protocol(const ctx_t *ctx)
{
	return 0;
}

static __always_inline void hook_update_checksum(ctx_t *ctx, __u32 at, __u16 before, __u16 after)
{
}

static __always_inline bool hook_redirect_ingress(ctx_t *ctx, __u32 ifindex)
{
	return false;
}

static __always_inline bool hook_redirect_neighbour(ctx_t *ctx, __u32 ifindex, struct bpf_redir_neigh *gateway)
{
	return false;
}

static __always_inline void hook_redirect_kernel(ctx_t *ctx, __u32 ifindex)
{
}

static __always_inline long hook_remove_tag(ctx_t *ctx)
{
	return -1;
}

static __always_inline long hook_set_tunnel_key(ctx_t *ctx, struct bpf_tunnel_key *key, __u64 flags)
{
	return -1;
}

static __always_inline long hook_set_tunnel_options(ctx_t *ctx, void *options, __u32 len)
{
	return -1;
}

/* True if IPsec has decrypted the packet: never here, IPsec comes after XDP. */
static __always_inline bool hook_was_encrypted(ctx_t *ctx)
{
	return false;
}

#endif

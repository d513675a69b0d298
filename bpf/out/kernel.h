/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sends frames by the kernel's tunnel device: super-frames that TC cannot encapsulate, and all frames to some peers
 * (underlay/by_kernel.h). There is one device for each UDP port, and for GRE. It gets the whole frame with a tunnel
 * key that describes the outer headers; the kernel segments, encapsulates and routes.
 */
#ifndef XOVL_BPF_OUT_KERNEL_H
#define XOVL_BPF_OUT_KERNEL_H

#include "encap/write.h"
#include "outcome.h"

/* The option of VXLAN with Group Policy, as bpf_skb_{get,set}_tunnel_opt() use it: the first word of the header. */
struct kernel_group {
	__u32 gbp;
};

/*
 * Flags of networks or paths whose GRE the kernel's device cannot send. No key: Linux 6.1 has no way to ask for
 * that. Sequence numbers: the device counts the packets of all peers together. Checksums: most kernels leave those
 * of a super-frame's segments unwritten.
 */
#define GRE_NOT_BY_KERNEL (XOVL_NET_KEYLESS | XOVL_NET_SEQ | XOVL_NET_CSUM)

/* True if the kernel's device can carry a frame of that path. reason: why TC cannot, or XOVL_REASON_NONE. */
static __always_inline bool kernel_can_carry(enum xovl_reason reason, const struct xovl_path *path)
{
	if (HOOK_IS_XDP || !(path->kind & XOVL_PATH_HAS_DEVICE) || (path->policy & GRE_NOT_BY_KERNEL))
		return false;
	return !reason || reason == XOVL_REASON_GSO_TOO_LONG || reason == XOVL_REASON_GSO_NUMBERED ||
	       reason == XOVL_REASON_GSO_NESTED || reason == XOVL_REASON_GSO_TAGS;
}

/*
 * True if the frame is a super-frame but not TCP. UDP super-frames are of two kinds (USO, UFO). TC can keep only USO
 * whole, and cannot tell which kind it is.
 */
static __always_inline bool frame_is_ambiguous(const struct frame *f, const struct flow *flow)
{
	return f->gso_size && flow->headers <= flow->transport + sizeof(struct udphdr);
}

/* True if the kernel's device carries the frame. reason: why TC cannot, or XOVL_REASON_NONE. */
static __always_inline bool kernel_should_carry(enum xovl_reason reason, const struct frame *f, const struct flow *flow,
						const struct xovl_path *path)
{
	if (HOOK_IS_XDP || (!reason && !(path->kind & XOVL_PATH_BY_KERNEL) && !frame_is_ambiguous(f, flow)))
		return false;
	return kernel_can_carry(reason, path);
}

/* Returns the identifier that the kernel writes. For NVGRE it contains the FlowID. */
static __always_inline __u32 kernel_tunnel_id(const struct xovl_peer *peer, const struct xovl_network *net,
					      const struct flow *flow)
{
	return peer->encap == XOVL_ENCAP_NVGRE ? net->id << 8 | flow_spread(flow) >> 56 : net->id;
}

static __always_inline void kernel_key_fill(struct bpf_tunnel_key *key, const struct xovl_peer *peer,
					    const struct xovl_network *net, const struct flow *flow)
{
	key->tunnel_id = kernel_tunnel_id(peer, net, flow);
	key->tunnel_tos = net->flags & XOVL_NET_DSCP_INHERIT ? flow->tos : net->tos;
	if (peer->family == AF_INET) {
		key->remote_ipv4 = bpf_ntohl(peer->remote.be32[3]);
		key->local_ipv4 = bpf_ntohl(peer->local.be32[3]);
		return;
	}
	__builtin_memcpy(key->remote_ipv6, &peer->remote, sizeof(peer->remote));
	__builtin_memcpy(key->local_ipv6, &peer->local, sizeof(peer->local));
	key->tunnel_label = net->flags & XOVL_NET_FLOWLABEL_HASH ? flow_spread(flow) >> 44 : net->flowlabel;
}

static __always_inline __u64 kernel_key_flags(const struct xovl_network *net, const struct xovl_peer *peer,
					      const struct xovl_path *path, bool inner_df)
{
	bool inherited = net->flags & XOVL_NET_DF_INHERIT ? inner_df : !(net->flags & XOVL_NET_DF_UNSET);
	bool df = inherited || (peer->flags & XOVL_PEER_ENCRYPTED); /* entry/guard.h sees only first fragments */
	__u64 flags = path->policy & PATH_CHECKSUM ? 0 : BPF_F_ZERO_CSUM_TX;

	if (peer->family == AF_INET6)
		return flags | BPF_F_TUNINFO_IPV6;
	return df ? flags | BPF_F_DONT_FRAGMENT : flags;
}

/*
 * Sets the GENEVE options, or the VXLAN group, from the path's prepared tunnel header at. The group is always set:
 * without one Linux would send uninitialised memory. Returns false if the kernel refuses.
 */
static __always_inline bool kernel_set_options(ctx_t *ctx, const struct xovl_path *path, const void *at, __u32 len,
					       const struct xovl_peer *peer)
{
	struct kernel_group group;

	if (path->kind & XOVL_PATH_GRE)
		return true;
	if (peer->encap == XOVL_ENCAP_GENEVE)
		return !len || !hook_set_tunnel_options(ctx, (void *)at + sizeof(struct xovl_geneve),
							length_up_to(len, XOVL_OPTIONS_MAX));
	group.gbp = path->policy & XOVL_NET_GBP ? hook_mark(ctx) : bpf_ntohl(*(const __be32 *)at);
	group.gbp &= XOVL_VXLAN_GROUP;
	return !hook_set_tunnel_options(ctx, &group, sizeof(group));
}

/*
 * Sets the frame's tunnel key from the path. Returns the ifindex of the device that carries it, or 0 if there is
 * none. Invalidates packet pointers.
 */
__noinline int kernel_set_key(ctx_t *ctx, struct xovl_path *path, struct xovl_path_headers *headers)
{
	struct bpf_tunnel_key key = {};
	struct xovl_network *net;
	struct xovl_peer *peer;
	struct frame f = {};
	struct flow flow;
	__u32 ifindex, len;
	bool df = false, set;
	__u8 ttl;

	if (!path || !headers)
		return 0;
	peer = peer_get(path->target);
	net = network_get(path->net);
	if (!peer || !net)
		return 0;
	ifindex = peer->device;
	frame_reach(ctx, &f, FLOW_HEADERS_MAX);
	outer_read_inner(&f, 0, &flow, &ttl, &df);
	kernel_key_fill(&key, peer, net, &flow);
	key.tunnel_ttl = net->flags & XOVL_NET_TTL_INHERIT ? ttl : net->ttl;
	if (hook_set_tunnel_key(ctx, &key, kernel_key_flags(net, peer, path, df)))
		return 0;
	len = headers->outer_len - outer_l4(path->kind) - sizeof(struct udphdr) - sizeof(struct xovl_geneve);
	if (path->kind & XOVL_PATH_IPV6)
		set = kernel_set_options(ctx, path, headers->outer + OUTER_L4_IPV6 + sizeof(struct udphdr), len, peer);
	else
		set = kernel_set_options(ctx, path, headers->outer + OUTER_L4_IPV4 + sizeof(struct udphdr), len, peer);
	return set ? ifindex : 0;
}

/* Global function, so that the verifier walks through it once. */
__noinline int device_is_up(__u32 ifindex)
{
	return device_link(ifindex).up;
}

/*
 * Sets the frame's tunnel key and returns the ifindex of the device that carries it, or 0 if there is none or it is
 * down. Invalidates packet pointers.
 */
static __always_inline __u32 kernel_device(ctx_t *ctx, const struct path_place *place)
{
	__u32 ifindex = kernel_set_key(ctx, place->path, place->headers);

	return ifindex && device_is_up(ifindex) ? ifindex : 0;
}

/* Sends the frame to one peer by the kernel's device. Returns its outcome. */
static __always_inline int kernel_out(ctx_t *ctx, struct frame *f, const struct path_place *place)
{
	__u32 ifindex = kernel_device(ctx, place);

	if (!ifindex)
		return XOVL_REASON_STALE_TARGET;
	if (f->port_vid)
		hook_remove_tag(ctx);
	hook_set_mark(ctx, 0); /* as in our own look-ups */
	f->target = place->path->target;
	hook_redirect_kernel(ctx, ifindex);
	return OUTCOME_SENT_BY_KERNEL;
}

#endif
